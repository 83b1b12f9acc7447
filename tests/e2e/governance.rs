//! What may be called, who agrees to it, and what is written down of it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use mcpress_tests::{Kind, Outcome, Running, Sandbox, fixture, press, pressed, wait_until};
use serde_json::{Value, json};

use crate::asking::Typist;

/// The secret that the tokens are signed with.
const SECRET: &str = "a secret of the tests, of 32 bytes or more";
/// A token of Ada's, who is a keeper for all the time that these tests will be run in.
const KEEPER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJyb2xlcyI6WyJrZWVwZXIiXSwiZXhwIjo0MTAyNDQ0ODAwfQ.twxkIycIEwYbvToYjYhl0wgL08FOXvKt_0H0cSHtVQ8";
/// One that she had once.
const ENDED: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJyb2xlcyI6WyJrZWVwZXIiXSwiZXhwIjoxNzAwMDAwMDAwfQ.Tn7YPhPt_8DuLadL_Vp9uTlGAutwUu2pgfyuZq6TA90";

/// A program of the everyday server, which leaves a trace when it is started.
struct Desk {
    sandbox: Sandbox,
    program: PathBuf,
    trace: PathBuf,
}

impl Desk {
    fn new(kind: Kind) -> Self {
        Self::with(Sandbox::new(), kind)
    }

    fn with(sandbox: Sandbox, kind: Kind) -> Self {
        let trace = sandbox.file("trace");
        let command = format!("{} --journal {}", fixture("everyday"), trace.display());
        Self {
            sandbox: sandbox.env("EVERYDAY_MCP_COMMAND", command),
            program: pressed(kind, "everyday"),
            trace,
        }
    }

    /// The same with a file in the folder of the program's configuration.
    fn config(self, name: &str, text: &str) -> Self {
        let folder = self.sandbox.file(".config/everyday");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
        self
    }

    fn policy(self, text: &str) -> Self {
        self.config("policy.toml", text)
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sandbox = self.sandbox.env(name, value);
        self
    }

    #[track_caller]
    fn run<const N: usize>(&self, line: [&str; N]) -> Outcome {
        self.sandbox.run(&self.program, line)
    }

    #[track_caller]
    fn spawn<const N: usize>(&self, line: [&str; N]) -> Running {
        self.sandbox.spawn(&self.program, line)
    }

    /// The same, refused with this code; gives the message.
    #[track_caller]
    fn refused<const N: usize>(&self, line: [&str; N], code: &str) -> String {
        let line = line.iter().chain(&["-o", "json"]);
        let outcome = self.sandbox.run(&self.program, line).exits(4);
        assert_eq!(outcome.stdout, "");
        let error = outcome.error();
        assert_eq!((&error["code"], &error["exit"]), (&json!(code), &json!(4)));
        error["message"].as_str().unwrap().to_owned()
    }

    fn was_started(&self) -> bool {
        self.trace.exists()
    }

