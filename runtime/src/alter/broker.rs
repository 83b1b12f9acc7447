//! What a run gets out of the vault.
//!
//! Every grant is asked for once, however many slots want something of it, and all at the same time.
//! Nothing is kept from one supply to the next: a server that is started again gets what the vault
//! has then.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};

use super::address::destination;
use super::approval;
use super::carrier::Routes;
use super::client::Alter;
use super::credential::{Credential, Purpose};
use super::endpoints::Holder;
use super::mend::Mender;
use super::refusal::{Kind, Refusal};
use crate::error::Error;
use crate::secret::Secret;
use crate::vault::{
    Approval, Boxed, Broker, Connection, Finding, Grant, Opening, Patience, Supply, Want, What,
};

/// What a derived key is to be able to do: all that a server which speaks to the vault itself needs.
const DERIVED_SCOPES: &[&str] = &[
    "tokens:retrieve",
    "proxy:execute",
    "connect:initiate",
    "audit:emit",
];

/// For how many seconds a derived key lives.
const DERIVED_LIFE: u64 = 15 * 60;

/// The broker of one run.
pub(super) struct AlterBroker {
    client: Arc<Alter>,
    routes: Routes,
    mender: Arc<Mender>,
    patience: Patience,
}

/// A grant that something is wanted of, and what for.
struct Wanted {
    grant: Grant,
    /// The method and the address of a request that the credential is for, if there is one.
    purpose: Option<(&'static str, String)>,
}

impl AlterBroker {
    pub(super) fn open(opening: Opening) -> Result<Self, Error> {
        let client = Arc::new(Alter::open(&opening)?);
        Ok(Self::over(client, opening.patience, opening.agent))
    }

    pub(super) fn over(client: Arc<Alter>, patience: Patience, agent: Option<String>) -> Self {
        let mender = Mender::new(Arc::clone(&client), patience, agent);
        Self {
            routes: Routes::new(Arc::clone(&client), patience, Arc::clone(&mender)),
            client,
            mender,
            patience,
        }
    }

    async fn supplied(&self, wants: Vec<Want>) -> Result<Supply, Error> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for Want { slot, what } in &wants {
            let (grant, purpose) = match what {
                What::Value {
                    grant, destination, ..
                } => (grant, purpose(slot, "GET", destination.as_deref())?),
                What::Headers { grant, url } => (grant, purpose(slot, "POST", Some(url))?),
                What::Route { .. } | What::Capability | What::Derived => continue,
            };
            match wanted.iter_mut().find(|wanted| wanted.grant == *grant) {
                Some(wanted) => wanted.purpose = wanted.purpose.take().or(purpose),
                None => wanted.push(Wanted {
                    grant: grant.clone(),
                    purpose,
                }),
            }
        }
        let fetched = join_all(wanted.iter().map(|wanted| self.fetch(wanted))).await;
        let credential = |grant: &Grant| {
            let mut pairs = wanted.iter().zip(&fetched);
            let (_, fetched) = pairs.find(|(wanted, _)| wanted.grant == *grant)?;
            Some(fetched.as_ref().map_err(Clone::clone))
        };
        let fetched = |slot: &str, grant: &Grant| -> Result<&Credential, Error> {
            let outcome = credential(grant);
            let outcome = outcome.unwrap_or_else(|| Err(Refusal::malformed("it is not there")));
            outcome.map_err(|refusal| for_slot(slot, refusal))
        };
        let mut supply = Supply::default();
        let mut derived = None;
        for Want { slot, what } in &wants {
            let value = match what {
                What::Value { grant, field, .. } => fetched(slot, grant)?
                    .value(field.as_deref())
                    .map_err(|refusal| for_slot(slot, refusal))?,
                What::Headers { grant, .. } => {
                    let headers = fetched(slot, grant)?.as_headers();
                    let headers = headers.map_err(|refusal| for_slot(slot, refusal))?;
                    supply.headers.extend(headers);
                    continue;
                }
                What::Derived => match &derived {
                    Some(key) => Secret::clone(key),
                    None => derived.insert(self.derived().await?).clone(),
                },
                What::Route {
                    grant,
                    origin,
                    carrier,
                } => self
                    .routes
                    .address(grant, origin, *carrier)
                    .await
                    .map_err(|error| at_slot(slot, error))?,
                What::Capability => self.routes.capability().await?,
            };
            supply.values.insert(slot.clone(), value);
        }
        Ok(supply)
    }

    /// Gets the credential of a grant, and once more if a person has given what was not there.
    async fn fetch(&self, wanted: &Wanted) -> Result<Credential, Refusal> {
        let purpose = wanted.purpose.as_ref();
        let purpose = purpose.map(|(method, url)| Purpose { method, url });
        let reason = match purpose {
            Some(Purpose { method: "POST", .. }) => None,
            _ => Some(format!(
                "handed over to the server of {}",
                self.client.program
            )),
        };
        let (client, reason) = (&self.client, reason.as_deref());
        match client.token(&wanted.grant, purpose, reason).await {
            Ok(credential) => Ok(credential),
            Err(refusal) => {
                let grant = self.mender.mend(&wanted.grant, refusal).await?;
                client.token(&grant, purpose, reason).await
            }
        }
    }

