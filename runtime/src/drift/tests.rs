use serde_json::json;

use super::Severity::{Breaking, Compatible, Description};
use super::*;

/// The changes of the tool `t` between these two versions of it.
fn between(before: Value, after: Value) -> Vec<Change> {
    let named = |mut tool: Value| {
        tool["name"] = "t".into();
        tool
    };
    compare(&[named(before)], &[named(after)])
}

/// The changes of the input schema whose property `x` has these schemas.
fn of_property(before: &Value, after: &Value, definitions: &Value) -> Vec<Change> {
    let tool = |schema: &Value| json!({"inputSchema": {"type": "object", "properties": {"x": schema}, "$defs": definitions}});
    between(tool(before), tool(after))
}

fn severities(changes: &[Change]) -> Vec<Severity> {
    changes.iter().map(|change| change.severity).collect()
}

/// Both ways are checked: there the change is of the first severity, back of the second.
#[track_caller]
fn check(before: Value, after: Value, there: &[Severity], back: &[Severity]) {
    let none = json!({});
    for (old, new, wanted) in [(&before, &after, there), (&after, &before, back)] {
        let changes = of_property(old, new, &none);
        assert_eq!(severities(&changes), wanted, "{old} to {new}: {changes:#?}");
        for change in changes {
            assert!(
                change.pointer.starts_with("/inputSchema/properties/x"),
                "{change:?}"
            );
        }
    }
}

#[track_caller]
fn check_same(before: &Value, after: &Value) {
    let definitions = json!({
        "Name": {"type": "string", "minLength": 1},
        "Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}},
        "Anchored": {"$anchor": "here", "type": "string"},
    });
    for (old, new) in [(before, after), (after, before)] {
        assert_eq!(of_property(old, new, &definitions), [], "{old} to {new}");
    }
}

