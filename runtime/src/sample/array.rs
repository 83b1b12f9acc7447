//! Samples of arrays.

use serde_json::Value;

use super::{Layers, Made, Sampler, least, list, most};

/// The most items that are made up because there must be so many.
const ITEMS: usize = 64;

impl<'a> Sampler<'a, '_> {
    /// One item even where there need be none, to show what goes there.
    pub(super) fn array(
        &mut self,
        schemas: &[&'a Value],
        layers: &Layers<'a>,
        name: &str,
    ) -> Option<Made> {
        let fewest = most(layers, "minItems").unwrap_or(0);
        let contained = layers
            .iter()
            .any(|layer| layer.contains_key("contains"))
            .then(|| most(layers, "minContains").unwrap_or(1))
            .unwrap_or(0);
        let fewest = fewest.max(contained);
        let tuple = layers
            .iter()
            .map(|layer| first(layer).len())
            .max()
            .unwrap_or(0);
        let limit = least(layers, "maxItems").unwrap_or(usize::MAX).min(ITEMS);
        let mut counts = vec![fewest.max(1).max(tuple), fewest.max(1), fewest];
        counts.dedup();
        let mut nearest = None;
        for count in counts {
            let items = self.items(layers, name, count.min(limit), contained);
            match self.first(schemas, [Value::Array(items)]) {
                Some(made) if made.accepted => return Some(made),
                made => nearest = nearest.or(made),
            }
        }
        nearest
    }

    fn items(
        &mut self,
        layers: &Layers<'a>,
        name: &str,
        count: usize,
        contained: usize,
    ) -> Vec<Value> {
        let unique = layers
            .iter()
            .any(|layer| layer.get("uniqueItems") == Some(&Value::Bool(true)));
        let mut items: Vec<Value> = Vec::new();
        for at in 0..count {
            let mut about: Vec<&Value> =
                layers.iter().filter_map(|layer| item(layer, at)).collect();
            if at < contained {
                about.extend(layers.iter().filter_map(|layer| layer.get("contains")));
            }
            let Some(made) = self.value(&about, name).filter(|made| made.accepted) else {
                break;
            };
            let mut value = made.value;
            if unique && items.contains(&value) {
                let others = others(&about, &value, at);
                let others: Vec<Value> = others
                    .into_iter()
                    .filter(|other| !items.contains(other))
                    .collect();
                let Some(made) = self.first(&about, others).filter(|made| made.accepted) else {
                    break;
                };
                value = made.value;
            }
            items.push(value);
        }
        items
    }
}

/// The schemas of the items that have a place.
fn first(layer: &serde_json::Map<String, Value>) -> &[Value] {
    match list(layer, "prefixItems") {
        [] => list(layer, "items"),
        first => first,
    }
}

/// The schema of the item at a place.
fn item(layer: &serde_json::Map<String, Value>, at: usize) -> Option<&Value> {
    if let Some(schema) = first(layer).get(at) {
        return Some(schema);
    }
    match layer.get("items") {
        Some(Value::Array(_)) => layer.get("additionalItems"),
        items => items,
    }
}

/// Values much like one.
fn others(about: &[&Value], value: &Value, at: usize) -> Vec<Value> {
    let choices = about
        .iter()
        .flat_map(|schema| schema.get("enum"))
        .filter_map(Value::as_array)
        .flatten();
    let mut others: Vec<Value> = choices.cloned().collect();
    match value {
        Value::Bool(value) => others.push((!value).into()),
        Value::Number(number) => {
            let next = number
                .as_i64()
                .and_then(|number| number.checked_add(i64::try_from(at).ok()?));
            others.extend(next.map(Value::from));
        }
        Value::String(text) => {
            let shorter: String = text.chars().skip(1).collect();
            let letter = char::from(b'a' + u8::try_from(at % 26).unwrap_or(0));
            others.push(format!("{text}{at}").into());
            others.push(format!("{at}{shorter}").into());
            others.push(format!("{letter}{shorter}").into());
            others.push(format!("{}{shorter}", letter.to_ascii_uppercase()).into());
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                for other in self::others(&[], field, at) {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), other);
                    others.push(fields.into());
                }
            }
        }
        Value::Array(_) | Value::Null => {}
    }
    others
}
