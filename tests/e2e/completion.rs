//! Completion and the manual: what a shell is told, with no server started.

use std::path::Path;

use mcpress_tests::{Kind, Sandbox, mcpress, press, pressed};
use serde_json::{Value, json};

/// Runs a script in bash, with the program as `$1`; nothing where there is no bash.
fn bash(sandbox: &Sandbox, program: &Path, script: &str) -> Option<String> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&paths).map(|folder| folder.join("bash"));
    let Some(bash) = places.find(|place| place.is_file()) else {
        eprintln!("bash is not installed: its completion is left out");
        return None;
    };
    let program = program.to_str().unwrap();
    let line = ["--norc", "--noprofile", "-c", script, "bash", program];
    let outcome = sandbox.run(&bash, line).exits(0);
    assert_eq!(outcome.stderr, "");
    Some(outcome.stdout)
}

/// The head of a script that completes as readline has it done: `try LINE REPLACED`.
const TRY: &str = r#"
    source "$HOME/completion"
    function=$(complete -p "$name"); function=${function#*-F }; function=${function%% *}
    try() {
        COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=${3-9}
        "$function" "$program" "$2" ""
        printf '%s\n' "${COMPREPLY[@]}"
    }
"#;

/// The beginning of every script: where the program is, and what it gave bash.
fn prepared(name: &str, body: &str) -> String {
    format!(
        "program=$1 name={name}; \"$1\" self completions bash >\"$HOME/completion\"\n{TRY}\n{body}"
    )
}

#[test]
fn bash_completes_commands_flags_and_values() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        let program = pressed(kind, "everyday");
        std::fs::write(sandbox.file("file one.json"), "{}").unwrap();
        for (line, replaced, wanted) in [
            ("everyday ec", "ec", "echo\n"),
            ("everyday echo --te", "--te", "--text\n"),
            (
                "everyday print-arguments --choice ",
                "",
                "red\ngreen\nblue\n",
            ),
            ("everyday print-arguments --choice=gr", "gr", "green\n"),
            (
                "everyday print-arguments --output ",
                "",
                "text\njson\nraw\n",
            ),
            (
                "everyday print-arguments --args @fi",
                "@fi",
                "@file\\ one.json\n",
            ),
            ("everyday call ad", "ad", "add\n"),
            ("everyday self explain ad", "ad", "add\n"),
            ("everyday self expl", "expl", "explain\n"),
            ("everyday nothing-such ", "", "\n"),
        ] {
            let script = prepared("everyday", &format!("try '{line}' '{replaced}'"));
            let Some(found) = bash(&sandbox, &program, &script) else {
                return;
            };
            let is_there = found == wanted || (line.ends_with(' ') && found.starts_with(wanted));
            assert!(is_there, "{line}: {found}");
        }
        // A caller that gives words alone is understood as well.
        let words = r#"COMP_WORDS=("$program" ec) COMP_CWORD=1; $function; echo "${COMPREPLY[@]}""#;
        if let Some(found) = bash(&sandbox, &program, &prepared("everyday", words)) {
            assert_eq!(found, "echo\n");
        }
        let listed = prepared("everyday", "try 'everyday self ' '' 63");
        if let Some(found) = bash(&sandbox, &program, &listed) {
            assert!(found.contains("explain      (Show a tool: "), "{found}");
        }
    }
}

