//! Drift: what changed between what a server said once and what it says now.
//!
//! ```text
//! tools ──pairs by name──▶ tool ──view──▶ schema without references and nullables ──▶ changes
//! ```
//!
//! A program is made of what its server said on one day. [`compare`] tells which lines that worked
//! then fail now ([`Severity::Breaking`]), what is merely new ([`Severity::Compatible`]), and which
//! words are others ([`Severity::Description`]), because a model acts on words. It is pure, takes
//! any JSON, and its work is bounded: what is too deep or too large to be judged is called breaking,
//! never passed over.
//!
//! An input is judged by those who send it: it breaks when less is taken. An output is judged by
//! those who read it: it breaks when less is certain.

mod again;
mod bounds;
mod members;
pub mod report;
mod schema;
mod types;
mod union;
mod view;
mod words;

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::Value;

pub use again::again;
use schema::{Comparison, Side};
use view::child;

/// What a change does to a line that worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A line that worked may fail, or an answer that was read may be read no more.
    Breaking,
    /// Every line that worked works.
    Compatible,
    /// Titles, descriptions, annotations: words alone.
    Description,
}

/// What happened to the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Changed,
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it does to a line that worked.
    pub severity: Severity,
    /// What happened.
    pub kind: Kind,
    /// The tool, by the name the server knows it by.
    pub tool: String,
    /// The place, as a JSON Pointer (RFC 6901) into the tool as it is now, or as it was where the
    /// place is gone; empty for the tool itself.
    pub pointer: String,
    /// The change as a sentence, in which names are the server's own words.
    pub what: String,
    /// What stood there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What stands there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// The most schemas that are looked at in one comparison. Beyond them a tool that is not the same
/// to the letter counts as changed.
const STEPS: usize = 2_000_000;
/// The same for one tool.
const STEPS_OF_A_TOOL: usize = 100_000;

/// Compares two lists of `Tool` objects of the protocol.
///
/// Tools are paired by name, and a name that comes twice is its first tool, as it is for a program.
/// What is no object or has no name could never be called and is passed over. The order of tools,
/// of keys, of required properties and of the values of an enumeration means nothing.
pub fn compare(before: &[Value], after: &[Value]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut left = STEPS;
    let now = named(after);
    let known: HashMap<&str, &Value> = now.iter().copied().collect();
    let was = named(before);
    for &(name, old) in &was {
        let Some(new) = known.get(name) else {
            changes.push(whole(name, Kind::Removed, old));
            continue;
        };
        if old != *new {
            tool(name, old, new, &mut left, &mut changes);
        }
    }
    let was: HashSet<&str> = was.iter().map(|(name, _)| *name).collect();
    for (name, new) in now {
        if !was.contains(name) {
            changes.push(whole(name, Kind::Added, new));
        }
    }
    changes
}

/// The tools that can be called, each name once.
fn named(tools: &[Value]) -> Vec<(&str, &Value)> {
    let mut seen = HashSet::new();
    tools
        .iter()
        .filter_map(|tool| Some((tool.get("name")?.as_str()?, tool)))
        .filter(|(name, _)| seen.insert(*name))
        .collect()
}

/// A tool that came or went.
fn whole(name: &str, kind: Kind, tool: &Value) -> Change {
    let (severity, what) = match kind {
        Kind::Added => (Severity::Compatible, "the tool is new"),
        _ => (Severity::Breaking, "the tool is gone"),
    };
    Change {
        severity,
        kind,
        tool: name.to_owned(),
        pointer: String::new(),
        what: what.to_owned(),
        before: (kind != Kind::Added).then(|| tool.clone()),
        after: (kind == Kind::Added).then(|| tool.clone()),
    }
}

/// Compares two tools of one name.
fn tool(name: &str, before: &Value, after: &Value, left: &mut usize, changes: &mut Vec<Change>) {
    let first = changes.len();
    let schemas = |key: &str| (present(before, key), present(after, key));
    let mut compare = |side: Side| {
        let (old, new) = schemas(side.key());
        let allowance = STEPS_OF_A_TOOL.min(*left);
        let mut comparison = Comparison::new(side, name, old, new, allowance);
        comparison.run();
        *left -= allowance - comparison.steps_left();
        comparison.into_changes()
    };
    changes.extend(compare(Side::Input));
    changes.extend(match schemas("outputSchema") {
        (Some(_), Some(_)) => compare(Side::Output),
        (None, None) => Vec::new(),
        (old, new) => vec![output_schema(name, old, new)],
    });
    annotations(name, before, after, changes);
    for key in keys(before, after) {
        match key {
            "name" | "inputSchema" | "outputSchema" | "annotations" => {}
            "execution" => execution(name, before, after, changes),
            _ => changes.extend(other(name, "", key, before.get(key), after.get(key))),
        }
    }
    words::add_unseen(name, before, after, changes, first);
}

