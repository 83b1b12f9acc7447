//! What text becomes, schema by schema.

use serde_json::{Value, json};

use super::with_schema;
use crate::diagnostics::{Diagnostic, Severity};
use crate::ir::{Field, Parameter, Shape};

/// The parameter `x` of this schema, and what is said of it.
fn property_in(schema: Value, definitions: Value) -> (Parameter, Vec<Diagnostic>) {
    let schema = json!({"type": "object", "properties": {"x": schema}, "$defs": definitions});
    let mut lowered = with_schema(schema);
    (
        lowered.program.tools[0].parameters.remove(0),
        lowered.diagnostics,
    )
}

#[track_caller]
fn check_shape(schema: Value, shape: Shape) {
    let (parameter, diagnostics) = property_in(schema.clone(), json!({}));
    assert_eq!(parameter.shape, shape, "{schema}");
    assert_eq!(diagnostics, [], "{schema}");
}

#[track_caller]
fn check_loss(schema: Value, severity: Severity, place: &str, reason: &str) {
    let definitions = json!({"Loop": {"$ref": "#/$defs/Loop"}});
    let (_, diagnostics) = property_in(schema.clone(), definitions);
    let [diagnostic] = &diagnostics[..] else {
        panic!("{schema}: {diagnostics:?}")
    };
    let said = (diagnostic.severity, &*diagnostic.reason);
    assert_eq!(said, (severity, reason), "{schema}");
    let place = format!("/inputSchema/properties/x{place}");
    assert_eq!(diagnostic.pointer, place, "{schema}");
}

fn choice(values: &[&str]) -> Shape {
    Shape::Choice(values.iter().map(|value| (*value).to_owned()).collect())
}

fn list(item: Shape) -> Shape {
    Shape::List(Box::new(item))
}

fn object(fields: &[(&str, Shape)], rest: Shape) -> Shape {
    let field = |(key, shape): &(&str, Shape)| Field {
        key: (*key).to_owned(),
        shape: shape.clone(),
        required: false,
    };
    Shape::Object {
        fields: fields.iter().map(field).collect(),
        rest: Box::new(rest),
    }
}

#[test]
fn scalars_are_typed() {
    check_shape(json!({"type": "string"}), Shape::Text);
    check_shape(json!({"type": "integer"}), Shape::Integer);
    check_shape(json!({"type": "number"}), Shape::Number);
    check_shape(json!({"type": "boolean"}), Shape::Boolean);
    check_shape(
        json!({"type": "string", "anyOf": [{"pattern": "a"}, {"pattern": "b"}]}),
        Shape::Text,
    );
}

#[test]
fn enums_and_constants_keep_their_values() {
    check_shape(
        json!({"enum": ["a", 1, 1.50, true, "a"]}),
        choice(&["\"a\"", "1", "1.5", "true"]),
    );
    check_shape(
        json!({"type": "integer", "enum": [1, 2.0, "x"]}),
        choice(&["1", "2.0"]),
    );
    check_shape(
        json!({"type": "boolean", "enum": [true, false]}),
        Shape::Boolean,
    );
    check_shape(
        json!({"type": "boolean", "enum": [true]}),
        choice(&["true"]),
    );
    check_shape(
        json!({"type": "string", "const": "tag"}),
        Shape::Constant("\"tag\"".into()),
    );
    check_shape(
        json!({"const": {"a": [1]}}),
        Shape::Constant("{\"a\":[1]}".into()),
    );
}

