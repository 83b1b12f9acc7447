//! Values that a program needs and never holds.

use mcpress_tests::{Kind, Sandbox, fixture, mcpress, press};

const MARK: &str = "hunter2-7c1f9e";

#[test]
fn missing_slots_are_all_named_before_anything_is_started() {
    let sandbox = Sandbox::new();
    for kind in Kind::BOTH {
        let program = sandbox.file(&format!("needy-{kind:?}"));
        let options = [
            "--command",
            &fixture("everyday"),
            "--env",
            "ORG_ID=now",
            "--env",
            "API_KEY=now",
            "--env",
            "LEVEL?",
        ];
        press(&sandbox, kind, "needy", &program, &options);
        let outcome = sandbox
            .run(&program, ["echo", "--text", "x", "-o", "json"])
            .exits(3);
        assert_eq!(outcome.error()["code"], "missing_credential");
        assert_eq!(
            outcome.error()["missing"],
            serde_json::json!(["API_KEY", "ORG_ID"])
        );
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn the_server_gets_its_slots_and_the_allowed_list_and_nothing_else() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new()
            .env("ORG_ID", "from-the-caller")
            .env("UNRELATED_ID", MARK)
            .env("LC_ALL", "C");
        let program = sandbox.file("asks");
        let options = [
            "--command",
            &fixture("everyday"),
            "--env",
            "ORG_ID",
            "--env",
            "LEVEL?",
        ];
        press(&sandbox, kind, "asks", &program, &options);
        let get = |options: &[&str], name: &str| {
            let line = ["get-env", "--name", name];
            sandbox.run(&program, options.iter().chain(&line))
        };
        assert_eq!(get(&[], "ORG_ID").exits(0).stdout, "from-the-caller\n");
        assert_eq!(
            get(&["--mcp-env", "ORG_ID=by-hand"], "ORG_ID")
                .exits(0)
                .stdout,
            "by-hand\n"
        );
        assert_eq!(get(&[], "LC_ALL").exits(0).stdout, "C\n");
        get(&[], "LEVEL").exits(1);
        get(&[], "UNRELATED_ID").exits(1);
        assert_eq!(
            get(&["--mcp-env", "UNRELATED_ID"], "UNRELATED_ID")
                .exits(0)
                .stdout,
            format!("{MARK}\n")
        );
    }
}

#[test]
fn a_value_given_at_generation_is_nowhere_afterwards() {
    let sandbox = Sandbox::new();
    let config = sandbox.file("config.json");
    let (program, arguments) = split(&fixture("everyday"));
    let servers = serde_json::json!({"mcpServers": {"marked": {
        "command": program, "args": [arguments], "env": {"FROM_CONFIG": format!("{MARK}-config")},
    }}});
    std::fs::write(&config, servers.to_string()).unwrap();
    let mut said = String::new();
    for kind in Kind::BOTH {
        let folder = sandbox.file(&format!("made-{kind:?}"));
        std::fs::create_dir(&folder).unwrap();
        let program = folder.join("marked");
        let path = program.to_str().unwrap();
        let config = config.to_str().unwrap();
        let env = format!("ON_THE_LINE={MARK}-line");
        let mut line = vec![
            "generate-cli",
            "marked",
            "--config",
            config,
            "--env",
            &env,
            "--report",
            "json",
        ];
        let crate_folder = folder.join("crate");
        match kind {
            Kind::Compiled => line.extend([
                "--profile",
                "dev",
                "--out",
                crate_folder.to_str().unwrap(),
                "--compile",
                path,
            ]),
            Kind::Bundled => line.extend(["--bundle", path]),
        }
        let made = sandbox.run(mcpress(), line).exits(0);
        said += &(made.stdout + &made.stderr);
        for line in [
            &["--help"][..],
            &["self", "info", "-o", "json"],
            &["self", "capture"],
            &["echo", "--text", "x"],
            &["echo", "--text", "x", "--dry-run"],
        ] {
            let run = sandbox.run(&program, line);
            said += &(run.stdout + &run.stderr);
        }
        assert_not_in_files(&folder);
    }
    assert!(!said.contains(MARK), "{said}");
}

