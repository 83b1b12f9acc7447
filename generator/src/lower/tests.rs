use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::diagnostics::Severity;

mod fields;
mod forms;
mod shapes;

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
        json!({"allOf": [{"type": "object"}, {"type": "string"}]}),
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
    let selection = crate::select::select(
        &capture,
        &filter,
        &crate::overlay::Fixed::new(),
        &Lock::default(),
    )
    .unwrap();
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
fn a_program_knows_what_it_was_made_without() {
    let capture = Capture {
        tools: vec![
            json!({"name": "get", "annotations": {"readOnlyHint": true}}),
            json!({"name": "drop"}),
        ],
        ..Capture::default()
    };
    let omitted = |filter: crate::select::Filter| {
        let fixed = crate::overlay::Fixed::new();
        let lock = Lock::default();
        let options = Options {
            selection: crate::select::select(&capture, &filter, &fixed, &lock).unwrap(),
            ..Options::new("p")
        };
        let omitted = lower(&capture, &options, &lock).program.omitted;
        let options = omitted.options.join(" ");
        (omitted.tools.join(" "), omitted.later, options)
    };
    let none = crate::select::Filter::default();
    assert_eq!(omitted(none.clone()), (String::new(), false, String::new()));
    let exclude = vec!["get".to_owned()];
    assert_eq!(
        omitted(crate::select::Filter {
            exclude,
            ..none.clone()
        }),
        ("get".to_owned(), false, "--exclude-tools get".to_owned())
    );
    let read_only = true;
    assert_eq!(
        omitted(crate::select::Filter { read_only, ..none }),
        ("drop".to_owned(), true, "--read-only".to_owned())
    );
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
