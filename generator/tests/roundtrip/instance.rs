//! Random values that a schema is likely to accept, with all in them that is hard to write on a line.
//!
//! A value need not be valid: what cannot be had by following the keywords one after another is left
//! to chance, and the test asks the validator afterwards.

use mcpress_runtime::{
    sample::{Sample, sample},
    schema::Document,
};
use serde_json::{Map, Value, json};

use super::random::Random;

/// Texts that a careless reader takes for something else.
const TEXTS: &[&str] = &[
    "",
    "plain",
    "-",
    "--",
    "-x",
    "--dry-run",
    "--help",
    "--no-x=1",
    "-5",
    "@x",
    "@-",
    r#"{"a":1}"#,
    "{",
    "[1]",
    "[]",
    r#"["a","b"]"#,
    "true",
    "false",
    "null",
    "7",
    "1.50",
    "\"7\"",
    "a,b",
    ",",
    r"a\,b\",
    r"\",
    "it's \"so\"",
    "two\nlines",
    "\u{0}",
    "k=v",
    "k:=1",
    "a.b=c",
    " ",
    " 7 ",
    "🦀 é 日本",
    "$(id) `id` *",
];

/// Keys that a careless writer of paths gets wrong.
const KEYS: &[&str] = &[
    "key",
    "a.b",
    "a=b",
    "a/b",
    "~1",
    "end:",
    "a:=b",
    "",
    "é日本",
    "--dry-run",
    "-x",
    "0",
    r"back\slash",
    "with blank",
    "a,b",
    "{",
    "[",
    "\"",
    "@x",
    "two\nlines",
    ".",
    "..",
    "/",
    "trailing.",
    "app.kubernetes.io/name",
];

const INTEGERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "7",
    "-42",
    "5.0",
    "123456789012345678901234567890",
    "-9223372036854775809",
    "-0",
];

const NUMBERS: &[&str] = &[
    "0", "-0", "1.50", "-0.25", "1e400", "1E+2", "2e-7", "10", "5.0", "-1e-400",
];

/// The deepest nesting that is made where the schema does not insist.
const DEPTH: usize = 6;
/// The deepest nesting at all.
const DEEPEST: usize = 24;

/// A maker of values for the schemas of one document.
pub(crate) struct Instances<'d> {
    document: &'d Document<'d>,
    random: Random,
    /// Whether every text and key is harmless.
    tame: bool,
    /// Whether some values are not what the schema asks for.
    stray: bool,
    /// How many values may still be made.
    left: usize,
}

impl<'d> Instances<'d> {
    pub(crate) fn new(document: &'d Document<'d>, seed: u64) -> Self {
        Self {
            document,
            tame: seed.is_multiple_of(4),
            stray: seed % 4 == 3,
            random: Random::new(seed),
            left: 600,
        }
    }

    /// A value of the whole document, if that is an object.
    pub(crate) fn object(&mut self) -> Map<String, Value> {
        match self.value(self.document.root(), 0) {
            Value::Object(object) => object,
            _ => match self.anything(0) {
                Value::Object(object) => object,
                other => Map::from_iter([("only".to_owned(), other)]),
            },
        }
    }

    fn value(&mut self, schema: &Value, depth: usize) -> Value {
        self.left = self.left.saturating_sub(1);
        let Value::Object(keywords) = schema else {
            return self.anything(depth);
        };
        if depth > DEEPEST {
            return Value::Null;
        }
        if self.stray && depth > 0 && self.random.chance(20) {
            return self.anything(depth);
        }
        let keywords = self.flat(keywords, 0);
        let get = |name: &str| keywords.get(name).filter(|value| !value.is_null());
        if let Some(only) = keywords.get("const") {
            return only.clone();
        }
        if let Some(Value::Array(values)) = get("enum")
            && !values.is_empty()
        {
            return self.random.pick(values).clone();
        }
        if get("nullable") == Some(&json!(true)) && self.random.chance(15) {
            return Value::Null;
        }
        let kind = match get("type") {
            Some(Value::String(kind)) => kind.clone(),
            Some(Value::Array(kinds)) if !kinds.is_empty() => {
                let kind = self.random.pick(kinds);
                kind.as_str().unwrap_or_default().to_owned()
            }
            _ if get("properties").or(get("additionalProperties")).is_some() => "object".to_owned(),
            _ if get("items").or(get("prefixItems")).is_some() => "array".to_owned(),
            _ => String::new(),
        };
        match &*kind {
            "null" => Value::Null,
            "boolean" => self.random.chance(50).into(),
            "string" => self.text(&keywords),
            "integer" | "number" => self.number(&keywords, kind == "integer"),
            "array" => self.array(&keywords, depth),
            "object" => self.map(&keywords, depth),
            _ => self.anything(depth),
        }
    }

