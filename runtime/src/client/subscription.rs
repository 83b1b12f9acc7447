//! Being told when resources change.
//!
//! How a server is asked for that depends on the era: it is for [`Client::subscribe`] and
//! [`Client::unsubscribe`] to know. The updates look the same in both.

use std::time::Duration;

use rmcp::RoleClient;
use rmcp::service::{RequestHandle, ServiceError};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::exchange::{Response, is_lost};
use super::{Client, PARTING};
use crate::error::Error;

/// How often a client that only listens looks whether the server is still there.
const LOOK: Duration = Duration::from_millis(200);

/// The resources that the server tells of, and what it tells.
pub(super) struct Subscription {
    uris: Vec<String>,
    updates: UnboundedReceiver<Value>,
    /// The request that lasts as long as the subscription, in the era without sessions.
    listening: Option<RequestHandle<RoleClient>>,
}

impl Client {
    /// Asks the server to tell when one of these resources changes (MCP 2025-11-25, Subscriptions;
    /// MCP 2026-07-28, `subscriptions/listen`).
    ///
    /// # Errors
    ///
    /// Those of [`Client::request`].
    pub(crate) async fn subscribe(&mut self, uris: &[String]) -> Result<(), Error> {
        let mut subscription = Subscription {
            uris: Vec::new(),
            updates: self.wire.updates(),
            listening: None,
        };
        if self.is_stateless() {
            subscription.uris = uris.to_vec();
            subscription.listening = Some(self.listen(uris).await?);
        }
        self.subscription = Some(subscription);
        if !self.is_stateless() {
            for uri in uris {
                self.request("resources/subscribe", json!({"uri": uri}))
                    .await?;
                if let Some(subscription) = &mut self.subscription {
                    subscription.uris.push(uri.clone());
                }
            }
        }
        Ok(())
    }

    async fn listen(&mut self, uris: &[String]) -> Result<RequestHandle<RoleClient>, Error> {
        let params = json!({"notifications": {"resourceSubscriptions": uris}});
        self.send("subscriptions/listen", params, &[]).await
    }

    /// The parameters of the next `notifications/resources/updated`; none once the server has ended
    /// the subscription.
    ///
    /// # Errors
    ///
    /// When the server is gone, or refuses the subscription.
    pub(crate) async fn update(&mut self) -> Result<Option<Value>, Error> {
        loop {
            let Some(subscription) = &mut self.subscription else {
                return Ok(None);
            };
            tokio::select! {
                biased;
                Some(update) = subscription.updates.recv() => return Ok(Some(update)),
                response = end(&mut subscription.listening) => {
                    let handle = subscription.listening.take();
                    let uris = subscription.uris.clone();
                    if is_lost(&response) {
                        let again = self.listen(&uris).await?;
                        if let Some(subscription) = &mut self.subscription {
                            subscription.listening = Some(again);
                        }
                        continue;
                    }
                    if let Some(handle) = handle {
                        self.settle("subscriptions/listen", &handle.id, response).await?;
                    }
                    return Ok(None);
                }
                () = tokio::time::sleep(LOOK) => {
                    if self.service.is_transport_closed() {
                        let closed = ServiceError::TransportClosed;
                        return Err(self.failure("resources/subscribe", None, closed).await);
                    }
                }
            }
        }
    }

    /// Tells the server that nothing more is wanted, if it listens at all.
    pub(crate) async fn unsubscribe(&mut self) {
        let Some(subscription) = self.subscription.take() else {
            return;
        };
        if subscription.listening.is_some() {
            return self.withdraw("the caller has heard enough").await;
        }
        let telling = async {
            for uri in &subscription.uris {
                let params = json!({"uri": uri});
                if let Ok(handle) = self.send("resources/unsubscribe", params, &[]).await {
                    let _ = handle.rx.await;
                }
            }
        };
        let _ = tokio::time::timeout(PARTING, telling).await;
    }
}

/// Returns when the server ends what was listened to.
async fn end(listening: &mut Option<RequestHandle<RoleClient>>) -> Response {
    match listening {
        Some(handle) => (&mut handle.rx).await,
        None => std::future::pending().await,
    }
}
