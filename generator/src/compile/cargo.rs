//! One build by cargo.

use std::collections::VecDeque;
use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;

use serde::Deserialize;

use super::progress::Progress;
use super::{CompileError, Options, cache, lean};

/// How many lines of a failed build are shown.
const TAIL: usize = 20;

/// What a build gave.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The program, in the target directory.
    pub(super) executable: Option<PathBuf>,
    /// The crates that were compiled.
    pub(super) compiled: Vec<String>,
}

/// Builds the crate in `directory`, showing how far it is on stderr.
pub(super) fn build(directory: &Path, options: &Options) -> Result<Outcome, CompileError> {
    let target = target(directory, options);
    let lean = lean::arguments(&target.directory, options).map_err(CompileError::Cargo)?;
    let is_lean = lean.is_some();
    match run(directory, options, &target, &lean.unwrap_or_default()) {
        Err(error) if is_lean && lean::is_refused(&error) => run(directory, options, &target, &[]),
        built => built,
    }
}

/// Where to build, an absolute path.
fn target(directory: &Path, options: &Options) -> cache::Target {
    let chosen = options.target.as_ref().map(|target| cache::Target {
        directory: target.clone(),
        features: &[],
    });
    let target = chosen.or_else(cache::target);
    let mut target = target.unwrap_or_else(|| cache::Target {
        directory: directory.join("target"),
        features: &[],
    });
    if let Ok(absolute) = std::path::absolute(&target.directory) {
        target.directory = absolute;
    }
    target
}

/// Runs cargo; `lean` are arguments of rustc for the program itself.
fn run(
    directory: &Path,
    options: &Options,
    target: &cache::Target,
    lean: &[String],
) -> Result<Outcome, CompileError> {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let progress = Mutex::new(Progress::new(&name, options.quiet));
    let line = locked(&progress).rewrites();
    let mut command = command(directory, options, target, lean, line);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CompileError::NoCargo(command.get_program().into()),
        _ => CompileError::Cargo(error),
    })?;
    locked(&progress).start();
    let mut outcome = Outcome::default();
    let mut tail = VecDeque::new();
    let watched = watch(&mut child, &progress, &mut outcome, &mut tail);
    let status = child.wait();
    let ok = watched.and(status).map_err(CompileError::Cargo)?.success();
    locked(&progress).finish(ok);
    if ok {
        return Ok(outcome);
    }
    Err(CompileError::Failed {
        directory: directory.to_owned(),
        command: by_hand(options),
        output: Vec::from(tail).join("\n"),
    })
}

/// The command that does the same in the crate, with the crate's own target directory.
fn by_hand(options: &Options) -> String {
    let words: Vec<String> = arguments(options, &[])
        .into_iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let words = words
        .iter()
        .map(|word| shlex::try_quote(word).unwrap_or(word.into()));
    format!("cargo {}", words.collect::<Vec<_>>().join(" "))
}

fn arguments(options: &Options, more: &[&str]) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["build".into()];
    if options.profile == "release" {
        arguments.push("--release".into());
    } else {
        arguments.extend(["--profile".into(), options.profile.clone().into()]);
    }
    arguments.push("--locked".into());
    if options.offline {
        arguments.push("--offline".into());
    }
    let mut features: Vec<&str> = options
        .features
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    features.sort_unstable();
    features.dedup();
    if !features.is_empty() {
        arguments.extend(["--features".into(), features.join(",").into()]);
    }
    arguments
}

fn command(
    directory: &Path,
    options: &Options,
    target: &cache::Target,
    lean: &[String],
    progress: bool,
) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    let mut arguments = arguments(options, target.features);
    if !lean.is_empty() {
        arguments[0] = "rustc".into();
    }
    command.args(arguments);
    command.arg("--message-format=json-render-diagnostics");
    command.arg("--target-dir").arg(&target.directory);
    if !lean.is_empty() {
        command.arg("--").args(lean);
    }
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(belongs_to_an_outer_cargo) {
            command.env_remove(name);
        }
    }
    command
        .env("CARGO_TERM_COLOR", "never")
        .env("CARGO_TERM_QUIET", "false");
    if progress {
        command
            .env("CARGO_TERM_PROGRESS_WHEN", "always")
            .env("CARGO_TERM_PROGRESS_WIDTH", "120");
    } else {
        command.env("CARGO_TERM_PROGRESS_WHEN", "never");
    }
    command
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Whether cargo sets this variable for the programs it runs, of which mcpress may be one.
///
/// They would tell the inner cargo's build scripts of another package. What a user sets to steer
/// cargo, such as `RUSTC_WRAPPER`, `RUSTFLAGS` or `CARGO_HOME`, is not among them.
fn belongs_to_an_outer_cargo(name: &str) -> bool {
    let exact = [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_CRATE_NAME",
        "CARGO_BIN_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "CARGO_MAKEFLAGS",
        "MAKEFLAGS",
        "MFLAGS",
        "OUT_DIR",
    ];
    let prefixes = [
        "CARGO_PKG_",
        "CARGO_BIN_EXE_",
        "CARGO_CFG_",
        "CARGO_FEATURE_",
    ];
    exact.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Reads what cargo says on both streams until it closes them.
fn watch(
    child: &mut Child,
    progress: &Mutex<Progress<io::Stderr>>,
    outcome: &mut Outcome,
    tail: &mut VecDeque<String>,
) -> io::Result<()> {
    let missing = || io::Error::other("cargo has no output");
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    thread::scope(|scope| {
        let talk = scope.spawn(|| read_talk(stderr, progress, tail));
        let result = read_messages(stdout, progress, outcome);
        // Cargo must not block on a full pipe, whatever became of the other.
        result.and(
            talk.join()
                .unwrap_or_else(|_| Err(io::Error::other("a reader of cargo's output ended"))),
        )
    })
}

/// A message of `--message-format=json`; every one has more than this.
#[derive(Debug, Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    fresh: bool,
    executable: Option<PathBuf>,
    target: Option<MessageTarget>,
}

