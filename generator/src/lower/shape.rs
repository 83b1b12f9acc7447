//! How the text of one flag becomes JSON: the decision, given a schema with its indirections undone.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    schema::{Document, Fault, Node},
    text,
};
use crate::{diagnostics::Severity, ir::Shape};

/// Why a flag takes JSON though the schema may have meant more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loss {
    pub(super) severity: Severity,
    pub(super) reason: String,
    pub(super) hint: Option<String>,
}

impl Loss {
    fn note(what: &str) -> Self {
        let reason = format!("The value is {what}, so the flag takes JSON.");
        Self {
            severity: Severity::Note,
            reason,
            hint: None,
        }
    }

    fn warning(reason: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            reason: reason.into(),
            hint: None,
        }
    }

    fn hinting(self, hint: &str) -> Self {
        Self {
            hint: Some(hint.to_owned()),
            ..self
        }
    }
}

/// Decides the shape of a value; a loss means [`Shape::Json`].
pub(super) fn shape(document: Document<'_>, node: &Node<'_>) -> Result<Shape, Loss> {
    if let Some(fault) = node.fault {
        return Err(broken(fault));
    }
    if let Some(shape) = scalar(document, node)? {
        return Ok(shape);
    }
    let types = node.types();
    let kinds: Vec<&str> = types
        .iter()
        .copied()
        .filter(|kind| *kind != "null")
        .collect();
    match kinds[..] {
        ["array"] => list(document, node),
        [] if node.has(&["items", "prefixItems"]) => list(document, node),
        ["object"] => Err(Loss::note("an object")),
        [] if node.has(&["properties", "additionalProperties", "patternProperties"]) => {
            Err(Loss::note("an object"))
        }
        [] if node.has(&["allOf"]) => Err(Loss::note("described in several parts")),
        [] if takes_text(document, node) => Ok(Shape::Any),
        [] => Err(Loss::note("one of several kinds")),
        _ => match kinds.iter().find(|kind| !is_type(kind)) {
            Some(unknown) => Err(unknown_type(unknown)),
            None if kinds.contains(&"string") => Ok(Shape::Any),
            None => Err(Loss::note("one of several kinds")),
        },
    }
}

/// Whether a value of several kinds, or of any, may be a string.
fn takes_text(document: Document<'_>, node: &Node<'_>) -> bool {
    let Some(Value::Array(branches)) = node.get("anyOf").or_else(|| node.get("oneOf")) else {
        return true;
    };
    branches.iter().any(|branch| {
        let branch = document.normalise(branch);
        branch.fault.is_none() && branch.types().contains(&"string")
    })
}

/// The shape of a value that is no list and no object, if it is one.
fn scalar(document: Document<'_>, node: &Node<'_>) -> Result<Option<Shape>, Loss> {
    if let Some(only) = node.get("const") {
        return Ok(Some(Shape::Constant(text::json(only))));
    }
    let types = node.types();
    if let Some(Value::Array(values)) = node.get("enum") {
        return choice(values, &types).map(Some);
    }
    if let Some(values) = listed(document, node) {
        return choice(&values, &types).map(Some);
    }
    if let Some(Value::Object(_) | Value::Number(_) | Value::Bool(_) | Value::Null) =
        node.get("type")
    {
        return Err(
            Loss::warning("The `type` is no name of a type, so the flag takes JSON.").hinting(ASK),
        );
    }
    let kinds: Vec<&str> = types
        .iter()
        .copied()
        .filter(|kind| *kind != "null")
        .collect();
    Ok(match kinds[..] {
        ["string"] => Some(Shape::Text),
        ["integer"] => Some(Shape::Integer),
        ["number"] => Some(Shape::Number),
        ["boolean"] => Some(Shape::Boolean { negation: None }),
        [] if !types.is_empty() => Some(Shape::Constant("null".to_owned())),
        _ => None,
    })
}

