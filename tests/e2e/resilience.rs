//! Servers over a bad line: what is tried again, how often that was carried out, and how it ends.

use std::path::PathBuf;
use std::time::Duration;

use mcpress_fixtures::{Journal, Listening};
use mcpress_tests::{Kind, Outcome, Sandbox, fixture, mcpress, press, pressed};

/// The tools of the fixture: one that changes nothing, one that may be called twice, and two that may not.
const TOOLS: [&str; 4] = ["look", "put", "add", "wipe"];

/// A server with a plan of faults, and what was done at it.
struct Line {
    sandbox: Sandbox,
    server: Vec<String>,
    _listening: Option<Listening>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Http,
    Stdio,
}

impl Line {
    fn new(over: Over, on: &str, faults: &str) -> Self {
        mcpress();
        let sandbox = Sandbox::new();
        let journal = sandbox.file("journal").display().to_string();
        let state = sandbox.file("state").display().to_string();
        let options = ["--journal", &journal, "--on", on, "--faults", faults];
        match over {
            Over::Http => {
                let listening = mcpress_fixtures::listen("faulty", &options).unwrap();
                let url = listening.url().to_owned();
                Self {
                    sandbox,
                    server: vec!["--mcp-url".to_owned(), url],
                    _listening: Some(listening),
                }
            }
            Over::Stdio => {
                // A new process goes on where the last one ended.
                let options = [&options[..], &["--state", &state]].concat().join(" ");
                let command = format!("{} {options}", fixture("faulty"));
                Self {
                    sandbox,
                    server: vec!["--mcp-command".to_owned(), command],
                    _listening: None,
                }
            }
        }
    }

    /// Calls a tool there. The revision is known, so nothing is asked but that.
    #[track_caller]
    fn call(&self, tool: &str, options: &[&str]) -> Outcome {
        let mut line = vec![tool, "-o", "json", "--mcp-protocol", "2025-11-25", "--yes"];
        line.extend(self.server.iter().map(String::as_str));
        line.extend(options);
        self.sandbox.run(&pressed(Kind::Bundled, "faulty"), line)
    }

    fn journal(&self) -> Journal {
        Journal::read(&self.sandbox.file("journal"))
    }

    /// How often a tool was carried out.
    fn executed(&self) -> usize {
        self.journal().count("executed")
    }
}

/// What becomes of a call of each tool, when the first one meets this fault.
#[track_caller]
fn each(over: Over, fault: &str, options: &[&str], expected: [(i32, usize); 4]) {
    for (tool, (code, executed)) in TOOLS.into_iter().zip(expected) {
        let line = Line::new(over, "call", fault);
        let outcome = line.call(tool, options);
        let case = format!("{over:?} {fault} {tool}: {outcome:#?}");
        assert_eq!(outcome.code, Some(code), "{case}");
        assert_eq!(line.executed(), executed, "{case}");
        assert!(outcome.elapsed < Duration::from_secs(20), "{case}");
        if code == 5 {
            let error = outcome.error();
            assert_eq!(error["attempts"], 1, "{case}");
            assert_eq!(error["sent"], true, "{case}");
            assert_eq!(error["retryable"], false, "{case}");
        }
    }
}

#[test]
fn a_call_that_may_have_been_carried_out_is_made_again_only_where_that_does_no_harm() {
    for over in [Over::Http, Over::Stdio] {
        // The line breaks before it is carried out, and after: nobody can tell these two apart.
        each(over, "reset", &[], [(0, 1), (0, 1), (5, 0), (5, 0)]);
        for fault in ["reset:after", "reset:midway", "half-close"] {
            each(over, fault, &[], [(0, 2), (0, 2), (5, 1), (5, 1)]);
        }
    }
    for fault in ["502", "503", "504"] {
        each(Over::Http, fault, &[], [(0, 1), (0, 1), (5, 0), (5, 0)]);
    }
}

#[test]
fn no_call_is_made_again_where_no_retries_are_wanted() {
    for over in [Over::Http, Over::Stdio] {
        for tool in ["look", "add"] {
            let line = Line::new(over, "call", "reset:after");
            let outcome = line.call(tool, &["--mcp-retries", "0"]).exits(5);
            assert_eq!(line.executed(), 1, "{outcome:?}");
        }
    }
}

