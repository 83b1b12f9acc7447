//! A private place to run programs in.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// No run of a test takes longer, but for one that compiles.
const BOUND: Duration = Duration::from_secs(900);

/// A home of its own and an environment that holds nothing by chance.
pub struct Sandbox {
    home: TempDir,
    env: Vec<(String, String)>,
}

/// How a run ended and what it said.
#[derive(Debug)]
pub struct Outcome {
    /// The exit status; none after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// From start to end.
    pub elapsed: Duration,
}

impl Sandbox {
    /// An empty home.
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        Self {
            home,
            env: Vec::new(),
        }
    }

    /// The same with a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// The home, which is also where programs run.
    pub fn path(&self) -> &Path {
        self.home.path()
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs a program to its end.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(
        &self,
        program: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Outcome {
        self.run_with_input(program, args, "")
    }

    /// Runs a program to its end on this input.
    #[track_caller]
    pub fn run_with_input<A: AsRef<OsStr>>(
        &self,
        program: &Path,
        args: impl IntoIterator<Item = A>,
        input: &str,
    ) -> Outcome {
        self.spawn_with_input(program, args, input).finish()
    }

    /// Starts a program.
    #[track_caller]
    pub fn spawn<A: AsRef<OsStr>>(
        &self,
        program: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Running {
        self.spawn_with_input(program, args, "")
    }

    #[track_caller]
    fn spawn_with_input<A: AsRef<OsStr>>(
        &self,
        program: &Path,
        args: impl IntoIterator<Item = A>,
        input: &str,
    ) -> Running {
        // Files, not pipes: a run that leaves a process behind must not look as if it went on.
        let output = tempfile::tempdir().expect("a temporary folder can be made");
        let create = |name| File::create(output.path().join(name)).expect("a file can be made");
        std::fs::write(output.path().join("stdin"), input).expect("a file can be written");
        let stdin = File::open(output.path().join("stdin")).expect("it was just written");
        let mut command = Command::new(program);
        command
            .args(args)
            .env_clear()
            .env("HOME", self.path())
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path())
            .stdin(stdin)
            .stdout(create("stdout"))
            .stderr(create("stderr"));
        for name in [
            "PATH",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "TMPDIR",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if std::env::var_os("CARGO_HOME").is_none()
            && let Some(home) = std::env::home_dir()
        {
            command
                .env("CARGO_HOME", home.join(".cargo"))
                .env("RUSTUP_HOME", home.join(".rustup"));
        }
        let started = Instant::now();
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        Running {
            child,
            output,
            started,
        }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// A program that runs.
pub struct Running {
    child: Child,
    output: TempDir,
    started: Instant,
}

impl Running {
    /// Sends it a signal, by its name without SIG, if it has not ended yet.
    pub fn signal_if_running(&self, name: &str) {
        let _ = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .stderr(Stdio::null())
            .status();
    }

    /// Waits for its end.
    #[track_caller]
    pub fn finish(mut self) -> Outcome {
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                break status;
            }
            if self.started.elapsed() > BOUND {
                let _ = self.child.kill();
                panic!("a run did not end within {BOUND:?}");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let elapsed = self.started.elapsed();
        let read = |name| {
            let bytes = std::fs::read(self.output.path().join(name)).expect("it was made before");
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Outcome {
            code: status.code(),
            stdout: read("stdout"),
            stderr: read("stderr"),
            elapsed,
        }
    }
}

impl Outcome {
    /// The same, once the exit status is what it should be.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The JSON error line, which is the last on standard error.
    #[track_caller]
    pub fn error(&self) -> Value {
        let line = self.stderr.lines().last().unwrap_or_default();
        let value: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        value["error"].clone()
    }
}

/// Waits for something to become true, for as long as a server may take to be gone.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "{what}: not within 10 s"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
