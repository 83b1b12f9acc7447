//! One tool: the properties of its input schema, and the fields of those that are objects, become
//! flags.

use std::collections::VecDeque;

use mcpress_runtime::schema::{Document, escape};
use serde_json::Value;

use super::{
    object::{self, Field, Object},
    offer::Offer,
    report::Report,
    schema::{Fault, Node},
    shape::Shapes,
    text,
};
use crate::{
    diagnostics::{Diagnostic, Severity},
    ir::{Branch, Effect, Parameter, Shape, Tool},
    lock::Lock,
    names::{self, Flag, Wanted},
};

/// How deep an object's fields get flags of their own: `--a`, `--a.b`, `--a.b.c`.
const DEPTH: usize = 3;
/// The most flags that the objects of a tool get for their fields.
const NESTED: usize = 40;

/// A parameter that has everything but its names.
struct Draft<'a> {
    name: &'a str,
    pointer: String,
    /// Where its schema is in the definition.
    place: String,
    /// The parameter whose field it is.
    parent: Option<usize>,
    depth: usize,
    forms: Vec<Node<'a>>,
    required: bool,
    only: Option<Branch>,
}

/// Makes the command of a tool.
pub(super) fn lower(
    offer: &Offer<'_>,
    command: String,
    lock: &Lock,
    diagnostics: &mut Vec<Diagnostic>,
) -> Tool {
    let mut report = Report::new(offer.wire);
    let parameters = match offer.definition.get("inputSchema") {
        Some(schema @ Value::Object(_)) => {
            let document = Document::new(schema);
            match arguments(&document, schema) {
                Ok((root, object)) => {
                    undescribed(&root, &object, &mut report);
                    parameters(&document, &object, offer.wire, lock, &mut report)
                }
                Err(reason) => unusable(reason, &mut report),
            }
        }
        None | Some(Value::Null) => unusable("There is no input schema", &mut report),
        Some(_) => unusable("The input schema is no object", &mut report),
    };
    diagnostics.extend(report.into_diagnostics());
    Tool {
        wire: offer.wire.to_owned(),
        command,
        about: about(offer.definition),
        effect: Effect::annotated(offer.definition),
        parameters,
        definition: offer.definition.to_string(),
        ..Tool::default()
    }
}

/// The first sentence of a description, or a title.
pub(super) fn about(definition: &Value) -> String {
    ["/description", "/title", "/annotations/title"]
        .iter()
        .filter_map(|pointer| definition.pointer(pointer)?.as_str())
        .map(text::first_sentence)
        .find(|about| !about.is_empty())
        .unwrap_or_default()
}

/// No flags: the tool's arguments are given whole.
fn unusable(reason: &str, report: &mut Report<'_>) -> Vec<Parameter> {
    report.add(
        Severity::Warning,
        "/inputSchema".to_owned(),
        format!("{reason}, so the tool takes JSON alone."),
        Some("give the arguments whole, with `--args '{…}'`".to_owned()),
    );
    Vec::new()
}

/// The object that the arguments are, or why the tool takes nothing but JSON.
fn arguments<'a>(
    document: &Document<'a>,
    schema: &'a Value,
) -> Result<(Node<'a>, Object<'a>), &'static str> {
    let root = Node::root(document, schema);
    match root.fault {
        Some(Fault::Dangling(_) | Fault::Remote(_)) => {
            return Err("The input schema refers to what is not in it");
        }
        Some(Fault::Contradiction) => {
            return Err("The parts of the input schema contradict each other");
        }
        Some(_) => return Err("The input schema leads to no schema"),
        None => {}
    }
    match root.get("properties") {
        None | Some(Value::Null | Value::Object(_)) => {}
        Some(_) => return Err("The `properties` are no object"),
    }
    let Some(object) = object::object(document, &root) else {
        return Err(
            if root.types().is_empty() && !root.has(&["type", "anyOf", "oneOf"]) {
                "The input schema says nothing of the arguments"
            } else {
                "The arguments are not described as an object"
            },
        );
    };
    let is_schema = |field: &Field<'_>| {
        let broken = |form: &Node<'_>| form.fault == Some(Fault::NotSchema);
        !field.forms.iter().any(broken)
    };
    if object.fields.iter().all(is_schema) {
        Ok((root, object))
    } else {
        Err("One of the `properties` is no schema")
    }
}

/// Notes what is required and has no flag, because nothing is said of it.
fn undescribed(root: &Node<'_>, object: &Object<'_>, report: &mut Report<'_>) {
    let described = |name: &&str| object.fields.iter().any(|field| field.name == *name);
    let names = root.required().into_iter();
    for name in names.filter(|name| !described(name)) {
        report.add(
            Severity::Note,
            "/inputSchema/required".to_owned(),
            format!("The property `{name}` is required but not described, so it has no flag."),
            Some("give it with `--set` or `--args`".to_owned()),
        );
    }
}

fn parameters<'a>(
    document: &Document<'a>,
    root: &Object<'a>,
    tool: &str,
    lock: &Lock,
    report: &mut Report<'a>,
) -> Vec<Parameter> {
    let drafts = drafts(document, root, report);
    let mut shapes = Shapes::new(document, report);
    let shapes = drafts
        .iter()
        .map(|draft| shapes.shape(&draft.forms, &draft.place));
    let shapes: Vec<Shape> = shapes.collect();
    let wanted: Vec<Wanted> = drafts
        .iter()
        .zip(&shapes)
        .map(|(draft, shape)| Wanted {
            pointer: &draft.pointer,
            name: draft.name,
            boolean: *shape == Shape::Boolean,
            parent: draft.parent,
            fixed: None,
        })
        .collect();
    let flags = names::flags(tool, &wanted, lock).names;
    drafts
        .into_iter()
        .zip(shapes)
        .zip(flags)
        .map(|((draft, shape), flag)| parameter(draft, shape, flag))
        .collect()
}

