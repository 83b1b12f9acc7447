//! Whatever a server says of a tool, there is a program that has help and reads any line.
#![expect(
    clippy::unwrap_used,
    reason = "a table that cannot be read fails the test"
)]

#[path = "roundtrip/schemas.rs"]
mod schemas;

use std::{
    ffi::OsString,
    time::{Duration, Instant},
};

use mcpress::{
    capture::Capture,
    lock::Lock,
    lower::{Options, lower},
};
use mcpress_runtime::{check_line, help_of, read_arguments, spec::Spec, write_arguments};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The longest that a tool and a few lines may take, in a build without optimisation.
const LONG: Duration = Duration::from_secs(5);

/// Words that are put on a line, whatever the tool.
const WORDS: &[&str] = &[
    "",
    "-",
    "--",
    "-x",
    "--help",
    "--dry-run",
    "--args",
    "{}",
    r#"{"a":1}"#,
    "[1",
    "--set",
    "a.b:=1",
    "a=",
    "=",
    ":=",
    "--null",
    "--unset",
    "/a/0/b",
    r"\",
    "a",
    "7",
    "-1e400",
    "true",
    "a,b,c",
    "k=v,n:=[1,{}],a.b=c",
    "é",
    "--args=[]",
    "--set=/=:=null",
    "--nonsense",
    "--from-file",
    "x=env:NONE",
];

fn spec_of(tools: Vec<Value>) -> &'static Spec {
    let capture = Capture {
        tools,
        ..Capture::default()
    };
    let lowered = lower(&capture, &Options::new("cli"), &Lock::default());
    lowered.program.to_spec().unwrap()
}

/// Reads lines of chosen words with every tool, shows its help, and writes a line.
fn exercise(tools: Vec<Value>, chosen: &[prop::sample::Index]) -> &'static Spec {
    let begun = Instant::now();
    let spec = spec_of(tools);
    for tool in spec.tools {
        let flags = tool.parameters.iter();
        let flags = flags.flat_map(|it| [Some(it.flag), it.more().negation].into_iter().flatten());
        let flags: Vec<String> = flags.map(|flag| format!("--{flag}")).collect();
        let word = |(at, index): (usize, &prop::sample::Index)| match at % 2 {
            0 if !flags.is_empty() => flags[index.index(flags.len())].clone(),
            _ => WORDS[index.index(WORDS.len())].to_owned(),
        };
        for start in 0..2 {
            let words = chosen.iter().enumerate().skip(start).map(word);
            // Nothing is read from the standard input of a test.
            let words: Vec<String> = words.filter(|word| word != "-").collect();
            let _ = read_arguments(spec, tool, &words, start == 0);
            let line = std::iter::once(tool.command).chain(words.iter().map(String::as_str));
            let _ = check_line(spec, line.map(OsString::from).collect());
        }
        assert!(help_of(spec, tool).contains("Usage:"), "{}", tool.wire);
        let arguments = json!({"a": 1, "": null, "x y": ["\0"]});
        let words = write_arguments(spec, tool, arguments.as_object().unwrap());
        assert_eq!(
            read_arguments(spec, tool, &words, false).unwrap(),
            arguments
        );
    }
    assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
    spec
}

fn line() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..10)
}

fn tool(name: &str, schema: &Value) -> Value {
    json!({"name": name, "description": "Does it. Well.", "inputSchema": schema})
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_no_worse_than_a_tool_left_out(
        entries in prop::collection::vec(schemas::anything(), 0..4),
        line in line(),
    ) {
        exercise(entries, &line);
    }

    #[test]
    fn any_json_may_be_said_of_a_tool(
        said in prop::collection::btree_map(
            proptest::sample::select(&["description", "title", "inputSchema", "annotations", "outputSchema", "_meta"][..]),
            schemas::anything(),
            0..6,
        ),
        line in line(),
    ) {
        let mut entry: Map<String, Value> = said.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        entry.insert("name".to_owned(), "t".into());
        exercise(vec![entry.into()], &line);
    }

    #[test]
    fn any_json_may_be_a_schema(schema in schemas::anything(), line in line()) {
        exercise(vec![tool("t", &schema), tool("u", &json!({"type": "object", "properties": {"a": schema}}))], &line);
    }

    #[test]
    fn a_schema_may_be_nearly_right(schema in schemas::mutated(), line in line()) {
        exercise(vec![tool("t", &schema)], &line);
    }

    #[test]
    fn a_schema_may_be_right(schema in schemas::whole(), line in line()) {
        exercise(vec![tool("t", &schema)], &line);
    }

    #[test]
    fn a_tool_may_have_any_name(names in prop::collection::vec("\\PC{0,8}", 1..6)) {
        let tools = names.iter().map(|name| tool(name, &json!({"type": "object"}))).collect();
        exercise(tools, &[]);
    }
}

