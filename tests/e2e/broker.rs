//! Credentials of a vault: what the server gets of them, what the vault is told, what a person has to do.

use std::path::PathBuf;
use std::time::Duration;

use mcpress_fixtures::{Alter, Journal};
use mcpress_tests::{Kind, Outcome, Running, Sandbox, fixture, mcpress, press, wait_until};
use serde_json::{Value, json};

/// The name and the password that the API wants, and the header that has both.
const SECRETS: [&str; 3] = [
    "fake-mapi-key",
    "fake-mapi-secret",
    "ZmFrZS1tYXBpLWtleTpmYWtlLW1hcGktc2VjcmV0",
];

/// The server gets a loopback address and stand-ins; `MODE` and `PROVIDER` are filled in.
const ROUTE: &str = r#"
[credentials.ERRAND_API_URL]
source = "alter"
mode = "MODE"
provider = "PROVIDER"
origin = "ORIGIN/v1"
[credentials.ERRAND_KEY]
source = "alter"
provider = "PROVIDER"
[credentials.ERRAND_SECRET]
source = "alter"
provider = "PROVIDER"
"#;

/// The server gets the values.
const HANDED_OVER: &str = r#"
[credentials.ERRAND_KEY]
source = "alter"
mode = "env"
provider = "altr-basic"
field = "username"
[credentials.ERRAND_SECRET]
source = "alter"
mode = "env"
provider = "altr-basic"
field = "password"
"#;

/// A server, a vault, and a program that knows where the vault is.
struct Vaulted {
    alter: Alter,
    sandbox: Sandbox,
    program: PathBuf,
}

impl Vaulted {
    fn new(config: &str) -> Self {
        Self::start(Kind::Bundled, "errand", &[], config)
    }

    /// With a route of that mode to the API, for that provider's grant.
    fn routed(mode: &str, provider: &str) -> Self {
        Self::new(&route(mode, provider))
    }

    fn start(kind: Kind, server: &str, options: &[&str], config: &str) -> Self {
        mcpress();
        let alter = Alter::start(options).unwrap();
        let sandbox = Sandbox::new()
            .env("ALTER_BASE_URL", alter.url())
            .env("ALTER_API_KEY", alter.key("app"))
            .env("ERRAND_API_URL", format!("{}/v1", alter.provider_url()));
        let program = sandbox.file("errand");
        let command = fixture(server);
        let mut line = vec!["--command", &command];
        if server == "errand" {
            // What the server wants is known from the line; what it gets is a matter of the run.
            let slots = ["ERRAND_API_URL", "ERRAND_KEY=now", "ERRAND_SECRET=now"];
            line.extend(slots.iter().flat_map(|slot| ["--env", slot]));
        }
        press(&sandbox, kind, "errand", &program, &line);
        let vaulted = Self {
            alter,
            sandbox,
            program,
        };
        vaulted.configure(config);
        vaulted
    }

    fn configure(&self, text: &str) {
        let folder = self.sandbox.file(".config/errand");
        std::fs::create_dir_all(&folder).unwrap();
        let text = text.replace("ORIGIN", self.alter.provider_url());
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sandbox = self.sandbox.env(name, value);
        self
    }

    fn key(self, name: &str) -> Self {
        let key = self.alter.key(name).to_owned();
        self.env("ALTER_API_KEY", &key)
    }

    #[track_caller]
    fn run(&self, line: &[&str], code: i32) -> Outcome {
        self.sandbox.run(&self.program, line).exits(code)
    }

    /// The structured result of a tool that succeeds.
    #[track_caller]
    fn call(&self, line: &[&str]) -> Value {
        self.run(&[line, &["-o", "json"]].concat(), 0).json()
    }

    /// The error of a run that ends so.
    #[track_caller]
    fn fail(&self, line: &[&str], code: i32) -> Value {
        self.run(&[line, &["-o", "json"]].concat(), code).error()
    }

    fn spawn(&self, line: &[&str]) -> Running {
        self.sandbox.spawn(&self.program, line)
    }

