//! Signing in to remote servers, with a browser that is a fixture too.

use std::path::{Path, PathBuf};

use mcpress_fixtures::{Journal, Listening};
use mcpress_tests::{Kind, Sandbox, fixture, mcpress, press, pressed};
use serde_json::{Value, json};

const TOOLS: &str = r#"{"tools": [
    {"name": "whoami", "inputSchema": {"type": "object"}},
    {"name": "write", "inputSchema": {"type": "object"}},
    {"name": "greedy", "inputSchema": {"type": "object"}},
    {"name": "lapse", "inputSchema": {"type": "object"}},
    {"name": "stray", "inputSchema": {"type": "object"}}
]}"#;

/// A guarded server and a program for it, with a browser at hand.
struct Guarded {
    server: Listening,
    sandbox: Sandbox,
    program: PathBuf,
}

impl Guarded {
    fn new(options: &[&str]) -> Self {
        Self::of_kind(Kind::Bundled, options)
    }

    fn of_kind(kind: Kind, options: &[&str]) -> Self {
        mcpress();
        let sandbox = Sandbox::new();
        let journal = sandbox.file("journal");
        let mut options = options.to_vec();
        options.extend(["--journal", journal.to_str().unwrap()]);
        let server = mcpress_fixtures::listen("guarded", &options).unwrap();
        std::fs::write(sandbox.file("tools.json"), TOOLS).unwrap();
        let program = sandbox.file("notes");
        let options = ["--from", "tools.json", "--url", server.url()];
        press(&sandbox, kind, "notes", &program, &options);
        let store = sandbox.file("store");
        Self {
            sandbox: sandbox
                .env("BROWSER", fixture("browse"))
                .env("NOTES_MCP_STORE", store.to_str().unwrap()),
            server,
            program,
        }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sandbox = self.sandbox.env(name, value);
        self
    }

    /// The same where a person is there, although there is no terminal.
    fn with_a_person(self) -> Self {
        self.env("NOTES_MCP_SIGN_IN", "always")
    }

    #[track_caller]
    fn run(&self, line: &[&str], code: i32) -> mcpress_tests::Outcome {
        self.sandbox.run(&self.program, line).exits(code)
    }

    /// Opens a page of the server's, or where a sign-in begins: the address that the browser ends at.
    fn browse(&self, options: &[&str], url: &str) -> String {
        let program = mcpress_fixtures::program().unwrap();
        let line = [&["browse"], options, &[url]].concat();
        let outcome = self.sandbox.run(&program, line).exits(0);
        outcome.stdout.trim().to_owned()
    }

    fn control(&self, order: &str) {
        let origin = self.server.url().trim_end_matches("/mcp");
        self.browse(&[], &format!("{origin}/control/{order}"));
    }

    fn count(&self, event: &str) -> usize {
        self.journal().count(event)
    }

    fn journal(&self) -> Journal {
        Journal::read(&self.sandbox.file("journal"))
    }

