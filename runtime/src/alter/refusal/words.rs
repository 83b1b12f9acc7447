//! What a refusal is in words: a message without advice, and the advice.

use super::{Kind, Refusal};
use crate::arguments::quoted;
use crate::environment::VAULT_KEYS;

/// How many seconds apart two clocks are before it is worth a word.
pub(in crate::alter) const SKEW: u64 = 60;

impl Refusal {
    /// What is wrong.
    pub(super) fn message(&self) -> String {
        let about = self.grant("the");
        let scopes = |name: &str| self.texts(name).join(", ");
        let said = match (&self.said.message, &self.said.code) {
            (Some(words), _) if !words.is_empty() => Some(words.trim_end_matches('.')),
            (_, Some(code)) => Some(code.as_str()),
            _ => None,
        };
        let with = |words: &str| match said {
            Some(said) => format!("{words}: {said}"),
            None => words.to_owned(),
        };
        let message = match self.kind {
            Kind::NeedsProxy => {
                let why = match self.said.code.as_deref().unwrap_or_default() {
                    "delegated_grant_requires_proxy" => "it is delegated by somebody",
                    "hitl_grant_requires_proxy" => "each use of it needs an approval",
                    "user_limits_require_proxy" => "its user has set limits to it",
                    _ => "it is restricted to some requests",
                };
                format!("the vault does not hand out {about}: {why}")
            }
            Kind::CallerAgentMismatch => {
                "the key to the vault is of another agent than the caller".to_owned()
            }
            Kind::GrantRevoked => format!("{about} was revoked"),
            Kind::CredentialRevoked => format!("the credential of {about} no longer works"),
            Kind::NoKey => with("the key to the vault is not one"),
            Kind::InvalidKey => "the vault does not know the key".to_owned(),
            Kind::KeyRevoked => "the key to the vault was revoked".to_owned(),
            Kind::KeyExpired => "the key to the vault has expired".to_owned(),
            Kind::KeyRotated => "the key to the vault was replaced, and works no longer".to_owned(),
            Kind::KeyInactive => "the key to the vault is not active".to_owned(),
            Kind::AgentInactive => "the agent of this key is paused".to_owned(),
            Kind::AgentRevoked => "the agent of this key was revoked".to_owned(),
            Kind::UserToken => with("the vault does not accept the user token"),
            Kind::Unauthenticated => with("the vault does not accept the request"),
            Kind::PlanLimit => with("the plan at the vault is used up"),
            Kind::InsufficientScope if !self.texts("missing").is_empty() => {
                format!("the key to the vault lacks the scope {}", scopes("missing"))
            }
            Kind::InsufficientScope | Kind::NotNarrowing => {
                with("the key to the vault lacks a scope")
            }
            Kind::GrantExpired => format!("{about} has expired"),
            Kind::ScopeReauthRequired => format!("{about} does not allow what is needed of it"),
            Kind::StepUpRequired => match self.details.get("max_session_age_seconds") {
                Some(age) => format!("the vault wants a sign-in not older than {age} s"),
                None => "the vault wants a fresh sign-in".to_owned(),
            },
            Kind::RedactDischargeFailed => with("the vault could not redact the answer"),
            Kind::GrantNotDelegable => with(&format!("{about} cannot be passed on")),
            Kind::NeedsAgentKey => {
                "the key is an application's, and an agent's is needed".to_owned()
            }
            Kind::NeedsUser => "a grant is given to an agent by a user".to_owned(),
            Kind::PolicyViolation => with("the vault's policy forbids it"),
            Kind::NoDelegatedGrant => format!("nobody has given this agent {}", self.grant("a")),
            Kind::AgentNotFound => with("the vault does not know the agent"),
            Kind::SecretNotFound => with("the vault has no secret of this name"),
            Kind::GrantNotFound => {
                format!("the vault has no {} that this key can use", self.grant(""))
            }
            Kind::NotFound => "the vault has nothing at this address".to_owned(),
            Kind::RefreshInProgress => format!("the token of {about} is being refreshed"),
            Kind::AmbiguousGrant => format!("{about} could be several{}", self.candidates()),
            Kind::SiblingLabelConflict => with("the label is taken by another grant"),
            Kind::CredentialIdRequired => with("there are several credentials to choose from"),
            Kind::CredentialNotAssignable => with("the credential is its user's own"),
            Kind::NeedsOperator => with("the vault is not set up for this"),
            Kind::GrantDeleted => format!("{about} was deleted"),
            Kind::BlockedDestination => with("the vault does not send this credential there"),
            Kind::QueryTooLong => "the query is too long for the vault".to_owned(),
            Kind::SecretTemplateMismatch => with("the secret is of another kind"),
            Kind::QuotaExceeded => with("the quota at the vault is used up"),
            Kind::RateLimited => "too many requests to the vault".to_owned(),
            Kind::KeyAppNotFound => "the key to the vault belongs to no application".to_owned(),
            Kind::CallerAgentResolution => with("the vault could not find out which agent calls"),
            Kind::Trouble => with("the vault is in trouble"),
            Kind::VaultTimeout => match self.text("timeout_reason") {
                Some(reason) => format!("the vault ran out of time: {reason}"),
                None => "the vault ran out of time".to_owned(),
            },
            Kind::Refused => with("the vault refused"),
            Kind::ApprovalPending => with("an approval is needed, and not given yet"),
            Kind::ApprovalDenied => with("the approval was denied"),
            Kind::ApprovalExpired => "nobody approved it in time".to_owned(),
            Kind::ApprovalFailed => with("it was approved, and then failed"),
            Kind::ApprovalNotFound => "the vault has no approval of this id".to_owned(),
            Kind::ConnectPending => format!("nobody has connected {about} yet"),
            Kind::ConnectConfig => with(&format!(
                "{about} cannot be connected as the vault is set up"
            )),
            Kind::ConnectDenied => format!("the person declined to connect {about}"),
            Kind::ConnectExpired => format!("nobody connected {about} in time"),
            Kind::ConnectFailed => with(&format!("{about} was not connected")),
            Kind::AgentNameExists => "there is an agent of this name".to_owned(),
            Kind::AgentConcurrentUpdate => "the agent was changed by somebody else".to_owned(),
            Kind::AgentCannotMint => "an agent cannot make agents".to_owned(),
            Kind::KeyNotFound => "there is no such key".to_owned(),
            Kind::KeyAlreadyRevoked => "the key was revoked before".to_owned(),
            Kind::LastActiveKey => "it is the agent's last key".to_owned(),
            Kind::AgentKeyLimit => "the agent has as many keys as it may".to_owned(),
            Kind::IdempotencyConflict => with("the same request was made before, and differs"),
            Kind::Malformed => with("the vault's answer is malformed"),
            Kind::NoConnection => with("cannot reach the vault"),
            Kind::TimedOut => with("no answer from the vault"),
            Kind::BadArgument => said.unwrap_or("a request to the vault is wrong").to_owned(),
        };
        let mut notes: Vec<String> = Vec::new();
        let is_named = self.kind != Kind::Malformed;
        if let Some(status) = self
            .status
            .filter(|_| is_named && self.kind.is_to_be_reported())
        {
            notes.push(format!("HTTP {status}"));
        }
        let id = self.text("request_id").or(self.text("correlation_id"));
        if let Some(id) = id.filter(|_| self.kind.is_to_be_reported()) {
            notes.push(format!("request {id}"));
        }
        match notes.is_empty() {
            true => message,
            false => format!("{message} ({})", notes.join(", ")),
        }
    }

