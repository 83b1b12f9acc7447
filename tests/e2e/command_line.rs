//! What is found before a server is started.

use mcpress_tests::{Kind, Sandbox, pressed};
use serde_json::json;

#[test]
fn help_errors_and_dry_runs_start_nothing() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        let program = pressed(kind, "everyday");
        // A server that cannot be started shows whether anyone tried.
        let no_server = ["--mcp-command", "/nonexistent/server"];
        for (line, code) in [
            (&["--help"][..], 0),
            (&["echo", "--help"], 0),
            (&["echo", "-h"], 0),
            (&["self", "tools"], 0),
            (&["self", "info", "-o", "json"], 0),
            (&["self", "explain", "echo"], 0),
            (&["echo", "--text", "x", "--dry-run"], 0),
            (&["call", "anything", "--args", "{}", "--dry-run"], 0),
            (&["echo"], 2),
            (&["echo", "--txet", "x"], 2),
            (&["eccho", "--text", "x"], 2),
            (&["add", "--a", "one", "--b", "2"], 2),
            (&["echo", "--args", "[1]"], 2),
            (&[], 2),
        ] {
            sandbox
                .run(&program, no_server.iter().chain(line))
                .exits(code);
        }
        sandbox
            .run(&program, no_server.iter().chain(&["echo", "--text", "x"]))
            .exits(5);
    }
}

#[test]
fn a_dry_run_prints_the_request() {
    for kind in Kind::BOTH {
        let line = ["add", "--a", "1", "--b=-2", "--dry-run"];
        let outcome = Sandbox::new()
            .run(&pressed(kind, "everyday"), line)
            .exits(0);
        let request = outcome.json();
        assert_eq!(request["method"], "tools/call");
        assert_eq!(
            request["params"],
            json!({"name": "add", "arguments": {"a": 1, "b": -2}})
        );
        assert_eq!(request["server"]["transport"], "stdio");
    }
}