fn split(line: &str) -> (String, String) {
    let (program, arguments) = line.rsplit_once(' ').unwrap();
    (program.to_owned(), arguments.to_owned())
}

#[track_caller]
fn assert_not_in_files(folder: &std::path::Path) {
    let mut files = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(MARK.len())
                .any(|window| window == MARK.as_bytes());
            assert!(!found, "{} holds the value", path.display());
        }
    }
    assert!(files > 0, "nothing was made");
}

#[test]
fn a_server_that_names_its_variables_and_ends_is_given_them_if_they_are_set() {
    // The fixture ends with a complaint about a missing variable, whatever is set.
    let sandbox = Sandbox::new();
    let line = ["inspect", "--command", &fixture("dead")];
    let outcome = sandbox.run(mcpress(), line).exits(5);
    assert!(outcome.stderr.contains("server: "), "{outcome:?}");
    assert!(
        outcome.stderr.contains("--env "),
        "the hint names the option: {outcome:?}"
    );
}

#[test]
fn an_overlay_declares_slots_and_says_what_they_are() {
    let sandbox = Sandbox::new()
        .env("ORG_ID", "acme-org")
        .env("CONSOLE_KEY", "key-of-the-console");
    let overlay = sandbox.file("mcpress.toml");
    let text = r#"
        [slots.CONSOLE_KEY]
        about = "the console's key, from Settings > Keys"
        [slots.ORG_ID]
        secret = true
        [slots.REGION_KEY]
        required = false
        secret = false
    "#;
    std::fs::write(&overlay, text).unwrap();
    let overlay = overlay.display().to_string();
    for kind in Kind::BOTH {
        let program = sandbox.file(&format!("told-{kind:?}"));
        let options = ["--command", &fixture("everyday"), "--env", "ORG_ID?"];
        press(
            &sandbox,
            kind,
            "told",
            &program,
            &[&options[..], &["--overlay", &overlay]].concat(),
        );
        let get = |name: &str| sandbox.run(&program, ["get-env", "--name", name]);
        // What is declared reaches the server; what is a secret by the overlay is masked.
        assert_eq!(get("ORG_ID").exits(0).stdout, "[redacted]\n");
        let region = sandbox.run(
            &program,
            [
                "--mcp-env",
                "REGION_KEY=north",
                "get-env",
                "--name",
                "REGION_KEY",
            ],
        );
        assert_eq!(region.exits(0).stdout, "north\n");

        let bare = Sandbox::new();
        let missing = bare.run(&program, ["echo", "--text", "x"]).exits(3);
        insta::allow_duplicates! {
            insta::assert_snapshot!(missing.stderr, @r"
            error: a value the server needs is not set: CONSOLE_KEY (the console's key, from Settings > Keys)
            hint: run `export CONSOLE_KEY=…`, keep it with `told auth set CONSOLE_KEY`, or give --mcp-env CONSOLE_KEY=…
            ");
        }
        let status = bare.run(&program, ["auth", "status"]).exits(0);
        insta::allow_duplicates! {
            insta::assert_snapshot!(status.stdout, @r"
            CONSOLE_KEY              not set, and required  (the console's key, from Settings > Keys)
            ORG_ID                   not set
            REGION_KEY               not set
            ");
        }
    }
}

#[test]
fn a_slot_declared_for_a_captured_server_reaches_it() {
    let sandbox = Sandbox::new().env("LEVEL", "high");
    let capture = sandbox.file("capture.json").display().to_string();
    let inspect = ["inspect", "--command", &fixture("everyday"), "-o", "json"];
    let said = sandbox.run(mcpress(), inspect).exits(0).stdout;
    std::fs::write(&capture, said).unwrap();
    let program = sandbox.file("later");
    let options = ["--from", &capture, "--env", "LEVEL"];
    press(&sandbox, Kind::Bundled, "later", &program, &options);
    let outcome = sandbox.run(&program, ["get-env", "--name", "LEVEL"]);
    assert_eq!(outcome.exits(0).stdout, "high\n");
}
