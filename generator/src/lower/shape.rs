//! How text becomes JSON: the decision, given a schema with its indirections undone.

use mcpress_runtime::schema::Document;
use serde_json::Value;

use super::{
    object::{self, Object},
    report::Report,
    schema::{Fault, Items, Node},
    text,
};
use crate::{
    diagnostics::Severity,
    ir::{Field, Shape},
};

/// The most shapes of one tool, in fields and items.
const BUDGET: usize = 500;
/// The most objects and lists in one another, in one shape.
const DEPTH: usize = 5;

/// The shapes of one tool.
pub(super) struct Shapes<'a, 'r> {
    document: &'r Document<'a>,
    report: &'r mut Report<'a>,
    left: usize,
}

const ASK: &str = "the server's author can mend the schema";

impl<'a, 'r> Shapes<'a, 'r> {
    pub(super) fn new(document: &'r Document<'a>, report: &'r mut Report<'a>) -> Self {
        Self {
            document,
            report,
            left: BUDGET,
        }
    }

    /// The shape of a value that has one of these schemas, and what is said of it at `place`, the JSON
    /// Pointer of its schema in the tool's definition.
    pub(super) fn shape(&mut self, forms: &[Node<'a>], place: &str) -> Shape {
        self.any_of(forms, place, DEPTH)
    }

    /// One shape for several schemas.
    fn any_of(&mut self, forms: &[Node<'a>], place: &str, depth: usize) -> Shape {
        let shapes = forms.iter().map(|form| self.of(form, place, depth));
        united(shapes.collect())
    }

    fn of(&mut self, node: &Node<'a>, place: &str, depth: usize) -> Shape {
        if let Some(fault) = &node.fault {
            self.broken(fault, place);
            return Shape::Json;
        }
        if self.left == 0 {
            self.note(place, "The schema goes on for too long");
            return Shape::Json;
        }
        self.left -= 1;
        if let Some(values) = node.values().or_else(|| self.listed(node)) {
            return self.choice(&values, node, place);
        }
        if let Some(pattern) = node.get("pattern").and_then(Value::as_str)
            && !mcpress_runtime::validate::pattern_is_understood(pattern)
        {
            self.report.add(
                Severity::Note,
                place.to_owned(),
                "The pattern is of a kind that is not checked here.".to_owned(),
                Some("the server will check it".to_owned()),
            );
        }
        if let Some(object) = object::object(self.document, node) {
            return self.object(&object, place, depth);
        }
        if let Some(forms) = node.alternatives(self.document) {
            let possible =
                |form: &Node<'_>| !matches!(form.fault, Some(Fault::Never | Fault::Contradiction));
            let forms: Vec<_> = forms.into_iter().filter(possible).collect();
            if forms.is_empty() {
                self.broken(&Fault::Contradiction, place);
                return Shape::Json;
            }
            return self.any_of(&forms, place, depth);
        }
        self.by_type(node, place, depth)
    }

    fn by_type(&mut self, node: &Node<'a>, place: &str, depth: usize) -> Shape {
        if let Some(Value::Object(_) | Value::Number(_) | Value::Bool(_) | Value::Null) =
            node.get("type")
        {
            let reason = "The `type` is no name of a type, so the value is given as JSON.";
            self.warn(place, reason.to_owned(), ASK);
            return Shape::Json;
        }
        let types = node.types();
        if types.is_empty() {
            return if node.has(&["items", "prefixItems"]) {
                self.list(node, place, depth)
            } else {
                Shape::Any
            };
        }
        let kinds: Vec<_> = types.iter().filter(|kind| **kind != "null").collect();
        if kinds.is_empty() {
            return Shape::Constant("null".to_owned());
        }
        let shapes = kinds.iter().map(|kind| match **kind {
            "string" => Shape::Text,
            "integer" => Shape::Integer,
            "number" => Shape::Number,
            "boolean" => Shape::Boolean,
            "array" => self.list(node, place, depth),
            "object" => {
                let rest = Box::new(Shape::Text);
                Shape::Object {
                    fields: Vec::new(),
                    rest,
                }
            }
            unknown => {
                let reason =
                    format!("The type `{unknown}` is unknown, so the value is given as JSON.");
                let hint = "the types are string, integer, number, boolean, array, object and null";
                self.warn(place, reason, hint);
                Shape::Json
            }
        });
        united(shapes.collect())
    }

    /// The values of a union that lists nothing but values: how an enumeration is written that
    /// describes each of them.
    fn listed(&self, node: &Node<'a>) -> Option<Vec<&'a Value>> {
        let mut values = Vec::new();
        for form in node.alternatives(self.document)? {
            if form.fault.is_none() {
                values.extend(form.values()?);
            }
        }
        Some(values)
    }

    /// An enumeration, less null, which is said in another way, and less what the type rules out.
    fn choice(&mut self, values: &[&Value], node: &Node<'a>, place: &str) -> Shape {
        let types = node.types();
        let known = types.iter().any(|kind| is_type(kind) && *kind != "null");
        let typed = |value: &&&Value| !known || types.iter().any(|kind| is_of_type(value, kind));
        let mut choices: Vec<String> = Vec::new();
        for value in values.iter().filter(|value| !value.is_null()).filter(typed) {
            let choice = text::json(value);
            if !choices.contains(&choice) {
                choices.push(choice);
            }
        }
        if choices
            .iter()
            .all(|choice| choice == "true" || choice == "false")
            && choices.len() == 2
        {
            return Shape::Boolean;
        }
        if !choices.is_empty() {
            return match (choices.len(), node.get("const")) {
                (1, Some(_)) => Shape::Constant(choices.remove(0)),
                _ => Shape::Choice(choices),
            };
        }
        if !values.is_empty() && values.iter().all(|value| value.is_null()) {
            return Shape::Constant("null".to_owned());
        }
        let reason = if values.is_empty() {
            "The `enum` is empty, so no value is allowed.".to_owned()
        } else {
            let types = types.join("`, `");
            format!("The `enum` has no value of type `{types}`, so the value is given as JSON.")
        };
        self.warn(place, reason, ASK);
        Shape::Json
    }

    fn list(&mut self, node: &Node<'a>, place: &str, depth: usize) -> Shape {
        let Some(depth) = depth.checked_sub(1) else {
            self.note(place, "The list is too deep inside of others");
            return Shape::Json;
        };
        let item = match node.items(self.document) {
            None => Shape::Any,
            Some(Items::Alike(item)) => self.of(&item, &format!("{place}/items"), depth),
            Some(Items::Placed(slots)) => {
                let slots = slots
                    .iter()
                    .enumerate()
                    .map(|(at, slot)| self.of(slot, &format!("{place}/prefixItems/{at}"), depth));
                let slots: Vec<_> = slots.collect();
                if !slots.is_empty() && slots.iter().all(is_scalar) {
                    return Shape::Tuple(slots);
                }
                united(slots)
            }
        };
        Shape::List(Box::new(match item {
            Shape::Constant(only) => Shape::Choice(vec![only]),
            item => item,
        }))
    }

    fn object(&mut self, object: &Object<'a>, place: &str, depth: usize) -> Shape {
        let Some(depth) = depth.checked_sub(1) else {
            self.note(place, "The object is too deep inside of others");
            return Shape::Json;
        };
        let fields = object.fields.iter().map(|field| {
            let place = format!(
                "{place}/properties/{}",
                mcpress_runtime::schema::escape(field.name)
            );
            Field {
                key: field.name.to_owned(),
                shape: self.any_of(&field.forms, &place, depth),
                required: field.required,
            }
        });
        let fields = fields.collect();
        let rest = object.rest.as_ref().map_or(Shape::Text, |rest| {
            self.of(rest, &format!("{place}/additionalProperties"), depth)
        });
        Shape::Object {
            fields,
            rest: Box::new(rest),
        }
    }

    fn broken(&mut self, fault: &Fault<'_>, place: &str) {
        let (reason, hint) = match fault {
            Fault::NotSchema => ("This is not a schema".to_owned(), ASK),
            Fault::Never => ("The schema accepts no value at all".to_owned(), ASK),
            Fault::Contradiction => (
                "The parts of the schema contradict each other".to_owned(),
                ASK,
            ),
            Fault::Dangling(reference) => {
                (format!("The reference `{reference}` leads nowhere"), ASK)
            }
            Fault::Remote(reference) => (
                format!(
                    "The reference `{reference}` leads to another document, which is never fetched"
                ),
                "the server's author can put it into the schema",
            ),
            Fault::Recursion => return self.note(place, "The schema goes on inside of itself"),
            Fault::Cycle => ("The references lead back to themselves".to_owned(), ASK),
        };
        self.warn(
            place,
            format!("{reason}, so the value is given as JSON."),
            hint,
        );
    }

    fn note(&mut self, place: &str, what: &str) {
        let reason = format!("{what}, so the value is given as JSON.");
        self.report
            .add(Severity::Note, place.to_owned(), reason, None);
    }

    fn warn(&mut self, place: &str, reason: String, hint: &str) {
        self.report.add(
            Severity::Warning,
            place.to_owned(),
            reason,
            Some(hint.to_owned()),
        );
    }
}

/// One shape that can be any of these, in their order.
fn united(shapes: Vec<Shape>) -> Shape {
    let flat = shapes.into_iter().flat_map(|shape| match shape {
        Shape::Union(branches) => branches,
        other => vec![other],
    });
    let mut all: Vec<Shape> = Vec::new();
    // Values that the schema lists in several places are one choice, at the first of them.
    let mut listed: Option<(usize, Vec<String>)> = None;
    let mut constant = true;
    for shape in flat {
        let values = match shape {
            Shape::Constant(only) => vec![only],
            Shape::Choice(values) => {
                constant = false;
                values
            }
            other if all.contains(&other) => continue,
            other => {
                all.push(other);
                continue;
            }
        };
        let (_, known) = listed.get_or_insert((all.len(), Vec::new()));
        let new = values.into_iter().filter(|value| !known.contains(value));
        let new: Vec<_> = new.collect();
        known.extend(new);
    }
    if let Some((at, mut values)) = listed {
        let choice = if constant && values.len() == 1 {
            Shape::Constant(values.remove(0))
        } else {
            Shape::Choice(values)
        };
        all.insert(at, choice);
    }
    if all.len() == 1 {
        return all.remove(0);
    }
    Shape::Union(all)
}

/// Whether text for it never needs to be JSON.
fn is_scalar(shape: &Shape) -> bool {
    match shape {
        Shape::Text
        | Shape::Integer
        | Shape::Number
        | Shape::Boolean
        | Shape::Choice(_)
        | Shape::Constant(_) => true,
        Shape::Union(branches) => branches.iter().all(is_scalar),
        Shape::List(_) | Shape::Tuple(_) | Shape::Object { .. } | Shape::Any | Shape::Json => false,
    }
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