#[derive(Debug, Deserialize)]
struct MessageTarget {
    name: String,
    kind: Vec<String>,
}

fn read_messages(
    stdout: impl Read,
    progress: &Mutex<Progress<io::Stderr>>,
    outcome: &mut Outcome,
) -> io::Result<()> {
    for line in BufReader::new(stdout).split(b'\n') {
        // What is no message is a line that some build script printed.
        let Ok(message) = serde_json::from_slice::<Message>(&line?) else {
            continue;
        };
        let (
            Message {
                reason,
                fresh,
                executable,
                ..
            },
            Some(target),
        ) = (&message, &message.target)
        else {
            continue;
        };
        if reason != "compiler-artifact" {
            continue;
        }
        if !fresh && !target.kind.iter().any(|kind| kind == "custom-build") {
            outcome.compiled.push(target.name.clone());
            locked(progress).compiled(outcome.compiled.len());
        }
        if executable.is_some() {
            outcome.executable.clone_from(executable);
        }
    }
    Ok(())
}

/// Reads cargo's talk: statuses move the progress, the last lines of the rest explain a failure.
fn read_talk(
    stderr: impl Read,
    progress: &Mutex<Progress<io::Stderr>>,
    tail: &mut VecDeque<String>,
) -> io::Result<()> {
    for line in BufReader::new(stderr).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        // Cargo rewrites its progress in place: each state ends in a carriage return.
        for part in line
            .split('\r')
            .map(str::trim_end)
            .filter(|part| !part.is_empty())
        {
            if !locked(progress).status(part) {
                if tail.len() == TAIL {
                    tail.pop_front();
                }
                tail.push_back(part.to_owned());
            }
        }
    }
    Ok(())
}

fn locked<'a>(
    progress: &'a Mutex<Progress<io::Stderr>>,
) -> std::sync::MutexGuard<'a, Progress<io::Stderr>> {
    progress
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_by_hand_is_the_one_that_was_run() {
        let mut options = Options::default();
        assert_eq!(by_hand(&options), "cargo build --release --locked");
        options.profile = "dev".into();
        options.offline = true;
        options.features = vec!["http".into(), "b".into(), "http".into()];
        assert_eq!(
            by_hand(&options),
            "cargo build --profile dev --locked --offline --features 'b,http'"
        );
    }

    #[test]
    fn variables_of_the_outer_cargo_go_and_those_of_the_user_stay() {
        for name in [
            "CARGO_PKG_NAME",
            "CARGO_MANIFEST_DIR",
            "OUT_DIR",
            "CARGO_MAKEFLAGS",
        ] {
            assert!(belongs_to_an_outer_cargo(name), "{name}");
        }
        for name in [
            "RUSTC_WRAPPER",
            "CARGO_HOME",
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_NET_OFFLINE",
        ] {
            assert!(!belongs_to_an_outer_cargo(name), "{name}");
        }
    }

    #[test]
    fn the_messages_say_what_was_compiled_and_where_the_program_is() {
        let stdout = br#"noise
{"reason":"compiler-artifact","target":{"name":"build-script-build","kind":["custom-build"]},"fresh":false}
{"reason":"compiler-artifact","target":{"name":"serde","kind":["lib"]},"fresh":true,"executable":null}
{"reason":"compiler-artifact","target":{"name":"x-cli","kind":["bin"]},"fresh":false,"executable":"/t/x-cli"}
{"reason":"build-finished","success":true}
"#;
        let mut outcome = Outcome::default();
        let progress = Mutex::new(Progress::new("x", true));
        read_messages(&stdout[..], &progress, &mut outcome).unwrap();
        assert_eq!(outcome.compiled, ["x-cli"]);
        assert_eq!(outcome.executable, Some("/t/x-cli".into()));
    }

    #[test]
    fn the_end_of_the_talk_is_kept_without_the_statuses() {
        let lines: String = (0..30)
            .map(|n| format!("error {n}\n   Compiling x v{n}\n"))
            .collect();
        let mut tail = VecDeque::new();
        read_talk(
            lines.as_bytes(),
            &Mutex::new(Progress::new("x", true)),
            &mut tail,
        )
        .unwrap();
        assert_eq!(tail.len(), TAIL);
        assert_eq!(
            (tail[0].as_str(), tail[19].as_str()),
            ("error 10", "error 29")
        );
    }
}
