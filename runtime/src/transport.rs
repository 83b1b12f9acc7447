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
use std::sync::Arc;

use rmcp::RoleClient;
use rmcp::model::ClientConfig;
use rmcp::service::RunningService;
use serde_json::Value;

use crate::error::Error;
use crate::process::{Launch, Process};
use crate::secret::Secret;
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
    /// How it is signed in to, where a header does not do it.
    pub authorization: AuthorizationSettings,
}

/// How a remote server is signed in to.
#[derive(Debug, Clone, Default)]
pub struct AuthorizationSettings {
    /// The program, for which folders, clients and hints are named.
    pub program: String,
    /// Whether somebody is there to sign in when the server asks for it.
    pub person: bool,
    /// Whether a browser may be opened.
    pub browser: bool,
    /// The browser to open instead of the system's own.
    pub browser_command: Option<String>,
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
    /// Signs in and out, where there is anything to sign in to.
    pub(crate) authorize: Option<fn(Remote, Action) -> Authorizing>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

pub(crate) type Authorizing = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send>>;

pub(crate) type Connecting = Pin<Box<dyn Future<Output = Result<Link, Error>> + Send>>;

/// A connection after the handshake.
pub(crate) struct Link {
    pub(crate) service: RunningService<RoleClient, ClientConfig>,
    pub(crate) process: Option<Process>,
}
