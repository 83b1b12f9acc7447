//! What a person can give when the vault has no grant, and what is gone on with then.
//!
//! A provider is connected once a run, however many slots and requests want a grant for it: they wait
//! for the same person, and are told the same.

use std::sync::{Arc, Mutex, PoisonError};

use super::client::Alter;
use super::connect::{Connected, Wish};
use super::connecting::{End, Occasion, connect};
use super::credential::Asked;
use super::endpoints::Holder;
use super::joint::{Joint, Works};
use super::refusal::{Kind, Recovery, Refusal};
use crate::secret::Secret;
use crate::vault::{Address, Connection, Grant, Patience};

/// What a run has had connected.
pub(super) struct Mender {
    client: Arc<Alter>,
    patience: Patience,
    /// The agent that new grants are given to, as the configuration has it.
    agent: Option<String>,
    works: Works,
    begun: Mutex<Vec<(Errand, Joint<End>)>>,
}

/// What is to be connected. The scopes, the agent and what is repaired do not tell one from another.
#[derive(Debug, Clone, Default)]
struct Errand {
    provider: String,
    label: Option<String>,
    user_token: Option<Secret>,
    scopes: Vec<String>,
    agent: Option<String>,
    repair: Option<String>,
}

impl Errand {
    fn is_that_of(&self, other: &Self) -> bool {
        (&self.provider, &self.label, &self.user_token)
            == (&other.provider, &other.label, &other.user_token)
    }
}

impl Mender {
    pub(super) fn new(client: Arc<Alter>, patience: Patience, agent: Option<String>) -> Arc<Self> {
        Arc::new(Self {
            client,
            patience,
            agent,
            works: Works::default(),
            begun: Mutex::default(),
        })
    }

    /// Has a person give what the vault has not got: the grant to ask it for again.
    ///
    /// # Errors
    ///
    /// The refusal itself, with the page where it can be mended, or why it cannot; what the person
    /// made of the page, where that was something else.
    pub(super) async fn mend(
        self: &Arc<Self>,
        grant: &Grant,
        refusal: Refusal,
    ) -> Result<Grant, Refusal> {
        let Some(Recovery {
            provider,
            agent,
            repair,
        }) = refusal.recovery()
        else {
            return Err(refusal);
        };
        let errand = Errand {
            label: match &grant.by {
                Address::Provider { label, .. } => label.clone(),
                Address::Id(_) => None,
            },
            user_token: grant.user_token.clone(),
            scopes: match refusal.kind {
                Kind::ScopeReauthRequired => refusal.texts("missing"),
                _ => Vec::new(),
            }
            .into_iter()
            .map(str::to_owned)
            .collect(),
            provider: provider.clone(),
            agent,
            repair,
        };
        match self.joint(errand).await {
            End::Connected(grants) => Ok(self.renewed(grant, &provider, &grants)),
            End::Waiting { url, expires_in } => Err(refusal.with_page(&provider, &url, expires_in)),
            End::Failed(other) => Err(other),
            End::NoSession(other) if other.kind == refusal.kind => Err(refusal),
            End::NoSession(other) => {
                let fault = other.fault();
                let hint = match fault.hint {
                    Some(hint) => format!("{}: {hint}", fault.message),
                    None => fault.message,
                };
                Err(refusal.with_hint(hint))
            }
        }
    }

    /// Has a person connect a provider ahead of the calls that need it.
    pub(super) async fn connect(&self, connection: Connection) -> Result<Vec<Connected>, Refusal> {
        let errand = Errand {
            provider: connection.provider,
            user_token: connection.user_token,
            scopes: connection.scopes,
            agent: connection.agent,
            ..Errand::default()
        };
        match self.run(&errand, Occasion::Command).await {
            End::Connected(grants) => Ok(grants),
            End::Waiting { url, expires_in } => {
                let refusal = Refusal::told(Kind::ConnectPending, None, None);
                let refusal = refusal.of(&self.client.program);
                let refusal = refusal.about(&Asked::of_provider(&errand.provider));
                Err(refusal.with_page(&errand.provider, &url, expires_in))
            }
            End::Failed(refusal) | End::NoSession(refusal) => Err(refusal),
        }
    }

    /// Gives up what nobody has been to.
    pub(super) fn end(&self) {
        self.works.end();
    }

    /// What comes of an errand, which is run once.
    fn joint(self: &Arc<Self>, errand: Errand) -> Joint<End> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let known = begun.iter().find(|(known, _)| known.is_that_of(&errand));
        if let Some((_, joint)) = known {
            return joint.clone();
        }
        let (mender, wanted) = (Arc::clone(self), errand.clone());
        let joint = self
            .works
            .begin(async move { mender.run(&wanted, Occasion::Call).await });
        begun.push((errand, joint.clone()));
        joint
    }

    async fn run(&self, errand: &Errand, occasion: Occasion) -> End {
        let agent = self.agent(errand).await;
        if let (Some(agent), None) = (&agent, &errand.user_token) {
            return End::NoSession(self.needs_user(&errand.provider, agent));
        }
        let wish = Wish {
            provider: &errand.provider,
            scopes: &errand.scopes,
            user_token: errand.user_token.as_ref(),
            agent: agent.as_deref(),
            label: errand.label.as_deref(),
            repair: errand.repair.as_deref(),
        };
        connect(&self.client, &wish, self.patience, occasion).await
    }

    /// The agent that a grant is to be given to: the one that the vault or somebody names, else the one
    /// that the key is of, which sees no other grants.
    async fn agent(&self, errand: &Errand) -> Option<String> {
        if let Some(agent) = errand.agent.as_ref().or(self.agent.as_ref()) {
            return Some(agent.clone());
        }
        if !self.client.may_be_an_agents() {
            return None;
        }
        match self.client.holder().await {
            Ok(Holder::Agent { id, .. }) => Some(id),
            // Whoever it is, the vault will say what it makes of the session.
            Ok(Holder::Application) | Err(_) => None,
        }
    }

    /// The refusal to make a session in which nobody could give an agent anything.
    fn needs_user(&self, provider: &str, agent: &str) -> Refusal {
        let refusal = Refusal::told(Kind::NeedsUser, None, None);
        let refusal = refusal.about(&Asked::of_provider(provider));
        refusal.of(&self.client.program).with_hint(format!(
            "give the user's token with `user_token`, or have the vault's operator give the agent {agent} \
             a grant for `{provider}`"
        ))
    }

    /// What to ask for where this grant was asked for: the one that has come in its place, where it was
    /// named by its id.
    fn renewed(&self, grant: &Grant, provider: &str, grants: &[Connected]) -> Grant {
        let Address::Id(id) = &grant.by else {
            return grant.clone();
        };
        let mut new = grants.iter().filter(|new| new.provider == provider);
        let (is_same, first) = match new.next() {
            None => return grant.clone(),
            Some(first) => (first.grant_id == *id, first.grant_id.clone()),
        };
        if !is_same {
            self.client.printer().warn(&format!(
                "grant {first} has come in the place of {id}: name it, or the provider `{provider}`, in the \
                 configuration"
            ));
        }
        Grant {
            by: Address::Id(first),
            ..grant.clone()
        }
    }
}
