//! What an answer is made of, kind by kind: as text, as JSON, and as files.

use std::path::Path;

use mcpress_tests::{Kind, Outcome, Sandbox, pressed};
use serde_json::{Value, json};

#[track_caller]
fn rich<'a>(sandbox: &Sandbox, line: impl IntoIterator<Item = &'a str>) -> Outcome {
    sandbox.run(&pressed(Kind::Bundled, "rich"), line)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn each_kind_of_content_is_told_in_its_best_plain_form() {
    let sandbox = Sandbox::new();
    for (tool, text) in [
        (
            "image",
            "[image: image/png, 69 bytes, --mcp-save-dir DIR saves it]\n",
        ),
        (
            "sound",
            "[audio: audio/wav, 46 bytes, --mcp-save-dir DIR saves it]\n",
        ),
        (
            "link",
            "[link: Today's log, file:///var/log/today, text/plain, 1200 bytes]\n",
        ),
        ("text-resource", "the note itself\n"),
        (
            "blob-resource",
            "[resource: memo://bytes/a%20b.dat, application/octet-stream, 2 bytes, --mcp-save-dir DIR saves it]\n",
        ),
        ("audiences", "for you\nfor both\nfor anybody\n"),
        ("model-only", "for the model\n"),
        ("number", "7.50\n"),
        ("nothing", "null\n"),
        ("nothing-of-old", "text\n"),
    ] {
        let outcome = rich(&sandbox, [tool]).exits(0);
        assert_eq!(
            (outcome.stdout.as_str(), outcome.stderr.as_str()),
            (text, ""),
            "{tool}"
        );
    }
}

#[test]
fn json_is_the_structured_content_of_any_type_and_else_the_blocks_as_they_came() {
    let sandbox = Sandbox::new();
    for (tool, data) in [
        ("number", json!(7.5)),
        ("nothing", json!(null)),
        (
            "nothing-of-old",
            json!({"content": [{"type": "text", "text": "text"}]}),
        ),
        ("structured-image", json!({"width": 1})),
    ] {
        let outcome = rich(&sandbox, [tool, "-o", "json"]).exits(0);
        assert_eq!(outcome.json(), data, "{tool}");
    }
    for tool in ["audiences", "link", "broken-data", "hostile"] {
        let raw = rich(&sandbox, [tool, "-o", "raw"]).exits(0).json();
        let json = rich(&sandbox, [tool, "-o", "json"]).exits(0).json();
        assert_eq!(json["content"], raw["content"], "{tool}");
    }
}

#[test]
fn what_is_left_out_of_a_text_is_told_of_when_all_is_to_be_said() {
    let outcome = rich(&Sandbox::new(), ["audiences", "-v"]).exits(0);
    assert!(
        outcome.stderr.contains("1 of the answer's blocks left out"),
        "{outcome:?}"
    );
    assert!(!outcome.stdout.contains("for the model"), "{outcome:?}");
}

#[test]
fn binaries_go_to_files_and_the_answer_says_where() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        let line = ["gallery", "--mcp-save-dir", "a/b"];
        let outcome = sandbox.run(&pressed(kind, "rich"), line).exits(0);
        assert_eq!(
            outcome.stdout,
            "two of them\n\
             [image: image/png, 69 bytes, saved as a/b/gallery-2.png]\n\
             [image: image/png, 69 bytes, saved as a/b/gallery-3.png]\n"
        );
        assert_eq!(
            names(&sandbox.file("a/b")),
            ["gallery-2.png", "gallery-3.png"]
        );
        let picture = std::fs::read(sandbox.file("a/b/gallery-2.png")).unwrap();
        assert!(picture.starts_with(b"\x89PNG") && picture.len() == 69);
    }
}

#[test]
fn in_json_the_path_takes_the_place_of_the_bytes_and_raw_stays_whole() {
    let sandbox = Sandbox::new().env("RICH_MCP_SAVE_DIR", "out");
    let json = rich(&sandbox, ["blob-resource", "-o", "json"]).exits(0);
    assert_eq!(
        json.json()["content"][0]["resource"],
        json!({
            "uri": "memo://bytes/a%20b.dat", "mimeType": "application/octet-stream",
            "path": "out/a_b.dat", "size": 2,
        })
    );
    assert_eq!(
        std::fs::read(sandbox.file("out/a_b.dat")).unwrap(),
        b"\xfb\xff"
    );
    let raw = rich(&sandbox, ["blob-resource", "-o", "raw"]).exits(0);
    assert_eq!(raw.json()["content"][0]["resource"]["blob"], "-_8");
    assert_eq!(
        raw.stderr,
        "saved out/a_b-2.dat (application/octet-stream, 2 bytes)\n"
    );
    let structured = rich(&sandbox, ["structured-image", "-o", "json"]).exits(0);
    assert_eq!(
        structured.stderr,
        "saved out/structured_image-1.png (image/png, 69 bytes)\n"
    );
}

#[test]
fn no_name_of_a_server_s_leads_out_of_the_folder_or_hides_in_it() {
    let sandbox = Sandbox::new();
    rich(
        &sandbox,
        ["escaping-name", "--mcp-save-dir", "out", "-o", "json"],
    )
    .exits(0);
    let long = format!("{}.bin", "long".repeat(25));
    assert_eq!(
        names(&sandbox.file("out")),
        [
            "_nul.png",
            "a_31mb_0_owned_c_2Jd_e.bin",
            "bashrc.bin",
            &long,
            "passwd.bin",
            "ssh_config.bin"
        ]
    );
    // The log of calls, and nothing else.
    assert_eq!(names(sandbox.path()), [".local", "out"]);
    assert_eq!(names(&sandbox.file(".local/state")), ["rich"]);
}

