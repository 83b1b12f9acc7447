//! The tools a capture offers, less those that could never be called.

use std::collections::HashSet;

use serde_json::Value;

use super::mirror;
use crate::{
    capture::Capture,
    diagnostics::{Diagnostic, Severity},
    lock::Lock,
    names::{self, Named, WantedCommand},
    overlay::Fixed,
};

/// A tool that can be called: it has a name, and no tool before it has the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer<'a> {
    /// Its name.
    pub(crate) wire: &'a str,
    /// All that the server said of it, an object.
    pub(crate) definition: &'a Value,
}

/// The tools to be had, in the server's order, and a diagnostic for every other entry.
pub(crate) fn offers(capture: &Capture) -> (Vec<Offer<'_>>, Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    let has_headers = mirror::applies(capture);
    let mut diagnostics = Vec::new();
    let mut offers = Vec::with_capacity(capture.tools.len());
    for (at, definition) in capture.tools.iter().enumerate() {
        let (wire, reason) = match definition.get("name") {
            Some(Value::String(wire)) if seen.insert(wire) => {
                let fault = has_headers.then(|| mirror::fault(definition)).flatten();
                let Some(fault) = fault else {
                    offers.push(Offer { wire, definition });
                    continue;
                };
                (&**wire, fault)
            }
            Some(Value::String(wire)) => (
                &**wire,
                "Another tool before it has the same name, so this one is left out.",
            ),
            _ if definition.is_object() => ("", "The tool has no name, so it is left out."),
            _ => ("", "The entry is not an object, so it is left out."),
        };
        diagnostics.push(Diagnostic {
            severity: Severity::Warning,
            tool: wire.to_owned(),
            pointer: format!("/tools/{at}"),
            reason: reason.to_owned(),
            hint: None,
        });
    }
    (offers, diagnostics)
}

/// The command of each tool.
pub(crate) fn commands(offers: &[Offer<'_>], fixed: &Fixed, lock: &Lock) -> Named<String> {
    let wanted: Vec<_> = offers
        .iter()
        .map(|offer| WantedCommand {
            wire: offer.wire,
            fixed: fixed.get(offer.wire).map(String::as_str),
        })
        .collect();
    names::commands(&wanted, lock)
}
