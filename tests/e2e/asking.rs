//! Servers that ask back: a person types, answers are given ahead, or nobody is there.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mcpress_tests::{Kind, Outcome, Sandbox, pressed, wait_until};
use nix::pty::{OpenptyResult, openpty};
use nix::sys::termios::{LocalFlags, tcgetattr};
use serde_json::{Value, json};

fn ask(what: &str, options: &[&str]) -> Outcome {
    let line = ["ask", "--what", what, "-o", "json"];
    let program = pressed(Kind::Bundled, "asking");
    Sandbox::new().run(&program, line.iter().chain(options))
}

/// What the server heard when it asked for this.
fn heard(outcome: &Outcome, what: &str) -> Value {
    outcome.json()["said"][what]["result"].clone()
}

#[test]
fn without_a_person_a_form_is_declined_and_the_run_says_what_was_asked() {
    for kind in Kind::BOTH {
        let line = ["ask", "--what", "short", "-o", "json"];
        let outcome = Sandbox::new().run(&pressed(kind, "asking"), line).exits(3);
        assert_eq!(outcome.stdout, "");
        let error = outcome.error();
        assert_eq!(error["code"], "input_required");
        assert_eq!(
            error["hint"],
            "answer ahead with --mcp-answers '{\"file\": …}', or run this on a terminal"
        );
        assert_eq!(
            error["asked"],
            json!([{
                "mode": "form",
                "message": "How should the file be called?",
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "title": "File"}},
                    "required": ["file"],
                },
            }])
        );
    }
}

#[test]
fn without_a_person_a_page_is_declined_and_named() {
    for (tool, options) in [("ask", &["--what", "url"][..]), ("visit-first", &[])] {
        let program = pressed(Kind::Bundled, "asking");
        let line = [&[tool, "-o", "json"], options].concat();
        let outcome = Sandbox::new()
            .env("BROWSER", "touch opened")
            .run(&program, line)
            .exits(3);
        let page = &outcome.error()["asked"][0];
        assert_eq!(page["url"], "https://shop.example.com/sign-in?for=mcp");
        assert!(
            outcome
                .stderr
                .contains("hint: open the page and run this again"),
            "{outcome:?}"
        );
    }
}

#[test]
fn answers_are_given_ahead_in_both_eras() {
    let answers = r#"{"name": "Ada", "room": "South", "days": "tue,wed", "age": "36"}"#;
    let content = json!({
        "name": "Ada", "city": "Bern", "age": 36, "height": 1.75, "newsletter": false, "size": "m",
        "room": "s", "days": ["tue", "wed"],
    });
    let expected = json!({"action": "accept", "content": content});
    let outcome = ask("form", &["--mcp-answers", answers]).exits(0);
    assert_eq!(heard(&outcome, "form"), expected);
    let program = pressed(Kind::Bundled, "modern");
    let line = ["ask", "--what", "form", "-o", "json"];
    let outcome = Sandbox::new()
        .env("MODERN_MCP_ANSWERS", answers)
        .run(&program, line)
        .exits(0);
    assert_eq!(outcome.json()["said"]["the form/1"], expected);
    let outcome = Sandbox::new().run(&program, line).exits(3);
    assert_eq!(outcome.error()["asked"][0]["mode"], "form");
}

#[test]
fn answers_come_from_a_file_and_what_they_lack_or_get_wrong_is_said() {
    let sandbox = Sandbox::new();
    std::fs::write(
        sandbox.file("answers.json"),
        r#"{"name": "A", "size": "xl"}"#,
    )
    .unwrap();
    let program = pressed(Kind::Bundled, "asking");
    let line = ["ask", "--what", "form", "--mcp-answers", "answers.json"];
    let outcome = sandbox.run(&program, line).exits(3);
    for part in [
        "not taken: name: 1 character",
        "size: \"xl\" is none of s, m, l",
    ] {
        assert!(outcome.stderr.contains(part), "{outcome:?}");
    }
    let outcome = ask("short", &["--mcp-answers", "no-such-file"]).exits(2);
    assert!(
        outcome.error()["message"]
            .as_str()
            .unwrap()
            .contains("no-such-file")
    );
}

#[test]
fn to_decline_ahead_is_an_answer() {
    let outcome = ask("several", &["--mcp-answers", "decline"]).exits(0);
    for what in ["form", "url"] {
        assert_eq!(heard(&outcome, what), json!({"action": "decline"}));
    }
}

