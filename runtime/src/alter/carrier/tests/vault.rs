//! The vault carries.

use super::*;

const ORIGIN: &str = "https://api.example/v1";

const APPROVAL: &str = "0c9f4c94-5a1d-5d52-9a55-1f2d6a1c9e01";

fn got(body: &str) -> Value {
    use base64::Engine;
    let body = base64::prelude::BASE64_STANDARD.encode(body);
    json!({"approval_id": null, "status_code": 200, "headers": {"content-type": "application/json",
        "set-cookie": "a=b", "location": "https://elsewhere.example/"},
        "body_b64": body, "body_truncated": false, "duration_ms": 3, "credential_hint": null})
}

fn pending() -> String {
    let url = format!("https://vault.example/approvals/{APPROVAL}");
    let gate = json!({"approval_id": APPROVAL, "approval_url": url, "expires_in": 900,
        "expires_at": "2100-01-01T00:00:00Z"});
    let mut body = gate.clone();
    body["approval_group_id"] = APPROVAL.into();
    body["status"] = "pending".into();
    body["gates"] = json!([gate]);
    server::json(202, &body)
}

fn status(status: &str) -> String {
    let body = json!({"approval_id": APPROVAL, "approval_group_id": APPROVAL, "status": status,
        "gates": [], "expires_at": "2100-01-01T00:00:00Z", "decided_at": null, "decision_reason": null,
        "executed_at": null, "execution_error": null, "has_result": status == "executed"});
    server::json(200, &body)
}

/// A vault where every request has to be approved, and comes to this after a while.
async fn gated(end: &'static str, after: Duration) -> World {
    World::open(move |heard: Heard| async move {
        if heard.line == "POST /sdk/proxy" {
            return pending();
        }
        if heard.line.ends_with("/result") {
            return server::json(200, &got("{\"approved\":true}"));
        }
        tokio::time::sleep(after).await;
        status(end)
    })
    .await
}

async fn run(vault: &World, limit: Duration) -> Run {
    Run::open(vault, ORIGIN, Carrier::Vault, limit).await
}

const JSON: &str =
    "Content-Type: application/json\r\nX-Auth-Token: x\r\nX-Y: z\r\n\r\n{\"a\": 1.0}";

#[tokio::test]
async fn a_request_is_put_to_the_vault_and_its_answer_passed_on() {
    let vault = World::open(|_| async { server::json(200, &got("{\"b\":2}")) }).await;
    let run = run(&vault, SOON).await;
    let (status, head, body) = run.ask("PATCH", "/x?q=1", JSON).await;
    assert_eq!((status, body.as_str()), (200, "{\"b\":2}"));
    assert!(
        !head.contains("set-cookie") && !head.contains("location"),
        "{head}"
    );
    let heard = vault.heard("");
    assert_eq!(heard.len(), 1);
    assert_eq!(
        heard[0].json(),
        json!({"method": "PATCH", "url": "https://api.example/v1/x?q=1", "provider_id": "some-api",
            "body": {"a": 1.0}, "headers": {"content-type": "application/json", "x-y": "z"},
            "reason": "a look around"})
    );
    assert!(run.close().await.is_none());
}

#[tokio::test]
async fn a_body_that_is_not_json_never_gets_to_the_vault() {
    let vault = World::open(|_| async { server::json(200, &got("")) }).await;
    let run = run(&vault, SOON).await;
    let (status, _, body) = run
        .ask("POST", "/x", "Content-Type: text/plain\r\n\r\n{}")
        .await;
    assert_eq!(status, 415);
    assert!(
        body.contains("json_only") && body.contains("mode `proxy`"),
        "{body}"
    );
    let (status, _, _) = run
        .ask("POST", "/x", "Content-Type: application/json\r\n\r\n{")
        .await;
    assert_eq!(status, 415);
    assert!(vault.heard("").is_empty());
}

#[tokio::test]
async fn what_the_vault_refuses_the_run_ends_with() {
    let vault = World::open(|_| async { refusal(422, "blocked_destination") }).await;
    let run = run(&vault, SOON).await;
    let (status, _, body) = run.ask("GET", "/x", "").await;
    assert_eq!(status, 403);
    assert!(body.contains("blocked_destination"), "{body}");
    let (code, exit, _) = fault(run.close().await);
    assert_eq!((code.as_str(), exit), ("blocked_destination", 4));
}

#[tokio::test]
async fn an_approval_is_waited_for_and_its_answer_passed_on() {
    let vault = gated("executed", Duration::from_millis(50)).await;
    let run = run(&vault, SOON).await;
    let (status, _, body) = run.ask("POST", "/x", JSON).await;
    assert_eq!((status, body.as_str()), (200, "{\"approved\":true}"));
    let polls = vault.heard(&format!("GET /sdk/approvals/{APPROVAL}?wait="));
    assert_eq!(polls.len(), 1);
    assert!(run.close().await.is_none());
}