#[test]
fn a_narrower_input_breaks_and_a_wider_one_does_not() {
    let narrowings = [
        // Types.
        (json!({"type": "number"}), json!({"type": "integer"})),
        (
            json!({"type": ["string", "null"]}),
            json!({"type": "string"}),
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            json!({"type": "string"}),
        ),
        (
            json!({"type": "string", "nullable": true}),
            json!({"type": "string"}),
        ),
        (
            json!({"type": ["string", "integer"]}),
            json!({"type": "string"}),
        ),
        (json!({}), json!({"type": "string"})),
        (json!(true), json!({"type": "string"})),
        // Values.
        (
            json!({"type": "string"}),
            json!({"type": "string", "enum": ["a"]}),
        ),
        (json!({"type": "string"}), json!({"enum": ["a", "b"]})),
        (json!({}), json!({"enum": ["a", 1]})),
        (json!({"enum": ["a", "b"]}), json!({"enum": ["a"]})),
        (json!({"enum": ["a", "b"]}), json!({"const": "a"})),
        (json!({"enum": ["a", null]}), json!({"enum": ["a"]})),
        // Bounds.
        (
            json!({"type": "integer"}),
            json!({"type": "integer", "minimum": 1}),
        ),
        (
            json!({"type": "integer", "minimum": 1}),
            json!({"type": "integer", "minimum": 2}),
        ),
        (
            json!({"type": "integer", "maximum": 10}),
            json!({"type": "integer", "maximum": 9.5}),
        ),
        (
            json!({"type": "number", "minimum": 1}),
            json!({"type": "number", "exclusiveMinimum": 1}),
        ),
        (
            json!({"type": "number", "exclusiveMaximum": 2}),
            json!({"type": "number", "exclusiveMaximum": 1}),
        ),
        (
            json!({"type": "number", "maximum": 2}),
            json!({"type": "number", "maximum": 2, "exclusiveMaximum": true}),
        ),
        (
            json!({"type": "string"}),
            json!({"type": "string", "maxLength": 3}),
        ),
        (
            json!({"type": "string", "minLength": 1}),
            json!({"type": "string", "minLength": 2}),
        ),
        (
            json!({"type": "array", "maxItems": 5}),
            json!({"type": "array", "maxItems": 4}),
        ),
        (
            json!({"type": "array"}),
            json!({"type": "array", "minItems": 1}),
        ),
        (
            json!({"type": "array"}),
            json!({"type": "array", "uniqueItems": true}),
        ),
        (
            json!({"type": "object"}),
            json!({"type": "object", "minProperties": 1}),
        ),
        (
            json!({"type": "string"}),
            json!({"type": "string", "pattern": "^a"}),
        ),
        (
            json!({"type": "string"}),
            json!({"type": "string", "format": "uri"}),
        ),
        (
            json!({"type": "integer", "multipleOf": 2}),
            json!({"type": "integer", "multipleOf": 4}),
        ),
        (
            json!({"type": "number", "multipleOf": 0.1}),
            json!({"type": "number", "multipleOf": 0.5}),
        ),
        // Objects, lists, maps.
        (
            json!({"type": "object", "properties": {"a": {"type": "string"}}}),
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
        ),
        (
            json!({"type": "object"}),
            json!({"type": "object", "additionalProperties": false}),
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"type": "object", "additionalProperties": false}),
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "number"}}),
            json!({"type": "object", "additionalProperties": {"type": "integer"}}),
        ),
        (
            json!({"type": "object"}),
            json!({"type": "object", "patternProperties": {"^x-": {"type": "string"}}}),
        ),
        (
            json!({"type": "object", "propertyNames": {"maxLength": 9}}),
            json!({"type": "object", "propertyNames": {"maxLength": 8}}),
        ),
        (
            json!({"type": "array"}),
            json!({"type": "array", "items": {"type": "string"}}),
        ),
        (
            json!({"type": "array", "items": {"type": "number"}}),
            json!({"type": "array", "items": {"type": "integer"}}),
        ),
        (
            json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}]}),
            json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]}),
        ),
        (
            json!({"type": "array", "items": [{"type": "number"}]}),
            json!({"type": "array", "prefixItems": [{"type": "integer"}]}),
        ),
        (
            json!({"type": "array", "items": [], "additionalItems": {"type": "number"}}),
            json!({"type": "array", "items": [], "additionalItems": {"type": "integer"}}),
        ),
        // Unions.
        (
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
            json!({"type": "string"}),
        ),
        (
            json!({"type": "string"}),
            json!({"anyOf": [{"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 2}]}),
        ),
        (
            json!({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "number"}}]}),
            json!({"oneOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "string"}]}),
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}),
            json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ),
        (
            json!({}),
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ),
    ];
    for (wide, narrow) in narrowings {
        for (old, new, wanted) in [(&wide, &narrow, Breaking), (&narrow, &wide, Compatible)] {
            let changes = of_property(old, new, &json!({}));
            assert!(!changes.is_empty(), "{old} to {new}");
            let worst = changes.iter().map(|change| change.severity).min();
            assert_eq!(worst, Some(wanted), "{old} to {new}: {changes:#?}");
        }
    }
}

