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
