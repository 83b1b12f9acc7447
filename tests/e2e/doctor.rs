//! `self doctor`: everything that a call needs is looked at, whatever is wrong with the rest of it.

use std::path::PathBuf;

use mcpress_fixtures::Alter;
use mcpress_tests::{Kind, Outcome, Sandbox, fixture, mcpress, press, pressed};
use serde_json::{Value, json};

/// The server of the fixture gets a loopback address and stand-ins for the credential.
const ROUTE: &str = r#"
[credentials.ERRAND_API_URL]
source = "alter"
mode = "proxy"
provider = "altr-basic"
origin = "ORIGIN/v1"
[credentials.ERRAND_KEY]
source = "alter"
provider = "altr-basic"
[credentials.ERRAND_SECRET]
source = "alter"
provider = "altr-basic"
"#;

/// What is looked at of that program, in this order.
const SUBJECTS: [&str; 13] = [
    "config",
    "policy",
    "audit",
    "slot ERRAND_API_URL",
    "slot ERRAND_KEY",
    "slot ERRAND_SECRET",
    "key",
    "backend",
    "clock",
    "grant altr-basic",
    "server",
    "protocol",
    "drift",
];

/// A server, a vault, and a program that knows where the vault is.
struct Patient {
    alter: Alter,
    program: PathBuf,
    sandbox: Sandbox,
}

impl Patient {
    /// In whom nothing is wrong.
    fn new() -> Self {
        mcpress();
        let alter = Alter::start(&[]).unwrap();
        let sandbox = Sandbox::new()
            .env("ALTER_BASE_URL", alter.url())
            .env("ALTER_API_KEY", alter.key("app"));
        let program = sandbox.file("errand");
        let mut line = vec!["--command".to_owned(), fixture("errand")];
        for slot in ["ERRAND_API_URL=now", "ERRAND_KEY=now", "ERRAND_SECRET=now"] {
            line.extend(["--env".to_owned(), slot.to_owned()]);
        }
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        press(&sandbox, Kind::Bundled, "errand", &program, &line);
        let patient = Self {
            alter,
            program,
            sandbox,
        };
        patient.configure(ROUTE);
        patient
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sandbox = self.sandbox.env(name, value);
        self
    }

    fn configure(&self, text: &str) {
        let text = text.replace("ORIGIN", self.alter.provider_url());
        self.write("config.toml", &text);
    }

    fn write(&self, name: &str, text: &str) {
        let folder = self.sandbox.file(".config/errand");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
    }

    /// What is found, and that the run ends so.
    #[track_caller]
    fn look(&self, line: &[&str], code: i32) -> Found {
        let line = [&["self", "doctor", "-o", "json"], line].concat();
        Found::of(&self.sandbox.run(&self.program, line), code)
    }
}

/// The findings of a run.
struct Found(Vec<Value>);

impl Found {
    #[track_caller]
    fn of(outcome: &Outcome, code: i32) -> Self {
        assert_eq!(outcome.code, Some(code), "{outcome:#?}");
        for secret in ["fake-mapi-key", "fake-mapi-secret", "alter_rk_aaaa"] {
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(!said.contains(secret), "{secret} is in {said}");
        }
        let report = outcome.json();
        assert_eq!(report["exit"], code, "{report:#}");
        if code != 0 {
            let error = outcome.error();
            let told = (&error["code"], &error["exit"]);
            assert_eq!(told, (&json!("findings"), &json!(code)), "{outcome:#?}");
        }
        Self(report["findings"].as_array().unwrap().clone())
    }

    fn subjects(&self) -> Vec<&str> {
        let findings = self.0.iter();
        findings
            .map(|finding| finding["subject"].as_str().unwrap())
            .collect()
    }

    #[track_caller]
    fn get(&self, subject: &str) -> &Value {
        let mut findings = self.0.iter();
        let found = findings.find(|finding| finding["subject"] == subject);
        found.unwrap_or_else(|| panic!("nothing of {subject}: {:#?}", self.0))
    }

    /// That something is so, and that this is said of it.
    #[track_caller]
    fn is(&self, subject: &str, verdict: &str, words: &str) -> &Self {
        let finding = self.get(subject);
        let message = finding["message"].as_str().unwrap();
        assert_eq!(finding["verdict"], verdict, "{finding:#}");
        assert!(message.contains(words), "{finding:#}");
        self
    }