    fn log(&self) -> PathBuf {
        self.sandbox.file(".local/state/everyday/audit.jsonl")
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What is written down of the last call.
    #[track_caller]
    fn last(&self) -> Value {
        serde_json::from_str(self.lines().last().unwrap()).unwrap()
    }

    #[track_caller]
    fn verified(&self, code: i32) -> Value {
        let line = ["self", "audit", "verify", "-o", "json"];
        self.run(line).exits(code).json()
    }
}

#[test]
fn a_policy_refuses_before_the_server_is_started_and_names_the_rule() {
    for kind in Kind::BOTH {
        let policy = "deny = [\n  \"add*\",\n  \"annotation:destructive\",\n]\n";
        let desk = Desk::new(kind).policy(policy);
        let file = desk.sandbox.file(".config/everyday/policy.toml");
        let rule = format!("({}:2: deny \"add*\")", file.display());
        for line in [
            &["add", "--a", "1", "--b", "2"][..],
            &["add", "--a", "not a number"],
            &["add", "--a", "1", "--b", "2", "--dry-run"],
            &["call", "add", "--args", "{not JSON"],
            &["call", "add_more", "--args", "{}"],
            &["--yes", "call", "addMore"],
        ] {
            let line: Vec<&str> = line.iter().copied().chain(["-o", "json"]).collect();
            let outcome = desk.sandbox.run(&desk.program, &line).exits(4);
            let error = outcome.error();
            assert_eq!(error["code"], "policy_denied", "{line:?}");
            let message = error["message"].as_str().unwrap();
            assert!(message.ends_with(&rule), "{message}");
        }
        let message = desk.refused(["delete-everything", "--yes"], "policy_denied");
        assert!(
            message.ends_with("policy.toml:3: deny \"annotation:destructive\")"),
            "{message}"
        );
        assert!(!desk.was_started());
        desk.run(["echo", "--text", "x"]).exits(0);
        assert!(desk.was_started());
    }
}

#[test]
fn a_policy_refuses_before_a_credential_is_looked_at() {
    let sandbox = Sandbox::new();
    let program = sandbox.file("zoo");
    let options = ["--command", &fixture("everyday"), "--env", "KEEPER"];
    let given = Sandbox::new().env("KEEPER", "x");
    press(&given, Kind::Bundled, "zoo", &program, &options);
    sandbox.run(&program, ["echo", "--text", "x"]).exits(3);
    fs::create_dir_all(sandbox.file(".config/zoo")).unwrap();
    fs::write(sandbox.file(".config/zoo/policy.toml"), "deny = ['echo']").unwrap();
    sandbox.run(&program, ["echo", "--text", "x"]).exits(4);
}

#[test]
fn the_configuration_has_rules_too_and_neither_widens_the_other() {
    let desk = Desk::new(Kind::Bundled)
        .policy("allow = ['echo', 'add']")
        .config("config.toml", "[policy]\nallow = ['*']\ndeny = ['add']\n");
    desk.run(["echo", "--text", "x"]).exits(0);
    let message = desk.refused(["add", "--a", "1", "--b", "2"], "policy_denied");
    assert!(
        message.ends_with("config.toml:3: deny \"add\")"),
        "{message}"
    );
    let message = desk.refused(["log"], "policy_denied");
    assert!(
        message.ends_with("policy.toml: no allow names it)"),
        "{message}"
    );
}

#[test]
fn a_rule_that_is_not_understood_is_not_skipped() {
    for (text, words) in [
        (
            "deny = ['x']\n\nalow = []",
            "policy.toml:3: unknown key `alow`",
        ),
        (
            "deny = ['annotation:bad']",
            "policy.toml:1: `deny`: no annotation `bad`",
        ),
        ("deny = 'x'", "policy.toml:1: `deny`:"),
    ] {
        let desk = Desk::new(Kind::Bundled).policy(text);
        let message = desk.refused(["echo", "--text", "x"], "policy_unreadable");
        assert!(message.contains(words), "{message}");
        assert!(!desk.was_started());
        let line = desk.last();
        assert_eq!(
            (&line["decision"], &line["error"]),
            (&json!("denied"), &json!("policy_unreadable"))
        );
        // What was written down can be looked at all the same.
        let list = desk.run(["self", "audit", "list"]).exits(0);
        assert!(list.stdout.contains("denied"), "{list:?}");
        assert!(list.stderr.contains("warning: "), "{list:?}");
        assert!(list.stderr.contains(words), "{list:?}");
    }
    let desk = Desk::new(Kind::Bundled).config("config.toml", "[policy]\ndenny = []\n");
    let message = desk.refused(["echo", "--text", "x"], "policy_unreadable");
    assert!(message.contains("config.toml:2: unknown key"), "{message}");
}

#[cfg(unix)]
#[test]
fn a_policy_that_is_no_file_is_not_taken_for_none() {
    let policy = ".config/everyday/policy.toml";
    let refused = |desk: Desk, words: &str| {
        let message = desk.refused(["echo", "--text", "x"], "policy_unreadable");
        assert!(message.contains(words), "{message}");
        assert!(!desk.was_started());
        assert_eq!(desk.last()["error"], "policy_unreadable");
    };
    let desk = || Desk::new(Kind::Bundled).config("other", "");
    let dangling = desk();
    std::os::unix::fs::symlink("/no/such/file", dangling.sandbox.file(policy)).unwrap();
    refused(dangling, "leads nowhere");
    let folder = desk();
    fs::create_dir(folder.sandbox.file(policy)).unwrap();
    refused(folder, "no regular file");
    // Nobody writes into it, and nobody waits for that.
    let pipe = desk();
    let made = Command::new("mkfifo")
        .arg(pipe.sandbox.file(policy))
        .status();
    assert!(made.unwrap().success());
    refused(pipe, "no regular file");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_turns_nothing_off() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = |bytes: &[u8]| std::ffi::OsString::from_vec(bytes.to_vec());
    let desk = Desk::new(Kind::Bundled);
    let run = |name: &str, value: &[u8], line: &[&str]| {
        let mut command = Command::new(&desk.program);
        command
            .args(line)
            .env_clear()
            .env("HOME", desk.sandbox.path());
        let output = command.env(name, bytes(value)).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), stderr)
    };
    let (code, stderr) = run(
        "RESTRICTED_TOOLS",
        b"add,\xff",
        &["add", "--a", "1", "--b", "2"],
    );
    assert_eq!(code, Some(4), "{stderr}");
    assert!(stderr.contains("RESTRICTED_TOOLS has `add`"), "{stderr}");
    for name in ["EVERYDAY_MCP_CONFIG", "EVERYDAY_IDENTITY", "MCPRESS_RUN_ID"] {
        let (code, stderr) = run(name, b"a\xff", &["echo", "--text", "x"]);
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains(name), "{stderr}");
    }
    // The rules are found in a folder of any name.
    let folder = desk.sandbox.path().join(bytes(b"\xff"));
    fs::create_dir_all(folder.join("everyday")).unwrap();
    fs::write(folder.join("everyday/policy.toml"), "deny = ['echo']").unwrap();
    let folder = folder.into_os_string().into_vec();
    let (code, stderr) = run("XDG_CONFIG_HOME", &folder, &["echo", "--text", "x"]);
    assert_eq!(code, Some(4), "{stderr}");
}

