//! What is written down of calls, and found there.

use super::*;

#[test]
fn whatever_becomes_of_a_call_is_written_down() {
    for kind in Kind::BOTH {
        let desk = Desk::new(kind).policy("deny = ['mixed']");
        let dead = format!("{} --after call", fixture("dead"));
        let mut seen = Vec::new();
        for (line, exit, error, decision) in [
            (
                &["echo", "--text", "a value to hide"][..],
                0,
                None,
                "allowed",
            ),
            (
                &["call", "echo", "--args", "{\"text\": \"a value to hide\"}"],
                0,
                None,
                "allowed",
            ),
            (&["fail"], 1, Some("tool_error"), "allowed"),
            (
                &["add", "--a", "many", "--b", "2"],
                2,
                Some("usage"),
                "allowed",
            ),
            (&["call", "nothing"], 2, Some("refused"), "allowed"),
            (&["mixed"], 4, Some("policy_denied"), "denied"),
            (
                &["delete-everything"],
                4,
                Some("confirmation_required"),
                "denied",
            ),
            (
                &[
                    "log",
                    "--mcp-command",
                    "/no/such/server --key a-value-to-hide",
                ],
                5,
                Some("start_failed"),
                "allowed",
            ),
            (
                &["log", "--mcp-command", &dead],
                5,
                Some("server_gone"),
                "allowed",
            ),
            (
                &["sleep", "--ms", "20000", "--timeout", "300ms"],
                6,
                Some("timeout"),
                "allowed",
            ),
        ] {
            desk.sandbox.run(&desk.program, line).exits(exit);
            let last = desk.last();
            assert_eq!(last["exit"], exit, "{line:?} {last}");
            assert_eq!(last["error"].as_str(), error, "{line:?} {last}");
            assert_eq!(last["decision"], decision, "{line:?} {last}");
            // What was not made took no time.
            let unmade = ["usage", "policy_denied", "confirmation_required"];
            let is_made = error.is_none_or(|error| !unmade.contains(&error));
            assert_eq!(last["ms"].is_number(), is_made, "{line:?} {last}");
            assert_eq!(last["run"].as_str().unwrap().len(), 36);
            seen.push(last);
        }
        assert_eq!(seen.len(), desk.lines().len());
        // The same arguments are the same call, however they were given.
        assert_eq!(seen[0]["arguments"], seen[1]["arguments"]);
        assert_eq!(seen[0]["arguments"].as_str().unwrap().len(), 64);
        assert_eq!(seen[7]["server"], "/no/such/server …");
        for (signal, exit) in [("INT", 130), ("TERM", 143)] {
            let _ = fs::remove_file(&desk.trace);
            let running = desk.spawn(["sleep", "--ms", "20000"]);
            wait_until("the call has begun", || {
                fs::read_to_string(&desk.trace).is_ok_and(|trace| trace.contains("tools/call"))
            });
            running.signal_if_running(signal);
            running.finish().exits(exit);
            let last = desk.last();
            assert_eq!(
                (&last["tool"], &last["exit"]),
                (&json!("sleep"), &json!(exit))
            );
        }
        let log = fs::read_to_string(desk.log()).unwrap();
        assert!(
            !log.contains("a value to hide") && !log.contains("a-value-to-hide"),
            "{log}"
        );
        // Looking is no call, and neither is a dry run.
        let lines = desk.lines().len();
        desk.run(["self", "tools"]).exits(0);
        desk.run(["echo", "--text", "x", "--dry-run"]).exits(0);
        assert_eq!(desk.lines().len(), lines);
        assert_eq!(desk.verified(0)["whole"], true);
    }
}

