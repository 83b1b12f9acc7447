//! One field of a form: what it is called, what it takes, how that is typed.

use serde_json::{Map, Value};

use super::choice::{Choices, shown};
use super::words::{label, quote};
use crate::arguments;
use crate::schema::Document;
use crate::spec::Shape;
use crate::validate::format_sample;

/// How far a schema is followed to what it means.
const DEPTH: usize = 16;

/// A schema of which nothing is known.
static ANYTHING: Value = Value::Bool(true);

/// A field.
pub(super) struct Field<'a> {
    /// What the server calls it.
    pub(super) name: &'a str,
    /// Its schema as the server wrote it.
    pub(super) schema: &'a Value,
    /// The schema that says what its values are.
    node: &'a Value,
    kind: Kind<'a>,
    pub(super) required: bool,
    /// Whether it is a secret by its schema, so that it is not shown.
    pub(super) hidden: bool,
}

/// What a field takes.
enum Kind<'a> {
    Text,
    Integer,
    Number,
    Boolean,
    One(Choices<'a>),
    Several(Choices<'a>),
    /// Anything that a form is not meant to ask for.
    Any,
}

impl<'a> Field<'a> {
    /// A field by its name and schema; none is a field that is required and described nowhere.
    pub(super) fn new(
        document: &Document<'a>,
        name: &'a str,
        schema: Option<&'a Value>,
        required: bool,
    ) -> Self {
        let schema = schema.unwrap_or(&ANYTHING);
        let node = meant(document, schema);
        let is = |keyword: &str, value: &str| node.get(keyword).is_some_and(|is| is == value);
        let write_only = [schema, node]
            .iter()
            .any(|schema| schema.get("writeOnly") == Some(&Value::Bool(true)));
        Self {
            name,
            schema,
            node,
            kind: Kind::of(document, node),
            required,
            hidden: write_only || is("format", "password"),
        }
    }

    /// The value that the server would take for it.
    pub(super) fn default(&self) -> Option<&'a Value> {
        self.keyword("default").filter(|value| !value.is_null())
    }

    /// A keyword, which may stand beside a reference or behind it.
    fn keyword(&self, keyword: &str) -> Option<&'a Value> {
        self.schema.get(keyword).or_else(|| self.node.get(keyword))
    }

    /// What is said before it is asked for.
    pub(super) fn heading(&self) -> String {
        let text = |keyword: &str| {
            let text = self.keyword(keyword).and_then(Value::as_str);
            text.map(str::trim).filter(|text| !text.is_empty())
        };
        let mut heading = match (text("title"), text("description")) {
            (Some(title), Some(description)) => quote(&format!("{title}: {description}")),
            (Some(only), None) | (None, Some(only)) => quote(only),
            (None, None) => String::new(),
        };
        if let Kind::One(choices) | Kind::Several(choices) = &self.kind {
            heading.push_str(&choices.list());
        }
        heading
    }

    /// What is to be typed, with what is taken for an empty line.
    pub(super) fn prompt(&self, default: Option<&Value>) -> String {
        let mut wanted = self.wanted();
        if !self.required && default.is_none() {
            wanted.push_str(", optional");
        }
        let default = default
            .map(|value| format!(" [{}]", self.show(value)))
            .unwrap_or_default();
        format!("{} ({wanted}){default}: ", label(self.name))
    }

    fn wanted(&self) -> String {
        let range = |low, high, unit| range(self.node, low, high, unit);
        match &self.kind {
            Kind::Text => {
                let format = self.keyword("format").and_then(Value::as_str);
                let format = format.and_then(|name| Some((name, format_sample(name)?)));
                let what = match format {
                    Some((name, sample)) => format!("{name}, as {sample}"),
                    None => "text".to_owned(),
                };
                what + &range("minLength", "maxLength", " characters")
            }
            Kind::Integer => "integer".to_owned() + &range("minimum", "maximum", ""),
            Kind::Number => "number".to_owned() + &range("minimum", "maximum", ""),
            Kind::Boolean => "y/n".to_owned(),
            Kind::One(choices) => choices.wanted(),
            Kind::Several(choices) => {
                let count = range("minItems", "maxItems", " of them");
                format!("{}, parted by commas{count}", choices.wanted())
            }
            Kind::Any => "text or JSON".to_owned(),
        }
    }

    /// The value that was typed.
    pub(super) fn read(&self, typed: &str) -> Result<Value, String> {
        let bare = typed.trim();
        match &self.kind {
            Kind::Text if typed.chars().any(|c| c.is_control() && c != '\t') => {
                Err("a control character is in it".to_owned())
            }
            Kind::Text => Ok(typed.into()),
            Kind::Integer => arguments::typed(Shape::Integer, bare),
            Kind::Number => arguments::typed(Shape::Number, bare),
            Kind::Boolean => match bare.to_ascii_lowercase().as_str() {
                "y" | "yes" | "true" => Ok(true.into()),
                "n" | "no" | "false" => Ok(false.into()),
                _ => Err(format!("{}: neither yes nor no", label(bare))),
            },
            Kind::One(choices) => choices.read(bare),
            Kind::Several(choices) => several(choices, bare),
            Kind::Any => arguments::typed(Shape::Any, bare),
        }
    }

    /// What an empty line means where there is no default.
    pub(super) fn nothing(&self) -> Option<Value> {
        let fewest = self.node.get("minItems").and_then(Value::as_f64);
        let may_be_empty = fewest.is_none_or(|fewest| fewest <= 0.0);
        match self.kind {
            Kind::Several(_) if self.required && may_be_empty => Some(Value::Array(Vec::new())),
            _ => None,
        }
    }

    /// A value that was given ahead, which may be written as it would be typed.
    pub(super) fn given(&self, value: &Value) -> Value {
        let Value::String(text) = value else {
            return value.clone();
        };
        let as_is = match &self.kind {
            Kind::Text | Kind::Any => true,
            Kind::One(choices) => choices.has(value),
            Kind::Integer | Kind::Number | Kind::Boolean | Kind::Several(_) => false,
        };
        if as_is {
            return value.clone();
        }
        self.read(text).unwrap_or_else(|_| value.clone())
    }

    /// A value as it is shown to a person.
    pub(super) fn show(&self, value: &Value) -> String {
        match (&self.kind, value) {
            _ if self.hidden => "hidden".to_owned(),
            (Kind::One(choices), value) => choices.title(value),
            (Kind::Several(choices), Value::Array(items)) => {
                let titles: Vec<String> = items.iter().map(|item| choices.title(item)).collect();
                label(&titles.join(", "))
            }
            (_, Value::Bool(true)) => "yes".to_owned(),
            (_, Value::Bool(false)) => "no".to_owned(),
            (_, value) => label(&shown(value)),
        }
    }
}

