//! The two eras of the protocol: which one a server is of is learnt once and then taken for granted,
//! and found out anew where it has changed.

use std::path::{Path, PathBuf};

use mcpress_fixtures::Journal;
use mcpress_tests::{Kind, Sandbox, fixture, mcpress, press, wait_until};
use serde_json::Value;

/// A program made by asking a server, whose journal then holds what the program does.
struct Met {
    sandbox: Sandbox,
    program: PathBuf,
    journal: PathBuf,
}

impl Met {
    fn over_stdio(server: &str) -> Self {
        let sandbox = Sandbox::new();
        let journal = sandbox.file("journal");
        let command = fixture(&format!("{server} --journal {}", journal.display()));
        Self::of(sandbox, journal, &["--command", &command])
    }

    fn of(sandbox: Sandbox, journal: PathBuf, options: &[&str]) -> Self {
        let program = sandbox.file("met");
        press(&sandbox, Kind::Bundled, "met", &program, options);
        let met = Self {
            sandbox,
            program,
            journal,
        };
        std::fs::write(&met.journal, "").unwrap();
        met
    }

    fn methods(&self) -> Vec<String> {
        methods(&self.journal)
    }
}

fn methods(journal: &Path) -> Vec<String> {
    let journal = Journal::read(journal);
    journal
        .methods()
        .iter()
        .map(|&name| name.to_owned())
        .collect()
}

fn inspected(server: &str, options: &[&str]) -> Value {
    let line = ["inspect", "-o", "json", "--command", &fixture(server)];
    let outcome = Sandbox::new().run(mcpress(), line.iter().chain(options));
    outcome.exits(0).json()
}

#[test]
fn a_stateless_server_that_was_met_is_sent_the_call_and_nothing_else() {
    let met = Met::over_stdio("modern");
    let outcome = met.sandbox.run(&met.program, ["echo", "--text", "hi"]);
    assert_eq!(outcome.exits(0).stdout, "hi\n");
    assert_eq!(met.methods(), ["tools/call"]);
}

#[test]
fn a_server_with_sessions_that_was_met_is_not_probed() {
    let met = Met::over_stdio("everyday");
    let outcome = met.sandbox.run(&met.program, ["echo", "--text", "hi"]);
    assert_eq!(outcome.exits(0).stdout, "hi\n");
    assert_eq!(
        met.methods(),
        ["initialize", "notifications/initialized", "tools/call"]
    );
}

#[test]
fn a_stateless_server_over_http_gets_one_request_a_call() {
    mcpress();
    let sandbox = Sandbox::new();
    let journal = sandbox.file("journal");
    let path = journal.to_str().unwrap().to_owned();
    for answer in ["json", "sse"] {
        let options = ["--journal", &path, "--answer", answer];
        let server = mcpress_fixtures::listen("modern", &options).unwrap();
        let met = Met::of(Sandbox::new(), journal.clone(), &["--url", server.url()]);
        let line = [
            "place",
            "--region",
            "größe",
            "--where.zone",
            "eu",
            "-o",
            "json",
        ];
        let outcome = met.sandbox.run(&met.program, line).exits(0);
        assert_eq!(outcome.json()["region"], "größe");
        assert_eq!(met.methods(), ["tools/call"], "{answer}");
    }
}

#[test]
fn a_probe_that_is_taken_amiss_costs_nothing_but_time() {
    for way in ["error", "exit", "silence", "wedge", "odd", "nonsense"] {
        let capture = inspected(&format!("prober --on-probe {way}"), &["--timeout", "15s"]);
        assert_eq!(capture["protocolVersion"], "2025-11-25", "{way}");
        assert_ne!(capture["tools"], serde_json::json!([]), "{way}");
    }
}

#[test]
fn a_server_that_takes_its_time_is_of_the_era_that_it_is() {
    for (era, revision) in [("modern", "2026-07-28"), ("legacy", "2025-11-25")] {
        let server = format!("prober --era {era} --delay-ms 6000");
        assert_eq!(inspected(&server, &[])["protocolVersion"], revision);
    }
}

/// A program that takes a server for one of another revision than it is.
fn mistaken(server: &str, revision: &str) -> Met {
    let sandbox = Sandbox::new();
    let mut capture = inspected(server, &[]);
    capture["protocolVersion"] = revision.into();
    std::fs::write(sandbox.file("capture.json"), capture.to_string()).unwrap();
    let journal = sandbox.file("journal");
    let command = fixture(&format!("{server} --journal {}", journal.display()));
    let options = ["--from", "capture.json", "--command", &command];
    Met::of(sandbox, journal, &options)
}

#[test]
fn a_server_that_has_changed_its_era_is_called_all_the_same() {
    for (server, revision) in [("modern", "2025-11-25"), ("everyday", "2026-07-28")] {
        let met = mistaken(server, revision);
        let outcome = met.sandbox.run(&met.program, ["echo", "--text", "hi"]);
        assert_eq!(outcome.exits(0).stdout, "hi\n", "{server}");
        let calls = met
            .methods()
            .iter()
            .filter(|it| *it == "tools/call")
            .count();
        // The first call of a server that wants a handshake is refused, and comes again after it.
        assert!(calls <= 2, "{:?}", met.methods());
    }
}

