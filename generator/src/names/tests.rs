use std::collections::BTreeSet;

use proptest::{collection::btree_set, prelude::*};

use super::*;
use crate::ir::{Parameter, Program, Server, Shape, Tool, Transport};

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
        aliases: vec![],
        shape: Shape::Boolean {
            negation: negation.map(Into::into),
        },
        required: false,
        help: String::new(),
        default: None,
    };
    let tool = Tool {
        wire: "tool".into(),
        command: "tool".into(),
        about: String::new(),
        parameters: flags.iter().map(parameter).collect(),
        definition: "{}".into(),
    };
    let server = Server {
        transport: Transport::Unknown,
        protocol: String::new(),
        capture: String::new(),
    };
    Program {
        format: 1,
        name: "p".into(),
        about: String::new(),
        server,
        slots: vec![],
        tools: vec![tool],
    }
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
    let lock = Lock::of(
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
    let lock = Lock::of(
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
    let first = Lock::of(
        &program(&[("order_by", "order-by", None)]),
        &Lock::default(),
    );
    let lock = Lock::of(&program(&[]), &first);
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

/// Names that collide often: few words, many ways to write them, some reserved.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "(no|not|arg|mcp)?[-_ ]?(a|b|A|B|ID|IDs|help|output|call|cache)?[-_.$=]?(a|B|2|-2|3|url|tool)?",
        1 => any::<String>(),
        1 => "\\PC{0,6}",
    ]
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

proptest! {
    #[test]
    fn commands_are_distinct(wires in btree_set(name(), 0..12)) {
        let wires: Vec<&str> = wires.iter().map(String::as_str).collect();
        let commands = command_names(&wires);
        check_distinct(commands.iter().map(String::as_str), &RESERVED_COMMANDS);
        prop_assert_eq!(commands.len(), wires.len());
    }

    #[test]
    fn flags_are_distinct(names in btree_set(name(), 0..12), switches in any::<u16>()) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let pointers: Vec<String> = names.iter().map(|name| format!("/{name}")).collect();
        let mut wanted = wanted(&pointers, &names, false);
        for (at, wanted) in wanted.iter_mut().enumerate() {
            wanted.boolean = switches >> at & 1 == 1;
        }
        let flags = flags("tool", &wanted, &Lock::default()).names;
        check_distinct(flags.iter().flat_map(spellings), &RESERVED_FLAGS);
        prop_assert!(flags.iter().flat_map(spellings).all(|name| !name.starts_with(RESERVED_PREFIX)));
        prop_assert_eq!(flags.len(), names.len());
    }

    #[test]
    fn a_lock_keeps_every_flag(old in btree_set(name(), 0..8), new in btree_set(name(), 0..8)) {
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let before = flags_of(&old, true);
        let locked: Vec<_> = old
            .iter()
            .zip(&before)
            .map(|(name, flag)| (*name, &*flag.name, flag.negation.as_deref()))
            .collect();
        let lock = Lock::of(&program(&locked), &Lock::default());
        let all: Vec<&str> = new.iter().map(String::as_str).chain(old.iter().copied()).collect::<BTreeSet<_>>().into_iter().collect();
        let pointers: Vec<String> = all.iter().map(|name| format!("/{name}")).collect();
        let after = flags("tool", &wanted(&pointers, &all, true), &lock).names;
        check_distinct(after.iter().flat_map(spellings), &RESERVED_FLAGS);
        for (name, before) in old.iter().zip(&before) {
            let at = all.iter().position(|other| other == name).unwrap();
            prop_assert_eq!(&after[at].name, &before.name);
            if before.negation.is_some() {
                prop_assert_eq!(&after[at].negation, &before.negation);
            }
        }
    }

    #[test]
    fn the_server_s_order_changes_no_command(wires in btree_set(name(), 0..8)) {
        let wires: Vec<&str> = wires.iter().map(String::as_str).collect();
        let backwards: Vec<&str> = wires.iter().rev().copied().collect();
        let mut names = command_names(&backwards);
        names.reverse();
        prop_assert_eq!(names, command_names(&wires));
    }
}
