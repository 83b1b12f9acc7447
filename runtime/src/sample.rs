//! A value that a schema accepts.
//!
//! For a document to fill in, and for the command that would have worked. Where the schema says what
//! it likes to be given, by a default, an example, a choice, that is taken; the rest is made up by
//! type. Nothing is worked out that can be tried: candidates are put to [`validate`](crate::validate)
//! and the first that is accepted is taken, so that a sample is well formed for every keyword that
//! is checked, and the nearest thing to it where none of them is.

mod array;
mod object;
mod pattern;
mod scalar;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::schema::Document;
use crate::validate::Judge;

/// The deepest nesting that a sample has.
const DEPTH: usize = 24;

/// The most branches of unions inside one another, on the way to one value.
const BRANCHES: usize = 64;

/// The most values that are made up.
const VALUES: usize = 5000;

/// The most schemas that are read as one.
const LAYERS: usize = 256;

/// How much of an object a sample has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// What is required.
    Required,
    /// What may be given as well, near the top.
    All,
}

/// A value that the schema accepts, or where none was found, one that is close to it.
pub fn sample(schema: &Value, which: Sample) -> Value {
    let document = Document::new(schema);
    let mut sampler = Sampler {
        document: &document,
        judge: Judge::new(&document),
        which,
        values: VALUES,
        depth: 0,
        branches: 0,
        following: Vec::new(),
    };
    let made = sampler.value(&[schema], "");
    made.map_or(Value::Null, |made| made.value)
}

/// One walk over a schema.
struct Sampler<'a, 'd> {
    document: &'d Document<'a>,
    judge: Judge<'a, 'd>,
    which: Sample,
    /// How many more values may be made up.
    values: usize,
    depth: usize,
    branches: usize,
    /// The targets of the references that lead here.
    following: Vec<&'a Value>,
}

/// A value that was made up.
struct Made {
    value: Value,
    /// Whether the schema accepts it.
    accepted: bool,
}

/// A schema as one with those it refers to and is made of, the outermost first.
type Layers<'a> = Vec<&'a Map<String, Value>>;