#[test]
fn fifty_processes_at_once_lose_no_line() {
    let desk = Desk::new(Kind::Bundled).config("config.toml", "[audit]\nsize = 4000\nkeep = 99\n");
    let running: Vec<Running> = (0..50)
        .map(|number| desk.spawn(["echo", "--text", &number.to_string()]))
        .collect();
    for running in running {
        running.finish().exits(0);
    }
    let verdict = desk.verified(0);
    assert_eq!(
        (&verdict["lines"], &verdict["last"]),
        (&json!(50), &json!(50))
    );
    let line = ["self", "audit", "list", "--limit", "99", "-o", "json"];
    let calls = desk.run(line).exits(0).json();
    let calls = calls.as_array().unwrap();
    let digests: std::collections::BTreeSet<_> = calls
        .iter()
        .map(|call| call["arguments"].to_string())
        .collect();
    assert_eq!((calls.len(), digests.len()), (50, 50));
    let files = fs::read_dir(desk.log().parent().unwrap()).unwrap().count();
    assert!(files > 4, "{files} files: none was put aside");
}

#[test]
fn a_log_that_was_tampered_with_is_found_out() {
    let desk = Desk::new(Kind::Bundled);
    for text in ["a", "b", "c", "d"] {
        desk.run(["echo", "--text", text]).exits(0);
    }
    let whole = desk.run(["self", "audit", "verify"]).exits(0);
    assert!(
        whole.stdout.starts_with("4 lines, the last is call 4, "),
        "{whole:?}"
    );
    let digest = desk.verified(0)["digest"].as_str().unwrap().to_owned();
    let lines = desk.lines();
    let write = |lines: &[&String]| {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(desk.log(), text).unwrap();
    };
    let changed = lines[1].replace("\"exit\":0", "\"exit\":1");
    let [a, b, c, d] = [&lines[0], &lines[1], &lines[2], &lines[3]];
    for (now, place, words) in [
        (&[a, &changed, c, d][..], json!(2), "call 2 was changed"),
        (&[a, c, d], json!(2), "call 2 is missing before"),
        (&[a, c, b, d], json!(3), "call 2 is not where it was"),
        (&[a, b, c], Value::Null, "call 4 is missing at the end"),
    ] {
        write(now);
        let verdict = desk.verified(1);
        assert_eq!(verdict["whole"], false);
        let finding = &verdict["findings"][0];
        assert_eq!(
            (&finding["line"], &finding["message"]),
            (&place, &json!(words))
        );
        let text = desk.run(["self", "audit", "verify"]).exits(1);
        assert!(text.stdout.contains(words), "{text:?}");
        assert!(
            text.stderr
                .contains("the log of calls is not what was written"),
            "{text:?}"
        );
    }
    write(&[a, b, c, d]);
    desk.run(["echo", "--text", "e"]).exits(0);
    desk.run(["self", "audit", "verify", "--expect", &digest])
        .exits(0);
    // Made anew as a whole, it is whole; what was noted elsewhere is not in it.
    fs::remove_dir_all(desk.log().parent().unwrap()).unwrap();
    desk.run(["echo", "--text", "a"]).exits(0);
    desk.run(["self", "audit", "verify"]).exits(0);
    desk.run(["self", "audit", "verify", "--expect", &digest])
        .exits(1);
}

