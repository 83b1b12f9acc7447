//! What people do for a vault: they connect accounts and approve requests, here or elsewhere.

use std::path::PathBuf;
use std::time::Duration;

use mcpress_fixtures::Alter;
use mcpress_tests::{Kind, Outcome, Running, Sandbox, fixture, press, pressed, wait_until};
use serde_json::{Value, json};

use crate::asking::Typist;

/// Long enough for a program to wait for something of the vault, which journals what it has answered.
const MOMENT: Duration = Duration::from_millis(500);

const SESSION: &str = "/sdk/oauth/connect/session";
const POLL: &str = "/sdk/oauth/connect/session/poll";

/// A vault and a program whose server takes its credentials from it.
struct Desk {
    alter: Alter,
    sandbox: Sandbox,
    program: PathBuf,
}

impl Desk {
    fn new(server: &str, config: &str) -> Self {
        let program = pressed(Kind::Bundled, server);
        let alter = Alter::start(&[]).unwrap();
        let sandbox = Sandbox::new();
        let folder = sandbox.file(&format!(".config/{server}"));
        std::fs::create_dir_all(&folder).unwrap();
        let config = config.replace("ORIGIN", alter.provider_url());
        std::fs::write(folder.join("config.toml"), config).unwrap();
        let sandbox = sandbox
            .env("ALTER_BASE_URL", alter.url())
            .env("ALTER_API_KEY", alter.key("app"))
            .env("ALICE", alter.user_token("alice"));
        Self {
            alter,
            sandbox,
            program,
        }
    }

    /// A server that is handed over a credential of this provider's.
    fn handed_over(provider: &str) -> Self {
        Self::new("everyday", &handed_over(provider))
    }

    /// A server whose requests the vault makes with a grant of this provider's.
    fn forwarded(provider: &str) -> Self {
        let slot = |name: &str, more: &str| {
            format!("[credentials.{name}]\nsource = \"alter\"\nprovider = \"{provider}\"\n{more}")
        };
        let route = slot(
            "ERRAND_API_URL",
            "mode = \"forward\"\norigin = \"ORIGIN\"\n",
        );
        let stand_ins = slot("ERRAND_KEY", "") + &slot("ERRAND_SECRET", "");
        Self::new("errand", &(route + &stand_ins))
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sandbox = self.sandbox.env(name, value);
        self
    }

    #[track_caller]
    fn run(&self, line: &[&str], code: i32) -> Outcome {
        self.sandbox.run(&self.program, line).exits(code)
    }

    /// The error of a run that ends so.
    #[track_caller]
    fn fail(&self, line: &[&str], code: i32) -> Value {
        self.run(&[line, &["-o", "json"]].concat(), code).error()
    }

    fn spawn(&self, line: &[&str]) -> Running {
        self.sandbox.spawn(&self.program, line)
    }

    /// Somebody in front of the program, whose browser goes where it is sent.
    fn sit(self, line: &[&str]) -> (Typist, Alter) {
        let env = [
            ("ALTER_BASE_URL", self.alter.url().to_owned()),
            ("ALTER_API_KEY", self.alter.key("app").to_owned()),
            ("BROWSER", fixture("browse")),
        ];
        let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
        let typist = Typist::at_desk(self.sandbox, &self.program, line, &env);
        (typist, self.alter)
    }

    fn control(&self, order: &str, body: Value) {
        self.alter.control(order, &body).unwrap();
    }

    fn count(&self, path: &str) -> usize {
        count(&self.alter, path)
    }

    fn wait_for(&self, path: &str, times: usize) {
        wait_until(path, || self.count(path) >= times);
    }
}

/// A slot that is filled from this provider.
fn handed_over(provider: &str) -> String {
    format!(
        "[credentials.API_TOKEN]\nsource = \"alter\"\nmode = \"env\"\nprovider = \"{provider}\"\n"
    )
}

/// Two slots that are, with two accounts.
fn twice_handed_over(provider: &str) -> String {
    let other = handed_over(provider).replace("API_TOKEN", "OTHER_TOKEN");
    format!(
        "{}{other}account = \"somebody@example.com\"\n",
        handed_over(provider)
    )
}

/// How often the vault was asked at exactly this path.
fn count(alter: &Alter, path: &str) -> usize {
    let exchanges = alter.exchanges(path).unwrap();
    let at = |exchange: &&Value| exchange["request"]["path"] == path;
    exchanges.iter().filter(at).count()
}

