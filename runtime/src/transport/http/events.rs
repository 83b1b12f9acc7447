//! One stream from the server, and requests to an address that it names there
//! (MCP 2024-11-05, Transports, HTTP with SSE).

use std::sync::Arc;

use futures::stream::{BoxStream, StreamExt};
use http::header::{ACCEPT, CONTENT_TYPE};
use reqwest::Url;
use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage};
use rmcp::service::RxJsonRpcMessage;
use rmcp::transport::Transport;
use serde::Serialize;
use sse_stream::{Error as SseError, Sse};

use super::NotSent;
use super::body;
use super::gate::{Gate, Head};
use crate::client::Party;
use crate::error::Error;
use crate::wire::{Inbound, Wire};

/// Opens the stream and waits for the address that messages go to.
pub(super) async fn transport(gate: Arc<Gate>, party: &Party) -> Result<Stream, Error> {
    let opening = gate.send(|http| {
        http.get(gate.url().clone())
            .header(ACCEPT, "text/event-stream")
    });
    let response = opening.await?;
    let head = Head::of(&response);
    let status = head.status;
    if !status.is_success() || !body::is_stream(&response) {
        return Err(gate.refused(&head));
    }
    let mut events = body::events(response);
    let named = loop {
        match events.next().await {
            Some(Ok(event)) if event.event.as_deref() == Some("endpoint") => {
                break event.data.unwrap_or_default();
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => {
                let reason = "the stream ended before it named an endpoint".to_owned();
                return Err(gate.unreachable(Some(status), reason));
            }
        }
    };
    let endpoint = gate.url().join(named.trim()).ok();
    // What is sent may hold the caller's secrets, which are for this origin.
    let Some(endpoint) = endpoint.filter(|url| url.origin() == gate.url().origin()) else {
        let reason = "the endpoint that its stream names is of another origin".to_owned();
        return Err(gate.unreachable(Some(status), reason));
    };
    Ok(Stream {
        post: Post {
            gate,
            wire: Arc::clone(&party.wire),
            endpoint,
        },
        events,
    })
}

/// The stream and its endpoint as a transport of rmcp's.
pub(super) struct Stream {
    post: Post,
    events: BoxStream<'static, Result<Sse, SseError>>,
}

/// What it takes to send a message.
#[derive(Clone)]
struct Post {
    gate: Arc<Gate>,
    wire: Arc<Wire>,
    endpoint: Url,
}

impl Transport<RoleClient> for Stream {
    type Error = NotSent;

    fn send(
        &mut self,
        message: ClientJsonRpcMessage,
    ) -> impl Future<Output = Result<(), NotSent>> + Send + 'static {
        let post = self.post.clone();
        post.wire.outbound(&message);
        async move {
            post.send(&message).await.map_err(|error| {
                if let JsonRpcMessage::Request(request) = message {
                    post.wire.fail(request.id, error);
                }
                NotSent
            })
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        while let Some(Ok(event)) = self.events.next().await {
            let Some(data) = event.data else {
                continue;
            };
            match self.post.wire.inbound(&data) {
                Inbound::Deliver(message) => return Some(message),
                Inbound::Refuse(reply) => {
                    let post = self.post.clone();
                    tokio::spawn(async move { post.send(&reply).await });
                }
                Inbound::Consumed => {}
            }
        }
        None
    }

    async fn close(&mut self) -> Result<(), NotSent> {
        self.events = futures::stream::empty().boxed();
        Ok(())
    }
}

impl Post {
    async fn send(&self, message: &impl Serialize) -> Result<(), Error> {
        let body = serde_json::to_string(message).unwrap_or_default();
        let posting = self.gate.send(|http| {
            http.post(self.endpoint.clone())
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone())
        });
        let response = posting.await?;
        let head = Head::of(&response);
        body::hear_out(response).await;
        if head.status.is_success() {
            Ok(())
        } else {
            Err(self.gate.refused(&head))
        }
    }
}