#[test]
fn nullables_are_what_they_are_beside_null() {
    check_shape(
        json!({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        Shape::Integer,
    );
    check_shape(
        json!({"oneOf": [{"const": null}, {"type": "boolean"}]}),
        Shape::Boolean,
    );
    check_shape(json!({"type": ["string", "null"]}), Shape::Text);
    check_shape(json!({"type": "string", "nullable": true}), Shape::Text);
    check_shape(
        json!({"type": ["string", "null"], "enum": ["a", null]}),
        choice(&["\"a\""]),
    );
    check_shape(json!({"type": "null"}), Shape::Constant("null".into()));
    check_shape(json!({"enum": [null]}), Shape::Constant("null".into()));
    check_shape(
        json!({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}),
        list(Shape::Text),
    );
}

#[test]
fn lists_are_typed_by_their_items() {
    check_shape(
        json!({"type": "array", "items": {"type": "integer"}}),
        list(Shape::Integer),
    );
    check_shape(
        json!({"type": "array", "items": {"type": "boolean"}}),
        list(Shape::Boolean),
    );
    check_shape(json!({"items": {"enum": ["a"]}}), list(choice(&["\"a\""])));
    check_shape(
        json!({"type": "array", "items": {"const": 1}}),
        list(choice(&["1"])),
    );
    check_shape(
        json!({"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "null"}]}}),
        list(Shape::Number),
    );
    check_shape(json!({"type": "array"}), list(Shape::Any));
    check_shape(
        json!({"type": "array", "items": {"type": "array", "items": {"type": "number"}}}),
        list(list(Shape::Number)),
    );
    check_shape(
        json!({"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}}),
        list(object(&[("n", Shape::Integer)], Shape::Text)),
    );
}

#[test]
fn a_tuple_of_scalars_has_a_shape_a_place() {
    let pair = Shape::Tuple(vec![Shape::Number, Shape::Text]);
    let slots = json!([{"type": "number"}, {"type": "string"}]);
    check_shape(json!({"prefixItems": slots, "items": false}), pair.clone());
    check_shape(json!({"type": "array", "items": slots}), pair);
    check_shape(
        json!({"prefixItems": [{"type": "object"}]}),
        list(object(&[], Shape::Text)),
    );
}

#[test]
fn objects_are_maps_of_what_is_described_and_the_rest() {
    check_shape(json!({"type": "object"}), object(&[], Shape::Text));
    check_shape(
        json!({"type": "object", "additionalProperties": {"type": "integer"}}),
        object(&[], Shape::Integer),
    );
    check_shape(
        json!({"type": "object", "additionalProperties": true}),
        object(&[], Shape::Text),
    );
    check_shape(
        json!({"patternProperties": {"^x-": {"type": "boolean"}}, "additionalProperties": false}),
        object(&[], Shape::Boolean),
    );
}

#[test]
fn several_parts_are_one() {
    check_shape(
        json!({"allOf": [{"type": ["number", "string"]}, {"type": "integer"}]}),
        Shape::Integer,
    );
    check_shape(
        json!({"enum": ["a", "b", "c"], "allOf": [{"enum": ["c", "b"]}]}),
        choice(&["\"b\"", "\"c\""]),
    );
    check_shape(
        json!({"allOf": [
            {"properties": {"a": {"type": "string"}}},
            {"properties": {"b": {"type": "integer"}, "a": {"enum": ["x"]}}},
        ]}),
        object(
            &[("a", choice(&["\"x\""])), ("b", Shape::Integer)],
            Shape::Text,
        ),
    );
}

#[test]
fn references_are_followed_and_words_beside_them_win() {
    let definitions =
        json!({"Level": {"enum": ["red"], "description": "there"}, "a/b~c d": {"type": "integer"}});
    for (schema, shape) in [
        (json!({"$ref": "#/$defs/Level"}), choice(&["\"red\""])),
        (
            json!({"allOf": [{"$ref": "#/$defs/Level"}]}),
            choice(&["\"red\""]),
        ),
        (
            json!({"anyOf": [{"$ref": "#/$defs/Level"}, {"type": "null"}]}),
            choice(&["\"red\""]),
        ),
        (
            json!({"type": "array", "items": {"$ref": "#/$defs/Level"}}),
            list(choice(&["\"red\""])),
        ),
        (json!({"$ref": "#/$defs/a~1b~0c%20d"}), Shape::Integer),
    ] {
        assert_eq!(property_in(schema, definitions.clone()).0.shape, shape);
    }
    let described = json!({"$ref": "#/$defs/Level", "description": "here", "default": "red"});
    let (parameter, _) = property_in(described, definitions.clone());
    let words = (&*parameter.help, parameter.default.as_deref());
    assert_eq!(words, ("here", Some("\"red\"")));
    let (parameter, _) = property_in(json!({"$ref": "#/$defs/Level"}), definitions);
    assert_eq!(parameter.help, "there");
}

#[test]
fn a_union_that_lists_values_is_a_choice() {
    let union = json!({"oneOf": [
        {"const": "single", "description": "One bed."},
        {"type": "string", "enum": ["double", "triple"]},
    ]});
    let values = choice(&["\"single\"", "\"double\"", "\"triple\""]);
    check_shape(union.clone(), values.clone());
    check_shape(json!({"type": "array", "items": union}), list(values));
}

#[test]
fn a_union_keeps_the_order_of_the_schema() {
    for (schema, branches) in [
        (
            json!({"type": ["string", "number"]}),
            vec![Shape::Text, Shape::Number],
        ),
        (
            json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
            vec![Shape::Integer, Shape::Text],
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
            vec![Shape::Text, list(Shape::Text)],
        ),
        (
            json!({"oneOf": [{"type": "object"}, {"type": "string"}]}),
            vec![object(&[], Shape::Text), Shape::Text],
        ),
        (
            json!({"anyOf": [{"enum": ["auto"]}, {"type": "integer"}, {"const": "none"}]}),
            vec![choice(&["\"auto\"", "\"none\""]), Shape::Integer],
        ),
    ] {
        check_shape(schema, Shape::Union(branches));
    }
    check_shape(
        json!({"anyOf": [{"type": "string", "format": "uri"}, {"type": "string"}]}),
        Shape::Text,
    );
}

#[test]
fn what_nothing_is_said_of_is_anything() {
    for schema in [
        json!({}),
        json!({"anyOf": [{}, {"type": "null"}]}),
        json!(true),
    ] {
        check_shape(schema, Shape::Any);
    }
}

#[test]
fn a_recursion_ends_in_json_and_a_note_says_so() {
    let tree = json!({"type": "object", "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/T"}}});
    let (parameter, diagnostics) = property_in(json!({"$ref": "#/$defs/T"}), json!({ "T": tree }));
    assert_eq!(
        parameter.shape,
        object(&[("v", Shape::Integer), ("next", Shape::Json)], Shape::Text)
    );
    assert_eq!(diagnostics[0].severity, Severity::Note);
    assert_eq!(
        diagnostics[0].pointer,
        "/inputSchema/properties/x/properties/next"
    );
    check_loss(
        json!({"properties": {"whole": {"$ref": "#"}}}),
        Severity::Note,
        "/properties/whole",
        "The schema goes on inside of itself, so the value is given as JSON.",
    );
}

#[test]
fn broken_schemas_take_json_and_a_warning_says_so() {
    for (schema, place, reason) in [
        (
            json!({"type": "file"}),
            "",
            "The type `file` is unknown, so the value is given as JSON.",
        ),
        (
            json!({"type": ["string", "file"]}),
            "",
            "The type `file` is unknown, so the value is given as JSON.",
        ),
        (
            json!({"type": 5}),
            "",
            "The `type` is no name of a type, so the value is given as JSON.",
        ),
        (
            json!({"type": "array", "items": {"type": "file"}}),
            "/items",
            "The type `file` is unknown, so the value is given as JSON.",
        ),
        (
            json!({"enum": []}),
            "",
            "The parts of the schema contradict each other, so the value is given as JSON.",
        ),
        (
            json!({"type": "string", "enum": [1]}),
            "",
            "The `enum` has no value of type `string`, so the value is given as JSON.",
        ),
        (
            json!({"allOf": [{"type": "string"}, {"type": "integer"}]}),
            "",
            "The parts of the schema contradict each other, so the value is given as JSON.",
        ),
        (
            json!({"$ref": "#/$defs/None"}),
            "",
            "The reference `#/$defs/None` leads nowhere, so the value is given as JSON.",
        ),
        (
            json!({"properties": {"y": {"$ref": "https://x.y/z"}}}),
            "/properties/y",
            "The reference `https://x.y/z` leads to another document, which is never fetched, so the value is given as JSON.",
        ),
        (
            json!({"$ref": "#/$defs/Loop"}),
            "",
            "The references lead back to themselves, so the value is given as JSON.",
        ),
        (
            json!({"items": 3}),
            "/items",
            "This is not a schema, so the value is given as JSON.",
        ),
    ] {
        check_loss(schema, Severity::Warning, place, reason);
    }
}

#[test]
fn a_null_default_is_none() {
    let default = |schema: Value| property_in(schema, json!({})).0.default;
    assert_eq!(default(json!({"type": "string", "default": null})), None);
    assert_eq!(
        default(json!({"default": [1.50]})).as_deref(),
        Some("[1.5]")
    );
}

#[test]
fn a_text_is_called_by_its_encoding_its_format_or_a_title_that_says_more() {
    for (schema, name) in [
        (
            json!({"type": "string", "format": "date-time"}),
            "DATE-TIME",
        ),
        (
            json!({"type": "string", "contentEncoding": "base64"}),
            "BASE64",
        ),
        (json!({"type": "string", "format": "binary"}), "BASE64"),
        (json!({"type": "string", "title": "City name"}), "CITY-NAME"),
        (json!({"type": "string", "title": "X"}), ""),
        (json!({"type": "integer", "format": "int64"}), ""),
    ] {
        assert_eq!(property_in(schema, json!({})).0.value_name, name);
    }
}