#[test]
fn an_output_is_judged_by_its_readers() {
    let tool =
        |schema: Value| json!({"outputSchema": {"type": "object", "properties": {"x": schema}}});
    for (before, after, severity) in [
        (
            json!({"type": "integer"}),
            json!({"type": "string"}),
            Breaking,
        ),
        (
            json!({"type": "integer"}),
            json!({"type": "number"}),
            Breaking,
        ),
        (
            json!({"type": "number"}),
            json!({"type": "integer"}),
            Compatible,
        ),
        (
            json!({"type": "string"}),
            json!({"type": ["string", "null"]}),
            Breaking,
        ),
        (
            json!({"type": ["string", "null"]}),
            json!({"type": "string"}),
            Compatible,
        ),
        (
            json!({"enum": ["a"]}),
            json!({"enum": ["a", "b"]}),
            Breaking,
        ),
        (
            json!({"enum": ["a", "b"]}),
            json!({"enum": ["a"]}),
            Compatible,
        ),
        (
            json!({"type": "object", "additionalProperties": false}),
            json!({"type": "object"}),
            Compatible,
        ),
    ] {
        let changes = between(tool(before.clone()), tool(after.clone()));
        assert_eq!(severities(&changes), [severity], "{before} to {after}");
        assert!(changes[0].what.contains("`x` of the result"), "{changes:?}");
    }
    let schema = |schema: Value| json!({"outputSchema": schema});
    let small = schema(json!({"type": "object", "properties": {"a": {}}}));
    let large =
        schema(json!({"type": "object", "properties": {"a": {}, "b": {}}, "required": ["b"]}));
    let optional = schema(json!({"type": "object", "properties": {"a": {}, "b": {}}}));
    for (before, after, severity, what) in [
        (&small, &large, Compatible, "`b` of the result is new"),
        (&large, &small, Breaking, "`b` of the result is gone"),
        (
            &large,
            &optional,
            Breaking,
            "`b` of the result became optional",
        ),
        (
            &optional,
            &large,
            Compatible,
            "`b` of the result became required",
        ),
        (&json!({}), &small, Compatible, "the result is described"),
        (
            &small,
            &json!({}),
            Breaking,
            "the result is no longer described",
        ),
    ] {
        let changes = between(before.clone(), after.clone());
        let [change] = &changes[..] else {
            panic!("{changes:?}")
        };
        assert_eq!((change.severity, &*change.what), (severity, what));
    }
}

#[test]
fn what_changes_into_something_else_breaks_both_ways() {
    for (before, after) in [
        (json!({"type": "string"}), json!({"type": "integer"})),
        (
            json!({"type": "string"}),
            json!({"type": "array", "items": {"type": "string"}}),
        ),
        (json!({"const": 1}), json!({"const": 2})),
        (
            json!({"type": "string", "pattern": "a"}),
            json!({"type": "string", "pattern": "b"}),
        ),
        (
            json!({"type": "string", "format": "uri"}),
            json!({"type": "string", "format": "date"}),
        ),
        (
            json!({"type": "integer", "multipleOf": 2}),
            json!({"type": "integer", "multipleOf": 3}),
        ),
        (
            json!({"not": {"type": "string"}}),
            json!({"not": {"type": "integer"}}),
        ),
        (json!({"type": "strin"}), json!({"type": "string"})),
        (json!("string"), json!({"type": "string"})),
        (json!({"if": {}}), json!({})),
        (
            json!({"type": "string", "maxLength": "3"}),
            json!({"type": "string", "maxLength": 3}),
        ),
        (
            json!({"$ref": "https://example.com/a"}),
            json!({"$ref": "https://example.com/b"}),
        ),
        (
            json!({"$ref": "#/$defs/Missing"}),
            json!({"type": "string"}),
        ),
    ] {
        check(before, after, &[Breaking], &[Breaking]);
    }
    check(
        json!({"enum": ["a", "b"]}),
        json!({"enum": ["b", "c"]}),
        &[Breaking, Compatible],
        &[Breaking, Compatible],
    );
}