#[test]
fn a_path_of_the_server_s_own_is_not_passed_off_as_one_of_ours() {
    let line = ["forged-path", "--mcp-save-dir", "out", "-o", "json"];
    let outcome = rich(&Sandbox::new(), line).exits(0);
    assert!(!outcome.stdout.contains("passwd"), "{outcome:?}");
    assert!(
        outcome
            .stderr
            .starts_with("warning: block 1 of the answer names a path"),
        "{outcome:?}"
    );
}

#[test]
fn what_is_not_base64_stays_in_the_answer() {
    let sandbox = Sandbox::new();
    let line = ["broken-data", "--mcp-save-dir", "out", "-o", "json"];
    let outcome = rich(&sandbox, line).exits(0);
    assert_eq!(outcome.json()["content"][0]["data"], "n0t base64!");
    assert!(
        outcome.stderr.contains("its `data` is not base64"),
        "{outcome:?}"
    );
    assert!(names(&sandbox.file("out")).is_empty());
}

#[test]
fn a_folder_that_cannot_be_made_stops_the_call() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.file("taken"), "").unwrap();
    let outcome = rich(&sandbox, ["image", "--mcp-save-dir", "taken/out"]).exits(1);
    assert_eq!(outcome.stdout, "");
    assert!(
        outcome
            .stderr
            .starts_with("error: --mcp-save-dir: cannot make taken/out"),
        "{outcome:?}"
    );
    rich(&sandbox, ["image", "--mcp-save-dir", "none", "--dry-run"]).exits(0);
    assert!(!sandbox.file("none").exists());
}

#[test]
fn a_failure_that_shows_something_says_where_it_is() {
    let sandbox = Sandbox::new();
    let outcome = rich(&sandbox, ["failed-image", "--mcp-save-dir", "out"]).exits(1);
    assert_eq!(outcome.stdout, "");
    assert_eq!(
        outcome.stderr,
        "error: failed_image failed:\nit broke, see\n\
         [image: image/png, 69 bytes, saved as out/failed_image-2.png]\n"
    );
}

#[test]
fn off_a_terminal_text_is_exact_and_talk_is_harmless() {
    let sandbox = Sandbox::new();
    let outcome = rich(&sandbox, ["hostile", "-v"]).exits(0);
    assert!(
        outcome
            .stdout
            .starts_with("a\u{1b}[31mb\u{1b}]0;owned\u{7}c\u{9b}2Jd\u{202e}e\n")
    );
    assert!(
        outcome.stdout.contains("[image: image/abcde, "),
        "{outcome:?}"
    );
    assert!(
        !outcome
            .stderr
            .contains(|c: char| c.is_control() && c != '\n'),
        "{outcome:?}"
    );
    assert!(
        !outcome
            .stderr
            .lines()
            .any(|line| line.starts_with("error: f")),
        "{outcome:?}"
    );
}

#[test]
fn log_messages_are_told_by_their_level() {
    let sandbox = Sandbox::new();
    let levels = |options: &[&'static str]| -> Vec<String> {
        let outcome = rich(
            &sandbox,
            std::iter::once("log").chain(options.iter().copied()),
        )
        .exits(0);
        let told = outcome
            .stderr
            .lines()
            .filter(|line| line.contains(": rich: this is "));
        told.map(|line| line.split([' ', ':']).nth(1).unwrap().to_owned())
            .collect()
    };
    let grave = ["error", "critical", "alert", "emergency", "doom"];
    assert_eq!(levels(&["-q"]), grave);
    assert_eq!(levels(&[])[..1], ["warning"]);
    assert_eq!(levels(&[])[1..], grave);
    assert_eq!(levels(&["-v"])[..3], ["debug", "info", "notice"]);
}

#[test]
fn progress_of_any_kind_breaks_nothing_and_is_told_off_a_terminal_only_when_all_is() {
    let sandbox = Sandbox::new();
    assert_eq!(rich(&sandbox, ["steps"]).exits(0).stderr, "");
    let told = rich(&sandbox, ["steps", "-v"]).exits(0);
    let lines: Vec<_> = told
        .stderr
        .lines()
        .filter(|line| line.starts_with("progress: "))
        .collect();
    assert_eq!(
        lines,
        [
            "progress: 1/4 step 1 of 4",
            "progress: 2/4 step 2 of 4",
            "progress: 1/4 back again",
            "progress: 9/4 beyond",
            "progress: 3/4 in words",
            "progress: ",
            "progress: 5 no end in sight",
            "progress: 1/2",
        ]
    );
}

#[test]
fn a_large_binary_becomes_a_file_whole() {
    let sandbox = Sandbox::new();
    let line = [
        "large-image",
        "--bytes",
        "30000000",
        "--mcp-save-dir",
        "out",
        "-o",
        "json",
    ];
    let outcome = rich(&sandbox, line).exits(0);
    let path = outcome.json()["content"][0]["path"]
        .as_str()
        .map(|path| sandbox.file(path));
    assert_eq!(std::fs::metadata(path.unwrap()).unwrap().len(), 30_000_000);
    assert_eq!(outcome.json()["content"][0].get("data"), None::<&Value>);
}
