//! A sign-in between its beginning and its end: the browser is out, or nobody has opened one yet.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use super::http::{Fault, Http, shown};
use super::pkce;
use super::record::{Client, Metadata, now};
use crate::secret::Secret;

/// How long a sign-in may be finished after it was begun, in seconds.
const LIFE: u64 = 3600;

/// A sign-in that was begun.
///
/// It can be kept in a file between processes, also where tokens are not: without the code that the
/// browser brings back, nothing in it opens anything.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) begun: u64,
    pub(super) state: String,
    #[serde(serialize_with = "expose", deserialize_with = "hide")]
    pub(super) verifier: Secret,
    pub(super) scopes: Vec<String>,
    pub(super) resource: String,
    pub(super) issuer: Metadata,
    pub(super) client: Client,
    /// The secret of a client that registered for this sign-in and was given one.
    #[serde(serialize_with = "expose", deserialize_with = "hide")]
    pub(super) client_secret: Secret,
    /// What the person is to open.
    pub(super) url: String,
}

/// What the browser brought back.
#[derive(Debug)]
pub(super) struct Callback {
    pub(super) state: String,
    outcome: Result<Secret, String>,
    issuer: Option<String>,
}

impl Pending {
    pub(super) fn begin(
        http: &Http,
        issuer: Metadata,
        resource: String,
        client: Client,
        client_secret: Option<Secret>,
        scopes: Vec<String>,
    ) -> Result<Self, Fault> {
        let endpoint = issuer.text("authorization_endpoint");
        let Some(mut url) = endpoint.and_then(|endpoint| Url::parse(endpoint).ok()) else {
            return Err(Fault::Unusable(
                "the authorization server has no page to sign in at".to_owned(),
            ));
        };
        if !http.allows(&url) {
            let reason = format!("{} is not to be opened on a server's word", shown(&url));
            return Err(Fault::Unusable(reason));
        }
        let (state, verifier) = (pkce::random()?, Secret::new(pkce::random()?));
        let scope = scopes.join(" ");
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &client.id),
            (
                "redirect_uri",
                client.redirect.as_deref().unwrap_or_default(),
            ),
            ("state", &state),
            ("code_challenge", &pkce::challenge(verifier.expose())),
            ("code_challenge_method", "S256"),
            ("resource", &resource),
        ]);
        if !scope.is_empty() {
            url.query_pairs_mut().append_pair("scope", &scope);
        }
        Ok(Self {
            begun: now(),
            state,
            verifier,
            scopes,
            resource,
            issuer,
            client,
            client_secret: client_secret.unwrap_or_default(),
            url: url.into(),
        })
    }

    pub(super) fn is_over(&self) -> bool {
        now().saturating_sub(self.begun) > LIFE
    }

    /// The secret of the client, if it has one.
    pub(super) fn client_secret(&self) -> Option<&Secret> {
        Some(&self.client_secret).filter(|secret| !secret.expose().is_empty())
    }

    /// The code that a callback brings, once it is known to be the answer to this sign-in and to come
    /// from the issuer it was begun at (RFC 9207).
    pub(super) fn code(&self, callback: Callback) -> Result<Secret, Fault> {
        if callback.state != self.state {
            return Err(Fault::Unusable(
                "the answer is to another sign-in".to_owned(),
            ));
        }
        let promises = self
            .issuer
            .is("authorization_response_iss_parameter_supported");
        match (&callback.issuer, self.issuer.issuer()) {
            (Some(said), Some(issuer)) if said == issuer => {}
            (None, _) if !promises => {}
            // An issuer that cannot be compared says as much as none.
            (Some(_), None) if !promises => {}
            (said, _) => {
                return Err(Fault::Unusable(format!(
                    "the answer is from another authorization server: {}",
                    said.as_deref().unwrap_or("it does not say from which")
                )));
            }
        }
        callback.outcome.map_err(|words| Fault::Refused {
            code: "access_denied".to_owned(),
            words,
        })
    }
}

