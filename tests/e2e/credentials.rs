//! Where the values of slots come from, and that nobody sees them.

use std::path::{Path, PathBuf};

use mcpress_tests::{Kind, Sandbox, fixture, press};
use serde_json::{Value, json};

/// The mark of a secret in these tests.
const SECRET: &str = "s3cr3t-of-the-sandbox";

/// A program whose server wants `API_TOKEN` and may have `ORG_ID`.
fn program(sandbox: &Sandbox) -> PathBuf {
    let program = sandbox.file("vaulted");
    let server = fixture("everyday");
    let options = [
        "--command",
        &server,
        "--env",
        "API_TOKEN",
        "--env",
        "ORG_ID?",
    ];
    let sandbox = Sandbox::new().env("API_TOKEN", "for-the-introspection");
    press(&sandbox, Kind::Bundled, "vaulted", &program, &options);
    program
}

/// The length of a variable of the server's: its value is masked.
fn length(sandbox: &Sandbox, program: &Path, options: &[&str], name: &str) -> String {
    let line = ["get-env", "--name", name];
    let outcome = sandbox.run(program, options.iter().chain(&line)).exits(0);
    outcome.stdout.trim_end().to_owned()
}

fn config(sandbox: &Sandbox, text: &str) -> String {
    let file = sandbox.file("config.toml");
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn a_value_that_was_set_is_used_shown_nowhere_and_forgotten() {
    let sandbox = Sandbox::new();
    let program = program(&sandbox);
    let error = sandbox
        .run(
            &program,
            ["--output", "json", "get-env", "--name", "API_TOKEN"],
        )
        .exits(3)
        .error();
    assert_eq!(error["code"], "missing_credential");
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains("auth set API_TOKEN"),
        "{error}"
    );
    let set = ["auth", "set", "API_TOKEN", "--insecure-storage"];
    let outcome = sandbox.run_with_input(&program, set, &format!("{SECRET}\n"));
    let outcome = outcome.exits(0);
    assert!(!format!("{outcome:?}").contains(SECRET), "{outcome:?}");
    assert_eq!(length(&sandbox, &program, &[], "API_TOKEN"), "[redacted]");
    let status = sandbox
        .run(&program, ["auth", "status", "--output", "json"])
        .exits(0);
    let mut status = status.json();
    let since = status["slots"][0].as_object_mut().unwrap().remove("since");
    assert!(since.is_some_and(|since| since.as_str().unwrap().starts_with("20")));
    assert_eq!(
        status["slots"],
        json!([
            {"name": "API_TOKEN", "required": true, "secret": true, "set": true, "source": "file"},
            {"name": "ORG_ID", "required": false, "secret": true, "set": false},
        ])
    );
    sandbox
        .run(&program, ["auth", "unset", "API_TOKEN"])
        .exits(0);
    sandbox
        .run(&program, ["get-env", "--name", "API_TOKEN"])
        .exits(3);
}

#[cfg(unix)]
#[test]
fn what_is_kept_in_a_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let program = program(&sandbox);
    let set = ["auth", "set", "API_TOKEN", "--insecure-storage"];
    sandbox.run_with_input(&program, set, SECRET).exits(0);
    let mut found = Vec::new();
    let mut folders = vec![sandbox.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("credentials.json") {
                let mode =
                    |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
                found.push((mode(&path), mode(path.parent().unwrap())));
            }
        }
    }
    assert_eq!(found, [(0o600, 0o700)]);
}

#[test]
fn without_a_keychain_the_way_around_it_is_named() {
    let sandbox = Sandbox::new();
    let program = program(&sandbox);
    let outcome = sandbox.run_with_input(&program, ["auth", "set", "API_TOKEN"], SECRET);
    let outcome = outcome.exits(3);
    assert!(outcome.stderr.contains("--insecure-storage"), "{outcome:?}");
    assert!(!format!("{outcome:?}").contains(SECRET), "{outcome:?}");
}

#[test]
fn a_value_is_never_an_argument() {
    let sandbox = Sandbox::new();
    let program = program(&sandbox);
    sandbox
        .run(&program, ["auth", "set", "API_TOKEN", SECRET])
        .exits(2);
    sandbox
        .run_with_input(&program, ["auth", "set", "API_TOKEN"], "")
        .exits(2);
}

