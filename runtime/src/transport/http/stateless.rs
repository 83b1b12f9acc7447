//! Each request alone (MCP 2026-07-28, Streamable HTTP): a POST, and what comes back is of that
//! request. There is no session, nothing to resume, and to hang up is to cancel.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::StreamExt;
use http::header::{ACCEPT, CONTENT_TYPE};
use reqwest::Response;
use rmcp::RoleClient;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, GetExtensions, JsonRpcMessage, RequestId,
};
use rmcp::service::RxJsonRpcMessage;
use rmcp::transport::Transport;
use tokio::sync::{mpsc, oneshot};

use super::NotSent;
use super::gate::{Gate, Head};
use super::{body, mirror};
use crate::client::{Mirrored, Party};
use crate::error::Error;
use crate::wire::{Inbound, Wire};

pub(super) fn transport(gate: Arc<Gate>, party: &Party) -> Posts {
    let (delivery, inbox) = mpsc::unbounded_channel();
    Posts {
        desk: Arc::new(Desk {
            gate,
            wire: Arc::clone(&party.wire),
            delivery,
            under_way: Mutex::default(),
        }),
        inbox,
    }
}

/// The requests as a transport of rmcp's.
pub(super) struct Posts {
    desk: Arc<Desk>,
    inbox: mpsc::UnboundedReceiver<RxJsonRpcMessage<RoleClient>>,
}

/// What the requests under way share.
struct Desk {
    gate: Arc<Gate>,
    wire: Arc<Wire>,
    delivery: mpsc::UnboundedSender<RxJsonRpcMessage<RoleClient>>,
    /// Each is hung up when its sender goes.
    under_way: Mutex<HashMap<RequestId, oneshot::Sender<()>>>,
}

impl Transport<RoleClient> for Posts {
    type Error = NotSent;

    fn send(
        &mut self,
        message: ClientJsonRpcMessage,
    ) -> impl Future<Output = Result<(), NotSent>> + Send + 'static {
        self.desk.wire.outbound(&message);
        let desk = Arc::clone(&self.desk);
        async move {
            match &message {
                JsonRpcMessage::Request(request) => {
                    let id = request.id.clone();
                    desk.post(id.clone(), &message).await.map_err(|error| {
                        desk.wire.fail(id, error);
                        NotSent
                    })
                }
                JsonRpcMessage::Notification(notification) => {
                    if let ClientNotification::CancelledNotification(cancelled) =
                        &notification.notification
                        && let Some(id) = &cancelled.params.request_id
                    {
                        desk.requests().remove(id);
                    }
                    Ok(())
                }
                // There are no requests of the server's to answer.
                JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => Ok(()),
            }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        self.inbox.recv().await
    }

    async fn close(&mut self) -> Result<(), NotSent> {
        self.desk.requests().clear();
        Ok(())
    }
}

impl Desk {
    /// Sends a request; what comes back is delivered, at once or as it streams.
    async fn post(
        self: &Arc<Self>,
        id: RequestId,
        message: &ClientJsonRpcMessage,
    ) -> Result<(), Error> {
        let (held, hung_up) = oneshot::channel();
        self.requests().insert(id.clone(), held);
        let mut hung_up = hung_up;
        let response = tokio::select! {
            response = self.answer_to(message) => response?,
            _ = &mut hung_up => return Ok(()),
        };
        if response.status().is_success() && body::is_stream(&response) {
            let desk = Arc::clone(self);
            tokio::spawn(async move {
                tokio::select! {
                    () = desk.read(&id, response) => {}
                    _ = hung_up => {}
                }
                desk.requests().remove(&id);
            });
            return Ok(());
        }
        self.requests().remove(&id);
        let head = Head::of(&response);
        let status = head.status;
        let text = body::text(&self.gate, response).await?;
        if head.is_passing() || !status.is_success() && !text.trim_start().starts_with('{') {
            return Err(self.gate.refused_with(&head, &text));
        }
        match self.wire.reply(&id, &text) {
            Inbound::Deliver(message) => {
                let _ = self.delivery.send(message);
                Ok(())
            }
            Inbound::Consumed | Inbound::Refuse(_) => Err(self.gate.off_topic(status, &text)),
        }
    }

    async fn answer_to(&self, message: &ClientJsonRpcMessage) -> Result<Response, Error> {
        let as_json = serde_json::to_value(message).unwrap_or_default();
        let mirrored = match message {
            JsonRpcMessage::Request(request) => request.request.extensions().get::<Mirrored>(),
            _ => None,
        };
        let mirrored = mirrored.map_or(&[][..], |mirrored| &mirrored.0);
        let headers = mirror::headers(&as_json, mirrored);
        let body = as_json.to_string();
        let sent = self.gate.send(|http| {
            http.post(self.gate.url().clone())
                .header(ACCEPT, "application/json, text/event-stream")
                .header(CONTENT_TYPE, "application/json")
                .headers(headers.clone())
                .body(body.clone())
        });
        sent.await
    }

    /// Delivers what a stream brings, up to the answer.
    async fn read(&self, id: &RequestId, response: Response) {
        let mut events = body::events(response);
        while let Some(Ok(event)) = events.next().await {
            let Some(data) = event.data else {
                continue;
            };
            if let Inbound::Deliver(message) = self.wire.reply(id, &data) {
                let _ = self.delivery.send(message);
            }
            if !self.wire.awaits(id) {
                return;
            }
        }
        if let Some(message) = self.wire.lose(id) {
            let _ = self.delivery.send(message);
        }
    }

    fn requests(&self) -> std::sync::MutexGuard<'_, HashMap<RequestId, oneshot::Sender<()>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
