//! Samples of objects.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{LAYERS, Layers, Made, Sample, Sampler, list, most};

/// How deep what is not required is given.
const OPTIONAL: usize = 4;

/// The most fields that are made up because there must be so many.
const FIELDS: usize = 64;

/// The most rounds of fields that ask for others.
const ROUNDS: usize = 8;

/// The fields that an object may have, in the order they were met.
#[derive(Default)]
struct Fields<'a> {
    list: Vec<Field<'a>>,
    places: HashMap<&'a str, usize>,
    /// How many of them are required.
    required: usize,
}

/// One of them, with what is known of it.
struct Field<'a> {
    name: &'a str,
    schemas: Vec<&'a Value>,
    required: bool,
}

impl<'a> Sampler<'a, '_> {
    pub(super) fn object(&mut self, schemas: &[&'a Value], layers: &Layers<'a>) -> Option<Made> {
        let whole = self.which == Sample::All && self.depth <= OPTIONAL;
        let made = self.fields(layers, whole);
        let made = self.first(schemas, [Value::Object(made)])?;
        if made.accepted {
            return Some(made);
        }
        // Fields that may be given need not be so together, and now and then one of them must be.
        let other = self.fields(layers, !whole);
        let other = self.first(schemas, [Value::Object(other)]);
        other.filter(|other| other.accepted).or(Some(made))
    }

    fn fields(&mut self, layers: &Layers<'a>, whole: bool) -> Map<String, Value> {
        let mut layers = layers.clone();
        let mut fields = Fields::default();
        for layer in &layers {
            fields.learn(layer);
        }
        for _ in 0..ROUNDS {
            let before = (fields.list.len(), fields.required);
            for (name, schema) in wanted(&layers, &fields, whole) {
                let Some(schema) = schema else {
                    fields.require(name);
                    continue;
                };
                for own in self.layers(&[schema]).unwrap_or_default() {
                    let known = layers.iter().any(|layer| std::ptr::eq(*layer, own));
                    if !known && layers.len() < LAYERS {
                        fields.learn(own);
                        layers.push(own);
                    }
                }
            }
            if before == (fields.list.len(), fields.required) {
                break;
            }
        }
        let fields = fields.list;
        let mut made = Map::new();
        for field in &fields {
            if field.required || (whole && is_for_the_caller(&field.schemas)) {
                self.field(&layers, field, &mut made);
            }
        }
        let least = most(&layers, "minProperties").unwrap_or(0).min(FIELDS);
        for field in &fields {
            if made.len() < least && !made.contains_key(field.name) {
                self.field(&layers, field, &mut made);
            }
        }
        let open = whole && fields.is_empty() && layers.iter().any(|layer| is_map(layer));
        let wanted = least.max(usize::from(open));
        for at in 1..=FIELDS {
            if made.len() >= wanted {
                break;
            }
            let name = self.name(&layers, at);
            let field = Field {
                name: &name,
                schemas: Vec::new(),
                required: false,
            };
            self.field(&layers, &field, &mut made);
        }
        made
    }

    fn field(&mut self, layers: &Layers<'a>, field: &Field<'_>, made: &mut Map<String, Value>) {
        let schemas = self.about(layers, field.name);
        let value = match self.value(&schemas, field.name) {
            Some(value) if value.accepted || field.required => value.value,
            None if field.required => Value::Null,
            _ => return,
        };
        made.insert(field.name.to_owned(), value);
    }

    /// The schemas that are about a field.
    fn about(&mut self, layers: &Layers<'a>, name: &str) -> Vec<&'a Value> {
        let mut about = Vec::new();
        for layer in layers {
            let declared = layer
                .get("properties")
                .and_then(|properties| properties.get(name));
            let patterns = layer.get("patternProperties").and_then(Value::as_object);
            let mut own: Vec<&Value> = declared.into_iter().collect();
            let matching = patterns.into_iter().flatten();
            own.extend(
                matching
                    .filter(|(pattern, _)| self.judge.matches(pattern, name))
                    .map(|(_, schema)| schema),
            );
            if own.is_empty() {
                own.extend(
                    layer
                        .get("additionalProperties")
                        .filter(|schema| schema.is_object()),
                );
            }
            about.extend(own);
        }
        about
    }

    /// A name for a field that the schema names by a rule alone.
    fn name(&mut self, layers: &Layers<'a>, at: usize) -> String {
        let rules: Vec<&Value> = layers
            .iter()
            .filter_map(|layer| layer.get("propertyNames"))
            .collect();
        let patterns = layers
            .iter()
            .filter_map(|layer| layer.get("patternProperties")?.as_object());
        let by_pattern = patterns
            .flat_map(Map::keys)
            .find_map(|pattern| self.matching(pattern, at - 1));
        if let Some(name) = by_pattern {
            return name;
        }
        let choices: Vec<&Value> = rules
            .iter()
            .flat_map(|rule| rule.get("enum"))
            .filter_map(Value::as_array)
            .flatten()
            .collect();
        if let Some(name) = choices.get(at - 1).and_then(|choice| choice.as_str()) {
            return name.to_owned();
        }
        let plain = if at == 1 {
            "key".to_owned()
        } else {
            format!("key{at}")
        };
        if rules.is_empty() {
            return plain;
        }
        let named = self.first(&rules, [Value::String(plain.clone())]);
        if named.is_some_and(|named| named.accepted) {
            return plain;
        }
        let named = self.value(&rules, "key").map(|made| made.value);
        match named {
            Some(Value::String(name)) => name,
            _ => plain,
        }
    }
}

/// What the fields that are given ask for: other fields, or that the object fit a schema.
fn wanted<'a>(
    layers: &Layers<'a>,
    fields: &Fields<'a>,
    whole: bool,
) -> Vec<(&'a str, Option<&'a Value>)> {
    let given = |name: &str| {
        let field = fields.places.get(name).map(|at| &fields.list[*at]);
        field.is_some_and(|field| field.required || whole)
    };
    let mut wanted = Vec::new();
    for keyword in ["dependentRequired", "dependentSchemas", "dependencies"] {
        let maps = layers
            .iter()
            .filter_map(|layer| layer.get(keyword)?.as_object());
        for (name, asked) in maps.flatten().filter(|(name, _)| given(name)) {
            match asked {
                Value::Array(names) => wanted.extend(
                    names
                        .iter()
                        .filter_map(Value::as_str)
                        .map(|name| (name, None)),
                ),
                schema => wanted.push((name, Some(schema))),
            }
        }
    }
    wanted
}