#[test]
fn parameters_come_and_go() {
    let with = |properties: Value, required: Value| json!({"inputSchema": {"type": "object", "properties": properties, "required": required}});
    let none = with(json!({}), json!([]));
    let optional = with(json!({"limit": {"type": "integer"}}), json!([]));
    let required = with(json!({"limit": {"type": "integer"}}), json!(["limit"]));
    let nested = |required: Value| {
        with(
            json!({"filter": {"type": "object", "properties": {"limit": {}}, "required": required}}),
            json!([]),
        )
    };
    for (before, after, severity, kind, pointer, what) in [
        (
            &none,
            &optional,
            Compatible,
            Kind::Added,
            "/limit",
            "`limit` is new, and optional",
        ),
        (
            &none,
            &required,
            Breaking,
            Kind::Added,
            "/limit",
            "`limit` is new and required",
        ),
        (
            &optional,
            &none,
            Breaking,
            Kind::Removed,
            "/limit",
            "`limit` is gone",
        ),
        (
            &required,
            &none,
            Breaking,
            Kind::Removed,
            "/limit",
            "`limit` is gone",
        ),
        (
            &optional,
            &required,
            Breaking,
            Kind::Changed,
            "/limit",
            "`limit` became required",
        ),
        (
            &required,
            &optional,
            Compatible,
            Kind::Changed,
            "/limit",
            "`limit` became optional",
        ),
        (
            &nested(json!([])),
            &nested(json!(["limit"])),
            Breaking,
            Kind::Changed,
            "/filter/properties/limit",
            "`filter.limit` became required",
        ),
    ] {
        let changes = between(before.clone(), after.clone());
        let [change] = &changes[..] else {
            panic!("{changes:?}")
        };
        assert_eq!(
            (
                change.severity,
                change.kind,
                &*change.pointer,
                &*change.what
            ),
            (
                severity,
                kind,
                &*format!("/inputSchema/properties{pointer}"),
                what
            )
        );
    }
}

#[test]
fn the_same_in_another_spelling_is_no_change() {
    for (before, after) in [
        (
            json!({"type": ["string", "null"]}),
            json!({"anyOf": [{"type": "null"}, {"type": "string"}]}),
        ),
        (
            json!({"type": ["string", "null"]}),
            json!({"type": "string", "nullable": true}),
        ),
        (
            json!({"oneOf": [{"enum": ["a"]}, {"type": "null"}]}),
            json!({"enum": [null, "a"]}),
        ),
        (
            json!({"anyOf": [{"enum": ["a"]}, {"const": null}]}),
            json!({"type": ["string", "null"], "enum": ["a", null]}),
        ),
        (
            json!({"enum": ["a", "b"], "type": "string"}),
            json!({"type": "string", "enum": ["b", "a"]}),
        ),
        (json!({"enum": [1, 2.0]}), json!({"enum": [2, 1.0]})),
        (json!({"const": "a"}), json!({"enum": ["a"]})),
        (
            json!({"$ref": "#/$defs/Name"}),
            json!({"type": "string", "minLength": 1}),
        ),
        (
            json!({"allOf": [{"$ref": "#/$defs/Name"}]}),
            json!({"$ref": "#/$defs/Name"}),
        ),
        (
            json!({"$ref": "#/$defs/Name", "nullable": true}),
            json!({"anyOf": [{"$ref": "#/$defs/Name"}, {"type": "null"}]}),
        ),
        (json!({"$ref": "#here"}), json!({"type": "string"})),
        (
            json!({"$ref": "#/%24defs/Name"}),
            json!({"$ref": "#/$defs/Name"}),
        ),
        (
            json!({"type": "string", "minLength": 0}),
            json!({"type": "string"}),
        ),
        (
            json!({"type": "integer", "exclusiveMinimum": 0}),
            json!({"type": "integer", "minimum": 1}),
        ),
        (
            json!({"type": "number", "minimum": 1}),
            json!({"type": "number", "minimum": 1.0}),
        ),
        (
            json!({"type": "object", "additionalProperties": true}),
            json!({"type": "object"}),
        ),
        (
            json!({"type": "object", "additionalProperties": {}}),
            json!({"type": "object"}),
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
            json!({"type": ["integer", "string"]}),
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
            json!({"oneOf": [{"type": "integer"}, {"type": "string"}]}),
        ),
        (json!({}), json!(true)),
        (
            json!({"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a", "b"]}),
            json!({"required": ["b", "a"], "properties": {"b": {}, "a": {}}, "type": "object"}),
        ),
    ] {
        check_same(&before, &after);
    }
    let undescribed = json!({"inputSchema": {}});
    let described = json!({"inputSchema": {"type": "object", "properties": {}}});
    assert_eq!(between(undescribed, described), []);
}

