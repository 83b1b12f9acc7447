//! Which revision a server speaks, and over what.
//!
//! A server that was met before is taken at its word, and found out anew only where it turns out to
//! have changed. For one that was not, the newest revision is tried first:
//!
//! ```text
//! server/discover ─ a discovery ───────────────────────────────▶ stateless
//!        │
//!        ├ an error, another answer ──▶ initialize, on the same pipe ──▶ session
//!        │                                │ no answer
//!        ├ an exit ──────────────────▶ afresh: initialize ──▶ session
//!        │                                │            │
//!        └ silence ──▶ initialize as well, on          └ HTTP 400, 404, 405 ──▶ HTTP with SSE
//!                      the same pipe
//! ```
//!
//! A child is started afresh in the end because some servers are of no use after a message that they
//! did not expect.

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{ClientNotification, ClientRequest, InitializeRequest, InitializedNotification};
use rmcp::service::{PeerRequestOptions, RequestHandle};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Client, Party, Route};
use crate::error::Error;
use crate::person::timeout_at;
use crate::protocol::{self, LAST_WITH_HANDSHAKE, NEWEST, REVISIONS, Revision, code};
use crate::transport::Manner;
use crate::wire::Wire;

/// How long a probe is waited for alone. Servers of the era before may ignore it, and one that is
/// being downloaded takes longer, which is why both are then asked at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a probe found.
enum Found {
    /// A server of the stateless era, and its answer.
    Stateless(Value),
    /// One that shook hands on the same pipe.
    Session,
    /// One that has to be tried otherwise, for this reason.
    Other(Error),
}

impl Route {
    pub(super) async fn reach(self, deadline: Instant) -> Result<Client, Error> {
        match &self.introduction.revision {
            Revision::Pinned(revision) => self.establish(revision, deadline).await,
            Revision::Met(revision) => match self.establish(revision, deadline).await {
                Err(error) if may_be_of_another_era(&error) => {
                    self.find_out(deadline).await.map_err(|_| error)
                }
                established => established,
            },
            Revision::Unknown => self.find_out(deadline).await,
        }
    }

    /// A connection in a revision that is known to be the server's.
    async fn establish(&self, revision: &str, deadline: Instant) -> Result<Client, Error> {
        if protocol::is_stateless(revision) {
            return self.open(Manner::Stateless, revision, deadline).await;
        }
        let manner = match self.introduction.events {
            true => Manner::Events,
            false => Manner::Session,
        };
        self.shake_hands(manner, revision, deadline).await
    }

    /// A connection to a server of which nothing is known.
    async fn find_out(&self, deadline: Instant) -> Result<Client, Error> {
        let mut client = self.open(Manner::Stateless, NEWEST, deadline).await?;
        let mut found = client.probe(deadline).await?;
        // MCP 2026-07-28, Versioning: what is refused and supported after all is asked once more.
        if let Found::Other(error) = &found
            && supported(error, protocol::is_stateless).is_some()
        {
            found = client.probe(deadline).await?;
        }
        let other = match found {
            Found::Stateless(greeting) => {
                client.greeting = greeting;
                client.is_proven = true;
                return Ok(client);
            }
            Found::Session => return Ok(client),
            Found::Other(error @ (Error::Unauthorized { .. } | Error::Start { .. })) => {
                return Err(error);
            }
            // Nobody was there to be of another era, or somebody who wants to be asked less.
            Found::Other(
                error @ Error::Unreachable {
                    status: Some(429), ..
                }
                | error @ Error::Unreachable { sent: false, .. },
            ) => return Err(error),
            Found::Other(error) => error,
        };
        client.close().await;
        let revision = supported(&other, |revision| !protocol::is_stateless(revision));
        let revision = revision.unwrap_or(LAST_WITH_HANDSHAKE);
        match self.shake_hands(Manner::Session, revision, deadline).await {
            Err(
                first @ Error::Unreachable {
                    status: Some(400 | 404 | 405),
                    ..
                },
            ) => match self.shake_hands(Manner::Events, revision, deadline).await {
                // Where neither is spoken, the answer to the newer one is the one to be told.
                Err(Error::Unreachable {
                    status: Some(400..=499),
                    ..
                }) => Err(first),
                reached => reached,
            },
            reached => reached,
        }
    }

    async fn shake_hands(
        &self,
        manner: Manner,
        revision: &str,
        deadline: Instant,
    ) -> Result<Client, Error> {
        let mut client = self.open(manner, revision, deadline).await?;
        let error = match client.initialize(revision, deadline).await {
            Ok(()) => return Ok(client),
            Err(error) => error,
        };
        // MCP 2025-11-25, Lifecycle: the server may name what it speaks instead.
        let other = supported(&error, |other| {
            !protocol::is_stateless(other) && other != revision
        });
        match other {
            Some(other) => {
                client.initialize(other, deadline).await?;
                Ok(client)
            }
            None => Err(error),
        }
    }

