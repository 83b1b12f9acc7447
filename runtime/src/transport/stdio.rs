//! A child process spoken to over its standard streams (MCP 2025-11-25, Transports, stdio).

use std::io;
use std::sync::Arc;

use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage};
use rmcp::service::RxJsonRpcMessage;
use rmcp::transport::Transport;
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::Mutex;

use super::lines::{LONGEST, Line, Lines};
use super::{Connecting, Connector, Endpoint, Link, Manner};
use crate::client::Party;
use crate::error::Error;
use crate::process::Process;
use crate::wire::{Event, Inbound, Wire};

/// Reaches servers that are child processes.
pub const STDIO: Connector = Connector {
    reaches: |endpoint| matches!(endpoint, Endpoint::Stdio(_)),
    open,
    authorize: None,
};

fn open(endpoint: Endpoint, _manner: Manner, party: Party) -> Connecting {
    Box::pin(async move {
        let Endpoint::Stdio(launch) = endpoint else {
            return Err(Error::Damaged(
                "a child process is wanted of a remote server".to_owned(),
            ));
        };
        let wire = Arc::clone(&party.wire);
        let observer = Arc::clone(&wire);
        let (process, stdin, stdout) = Process::start(&launch, move |line| {
            observer.observe(Event::Stderr(line.to_owned()))
        })?;
        wire.keep_stderr(process.stderr());
        let streams = Streams {
            wire,
            lines: Lines::new(stdout),
            stdin: Arc::new(Mutex::new(Some(stdin))),
        };
        Ok(Link::over(streams, party, Some(process)))
    })
}

/// The child's streams as a transport of rmcp's.
struct Streams {
    wire: Arc<Wire>,
    lines: Lines<ChildStdout>,
    /// None once closed, which is how the server learns that it is to end.
    stdin: Arc<Mutex<Option<ChildStdin>>>,
}

impl Transport<RoleClient> for Streams {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ClientJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        self.wire.outbound(&message);
        let id = match &message {
            JsonRpcMessage::Request(request) => Some(request.id.clone()),
            _ => None,
        };
        let (wire, stdin) = (Arc::clone(&self.wire), Arc::clone(&self.stdin));
        async move {
            write(stdin, message).await.map_err(|unwritten| {
                if let (Some(id), false) = (&id, unwritten.is_whole) {
                    wire.unsent(id);
                }
                unwritten.cause
            })
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let inbound = match self.lines.next().await {
                Line::Text(text) => self.wire.inbound(&text),
                Line::Overlong => self.wire.oversized(LONGEST),
                Line::End => return None,
            };
            match inbound {
                Inbound::Deliver(message) => return Some(message),
                // A task of its own, because this future may be dropped at any await.
                Inbound::Refuse(reply) => {
                    tokio::spawn(write(Arc::clone(&self.stdin), reply));
                }
                Inbound::Consumed => {}
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.stdin.lock().await.take();
        Ok(())
    }
}

/// A message that could not be written.
struct Unwritten {
    cause: io::Error,
    /// Whether a message was there to be read all the same, for want of no more than the end of its
    /// line.
    is_whole: bool,
}

async fn write(
    stdin: Arc<Mutex<Option<ChildStdin>>>,
    message: impl Serialize,
) -> Result<(), Unwritten> {
    let mut written = 0;
    let mut length = usize::MAX;
    let writing = async {
        let mut line = serde_json::to_vec(&message)?;
        length = line.len();
        line.push(b'\n');
        let mut stdin = stdin.lock().await;
        let Some(stdin) = stdin.as_mut() else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        while written < line.len() {
            match stdin.write(&line[written..]).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                more => written += more,
            }
        }
        stdin.flush().await
    };
    let outcome: io::Result<()> = writing.await;
    outcome.map_err(|cause| Unwritten {
        cause,
        is_whole: written >= length,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Stdio;

    use tokio::process::Command;

    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn what_nobody_can_have_read_is_told_from_what_somebody_may_have() {
        let closed = write(Arc::default(), "x").await;
        assert!(closed.is_err_and(|unwritten| !unwritten.is_whole));

        let mut gone = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
        let stdin = Arc::new(Mutex::new(gone.stdin.take()));
        gone.wait().await.unwrap();
        let unwritten = write(stdin, "x").await;
        assert!(unwritten.is_err_and(|unwritten| !unwritten.is_whole));

        // Half a message is none: the reader leaves while a long one is being written.
        let mut leaving = Command::new("head")
            .args(["-c", "9"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let stdin = Arc::new(Mutex::new(leaving.stdin.take()));
        let unwritten = write(Arc::clone(&stdin), "x".repeat(8 << 20)).await;
        assert!(unwritten.is_err_and(|unwritten| !unwritten.is_whole));
        leaving.wait().await.unwrap();

        let mut idle = Command::new("sleep")
            .arg("9")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = Arc::new(Mutex::new(idle.stdin.take()));
        assert!(write(stdin, "x").await.is_ok());
        idle.kill().await.unwrap();
    }
}