#[test]
fn tools_of_odd_names_are_commands_that_can_be_run() {
    let names = [
        "weird/tool.name",
        "a.b",
        "a:b",
        "two words",
        "🦀",
        "🦀🦀",
        "été",
        "日本語",
        "3d",
        "42",
        "fn",
        "self",
        "Self",
        "crate",
        "help",
        "call",
        "batch",
        "version",
        "",
        "-",
        "--help",
        "-h",
        "a/../b",
        "a\nb",
        "\u{0}",
        "A",
        "a",
        "a_",
        "a-",
        "tool",
        "help-tool",
        "cli",
    ];
    let object = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let spec = exercise(names.iter().map(|name| tool(name, &object)).collect(), &[]);
    assert_eq!(spec.tools.len(), names.len());
    for tool in spec.tools {
        let line = [tool.command, "--a=x"].map(OsString::from).to_vec();
        assert_eq!(check_line(spec, line), Ok(()), "{:?}", tool.wire);
    }
}

#[test]
fn of_two_tools_of_one_name_the_first_is_a_command() {
    let schema = |name: &str| json!({"type": "object", "properties": {name: {"type": "string"}}});
    let spec = exercise(
        vec![tool("t", &schema("one")), tool("t", &schema("two"))],
        &[],
    );
    assert_eq!(spec.tools.len(), 1);
    assert_eq!(spec.tools[0].parameters[0].flag, "one");
}

#[test]
fn schemas_at_the_edges_make_commands() {
    let many: Map<String, Value> = (0..205)
        .map(|at| {
            (
                format!("p{at}"),
                json!({"type": "object", "properties": {"a": {}, "b": {"type": "boolean"}}}),
            )
        })
        .collect();
    let deep = (0..11).fold(json!({"type": "string"}), |inner, _| {
        json!({"type": "object", "properties": {"d": inner, "e": {"type": "array", "items": inner}}, "required": ["d"]})
    });
    let abyss = (0..120).fold(
        json!({}),
        |inner, _| json!({"type": "array", "items": inner}),
    );
    let property =
        |schema: Value| json!({"type": "object", "properties": {"a": schema}, "required": ["a"]});
    for schema in [
        json!({"type": "object", "properties": many}),
        deep,
        property(abyss),
        property(
            json!({"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}, {"type": "object"}]}),
        ),
        property(json!({"type": "array", "prefixItems": []})),
        property(
            json!({"type": "object", "patternProperties": {"^x": {"type": "integer"}, "(": {}, "y$": false}}),
        ),
        property(json!(true)),
        property(json!(false)),
        json!(true),
        json!(false),
        property(json!({"$ref": "#/nowhere"})),
        property(json!({"$ref": "https://example.com/schema"})),
        property(json!({"$ref": "#/properties/a"})),
        property(json!({"$ref": 7})),
        property(
            json!({"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#/properties/a"}}}),
        ),
        property(
            json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}], "anyOf": [{"$ref": "#/properties/a"}, {"$ref": "#"}]}),
        ),
        property(
            json!({"type": "text", "enum": {}, "minimum": "3", "required": "a", "pattern": 1, "items": 5}),
        ),
        property(
            json!({"type": ["string", 7, null, "strange"], "format": [], "default": {"a": []}, "title": 3}),
        ),
        property(json!({"enum": []})),
        property(json!({"anyOf": []})),
        property(json!({"oneOf": [false, false]})),
        json!({"type": "object", "properties": {"a": {}, "a.b": {}, "a/b": {}, "a-b": {}, "a_b": {}, "A": {}, "no-a": {}}}),
        json!({"type": "object", "properties": {
            "x": {"type": "boolean"}, "no-x": {"type": "boolean"}, "no_x": {"type": "string"}, "arg-x": {}, "set": {},
            "arg-set": {}, "help": {"type": "boolean"}, "h": {}, "raw": {}, "mcp-env": {}, "no": {"type": "boolean"},
            "args": {"type": "object", "properties": {"help": {}, "raw": {}}}, "no-args": {"type": "boolean"},
            "no /x": {"type": "string"}, "/x": {"type": "string"}, "at /x": {},
        }}),
        json!({"type": "object", "properties": {"set": {}, "version": {}, "output": {}, "": {}, " ": {}, "null": {}}}),
        json!({"type": "object", "properties": {}, "required": [1, "ghost", null], "minProperties": -3}),
    ] {
        exercise(vec![tool("t", &schema)], &[]);
    }
}