    /// That this helps.
    #[track_caller]
    fn helps(&self, subject: &str, words: &str) -> &Self {
        let finding = self.get(subject);
        let hint = finding["hint"].as_str().unwrap_or_default();
        assert!(hint.contains(words), "{finding:#}");
        self
    }

    /// That these were not come to, and that no others were not.
    #[track_caller]
    fn skipped(&self, subjects: &[&str]) -> &Self {
        let findings = self.0.iter();
        let skipped = findings.filter(|finding| finding["verdict"] == "skipped");
        let skipped: Vec<_> = skipped.map(|finding| &finding["subject"]).collect();
        assert_eq!(skipped, subjects, "{:#?}", self.0);
        self
    }
}

#[test]
fn all_is_well_where_all_is_there() {
    let patient = Patient::new();
    let found = patient.look(&[], 0);
    assert_eq!(found.subjects(), SUBJECTS);
    let bad = found.0.iter().filter(|finding| finding["verdict"] != "ok");
    assert_eq!(bad.count(), 0, "{:#?}", found.0);
    found
        .is("config", "ok", ".config/errand/config.toml")
        .is("slot ERRAND_API_URL", "ok", "alter proxy altr-basic")
        .is("slot ERRAND_KEY", "ok", "stand-in")
        .is("key", "ok", "an application's key")
        .is("clock", "ok", "within")
        .is("grant altr-basic", "ok", "active")
        .is("server", "ok", "starts and greets in")
        .is("drift", "ok", "no change");
    assert_eq!(found.get("grant altr-basic")["status"], "active");
    assert!(
        found.get("server")["ms"].is_u64(),
        "{}",
        found.get("server")
    );
    // No credential was asked for, and no tool called.
    assert!(patient.alter.exchanges("/sdk/token").unwrap().is_empty());
    let text = patient.sandbox.run(&patient.program, ["self", "doctor"]);
    let text = text.exits(0).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), SUBJECTS.len(), "{text}");
    for (line, subject) in lines.iter().zip(SUBJECTS) {
        let is_so = line.starts_with(subject) && line.contains(" ok: ");
        assert!(is_so, "{subject}: {line}");
    }
}

#[test]
fn a_program_without_a_vault_says_nothing_of_one() {
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        let line = ["self", "doctor", "-o", "json"];
        let found = Found::of(&sandbox.run(&pressed(kind, "everyday"), line), 0);
        let subjects = ["config", "policy", "audit", "server", "protocol", "drift"];
        assert_eq!(found.subjects(), subjects);
        // What is only looked at leaves nothing behind.
        assert!(std::fs::read_dir(sandbox.path()).unwrap().next().is_none());
    }
}

#[test]
fn a_configuration_that_is_wrong_is_told_with_its_line_and_key() {
    let patient = Patient::new();
    patient.configure("[credentials.ERRAND_KEY]\nsource = \"vault\"\n");
    patient
        .look(&[], 2)
        .is(
            "config",
            "bad",
            "config.toml:2: `credentials.ERRAND_KEY.source`: not one of",
        )
        .is("policy", "ok", "no rules")
        .is("server", "skipped", "not known what the server is given")
        .skipped(&["audit", "slots", "vault", "server", "protocol", "drift"]);
}

#[test]
fn a_policy_that_is_wrong_keeps_the_log_from_being_looked_at_and_nothing_else() {
    let patient = Patient::new();
    patient.write("policy.toml", "deny = [\"annotation:\"]\nforbid = 1\n");
    patient
        .look(&[], 4)
        .is("policy", "bad", "policy.toml:")
        .is("drift", "ok", "no change")
        .skipped(&["audit"]);
    patient.write("policy.toml", "deny = [\"delete\"]\n");
    patient
        .look(&[], 0)
        .is("policy", "ok", ".config/errand/policy.toml");
}

#[test]
fn who_calls_is_looked_at_where_a_policy_asks() {
    let patient = Patient::new();
    let secret = patient.sandbox.file("secret");
    std::fs::write(&secret, "0123456789abcdef0123456789abcdef").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&secret, mode).unwrap();
    }
    let policy = |required: bool| {
        format!(
            "[identity]\nsecret_file = {:?}\nrequired = {required}\n",
            secret.to_str().unwrap()
        )
    };
    patient.write("policy.toml", &policy(false));
    patient.look(&[], 0).is("identity", "ok", "none is given");
    patient.write("policy.toml", &policy(true));
    patient
        .look(&[], 4)
        .is("identity", "bad", "without an identity")
        .helps("identity", "--mcp-identity")
        .is("server", "ok", "");
    patient
        .look(&["--mcp-identity", "not.a.token"], 4)
        .is("identity", "bad", "");
}