impl<'a> Kind<'a> {
    fn of(document: &Document<'a>, node: &'a Value) -> Self {
        let Value::Object(keywords) = node else {
            return Self::Any;
        };
        if kind_name(keywords) == Some("array") {
            let items = keywords.get("items").map(|items| meant(document, items));
            let choices = items.and_then(Value::as_object).and_then(Choices::of);
            return choices.map_or(Self::Any, Self::Several);
        }
        if let Some(choices) = Choices::of(keywords) {
            return Self::One(choices);
        }
        match kind_name(keywords) {
            Some("string") => Self::Text,
            Some("integer") => Self::Integer,
            Some("number") => Self::Number,
            Some("boolean") => Self::Boolean,
            _ => Self::Any,
        }
    }
}

/// The schema that a schema stands for: what it refers to, or the one that is not null among several.
fn meant<'a>(document: &Document<'a>, schema: &'a Value) -> &'a Value {
    let mut node = schema;
    for _ in 0..DEPTH {
        let branches = ["anyOf", "oneOf", "allOf"]
            .iter()
            .find_map(|keyword| node.get(*keyword)?.as_array());
        let mut branches = branches
            .into_iter()
            .flatten()
            .filter(|branch| branch.get("type").is_none_or(|name| name != "null"));
        let referred = node.get("$ref").and_then(Value::as_str);
        node = match (referred, branches.next(), branches.next()) {
            (Some(reference), ..) => match document.resolve(reference) {
                Ok(target) => target,
                Err(_) => return node,
            },
            // A constant alone is a choice of one.
            (None, Some(only), None) if only.get("const").is_none() => only,
            _ => return node,
        };
    }
    node
}

/// The type of a schema, the first that is not null.
fn kind_name(keywords: &Map<String, Value>) -> Option<&str> {
    match keywords.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null"),
        _ => None,
    }
}

/// `, 3 to 50 characters`
fn range(node: &Value, low: &str, high: &str, unit: &str) -> String {
    let number = |keyword: &str| {
        let number = node.get(keyword).filter(|value| value.is_number())?;
        Some(label(&number.to_string()))
    };
    match (number(low), number(high)) {
        (Some(low), Some(high)) => format!(", {low} to {high}{unit}"),
        (Some(low), None) => format!(", at least {low}{unit}"),
        (None, Some(high)) => format!(", at most {high}{unit}"),
        (None, None) => String::new(),
    }
}

fn several(choices: &Choices<'_>, typed: &str) -> Result<Value, String> {
    if let Ok(only) = choices.read(typed) {
        return Ok(Value::Array(vec![only]));
    }
    let parts = typed.split(',').map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    let chosen: Result<Vec<Value>, String> = parts.map(|part| choices.read(part)).collect();
    chosen.map(Value::Array)
}