impl<'a> Fields<'a> {
    /// Adds what a schema says of fields.
    fn learn(&mut self, layer: &'a Map<String, Value>) {
        let properties = layer.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            self.field(name).schemas.push(schema);
        }
        let required = list(layer, "required").iter().filter_map(Value::as_str);
        for name in required {
            self.require(name);
        }
    }

    fn require(&mut self, name: &'a str) {
        let field = self.field(name);
        if !field.required {
            field.required = true;
            self.required += 1;
        }
    }

    fn field(&mut self, name: &'a str) -> &mut Field<'a> {
        let at = *self.places.entry(name).or_insert(self.list.len());
        if at == self.list.len() {
            self.list.push(Field {
                name,
                schemas: Vec::new(),
                required: false,
            });
        }
        &mut self.list[at]
    }
}

/// Whether a field is there to be given, and not for the server alone, or for those of old.
fn is_for_the_caller(schemas: &[&Value]) -> bool {
    let set = |schema: &&Value, keyword: &str| schema.get(keyword) == Some(&Value::Bool(true));
    !schemas
        .iter()
        .any(|schema| set(schema, "readOnly") || set(schema, "deprecated"))
}

/// Whether a schema is about fields of any name.
fn is_map(layer: &Map<String, Value>) -> bool {
    layer
        .get("additionalProperties")
        .is_some_and(Value::is_object)
        || layer.contains_key("patternProperties")
}
