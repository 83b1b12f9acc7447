//! What is compared with itself has not changed, whatever it is.
//!
//! The captures are found by `MCPRESS_CORPUS`, or in `../shared/corpus` beside the workspace. Where
//! there are none, the fixture's tools are all there is to check.
#![expect(
    clippy::unwrap_used,
    reason = "a corpus that cannot be read fails the test"
)]

mod captures;

use std::{
    fs,
    path::Path,
    sync::OnceLock,
    time::{Duration, Instant},
};

use mcpress::capture::Capture;
use mcpress_runtime::drift::{Severity, compare};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Every list of tools there is to try, with its name.
fn samples() -> &'static [(String, Vec<Value>)] {
    static SAMPLES: OnceLock<Vec<(String, Vec<Value>)>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let fixture =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/src/everyday/tools.json");
        let fixture = Capture::read(&fs::read_to_string(fixture).unwrap()).unwrap();
        let mut samples: Vec<_> = captures::corpus()
            .into_iter()
            .chain([("everyday".to_owned(), fixture)])
            .map(|(name, capture)| (name, capture.tools))
            .collect();
        samples.push(("knots".to_owned(), vec![knots()]));
        samples
    })
}

/// A tool with everything that is compared in a way of its own.
fn knots() -> Value {
    json!({"name": "knots", "description": "Ties.", "inputSchema": {
        "type": "object",
        "required": ["tree", "kind"],
        "additionalProperties": false,
        "properties": {
            "tree": {"$ref": "#/$defs/Tree"},
            "kind": {"enum": ["a", 1, null]},
            "maybe": {"anyOf": [{"$ref": "#/$defs/Leaf"}, {"type": "null"}], "default": null},
            "either": {"oneOf": [
                {"type": "object", "properties": {"kind": {"const": "x"}, "n": {"type": "integer", "minimum": 1}}},
                {"type": "object", "properties": {"kind": {"const": "y"}, "t": {"type": "string", "pattern": "^a"}}},
                {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "number", "multipleOf": 2}}]},
            "all": {"allOf": [{"maxLength": 3}, {"maxLength": 4}], "type": "string"},
            "map": {"type": "object", "additionalProperties": {"type": ["string", "null"]},
                    "propertyNames": {"maxLength": 9}, "patternProperties": {"^x": {"type": "integer"}}},
            "odd": {"type": "strin", "not": {"$ref": "#here"}, "$anchor": "here"}
        },
        "$defs": {
            "Leaf": {"type": "string", "minLength": 1, "title": "Leaf"},
            "Tree": {"type": "object", "properties": {
                "leaf": {"$ref": "#/$defs/Leaf"},
                "trees": {"type": "array", "items": {"$ref": "#/$defs/Tree"}, "uniqueItems": true}}}
        }},
        "outputSchema": {"type": "object", "properties": {"count": {"type": "integer"}}},
        "annotations": {"readOnlyHint": true}})
}

/// The tool with a mark in its schemas that makes two of them differ in a word, and a reference, so
/// that nothing in them is passed over for being the same text.
fn marked(tool: &Value, mark: &str) -> Value {
    let mut tool = tool.clone();
    for key in ["inputSchema", "outputSchema"] {
        if let Some(schema) = tool.get_mut(key).and_then(Value::as_object_mut) {
            schema.insert("x-mcpress-mark".into(), json!([mark, {"$ref": "#"}]));
        }
    }
    tool
}

/// The same with every order that means nothing turned round.
fn turned(value: &Value, key: &str) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().rev();
            let turned: Map<String, Value> = fields
                .map(|(key, value)| (key.clone(), turned(value, key)))
                .collect();
            turned.into()
        }
        Value::Array(items) if matches!(key, "enum" | "required") => {
            items.iter().rev().cloned().collect()
        }
        Value::Array(items) => items.iter().map(|item| turned(item, "")).collect(),
        value => value.clone(),
    }
}