    fn control(&self, order: &str, body: Value) {
        self.alter.control(order, &body).unwrap();
    }

    /// What the vault was asked at that path, and that every signature held.
    #[track_caller]
    fn asked(&self, path: &str) -> Vec<Value> {
        let exchanges = self.alter.exchanges(path).unwrap();
        for exchange in &exchanges {
            assert_eq!(exchange["signature"]["problem"], Value::Null, "{exchange}");
        }
        exchanges
    }

    #[track_caller]
    fn wait_for(&self, path: &str) {
        wait_until(path, || !self.alter.exchanges(path).unwrap().is_empty());
    }
}

fn route(mode: &str, provider: &str) -> String {
    ROUTE.replace("MODE", mode).replace("PROVIDER", provider)
}

/// A header of an exchange, by its name in whatever case.
fn header<'a>(exchange: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = exchange["request"]["headers"].as_array().unwrap().iter();
    let found = headers.filter(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name));
    found.map(|pair| pair[1].as_str().unwrap()).collect()
}

#[track_caller]
fn assert_none_of_the_secrets(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[test]
fn values_are_handed_over_where_that_is_said() {
    for kind in Kind::BOTH {
        let vaulted = Vaulted::start(kind, "errand", &[], HANDED_OVER);
        let said = vaulted.call(&["get", "--path", "things/7", "--mcp-reason", "to see"]);
        assert_eq!(
            (&said["status"], &said["body"]["id"]),
            (&json!(200), &json!("7"))
        );
        // Two slots are of one grant, which is asked for once.
        let asked = vaulted.asked("/sdk/token");
        assert_eq!(asked.len(), 1, "{asked:?}");
        let body = &asked[0]["request"]["body"];
        assert_eq!(
            (&body["provider_id"], &body["reason"]),
            (&json!("altr-basic"), &json!("to see"))
        );
        assert_eq!(header(&asked[0], "X-Alter-Caller"), ["errand"]);
        assert_eq!(header(&asked[0], "X-Alter-Caller-Type"), ["service"]);
        let context: Value = serde_json::from_str(header(&asked[0], "X-Alter-Context")[0]).unwrap();
        assert_eq!(
            (&context["tool"], &context["framework"]),
            (&json!("get"), &json!("mcpress"))
        );
        assert!(context["run_id"].is_string(), "{context}");
    }
}

#[test]
fn a_route_keeps_the_credential_from_the_server() {
    for kind in Kind::BOTH {
        let vaulted = Vaulted::start(kind, "errand", &[], &route("proxy", "altr-basic"));
        assert_eq!(vaulted.call(&["get", "--path", "things"])["status"], 200);
        let given = vaulted.call(&["environment"])["variables"].clone();
        let url = given["ERRAND_API_URL"].as_str().unwrap();
        assert!(
            url.starts_with("http://127.0.0.1:") && url.ends_with("/v1"),
            "{url}"
        );
        assert_ne!(url, format!("{}/v1", vaulted.alter.provider_url()));
        assert_none_of_the_secrets(&given.to_string());
        assert!(
            given["NO_PROXY"].as_str().unwrap().contains("127.0.0.1"),
            "{given}"
        );
        let provided = vaulted.alter.provided("/v1/things").unwrap();
        assert_eq!(provided.len(), 1);
        assert_eq!(
            header(&provided[0], "authorization"),
            [format!("Basic {}", SECRETS[2])]
        );
        let stray = provided[0]["request"]["headers"].to_string().to_lowercase();
        assert!(
            !stray.contains("x-alter") && !stray.contains("x-api-key"),
            "{stray}"
        );
        // The vault hears of it before the program ends, in sizes and not in bodies.
        let rows = vaulted.asked("/sdk/oauth/audit/api-call");
        assert_eq!(rows.len(), 1, "{rows:?}");
        let row = &rows[0]["request"]["body"];
        assert_eq!(
            (&row["method"], &row["response_status"]),
            (&json!("GET"), &json!(200))
        );
        assert_eq!(
            row["url"],
            format!("{}/v1/things", vaulted.alter.provider_url())
        );
        assert_none_of_the_secrets(&row.to_string());
        assert!(!row.to_string().contains("thing 1"), "{row}");
    }
}

#[test]
fn a_route_carries_everything_that_http_can() {
    let vaulted = Vaulted::routed("proxy", "altr-basic");
    let made = vaulted.call(&["post", "--path", "things", "--body", "{\"name\": \"é\"}"]);
    assert_eq!(
        (&made["status"], &made["body"]["created"]["name"]),
        (&json!(201), &json!("é"))
    );
    assert_eq!(
        vaulted.call(&["delete", "--path", "things/1", "--yes"])["status"],
        204
    );
    for chunked in [&[][..], &["--chunked"]] {
        let sent = vaulted.call(&[&["upload", "--n", "3000000"], chunked].concat());
        let got = vaulted.call(&["download", "--n", "3000000"]);
        assert_eq!(
            (&sent["body"]["length"], &sent["body"]["sha256"]),
            (&json!(3_000_000), &got["sha256"])
        );
    }
    let many = vaulted.call(&["many", "--path", "things", "--n", "20"]);
    assert!(
        many["statuses"]
            .as_array()
            .unwrap()
            .iter()
            .all(|status| status == 200),
        "{many}"
    );
    // One run asks the vault once, however often its server asks the API.
    let row = |entry: &Value| entry["request"]["path"] == "/sdk/token";
    let asked = vaulted
        .asked("/sdk/token")
        .iter()
        .filter(|entry| row(entry))
        .count();
    assert_eq!(asked, 7);
    assert_eq!(vaulted.asked("/sdk/oauth/audit/api-call").len(), 6 + 20);
}

#[test]
fn a_route_leads_to_its_origin_and_nowhere_else() {
    let vaulted = Vaulted::routed("proxy", "altr-basic");
    let origin = vaulted.alter.provider_url().to_owned();
    let refused = |more: &[&str]| {
        let line = [&["request", "-o", "json"], more].concat();
        let outcome = vaulted.sandbox.run(&vaulted.program, line);
        assert_ne!(outcome.code, Some(0), "{more:?}: {outcome:?}");
    };
    for target in [
        "/v1/../status/200",
        "/v1/%2e%2e/status/200",
        "/status/200",
        "/v11/things",
        "//evil.example/v1/things",
        "https://evil.example/v1/things",
        &format!("{origin}/v1/things"),
    ] {
        refused(&["--target", target]);
    }
    refused(&["--method", "CONNECT", "--target", "evil.example:443"]);
    refused(&["--target", "/v1/things", "--anonymous"]);
    refused(&[
        "--target",
        "/v1/things",
        "--headers",
        "{\"Host\": \"evil.example\"}",
    ]);
    let guess = "{\"Authorization\": \"Basic ZXJyYW5kOmd1ZXNz\"}";
    refused(&["--target", "/v1/things", "--anonymous", "--headers", guess]);
    assert_eq!(vaulted.alter.provided("/").unwrap(), [] as [Value; 0]);
    // The server's own headers go along, but for those that would speak for the credential.
    let headers = "{\"Cookie\": \"a=b\", \"X-More\": \"1\", \"Proxy-Authorization\": \"Basic x\"}";
    vaulted.call(&["request", "--target", "/v1/things", "--headers", headers]);
    let provided = vaulted.alter.provided("/v1").unwrap();
    assert_eq!(header(&provided[0], "x-more"), ["1"]);
    assert_eq!(header(&provided[0], "authorization").len(), 1);
    for name in ["cookie", "proxy-authorization"] {
        assert_eq!(header(&provided[0], name), [] as [&str; 0]);
    }
}

#[test]
fn what_does_not_get_through_a_route_is_told_to_who_wants_to_know_all() {
    let vaulted = Vaulted::new(&route("proxy", "altr-basic").replace("ORIGIN/v1", "ORIGIN"));
    let origin = vaulted.alter.provider_url().to_owned();
    let lines = |more: &[&str]| {
        let outcome = vaulted.sandbox.run(&vaulted.program, more);
        assert_none_of_the_secrets(&outcome.stderr);
        let lines = outcome.stderr.lines();
        let told = lines.filter(|line| line.starts_with("loopback: "));
        told.map(str::to_owned).collect::<Vec<_>>()
    };
    let away = "redirect?to=https://evil.example/private";
    for (line, words) in [
        (
            &["request", "--target", "/x?private=1", "--anonymous"][..],
            "/x: 401 no_capability: ",
        ),
        (
            &["request", "--target", "/%2e%2e/x"],
            "/%2e%2e/x: 400 bad_request: ",
        ),
        (
            &["get", "--path", away],
            "/redirect: 502 redirect_elsewhere: the origin redirects to https://evil.example",
        ),
        (
            &["get", "--path", "status/401?private=1"],
            "/status/401: the origin does not take the credential (401)",
        ),
    ] {
        let told = lines(&[line, &["-v"]].concat());
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with(&format!("loopback: GET {origin}{words}")),
            "{told:?}"
        );
        assert!(!told[0].contains("private"), "{told:?}");
        assert_eq!(lines(line), [] as [String; 0]);
    }
    assert_eq!(lines(&["get", "--path", "x", "-v"]), [] as [String; 0]);
}

