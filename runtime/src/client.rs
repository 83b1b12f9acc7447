//! One connection to a server: the handshake, requests, their limits, the end.

mod pages;

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{
    CancelledNotificationParam, ClientCapabilities, ClientConfig, ClientRequest, CustomRequest,
    Implementation, ProtocolVersion,
};
use rmcp::service::{
    ClientInitializeError, PeerRequestOptions, RunningService, ServiceError, serve_client,
};
use rmcp::transport::{DynamicTransportError, Transport};
use serde_json::Value;
use tokio::time::Instant;

use crate::error::Error;
use crate::process::Process;
use crate::transport::{Connector, Endpoint, Link};
use crate::wire::{Event, Wire};

pub use pages::Listed;

/// How long a server may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the start to the end of the handshake.
    pub start: Duration,
    /// For a request. Progress on it starts the time again.
    pub request: Duration,
}

/// How long a server is given to hear that the client leaves.
const PARTING: Duration = Duration::from_secs(1);

/// A connection after the handshake.
pub struct Client {
    service: RunningService<RoleClient, ClientConfig>,
    process: Option<Process>,
    wire: Arc<Wire>,
    limits: Limits,
    address: String,
}

impl Client {
    /// Starts or reaches the server and shakes hands with it.
    ///
    /// `name` is what the client calls itself, and `observer` hears what the server says outside of
    /// answers.
    ///
    /// # Errors
    ///
    /// When the server cannot be started or reached, ends, refuses the handshake, or takes longer
    /// than [`Limits::start`].
    pub async fn connect(
        endpoint: Endpoint,
        connectors: &[Connector],
        name: &str,
        limits: Limits,
        observer: impl Fn(Event) + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let address = address(&endpoint);
        let Some(connector) = connectors
            .iter()
            .find(|connector| (connector.reaches)(&endpoint))
        else {
            return Err(Error::usage_with_hint(
                format!("this program was built without what it takes to reach {address}"),
                "generate it again with --url, or bundle it with --bundle",
            ));
        };
        let wire = Arc::new(Wire::new(Box::new(observer)));
        let connecting = (connector.connect)(endpoint, Arc::clone(&wire), introduction(name));
        let Link { service, process } = tokio::time::timeout(limits.start, connecting)
            .await
            .map_err(|_| Error::Timeout {
                what: format!("the handshake by {address}"),
                limit: limits.start,
                stderr: wire.stderr(),
            })??;
        Ok(Self {
            service,
            process,
            wire,
            limits,
            address,
        })
    }

    /// The answer to `initialize`, as it came.
    pub fn initialize(&self) -> Value {
        self.wire.initialize()
    }

    /// Sends a request and returns its result as it came.
    ///
    /// Dropped before it has returned, the request goes on at the server: [`Client::cancel`] tells it.
    ///
    /// # Errors
    ///
    /// When the server answers with an error, is gone, or takes longer than [`Limits::request`].
    pub async fn request(&mut self, method: &str, params: Value) -> Result<Value, Error> {
        let request = ClientRequest::CustomRequest(CustomRequest::new(method, Some(params)));
        let sent = self
            .service
            .send_cancellable_request(request, PeerRequestOptions::no_options());
        let mut handle = match sent.await {
            Ok(handle) => handle,
            Err(error) => return Err(self.service_error(method, error).await),
        };
        let mut deadline = Instant::now() + self.limits.request;
        let response = loop {
            tokio::select! {
                response = &mut handle.rx => break response,
                () = self.wire.progress() => deadline = Instant::now() + self.limits.request,
                () = tokio::time::sleep_until(deadline) => {
                    self.cancel("the caller's time ran out").await;
                    return Err(Error::Timeout {
                        what: method.to_owned(),
                        limit: self.limits.request,
                        stderr: self.wire.stderr(),
                    });
                }
            }
        };
        match response {
            Ok(Ok(_)) => self
                .wire
                .take_answer(&handle.id)
                .ok_or_else(|| Error::Protocol(format!("no result to {method}"))),
            Ok(Err(error)) => Err(self.service_error(method, error).await),
            Err(_) => Err(self
                .service_error(method, ServiceError::TransportClosed)
                .await),
        }
    }

