//! What is generated: the crate, its names, its stability, the sources it can come from.

use std::collections::BTreeMap;
use std::path::Path;

use mcpress_tests::{Kind, Sandbox, fixture, mcpress, press, pressed};
use serde_json::{Value, json};

/// Every file below a folder with its content.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn two_generations_are_the_same_byte_for_byte_and_the_second_writes_nothing() {
    let sandbox = Sandbox::new();
    let line = |folder: &'static str| {
        vec![
            "generate-cli".to_owned(),
            "--command".into(),
            fixture("cursed"),
            "--name".into(),
            "cursed".into(),
            "--out".into(),
            folder.into(),
            "--report".into(),
            "json".into(),
        ]
    };
    sandbox.run(mcpress(), line("a")).exits(0);
    sandbox.run(mcpress(), line("b")).exits(0);
    let first = files(&sandbox.file("a"));
    assert!(first == files(&sandbox.file("b")), "two generations differ");
    assert!(
        first.contains_key("Cargo.lock")
            && first.contains_key("README.md")
            && first.contains_key("capture.json")
    );
    let again = sandbox.run(mcpress(), line("a")).exits(0).json();
    assert_eq!(again["crate"]["written"], 0, "{again}");
    assert!(first == files(&sandbox.file("a")));
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.file("mine")).unwrap();
    std::fs::write(sandbox.file("mine/thesis.txt"), "years of work").unwrap();
    let line = [
        "generate-cli",
        "--command",
        &fixture("everyday"),
        "--name",
        "x",
        "--out",
        "mine",
    ];
    let outcome = sandbox.run(mcpress(), line);
    assert_ne!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(files(&sandbox.file("mine")).len(), 1);
}

#[test]
fn a_new_tool_never_renames_an_old_one() {
    let sandbox = Sandbox::new();
    let tool =
        |name: &str| json!({"name": name, "inputSchema": {"type": "object", "properties": {}}});
    let generate = |tools: Value| {
        std::fs::write(
            sandbox.file("capture.json"),
            json!({"tools": tools}).to_string(),
        )
        .unwrap();
        let line = [
            "generate-cli",
            "--from",
            "capture.json",
            "--name",
            "x",
            "--out",
            "x",
        ];
        sandbox.run(mcpress(), line).exits(0);
        std::fs::read_to_string(sandbox.file("x/mcpress.lock")).unwrap()
    };
    let first = generate(json!([tool("getItem")]));
    assert!(first.contains("get-item"));
    // Spelled as the command is, it would take the name if nobody had it.
    generate(json!([tool("get-item"), tool("getItem")]));
    let line = ["call", "--from", "capture.json", "getItem", "--dry-run"];
    assert_eq!(
        sandbox.run(mcpress(), line).exits(0).json()["params"]["name"],
        "getItem"
    );
    let spec = files(&sandbox.file("x/src"));
    let commands: Vec<_> = spec
        .values()
        .map(|source| String::from_utf8_lossy(source).into_owned())
        .filter(|source| source.contains("\"getItem\""))
        .collect();
    assert!(
        commands
            .iter()
            .any(|source| source.contains("command: \"get-item\"")),
        "{commands:?}"
    );
}

#[test]
fn a_program_is_made_from_a_capture_an_answer_and_an_artifact_alike() {
    let sandbox = Sandbox::new();
    let original = pressed(Kind::Bundled, "everyday");
    let tools = |program: &Path| {
        sandbox
            .run(program, ["self", "tools", "-o", "json"])
            .exits(0)
            .json()
    };
    let expected = tools(&original);
    sandbox
        .run(
            mcpress(),
            [
                "inspect",
                "--command",
                &fixture("everyday"),
                "--capture",
                "capture.json",
            ],
        )
        .exits(0);
    let capture: Value =
        serde_json::from_slice(&std::fs::read(sandbox.file("capture.json")).unwrap()).unwrap();
    let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": capture["tools"]}});
    std::fs::write(sandbox.file("answer.json"), answer.to_string()).unwrap();
    for source in ["capture.json", "answer.json", original.to_str().unwrap()] {
        let made = sandbox.file("made");
        press(
            &sandbox,
            Kind::Bundled,
            "everyday",
            &made,
            &["--from", source],
        );
        assert_eq!(tools(&made), expected, "{source}");
    }
    // A capture knows where its server was.
    let made = sandbox.file("knows");
    press(
        &sandbox,
        Kind::Bundled,
        "everyday",
        &made,
        &["--from", "capture.json"],
    );
    assert_eq!(
        sandbox.run(&made, ["echo", "--text", "x"]).exits(0).stdout,
        "x\n"
    );
    // A bare answer does not, and the program says what it takes.
    let made = sandbox.file("asks");
    press(
        &sandbox,
        Kind::Bundled,
        "everyday",
        &made,
        &["--from", "answer.json"],
    );
    let outcome = sandbox.run(&made, ["echo", "--text", "x"]).exits(2);
    assert!(outcome.stderr.contains("--mcp-command"), "{outcome:?}");
    let line = ["--mcp-command", &fixture("everyday"), "echo", "--text", "x"];
    assert_eq!(sandbox.run(&made, line).exits(0).stdout, "x\n");
}

