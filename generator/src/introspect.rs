//! Asking a server what it offers: the only stage that talks to one.
//!
//! The server is started or reached exactly as the generated program will do it, by the same
//! runtime and with the same client capabilities: servers choose their tools by those.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcpress_runtime::{
    ALTER, Answering, Client, Connector, Endpoint, Error, Event, HTTP, Host, Introduction, Limits,
    Listed, Manner, Refusal, Revision, STDIO, Vault, converse,
};
use serde_json::{Map, Value, json};

use crate::capture::{self, Capture};

/// Every way to reach a server.
pub const CONNECTORS: &[Connector] = &[STDIO, HTTP];

/// Every vault that credentials may come from.
pub const VAULTS: &[Vault] = &[ALTER];

/// What the client calls itself when it asks.
const NAME: &str = "mcpress";

/// How a server is asked.
#[derive(Debug, Clone)]
pub struct Approach {
    /// How long it may take.
    pub limits: Limits,
    /// The revision that is spoken, or that it is to be found out.
    pub revision: Revision,
    /// What the client declares that it can be asked for.
    pub capabilities: Map<String, Value>,
}

/// What a server said, and how it was reached.
#[derive(Debug, Clone)]
pub struct Introspected {
    /// What it said.
    pub capture: Capture,
    /// How messages travelled.
    pub manner: Manner,
}

/// What every program can be asked for, and `more` of what it can be given the means for:
/// `roots`, `sampling`.
pub fn capabilities<'a>(more: impl Iterator<Item = &'a str>) -> Map<String, Value> {
    let mut capabilities = Map::new();
    capabilities.insert("elicitation".to_owned(), json!({"form": {}, "url": {}}));
    capabilities.extend(more.map(|name| (name.to_owned(), json!({}))));
    capabilities
}

/// Asks a server for all it offers.
///
/// # Errors
///
/// When the server cannot be started or reached, or does not list its tools. A list of prompts or
/// resources that fails is a note in the capture: servers declare capabilities that they do not have.
pub fn introspect(endpoint: Endpoint, approach: &Approach) -> Result<Introspected, Error> {
    converse(ask(endpoint, approach))
}

/// Somebody who listens, and answers nothing: a list is asked for, not a deed.
struct Listener {
    capabilities: Map<String, Value>,
    noise: AtomicUsize,
}

impl Host for Listener {
    fn capabilities(&self) -> Value {
        Value::Object(self.capabilities.clone())
    }

    fn hear(&self, event: Event) {
        if let Event::Noise(_) = event {
            self.noise.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn answer<'a>(&'a self, method: &'a str, _params: Value) -> Answering<'a> {
        Box::pin(async move {
            match method {
                "elicitation/create" => Ok(json!({"action": "decline"})),
                "roots/list" => Ok(json!({"roots": []})),
                _ => Err(Refusal::unknown(method)),
            }
        })
    }
}

async fn ask(endpoint: Endpoint, approach: &Approach) -> Result<Introspected, Error> {
    let listener = Arc::new(Listener {
        capabilities: approach.capabilities.clone(),
        noise: AtomicUsize::new(0),
    });
    let introduction = Introduction {
        name: NAME.to_owned(),
        revision: approach.revision.clone(),
        events: false,
        log_level: None,
    };
    let mut client = Client::connect(
        endpoint,
        CONNECTORS,
        introduction,
        approach.limits,
        listener.clone(),
    )
    .await?;
    let initialize = client.greeting().await?.clone();
    let declares = |name: &str| {
        initialize["capabilities"]
            .get(name)
            .is_some_and(|it| !it.is_null())
    };
    let mut capture = Capture {
        format: capture::FORMAT,
        protocol_version: client.revision().to_owned(),
        client_capabilities: approach.capabilities.clone(),
        ..Capture::default()
    };
    match list(&mut client, "tools/list", "tools", &mut capture.notes).await {
        Ok(tools) => capture.tools = tools,
        // A server of prompts or resources alone has no tools to list, and says so.
        Err(error @ Error::Refused { .. }) if !declares("tools") => {
            capture.notes.push(format!("no tools: {error}"));
        }
        Err(error) => return Err(error),
    }
    for (capability, method, key) in [
        ("prompts", "prompts/list", "prompts"),
        ("resources", "resources/list", "resources"),
        ("resources", "resources/templates/list", "resourceTemplates"),
    ] {
        if !declares(capability) {
            continue;
        }
        let items = match list(&mut client, method, key, &mut capture.notes).await {
            Ok(items) => items,
            Err(error @ (Error::Refused { .. } | Error::Protocol(_) | Error::Timeout { .. })) => {
                capture.notes.push(format!(
                    "declares {capability}, yet {method} fails: {error}"
                ));
                continue;
            }
            Err(error) => return Err(error),
        };
        match key {
            "prompts" => capture.prompts = items,
            "resources" => capture.resources = items,
            _ => capture.resource_templates = items,
        }
    }
    capture.initialize = initialize;
    let manner = client.manner();
    client.close().await;
    let noise = listener.noise.load(Ordering::Relaxed);
    if noise > 0 {
        capture.notes.push(format!(
            "wrote {noise} lines on its standard output that are not of the protocol"
        ));
    }
    Ok(Introspected { capture, manner })
}

/// Asks for a list, and notes what was odd about it.
async fn list(
    client: &mut Client,
    method: &str,
    key: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<Value>, Error> {
    let Listed { items, note } = client.list(method, key).await?;
    notes.extend(note);
    Ok(items)
}

/// The variables that a server's last words name and that the caller has set: what a server that
/// ended at once most likely wants.
///
/// Only a name that the server itself wrote out is taken, in upper case and with an underscore, so
/// that no other variable of the caller's reaches it.
pub fn asked_for(last_words: &[String], is_set: impl Fn(&str) -> bool) -> BTreeSet<String> {
    last_words
        .iter()
        .flat_map(|line| line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')))
        .filter(|word| word.len() > 2 && word.starts_with(|c: char| c.is_ascii_uppercase()))
        .filter(|word| {
            word.bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        })
        .filter(|word| word.contains('_') && is_set(word))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_a_server_asks_for_are_read_from_its_last_words() {
        let words = [
            "ERROR: Missing required environment variables: ORG_ID, MAPI_KEY, MAPI_SECRET"
                .to_owned(),
        ];
        let asked = asked_for(&words, |name| name != "MAPI_SECRET");
        assert_eq!(
            asked.into_iter().collect::<Vec<_>>(),
            ["MAPI_KEY", "ORG_ID"]
        );
    }
}
