//! Being told when resources change.
//!
//! How a server is asked for that depends on the era: it is for [`Client::subscribe`] and
//! [`Client::unsubscribe`] to know. The updates look the same in both.

use std::time::Duration;

use rmcp::model::{ClientRequest, CustomRequest};
use rmcp::service::PeerRequestOptions;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Client, PARTING};
use crate::error::Error;

/// How often a client that only listens looks whether the server is still there.
const LOOK: Duration = Duration::from_millis(200);

/// The resources that the server tells of, and what it tells.
pub(super) struct Subscription {
    uris: Vec<String>,
    updates: UnboundedReceiver<Value>,
}

impl Client {
    /// Asks the server to tell when one of these resources changes (MCP 2025-11-25, Subscriptions).
    ///
    /// # Errors
    ///
    /// Those of [`Client::request`].
    pub(crate) async fn subscribe(&mut self, uris: &[String]) -> Result<(), Error> {
        self.subscription = Some(Subscription {
            uris: Vec::new(),
            updates: self.wire.updates(),
        });
        for uri in uris {
            self.request("resources/subscribe", json!({"uri": uri}))
                .await?;
            if let Some(subscription) = &mut self.subscription {
                subscription.uris.push(uri.clone());
            }
        }
        Ok(())
    }

    /// The parameters of the next `notifications/resources/updated`.
    ///
    /// # Errors
    ///
    /// When the server is gone.
    pub(crate) async fn update(&mut self) -> Result<Value, Error> {
        let Some(subscription) = &mut self.subscription else {
            return Err(Error::usage("nothing was subscribed to"));
        };
        loop {
            tokio::select! {
                biased;
                Some(update) = subscription.updates.recv() => return Ok(update),
                () = tokio::time::sleep(LOOK) => {
                    if self.service.is_transport_closed() {
                        return Err(self.gone().await);
                    }
                }
            }
        }
    }

    /// Tells the server that nothing more is wanted, if it listens at all.
    pub(crate) async fn unsubscribe(&self) {
        let uris = self.subscription.iter().flat_map(|it| &it.uris);
        let telling = async {
            for uri in uris {
                let params = Some(json!({"uri": uri}));
                let request = CustomRequest::new("resources/unsubscribe", params);
                let request = ClientRequest::CustomRequest(request);
                let options = PeerRequestOptions::no_options();
                if let Ok(handle) = self
                    .service
                    .send_cancellable_request(request, options)
                    .await
                {
                    let _ = handle.rx.await;
                }
            }
        };
        let _ = tokio::time::timeout(PARTING, telling).await;
    }
}
