//! Calls that become tasks, in the form of either era.

#![cfg(unix)]

use std::path::PathBuf;
use std::time::Duration;

use mcpress_fixtures::Journal;
use mcpress_tests::{Kind, Outcome, Sandbox, fixture, press, wait_until};
use serde_json::json;

/// The servers with tasks, of the era with sessions and of the one without.
const SERVERS: [&str; 2] = ["tasks", "modern-tasks"];

/// A program of such a server, which keeps its tasks in a file: it starts anew with every command.
struct Desk {
    sandbox: Sandbox,
    program: PathBuf,
    journal: PathBuf,
}

impl Desk {
    fn new(kind: Kind, server: &str) -> Self {
        let sandbox = Sandbox::new();
        let program = sandbox.file("worker");
        let journal = sandbox.file("journal");
        let command = format!(
            "{} --state {} --journal {}",
            fixture(server),
            sandbox.file("state").display(),
            journal.display()
        );
        press(&sandbox, kind, "worker", &program, &["--command", &command]);
        // The introspection's server wrote there too.
        std::fs::remove_file(&journal).unwrap();
        Self {
            sandbox,
            program,
            journal,
        }
    }

    #[track_caller]
    fn run<const N: usize>(&self, line: [&str; N]) -> Outcome {
        self.sandbox.run(&self.program, line)
    }

    /// The methods of the requests that reached the server.
    fn heard(&self) -> Vec<String> {
        let journal = Journal::read(&self.journal);
        journal.methods().into_iter().map(str::to_owned).collect()
    }
}

#[test]
fn a_call_that_becomes_a_task_is_waited_for() {
    for kind in Kind::BOTH {
        for server in SERVERS {
            let desk = Desk::new(kind, server);
            let outcome = desk.run(["only-as-task", "--ms", "250", "-v"]).exits(0);
            assert_eq!(outcome.stdout, "\"only_as_task\" is done\n");
            assert!(outcome.stderr.contains("working: "), "{outcome:?}");
            // It was asked after, no sooner than the server wants to be, and then forgotten.
            assert!(desk.heard().iter().any(|method| method == "tasks/get"));
            assert_eq!(Journal::read(&desk.journal).count("hasty"), 0);
            let kept = desk.sandbox.file(".local/state/worker/tasks");
            assert_eq!(std::fs::read_dir(kept).unwrap().count(), 0);
        }
    }
}

#[test]
fn a_detached_call_is_gone_on_with_later() {
    for server in SERVERS {
        let desk = Desk::new(Kind::Bundled, server);
        let begun = desk.run(["work", "--ms", "1500", "--mcp-detach"]).exits(0);
        assert_eq!(begun.stdout, "task-1\n");
        assert!(
            begun.stderr.contains("`worker self tasks wait task-1`"),
            "{begun:?}"
        );
        assert!(
            begun.stderr.contains("warning: the server ends"),
            "{begun:?}"
        );
        let got = desk.run(["self", "tasks", "get", "task-1"]).exits(0);
        assert!(got.stdout.contains("status   working\n"), "{got:?}");
        assert!(got.stdout.contains("tool     work\n"), "{got:?}");
        let listed = desk.run(["self", "tasks", "list"]).exits(0).stdout;
        assert!(listed.starts_with("task-1  working  work  "), "{listed}");
        let answer = desk.run(["self", "tasks", "wait", "task-1"]).exits(0);
        assert_eq!(answer.stdout, "\"work\" is done\n");
        // It can be had again for as long as the server keeps it.
        let line = ["self", "tasks", "wait", "task-1", "-o", "json"];
        let again = desk.run(line).exits(0).json();
        assert_eq!(again["content"][0]["text"], "\"work\" is done");
        let listed = desk.run(["self", "tasks", "list", "-o", "json"]).exits(0);
        let listed = listed.json();
        assert_eq!(listed[0]["status"], "completed");
        assert_eq!(listed[0]["tool"], "work");
    }
}

#[test]
fn a_detached_call_is_a_task_object_as_json() {
    for server in SERVERS {
        let desk = Desk::new(Kind::Bundled, server);
        let line = ["work", "--ms", "20000", "--mcp-detach", "-o", "json"];
        let task = desk.run(line).exits(0).json();
        assert_eq!(task["taskId"], "task-1");
        assert_eq!(task["status"], "working");
        assert!(task.get("resultType").is_none(), "{task}");
        let line = ["self", "tasks", "get", "task-1", "-o", "json"];
        let later = desk.run(line).exits(0).json();
        assert_eq!(later["createdAt"], task["createdAt"]);
    }
}