impl<'a> Sampler<'a, '_> {
    /// A value for a place that all of these schemas are about. None where a reference leads back
    /// to itself, or where nothing is allowed.
    fn value(&mut self, schemas: &[&'a Value], name: &str) -> Option<Made> {
        if self.values == 0 || self.depth == DEPTH {
            return None;
        }
        self.values -= 1;
        self.depth += 1;
        let followed = self.following.len();
        let layers = self.layers(schemas);
        let ends = layers.is_none();
        let made = layers.and_then(|layers| {
            let given = self.given(schemas, &layers);
            given.or_else(|| self.union(schemas, &layers, &unions(&layers), name))
        });
        self.following.truncate(followed);
        self.depth -= 1;
        match made {
            Some(made) if made.accepted => Some(made),
            None if ends => None,
            other => self
                .first(schemas, [Value::Null])
                .filter(|made| made.accepted)
                .or(other),
        }
    }

    /// The schemas with what they lead to. None where that is where we come from.
    fn layers(&mut self, schemas: &[&'a Value]) -> Option<Layers<'a>> {
        let followed = self.following.len();
        let mut layers = Layers::new();
        let mut ahead: Vec<&Value> = schemas.iter().rev().copied().collect();
        while let Some(schema) = ahead.pop() {
            let keywords = match schema {
                Value::Object(keywords) => keywords,
                Value::Bool(false) => return None,
                _ => continue,
            };
            if layers.len() == LAYERS || layers.iter().any(|seen| std::ptr::eq(*seen, keywords)) {
                continue;
            }
            layers.push(keywords);
            let parts = list(keywords, "allOf").iter().rev();
            ahead.extend(parts);
            let reference = keywords.get("$ref").and_then(Value::as_str);
            if let Some(target) =
                reference.and_then(|reference| self.document.resolve(reference).ok())
            {
                if self.following[..followed]
                    .iter()
                    .any(|seen| std::ptr::eq(*seen, target))
                {
                    return None;
                }
                self.following.push(target);
                ahead.push(target);
            }
        }
        Some(layers)
    }

    /// What the schema itself gives for a value.
    fn given(&mut self, schemas: &[&'a Value], layers: &Layers<'a>) -> Option<Made> {
        let has_fields = layers.iter().any(|layer| layer.contains_key("properties"));
        let singles = ["default", "const", "example"].into_iter();
        let singles =
            singles.flat_map(|keyword| layers.iter().filter_map(move |layer| layer.get(keyword)));
        let lists = ["examples", "enum"].into_iter();
        let lists =
            lists.flat_map(|keyword| layers.iter().flat_map(move |layer| list(layer, keyword)));
        let whole = self.which == Sample::All;
        let given = singles.chain(lists).filter(|value| match value {
            Value::Null => false,
            // A form to be filled in shows what goes into it.
            Value::Array(items) => !(whole && items.is_empty()),
            Value::Object(_) => !(whole && has_fields),
            _ => true,
        });
        let given = given.cloned().collect::<Vec<_>>();
        self.first(schemas, given).filter(|made| made.accepted)
    }

    /// A value that fits a branch of each of these unions, the first that does.
    fn union(
        &mut self,
        schemas: &[&'a Value],
        layers: &Layers<'a>,
        unions: &[Vec<&'a Value>],
        name: &str,
    ) -> Option<Made> {
        let Some((branches, others)) = unions.split_first() else {
            return self.plain(schemas, layers, name);
        };
        let mut nearest = None;
        for branch in branches {
            if self.values == 0 || self.branches == BRANCHES {
                break;
            }
            self.values -= 1;
            self.branches += 1;
            let followed = self.following.len();
            let made = self.layers(&[branch]).and_then(|own| {
                let mut remaining = self::unions(&own);
                remaining.extend_from_slice(others);
                // A branch says more of the place than what it is a branch of.
                let layers = own.into_iter().chain(layers.iter().copied()).collect();
                self.union(schemas, &layers, &remaining, name)
            });
            self.branches -= 1;
            self.following.truncate(followed);
            match made {
                Some(made) if made.accepted => return Some(made),
                made => nearest = nearest.or(made),
            }
        }
        nearest
    }

    /// A value by what is known of its type.
    fn plain(&mut self, schemas: &[&'a Value], layers: &Layers<'a>, name: &str) -> Option<Made> {
        if let Some(made) = self.given(schemas, layers) {
            return Some(made);
        }
        let mut nearest = None;
        for kind in types(layers) {
            let made = match kind {
                "object" => self.object(schemas, layers),
                "array" => self.array(schemas, layers, name),
                "string" => self.first(schemas, scalar::texts(layers, name)),
                "integer" | "number" => self.first(schemas, scalar::numbers(layers)),
                "boolean" => self.first(schemas, [true.into(), false.into()]),
                _ => None,
            };
            match made {
                Some(made) if made.accepted => return Some(made),
                made => nearest = nearest.or(made),
            }
        }
        nearest
    }

    /// The first of these values that is accepted, or the first.
    fn first(
        &mut self,
        schemas: &[&'a Value],
        values: impl IntoIterator<Item = Value>,
    ) -> Option<Made> {
        let mut nearest = None;
        for value in values {
            if schemas
                .iter()
                .all(|schema| self.judge.accepts(schema, &value))
            {
                return Some(Made {
                    value,
                    accepted: true,
                });
            }
            nearest = nearest.or(Some(value));
        }
        nearest.map(|value| Made {
            value,
            accepted: false,
        })
    }
}

/// The unions that a value has to fit, each by its branches.
fn unions<'a>(layers: &Layers<'a>) -> Vec<Vec<&'a Value>> {
    const ANY: &Value = &Value::Bool(true);
    let mut unions = Vec::new();
    for layer in layers {
        for keyword in ["anyOf", "oneOf"] {
            let branches: Vec<&Value> = list(layer, keyword).iter().collect();
            if !branches.is_empty() {
                unions.push(branches);
            }
        }
        if layer.contains_key("if") {
            let ways = ["then", "else"]
                .into_iter()
                .filter_map(|way| layer.get(way));
            unions.push(std::iter::once(ANY).chain(ways).collect());
        }
    }
    unions
}

/// The types a value may have, the likeliest first; null is left to the end of all.
fn types<'a>(layers: &Layers<'a>) -> Vec<&'a str> {
    const KEYWORDS: [(&str, &[&str]); 3] = [
        (
            "object",
            &[
                "properties",
                "required",
                "additionalProperties",
                "patternProperties",
                "propertyNames",
                "minProperties",
            ],
        ),
        (
            "array",
            &[
                "items",
                "prefixItems",
                "contains",
                "minItems",
                "maxItems",
                "uniqueItems",
            ],
        ),
        (
            "number",
            &[
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "exclusiveMaximum",
                "multipleOf",
            ],
        ),
    ];
    let named = layers.iter().find_map(|layer| match layer.get("type")? {
        Value::String(name) => Some(vec![name.as_str()]),
        Value::Array(names) => Some(names.iter().filter_map(Value::as_str).collect()),
        _ => None,
    });
    if let Some(named) = named {
        return named;
    }
    let has = |keywords: &[&str]| {
        let mut layers = layers.iter();
        layers.any(|layer| keywords.iter().any(|keyword| layer.contains_key(*keyword)))
    };
    let likely = KEYWORDS.into_iter().filter(|(_, keywords)| has(keywords));
    let likely: Vec<&str> = likely.map(|(kind, _)| kind).collect();
    if likely.is_empty() {
        return vec!["string", "object", "array", "number", "boolean"];
    }
    likely
}

/// The values that a keyword holds a list of.
fn list<'a>(keywords: &'a Map<String, Value>, keyword: &str) -> &'a [Value] {
    let list = keywords.get(keyword).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// The largest of the counts that the layers set by a keyword.
fn most(layers: &Layers<'_>, keyword: &str) -> Option<usize> {
    counts(layers, keyword).max()
}

/// The smallest of them.
fn least(layers: &Layers<'_>, keyword: &str) -> Option<usize> {
    counts(layers, keyword).min()
}

fn counts<'a>(layers: &Layers<'a>, keyword: &str) -> impl Iterator<Item = usize> {
    let values = layers
        .iter()
        .filter_map(move |layer| layer.get(keyword)?.as_f64());
    // A count that is too large to hold is one that is not reached.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it saturates"
    )]
    values
        .map(|value| value.ceil() as usize)
        .collect::<Vec<_>>()
        .into_iter()
}