#[cfg(unix)]
#[test]
fn a_program_that_mcpress_did_not_make_is_not_run() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let script = sandbox.file("deploy");
    std::fs::write(&script, "#!/bin/sh\ntouch deployed\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let line = [
        "generate-cli",
        "--from",
        "deploy",
        "--name",
        "x",
        "--bundle",
        "x",
    ];
    let outcome = sandbox.run(mcpress(), line).exits(2);
    assert!(
        outcome.stderr.contains("neither a capture nor a program"),
        "{outcome:?}"
    );
    assert!(!sandbox.file("deployed").exists(), "it was run");
}

#[test]
fn tools_are_chosen_by_pattern_and_a_pattern_without_a_tool_is_an_error() {
    let sandbox = Sandbox::new();
    let made = sandbox.file("some");
    let options = [
        "--command",
        &fixture("everyday"),
        "--include-tools",
        "e*,add",
        "--exclude-tools",
        "envelope",
    ];
    press(&sandbox, Kind::Bundled, "some", &made, &options);
    let tools = sandbox
        .run(&made, ["self", "tools", "-o", "json"])
        .exits(0)
        .json();
    let names: Vec<_> = tools
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["echo", "add"]);
    let line = [
        "generate-cli",
        "--command",
        &fixture("everyday"),
        "--include-tools",
        "ecko",
        "--name",
        "x",
        "--bundle",
        "x",
    ];
    let outcome = sandbox.run(mcpress(), line).exits(2);
    assert!(
        outcome.stderr.contains("ecko") && outcome.stderr.contains("echo"),
        "{outcome:?}"
    );
}

#[test]
fn an_unknown_server_lists_the_known_ones() {
    let sandbox = Sandbox::new();
    let config = json!({"mcpServers": {"calendar": {"command": "a"}, "notes": {"command": "b"}}});
    std::fs::write(sandbox.file(".mcp.json"), config.to_string()).unwrap();
    let outcome = sandbox
        .run(mcpress(), ["generate-cli", "calender", "--bundle", "x"])
        .exits(2);
    for word in ["calendar", "notes", ".mcp.json"] {
        assert!(outcome.stderr.contains(word), "{word}: {outcome:?}");
    }
}

#[test]
fn schemas_derived_from_rust_types_are_typed() {
    let program = pressed(Kind::Bundled, "derived");
    let guest = r#"{"name": "Ann"}"#;
    let line = [
        "book-room",
        "--guest",
        guest,
        "--nights",
        "2",
        "--room",
        "under-the-roof",
        "--wishes",
        "{}",
    ];
    let options = [
        "--luggage",
        "bag",
        "--luggage",
        "hat",
        "--price",
        "80.50",
        "--breakfast",
        "-o",
        "json",
    ];
    let outcome = Sandbox::new()
        .run(&program, line.iter().chain(&options))
        .exits(0);
    let booked = json!({
        "guest": {"name": "Ann"}, "nights": 2, "room": "under-the-roof", "wishes": {},
        "luggage": ["bag", "hat"], "breakfast": true,
    });
    let mut arguments = outcome.json()["arguments"].clone();
    let price = arguments.as_object_mut().unwrap().remove("price");
    assert_eq!(price.unwrap().to_string(), "80.50");
    assert_eq!(arguments, booked);
    let wrong = ["book-room", "--room", "tripple"];
    let outcome = Sandbox::new().run(&program, wrong).exits(2);
    assert!(
        outcome.stderr.contains("single, double, under-the-roof"),
        "{outcome:?}"
    );
}

#[test]
fn the_demo_is_generated_compiled_and_run() {
    let sandbox = Sandbox::new();
    let made = sandbox.file("demo-cli");
    let command = format!("{} demo-server", mcpress().display());
    press(
        &sandbox,
        Kind::Compiled,
        "demo-cli",
        &made,
        &["--command", &command],
    );
    let outcome = sandbox
        .run(&made, ["add-numbers", "--numbers", "1,2,3.5", "-o", "json"])
        .exits(0);
    assert_eq!(outcome.json(), json!({"sum": 6.5, "count": 3}));
}
