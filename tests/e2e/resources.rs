//! `resource`: what there is to read, what is in it, and when that changes.

use std::fs;
use std::path::PathBuf;

use mcpress_tests::{Kind, Sandbox, fixture, press, pressed, wait_until};
use serde_json::{Value, json};

/// The first bytes of a picture.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\xff";

#[test]
fn every_page_of_resources_and_templates_is_listed() {
    for kind in Kind::BOTH {
        let program = pressed(kind, "library");
        let text = Sandbox::new().run(&program, ["resource", "list"]).exits(0);
        assert_eq!(text.stdout.lines().count(), 6, "{text:?}");
        assert!(
            text.stdout.starts_with(
                "library://rules            rules        text/markdown     26 bytes  What may be done here\n"
            ),
            "{text:#?}"
        );
        let json = Sandbox::new().run(&program, ["resource", "list", "-o", "json"]);
        assert_eq!(
            json.exits(0).json()[0]["annotations"]["priority"],
            json!(0.9)
        );
        let templates = Sandbox::new()
            .run(&program, ["resource", "templates"])
            .exits(0);
        assert_eq!(
            templates.stdout,
            "book    library://books/{shelf}/{title}  text/plain  A book by its shelf and title\n\
             search  library://search{?q,limit}       text/plain\n\
             file    library://files/{+path}          text/plain\n"
        );
    }
}

#[test]
fn a_text_is_printed_as_it_is_and_json_is_the_whole_answer() {
    for kind in Kind::BOTH {
        let program = pressed(kind, "library");
        let text = Sandbox::new().run(&program, ["resource", "read", "library://rules"]);
        assert_eq!(text.exits(0).stdout, "# Rules\n\nBe **quiet**.\n\n");
        let whole = Sandbox::new().run(&program, ["resource", "read", "library://catalogue"]);
        assert_eq!(whole.exits(0).stdout, r#"{"books": 2, "price": 1.50}"#);
        let line = ["resource", "read", "library://several", "-o", "json"];
        let json = Sandbox::new().run(&program, line).exits(0).json();
        assert_eq!(
            json["contents"][2],
            json!({"uri": "library://several/3", "blob": "AAEC/w=="})
        );
        let raw = Sandbox::new().run(
            &program,
            ["resource", "read", "library://nothing", "-o", "raw"],
        );
        assert_eq!(raw.exits(0).json(), json!({"contents": []}));
    }
}

#[test]
fn a_template_takes_a_flag_for_each_variable() {
    let program = pressed(Kind::Compiled, "library");
    for (line, uri) in [
        (
            &["book", "--shelf", "the rest", "--title", "Übersicht/2"][..],
            "library://books/the%20rest/%C3%9Cbersicht%2F2",
        ),
        (
            &["search", "--q", "a&b", "--limit", "3"],
            "library://search?q=a%26b&limit=3",
        ),
        (
            &["file", "--path", "a/b c.txt"],
            "library://files/a/b%20c.txt",
        ),
        (
            &["library://files/{+path}", "--path", "a"],
            "library://files/a",
        ),
        (
            &["library://books/{a}/{b}", "--arg", "a=1", "--arg", "b=2"],
            "library://books/1/2",
        ),
        (&["library://shelf one/größe"], "library://shelf one/größe"),
    ] {
        let words = ["resource", "read"]
            .iter()
            .chain(line)
            .chain(&["--dry-run"]);
        let request = Sandbox::new().run(&program, words).exits(0).json();
        assert_eq!(request["method"], "resources/read");
        assert_eq!(request["params"], json!({"uri": uri}));
    }
    let line = [
        "resource", "read", "book", "--shelf", "prose", "--title", "x",
    ];
    let outcome = Sandbox::new().run(&program, line).exits(0);
    assert_eq!(outcome.stdout, "library://books/prose/x");
}

#[test]
fn bytes_go_to_a_file_or_on_a_pipe_as_they_are_and_otherwise_are_named() {
    for kind in Kind::BOTH {
        let (program, sandbox) = (pressed(kind, "library"), Sandbox::new());
        let read = ["resource", "read", "library://map"];
        let named = sandbox.run(&program, read).exits(0);
        assert_eq!(
            named.stdout,
            "[resource: library://map, image/png, 10 bytes, --mcp-save-dir DIR saves it]\n"
        );
        let saved = sandbox.run(&program, read.iter().chain(&["--out", "map.png"]));
        let saved = saved.exits(0);
        assert_eq!(
            (&*saved.stdout, &*saved.stderr),
            ("", "saved map.png (10 bytes)\n")
        );
        assert_eq!(fs::read(sandbox.file("map.png")).unwrap(), PICTURE);
        let kept = sandbox.run(&program, read.iter().chain(&["--mcp-save-dir", "kept"]));
        kept.exits(0);
        assert_eq!(fs::read(sandbox.file("kept/map.png")).unwrap(), PICTURE);
        let pipe = format!(
            "{} resource read --out - library://map > piped.png",
            program.display()
        );
        sandbox
            .run(std::path::Path::new("sh"), ["-c", &pipe])
            .exits(0);
        assert_eq!(fs::read(sandbox.file("piped.png")).unwrap(), PICTURE);
        let several = ["resource", "read", "library://several", "--out", "x"];
        let outcome = sandbox.run(&program, several).exits(2);
        assert!(outcome.stderr.contains("has 3 contents"), "{outcome:?}");
    }
}

#[test]
fn what_cannot_be_read_is_a_usage_error() {
    let program = pressed(Kind::Bundled, "library");
    let missing = Sandbox::new().run(&program, ["resource", "read", "library://none"]);
    assert!(missing.exits(2).stderr.contains("Resource not found"));
    let name = Sandbox::new()
        .run(&program, ["resource", "read", "bock"])
        .exits(2);
    assert!(
        name.stderr
            .contains("neither a URI nor a resource template"),
        "{name:?}"
    );
    assert!(name.stderr.contains("book, search, file"), "{name:?}");
    let variable = Sandbox::new().run(&program, ["resource", "read", "book", "--shelf", "a"]);
    assert!(
        variable
            .exits(2)
            .stderr
            .starts_with("error: missing: --title\n")
    );
    let bare = Sandbox::new().run(
        &program,
        ["resource", "read", "x://{a}/{b}", "--arg", "b=1"],
    );
    assert!(bare.exits(2).stderr.starts_with("error: missing: a\n"));
}

#[test]
fn changes_are_told_a_line_each_until_there_were_so_many() {
    for kind in Kind::BOTH {
        let program = pressed(kind, "library");
        let line = ["resource", "subscribe", "library://rules", "--count", "2"];
        let text = Sandbox::new().run(&program, line).exits(0);
        assert_eq!(text.stdout, "library://rules\nlibrary://rules\n");
        assert_eq!(text.stderr, "watching 1 resource\n");
        let read = ["--read", "-o", "json", "-q"];
        let json = Sandbox::new()
            .run(&program, line.iter().chain(&read))
            .exits(0);
        let lines: Vec<Value> = json
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["uri"], "library://rules");
        assert_eq!(
            lines[0]["contents"][0]["text"],
            "# Rules\n\nBe **quiet**.\n\n"
        );
    }
}