#[test]
fn the_vault_makes_the_requests_itself_where_that_is_said() {
    let vaulted = Vaulted::routed("forward", "altr-basic");
    let made = vaulted.call(&[
        "post",
        "--path",
        "things?x=1",
        "--body",
        "{\"name\": \"new\"}",
    ]);
    assert_eq!(
        (&made["status"], &made["body"]["created"]["name"]),
        (&json!(201), &json!("new"))
    );
    // The credential never comes to this machine.
    assert_eq!(vaulted.asked("/sdk/token"), [] as [Value; 0]);
    let asked = vaulted.asked("/sdk/proxy");
    let body = &asked[0]["request"]["body"];
    assert_eq!(
        (&body["method"], &body["body"]),
        (&json!("POST"), &json!({"name": "new"}))
    );
    assert_eq!(header(&asked[0], "X-Alter-Caller"), ["errand"]);
    // What is no JSON cannot go that way, and is not sent.
    let refused = vaulted
        .sandbox
        .run(&vaulted.program, ["upload", "--n", "10"]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert_eq!(
        vaulted.alter.provided("/v1/bytes").unwrap(),
        [] as [Value; 0]
    );
}

#[test]
fn what_is_restricted_to_the_vault_says_which_mode_it_takes() {
    let vaulted = Vaulted::routed("proxy", "user-limits");
    let error = vaulted.fail(&["get", "--path", "things"], 2);
    assert!(
        error["hint"].as_str().unwrap().contains("forward"),
        "{error}"
    );
    assert_none_of_the_secrets(&error.to_string());
}

#[test]
fn an_approval_is_waited_for() {
    let vaulted = Vaulted::routed("forward", "approval-many");
    let run = vaulted.spawn(&["request", "--target", "/v1/things", "-o", "json"]);
    vaulted.wait_for("/sdk/proxy");
    for _ in 0..2 {
        vaulted.control("approval", json!({"outcome": "approve"}));
    }
    let outcome = run.finish();
    // The API wants another credential than this grant's, and is what said no.
    assert!(outcome.stderr.contains("/wallet/approvals/"), "{outcome:?}");
    assert_eq!(vaulted.alter.provided("/v1/things").unwrap().len(), 1);
    assert_eq!(vaulted.asked("/sdk/proxy").len(), 1, "it is asked for once");
}

#[test]
fn what_people_say_no_to_is_denied() {
    for (outcome, code) in [("deny", "approval_denied"), ("expire", "approval_expired")] {
        let vaulted = Vaulted::routed("forward", "approval-test");
        let run = vaulted.spawn(&["get", "--path", "things", "-o", "json"]);
        vaulted.wait_for("/sdk/proxy");
        vaulted.control("approval", json!({"outcome": outcome, "reason": "no"}));
        let error = run.finish().exits(4).error();
        assert_eq!(error["code"], code);
        assert!(error["approval_id"].is_string(), "{error}");
        assert_eq!(vaulted.alter.provided("/").unwrap(), [] as [Value; 0]);
    }
}

#[test]
fn an_approval_outlives_the_wait_for_it() {
    let vaulted = Vaulted::routed("forward", "approval-test");
    let error = vaulted.fail(&["get", "--path", "things", "--timeout", "1500ms"], 3);
    assert_eq!(error["code"], "approval_pending");
    let id = error["approval_id"].as_str().unwrap().to_owned();
    assert!(
        error["approval_url"].as_str().unwrap().ends_with(&id),
        "{error}"
    );
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains("auth approvals wait"),
        "{error}"
    );
    let listed = vaulted.run(&["auth", "approvals", "list", "-o", "json"], 0);
    assert!(listed.stdout.contains(&id), "{listed:?}");
    vaulted.control("approval", json!({"outcome": "approve"}));
    let waited = vaulted.run(&["auth", "approvals", "wait", &id, "-o", "json"], 0);
    assert!(
        waited.stdout.contains("401"),
        "the API wants another credential: {waited:?}"
    );
    let listed = vaulted.run(&["auth", "approvals", "list", "-o", "json"], 0);
    assert!(!listed.stdout.contains(&id), "{listed:?}");
}