#[test]
fn a_call_that_a_stateless_server_refuses_is_not_made_twice() {
    let met = Met::over_stdio("modern");
    met.sandbox.run(&met.program, ["call", "nothing"]).exits(2);
    assert_eq!(met.methods(), ["tools/call", "server/discover"]);
}

#[test]
fn a_pinned_revision_is_spoken_or_the_call_fails() {
    let met = Met::over_stdio("everyday");
    let line = ["echo", "--text", "hi", "--mcp-protocol"];
    let pinned = |revision| {
        let line = line.iter().chain([&revision]);
        met.sandbox.run(&met.program, line)
    };
    pinned("2025-06-18").exits(0);
    let journal = Journal::read(&met.journal);
    let hello = journal.messages("initialize")[0];
    assert_eq!(hello["params"]["protocolVersion"], "2025-06-18");
    pinned("2026-07-28").exits(7);
}

#[test]
fn a_revision_that_is_refused_and_supported_after_all_is_spoken_once_more() {
    let capture = inspected("prober --era reluctant", &[]);
    assert_eq!(capture["protocolVersion"], "2026-07-28");
    let met = Met::over_stdio("prober --era reluctant");
    for revision in [&[][..], &["--mcp-protocol", "2026-07-28"]] {
        std::fs::write(&met.journal, "").unwrap();
        let line = ["echo", "--text", "hi"].iter().chain(revision);
        assert_eq!(met.sandbox.run(&met.program, line).exits(0).stdout, "hi\n");
    }
}

#[test]
fn a_tool_that_wants_a_header_no_call_can_have_is_left_out_where_calls_have_headers() {
    let tools = |met: &Met| {
        let outcome = met.sandbox.run(&met.program, ["self", "tools"]);
        outcome.exits(0).stdout.lines().count()
    };
    assert_eq!(tools(&Met::over_stdio("misheaded")), 10);
    let server = mcpress_fixtures::listen("misheaded", &[]).unwrap();
    let sandbox = Sandbox::new();
    let journal = sandbox.file("journal");
    let met = Met::of(sandbox, journal, &["--url", server.url()]);
    assert_eq!(tools(&met), 1);
    met.sandbox.run(&met.program, ["good", "--a", "x"]).exits(0);
}

#[test]
fn an_answer_that_is_lost_on_its_way_is_asked_for_once_more_where_that_does_no_harm() {
    mcpress();
    let server = mcpress_fixtures::listen("modern", &["--answer", "sse"]).unwrap();
    let sandbox = Sandbox::new();
    let pressed = |name: &str, options: &[&str]| {
        let program = sandbox.file(name);
        let options = [&["--url", server.url()], options].concat();
        press(&sandbox, Kind::Bundled, name, &program, &options);
        program
    };
    let overlay = "tools.broken.effect = 'read-only'";
    std::fs::write(sandbox.file("overlay.toml"), overlay).unwrap();
    let harmless = pressed("harmless", &["--overlay", "overlay.toml"]);
    let outcome = sandbox.run(&harmless, ["broken", "--key", "a"]).exits(0);
    assert_eq!(outcome.stdout, "tried 2 times\n");
    let outcome = sandbox.run(&harmless, ["broken", "--key", "b", "--times", "9"]);
    let outcome = outcome.exits(5);
    assert!(
        outcome
            .stderr
            .contains("broke before the answer (after 3 attempts)"),
        "{outcome:?}"
    );

    let unknown = pressed("unknown", &[]);
    let line = ["broken", "--key", "c", "--mcp-retries", "5"];
    let outcome = sandbox.run(&unknown, line).exits(5);
    assert!(
        outcome.stderr.contains("broke before the answer\n"),
        "{outcome:?}"
    );
    // It was not tried once more behind the scenes: this is the second time, and succeeds.
    let outcome = sandbox.run(&unknown, line).exits(0);
    assert_eq!(outcome.stdout, "tried 2 times\n");
}

#[test]
fn to_hang_up_is_to_cancel() {
    mcpress();
    let sandbox = Sandbox::new();
    let journal = sandbox.file("journal");
    let options = ["--journal", journal.to_str().unwrap()];
    let server = mcpress_fixtures::listen("modern", &options).unwrap();
    let program = sandbox.file("met");
    press(
        &sandbox,
        Kind::Bundled,
        "met",
        &program,
        &["--url", server.url()],
    );
    let running = sandbox.spawn(&program, ["sleep", "--ms", "20000"]);
    wait_until("the call has arrived", || {
        methods(&journal)
            .iter()
            .any(|method| method == "tools/call")
    });
    running.signal_if_running("INT");
    running.finish().exits(130);
    wait_until("the server has noticed", || {
        Journal::read(&journal).count("closed") > 0
    });
}

#[test]
fn log_messages_are_asked_for_where_they_are_shown() {
    for server in ["modern", "everyday"] {
        let met = Met::over_stdio(server);
        let quiet = met.sandbox.run(&met.program, ["log"]);
        assert!(!quiet.stderr.contains("debug"), "{quiet:?}");
        let verbose = met.sandbox.run(&met.program, ["log", "-v"]);
        assert!(verbose.stderr.contains("debug"), "{verbose:?}");
    }
}