#[test]
fn what_is_slow_is_waited_for_and_what_is_silent_is_not_asked_again() {
    for over in [Over::Http, Over::Stdio] {
        each(over, "slow:600", &[], [(0, 1); 4]);
        let timeout = ["--timeout", "1500ms"];
        each(over, "stall", &timeout, [(6, 0); 4]);
        each(over, "stall:after", &timeout, [(6, 1); 4]);
    }
}

#[test]
fn an_answer_is_an_answer() {
    for over in [Over::Http, Over::Stdio] {
        each(over, "error", &[], [(7, 0); 4]);
        each(over, "failed", &[], [(1, 1); 4]);
    }
    for tool in TOOLS {
        let line = Line::new(Over::Http, "call", "500");
        line.call(tool, &[]).exits(5);
        assert_eq!(line.journal().messages("tools/call").len(), 1);
    }
}

#[test]
fn a_server_that_names_a_time_is_left_alone_for_that_long() {
    let line = Line::new(Over::Http, "call", "429:1");
    let outcome = line.call("look", &["-v"]).exits(0);
    assert!(outcome.elapsed >= Duration::from_secs(1), "{outcome:?}");
    assert!(
        outcome.stderr.contains("again in 1.0s (1 of 2)"),
        "{outcome:?}"
    );

    // There is no time for it, or it is nothing that may be done twice: the caller is told.
    for (tool, options) in [
        ("look", ["--timeout", "900ms"]),
        ("add", ["--timeout", "1m"]),
    ] {
        let line = Line::new(Over::Http, "call", "429:1");
        let outcome = line.call(tool, &options).exits(5);
        assert!(outcome.elapsed < Duration::from_millis(900), "{outcome:?}");
        assert_eq!(outcome.error()["retry_after"], 1);
        assert!(
            outcome.stderr.contains("hint: the server asks"),
            "{outcome:?}"
        );
        assert_eq!(line.executed(), 0);
    }
}

#[test]
fn a_handshake_that_fails_is_made_again_whatever_is_to_be_called() {
    let faults = [
        (Over::Http, "greeting", "503"),
        (Over::Http, "greeting", "429:0"),
        (Over::Http, "greeting", "reset"),
        (Over::Http, "greeting", "half-close"),
        (Over::Http, "connection", "reset"),
        (Over::Stdio, "greeting", "reset"),
        (Over::Stdio, "greeting", "half-close"),
        (Over::Stdio, "connection", "reset"),
        (Over::Stdio, "call", "refused"),
    ];
    for (over, on, fault) in faults {
        let line = Line::new(over, on, fault);
        let outcome = line.call("add", &["-v"]);
        let case = format!("{over:?} {on} {fault}: {outcome:#?}");
        assert_eq!(outcome.code, Some(0), "{case}");
        assert_eq!(line.executed(), 1, "{case}");
        assert!(outcome.stderr.contains("(1 of 2)"), "{case}");
    }
}

#[test]
fn a_server_that_is_late_is_waited_for_with_retries() {
    let line = Line::new(Over::Http, "call", "refused:700");
    let outcome = line.call("add", &["--mcp-retries", "20"]).exits(0);
    assert_eq!(line.executed(), 1);
    // Nobody watches, and nothing is said of it.
    assert_eq!(outcome.stderr, "");
}

#[test]
fn a_server_that_is_not_there_is_tried_so_often_and_the_error_says_so() {
    let line = Line::new(Over::Http, "call", "refused:60000");
    let outcome = line.call("add", &[]).exits(5);
    let error = outcome.error();
    assert_eq!(error["code"], "unreachable");
    assert_eq!(error["attempts"], 3);
    assert_eq!(error["sent"], false);
    assert_eq!(error["retryable"], true);
    assert!(outcome.stderr.contains("(after 3 attempts)"), "{outcome:?}");
    let once = line.call("add", &["--mcp-retries=0"]).exits(5);
    assert_eq!(once.error()["attempts"], 1);
    // All of it has to fit into the time that the call may take.
    let outcome = line.call("add", &["--mcp-retries", "100", "--timeout", "1s"]);
    assert!(outcome.elapsed < Duration::from_millis(2500), "{outcome:?}");
    assert!(outcome.exits(5).error()["attempts"].as_u64() > Some(1));
}

