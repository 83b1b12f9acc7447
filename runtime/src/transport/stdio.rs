//! A child process spoken to over its standard streams (MCP 2025-11-25, Transports, stdio).

use std::io;
use std::sync::Arc;

use rmcp::RoleClient;
use rmcp::model::ClientJsonRpcMessage;
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
        write(Arc::clone(&self.stdin), message)
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

async fn write(stdin: Arc<Mutex<Option<ChildStdin>>>, message: impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(&message)?;
    line.push(b'\n');
    let mut stdin = stdin.lock().await;
    let Some(stdin) = stdin.as_mut() else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    stdin.write_all(&line).await?;
    stdin.flush().await
}
