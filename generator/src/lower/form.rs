//! Prompts and resource templates: what a user fills in, a flag a place.
//!
//! Their values are texts, whatever they stand for. One that is malformed costs itself alone, and a
//! malformed argument of a prompt that argument.

use std::collections::HashSet;

use mcpress_runtime::{schema::escape, uri_template::UriTemplate};
use serde_json::Value;

use super::{text, tool::about};
use crate::{
    capture::Capture,
    diagnostics::{Diagnostic, Severity},
    ir::{Form, Parameter, Shape},
    lock::{Lock, Names},
    names::{self, Wanted, WantedForm},
};

/// A place to be filled in.
struct Place<'a> {
    name: &'a str,
    help: String,
    required: bool,
    repeats: bool,
}

/// A form that has everything but its names.
struct Draft<'a> {
    wire: &'a str,
    name: &'a str,
    about: String,
    places: Vec<Place<'a>>,
}

/// Where the diagnostics of one list of a capture go.
struct Report<'a> {
    /// The pointer of the list.
    list: &'a str,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Report<'_> {
    /// Says what is wrong with the `at`th item, at a place in it.
    fn add(&mut self, at: usize, place: &str, reason: impl Into<String>, hint: &str) {
        self.diagnostics.push(Diagnostic {
            severity: Severity::Warning,
            tool: String::new(),
            pointer: format!("{}/{at}{place}", self.list),
            reason: reason.into(),
            hint: (!hint.is_empty()).then(|| hint.to_owned()),
        });
    }
}

/// The prompts to be had (MCP 2025-11-25, Prompts), and a diagnostic for every other entry.
pub(super) fn prompts(
    capture: &Capture,
    lock: &Lock,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Form> {
    let mut report = Report {
        list: "/prompts",
        diagnostics,
    };
    let mut drafts = Vec::new();
    for (at, said, wire) in distinct(&capture.prompts, "name", &mut report) {
        drafts.push(Draft {
            wire,
            name: wire,
            about: about(said),
            places: arguments(at, said, &mut report),
        });
    }
    forms(drafts, lock.prompts())
}

/// The resource templates to be had (MCP 2025-11-25, Resource Templates), likewise.
pub(super) fn templates(
    capture: &Capture,
    lock: &Lock,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Form> {
    let mut report = Report {
        list: "/resourceTemplates",
        diagnostics,
    };
    let mut drafts = Vec::new();
    for (at, said, wire) in distinct(&capture.resource_templates, "uriTemplate", &mut report) {
        let template = match UriTemplate::parse(wire) {
            Ok(template) => template,
            Err(error) => {
                let reason = format!("{error}, so the template has no command.");
                let hint = "give `resource read` the whole URI";
                report.add(at, "/uriTemplate", reason, hint);
                continue;
            }
        };
        let name = said.get("name").and_then(Value::as_str);
        let places = template.variables().into_iter().map(|variable| Place {
            name: variable.name,
            help: String::new(),
            required: variable.required,
            repeats: variable.explode,
        });
        drafts.push(Draft {
            wire,
            name: name.filter(|name| !name.is_empty()).unwrap_or(wire),
            about: about(said),
            places: places.collect(),
        });
    }
    forms(drafts, lock.templates())
}

/// The items that have a text under this key, and of those with the same the first.
fn distinct<'a>(
    items: &'a [Value],
    key: &str,
    report: &mut Report<'_>,
) -> Vec<(usize, &'a Value, &'a str)> {
    let mut seen = HashSet::new();
    let mut distinct = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        match item.get(key) {
            Some(Value::String(wire)) if seen.insert(wire) => distinct.push((at, item, &**wire)),
            Some(Value::String(_)) => {
                let reason = format!(
                    "Another entry before it has the same `{key}`, so this one is left out."
                );
                report.add(at, "", reason, "");
            }
            _ if item.is_object() => {
                report.add(
                    at,
                    "",
                    format!("The entry has no `{key}`, so it is left out."),
                    "",
                );
            }
            _ => report.add(at, "", "The entry is not an object, so it is left out.", ""),
        }
    }
    distinct
}

/// The arguments of a prompt.
fn arguments<'a>(at: usize, said: &'a Value, report: &mut Report<'_>) -> Vec<Place<'a>> {
    const HINT: &str = "give it with `--args '{…}'`";
    let listed = match said.get("arguments") {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(listed)) => listed,
        Some(_) => {
            report.add(
                at,
                "/arguments",
                "The arguments are no list, so the prompt has no flags.",
                HINT,
            );
            return Vec::new();
        }
    };
    let mut seen = HashSet::new();
    let mut places = Vec::with_capacity(listed.len());
    for (index, argument) in listed.iter().enumerate() {
        let Some(name) = argument.get("name").and_then(Value::as_str) else {
            let place = format!("/arguments/{index}");
            report.add(
                at,
                &place,
                "The argument has no name, so it has no flag.",
                "",
            );
            continue;
        };
        if !seen.insert(name) {
            let place = format!("/arguments/{index}");
            report.add(
                at,
                &place,
                "Another argument before it has the same name.",
                "",
            );
            continue;
        }
        let text = |key| argument.get(key).and_then(Value::as_str).map(text::clean);
        let help = ["description", "title"].into_iter().filter_map(text);
        places.push(Place {
            name,
            help: help
                .into_iter()
                .find(|it| !it.is_empty())
                .unwrap_or_default(),
            required: argument.get("required") == Some(&Value::Bool(true)),
            repeats: false,
        });
    }
    places
}

fn forms(drafts: Vec<Draft<'_>>, held: &Names) -> Vec<Form> {
    let wanted = drafts.iter().map(|draft| WantedForm {
        wire: draft.wire,
        name: draft.name,
    });
    let commands = names::forms(&wanted.collect::<Vec<_>>(), held);
    let drafts = drafts.into_iter().zip(commands);
    drafts
        .map(|(draft, command)| Form {
            wire: draft.wire.to_owned(),
            command,
            about: draft.about,
            parameters: parameters(draft.wire, draft.places, held),
        })
        .collect()
}

fn parameters(wire: &str, places: Vec<Place<'_>>, held: &Names) -> Vec<Parameter> {
    let pointers: Vec<String> = places
        .iter()
        .map(|place| format!("/{}", escape(place.name)))
        .collect();
    let wanted = places.iter().zip(&pointers).map(|(place, pointer)| Wanted {
        pointer,
        name: place.name,
        parent: None,
        fixed: None,
        boolean: false,
    });
    let flags = names::fields(wire, &wanted.collect::<Vec<_>>(), held);
    let places = places.into_iter().zip(pointers.iter().zip(flags));
    places
        .map(|(place, (pointer, flag))| Parameter {
            pointer: pointer.clone(),
            flag: flag.name,
            aliases: flag.aliases,
            shape: match place.repeats {
                true => Shape::List(Box::new(Shape::Text)),
                false => Shape::Text,
            },
            required: place.required,
            help: place.help,
            ..Parameter::default()
        })
        .collect()
}