#[test]
fn what_a_program_was_made_without_it_does_not_call() {
    for (kind, option, refused) in [
        (
            Kind::Bundled,
            &["--read-only"][..],
            &["delete_everything", "deleteEverything", "gained"][..],
        ),
        (
            Kind::Compiled,
            &["--exclude-tools", "delete_*"],
            &["delete_everything"],
        ),
        (
            Kind::Bundled,
            &["--include-tools", "read_only,echo"],
            &["delete-everything", "add"],
        ),
    ] {
        let sandbox = Sandbox::new();
        let program = sandbox.file("zoo");
        let trace = sandbox.file("trace");
        let server = format!("{} --journal {}", fixture("everyday"), trace.display());
        let plain = fixture("everyday");
        let options = [&["--command", plain.as_str()], option].concat();
        press(&Sandbox::new(), kind, "zoo", &program, &options);
        let sandbox = sandbox.env("ZOO_MCP_COMMAND", server);
        for tool in refused {
            for more in [&["--yes"][..], &["--dry-run"]] {
                let line = [&["call", tool, "-o", "json"], more].concat();
                let error = sandbox.run(&program, &line).exits(4).error();
                assert_eq!(error["code"], "left_out", "{line:?}");
                let hint = error["hint"].as_str().unwrap();
                assert!(hint.contains("mcpress call"), "{hint}");
            }
        }
        assert!(!trace.exists());
        let log = fs::read_to_string(sandbox.file(".local/state/zoo/audit.jsonl")).unwrap();
        assert_eq!(log.lines().count(), refused.len());
        assert!(log.contains("\"error\":\"left_out\""), "{log}");
        sandbox.run(&program, ["call", "read_only"]).exits(0);
        // Only what is known to have been left out is not the program's, unless it was to be read-only.
        if option != ["--read-only"] {
            sandbox.run(&program, ["call", "gained"]).exits(2);
        }
    }
}