    /// The keywords with what they refer to, all that they combine, and one of each alternative.
    fn flat(&mut self, keywords: &Map<String, Value>, hops: usize) -> Map<String, Value> {
        let mut flat = Map::new();
        let mut parts = Vec::new();
        if let Some(Value::String(reference)) = keywords.get("$ref")
            && let Ok(found) = self.document.resolve(reference)
        {
            parts.push(found);
        }
        if let Some(Value::Array(all)) = keywords.get("allOf") {
            parts.extend(all);
        }
        for name in ["anyOf", "oneOf"] {
            if let Some(Value::Array(branches)) = keywords.get(name)
                && !branches.is_empty()
            {
                parts.push(self.random.pick(branches));
            }
        }
        if hops < 16 {
            for part in parts {
                if let Value::Object(part) = part {
                    let part = self.flat(part, hops + 1);
                    join(&mut flat, part);
                }
            }
        }
        let own = keywords.iter();
        let own = own.filter(|(name, _)| {
            !matches!(
                name.as_str(),
                "$ref" | "allOf" | "anyOf" | "oneOf" | "$defs" | "definitions"
            )
        });
        let own = own.map(|(name, value)| (name.clone(), value.clone()));
        join(&mut flat, own.collect());
        flat
    }

    fn text(&mut self, keywords: &Map<String, Value>) -> Value {
        if keywords.contains_key("pattern") {
            return sample(&Value::Object(keywords.clone()), Sample::Required);
        }
        let text = match self.tame {
            true => "plain text",
            false => self.random.pick(TEXTS),
        };
        let most = size(keywords, "maxLength").unwrap_or(usize::MAX);
        let least = size(keywords, "minLength").unwrap_or(0).min(200);
        let mut text: String = text.chars().take(most).collect();
        while text.chars().count() < least {
            text.push('x');
        }
        text.into()
    }