#[test]
fn a_capture_compared_with_itself_has_not_changed() {
    for (name, tools) in samples() {
        assert_eq!(compare(tools, tools), [], "{name}");
        let old: Vec<Value> = tools.iter().map(|tool| marked(tool, "old")).collect();
        let new: Vec<Value> = tools.iter().rev().map(|tool| marked(tool, "new")).collect();
        for change in compare(&old, &new) {
            assert_eq!(
                change.severity,
                Severity::Description,
                "{name}: {change:#?}"
            );
            assert!(
                change.pointer.contains("x-mcpress-mark"),
                "{name}: {change:#?}"
            );
        }
    }
}

#[test]
fn the_order_of_keys_and_values_means_nothing() {
    for (name, tools) in samples() {
        let turned: Vec<Value> = tools.iter().map(|tool| turned(tool, "")).collect();
        assert_eq!(compare(tools, &turned), [], "{name}");
    }
}

#[test]
fn captures_are_compared_in_no_time() {
    let began = Instant::now();
    for (_, tools) in samples() {
        let old: Vec<Value> = tools.iter().map(|tool| marked(tool, "old")).collect();
        let new: Vec<Value> = tools.iter().map(|tool| marked(tool, "new")).collect();
        compare(&old, &new);
    }
    let elapsed = began.elapsed();
    eprintln!("{} captures in {elapsed:?}", samples().len());
    assert!(elapsed < Duration::from_secs(30), "{elapsed:?}");
}

/// Puts another value, or none, at the place that the number picks.
fn mutate(value: &mut Value, at: &mut usize, with: &Option<Value>) -> bool {
    if *at == 0 {
        *value = with.clone().unwrap_or_default();
        return true;
    }
    *at -= 1;
    match value {
        Value::Object(fields) => {
            let keys: Vec<String> = fields.keys().cloned().collect();
            for key in keys {
                if *at == 0 && with.is_none() {
                    fields.shift_remove(&key);
                    return true;
                }
                if fields
                    .get_mut(&key)
                    .is_some_and(|field| mutate(field, at, with))
                {
                    return true;
                }
            }
            false
        }
        Value::Array(items) => items.iter_mut().any(|item| mutate(item, at, with)),
        _ => false,
    }
}

fn places(value: &Value) -> usize {
    1 + match value {
        Value::Object(fields) => fields.values().map(places).sum(),
        Value::Array(items) => items.iter().map(places).sum(),
        _ => 0,
    }
}

/// Values that schemas are made of, in places where they do and do not belong.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from),
        prop::sample::select(vec![
            "string",
            "integer",
            "number",
            "object",
            "array",
            "null",
            "#",
            "#/$defs/Tree",
            "#/inputSchema",
            "#here",
            "#/%2",
            "~",
            "kind",
            "count",
        ])
        .prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "type",
        "enum",
        "const",
        "$ref",
        "anyOf",
        "oneOf",
        "allOf",
        "properties",
        "required",
        "items",
        "prefixItems",
        "additionalProperties",
        "minimum",
        "exclusiveMaximum",
        "multipleOf",
        "nullable",
        "description",
        "default",
        "not",
        "$anchor",
        "$defs",
        "name",
        "inputSchema",
    ]);
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..4).prop_map(|fields| {
                let fields = fields
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value));
                fields.collect::<Map<_, _>>().into()
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_change_in_a_tool_is_too_odd_to_be_compared(
        sample in any::<prop::sample::Index>(),
        tool in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(anything())), 1..4),
    ) {
        // The knots every other time: they have more to be cut than most real tools.
        let samples = samples();
        let known = &samples[sample.index(samples.len() * 2).min(samples.len() - 1)].1;
        prop_assume!(!known.is_empty());
        let known = &known[tool.index(known.len())];
        let mut odd = known.clone();
        for (at, with) in edits {
            mutate(&mut odd, &mut at.index(places(known)), &with);
        }
        let (known, odd) = (vec![known.clone()], vec![odd]);
        compare(&known, &odd);
        compare(&odd, &known);
        prop_assert_eq!(compare(&odd, &odd), vec![]);
        let marked = |mark: &str| vec![marked(&odd[0], mark)];
        for change in compare(&marked("old"), &marked("new")) {
            prop_assert_eq!(change.severity, Severity::Description, "{:#?}", change);
        }
    }
}