#[test]
fn a_server_that_knows_the_vault_gets_a_key_of_a_few_minutes() {
    let config = "[credentials.AGENT_API_KEY]\nsource = \"alter\"\nmode = \"derive\"\n";
    let vaulted = Vaulted::start(Kind::Bundled, "aware", &[], config);
    let base = vaulted.alter.url().to_owned();
    let option = format!("ALTER_BASE_URL={base}");
    let said = vaulted.call(&["retrieve", "--provider", "altr-basic", "--mcp-env", &option]);
    assert_eq!(said["key_type"], "dk");
    let asked = vaulted.asked("/sdk/keys/derive");
    let body = &asked[0]["request"]["body"];
    assert!(body["expires_in"].as_u64().unwrap() <= 3600, "{body}");
    let scopes = body["scopes"].to_string();
    assert!(
        !scopes.contains("keys:") && !scopes.contains("admin"),
        "{scopes}"
    );
}

#[test]
fn a_missing_grant_says_where_a_person_can_give_it() {
    let vaulted = Vaulted::routed("proxy", "notion");
    let error = vaulted.fail(&["get", "--path", "things"], 3);
    assert_eq!(error["code"], "missing_grant");
    let url = error["connect_url"].as_str().unwrap();
    assert!(url.starts_with(vaulted.alter.url()), "{error}");
    let session = &vaulted.asked("/sdk/oauth/connect/session")[0]["response"]["body"];
    assert_eq!(url, session["connect_url"], "all of the address is said");
    assert_eq!(error.get("session_token"), None, "{error}");
    // Somebody who is not at this terminal can give it while the program waits.
    let run = vaulted.spawn(&["request", "--target", "/v1/things", "--wait", "-o", "json"]);
    wait_until("a second session", || {
        vaulted
            .alter
            .exchanges("/sdk/oauth/connect/session/poll")
            .unwrap()
            .len()
            > 1
    });
    vaulted.control("connect", json!({"outcome": "complete"}));
    run.finish();
    let provided = vaulted.alter.provided("/v1/things").unwrap();
    assert_eq!(
        header(&provided[0], "authorization"),
        ["Bearer fake-notion-token"]
    );
}