#[test]
fn folders_and_a_model_are_declared_when_they_are_given_and_not_else() {
    let outcome = ask("several", &["--mcp-answers", "decline"]).exits(0);
    assert_eq!(outcome.json()["said"]["roots"], "not asked");
    assert_eq!(outcome.json()["said"]["sampling"], "not asked");
    let options = [
        "--mcp-root",
        "/",
        "--mcp-sampling-command",
        "echo Paris",
        "--mcp-answers",
        "decline",
    ];
    let outcome = ask("several", &options).exits(0);
    assert_eq!(
        heard(&outcome, "roots"),
        json!({"roots": [{"uri": "file:///", "name": "/"}]})
    );
    assert_eq!(heard(&outcome, "sampling")["content"]["text"], "Paris");
    assert_eq!(heard(&outcome, "sampling")["model"], "echo");
    let outcome = ask("roots", &["--mcp-root", "no-such-folder"]).exits(2);
    assert!(
        outcome.error()["message"]
            .as_str()
            .unwrap()
            .contains("no-such-folder")
    );
}

#[test]
fn what_no_form_may_hold_and_no_page_may_be_is_answered_all_the_same() {
    let outcome = ask(
        "nested",
        &["--mcp-answers", r#"{"address": {"city": "Bern"}}"#],
    )
    .exits(0);
    let content = json!({"address": {"city": "Bern"}});
    assert_eq!(
        heard(&outcome, "nested"),
        json!({"action": "accept", "content": content})
    );
    let outcome = ask("nested", &[]).exits(3);
    assert!(!outcome.stderr.contains('\u{1b}'), "{outcome:?}");
    let outcome = ask("hostile", &[]).exits(0);
    assert_eq!(outcome.json()["said"]["hostile"]["error"]["code"], -32602);
}

/// A program with a person in front of it.
pub(crate) struct Typist {
    child: Child,
    terminal: File,
    shown: Arc<Mutex<String>>,
    pub(crate) sandbox: Sandbox,
}

impl Typist {
    fn sit(line: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let browser = sandbox.file("browser");
        std::fs::write(&browser, "#!/bin/sh\necho \"$@\" >> opened\n").unwrap();
        std::fs::set_permissions(&browser, PermissionsExt::from_mode(0o755)).unwrap();
        let browser = format!("{} --new 'a tab'", browser.display());
        Self::at_desk(
            sandbox,
            &pressed(Kind::Bundled, "asking"),
            line,
            &[("BROWSER", &browser)],
        )
    }

    /// In front of a program, with these variables.
    pub(crate) fn at_desk(
        sandbox: Sandbox,
        program: &Path,
        line: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        let OpenptyResult { master, slave } = openpty(None, None).unwrap();
        let child = Command::new(program)
            .args(line)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", sandbox.path())
            .envs(env.iter().copied())
            .current_dir(sandbox.path())
            .stdin(slave.try_clone().unwrap())
            .stdout(File::create(sandbox.file("stdout")).unwrap())
            .stderr(slave)
            .spawn()
            .unwrap();
        let terminal = File::from(master);
        let shown = Arc::new(Mutex::new(String::new()));
        let (mut reader, sink) = (terminal.try_clone().unwrap(), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                sink.lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        Self {
            child,
            terminal,
            shown,
            sandbox,
        }
    }

    /// Waits for a prompt, and types.
    #[track_caller]
    pub(crate) fn at(&mut self, prompt: &str, typed: &str) {
        wait_until(prompt, || self.shown.lock().unwrap().ends_with(prompt));
        self.terminal.write_all(typed.as_bytes()).unwrap();
    }

    /// All that was shown so far.
    pub(crate) fn shown(&self) -> String {
        self.shown.lock().unwrap().clone()
    }

    /// Presses Ctrl-C, as the terminal of a session would have it.
    pub(crate) fn interrupt(&self) {
        self.signal("INT");
    }

    fn signal(&self, name: &str) {
        let killed = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.terminal)
            .unwrap()
            .local_flags
            .contains(LocalFlags::ECHO)
    }

    /// The exit status, standard output, and what was shown.
    #[track_caller]
    pub(crate) fn leave(&mut self) -> (Option<i32>, String, String) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            let shown = self.shown.lock().unwrap().clone();
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "it goes on: {shown}"
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        std::thread::sleep(Duration::from_millis(50));
        let stdout = std::fs::read_to_string(self.sandbox.file("stdout")).unwrap();
        (
            status.code(),
            stdout,
            self.shown.lock().unwrap().replace("\r\n", "\n"),
        )
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_person_fills_in_a_form_and_standard_output_has_the_answer_alone() {
    let mut typist = Typist::sit(&["ask", "--what", "short", "-o", "json"]);
    typist.at("file (text): ", "\n");
    typist.at("  a value is needed\r\nfile (text): ", "notes.txt\n");
    typist.at("? [Y/n] ", "\n");
    let (code, stdout, shown) = typist.leave();
    assert_eq!(code, Some(0));
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        answer["said"]["short"]["result"],
        json!({"action": "accept", "content": {"file": "notes.txt"}})
    );
    assert!(
        shown.starts_with(
            "the server of asking asks for input:\n| How should the file be called?\n"
        ),
        "{shown}"
    );
}

#[test]
fn ctrl_d_declines_and_the_call_goes_on() {
    let mut typist = Typist::sit(&["ask", "--what", "form", "-o", "json"]);
    typist.at("characters): ", "\u{4}");
    let (code, stdout, _) = typist.leave();
    assert_eq!(code, Some(0));
    assert!(stdout.contains("\"decline\""), "{stdout}");
}

#[test]
fn a_secret_is_typed_unseen() {
    let mut typist = Typist::sit(&["ask", "--what", "secret", "-o", "json"]);
    assert!(typist.echoes());
    wait_until("the prompt", || {
        typist.shown.lock().unwrap().ends_with("word (text): ")
    });
    wait_until("the silence", || !typist.echoes());
    typist.at("word (text): ", "hunter2\n");
    typist.at("? [Y/n] ", "y\n");
    assert!(typist.echoes());
    let (code, stdout, shown) = typist.leave();
    assert_eq!(code, Some(0));
    assert!(
        stdout.contains("hunter2") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn a_signal_ends_a_question_and_the_terminal_is_as_it_was() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut typist = Typist::sit(&["ask", "--what", "secret"]);
        wait_until("the silence", || !typist.echoes());
        let started = Instant::now();
        typist.signal(signal);
        let (ended, _, shown) = typist.leave();
        assert_eq!(ended, Some(code), "{shown}");
        assert!(
            started.elapsed() < Duration::from_secs(3),
            "{:?}",
            started.elapsed()
        );
        assert!(typist.echoes(), "what is typed next is not shown");
    }
}

#[test]
fn a_page_is_opened_once_a_person_says_so() {
    let opened =
        |sandbox: &Path| std::fs::read_to_string(sandbox.join("opened")).unwrap_or_default();
    for (typed, answer, page) in [
        (
            "y\n",
            "accept",
            "--new a tab https://shop.example.com/sign-in?for=mcp\n",
        ),
        ("\n", "decline", ""),
    ] {
        let mut typist = Typist::sit(&["ask", "--what", "url", "-o", "json"]);
        typist.at("open shop.example.com in the browser? [y/N] ", typed);
        let (code, stdout, shown) = typist.leave();
        assert_eq!(code, Some(0));
        assert!(stdout.contains(answer), "{stdout}");
        assert!(
            shown.contains("  page: https://shop.example.com/sign-in?for=mcp\n"),
            "{shown}"
        );
        let folder = typist.sandbox.path().to_owned();
        wait_until("the browser", || opened(&folder) == page);
    }
}

#[test]
fn a_call_that_wants_a_page_visited_is_made_again_until_the_person_gives_up() {
    let mut typist = Typist::sit(&["visit-first"]);
    typist.at("[y/N] ", "y\n");
    typist.at("Ctrl-D to decline: ", "\n");
    wait_until("the second question", || {
        typist.shown.lock().unwrap().matches("still waits").count() == 2
    });
    typist.at("Ctrl-D to decline: ", "\u{4}");
    let (code, stdout, shown) = typist.leave();
    assert_eq!((code, &*stdout), (Some(3), ""), "{shown}");
    assert!(
        shown.contains("a page must be visited first (-32042)"),
        "{shown}"
    );
}
