//! Which calls may be made, by whom, and how many.

use super::*;

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