#[test]
fn a_server_that_always_ends_the_same_way_is_started_twice_and_no_more() {
    let line = Line::new(Over::Stdio, "call", "refusedx*");
    let outcome = line.call("add", &[]).exits(5);
    assert_eq!(outcome.error()["attempts"], 2);
    let outcome = line.call("add", &["--mcp-retries", "3"]).exits(5);
    assert_eq!(outcome.error()["attempts"], 4);
    // One that cannot be started at all is not tried again.
    let line = ["add", "-o", "json", "--mcp-command", "/nonexistent/server"];
    let outcome = Sandbox::new().run(&pressed(Kind::Bundled, "faulty"), line);
    assert_eq!(outcome.exits(5).error()["attempts"], 1);
}

#[test]
fn a_signal_ends_the_wait_for_the_next_attempt() {
    let line = Line::new(Over::Http, "call", "429:30");
    let mut words = vec!["look", "--mcp-protocol", "2025-11-25", "-v"];
    words.extend(line.server.iter().map(String::as_str));
    let running = line.sandbox.spawn(&pressed(Kind::Bundled, "faulty"), words);
    mcpress_tests::wait_until("the call has arrived", || {
        line.journal().messages("tools/call").len() == 1
    });
    std::thread::sleep(Duration::from_millis(200));
    running.signal_if_running("INT");
    let outcome = running.finish().exits(130);
    assert!(
        outcome.stderr.contains("trying again in 30.0s"),
        "{outcome:?}"
    );
    assert!(outcome.elapsed < Duration::from_secs(10), "{outcome:?}");
}

#[test]
fn another_server_is_asked_where_the_first_is_not_there() {
    let stand_in = Line::new(Over::Stdio, "call", "ok");
    for first in [
        Line::new(Over::Http, "call", "refused:60000"),
        Line::new(Over::Http, "greeting", "503x*"),
        Line::new(Over::Stdio, "call", "refusedx*"),
    ] {
        for tool in TOOLS {
            let before = stand_in.executed();
            let options = ["--mcp-fallback-command", &stand_in.server[1]];
            let outcome = first.call(tool, &options).exits(0);
            assert!(outcome.stderr.starts_with("warning: "), "{outcome:?}");
            assert!(outcome.stderr.contains(" instead\n"), "{outcome:?}");
            assert_eq!((first.executed(), stand_in.executed()), (0, before + 1));
        }
    }
}

#[test]
fn a_call_that_may_have_been_carried_out_goes_nowhere_else() {
    let stand_in = Line::new(Over::Http, "call", "ok");
    for (tool, code, executed) in [("look", 0, (3, 1)), ("add", 5, (1, 0))] {
        let first = Line::new(Over::Http, "call", "reset:afterx*");
        let before = stand_in.executed();
        let outcome = first.call(tool, &["--mcp-fallback-url", &stand_in.server[1]]);
        let outcome = outcome.exits(code);
        let after = (first.executed(), stand_in.executed() - before);
        assert_eq!(after, executed, "{tool}: {outcome:?}");
    }
}

#[test]
fn where_no_server_is_there_the_error_tells_of_both() {
    let (first, other) = ("http://127.0.0.1:9/mcp", "http://127.0.0.1:9/other");
    let program = pressed(Kind::Bundled, "faulty");
    let line = [
        "add",
        "-o",
        "json",
        "--mcp-url",
        first,
        "--mcp-fallback-url",
        other,
        "--mcp-retries=1",
    ];
    let error = Sandbox::new().run(&program, line).exits(5).error();
    assert_eq!(error["attempts"], 4);
    assert!(
        error["message"].as_str().unwrap().contains(other),
        "{error}"
    );
    assert!(error["first"].as_str().unwrap().contains(first), "{error}");

    // A fallback that cannot even be tried does not hide why it would have been.
    let line = |command| ["add", "--mcp-url", first, "--mcp-fallback-command", command];
    Sandbox::new().run(&program, line("'")).exits(2);
    let outcome = Sandbox::new().run(&program, line("other ${NOBODY_SET_IT}"));
    let outcome = outcome.exits(5);
    assert!(
        outcome.stderr.contains("the fallback is of no use"),
        "{outcome:?}"
    );
    assert!(
        outcome
            .stderr
            .contains(&format!("error: cannot reach {first}")),
        "{outcome:?}"
    );
}

