//! `self explain`: from a tool to arguments, and from arguments to a command line.

use std::path::Path;

use mcpress_tests::{Kind, Outcome, Sandbox, pressed};
use serde_json::{Value, json};

/// What a dry run would send.
#[track_caller]
fn sent(outcome: Outcome) -> Value {
    outcome.exits(0).json()["params"]["arguments"].clone()
}

#[test]
fn a_skeleton_is_arguments_that_the_tool_takes() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        let program = pressed(kind, "everyday");
        let tools = sandbox.run(&program, ["self", "tools", "-o", "json"]);
        for tool in tools.exits(0).json().as_array().unwrap() {
            let tool = tool["command"].as_str().unwrap();
            for option in ["--skeleton", "--skeleton=all"] {
                let skeleton = sandbox
                    .run(&program, ["self", "explain", tool, option])
                    .exits(0);
                std::fs::write(sandbox.file("a.json"), &skeleton.stdout).unwrap();
                let dry = sandbox.run(&program, [tool, "--args", "@a.json", "--dry-run"]);
                assert_eq!(sent(dry), skeleton.json(), "{tool} {option}");
            }
        }
    }
}

#[test]
fn json_becomes_the_line_that_sends_it() {
    let cases = [
        ("add", json!({"a": 1, "b": -2})),
        ("echo", json!({"text": "it's \"so\"\n$HOME `x` \\ %s; *"})),
        ("echo", json!({"text": "-h"})),
        (
            "print-arguments",
            json!({
                "text": "",
                "number": 1.50,
                "boolean": false,
                "nothing": null,
                "choice": "red",
                "strings": ["a,b", "[c", "--d"],
                "integers": [],
                "object": {"a.b": {"c": [1, null]}, "": "x"},
                "more": "than there are flags for"
            }),
        ),
    ];
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        let program = pressed(kind, "everyday");
        // The line begins with the program's name, as the user has it on the path.
        std::os::unix::fs::symlink(&program, sandbox.file("everyday")).unwrap();
        for (tool, arguments) in &cases {
            let json = arguments.to_string();
            let line = ["self", "explain", tool, "--args", &json];
            let explained = sandbox.run(&program, line).exits(0);
            let script = format!("PATH=.:$PATH; {} --dry-run", explained.stdout.trim_end());
            let dry = sandbox.run(Path::new("/bin/sh"), ["-c", &script]);
            assert_eq!(sent(dry), *arguments, "{script}");

            let line = line.into_iter().chain(["-o", "json"]);
            let explained = sandbox.run(&program, line).exits(0).json();
            let argv = explained["argv"].as_array().unwrap().iter();
            let argv: Vec<&str> = argv.filter_map(Value::as_str).collect();
            assert_eq!(argv[..2], ["everyday", tool]);
            let dry = sandbox.run(&program, argv[1..].iter().chain(&["--dry-run"]));
            assert_eq!(sent(dry), *arguments, "{argv:?}");
        }
    }
}

#[test]
fn what_the_schema_refuses_is_written_and_warned_about() {
    for kind in Kind::BOTH {
        let program = pressed(kind, "everyday");
        let line = ["self", "explain", "add", "--args", r#"{"a": "one"}"#];
        let outcome = Sandbox::new().run(&program, line).exits(0);
        assert_eq!(outcome.stdout, "everyday add --set a=one\n");
        assert_eq!(
            outcome.stderr.matches("warning: ").count(),
            2,
            "{outcome:?}"
        );
        assert!(outcome.stderr.contains("missing: --b"), "{outcome:?}");
        let none = ["self", "explain", "nothing-such", "--skeleton"];
        Sandbox::new().run(&program, none).exits(2);
        let list = ["self", "explain", "add", "--args", "[]"];
        Sandbox::new().run(&program, list).exits(2);
    }
}

#[test]
fn a_tool_is_explained_as_its_help_does_and_as_json() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        let program = pressed(kind, "everyday");
        let text = sandbox.run(&program, ["self", "explain", "count"]).exits(0);
        let help = sandbox.run(&program, ["count", "--help"]).exits(0);
        assert_eq!(text.stdout, help.stdout);
        let json = sandbox.run(&program, ["self", "explain", "count", "-o", "json"]);
        let flags = json.exits(0).json()["flags"].clone();
        insta::allow_duplicates! {
            insta::assert_snapshot!(serde_json::to_string_pretty(&flags).unwrap());
        }
    }
}

#[test]
fn the_help_of_a_tool_is_short_with_h_and_whole_with_help() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        let program = pressed(kind, "everyday");
        for option in ["-h", "--help"] {
            let tool = sandbox
                .run(&program, ["delete-everything", option])
                .exits(0);
            assert!(tool.stdout.contains("Destructive: "), "{tool:?}");
            let whole = option == "--help";
            assert_eq!(tool.stdout.contains("Examples:"), whole, "{tool:?}");
            let root = sandbox.run(&program, [option]).exits(0);
            assert_eq!(root.stdout.contains("--mcp-url"), whole, "{root:?}");
            assert!(root.stdout.contains("self info"), "{root:?}");
        }
    }
}