#[test]
fn resources_and_prompts_come_by_the_same_door() {
    let readme = ["resource", "read", "fixture://everyday/readme"];
    let greet = ["prompt", "get", "greet", "--name", "Ada"];
    let desk = Desk::new(Kind::Bundled).policy("read_only = true\n");
    desk.run(readme).exits(0);
    desk.run(greet).exits(0);
    desk.run(["resource", "read", "echo", "--text", "hidden-words"])
        .exits(0);
    let calls = desk.run(["self", "audit", "list"]).exits(0).stdout;
    for name in [
        "resource:fixture://everyday/readme",
        "prompt:greet",
        "resource:fixture://everyday/echo/{text}",
    ] {
        assert!(calls.contains(name), "{calls}");
    }
    let log = fs::read_to_string(desk.log()).unwrap();
    assert!(
        !log.contains("hidden-words") && !log.contains("Ada"),
        "{log}"
    );
    assert_eq!(desk.last()["decision"], "allowed");
    desk.run([
        "self",
        "audit",
        "list",
        "--tool",
        "resource:*",
        "-o",
        "json",
    ])
    .exits(0);

    let desk = Desk::new(Kind::Bundled).policy("deny = ['resource:*readme', 'prompt:greet']\n");
    let message = desk.refused(readme, "policy_denied");
    assert!(
        message.starts_with("fixture://everyday/readme may not be read (")
            && message.ends_with("policy.toml:1: deny \"resource:*readme\")"),
        "{message}"
    );
    desk.refused(greet, "policy_denied");
    desk.refused(["resource", "subscribe", readme[2]], "policy_denied");
    let dry = ["resource", "read", "fixture://everyday/readme", "--dry-run"];
    desk.refused(dry, "policy_denied");
    assert!(!desk.was_started());
    assert_eq!(
        (&desk.last()["tool"], &desk.last()["exit"]),
        (&json!("resource:fixture://everyday/readme"), &json!(4))
    );
    desk.run(["resource", "read", "fixture://everyday/pixel"])
        .exits(0);

    // Several that are watched at once are counted as one.
    let library = Sandbox::new();
    fs::create_dir_all(library.file(".config/library")).unwrap();
    let policy = "[limits]\nat_once = 1\nper_minute = 1\n";
    fs::write(library.file(".config/library/policy.toml"), policy).unwrap();
    let watch = [
        "resource",
        "subscribe",
        "library://rules",
        "library://catalogue",
    ];
    let line = watch.iter().chain(&["--timeout", "500ms"]);
    library
        .run(&pressed(Kind::Bundled, "library"), line)
        .exits(0);
    let outcome = library.run(&pressed(Kind::Bundled, "library"), watch);
    assert!(outcome.exits(4).stderr.contains("limits.per_minute = 1"));

    for policy in ["deny = ['*']", "allow = ['get_*']"] {
        let desk = Desk::new(Kind::Bundled).policy(policy);
        desk.refused(readme, "policy_denied");
        desk.refused(greet, "policy_denied");
        desk.refused(["self", "tasks", "wait", "7"], "policy_denied");
        desk.refused(["self", "tasks", "cancel", "7"], "policy_denied");
        assert_eq!(desk.last()["tool"], "task:7");
        assert!(!desk.was_started());
    }
    for (policy, code) in [
        (
            "[identity]\nsecret_file = 'secret'\nrequired = true\n",
            "policy_denied",
        ),
        ("denny = []", "policy_unreadable"),
    ] {
        let desk = Desk::new(Kind::Bundled).policy(policy);
        desk.refused(readme, code);
        desk.refused(greet, code);
        desk.refused(["resource", "list"], code);
        desk.refused(["resource", "templates"], code);
        desk.refused(["prompt", "list"], code);
        desk.refused(["self", "tasks", "list"], code);
        desk.refused(["self", "tasks", "get", "7"], code);
        assert!(!desk.was_started());
    }
}

#[test]
fn restricted_tools_are_neither_shown_nor_called() {
    let desk = Desk::new(Kind::Bundled).env("RESTRICTED_TOOLS", "add, delete_everything,get-env");
    for line in [
        &["--help"][..],
        &["-h"],
        &["self", "tools"],
        &["self", "tools", "-o", "json"],
        &["self", "complete", "fish", "--word=", "--"],
    ] {
        let outcome = desk.sandbox.run(&desk.program, line);
        assert!(outcome.stdout.contains("echo"), "{outcome:?}");
        for tool in ["delete-everything", "get-env", "\nadd", "  add "] {
            assert!(
                !outcome.stdout.contains(tool),
                "{line:?} {tool} {outcome:?}"
            );
        }
    }
    let message = desk.refused(["add", "--a", "1", "--b", "2"], "policy_denied");
    assert_eq!(
        message,
        "add may not be called (RESTRICTED_TOOLS has `add`)"
    );
    desk.refused(["call", "get_env"], "policy_denied");
    desk.refused(["delete-everything", "--yes"], "policy_denied");
    assert!(!desk.was_started());
}