    /// A key of a few minutes, for a server that speaks to the vault itself.
    ///
    /// What the key of the run cannot do that of the server need not: it is asked for without. Where
    /// there is no such key at all, or it would not be the same agent's, the server gets the key of
    /// the run, and that is said.
    async fn derived(&self) -> Result<Secret, Error> {
        let client = &self.client;
        let mut outcome = client.derive(DERIVED_SCOPES, DERIVED_LIFE).await;
        if let Err(refusal) = &outcome
            && refusal.kind == Kind::InsufficientScope
        {
            let missing = refusal.texts("missing");
            let left: Vec<&str> = DERIVED_SCOPES
                .iter()
                .copied()
                .filter(|scope| !missing.contains(scope))
                .collect();
            if !missing.contains(&"keys:derive") && (1..DERIVED_SCOPES.len()).contains(&left.len())
            {
                outcome = client.derive(&left, DERIVED_LIFE).await;
            }
        }
        let why = match outcome {
            Ok(key) => match self.is_of_the_same_holder(&key).await? {
                true => return Ok(key),
                false => "a derived key would not be the agent's".to_owned(),
            },
            Err(refusal) if matches!(refusal.status, Some(400 | 403 | 404 | 409 | 422)) => {
                refusal.fault().message
            }
            Err(refusal) => return Err(refusal.into()),
        };
        client.printer().warn(&format!(
            "the server gets the key to the vault itself, and not one of a few minutes: {why}"
        ));
        Ok(client.key().clone())
    }

    /// Whether a derived key is of the agent that the key of the run is of, if it is of one.
    async fn is_of_the_same_holder(&self, key: &Secret) -> Result<bool, Refusal> {
        if !self.client.may_be_an_agents() {
            return Ok(true);
        }
        match self.client.holder().await? {
            Holder::Application => Ok(true),
            agent => Ok(self.client.with_key(key).holder().await? == agent),
        }
    }
}

impl Broker for AlterBroker {
    fn supply(&self, wants: Vec<Want>) -> Boxed<'_, Result<Supply, Error>> {
        Box::pin(self.supplied(wants))
    }

    fn begin(&self) {
        self.routes.begin();
    }

    fn close(&self) -> Boxed<'_, Option<Error>> {
        Box::pin(self.routes.close())
    }

    fn connect(&self, connection: Connection) -> Boxed<'_, Result<Value, Error>> {
        Box::pin(async move {
            let provider = connection.provider.clone();
            let grants = self.mender.connect(connection).await?;
            let grants: Vec<Value> = grants
                .iter()
                .map(|grant| {
                    json!({
                        "grant_id": grant.grant_id, "provider": grant.provider,
                        "account": grant.account, "scopes": grant.scopes,
                    })
                })
                .collect();
            Ok(json!({"provider": provider, "status": "connected", "grants": grants}))
        })
    }

    fn approvals(&self, action: Approval) -> Boxed<'_, Result<Value, Error>> {
        Box::pin(async move {
            match action {
                Approval::List => approval::listed(&self.client).await,
                Approval::Wait(id) => approval::waited(&self.client, &id, self.patience).await,
            }
        })
    }

    fn examine(&self, grants: Vec<Grant>) -> Boxed<'_, Vec<Finding>> {
        Box::pin(async move { super::examine::examine(&self.client, &grants).await })
    }
}

/// The request that a credential is for, which the vault's rules about hosts go by. A server behind a
/// socket of this machine has no address that the vault could judge.
fn purpose(
    slot: &str,
    method: &'static str,
    url: Option<&str>,
) -> Result<Option<(&'static str, String)>, Error> {
    let Some(url) = url.filter(|url| !url.starts_with("unix:")) else {
        return Ok(None);
    };
    match destination(url) {
        Ok(url) => Ok(Some((method, url.into()))),
        Err(why) => Err(Error::usage(format!(
            "{slot}: the origin of the credential {why}"
        ))),
    }
}

/// The refusal, with the slot that was to be filled.
fn for_slot(slot: &str, mut refusal: Refusal) -> Error {
    refusal.details.insert("slot".to_owned(), slot.into());
    let mut fault = refusal.fault();
    fault.message = format!("{slot}: {}", fault.message);
    Error::Vault(Box::new(fault))
}

/// An error about what a slot was to be filled with.
fn at_slot(slot: &str, error: Error) -> Error {
    match error {
        Error::Usage { message, hint } => Error::Usage {
            message: format!("{slot}: {message}"),
            hint,
        },
        other => other,
    }
}
