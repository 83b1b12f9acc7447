//! Servers that are awkward: each is inspected and called all the same, or fails with the right word.

use std::time::Duration;

use mcpress_tests::{Kind, Sandbox, fixture, mcpress, press, pressed};
use serde_json::Value;

fn inspected(server: &str, options: &[&str]) -> Value {
    let line = ["inspect", "-o", "json", "--command", &fixture(server)];
    Sandbox::new()
        .run(mcpress(), line.iter().chain(options))
        .exits(0)
        .json()
}

fn names(capture: &Value) -> Vec<&str> {
    capture["tools"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect()
}

#[test]
fn pages_are_followed_and_a_cursor_that_repeats_ends_the_list() {
    let paged = inspected("paged", &[]);
    assert_eq!(names(&paged).len(), 25);
    let repeating = inspected("paged --repeat", &[]);
    let mut tools = names(&repeating);
    let all = tools.len();
    tools.sort_unstable();
    tools.dedup();
    assert_eq!(tools.len(), all, "no tool is there twice");
    assert!(
        repeating["notes"][0].as_str().unwrap().contains("cursor"),
        "{}",
        repeating["notes"]
    );
}

#[test]
fn noise_is_set_aside_and_the_server_never_hears_of_it() {
    for kind in Kind::BOTH {
        let capture = inspected("noisy", &[]);
        assert!(capture["notes"].to_string().contains("not of the protocol"));
        let program = pressed(kind, "noisy");
        let outcome = Sandbox::new()
            .run(&program, ["complaints", "-o", "raw"])
            .exits(0);
        let complaints = outcome.json()["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(complaints, "[]");
    }
}

#[test]
fn one_malformed_tool_does_not_cost_the_others() {
    let capture = inspected("malformed", &[]);
    assert_eq!(
        capture["tools"].as_array().unwrap().len(),
        14,
        "nothing the server said is lost"
    );
    let sandbox = Sandbox::new();
    let program = sandbox.file("malformed");
    let line = [
        "generate-cli",
        "--name",
        "malformed",
        "--command",
        &fixture("malformed"),
        "--report",
        "json",
        "--bundle",
        "malformed",
    ];
    let made = sandbox.run(mcpress(), line).exits(0).json();
    assert!(made["tools"].as_u64().unwrap() >= 11, "{made}");
    assert!(!made["diagnostics"].as_array().unwrap().is_empty());
    for tool in [
        "unknown_content",
        "no_content",
        "content_is_text",
        "extra_key",
        "structured_array",
    ] {
        let outcome = sandbox.run(&program, ["call", tool, "-o", "raw"]).exits(0);
        assert!(outcome.json().is_object(), "{tool}");
        let text = sandbox.run(&program, ["call", tool]).exits(0);
        assert!(!text.stdout.is_empty(), "{tool}: an answer is never lost");
    }
    let strict = [
        "generate-cli",
        "--name",
        "m",
        "--command",
        &fixture("malformed"),
        "--strict",
        "--bundle",
        "m",
    ];
    sandbox.run(mcpress(), strict).exits(1);
}

#[test]
fn a_list_that_fails_is_a_note() {
    let capture = inspected("failing-lists", &[]);
    assert!(!names(&capture).is_empty());
    assert!(
        capture["notes"].to_string().contains("prompts/list"),
        "{}",
        capture["notes"]
    );
}

#[test]
fn a_server_that_asks_back_is_answered() {
    // The server waits two seconds for its answers before it lists a tool.
    let line = ["inspect", "--command", &fixture("asking")];
    let outcome = Sandbox::new().run(mcpress(), line).exits(0);
    assert!(outcome.elapsed < Duration::from_millis(1900), "{outcome:?}");
}

#[test]
fn a_slow_server_is_waited_for_and_a_silent_one_is_not_for_ever() {
    assert!(!names(&inspected("slow --delay-ms 700", &[])).is_empty());
    let line = [
        "inspect",
        "--command",
        &fixture("silent"),
        "--timeout",
        "500ms",
    ];
    let outcome = Sandbox::new().run(mcpress(), line).exits(6);
    assert!(outcome.elapsed < Duration::from_secs(5), "{outcome:?}");
}

#[test]
fn a_server_that_dies_is_quoted() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        for moment in ["", " --after initialize"] {
            let line = ["inspect", "--command", &fixture(&format!("dead{moment}"))];
            let outcome = sandbox.run(mcpress(), line).exits(5);
            assert!(
                outcome.stderr.contains("ended with exit status 3"),
                "{outcome:?}"
            );
            assert!(
                outcome.stderr.matches("  server: ").count() >= 3,
                "{outcome:?}"
            );
        }
        for moment in ["call", "half"] {
            let program = sandbox.file(&format!("dead-{moment}"));
            let command = fixture(&format!("dead --after {moment}"));
            press(&sandbox, kind, "dead", &program, &["--command", &command]);
            let tools = sandbox
                .run(&program, ["self", "tools", "-o", "json"])
                .exits(0)
                .json();
            let tool = tools[0]["name"].as_str().unwrap();
            let outcome = sandbox.run(&program, ["call", tool, "-o", "json"]).exits(5);
            assert_eq!(outcome.error()["code"], "server_gone");
            assert!(!outcome.error()["stderr"].as_array().unwrap().is_empty());
        }
    }
}

#[test]
fn a_call_that_is_never_answered_ends_at_the_limit_and_an_answer_without_an_id_at_once() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        for (server, code) in [("mute", 6), ("idless", 7)] {
            let program = pressed(kind, server);
            let tools = sandbox
                .run(&program, ["self", "tools", "-o", "json"])
                .exits(0)
                .json();
            let tool = tools[0]["name"].as_str().unwrap();
            sandbox
                .run(&program, ["call", tool, "--timeout", "1500ms"])
                .exits(code);
        }
    }
}

#[test]
fn a_command_that_does_not_exist_exits_5_and_names_it() {
    let outcome = Sandbox::new()
        .run(
            mcpress(),
            ["inspect", "--command", "no-such-server-here --x"],
        )
        .exits(5);
    assert!(
        outcome.stderr.contains("no-such-server-here"),
        "{outcome:?}"
    );
}