    async fn open(
        &self,
        manner: Manner,
        revision: &str,
        deadline: Instant,
    ) -> Result<Client, Error> {
        let wire = Wire::new(Arc::clone(&self.host), Arc::clone(&self.exposure));
        let wire = Arc::new(wire);
        let party = Party::new(
            Arc::clone(&wire),
            &self.introduction.name,
            self.host.capabilities(),
        );
        let opening = (self.connector.open)(self.endpoint.clone(), manner, party.clone());
        let link = timeout_at(deadline, opening)
            .await
            .map_err(|_| self.late(&wire))??;
        Ok(Client {
            service: link.service,
            process: link.process,
            wire,
            party,
            limits: self.limits,
            route: self.clone(),
            manner,
            revision: revision.to_owned(),
            greeting: Value::Null,
            is_proven: false,
            subscription: None,
        })
    }

    fn late(&self, wire: &Wire) -> Error {
        Error::Timeout {
            what: format!("the handshake by {}", self.endpoint.address()),
            limit: self.limits.start,
            stderr: wire.stderr(),
        }
    }
}

impl Client {
    /// Finds out whether the server is of the stateless era.
    async fn probe(&mut self, deadline: Instant) -> Result<Found, Error> {
        let now = Instant::now();
        let half = now + deadline.saturating_duration_since(now) / 2;
        let mut discover = self.send("server/discover", json!({}), &[]).await?;
        let patience = half.min(now + PATIENCE);
        if let Ok(response) = timeout_at(patience, &mut discover.rx).await {
            let answer = self.settle("server/discover", &discover.id, response).await;
            return match found(answer) {
                Found::Other(error) if self.process.is_some() && is_answer(&error) => {
                    Ok(self.greet(error, half.min(Instant::now() + PATIENCE)).await)
                }
                found => Ok(found),
            };
        }
        if self.process.is_none() {
            return Ok(Found::Other(self.route.late(&self.wire)));
        }
        let mut hello = self.hello(LAST_WITH_HANDSHAKE).await?;
        let mut reason = self.route.late(&self.wire);
        // What is answered is not to be waited for again.
        let (mut is_refused, mut is_turned_away) = (false, false);
        loop {
            tokio::select! {
                response = &mut discover.rx, if !is_refused => {
                    let answer = self.settle("server/discover", &discover.id, response).await;
                    match found(answer) {
                        Found::Other(error) => (reason, is_refused) = (error, true),
                        found => return Ok(found),
                    }
                }
                response = &mut hello.rx, if !is_turned_away => {
                    match self.settle("initialize", &hello.id, response).await {
                        Ok(greeting) => {
                            self.settled(greeting).await?;
                            return Ok(Found::Session);
                        }
                        // A server of the stateless era refuses this one, and the other comes.
                        Err(Error::Refused { code, .. }) if !is_refused && code::is_stateless(code) => {
                            is_turned_away = true;
                        }
                        Err(error) => return Ok(Found::Other(error)),
                    }
                }
                () = tokio::time::sleep_until(half) => return Ok(Found::Other(reason)),
            }
        }
    }

    /// Shakes hands with a server that has just refused the probe, which most take no harm from. The
    /// refusal stands where it does not shake hands now.
    async fn greet(&mut self, refusal: Error, deadline: Instant) -> Found {
        let revision = supported(&refusal, |revision| !protocol::is_stateless(revision));
        let revision = revision.unwrap_or(LAST_WITH_HANDSHAKE);
        match self.initialize(revision, deadline).await {
            Ok(()) => Found::Session,
            Err(_) => Found::Other(refusal),
        }
    }

    /// Shakes hands in a revision before the stateless era.
    async fn initialize(&mut self, revision: &str, deadline: Instant) -> Result<(), Error> {
        let mut hello = self.hello(revision).await?;
        let response = timeout_at(deadline, &mut hello.rx)
            .await
            .map_err(|_| self.route.late(&self.wire))?;
        let greeting = self.settle("initialize", &hello.id, response).await?;
        self.settled(greeting).await
    }

    async fn hello(&mut self, revision: &str) -> Result<RequestHandle<RoleClient>, Error> {
        let introduction = self.party.introduction(revision);
        let request = ClientRequest::InitializeRequest(InitializeRequest::new(introduction));
        self.dispatch("initialize", request, PeerRequestOptions::no_options())
            .await
    }

