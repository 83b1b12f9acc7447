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

use serde_json::{Map, Value};

use crate::schema::Document;
use crate::validate::Judge;

/// The deepest nesting that a sample has.
const DEPTH: usize = 24;

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
            if self.values == 0 {
                break;
            }
            self.values -= 1;
            let followed = self.following.len();
            let made = self.layers(&[branch]).and_then(|own| {
                let mut remaining = self::unions(&own);
                remaining.extend_from_slice(others);
                // A branch says more of the place than what it is a branch of.
                let layers = own.into_iter().chain(layers.iter().copied()).collect();
                self.union(schemas, &layers, &remaining, name)
            });
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::validate::validate;

    /// Schemas and their samples, of what is required and of all.
    #[track_caller]
    fn check(cases: &[(Value, Value, Value)]) {
        for (schema, required, all) in cases {
            for (which, wanted) in [(Sample::Required, required), (Sample::All, all)] {
                let made = sample(schema, which);
                assert_eq!(made, *wanted, "{which:?} {schema}");
                let found = validate(schema, &made);
                assert_eq!(found, Default::default(), "{which:?} {schema}");
            }
        }
    }

    fn same(schema: Value, made: Value) -> (Value, Value, Value) {
        (schema, made.clone(), made)
    }

    #[test]
    fn what_the_schema_gives_is_taken() {
        check(&[
            same(
                json!({ "type": "integer", "default": 7, "examples": [8] }),
                json!(7),
            ),
            same(
                json!({ "type": "integer", "default": null, "examples": [8] }),
                json!(8),
            ),
            same(
                json!({ "type": "integer", "example": 9, "default": "x" }),
                json!(9),
            ),
            same(json!({ "const": { "a": 1 } }), json!({ "a": 1 })),
            same(json!({ "enum": [null, "a", "b"] }), json!("a")),
            same(json!({ "type": "string", "enum": [1, "b"] }), json!("b")),
        ]);
    }

    #[test]
    fn the_rest_is_made_up_by_type_and_within_bounds() {
        check(&[
            same(json!({ "type": "string" }), json!("TEXT")),
            same(json!({ "type": "string", "minLength": 6 }), json!("TEXTTE")),
            same(json!({ "type": "string", "maxLength": 2 }), json!("TE")),
            same(
                json!({ "type": "string", "format": "date" }),
                json!("2026-01-31"),
            ),
            same(
                json!({ "type": "string", "pattern": "^\\d+px$" }),
                json!("0px"),
            ),
            same(
                json!({ "type": "string", "pattern": "^[A-Z_]+$" }),
                json!("TEXT"),
            ),
            same(
                json!({ "type": "string", "pattern": "^[a-z]+$", "minLength": 3 }),
                json!("aaa"),
            ),
            same(json!({ "type": "integer" }), json!(1)),
            same(json!({ "type": "integer", "minimum": 5 }), json!(5)),
            same(
                json!({ "type": "integer", "exclusiveMinimum": 5 }),
                json!(6),
            ),
            same(json!({ "type": "integer", "maximum": -3 }), json!(-3)),
            same(
                json!({ "type": "integer", "minimum": 10, "multipleOf": 7 }),
                json!(14),
            ),
            same(json!({ "type": "boolean" }), json!(true)),
            same(json!({ "type": ["null", "boolean"] }), json!(true)),
            same(json!({ "type": "null" }), json!(null)),
            same(json!({ "type": "array" }), json!(["TEXT"])),
            same(json!({ "type": "array", "maxItems": 0 }), json!([])),
            same(
                json!({ "items": { "type": "integer" }, "minItems": 2, "uniqueItems": true }),
                json!([1, 2]),
            ),
            same(
                json!({ "prefixItems": [{ "type": "string" }, { "type": "integer" }], "items": false }),
                json!(["TEXT", 1]),
            ),
            same(
                json!({ "type": "array", "contains": { "const": 5 }, "minContains": 2 }),
                json!([5, 5]),
            ),
            same(json!({}), json!("TEXT")),
            same(json!(true), json!("TEXT")),
            same(
                json!({ "minProperties": 2 }),
                json!({ "key": "TEXT", "key2": "TEXT" }),
            ),
        ]);
        let fraction = sample(
            &json!({ "exclusiveMinimum": 0, "exclusiveMaximum": 1 }),
            Sample::Required,
        );
        assert_eq!(fraction.to_string(), "0.5");
    }

    #[test]
    fn an_object_has_what_is_required_or_all_that_may_be_given() {
        let schema = json!({
            "type": "object",
            "properties": {
                "a": { "type": "string" },
                "b": { "$ref": "#/$defs/b" },
                "c": { "type": "string", "readOnly": true },
                "d": { "type": "string", "deprecated": true },
                "e": { "type": "object", "additionalProperties": { "type": "integer" } },
            },
            "required": ["b"],
            "additionalProperties": false,
            "$defs": { "b": { "properties": { "x": { "type": "integer" }, "y": {} }, "required": ["x"] } },
        });
        check(&[(
            schema,
            json!({ "b": { "x": 1 } }),
            json!({ "a": "TEXT", "b": { "x": 1, "y": "TEXT" }, "e": { "key": 1 } }),
        )]);
    }

    #[test]
    fn fields_that_ask_for_others_bring_them() {
        let parts = json!({
            "allOf": [{ "properties": { "a": { "type": "integer" } } }, { "required": ["a"] }],
            "dependentRequired": { "a": ["b"] },
            "dependencies": { "b": { "required": ["c"], "properties": { "c": { "const": 3 } } } },
        });
        let one_of = json!({ "type": "object", "anyOf": [{ "required": ["a"] }, { "required": ["b"] }], "properties": { "a": { "const": 1 } } });
        check(&[
            same(parts, json!({ "a": 1, "b": "TEXT", "c": 3 })),
            same(one_of, json!({ "a": 1 })),
            same(
                json!({ "type": "object", "oneOf": [{ "required": ["a"] }, { "required": ["b"] }], "properties": { "b": { "const": 1 } }, "maxProperties": 1, "not": { "required": ["a"] } }),
                json!({ "b": 1 }),
            ),
            same(
                json!({ "properties": { "a": { "const": 1 } }, "required": ["a"], "if": { "required": ["a"] }, "then": { "required": ["b"] } }),
                json!({ "a": 1, "b": "TEXT" }),
            ),
        ]);
    }

    #[test]
    fn the_first_branch_that_works_is_taken() {
        check(&[
            same(
                json!({ "anyOf": [{ "type": "null" }, { "type": "integer" }] }),
                json!(1),
            ),
            same(
                json!({ "oneOf": [{ "type": "number" }, { "type": "integer" }, { "type": "string" }] }),
                json!("TEXT"),
            ),
            same(
                json!({ "anyOf": [{ "$ref": "#" }, { "const": 3 }] }),
                json!(3),
            ),
            same(
                json!({ "type": "string", "anyOf": [{ "minimum": 3 }, { "maxLength": 1 }] }),
                json!("TEXT"),
            ),
        ]);
    }

    #[test]
    fn a_reference_back_to_itself_ends_in_omission_or_null() {
        let tree = |required: Value| {
            json!({
                "$ref": "#/$defs/node",
                "$defs": { "node": {
                    "properties": {
                        "name": { "type": "string" },
                        "next": { "$ref": "#/$defs/node" },
                        "children": { "type": "array", "items": { "$ref": "#/$defs/node" } },
                    },
                    "required": required,
                } },
            })
        };
        check(&[(
            tree(json!(["name"])),
            json!({ "name": "TEXT" }),
            json!({ "name": "TEXT", "children": [] }),
        )]);
        assert_eq!(
            sample(&tree(json!(["next"])), Sample::Required),
            json!({ "next": null })
        );
        assert_eq!(sample(&json!({ "$ref": "#" }), Sample::All), json!("TEXT"));
    }

    #[test]
    fn a_hostile_schema_has_a_sample_of_bounded_size() {
        let mut wide = json!({ "type": "string" });
        for _ in 0..30 {
            wide = json!({ "anyOf": [{ "properties": { "a": wide, "b": wide }, "required": ["a", "b"], "not": {} }] });
            if wide.to_string().len() > 100_000 {
                break;
            }
        }
        for schema in [
            wide,
            json!({ "type": "array", "minItems": 1e300 }),
            json!({ "type": "string", "minLength": 4_000_000_000_u64, "maxLength": -5 }),
            json!({ "minProperties": 1_000_000 }),
            json!({ "type": "integer", "minimum": 5, "maximum": 4, "multipleOf": 0 }),
            json!({ "multipleOf": 1e-300, "minimum": 1e300 }),
            json!(false),
            json!({ "type": "nothing" }),
            json!([]),
        ] {
            for which in [Sample::Required, Sample::All] {
                assert!(sample(&schema, which).to_string().len() < 1_000_000);
            }
        }
    }
}
