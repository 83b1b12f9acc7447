//! The token endpoint: a code, a refresh token or a client's own word for an access token; and giving
//! tokens back.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::assertion::assertion;
use super::http::{Answer, Fault, Http};
use super::record::{Client, Grant, Metadata, Proof, Secrets, now};
use crate::secret::Secret;

/// What is to be turned into a token.
pub(super) enum Request<'a> {
    /// What the browser brought back.
    Code {
        code: &'a Secret,
        verifier: &'a Secret,
    },
    Refresh(&'a Secret),
    /// Nothing but who the client is.
    Client,
}

/// Who asks, and whom.
pub(super) struct Asking<'a> {
    pub(super) http: &'a Http,
    pub(super) issuer: &'a Metadata,
    pub(super) client: &'a Client,
    pub(super) client_secret: Option<&'a Secret>,
    pub(super) client_key: Option<&'a Secret>,
    pub(super) resource: &'a str,
}

/// Tokens and what they are good for.
pub(super) struct Tokens {
    pub(super) access_token: Secret,
    pub(super) refresh_token: Option<Secret>,
    pub(super) grant: Grant,
}

impl Tokens {
    /// The secrets to keep: an answer without a new refresh token leaves the old one good
    /// (RFC 6749, 6).
    pub(super) fn into_secrets(self, old: Secrets) -> (Secrets, Grant) {
        let secrets = Secrets {
            access_token: Some(self.access_token),
            refresh_token: self.refresh_token.or(old.refresh_token),
            client_secret: old.client_secret,
        };
        (secrets, self.grant)
    }
}

impl Asking<'_> {
    /// Asks for tokens of these scopes.
    pub(super) async fn tokens(
        &self,
        request: &Request<'_>,
        scopes: &[String],
    ) -> Result<Tokens, Fault> {
        let url = self.endpoint("token_endpoint")?;
        let scope = scopes.join(" ");
        let mut form = match request {
            Request::Code { code, verifier } => vec![
                ("grant_type", "authorization_code"),
                ("code", code.expose()),
                ("code_verifier", verifier.expose()),
                (
                    "redirect_uri",
                    self.client.redirect.as_deref().unwrap_or_default(),
                ),
            ],
            Request::Refresh(token) => {
                vec![
                    ("grant_type", "refresh_token"),
                    ("refresh_token", token.expose()),
                ]
            }
            Request::Client if scope.is_empty() => vec![("grant_type", "client_credentials")],
            Request::Client => vec![("grant_type", "client_credentials"), ("scope", &scope)],
        };
        form.push(("resource", self.resource));
        let answer = self.post(&url, form).await?;
        tokens(&answer, scopes)
    }

    /// Gives a token back (RFC 7009), if the server takes any back. Some want a field for a secret even
    /// of a client that has none.
    pub(super) async fn revoke(&self, token: &Secret, kind: &str) -> Result<bool, Fault> {
        if self.issuer.text("revocation_endpoint").is_none() {
            return Ok(false);
        }
        let url = self.endpoint("revocation_endpoint")?;
        let form = vec![("token", token.expose()), ("token_type_hint", kind)];
        let mut answer = self.post(&url, form.clone()).await?;
        if !answer.is_success() && self.client.proof == Proof::Nothing {
            let form = [form, vec![("client_secret", "")]].concat();
            answer = self.post(&url, form).await?;
        }
        match answer.is_success() {
            true => Ok(true),
            false => Err(answer.refusal()),
        }
    }

    fn endpoint(&self, name: &str) -> Result<Url, Fault> {
        let endpoint = self.issuer.text(name).and_then(|url| Url::parse(url).ok());
        endpoint.ok_or_else(|| Fault::Unusable(format!("the authorization server has no {name}")))
    }

    /// Sends a form with the client's proof of who it is.
    async fn post<'a>(
        &'a self,
        url: &Url,
        mut form: Vec<(&'a str, &'a str)>,
    ) -> Result<Answer, Fault> {
        let id = self.client.id.as_str();
        let secret = || {
            let missing = || Fault::Unusable("the client's secret is not known".to_owned());
            self.client_secret.ok_or_else(missing)
        };
        let mut header = None;
        let proof;
        match self.client.proof {
            Proof::Nothing => form.push(("client_id", id)),
            Proof::Post => form.extend([("client_id", id), ("client_secret", secret()?.expose())]),
            Proof::Basic => header = Some(basic(id, secret()?)),
            Proof::Key => {
                let missing = || Fault::Unusable("the client's key is not known".to_owned());
                let key = self.client_key.ok_or_else(missing)?;
                let audience = self.issuer.issuer().unwrap_or(url.as_str());
                proof = assertion(key, id, audience)?;
                form.extend([
                    (
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    ),
                    ("client_assertion", proof.expose()),
                ]);
            }
        }
        self.http.post_form(url, &form, header.as_ref()).await
    }
}

