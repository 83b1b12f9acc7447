//! A program of the user's that prints a value: `op read …`, `pass …`, `vault kv get …`.
//!
//! Nothing of it is left behind. It leads a process group of its own, which ends with it, unless there
//! is a terminal: it may ask for a password there, and only the group in front may read it.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

use super::{LONGEST, Planned, unavailable};
use crate::environment;
use crate::error::Error;
use crate::person::{self, Conversation};
use crate::secret::Secret;

/// How long a helper may take, unless the user says otherwise, and how long it may where it can ask a
/// person for something.
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_WITH_PEOPLE: Duration = Duration::from_secs(300);

/// How long it is read on after a helper has ended: what it has left behind may hold its output open.
const LINGER: Duration = Duration::from_millis(200);

/// What became of a helper.
enum End {
    Printed(ExitStatus),
    /// It prints more than a value can be long.
    Endless,
}

/// Runs a helper, without a shell, and reads what it prints on its standard output. It has the
/// terminal, for it may ask for a password of its own.
pub(super) async fn value(
    planned: &Planned,
    words: &[String],
    limit: Option<Duration>,
) -> Result<Secret, Error> {
    let _talk = person::is_there().then(Conversation::begin);
    let patience = match person::is_there() {
        true => PATIENCE_WITH_PEOPLE,
        false => PATIENCE,
    };
    let patience = limit.unwrap_or(patience);
    // One buffer that never grows out of its place, so that no copy of it is left behind.
    let mut value = Zeroizing::new(Vec::with_capacity(LONGEST + 64));
    let (mut helper, stdout) = Helper::start(words).map_err(|why| failed(planned, &why))?;
    let end = timeout(patience, helper.read(stdout, &mut value)).await;
    drop(helper);
    let end = end
        .map_err(|_| Error::Timeout {
            what: format!("{}: the helper", planned.subject("command")),
            limit: patience,
            stderr: Vec::new(),
        })?
        .map_err(|error| failed(planned, &error.to_string()))?;
    match end {
        End::Endless => return Err(failed(planned, "it prints more than 64 KiB")),
        End::Printed(status) if !status.success() => {
            return Err(failed(planned, &status.to_string()));
        }
        End::Printed(_) => {}
    }
    let text = std::str::from_utf8(&value)
        .map_err(|_| failed(planned, "what it prints is not UTF-8 text"))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(failed(planned, "it prints nothing")),
        text => Ok(Secret::plain(text)),
    }
}

/// A helper that runs, and ends when this is dropped.
struct Helper {
    child: Child,
    /// Whether all that it has started ends with it.
    leads: bool,
    /// Whether it has ended, and nothing holds its output.
    is_over: bool,
    /// The id of its group, which stays when it has ended.
    id: Option<u32>,
}

impl Helper {
    fn start(words: &[String]) -> Result<(Self, ChildStdout), String> {
        let Some((program, arguments)) = words.split_first() else {
            return Err("no command".to_owned());
        };
        let leads = !has_terminal();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_remove(environment::VAULT_KEYS[0])
            .env_remove(environment::VAULT_KEYS[1])
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        if leads {
            command.process_group(0);
        }
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let stdout = child.stdout.take().ok_or("it has no output")?;
        let helper = Self {
            leads,
            is_over: false,
            id: child.id(),
            child,
        };
        Ok((helper, stdout))
    }

    /// Reads what it prints, to its end or to that of its output.
    async fn read(&mut self, mut stdout: ChildStdout, value: &mut Vec<u8>) -> std::io::Result<End> {
        let mut status = None;
        loop {
            if value.len() > LONGEST {
                return Ok(End::Endless);
            }
            let mut more = (&mut stdout).take((LONGEST + 1 - value.len()) as u64);
            let more = more.read_buf(value);
            match status {
                // What it printed is read before it is looked whether it has ended.
                None => tokio::select! {
                    biased;
                    read = more => if read? == 0 {
                        let status = self.child.wait().await?;
                        self.is_over = true;
                        return Ok(End::Printed(status));
                    },
                    ended = self.child.wait() => status = Some((ended?, Instant::now() + LINGER)),
                },
                Some((status, deadline)) => {
                    let Ok(read) = timeout_at(deadline, more).await else {
                        return Ok(End::Printed(status));
                    };
                    if read? == 0 {
                        self.is_over = true;
                        return Ok(End::Printed(status));
                    }
                }
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        #[cfg(unix)]
        if self.leads && !self.is_over {
            use rustix::process::{Pid, Signal, kill_process_group};
            let id = self.id.and_then(|id| i32::try_from(id).ok());
            if let Some(group) = id.and_then(Pid::from_raw) {
                // It may have ended by itself, which is as good.
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
        #[cfg(not(unix))]
        let _ = (self.leads, self.is_over, self.id);
    }
}

/// Whether there is a terminal that a helper could ask at, whatever its standard streams are.
fn has_terminal() -> bool {
    cfg!(unix) && std::fs::File::open("/dev/tty").is_ok()
}

fn failed(planned: &Planned, reason: &str) -> Error {
    let subject = planned.subject("command");
    unavailable(
        planned,
        format!("{subject}: the helper gives no value: {reason}"),
        "run it by hand to see why".to_owned(),
    )
}