#[test]
fn accounts_are_connected_ahead_of_time() {
    let vaulted = Vaulted::routed("proxy", "notion");
    let away = vaulted.fail(&["auth", "connect", "notion"], 3);
    assert!(away["connect_url"].is_string(), "{away}");
    let run = vaulted.spawn(&["auth", "connect", "notion", "--wait", "-o", "json"]);
    wait_until("a second session", || {
        vaulted
            .alter
            .exchanges("/sdk/oauth/connect/session/poll")
            .unwrap()
            .len()
            > 1
    });
    vaulted.control("connect", json!({"outcome": "complete"}));
    let connected = run.finish().exits(0).json();
    assert_eq!(connected["provider"], "notion");
    let run = vaulted.spawn(&["auth", "connect", "other", "--wait", "-o", "json"]);
    std::thread::sleep(Duration::from_millis(500));
    vaulted.control("connect", json!({"outcome": "deny"}));
    assert_eq!(run.finish().exits(4).error()["code"], "connect_denied");
}

#[test]
fn a_key_that_does_not_work_says_why() {
    for (key, code, exit) in [
        ("revoked", "key_revoked", 3),
        ("expired", "key_expired", 3),
        ("inactive", "key_inactive", 3),
        ("narrow", "insufficient_scope", 3),
        ("paused_agent", "agent_inactive", 4),
    ] {
        let vaulted = Vaulted::routed("proxy", "altr-basic").key(key);
        let error = vaulted.fail(&["get", "--path", "things"], exit);
        assert_eq!(error["code"], code, "{error}");
        assert!(
            !error.to_string().contains(vaulted.alter.key(key)),
            "{error}"
        );
    }
    let vaulted = Vaulted::routed("proxy", "altr-basic").env("ALTER_API_KEY", "alter_rk_nonsense");
    let error = vaulted.fail(&["get", "--path", "things"], 3);
    assert_eq!(
        (&error["code"], vaulted.asked("/sdk").len()),
        (&json!("invalid_key"), 0)
    );
    let vaulted = Vaulted::routed("proxy", "altr-basic").env("ALTER_API_KEY", "");
    assert_eq!(
        vaulted.fail(&["get", "--path", "things"], 3)["missing"],
        json!(["ALTER_API_KEY"])
    );
    let vaulted = Vaulted::routed("proxy", "altr-basic").key("deprecated");
    let outcome = vaulted.run(&["get", "--path", "things"], 0);
    assert!(
        outcome.stderr.contains("the key to the vault"),
        "{outcome:?}"
    );
}

