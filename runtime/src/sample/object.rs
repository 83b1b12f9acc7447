//! Samples of objects.

use serde_json::{Map, Value};

use super::{Layers, Made, Sample, Sampler, most};

/// How deep what is not required is given.
const OPTIONAL: usize = 4;

/// The most fields that are made up because there must be so many.
const FIELDS: usize = 64;

/// The most rounds of fields that ask for others.
const ROUNDS: usize = 8;

/// The fields of an object, each with what is known of it and whether it is given.
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
        let mut fields = known(&layers);
        for _ in 0..ROUNDS {
            let wanted = self.wanted(&layers, &fields, whole);
            let before = (
                layers.len(),
                fields.iter().filter(|field| field.required).count(),
            );
            for (name, schema) in wanted {
                match schema {
                    Some(schema) => {
                        let own = self.layers(&[schema]).unwrap_or_default();
                        layers.extend(
                            own.into_iter()
                                .filter(|own| {
                                    !layers.iter().any(|layer| std::ptr::eq(*layer, *own))
                                })
                                .collect::<Vec<_>>(),
                        );
                    }
                    None => require(&mut fields, name),
                }
            }
            let required: Vec<&str> = fields
                .iter()
                .filter(|field| field.required)
                .map(|field| field.name)
                .collect();
            fields = known(&layers);
            for name in required {
                require(&mut fields, name);
            }
            if before
                == (
                    layers.len(),
                    fields.iter().filter(|field| field.required).count(),
                )
            {
                break;
            }
        }
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

    /// What the fields that are given ask for: other fields, or that the object fit a schema.
    fn wanted(
        &self,
        layers: &Layers<'a>,
        fields: &[Field<'a>],
        whole: bool,
    ) -> Vec<(&'a str, Option<&'a Value>)> {
        let given = |name: &str| {
            let mut fields = fields.iter();
            fields.any(|field| field.name == name && (field.required || whole))
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
    fn about(&self, layers: &Layers<'a>, name: &str) -> Vec<&'a Value> {
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
                    .filter(|(pattern, _)| crate::validate::matches(pattern, name))
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
            .find_map(|pattern| super::scalar::matching(pattern, at - 1));
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

/// The fields that the layers know of.
fn known<'a>(layers: &Layers<'a>) -> Vec<Field<'a>> {
    let mut fields: Vec<Field<'a>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for layer in layers {
        let properties = layer.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            let at = *places.entry(name.as_str()).or_insert(fields.len());
            if at == fields.len() {
                fields.push(Field {
                    name,
                    schemas: Vec::new(),
                    required: false,
                });
            }
            fields[at].schemas.push(schema);
        }
    }
    for layer in layers {
        for name in super::list(layer, "required")
            .iter()
            .filter_map(Value::as_str)
        {
            match places.get(name) {
                Some(at) => fields[*at].required = true,
                None => require(&mut fields, name),
            }
        }
    }
    fields
}

fn require<'a>(fields: &mut Vec<Field<'a>>, name: &'a str) {
    match fields.iter_mut().find(|field| field.name == name) {
        Some(field) => field.required = true,
        None => fields.push(Field {
            name,
            schemas: Vec::new(),
            required: true,
        }),
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
