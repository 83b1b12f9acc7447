//! Ways to reach a server.
//!
//! A generated program names the ones it uses ([`STDIO`], `HTTP`), and what it does not name is not
//! linked: a program for a local server carries no TLS, even where its dependencies were built with
//! it for another program's sake.

#[cfg(feature = "http")]
mod http;
mod lines;
mod stdio;

use std::pin::Pin;

use rmcp::RoleClient;
use rmcp::service::{RunningService, serve_directly};
use rmcp::transport::Transport;

use crate::client::Party;
use crate::error::Error;
use crate::process::{Launch, Process};

#[cfg(feature = "http")]
pub use http::HTTP;
pub use stdio::STDIO;

/// Where a server is, with every value filled in.
#[derive(Debug, Clone)]
pub enum Endpoint {
    /// A child process.
    Stdio(Launch),
    /// A remote server, or one behind a unix socket.
    Http(Remote),
}

impl Endpoint {
    /// The endpoint in words, without its secrets.
    pub(crate) fn address(&self) -> &str {
        match self {
            Self::Stdio(launch) => &launch.command,
            Self::Http(remote) => remote.address(),
        }
    }
}

/// An HTTP endpoint and the headers it is sent.
#[derive(Clone)]
pub struct Remote {
    /// The URL, or `unix:PATH` for a socket of this machine, with `:/ENDPOINT` behind it where that
    /// is not `/mcp`.
    pub url: String,
    /// Names and values of the headers; the values may be secrets.
    pub headers: Vec<(String, String)>,
}

impl Remote {
    /// The URL without its query and fragment, which may hold secrets: the form to be shown.
    pub(crate) fn address(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }

    /// The unix socket and the path behind it, if it is one.
    #[cfg(feature = "http")]
    fn socket(&self) -> Option<(&str, &str)> {
        let path = self.url.strip_prefix("unix:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        Some(path.split_once(':').unwrap_or((path, "/mcp")))
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Remote")
            .field("url", &self.address())
            .field("headers", &names)
            .finish()
    }
}

/// How messages travel between a client and a remote server. Over the standard streams of a child
/// all of these are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Each request alone, as since MCP 2026-07-28.
    Stateless,
    /// Within a session that `initialize` begins (MCP 2025-11-25, Transports, Streamable HTTP).
    Session,
    /// One stream from the server beside requests to it (MCP 2024-11-05, Transports, HTTP with SSE).
    Events,
}

/// A way to reach servers of one kind.
#[derive(Clone, Copy)]
pub struct Connector {
    pub(crate) reaches: fn(&Endpoint) -> bool,
    pub(crate) open: fn(Endpoint, Manner, Party) -> Connecting,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

pub(crate) type Connecting = Pin<Box<dyn Future<Output = Result<Link, Error>> + Send>>;

/// An open way to a server, on which nothing has been said yet.
pub(crate) struct Link {
    pub(crate) service: RunningService<RoleClient, Party>,
    pub(crate) process: Option<Process>,
}

impl Link {
    /// Has rmcp carry the conversation over a transport. The handshake, where there is one, is the
    /// client's own: it is not known yet which one it is.
    fn over<T>(transport: T, party: Party, process: Option<Process>) -> Self
    where
        T: Transport<RoleClient> + Send + 'static,
    {
        Self {
            service: serve_directly(party, transport, None),
            process,
        }
    }
}