/// A field that is there and not null: servers spell "none" in both ways.
fn present<'a>(tool: &'a Value, key: &str) -> Option<&'a Value> {
    tool.get(key).filter(|value| !value.is_null())
}

/// The keys of both, each once.
fn keys<'a>(before: &'a Value, after: &'a Value) -> Vec<&'a str> {
    let old = before.as_object().into_iter().flatten();
    let new = after.as_object().into_iter().flatten();
    let new = new.filter(|(key, _)| before.get(key.as_str()).is_none());
    old.chain(new).map(|(key, _)| key.as_str()).collect()
}

fn output_schema(tool: &str, old: Option<&Value>, new: Option<&Value>) -> Change {
    let gone = new.is_none();
    Change {
        severity: if gone {
            Severity::Breaking
        } else {
            Severity::Compatible
        },
        kind: if gone { Kind::Removed } else { Kind::Added },
        tool: tool.to_owned(),
        pointer: "/outputSchema".to_owned(),
        what: if gone {
            "the result is no longer described".to_owned()
        } else {
            "the result is described".to_owned()
        },
        before: old.cloned(),
        after: new.cloned(),
    }
}

/// Compares the hints about what a tool does. Two of them decide whether it is safe to call.
fn annotations(tool: &str, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let none = Value::Null;
    let old = before.get("annotations").unwrap_or(&none);
    let new = after.get("annotations").unwrap_or(&none);
    for key in keys(old, new) {
        let (was, is) = (old.get(key), new.get(key));
        let Some(mut change) = other(tool, "/annotations", key, was, is) else {
            continue;
        };
        let is_true = |value: Option<&Value>| value.is_some_and(|value| *value == true);
        let alarm = match key {
            "readOnlyHint" if is_true(was) && !is_true(is) => {
                Some("the tool is no longer read-only")
            }
            "destructiveHint" if !is_true(was) && is_true(is) => {
                Some("the tool became destructive")
            }
            _ => None,
        };
        if let Some(alarm) = alarm {
            change.severity = Severity::Breaking;
            change.what = alarm.to_owned();
        }
        changes.push(change);
    }
    // Annotations of another kind than the protocol's hold no hints.
    if old != new && !(old.is_object() || new.is_object()) {
        changes.extend(other(tool, "", "annotations", Some(old), Some(new)));
    }
}

/// Compares how a tool must be called (MCP 2025-11-25, Tasks).
fn execution(tool: &str, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let Some(mut change) = other(
        tool,
        "",
        "execution",
        before.get("execution"),
        after.get("execution"),
    ) else {
        return;
    };
    let needs_task = |tool: &Value| {
        tool.pointer("/execution/taskSupport")
            .is_some_and(|support| support == "required")
    };
    match (needs_task(before), needs_task(after)) {
        (false, true) => {
            change.severity = Severity::Breaking;
            change.what = "the tool can be called as a task only".to_owned();
        }
        (true, false) => change.severity = Severity::Compatible,
        _ => {}
    }
    changes.push(change);
}

/// A difference in a field whose value no call depends on.
fn other(
    tool: &str,
    pointer: &str,
    key: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Option<Change> {
    if before == after {
        return None;
    }
    let (kind, verb) = match (before, after) {
        (None, _) => (Kind::Added, "is new"),
        (_, None) => (Kind::Removed, "is gone"),
        _ => (Kind::Changed, "changed"),
    };
    let what = match key {
        "title" | "description" | "icons" if pointer.is_empty() => format!("the {key} {verb}"),
        _ => format!("`{key}` {verb}"),
    };
    Some(Change {
        severity: Severity::Description,
        kind,
        tool: tool.to_owned(),
        pointer: child(pointer, key),
        what,
        before: before.cloned(),
        after: after.cloned(),
    })
}

#[cfg(test)]
mod tests;