#[test]
fn a_reference_is_followed_to_what_it_means_now() {
    let tool = |definition: Value| {
        json!({"inputSchema": {"type": "object",
            "properties": {"a": {"$ref": "#/$defs/D"}, "b": {"type": "array", "items": {"$ref": "#/$defs/D"}}},
            "$defs": {"D": definition}}})
    };
    let node = |limit: Value| json!({"type": "object", "properties": {"limit": limit, "next": {"$ref": "#/$defs/D"}}});
    let changes = between(
        tool(node(json!({"type": "number"}))),
        tool(node(json!({"type": "integer"}))),
    );
    let [change] = &changes[..] else {
        panic!("{changes:?}")
    };
    assert_eq!(
        change.what,
        "the type of `a.limit` was narrowed from number to integer"
    );
    assert_eq!(change.pointer, "/inputSchema/$defs/D/properties/limit");
    // What the definition itself asks for is said of every parameter that it describes.
    let changes = between(
        tool(json!({"type": "string"})),
        tool(json!({"type": "integer"})),
    );
    assert_eq!(severities(&changes), [Breaking, Breaking], "{changes:?}");
    // A definition that nothing refers to says nothing.
    let unused =
        |definition: Value| json!({"inputSchema": {"type": "object", "$defs": {"D": definition}}});
    assert_eq!(
        between(unused(json!({"type": "string"})), unused(json!({}))),
        []
    );
}

#[test]
fn parts_that_cannot_be_merged_are_compared_one_by_one() {
    let both =
        |least: u32| json!({"allOf": [{"minimum": 1}, {"minimum": least}], "type": "integer"});
    check(both(5), both(6), &[Breaking], &[Compatible]);
    check(
        both(5),
        json!({"type": "integer", "minimum": 1}),
        &[Breaking],
        &[Breaking],
    );
}

#[test]
fn branches_are_known_by_what_they_say_they_are() {
    let branch = |kind: &str, limit: &str| json!({"type": "object", "properties": {"kind": {"const": kind}, "limit": {"type": limit}}, "required": ["kind"]});
    let union = |branches: Vec<Value>| json!({"oneOf": branches});
    let before = union(vec![branch("a", "string"), branch("b", "number")]);
    let changes = of_property(
        &before,
        &union(vec![
            branch("c", "string"),
            branch("b", "integer"),
            branch("a", "string"),
        ]),
        &json!({}),
    );
    let what: Vec<&str> = changes.iter().map(|change| &*change.what).collect();
    assert_eq!(
        what,
        [
            "the type of `x.limit` was narrowed from number to integer",
            "`x` also takes object with `kind` `c`",
        ]
    );
    let changes = of_property(
        &before,
        &union(vec![branch("a", "string"), json!({"type": "string"})]),
        &json!({}),
    );
    assert_eq!(
        changes[0].what,
        "`x` no longer takes object with `kind` `b`"
    );
    assert_eq!(severities(&changes), [Breaking, Compatible]);
}

