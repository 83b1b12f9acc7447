//! A remote server over streamable HTTP (MCP 2025-11-25, Transports, Streamable HTTP).
//!
//! rmcp keeps the session, resumes streams and ends them; what is here is its HTTP client, written
//! anew for one reason: every message passes the [`Wire`] before rmcp decodes it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{BoxStream, Stream, StreamExt};
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reqwest::{RequestBuilder, Response};
use rmcp::model::{ClientConfig, ClientJsonRpcMessage, JsonRpcMessage};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::{
    AuthRequiredError, HttpStatusError, SseError, StreamableHttpClient,
    StreamableHttpClientTransportConfig, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::{Sse, SseStream};

use super::{Connecting, Connector, Endpoint, Link, Remote};
use crate::client::{Handshake, causes, closed, handshake, turned_away};
use crate::error::Error;
use crate::wire::{Inbound, Wire};

/// Reaches servers over streamable HTTP.
pub const HTTP: Connector = Connector {
    reaches: |endpoint| matches!(endpoint, Endpoint::Http(_)),
    connect,
    authorize: Some(crate::authorization::act),
};

/// The longest JSON body that is read, in bytes.
const LONGEST: usize = 64 << 20;

const SESSION_ID: &str = "mcp-session-id";
const LAST_EVENT_ID: &str = "last-event-id";
const EVENT_STREAM: &str = "text/event-stream";
const BOTH: &str = "application/json, text/event-stream";

fn connect(endpoint: Endpoint, wire: Arc<Wire>, config: ClientConfig) -> Connecting {
    Box::pin(async move {
        let Endpoint::Http(remote) = endpoint else {
            return Err(Error::Damaged(
                "a remote server is wanted of a child process".to_owned(),
            ));
        };
        let address = remote.address().to_owned();
        let client = Caller {
            http: client(&remote)?,
            wire,
        };
        let transport = StreamableHttpClientTransport::with_client(
            client,
            StreamableHttpClientTransportConfig::with_uri(remote.url),
        );
        match handshake(config, transport).await {
            Ok(service) => Ok(Link {
                service,
                process: None,
            }),
            Err(Some(Handshake::Error(error))) => Err(error),
            Err(Some(Handshake::Transport(error))) => Err(turned_away(&address, &error)),
            Err(None) => Err(closed(&address)),
        }
    })
}

/// The HTTP client: TLS by rustls on ring, and no redirect that leaves the origin, because the
/// headers it carries are for that origin alone.
fn client(remote: &Remote) -> Result<reqwest::Client, Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in &remote.headers {
        let bad = |what: &str| Error::usage(format!("header `{name}`: not a valid header {what}"));
        let parsed = HeaderName::try_from(name).map_err(|_| bad("name"))?;
        let mut value = HeaderValue::try_from(value).map_err(|_| bad("value"))?;
        value.set_sensitive(true);
        headers.append(parsed, value);
    }
    let same_origin = reqwest::redirect::Policy::custom(|attempt| {
        let origin = attempt.previous().first().map(reqwest::Url::origin);
        if attempt.previous().len() > 5 {
            attempt.error("too many redirects")
        } else if origin.is_some_and(|origin| origin == attempt.url().origin()) {
            attempt.follow()
        } else {
            attempt.stop()
        }
    });
    // A second call finds the provider installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .default_headers(headers)
        .redirect(same_origin)
        .connect_timeout(Duration::from_secs(15))
        .build()
        .map_err(|error| Error::Unreachable {
            url: remote.address().to_owned(),
            reason: causes(&error.without_url()),
        })
}

/// The HTTP client that rmcp calls.
#[derive(Clone)]
struct Caller {
    http: reqwest::Client,
    wire: Arc<Wire>,
}

/// A request that was not answered, in the words of all its causes and without its URL, which may
/// hold a secret.
#[derive(Debug, thiserror::Error)]
#[error("{}", causes(.0))]
struct Unanswered(reqwest::Error);

type Failure = StreamableHttpError<Unanswered>;

fn unanswered(error: reqwest::Error) -> Failure {
    Failure::Client(Unanswered(error.without_url()))
}

