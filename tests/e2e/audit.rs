//! The log of calls: what is in it, what is not, and what is made of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mcpress_fixtures::Alter;
use mcpress_tests::{Kind, Outcome, Sandbox, fixture, mcpress, press};
use serde_json::{Value, json};

use crate::asking::Typist;

/// The value of the slot.
const SECRET: &str = "supersecretvalue";

/// A program of the everyday server, which is given a secret.
struct Keeper {
    sandbox: Sandbox,
    program: PathBuf,
}

impl Keeper {
    fn new() -> Self {
        let sandbox = Sandbox::new().env("KEEPER", SECRET);
        let program = sandbox.file("zook");
        let options = ["--command", &fixture("everyday"), "--env", "KEEPER"];
        press(&sandbox, Kind::Bundled, "zook", &program, &options);
        Self { sandbox, program }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sandbox = self.sandbox.env(name, value);
        self
    }

    fn config(&self, name: &str, text: &str) {
        let folder = self.sandbox.file(".config/zook");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
    }

    #[track_caller]
    fn run(&self, line: &[&str]) -> Outcome {
        self.sandbox.run(&self.program, line)
    }

    fn log(&self) -> PathBuf {
        self.sandbox.file(".local/state/zook/audit.jsonl")
    }

    /// What is written down, line by line.
    #[track_caller]
    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.log()).unwrap();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[test]
fn no_secret_at_hand_is_written_down_or_said() {
    let url = format!("http://127.0.0.1:9/{SECRET}/x");
    let because = format!("because {SECRET}");
    let named = format!("tool-{SECRET}");
    let header = "Authorization: Bearer sesame-of-a-header";
    let asked = "Authorization: Bearer ${ANOTHER}";
    let keeper = Keeper::new()
        .env("MCPRESS_PARENT_TOOL", &named)
        .env("MCPRESS_THREAD_ID", &named)
        .env("ANOTHER", "sesame-of-a-place");
    // A call that is refused starts nothing, and what is written when one begins is written before that.
    keeper.config("policy.toml", "deny = ['tool-*', 'add']\n");
    for audit in ["", "[audit]\nrequired = true\n"] {
        keeper.config("config.toml", audit);
        for (line, exit) in [
            (&["echo", "--text", "hi", "--mcp-reason", &because][..], 0),
            (&["echo", "--text", "hi", "--mcp-run-id", &because], 0),
            (&["call", &named, "--mcp-reason", &because], 4),
            (&["call", &named, "-o", "json"], 4),
            (&["call", &format!("other-{SECRET}")], 2),
            (
                &["echo", "--text", "hi", "--mcp-url", &url, "--mcp-retries=0"],
                5,
            ),
            (
                &[
                    "log",
                    "--mcp-env",
                    "OTHER_KEY=sesame-of-an-option",
                    "--mcp-reason",
                    "sesame-of-an-option",
                ],
                0,
            ),
            (
                &[
                    "add",
                    "--mcp-env",
                    "OTHER_KEY=sesame-of-an-option",
                    "--mcp-reason",
                    "sesame-of-an-option",
                ],
                4,
            ),
            (
                &[
                    "log",
                    "--mcp-url",
                    "http://127.0.0.1:9",
                    "--mcp-retries=0",
                    "--mcp-header",
                    header,
                    "--mcp-reason",
                    "sesame-of-a-header",
                ],
                5,
            ),
            (
                &[
                    "add",
                    "--mcp-header",
                    asked,
                    "--mcp-reason",
                    "sesame-of-a-place",
                ],
                4,
            ),
            (
                &[
                    "add",
                    "--mcp-fallback-header",
                    header,
                    "--mcp-reason",
                    "sesame-of-a-header",
                ],
                4,
            ),
        ] {
            let outcome = keeper.run(line).exits(exit);
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(
                !said.contains(SECRET) && !said.contains("sesame"),
                "{line:?} {said}"
            );
        }
    }
    // What cannot be read is no reason to say more.
    keeper.config("config.toml", "[wrong]\n");
    let outcome = keeper.run(&["call", &named, "-o", "json"]).exits(2);
    assert!(!outcome.stderr.contains(SECRET), "{outcome:?}");
    keeper.config("config.toml", "");

    let log = fs::read_to_string(keeper.log()).unwrap();
    assert!(!log.contains(SECRET) && !log.contains("sesame"), "{log}");
    let lines = keeper.lines();
    assert_eq!(lines[0]["reason"], "because [redacted]");
    assert_eq!(
        (&lines[0]["parent"], &lines[0]["thread"]),
        (&json!("tool-[redacted]"), &json!("tool-[redacted]"))
    );
    assert_eq!(lines[1]["run"], "because [redacted]");
    assert_eq!(lines[2]["tool"], "tool-[redacted]");
    assert_eq!(lines[5]["server"], "http://127.0.0.1:9/[redacted]/x");
    keeper.run(&["self", "audit", "verify"]).exits(0);
    let list = keeper.run(&["self", "audit", "list"]).exits(0);
    assert!(!list.stdout.contains(SECRET), "{list:?}");
}