#[test]
fn several_grants_are_told_apart() {
    let vaulted = Vaulted::routed("proxy", "mail");
    let error = vaulted.fail(&["get", "--path", "things"], 2);
    assert_eq!(error["code"], "ambiguous_grant");
    assert!(error.to_string().contains("second@example.com"), "{error}");
    let config = route("proxy", "mail").replace(
        "provider = \"mail\"",
        "provider = \"mail\"\nlabel = \"second\"",
    );
    vaulted.configure(&config);
    let line = ["request", "--target", "/v1/things"];
    vaulted.sandbox.run(&vaulted.program, line);
    let provided = vaulted.alter.provided("/v1/things").unwrap();
    assert_eq!(
        header(&provided[0], "authorization"),
        ["Bearer fake-mail-second"]
    );
}

#[test]
fn a_refresh_is_waited_for_and_trouble_is_told() {
    let vaulted = Vaulted::routed("proxy", "altr-basic");
    let refreshing = json!({"detail": {"error": "token_refresh_in_progress", "message": "wait"}});
    vaulted.control(
        "fail",
        json!({"path": "/sdk/token", "status": 409, "body": refreshing}),
    );
    vaulted.run(&["get", "--path", "things"], 0);
    let limited = json!({
        "path": "/sdk/token", "status": 429, "times": 9, "headers": {"Retry-After": "7"},
        "body": {"detail": {"error": "rate_limit_exceeded", "message": "slow down"}},
    });
    vaulted.control("fail", limited);
    let error = vaulted
        .sandbox
        .run(&vaulted.program, ["get", "--path", "things", "-o", "json"])
        .error();
    assert_eq!(
        (&error["code"], &error["retry_after"]),
        (&json!("rate_limited"), &json!(7))
    );
    vaulted.control("reset", json!({}));
    vaulted.control(
        "fail",
        json!({"path": "/sdk/token", "status": 200, "body": {"access_token": "x"}, "times": 9}),
    );
    let error = vaulted
        .sandbox
        .run(&vaulted.program, ["get", "--path", "things", "-o", "json"])
        .error();
    assert_eq!(error["exit"], 7, "{error}");
    assert_eq!(vaulted.alter.provided("/").unwrap(), [] as [Value; 0]);
}

