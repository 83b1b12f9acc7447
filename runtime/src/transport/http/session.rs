//! Requests within a session (MCP 2025-11-25, Transports, Streamable HTTP).
//!
//! rmcp keeps the session, resumes streams and ends them; what is here is the HTTP client that it
//! calls, so that every message passes the [`Wire`] before rmcp decodes it.

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::{BoxStream, StreamExt};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use reqwest::{RequestBuilder, Response};
use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage, RequestId};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::{
    AuthRequiredError, SseError, StreamableHttpClient, StreamableHttpClientTransportConfig,
    StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::Sse;

use super::NotSent;
use super::body;
use super::gate::{Gate, Head};
use crate::client::Party;
use crate::error::Error;
use crate::wire::{Inbound, Wire};

const SESSION_ID: &str = "mcp-session-id";
const LAST_EVENT_ID: &str = "last-event-id";

pub(super) fn transport(
    gate: Arc<Gate>,
    party: &Party,
) -> StreamableHttpClientTransport<SessionClient> {
    let url = gate.url().as_str().to_owned();
    let client = SessionClient {
        gate,
        wire: Arc::clone(&party.wire),
    };
    let config = StreamableHttpClientTransportConfig::with_uri(url);
    StreamableHttpClientTransport::with_client(client, config)
}

/// The HTTP client that rmcp calls.
#[derive(Clone)]
pub(super) struct SessionClient {
    gate: Arc<Gate>,
    wire: Arc<Wire>,
}

type Failure = StreamableHttpError<NotSent>;

impl StreamableHttpClient for SessionClient {
    type Error = NotSent;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        self.wire.outbound(&message);
        let id = request_id(&message);
        let body = serde_json::to_vec(&message).map_err(Failure::Deserialize)?;
        let in_session = session.is_some();
        let sent = self.gate.send(|http| {
            let request = http
                .post(&*uri)
                .header(ACCEPT, "application/json, text/event-stream")
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone());
            prepare(request, session.as_deref(), &headers)
        });
        let response = sent.await.map_err(|error| self.not_sent(id, error))?;
        let head = Head::of(&response);
        let status = head.status;
        if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            body::hear_out(response).await;
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        if status == StatusCode::NOT_FOUND && in_session {
            return Err(Failure::SessionExpired);
        }
        let session = response.headers().get(SESSION_ID);
        let session = session.and_then(|id| id.to_str().ok()).map(str::to_owned);
        if status.is_success() && body::is_stream(&response) {
            return Ok(StreamableHttpPostResponse::Sse(
                self.events(response),
                session,
            ));
        }
        let text = match body::text(&self.gate, response).await {
            Ok(text) => text,
            Err(error) => return Err(self.not_sent(id, error)),
        };
        if head.is_passing() || !status.is_success() && !text.trim_start().starts_with('{') {
            return Err(self.not_sent(id, self.gate.refused_with(&head, &text)));
        }
        let inbound = match id {
            Some(id) => self.wire.reply(id, &text),
            None => self.wire.inbound(&text),
        };
        match inbound {
            Inbound::Deliver(message) => Ok(StreamableHttpPostResponse::Json(message, session)),
            Inbound::Consumed if status.is_success() && id.is_none() => {
                Ok(StreamableHttpPostResponse::Accepted)
            }
            Inbound::Consumed | Inbound::Refuse(_) => {
                Err(self.not_sent(id, self.gate.off_topic(status, &text)))
            }
        }
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        _token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Failure> {
        let delete = self
            .gate
            .send(|http| prepare(http.delete(&*uri), Some(&session), &headers));
        delete.await.map_err(|error| self.not_sent(None, error))?;
        Ok(())
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        _token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failure> {
        let get = self.gate.send(|http| {
            let mut request = http.get(&*uri).header(ACCEPT, "text/event-stream");
            if let Some(id) = &last_event {
                request = request.header(LAST_EVENT_ID, id);
            }
            prepare(request, session.as_deref(), &headers)
        });
        let response = get.await.map_err(|error| self.not_sent(None, error))?;
        if !response.status().is_success() || !body::is_stream(&response) {
            return Err(Failure::ServerDoesNotSupportSse);
        }
        Ok(self.events(response))
    }
}

impl SessionClient {
    /// The events of a stream, each message passed through the wire.
    fn events(&self, response: Response) -> BoxStream<'static, Result<Sse, SseError>> {
        let wire = Arc::clone(&self.wire);
        body::events(response)
            .map(move |event| {
                event.map(|mut event| {
                    event.data = event.data.and_then(|data| match wire.inbound(&data) {
                        Inbound::Deliver(message) => serde_json::to_string(&message).ok(),
                        // An event without data still carries the id that a stream resumes from.
                        Inbound::Refuse(_) | Inbound::Consumed => None,
                    });
                    event
                })
            })
            .boxed()
    }

    /// Notes why a message did not get through, and tells rmcp no more than whether to try again.
    fn not_sent(&self, id: Option<&RequestId>, error: Error) -> Failure {
        let failure = match &error {
            Error::Unauthorized { .. } => {
                Failure::AuthRequired(AuthRequiredError::new(String::new()))
            }
            _ => Failure::Client(NotSent),
        };
        if let Some(id) = id {
            self.wire.fail(id.clone(), error);
        }
        failure
    }
}

fn prepare(
    mut request: RequestBuilder,
    session: Option<&str>,
    headers: &HashMap<HeaderName, HeaderValue>,
) -> RequestBuilder {
    for (name, value) in headers {
        request = request.header(name, value);
    }
    match session {
        Some(session) => request.header(SESSION_ID, session),
        None => request,
    }
}

fn request_id(message: &ClientJsonRpcMessage) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Request(request) => Some(&request.id),
        _ => None,
    }
}
