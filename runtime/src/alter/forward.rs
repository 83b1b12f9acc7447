//! Requests that the vault makes itself: asked for, approved by a person, answered.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Map, Value};

use super::address::{destination, filled};
use super::answer::{Fields, bad};
use super::attribution::Extent;
use super::client::{Alter, Call};
use super::credential::Asked;
use super::refusal::{Kind, Refusal};
use crate::vault::Grant;

/// The longest answer of a provider's that is read, in bytes, in the spelling it comes in.
const LONGEST: usize = 64 << 20;

/// The longest that the vault holds back an answer about an approval.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// Headers that the vault sets itself, or takes from nobody.
const KEPT_BACK: &[&str] = &[
    "host",
    "authorization",
    "proxy-authorization",
    "authentication",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-amz-security-token",
    "x-amz-date",
    "x-amz-content-sha256",
    "x-goog-authorization",
    "x-goog-iam-authorization-token",
    "x-stripe-account",
    "x-shopify-access-token",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// Whether a header of a request's may go along to the vault.
pub(crate) fn may_forward(header: &str) -> bool {
    !KEPT_BACK
        .iter()
        .any(|kept| header.eq_ignore_ascii_case(kept))
}

/// A request for the vault to make.
#[derive(Debug)]
pub(crate) struct Errand<'a> {
    pub(crate) grant: &'a Grant,
    pub(crate) method: &'a str,
    /// The whole address, with the query.
    pub(crate) url: &'a str,
    /// All headers that [`may_forward`].
    pub(crate) headers: Vec<(String, String)>,
    /// A body, which can be JSON alone.
    pub(crate) body: Option<Value>,
}

#[derive(Serialize)]
struct Body<'a> {
    method: &'a str,
    url: &'a str,
    #[serde(flatten)]
    grant: Asked<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: &'a Option<Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    headers: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// What comes of it.
#[derive(Debug)]
pub(crate) enum Forwarded {
    Answered(Reply),
    /// A person has to approve it first.
    Pending(Pending),
}

/// A provider's answer. One that says no is an answer too.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body is cut off: it was longer than the vault takes.
    pub(crate) is_truncated: bool,
}

/// A request that waits for an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) id: String,
    /// The page to approve it at.
    pub(crate) url: String,
    /// For how many seconds it waits.
    pub(crate) expires_in: Option<u64>,
    /// Those that have to approve it, if more than one.
    pub(crate) gates: Vec<Gate>,
}

/// One of several approvals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gate {
    pub(crate) id: String,
    pub(crate) url: String,
}

/// How far an approval is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Pending,
    Approved,
    Executing,
    Executed,
    Failed,
    Denied,
    Expired,
}

/// How an approval is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Approved {
    pub(crate) stage: Stage,
    /// The words of whoever decided, or what the request failed of.
    pub(crate) words: Option<String>,
    /// Whether there is an answer to be had; it may come a moment after the request was made.
    pub(crate) has_result: bool,
    /// How many people have to approve it.
    pub(crate) gates: usize,
    /// How many of them have not decided.
    pub(crate) open: usize,
}

impl Approved {
    /// The refusal that it is, if it came to nothing.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let kind = match self.stage {
            Stage::Denied => Kind::ApprovalDenied,
            Stage::Expired => Kind::ApprovalExpired,
            Stage::Failed => Kind::ApprovalFailed,
            Stage::Pending | Stage::Approved | Stage::Executing | Stage::Executed => return None,
        };
        Some(Refusal::told(kind, None, self.words.as_deref()))
    }
}

impl Alter {
    /// Has the vault make a request. The credential stays there.
    pub(crate) async fn forward(&self, errand: Errand<'_>) -> Result<Forwarded, Refusal> {
        let asked = Asked::of(errand.grant);
        let mut headers = Map::new();
        for (name, value) in errand.headers {
            headers.insert(name, value.into());
        }
        let body = Body {
            method: errand.method,
            url: errand.url,
            grant: asked.clone(),
            body: &errand.body,
            headers,
            reason: self.reason.as_deref(),
        };
        let call = Call {
            extent: Extent::Whole,
            longest: LONGEST,
            ..Call::post("/sdk/proxy", &body)?
        };
        let answer = self.call(call).await;
        let (status, answer) = answer.map_err(|refusal| refusal.about(&asked))?;
        match status {
            202 => pending(answer).map(Forwarded::Pending),
            _ => reply(answer).map(Forwarded::Answered),
        }
    }