#[tokio::test]
async fn a_request_that_is_given_up_and_repeated_is_put_to_nobody_twice() {
    let vault = gated("executed", Duration::from_millis(300)).await;
    let run = run(&vault, SOON).await;
    let first = run.connect("POST", "/x", JSON).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(first);
    let (again, other) = tokio::join!(run.ask("POST", "/x", JSON), async {
        // This one comes when all is settled.
        tokio::time::sleep(Duration::from_millis(50)).await;
        run.ask("POST", "/x", JSON).await
    });
    assert_eq!(again, other);
    assert_eq!(again.2, "{\"approved\":true}");
    assert_eq!(vault.heard("POST /sdk/proxy").len(), 1);
    // What has been answered is over: this asks anew.
    run.ask("POST", "/x", JSON).await;
    assert_eq!(vault.heard("POST /sdk/proxy").len(), 2);
    assert!(run.close().await.is_none());
}

#[tokio::test]
async fn requests_that_are_alike_and_change_nothing_do_not_wait_for_one_another() {
    let vault = World::open(|_| async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        server::json(200, &got("{\"b\":2}"))
    })
    .await;
    let run = run(&vault, SOON).await;
    let begun = std::time::Instant::now();
    let asked = (0..5).map(|_| run.ask("GET", "/x", ""));
    for (status, _, _) in futures::future::join_all(asked).await {
        assert_eq!(status, 200);
    }
    assert!(
        begun.elapsed() < Duration::from_millis(1200),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(vault.heard("POST /sdk/proxy").len(), 5);
}

#[tokio::test]
async fn what_an_attempt_before_could_not_get_is_no_failure_of_the_next() {
    let vault = World::open(|heard: Heard| async move {
        match heard.json()["url"].as_str().unwrap().ends_with("/x") {
            true => refusal(422, "blocked_destination"),
            false => server::json(200, &got("{}")),
        }
    })
    .await;
    for again in [false, true] {
        let run = self::run(&vault, SOON).await;
        assert_eq!(run.ask("GET", "/x", "").await.0, 403);
        run.routes.begin();
        assert_eq!(run.ask("GET", "/y", "").await.0, 200);
        if again {
            assert_eq!(run.ask("GET", "/x", "").await.0, 403);
        }
        assert_eq!(run.close().await.is_some(), again);
    }
}

#[tokio::test]
async fn an_approval_outlives_the_wait() {
    let vault = World::open(|heard: Heard| async move {
        match heard.line.as_str() {
            "POST /sdk/proxy" => pending(),
            _ => {
                tokio::time::sleep(Duration::from_millis(200)).await;
                status("pending")
            }
        }
    })
    .await;
    let run = run(&vault, Duration::from_millis(300)).await;
    for _ in 0..2 {
        let (status, _, body) = run.ask("POST", "/x", JSON).await;
        assert_eq!(status, 403);
        assert!(body.contains("approval_pending"), "{body}");
    }
    assert_eq!(vault.heard("POST /sdk/proxy").len(), 1);
    let (code, exit, error) = fault(run.close().await);
    assert_eq!((code.as_str(), exit), ("approval_pending", 3));
    assert_eq!(error["approval_id"], APPROVAL);
    assert_eq!(
        error["approval_url"],
        format!("https://vault.example/approvals/{APPROVAL}")
    );
    let hint = error["hint"].as_str().unwrap();
    assert!(
        hint.contains(&format!("altr-cli auth approvals wait {APPROVAL}")),
        "{hint}"
    );
}

#[tokio::test]
async fn an_approval_outlives_the_server_that_asked() {
    let vault = gated("executed", SOON).await;
    let run = run(&vault, SOON).await;
    let stream = run.connect("POST", "/x", JSON).await;
    while vault.heard("GET /sdk/approvals").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
    let (code, exit, error) = fault(run.close().await);
    assert_eq!((code.as_str(), exit), ("approval_pending", 3));
    assert_eq!(error["approval_id"], APPROVAL);
}

#[tokio::test]
async fn who_has_said_no_is_not_asked_again() {
    for (end, exit) in [("denied", 4), ("expired", 4), ("failed", 1)] {
        let vault = gated(end, Duration::ZERO).await;
        let run = run(&vault, SOON).await;
        for _ in 0..2 {
            let (status, _, body) = run.ask("POST", "/x", JSON).await;
            assert!(matches!(status, 403 | 502), "{status}");
            assert!(body.contains(&format!("approval_{end}")), "{body}");
        }
        assert_eq!(vault.heard("POST /sdk/proxy").len(), 1);
        let (code, status, error) = fault(run.close().await);
        assert_eq!((code, status), (format!("approval_{end}"), exit));
        assert_eq!(error["approval_id"], APPROVAL);
    }
}

#[tokio::test]
async fn half_an_answer_is_not_passed_on_as_a_whole_one() {
    let vault = World::open(|_| async {
        let mut got = got("{\"b\":");
        got["body_truncated"] = true.into();
        server::json(200, &got)
    })
    .await;
    let run = run(&vault, SOON).await;
    let (status, _, body) = run.ask("GET", "/x", "").await;
    assert_eq!(status, 502);
    assert!(body.contains("answer_truncated"), "{body}");
}
