//! The credentials that routes use, each fetched once for all that want it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::Desk;
use crate::alter::credential::{Credential, Purpose};
use crate::alter::joint::Joint;
use crate::alter::refusal::Refusal;
use crate::vault::Grant;

/// The longest that a credential is used without asking the vault again: what is revoked there is not
/// used for longer here.
const LONGEST: Duration = Duration::from_secs(60);

/// How long a refusal stands for those who ask again at once.
const REFUSED: Duration = Duration::from_secs(1);

/// What the vault said, and until when that is taken for true.
#[derive(Clone)]
struct Fetched {
    answer: Result<Arc<Credential>, Refusal>,
    until: Instant,
}

/// A credential for an origin. The vault may have rules about hosts, and was asked about this one.
struct Held {
    grant: Grant,
    origin: String,
    fetched: Joint<Fetched>,
}

/// The credentials in use.
#[derive(Default)]
pub(super) struct Credentials(Mutex<Vec<Held>>);

impl Credentials {
    /// The credential of a grant, for a request.
    ///
    /// # Errors
    ///
    /// The vault's refusal.
    pub(super) async fn get(
        &self,
        desk: &Arc<Desk>,
        grant: &Grant,
        method: &str,
        url: &Url,
    ) -> Result<Arc<Credential>, Refusal> {
        let origin = url.origin().ascii_serialization();
        let fetched = {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.retain(|held| {
                let fetched = held.fetched.peek();
                fetched.is_none_or(|fetched| Instant::now() < fetched.until)
            });
            let known = held
                .iter()
                .find(|held| held.grant == *grant && held.origin == origin);
            match known {
                Some(held) => held.fetched.clone(),
                None => {
                    let mut url = url.clone();
                    url.set_query(None);
                    let fetch = fetch(Arc::clone(desk), grant.clone(), method.to_owned(), url);
                    let fetched = desk.works.begin(fetch);
                    held.push(Held {
                        grant: grant.clone(),
                        origin,
                        fetched: fetched.clone(),
                    });
                    fetched
                }
            }
        };
        fetched.await.answer
    }

    /// Forgets a credential that the origin does not take.
    pub(super) fn forget(&self, credential: &Arc<Credential>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|held| {
            let answer = held.fetched.peek().map(|fetched| &fetched.answer);
            !matches!(answer, Some(Ok(held)) if Arc::ptr_eq(held, credential))
        });
    }
}

/// Asks the vault, and once more if a person has given what was not there.
async fn fetch(desk: Arc<Desk>, grant: Grant, method: String, url: Url) -> Fetched {
    let purpose = Purpose {
        method: &method,
        url: url.as_str(),
    };
    let ask = async |grant: &Grant| desk.client.token(grant, Some(purpose), None).await;
    let answer = match ask(&grant).await {
        Ok(credential) => Ok(credential),
        Err(refusal) => match desk.mender.mend(&grant, refusal).await {
            Ok(grant) => ask(&grant).await,
            Err(refusal) => Err(refusal),
        },
    };
    let time = match &answer {
        Ok(credential) => credential
            .lifetime()
            .map_or(LONGEST, |seconds| LONGEST.min(Duration::from_secs(seconds))),
        Err(_) => REFUSED,
    };
    Fetched {
        answer: answer.map(Arc::new),
        until: Instant::now() + time,
    }
}
