//! The secrets that are at hand: nobody is asked for them, so they are masked before anything is said.
//!
//! What is refused is refused before credentials are looked at, and what is written down of a call is
//! in part written before that. Both repeat what the caller typed.

use std::collections::BTreeSet;

use super::entry::Entry;
use crate::config::Config;
use crate::environment;
use crate::secret::{Secret, is_plain};
use crate::settings::Settings;
use crate::spec::{Slot, Spec};
use crate::template::{self, Part};

/// Has the secrets masked that the options and the caller's environment hold. Nothing that is wrong with
/// either keeps the rest from being known, and is told by whoever needs it.
pub(crate) fn heed(spec: &Spec, settings: &Settings, config: Option<&Config>) {
    let entries = config.map(|config| &config.sections.credentials);
    let entry = |name: &str| entries.and_then(|entries| entries.get(name));
    let heed = |name: &str, value: &str| {
        let slot = spec.slots.iter().find(|slot| slot.name == name);
        if is_secret(name, Some(value), slot, entry(name)) {
            Secret::new(value);
        }
    };
    for given in &settings.overrides.env {
        if let Some((name, value)) = given.split_once('=') {
            heed(name, value);
        }
    }
    let given = settings.overrides.env.iter().map(String::as_str);
    let mut names: BTreeSet<&str> = given.filter(|given| !given.contains('=')).collect();
    names.extend(spec.slots.iter().map(|slot| slot.name));
    names.extend(entries.into_iter().flatten().map(|(name, _)| name.as_str()));
    for name in names {
        let variable = entry(name).and_then(|entry| entry.variable.as_deref());
        for variable in std::iter::once(name).chain(variable) {
            if let Some(value) = environment::value(variable) {
                heed(name, &value);
            }
        }
    }
    let fallback = config.map(|config| settings.resilience.over(config, settings).fallback);
    let fallback = fallback.unwrap_or_else(|| settings.resilience.fallback.clone());
    for header in settings.overrides.headers.iter().chain(&fallback.headers) {
        let (name, template) = header.split_once(':').unwrap_or_default();
        for part in template::parts(template) {
            if let Part::Place { name, .. } = part
                && let Some(value) = environment::value(name)
            {
                heed(name, &value);
            }
        }
        if let Some(secret) = secret_of(name, template) {
            Secret::new(secret);
        }
    }
    let program = spec.name.split(' ').next().unwrap_or_default();
    let keys = environment::VAULT_KEYS
        .iter()
        .filter_map(|name| environment::value(name));
    for key in keys.chain(environment::client_secrets(program)) {
        Secret::new(key);
    }
}

/// Whether a value is masked in what is printed: as the user says, else as its name and looks do. One
/// that is kept where secrets are kept, and not known yet, is one.
pub(super) fn is_secret(
    name: &str,
    value: Option<&str>,
    slot: Option<&Slot>,
    entry: Option<&Entry>,
) -> bool {
    let said = entry.and_then(|entry| entry.secret);
    let said = said.or_else(|| slot.and_then(|slot| slot.secret));
    said.unwrap_or_else(|| value.is_none_or(|value| !is_plain(name, value)))
}

/// What of a header is a secret, as it stands on the line: what comes after the word for its kind
/// (`Bearer`), or all of it. Of what is filled in, each value is known by itself.
fn secret_of<'a>(name: &str, value: &'a str) -> Option<&'a str> {
    const PLAIN: [&str; 9] = [
        "accept",
        "agent",
        "control",
        "encoding",
        "origin",
        "referer",
        "traceparent",
        "tracestate",
        "type",
    ];
    let name = name.trim().to_ascii_lowercase().replace('-', "_");
    let value = value.trim();
    let last = name.rsplit('_').next().unwrap_or_default();
    if value.contains("${") || PLAIN.contains(&last) || is_plain(&name, value) {
        return None;
    }
    match name.ends_with("authorization") {
        true => Some(value.split_once(' ').map_or(value, |(_, rest)| rest.trim())),
        false => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_secret_but_for_its_kind_and_for_what_says_where_and_how() {
        for (name, value, secret) in [
            ("Authorization", " Bearer sesame", Some("sesame")),
            ("proxy-authorization", "sesame", Some("sesame")),
            ("Authorization", "Bearer ${TOKEN}", None),
            ("X-Api-Key", "open sesame", Some("open sesame")),
            ("Cookie", "a=b; c=d", Some("a=b; c=d")),
            ("X-Tenant-Id", "acme-corp", None),
            ("Accept-Language", "de-CH", None),
            ("Content-Type", "application/json", None),
            ("MCP-Protocol-Version", "2025-11-25", None),
        ] {
            assert_eq!(secret_of(name, value), secret, "{name}");
        }
    }
}