#[test]
fn what_tokens_are_checked_with_is_looked_at_before_somebody_has_one() {
    let patient = Patient::new();
    let place = |name: &str| patient.sandbox.file(&format!(".config/errand/{name}"));
    for (text, file, words) in [
        (
            "jwks_file = 'keys.json'",
            "keys.json",
            "keys.json is no set of keys",
        ),
        ("jwks_file = 'none.json'", "keys.json", "cannot read"),
        ("secret_file = 'secret'", "secret", "fewer than 32 bytes"),
        ("secret_file = 'none'", "secret", "cannot read"),
    ] {
        patient.write(file, "no JSON");
        patient.write("policy.toml", &format!("[identity]\n{text}\n"));
        patient
            .look(&[], 4)
            .is("identity", "bad", words)
            .helps("identity", "[identity]")
            .is("server", "ok", "");
    }
    patient.write("keys.json", "{\"keys\": []}");
    patient.write("policy.toml", "[identity]\njwks_file = 'keys.json'\n");
    patient
        .look(&[], 4)
        .is("identity", "bad", "there is none in it");
    let key = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]});
    patient.write("keys.json", &key.to_string());
    patient.look(&[], 0).is("identity", "ok", "none is given");
    // Who reads a secret can sign with it.
    #[cfg(unix)]
    {
        patient.write("secret", &"0123456789abcdef".repeat(2));
        patient.write("policy.toml", "[identity]\nsecret_file = 'secret'\n");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(place("secret"), mode).unwrap();
        let found = patient.look(&[], 0);
        found.is("identity", "warning", "can be read by others");
    }
    assert!(!place("none").exists());
}

#[test]
fn the_server_that_stands_in_is_looked_at_too() {
    let patient = Patient::new();
    let standby = |command: &str| {
        patient.configure(&format!("{ROUTE}[fallback]\ncommand = {command:?}\n"));
    };
    standby(&fixture("paged"));
    let found = patient.look(&[], 0);
    found.is("fallback", "ok", "starts and greets in");
    assert_eq!(found.subjects().last(), Some(&"fallback"));
    standby("/nowhere/server");
    let found = patient.look(&[], 0);
    found
        .is("fallback", "warning", "/nowhere/server")
        .is("drift", "ok", "");
    let line = ["--mcp-fallback-url", "http://127.0.0.1:9/mcp"];
    patient
        .look(&line, 0)
        .is("fallback", "warning", "cannot reach");
    let line = [
        "--mcp-command",
        "/no/server",
        "--mcp-fallback-command",
        "/nowhere/server",
    ];
    let found = patient.look(&line, 5);
    found
        .is("server", "bad", "/no/server")
        .is("fallback", "bad", "/nowhere/server");
    let found = patient.look(&["--dry-run"], 0);
    found.is("fallback", "skipped", "starts nothing");
}

#[cfg(unix)]
#[test]
fn a_disk_without_room_for_a_call_is_found() {
    let patient = Patient::new();
    patient.configure(&format!("{ROUTE}[audit]\nrequired = true\n"));
    let look = || {
        // No file takes a byte; what is said goes into a pipe.
        let script = "trap '' XFSZ; (ulimit -f 0; exec \"$0\" self doctor -o json) | cat";
        let program = patient.program.to_str().unwrap();
        let line = ["-c", script, program];
        let outcome = patient.sandbox.run(std::path::Path::new("/bin/sh"), line);
        let report = outcome.exits(0).json();
        assert_eq!(report["exit"], 4, "{report:#}");
        Found(report["findings"].as_array().unwrap().clone())
    };
    look().is("audit", "bad", "cannot be written");
    let line = ["get", "--path", "things"];
    patient.sandbox.run(&patient.program, line).exits(0);
    look().is("audit", "bad", "cannot be written");
    patient.look(&[], 0).is("audit", "ok", "");
    let names = std::fs::read_dir(patient.sandbox.file(".local/state/errand")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.ends_with(".new")).count(), 0);
}