const GET: &[&str] = &["get-env", "--name", "API_TOKEN"];

#[test]
fn off_a_terminal_the_page_is_told_and_nothing_is_started() {
    let desk = Desk::new("everyday", &twice_handed_over("notion"));
    let error = desk.fail(GET, 3);
    assert_eq!(error["code"], "missing_grant");
    let url = error["connect_url"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("{}/connect#session=sess_fake_", desk.alter.url())),
        "{url}"
    );
    assert_eq!(
        (&error["provider"], &error["expires_in"]),
        (&"notion".into(), &600.into())
    );
    let hint = error["hint"].as_str().unwrap();
    assert!(
        hint.starts_with("run `everyday auth connect notion` on a terminal, or open ")
            && hint.contains(url)
            && hint.ends_with("--mcp-wait waits for that"),
        "{hint}"
    );
    // Two slots want something of that provider, and it is one person who is asked.
    assert_eq!((desk.count(SESSION), desk.count(POLL)), (1, 0));
}

#[test]
fn a_wait_goes_on_once_somebody_has_connected() {
    let desk = Desk::handed_over("notion");
    let run = desk.spawn(&[GET, &["--wait"]].concat());
    desk.wait_for(POLL, 1);
    desk.control("connect", json!({"outcome": "decline"}));
    desk.wait_for(POLL, 2);
    desk.control("connect", json!({"outcome": "complete"}));
    let outcome = run.finish().exits(0);
    assert_eq!(outcome.stdout, "[redacted]\n");
    for part in [
        "waiting until somebody connects `notion`: http://127.0.0.1:",
        "was declined",
    ] {
        assert!(outcome.stderr.contains(part), "{outcome:?}");
    }
    assert!(!outcome.stderr.contains("sess_fake_0001\""), "{outcome:?}");
    assert_eq!(desk.count(SESSION), 1);
}

#[test]
fn what_comes_of_a_page_is_what_the_call_ends_with() {
    for (outcome, code, exit) in [
        ("deny", "connect_denied", 4),
        ("config", "connect_misconfigured", 2),
        ("expire", "connect_expired", 3),
        ("none_kept", "connect_failed", 3),
    ] {
        let desk = Desk::handed_over("notion");
        let run = desk.spawn(&[GET, &["--wait", "-o", "json"]].concat());
        desk.wait_for(POLL, 1);
        desk.control("connect", json!({"outcome": outcome}));
        let error = run.finish().exits(exit).error();
        assert_eq!(error["code"], code, "{error}");
    }
    let desk = Desk::handed_over("notion");
    let error = desk.fail(&[GET, &["--wait", "--timeout", "1s"]].concat(), 3);
    assert_eq!(error["code"], "missing_grant");
    assert!(error["connect_url"].is_string(), "{error}");
}

#[test]
fn a_person_at_the_terminal_connects_and_the_call_goes_on() {
    let (mut typist, alter) = Desk::handed_over("notion").sit(GET);
    typist.at("open 127.0.0.1 in the browser? [y/N] ", "y\n");
    let (code, stdout, shown) = typist.leave();
    assert_eq!((code, &*stdout), (Some(0), "[redacted]\n"), "{shown}");
    assert!(
        shown.contains(
            "the vault asks to open a page:\n| Connect `notion`, for everyday to go on.\n"
        ),
        "{shown}"
    );
    assert!(!shown.contains("sess_fake_0001\""), "{shown}");
    assert_eq!(count(&alter, SESSION), 1);
}

#[test]
fn a_person_who_has_been_to_the_page_by_another_way_need_not_answer() {
    let (mut typist, alter) = Desk::handed_over("notion").sit(GET);
    wait_until("the question", || typist.shown().ends_with("[y/N] "));
    alter
        .control("connect", &json!({"outcome": "complete"}))
        .unwrap();
    let (code, stdout, shown) = typist.leave();
    assert_eq!((code, &*stdout), (Some(0), "[redacted]\n"), "{shown}");
}

#[test]
fn a_person_who_goes_nowhere_is_told_how_to_go_on() {
    let (mut typist, _alter) = Desk::handed_over("notion").sit(GET);
    typist.at("[y/N] ", "\n");
    let (code, stdout, shown) = typist.leave();
    assert_eq!((code, &*stdout), (Some(3), ""), "{shown}");
    assert!(shown.contains("everyday auth connect notion"), "{shown}");
}

