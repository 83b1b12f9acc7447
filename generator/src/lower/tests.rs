use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::{
    diagnostics::Severity,
    ir::{Parameter, Shape},
};

fn lowered(tools: Value) -> Lowered {
    let Value::Array(tools) = tools else {
        panic!("a list of tools")
    };
    lower(
        &Capture {
            tools,
            ..Capture::default()
        },
        &Options::new("p"),
        &Lock::default(),
    )
}

/// The tool `t` of this input schema.
fn with_schema(schema: Value) -> Lowered {
    lowered(json!([{"name": "t", "inputSchema": schema}]))
}

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
fn check_loss(schema: Value, severity: Severity, reason: &str) {
    let (parameter, diagnostics) =
        property_in(schema.clone(), json!({"Loop": {"$ref": "#/$defs/Loop"}}));
    assert_eq!(parameter.shape, Shape::Json, "{schema}");
    let [diagnostic] = &diagnostics[..] else {
        panic!("{schema}: {diagnostics:?}")
    };
    assert_eq!(
        (diagnostic.severity, &*diagnostic.reason),
        (severity, reason),
        "{schema}"
    );
    assert_eq!(diagnostic.pointer, "/inputSchema/properties/x");
}

fn choice(values: &[&str]) -> Shape {
    Shape::Choice(values.iter().map(|value| (*value).to_owned()).collect())
}

const SWITCH: Shape = Shape::Boolean { negation: None };

fn switch() -> Shape {
    Shape::Boolean {
        negation: Some("no-x".into()),
    }
}

fn list(item: Shape) -> Shape {
    Shape::List(Box::new(item))
}

