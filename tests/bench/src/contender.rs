//! The generators, and the command lines they make.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use crate::error::Error;
use crate::install::{Place, root};
use crate::subject::Subject;

/// Who makes a command line, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    /// `mcporter generate-cli --compile`.
    Mcporter,
    /// `mcpress generate-cli --compile`.
    Mcpress,
    /// `mcpress generate-cli --bundle`.
    Bundle,
}

impl Contender {
    pub(crate) const ALL: [Self; 3] = [Self::Mcporter, Self::Mcpress, Self::Bundle];

    /// The column it is shown in.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::Mcporter => "mcporter",
            Self::Mcpress => "mcpress",
            Self::Bundle => "bundle",
        }
    }

    /// Generates and compiles a command line for a server: where it is, and the seconds it took.
    pub(crate) fn generate(
        self,
        subject: &Subject,
        place: &Place,
        mcpress: &Path,
    ) -> Result<(PathBuf, f64), Error> {
        let work = place
            .fresh
            .join(format!("{}-{}", subject.name, self.column()));
        let _ = std::fs::remove_dir_all(&work);
        std::fs::create_dir_all(&work).map_err(Error::file(&work))?;
        let artifact = work.join("cli");
        let server = subject
            .command
            .iter()
            .map(|word| quote(word))
            .collect::<Vec<_>>()
            .join(" ");
        let mut command = match self {
            Self::Mcporter => Command::new(place.node_programs().join("mcporter")),
            Self::Mcpress | Self::Bundle => Command::new(mcpress),
        };
        command.args(["generate-cli", "--name", "cli", "--command", &server]);
        match self {
            Self::Mcporter => command.arg("--compile").arg(&artifact),
            Self::Mcpress => command
                .arg("--out")
                .arg(work.join("crate"))
                .arg("--compile")
                .arg(&artifact),
            Self::Bundle => command
                .arg("--out")
                .arg(work.join("crate"))
                .arg("--bundle")
                .arg(&artifact),
        };
        if self != Self::Mcporter {
            command.args(subject.slots.iter().flat_map(|slot| ["--env", slot]));
        }
        generator_environment(&mut command, subject);
        // mcporter tells the server the version of the package around it, and leaves it out of the
        // handshake where that has none; its own folder has one.
        command.current_dir(if self == Self::Mcporter {
            &place.kept
        } else {
            &work
        });
        let (_, seconds) = succeed(&mut command)?;
        Ok((artifact, seconds))
    }
}

/// Generates the crate from a capture, without a server and without compiling: the seconds it took.
pub(crate) fn generate_from(
    capture: &Path,
    subject: &Subject,
    place: &Place,
    mcpress: &Path,
) -> Result<f64, Error> {
    let work = place.fresh.join("from-capture");
    let _ = std::fs::remove_dir_all(&work);
    let mut command = Command::new(mcpress);
    command
        .args(["generate-cli", "--name", "cli", "--from"])
        .arg(capture)
        .arg("--out")
        .arg(&work);
    generator_environment(&mut command, subject);
    command.current_dir(&place.fresh);
    Ok(succeed(&mut command)?.1)
}

/// A copy of the generator outside the clone, where a user has it.
///
/// In the clone it would find the dependencies of what it generates built already.
pub(crate) fn adopt(given: Option<&Path>, place: &Place) -> Result<PathBuf, Error> {
    let built =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let from = given.map_or_else(|| built.join("release/mcpress"), Path::to_owned);
    let copy = place.fresh.join("mcpress");
    std::fs::copy(&from, &copy).map_err(Error::file(from))?;
    Ok(copy)
}

/// Forgets what the generator has compiled so far.
pub(crate) fn forget(place: &Place) {
    let _ = std::fs::remove_dir_all(place.home());
    let _ = std::fs::create_dir_all(place.home());
}

/// A finished run of a program, and its seconds from start to exit with all of its output read, as a
/// script that takes the output waits for it.
pub(crate) fn run(
    program: &Path,
    arguments: &[&str],
    subject: &Subject,
) -> Result<(Output, f64), Error> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(subject.environment());
    finish(&mut command)
}

fn succeed(command: &mut Command) -> Result<(Output, f64), Error> {
    let (output, seconds) = finish(command)?;
    if output.status.success() {
        return Ok((output, seconds));
    }
    let said = [
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    ]
    .concat();
    let tail: Vec<_> = said.trim().lines().rev().take(10).collect();
    let what = format!(
        "{}: {}",
        output.status,
        tail.into_iter().rev().collect::<Vec<_>>().join("\n  ")
    );
    Err(Error::Program {
        program: format!("{:?}", command.get_program()),
        what,
    })
}

fn finish(command: &mut Command) -> Result<(Output, f64), Error> {
    command.stdin(Stdio::null());
    let begun = Instant::now();
    let output = command
        .output()
        .map_err(Error::start(command.get_program().to_owned()))?;
    Ok((output, begun.elapsed().as_secs_f64()))
}

/// The caller's environment, with a home of its own and without what steers a build; the downloads
/// of cargo and the toolchains of rustup stay.
fn generator_environment(command: &mut Command, subject: &Subject) {
    let kept = [
        "CARGO_HOME",
        "CARGO_NET_",
        "CARGO_HTTP_",
        "CARGO_REGISTR",
        "CARGO_SOURCE_",
    ];
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let steers = name.starts_with("CARGO") || name.starts_with("RUSTC") || name == "RUSTFLAGS";
        let cached = name == "XDG_CACHE_HOME";
        if cached || steers && !kept.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name.as_ref());
        }
    }
    let home = std::env::home_dir().unwrap_or_default();
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        if std::env::var_os(name).is_none() {
            command.env(name, home.join(folder));
        }
    }
    command.envs(subject.environment());
}

/// A word as a shell reads it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_they_must_be() {
        assert_eq!(quote("/a/b-c.d"), "/a/b-c.d");
        assert_eq!(quote("it's here"), r"'it'\''s here'");
        assert_eq!(quote(""), "''");
    }
}