#[test]
fn a_page_that_was_asked_for_is_opened_at_once() {
    let (mut typist, alter) = Desk::handed_over("notion").sit(&["auth", "connect", "notion"]);
    let (code, stdout, shown) = typist.leave();
    assert_eq!(
        (code, &*stdout),
        (Some(0), "notion: connected\n"),
        "{shown}"
    );
    assert!(shown.contains("/connect#"), "{shown}");
    assert_eq!(count(&alter, SESSION), 1);
}

#[test]
fn a_user_gives_a_grant_to_an_agent_and_nobody_else_can() {
    let config = format!("{}[alter]\nagent = \"mcp-agent\"\n", handed_over("notion"));
    let desk = Desk::new("everyday", &config);
    let error = desk.fail(GET, 3);
    assert!(error.get("connect_url").is_none(), "{error}");
    for part in ["user_token", "operator", "mcp-agent"] {
        assert!(error["hint"].as_str().unwrap().contains(part), "{error}");
    }
    assert_eq!(desk.count(SESSION), 0);
    let line = ["auth", "connect", "notion", "--user-token", "env:ALICE"];
    let error = desk.fail(&line, 3);
    assert_eq!(error["code"], "connect_pending");
    let session = &desk.alter.exchanges(SESSION).unwrap()[0]["request"]["body"];
    assert_eq!(session["agent"], "mcp-agent");
    // The key of an agent is that of no other.
    let key = desk.alter.key("agent").to_owned();
    let desk = Desk::handed_over("notion").env("ALTER_API_KEY", &key);
    let error = desk.fail(GET, 3);
    assert!(
        error["hint"].as_str().unwrap().contains("user_token"),
        "{error}"
    );
    assert_eq!(desk.count(SESSION), 0);
}

#[test]
fn a_credential_that_works_no_longer_is_connected_anew() {
    for provider in [
        "revoked-test",
        "expired-test",
        "deleted-test",
        "broken-test",
        "flagged",
    ] {
        let desk = Desk::handed_over(provider);
        let run = desk.spawn(&[GET, &["--wait"]].concat());
        desk.wait_for(POLL, 1);
        desk.control("connect", json!({"outcome": "complete"}));
        run.finish().exits(0);
        assert_eq!(desk.count(SESSION), 1, "{provider}");
    }
}

#[test]
fn by_the_id_of_a_grant_alone_nothing_can_be_connected() {
    let config = "[credentials.API_TOKEN]\nsource = \"alter\"\nmode = \"env\"\n\
                  grant_id = \"11111111-2222-4333-8444-555555555555\"\n";
    let desk = Desk::new("everyday", config);
    let error = desk.fail(&[GET, &["--wait"]].concat(), 3);
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains("nothing can be connected"),
        "{error}"
    );
    assert_eq!(desk.count(SESSION), 0);
}

/// Asks for something that somebody has to approve, and waits until the vault has it.
fn asked(desk: &Desk, more: &[&str]) -> Running {
    let run = desk.spawn(&[&["get", "--path", "echo"], more].concat());
    desk.wait_for("/sdk/proxy", 1);
    run
}

fn first_approval(desk: &Desk) -> String {
    let exchanges = desk.alter.exchanges("/sdk/proxy").unwrap();
    let id = exchanges[0]["response"]["body"]["approval_id"].as_str();
    id.unwrap().to_owned()
}

#[test]
fn each_of_many_who_have_to_approve_is_named_and_how_many_are_left() {
    let desk = Desk::forwarded("approval-many");
    let run = asked(&desk, &[]);
    desk.control("approval", json!({"outcome": "approve"}));
    desk.control("approval", json!({"outcome": "approve"}));
    let outcome = run.finish().exits(0);
    assert_eq!(
        outcome.stderr.matches("/wallet/approvals/").count(),
        2,
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains(", by 2 people:"), "{outcome:?}");
    let listed = desk
        .run(&["auth", "approvals", "list", "-o", "json"], 0)
        .json();
    assert_eq!(listed, json!({"approvals": []}));
}