#[test]
fn words_are_told_apart_wherever_they_stand() {
    for (before, after, pointer) in [
        (
            json!({"description": "a"}),
            json!({"description": "b"}),
            "/description",
        ),
        (json!({"title": "a"}), json!({}), "/title"),
        (
            json!({"inputSchema": {"properties": {"x": {"description": "a"}}}}),
            json!({"inputSchema": {"properties": {"x": {"description": "b"}}}}),
            "/inputSchema/properties/x/description",
        ),
        (
            json!({"inputSchema": {"properties": {"x": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}}}),
            json!({"inputSchema": {"properties": {"x": {"anyOf": [{"type": "string", "title": "b"}, {"type": "integer"}]}}}}),
            "/inputSchema/properties/x/anyOf/0/title",
        ),
        // Where a description hides another, and where nothing refers to it.
        (
            json!({"inputSchema": {"properties": {"x": {"description": "a", "allOf": [{"description": "b"}]}}}}),
            json!({"inputSchema": {"properties": {"x": {"description": "a", "allOf": [{"description": "c"}]}}}}),
            "/inputSchema/properties/x/allOf/0/description",
        ),
        (
            json!({"inputSchema": {"$defs": {"D": {}}}}),
            json!({"inputSchema": {"$defs": {"D": {"description": "b"}}}}),
            "/inputSchema/$defs/D/description",
        ),
        (
            json!({"_meta": {"a": 1}}),
            json!({"_meta": {"a": 2}}),
            "/_meta",
        ),
        (
            json!({"annotations": {"title": "a"}}),
            json!({"annotations": {"title": "b"}}),
            "/annotations/title",
        ),
    ] {
        let changes = between(before, after);
        let [change] = &changes[..] else {
            panic!("{changes:?}")
        };
        assert_eq!((change.severity, &*change.pointer), (Description, pointer));
    }
}

#[test]
fn hints_about_safety_break_and_others_are_words() {
    let hints = |hints: Value| json!({"annotations": hints});
    for (before, after, severity, what) in [
        (
            json!({"readOnlyHint": true}),
            json!({"readOnlyHint": false}),
            Breaking,
            "the tool is no longer read-only",
        ),
        (
            json!({"readOnlyHint": true}),
            json!({}),
            Breaking,
            "the tool is no longer read-only",
        ),
        (
            json!({"readOnlyHint": false}),
            json!({"readOnlyHint": true}),
            Description,
            "`readOnlyHint` changed",
        ),
        (
            json!({}),
            json!({"destructiveHint": true}),
            Breaking,
            "the tool became destructive",
        ),
        (
            json!({"destructiveHint": true}),
            json!({"destructiveHint": false}),
            Description,
            "`destructiveHint` changed",
        ),
        (
            json!({}),
            json!({"openWorldHint": true}),
            Description,
            "`openWorldHint` is new",
        ),
    ] {
        let changes = between(hints(before), hints(after));
        let [change] = &changes[..] else {
            panic!("{changes:?}")
        };
        assert_eq!((change.severity, &*change.what), (severity, what));
    }
    let changes = between(hints(json!({"readOnlyHint": true})), json!({}));
    assert_eq!(severities(&changes), [Breaking]);
}

#[test]
fn a_bound_too_large_to_be_compared_is_the_same_as_itself() {
    let number = |title: &str| json!({"type": "number", "minimum": 4e43, "title": title});
    check(number("a"), number("b"), &[Description], &[Description]);
}

#[test]
fn defaults_are_compatible() {
    check(
        json!({"type": "integer", "default": 1}),
        json!({"type": "integer", "default": 2}),
        &[Compatible],
        &[Compatible],
    );
    check(
        json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        json!({"anyOf": [{"type": "integer"}, {"type": "string"}], "default": 1}),
        &[Compatible],
        &[Compatible],
    );
}

#[test]
fn what_cannot_be_judged_is_named_as_deep_as_it_differs() {
    let schema =
        |kind: &str| json!({"type": "object", "if": {"properties": {"a": {"type": kind}}}});
    let changes = of_property(&schema("string"), &schema("integer"), &json!({}));
    assert_eq!(
        changes[0].pointer,
        "/inputSchema/properties/x/if/properties/a/type"
    );
    assert_eq!(
        changes[0].what,
        "the schema of `x` changed in a way that cannot be judged"
    );
    // Words are words there, too.
    let schema = |words: &str| json!({"type": "object", "if": {"description": words}});
    let changes = of_property(&schema("a"), &schema("b"), &json!({}));
    assert_eq!(severities(&changes), [Description]);
}