#[test]
fn an_audit_that_is_not_allowed_is_no_reason_to_fail() {
    let vaulted = Vaulted::routed("proxy", "altr-basic").key("no_audit");
    let outcome = vaulted.run(&["get", "--path", "things"], 0);
    assert!(outcome.stderr.contains("audit"), "{outcome:?}");
}

#[test]
fn markers_of_a_server_that_knows_the_vault_are_found_wherever_they_hide() {
    let vaulted = Vaulted::start(Kind::Bundled, "aware", &[], "");
    for tool in ["plain", "listed"] {
        for place in ["structured", "result", "text"] {
            for more in [&[][..], &["--is-error"]] {
                let line = [tool, "--place", place, "--marker", "authorization_required"];
                let error = vaulted.fail(&[&line, more].concat(), 3);
                assert_eq!(error["code"], "authorization_required", "{line:?}");
                let url = error["connect_url"].as_str().unwrap();
                assert!(url.starts_with("https://connect.example/"), "{error}");
                let line = [tool, "--place", place, "--marker", "scope_reauth_required"];
                let error = vaulted.fail(&[&line, more].concat(), 3);
                assert_eq!(
                    (&error["code"], &error["connect_url"]),
                    (&json!("scope_reauth_required"), &Value::Null)
                );
            }
        }
    }
    vaulted.run(&["listed"], 0);
}

#[test]
fn a_call_goes_on_once_the_server_s_own_grant_is_there() {
    let vaulted = Vaulted::start(Kind::Bundled, "aware", &[], "");
    let key = format!("AGENT_API_KEY={}", vaulted.alter.key("app"));
    let base = format!("ALTER_BASE_URL={}", vaulted.alter.url());
    let line = [
        "retrieve",
        "--provider",
        "notion",
        "--wait",
        "-o",
        "json",
        "--mcp-env",
        &key,
        "--mcp-env",
        &base,
    ];
    let run = vaulted.spawn(&line);
    vaulted.wait_for("/sdk/oauth/connect/session");
    vaulted.control("connect", json!({"outcome": "complete"}));
    let outcome = run.finish().exits(0);
    assert_eq!(outcome.json()["key_type"], "rk");
}

#[test]
fn a_remote_server_gets_the_credential_in_a_header() {
    mcpress();
    let alter = Alter::start(&[]).unwrap();
    let sandbox = Sandbox::new()
        .env("ALTER_BASE_URL", alter.url())
        .env("ALTER_API_KEY", alter.key("app"));
    let journal = sandbox.file("journal");
    let server = mcpress_fixtures::listen("everyday", &[]).unwrap();
    drop(server);
    let server =
        mcpress_fixtures::listen("library", &["--journal", journal.to_str().unwrap()]).unwrap();
    let program = sandbox.file("errand");
    press(
        &sandbox,
        Kind::Bundled,
        "errand",
        &program,
        &["--url", server.url()],
    );
    let folder = sandbox.file(".config/errand");
    std::fs::create_dir_all(&folder).unwrap();
    let text =
        "[credentials.API]\nsource = \"alter\"\nmode = \"header\"\nprovider = \"altr-basic\"\n";
    std::fs::write(folder.join("config.toml"), text).unwrap();
    let before = Journal::read(&journal).entries().len();
    sandbox.run(&program, ["self", "check"]);
    let journal = Journal::read(&journal);
    let requests = journal.entries()[before..]
        .iter()
        .filter(|entry| entry["http"].is_object());
    let requests: Vec<_> = requests.collect();
    assert!(!requests.is_empty());
    for request in requests {
        let sent = &request["http"]["headers"]["authorization"];
        assert_eq!(*sent, format!("Basic {}", SECRETS[2]));
    }
}

