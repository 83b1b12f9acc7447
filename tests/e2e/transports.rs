//! Remote servers in every manner that they speak HTTP.

use std::path::PathBuf;

use mcpress_fixtures::{Journal, Listening};
use mcpress_tests::{Kind, Sandbox, mcpress, press};

/// A fixture that listens, and the program made by asking it.
struct Remote {
    sandbox: Sandbox,
    program: PathBuf,
    journal: PathBuf,
    _server: Listening,
}

impl Remote {
    #[track_caller]
    fn pressed(fixture: &str, options: &[&str]) -> Self {
        let (sandbox, journal, server) = listening(fixture, options);
        let program = sandbox.file("far");
        press(
            &sandbox,
            Kind::Bundled,
            "far",
            &program,
            &["--url", server.url()],
        );
        std::fs::write(&journal, "").unwrap();
        Self {
            sandbox,
            program,
            journal,
            _server: server,
        }
    }

    fn journal(&self) -> Journal {
        Journal::read(&self.journal)
    }
}

fn listening(fixture: &str, options: &[&str]) -> (Sandbox, PathBuf, Listening) {
    mcpress();
    let sandbox = Sandbox::new();
    let journal = sandbox.file("journal");
    let all = [&["--journal", journal.to_str().unwrap()], options].concat();
    let server = mcpress_fixtures::listen(fixture, &all).unwrap();
    (sandbox, journal, server)
}

#[test]
fn a_server_that_turns_the_new_era_away_is_greeted() {
    for way in ["400", "404", "405", "406", "error"] {
        let remote = Remote::pressed("refusing", &["--refuse", way]);
        let outcome = remote
            .sandbox
            .run(&remote.program, ["echo", "--text", "hi"]);
        assert_eq!(outcome.exits(0).stdout, "hi\n", "{way}");
    }
}

#[test]
fn a_server_of_a_stream_and_an_endpoint_is_found_and_then_known() {
    for endpoint in ["relative", "absolute"] {
        let remote = Remote::pressed("sse", &["--endpoint", endpoint]);
        let outcome = remote
            .sandbox
            .run(&remote.program, ["echo", "--text", "hi"]);
        assert_eq!(outcome.exits(0).stdout, "hi\n", "{endpoint}");
        let journal = remote.journal();
        assert_eq!(journal.requests("GET").len(), 1);
        assert_eq!(
            journal.methods(),
            ["initialize", "notifications/initialized", "tools/call"]
        );
    }
}

#[test]
fn an_endpoint_of_another_origin_is_sent_nothing() {
    let (sandbox, journal, server) = listening("sse", &["--endpoint", "foreign"]);
    let outcome = sandbox.run(mcpress(), ["inspect", "--url", server.url()]);
    let outcome = outcome.exits(5);
    assert!(outcome.stderr.contains("another origin"), "{outcome:?}");
    let strayed = Journal::read(&journal);
    let strayed = strayed.requests("POST").into_iter();
    let strayed = strayed.filter(|request| request["path"].to_string().contains("elsewhere"));
    assert_eq!(strayed.count(), 0);
}

#[test]
fn a_session_is_kept_and_deleted_at_the_end() {
    let remote = Remote::pressed("everyday", &[]);
    remote
        .sandbox
        .run(&remote.program, ["add", "--a", "1", "--b", "2"])
        .exits(0);
    let journal = remote.journal();
    let sessions: Vec<_> = journal
        .requests("POST")
        .iter()
        .map(|request| {
            request["headers"]["mcp-session-id"]
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(sessions.len(), 3, "{sessions:?}");
    assert!(sessions[0].is_none() && sessions[1].is_some() && sessions[1] == sessions[2]);
    assert_eq!(journal.requests("DELETE").len(), 1);
}

#[test]
fn a_server_without_sessions_is_called() {
    let remote = Remote::pressed("sessionless", &[]);
    let outcome = remote
        .sandbox
        .run(&remote.program, ["echo", "--text", "hi"]);
    assert_eq!(outcome.exits(0).stdout, "hi\n");
}

#[test]
fn a_session_that_the_server_forgets_is_begun_again() {
    let remote = Remote::pressed("forgetful", &["--life", "1"]);
    let outcome = remote
        .sandbox
        .run(&remote.program, ["echo", "--text", "hi"]);
    assert_eq!(outcome.exits(0).stdout, "hi\n");
}

#[test]
fn a_stream_that_breaks_is_resumed_from_its_last_event() {
    let remote = Remote::pressed("resuming", &[]);
    let outcome = remote
        .sandbox
        .run(&remote.program, ["echo", "--text", "hi"]);
    assert_eq!(outcome.exits(0).stdout, "hi\n");
    let journal = remote.journal();
    let resumed = journal
        .requests("GET")
        .iter()
        .filter(|request| request["headers"].get("last-event-id").is_some())
        .count();
    assert_eq!(resumed, 2);
    assert_eq!(journal.messages("tools/call").len(), 1);
}

#[test]
fn a_redirect_within_the_origin_is_followed_and_no_other() {
    let remote = Remote::pressed("moved", &["--to", "same"]);
    let outcome = remote
        .sandbox
        .run(&remote.program, ["echo", "--text", "hi"]);
    assert_eq!(outcome.exits(0).stdout, "hi\n");
    for to in ["other", "circle"] {
        let (sandbox, journal, server) = listening("moved", &["--to", to]);
        let header = ["--header", "X-Key: ${KEY}", "--env", "KEY=hunter2"];
        let line = ["inspect", "--url", server.url()];
        sandbox.run(mcpress(), line.iter().chain(&header)).exits(5);
        let journal = Journal::read(&journal);
        let requests = journal.requests("POST").into_iter();
        let paths: std::collections::BTreeSet<_> = requests
            .map(|request| request["path"].to_string())
            .collect();
        assert_eq!(Vec::from_iter(paths), ["\"/old\""], "{to}");
    }
}

#[cfg(unix)]
#[test]
fn a_server_behind_a_unix_socket_is_pressed_and_called() {
    mcpress();
    for fixture in ["everyday", "modern"] {
        let sandbox = Sandbox::new();
        let socket = sandbox.file("socket");
        let mut command = mcpress_fixtures::command(fixture).unwrap();
        command.arg("--unix").arg(&socket);
        let _server = Listening::start(command).unwrap();
        let url = format!("unix:{}", socket.display());
        let program = sandbox.file("near");
        press(&sandbox, Kind::Bundled, "near", &program, &["--url", &url]);
        let outcome = sandbox.run(&program, ["echo", "--text", "hi"]);
        assert_eq!(outcome.exits(0).stdout, "hi\n", "{fixture}");
        let elsewhere = ["echo", "--text", "hi", "--mcp-url", &format!("{url}:/mcp")];
        assert_eq!(sandbox.run(&program, elsewhere).exits(0).stdout, "hi\n");
    }
}
