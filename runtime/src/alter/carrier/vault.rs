//! The vault as the carrier: it makes the request itself, and the credential never comes here.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};

use super::call::{Call, check, incoming};
use super::repeat::{Asked, Effect, Repeats, Waited};
use super::{Desk, obstacles};
use crate::alter::approval::{self, unfinished};
use crate::alter::forward::{Errand, Forwarded, Pending, Reply};
use crate::alter::refusal::Refusal;
use crate::loopback::{Incoming, Outgoing, Rejection, Upstream};
use crate::vault::{Boxed, Grant};

/// What comes of a request, for each who waits for it.
type Outcome = Result<Arc<Reply>, Rejection>;

/// Has requests made with one grant.
pub(super) struct Vault {
    desk: Arc<Desk>,
    grant: Grant,
    repeats: Repeats<Outcome>,
}

impl Vault {
    pub(super) fn new(desk: Arc<Desk>, grant: Grant) -> Self {
        Self {
            repeats: Repeats::new(Arc::clone(&desk.works)),
            desk,
            grant,
        }
    }

    async fn carry(&self, outgoing: Outgoing) -> Result<Incoming, Rejection> {
        let request = obstacles::request(&outgoing.method, &outgoing.url);
        self.desk.obstacles.recall(&request);
        let method = outgoing.method.clone();
        let effect = match method.is_safe() {
            true => Effect::None,
            false => Effect::Some,
        };
        let call = Call::take(outgoing).await?;
        let key = call.key();
        let ask = ask(Arc::clone(&self.desk), self.grant.clone(), request, call);
        let reply = self.repeats.ask(key, effect, Box::pin(ask)).await?;
        incoming(&reply, &method)
    }
}

impl Upstream for Vault {
    fn accepts(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        check(headers)
    }

    fn send(&self, request: Outgoing) -> Boxed<'_, Result<Incoming, Rejection>> {
        Box::pin(self.carry(request))
    }
}

/// Asks the vault, and once more if a person has given what was not there.
async fn ask(desk: Arc<Desk>, grant: Grant, request: String, call: Call) -> Asked<Outcome> {
    let ask = async |grant: &Grant| {
        let errand = Errand {
            grant,
            method: call.method.as_str(),
            url: &call.url,
            headers: call.headers.clone(),
            body: call.body.clone(),
        };
        desk.client.forward(errand).await
    };
    let answer = match ask(&grant).await {
        Ok(forwarded) => Ok(forwarded),
        Err(refusal) => match desk.mender.mend(&grant, refusal).await {
            Ok(grant) => ask(&grant).await,
            Err(refusal) => Err(refusal),
        },
    };
    match answer {
        Ok(Forwarded::Answered(reply)) => {
            desk.obstacles.clear(&request);
            Asked::Settled(Ok(Arc::new(reply)))
        }
        Ok(Forwarded::Pending(pending)) => Asked::Pending(Box::new(move || {
            // It is what the run ends with, should it end before the approval does.
            desk.obstacles.note(&request, left(&desk, &pending).fault());
            approval::begin(&desk.client, &pending);
            Box::pin(wait(desk, request, pending))
        })),
        Err(refusal) => Asked::Settled(Err(desk.turn_down(&request, &refusal))),
    }
}

/// Waits for an approval. What it comes to stands for the rest of the run, unless it is the answer: a
/// person who has said no, or nothing, is not asked again.
async fn wait(desk: Arc<Desk>, request: String, pending: Pending) -> Waited<Outcome> {
    let settled = approval::settled(&desk.client, &pending.id, desk.patience.limit).await;
    match settled {
        Ok(Some(reply)) => {
            desk.obstacles.clear(&request);
            Waited::Once(Ok(Arc::new(reply)))
        }
        Ok(None) => {
            let refusal = left(&desk, &pending);
            Waited::Always(Err(Rejection {
                status: StatusCode::FORBIDDEN,
                ..desk.turn_down(&request, &refusal)
            }))
        }
        Err(refusal) => Waited::Always(Err(desk.turn_down(&request, &refusal))),
    }
}

/// The refusal that an approval is which is not given yet.
fn left(desk: &Desk, pending: &Pending) -> Refusal {
    unfinished(&desk.client, &pending.id, Some(&pending.url))
}
