//! What the vault is told of the requests that were made with its credentials.
//!
//! Of the bodies it is told the sizes, of the headers those that say what kind of text it was, and of
//! the address no parameter that a credential was put into.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::address::filled;
use super::attribution::Extent;
use super::client::{Alter, Call};
use super::credential::Credential;
use super::refusal::{Kind, Refusal};

/// Headers that are told of, and no others: any of them could be a secret.
const TOLD: &[&str] = &["accept", "content-type", "content-length", "user-agent"];

/// One request that was made, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) grant_id: String,
    pub(crate) provider_id: String,
    pub(crate) generation: Option<String>,
    pub(crate) method: String,
    /// The address before a credential was put into it.
    pub(crate) url: String,
    pub(crate) request_headers: Vec<(String, String)>,
    /// In bytes.
    pub(crate) request_size: u64,
    /// None where no answer came.
    pub(crate) status: Option<u16>,
    pub(crate) response_headers: Vec<(String, String)>,
    /// In bytes.
    pub(crate) response_size: u64,
    pub(crate) latency: Duration,
}

impl Row {
    /// A row for a request with a credential, without an answer so far.
    pub(crate) fn of(credential: &Credential, method: &str, url: &str) -> Self {
        Self {
            grant_id: credential.grant_id.clone(),
            provider_id: credential.provider_id.clone(),
            generation: credential.generation.clone(),
            method: method.to_owned(),
            url: url.to_owned(),
            request_headers: Vec::new(),
            request_size: 0,
            status: None,
            response_headers: Vec::new(),
            response_size: 0,
            latency: Duration::ZERO,
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    grant_id: &'a str,
    provider_id: &'a str,
    token_generation: Option<&'a str>,
    method: &'a str,
    url: &'a str,
    request_headers: Map<String, Value>,
    request_body: Option<String>,
    response_status: u16,
    response_headers: Map<String, Value>,
    response_body: Option<String>,
    latency_ms: u64,
    reason: Option<&'a str>,
    context: Option<Map<String, Value>>,
}

/// What a provider said when a grant did not allow what was asked of it.
#[derive(Debug, Clone)]
pub(crate) struct Shortfall<'a> {
    pub(crate) grant_id: &'a str,
    pub(crate) status: u16,
    pub(crate) missing_scopes: Vec<String>,
    /// The `WWW-Authenticate` header.
    pub(crate) challenge: &'a str,
    /// The address that was asked.
    pub(crate) url: &'a str,
}

#[derive(Serialize)]
struct Report<'a> {
    provider_status_code: u16,
    provider_error_code: &'a str,
    missing_scopes: Vec<String>,
    raw_www_authenticate: String,
    api_endpoint: String,
    detection_source: &'a str,
    sdk_correlation_id: String,
}

impl Alter {
    /// Tells the vault of a request.
    pub(crate) async fn audit(&self, row: &Row) -> Result<(), Refusal> {
        let size = |size: u64| (size > 0).then(|| format!("<body: {size} bytes>"));
        let body = Body {
            grant_id: &row.grant_id,
            provider_id: &row.provider_id,
            token_generation: row.generation.as_deref(),
            method: &row.method,
            url: &row.url,
            request_headers: told(&row.request_headers),
            request_body: size(row.request_size),
            response_status: row.status.unwrap_or_default(),
            response_headers: told(&row.response_headers),
            response_body: match row.status {
                Some(_) => size(row.response_size),
                None => Some("<transport error: network>".to_owned()),
            },
            latency_ms: u64::try_from(row.latency.as_millis()).unwrap_or(u64::MAX),
            reason: self.reason.as_deref(),
            context: self.attribution().context(),
        };
        let call = Call {
            extent: Extent::Whole,
            ..Call::post("/sdk/oauth/audit/api-call", &body)?
        };
        self.call(call).await.map(drop)
    }

    /// Tells the vault that a grant allows too little, so that it has a person asked for more.
    pub(crate) async fn report_scope_mismatch(&self, said: &Shortfall<'_>) -> Result<(), Refusal> {
        let template = "/sdk/grants/{id}/report-scope-mismatch";
        let target = filled(template, &[("id", said.grant_id)])
            .map_err(|words| Refusal::new(Kind::BadArgument, words))?;
        let crop = |text: &str, most: usize| text.chars().take(most).collect();
        let scopes = said.missing_scopes.iter().take(50);
        let endpoint = said.url.split(['?', '#']).next().unwrap_or_default();
        let body = Report {
            provider_status_code: said.status,
            provider_error_code: "insufficient_scope",
            missing_scopes: scopes.map(|scope| crop(scope, 256)).collect(),
            raw_www_authenticate: crop(said.challenge, 4096),
            api_endpoint: crop(endpoint, 2048),
            detection_source: "www_authenticate_rfc6750",
            sdk_correlation_id: self.run.clone(),
        };
        let call = Call {
            extent: Extent::Name,
            ..Call::post(&target, &body)?
        };
        self.call(call).await.map(drop)
    }
}

fn told(headers: &[(String, String)]) -> Map<String, Value> {
    let told = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .filter(|(name, _)| TOLD.contains(&name.as_str()));
    told.map(|(name, value)| (name, value.as_str().into()))
        .collect()
}
