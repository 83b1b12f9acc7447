//! The server as a child process: its start, its environment, its standard error, its end.

use std::collections::{BTreeMap, VecDeque};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::error::Error;
#[cfg(unix)]
use crate::reaper::Reaper;
use crate::secret::Secret;

/// How many of the last lines of standard error are kept.
const KEPT_LINES: usize = 20;

/// How much of one line of standard error is kept, in bytes.
const KEPT_LINE: usize = 2000;

/// What is to be started: no shell is involved, and the environment is exactly this one.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its whole environment.
    pub env: BTreeMap<String, Secret>,
    /// Its working directory, where it is not this program's.
    pub directory: Option<std::path::PathBuf>,
}

/// A running server. Dropping it closes its input and leaves the rest to the reaper.
pub(crate) struct Process {
    name: String,
    child: Child,
    stderr: Tail,
    reading: JoinHandle<()>,
    #[cfg(unix)]
    _reaper: Reaper,
}

/// The last lines of the server's standard error.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The lines, oldest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}

impl Process {
    /// Starts the server in a process group of its own. Each line of its standard error is handed
    /// to `on_line` as well as kept.
    pub(crate) fn start(
        launch: &Launch,
        on_line: impl Fn(&str) + Send + 'static,
    ) -> Result<(Self, ChildStdin, ChildStdout), Error> {
        let failed = |source| Error::Start {
            command: launch.command.clone(),
            source,
        };
        #[cfg(unix)]
        let mut reaper = Reaper::stand_by().map_err(failed)?;
        let mut command = Command::new(&launch.command);
        command
            .args(&launch.args)
            .env_clear()
            .envs(
                launch
                    .env
                    .iter()
                    .map(|(name, value)| (name, value.expose())),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(directory) = &launch.directory {
            command.current_dir(directory);
        }
        #[cfg(unix)]
        command.process_group(0);
        #[cfg(not(unix))]
        command.kill_on_drop(true);
        let mut child = command.spawn().map_err(failed)?;
        #[cfg(unix)]
        if let Some(group) = child.id() {
            reaper.watch_over(group).map_err(failed)?;
        }
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed(std::io::Error::other("no pipes")));
        };
        let tail = Tail::default();
        let reading = tokio::spawn(read_stderr(stderr, tail.clone(), on_line));
        let process = Self {
            name: launch.command.clone(),
            child,
            stderr: tail,
            reading,
            #[cfg(unix)]
            _reaper: reaper,
        };
        Ok((process, stdin, stdout))
    }

    /// The end of its standard error, which goes on being filled.
    pub(crate) fn stderr(&self) -> Tail {
        self.stderr.clone()
    }

    /// The error for a server that closed its output, with its last words.
    pub(crate) async fn gone(&mut self) -> Error {
        let moment = Duration::from_millis(300);
        let status = tokio::time::timeout(moment, self.child.wait()).await;
        let (what, status) = match status {
            Ok(Ok(status)) => (ended(status), status.code()),
            _ => ("closed its output without answering".to_owned(), None),
        };
        // The last words may still be in the pipe.
        let _ = tokio::time::timeout(moment, &mut self.reading).await;
        Error::Gone {
            server: self.name.clone(),
            what,
            status,
            stderr: self.stderr.lines(),
        }
    }
}

/// How a process ended, as the end of a sentence.
fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with exit status {code} without answering"),
        None => format!("ended without answering ({status})"),
    }
}

async fn read_stderr(stderr: ChildStderr, tail: Tail, on_line: impl Fn(&str)) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match bounded_line(&mut reader, &mut line).await {
            Ok(true) => {}
            Ok(false) | Err(_) => return,
        }
        let text = String::from_utf8_lossy(&line[..line.len().min(KEPT_LINE)]);
        let text = text.trim_end_matches(['\n', '\r']);
        on_line(text);
        tail.push(text.to_owned());
    }
}

/// Reads up to the end of a line or 64 KiB, whichever is first: a server that never ends a line is
/// cut, not gathered. False at the end of the stream.
async fn bounded_line(
    reader: &mut BufReader<ChildStderr>,
    line: &mut Vec<u8>,
) -> std::io::Result<bool> {
    loop {
        let available = reader.fill_buf().await?;
        if available.is_empty() {
            return Ok(!line.is_empty());
        }
        let end = available
            .iter()
            .position(|&byte| byte == b'\n')
            .map(|at| at + 1);
        let taken = end.unwrap_or(available.len());
        line.extend_from_slice(&available[..taken]);
        reader.consume(taken);
        if end.is_some() || line.len() >= 1 << 16 {
            return Ok(true);
        }
    }
}
