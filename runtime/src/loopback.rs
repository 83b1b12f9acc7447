//! The proxy on 127.0.0.1 that stands between a server and the origins it asks.
//!
//! ```text
//!                 capability          ┌──────────── a route ────────────┐      credential
//! the server ──▶ 127.0.0.1:PORT ──▶ head ──▶ guard ──▶ body ──▶ Upstream ──▶ the one origin
//!                                   (bytes    (who,    (length,   (this program,
//!                                   → Head)  where to)  chunks)    or the vault)
//! ```
//!
//! A server that makes requests of its own is given an address of this machine for its API's, and for
//! a credential a [`Capability`] that is worth something there only. What the proxy passes on goes to
//! one origin, with one grant's credential, and the server never holds that.
//!
//! A port is a route: no prefix has to be told from the origin's own path, and a server that appends
//! to the base URL it was given cannot leave its route. The proxy is an adversary's if it can be: other
//! users of the machine can connect, pages in a browser can be led to it, and the server itself is not
//! trusted with the credential. So what is not plainly a request for something below the origin's path
//! is refused, nothing is followed, and nothing is remembered between requests.

mod addresses;
mod answer;
mod body;
mod capability;
mod connection;
mod direct;
mod guard;
mod head;
mod lobby;
mod notes;
mod origin;
mod rejection;
#[cfg(test)]
mod tests;

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::future::{AbortHandle, Abortable};
use http::{HeaderMap, Method, StatusCode};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;
use url::Url;

pub(crate) use self::capability::Capability;
pub(crate) use self::direct::Direct;
pub(crate) use self::notes::Tell;
pub(crate) use self::origin::Origin;
pub(crate) use self::rejection::Rejection;

use self::guard::Gate;
use self::lobby::Lobby;
use self::notes::Notes;
use crate::error::Error;
use crate::vault::Boxed;

/// Who carries the requests of a route to its origin, with the credential.
pub(crate) trait Upstream: Send + Sync {
    /// Refuses a request with a body before that is asked for.
    fn accepts(&self, _headers: &HeaderMap) -> Result<(), Rejection> {
        Ok(())
    }

    /// Carries a request, and gives what it was answered. Dropped before, the request is given up.
    fn send(&self, request: Outgoing) -> Boxed<'_, Result<Incoming, Rejection>>;
}

/// Some bytes after the other; an error if they end before they should.
pub(crate) type Flow = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// A request on its way, without anything that was between the server and the proxy.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// All but those that say how the body is framed.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Sent>,
}

/// A body on its way.
pub(crate) struct Sent {
    /// How long it is, if that was said.
    pub(crate) length: Option<u64>,
    pub(crate) flow: Flow,
}

/// An answer on its way back. Its length is in its headers, if it is known.
pub(crate) struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) flow: Flow,
}

/// What a route bears.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Until the first head of a connection has come in.
    first: Duration,
    /// Until a later head has, from its first byte.
    head: Duration,
    /// Until another request is begun on a connection that had one.
    idle: Duration,
    /// Connections at once that have not shown the capability.
    strangers: usize,
    /// Connections at once that have. Each is a descriptor, of which a process may have a thousand.
    connections: usize,
    /// Requests that are carried at once.
    seats: usize,
}

const LIMITS: Limits = Limits {
    first: Duration::from_secs(3),
    head: Duration::from_secs(10),
    idle: Duration::from_secs(300),
    strangers: 128,
    connections: 512,
    seats: 128,
};

/// How many connections the system holds ready, at most.
const BACKLOG: u32 = 4096;

/// A way from the server to an origin.
struct Route {
    limits: Limits,
    gate: Gate,
    upstream: Arc<dyn Upstream>,
    lobby: Arc<Lobby>,
    notes: Notes,
}

/// The routes of a run; they end when this is dropped.
pub(crate) struct Loopback {
    capability: Capability,
    tell: Tell,
    routes: Mutex<JoinSet<()>>,
}

impl Loopback {
    /// Makes a capability, and no route yet. What does not get through is told as it happens.
    ///
    /// # Errors
    ///
    /// When the system has no randomness to give.
    pub(crate) fn new(tell: Tell) -> Result<Self, Error> {
        Ok(Self {
            capability: Capability::make()?,
            tell,
            routes: Mutex::new(JoinSet::new()),
        })
    }

    /// Closes the routes, and what is under way on them.
    pub(crate) async fn close(&self) {
        let mut routes = {
            let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *routes)
        };
        routes.shutdown().await;
    }

    /// What the server is given for each credential.
    pub(crate) fn capability(&self) -> &Capability {
        &self.capability
    }

    /// Opens a way to an origin, in the event loop of the caller, and gives the base URL for the server.
    ///
    /// # Errors
    ///
    /// When the system gives no port.
    pub(crate) async fn open(
        &self,
        origin: Origin,
        upstream: Arc<dyn Upstream>,
    ) -> Result<String, Error> {
        self.open_within(LIMITS, origin, upstream).await
    }

    async fn open_within(
        &self,
        limits: Limits,
        origin: Origin,
        upstream: Arc<dyn Upstream>,
    ) -> Result<String, Error> {
        let no_port = |source| Error::Io {
            what: "cannot listen on 127.0.0.1".to_owned(),
            source,
        };
        let listener = listener().map_err(no_port)?;
        let authority = listener.local_addr().map_err(no_port)?.to_string();
        let route = Route {
            limits,
            notes: Notes::new(Arc::clone(&self.tell), &origin),
            gate: Gate {
                origin,
                capability: self.capability.clone(),
                authority,
            },
            upstream,
            lobby: Lobby::new(limits),
        };
        let address = route.gate.address();
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        routes.spawn(listen(listener, Arc::new(route)));
        Ok(address)
    }
}

/// A port of this machine's.
fn listener() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    socket.listen(BACKLOG)
}

/// Lets connections in, as there is room for them.
async fn listen(listener: TcpListener, route: Arc<Route>) {
    // They end with the route.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // The system is out of descriptors, and may have some again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        if route.lobby.room().await {
            route.notes.crowded(route.limits.strangers);
        }
        let (handle, registration) = AbortHandle::new_pair();
        let guest = route.lobby.enter(handle);
        let route = Arc::clone(&route);
        let serving = async move { connection::serve(stream, &route, guest).await };
        connections.spawn(Abortable::new(serving, registration));
    }
}
