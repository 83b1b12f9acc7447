use insta::assert_snapshot;
use proptest::{collection::btree_set, prelude::*};
use serde_json::json;

use super::*;
use crate::{
    capture::Capture,
    lower::{Options, lower},
};

fn program(tools: serde_json::Value, lock: &Lock) -> Program {
    let capture = Capture::read(&json!({ "tools": tools }).to_string()).unwrap();
    lower(&capture, &Options::new("p"), lock).program
}

fn tool(name: &str, properties: &[&str]) -> serde_json::Value {
    let properties: serde_json::Map<_, _> = properties
        .iter()
        .map(|name| ((*name).to_owned(), json!({"type": "boolean"})))
        .collect();
    json!({"name": name, "inputSchema": {"type": "object", "properties": properties}})
}

#[test]
fn a_lock_reads_well() {
    let first = program(
        json!([
            tool("list_things", &["pageSize", "a/b"]),
            tool("drop", &["x"])
        ]),
        &Lock::default(),
    );
    let lock = Lock::of(&first, &Lock::default());
    let second = program(
        json!([tool("list_things", &["pageSize"]), tool("listThings", &[])]),
        &lock,
    );
    assert_snapshot!(Lock::of(&second, &lock).to_text(), @r#"
    # The command of each tool and the flag of each parameter, as earlier runs of mcpress chose them.
    # Keep this file with your sources: with it, no later version of the server renames them.

    version = 1

    [tools.drop]
    command = "drop"
    gone = true

    [tools.drop.flags]
    "/x" = "x"

    [tools.drop.negations]
    "/x" = "no-x"

    [tools.listThings]
    command = "list-things-2"

    [tools.list_things]
    command = "list-things"

    [tools.list_things.flags]
    "/pageSize" = "page-size"

    [tools.list_things.negations]
    "/a~1b" = "no-a-b"
    "/pageSize" = "no-page-size"

    [tools.list_things.gone_flags]
    "/a~1b" = "a-b"
    "#);
}

#[test]
fn an_empty_lock_says_its_version() {
    assert_eq!(
        Lock::read(&Lock::default().to_text()).unwrap(),
        Lock::default()
    );
}

#[test]
fn a_new_tool_renames_no_old_one() {
    let lock = Lock::of(
        &program(json!([tool("get_user", &[])]), &Lock::default()),
        &Lock::default(),
    );
    let program = program(json!([tool("get-user", &[]), tool("get_user", &[])]), &lock);
    let commands: Vec<_> = program.tools.iter().map(|tool| &*tool.command).collect();
    assert_eq!(commands, ["get-user-2", "get-user"]);
}

#[test]
fn the_command_of_a_tool_that_is_gone_stays_taken_until_it_returns() {
    let first = Lock::of(
        &program(json!([tool("get_user", &["a_b"])]), &Lock::default()),
        &Lock::default(),
    );
    let second = program(json!([tool("getUser", &[])]), &first);
    assert_eq!(second.tools[0].command, "get-user-2");
    let lock = Lock::of(&second, &first);
    let third = program(
        json!([tool("getUser", &[]), tool("get_user", &["aB", "a_b"])]),
        &lock,
    );
    assert_eq!(third.tools[1].command, "get-user");
    assert_eq!(third.tools[1].parameters[1].flag, "a-b");
}

#[test]
fn a_lock_of_another_layout_is_refused() {
    assert!(matches!(
        Lock::read("version = 2"),
        Err(LockError::Version(2))
    ));
}

#[test]
fn a_lock_that_gives_a_name_twice_is_refused() {
    let text = "version = 1\n[tools.a]\ncommand = 'x'\n[tools.b]\ncommand = 'x'\n";
    assert_eq!(
        Lock::read(text).unwrap_err().to_string(),
        r#"tool "b": "x" is given twice"#
    );
    let text = "version = 1\n[tools.a]\ncommand = 'x'\n[tools.a.flags]\n'/a' = 'f'\n[tools.a.gone_flags]\n'/b' = 'f'\n";
    assert!(matches!(Lock::read(text), Err(LockError::Twice { .. })));
}

#[test]
fn a_lock_with_a_name_that_cannot_be_typed_is_refused() {
    let text = "version = 1\n[tools.a]\ncommand = 'x y'\n";
    assert!(matches!(Lock::read(text), Err(LockError::Name { .. })));
    assert!(matches!(
        Lock::read("version = 1\nnames = 3"),
        Err(LockError::Toml(_))
    ));
}

proptest! {
    #[test]
    fn any_lock_can_be_read_back(wires in btree_set(any::<String>(), 0..4), names in btree_set(any::<String>(), 0..4)) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let tools: Vec<_> = wires.iter().map(|wire| tool(wire, &names)).collect();
        let lock = Lock::of(&program(json!(tools), &Lock::default()), &Lock::default());
        prop_assert_eq!(Lock::read(&lock.to_text()).unwrap(), lock);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        drop(Lock::read(&text));
    }
}