#[test]
fn scalars_are_typed() {
    check_shape(json!({"type": "string"}), Shape::Text);
    check_shape(json!({"type": "integer"}), Shape::Integer);
    check_shape(json!({"type": "number"}), Shape::Number);
    check_shape(json!({"type": "boolean"}), switch());
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
    check_shape(json!({"type": "boolean", "enum": [true, false]}), switch());
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
        switch(),
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
fn lists_of_scalars_are_typed() {
    check_shape(
        json!({"type": "array", "items": {"type": "integer"}}),
        list(Shape::Integer),
    );
    check_shape(
        json!({"type": "array", "items": {"type": "boolean"}}),
        list(SWITCH),
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
}

#[test]
fn references_and_single_parts_are_followed() {
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
    assert_eq!(
        (&*parameter.help, parameter.default.as_deref()),
        ("here", Some("\"red\""))
    );
    assert_eq!(
        property_in(json!({"$ref": "#/$defs/Level"}), definitions)
            .0
            .help,
        "there"
    );
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
fn what_may_be_a_string_among_other_things_takes_text_and_json() {
    for schema in [
        json!({"type": ["string", "number"]}),
        json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
        json!({"oneOf": [{"type": "object"}, {"type": "string"}]}),
        json!({}),
        json!({"anyOf": [{}, {"type": "null"}]}),
        json!(true),
    ] {
        check_shape(schema, Shape::Any);
    }
}

#[test]
fn what_is_not_plain_takes_json_and_a_note_says_so() {
    for (schema, reason) in [
        (
            json!({"type": "object"}),
            "The value is an object, so the flag takes JSON.",
        ),
        (
            json!({"properties": {}}),
            "The value is an object, so the flag takes JSON.",
        ),
        (
            json!({"type": ["integer", "object"]}),
            "The value is one of several kinds, so the flag takes JSON.",
        ),
        (
            json!({"anyOf": [{"type": "boolean"}, {"type": "integer"}]}),
            "The value is one of several kinds, so the flag takes JSON.",
        ),
        (
            json!({"allOf": [{}, {}]}),
            "The value is described in several parts, so the flag takes JSON.",
        ),
        (
            json!({"type": "array"}),
            "The value is a list of anything, so the flag takes JSON.",
        ),
        (
            json!({"type": "array", "items": {"type": "object"}}),
            "The value is a list of values that are not plain, so the flag takes JSON.",
        ),
        (
            json!({"type": "array", "items": [{"type": "string"}]}),
            "The value is a tuple, so the flag takes JSON.",
        ),
        (
            json!({"prefixItems": []}),
            "The value is a tuple, so the flag takes JSON.",
        ),
    ] {
        check_loss(schema, Severity::Note, reason);
    }
}

#[test]
fn broken_schemas_take_json_and_a_warning_says_so() {
    for (schema, reason) in [
        (
            json!({"type": "file"}),
            "The type `file` is unknown, so the flag takes JSON.",
        ),
        (
            json!({"type": ["string", "file"]}),
            "The type `file` is unknown, so the flag takes JSON.",
        ),
        (
            json!({"type": 5}),
            "The `type` is no name of a type, so the flag takes JSON.",
        ),
        (
            json!({"type": "array", "items": {"type": "file"}}),
            "The type `file` is unknown, so the flag takes JSON.",
        ),
        (
            json!({"enum": []}),
            "The `enum` is empty, so no value is allowed.",
        ),
        (
            json!({"type": "string", "enum": [1]}),
            "The `enum` has no value of type `string`, so the flag takes JSON.",
        ),
        (
            json!({"$ref": "#/$defs/None"}),
            "The reference `#/$defs/None` leads nowhere, so the flag takes JSON.",
        ),
        (
            json!({"$ref": "https://x.y/z"}),
            "The reference `https://x.y/z` leads to another document, which is never fetched, so the flag takes JSON.",
        ),
        (
            json!({"$ref": "#/$defs/Loop"}),
            "The references lead back to themselves, so the flag takes JSON.",
        ),
        (
            json!({"allOf": [3]}),
            "This is not a schema, so the flag takes JSON.",
        ),
        (
            json!({"anyOf": [false]}),
            "The schema accepts no value at all.",
        ),
    ] {
        check_loss(schema, Severity::Warning, reason);
    }
}

#[test]
fn a_tool_without_a_usable_schema_takes_json_alone() {
    for schema in [
        json!(null),
        json!([]),
        json!("x"),
        json!({}),
        json!({"type": "string"}),
        json!({"type": "object", "properties": []}),
        json!({"type": "object", "properties": {"required": ["a"], "a": {"type": "string"}}}),
        json!({"$ref": "#/$defs/None"}),
        json!({"type": "object", "oneOf": [{"properties": {}}, {"properties": {}}]}),
    ] {
        let lowered = with_schema(schema.clone());
        assert_eq!(lowered.program.tools[0].parameters, [], "{schema}");
        assert_eq!(lowered.diagnostics[0].pointer, "/inputSchema", "{schema}");
        assert!(lowered.diagnostics[0].hint.is_some());
    }
    assert_eq!(lowered(json!([{"name": "t"}])).diagnostics.len(), 1);
}

#[test]
fn a_tool_without_parameters_is_a_bare_command() {
    for schema in [
        json!({"type": "object"}),
        json!({"type": "object", "properties": {}}),
    ] {
        let lowered = with_schema(schema);
        assert_eq!(lowered.program.tools[0].parameters, []);
        assert_eq!(lowered.diagnostics, []);
    }
}

#[test]
fn the_root_may_be_a_reference() {
    let lowered = with_schema(json!({
        "$ref": "#/definitions/Input",
        "definitions": {"Input": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}},
    }));
    assert!(lowered.program.tools[0].parameters[0].required);
}

#[test]
fn a_forbidden_property_has_no_flag() {
    let lowered =
        with_schema(json!({"type": "object", "properties": {"a": false, "b": {"type": "string"}}}));
    assert_eq!(lowered.program.tools[0].parameters.len(), 1);
}

#[test]
fn a_required_property_that_is_not_described_is_noted() {
    let lowered = with_schema(json!({"type": "object", "properties": {}, "required": ["ghost"]}));
    assert_eq!(lowered.diagnostics[0].severity, Severity::Note);
    assert!(lowered.diagnostics[0].reason.contains("`ghost`"));
}

#[test]
fn pointers_hold_the_exact_key() {
    let lowered = with_schema(
        json!({"type": "object", "properties": {"a/b~c": {"type": "string"}, "": {"type": "string"}}}),
    );
    let pointers: Vec<_> = lowered.program.tools[0]
        .parameters
        .iter()
        .map(|p| &*p.pointer)
        .collect();
    assert_eq!(pointers, ["/a~1b~0c", "/"]);
}

#[test]
fn a_null_default_is_none() {
    assert_eq!(
        property_in(json!({"type": "string", "default": null}), json!({}))
            .0
            .default,
        None
    );
    assert_eq!(
        property_in(json!({"default": [1.50]}), json!({}))
            .0
            .default
            .as_deref(),
        Some("[1.5]")
    );
}

#[test]
fn entries_that_are_no_tools_are_left_out() {
    let lowered = lowered(
        json!([7, {"title": "x"}, {"name": 3}, {"name": "a"}, {"name": "a", "title": "again"}, {"name": ""}]),
    );
    let said: Vec<String> = lowered
        .diagnostics
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_snapshot!(said.join("\n"), @r"
    /tools/0: The entry is not an object, so it is left out.
    /tools/1: The tool has no name, so it is left out.
    /tools/2: The tool has no name, so it is left out.
    tool `a`: /tools/4: Another tool before it has the same name, so this one is left out.
    tool `a`: /inputSchema: There is no input schema, so the tool takes JSON alone.
    /inputSchema: There is no input schema, so the tool takes JSON alone.
    ");
    assert_eq!(lowered.program.tools.len(), 2);
}

#[test]
fn the_about_of_a_tool_falls_back_on_its_titles() {
    let lowered = lowered(json!([
        {"name": "a", "description": "Do it.\nThen more.", "title": "T"},
        {"name": "b", "description": " ", "title": "T", "annotations": {"title": "A"}},
        {"name": "c", "annotations": {"title": "A"}},
        {"name": "d"},
    ]));
    let abouts: Vec<_> = lowered
        .program
        .tools
        .iter()
        .map(|tool| &*tool.about)
        .collect();
    assert_eq!(abouts, ["Do it", "T", "A", ""]);
}

#[test]
fn a_selection_leaves_the_names_of_the_others_alone() {
    let capture = Capture {
        tools: vec![json!({"name": "a_b"}), json!({"name": "aB"})],
        ..Capture::default()
    };
    let filter = crate::select::Filter {
        include: vec!["a_b".into()],
        ..Default::default()
    };
    let selection = crate::select::select(&capture, &filter, &Lock::default()).unwrap();
    let lowered = lower(
        &capture,
        &Options {
            selection,
            ..Options::new("p")
        },
        &Lock::default(),
    );
    assert_eq!(lowered.program.tools[0].command, "a-b-2");
    assert_eq!(lowered.diagnostics.len(), 1);
}

#[test]
fn the_program_says_whose_command_line_it_is() {
    for (info, about) in [
        (
            json!({"name": "altr-mcp", "title": "Altr"}),
            "Command line of the Altr MCP server",
        ),
        (
            json!({"name": "altr\u{1b}[1m-mcp", "title": ""}),
            "Command line of the altr-mcp MCP server",
        ),
        (
            json!({"name": "GitHub MCP Server"}),
            "Command line of the GitHub MCP Server",
        ),
        (json!(null), "Command line of an MCP server"),
    ] {
        let capture = Capture {
            initialize: json!({"serverInfo": info}),
            ..Capture::default()
        };
        let lowered = lower(&capture, &Options::new("p"), &Lock::default());
        assert_eq!(lowered.program.about, about);
    }
    let options = Options {
        about: Some("Mine\n".into()),
        ..Options::new("p")
    };
    assert_eq!(
        lower(&Capture::default(), &options, &Lock::default())
            .program
            .about,
        "Mine"
    );
}

#[test]
fn the_capture_in_a_program_has_all_but_the_tools() {
    let capture = Capture {
        protocol_version: "2025-06-18".into(),
        tools: vec![json!({"name": "a"})],
        prompts: vec![json!({"name": "p"})],
        notes: vec!["n".into()],
        ..Capture::default()
    };
    let server = lower(&capture, &Options::new("p"), &Lock::default())
        .program
        .server;
    assert_eq!(server.protocol, "2025-06-18");
    assert_eq!(
        Capture::read(&server.capture).unwrap(),
        Capture {
            tools: vec![],
            ..capture
        }
    );
}

#[test]
fn a_small_server_becomes_a_program() {
    let capture = Capture::read(include_str!("fixtures/notes.json")).unwrap();
    let lowered = lower(&capture, &Options::new("notes"), &Lock::default());
    assert_snapshot!(serde_json::to_string_pretty(&lowered.program).unwrap());
    let said: Vec<String> = lowered
        .diagnostics
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_snapshot!("a_small_server_s_diagnostics", said.join("\n"));
}

/// JSON with the words of schemas in it, so that the paths through the lowering are taken.
fn schema_like() -> impl Strategy<Value = Value> {
    let word = "(type|enum|const|items|prefixItems|properties|required|default|description|anyOf|oneOf|allOf|\\$ref|\\$defs|a|a_b|aB|no_a)";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(string|integer|number|boolean|array|object|null|file|#|#/properties/a|#/\\$defs/a|http://x)".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let key = prop_oneof![4 => word, 1 => ".{0,3}"];
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::vec((key, inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_lowered(
        entry in schema_like(),
        schema in schema_like(),
        properties in prop::collection::vec((".{0,3}", schema_like()), 0..4),
    ) {
        let properties: Map<_, _> = properties.into_iter().collect();
        let schema_of_properties = json!({"type": "object", "properties": properties, "$defs": schema});
        let tools = json!([entry, {"name": "a", "inputSchema": schema}, {"name": "b", "inputSchema": schema_of_properties}]);
        let once = lowered(tools.clone());
        prop_assert_eq!(&once, &lowered(tools));
        prop_assert!(once.program.tools.len() >= 2);
    }
}