#[test]
fn an_approval_is_waited_for_by_another_process() {
    let desk = Desk::forwarded("approval-many");
    let error = desk.fail(&["get", "--path", "echo", "--timeout", "1s"], 3);
    assert_eq!(error["code"], "approval_pending");
    let id = error["approval_id"].as_str().unwrap().to_owned();
    desk.control("approval", json!({"outcome": "approve"}));
    let listed = desk
        .run(&["auth", "approvals", "list", "-o", "json"], 0)
        .json();
    let approval = &listed["approvals"][0];
    assert_eq!(
        (
            &approval["id"],
            &approval["status"],
            &approval["open"],
            &approval["tool"]
        ),
        (&json!(id), &json!("pending"), &json!(1), &json!("get"))
    );
    let listed = desk.run(&["auth", "approvals", "list"], 0).stdout;
    assert!(
        listed.starts_with(&format!("{id}  pending  get  asked 2")),
        "{listed}"
    );
    let wait = ["auth", "approvals", "wait", &id];
    let error = desk.fail(&[&wait[..], &["--timeout", "500ms"]].concat(), 3);
    assert_eq!(error["approval_id"], json!(id));
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains(&format!("errand auth approvals wait {id}")),
        "{error}"
    );
    let run = desk.spawn(&wait);
    std::thread::sleep(MOMENT);
    desk.control("approval", json!({"outcome": "approve"}));
    // What the origin answered, which echoes what it was asked.
    let answer = run.finish().exits(0).json();
    assert_eq!(
        (&answer["method"], &answer["target"]),
        (&json!("GET"), &json!("/echo"))
    );
    let listed = desk
        .run(&["auth", "approvals", "list", "-o", "json"], 0)
        .json();
    assert_eq!(listed, json!({"approvals": []}));
    // The vault was asked once, whoever waited.
    assert_eq!(desk.count("/sdk/proxy"), 1);
}

#[test]
fn who_waits_for_what_came_to_nothing_is_told_so() {
    for (outcome, exit) in [("deny", 4), ("expire", 4), ("fail", 1)] {
        let desk = Desk::forwarded("approval-test");
        let error = desk.fail(&["get", "--path", "echo", "--timeout", "1s"], 3);
        let id = error["approval_id"].as_str().unwrap().to_owned();
        desk.control(
            "approval",
            json!({"outcome": outcome, "reason": "not today"}),
        );
        let error = desk.fail(&["auth", "approvals", "wait", &id], exit);
        let code = match outcome {
            "deny" => "approval_denied",
            "expire" => "approval_expired",
            _ => "approval_failed",
        };
        assert_eq!(
            (&error["code"], &error["approval_id"]),
            (&json!(code), &json!(id))
        );
        if outcome != "expire" {
            assert!(
                error["message"].as_str().unwrap().contains("not today"),
                "{error}"
            );
        }
    }
    let desk = Desk::forwarded("approval-test");
    let error = desk.fail(&["auth", "approvals", "wait", "nobody-knows"], 2);
    assert_eq!(error["code"], "approval_not_found");
}

#[test]
fn who_interrupts_a_wait_is_told_how_to_go_on_with_it() {
    let desk = Desk::forwarded("approval-test");
    let run = asked(&desk, &[]);
    let id = first_approval(&desk);
    wait_until("the file", || {
        let folder = desk.sandbox.file(".local/state/errand/approvals");
        std::fs::read_dir(folder).is_ok_and(|files| files.count() == 1)
    });
    run.signal_if_running("INT");
    let outcome = run.finish().exits(130);
    let way = format!("errand auth approvals wait {id}");
    assert!(outcome.stderr.contains(&way), "{outcome:?}");
    let wait = desk.spawn(&["auth", "approvals", "wait", &id]);
    std::thread::sleep(MOMENT);
    wait.signal_if_running("INT");
    let outcome = wait.finish().exits(130);
    assert!(outcome.stderr.contains(&way), "{outcome:?}");
    desk.control("approval", json!({"outcome": "approve"}));
    desk.run(&["auth", "approvals", "wait", &id], 0);
}