    /// How an approval is. The vault answers when that changes, or after this wait.
    pub(crate) async fn approval(&self, id: &str, wait: Duration) -> Result<Approved, Refusal> {
        let wait = wait.min(LONGEST_WAIT);
        let template = match wait.as_secs() {
            0 => "/sdk/approvals/{id}".to_owned(),
            seconds => format!("/sdk/approvals/{{id}}?wait={seconds}"),
        };
        let (_, answer) = self.call(asking(&target(&template, id)?, wait)).await?;
        let mut answer = Fields::of(answer)?;
        let stage = match answer.needed("status")?.as_str() {
            "pending" => Stage::Pending,
            "approved" => Stage::Approved,
            "executing" => Stage::Executing,
            "executed" => Stage::Executed,
            "failed" => Stage::Failed,
            "denied" => Stage::Denied,
            "expired" => Stage::Expired,
            _ => return Err(bad("status", "not one that is known")),
        };
        let reason = answer.text("decision_reason")?;
        let gates = answer.list("gates")?;
        let is_open = |gate: &&Value| gate.get("status").is_some_and(|status| status == "pending");
        Ok(Approved {
            stage,
            words: answer.text("execution_error")?.or(reason),
            has_result: answer.flag("has_result")?,
            gates: gates.len(),
            open: gates.iter().filter(is_open).count(),
        })
    }

    /// The answer to a request that was approved and made.
    pub(crate) async fn approval_result(&self, id: &str) -> Result<Reply, Refusal> {
        let target = target("/sdk/approvals/{id}/result", id)?;
        let call = Call {
            longest: LONGEST,
            ..asking(&target, Duration::ZERO)
        };
        reply(self.call(call).await?.1)
    }
}

/// A call about an approval, which knows by itself whom it is for.
fn asking(target: &str, patience: Duration) -> Call<'_> {
    Call {
        extent: Extent::Name,
        patience,
        ..Call::get(target)
    }
}

fn target(template: &str, id: &str) -> Result<String, Refusal> {
    let is_odd = id.is_empty() || id.len() > 200 || matches!(id, "." | "..");
    let target = filled(template, &[("id", id)]).ok().filter(|_| !is_odd);
    target.ok_or_else(|| {
        Refusal::new(
            Kind::BadArgument,
            format!("`{id}` is not the id of an approval"),
        )
    })
}

fn reply(answer: Value) -> Result<Reply, Refusal> {
    let mut answer = Fields::of(answer)?;
    let status = answer
        .count("status_code")?
        .and_then(|status| u16::try_from(status).ok());
    let status = status
        .filter(|status| (200..600).contains(status))
        .ok_or_else(|| bad("status_code", "not a status"))?;
    let mut headers = Vec::new();
    for (name, value) in answer.object("headers")?.unwrap_or_default() {
        // A header that cannot be sent on is not worth the answer.
        if let Value::String(value) = value
            && HeaderName::try_from(&name).is_ok()
            && HeaderValue::try_from(&value).is_ok()
        {
            headers.push((name, value));
        }
    }
    let body = match answer.take("body_b64") {
        Value::Null => Vec::new(),
        Value::String(text) => BASE64_STANDARD
            .decode(text)
            .map_err(|_| bad("body_b64", "not base64"))?,
        _ => return Err(bad("body_b64", "not a text")),
    };
    Ok(Reply {
        status,
        headers,
        body,
        is_truncated: answer.flag("body_truncated")?,
    })
}

fn pending(answer: Value) -> Result<Pending, Refusal> {
    let mut answer = Fields::of(answer)?;
    let gates = answer.list("gates")?.into_iter().map(|gate| {
        let mut gate = Fields::of(gate)?;
        Ok(Gate {
            id: gate.needed("approval_id")?,
            url: page(&mut gate, "approval_url")?,
        })
    });
    Ok(Pending {
        gates: gates.collect::<Result<_, Refusal>>()?,
        id: answer.needed("approval_id")?,
        url: page(&mut answer, "approval_url")?,
        expires_in: answer.count("expires_in")?,
    })
}

/// A page that a person may be sent to.
pub(super) fn page(fields: &mut Fields, name: &str) -> Result<String, Refusal> {
    let url = fields.needed(name)?;
    match destination(&url) {
        Ok(url) => Ok(url.into()),
        Err(_) => Err(bad(name, "not an https URL")),
    }
}