#[test]
fn watching_for_a_time_is_success_and_waiting_for_more_than_comes_is_not() {
    let program = pressed(Kind::Bundled, "library");
    let line = [
        "resource",
        "subscribe",
        "library://rules",
        "--timeout",
        "1s",
    ];
    let watched = Sandbox::new().run(&program, line).exits(0);
    assert!(
        watched.stdout.starts_with("library://rules\n"),
        "{watched:?}"
    );
    let more = line.iter().chain(&["--count", "1000"]);
    Sandbox::new().run(&program, more).exits(6);
}

#[cfg(unix)]
#[test]
fn an_interrupted_watch_unsubscribes_and_exits_130() {
    let sandbox = Sandbox::new();
    let (journal, program) = (sandbox.file("journal"), sandbox.file("library"));
    let server = fixture(&format!("library --journal {}", journal.display()));
    press(
        &sandbox,
        Kind::Bundled,
        "library",
        &program,
        &["--command", &server],
    );
    let line = ["resource", "subscribe", "library://rules", "library://map"];
    let running = sandbox.spawn(&program, line);
    let sent = |method: &str| methods(&journal).iter().filter(|it| *it == method).count();
    wait_until("both are subscribed to", || {
        sent("resources/subscribe") == 2
    });
    running.signal_if_running("INT");
    let outcome = running.finish();
    assert_eq!(outcome.code, Some(130), "{outcome:?}");
    assert_eq!(sent("resources/unsubscribe"), 2);
}

/// The methods of the messages that reached a fixture.
fn methods(journal: &PathBuf) -> Vec<String> {
    let text = fs::read_to_string(journal).unwrap_or_default();
    let entries = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let method = |entry: Value| entry["message"]["method"].as_str().map(str::to_owned);
    entries.filter_map(method).collect()
}

#[test]
fn a_server_that_does_not_tell_of_changes_is_not_waited_for() {
    let program = pressed(Kind::Bundled, "everyday");
    let line = ["resource", "subscribe", "fixture://everyday/readme"];
    let outcome = Sandbox::new().run(&program, line).exits(2);
    assert!(
        outcome.stderr.contains("does not tell of changes"),
        "{outcome:?}"
    );
    let dry = line.iter().chain(&["x://y", "--dry-run"]);
    let dry = Sandbox::new().run(&program, dry).exits(0);
    assert_eq!(dry.stdout.matches("\"resources/subscribe\"").count(), 2);
}

#[test]
fn a_server_of_the_era_without_sessions_is_listened_to() {
    let program = pressed(Kind::Bundled, "modern");
    let line = ["resource", "subscribe", "modern://counter", "--count", "2"];
    let outcome = Sandbox::new().run(&program, line).exits(0);
    assert_eq!(outcome.stdout, "modern://counter\nmodern://counter\n");
    let ended = Sandbox::new().run(&program, &line[..3]).exits(0);
    assert_eq!(ended.stdout.lines().count(), 5, "{ended:?}");
    assert!(
        ended
            .stderr
            .ends_with("the server has ended the subscription\n"),
        "{ended:?}"
    );
    let read = ["resource", "read", "person", "--name", "Ada"];
    let read = Sandbox::new().run(&program, read).exits(0);
    assert_eq!(read.stdout, "this is Ada");
    let prompt = ["prompt", "get", "greet", "--name", "Ada", "--tone", "warm"];
    let prompt = Sandbox::new().run(&program, prompt).exits(0);
    assert_eq!(prompt.stdout, "Greet Ada, \"warm\".\n");
}
