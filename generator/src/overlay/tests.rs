use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::{
    capture,
    diagnostics::Diagnostic,
    generate::{GenerateError, Plan, generate},
    ir::{Effect, Failure, Parameter, Program, Slot, Tool, Transport},
    names::NameClash,
    select::Filter,
};

/// A small server with a bit of everything, which wants two values.
fn server() -> Capture {
    let object = |properties: Value, required: &[&str]| json!({"type": "object", "properties": properties, "required": required});
    let tools = json!([
        {"name": "get_item", "description": "Fetches an item. And more.", "inputSchema": object(json!({
            "id": {"type": "integer", "description": "Which one"},
        }), &["id"])},
        {"name": "createPolicy", "description": "Makes a policy.", "inputSchema": object(json!({
            "tag": {"type": "string", "minLength": 2, "description": "What it is about. Be brief."},
            "colour": {"type": "string", "enum": ["red", "green"], "default": "red"},
            "dry": {"type": "boolean"},
            "start": {"type": "object", "required": ["date_time"], "properties": {
                "date_time": {"type": "string"},
                "zone": {"type": "string"},
            }},
            "rules": {"type": "array", "items": {"type": "string"}},
            "kind": {"const": "policy"},
            "odd key/x": {"type": "number"},
        }), &["tag", "kind"])},
        {"name": "delete_policies", "description": "Deletes them\nall", "inputSchema": object(json!({}), &[])},
        {"name": "read.weird/one", "inputSchema": null},
    ]);
    Capture {
        tools: tools.as_array().unwrap().clone(),
        origin: Some(capture::Origin {
            transport: Transport::Unknown,
            slots: vec![Slot::new("API_KEY", true), Slot::new("ORG_ID", false)],
        }),
        ..Capture::default()
    }
}

struct Made {
    program: Program,
    lock: Lock,
    diagnostics: Vec<Diagnostic>,
}

impl Made {
    #[track_caller]
    fn tool(&self, wire: &str) -> &Tool {
        let mut tools = self.program.tools.iter();
        tools.find(|tool| tool.wire == wire).unwrap()
    }

    #[track_caller]
    fn flag(&self, pointer: &str) -> &Parameter {
        let mut parameters = self.tool("createPolicy").parameters.iter();
        parameters.find(|it| it.pointer == pointer).unwrap()
    }
}

fn made_with(capture: &Capture, text: &str, lock: &Lock) -> Result<Made, OverlayError> {
    let plan = Plan {
        name: "p".to_owned(),
        overlay: Overlay::read(text)?,
        ..Plan::default()
    };
    match generate(capture, &plan, lock) {
        Ok(generated) => Ok(Made {
            program: generated.program,
            lock: generated.lock,
            diagnostics: generated.diagnostics,
        }),
        Err(GenerateError::Overlay(error)) => Err(error),
        Err(GenerateError::Select(error)) => panic!("{error}"),
    }
}