    /// Tells the server that the requests under way are not wanted any more, if it listens at all
    /// (MCP 2025-11-25, Cancellation).
    pub async fn cancel(&self, reason: &str) {
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

    async fn service_error(&mut self, method: &str, error: ServiceError) -> Error {
        match error {
            ServiceError::McpError(data) => refused(method, data),
            ServiceError::TransportSend(error) => self.transport_error(&error).await,
            ServiceError::TransportClosed | ServiceError::Cancelled { .. } => self.gone().await,
            other => Error::Protocol(format!("{method}: {other:?}")),
        }
    }

    async fn transport_error(&mut self, error: &DynamicTransportError) -> Error {
        match turned_away(&self.address, error) {
            Error::Unreachable { .. } if self.process.is_some() => self.gone().await,
            error => error,
        }
    }

    async fn gone(&mut self) -> Error {
        match &mut self.process {
            Some(process) => process.gone().await,
            None => closed(&self.address),
        }
    }
}

/// The error for a remote server that ended the connection.
pub(crate) fn closed(address: &str) -> Error {
    Error::Unreachable {
        url: address.to_owned(),
        reason: "the connection was closed".to_owned(),
    }
}

/// The error for a remote server that a message did not get through to: it asks for a sign-in, or
/// it was not reached.
pub(crate) fn turned_away(address: &str, error: &DynamicTransportError) -> Error {
    let url = address.to_owned();
    match challenge(error) {
        Some(challenge) => Error::Unauthorized {
            url,
            challenge,
            invitation: None,
        },
        None => Error::Unreachable {
            url,
            reason: causes(&*error.error),
        },
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

/// Shakes hands over a transport. The error is none when the server just went away, which its
/// transport can tell more of.
pub(crate) async fn handshake<T>(
    config: ClientConfig,
    transport: T,
) -> Result<RunningService<RoleClient, ClientConfig>, Option<Handshake>>
where
    T: Transport<RoleClient> + Send + 'static,
{
    serve_client(config, transport)
        .await
        .map_err(|error| match error {
            ClientInitializeError::ConnectionClosed(_) | ClientInitializeError::Cancelled => None,
            ClientInitializeError::TransportError { error, .. } => {
                Some(Handshake::Transport(error))
            }
            ClientInitializeError::JsonRpcError(data) => {
                Some(Handshake::Error(refused("initialize", data)))
            }
            other => Some(Handshake::Error(Error::Protocol(format!(
                "initialize: {other:?}"
            )))),
        })
}

/// Why a handshake failed while the server was there.
pub(crate) enum Handshake {
    /// A message could not be sent, or was turned away on its way.
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "a child process is asked itself")
    )]
    Transport(DynamicTransportError),
    /// The server answered with something else.
    Error(Error),
}

/// The words of an error and of all that caused it.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    // rmcp's word for whatever its HTTP client says.
    let mut words = error
        .to_string()
        .trim_start_matches("Client error: ")
        .to_owned();
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        source = error.source();
    }
    words
}

/// The `WWW-Authenticate` header of a 401 or 403 behind a transport's error.
fn challenge(error: &DynamicTransportError) -> Option<Option<String>> {
    #[cfg(feature = "http")]
    {
        use rmcp::transport::streamable_http_client::{AuthRequiredError, InsufficientScopeError};
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&*error.error);
        while let Some(error) = source {
            if let Some(error) = error.downcast_ref::<AuthRequiredError>() {
                return Some(
                    Some(error.www_authenticate_header.clone()).filter(|header| !header.is_empty()),
                );
            }
            if let Some(error) = error.downcast_ref::<InsufficientScopeError>() {
                return Some(Some(error.www_authenticate_header.clone()));
            }
            source = error.source();
        }
    }
    let _ = error;
    None
}

fn refused(method: &str, data: rmcp::model::ErrorData) -> Error {
    Error::Refused {
        method: method.to_owned(),
        code: data.code.0.into(),
        message: data.message.into_owned(),
        data: data.data.map(Box::new),
    }
}

/// What the client says of itself. It declares no capabilities, because it has none yet, and the
/// introspection that a program was made from declared the same: servers choose their tools by it.
fn introduction(name: &str) -> ClientConfig {
    ClientConfig::new(
        ClientCapabilities::default(),
        Implementation::new(name, env!("CARGO_PKG_VERSION")),
    )
    .with_protocol_version(ProtocolVersion::V_2025_11_25)
}

/// The endpoint in words, without its secrets.
fn address(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Stdio(launch) => launch.command.clone(),
        Endpoint::Http(remote) => remote.address().to_owned(),
    }
}