    fn number(&mut self, keywords: &Map<String, Value>, whole: bool) -> Value {
        let bound = |name: &str| keywords.get(name).and_then(Value::as_f64);
        let least = bound("minimum").or(bound("exclusiveMinimum").map(|bound| bound + 1.0));
        let most = bound("maximum").or(bound("exclusiveMaximum").map(|bound| bound - 1.0));
        let step = bound("multipleOf").filter(|step| *step >= 1.0);
        let text = match (least, most) {
            (None, None) if step.is_none() => {
                let texts = if whole { INTEGERS } else { NUMBERS };
                (*self.random.pick(texts)).to_owned()
            }
            _ => {
                let least = least.or(most.map(|most| most - 9.0)).unwrap_or(0.0);
                let most = most.unwrap_or(least + 9.0);
                let share = f64::from(u8::try_from(self.random.below(5)).unwrap_or(0)) / 4.0;
                let mut number = least + (most - least) * share;
                if whole {
                    number = number.round();
                }
                if let Some(step) = step {
                    number = (number / step).ceil() * step;
                }
                format!("{number}")
            }
        };
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn array(&mut self, keywords: &Map<String, Value>, depth: usize) -> Value {
        let least = size(keywords, "minItems").unwrap_or(0).min(50);
        let most = size(keywords, "maxItems").unwrap_or(usize::MAX);
        let items = keywords.get("items");
        let slots = match (keywords.get("prefixItems"), items) {
            (Some(Value::Array(slots)), _) | (None, Some(Value::Array(slots))) => slots.clone(),
            _ => Vec::new(),
        };
        let alike = items.filter(|items| !items.is_array());
        let mut wanted = slots.len().max(self.random.below(4));
        if depth >= DEPTH || self.left == 0 {
            wanted = 0;
        }
        if !slots.is_empty() && alike.is_none_or(|alike| *alike == json!(false)) {
            wanted = slots.len();
        }
        let wanted = wanted.max(least).min(most);
        let mut values: Vec<Value> = Vec::new();
        for at in 0..wanted {
            let schema = slots.get(at).or(alike).unwrap_or(&Value::Null);
            let value = self.value(schema, depth + 1);
            if keywords.get("uniqueItems") != Some(&json!(true)) || !values.contains(&value) {
                values.push(value);
            }
        }
        values.into()
    }

    fn map(&mut self, keywords: &Map<String, Value>, depth: usize) -> Value {
        let mut object = Map::new();
        let required: Vec<&str> = match keywords.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let empty = Map::new();
        let properties = match keywords.get("properties") {
            Some(Value::Object(properties)) => properties,
            _ => &empty,
        };
        let small = depth >= DEPTH || self.left == 0;
        let share = *self.random.pick(&[0, 20, 50, 100]);
        for (name, schema) in properties {
            let optional = !small && self.random.chance(share);
            if *schema != json!(false) && (required.contains(&&**name) || optional) {
                let value = self.value(schema, depth + 1);
                object.insert(name.clone(), value);
            }
        }
        for name in required {
            if !object.contains_key(name) {
                let value = self.anything(depth + 1);
                object.insert(name.to_owned(), value);
            }
        }
        let additional = keywords.get("additionalProperties");
        let patterns = keywords.get("patternProperties").and_then(Value::as_object);
        let many = match additional {
            _ if small => 0,
            Some(Value::Bool(false)) if patterns.is_none() => 0,
            None if !properties.is_empty() => usize::from(self.random.chance(10)),
            _ => self.random.below(4),
        };
        let least = size(keywords, "minProperties").unwrap_or(0).min(20);
        let many = many.max(least.saturating_sub(object.len()));
        for _ in 0..many {
            let (key, schema) = match patterns.and_then(|patterns| patterns.iter().next()) {
                Some((pattern, schema)) => {
                    let key = sample(
                        &json!({"type": "string", "pattern": pattern}),
                        Sample::Required,
                    );
                    (key, schema)
                }
                None => {
                    let key = match keywords.get("propertyNames") {
                        Some(names) => self.value(names, depth + 1),
                        None if self.tame => "plain".into(),
                        None => (*self.random.pick(KEYS)).into(),
                    };
                    (key, additional.unwrap_or(&Value::Null))
                }
            };
            if let Value::String(key) = key
                && !object.contains_key(&key)
            {
                let value = self.value(schema, depth + 1);
                object.insert(key, value);
            }
        }
        object.into()
    }

    /// A value of which nothing is said.
    fn anything(&mut self, depth: usize) -> Value {
        let scalar = depth >= DEPTH || self.left == 0;
        match self.random.below(if scalar { 5 } else { 7 }) {
            0 => Value::Null,
            1 => self.random.chance(50).into(),
            2 => self.number(&Map::new(), false),
            3 | 4 => self.text(&Map::new()),
            5 => self.array(&Map::new(), depth + 1),
            _ => self.map(&Map::new(), depth + 1),
        }
    }
}

/// Adds keywords to others, as `allOf` does.
fn join(flat: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        match (flat.get_mut(&name), value) {
            (Some(Value::Object(before)), Value::Object(more)) if name == "properties" => {
                before.extend(more);
            }
            (Some(Value::Array(before)), Value::Array(more)) if name == "required" => {
                before.extend(more);
            }
            (_, value) => {
                flat.insert(name, value);
            }
        }
    }
}

fn size(keywords: &Map<String, Value>, name: &str) -> Option<usize> {
    let size = keywords.get(name)?.as_f64()?;
    // No size of a schema is beyond what a float holds exactly.
    (0.0..1e9).contains(&size).then_some(size as usize)
}