#[test]
fn a_log_of_calls_that_was_changed_is_found() {
    let patient = Patient::new();
    for _ in 0..2 {
        let line = ["get", "--path", "things"];
        patient.sandbox.run(&patient.program, line).exits(0);
    }
    patient.look(&[], 0).is("audit", "ok", "2 calls");
    let log = patient.sandbox.file(".local/state/errand/audit.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, text.replacen("\"get\"", "\"put\"", 1)).unwrap();
    patient
        .look(&[], 1)
        .is("audit", "bad", "call 1 was changed")
        .helps("audit", "self audit verify")
        .is("drift", "ok", "");
}

#[test]
fn a_log_that_cannot_be_written_is_worse_where_it_has_to_be() {
    let patient = Patient::new();
    // A file where a folder is to be.
    let file = patient.sandbox.file("blocked");
    std::fs::write(&file, "").unwrap();
    let section = format!("[audit]\nfile = {:?}\n", file.join("audit.jsonl"));
    patient.configure(&format!("{ROUTE}{section}"));
    patient
        .look(&[], 0)
        .is("audit", "warning", "cannot be written");
    patient.configure(&format!("{ROUTE}{section}required = true\n"));
    patient.look(&[], 4).is("audit", "bad", "cannot be written");
}

#[test]
fn a_value_that_is_not_there_keeps_the_server_from_being_started() {
    let patient = Patient::new();
    let without_key = ROUTE.split("[credentials.ERRAND_KEY]").next().unwrap();
    let from_file = "[credentials.ERRAND_SECRET]\nsource = \"file\"\npath = \"/nowhere/secret\"\n";
    patient.configure(&format!("{without_key}{from_file}"));
    patient
        .look(&[], 3)
        .is("slot ERRAND_KEY", "bad", "not set, and required")
        .helps("slot ERRAND_KEY", "export ERRAND_KEY=")
        .is(
            "slot ERRAND_SECRET",
            "bad",
            "config.toml:9: `credentials.ERRAND_SECRET.path`",
        )
        .is("slot ERRAND_API_URL", "ok", "")
        .is("grant altr-basic", "ok", "active")
        .is("server", "skipped", "see slot ERRAND_KEY")
        .skipped(&["server", "protocol", "drift"]);
    // A helper that takes its time is not waited for without end.
    let slow = "[credentials.ERRAND_KEY]\nsource = \"command\"\ncommand = [\"sleep\", \"30\"]\n";
    patient.configure(&format!("{without_key}{slow}"));
    patient
        .look(&["--timeout", "500ms"], 6)
        .is("slot ERRAND_KEY", "bad", "within 500ms");
}

#[test]
fn a_key_that_is_missing_malformed_or_refused_is_told_from_the_others() {
    let after = ["backend", "clock", "grant altr-basic"];
    let server = ["server", "protocol", "drift"];
    let all = [after, server].concat();
    let patient = Patient::new().env("ALTER_API_KEY", "");
    patient
        .look(&[], 3)
        .is("key", "bad", "no key to the vault")
        .helps("key", "auth set ALTER_API_KEY")
        .skipped(&all);
    let patient = patient.env("ALTER_API_KEY", "alter_rk_aaaaaaaaaaaaaaaaaaaaab_l77ykl");
    patient.look(&[], 3).is("key", "bad", "").skipped(&all);
    // Nobody was asked for that.
    assert!(patient.alter.exchanges("/sdk/").unwrap().is_empty());
    let revoked = patient.alter.key("revoked").to_owned();
    let patient = patient.env("ALTER_API_KEY", &revoked);
    let found = patient.look(&[], 3);
    found
        .is("key", "bad", "revoked")
        .is("backend", "ok", "answers")
        .is("clock", "ok", "")
        .is("grant altr-basic", "skipped", "the key is not taken")
        .skipped(&["grant altr-basic", "server", "protocol", "drift"]);
    let deprecated = patient.alter.key("deprecated").to_owned();
    let patient = patient.env("ALTER_API_KEY", &deprecated);
    patient
        .look(&[], 0)
        .is("key", "warning", "replaced")
        .helps("key", "give the new key")
        .is("drift", "ok", "");
    // Not every answer says so.
    let silent = json!({
        "path": "/sdk/agents/me", "status": 403,
        "body": {"detail": {"error": "me_requires_agent_key", "message": "not an agent"}},
    });
    patient.alter.control("fail", &silent).unwrap();
    let found = patient.look(&[], 0);
    found.is("key", "warning", "replaced");
    assert_eq!(found.subjects(), SUBJECTS);
}

