//! What is known of one server's authorization, from one run to the next.
//!
//! A record is of one issuer, whole: the authorization server's metadata, the client it knows and the
//! tokens it gave belong together, and are replaced together when the server changes its issuer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::secret::Secret;

/// All that is known of one server's authorization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// The server's URL.
    pub(super) url: String,
    /// The resource that tokens are for (RFC 8707).
    pub(super) resource: String,
    /// Who gives the tokens.
    pub(super) issuer: Metadata,
    /// What this program is to the issuer.
    pub(super) client: Option<Client>,
    /// What has been granted, if anything is.
    pub(super) grant: Option<Grant>,
    /// Where the secrets are.
    pub(super) kept: Kept,
    #[serde(skip)]
    pub(super) secrets: Secrets,
}

/// Where secrets are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kept {
    /// The operating system's store.
    Keychain,
    /// The record's own file.
    File,
    /// Nowhere: they end with the run.
    Memory,
}

/// The part of a record that nobody is to see.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets {
    pub(super) access_token: Option<Secret>,
    pub(super) refresh_token: Option<Secret>,
    pub(super) client_secret: Option<Secret>,
}

/// What an authorization server says of itself (RFC 8414), in its own words: servers leave out and add
/// what they like, so each member is read when it is needed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Metadata(Map<String, Value>);

impl Metadata {
    /// The members that are read; the rest is not kept.
    const READ: [&str; 10] = [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "registration_endpoint",
        "revocation_endpoint",
        "scopes_supported",
        "code_challenge_methods_supported",
        "token_endpoint_auth_methods_supported",
        "authorization_response_iss_parameter_supported",
        "client_id_metadata_document_supported",
    ];

    pub(super) fn new(mut said: Map<String, Value>) -> Self {
        said.retain(|name, _| Self::READ.contains(&name.as_str()));
        Self(said)
    }

    /// A member that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A member that is a list of texts.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&str>> {
        let list = self.0.get(name)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).collect())
    }

    /// Whether a member is true.
    pub(super) fn is(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::Bool(true))
    }

    pub(super) fn set(&mut self, name: &str, value: String) {
        self.0.insert(name.to_owned(), value.into());
    }

    pub(super) fn issuer(&self) -> Option<&str> {
        self.text("issuer")
    }
}

/// What this program is to an authorization server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) proof: Proof,
    /// Where the browser is sent to; none for a client that needs no person.
    pub(super) redirect: Option<String>,
}

/// How a client shows who it is at the token endpoint (OpenID Connect Core, 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Proof {
    #[serde(rename = "none")]
    Nothing,
    #[serde(rename = "client_secret_basic")]
    Basic,
    #[serde(rename = "client_secret_post")]
    Post,
    #[serde(rename = "private_key_jwt")]
    Key,
}

/// What has been granted and until when; times are seconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grant {
    /// The scopes that were asked for.
    pub(super) asked: Vec<String>,
    /// The scopes that were granted.
    pub(super) scopes: Vec<String>,
    pub(super) obtained: u64,
    pub(super) expires: Option<u64>,
}

/// How old a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Fresh,
    /// Still good, and time to get another.
    Late,
    Expired,
}

/// How long before its end a token is replaced, at most.
const AHEAD: u64 = 300;

impl Grant {
    /// The age of the token at a time. One whose end is not known is fresh until it is refused.
    pub(super) fn age(&self, now: u64) -> Age {
        let Some(expires) = self.expires else {
            return Age::Fresh;
        };
        // A fifth of a short life is kept in hand, so that a token of a minute is not refreshed at once.
        let ahead = AHEAD.min(expires.saturating_sub(self.obtained) / 5);
        if now >= expires {
            Age::Expired
        } else if now + ahead >= expires {
            Age::Late
        } else {
            Age::Fresh
        }
    }
}

pub(super) use crate::clock::now_in_seconds as now;

/// The scopes of both, each once.
pub(super) fn union(one: &[String], other: &[String]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for scope in one.iter().chain(other) {
        if !all.contains(scope) {
            all.push(scope.clone());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_replaced_five_minutes_ahead_of_its_end_or_a_fifth_of_its_life() {
        let age = |life: u64, now: u64| {
            let grant = Grant {
                obtained: 1000,
                expires: Some(1000 + life),
                ..Grant::default()
            };
            grant.age(1000 + now)
        };
        assert_eq!([age(3600, 3299), age(3600, 3300)], [Age::Fresh, Age::Late]);
        assert_eq!([age(60, 47), age(60, 48)], [Age::Fresh, Age::Late]);
        assert_eq!([age(60, 59), age(60, 60)], [Age::Late, Age::Expired]);
        assert_eq!(age(0, 0), Age::Expired);
        assert_eq!(Grant::default().age(u64::MAX), Age::Fresh);
    }
}
