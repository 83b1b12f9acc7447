//! What a tool answers, as output and exit status.

use mcpress_tests::{Kind, Sandbox, pressed};
use serde_json::json;

#[test]
fn text_is_printed_as_it_is() {
    for kind in Kind::BOTH {
        let outcome =
            Sandbox::new().run(&pressed(kind, "everyday"), ["echo", "--text", "hello\nyou"]);
        assert_eq!(outcome.exits(0).stdout, "hello\nyou\n");
    }
}

#[test]
fn structured_content_is_the_json_output() {
    for kind in Kind::BOTH {
        let line = ["add", "--a", "1", "--b", "2", "--output", "json"];
        let outcome = Sandbox::new()
            .run(&pressed(kind, "everyday"), line)
            .exits(0);
        assert_eq!(outcome.stdout, "{\n  \"sum\": 3\n}\n");
        assert_eq!(outcome.stderr, "");
    }
}

#[test]
fn raw_output_is_the_whole_result() {
    for kind in Kind::BOTH {
        let line = ["-o", "raw", "echo", "--text", "hi"];
        let outcome = Sandbox::new()
            .run(&pressed(kind, "everyday"), line)
            .exits(0);
        assert_eq!(
            outcome.json()["content"][0],
            json!({"type": "text", "text": "hi"})
        );
    }
}

#[test]
fn what_is_no_text_says_what_it_is() {
    for kind in Kind::BOTH {
        let outcome = Sandbox::new()
            .run(&pressed(kind, "everyday"), ["picture"])
            .exits(0);
        assert!(
            outcome.stdout.contains("[image: image/png, "),
            "{outcome:?}"
        );
        let mixed = Sandbox::new()
            .run(&pressed(kind, "everyday"), ["mixed"])
            .exits(0);
        for part in ["[audio: ", "[link: "] {
            assert!(mixed.stdout.contains(part), "{part}: {mixed:?}");
        }
    }
}

#[test]
fn arguments_arrive_as_they_were_typed() {
    let program = pressed(Kind::Compiled, "everyday");
    let help = Sandbox::new()
        .run(&program, ["print-arguments", "--help"])
        .exits(0);
    assert!(help.stdout.contains("--"), "{help:?}");
    let sent = r#"{"text":"000123","free":{"big":12345678901234567890123,"rate":1.50}}"#;
    let line = [
        "call",
        "print_arguments",
        "--args",
        sent,
        "--output",
        "json",
    ];
    let outcome = Sandbox::new().run(&program, line).exits(0);
    assert_eq!(serde_json::to_string(&outcome.json()).unwrap(), sent);
}

#[test]
fn a_failed_tool_exits_1_and_says_why_on_standard_error() {
    for kind in Kind::BOTH {
        let program = pressed(kind, "everyday");
        let text = Sandbox::new().run(&program, ["fail"]).exits(1);
        assert_eq!(text.stdout, "");
        assert!(text.stderr.starts_with("error: fail failed: "), "{text:?}");
        let json = Sandbox::new()
            .run(&program, ["fail", "-o", "json"])
            .exits(1);
        assert_eq!(json.error()["code"], "tool_error");
        assert_eq!(json.error()["tool"], "fail");
    }
}

#[test]
fn an_envelope_that_says_success_false_exits_1_also_when_it_is_nested() {
    for kind in Kind::BOTH {
        let program = pressed(kind, "everyday");
        for (line, code) in [
            (&["envelope", "--success"][..], 0),
            (&["envelope", "--success=false"], 1),
            (&["envelope", "--no-success"], 1),
            (&["envelope", "--success=false", "--nested"], 1),
            (&["envelope", "--success", "--nested"], 0),
        ] {
            let outcome = Sandbox::new()
                .run(&program, line.iter().chain(&["-o", "json"]))
                .exits(code);
            // The payload is data all the same: a script may look into it.
            assert!(outcome.json().get("success").is_some(), "{outcome:?}");
        }
    }
}

#[test]
fn progress_and_log_messages_are_talk() {
    for kind in Kind::BOTH {
        let program = pressed(kind, "everyday");
        let counted = Sandbox::new()
            .run(&program, ["count", "--n", "3", "--delay-ms", "1", "-v"])
            .exits(0);
        assert!(counted.stderr.contains("progress: "), "{counted:?}");
        assert!(!counted.stdout.contains("progress"), "{counted:?}");
        let quiet = Sandbox::new()
            .run(&program, ["count", "--n", "3", "--delay-ms", "1"])
            .exits(0);
        assert_eq!(quiet.stderr, "");
    }
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_success() {
    for kind in Kind::BOTH {
        let program = pressed(kind, "huge");
        let line = format!(
            "{} blob --bytes 2000000 | head -c 10; exit ${{PIPESTATUS[0]}}",
            program.display()
        );
        let outcome = Sandbox::new()
            .run(std::path::Path::new("bash"), ["-c", &line])
            .exits(0);
        assert_eq!(outcome.stdout.len(), 10);
    }
}

#[test]
fn a_huge_answer_arrives_whole() {
    for kind in Kind::BOTH {
        let line = ["blob", "--bytes", "20000000"];
        let outcome = Sandbox::new().run(&pressed(kind, "huge"), line).exits(0);
        assert!(
            outcome.stdout.len() >= 20_000_000,
            "{}",
            outcome.stdout.len()
        );
    }
}