/// The header of a client with a secret; both are encoded as a form's first (RFC 6749, 2.3.1).
fn basic(id: &str, secret: &Secret) -> Secret {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Secret::new(format!("{}:{}", encode(id), encode(secret.expose())));
    Secret::new(format!("Basic {}", BASE64_STANDARD.encode(pair.expose())))
}

/// Reads an answer of the token endpoint (RFC 6749, 5.1). Scopes that it does not name are those that
/// were asked for.
fn tokens(answer: &Answer, asked: &[String]) -> Result<Tokens, Fault> {
    let text = |name: &str| {
        let text = answer.body.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    };
    // An error may come with a status of success.
    let token = text("access_token").filter(|_| answer.is_success() && text("error").is_none());
    let Some(token) = token else {
        return Err(answer.refusal());
    };
    if text("token_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(Fault::Unusable(
            "the token is not a bearer token".to_owned(),
        ));
    }
    let life = answer.body.get("expires_in");
    let life = life.and_then(|life| match life {
        Value::String(text) => text.parse::<f64>().ok(),
        life => life.as_f64(),
    });
    let now = now();
    let scopes = match text("scope") {
        Some(scope) => scope.split_whitespace().map(str::to_owned).collect(),
        None => asked.to_vec(),
    };
    Ok(Tokens {
        access_token: Secret::new(token),
        refresh_token: text("refresh_token").map(Secret::new),
        grant: Grant {
            asked: asked.to_vec(),
            scopes,
            obtained: now,
            expires: life.map(|life| now.saturating_add(life.max(0.0) as u64)),
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(status: u16, body: Value) -> Result<Tokens, Fault> {
        let url = Url::parse("https://login.example/token").unwrap();
        tokens(&Answer { status, body, url }, &["a".to_owned()])
    }

    #[test]
    fn tokens_are_read_as_servers_write_them() {
        let plain = read(200, json!({"access_token": "t", "expires_in": "60"})).unwrap();
        assert_eq!(plain.grant.expires.unwrap() - plain.grant.obtained, 60);
        assert_eq!(plain.grant.scopes, ["a"]);
        let full = json!({"access_token": "t", "token_type": "BEARER", "expires_in": 1.5, "scope": "b c", "refresh_token": ""});
        let full = read(201, full).unwrap();
        assert_eq!(full.grant.scopes, ["b", "c"]);
        assert!(full.refresh_token.is_none());
        let endless = read(200, json!({"access_token": "t", "expires_in": null})).unwrap();
        assert_eq!(endless.grant.expires, None);
    }

    #[test]
    fn a_refusal_is_known_by_its_code_whatever_its_status() {
        let refused = |status, body| match read(status, body) {
            Err(Fault::Refused { code, words }) => format!("{code}: {words}"),
            Err(fault) => format!("{fault:?}"),
            Ok(_) => "tokens".to_owned(),
        };
        let gone = json!({"error": "invalid_grant", "error_description": "used before"});
        for status in [200, 400, 401] {
            assert_eq!(
                refused(status, gone.clone()),
                "invalid_grant: used before (invalid_grant)"
            );
        }
        assert_eq!(
            refused(404, Value::Null),
            ": HTTP 404 from https://login.example/token"
        );
        assert!(refused(503, gone).starts_with("Unreachable"));
        assert!(
            refused(200, json!({"access_token": "t", "token_type": "DPoP"}))
                .starts_with("Unusable")
        );
    }

    #[test]
    fn the_secret_in_a_header_is_encoded_twice() {
        assert_eq!(
            basic("a:b", &Secret::new("c d%")).expose(),
            "Basic YSUzQWI6YytkJTI1"
        );
    }
}
