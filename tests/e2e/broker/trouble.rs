//! Vaults that fail, refuse, or take their time, and what they are told of a run.

use super::*;

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