#[test]
fn a_task_fails_as_its_call_would() {
    for server in SERVERS {
        let desk = Desk::new(Kind::Bundled, server);
        for fail in ["result", "error"] {
            let line = ["only-as-task", "--ms", "1", "--fail", fail, "-o", "json"];
            let waited = desk.run(line).exits(1);
            assert_eq!(waited.error()["message"], "it failed, as asked", "{fail}");
            assert_eq!(waited.error()["tool"], "only_as_task");
            let line = ["work", "--ms", "1", "--fail", fail, "--mcp-detach"];
            let id = desk.run(line).exits(0).stdout;
            let line = ["self", "tasks", "wait", id.trim()];
            let later = desk.run(line).exits(1);
            assert_eq!(later.stderr, "error: work failed: it failed, as asked\n");
        }
    }
}

#[test]
fn a_question_of_a_task_is_answered_as_that_of_a_call() {
    for server in SERVERS {
        let desk = Desk::new(Kind::Bundled, server);
        let answers = r#"--mcp-answers={"file": "heron"}"#;
        let waited = desk.run(["ask-in-task", "--ms", "1", answers]).exits(0);
        assert!(waited.stdout.contains("heron"), "{waited:?}");
        // One that was left alone is answered when it is waited for.
        let line = ["ask-in-task", "--ms", "1", "--mcp-detach"];
        let id = desk.run(line).exits(0).stdout;
        let line = ["self", "tasks", "wait", id.trim(), answers];
        let waited = desk.run(line).exits(0);
        assert!(waited.stdout.contains("heron"), "{waited:?}");
        // Without anybody to answer, it is as with any call.
        let asked = desk
            .run(["ask-in-task", "--ms", "1", "-o", "json"])
            .exits(3);
        assert_eq!(asked.error()["code"], "input_required");
    }
}

#[test]
fn a_task_is_cancelled_once() {
    for server in SERVERS {
        let desk = Desk::new(Kind::Bundled, server);
        let line = ["work", "--ms", "20000", "--mcp-detach"];
        assert_eq!(desk.run(line).exits(0).stdout, "task-1\n");
        let line = ["self", "tasks", "cancel", "task-1"];
        let cancelled = desk.run(line).exits(0);
        assert!(
            cancelled.stdout.contains("status   cancelled\n"),
            "{cancelled:?}"
        );
        let waited = desk.run(["self", "tasks", "wait", "task-1"]).exits(1);
        assert!(waited.stderr.contains("failed: cancelled"), "{waited:?}");
    }
}

#[test]
fn ctrl_c_leaves_a_task_alone_and_says_how_to_go_on() {
    for server in SERVERS {
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            let desk = Desk::new(Kind::Bundled, server);
            let line = ["only-as-task", "--ms", "20000", "-o", "json"];
            let running = desk.sandbox.spawn(&desk.program, line);
            wait_until("it is waited for", || {
                desk.heard().iter().any(|method| method == "tasks/get")
            });
            running.signal_if_running(signal);
            let outcome = running.finish().exits(code);
            assert!(outcome.elapsed < Duration::from_secs(10), "{outcome:?}");
            let error = outcome.error();
            assert_eq!(error["task"], "task-1");
            let hint = error["hint"].as_str().unwrap();
            assert!(hint.contains("`worker self tasks wait task-1`"), "{hint}");
            assert!(hint.contains("`worker self tasks cancel task-1`"), "{hint}");
            let heard = desk.heard();
            assert!(
                !heard.iter().any(|method| method == "tasks/cancel"),
                "{heard:?}"
            );
            let listed = desk.run(["self", "tasks", "list"]).exits(0).stdout;
            assert!(
                listed.starts_with("task-1  working  only_as_task  "),
                "{listed}"
            );
        }
    }
}

#[test]
fn a_call_that_is_no_task_is_cancelled_by_ctrl_c_as_ever() {
    let desk = Desk::new(Kind::Bundled, "tasks");
    let line = ["never-as-task", "--ms", "20000", "-o", "json"];
    let running = desk.sandbox.spawn(&desk.program, line);
    wait_until("it is called", || {
        desk.heard().iter().any(|method| method == "tools/call")
    });
    running.signal_if_running("INT");
    let outcome = running.finish().exits(130);
    assert!(outcome.error().get("task").is_none(), "{outcome:?}");
    wait_until("the server was told", || {
        desk.heard()
            .iter()
            .any(|method| method == "notifications/cancelled")
    });
}

