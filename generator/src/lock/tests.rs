use insta::assert_snapshot;
use proptest::{collection::btree_set, prelude::*};
use serde_json::json;

use super::*;
use crate::{
    capture::Capture,
    lower::{Options, lower},
};

/// What a server says of itself and these tools.
fn capture(version: &str, tools: serde_json::Value) -> Capture {
    let initialize = json!({"serverInfo": {"name": "things", "version": version}});
    Capture::read(&json!({ "initialize": initialize, "tools": tools }).to_string()).unwrap()
}

fn program(capture: &Capture, lock: &Lock) -> Program {
    lower(capture, &Options::new("p"), lock).program
}

/// The next generation: the program, and the lock after it.
fn next(version: &str, tools: serde_json::Value, lock: &Lock) -> (Program, Lock) {
    let capture = capture(version, tools);
    let program = program(&capture, lock);
    let lock = Lock::of(&program, lock, &capture);
    (program, lock)
}

fn flags(program: &Program) -> Vec<&str> {
    let parameters = program.tools.iter().flat_map(|tool| &tool.parameters);
    parameters.map(|parameter| &*parameter.flag).collect()
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
    let tools = json!([
        tool("list_things", &["pageSize", "a/b"]),
        tool("drop", &["x"])
    ]);
    let (_, lock) = next("1.0", tools, &Lock::default());
    let tools = json!([tool("list_things", &["pageSize"]), tool("listThings", &[])]);
    let (_, lock) = next("1.1", tools, &lock);
    assert_snapshot!(lock.to_text(), @r#"
    # The command of each tool and the flag of each parameter, as earlier runs of mcpress chose them.
    # Keep this file with your sources: with it, no later version of the server renames them.

    version = 3

    [tools.drop]
    command = "drop"
    gone = "things 1.1 (d8f588)"

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

    [tools.list_things.gone_flags."/a~1b"]
    flag = "a-b"
    gone = "things 1.1 (d8f588)"
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
    let (_, lock) = next("1", json!([tool("get_user", &[])]), &Lock::default());
    let tools = json!([tool("get-user", &[]), tool("get_user", &[])]);
    let (program, _) = next("2", tools, &lock);
    let commands: Vec<_> = program.tools.iter().map(|tool| &*tool.command).collect();
    assert_eq!(commands, ["get-user-2", "get-user"]);
}

#[test]
fn the_command_of_a_tool_that_is_gone_stays_taken_until_it_returns() {
    let (_, lock) = next("1", json!([tool("get_user", &["a_b"])]), &Lock::default());
    let (second, lock) = next("2", json!([tool("getUser", &[])]), &lock);
    assert_eq!(second.tools[0].command, "get-user-2");
    let tools = json!([tool("getUser", &[]), tool("get_user", &["aB", "a_b"])]);
    let (third, _) = next("3", tools, &lock);
    assert_eq!(third.tools[1].command, "get-user");
    assert_eq!(third.tools[1].parameters[1].flag, "a-b");
}

#[test]
fn three_generations_rename_nothing() {
    let (first, lock) = next("1", json!([tool("t", &["order_by"])]), &Lock::default());
    assert_eq!(flags(&first), ["order-by"]);
    // The newcomer spells its name as it is typed, and would have had it alone.
    let (second, lock) = next("2", json!([tool("t", &["order-by", "order_by"])]), &lock);
    assert_eq!(flags(&second), ["order-by-2", "order-by"]);
    let tools = json!([tool("t", &["ORDER_BY", "orderBy", "order-by"])]);
    let (third, lock) = next("3", tools, &lock);
    assert_eq!(flags(&third), ["order-by-3", "order-by-4", "order-by-2"]);
    let tools = json!([tool("t", &["order_by", "order-by-3", "order-by"])]);
    let (fourth, _) = next("4", tools, &lock);
    assert_eq!(flags(&fourth), ["order-by", "order-by-3-2", "order-by-2"]);
}

#[test]
fn what_went_says_where_until_it_returns() {
    let gone = |lock: &Lock| lock.tools.0["a"].gone.clone();
    let gone_flag = |lock: &Lock| lock.tools.0["b"].gone_flags.get("/x").cloned();
    let all = json!([tool("a", &[]), tool("b", &["x"])]);
    let (_, lock) = next("1", all.clone(), &Lock::default());
    assert_eq!((gone(&lock), gone_flag(&lock)), (None, None));
    let (_, second) = next("2", json!([tool("b", &[])]), &lock);
    let went = gone(&second).unwrap();
    assert!(went.starts_with("things 2 ("), "{went}");
    assert_eq!(gone_flag(&second).unwrap().gone, went);
    let (_, third) = next("3", json!([tool("b", &["y"])]), &second);
    assert_eq!(gone(&third).unwrap(), went);
    assert_eq!(gone_flag(&third).unwrap().gone, went);
    let (_, fourth) = next("4", all, &third);
    assert_eq!((gone(&fourth), gone_flag(&fourth)), (None, None));
}

#[test]
fn two_captures_of_one_version_are_told_apart() {
    let name = |tools| identity(&capture("1", tools));
    assert_ne!(name(json!([tool("a", &[])])), name(json!([tool("b", &[])])));
    let nameless = identity(&Capture::default());
    assert!(nameless.starts_with("a server ("), "{nameless}");
}

#[test]
fn a_tool_that_is_left_out_is_not_gone() {
    let tools = json!([tool("a", &["x"]), tool("b", &[])]);
    let (mut program, lock) = next("1", tools.clone(), &Lock::default());
    program.tools.retain(|tool| tool.wire == "b");
    assert_eq!(Lock::of(&program, &lock, &capture("1", tools)), lock);
}

#[test]
fn a_lock_of_the_first_layout_is_read_and_loses_nothing() {
    let text = "version = 1\n[tools.a]\ncommand = 'x'\ngone = true\n\
        [tools.b]\ncommand = 'b'\n[tools.b.gone_flags]\n'/b' = 'f'\n";
    let lock = Lock::read(text).unwrap();
    assert_eq!(lock.tools.0["a"].gone.as_deref(), Some(EARLIER));
    assert_eq!(lock.tools.0["b"].gone_flags["/b"].gone, EARLIER);
    assert_eq!(lock.tools.flag("b", "/b"), Some("f"));
    assert_eq!(Lock::read(&lock.to_text()).unwrap(), lock);
}

#[test]
fn a_name_of_what_is_gone_that_the_user_gives_away_is_given_once() {
    let (_, lock) = next("1", json!([tool("a", &["x"])]), &Lock::default());
    let (_, lock) = next("2", json!([tool("a", &[])]), &lock);
    let capture = capture("3", json!([tool("a", &["y"])]));
    let mut program = program(&capture, &lock);
    program.tools[0].parameters[0].flag = "x".into();
    let lock = Lock::of(&program, &lock, &capture);
    assert_eq!(Lock::read(&lock.to_text()).unwrap(), lock);
    assert_eq!(lock.tools.flag("a", "/y"), Some("x"));
    assert_eq!(lock.tools.flag("a", "/x"), None);
}

#[test]
fn prompts_and_templates_keep_their_names_too() {
    let capture = |prompts: &[&str], uris: &[&str]| Capture {
        prompts: prompts
            .iter()
            .map(|name| json!({"name": name, "arguments": [{"name": "x"}]}))
            .collect(),
        resource_templates: uris
            .iter()
            .map(|uri| json!({"name": "file", "uriTemplate": uri}))
            .collect(),
        ..Capture::default()
    };
    let first = capture(&["code_review"], &["a://{x}"]);
    let made = program(&first, &Lock::default());
    let lock = Lock::of(&made, &Lock::default(), &first);
    let lock = Lock::read(&lock.to_text()).unwrap();
    let second = capture(&["code-review", "code_review"], &["A://{x}", "a://{x}"]);
    let made = program(&second, &lock);
    let names =
        |forms: &[Form]| -> Vec<String> { forms.iter().map(|form| form.command.clone()).collect() };
    assert_eq!(names(&made.prompts), ["code-review-2", "code-review"]);
    assert_eq!(names(&made.templates), ["file-2", "file"]);
    let lock = Lock::of(&made, &lock, &capture(&[], &[]));
    let gone = lock.prompts.0.values().filter(|entry| entry.gone.is_some());
    assert_eq!(gone.count(), 0, "a lock is of a program");
    let text = lock.to_text();
    assert!(
        text.contains("[prompts.code_review]\ncommand = \"code-review\""),
        "{text}"
    );
    assert!(
        text.contains("[templates.\"a://{x}\".flags]\n\"/x\" = \"x\""),
        "{text}"
    );
}

#[test]
fn a_lock_of_another_layout_is_refused() {
    assert!(matches!(
        Lock::read("version = 4"),
        Err(LockError::Version(4))
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
        let (_, lock) = next("1", json!(tools), &Lock::default());
        let (_, lock) = next("2", json!([]), &lock);
        prop_assert_eq!(Lock::read(&lock.to_text()).unwrap(), lock);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        drop(Lock::read(&text));
    }
}