#[test]
fn everything_wrong_is_said_at_once_with_a_line_that_works() {
    for kind in Kind::BOTH {
        let outcome = Sandbox::new()
            .run(&pressed(kind, "everyday"), ["add"])
            .exits(2);
        insta::allow_duplicates! {
        insta::assert_snapshot!(outcome.stderr, @r"
    error: missing: --a, --b
    hint: a line that works: everyday add --a 1 --b 1
        ");
        }
        let line = ["add", "--a", "x", "--b", "1.5", "-o", "json"];
        let outcome = Sandbox::new()
            .run(&pressed(kind, "everyday"), line)
            .exits(2);
        let message = outcome.error()["message"].to_string();
        assert!(
            message.contains("--a x") && message.contains("--b 1.5"),
            "{message}"
        );
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn an_unknown_command_or_flag_has_a_suggestion() {
    for kind in Kind::BOTH {
        let program = pressed(kind, "everyday");
        let command = Sandbox::new()
            .run(&program, ["eco", "--text", "x"])
            .exits(2);
        assert!(command.stderr.contains("'echo'"), "{command:?}");
        let flag = Sandbox::new()
            .run(&program, ["echo", "--txt", "x", "-o", "json"])
            .exits(2);
        assert!(flag.stderr.contains("'--text'"), "{flag:?}");
        assert_eq!(flag.error()["code"], "usage");
        let alias = Sandbox::new()
            .run(&program, ["count", "--n", "1", "--delaym", "1"])
            .exits(2);
        assert!(
            alias.stderr.contains("'--delay-ms'"),
            "the name that is shown: {alias:?}"
        );
    }
}

#[test]
fn a_patch_reaches_where_no_flag_does() {
    for kind in Kind::BOTH {
        let program = pressed(kind, "everyday");
        let line = [
            "echo",
            "--text",
            "x",
            "--set",
            "extra.deep:=[1]",
            "--set",
            "extra.deep.1=2",
            "--null",
            "gone",
            "--dry-run",
        ];
        let outcome = Sandbox::new().run(&program, line).exits(0);
        let arguments = json!({"text": "x", "extra": {"deep": [1, "2"]}, "gone": null});
        assert_eq!(outcome.json()["params"]["arguments"], arguments);
        let wrong = Sandbox::new()
            .run(&program, ["echo", "--text", "x", "--set", "text.deep=1"])
            .exits(2);
        assert!(wrong.stderr.contains("--set text.deep=1"), "{wrong:?}");
        let unset = Sandbox::new()
            .run(&program, ["echo", "--text", "x", "--unset", "text"])
            .exits(2);
        assert!(unset.stderr.contains("missing: --text"), "{unset:?}");
    }
}

#[test]
fn a_flag_where_a_value_belongs_is_taken_for_a_forgotten_value() {
    for kind in Kind::BOTH {
        let program = pressed(kind, "everyday");
        let outcome = Sandbox::new()
            .run(&program, ["echo", "--text", "--dry-run"])
            .exits(2);
        assert!(outcome.stderr.contains("--text=--dry-run"), "{outcome:?}");
        let meant = Sandbox::new()
            .run(&program, ["echo", "--text=--dry-run"])
            .exits(0);
        assert_eq!(meant.stdout, "--dry-run\n");
        let hyphens = Sandbox::new()
            .run(&program, ["echo", "--text", "--"])
            .exits(0);
        assert_eq!(hyphens.stdout, "--\n");
    }
}

#[test]
fn arguments_come_from_json_a_file_or_standard_input_and_flags_win() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        let program = pressed(kind, "everyday");
        std::fs::write(sandbox.file("a.json"), r#"{"a": 1, "b": 2}"#).unwrap();
        let sum = |outcome: mcpress_tests::Outcome| outcome.exits(0).json()["sum"].clone();
        let json = ["-o", "json", "add", "--args"];
        assert_eq!(
            sum(sandbox.run(&program, json.iter().chain(&[r#"{"a": 1, "b": 2}"#]))),
            3
        );
        assert_eq!(
            sum(sandbox.run(&program, json.iter().chain(&["@a.json", "--b", "40"]))),
            41
        );
        assert_eq!(
            sum(sandbox.run_with_input(&program, json.iter().chain(&["-"]), r#"{"a": 5, "b": 5}"#)),
            10
        );
    }
}

#[test]
fn cursed_names_all_have_a_command_and_every_argument_arrives() {
    let sandbox = Sandbox::new();
    for kind in Kind::BOTH {
        let program = pressed(kind, "cursed");
        let tools = sandbox
            .run(&program, ["self", "tools", "-o", "json"])
            .exits(0)
            .json();
        let tools = tools.as_array().unwrap().clone();
        assert!(tools.len() > 10);
        for tool in &tools {
            let command = tool["command"].as_str().unwrap();
            let outcome = sandbox
                .run(
                    &program,
                    [
                        command,
                        "--args",
                        "{\"k\": [1], \"type\": \"x\"}",
                        "-o",
                        "json",
                    ],
                )
                .exits(0);
            assert_eq!(outcome.json()["name"], tool["name"], "{command}");
        }
    }
}

#[test]
fn options_stand_before_or_after_the_command_and_variables_beneath_both() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new().env("EVERYDAY_MCP_OUTPUT", "raw");
        let program = pressed(kind, "everyday");
        let raw = sandbox.run(&program, ["echo", "--text", "x"]).exits(0);
        assert!(raw.json()["content"].is_array());
        let text = sandbox
            .run(&program, ["--output", "text", "echo", "--text", "x"])
            .exits(0);
        assert_eq!(text.stdout, "x\n");
        let json = sandbox
            .run(
                &program,
                ["-o", "text", "add", "--a", "1", "--b", "1", "-o", "json"],
            )
            .exits(0);
        assert_eq!(json.json()["sum"], 2);
    }
}