#[test]
fn a_tool_that_cannot_be_a_task_is_not_detached() {
    let desk = Desk::new(Kind::Bundled, "tasks");
    for line in [
        ["never-as-task", "--mcp-detach", "--output=json"],
        ["never-as-task", "--mcp-detach", "--dry-run"],
        ["call", "never_as_task", "--mcp-detach"],
        ["self", "tools", "--mcp-detach"],
    ] {
        let outcome = desk.run(line).exits(2);
        let words = match line[0] {
            "self" => "only a tool's call",
            _ => "never_as_task cannot be called as a task",
        };
        assert!(outcome.stderr.contains(words), "{outcome:?}");
    }
    assert!(!desk.journal.exists(), "a server was started");
}

#[test]
fn what_a_server_answers_at_once_is_printed_though_a_task_was_wanted() {
    let desk = Desk::new(Kind::Bundled, "modern-tasks");
    let outcome = desk
        .run(["never-as-task", "--ms", "1", "--mcp-detach"])
        .exits(0);
    assert_eq!(outcome.stdout, "\"never_as_task\" is done\n");
    assert!(outcome.stderr.contains("answered at once"), "{outcome:?}");
}

#[test]
fn a_task_that_the_server_does_not_know_is_forgotten() {
    for server in SERVERS {
        let desk = Desk::new(Kind::Bundled, server);
        desk.run(["work", "--ms", "1", "--mcp-detach"]).exits(0);
        std::fs::remove_file(desk.sandbox.file("state")).unwrap();
        assert_eq!(desk.run(["self", "tasks", "list"]).exits(0).stdout, "");
        let kept = desk.sandbox.file(".local/state/worker/tasks");
        assert_eq!(std::fs::read_dir(kept).unwrap().count(), 0);
        let outcome = desk.run(["self", "tasks", "get", "task-1"]).exits(2);
        assert!(outcome.stderr.contains("no task `task-1`"), "{outcome:?}");
    }
}

#[test]
fn a_dry_run_shows_how_a_task_is_asked_for() {
    let desk = Desk::new(Kind::Bundled, "tasks");
    let params = |outcome: Outcome| outcome.exits(0).json()["params"].clone();
    let plain = json!({"name": "work", "arguments": {}});
    assert_eq!(params(desk.run(["work", "--dry-run"])), plain);
    let task = json!({"name": "work", "arguments": {}, "task": {}});
    assert_eq!(
        params(desk.run(["work", "--dry-run", "--mcp-detach"])),
        task
    );
    let get = desk
        .run(["self", "tasks", "get", "-x", "--dry-run"])
        .exits(0);
    assert_eq!(get.json()["method"], "tasks/get");
    assert_eq!(get.json()["params"], json!({"taskId": "-x"}));
    assert!(!desk.journal.exists(), "a server was started");
}

#[test]
fn help_tells_of_detaching_where_a_tool_can_be_a_task() {
    let desk = Desk::new(Kind::Bundled, "tasks");
    for (tool, is_told) in [
        ("work", true),
        ("only-as-task", true),
        ("never-as-task", false),
    ] {
        let help = desk.run([tool, "--help"]).exits(0).stdout;
        assert_eq!(help.contains("--mcp-detach"), is_told, "{help}");
    }
    let help = desk.run(["self", "tasks", "--help"]).exits(0).stdout;
    assert!(help.contains("Ctrl-C"), "{help}");
}

#[test]
fn tasks_of_a_remote_server_are_gone_on_with() {
    for server in SERVERS {
        let sandbox = Sandbox::new();
        let listening = mcpress_fixtures::listen(server, &[]).unwrap();
        let program = sandbox.file("worker");
        let options = ["--url", listening.url()];
        press(&sandbox, Kind::Bundled, "worker", &program, &options);
        let line = ["work", "--ms", "400", "--mcp-detach"];
        let begun = sandbox.run(&program, line).exits(0);
        assert!(!begun.stderr.contains("the server ends"), "{begun:?}");
        let id = begun.stdout.trim();
        let waited = sandbox
            .run(&program, ["self", "tasks", "wait", id])
            .exits(0);
        assert_eq!(waited.stdout, "\"work\" is done\n");
    }
}
