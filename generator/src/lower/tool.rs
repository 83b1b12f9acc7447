//! One tool: the properties of its input schema become flags.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    offer::Offer,
    schema::{Document, Fault, Node},
    shape::shape,
    text,
};
use crate::{
    diagnostics::{Diagnostic, Severity},
    ir::{Parameter, Shape, Tool},
    lock::Lock,
    names::{self, Flag, Wanted},
};

/// What an input schema says of a tool's arguments as a whole.
struct Arguments<'a> {
    document: Document<'a>,
    properties: Vec<(&'a str, &'a Value)>,
    required: Vec<&'a str>,
}

/// A parameter that has everything but its names.
struct Draft<'a> {
    name: &'a str,
    pointer: String,
    node: Node<'a>,
    shape: Shape,
}

/// Where diagnostics of one tool go.
struct Report<'a> {
    tool: &'a str,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Report<'_> {
    fn add(&mut self, severity: Severity, pointer: String, reason: String, hint: Option<String>) {
        let tool = self.tool.to_owned();
        self.diagnostics.push(Diagnostic {
            severity,
            tool,
            pointer,
            reason,
            hint,
        });
    }
}

/// Makes the command of a tool.
pub(super) fn lower(
    offer: &Offer<'_>,
    command: String,
    lock: &Lock,
    diagnostics: &mut Vec<Diagnostic>,
) -> Tool {
    let mut report = Report {
        tool: offer.wire,
        diagnostics,
    };
    let parameters = match arguments(offer.definition.get("inputSchema")) {
        Ok(arguments) => parameters(&arguments, offer.wire, lock, &mut report),
        Err((severity, reason)) => {
            let hint = "give the arguments whole, with `--args '{…}'`".to_owned();
            report.add(
                severity,
                "/inputSchema".to_owned(),
                reason.to_owned(),
                Some(hint),
            );
            Vec::new()
        }
    };
    Tool {
        wire: offer.wire.to_owned(),
        command,
        about: about(offer.definition),
        parameters,
        definition: offer.definition.to_string(),
    }
}

/// The first sentence of a tool's description, or its title.
fn about(definition: &Value) -> String {
    ["/description", "/title", "/annotations/title"]
        .iter()
        .filter_map(|pointer| definition.pointer(pointer)?.as_str())
        .map(text::first_sentence)
        .find(|about| !about.is_empty())
        .unwrap_or_default()
}

/// Reads an input schema, or says why the tool takes nothing but JSON.
fn arguments(schema: Option<&Value>) -> Result<Arguments<'_>, (Severity, &'static str)> {
    let broken = |reason| Err((Severity::Warning, reason));
    let schema = match schema {
        None | Some(Value::Null) => {
            return broken("There is no input schema, so the tool takes JSON alone.");
        }
        Some(schema @ Value::Object(_)) => schema,
        Some(_) => return broken("The input schema is no object, so the tool takes JSON alone."),
    };
    let document = Document(schema);
    let root = document.normalise(schema);
    match root.fault {
        Some(Fault::Dangling(_) | Fault::Remote(_)) => {
            return broken(
                "The input schema refers to what is not in it, so the tool takes JSON alone.",
            );
        }
        Some(_) => {
            return broken("The input schema leads to no schema, so the tool takes JSON alone.");
        }
        None => {}
    }
    if root.has(&["type"]) && !root.types().contains(&"object") {
        return broken(
            "The arguments are not described as an object, so the tool takes JSON alone.",
        );
    }
    let properties = match root.get("properties") {
        Some(Value::Object(properties)) => properties,
        Some(Value::Null) | None if root.has(&["anyOf", "oneOf", "allOf"]) => {
            let reason =
                "The arguments are described in several parts, so the tool takes JSON alone.";
            return Err((Severity::Note, reason));
        }
        Some(Value::Null) | None if root.has(&["type", "additionalProperties"]) => {
            return Ok(Arguments {
                document,
                properties: Vec::new(),
                required: Vec::new(),
            });
        }
        Some(Value::Null) | None => {
            return broken(
                "The input schema says nothing of the arguments, so the tool takes JSON alone.",
            );
        }
        Some(_) => return broken("The `properties` are no object, so the tool takes JSON alone."),
    };
    if properties
        .values()
        .any(|property| !property.is_object() && !property.is_boolean())
    {
        return broken("One of the `properties` is no schema, so the tool takes JSON alone.");
    }
    // `false` forbids a property, so it gets no flag.
    let allowed = |(_, property): &(_, &Value)| **property != Value::Bool(false);
    let properties = properties
        .iter()
        .map(|(name, property)| (&**name, property))
        .filter(allowed);
    let required = root.get("required").and_then(Value::as_array);
    let required = required.into_iter().flatten().filter_map(Value::as_str);
    Ok(Arguments {
        document,
        properties: properties.collect(),
        required: required.collect(),
    })
}

fn parameters(
    arguments: &Arguments<'_>,
    tool: &str,
    lock: &Lock,
    report: &mut Report<'_>,
) -> Vec<Parameter> {
    let drafts: Vec<Draft> = arguments
        .properties
        .iter()
        .map(|(name, property)| draft(arguments.document, name, property, report))
        .collect();
    let described: HashSet<&str> = drafts.iter().map(|draft| draft.name).collect();
    for name in arguments
        .required
        .iter()
        .filter(|name| !described.contains(*name))
    {
        let reason =
            format!("The property `{name}` is required but not described, so it has no flag.");
        let hint = "give it with `--set` or `--args`".to_owned();
        report.add(
            Severity::Note,
            "/inputSchema/required".to_owned(),
            reason,
            Some(hint),
        );
    }
    let required: HashSet<&str> = arguments.required.iter().copied().collect();
    let wanted: Vec<Wanted> = drafts
        .iter()
        .map(
            |Draft {
                 name,
                 pointer,
                 shape,
                 ..
             }| Wanted {
                pointer,
                name,
                parent: None,
                fixed: None,
                boolean: matches!(shape, Shape::Boolean { .. }),
            },
        )
        .collect();
    let flags = names::flags(tool, &wanted, lock).names;
    let finish = |(draft, flag): (Draft<'_>, Flag)| {
        let required = required.contains(draft.name);
        parameter(draft, flag, required)
    };
    drafts.into_iter().zip(flags).map(finish).collect()
}

fn draft<'a>(
    document: Document<'a>,
    name: &'a str,
    property: &'a Value,
    report: &mut Report<'_>,
) -> Draft<'a> {
    let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let node = document.normalise(property);
    let shape = shape(document, &node).unwrap_or_else(|loss| {
        let place = format!("/inputSchema/properties{pointer}");
        report.add(loss.severity, place, loss.reason, loss.hint);
        Shape::Json
    });
    Draft {
        name,
        pointer,
        node,
        shape,
    }
}

fn parameter(draft: Draft<'_>, flag: Flag, required: bool) -> Parameter {
    let Flag {
        name,
        negation,
        aliases,
    } = flag;
    let shape = match draft.shape {
        Shape::Boolean { .. } => Shape::Boolean { negation },
        other => other,
    };
    let help = draft
        .node
        .get("description")
        .and_then(Value::as_str)
        .map(text::clean);
    let default = draft
        .node
        .get("default")
        .filter(|default| !default.is_null())
        .map(text::json);
    Parameter {
        pointer: draft.pointer,
        flag: name,
        aliases,
        shape,
        required,
        help: help.unwrap_or_default(),
        default,
    }
}
