//! The words of a tool: what no argument depends on and a model is moved by.
//!
//! Words are compared where they stand. Beneath that is a net: a text that a server says now and did
//! not say before is found wherever it stands, in a definition that nothing refers to or under a
//! description that hides it.

use std::collections::HashSet;

use serde_json::Value;

use super::{Change, Kind, Severity, child};

/// Whether a keyword of JSON Schema or OpenAPI says something and asks for nothing.
pub(super) fn are_words(keyword: &str) -> bool {
    matches!(
        keyword,
        "title"
            | "description"
            | "$comment"
            | "$schema"
            | "$id"
            | "id"
            | "examples"
            | "example"
            | "deprecated"
            | "enumNames"
            | "enumDescriptions"
            | "markdownDescription"
            | "errorMessage"
            | "externalDocs"
            | "propertyOrdering"
            | "xml"
    ) || keyword.starts_with("x-")
}

/// Adds the words of a tool that were never said before and that none of its changes, which begin
/// at `first`, shows.
pub(super) fn add_unseen(
    tool: &str,
    before: &Value,
    after: &Value,
    changes: &mut Vec<Change>,
    first: usize,
) {
    let mut known = HashSet::new();
    for (_, text) in texts(before) {
        known.insert(text);
    }
    let unseen: Vec<(String, &str)> = texts(after)
        .into_iter()
        .filter(|(_, text)| !known.contains(text))
        .collect();
    if unseen.is_empty() {
        return;
    }
    let mut shown = HashSet::new();
    for value in changes[first..]
        .iter()
        .filter_map(|change| change.after.as_ref())
    {
        match value {
            Value::String(text) => {
                shown.insert(text.clone());
            }
            value => shown.extend(texts(value).into_iter().map(|(_, text)| text.to_owned())),
        }
    }
    for (pointer, text) in unseen {
        if shown.insert(text.to_owned()) {
            changes.push(Change {
                severity: Severity::Description,
                kind: Kind::Added,
                tool: tool.to_owned(),
                pointer,
                what: "words are new where they are not shown".to_owned(),
                before: None,
                after: Some(text.into()),
            });
        }
    }
}

/// Every text in a value that stands under words, and where.
fn texts(value: &Value) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value, false)];
    while let Some((pointer, value, words)) = open.pop() {
        match value {
            Value::String(text) if words => found.push((pointer, text.as_str())),
            Value::Array(items) => open.extend(
                items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| (child(&pointer, &at.to_string()), item, words)),
            ),
            Value::Object(fields) => open.extend(
                fields
                    .iter()
                    .map(|(key, item)| (child(&pointer, key), item, are_words(key))),
            ),
            _ => {}
        }
    }
    found
}