impl StreamableHttpClient for Caller {
    type Error = Unanswered;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        self.wire.outbound(&message);
        let in_session = session.is_some();
        let request = self.http.post(&*uri).header(ACCEPT, BOTH);
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .body(serde_json::to_vec(&message).map_err(Failure::Deserialize)?);
        let response = prepare(request, session, headers)
            .send()
            .await
            .map_err(unanswered)?;
        let status = response.status();
        if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        if status == StatusCode::NOT_FOUND && in_session {
            return Err(Failure::SessionExpired);
        }
        let response = admit(response)?;
        let session = response
            .headers()
            .get(SESSION_ID)
            .and_then(|id| id.to_str().ok())
            .map(str::to_owned);
        if status.is_success() && has_type(&response, EVENT_STREAM) {
            return Ok(StreamableHttpPostResponse::Sse(
                self.events(response),
                session,
            ));
        }
        let body = bounded_body(response).await?;
        let text = String::from_utf8_lossy(&body);
        if !status.is_success() && !text.trim_start().starts_with('{') {
            return Err(HttpStatusError::new(status.as_u16(), None).into());
        }
        match self.wire.inbound(&text) {
            Inbound::Deliver(message) => Ok(StreamableHttpPostResponse::Json(message, session)),
            Inbound::Consumed if status.is_success() && !asks(&message) => {
                Ok(StreamableHttpPostResponse::Accepted)
            }
            Inbound::Consumed | Inbound::Refuse(_) => {
                let start: String = text.chars().take(200).collect();
                Err(Failure::UnexpectedServerResponse(
                    format!("HTTP {status}, and a body that does not answer the request: {start}")
                        .into(),
                ))
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
        let request = prepare(self.http.delete(&*uri), Some(session), headers);
        request.send().await.map_err(unanswered)?;
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
        let mut request = self.http.get(&*uri).header(ACCEPT, EVENT_STREAM);
        if let Some(id) = last_event {
            request = request.header(LAST_EVENT_ID, id);
        }
        let response = prepare(request, session, headers)
            .send()
            .await
            .map_err(unanswered)?;
        let response = admit(response)?;
        if !response.status().is_success() || !has_type(&response, EVENT_STREAM) {
            return Err(Failure::ServerDoesNotSupportSse);
        }
        Ok(self.events(response))
    }
}

impl Caller {
    /// The events of a stream, each message passed through the wire.
    fn events(&self, response: Response) -> BoxStream<'static, Result<Sse, SseError>> {
        let wire = Arc::clone(&self.wire);
        SseStream::from_bytes_stream(bounded_events(response.bytes_stream()))
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
}

fn prepare(
    mut request: RequestBuilder,
    session: Option<Arc<str>>,
    headers: HashMap<HeaderName, HeaderValue>,
) -> RequestBuilder {
    for (name, value) in headers {
        request = request.header(name, value);
    }
    match session {
        Some(session) => request.header(SESSION_ID, &*session),
        None => request,
    }
}

/// Turns away the statuses that no body can mend.
fn admit(response: Response) -> Result<Response, Failure> {
    let status = response.status();
    let header = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        let challenge = header(WWW_AUTHENTICATE).unwrap_or_default().to_owned();
        return Err(Failure::AuthRequired(AuthRequiredError::new(challenge)));
    }
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_redirection() {
        let retry_after = header(RETRY_AFTER).map(str::to_owned);
        return Err(HttpStatusError::new(status.as_u16(), retry_after).into());
    }
    Ok(response)
}

/// The stream up to an event that is longer than [`LONGEST`].
fn bounded_events<B: AsRef<[u8]>, E>(
    chunks: impl Stream<Item = Result<B, E>>,
) -> impl Stream<Item = Result<B, E>> {
    let mut since_the_last_event = 0;
    chunks.take_while(move |chunk| {
        if let Ok(chunk) = chunk {
            let chunk = chunk.as_ref();
            // An event ends at an empty line; the rest of the chunk begins the next one.
            let ends = |end: &[u8]| chunk.windows(end.len()).rposition(|window| window == end);
            since_the_last_event = match ends(b"\n\n").max(ends(b"\r\n\r\n")).max(ends(b"\r\r")) {
                Some(at) => chunk.len() - at,
                None => since_the_last_event + chunk.len(),
            };
        }
        std::future::ready(since_the_last_event <= LONGEST)
    })
}

async fn bounded_body(response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(unanswered)?);
        if body.len() > LONGEST {
            return Err(Failure::ResponseBodyTooLarge { max_size: LONGEST });
        }
    }
    Ok(body)
}

fn has_type(response: &Response, wanted: &str) -> bool {
    let content_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with(wanted))
}

/// Whether a message wants an answer.
fn asks(message: &ClientJsonRpcMessage) -> bool {
    matches!(message, JsonRpcMessage::Request(_))
}