#[test]
fn calls_are_looked_up_and_counted() {
    let desk = Desk::new(Kind::Bundled).policy("deny = ['mixed']");
    desk.run(["self", "audit", "list"]).exits(0);
    assert!(!desk.log().exists(), "looking made it");
    for line in [
        ["echo", "--text=x"],
        ["echo", "--text=y"],
        ["fail", "-q"],
        ["mixed", "-q"],
    ] {
        desk.run(line);
    }
    let list = |options: &[&str]| {
        let line = ["self", "audit", "list", "-o", "json"];
        let outcome = desk
            .sandbox
            .run(&desk.program, line.iter().chain(options))
            .exits(0);
        let calls = outcome.json();
        let tools = calls
            .as_array()
            .unwrap()
            .iter()
            .map(|call| call["tool"].as_str().unwrap().to_owned());
        tools.collect::<Vec<_>>()
    };
    assert_eq!(list(&[]), ["echo", "echo", "fail", "mixed"]);
    assert_eq!(list(&["--tool", "e*"]), ["echo", "echo"]);
    assert_eq!(list(&["--outcome", "denied"]), ["mixed"]);
    assert_eq!(list(&["--outcome", "error"]), ["fail"]);
    assert_eq!(list(&["--limit", "1"]), ["mixed"]);
    assert_eq!(list(&["--since", "1h", "--user", "*"]).len(), 4);
    assert!(list(&["--until", "2020-01-01"]).is_empty());
    assert!(list(&["--user", "nobody-of-that-name"]).is_empty());
    desk.run(["self", "audit", "list", "--since", "yesterday"])
        .exits(2);
    let text = desk.run(["self", "audit", "list"]).exits(0).stdout;
    assert!(text.lines().nth(3).unwrap().contains("denied"), "{text}");
    assert!(
        text.lines().nth(3).unwrap().contains("policy.toml:1: deny"),
        "{text}"
    );
    let stats = desk
        .run(["self", "audit", "stats", "-o", "json"])
        .exits(0)
        .json();
    assert_eq!(stats["tools"]["echo"]["success"], 100.0);
    assert_eq!(
        (
            &stats["all"]["calls"],
            &stats["all"]["errors"],
            &stats["all"]["denied"]
        ),
        (&json!(4), &json!(1), &json!(1))
    );
    assert_eq!(stats["all"]["success"], 66.7);
    assert!(stats["tools"]["mixed"]["p50_ms"].is_null());
    let text = desk.run(["self", "audit", "stats"]).exits(0).stdout;
    assert!(
        text.starts_with("tool   calls  ok  errors  denied  usage  success"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_written_down_is_warned_about_or_not_done() {
    let audit = "[audit]\nfile = 'config.toml/audit.jsonl'\n";
    let desk = Desk::new(Kind::Bundled).config("config.toml", audit);
    let outcome = desk.run(["echo", "--text", "x"]).exits(0);
    assert!(
        outcome
            .stderr
            .contains("warning: the call could not be written down: "),
        "{outcome:?}"
    );
    fs::remove_file(&desk.trace).unwrap();
    let desk = desk.config("config.toml", &format!("{audit}required = true\n"));
    desk.refused(["echo", "--text", "x"], "audit_required");
    assert!(!desk.was_started());
    let desk = desk.config("config.toml", "[audit]\nenabled = false\n");
    desk.run(["echo", "--text", "x"]).exits(0);
    assert!(!desk.log().exists());
    desk.run(["self", "audit", "list"]).exits(2);
}

#[test]
fn a_log_that_is_required_knows_of_calls_that_were_killed() {
    let desk = Desk::new(Kind::Bundled).config("config.toml", "[audit]\nrequired = true\n");
    let running = desk.spawn(["sleep", "--ms", "20000"]);
    wait_until("the call has begun", || desk.was_started());
    running.signal_if_running("KILL");
    running.finish();
    desk.run(["echo", "--text", "x"]).exits(0);
    let text = desk.run(["self", "audit", "list"]).exits(0).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].contains("unfinished") && lines[0].contains("sleep"),
        "{text}"
    );
    assert!(
        lines[1].contains("ok") && lines[1].contains("echo"),
        "{text}"
    );
    assert_eq!(
        (lines.len(), desk.verified(0)["lines"].clone()),
        (2, json!(3))
    );
}

#[test]
fn nested_calls_are_told_to_be() {
    let desk = Desk::new(Kind::Bundled)
        .env("MCPRESS_RUN_ID", "run-7")
        .env("MCPRESS_PARENT_TOOL", "outer");
    desk.run(["echo", "--text", "x", "--mcp-reason", "to see"])
        .exits(0);
    let line = desk.last();
    assert_eq!(
        (&line["run"], &line["parent"], &line["reason"]),
        (&json!("run-7"), &json!("outer"), &json!("to see"))
    );
}