    /// What has happened by that name, such as the scopes that were approved.
    fn events(&self, name: &str) -> Vec<String> {
        let journal = self.journal();
        let events = journal
            .entries()
            .iter()
            .filter(|entry| entry["event"] == name);
        events
            .map(|entry| entry["id"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

#[test]
fn a_person_signs_in_once_and_out_again() {
    for kind in Kind::BOTH {
        let guarded = Guarded::of_kind(kind, &[]);
        let login = guarded.run(&["auth", "login"], 0);
        assert!(
            login.stdout.starts_with("signed in to http://127.0.0.1:"),
            "{login:?}"
        );
        assert!(login.stderr.contains("/authorize?"), "{login:?}");
        let before = guarded.journal().requests("GET").len();
        assert_eq!(guarded.run(&["whoami"], 0).stdout, "whoami: come in\n");
        guarded.run(&["whoami"], 0);
        // A live token is used without a question to anybody else; what is got is the event stream.
        let journal = guarded.journal();
        let asked = &journal.requests("GET")[before..];
        assert!(
            asked.iter().all(|request| request["path"] == "/mcp"),
            "{asked:?}"
        );
        let status = guarded.run(&["auth", "status", "-o", "json"], 0).json();
        assert_eq!(
            (&status["signed_in"], &status["client"]),
            (&true.into(), &"client-1".into())
        );
        assert!(status["expires_in"].as_u64().unwrap() > 3000, "{status}");
        let shown = format!("{status}{}", guarded.run(&["auth", "status"], 0).stdout);
        assert!(
            !shown.contains("access-") && !shown.contains("refresh-"),
            "{shown}"
        );
        assert_eq!(
            guarded
                .run(&["auth", "logout"], 0)
                .stdout
                .split(" http")
                .next(),
            Some("signed out of")
        );
        assert_eq!(guarded.count("revoked"), 1);
        guarded.run(&["whoami"], 3);
    }
}

#[cfg(unix)]
#[test]
fn what_is_kept_in_files_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let guarded = Guarded::new(&[]);
    guarded.run(&["auth", "login"], 0);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = guarded.sandbox.file("store");
    assert_eq!(mode(&folder), 0o700);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{path:?}");
    }
}

#[test]
fn without_a_keychain_a_file_has_to_be_asked_for() {
    let guarded = Guarded::new(&[]).env("NOTES_MCP_STORE", "");
    let refused = guarded.run(&["auth", "login", "-o", "json"], 3);
    let hint = refused.error()["hint"].as_str().unwrap().to_owned();
    assert!(
        hint.contains("notes auth login --insecure-storage"),
        "{hint}"
    );
    assert_eq!(guarded.count("approved"), 0);
    guarded.run(&["auth", "login", "--insecure-storage"], 0);
    guarded.run(&["whoami"], 0);
    let folder = guarded.sandbox.file(".local/state/notes/sign-in");
    assert!(folder.is_dir(), "{folder:?}");
    // The choice is remembered.
    guarded.run(&["auth", "login"], 0);
}

#[test]
fn twenty_processes_redeem_one_refresh_token_once() {
    let guarded = Guarded::new(&["--expiry", "soon"]);
    guarded.run(&["auth", "login"], 0);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let runs: Vec<_> = (0..20)
        .map(|_| guarded.sandbox.spawn(&guarded.program, ["whoami"]))
        .collect();
    for run in runs {
        run.finish().exits(0);
    }
    assert_eq!(
        (guarded.count("refreshed"), guarded.count("reused")),
        (1, 0)
    );
    // The dead token was shown to nobody.
    assert_eq!(guarded.count("dead"), 0);
}

#[test]
fn a_call_asks_the_person_to_sign_in_and_goes_on() {
    let guarded = Guarded::new(&[]).with_a_person();
    let called = guarded.run(&["whoami"], 0);
    assert_eq!(called.stdout, "whoami: come in\n");
    assert!(
        called.stderr.contains("sign in in the browser"),
        "{called:?}"
    );
    // A token that ends in the midst of a session is replaced there, without the person.
    assert_eq!(guarded.run(&["lapse"], 0).stdout, "lapse: come in\n");
    assert_eq!(
        (guarded.count("approved"), guarded.count("refreshed")),
        (1, 1)
    );
    // One that ended between two calls too.
    guarded.control("expire");
    guarded.run(&["whoami"], 0);
    assert_eq!(
        (guarded.count("approved"), guarded.count("refreshed")),
        (1, 2)
    );
}

#[test]
fn scopes_are_added_to_those_there_are_and_three_times_at_most() {
    let guarded = Guarded::new(&[]).with_a_person();
    guarded.run(&["auth", "login", "--scope", "read"], 0);
    assert_eq!(guarded.run(&["write"], 0).stdout, "write: come in\n");
    guarded.run(&["write"], 0);
    assert_eq!(guarded.events("approved"), ["read", "read write"]);
    let greedy = guarded.run(&["greedy", "-o", "json"], 3);
    assert_eq!(greedy.error()["code"], "sign_in_failed");
    let approved = guarded.events("approved");
    assert_eq!(approved.len(), 5, "{approved:?}");
    assert!(approved[4].starts_with("read write more-"), "{approved:?}");
}

#[test]
fn without_a_person_the_page_is_told_and_the_answer_finishes_it() {
    let guarded = Guarded::new(&[]).env("BROWSER", "");
    let refused = guarded.run(&["whoami", "-o", "json"], 3).error();
    assert_eq!(
        (&refused["code"], &refused["login"]),
        (&"unauthorized".into(), &"notes auth login".into())
    );
    let url = refused["authorization_url"].as_str().unwrap();
    // Asked again, it is the same page.
    let again = guarded.run(&["auth", "login", "-o", "json"], 3).error();
    assert_eq!(again["authorization_url"], url);
    let end = guarded.browse(&["--short"], url);
    assert!(end.contains("/callback?"), "{end}");
    let wrong = end.replace("state=", "state=x");
    guarded.run(&["auth", "login", "--callback", &wrong], 3);
    let other = end.replace("iss=http", "iss=https");
    guarded.run(&["auth", "login", "--callback", &other], 3);
    guarded.run(&["auth", "login", "--callback", "code"], 2);
    guarded.run(&["auth", "login", "--callback", &end], 0);
    guarded.run(&["whoami"], 0);
    // It was good once.
    guarded.run(&["auth", "login", "--callback", &end], 3);
    // More scopes are asked for in the same way.
    let more = guarded.run(&["write", "-o", "json"], 3).error();
    assert!(
        more["authorization_url"]
            .as_str()
            .unwrap()
            .contains("scope=write"),
        "{more}"
    );
}

#[test]
fn a_token_goes_to_no_other_origin() {
    let guarded = Guarded::new(&[]);
    guarded.run(&["auth", "login"], 0);
    guarded.run(&["stray"], 5);
    assert_eq!(guarded.count("strayed"), 0);
    // Nor where the same program is pointed at another server.
    let other = Guarded::new(&[]);
    guarded.run(&["--mcp-url", other.server.url(), "whoami"], 3);
    let journal = other.journal();
    let tokens = journal.requests("POST").into_iter();
    assert!(tokens.clone().count() > 0);
    assert!(
        tokens
            .clone()
            .all(|request| request["headers"]["authorization"] == Value::Null)
    );
}

#[test]
fn a_header_of_the_user_s_is_all_there_is() {
    let guarded = Guarded::new(&[]).with_a_person();
    let header = ["--mcp-header", "Authorization: Bearer mine"];
    guarded.run(&[&["whoami"], &header[..]].concat(), 3);
    guarded.run(&[&["auth", "login"], &header[..]].concat(), 2);
    assert_eq!(guarded.count("approved"), 0);
}

#[test]
fn a_changed_issuer_gets_nothing_of_the_old_one_s() {
    let guarded = Guarded::new(&[]).with_a_person();
    guarded.run(&["whoami"], 0);
    guarded.control("move");
    guarded.run(&["whoami"], 0);
    assert_eq!(
        (guarded.count("registered"), guarded.count("approved")),
        (2, 2)
    );
    assert_eq!(
        (guarded.count("refreshed"), guarded.count("reused")),
        (0, 0)
    );
}

#[test]
fn a_client_is_one_that_is_known_or_that_describes_itself() {
    let known = Guarded::new(&["--clients", "known"]);
    let refused = known.run(&["auth", "login", "-o", "json"], 3).error();
    assert!(
        refused["hint"]
            .as_str()
            .unwrap()
            .contains("NOTES_MCP_CLIENT_ID"),
        "{refused}"
    );
    let known = known
        .env("NOTES_MCP_CLIENT_ID", "known")
        .env("THE_SECRET", "hush")
        .env("NOTES_MCP_CLIENT_SECRET", "env:THE_SECRET");
    known.run(&["auth", "login"], 0);
    known.run(&["whoami"], 0);
    known.run(&["auth", "logout"], 0);
    assert_eq!(known.count("revoked"), 1);
    let url = "https://notes.example/client.json";
    let described =
        Guarded::new(&["--clients", "document"]).env("NOTES_MCP_CLIENT_METADATA_URL", url);
    described.run(&["auth", "login"], 0);
    let status = described.run(&["auth", "status", "-o", "json"], 0).json();
    assert_eq!(status["client"], url);
}

#[test]
fn a_client_that_needs_no_person_signs_in_by_itself() {
    let guarded = Guarded::new(&["--clients", "known"])
        .env("NOTES_MCP_GRANT", "client_credentials")
        .env("NOTES_MCP_CLIENT_ID", "known")
        .env("NOTES_MCP_CLIENT_SECRET", "hush")
        .env("NOTES_MCP_STORE", "");
    guarded.run(&["whoami"], 0);
    guarded.run(&["write"], 0);
    let grants = guarded.events("redeemed");
    assert!(
        grants.iter().all(|grant| grant == "client_credentials"),
        "{grants:?}"
    );
    let wrong = guarded.env("NOTES_MCP_CLIENT_SECRET", "wrong");
    let outcome = wrong.run(&["whoami"], 3);
    assert!(outcome.stderr.contains("invalid_client"), "{outcome:?}");
    assert!(!outcome.stderr.contains("wrong"), "{outcome:?}");
    let state = wrong.sandbox.file(".local/state/notes/sign-in");
    assert!(!state.exists(), "a token was kept");
}

#[test]
fn a_server_that_is_wrong_about_its_own_paths_is_signed_in_to() {
    for layout in ["root", "doubled", "mounted"] {
        let guarded = Guarded::new(&["--layout", layout, "--expiry", "soon"]).with_a_person();
        guarded.run(&["auth", "login"], 0);
        std::thread::sleep(std::time::Duration::from_millis(2100));
        assert_eq!(
            guarded.run(&["whoami"], 0).stdout,
            "whoami: come in\n",
            "{layout}"
        );
        assert_eq!(
            (guarded.count("refreshed"), guarded.count("dead")),
            (1, 0),
            "{layout}"
        );
        // A server that has started anew knows neither its clients nor its tokens.
        guarded.control("restart");
        guarded.control("expire");
        guarded.run(&["whoami"], 0);
        assert_eq!(guarded.count("approved"), 2, "{layout}");
        guarded.run(&["auth", "logout"], 0);
        assert_eq!(guarded.count("revoked"), 1, "{layout}");
    }
}

#[test]
fn a_program_for_a_local_server_has_nothing_to_sign_in_to() {
    let program = pressed(Kind::Compiled, "everyday");
    for command in ["login", "logout"] {
        let outcome = Sandbox::new().run(&program, ["auth", command]).exits(2);
        assert!(
            outcome.stderr.contains("nothing to sign in to"),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_server_that_wants_no_sign_in_is_told_as_such() {
    mcpress();
    let server = mcpress_fixtures::listen("everyday", &[]).unwrap();
    let sandbox = Sandbox::new();
    let program = sandbox.file("open");
    press(
        &sandbox,
        Kind::Bundled,
        "open",
        &program,
        &["--url", server.url()],
    );
    let outcome = sandbox
        .run(&program, ["auth", "login", "-o", "json"])
        .exits(2);
    assert_eq!(outcome.error()["code"], json!("usage"));
    assert!(
        outcome.stderr.contains("asks for no sign-in"),
        "{outcome:?}"
    );
}
