//! Calls that somebody has to want twice.

use super::*;

#[test]
fn what_destroys_is_confirmed_by_a_flag_where_nobody_can_be_asked() {
    for kind in Kind::BOTH {
        let desk = Desk::new(kind);
        let outcome = desk.run(["delete-everything", "-o", "json"]).exits(4);
        let error = outcome.error();
        assert_eq!(error["code"], "confirmation_required");
        assert_eq!(error["hint"], "give --yes to agree to it");
        assert_eq!(
            error["message"],
            "delete-everything has to be confirmed (marked destructive)"
        );
        desk.refused(["call", "delete_everything"], "confirmation_required");
        assert!(!desk.was_started());
        assert_eq!(desk.last()["decision"], "denied");
        let shown = desk.run(["delete-everything", "--dry-run"]).exits(0).json();
        assert_eq!(shown["confirm"], "marked destructive");
        assert!(!desk.was_started());
        for flag in ["--yes", "-y", "--mcp-yes"] {
            desk.run(["delete-everything", flag]).exits(0);
            desk.run([flag, "call", "delete_everything"]).exits(0);
        }
        let line = desk.last();
        assert_eq!(
            (&line["decision"], &line["by"]),
            (&json!("confirmed"), &json!("flag"))
        );
        assert_eq!(line["rule"], "marked destructive");
        let desk = desk.env("EVERYDAY_MCP_YES", "1");
        desk.run(["delete-everything"]).exits(0);
        // What nobody marked is not asked about.
        let desk = desk.env("EVERYDAY_MCP_YES", "0");
        desk.run(["echo", "--text", "x"]).exits(0);
        desk.run(["delete-everything"]).exits(4);
    }
}

#[test]
fn a_policy_has_more_confirmed_and_can_want_a_person() {
    let desk = Desk::new(Kind::Bundled).policy("confirm = ['echo']\n");
    let message = desk.refused(["echo", "--text", "x"], "confirmation_required");
    assert!(
        message.ends_with("policy.toml:1: confirm \"echo\")"),
        "{message}"
    );
    desk.run(["echo", "--text", "x", "--yes"]).exits(0);
    let desk = desk.policy("confirm = ['echo']\nforbid_yes = true\n");
    let line = ["echo", "--text", "x", "--yes", "-o", "json"];
    let error = desk.run(line).exits(4).error();
    assert_eq!(error["code"], "confirmation_required");
    assert_eq!(error["hint"], "run it on a terminal, and answer there");
    desk.run(["read-only", "--yes"]).exits(0);
}

/// A person in front of the program, with the files of a desk.
fn sit(desk: Desk, line: &[&str]) -> (Typist, PathBuf, PathBuf) {
    let (trace, log, program) = (desk.trace.clone(), desk.log(), desk.program.clone());
    let command = format!("{} --journal {}", fixture("everyday"), trace.display());
    let env = [("EVERYDAY_MCP_COMMAND", command.as_str())];
    (
        Typist::at_desk(desk.sandbox, &program, line, &env),
        trace,
        log,
    )
}

#[test]
fn a_person_is_asked_and_sees_what_would_be_called() {
    let question = "echo has to be confirmed";
    let policy = "confirm = ['echo']\nforbid_yes = true\n";
    for (typed, code) in [
        ("y\n", 0),
        ("Yes\n", 0),
        ("\n", 4),
        ("n\n", 4),
        ("\u{4}", 4),
        ("", 130),
    ] {
        let desk = Desk::new(Kind::Bundled).policy(policy);
        let (mut typist, trace, log) = sit(desk, &["echo", "--text", "hello", "--yes"]);
        typist.at("call it? [y/N] ", typed);
        if typed.is_empty() {
            typist.interrupt();
        }
        let (exit, stdout, shown) = typist.leave();
        assert_eq!(exit, Some(code), "{typed:?} {shown}");
        assert!(shown.starts_with(question), "{shown}");
        assert!(shown.contains("\n  text = \"hello\"\n"), "{shown}");
        assert_eq!(stdout.contains("hello"), code == 0);
        assert_eq!(trace.exists(), code == 0);
        let line: Value = serde_json::from_str(fs::read_to_string(log).unwrap().trim()).unwrap();
        assert_eq!(line["exit"], code, "{line}");
        let decision = if code == 0 { "confirmed" } else { "denied" };
        assert_eq!(line["decision"], decision);
    }
    let (mut typist, ..) = sit(Desk::new(Kind::Bundled), &["delete-everything"]);
    typist.at("call it? [y/N] ", "y\n");
    let (code, _, shown) = typist.leave();
    assert_eq!(code, Some(0));
    assert!(
        shown.starts_with(
            "delete-everything is marked destructive: what it changes or deletes may be lost\n"
        ),
        "{shown}"
    );
}