#[test]
fn what_is_seen_of_a_credential_is_its_name() {
    let vaulted = Vaulted::new(HANDED_OVER);
    let status = vaulted.run(&["auth", "status", "-o", "json"], 0);
    assert!(status.stdout.contains("altr-basic"), "{status:?}");
    let mut said = status.stdout + &status.stderr;
    for place in ["result", "failure", "error", "stderr", "log", "progress"] {
        let outcome = vaulted
            .sandbox
            .run(&vaulted.program, ["blurt", "--place", place, "-v"]);
        said += &(outcome.stdout + &outcome.stderr);
    }
    assert_none_of_the_secrets(&said);
    assert!(!said.contains(vaulted.alter.key("app")), "{said}");
}

#[test]
fn nested_runs_are_of_one_run() {
    let vaulted = Vaulted::routed("proxy", "altr-basic")
        .env("MCPRESS_RUN_ID", "11111111-2222-4333-8444-555555555555")
        .env("MCPRESS_PARENT_TOOL", "outer")
        .env("MCPRESS_THREAD_ID", "thread-1");
    vaulted.run(&["get", "--path", "things"], 0);
    let context = vaulted.asked("/sdk/token");
    let context: Value = serde_json::from_str(header(&context[0], "X-Alter-Context")[0]).unwrap();
    assert_eq!(context["run_id"], "11111111-2222-4333-8444-555555555555");
    assert_eq!(
        (&context["parent_tool"], &context["thread_id"]),
        (&json!("outer"), &json!("thread-1"))
    );
}

#[test]
fn what_the_vault_refused_is_told_whatever_the_server_makes_of_it() {
    let vaulted = Vaulted::routed("proxy", "revoked-test");
    for refused in ["tell", "error", "crash", "hang"] {
        let line = ["post", "--path", "things", "--refused", refused];
        let error = vaulted.fail(&[&line[..], &["--timeout", "5s"]].concat(), 3);
        assert_eq!(error["code"], "grant_revoked", "{refused}: {error}");
        assert!(error["connect_url"].is_string(), "{refused}: {error}");
    }
}

#[test]
fn a_call_that_may_have_been_carried_out_is_not_to_be_repeated_for_the_vault_s_sake() {
    let vaulted = Vaulted::routed("proxy", "altr-basic");
    let trouble = json!({"path": "/sdk/token", "status": 503, "times": 9});
    for (line, is_retryable) in [
        (["post", "--path", "things"], false),
        (["put", "--path", "things"], true),
        (["get", "--path", "things"], true),
    ] {
        vaulted.control("reset", json!({}));
        vaulted.control("fail", trouble.clone());
        let error = vaulted.fail(&line, 5);
        assert_eq!(error["retryable"], is_retryable, "{line:?}: {error}");
        let hint = error["hint"].as_str().unwrap_or_default();
        assert_eq!(
            hint.contains("may have been carried out"),
            !is_retryable,
            "{error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn rows_that_are_under_way_are_waited_for_after_a_first_signal() {
    let vaulted = Vaulted::routed("proxy", "altr-basic");
    let row = "/sdk/oauth/audit/api-call";
    vaulted.control(
        "fail",
        json!({"path": row, "status": 201, "body": {"status": "logged"}, "delay": 1.5}),
    );
    let running = vaulted.spawn(&["get", "--path", "things"]);
    vaulted.wait_for("/sdk/token");
    wait_until("the answer", || {
        !vaulted.alter.provided("/v1/things").unwrap().is_empty()
    });
    std::thread::sleep(Duration::from_millis(500));
    running.signal_if_running("INT");
    let outcome = running.finish().exits(0);
    assert!(outcome.stderr.contains("interrupt again"), "{outcome:?}");
    assert_eq!(vaulted.asked(row).len(), 1);
}
