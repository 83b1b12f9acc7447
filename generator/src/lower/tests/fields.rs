//! Which fields of objects get flags of their own.

use serde_json::{Value, json};

use super::with_schema;
use crate::ir::{Parameter, Shape};

fn parameters(schema: Value) -> Vec<Parameter> {
    let mut lowered = with_schema(schema);
    std::mem::take(&mut lowered.program.tools[0].parameters)
}

fn flags(parameters: &[Parameter]) -> Vec<&str> {
    parameters
        .iter()
        .map(|parameter| &*parameter.flag)
        .collect()
}

#[test]
fn each_object_is_followed_by_its_fields_down_to_the_third() {
    let deep = json!({"properties": {"d": {"type": "string"}}});
    let parameters = parameters(json!({"type": "object", "properties": {
        "a": {"properties": {"b": {"properties": {"c_c": deep, "x": {"type": "string"}}}, "y": {"type": "string"}}},
        "z": {"type": "string"},
    }}));
    assert_eq!(
        flags(&parameters),
        ["a", "a.b", "a.b.c-c", "a.b.x", "a.y", "z"]
    );
    assert_eq!(parameters[2].pointer, "/a/b/c_c");
    assert!(parameters[2].aliases.contains(&"a.b.c_c".to_owned()));
}

#[test]
fn the_most_fields_that_get_flags_are_forty_the_required_first() {
    let fields: serde_json::Map<String, Value> = (0..60)
        .map(|n| (format!("f{n}"), json!({"type": "string"})))
        .collect();
    let parameters = parameters(json!({"type": "object", "properties": {
        "o": {"properties": fields, "required": ["f59"]},
    }}));
    assert_eq!(parameters.len(), 1 + 40);
    assert_eq!(parameters[1].flag, "o.f59");
    let Shape::Object { fields, .. } = &parameters[0].shape else {
        panic!("{:?}", parameters[0])
    };
    assert_eq!(fields.len(), 60);
}

#[test]
fn a_field_of_one_form_of_a_union_knows_which() {
    let email = json!({"type": "object", "properties": {"method": {"const": "email"}, "to": {"type": "string"}}, "required": ["method", "to"]});
    let popup = json!({"type": "object", "properties": {"method": {"const": "popup"}, "minutes": {"type": "integer"}}, "required": ["method"]});
    let parameters =
        parameters(json!({"type": "object", "properties": {"alarm": {"oneOf": [email, popup]}}}));
    assert_eq!(
        flags(&parameters),
        ["alarm", "alarm.method", "alarm.to", "alarm.minutes"]
    );
    let values = vec!["\"email\"".to_owned(), "\"popup\"".to_owned()];
    assert_eq!(parameters[1].shape, Shape::Choice(values));
    assert!(parameters[1].required && !parameters[2].required);
    assert_eq!(parameters[1].only, None);
    let only = parameters[3].only.as_ref().unwrap();
    assert_eq!(only.discriminator, "/alarm/method");
    assert_eq!(only.values, ["\"popup\""]);
}

#[test]
fn a_union_that_nothing_tells_apart_has_flags_for_what_its_forms_share() {
    let form = |name: &str| json!({"type": "object", "properties": {"id": {"type": "string"}, name: {"type": "string"}}});
    let parameters = parameters(
        json!({"type": "object", "properties": {"x": {"anyOf": [form("a"), form("b")]}}}),
    );
    assert_eq!(flags(&parameters), ["x", "x.id"]);
}

#[test]
fn the_arguments_themselves_may_have_several_forms() {
    let form = |kind: &str, field: &str| json!({"properties": {"kind": {"enum": [kind]}, field: {"type": "integer"}}, "required": ["kind"]});
    let parameters =
        parameters(json!({"type": "object", "oneOf": [form("a", "x"), form("b", "y")]}));
    assert_eq!(flags(&parameters), ["kind", "x", "y"]);
    assert_eq!(parameters[1].only.as_ref().unwrap().discriminator, "/kind");
}

#[test]
fn what_is_read_only_has_no_flag_and_what_is_write_only_is_a_secret() {
    let parameters = parameters(json!({"type": "object", "properties": {
        "id": {"type": "string", "readOnly": true},
        "pin": {"type": "string", "writeOnly": true},
        "old": {"type": "string", "deprecated": true},
    }}));
    assert_eq!(flags(&parameters), ["pin", "old"]);
    assert!(parameters[0].secret && !parameters[1].secret);
    assert!(parameters[1].deprecated);
}
