use std::fmt::Write;

use serde_json::json;

use super::*;

/// Schemas, values, and what is found, each `@` and its place before the message.
#[track_caller]
pub(super) fn check(cases: &[(Value, Value, &[&str])]) {
    for (schema, instance, wanted) in cases {
        let found = validate(schema, instance);
        let found: Vec<String> = found
            .violations
            .iter()
            .map(|violation| format!("@{} {}", violation.at, violation.message))
            .collect();
        assert_eq!(found, *wanted, "{schema} {instance}");
    }
}

#[test]
fn a_reference_and_what_stands_beside_it_both_hold() {
    let schema = json!({
        "$defs": { "small": { "$id": "small", "$anchor": "s", "maximum": 3 } },
        "properties": {
            "a": { "$ref": "#/$defs/small", "minimum": 1 },
            "b": { "$ref": "#/properties/a" },
            "c": { "$ref": "#s" },
            "d": { "$ref": "small" },
            "e": { "$ref": "https://x/y", "minimum": 1 },
            "f": { "$ref": "#/nowhere", "minimum": 1 },
            "g": { "$ref": "#/properties/g/minimum", "minimum": 1 },
        },
    });
    check(&[
        (
            schema.clone(),
            json!({ "a": 2, "b": 2, "c": 2, "d": 2, "e": 2, "f": 2, "g": 2 }),
            &[],
        ),
        (
            schema,
            json!({ "a": 5, "b": 0, "c": 5, "d": 5, "e": 0, "f": 0, "g": 0 }),
            &[
                "@/a 5 is more than the maximum of 3",
                "@/b 0 is less than the minimum of 1",
                "@/c 5 is more than the maximum of 3",
                "@/d 5 is more than the maximum of 3",
                "@/e 0 is less than the minimum of 1",
                "@/f 0 is less than the minimum of 1",
                "@/g 0 is less than the minimum of 1",
            ],
        ),
    ]);
}

#[test]
fn a_schema_that_is_none_accepts_everything_and_false_nothing() {
    check(&[
        (json!(true), json!(1), &[]),
        (json!({}), json!(1), &[]),
        (json!(null), json!(1), &[]),
        (json!("x"), json!(1), &[]),
        (
            json!({ "properties": { "a": 7 }, "allOf": {}, "$ref": 1 }),
            json!({ "a": 1 }),
            &[],
        ),
        (json!(false), json!(1), &["@ nothing is allowed here"]),
        (
            json!({ "properties": { "a": false } }),
            json!({ "a": 1 }),
            &["@/a nothing is allowed here"],
        ),
    ]);
}

#[test]
fn everything_is_reported_once_in_the_order_of_the_value() {
    let schema = json!({
        "required": ["z", "y"],
        "properties": { "b": { "type": "string" }, "a": { "items": { "maximum": 1 } } },
        "allOf": [{ "required": ["y"], "properties": { "b": { "type": "string" } } }],
        "maxProperties": 1,
    });
    check(&[(
        schema,
        json!({ "a": [2, 1, 3], "b": 1 }),
        &[
            "@ 2 fields, where the most is 1",
            "@/a/0 2 is more than the maximum of 1",
            "@/a/2 3 is more than the maximum of 1",
            "@/b a number where a string is wanted",
            "@/z missing",
            "@/y missing",
        ],
    )]);
}

#[test]
fn a_schema_that_leads_back_to_itself_ends() {
    let list = json!({
        "$defs": { "node": { "type": "object", "properties": { "next": { "$ref": "#/$defs/node" } } } },
        "$ref": "#/$defs/node",
    });
    check(&[
        (json!({ "$ref": "#" }), json!(1), &[]),
        (
            json!({ "allOf": [{ "$ref": "#" }], "maximum": 0 }),
            json!(1),
            &["@ 1 is more than the maximum of 0"],
        ),
        (json!({ "not": { "$ref": "#" } }), json!(1), &[]),
        (
            json!({ "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] }),
            json!(1),
            &[],
        ),
        (list.clone(), json!({ "next": { "next": {} } }), &[]),
        (
            list,
            json!({ "next": { "next": 1 } }),
            &["@/next/next a number where an object is wanted"],
        ),
    ]);
}

#[test]
fn work_is_bounded_and_what_lies_beyond_is_accepted() {
    // Two to the power of sixty branches.
    let mut schema = json!({ "type": "null" });
    let mut defs = Map::new();
    for at in 0..60 {
        let next = std::mem::replace(&mut schema, json!({ "$ref": format!("#/$defs/{at}") }));
        defs.insert(at.to_string(), json!({ "anyOf": [next, next] }));
    }
    schema["$defs"] = defs.into();
    check(&[
        (schema.clone(), json!(1), &[]),
        (
            json!({ "not": { "$ref": "#/$defs/59" }, "$defs": schema["$defs"] }),
            json!(1),
            &[],
        ),
    ]);

    let items: Vec<usize> = (0..STEPS * 2).collect();
    let found = validate(&json!({ "items": { "type": "string" } }), &items.into());
    assert_eq!(found.violations.len(), FINDINGS);
}

#[test]
fn a_deep_schema_and_a_deep_value_do_not_exhaust_the_stack() {
    let mut schema = json!({ "type": "string" });
    let mut instance = json!(1);
    for _ in 0..200 {
        schema = json!({ "allOf": [{ "properties": { "a": schema } }] });
        instance = json!({ "a": instance });
    }
    let little = std::thread::Builder::new().stack_size(1 << 20);
    let found = little.spawn(move || validate(&schema, &instance)).unwrap();
    assert_eq!(found.join().unwrap(), Findings::default());
}

#[test]
fn a_large_value_takes_little_time() {
    let schema = json!({ "items": { "type": "object", "properties": { "a": { "pattern": "^a+$" } } }, "uniqueItems": true });
    let items: Vec<Value> = (0..20_000)
        .map(|at| json!({ "a": "aaaa", "at": at }))
        .collect();
    let mut text = String::new();
    write!(text, "{:?}", validate(&schema, &items.into())).unwrap();
    assert!(text.contains("violations: []"));
}