/// The values of a union that lists nothing but values: how an enumeration is written that describes
/// each of them.
fn listed(document: Document<'_>, node: &Node<'_>) -> Option<Vec<Value>> {
    let Some(Value::Array(branches)) = node.get("oneOf").or_else(|| node.get("anyOf")) else {
        return None;
    };
    let mut values = Vec::new();
    for branch in branches {
        let branch = document.normalise(branch);
        match (branch.fault, branch.get("const"), branch.get("enum")) {
            (None, Some(only), _) => values.push(only.clone()),
            (None, None, Some(Value::Array(several))) => values.extend(several.iter().cloned()),
            _ => return None,
        }
    }
    Some(values)
}

/// An enumeration, less null, which is said in another way, and less what the type rules out.
fn choice(values: &[Value], types: &[&str]) -> Result<Shape, Loss> {
    if values.is_empty() {
        return Err(Loss::warning("The `enum` is empty, so no value is allowed.").hinting(ASK));
    }
    let known = types.iter().any(|kind| is_type(kind) && *kind != "null");
    let typed = |value: &&Value| !known || types.iter().any(|kind| is_of_type(value, kind));
    let mut seen = HashSet::new();
    let mut choices: Vec<String> = values
        .iter()
        .filter(|value| !value.is_null())
        .filter(typed)
        .map(text::json)
        .collect();
    choices.retain(|choice| seen.insert(choice.clone()));
    if !choices.is_empty() {
        let both = types == ["boolean"] && choices.len() == 2;
        return Ok(if both {
            Shape::Boolean { negation: None }
        } else {
            Shape::Choice(choices)
        });
    }
    if values.iter().all(Value::is_null) {
        return Ok(Shape::Constant("null".to_owned()));
    }
    let reason = format!(
        "The `enum` has no value of type `{}`, so the flag takes JSON.",
        types.join("`, `")
    );
    Err(Loss::warning(reason).hinting(ASK))
}

/// A flag that repeats, where its items are scalars.
fn list(document: Document<'_>, node: &Node<'_>) -> Result<Shape, Loss> {
    let items = match node.get("items") {
        Some(items @ (Value::Object(_) | Value::Bool(true))) if !node.has(&["prefixItems"]) => {
            items
        }
        None if !node.has(&["prefixItems"]) => return Err(Loss::note("a list of anything")),
        _ => return Err(Loss::note("a tuple")),
    };
    let item = document.normalise(items);
    if let Some(fault) = item.fault {
        return Err(broken(fault));
    }
    match scalar(document, &item)? {
        Some(Shape::Constant(only)) => Ok(Shape::List(Box::new(Shape::Choice(vec![only])))),
        Some(shape) => Ok(Shape::List(Box::new(shape))),
        None => match item.types().iter().find(|kind| !is_type(kind)) {
            Some(unknown) => Err(unknown_type(unknown)),
            None => Err(Loss::note("a list of values that are not plain")),
        },
    }
}

const ASK: &str = "the server's author can mend the schema";

fn broken(fault: Fault<'_>) -> Loss {
    match fault {
        Fault::NotSchema => {
            Loss::warning("This is not a schema, so the flag takes JSON.").hinting(ASK)
        }
        Fault::Never => Loss::warning("The schema accepts no value at all.").hinting(ASK),
        Fault::Dangling(reference) => Loss::warning(format!(
            "The reference `{reference}` leads nowhere, so the flag takes JSON."
        ))
        .hinting(ASK),
        Fault::Remote(reference) => Loss::warning(format!(
            "The reference `{reference}` leads to another document, which is never fetched, so the flag takes JSON."
        )),
        Fault::Cycle => {
            Loss::warning("The references lead back to themselves, so the flag takes JSON.")
                .hinting(ASK)
        }
    }
}

fn unknown_type(name: &str) -> Loss {
    Loss::warning(format!(
        "The type `{name}` is unknown, so the flag takes JSON."
    ))
    .hinting("the types are string, integer, number, boolean, array, object and null")
}

fn is_type(name: &str) -> bool {
    [
        "string", "integer", "number", "boolean", "array", "object", "null",
    ]
    .contains(&name)
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
        Value::Number(_) if name == "number" => true,
        Value::Number(number) => {
            name == "integer" && number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
    }
}
