//! `auth status`: where each credential comes from, never what it is.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::sign_in;
use crate::clock::seconds;
use crate::credentials::store::{Kept, Place, Store};
use crate::credentials::{self, From, Planned};
use crate::environment::VAULT_KEYS;
use crate::error::Error;
use crate::output::pretty;
use crate::run::Run;
use crate::text::line;
use crate::transport::Action;
use crate::vault::{Carrier, Finding, Grant, What};

/// How long it is waited for what the vault says of the grants, which is not what was asked for.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn show(run: &Run) -> Result<(), Error> {
    let mut planned = credentials::plan(run.spec, &run.settings.overrides, run.config()?)?;
    let kept = Store::of(run.spec.name).list()?;
    super::converse(async || {
        let mut status = sign_in::at_server(run, Action::Status).await?;
        for planned in &mut planned {
            // A slot whose user is not known is told of as one that is not set.
            let _ = credentials::identify(planned, run.settings.timeout).await;
        }
        let known = known(run, &planned).await;
        let slots: Vec<Value> = planned
            .iter()
            .map(|planned| {
                let mut slot = slot(planned);
                since(&mut slot, planned, &kept);
                if let From::Vault { what, .. } = &planned.from
                    && let Some(grant) = what.grant()
                    && let Some((_, known)) = known.iter().find(|(of, _)| of == grant)
                    && let Some(slot) = slot.as_object_mut()
                {
                    slot.extend(known.clone());
                }
                slot
            })
            .collect();
        let others = others(run, &planned, &kept)?;
        if run.is_text() {
            let mut text = status.as_ref().map(sign_in::words).unwrap_or_default();
            for slot in &slots {
                let name = slot["name"].as_str().unwrap_or_default();
                let about = match slot["about"].as_str() {
                    Some(about) => format!("  ({})", line(about)),
                    None => String::new(),
                };
                text.push_str(&format!("{name:<24} {}{about}\n", words(slot)));
            }
            for kept in &others {
                let name = kept["name"].as_str().unwrap_or_default();
                let what = match kept["key"] == true {
                    true => "the key to the vault",
                    false => "no slot of the server's",
                };
                text.push_str(&format!("{name:<24} {} ({what})\n", words(kept)));
            }
            if text.is_empty() {
                text = "the server needs no credentials\n".to_owned();
            }
            return run.printer.data(&text);
        }
        let status = status.get_or_insert_with(|| json!({}));
        status["slots"] = slots.into();
        if !others.is_empty() {
            status["kept"] = others.into();
        }
        run.printer.data(&pretty(status))
    })
}

/// A slot: its name, its source, what the server gets of it.
pub(crate) fn slot(planned: &Planned) -> Value {
    let mut slot = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            slot.insert(name.to_owned(), value);
        }
    };
    put("name", planned.name.as_str().into());
    if !planned.about.is_empty() {
        put("about", planned.about.into());
    }
    put("required", planned.required.into());
    put("secret", planned.secret.into());
    let is_set = match &planned.from {
        From::Nowhere => false,
        From::Vault {
            user: Some(user), ..
        } => user.is_there(),
        _ => true,
    };
    put("set", is_set.into());
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
        From::Vault { what, .. } => {
            put("source", "alter".into());
            put("mode", mode(what).into());
            put("grant", what.grant().map(ToString::to_string).into());
            if let What::Route { origin, .. } = what {
                put("origin", origin.as_str().into());
            }
        }
        From::Nowhere => {}
    }
    slot.into()
}

/// The mode of what a slot gets of the vault.
fn mode(what: &What) -> &'static str {
    match what {
        What::Value { .. } => "env",
        What::Headers { .. } => "header",
        What::Route { carrier, .. } => match carrier {
            Carrier::Program => "proxy",
            Carrier::Vault => "forward",
        },
        What::Capability => "stand-in",
        What::Derived => "derive",
    }
}

