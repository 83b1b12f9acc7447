//! The signals that end a run.

use crate::error::{Error, Exit};

/// Listens for SIGINT, SIGTERM and, where it would end the program, SIGHUP.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// None where whoever started the program wants it to outlive its terminal (`nohup`).
    #[cfg(unix)]
    hang_up: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    /// From here on the signals end nothing by themselves.
    #[cfg(unix)]
    pub(crate) fn listen() -> Result<Self, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|source| Error::Io {
                what: "cannot listen for signals".to_owned(),
                source,
            })
        };
        // Asked before the first is listened for, which changes the answer.
        let hang_up = match ignores(SignalKind::hangup().as_raw_value()) {
            true => None,
            false => Some(listen(SignalKind::hangup())?),
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up,
        })
    }

    /// From here on Ctrl-C ends nothing by itself.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> Result<Self, Error> {
        Ok(Self {})
    }

    /// The future's output, or the signal that came first.
    pub(crate) async fn or<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Error> {
        tokio::select! {
            output = future => Ok(output),
            exit = self.next() => Err(Error::Signal(exit)),
        }
    }

    #[cfg(unix)]
    async fn next(&mut self) -> Exit {
        let hung_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
            _ = hung_up => Exit::HungUp,
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> Exit {
        let _ = tokio::signal::ctrl_c().await;
        Exit::Interrupted
    }
}

/// Whether the process was started with a signal ignored: by the mask that Linux shows
/// (`proc_pid_status(5)`, `SigIgn`). Where the system does not show it nothing is taken from anybody.
#[cfg(unix)]
fn ignores(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask >> (signal - 1) & 1 == 1)
}