#[test]
fn what_a_server_wrote_is_never_run_by_bash() {
    let hostile = [
        "$(touch pwned)",
        "`touch pwned`",
        "it's",
        "\"quoted\" text",
        "a:b=c",
        "x; touch pwned",
        "back\\slash",
        "*",
        "~",
        "!!",
        "#",
    ];
    let said = json!({"tools": [{
        "name": "act",
        "description": "Acts: `touch pwned` $(touch pwned)",
        "inputSchema": {"type": "object", "properties": {"how": {
            "description": "$(touch pwned)",
            "enum": hostile.iter().copied().chain(["two\nlines", "\u{1b}[2J"]).collect::<Vec<_>>(),
        }}},
    }]});
    let sandbox = Sandbox::new();
    let capture = sandbox.file("capture.json");
    std::fs::write(&capture, said.to_string()).unwrap();
    let program = sandbox.file("hostile");
    let from = ["--from", capture.to_str().unwrap()];
    press(&sandbox, Kind::Bundled, "hostile", &program, &from);
    // Each word is taken as readline would insert it, and read as bash would then read it.
    let script = r#"
        mapfile -t inserted < <(try 'hostile act --how ' '')
        for word in "${inserted[@]}"; do
            eval "set -- $word"
            "$program" act --how "$@" --dry-run
        done
        try 'hostile act --' -- 63 >&2
        try 'hostile ' '' 63 >&2
    "#;
    let script = prepared("hostile", &script.replace(">&2", ">/dev/null"));
    let Some(found) = bash(&sandbox, &program, &script) else {
        return;
    };
    let sent = serde_json::Deserializer::from_str(&found).into_iter::<Value>();
    let sent: Vec<Value> = sent
        .map(|request| request.unwrap()["params"]["arguments"]["how"].clone())
        .collect();
    assert_eq!(sent, hostile);
    assert!(!sandbox.file("pwned").exists());
}

#[test]
fn completion_starts_nothing_and_says_nothing_else() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        let program = pressed(kind, "everyday");
        let server = ["--mcp-command", "/nonexistent/server"];
        for (word, line) in [
            ("--word=", &["echo"][..]),
            ("--word=--choice=", &["print-arguments"]),
            ("--word=", &["nothing-such"]),
            ("--word=x", &["echo", "--text"]),
            ("--word=", &["self", "complete", "--"]),
        ] {
            for shell in ["bash", "zsh", "fish", "powershell"] {
                let ask = ["self", "complete", shell, word, "--"];
                let words = server.iter().chain(&ask).chain(line);
                let outcome = sandbox.run(&program, words).exits(0);
                assert_eq!(outcome.stderr, "", "{outcome:?}");
            }
        }
    }
}

#[test]
fn the_generator_s_own_line_is_completed() {
    let sandbox = Sandbox::new();
    let script = sandbox.run(mcpress(), ["completions", "fish"]).exits(0);
    assert!(
        script.stdout.contains("mcpress complete fish")
            || script.stdout.contains("complete fish --word"),
        "{script:?}"
    );
    let answer = sandbox.run(
        mcpress(),
        ["complete", "fish", "--word=--comp", "--", "generate-cli"],
    );
    let answer = answer.exits(0);
    assert!(
        answer.stdout.contains("--compile\tCompile the crate"),
        "{answer:?}"
    );
    let report = ["complete", "fish", "--word=", "--", "generate", "--report"];
    assert_eq!(
        sandbox.run(mcpress(), report).exits(0).stdout,
        "text\t\njson\t\n"
    );
}

#[test]
fn the_manual_is_written_once_and_then_only_where_it_changed() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        let program = pressed(kind, "everyday");
        let line = ["self", "man", "man/man1", "-o", "json"];
        let first = sandbox.run(&program, line).exits(0).json();
        let written = first["written"].as_array().unwrap().len();
        let tools = sandbox.run(&program, ["self", "tools", "-o", "json"]);
        assert_eq!(written, tools.exits(0).json().as_array().unwrap().len() + 1);
        let page = std::fs::read_to_string(sandbox.file("man/man1/everyday-echo.1")).unwrap();
        assert!(page.starts_with(".TH \"EVERYDAY\\-ECHO\" \"1\""), "{page}");
        std::fs::write(sandbox.file("man/man1/everyday.1"), "other").unwrap();
        let second = sandbox.run(&program, line).exits(0).json();
        assert_eq!(second["written"], json!(["everyday.1"]));
        let left = std::fs::read_dir(sandbox.file("man/man1")).unwrap().count();
        assert_eq!(left, written, "nothing else is left there");
    }
}