#[test]
fn a_vault_that_is_not_there_leaves_the_rest_to_be_looked_at() {
    let patient = Patient::new().env("ALTER_BASE_URL", "http://127.0.0.1:9");
    patient
        .look(&[], 5)
        .is("slot ERRAND_KEY", "ok", "")
        .is("key", "ok", "by its shape")
        .is("backend", "bad", "")
        .skipped(&["clock", "grant altr-basic", "server", "protocol", "drift"]);
    let patient = patient.env("ALTER_BASE_URL", "http://vault.example");
    patient
        .look(&[], 2)
        .is("key", "ok", "shape")
        .is("backend", "bad", "vault.example");
}

#[test]
fn a_vault_that_says_nothing_is_not_waited_for_without_end() {
    let patient = Patient::new();
    let silence = json!({"path": "/sdk/.*", "status": 200, "delay": 20, "times": 9});
    patient.alter.control("fail", &silence).unwrap();
    patient
        .look(&["--timeout", "1s"], 6)
        .is("backend", "bad", "within 1s")
        .is("grant altr-basic", "skipped", "does not answer");
}

#[test]
fn a_clock_that_is_wrong_is_a_warning() {
    let patient = Patient::new();
    let then = json!({
        "path": "/sdk/agents/me", "status": 403, "headers": {"Date": "Thu, 01 Jan 2026 00:00:00 GMT"},
        "body": {"detail": {"error": "me_requires_agent_key", "message": "not an agent"}},
    });
    patient.alter.control("fail", &then).unwrap();
    patient
        .look(&[], 0)
        .is("clock", "warning", "s ahead of the vault's")
        .helps("clock", "clock")
        .is("drift", "ok", "");
}

#[test]
fn a_grant_that_is_missing_is_told_with_the_command_that_mends_it() {
    let patient = Patient::new();
    patient.configure(&ROUTE.replace("altr-basic", "nowhere"));
    let found = patient.look(&[], 3);
    found
        .is("key", "ok", "")
        .is("grant nowhere", "bad", "none that this key can use")
        .helps("grant nowhere", "errand auth connect nowhere")
        .is("server", "skipped", "see grant nowhere");
    patient.configure(&ROUTE.replace("altr-basic", "revoked-test"));
    patient
        .look(&[], 3)
        .is("grant revoked-test", "bad", "it is revoked");
}

#[test]
fn a_server_that_dies_is_told_with_its_last_words() {
    let patient = Patient::new();
    let dead = fixture("dead");
    let found = patient.look(&["--mcp-command", &dead], 5);
    found
        .is("grant altr-basic", "ok", "")
        .is("server", "bad", "set it and start again")
        .skipped(&["protocol", "drift"]);
    assert!(found.get("server")["stderr"].is_array());
    let found = patient.look(&["--mcp-command", "/nowhere/server"], 5);
    found.is("server", "bad", "/nowhere/server");
    let silent = fixture("silent");
    let found = patient.look(&["--mcp-command", &silent, "--timeout", "1s"], 6);
    found.is("server", "bad", "within 1s");
}

#[test]
fn drift_is_counted_and_another_revision_is_a_warning() {
    let patient = Patient::new();
    let found = patient.look(&["--mcp-command", &fixture("paged")], 7);
    found
        .is("drift", "bad", "breaking")
        .helps("drift", "generate it again: mcpress generate-cli");
    let drift = found.get("drift");
    assert_eq!(drift["compatible"], 25, "{drift}");
    assert!(drift["breaking"].as_u64() > Some(0), "{drift}");
    patient.look(&["--mcp-command", &fixture("modern")], 7).is(
        "protocol",
        "warning",
        "2026-07-28, and it was 2025-11-25",
    );
}

#[test]
fn the_worst_decides_how_it_ends() {
    // A server that is not there is worse than a value that is not, and drift than both.
    let patient = Patient::new();
    patient.write("policy.toml", "deny = 1\n");
    patient.look(&["--mcp-command", "/nowhere/server"], 5);
    patient.look(&["--mcp-command", &fixture("paged")], 7);
}