#[test]
fn nobody_hides_a_call_behind_a_secret() {
    let keeper = Keeper::new();
    let time = "2";
    for secret in [
        "delete_everything",
        &time.repeat(6),
        "allowed",
        "everyday",
        "20",
    ] {
        let given = format!("ANY_KEY={secret}");
        keeper
            .run(&["delete-everything", "--yes", "--mcp-env", &given])
            .exits(0);
        let lines = keeper.lines();
        let last = lines.last().unwrap();
        assert_eq!(
            (&last["tool"], &last["decision"]),
            (&json!("delete_everything"), &json!("confirmed"))
        );
        assert!(
            last["server"].as_str().unwrap().ends_with(" everyday"),
            "{last}"
        );
    }
    let year = "2026-1";
    let given = format!("ANY_KEY={year}");
    keeper
        .run(&["echo", "--text", "x", "--mcp-env", &given])
        .exits(0);
    let calls = keeper
        .run(&["self", "audit", "list", "-o", "json"])
        .exits(0)
        .json();
    assert_eq!(calls.as_array().unwrap().len(), 6);
}

#[test]
fn a_secret_that_was_got_later_is_not_in_the_line_of_the_end() {
    mcpress();
    let alter = Alter::start(&[]).unwrap();
    let sandbox = Sandbox::new()
        .env("ALTER_BASE_URL", alter.url())
        .env("ALTER_API_KEY", alter.key("app"))
        .env("ERRAND_API_URL", format!("{}/v1", alter.provider_url()));
    let program = sandbox.file("errand");
    let mut options = vec!["--command".to_owned(), fixture("errand")];
    for slot in ["ERRAND_API_URL", "ERRAND_KEY=now", "ERRAND_SECRET=now"] {
        options.extend(["--env".to_owned(), slot.to_owned()]);
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    press(&sandbox, Kind::Bundled, "errand", &program, &options);
    let folder = sandbox.file(".config/errand");
    fs::create_dir_all(&folder).unwrap();
    let slot = |name: &str, field: &str| {
        format!(
            "[credentials.{name}]\nsource = 'alter'\nmode = 'env'\nprovider = 'altr-basic'\nfield = '{field}'\n"
        )
    };
    let config = slot("ERRAND_KEY", "username") + &slot("ERRAND_SECRET", "password");
    fs::write(folder.join("config.toml"), config).unwrap();
    let key = alter.key("app");
    let reason = format!("the fake-mapi-secret and {key}");
    let line = ["blurt", "--place", "result", "--mcp-reason", &reason];
    sandbox.run(&program, line).exits(0);
    let log = fs::read_to_string(sandbox.file(".local/state/errand/audit.jsonl")).unwrap();
    assert!(
        log.contains("\"reason\":\"the [redacted] and [redacted]\""),
        "{log}"
    );
}

#[test]
fn a_person_at_the_question_takes_no_time_of_the_call() {
    for (typed, exit, name) in [("y\n", 0, "ok"), ("n\n", 4, "denied"), ("", 130, "denied")] {
        let keeper = Keeper::new();
        let (program, log) = (keeper.program.clone(), keeper.log());
        let line = ["delete-everything"];
        let mut typist = Typist::at_desk(keeper.sandbox, &program, &line, &[("KEEPER", SECRET)]);
        typist.at("call it? [y/N] ", "");
        std::thread::sleep(Duration::from_millis(1500));
        match typed {
            "" => typist.interrupt(),
            typed => typist.at("call it? [y/N] ", typed),
        }
        let lines = || fs::read_to_string(&log).unwrap();
        mcpress_tests::wait_until("it is written down", || {
            log.exists() && lines().ends_with('\n')
        });
        let line: Value = serde_json::from_str(lines().trim()).unwrap();
        assert_eq!(line["exit"], exit, "{line}");
        match exit {
            0 => assert!(line["ms"].as_f64().unwrap() < 1500.0, "{line}"),
            _ => assert!(line["ms"].is_null(), "{line}"),
        }
        let list = ["self", "audit", "list", "-o", "json", "--outcome", name];
        let calls = typist.sandbox.run(&program, list).exits(0).json();
        assert_eq!(calls.as_array().unwrap().len(), 1, "{typed:?}");
        typist.leave();
    }
}

#[test]
fn what_was_not_sent_is_no_failure_and_a_tool_is_found_by_either_name() {
    let keeper = Keeper::new();
    keeper.run(&["add", "--a", "many", "--b", "2"]).exits(2);
    keeper.run(&["add", "--a", "1", "--b", "2"]).exits(0);
    keeper.run(&["delete-everything", "--yes"]).exits(0);
    let json = |line: &[&str]| {
        keeper
            .run(&[&["self", "audit"], line, &["-o", "json"]].concat())
            .exits(0)
            .json()
    };
    let stats = json(&["stats"]);
    let add = &stats["tools"]["add"];
    assert_eq!(
        (&add["calls"], &add["usage"], &add["errors"]),
        (&json!(2), &json!(1), &json!(0))
    );
    assert_eq!(add["success"], 100.0);
    assert_eq!(
        json(&["list", "--outcome", "usage"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for name in ["delete-everything", "delete_everything", "delete-*"] {
        let found = json(&["list", "--tool", name]);
        assert_eq!(found.as_array().unwrap().len(), 1, "{name}");
    }
}

#[test]
fn whoever_writes_into_the_log_does_not_write_on_the_terminal() {
    let keeper = Keeper::new();
    keeper.run(&["log"]).exits(0);
    let mut text = fs::read_to_string(keeper.log()).unwrap();
    text.push_str(
        "{\"time\": \"2026-01-01T00:00:00Z\", \"tool\": \"a\\u001b[31mb\\nall is well\", \"user\": \"x\\u202ey\", \
         \"exit\": 0, \"rule\": \"\\u009b2J\", \"ms\": \"\\u001b[2J\"}\n",
    );
    fs::write(keeper.log(), text).unwrap();
    for verb in ["list", "stats"] {
        let outcome = keeper.run(&["self", "audit", verb]).exits(0);
        assert!(outcome.stdout.contains("ab all is well"), "{outcome:?}");
        let is_harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!outcome.stdout.contains(is_harmful), "{outcome:?}");
    }
}

#[test]
fn a_log_is_a_file_that_is_named_as_others_are() {
    let keeper = Keeper::new();
    keeper.config("config.toml", "[audit]\nfile = '~/calls/audit.jsonl'\n");
    keeper.run(&["log"]).exits(0);
    assert!(keeper.sandbox.file("calls/audit.jsonl").exists());
    assert!(!keeper.sandbox.file("~").exists());
    keeper.config("config.toml", "[audit]\nfile = ''\n");
    let outcome = keeper.run(&["log"]).exits(2);
    let words = "config.toml:2: `audit.file`: names no file";
    assert!(outcome.stderr.contains(words), "{outcome:?}");
    let device = keeper.sandbox.file("device");
    std::os::unix::fs::symlink("/dev/null", &device).unwrap();
    keeper.config("config.toml", &format!("[audit]\nfile = {device:?}\n"));
    let outcome = keeper.run(&["log"]).exits(0);
    let words = "could not be written down: it is no regular file";
    assert!(outcome.stderr.contains(words), "{outcome:?}");
    keeper.run(&["self", "audit", "list"]).exits(1);
    for name in ["head", "salt"] {
        assert!(!Path::new(&format!("{}.{name}", device.display())).exists());
    }
}
