//! `auth status`: where each credential comes from, never what it is.

use serde_json::{Map, Value, json};

use super::sign_in;
use crate::credentials::{self, From, Planned};
use crate::error::Error;
use crate::output::pretty;
use crate::run::Run;
use crate::transport::Action;
use crate::vault::{Address, Carrier, Grant, What};

pub(super) fn show(run: &Run) -> Result<(), Error> {
    let planned = credentials::plan(run.spec, &run.settings.overrides, run.config()?)?;
    let slots: Vec<Value> = planned.iter().map(slot).collect();
    super::converse(async || {
        let mut status = sign_in::at_server(run, Action::Status).await?;
        if run.is_text() {
            let mut text = status.as_ref().map(sign_in::words).unwrap_or_default();
            for slot in &slots {
                text.push_str(&line(slot));
            }
            if text.is_empty() {
                text = "the server needs no credentials\n".to_owned();
            }
            return run.printer.data(&text);
        }
        let status = status.get_or_insert_with(|| json!({}));
        status["slots"] = slots.into();
        run.printer.data(&pretty(status))
    })
}

/// A slot: its name, its source, what the server gets of it.
fn slot(planned: &Planned) -> Value {
    let mut slot = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            slot.insert(name.to_owned(), value);
        }
    };
    put("name", planned.name.as_str().into());
    put("required", planned.required.into());
    put("secret", planned.secret.into());
    put("set", (!matches!(planned.from, From::Nowhere)).into());
    match &planned.from {
        From::Option(_) => put("source", "option".into()),
        From::Environment { variable, .. } => {
            put("source", "env".into());
            if *variable != planned.name {
                put("variable", variable.as_str().into());
            }
        }
        From::Store(place) => put("source", json!(place)),
        From::Keychain => put("source", "keychain".into()),
        From::File(path) => {
            put("source", "file".into());
            put("path", path.display().to_string().into());
        }
        From::Helper(words) => {
            put("source", "command".into());
            // The rest may say where the secret is, which is the user's own business.
            put("command", words.first().cloned().into());
        }
        From::Vault(what) => {
            put("source", "alter".into());
            let (mode, grant) = mode(what);
            put("mode", mode.into());
            put("grant", grant.map(address).into());
            if let What::Route { origin, .. } = what {
                put("origin", origin.as_str().into());
            }
        }
        From::Nowhere => {}
    }
    slot.into()
}

/// The mode of what a slot gets of the vault, and the grant that it is of.
fn mode(what: &What) -> (&'static str, Option<&Grant>) {
    match what {
        What::Value { grant, .. } => ("env", Some(grant)),
        What::Headers { grant, .. } => ("header", Some(grant)),
        What::Route { grant, carrier, .. } => match carrier {
            Carrier::Program => ("proxy", Some(grant)),
            Carrier::Vault => ("forward", Some(grant)),
        },
        What::Capability => ("stand-in", None),
        What::Derived => ("derive", None),
    }
}

/// A grant in a word: the provider and what tells it from others, or its id.
pub(crate) fn address(grant: &Grant) -> String {
    match &grant.by {
        Address::Id(id) => id.clone(),
        Address::Provider {
            provider,
            account,
            label,
        } => [Some(provider), account.as_ref(), label.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("/"),
    }
}

fn line(slot: &Value) -> String {
    let text = |name: &str| slot[name].as_str().unwrap_or_default();
    let from = match (text("source"), slot["required"] == true) {
        ("", true) => "not set, and required".to_owned(),
        ("", false) => "not set".to_owned(),
        (source, _) => source.to_owned(),
    };
    let more: Vec<&str> = ["mode", "grant", "origin", "variable", "path", "command"]
        .into_iter()
        .map(text)
        .filter(|text| !text.is_empty())
        .collect();
    format!("{:<24} {from} {}", text("name"), more.join(" "))
        .trim_end()
        .to_owned()
        + "\n"
}
