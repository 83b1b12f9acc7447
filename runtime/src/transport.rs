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
use std::sync::Arc;

use rmcp::RoleClient;
use rmcp::model::ClientConfig;
use rmcp::service::RunningService;

use crate::error::Error;
use crate::process::{Launch, Process};
use crate::wire::Wire;

#[cfg(feature = "http")]
pub use http::HTTP;
pub use stdio::STDIO;

/// Where a server is, with every value filled in.
#[derive(Debug, Clone)]
pub enum Endpoint {
    /// A child process.
    Stdio(Launch),
    /// A streamable HTTP endpoint.
    Http(Remote),
}

/// A streamable HTTP endpoint and the headers it is sent.
#[derive(Clone)]
pub struct Remote {
    /// The URL.
    pub url: String,
    /// Names and values of the headers; the values may be secrets.
    pub headers: Vec<(String, String)>,
}

impl Remote {
    /// The URL without its query and fragment, which may hold secrets: the form to be shown.
    pub(crate) fn address(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
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

/// A way to reach servers of one kind.
#[derive(Clone, Copy)]
pub struct Connector {
    pub(crate) reaches: fn(&Endpoint) -> bool,
    pub(crate) connect: fn(Endpoint, Arc<Wire>, ClientConfig) -> Connecting,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

pub(crate) type Connecting = Pin<Box<dyn Future<Output = Result<Link, Error>> + Send>>;

/// A connection after the handshake.
pub(crate) struct Link {
    pub(crate) service: RunningService<RoleClient, ClientConfig>,
    pub(crate) process: Option<Process>,
}