    /// Ends the handshake that the server has answered.
    async fn settled(&mut self, greeting: Value) -> Result<(), Error> {
        // What a server leaves out is taken to be what it was asked for.
        let revision = greeting.get("protocolVersion").and_then(Value::as_str);
        self.revision = revision.unwrap_or(LAST_WITH_HANDSHAKE).to_owned();
        self.is_proven = true;
        let logs = greeting.pointer("/capabilities/logging").is_some();
        self.greeting = greeting;
        if self.manner == Manner::Stateless {
            self.manner = Manner::Session;
        }
        let initialized = ClientNotification::InitializedNotification(InitializedNotification {
            method: Default::default(),
            extensions: Default::default(),
        });
        if let Err(error) = self.service.send_notification(initialized).await {
            return Err(self.failure("notifications/initialized", None, error).await);
        }
        if let Some(level) = self.route.introduction.log_level.filter(|_| logs) {
            // Nobody waits for the answer: it changes only what is said on the side.
            self.send("logging/setLevel", json!({"level": level}), &[])
                .await?;
        }
        Ok(())
    }

    /// Finds out anew what a server is that was met as one of the stateless era and has failed the
    /// first request.
    ///
    /// # Errors
    ///
    /// The request's own, where the server is what it was: it has then seen the request.
    pub(super) async fn meet_again(&mut self, error: Error) -> Result<(), Error> {
        let deadline = Instant::now() + self.limits.start;
        let pinned = match &self.route.introduction.revision {
            Revision::Pinned(revision) => Some(revision.as_str()),
            Revision::Met(_) | Revision::Unknown => None,
        };
        match &error {
            Error::Refused { code, .. } if code::is_stateless(*code) => {
                // It may be the one that was spoken: the request is then made once more.
                let may_be_spoken = |revision: &str| pinned.is_none_or(|pinned| pinned == revision);
                let Some(revision) = supported(&error, may_be_spoken) else {
                    return Err(error);
                };
                if protocol::is_stateless(revision) {
                    self.revision = revision.to_owned();
                } else {
                    *self = self
                        .route
                        .shake_hands(Manner::Session, revision, deadline)
                        .await?;
                }
                return Ok(());
            }
            _ if pinned.is_some() => return Err(error),
            Error::Refused { .. } => {
                let answer = self.exchange("server/discover", &json!({}), &[]).await;
                if let Found::Stateless(greeting) = found(answer) {
                    (self.greeting, self.is_proven) = (greeting, true);
                    return Err(error);
                }
            }
            Error::Gone { .. } => {}
            error if may_be_of_another_era(error) => {}
            _ => return Err(error),
        }
        match self.route.find_out(deadline).await {
            Ok(client) if !client.is_stateless() => *self = client,
            _ => return Err(error),
        }
        Ok(())
    }
}

/// Whether a server that answers in this way is still there to be spoken to.
fn is_answer(error: &Error) -> bool {
    matches!(error, Error::Refused { .. } | Error::Protocol(_))
}

/// What the answer to a probe says of the server.
fn found(answer: Result<Value, Error>) -> Found {
    match answer {
        Ok(greeting) => {
            let supports = |revision: &Value| revision == NEWEST;
            match greeting.get("supportedVersions").and_then(Value::as_array) {
                Some(versions) if versions.iter().any(supports) => Found::Stateless(greeting),
                Some(versions) => Found::Other(Error::Refused {
                    method: "server/discover".to_owned(),
                    code: code::UNSUPPORTED_REVISION,
                    message: "the server speaks another revision".to_owned(),
                    data: Some(Box::new(json!({"supported": versions}))),
                }),
                None => Found::Other(Error::Protocol(
                    "an odd answer to server/discover".to_owned(),
                )),
            }
        }
        Err(error) => Found::Other(error),
    }
}

/// The newest revision spoken here that an error says the server supports.
fn supported(error: &Error, wanted: impl Fn(&str) -> bool) -> Option<&'static str> {
    let Error::Refused {
        data: Some(data), ..
    } = error
    else {
        return None;
    };
    let supported = data.get("supported")?.as_array()?;
    REVISIONS
        .into_iter()
        .find(|revision| wanted(revision) && supported.iter().any(|other| other == revision))
}

/// Whether a server that fails the first message in this way may speak another revision than it did.
fn may_be_of_another_era(error: &Error) -> bool {
    match error {
        Error::Refused { code, .. } => {
            code::is_stateless(*code) || (-32602..=-32600).contains(code)
        }
        Error::Unreachable {
            status: Some(status),
            ..
        } => (400..500).contains(status) && !matches!(status, 408 | 429),
        _ => false,
    }
}
