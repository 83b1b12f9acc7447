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

/// How the approvals are that were asked for from here. What nothing can come of any more is told of
/// once.
pub(in crate::alter) async fn listed(client: &Alter) -> Result<Value, Error> {
    let kept = Kept::of(client);
    let entries = kept.all();
    let looks = entries.iter().map(async |entry| {
        let looked = client.approval(&entry.id, Duration::ZERO).await;
        (entry, looked)
    });
    let mut list = Vec::new();
    for (entry, looked) in join_all(looks).await {
        let (status, open) = match looked {
            Ok(approval) => {
                if approval.refusal().is_some() {
                    kept.remove(&entry.id);
                }
                let open = (approval.gates > 1).then_some(approval.open);
                (word(approval.stage), open)
            }
            Err(refusal) if is_over(&refusal) => {
                kept.remove(&entry.id);
                ("unknown", None)
            }
            Err(refusal) => return Err(refusal.into()),
        };
        list.push(told(entry, status, open));
    }
    Ok(json!({"approvals": list}))
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

fn told(entry: &Entry, status: &str, open: Option<usize>) -> Value {
    let mut told = json!({
        "id": entry.id,
        "status": status,
        "tool": entry.tool,
        "asked": clock::stamp(entry.asked),
        "expires": entry.expires.map(clock::stamp),
        "urls": entry.urls,
    });
    if let Some(open) = open {
        told["open"] = open.into();
    }
    told
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