#[test]
fn roles_select_rules() {
    let policy = "allow = ['echo']\n[identity]\nsecret_file = 'secret'\n\
                  [roles.keeper]\nallow = ['add', 'read_only']\n";
    let desk = Desk::new(Kind::Bundled)
        .policy(policy)
        .config("secret", SECRET);
    let secret = desk.sandbox.file(".config/everyday/secret");
    Command::new("chmod")
        .arg("600")
        .arg(&secret)
        .status()
        .unwrap();
    let token = desk.sandbox.file("token");
    fs::write(&token, KEEPER).unwrap();
    let at = format!("@{}", token.display());
    desk.run(["echo", "--text", "x"]).exits(0);
    desk.refused(["add", "--a", "1", "--b", "2"], "policy_denied");
    let outcome = desk
        .run(["add", "--a", "1", "--b", "2", "--mcp-identity", &at])
        .exits(0);
    assert_eq!(outcome.stderr, "");
    let line = desk.last();
    assert_eq!(
        (&line["subject"], &line["roles"]),
        (&json!("ada"), &json!(["keeper"]))
    );
    assert!(
        line["rule"]
            .as_str()
            .unwrap()
            .ends_with("policy.toml:5: allow \"add\""),
        "{line}"
    );
    let desk = desk.env("WHO", KEEPER);
    desk.run(["--mcp-identity", "env:WHO", "read-only"])
        .exits(0);
    desk.refused(["log", "--mcp-identity", "env:WHO"], "policy_denied");
    let desk = desk.env("EVERYDAY_IDENTITY", KEEPER);
    desk.run(["read-only"]).exits(0);
    // A token that is not taken is worse than none.
    let message = desk.refused(
        ["echo", "--text", "x", "--mcp-identity", ENDED],
        "identity_refused",
    );
    assert_eq!(
        message,
        "the identity is not taken: it ended at 2023-11-14T22:13:20.000Z"
    );
    let forged = format!("{}x", &KEEPER[..KEEPER.len() - 1]);
    let message = desk.refused(
        ["echo", "--text", "x", "--mcp-identity", &forged],
        "identity_refused",
    );
    assert!(!message.contains(&forged[..40]), "{message}");
    // None of them is written down.
    let log = fs::read_to_string(desk.log()).unwrap();
    assert!(!log.contains(&KEEPER[..20]), "{log}");
    // Without a word on how to check it, it says nothing.
    let outcome = Desk::new(Kind::Bundled)
        .run(["echo", "--text", "x", "--mcp-identity", KEEPER])
        .exits(2);
    assert!(
        outcome.stderr.contains("no policy says how it is checked"),
        "{outcome:?}"
    );
}

#[test]
fn calls_a_minute_and_at_once_are_limited_across_processes() {
    let desk = Desk::new(Kind::Bundled).policy("[limits]\nper_minute = 2\n");
    desk.run(["echo", "--text", "x"]).exits(0);
    desk.run(["echo", "--text", "x"]).exits(0);
    let error = desk
        .run(["echo", "--text", "x", "-o", "json"])
        .exits(4)
        .error();
    assert_eq!(
        (&error["code"], &error["retryable"]),
        (&json!("limit_reached"), &json!(true))
    );
    assert!(
        error["hint"].as_str().unwrap().starts_with("try again in "),
        "{error}"
    );
    assert_eq!(desk.last()["decision"], "denied");

    let desk = Desk::new(Kind::Bundled).policy("[limits]\nat_once = 1\n");
    let running = desk.spawn(["sleep", "--ms", "20000"]);
    wait_until("the first call runs", || desk.was_started());
    let message = desk.refused(["echo", "--text", "x"], "limit_reached");
    assert!(
        message.ends_with("policy.toml:2: limits.at_once = 1)"),
        "{message}"
    );
    // However a call ends, its place is free again.
    running.signal_if_running("KILL");
    running.finish();
    desk.run(["echo", "--text", "x"]).exits(0);
}

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