    /// What to do about it: as the vault says, where it says it.
    pub(super) fn hint(&self) -> Option<String> {
        if let (Some(provider), Some(url)) = (self.text("provider"), self.text("connect_url")) {
            let connect = self.command(&["auth", "connect", provider]);
            return Some(format!(
                "run `{connect}` on a terminal, or open {url}; --mcp-wait waits for that"
            ));
        }
        if let Some(hint) = &self.said.hint {
            return Some(hint.clone());
        }
        let [name, _] = VAULT_KEYS;
        let set = self.command(&["auth", "set", name]);
        let key = format!("run `{set}` with a live one, or set the variable {name}");
        let later = match self.retry_after {
            Some(seconds) => format!("try again in {seconds} s"),
            None => "try again later".to_owned(),
        };
        Some(match self.kind {
            Kind::NeedsProxy => {
                "set `mode = \"forward\"` for it, so that the vault makes the requests".to_owned()
            }
            Kind::CallerAgentMismatch | Kind::AgentNotFound => {
                "give the key of the agent that calls, or none by its id".to_owned()
            }
            Kind::NoKey
            | Kind::InvalidKey
            | Kind::KeyRevoked
            | Kind::KeyExpired
            | Kind::KeyRotated
            | Kind::KeyInactive
            | Kind::KeyAppNotFound => key,
            Kind::AgentInactive => "ask the vault's operator to let it go on".to_owned(),
            Kind::AgentRevoked => "ask the vault's operator for another agent's key".to_owned(),
            Kind::UserToken => "sign the user in again, and give the new token".to_owned(),
            Kind::Unauthenticated => return Some(self.clock()),
            Kind::InsufficientScope | Kind::NotNarrowing => {
                "ask the vault's operator for a key with this scope".to_owned()
            }
            Kind::GrantRevoked
            | Kind::CredentialRevoked
            | Kind::GrantExpired
            | Kind::ScopeReauthRequired
            | Kind::NoDelegatedGrant
            | Kind::GrantNotFound
            | Kind::GrantDeleted
            | Kind::ConnectPending
            | Kind::ConnectExpired
            | Kind::ConnectFailed => match self.text("provider_id") {
                Some(provider) => format!("run `{}`", self.command(&["auth", "connect", provider])),
                None => {
                    "name a grant that this key can use, or a provider: by the id of a grant alone \
                         nothing can be connected"
                        .to_owned()
                }
            },
            Kind::StepUpRequired => "sign in again".to_owned(),
            Kind::NeedsUser => {
                "give the user's token with `user_token` in the configuration, or have the vault's \
                 operator give the agent a grant"
                    .to_owned()
            }
            Kind::NeedsAgentKey => "give an agent's key in AGENT_API_KEY".to_owned(),
            Kind::SecretNotFound | Kind::SecretTemplateMismatch => {
                "give the secret's slug as the provider, as the vault's portal shows it".to_owned()
            }
            Kind::NotFound => "see whether the address is the vault's".to_owned(),
            Kind::AmbiguousGrant => "name one by `account`, `label` or `grant_id`".to_owned(),
            Kind::NeedsOperator
            | Kind::ConnectConfig
            | Kind::PlanLimit
            | Kind::GrantNotDelegable => "ask the vault's operator".to_owned(),
            Kind::BlockedDestination => {
                "ask the vault's operator to allow the host for this credential".to_owned()
            }
            Kind::QuotaExceeded
            | Kind::RateLimited
            | Kind::AgentConcurrentUpdate
            | Kind::RefreshInProgress
            | Kind::CallerAgentResolution
            | Kind::Trouble
            | Kind::VaultTimeout
            | Kind::TimedOut => later,
            Kind::ApprovalPending => match self.text("approval_id") {
                Some(id) => format!("run `{}`", self.command(&["auth", "approvals", "wait", id])),
                None => later,
            },
            Kind::ApprovalNotFound => {
                format!("run `{}`", self.command(&["auth", "approvals", "list"]))
            }
            Kind::NoConnection => {
                "see whether the network and the vault's address are right".to_owned()
            }
            _ => return None,
        })
    }

