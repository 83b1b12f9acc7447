//! What a person has to do first.

use super::*;

/// Waits until the program has asked twice whether somebody has been to the page.
fn wait_for_polls(vaulted: &Vaulted) {
    let path = "/sdk/oauth/connect/session/poll";
    wait_until("polls", || vaulted.alter.exchanges(path).unwrap().len() > 1);
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
    wait_for_polls(&vaulted);
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
    wait_for_polls(&vaulted);
    vaulted.control("connect", json!({"outcome": "complete"}));
    let connected = run.finish().exits(0).json();
    assert_eq!(connected["provider"], "notion");
    let run = vaulted.spawn(&["auth", "connect", "other", "--wait", "-o", "json"]);
    std::thread::sleep(Duration::from_millis(500));
    vaulted.control("connect", json!({"outcome": "deny"}));
    assert_eq!(run.finish().exits(4).error()["code"], "connect_denied");
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