#[track_caller]
fn made(text: &str) -> Made {
    made_with(&server(), text, &Lock::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn refused(text: &str) -> String {
    match made_with(&server(), text, &Lock::default()) {
        Ok(_) => panic!("taken: {text}"),
        Err(error) => format!("{error}\n{}", error.hint().unwrap_or_default()),
    }
}

#[test]
fn a_tool_is_what_the_overlay_says() {
    let made = made(
        r#"
        about = "All about policies"
        failure = "flagged"
        [tools.createPolicy]
        command = "make"
        about = "Make one"
        hide = true
        effect = "additive"
        failure = { pointer = "/status", equals = "error" }
        examples = ["make --tag RED"]
        "#,
    );
    assert_eq!(made.program.about, "All about policies");
    let tool = made.tool("createPolicy");
    assert_eq!((&*tool.command, &*tool.about), ("make", "Make one"));
    assert!(tool.hidden);
    assert_eq!(tool.effect, Effect::Additive);
    let failure = Failure::Equals {
        pointer: "/status".into(),
        value: "\"error\"".into(),
    };
    assert_eq!(tool.failure, failure);
    assert_eq!(tool.examples, ["make --tag RED"]);
    assert_eq!(made.tool("get_item").failure, Failure::Flagged);
    assert_eq!(made.tool("get_item").command, "get-item");
}

#[test]
fn a_flag_is_what_the_overlay_says() {
    let made = made(
        r#"
        [tools.create-policy.flags]
        tag = { name = "label", short = "t", help = "The\tlabel", group = "Basics", value-name = "LABEL" }
        colour = { default = "green", hide = true }
        "/start/date_time" = { name = "at" }
        "start.zone" = { secret = true }
        "#,
    );
    let tag = made.flag("/tag");
    assert_eq!((&*tag.flag, tag.short), ("label", Some('t')));
    assert_eq!(tag.aliases, ["tag"]);
    assert_eq!((&*tag.help, &*tag.group), ("The label", "Basics"));
    assert_eq!(tag.value_name, "LABEL");
    let colour = made.flag("/colour");
    assert_eq!(colour.sends.as_deref(), Some("\"green\""));
    assert_eq!(colour.default.as_deref(), Some("\"red\""));
    assert!(colour.hidden && !tag.hidden);
    assert_eq!(made.flag("/start/date_time").flag, "at");
    assert!(made.flag("/start/zone").secret);
    assert_eq!(made.flag("/start/zone").flag, "start.zone");
}

#[test]
fn the_parts_of_a_renamed_object_are_named_after_it() {
    let made = made("tools.createPolicy.flags.start.name = \"begin\"");
    assert_eq!(made.flag("/start/date_time").flag, "begin.date-time");
    let twin = made.flag("/dry").negation.as_deref();
    assert_eq!(twin, Some("no-dry"));
}

#[test]
fn what_needs_no_flag_comes_first_in_the_order_of_the_table() {
    let made = made(
        r#"
        [tools.createPolicy.flags]
        tag = { positional = true }
        colour.positional = true
        "/rules".positional = true
        "#,
    );
    let parameters = &made.tool("createPolicy").parameters;
    let pointers: Vec<_> = parameters
        .iter()
        .map(|it| (&*it.pointer, it.positional))
        .collect();
    assert_eq!(
        pointers[..4],
        [
            ("/tag", true),
            ("/colour", true),
            ("/rules", true),
            ("/dry", false)
        ]
    );
}

#[test]
fn groups_are_in_the_order_of_the_table() {
    let made = made(
        r#"
        [groups]
        "Things" = ["get-*"]
        "All the rest" = ["*polic*", "get_item"]
        [tools.delete_policies]
        group = "Danger"
        "#,
    );
    let groups: Vec<_> = made
        .program
        .tools
        .iter()
        .map(|tool| (&*tool.wire, &*tool.group))
        .collect();
    assert_eq!(
        groups,
        [
            ("get_item", "Things"),
            ("createPolicy", "All the rest"),
            ("delete_policies", "Danger"),
            ("read.weird/one", ""),
        ]
    );
}

#[test]
fn the_user_s_headings_are_all_there_are() {
    let mut program = made("").program;
    for tool in &mut program.tools {
        tool.group = "Found".to_owned();
    }
    let text = init(&program);
    assert!(
        text.contains("# groups.Found = [\"get_item\", \"createPolicy\""),
        "{text}"
    );
    for (overlay, groups) in [
        ("", ["Found"; 4]),
        ("groups.Mine = ['*polic*']", ["Mine", "Mine", "", ""]),
        (
            "tools.delete_policies.group = 'Last'",
            ["Found", "Found", "Found", "Last"],
        ),
    ] {
        let mut program = program.clone();
        let overlay = Overlay::read(overlay).unwrap();
        let lock = Lock::default();
        overlay
            .bind(&server(), &lock)
            .apply(&mut program, &lock)
            .unwrap();
        let found: Vec<_> = program.tools.iter().map(|tool| &*tool.group).collect();
        assert_eq!(found, groups);
    }
}

#[test]
fn all_that_names_nothing_is_said_at_once_with_what_it_may_have_meant() {
    let error = refused(
        r#"
        [groups]
        "X" = ["get_itme"]
        [tools.createPolcy]
        hide = true
        [tools.get_item.flags.di]
        hide = true
        [tools.delete_policies.flags.all]
        hide = true
        [tools.createPolicy.flags]
        colours.hide = true
        tag.name = "output"
        dry.name = "rules"
        "#,
    );
    assert_snapshot!(error, @r"
    no tool `createPolcy`
           group `X`: no tool matches `get_itme`
           tool `get_item`: no flag `di`
           tool `createPolicy`: no flag `colours`
           tool `createPolicy`: `output`, fixed for `/tag`, is kept for the program itself
           tool `createPolicy`: `rules`, fixed for `/dry`, is the name of `/rules`
           tool `delete_policies`: no flag `all`: it has none at all
    `createPolcy`: did you mean `createPolicy`?
          `get_itme`: did you mean `get_item`?
          the flags of `get-item` are `id`
          `colours`: did you mean `colour`?
          choose another name
          choose another name, or fix one for each of the two
    ");
}

#[test]
fn what_cannot_be_had_is_said_with_whom_it_is_for() {
    for (text, said) in [
        (
            "tools.createPolicy.command = \"get-item\"",
            "`get-item`, fixed for `createPolicy`, is the name of `get_item`",
        ),
        (
            "tools.createPolicy.command = \"self\"",
            "`self`, fixed for `createPolicy`, is kept for the program itself",
        ),
        (
            "tools = { createPolicy.command = \"a\", get_item.command = \"a\" }",
            "`a`, fixed for `get_item`, is the name of `createPolicy`",
        ),
        (
            "tools = { createPolicy.hide = true, create-policy.hide = true }",
            "`createPolicy` and `create-policy` are the same tool",
        ),
        (
            "tools.createPolicy.flags = { tag.hide = true, \"/tag\".hide = true }",
            "tool `createPolicy`: `tag` and `/tag` are the same flag",
        ),
        (
            "tools.createPolicy.flags = { tag.name = \"dry\" }",
            "tool `createPolicy`: `dry`, fixed for `/tag`, is the name of `/dry`",
        ),
        (
            "tools.createPolicy.flags = { tag.short = \"x\", dry.short = \"x\" }",
            "tool `createPolicy`: --dry: `-x` is short for --tag already",
        ),
        (
            "tools.createPolicy.flags = { rules.positional = true, tag.positional = true }",
            "--rules: it takes all that follows, so it must be the last positional",
        ),
        (
            "tools.createPolicy.flags = { colour.positional = true, tag.positional = true }",
            "--tag: it is required, so it must come before what can be left out",
        ),
        (
            "tools.createPolicy.flags.kind.positional = true",
            "--kind: it has no value to be given without its flag",
        ),
        (
            "tools.createPolicy.flags.colour.default = \"blue\"",
            "--colour: the default does not fit its schema: ",
        ),
        (
            "tools.createPolicy.flags.tag.default = \"x\"",
            "does not fit",
        ),
        ("tools.createPolicy.flags.tag.default = 7", "does not fit"),
        (
            "tools.createPolicy.flags.start.default = {}",
            "does not fit",
        ),
        (
            "tools.createPolicy.flags.\"/start/zone\".default = 1",
            "does not fit",
        ),
        (
            "tools.createPolicy.flags.tag = { secret = true, default = \"xyz\" }",
            "--tag: a secret has no default",
        ),
    ] {
        let error = refused(text);
        assert!(error.contains(said), "{text}\n{error}");
    }
}

#[test]
fn what_fits_is_a_default() {
    for (flag, default, sent) in [
        ("tag", "\"xyz\"", "\"xyz\""),
        ("dry", "false", "false"),
        ("rules", "[\"a\"]", "[\"a\"]"),
        (
            "start",
            "{ date_time = 2026-06-09T15:00:00Z }",
            "{\"date_time\":\"2026-06-09T15:00:00Z\"}",
        ),
        ("'odd key/x'", "1.50", "1.5"),
        ("\"start.date_time\"", "\"now\"", "\"now\""),
    ] {
        let made = made(&format!(
            "tools.createPolicy.flags.{flag}.default = {default}"
        ));
        let parameters = &made.tool("createPolicy").parameters;
        let sends: Vec<_> = parameters
            .iter()
            .filter_map(|it| it.sends.as_deref())
            .collect();
        assert_eq!(sends, [sent], "{flag}");
    }
}

#[test]
fn a_key_or_a_value_that_an_overlay_has_not_is_named_with_its_line() {
    for (text, said) in [
        (
            "\n[tool.x]",
            &["line 2", "unknown field `tool`", "`tools`"][..],
        ),
        (
            "tools.x.hidden = true",
            &["line 1", "unknown field `hidden`", "`hide`"],
        ),
        (
            "tools.x.flags.y.value_name = 'a'",
            &["unknown field `value_name`", "`value-name`"],
        ),
        (
            "tools.x.effect = 'none'",
            &["line 1", "`none`", "`read-only`"],
        ),
        (
            "tools.x.failure = 'none'",
            &["line 1", "wanted: \"shaped\", \"flagged\""],
        ),
        (
            "failure = { pointer = 'a', equals = 1 }",
            &["no JSON Pointer"],
        ),
        ("tools.x.flags.y.short = 'ab'", &["line 1", "one letter"]),
        ("tools.x.flags.y.short = 'é'", &["one letter"]),
        (
            "tools.x.flags.y.short = 'o'",
            &["`-o` is kept for the program itself"],
        ),
        ("tools.x.flags.y.default = nan", &["JSON has no number"]),
        ("tools.x = 3", &["line 1", "invalid type: integer"]),
        ("groups.x = 'y'", &["line 1", "sequence"]),
        ("about = ", &["line 1"]),
    ] {
        let error = Overlay::read(text).unwrap_err();
        for said in said {
            assert!(error.to_string().contains(said), "{text}\n{error}");
        }
        assert_eq!(error.hint(), None);
    }
}

#[test]
fn an_example_that_does_not_work_is_warned_about() {
    let text = |example: &str| {
        format!("tools.createPolicy = {{ command = \"make\", examples = [{example:?}] }}")
    };
    let before = made("").diagnostics.len();
    for example in [
        "make --tag RED",
        "make --args @file",
        "call createPolicy",
        "make --help",
    ] {
        assert_eq!(made(&text(example)).diagnostics.len(), before, "{example}");
    }
    for (example, said) in [
        ("create-policy --tag RED", "'create-policy'"),
        ("make --label RED", "'--label'"),
        ("make --tag --dry", "--tag has no value"),
        ("make --tag 'x", "a quote is not closed"),
        ("", "it is empty"),
    ] {
        let made = made(&text(example));
        let said_of_it = made.diagnostics.last().unwrap().to_string();
        assert!(said_of_it.contains(said), "{example}: {said_of_it}");
    }
}

#[test]
fn the_lock_keeps_the_names_and_the_keys_stay_good() {
    let text = r#"
        [tools.create-policy]
        command = "make"
        flags."start.date-time".name = "at"
        flags.dry.name = "try"
        "#;
    let first = made(text);
    let again = made_with(&server(), text, &first.lock).unwrap();
    assert_eq!(again.program, first.program);
    assert_eq!(again.lock, first.lock);
    assert_eq!(first.flag("/dry").negation.as_deref(), Some("no-try"));
    // The names stay when the overlay goes.
    let without = made_with(&server(), "", &first.lock).unwrap();
    assert_eq!(without.program, first.program);
    // And they can be spoken of.
    let text = "tools.make = { about = 'x', flags.at.short = 'a' }";
    let other = made_with(&server(), text, &first.lock).unwrap();
    assert_eq!(other.flag("/start/date_time").short, Some('a'));
}

#[test]
fn two_commands_can_be_exchanged() {
    let text = "tools = { createPolicy.command = 'get-item', get_item.command = 'create-policy' }";
    let first = made(text);
    assert_eq!(first.tool("get_item").command, "create-policy");
    let again = made_with(&server(), text, &first.lock).unwrap();
    assert_eq!(again.program, first.program);
    let unclear = made_with(&server(), "tools.create-policy.hide = true", &first.lock);
    let error = unclear.err().unwrap();
    assert!(
        error
            .to_string()
            .contains("may be `get_item` or `createPolicy`"),
        "{error}"
    );
}

#[test]
fn a_tool_that_is_left_out_may_be_spoken_of_and_a_pattern_knows_the_new_names() {
    let plan = |include: &str| Plan {
        name: "p".to_owned(),
        filter: Filter {
            include: vec![include.to_owned()],
            ..Filter::default()
        },
        overlay: Overlay::read(
            "groups.X = ['*']\ntools.createPolicy = { command = 'make', flags.tag.short = 'l' }",
        )
        .unwrap(),
        broker: None,
    };
    let made = generate(&server(), &plan("get*"), &Lock::default()).unwrap();
    assert_eq!(made.program.tools.len(), 1);
    let made = generate(&server(), &plan("make"), &Lock::default()).unwrap();
    assert_eq!(made.program.tools[0].wire, "createPolicy");
}

#[test]
fn a_clash_is_a_problem_with_its_hint() {
    let clash = NameClash::Reserved {
        name: "help".into(),
        owner: "x".into(),
    };
    let problem = Problem::clash(Some("t"), &clash);
    assert_eq!(
        problem.to_string(),
        "tool `t`: `help`, fixed for `x`, is kept for the program itself"
    );
    assert_eq!(problem.hint.as_deref(), Some(clash.hint()));
}

/// The overlay with each line uncommented, one at a time and all at once.
fn uncommented(text: &str) -> Vec<String> {
    let open = |line: &str| line.strip_prefix("# ").unwrap_or(line).to_owned();
    let lines = text.lines().filter(|line| line.starts_with("# "));
    let mut all: Vec<String> = lines.map(open).collect();
    all.push(text.lines().map(|line| open(line) + "\n").collect());
    all
}

/// What an overlay cannot say without changing it: the headings, and the order that comes of them.
fn less_groups(mut program: Program) -> Program {
    for tool in &mut program.tools {
        tool.group.clear();
    }
    program.tools.sort_by(|a, b| a.wire.cmp(&b.wire));
    program
}

#[test]
fn an_overlay_to_begin_with_shows_everything_and_changes_nothing() {
    let made = made("");
    let text = init(&made.program);
    assert_snapshot!(text);
    assert_eq!(Overlay::read(&text).unwrap(), Overlay::default());
    let plain = less_groups(made.program);
    for text in uncommented(&text) {
        let same = made_with(&server(), &text, &Lock::default());
        let same = same.unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(less_groups(same.program), plain, "{text}");
        assert_eq!(same.lock, made.lock, "{text}");
    }
}

#[test]
fn an_overlay_to_begin_with_is_made_for_any_server() {
    let names = [
        "",
        "a.b",
        "/x",
        "~1",
        "a\"b\\",
        "\u{202e}\u{7f}\n\t",
        "ä ö",
        "#",
        "='",
        "x\u{1F600}",
    ];
    let properties = || {
        names
            .iter()
            .map(|name| ((*name).to_owned(), json!({"description": "# \u{1b}[1m\nx"})))
    };
    let schema =
        json!({"type": "object", "properties": properties().collect::<serde_json::Map<_, _>>()});
    let tools = names
        .iter()
        .map(|name| json!({"name": name, "description": "\"\\ \u{7f}x.", "inputSchema": schema}));
    let capture = Capture {
        tools: tools.collect(),
        ..Capture::default()
    };
    let made = made_with(&capture, "", &Lock::default()).unwrap();
    let text = uncommented(&init(&made.program)).pop().unwrap();
    let same = made_with(&capture, &text, &Lock::default())
        .unwrap_or_else(|error| panic!("{text}\n{error}"));
    assert_eq!(less_groups(same.program), less_groups(made.program));
}

#[test]
fn a_slot_is_what_the_overlay_says() {
    let text = r#"
        [slots.API_KEY]
        about = "From the console,\nunder Keys"
        required = false
        [slots.ORG_ID]
        secret = true
    "#;
    let expected = [
        Slot {
            about: "From the console, under Keys".to_owned(),
            ..Slot::new("API_KEY", false)
        },
        Slot {
            secret: Some(true),
            ..Slot::new("ORG_ID", false)
        },
    ];
    assert_eq!(made(text).program.slots, expected);
    assert_snapshot!(refused("[slots.API_KEY]\nkeep = 1"), @r"
    TOML parse error at line 2, column 1
      |
    2 | keep = 1
      | ^^^^
    unknown field `keep`, expected one of `about`, `required`, `secret`
    ");
    assert_snapshot!(refused("[slots.ORG]\nrequired = true"), @r"
    no header and no address has a place for the slot `ORG`
    `ORG`: did you mean `ORG_ID`?
    ");
}
