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

mod answer;
mod body;
mod capability;
mod connection;
mod direct;
mod guard;
mod head;
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
use http::{HeaderMap, Method, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

pub(crate) use self::capability::Capability;
pub(crate) use self::direct::Direct;
pub(crate) use self::origin::Origin;
pub(crate) use self::rejection::Rejection;

use self::guard::Gate;
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
    /// Until a head has come in.
    head: Duration,
    /// Until another request is begun on a connection that had one.
    idle: Duration,
    /// Connections at once.
    connections: usize,
}

const LIMITS: Limits = Limits {
    head: Duration::from_secs(10),
    idle: Duration::from_secs(300),
    connections: 128,
};

/// The routes of a run; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct Loopback {
    capability: Capability,
    routes: Mutex<JoinSet<()>>,
}

impl Loopback {
    /// Makes a capability, and no route yet.
    ///
    /// # Errors
    ///
    /// When the system has no randomness to give.
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Self {
            capability: Capability::make()?,
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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.await.map_err(no_port)?;
        let authority = listener.local_addr().map_err(no_port)?.to_string();
        let gate = Arc::new(Gate {
            origin,
            capability: self.capability.clone(),
            authority,
        });
        let address = gate.address();
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        routes.spawn(listen(listener, limits, gate, upstream));
        Ok(address)
    }
}

/// Lets connections in, as many as may be at once.
async fn listen(
    listener: TcpListener,
    limits: Limits,
    gate: Arc<Gate>,
    upstream: Arc<dyn Upstream>,
) {
    let seats = Arc::new(Semaphore::new(limits.connections));
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
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            connection::turn_away(&stream);
            continue;
        };
        let (gate, upstream) = (Arc::clone(&gate), Arc::clone(&upstream));
        connections.spawn(async move {
            let (reader, writer) = stream.into_split();
            connection::serve(reader, writer, limits, &gate, &*upstream).await;
            drop(seat);
        });
    }
}