#[cfg(unix)]
#[test]
fn every_source_gives_its_value_in_the_order_that_is_promised() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new().env("ELSEWHERE_ID", "from-another-variable");
    let program = program(&sandbox);
    let value = sandbox.file("value");
    std::fs::write(&value, "from-a-file\n").unwrap();
    let value = value.display().to_string();
    let token = "[credentials.API_TOKEN]\nsource = \"command\"\ncommand = [\"echo\", \"the-token-itself\"]\n";
    let with = |org: &str| {
        config(
            &sandbox,
            &format!("{token}\n[credentials.ORG_ID]\nsecret = false\n{org}"),
        )
    };
    let get = |org: &str, more: &[&str]| {
        let file = with(org);
        let options: Vec<&str> = ["--mcp-config", &file]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        length(&sandbox, &program, &options, "ORG_ID")
    };
    let helper =
        "source = \"command\"\ncommand = [\"sh\", \"-c\", \"echo from-\\\"a\\\"-helper\"]\n";
    assert_eq!(get(helper, &[]), "from-a-helper");
    assert_eq!(
        get(helper, &["--mcp-env", "ORG_ID=from-an-option"]),
        "from-an-option"
    );
    assert_eq!(
        get("source = \"env\"\nvariable = \"ELSEWHERE_ID\"\n", &[]),
        "from-another-variable"
    );
    let file = format!("source = \"file\"\npath = \"{value}\"\n");
    // Others can read it.
    let line = ["--mcp-config", &with(&file), "get-env", "--name", "ORG_ID"].map(str::to_owned);
    let outcome = sandbox.run(&program, &line).exits(2);
    assert!(outcome.stderr.contains("chmod 600"), "{outcome:?}");
    std::fs::set_permissions(&value, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(get(&file, &[]), "from-a-file");
    assert_eq!(
        length(
            &sandbox,
            &program,
            &["--mcp-config", &with(&file)],
            "API_TOKEN"
        ),
        "[redacted]"
    );
    // A helper that fails says so, and starts no server.
    let failing = "source = \"command\"\ncommand = [\"false\"]\n";
    let line = [
        "--mcp-config",
        &with(failing),
        "get-env",
        "--name",
        "ORG_ID",
    ]
    .map(str::to_owned);
    let outcome = sandbox.run(&program, &line).exits(3);
    assert!(
        outcome.stderr.contains("credentials.ORG_ID.command"),
        "{outcome:?}"
    );
}

#[test]
fn a_wrong_configuration_is_refused_with_its_file_line_and_key() {
    let sandbox = Sandbox::new();
    let program = program(&sandbox);
    for (text, place) in [
        ("[credentials.API_TOKEN]\nsource = \"vault\"\n", ":2:"),
        (
            "[credentials.API_TOKEN]\nsource = \"env\"\ngrant_id = \"x\"\n",
            ":3: `credentials.API_TOKEN.grant_id`",
        ),
        (
            "[credentials.API_TOKEN]\nsource = \"alter\"\nprovider = \"x\"\n",
            "mode",
        ),
    ] {
        let file = config(&sandbox, text);
        let line = ["--mcp-config", &file, "get-env", "--name", "X"];
        let outcome = sandbox.run(&program, line).exits(2);
        assert!(outcome.stderr.contains(&file), "{outcome:?}");
        assert!(outcome.stderr.contains(place), "{outcome:?}");
    }
}

#[test]
fn a_secret_that_the_server_repeats_is_masked_in_every_output() {
    let sandbox = Sandbox::new().env("API_TOKEN", SECRET);
    let program = program(&sandbox);
    for output in ["text", "json", "raw"] {
        for line in [
            ["--output", output, "get-env", "--name", "API_TOKEN"].as_slice(),
            &["--output", output, "-v", "get-env", "--name", "API_TOKEN"],
            &["--output", output, "get-env", "--name", SECRET],
            &["--output", output, "--dry-run", "get-env", "--name", SECRET],
            &["--output", output, "auth", "status"],
        ] {
            let outcome = sandbox.run(&program, line);
            assert!(
                !format!("{outcome:?}").contains(SECRET),
                "{line:?} {outcome:?}"
            );
        }
    }
}

