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

#[test]
fn nesting_does_not_exhaust_the_stack() {
    let mut chain = Map::new();
    let mut deep = Map::new();
    for at in 0..5000 {
        let next = format!("#/$defs/{}", at + 1);
        chain.insert(
            at.to_string(),
            json!({ "anyOf": [{ "$ref": next }, false] }),
        );
        let field = json!({ "anyOf": [{ "$ref": next }] });
        deep.insert(
            at.to_string(),
            json!({ "properties": { "a": field }, "required": ["a"] }),
        );
    }
    let wide: Vec<Value> = vec![json!({ "anyOf": [{ "minLength": 1 }] }); 5000];
    for schema in [
        json!({ "$ref": "#/$defs/0", "$defs": chain }),
        json!({ "$ref": "#/$defs/0", "$defs": deep }),
        json!({ "allOf": wide }),
    ] {
        let little = std::thread::Builder::new().stack_size(1 << 20);
        let made = little.spawn(move || sample(&schema, Sample::All)).unwrap();
        assert!(made.join().is_ok());
    }
}
