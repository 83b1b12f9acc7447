//! `prompt`: what there is, and what it says once it is filled in.

use mcpress_tests::{Kind, Sandbox, pressed};
use serde_json::json;

#[test]
fn every_page_of_prompts_is_listed_by_the_names_that_are_typed() {
    for kind in Kind::BOTH {
        let program = pressed(kind, "library");
        let text = Sandbox::new().run(&program, ["prompt", "list"]).exits(0);
        assert_eq!(
            text.stdout,
            "review      <shelf> <title> [tone]  Asks for a review\n\
             tour                                Shows one of everything\n\
             odd-name-ü  [no description]\n"
        );
        let json = Sandbox::new().run(&program, ["prompt", "list", "-o", "json"]);
        let json = json.exits(0).json();
        assert_eq!(json.as_array().unwrap().len(), 3);
        assert_eq!(json[0]["title"], "Review a book");
    }
}

#[test]
fn one_message_of_the_user_s_is_printed_as_text_to_be_piped() {
    for kind in Kind::BOTH {
        let line = [
            "prompt",
            "get",
            "review",
            "--shelf",
            "prose",
            "--title",
            "Moby Dick",
        ];
        let outcome = Sandbox::new().run(&pressed(kind, "library"), line).exits(0);
        assert_eq!(outcome.stdout, "Review Moby Dick from prose in any tone.\n");
        assert_eq!(outcome.stderr, "");
    }
}

#[test]
fn several_messages_say_whose_they_are() {
    let program = pressed(Kind::Bundled, "library");
    let text = Sandbox::new()
        .run(&program, ["prompt", "get", "tour"])
        .exits(0);
    for part in [
        "user:\nLook at this.\n",
        "user:\n[image: image/png, ",
        "assistant:\nI see.\n",
        "user:\nBe **quiet**.\n",
    ] {
        assert!(text.stdout.contains(part), "{part}: {text:#?}");
    }
    let json = Sandbox::new().run(&program, ["prompt", "get", "tour", "-o", "json"]);
    let json = json.exits(0).json();
    assert_eq!(json["description"], "This is tour.");
    assert_eq!(json["messages"].as_array().unwrap().len(), 6);
}

#[test]
fn the_server_s_own_names_are_understood_and_sent() {
    let program = pressed(Kind::Bundled, "library");
    for name in ["odd-name-ü", "odd name/ü"] {
        for line in [
            ["prompt", "get", name, "--no-description", "x y"],
            [
                "prompt",
                "get",
                name,
                "--args",
                r#"{"no description": "x y"}"#,
            ],
        ] {
            let outcome = Sandbox::new().run(&program, line).exits(0);
            assert_eq!(outcome.stdout, "{\"no description\":\"x y\"}\n");
        }
    }
}

#[test]
fn a_dry_run_prints_the_request_wherever_the_options_stand() {
    let program = pressed(Kind::Bundled, "library");
    let params = json!({"name": "review", "arguments": {"shelf": "prose", "title": "-"}});
    for line in [
        "prompt get review --shelf prose --title - --dry-run",
        "prompt get --dry-run review --shelf prose --title -",
        "--dry-run prompt get review --args {\"shelf\":\"prose\"} --set title=-",
    ] {
        let outcome = Sandbox::new().run(&program, line.split(' ')).exits(0);
        let request = outcome.json();
        assert_eq!(request["method"], "prompts/get", "{line}");
        assert_eq!(request["params"], params, "{line}");
        assert_eq!(request["server"]["transport"], "stdio", "{line}");
    }
}

#[test]
fn a_prompt_that_the_program_was_not_made_with_is_given_its_arguments_by_name() {
    let program = pressed(Kind::Bundled, "everyday");
    let library = format!("--mcp-command={}", mcpress_tests::fixture("library"));
    let line = [
        "prompt",
        "get",
        &library,
        "odd name/ü",
        "--arg",
        "a=b=c",
        "--arg",
        "d=",
    ];
    let outcome = Sandbox::new().run(&program, line).exits(0);
    assert_eq!(outcome.stdout, "{\"a\":\"b=c\",\"d\":\"\"}\n");
    let line = ["prompt", "get", "nothing", "--arg", "a"];
    let outcome = Sandbox::new().run(&program, line).exits(2);
    assert!(
        outcome.stderr.contains("not of the form NAME=VALUE"),
        "{outcome:?}"
    );
}

#[test]
fn what_is_missing_is_told_before_anything_is_started() {
    let program = pressed(Kind::Compiled, "library");
    let line = [
        "prompt",
        "get",
        "review",
        "--shelf",
        "prose",
        "-o",
        "json",
        "--mcp-command",
        "false",
    ];
    let outcome = Sandbox::new().run(&program, line).exits(2);
    assert_eq!(outcome.error()["message"], "missing: --title");
    let hint = outcome.error()["hint"].as_str().unwrap().to_owned();
    assert!(
        hint.contains("prompt get review --shelf prose --title "),
        "{hint}"
    );
    let none = Sandbox::new().run(&program, ["prompt", "get"]).exits(2);
    assert!(
        none.stderr.starts_with("error: no prompt is named\n"),
        "{none:?}"
    );
    let refused = Sandbox::new()
        .run(&program, ["prompt", "get", "none"])
        .exits(2);
    assert!(refused.stderr.contains("no prompt `none`"), "{refused:?}");
}

#[test]
fn help_says_what_a_prompt_takes_and_the_program_s_that_there_are_prompts() {
    let program = pressed(Kind::Compiled, "library");
    let help = |line: &[&str]| Sandbox::new().run(&program, line).exits(0).stdout;
    let review = help(&["prompt", "get", "review", "--help"]);
    for part in [
        "Asks for a review.",
        "Usage: library prompt get review --shelf <TEXT> --title <TEXT> [OPTIONS]",
        "Arguments of the prompt:",
        "Where it stands",
        "Examples:\n  library prompt get review --shelf ",
    ] {
        assert!(review.contains(part), "{part}: {review}");
    }
    let get = help(&["prompt", "get", "--help"]);
    assert!(
        get.contains("Prompts:\n  review      Asks for a review\n"),
        "{get}"
    );
    assert!(help(&["--help"]).contains("\n  prompt "));
    let without = pressed(Kind::Compiled, "huge");
    let outcome = Sandbox::new().run(&without, ["--help"]).exits(0);
    assert!(!outcome.stdout.contains("\n  prompt "), "{outcome:?}");
}

#[test]
fn a_server_without_prompts_is_named_with_exit_2() {
    let program = pressed(Kind::Bundled, "huge");
    for line in [["prompt", "list"], ["resource", "list"]] {
        let outcome = Sandbox::new().run(&program, line).exits(2);
        let what = format!("has no {}s\n", line[0]);
        assert!(
            outcome.stderr.starts_with("error: the server "),
            "{outcome:?}"
        );
        assert!(outcome.stderr.contains(&what), "{outcome:?}");
    }
}