    /// The grant that was asked for, with an article where it has no name of its own.
    fn grant(&self, article: &str) -> String {
        let words = match (self.text("provider_id"), self.text("grant_id")) {
            (Some(provider), _) => format!("{article} grant for `{provider}`"),
            (None, Some(grant)) => format!("grant {grant}"),
            (None, None) => format!("{article} grant"),
        };
        words.trim_start().to_owned()
    }

    /// The grants that it could have been, by what tells them apart.
    fn candidates(&self) -> String {
        let list = self
            .details
            .get("candidates")
            .and_then(|list| list.as_array());
        let names: Vec<String> = list
            .into_iter()
            .flatten()
            .filter_map(|grant| {
                let part = |name: &str| grant.get(name).and_then(|value| value.as_str());
                let parts = [
                    part("label").map(|label| format!("label `{label}`")),
                    part("account_identifier").map(|account| format!("account `{account}`")),
                ];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                match parts.is_empty() {
                    true => part("grant_id").map(str::to_owned),
                    false => Some(parts.join(" ")),
                }
            })
            .collect();
        match names.is_empty() {
            true => String::new(),
            false => format!(": {}", names.join(", ")),
        }
    }

    /// What may be wrong where the vault does not say it.
    fn clock(&self) -> String {
        match self.said.skew {
            Some(skew) if skew.unsigned_abs() > SKEW => {
                let side = if skew > 0 { "ahead of" } else { "behind" };
                let by = skew.unsigned_abs();
                format!("set this machine's clock, which is {by} s {side} the vault's")
            }
            Some(_) => "see whether the key is of this vault".to_owned(),
            None => {
                "see whether the key is of this vault, and this machine's clock right".to_owned()
            }
        }
    }

    fn command(&self, words: &[&str]) -> String {
        command(&self.said.program, words)
    }
}

/// A line for a program that can be typed.
pub(in crate::alter) fn command(program: &str, words: &[&str]) -> String {
    let line = std::iter::once(&program).chain(words);
    let line: Vec<String> = line
        .filter(|word| !word.is_empty())
        .map(|word| (*word).to_owned())
        .collect();
    quoted(&line).trim_start().to_owned()
}