#[test]
fn a_person_at_the_terminal_is_sent_where_an_aware_server_says() {
    let desk = Desk::new("aware", "");
    let (key, base) = (
        format!("AGENT_API_KEY={}", desk.alter.key("app")),
        format!("ALTER_BASE_URL={}", desk.alter.url()),
    );
    let line = [
        "retrieve",
        "--provider",
        "notion",
        "--mcp-env",
        &key,
        "--mcp-env",
        &base,
    ];
    let (mut typist, _alter) = desk.sit(&line);
    typist.at("open 127.0.0.1 in the browser? [y/N] ", "y\n");
    let (code, stdout, shown) = typist.leave();
    assert_eq!(code, Some(0), "{shown}");
    assert!(stdout.contains("\"key_type\""), "{stdout}");
    assert!(
        shown.contains("the server of aware asks to open a page:"),
        "{shown}"
    );
}

#[test]
fn a_person_who_does_not_go_there_gets_the_page_as_an_error() {
    let desk = Desk::new("aware", "");
    let line = ["listed", "--marker", "authorization_required", "-o", "json"];
    let (mut typist, _alter) = desk.sit(&line);
    typist.at("open connect.example in the browser? [y/N] ", "n\n");
    let (code, stdout, shown) = typist.leave();
    assert_eq!(code, Some(3), "{shown}");
    // As a failure of the tool's, its payload is data.
    assert!(stdout.contains("authorization_required"), "{stdout}");
    assert!(
        shown.contains("\"connect_url\":\"https://connect.example/"),
        "{shown}"
    );
}

#[test]
fn a_wait_for_an_aware_server_ends_with_its_time() {
    let desk = Desk::new("aware", "");
    let line = [
        "plain",
        "--marker",
        "authorization_required",
        "--wait",
        "--timeout",
        "4s",
    ];
    let outcome = desk.run(&line, 3);
    assert!(
        outcome.stderr.contains("https://connect.example/"),
        "{outcome:?}"
    );
    assert!(outcome.elapsed.as_secs() >= 3, "{outcome:?}");
    // Whoever is not waited for says so at once.
    let outcome = desk.run(&line[..3], 3);
    assert!(outcome.elapsed.as_secs() < 3, "{outcome:?}");
}

#[test]
fn a_run_within_a_run_is_part_of_it_and_knows_the_tool_that_led_to_it() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::handed_over("stripe-test");
    let inner = desk.sandbox.file("inner");
    press(
        &desk.sandbox,
        Kind::Bundled,
        "inner",
        &inner,
        &["--command", &fixture("everyday")],
    );
    let folder = desk.sandbox.file(".config/inner");
    std::fs::create_dir_all(&folder).unwrap();
    let config = "[credentials.API_TOKEN]\nsource = \"alter\"\nmode = \"env\"\nprovider = \"datadog-test\"\n";
    std::fs::write(folder.join("config.toml"), config).unwrap();
    // A server whose tool runs another program of this kind.
    let script = desk.sandbox.file("server");
    let text = format!(
        "#!/bin/sh\nALTER_BASE_URL={} ALTER_API_KEY={} {} get-env --name API_TOKEN >&2\nexec {}\n",
        desk.alter.url(),
        desk.alter.key("app"),
        inner.display(),
        fixture("everyday")
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let option = script.display().to_string();
    let line = ["--mcp-command", &option, "--mcp-thread-id", "thread-1"];
    desk.run(&[GET, &line].concat(), 0);
    let contexts: Vec<Value> = desk
        .alter
        .exchanges("/sdk/token")
        .unwrap()
        .iter()
        .filter(|exchange| exchange["response"]["status"] == 200)
        .map(context)
        .collect();
    let [outer, nested] = &contexts[..] else {
        panic!("{contexts:?}")
    };
    assert_eq!(outer["tool"], "get_env");
    assert!(outer.get("parent_tool").is_none(), "{outer}");
    assert_eq!(
        (
            &nested["tool"],
            &nested["parent_tool"],
            &nested["thread_id"]
        ),
        (&json!("get_env"), &json!("get_env"), &json!("thread-1"))
    );
    assert!(outer["run_id"].is_string(), "{outer}");
    assert_eq!(outer["run_id"], nested["run_id"]);
}

/// What the vault was told that a request is for.
fn context(exchange: &Value) -> Value {
    let headers = exchange["request"]["headers"].as_array().unwrap().iter();
    let mut headers = headers.filter(|pair| {
        let name = pair[0].as_str().unwrap();
        name.eq_ignore_ascii_case("X-Alter-Context")
    });
    serde_json::from_str(headers.next().unwrap()[1].as_str().unwrap()).unwrap()
}
