//! One connection to a server: requests, their limits, what the server asks back, the end.
//!
//! ```text
//! negotiate  which revision the server speaks, and over what
//! exchange   a request and its answer, in time
//! rounds     a request whose answer is that the server wants input first
//! tasks      a call that is answered later
//! pages      a list that comes in parts
//! subscription  being told when resources change
//! party      what rmcp knows the client by
//! failure    what became of a request that was not answered
//! ```

mod exchange;
mod failure;
mod negotiate;
mod pages;
mod party;
mod rounds;
mod subscription;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::CancelledNotificationParam;
use rmcp::service::RunningService;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::error::Error;
use crate::host::Host;
use crate::process::Process;
use crate::protocol::{self, Revision};
use crate::resilience::exposure::{Exposure, Sent};
use crate::transport::{Connector, Endpoint, Manner};
use crate::wire::Wire;

#[cfg(feature = "http")]
pub(crate) use exchange::Mirrored;
pub use pages::Listed;
pub(crate) use party::Party;
use subscription::Subscription;
pub(crate) use tasks::no_task;

/// How long a server may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the start to the end of the handshake.
    pub start: Duration,
    /// For a request. Progress on it starts the time again.
    pub request: Duration,
}

/// How a client comes to a server.
#[derive(Debug, Clone)]
pub struct Introduction {
    /// What it calls itself.
    pub name: String,
    /// What it knows of the revision that the server speaks.
    pub revision: Revision,
    /// Whether it knows the server for one of HTTP with SSE, which no other manner reaches.
    pub events: bool,
    /// The least severe log messages that it wants, by their level (RFC 5424); none for the server's
    /// own choice.
    pub log_level: Option<&'static str>,
}

/// How long a server is given to hear that the client leaves.
const PARTING: Duration = Duration::from_secs(1);

/// A connection on which requests can be made.
pub struct Client {
    service: RunningService<RoleClient, Party>,
    process: Option<Process>,
    wire: Arc<Wire>,
    party: Party,
    limits: Limits,
    route: Route,
    manner: Manner,
    revision: String,
    /// The answer to `initialize` or `server/discover`, as it came; null before there was any.
    greeting: Value,
    /// Whether the server has shown that it speaks this revision.
    is_proven: bool,
    subscription: Option<Subscription>,
}

/// What it takes to reach the server, and to reach it again.
#[derive(Clone)]
struct Route {
    endpoint: Endpoint,
    connector: Connector,
    host: Arc<dyn Host>,
    introduction: Introduction,
    limits: Limits,
    /// What all of its connections have sent.
    exposure: Arc<Exposure>,
}

impl Client {
    /// Starts or reaches the server and learns how it wants to be spoken to, unless that is known.
    ///
    /// A server of the stateless era that was met before is not asked anything: the first request is
    /// the caller's own.
    ///
    /// # Errors
    ///
    /// When the server cannot be started or reached, ends, speaks no revision that this client does,
    /// or takes longer than [`Limits::start`].
    pub async fn connect(
        endpoint: Endpoint,
        connectors: &[Connector],
        introduction: Introduction,
        limits: Limits,
        host: Arc<dyn Host>,
    ) -> Result<Self, Error> {
        let connector = Connector::that_reaches(&endpoint, connectors)?;
        let route = Route {
            endpoint,
            connector,
            host,
            introduction,
            limits,
            exposure: Arc::default(),
        };
        route.reach(Instant::now() + limits.start).await
    }

    /// The answer to `initialize` or, since MCP 2026-07-28, to `server/discover`, as it came.
    ///
    /// A server that was met before is not asked by [`Client::connect`], but by this.
    ///
    /// # Errors
    ///
    /// Those of [`Client::request`].
    pub async fn greeting(&mut self) -> Result<&Value, Error> {
        if self.greeting.is_null() {
            self.greeting = self
                .request("server/discover", Value::Object(Map::new()))
                .await?;
        }
        Ok(&self.greeting)
    }

    /// What [`Client::greeting`] gives, if the server has said it already.
    pub(crate) fn said(&self) -> Option<&Value> {
        Some(&self.greeting).filter(|greeting| !greeting.is_null())
    }

    /// What of the requests so far may have been carried out.
    pub(crate) fn sent(&self) -> Sent {
        self.route.exposure.sent()
    }

    /// The revision that is spoken, such as `2025-11-25`.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// How messages travel.
    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// Sends a request and returns its result as it came. What the server asks back meanwhile is put
    /// to the host.
    ///
    /// Dropped before it has returned, the request goes on at the server: [`Client::cancel`] tells it.
    ///
    /// # Errors
    ///
    /// When the server answers with an error, is gone, or takes longer than [`Limits::request`].
    pub async fn request(&mut self, method: &str, params: Value) -> Result<Value, Error> {
        self.request_with(method, params, &[]).await
    }

    /// Tells the server that the requests under way are not wanted any more, if it listens at all
    /// (MCP 2025-11-25, Cancellation), and that nothing is subscribed to.
    pub async fn cancel(&mut self, reason: &str) {
        self.withdraw(reason).await;
        self.unsubscribe().await;
    }

    /// Tells the server that no answer is waited for.
    async fn withdraw(&self, reason: &str) {
        let telling = async {
            for id in self.wire.pending() {
                let params = CancelledNotificationParam::new(Some(id), Some(reason.to_owned()));
                let _ = self.service.notify_cancelled(params).await;
            }
        };
        let _ = tokio::time::timeout(PARTING, telling).await;
    }

    /// Ends the connection: a remote session is deleted, a child's input is closed.
    pub async fn close(mut self) {
        let _ = self.service.close_with_timeout(PARTING).await;
    }

    fn address(&self) -> &str {
        self.route.endpoint.address()
    }

    fn is_stateless(&self) -> bool {
        protocol::is_stateless(&self.revision)
    }
}

/// Runs a conversation to its end, on this thread.
///
/// # Errors
///
/// The conversation's own, or [`Error::Io`] when the system gives no event loop.
pub fn converse<T>(conversation: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Io {
            what: "cannot start".to_owned(),
            source,
        })?;
    let end = runtime.block_on(conversation);
    // What still runs is talk with a server that nobody waits for.
    runtime.shutdown_background();
    end
}
