use std::collections::BTreeSet;

use super::*;
use crate::capture::Capture;
use crate::ir::{Omitted, Parameter, Program, Server, Shape, Tool, Transport};

mod properties;

fn command_names(wires: &[&str]) -> Vec<String> {
    let wanted: Vec<_> = wires.iter().map(|wire| WantedCommand::new(wire)).collect();
    commands(&wanted, &Lock::default()).names
}

fn wanted<'a>(pointers: &'a [String], names: &[&'a str], boolean: bool) -> Vec<Wanted<'a>> {
    pointers
        .iter()
        .zip(names)
        .map(|(pointer, name)| Wanted {
            pointer,
            name,
            parent: None,
            fixed: None,
            boolean,
        })
        .collect()
}

fn flags_of(names: &[&str], boolean: bool) -> Vec<Flag> {
    let pointers: Vec<String> = names.iter().map(|name| format!("/{name}")).collect();
    flags("tool", &wanted(&pointers, names, boolean), &Lock::default()).names
}

fn flag_names(names: &[&str]) -> Vec<String> {
    flags_of(names, false)
        .into_iter()
        .map(|flag| flag.name)
        .collect()
}

fn twins(names: &[&str]) -> Vec<Option<String>> {
    flags_of(names, true)
        .into_iter()
        .map(|flag| flag.negation)
        .collect()
}

/// A program of one tool with these flags, to make a lock of.
fn program(flags: &[(&str, &str, Option<&str>)]) -> Program {
    let parameter = |(name, flag, negation): &(&str, &str, Option<&str>)| Parameter {
        pointer: format!("/{name}"),
        flag: (*flag).into(),
        shape: Shape::Boolean,
        negation: negation.map(Into::into),
        ..Parameter::default()
    };
    let tool = Tool {
        wire: "tool".into(),
        command: "tool".into(),
        parameters: flags.iter().map(parameter).collect(),
        definition: "{}".into(),
        ..Tool::default()
    };
    let server = Server {
        transport: Transport::Unknown,
        protocol: String::new(),
        capabilities: "{}".into(),
        capture: String::new(),
    };
    Program {
        format: 1,
        name: "p".into(),
        about: String::new(),
        server,
        slots: vec![],
        tools: vec![tool],
        prompts: Vec::new(),
        templates: Vec::new(),
        omitted: Omitted::default(),
        vault: false,
    }
}

/// The lock of what a capture of the tool, and of nothing else, became.
fn lock_of(program: &Program, previous: &Lock) -> Lock {
    let capture = Capture {
        tools: vec![serde_json::json!({"name": "tool"})],
        ..Capture::default()
    };
    Lock::of(program, previous, &capture)
}

#[test]
fn a_tool_named_like_a_root_word_moves_aside() {
    assert_eq!(
        command_names(&["help", "Call", "self_", "selfie"]),
        ["help-tool", "call-tool", "self-tool", "selfie"]
    );
}

#[test]
fn the_one_spelt_as_it_is_typed_keeps_the_name() {
    assert_eq!(
        flag_names(&["order_by", "orderBy", "order-by"]),
        ["order-by-3", "order-by-2", "order-by"]
    );
    assert_eq!(
        flag_names(&["StartTime>", "StartTime", "StartTime<"]),
        ["start-time-3", "start-time", "start-time-2"]
    );
}

#[test]
fn a_number_never_takes_a_name_of_another() {
    assert_eq!(
        flag_names(&["a_b", "aB", "a_b_2"]),
        ["a-b-3", "a-b", "a-b-2"]
    );
}

#[test]
fn the_order_of_the_server_changes_no_name() {
    assert_eq!(flag_names(&["a_b", "aB", "a.b"]), ["a-b-3", "a-b-2", "a-b"]);
    assert_eq!(flag_names(&["a.b", "a_b", "aB"]), ["a-b", "a-b-3", "a-b-2"]);
}

#[test]
fn a_parameter_named_like_a_flag_of_the_runtime_moves_aside() {
    assert_eq!(
        flag_names(&["output", "dryRun", "mcp_url", "mcp", "raw", "h"]),
        [
            "arg-output",
            "arg-dry-run",
            "arg-mcp-url",
            "mcp",
            "raw",
            "h"
        ]
    );
    assert_eq!(
        flag_names(&["output", "arg-output"]),
        ["arg-output-2", "arg-output"]
    );
}

#[test]
fn a_switch_has_a_twin_where_its_name_is_free() {
    assert_eq!(twins(&["cache"]), [Some("no-cache".to_owned())]);
    assert_eq!(twins(&["cache", "no_cache"]), [None, None]);
    assert_eq!(
        twins(&["no_wait", "notFound", "without-x", "disable_y", "no"]),
        [const { None }; 5]
    );
    assert_eq!(twins(&["notify"]), [Some("no-notify".to_owned())]);
}

#[test]
fn the_original_spelling_is_an_alias_of_the_flag() {
    let aliases: Vec<_> = flags_of(
        &["max_results", "tag", "help", "a b", "mcp-x", "MCP-x"],
        false,
    )
    .into_iter()
    .map(|flag| flag.aliases)
    .collect();
    let none = Vec::<String>::new;
    assert_eq!(
        aliases,
        [
            vec!["max_results".to_owned()],
            none(),
            none(),
            none(),
            none(),
            vec!["MCP-x".to_owned()]
        ]
    );
}

#[test]
fn a_new_parameter_renames_no_old_one() {
    let names = ["order_by", "order-by"];
    let lock = lock_of(
        &program(&[("order_by", "order-by", None)]),
        &Lock::default(),
    );
    let pointers: Vec<String> = names.iter().map(|name| format!("/{name}")).collect();
    let flags = flags("tool", &wanted(&pointers, &names, false), &lock).names;
    assert_eq!(flags[0].name, "order-by");
    assert_eq!(flags[1].name, "order-by-2");
}

#[test]
fn a_new_parameter_does_not_turn_a_twin_around() {
    let names = ["cache", "no_cache"];
    let lock = lock_of(
        &program(&[("cache", "cache", Some("no-cache"))]),
        &Lock::default(),
    );
    let pointers: Vec<String> = names.iter().map(|name| format!("/{name}")).collect();
    let flags = flags("tool", &wanted(&pointers, &names, true), &lock).names;
    assert_eq!(flags[0].negation.as_deref(), Some("no-cache"));
    assert_eq!(flags[1].name, "no-cache-2");
}

#[test]
fn the_flag_of_a_parameter_that_is_gone_stays_taken_until_it_returns() {
    let first = lock_of(
        &program(&[("order_by", "order-by", None)]),
        &Lock::default(),
    );
    let lock = lock_of(&program(&[]), &first);
    let new = Wanted {
        pointer: "/orderBy",
        name: "orderBy",
        parent: None,
        fixed: None,
        boolean: false,
    };
    assert_eq!(flags("tool", &[new], &lock).names[0].name, "order-by-2");
    let old = Wanted {
        pointer: "/order_by",
        name: "order_by",
        parent: None,
        fixed: None,
        boolean: false,
    };
    assert_eq!(flags("tool", &[old, new], &lock).names[0].name, "order-by");
}

/// A parameter by its path on the wire, which ends the path of its parent, if that is there.
struct Part {
    pointer: String,
    path: Vec<String>,
    fixed: Option<String>,
    boolean: bool,
}

impl Part {
    fn new(path: &[&str]) -> Self {
        let escaped = |name: &&str| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        Self {
            pointer: path.iter().map(escaped).collect(),
            path: path.iter().map(|name| (*name).to_owned()).collect(),
            fixed: None,
            boolean: false,
        }
    }

    fn fixed(path: &[&str], name: &str) -> Self {
        let fixed = Some(name.to_owned());
        Self {
            fixed,
            ..Self::new(path)
        }
    }

    fn switch(path: &[&str]) -> Self {
        Self {
            boolean: true,
            ..Self::new(path)
        }
    }
}

fn of_parts(parts: &[Part], lock: &Lock) -> Named<Flag> {
    let index = |path: &[String]| parts.iter().position(|part| part.path == path);
    let wanted: Vec<_> = parts
        .iter()
        .map(|part| {
            let (name, parent) = part.path.split_last().unwrap();
            Wanted {
                pointer: &part.pointer,
                name,
                parent: index(parent),
                fixed: part.fixed.as_deref(),
                boolean: part.boolean,
            }
        })
        .collect();
    flags("tool", &wanted, lock)
}

fn shown(parts: &[Part]) -> Vec<String> {
    let named = of_parts(parts, &Lock::default());
    assert_eq!(named.clashes, []);
    named.names.into_iter().map(|flag| flag.name).collect()
}

#[test]
fn a_part_is_named_after_the_whole() {
    let parts = [
        Part::new(&["start"]),
        Part::new(&["start", "date_time"]),
        Part::new(&["start", "dateTime"]),
        Part::new(&["start", "output"]),
        Part::new(&["start", "date_time", "MCP_x"]),
        Part::new(&["output"]),
        Part::new(&["output", "$"]),
    ];
    assert_eq!(
        shown(&parts),
        [
            "start",
            "start.date-time-2",
            "start.date-time",
            "start.output",
            "start.date-time-2.mcp-x",
            "arg-output",
            "arg-output.arg-09fc96"
        ]
    );
}

#[test]
fn the_alias_of_a_part_is_its_whole_path_on_the_wire() {
    let parts = [
        Part::new(&["myObj"]),
        Part::new(&["myObj", "timeZone"]),
        Part::new(&["myObj", "plain"]),
        Part::new(&["plain"]),
        Part::new(&["plain", "part"]),
        Part::new(&["myObj.timeZone"]),
        Part::new(&["plain.part"]),
    ];
    let names = of_parts(&parts, &Lock::default()).names;
    let spelled: Vec<_> = names
        .iter()
        .map(|flag| (&*flag.name, flag.aliases.join(" ")))
        .collect();
    let alias = |name, alias: &str| (name, alias.to_owned());
    assert_eq!(
        spelled,
        [
            alias("my-obj", "myObj"),
            // What is whole goes before what is part.
            alias("my-obj.time-zone", ""),
            alias("my-obj.plain", "myObj.plain"),
            alias("plain", ""),
            alias("plain.part", ""),
            alias("my-obj-time-zone", "myObj.timeZone"),
            // What is shown goes before what is not.
            alias("plain-part", ""),
        ]
    );
}

#[test]
fn the_twin_of_a_part_begins_with_no() {
    let parts = [
        Part::new(&["start"]),
        Part::switch(&["start", "all_day"]),
        Part::switch(&["start", "no_reply"]),
        Part::switch(&["no_start"]),
        Part::switch(&["no_start", "x"]),
        Part::switch(&["start", "x"]),
    ];
    let names = of_parts(&parts, &Lock::default()).names;
    let twins: Vec<_> = names
        .iter()
        .map(|flag| flag.negation.as_deref().unwrap_or_default())
        .collect();
    assert_eq!(twins, ["", "no-start.all-day", "", "", "no-no-start.x", ""]);
}

#[test]
fn a_fixed_name_goes_before_the_lock_and_its_parts_follow() {
    let lock = lock_of(
        &program(&[("start", "start", Some("no-start"))]),
        &Lock::default(),
    );
    let parts = [
        Part {
            boolean: true,
            ..Part::fixed(&["start"], "begin")
        },
        Part::new(&["start", "date"]),
        Part::fixed(&["start", "zone"], "zone"),
    ];
    let Named { names, clashes } = of_parts(&parts, &lock);
    assert_eq!(clashes, []);
    assert_eq!(names[0].negation.as_deref(), Some("no-begin"));
    assert_eq!(names[1].name, "begin.date");
    assert_eq!(names[2].name, "zone");
}

/// A clash as its kind and owners.
fn clashes(parts: &[Part], lock: &Lock) -> Vec<String> {
    let Named { names, clashes } = of_parts(parts, lock);
    check_distinct(names.iter().flat_map(spellings), &RESERVED_FLAGS);
    clashes.iter().map(ToString::to_string).collect()
}

#[test]
fn a_fixed_name_that_cannot_be_had_is_a_clash_that_names_both_owners() {
    let none = Lock::default();
    for (name, reason) in [
        ("", r#""", fixed for `/b`, cannot be typed"#),
        ("-b", r#""-b", fixed for `/b`, cannot be typed"#),
        ("b c", r#""b c", fixed for `/b`, cannot be typed"#),
        (
            "b\u{202e}c",
            r#""b\u{202e}c", fixed for `/b`, cannot be typed"#,
        ),
        (
            "output",
            "`output`, fixed for `/b`, is kept for the program itself",
        ),
        (
            "mcp-b",
            "`mcp-b`, fixed for `/b`, is kept for the program itself",
        ),
        ("a", "`a`, fixed for `/b`, is the name of `/a`"),
    ] {
        let parts = [Part::new(&["a"]), Part::fixed(&["b"], name)];
        assert_eq!(clashes(&parts, &none), [reason]);
    }
    let parts = [Part::fixed(&["b"], "x"), Part::fixed(&["a"], "x")];
    assert_eq!(
        clashes(&parts, &none),
        ["`x`, fixed for `/b`, is the name of `/a`"]
    );
    let lock = lock_of(&program(&[("a", "x", None)]), &none);
    let parts = [Part::fixed(&["b"], "x"), Part::new(&["a"])];
    assert_eq!(
        clashes(&parts, &lock),
        ["`x`, fixed for `/b`, is the name of `/a`"]
    );
    assert_eq!(of_parts(&parts, &lock).names[1].name, "x");
}

#[test]
fn two_fixed_names_may_be_swapped() {
    let lock = lock_of(
        &program(&[("a", "a", None), ("b", "b", None)]),
        &Lock::default(),
    );
    let parts = [Part::fixed(&["a"], "b"), Part::fixed(&["b"], "a")];
    let Named { names, clashes } = of_parts(&parts, &lock);
    assert_eq!(clashes, []);
    assert_eq!((&*names[0].name, &*names[1].name), ("b", "a"));
}

#[test]
fn a_newcomer_does_not_clash_with_a_name_that_was_fixed_before() {
    let lock = lock_of(&program(&[("b", "a", None)]), &Lock::default());
    let Named { names, clashes } = of_parts(&[Part::new(&["a"]), Part::fixed(&["b"], "a")], &lock);
    assert_eq!(clashes, []);
    assert_eq!((&*names[0].name, &*names[1].name), ("a-2", "a"));
}

#[test]
fn the_user_may_give_away_what_a_parameter_that_is_gone_had() {
    let first = lock_of(
        &program(&[("order_by", "order-by", Some("no-order-by"))]),
        &Lock::default(),
    );
    let lock = lock_of(&program(&[]), &first);
    let part = Part {
        boolean: true,
        ..Part::fixed(&["sort"], "order-by")
    };
    let Named { names, clashes } = of_parts(&[part], &lock);
    assert_eq!(clashes, []);
    assert_eq!(names[0].name, "order-by");
    assert_eq!(names[0].negation.as_deref(), Some("no-order-by"));
}

#[test]
fn a_command_can_be_fixed_too() {
    let fixed = |wire, name| WantedCommand {
        wire,
        fixed: Some(name),
    };
    let wanted = [
        fixed("a", "first"),
        fixed("b", "self"),
        fixed("c", "first"),
        WantedCommand::new("d"),
    ];
    let Named { names, clashes } = commands(&wanted, &Lock::default());
    assert_eq!(names, ["first", "b", "c", "d"]);
    let clashes: Vec<_> = clashes.iter().map(ToString::to_string).collect();
    assert_eq!(
        clashes,
        [
            "`self`, fixed for `b`, is kept for the program itself",
            "`first`, fixed for `c`, is the name of `a`"
        ]
    );
}

#[test]
fn strange_tools_have_commands() {
    assert_eq!(
        command_names(&[
            "help", "call", "self", "get_user", "getUser", "type", "", "a/b.c:d", "🎉", "2fa"
        ]),
        [
            "help-tool",
            "call-tool",
            "self-tool",
            "get-user-2",
            "get-user",
            "type",
            "arg-e3b0c4",
            "a-b-c-d",
            "arg-614629",
            "2fa"
        ]
    );
}

#[test]
fn strange_parameters_have_flags() {
    for (names, flags) in [
        (
            &["StartTime", "StartTime<", "StartTime>"] as &[&str],
            &["start-time", "start-time-2", "start-time-3"] as &[&str],
        ),
        (&["orderBy", "order_by"], &["order-by", "order-by-2"]),
        (
            &["a.b", "a/b", "a:b", "a b"],
            &["a-b-2", "a-b-3", "a-b-4", "a-b"],
        ),
        (
            &["🎉", "🎉x", "größe", "名前", "ZÜRICH"],
            &["arg-614629", "x", "größe", "名前", "zürich"],
        ),
        (&["2fa", "3D", "1"], &["2fa", "3d", "1"]),
        (
            &["type", "fn", "self", "crate", "r#async"],
            &["type", "fn", "self", "crate", "r-async"],
        ),
        (
            &["help", "$filter", "{{userName}}", ""],
            &["arg-help", "filter", "user-name", "arg-e3b0c4"],
        ),
        (
            &["$filter", "filter", "arg-help", "help"],
            &["filter-2", "filter", "arg-help", "arg-help-2"],
        ),
        (
            &["a\0b", "a\u{202e}b", "--a", "a=b"],
            &["a-b", "a-b-3", "a", "a-b-2"],
        ),
    ] {
        assert_eq!(flag_names(names), flags, "{names:?}");
    }
    assert_eq!(twins(&["x", "no_x"]), [None, None]);
}

/// Checks that names are good and all different.
#[track_caller]
fn check_distinct<'a>(names: impl Iterator<Item = &'a str>, reserved: &[&'a str]) {
    let mut seen: BTreeSet<&str> = reserved.iter().copied().collect();
    for name in names {
        assert!(is_typable(name), "{name:?} cannot be typed");
        assert!(seen.insert(name), "{name:?} is taken twice");
    }
}

fn spellings(flag: &Flag) -> impl Iterator<Item = &str> {
    std::iter::once(&*flag.name)
        .chain(flag.negation.as_deref())
        .chain(flag.aliases.iter().map(String::as_str))
}