#[test]
fn values_that_are_set_at_the_same_time_are_all_kept() {
    let sandbox = Sandbox::new();
    let state = sandbox.file("state");
    let sandbox = sandbox.env("XDG_STATE_HOME", state.display().to_string());
    let program = program(&sandbox);
    let names: Vec<String> = (0..8).map(|number| format!("VALUE_{number}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            let (sandbox, program) = (&sandbox, &program);
            scope.spawn(move || {
                let line = ["auth", "set", name, "--insecure-storage"];
                sandbox.run_with_input(program, line, name).exits(0);
            });
        }
    });
    let file = state.join("vaulted/credentials.json");
    let kept: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for name in &names {
        assert_eq!(kept[name]["value"], json!(name), "{kept}");
    }
}

/// A folder of the sandbox with what is kept in it.
fn stateful(sandbox: Sandbox) -> (Sandbox, PathBuf) {
    let state = sandbox.file("state");
    let sandbox = sandbox.env("XDG_STATE_HOME", state.display().to_string());
    std::fs::create_dir_all(state.join("vaulted")).unwrap();
    (sandbox, state.join("vaulted/credentials.json"))
}

/// A file that only its owner can read.
#[cfg(unix)]
fn private(file: &Path, bytes: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(file, bytes).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

const GET: [&str; 3] = ["get-env", "--name", "API_TOKEN"];

#[cfg(unix)]
#[test]
fn a_file_that_does_not_come_to_its_end_ends_with_the_time_or_a_signal() {
    let sandbox = Sandbox::new();
    let program = program(&sandbox);
    let pipe = sandbox.file("pipe");
    let mut made = std::process::Command::new("mkfifo");
    assert!(made.arg("-m600").arg(&pipe).status().unwrap().success());
    let path = format!(
        "[credentials.API_TOKEN]\nsource = \"file\"\npath = \"{}\"\n",
        pipe.display()
    );
    let file = config(&sandbox, &path);
    let line = ["--mcp-config", &file, "--timeout", "300ms"];
    let outcome = sandbox.run(&program, line.iter().chain(&GET)).exits(6);
    assert!(
        outcome.stderr.contains("credentials.API_TOKEN.path"),
        "{outcome:?}"
    );
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let running = sandbox.spawn(&program, line[..2].iter().chain(&GET));
        std::thread::sleep(std::time::Duration::from_millis(300));
        running.signal_if_running(signal);
        let outcome = running.finish().exits(code);
        assert!(outcome.elapsed.as_secs() < 20, "{outcome:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_that_stays_open_does_not_hold_auth_set() {
    use std::process::{Command, Stdio};
    let sandbox = Sandbox::new();
    let program = program(&sandbox);
    let spawn = |more: &[&str]| {
        Command::new(&program)
            .args(["auth", "set", "API_TOKEN", "--insecure-storage"])
            .args(more)
            .env_clear()
            .env("HOME", sandbox.path())
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    // Its input stays open for as long as it runs.
    let mut child = spawn(&["--timeout", "300ms"]);
    let open = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(6));
    drop(open);
    let mut child = spawn(&[]);
    let open = child.stdin.take();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let id = child.id().to_string();
    assert!(Command::new("kill").arg(id).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    drop(open);
}

#[test]
fn a_value_is_kept_whole_or_not_at_all() {
    let (sandbox, kept) = stateful(Sandbox::new());
    let program = program(&sandbox);
    let set = ["auth", "set", "API_TOKEN", "--insecure-storage"];
    let longest = "x".repeat(64 << 10);
    let outcome = sandbox.run_with_input(&program, set, &format!("{longest}y"));
    let outcome = outcome.exits(2);
    assert!(outcome.stderr.contains("longer than 64 KiB"), "{outcome:?}");
    assert!(!kept.exists());
    sandbox
        .run_with_input(&program, set, &format!("{longest}\r\n"))
        .exits(0);
    let text = std::fs::read_to_string(&kept).unwrap();
    assert!(text.contains(&longest), "{}", text.len());
    let binary = sandbox.file("binary");
    std::fs::write(&binary, b"\xff\xfe").unwrap();
    let outcome = std::process::Command::new(&program)
        .args(set)
        .env_clear()
        .env("HOME", sandbox.path())
        .stdin(std::fs::File::open(binary).unwrap())
        .output()
        .unwrap();
    assert_eq!(outcome.status.code(), Some(2), "{outcome:?}");
}

#[cfg(unix)]
#[test]
fn a_store_that_was_written_by_hand_is_not_repeated_and_holds_nobody_up() {
    let (sandbox, kept) = stateful(Sandbox::new());
    let program = program(&sandbox);
    for text in [
        format!("{{\"API_TOKEN\": \"{SECRET}\"}}"),
        format!("{{\"API_TOKEN\": {{\"kept\": \"{SECRET}"),
        String::new(),
    ] {
        private(&kept, text.as_bytes());
        for line in [
            GET.as_slice(),
            &["auth", "unset", "API_TOKEN"],
            &["auth", "status"],
        ] {
            let outcome = sandbox.run(&program, line).exits(3);
            assert!(!format!("{outcome:?}").contains(SECRET), "{outcome:?}");
            assert!(
                outcome.stderr.contains("credentials.json:1:"),
                "{outcome:?}"
            );
            assert!(outcome.stderr.contains("mv "), "{outcome:?}");
        }
        let set = ["auth", "set", "API_TOKEN", "--insecure-storage"];
        let outcome = sandbox
            .run_with_input(&program, set, "another-value")
            .exits(0);
        assert!(
            outcome.stderr.contains("credentials.broken-"),
            "{outcome:?}"
        );
        assert!(!format!("{outcome:?}").contains(SECRET), "{outcome:?}");
        assert_eq!(length(&sandbox, &program, &[], "API_TOKEN"), "[redacted]");
    }
}

#[cfg(unix)]
#[test]
fn a_store_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (sandbox, kept) = stateful(Sandbox::new());
    let program = program(&sandbox);
    let set = ["auth", "set", "API_TOKEN", "--insecure-storage"];
    sandbox.run_with_input(&program, set, SECRET).exits(0);
    std::fs::set_permissions(&kept, std::fs::Permissions::from_mode(0o644)).unwrap();
    let outcome = sandbox.run(&program, GET).exits(2);
    assert!(outcome.stderr.contains("chmod 600"), "{outcome:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn there_is_a_way_out_of_a_keychain_that_is_gone() {
    let (sandbox, kept) = stateful(Sandbox::new());
    let program = program(&sandbox);
    let index = br#"{"API_TOKEN": {"kept": "keychain", "set": 1}, "ORG_ID": {"kept": "keychain", "set": 1}}"#;
    private(&kept, index);
    let set = ["auth", "set", "API_TOKEN", "--insecure-storage"];
    let outcome = sandbox.run_with_input(&program, set, SECRET).exits(0);
    assert!(outcome.stderr.contains("keychain"), "{outcome:?}");
    // The one that is optional is missed, and that is said.
    let outcome = sandbox.run(&program, GET).exits(0);
    assert!(outcome.stderr.contains("ORG_ID"), "{outcome:?}");
    let outcome = sandbox.run(&program, ["auth", "unset", "ORG_ID"]).exits(0);
    assert!(outcome.stderr.contains("keychain"), "{outcome:?}");
    let outcome = sandbox.run(&program, GET).exits(0);
    assert_eq!(outcome.stderr, "");
    // Where the configuration insists on the keychain, the hint says where.
    let file = config(&sandbox, "[credentials.API_TOKEN]\nsource = \"keychain\"\n");
    let with = ["--mcp-config", &file];
    let outcome = sandbox.run(&program, with.iter().chain(&GET)).exits(3);
    assert!(outcome.stderr.contains(&format!("{file}:2")), "{outcome:?}");
    let outcome = sandbox.run_with_input(&program, with.iter().chain(&set), SECRET);
    let outcome = outcome.exits(0);
    assert!(outcome.stderr.contains(&format!("{file}:2")), "{outcome:?}");
    let outcome = sandbox.run(&program, with.iter().chain(&["auth", "status"]));
    assert!(!outcome.exits(0).stdout.contains("since"));
}

#[test]
fn a_hint_mends_what_it_is_for() {
    let sandbox = Sandbox::new();
    let program = program(&sandbox);
    let fails = |text: &str, code: i32| {
        let file = config(&sandbox, text);
        let line = ["--mcp-config", &file, "-o", "json"];
        let error = sandbox.run(&program, line.iter().chain(&GET)).exits(code);
        let text = error.error().to_string();
        assert!(!text.contains(SECRET), "{text}");
        assert!(text.contains(&format!("{file}:")), "{text}");
        text
    };
    let slot = |text: &str| format!("[credentials.API_TOKEN]\nsource = {text}\n");
    let error = fails(&slot("\"env\"\nvariable = \"OTHER\""), 3);
    assert!(error.contains("export OTHER="), "{error}");
    let error = fails(&slot("\"file\"\npath = \"/nowhere/at-all\""), 3);
    assert!(error.contains("credentials.API_TOKEN.path"), "{error}");
    let error = fails(&slot("\"file\""), 3);
    assert!(error.contains("--insecure-storage"), "{error}");
    fails(&slot(&format!("\"command\"\ncommand = [\"{SECRET}\"]")), 3);
    let alter = "\"alter\"\nmode = \"env\"\nprovider = \"x\"\n";
    let error = fails(&slot(&format!("{alter}user_token = \"env:NOPE\"")), 3);
    assert!(
        error.contains("credentials.API_TOKEN.user_token"),
        "{error}"
    );
    assert!(error.contains("NOPE"), "{error}");
    fails(&slot(&format!("{alter}user_token = \"@/nowhere\"")), 3);
    for text in [
        format!("{alter}user_token = \"{SECRET}\""),
        format!("{alter}user_token = \"env:\""),
        format!("{alter}field = \"\""),
        format!("\"alter\"\nmode = \"env\"\ngrant_id = \"{SECRET}\""),
        "\"alter\"\nmode = \"env\"\nprovider = \"\"".to_owned(),
        "\"alter\"\nmode = \"derive\"\nlabel = \"x\"".to_owned(),
        "\"alter\"\nmode = \"header\"\nprovider = \"x\"".to_owned(),
        "\"env\"\nvariable = \"ALTER_API_KEY\"".to_owned(),
    ] {
        let error = fails(&slot(&text), 2);
        assert!(error.contains("credentials.API_TOKEN."), "{error}");
    }
    let file = config(
        &sandbox,
        &slot(&format!("{alter}user_token = \"env:NOPE\"")),
    );
    let line = ["--mcp-config", &file, "auth", "status", "-o", "json"];
    let status = sandbox.run(&program, line).exits(0).json();
    assert_eq!(status["slots"][0]["set"], false, "{status}");
    let line = ["--mcp-config", "/nowhere/config.toml"];
    sandbox.run(&program, line.iter().chain(&GET)).exits(2);
}

#[cfg(unix)]
#[test]
fn what_is_empty_or_too_long_fills_no_slot() {
    let sandbox = Sandbox::new();
    let program = program(&sandbox);
    let file = sandbox.file("empty");
    private(&file, b"\n");
    let text = format!(
        "[credentials.API_TOKEN]\nsource = \"file\"\npath = \"~/{}\"\n",
        file.file_name().unwrap().to_str().unwrap()
    );
    let config = config(&sandbox, &text);
    let with = ["--mcp-config", &config];
    let outcome = sandbox.run(&program, with.iter().chain(&GET)).exits(3);
    assert!(
        outcome
            .stderr
            .contains("API_TOKEN cannot be used: it is empty"),
        "{outcome:?}"
    );
    private(&file, &[b'x'; (64 << 10) + 1]);
    let outcome = sandbox.run(&program, with.iter().chain(&GET)).exits(3);
    assert!(outcome.stderr.contains("longer than 64 KiB"), "{outcome:?}");
    private(&file, SECRET.as_bytes());
    sandbox.run(&program, with.iter().chain(&GET)).exits(0);
    let outcome = sandbox.run(&program, ["--mcp-env", "API_TOKEN="].iter().chain(&GET));
    let outcome = outcome.exits(2);
    assert!(
        outcome.stderr.contains("API_TOKEN cannot be used"),
        "{outcome:?}"
    );
}

#[cfg(unix)]
#[test]
fn a_helper_has_its_time_and_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let program = program(&sandbox);
    let mark = sandbox.file("mark").display().to_string();
    let run = |script: &str, more: &[&str]| {
        let text = format!(
            "[credentials.API_TOKEN]\nsource = \"command\"\ncommand = [\"sh\", \"-c\", \"{script}\"]\n"
        );
        let file = config(&sandbox, &text);
        let line = ["--mcp-config", &file];
        let line = line.iter().chain(more).chain(&GET);
        let outcome = sandbox.run(&program, line);
        assert!(outcome.elapsed.as_secs() < 20, "{outcome:?}");
        outcome
    };
    run("sleep 60 & wait", &["--timeout", "300ms"]).exits(6);
    // What a helper has started does not go on.
    let writes = format!("(sleep 2; echo > {mark}) & wait");
    run(&writes, &["--timeout", "300ms"]).exits(6);
    let outcome = run("sleep 60 & echo the-value-itself", &[]).exits(0);
    assert_eq!(outcome.stdout.trim_end(), "[redacted]");
    let outcome = run("yes", &[]).exits(3);
    assert!(outcome.stderr.contains("more than 64 KiB"), "{outcome:?}");
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(!Path::new(&mark).exists());
}

#[test]
fn what_is_kept_and_asked_for_by_nobody_is_seen() {
    let sandbox = Sandbox::new();
    let program = program(&sandbox);
    let set = ["auth", "set", "FORMER_TOKEN", "--insecure-storage"];
    sandbox.run_with_input(&program, set, SECRET).exits(0);
    let status = sandbox.run(&program, ["auth", "status"]).exits(0);
    assert!(status.stdout.contains("FORMER_TOKEN"), "{status:?}");
    let status = sandbox.run(&program, ["auth", "status", "-o", "json"]);
    assert_eq!(status.exits(0).json()["kept"][0]["name"], "FORMER_TOKEN");
    for line in [
        ["auth", "set", &format!("API_TOKEN={SECRET}")].as_slice(),
        &["auth", "set", "API_TOKEN", SECRET],
        &["auth", "unset", &format!("API_TOKEN={SECRET}")],
    ] {
        let outcome = sandbox.run(&program, line).exits(2);
        assert!(!outcome.stderr.contains(SECRET), "{outcome:?}");
    }
    let set = ["auth", "set", "ALTER_API_KEY", "--insecure-storage"];
    let outcome = sandbox.run_with_input(&program, set, SECRET);
    // A program without a vault knows no keys.
    assert!(matches!(outcome.code, Some(0 | 2)), "{outcome:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_that_a_terminal_has_cut_off_is_not_kept() {
    use crate::asking::Typist;
    let home = Sandbox::new();
    let program = program(&home);
    for (length, code) in [(5000, 2), (4000, 0)] {
        let line = ["auth", "set", "API_TOKEN", "--insecure-storage"];
        let mut typist = Typist::at_desk(Sandbox::new(), &program, &line, &[]);
        typist.at("API_TOKEN: ", &format!("{}\n", "x".repeat(length)));
        let (ended, _, shown) = typist.leave();
        assert_eq!(ended, Some(code), "{length}: {shown}");
        assert_eq!(shown.contains("pipe it in"), code == 2, "{shown}");
    }
}

#[cfg(unix)]
#[test]
fn a_configuration_may_come_out_of_a_pipe() {
    let sandbox = Sandbox::new();
    let program = program(&sandbox);
    let text = format!(
        "[credentials.API_TOKEN]\nsource = \"command\"\ncommand = [\"echo\", \"{SECRET}\"]\n"
    );
    let fallback = "--mcp-command false --mcp-fallback-command";
    for more in ["", &format!("{fallback} '{}'", fixture("everyday"))] {
        let script = format!(
            "{} --mcp-config <(printf '%s' \"$0\") {more} get-env --name API_TOKEN",
            program.display()
        );
        let outcome = sandbox.run(Path::new("bash"), ["-c", &script, &text]);
        assert_eq!(outcome.exits(0).stdout, "[redacted]\n");
    }
    let line = [
        "--mcp-config",
        "/dev/null",
        "--mcp-env",
        "API_TOKEN=x12345",
        "self",
        "info",
    ];
    sandbox.run(&program, line).exits(0);
}
