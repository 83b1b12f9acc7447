//! Ways to reach a server.
//!
//! A generated program names the ones it uses ([`STDIO`], `HTTP`), and what it does not name is not
//! linked: a program for a local server carries no TLS, even where its dependencies were built with
//! it for another program's sake.

#[cfg(feature = "http")]
mod http;
mod lines;
mod stdio;

use std::path::PathBuf;
use std::pin::Pin;

use rmcp::RoleClient;
use rmcp::service::{RunningService, serve_directly};
use rmcp::transport::Transport;
use serde_json::Value;

#[cfg(feature = "http")]
use crate::authorization::Authorization;
use crate::client::Party;
use crate::error::Error;
use crate::process::{Launch, Process};
use crate::secret::Secret;

#[cfg(feature = "http")]
pub use http::HTTP;
#[cfg(feature = "http")]
pub(crate) use http::causes;
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
    /// Names and values of the headers.
    pub headers: Vec<(String, Secret)>,
    /// How it is signed in to, where a header does not do it.
    pub authorization: AuthorizationSettings,
    /// The URL as it may be shown.
    address: String,
    #[cfg(feature = "http")]
    shared: Shared,
}

/// What the connections of one run know of their authorization.
#[cfg(feature = "http")]
type Shared = std::sync::Arc<std::sync::OnceLock<std::sync::Arc<Authorization>>>;

/// How a remote server is signed in to.
#[derive(Debug, Clone, Default)]
pub struct AuthorizationSettings {
    /// The program, for which folders, clients and hints are named.
    pub program: String,
    /// Whether somebody is there to sign in when the server asks for it.
    pub person: bool,
    /// Whether a browser may be opened.
    pub browser: bool,
    /// The id of a client that the authorization server knows already.
    pub client: Option<String>,
    /// Its secret.
    pub client_secret: Option<Secret>,
    /// The key it signs with instead.
    pub client_key: Option<Secret>,
    /// Where the program describes itself as a client (an https URL).
    pub client_metadata: Option<String>,
    /// The scopes to ask for, instead of those that the server names.
    pub scopes: Vec<String>,
    /// Whether the client acts for itself, and no person signs in.
    pub alone: bool,
    /// Whether a server may lead to private addresses.
    pub private_addresses: bool,
    /// Whether nobody is signed in now, and nothing is begun for it: who is not signed in is turned away.
    pub only_signed_in: bool,
    /// The port that the browser is sent to; a free one unless told.
    pub port: Option<u16>,
    /// Where tokens are kept.
    pub storage: Storage,
    /// The folder of the program's state; none where the user has no home.
    pub state: Option<PathBuf>,
}

/// Where tokens are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// The operating system's store.
    #[default]
    Keychain,
    /// Files in the folder of the program's state.
    File,
    /// Files in a folder of the user's choice.
    Folder(PathBuf),
}

/// What is to be done about a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Sign in; or finish a sign-in with the address that the browser ended at.
    Login { callback: Option<String> },
    /// Give the tokens back and forget them.
    Logout,
    /// Say how things are.
    Status,
}

impl Remote {
    /// A server at a URL.
    pub fn new(
        url: String,
        headers: Vec<(String, Secret)>,
        authorization: AuthorizationSettings,
    ) -> Self {
        Self {
            address: bare(&url),
            url,
            headers,
            authorization,
            #[cfg(feature = "http")]
            shared: Shared::default(),
        }
    }

    /// Its authorization, one for all connections to it; none where a header is the caller's own.
    #[cfg(feature = "http")]
    pub(crate) fn authorization(&self) -> Result<Option<std::sync::Arc<Authorization>>, Error> {
        let is_given = |(name, _): &(String, Secret)| name.eq_ignore_ascii_case("authorization");
        if self.headers.iter().any(is_given) || self.socket().is_some() {
            return Ok(None);
        }
        if let Some(authorization) = self.shared.get() {
            return Ok(Some(authorization.clone()));
        }
        let made = Authorization::new(&self.url, self.authorization.clone())?;
        Ok(Some(self.shared.get_or_init(|| made.into()).clone()))
    }

    /// The URL as it may be shown.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The unix socket and the path behind it, if it is one.
    #[cfg(feature = "http")]
    fn socket(&self) -> Option<(&str, &str)> {
        let path = self.url.strip_prefix("unix:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        Some(path.split_once(':').unwrap_or((path, "/mcp")))
    }
}

/// A URL without user, password, query and fragment, all of which may be secrets: the form to be shown.
pub(crate) fn bare(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
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
    /// Signs in and out, where there is anything to sign in to.
    pub(crate) authorize: Option<fn(Remote, Action) -> Authorizing>,
}

impl Connector {
    /// The one of these that reaches an endpoint.
    ///
    /// # Errors
    ///
    /// When the program was built without it.
    pub(crate) fn that_reaches(endpoint: &Endpoint, connectors: &[Self]) -> Result<Self, Error> {
        let mut fit = connectors
            .iter()
            .filter(|connector| (connector.reaches)(endpoint));
        fit.next().copied().ok_or_else(|| {
            Error::usage_with_hint(
                format!(
                    "this program was built without what it takes to reach {}",
                    endpoint.address()
                ),
                "generate it again with --url, or bundle it with --bundle",
            )
        })
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

pub(crate) type Authorizing = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send>>;

pub(crate) type Connecting = Pin<Box<dyn Future<Output = Result<Link, Error>> + Send>>;

/// An open way to a server, on which nothing has been said yet.
pub(crate) struct Link {
    pub(crate) service: RunningService<RoleClient, Party>,
    pub(crate) process: Option<Process>,
}

impl Link {
    /// Has rmcp carry the conversation over a transport. The handshake, where there is one, is the
    /// client's own: it is not known yet which one it is.
    pub(crate) fn over<T>(transport: T, party: Party, process: Option<Process>) -> Self
    where
        T: Transport<RoleClient> + Send + 'static,
    {
        Self {
            service: serve_directly(party, transport, None),
            process,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_secret_in_it() {
        for (url, shown) in [
            ("https://user:pass@host:8/mcp?key=x#y", "https://host:8/mcp"),
            ("https://host?key=x@y", "https://host"),
            ("http://a@b@host/x@y", "http://host/x@y"),
            ("unix:/run/mcp:/end", "unix:/run/mcp:/end"),
        ] {
            assert_eq!(bare(url), shown);
        }
    }
}
