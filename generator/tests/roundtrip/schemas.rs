//! Schemas that no server wrote: right ones of every kind, and wrong ones that look like them.
#![allow(dead_code, reason = "each test that has this module uses a part of it")]

use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Names of properties, among them those that a flag cannot be called by.
pub(crate) fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,6}",
        1 => "[a-zA-Z0-9_]{0,8}",
        1 => proptest::sample::select(&[
            "", "help", "args", "set", "output", "a.b", "a/b", "~0", "x y", "type", "no-a", "a", "-", "--",
            "é", "日本", "🦀", "1st", "fn", "end:", "a=b", "\n", "\u{0}", "h", "raw", "A", "a_b", "a-b",
            "properties", "$ref",
        ][..]).prop_map(str::to_owned),
    ]
}

/// Any JSON at all.
pub(crate) fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        keyword().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop_oneof![keyword(), name()], inner), 0..5)
                .prop_map(|pairs| Map::from_iter(pairs).into()),
        ]
    })
}

/// A word that means something in a schema.
fn keyword() -> impl Strategy<Value = String> {
    proptest::sample::select(
        &[
            "type",
            "properties",
            "required",
            "items",
            "prefixItems",
            "additionalProperties",
            "enum",
            "const",
            "anyOf",
            "oneOf",
            "allOf",
            "not",
            "$ref",
            "$defs",
            "#",
            "#/$defs/a",
            "string",
            "object",
            "array",
            "integer",
            "number",
            "boolean",
            "null",
            "nullable",
            "pattern",
            "format",
            "default",
            "examples",
            "description",
            "minimum",
            "maxLength",
            "multipleOf",
            "discriminator",
            "propertyNames",
            "patternProperties",
            "if",
            "then",
            "dependentRequired",
            "$id",
            "$anchor",
            "readOnly",
            "writeOnly",
            "deprecated",
            "title",
            "name",
            "inputSchema",
        ][..],
    )
    .prop_map(str::to_owned)
}

/// A schema that is right.
pub(crate) fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => Just(json!({"type": "string"})),
        1 => Just(json!({"type": "integer"})),
        1 => Just(json!({"type": "number"})),
        1 => Just(json!({"type": "boolean"})),
        1 => Just(json!({"type": ["string", "null"]})),
        1 => Just(json!({"type": ["boolean", "integer", "string"]})),
        1 => Just(json!({})),
        1 => Just(json!(true)),
        1 => Just(json!({"type": "object"})),
        1 => Just(json!({"type": "array"})),
        1 => Just(json!({"type": "string", "minLength": 1, "maxLength": 3})),
        1 => Just(json!({"type": "string", "pattern": "^[a-z,=]{2}$"})),
        1 => Just(json!({"type": "integer", "minimum": -5, "maximum": 5})),
        1 => Just(json!({"type": "string", "format": "password"})),
        1 => Just(json!({"enum": ["a", "1", 1, null, true, "a,b", "-x", [1], {"k": 1}]})),
        1 => Just(json!({"enum": ["true", true, "{", "[]", ""]})),
        1 => Just(json!({"const": "only"})),
        1 => Just(json!({"const": [1, 2]})),
        1 => Just(json!({"const": null})),
        1 => Just(json!({"const": true})),
        1 => Just(json!({"$ref": "#/$defs/leaf"})),
        1 => Just(json!({"$ref": "#/$defs/tree"})),
        1 => Just(json!({"$ref": "#"})),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let slots = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            3 => object(inner.clone()),
            2 => inner.clone().prop_map(|items| json!({"type": "array", "items": items})),
            1 => slots.clone().prop_map(|slots| json!({"type": "array", "prefixItems": slots})),
            1 => slots.clone().prop_map(|slots| json!({"type": "array", "items": slots})),
            1 => inner.clone().prop_map(|rest| json!({"type": "object", "additionalProperties": rest})),
            1 => inner.clone().prop_map(|rest| {
                json!({"type": "object", "patternProperties": {"^x-": rest}, "additionalProperties": false})
            }),
            1 => slots.clone().prop_map(|branches| json!({"anyOf": branches})),
            1 => slots.prop_map(|branches| json!({"oneOf": branches})),
            1 => inner.clone().prop_map(|one| json!({"anyOf": [one, {"type": "null"}]})),
            1 => (object(inner.clone()), object(inner)).prop_map(|(one, two)| json!({"allOf": [one, two]})),
        ]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let properties = prop::collection::vec((name(), inner, any::<bool>()), 0..5);
    (properties, 0..4_u8).prop_map(|(properties, closed)| {
        let required: Vec<String> = properties
            .iter()
            .filter(|(.., required)| *required)
            .map(|(name, ..)| name.clone())
            .collect();
        let properties: Map<String, Value> = properties
            .into_iter()
            .map(|(name, schema, _)| (name, schema))
            .collect();
        let mut object = json!({"type": "object", "properties": properties, "required": required});
        if closed == 0 {
            object["additionalProperties"] = false.into();
        }
        object
    })
}

/// A tool's schema that is right, with what its references lead to.
pub(crate) fn whole() -> impl Strategy<Value = Value> {
    object(schema()).prop_map(|mut whole| {
        whole["$defs"] = json!({
            "leaf": {"type": "integer"},
            "tree": {"type": "object", "properties": {
                "label": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
            }},
        });
        whole
    })
}

/// A tool's schema in which something was put where it does not belong.
pub(crate) fn mutated() -> impl Strategy<Value = Value> {
    let change = (any::<prop::sample::Index>(), anything());
    (whole(), prop::collection::vec(change, 1..4)).prop_map(|(mut whole, changes)| {
        for (at, value) in changes {
            let places = places(&whole);
            if let Some(place) = whole.pointer_mut(&places[at.index(places.len())]) {
                *place = value;
            }
        }
        whole
    })
}

/// The pointers of all values in a value.
fn places(value: &Value) -> Vec<String> {
    let mut places = vec![String::new()];
    let mut next = 0;
    while let Some(place) = places.get(next).cloned() {
        next += 1;
        match value.pointer(&place) {
            Some(Value::Object(object)) => {
                let token =
                    |key: &String| format!("{place}/{}", mcpress_runtime::schema::escape(key));
                places.extend(object.keys().map(token));
            }
            Some(Value::Array(array)) => {
                places.extend((0..array.len()).map(|at| format!("{place}/{at}")));
            }
            _ => {}
        }
    }
    places
}
