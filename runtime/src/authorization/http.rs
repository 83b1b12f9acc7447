//! Requests to authorization servers, and for what servers say of them.
//!
//! One client of its own, which carries no header of the user's: nothing that is for the MCP server
//! goes to another. It is made when it is first needed, so that a run with a live token makes none.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, WWW_AUTHENTICATE,
};
use reqwest::{Method, Response, redirect};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::address::Policy;
use crate::secret::Secret;
use crate::transport::causes;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 1 << 20;

const PATIENCE: Duration = Duration::from_secs(30);

const REDIRECTS: usize = 5;

/// Why there is no answer to work with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nobody answered, or nobody who could.
    Unreachable(String),
    /// The authorization server refused, with an error of its list (RFC 6749, 5.2) and its own words.
    Refused { code: String, words: String },
    /// What the servers say does not fit together, or must not be followed.
    Unusable(String),
    /// The authorization server knows no client, and registers none.
    NoClient,
    /// There is nowhere to keep a secret.
    NoKeychain,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The body, null if it is not JSON.
    pub(super) body: Value,
    /// Where it came from in the end.
    pub(super) url: Url,
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The refusal that the answer is.
    pub(super) fn refusal(&self) -> Fault {
        let text = |name: &str| {
            self.body
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        if self.status >= 500 || self.status == 429 {
            return Fault::Unreachable(format!(
                "{} answers with HTTP {}",
                shown(&self.url),
                self.status
            ));
        }
        let words = match (text("error"), text("error_description")) {
            ("", _) => format!("HTTP {} from {}", self.status, shown(&self.url)),
            (code, "") => code.to_owned(),
            (code, words) => format!("{words} ({code})"),
        };
        Fault::Refused {
            code: text("error").to_owned(),
            words,
        }
    }
}

/// Asks authorization servers.
#[derive(Debug)]
pub(super) struct Http {
    server: Url,
    policy: Policy,
    client: OnceLock<reqwest::Client>,
}

impl Http {
    pub(super) fn new(server: &Url, allow_private: bool) -> Self {
        Self {
            server: server.clone(),
            policy: Policy::new(server, allow_private),
            client: OnceLock::new(),
        }
    }

    /// Whether a URL may be asked, or opened in a browser, on a server's word.
    pub(super) fn allows(&self, url: &Url) -> bool {
        self.policy.allows(url)
    }

    /// Whether a URL is of the MCP server's own origin.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        self.policy.is_own(url)
    }

    /// Reads a document.
    pub(super) async fn get(&self, url: &Url) -> Result<Answer, Fault> {
        self.ask(Method::GET, url, "", &[], None).await
    }

    /// The challenge of the MCP server to a request without a token; none where it wants no token.
    pub(super) async fn challenge(&self) -> Result<Option<String>, Fault> {
        let request = self.client()?.get(self.server.clone());
        let request = request.header(ACCEPT, "application/json, text/event-stream");
        let response = request.send().await.map_err(unreachable)?;
        let header = response.headers().get(WWW_AUTHENTICATE);
        let header = header
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let is_turned_away = matches!(response.status().as_u16(), 401 | 403);
        Ok(is_turned_away.then(|| header.to_owned()))
    }

    /// Sends a form, as a client that shows who it is in a header, if in any.
    pub(super) async fn post_form(
        &self,
        url: &Url,
        form: &[(&str, &str)],
        authorization: Option<&Secret>,
    ) -> Result<Answer, Fault> {
        let body = encoded(form);
        let kind = "application/x-www-form-urlencoded";
        self.post(url, kind, &body, authorization).await
    }

    pub(super) async fn post_json(&self, url: &Url, body: &Value) -> Result<Answer, Fault> {
        let body = Secret::new(body.to_string());
        self.post(url, "application/json", &body, None).await
    }

    /// Sends a body. Where the MCP server's own origin lists an endpoint that is not there, the last
    /// part of its path is tried at the root: a server behind a prefix says what it believes of itself.
    async fn post(
        &self,
        url: &Url,
        kind: &str,
        body: &Secret,
        authorization: Option<&Secret>,
    ) -> Result<Answer, Fault> {
        let ask = |url: Url| async move {
            let body = body.expose().as_bytes();
            self.ask(Method::POST, &url, kind, body, authorization)
                .await
        };
        let answer = ask(url.clone()).await?;
        match self.at_root(url) {
            Some(moved) if answer.status == 404 => ask(moved).await,
            _ => Ok(answer),
        }
    }

    /// An endpoint of the MCP server's own origin, without the prefix of its path.
    pub(super) fn at_root(&self, url: &Url) -> Option<Url> {
        let last = url
            .path()
            .rsplit('/')
            .next()
            .filter(|last| !last.is_empty())?;
        let mut moved = url.clone();
        moved.set_path(last);
        (self.is_own(url) && moved.path() != url.path()).then_some(moved)
    }

    /// Asks, and follows redirects within the origin that was asked: those that repeat the request as
    /// it is, and for a document all.
    async fn ask(
        &self,
        method: Method,
        url: &Url,
        kind: &str,
        body: &[u8],
        authorization: Option<&Secret>,
    ) -> Result<Answer, Fault> {
        let mut at = url.clone();
        for _ in 0..=REDIRECTS {
            if !self.allows(&at) {
                let reason = format!("{} is not to be asked on a server's word", shown(&at));
                return Err(Fault::Unusable(reason));
            }
            let mut request = self
                .client()?
                .request(method.clone(), at.clone())
                .header(ACCEPT, "application/json")
                .header("mcp-protocol-version", "2025-11-25");
            if method == Method::POST {
                request = request.header(CONTENT_TYPE, kind).body(body.to_vec());
            }
            if let Some(value) = authorization
                && let Ok(mut value) = HeaderValue::try_from(value.expose())
            {
                value.set_sensitive(true);
                request = request.header(AUTHORIZATION, value);
            }
            let response = request.send().await.map_err(unreachable)?;
            let Some(next) = onward(&response, &method) else {
                return read(response, at).await;
            };
            if next.origin() != at.origin() {
                let reason = format!("{} leads to another origin", shown(&at));
                return Err(Fault::Unusable(reason));
            }
            at = next;
        }
        Err(Fault::Unusable(format!("{} leads in circles", shown(url))))
    }

    fn client(&self) -> Result<&reqwest::Client, Fault> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // A second call finds the provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(PATIENCE)
            .dns_resolver(self.policy.clone())
            .build()
            .map_err(unreachable)?;
        Ok(self.client.get_or_init(|| client))
    }
}

fn encoded(form: &[(&str, &str)]) -> Secret {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    Secret::new(body.finish())
}

/// Where a redirect leads.
fn onward(response: &Response, method: &Method) -> Option<Url> {
    let follows = match response.status().as_u16() {
        307 | 308 => true,
        301..=303 => *method == Method::GET,
        _ => false,
    };
    let location = response.headers().get(LOCATION).filter(|_| follows)?;
    response.url().join(location.to_str().ok()?).ok()
}

async fn read(mut response: Response, url: Url) -> Result<Answer, Fault> {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err(Fault::Unusable(format!(
                "{} does not come to an end",
                shown(&url)
            )));
        }
    }
    Ok(Answer {
        status,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        url,
    })
}

fn unreachable(error: reqwest::Error) -> Fault {
    Fault::Unreachable(causes(&error.without_url()))
}

/// A URL without what may be a secret in it.
pub(super) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}
