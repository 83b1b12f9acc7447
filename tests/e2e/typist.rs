//! Somebody at a terminal, who reads and types.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mcpress_tests::{Sandbox, wait_until};
use nix::pty::{OpenptyResult, openpty};
use nix::sys::termios::{LocalFlags, tcgetattr};

/// A program with a person in front of it.
pub(crate) struct Typist {
    child: Child,
    terminal: File,
    shown: Arc<Mutex<String>>,
    home: PathBuf,
    sandbox: Option<Sandbox>,
}

impl Typist {
    /// Runs a program in a sandbox, with these variables and no others.
    pub(crate) fn sit(
        sandbox: &Sandbox,
        program: &Path,
        line: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        let OpenptyResult { master, slave } = openpty(None, None).unwrap();
        let child = Command::new(program)
            .args(line)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", sandbox.path())
            .envs(env.iter().copied())
            .current_dir(sandbox.path())
            .stdin(slave.try_clone().unwrap())
            .stdout(File::create(sandbox.file("stdout")).unwrap())
            .stderr(slave)
            .spawn()
            .unwrap();
        let terminal = File::from(master);
        let shown = Arc::new(Mutex::new(String::new()));
        let (mut reader, sink) = (terminal.try_clone().unwrap(), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                sink.lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        Self {
            child,
            terminal,
            shown,
            home: sandbox.path().to_owned(),
            sandbox: None,
        }
    }

    /// The same, in a sandbox of its own.
    pub(crate) fn keeping(mut self, sandbox: Sandbox) -> Self {
        self.sandbox = Some(sandbox);
        self
    }

    /// Where the program runs.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// All that was shown so far.
    pub(crate) fn shown(&self) -> String {
        self.shown.lock().unwrap().clone()
    }

    /// Waits for a prompt, and types.
    #[track_caller]
    pub(crate) fn at(&mut self, prompt: &str, typed: &str) {
        wait_until(prompt, || self.shown().ends_with(prompt));
        self.terminal.write_all(typed.as_bytes()).unwrap();
    }

    /// Whether what is typed is shown.
    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.terminal)
            .unwrap()
            .local_flags
            .contains(LocalFlags::ECHO)
    }

    /// The exit status, standard output, and what was shown.
    #[track_caller]
    pub(crate) fn leave(&mut self) -> (Option<i32>, String, String) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            let shown = self.shown();
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "it goes on: {shown}"
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        std::thread::sleep(Duration::from_millis(50));
        let stdout = std::fs::read_to_string(self.home.join("stdout")).unwrap();
        let shown = self.shown().replace("\r\n", "\n");
        (status.code(), stdout, shown)
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