/// The parameters of a tool: what stands on top, and below it the fields of objects, as far as they
/// get flags. Each is followed by its own fields.
fn drafts<'a>(
    document: &Document<'a>,
    root: &Object<'a>,
    report: &mut Report<'a>,
) -> Vec<Draft<'a>> {
    let fields = root.fields.iter();
    let top = fields.map(|field| draft(field, root, None));
    let mut drafts: Vec<Draft<'a>> = top.collect();
    // Breadth first, so that what is used most is not crowded out by the depths of one object.
    let mut open: VecDeque<usize> = (0..drafts.len()).collect();
    let mut left = NESTED;
    while let Some(at) = open.pop_front() {
        let parent = &drafts[at];
        if parent.depth == DEPTH {
            continue;
        }
        let [form] = &parent.forms[..] else { continue };
        let Some(object) = object::object(document, form) else {
            continue;
        };
        // Where nothing tells the forms of a union apart, a flag could be of the wrong one.
        let offered =
            |field: &&Field<'_>| !object.united || object.discriminator.is_some() || field.common;
        let mut fields: Vec<_> = object.fields.iter().filter(offered).collect();
        if fields.len() > left {
            report.add(
                Severity::Note,
                parent.place.clone(),
                "The tool has too many fields for each to have a flag.".to_owned(),
                Some("give the others as `KEY=VALUE`, as JSON, or with `--set`".to_owned()),
            );
            fields.sort_by_key(|field| !field.required);
            fields.truncate(left);
        }
        left -= fields.len();
        let children = fields
            .into_iter()
            .map(|field| draft(field, &object, Some((at, parent))));
        let children: Vec<_> = children.collect();
        open.extend(drafts.len()..drafts.len() + children.len());
        drafts.extend(children);
    }
    nested(drafts)
}

fn draft<'a>(
    field: &Field<'a>,
    object: &Object<'a>,
    parent: Option<(usize, &Draft<'a>)>,
) -> Draft<'a> {
    let (pointer, place, depth) = match parent {
        Some((_, parent)) => (&*parent.pointer, &*parent.place, parent.depth),
        None => ("", "/inputSchema", 0),
    };
    let token = escape(field.name);
    Draft {
        name: field.name,
        pointer: format!("{pointer}/{token}"),
        place: format!("{place}/properties/{token}"),
        parent: parent.map(|(at, _)| at),
        depth: depth + 1,
        forms: field.forms.clone(),
        required: field.required,
        only: field.only(pointer, object.discriminator),
    }
}

/// The same drafts, each followed by its own fields.
fn nested(drafts: Vec<Draft<'_>>) -> Vec<Draft<'_>> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    let mut waiting: Vec<usize> = Vec::new();
    for (at, draft) in drafts.iter().enumerate().rev() {
        match draft.parent {
            Some(parent) => children[parent].push(at),
            None => waiting.push(at),
        }
    }
    let mut drafts: Vec<Option<Draft<'_>>> = drafts.into_iter().map(Some).collect();
    let mut places = vec![0; drafts.len()];
    let mut ordered = Vec::with_capacity(drafts.len());
    while let Some(at) = waiting.pop() {
        waiting.append(&mut children[at]);
        let Some(mut draft) = drafts[at].take() else {
            continue;
        };
        draft.parent = draft.parent.map(|parent| places[parent]);
        places[at] = ordered.len();
        ordered.push(draft);
    }
    ordered
}

fn parameter(draft: Draft<'_>, shape: Shape, flag: Flag) -> Parameter {
    let Flag {
        name,
        negation,
        aliases,
    } = flag;
    let node = &draft.forms[0];
    let help = node.get("description").and_then(Value::as_str);
    let default = node.get("default").filter(|default| !default.is_null());
    let secret = node.is("writeOnly")
        || node
            .get("format")
            .is_some_and(|format| format == "password");
    Parameter {
        value_name: value_name(node, &shape, draft.name),
        pointer: draft.pointer,
        flag: name,
        aliases,
        negation,
        shape,
        required: draft.required,
        help: help.map(text::clean).unwrap_or_default(),
        default: default.map(text::json),
        example: example(node).map(text::json),
        only: draft.only,
        deprecated: node.is("deprecated"),
        secret,
        ..Parameter::default()
    }
}

/// What a text is called in the help where the schema knows better: by its encoding, its format, or a
/// title that says more than its name.
fn value_name(node: &Node<'_>, shape: &Shape, name: &str) -> String {
    if *shape != Shape::Text {
        return String::new();
    }
    let word = |keyword: &str| node.get(keyword).and_then(Value::as_str);
    match (word("contentEncoding"), word("format")) {
        (Some("base64"), _) | (None, Some("byte" | "binary")) => return "BASE64".to_owned(),
        (None, Some(format)) => return loud(format),
        _ => {}
    }
    let title = word("title").unwrap_or_default();
    if title.chars().count() > 24 || names::kebab(title) == names::kebab(name) {
        return String::new();
    }
    loud(title)
}

/// A word as the name of a value: `date-time` as `DATE-TIME`; nothing where it has no letter.
fn loud(word: &str) -> String {
    if word.chars().any(char::is_alphanumeric) {
        names::kebab(word).to_uppercase()
    } else {
        String::new()
    }
}

/// The first value that the schema shows (`examples`, or OpenAPI's `example`).
fn example<'a>(node: &Node<'a>) -> Option<&'a Value> {
    match node.get("examples") {
        Some(Value::Array(examples)) => examples.first(),
        _ => node.get("example"),
    }
}