#[test]
fn tools_are_paired_by_name_in_any_order() {
    let tool = |name: &str, kind: &str| json!({"name": name, "inputSchema": {"properties": {"x": {"type": kind}}}});
    let before = [
        tool("a", "string"),
        tool("b", "string"),
        tool("b", "integer"),
        json!(7),
        json!({}),
    ];
    assert_eq!(
        compare(&before, &[tool("b", "string"), tool("a", "string")]),
        []
    );
    let changes = compare(&before, &[tool("c", "string"), tool("b", "string")]);
    let told: Vec<_> = changes
        .iter()
        .map(|change| {
            (
                &*change.tool,
                change.severity,
                change.kind,
                &*change.pointer,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("a", Breaking, Kind::Removed, ""),
            ("c", Compatible, Kind::Added, "")
        ]
    );
}

#[test]
fn hostile_schemas_end_and_are_not_passed_over() {
    // A reference to itself, references in a circle, and a tower of twos.
    let mut definitions = json!({
        "Self": {"$ref": "#/$defs/Self"},
        "A": {"allOf": [{"$ref": "#/$defs/B"}]},
        "B": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
    });
    for at in 0..60 {
        let next = json!({"$ref": format!("#/$defs/T{}", at + 1)});
        definitions[format!("T{at}")] = json!({"anyOf": [
            {"type": "object", "properties": {"a": next, "b": next}},
            {"type": "array", "items": next},
        ]});
    }
    definitions["T60"] = json!({"type": "string"});
    let mut others = definitions.clone();
    others["T60"] = json!({"type": "integer"});
    let tool = |name: &str, definitions: &Value| json!([{"name": "t", "inputSchema": {"properties": {"x": {"$ref": format!("#/$defs/{name}")}}, "$defs": definitions}}]);
    for name in ["Self", "A", "T0"] {
        let (before, after) = (tool(name, &definitions), tool(name, &others));
        let changes = compare(before.as_array().unwrap(), after.as_array().unwrap());
        if name == "T0" {
            assert!(
                changes.iter().any(|change| change.severity == Breaking),
                "{changes:?}"
            );
        }
    }
    // Unions of unions, in another order.
    let mut old = json!({"type": "string"});
    let mut new = json!({"type": "integer"});
    for _ in 0..12 {
        let branches = |inner: &Value| -> Vec<Value> {
            (0..6).map(|at| json!({"type": "object", "properties": {"n": inner, "k": {"maxLength": at, "type": "string"}}})).collect()
        };
        old = json!({"anyOf": branches(&old)});
        new = json!({"anyOf": branches(&new).into_iter().rev().collect::<Vec<_>>()});
        if old.to_string().len() > 200_000 {
            break;
        }
    }
    let began = std::time::Instant::now();
    assert!(severities(&of_property(&old, &new, &json!({}))).contains(&Breaking));
    assert!(
        began.elapsed() < std::time::Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    // Deeper than anyone means.
    let mut deep = [json!({"type": "string"}), json!({"type": "integer"})];
    for _ in 0..500 {
        deep = deep.map(|inner| json!({"type": "array", "items": inner}));
    }
    let changes = of_property(&deep[0], &deep[1], &json!({}));
    assert_eq!(severities(&changes), [Breaking]);
}

#[test]
fn a_thousand_tools_of_which_most_are_the_same_take_no_time() {
    let tool = |at: usize, limit: u32| {
        json!({"name": format!("tool_{at}"), "inputSchema": {"type": "object", "properties": {
        "query": {"type": "string", "description": "What to look for"}, "limit": {"type": "integer", "maximum": limit}}}})
    };
    let before: Vec<Value> = (0..1000).map(|at| tool(at, 10)).collect();
    let after: Vec<Value> = (0..1000)
        .map(|at| tool(at, if at % 50 == 0 { 9 } else { 10 }))
        .collect();
    let began = std::time::Instant::now();
    let changes = compare(&before, &after);
    let elapsed = began.elapsed();
    assert_eq!(changes.len(), 20);
    assert!(
        elapsed < std::time::Duration::from_millis(250),
        "{elapsed:?}"
    );
}