/// What is kept or looked for and is no slot of the server's: the key to the vault, and what nobody asks
/// for any more.
fn others(
    run: &Run,
    planned: &[Planned],
    kept: &BTreeMap<String, Kept>,
) -> Result<Vec<Value>, Error> {
    let is_planned = |name: &str| planned.iter().any(|planned| planned.name == name);
    let key = credentials::place_of_key(run.config()?);
    let mut others = Vec::new();
    for (name, kept) in kept {
        let is_sought = key.as_ref().is_some_and(|key| key.name == *name);
        if !is_planned(name) && !is_sought {
            let set = i64::try_from(kept.set).unwrap_or(i64::MAX / 1000);
            let is_key = VAULT_KEYS.contains(&name.as_str());
            others.push(json!({
                "name": name, "key": is_key, "source": kept.kept, "since": seconds(set),
            }));
        }
    }
    if let Some(key) = key {
        let mut slot = slot(&key);
        since(&mut slot, &key, kept);
        slot["key"] = true.into();
        others.push(slot);
    }
    Ok(others)
}

/// When a value was kept, of one that was.
fn since(slot: &mut Value, planned: &Planned, kept: &BTreeMap<String, Kept>) {
    let is_meant = |kept: &Kept| match planned.from {
        From::Store(_) => true,
        From::Keychain => kept.kept == Place::Keychain,
        _ => false,
    };
    if let Some(kept) = kept.get(&planned.name).filter(|kept| is_meant(kept)) {
        let set = i64::try_from(kept.set).unwrap_or(i64::MAX / 1000);
        slot["since"] = seconds(set).into();
    }
}

/// A slot in words, without its name.
pub(crate) fn words(slot: &Value) -> String {
    let text = |name: &str| slot[name].as_str().unwrap_or_default();
    let from = match (text("source"), slot["required"] == true) {
        ("", true) => "not set, and required".to_owned(),
        ("", false) => "not set".to_owned(),
        (source, _) if slot["set"] == false => format!("not set: {source}"),
        (source, _) => source.to_owned(),
    };
    let mut words = vec![from];
    let more = [
        "mode", "grant", "origin", "variable", "path", "command", "status",
    ];
    words.extend(more.map(|name| line(text(name))));
    let scopes = slot["scopes"].as_array().into_iter().flatten();
    words.extend(scopes.filter_map(Value::as_str).map(line));
    for (name, before) in [("expires", "until"), ("since", "since")] {
        if !text(name).is_empty() {
            words.push(format!("{before} {}", line(text(name))));
        }
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// What the vault says of the grants that slots are of, where there is a key to ask it with.
///
/// That it says nothing is told and no failure: what is wanted here is known without it.
async fn known(run: &Run, planned: &[Planned]) -> Vec<(Grant, Map<String, Value>)> {
    let grants = credentials::grants(planned);
    if grants.is_empty() || run.vaults.is_empty() {
        return Vec::new();
    }
    let asked = async {
        if credentials::key(&run.errand(), run.config()?)
            .await?
            .is_none()
        {
            return Ok(Vec::new());
        }
        Ok(run.silent_broker().await?.examine(grants.clone()).await)
    };
    let limit = run.settings.timeout.unwrap_or(PATIENCE);
    let findings: Vec<Finding> = match tokio::time::timeout(limit, asked).await {
        Ok(Ok(findings)) => findings,
        Ok(Err::<_, Error>(error)) => {
            run.printer.note(&unknown(&error.to_string()));
            return Vec::new();
        }
        Err(_) => {
            run.printer
                .note(&unknown(&format!("no answer within {limit:?}")));
            return Vec::new();
        }
    };
    let (of_grants, own): (Vec<_>, Vec<_>) = findings.into_iter().partition(Finding::is_of_grant);
    let mut bad = own.iter().filter(|finding| finding.verdict.is_bad());
    let mut untold = of_grants
        .iter()
        .filter(|finding| finding.details.is_empty());
    if let Some(bad) = bad.next().or_else(|| untold.next()) {
        run.printer.note(&unknown(&bad.words));
    }
    let known = grants.into_iter().zip(of_grants);
    known.map(|(grant, found)| (grant, found.details)).collect()
}

fn unknown(why: &str) -> String {
    format!("the vault says nothing of the grants: {why}")
}