#[test]
fn a_silent_server_leaves_some_of_the_time_to_the_other_one() {
    let first = Line::new(Over::Http, "greeting", "stall");
    let stand_in = Line::new(Over::Stdio, "call", "ok");
    let options = [
        "--timeout",
        "2s",
        "--mcp-fallback-command",
        &stand_in.server[1],
    ];
    let outcome = first.call("add", &options).exits(0);
    assert!(outcome.elapsed < Duration::from_secs(3), "{outcome:?}");
    assert_eq!(stand_in.executed(), 1);
}

/// A server that the program is made for, with a header that only it is to see.
fn with_a_secret(sandbox: &Sandbox, url: &str) -> PathBuf {
    let tools = r#"{"tools": [{"name": "add", "inputSchema": {"type": "object"}}]}"#;
    std::fs::write(sandbox.file("tools.json"), tools).unwrap();
    let program = sandbox.file("far");
    let header = "Authorization: Bearer ${THE_TOKEN}";
    let options = ["--from", "tools.json", "--url", url, "--header", header];
    press(sandbox, Kind::Bundled, "far", &program, &options);
    program
}

#[test]
fn the_other_server_sees_nothing_that_is_meant_for_the_first() {
    let stand_in = Line::new(Over::Http, "call", "ok");
    let sandbox = Sandbox::new()
        .env("THE_TOKEN", "open-sesame")
        .env("FAR_MCP_CLIENT_ID", "hunter2-id")
        .env("FAR_MCP_CLIENT_SECRET", "hunter2-secret")
        .env("FAR_MCP_FALLBACK_URL", stand_in.server[1].clone());
    let program = with_a_secret(&sandbox, "http://127.0.0.1:9/mcp");
    let line = [
        "add",
        "--mcp-header",
        "X-Mine: open-sesame",
        "--mcp-fallback-header",
        "X-Yours: ${YOURS}",
        "--mcp-env",
        "YOURS=swordfish",
    ];
    let outcome = sandbox.run(&program, line).exits(0);
    assert!(!outcome.stderr.contains("open-sesame"), "{outcome:?}");
    let journal = std::fs::read_to_string(stand_in.sandbox.file("journal")).unwrap();
    assert!(journal.contains("swordfish"), "{journal}");
    for secret in ["open-sesame", "hunter2"] {
        assert!(!journal.contains(secret), "{journal}");
    }
    // One call is one line, and that says who was asked in the end.
    let log = sandbox.file(".local/state/far/audit.jsonl");
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains(&stand_in.server[1]), "{log}");
}

#[test]
fn a_server_named_on_the_line_is_not_replaced_by_the_usual_stand_in() {
    let stand_in = Line::new(Over::Http, "call", "ok");
    let sandbox = Sandbox::new().env("FAULTY_MCP_FALLBACK_URL", stand_in.server[1].clone());
    let line = ["add", "--mcp-url", "http://127.0.0.1:9/mcp"];
    sandbox
        .run(&pressed(Kind::Bundled, "faulty"), line)
        .exits(5);
    assert_eq!(stand_in.executed(), 0);
}

#[test]
fn a_number_of_retries_that_is_none_is_refused() {
    let program = pressed(Kind::Bundled, "faulty");
    for text in ["-1", "many", "1000"] {
        let option = format!("--mcp-retries={text}");
        Sandbox::new().run(&program, ["add", &option]).exits(2);
        let sandbox = Sandbox::new().env("FAULTY_MCP_RETRIES", text);
        let outcome = sandbox.run(&program, ["add"]).exits(2);
        assert!(outcome.stderr.contains("FAULTY_MCP_RETRIES"), "{outcome:?}");
    }
}