#[cfg(unix)]
#[test]
fn an_interruption_ends_it() {
    let patient = Patient::new();
    let line = ["self", "doctor", "--mcp-command", &fixture("silent")];
    let running = patient.sandbox.spawn(&patient.program, line);
    std::thread::sleep(std::time::Duration::from_millis(700));
    running.signal_if_running("INT");
    let outcome = running.finish().exits(130);
    assert!(outcome.stdout.contains("grant altr-basic"), "{outcome:#?}");
}

#[test]
fn a_remote_server_is_reached_and_nobody_is_signed_in() {
    mcpress();
    let server = mcpress_fixtures::listen("guarded", &[]).unwrap();
    let open = mcpress_fixtures::listen("everyday", &[]).unwrap();
    for kind in Kind::BOTH {
        let sandbox = Sandbox::new();
        let program = sandbox.file("remote");
        press(&sandbox, kind, "remote", &program, &["--url", open.url()]);
        let look = |url: &str, code: i32| {
            let line = ["self", "doctor", "-o", "json", "--mcp-url", url];
            Found::of(&sandbox.run(&program, line), code)
        };
        look(open.url(), 0)
            .is("server", "ok", "not signed in")
            .is("server", "ok", "answers in");
        let found = look(server.url(), 3);
        found
            .is("server", "bad", "asks for authorization")
            .helps("server", "remote auth login")
            .skipped(&["protocol", "drift"]);
        assert_eq!(found.get("server")["signed_in"], false);
        // Nothing was begun for a sign-in.
        assert!(!sandbox.file(".local/state/remote/sign-in").exists());
        look("http://127.0.0.1:9/mcp", 5).is("server", "bad", "cannot reach");
    }
}

#[test]
fn the_state_of_grants_is_shown_beside_the_slots() {
    let patient = Patient::new();
    let status = || {
        let line = ["auth", "status", "-o", "json"];
        let outcome = patient.sandbox.run(&patient.program, line).exits(0);
        (outcome.json()["slots"].clone(), outcome.stderr)
    };
    patient.configure(
        "[credentials.ERRAND_KEY]\nsource = \"alter\"\nmode = \"env\"\nprovider = \"calendar\"\n\
         [credentials.ERRAND_SECRET]\nsource = \"alter\"\nmode = \"env\"\nprovider = \"nowhere\"\n",
    );
    let (slots, stderr) = status();
    let slot = |slots: &Value, name: &str| {
        let mut slots = slots.as_array().unwrap().iter();
        slots.find(|slot| slot["name"] == name).unwrap().clone()
    };
    let key = slot(&slots, "ERRAND_KEY");
    assert_eq!(
        (&key["status"], &key["scopes"]),
        (&json!("active"), &json!(["calendar.readonly"]))
    );
    assert_eq!(slot(&slots, "ERRAND_SECRET")["status"], "missing");
    assert_eq!(stderr, "");
    assert_eq!(
        patient.alter.exchanges("/sdk/grants/list").unwrap().len(),
        1
    );
    let text = patient.sandbox.run(&patient.program, ["auth", "status"]);
    let text = text.exits(0).stdout;
    assert!(
        text.contains("alter env calendar active calendar.readonly"),
        "{text}"
    );
    // Without the vault the rest is as good as before.
    let refused = json!({"path": "/sdk/.*", "status": 503, "times": 2});
    patient.alter.control("fail", &refused).unwrap();
    let (slots, stderr) = status();
    assert!(slot(&slots, "ERRAND_KEY")["status"].is_null(), "{slots}");
    assert_eq!(slot(&slots, "ERRAND_KEY")["grant"], "calendar");
    assert!(
        stderr.contains("the vault says nothing of the grants"),
        "{stderr}"
    );
}

#[test]
fn a_value_that_was_kept_says_since_when() {
    let patient = Patient::new();
    patient.configure("");
    let line = ["auth", "set", "ERRAND_KEY", "--insecure-storage"];
    let set = patient
        .sandbox
        .run_with_input(&patient.program, line, "one-that-is-kept\n");
    set.exits(0);
    let line = ["auth", "status", "-o", "json"];
    let slots = patient.sandbox.run(&patient.program, line).exits(0).json()["slots"].clone();
    let mut slots = slots.as_array().unwrap().iter();
    let slot = slots.find(|slot| slot["name"] == "ERRAND_KEY").unwrap();
    assert_eq!(slot["source"], "file", "{slot}");
    let since = slot["since"].as_str().unwrap();
    assert!(
        since.starts_with("20") && since.ends_with('Z') && since.len() == 20,
        "{slot}"
    );
}
