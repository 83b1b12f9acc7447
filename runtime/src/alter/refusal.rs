//! What the vault says instead of what it was asked for.
//!
//! ```text
//! status, headers, body ──▶ read ──▶ Refusal {kind, details} ──▶ words ──▶ Fault
//!                                        │
//!                                        └──▶ recovery: what a person can be asked to connect
//! ```
//!
//! A body is read for the few fields that are known, and none of it is repeated if it is not JSON: it
//! could be anything, the request included.

mod kind;
mod read;
mod words;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::credential::Asked;
use crate::error::{Error, Exit, Fault};

pub(crate) use kind::Kind;
pub(super) use read::skew;
pub(super) use words::{SKEW, command};

/// A refusal, or the lack of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    /// The HTTP status, if there was an answer.
    pub(crate) status: Option<u16>,
    /// How long to wait before the next attempt, in seconds.
    pub(crate) retry_after: Option<u64>,
    /// What the vault says of it that a program can go on with: `provider_id`, `missing`, `candidates`.
    pub(crate) details: Map<String, Value>,
    said: Box<Said>,
}

/// What the words for a refusal are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Said {
    /// The vault's own word, message and hint.
    code: Option<String>,
    message: Option<String>,
    hint: Option<String>,
    /// By how many seconds this machine's clock is ahead of the vault's, if that is known.
    skew: Option<i64>,
    /// The program, for the commands in hints.
    program: String,
}

/// What a person has to connect, for a request to be made again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recovery {
    pub(crate) provider: String,
    /// The agent that the grant is to be delegated to.
    pub(crate) agent: Option<String>,
    /// The grant whose credential is to be made anew.
    pub(crate) repair: Option<String>,
}

impl Refusal {
    /// A refusal of this program's own making, or the lack of an answer, in words that end a sentence.
    pub(super) fn new(kind: Kind, words: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            retry_after: None,
            details: Map::new(),
            said: Box::new(Said {
                message: Some(words.into()),
                ..Said::default()
            }),
        }
    }

    /// An answer that breaks the rules, in words that name the field and not its value.
    pub(super) fn malformed(words: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, words)
    }

    /// What the vault tells of a session or an approval that came to nothing.
    pub(super) fn told(kind: Kind, code: Option<&str>, message: Option<&str>) -> Self {
        let mut refusal = Self::new(kind, "");
        refusal.said.code = code.and_then(read::code);
        refusal.said.message = message.and_then(read::words);
        refusal
    }

    /// Of which program it is.
    pub(super) fn of(mut self, program: &str) -> Self {
        program.clone_into(&mut self.said.program);
        self
    }

    /// Adds what a grant was asked for by, where the vault does not name it.
    pub(super) fn about(mut self, asked: &Asked<'_>) -> Self {
        for (name, value) in asked.address().filter(|_| self.kind.is_about_a_grant()) {
            if self.text(name).is_none() {
                self.details.insert(name.into(), value.into());
            }
        }
        self
    }

    /// Adds the page that mends it.
    pub(super) fn with_page(mut self, provider: &str, url: &str, expires_in: u64) -> Self {
        for (name, value) in [
            ("connect_url", Value::from(url)),
            ("provider", provider.into()),
            ("expires_in", expires_in.into()),
        ] {
            self.details.insert(name.to_owned(), value);
        }
        self
    }

    /// The same with other advice.
    pub(super) fn with_hint(mut self, hint: String) -> Self {
        self.said.hint = Some(hint);
        self
    }

    /// Whether the vault may be asked again, by who waits for something there.
    pub(super) fn is_passing(&self) -> bool {
        match self.kind {
            Kind::NoConnection | Kind::TimedOut | Kind::VaultTimeout | Kind::RateLimited => true,
            Kind::Trouble | Kind::CallerAgentResolution => {
                matches!(self.status, Some(502..=504))
            }
            _ => false,
        }
    }

    /// A detail that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.details.get(name)?.as_str()
    }

    /// A detail that is a list of texts.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.details.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// What can be connected for the request to succeed; nothing without a provider to connect with.
    pub(crate) fn recovery(&self) -> Option<Recovery> {
        if !self.kind.is_mended_by_connecting() {
            return None;
        }
        let detail = |name: &str| self.text(name).map(str::to_owned);
        Some(Recovery {
            provider: detail("provider_id")?,
            agent: detail("agent_id").filter(|_| self.kind == Kind::NoDelegatedGrant),
            repair: detail("grant_id").filter(|_| self.kind == Kind::CredentialRevoked),
        })
    }

    /// The word for it in the JSON error line, from a closed list.
    pub(crate) fn code(&self) -> &'static str {
        self.kind.fate().code
    }

    /// The exit status.
    pub(crate) fn exit(&self) -> Exit {
        match self.kind {
            // Who took it back did so for good, as far as this request goes.
            Kind::GrantRevoked | Kind::GrantDeleted if self.recovery().is_none() => Exit::Denied,
            kind => kind.fate().exit,
        }
    }

    /// Whether the same command may succeed when it is repeated.
    pub(crate) fn retryable(&self) -> bool {
        self.kind.fate().retryable
    }

    /// What the caller is told of it.
    pub(crate) fn fault(&self) -> Fault {
        let mut details = self.details.clone();
        for (ours, theirs) in [
            ("missing_scopes", "missing"),
            ("required_scopes", "required"),
            ("granted_scopes", "granted"),
        ] {
            if let Some(scopes) = details.shift_remove(theirs) {
                details.insert(ours.into(), scopes);
            }
        }
        if let Some(code) = &self.said.code {
            details.insert("vault_error".into(), code.as_str().into());
        }
        if let Some(status) = self.status {
            details.insert("status".into(), status.into());
        }
        if let Some(seconds) = self.retry_after {
            details.insert("retry_after".into(), seconds.into());
        }
        Fault {
            code: self.code(),
            exit: self.exit(),
            message: self.message(),
            hint: self.hint(),
            retryable: self.retryable(),
            details,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Vault(Box::new(refusal.fault()))
    }
}
