//! `auth approvals`: what is told of approvals that another run has asked for.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::future::join_all;
use serde_json::{Map, Value, json};

use super::kept::{Entry, Kept};
use super::{is_over, settled, unfinished};
use crate::alter::client::Alter;
use crate::alter::clock;
use crate::alter::forward::{Reply, Stage};
use crate::error::Error;
use crate::vault::Patience;

/// How the approvals are that were asked for from here. Nothing can come of those that are `over`: they
/// are told of until they are forgotten.
pub(in crate::alter) async fn listed(client: &Alter) -> Result<Value, Error> {
    let kept = Kept::of(client);
    let entries = kept.all();
    let looks = entries.iter().map(async |entry| {
        let looked = client.approval(&entry.id, Duration::ZERO).await;
        (entry, looked)
    });
    let mut list = Vec::new();
    let mut unseen = Vec::new();
    for (entry, looked) in join_all(looks).await {
        let told = match looked {
            Ok(approval) => {
                let mut told = told(entry, word(approval.stage), approval.refusal().is_some());
                if approval.gates > 1 {
                    told["open"] = approval.open.into();
                }
                told
            }
            Err(refusal) if is_over(&refusal) => told(entry, "unknown", true),
            Err(refusal) => {
                let fault = refusal.fault();
                client
                    .printer()
                    .note(&format!("approval {}: {}", entry.id, fault.message));
                let mut told = told(entry, "unknown", false);
                told["note"] = fault.message.as_str().into();
                unseen.push(fault);
                told
            }
        };
        list.push(told);
    }
    // A vault that says nothing of any has not been asked.
    if unseen.len() == list.len()
        && let Some(fault) = unseen.into_iter().next()
    {
        return Err(Error::Vault(Box::new(fault)));
    }
    Ok(json!({"approvals": list}))
}

/// Forgets approvals that nothing can come of, once they have been told of.
pub(in crate::alter) fn forget(client: &Alter, ids: &[String]) {
    let kept = Kept::of(client);
    ids.iter().for_each(|id| kept.remove(id));
}

/// Waits for an approval and gives the answer that its request got.
pub(in crate::alter) async fn waited(
    client: &Alter,
    id: &str,
    patience: Patience,
) -> Result<Value, Error> {
    let entry = Kept::of(client).get(id);
    let urls = entry.map(|entry| entry.urls).unwrap_or_default();
    for url in &urls {
        client.printer().note(&format!("waiting for {url}"));
    }
    match settled(client, id, patience.limit).await? {
        Some(reply) => Ok(shown(client, reply)),
        None => Err(unfinished(client, id, urls.first().map(String::as_str)).into()),
    }
}

fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Pending => "pending",
        Stage::Approved => "approved",
        Stage::Executing => "executing",
        Stage::Executed => "executed",
        Stage::Failed => "failed",
        Stage::Denied => "denied",
        Stage::Expired => "expired",
    }
}

fn told(entry: &Entry, status: &str, is_over: bool) -> Value {
    json!({
        "id": entry.id,
        "status": status,
        "over": is_over,
        "tool": entry.tool,
        "asked": clock::stamp(entry.asked),
        "expires": entry.expires.map(clock::stamp),
        "urls": entry.urls,
    })
}

/// An origin's answer: its JSON, or all that is known of what is none, or of a failure. That is an
/// answer too: what it means is for whoever asked.
fn shown(client: &Alter, reply: Reply) -> Value {
    let parsed = serde_json::from_slice::<Value>(&reply.body).ok();
    let is_whole = !reply.is_truncated;
    let has_failed = reply.status >= 400;
    let mut whole = match parsed {
        Some(value) if is_whole && !has_failed => return value,
        Some(value) => json!({"body": value}),
        None => match String::from_utf8(reply.body) {
            Ok(text) => json!({"text": text}),
            Err(bytes) => json!({"base64": BASE64_STANDARD.encode(bytes.as_bytes())}),
        },
    };
    if has_failed {
        let words = format!(
            "the request was approved, and the origin answered {}",
            reply.status
        );
        client.printer().warn(&words);
    }
    let headers = reply.headers.into_iter();
    let headers: Map<String, Value> = headers
        .filter(|(name, _)| !name.eq_ignore_ascii_case("set-cookie"))
        .map(|(name, value)| (name, value.into()))
        .collect();
    whole["status"] = reply.status.into();
    whole["headers"] = headers.into();
    if !is_whole {
        whole["truncated"] = true.into();
    }
    whole
}