impl Callback {
    /// Reads the address that the browser was sent to, or its query alone.
    pub(super) fn parse(address: &str) -> Result<Self, String> {
        let address = address.trim();
        let query = address.split_once('?').map_or(address, |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let mut found: [Option<String>; 5] = Default::default();
        let names = ["state", "code", "error", "error_description", "iss"];
        pairs.try_for_each(|(name, value)| {
            let Some(at) = names.iter().position(|known| *known == name) else {
                return Ok(());
            };
            match found[at].replace(value.into_owned()) {
                // Twice the same name is an attempt to have two readers see two things.
                Some(_) => Err(format!("the address has two values for `{name}`")),
                None => Ok(()),
            }
        })?;
        let [state, code, error, words, issuer] = found;
        let outcome = match (code, error) {
            (_, Some(error)) => {
                Err(words.map_or_else(|| error.clone(), |words| format!("{words} ({error})")))
            }
            (Some(code), None) => Ok(Secret::new(code)),
            (None, None) => return Err("the address has no code in it".to_owned()),
        };
        let Some(state) = state else {
            return Err("the address does not say which sign-in it answers".to_owned());
        };
        Ok(Self {
            state,
            outcome,
            issuer,
        })
    }
}

fn expose<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
    secret.expose().serialize(to)
}

fn hide<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    String::deserialize(from).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::record::Proof;
    use super::*;

    fn pending(said: Value) -> Pending {
        let http = Http::new(&Url::parse("https://mcp.example/mcp").unwrap(), false);
        let client = Client {
            id: "me & co".to_owned(),
            proof: Proof::Nothing,
            redirect: Some("http://127.0.0.1:9/callback".to_owned()),
        };
        let issuer = Metadata::new(said.as_object().unwrap().clone());
        let scopes = vec!["a".to_owned(), "b".to_owned()];
        Pending::begin(
            &http,
            issuer,
            "https://mcp.example/mcp".to_owned(),
            client,
            None,
            scopes,
        )
        .unwrap()
    }

    fn code(pending: &Pending, address: &str) -> String {
        let callback = match Callback::parse(&address.replace("STATE", &pending.state)) {
            Ok(callback) => callback,
            Err(reason) => return reason,
        };
        match pending.code(callback) {
            Ok(code) => code.expose().to_owned(),
            Err(fault) => format!("{fault:?}"),
        }
    }

    #[test]
    fn the_person_is_sent_with_all_that_the_answer_is_checked_by() {
        let pending =
            pending(json!({"authorization_endpoint": "https://login.example/authorize?tenant=1"}));
        let url = Url::parse(&pending.url).unwrap();
        let pairs: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        let challenge = pkce::challenge(pending.verifier.expose());
        for (name, value) in [
            ("tenant", "1"),
            ("client_id", "me & co"),
            ("scope", "a b"),
            ("state", pending.state.as_str()),
            ("code_challenge", challenge.as_str()),
            ("resource", "https://mcp.example/mcp"),
        ] {
            assert_eq!(pairs[name], value);
        }
        assert!(!pending.url.contains(pending.verifier.expose()));
        let again: Pending =
            serde_json::from_str(&serde_json::to_string(&pending).unwrap()).unwrap();
        assert_eq!(again.verifier, pending.verifier);
        assert!(!format!("{pending:?}").contains(pending.verifier.expose()));
    }

    #[test]
    fn a_code_is_taken_from_the_answer_to_this_sign_in_by_this_issuer() {
        let silent = json!({"authorization_endpoint": "https://a/x", "issuer": "https://a"});
        let silent = pending(silent);
        let base = "http://127.0.0.1:9/callback?state=STATE";
        assert_eq!(code(&silent, &format!("{base}&code=c%2B#end")), "c+");
        assert_eq!(code(&silent, " state=STATE&code=c "), "c");
        assert_eq!(
            code(&silent, &format!("{base}&code=c&iss=https%3A%2F%2Fa")),
            "c"
        );
        for wrong in [
            "?state=other&code=c".to_owned(),
            "?code=c".to_owned(),
            base.to_owned(),
            format!("{base}&code=c&code=d"),
            format!("{base}&code=c&iss=https%3A%2F%2Fb"),
            format!("{base}&error=access_denied"),
            format!("{base}&error=access_denied&code=c"),
        ] {
            let said = code(&silent, &wrong);
            assert!(said.len() > 2, "{wrong}: {said}");
        }
        let mut promises = silent.clone();
        promises.issuer = Metadata::new(
            json!({"issuer": "https://a", "authorization_response_iss_parameter_supported": true})
                .as_object()
                .unwrap()
                .clone(),
        );
        assert!(code(&promises, &format!("{base}&code=c")).contains("does not say"));
    }
}
