//! What each endpoint is asked, and what is made of its answer.

use std::time::Duration;

use serde_json::{Value, json};

use super::server::{Heard, Server, json};
use super::{GRANT, by_provider, client};
use crate::alter::audit::{Row, Shortfall};
use crate::alter::client::Alter;
use crate::alter::connect::{Progress, Wish};
use crate::alter::credential::Purpose;
use crate::alter::endpoints::Holder;
use crate::alter::forward::{Errand, Forwarded, Stage};
use crate::alter::refusal::{Kind, Refusal};
use crate::error::Exit;
use crate::secret::Secret;
use crate::vault::{Address, Grant};

/// Asks a vault that answers this, and gives what it was asked and what came of it.
async fn asked<T>(
    status: u16,
    answer: Value,
    ask: impl AsyncFnOnce(&Alter) -> Result<T, Refusal>,
) -> (Heard, Result<T, Refusal>) {
    let server = Server::open([json(status, &answer)]).await;
    let outcome = ask(&client(&server.url).unwrap()).await;
    (server.heard().remove(0), outcome)
}

#[tokio::test]
async fn a_credential_is_asked_for_by_grant_or_by_provider() {
    let answer = || json!({"access_token": "s3cret", "grant_id": GRANT});
    let purpose = Purpose {
        method: "GET",
        url: "https://api.example/x",
    };
    let (heard, credential) = asked(200, answer(), async |alter| {
        alter
            .token(&by_provider("some-api"), Some(purpose), Some("no reason"))
            .await
    })
    .await;
    assert_eq!(credential.unwrap().grant_id, GRANT);
    assert_eq!(
        heard.json(),
        json!({"provider_id": "some-api", "reason": "a look around",
               "request": {"method": "GET", "url": "https://api.example/x"}})
    );
    let grant = Grant {
        by: Address::Id(GRANT.to_owned()),
        user_token: Some(Secret::new("jwt")),
    };
    let (heard, _) = asked(200, answer(), async |alter| {
        alter.token(&grant, None, None).await
    })
    .await;
    assert_eq!(
        heard.json(),
        json!({"grant_id": GRANT, "user_token": "jwt", "reason": "a look around", "request": null})
    );
}

#[tokio::test]
async fn a_refusal_knows_the_provider_that_was_asked_for() {
    let (_, refused) = asked(410, json!({}), async |alter| {
        alter.token(&by_provider("google"), None, None).await
    })
    .await;
    let refusal = refused.unwrap_err();
    assert_eq!(refusal.recovery().unwrap().provider, "google");
    assert_eq!(
        refusal.fault().hint.as_deref(),
        Some("run `altr-cli auth connect google`")
    );
}

fn errand(grant: &Grant) -> Errand<'_> {
    Errand {
        grant,
        method: "POST",
        url: "https://api.example/x?a=1",
        headers: vec![("accept".to_owned(), "*/*".to_owned())],
        body: Some(json!([1, null])),
    }
}

#[tokio::test]
async fn the_vault_makes_a_request_and_a_no_of_the_providers_is_an_answer() {
    let grant = by_provider("some-api");
    let answer = json!({
        "approval_id": null, "status_code": 404, "body_b64": "aGkA/w==", "body_truncated": true,
        "headers": {"content-type": "text/plain", "bad name": "x", "x-bad": "a\r\nb", "n": 7},
    });
    let (heard, forwarded) = asked(200, answer, async |alter| {
        alter.forward(errand(&grant)).await
    })
    .await;
    let Forwarded::Answered(reply) = forwarded.unwrap() else {
        panic!()
    };
    assert_eq!((reply.status, reply.is_truncated), (404, true));
    assert_eq!(reply.body, b"hi\0\xff");
    assert_eq!(
        reply.headers,
        [("content-type".to_owned(), "text/plain".to_owned())]
    );
    assert_eq!(heard.target, "/sdk/proxy");
    assert_eq!(
        heard.json(),
        json!({"method": "POST", "url": "https://api.example/x?a=1", "provider_id": "some-api",
               "body": [1, null], "headers": {"accept": "*/*"}, "reason": "a look around"})
    );
}

#[tokio::test]
async fn a_request_may_have_to_be_approved_first() {
    let grant = by_provider("some-api");
    let gate = json!({"approval_id": "a-2", "approval_url": "https://vault.example/a-2"});
    let answer = json!({
        "approval_id": "a-1", "approval_group_id": "g", "status": "pending", "expires_in": 900,
        "approval_url": "https://vault.example/a-1", "gates": [gate],
    });
    let (_, forwarded) = asked(202, answer.clone(), async |alter| {
        alter.forward(errand(&grant)).await
    })
    .await;
    let Forwarded::Pending(pending) = forwarded.unwrap() else {
        panic!()
    };
    assert_eq!(
        (&*pending.id, &*pending.url),
        ("a-1", "https://vault.example/a-1")
    );
    assert_eq!(pending.expires_in, Some(900));
    assert_eq!(pending.gates[0].id, "a-2");
    // A page that a person is sent to is one that a person may be sent to.
    for url in [
        "javascript:alert(1)",
        "http://vault.example/",
        "file:///etc/passwd",
        "",
    ] {
        let mut answer = answer.clone();
        answer["approval_url"] = url.into();
        let (_, refused) = asked(202, answer, async |alter| {
            alter.forward(errand(&grant)).await
        })
        .await;
        assert_eq!(refused.unwrap_err().kind, Kind::Malformed, "{url}");
    }
}

#[tokio::test]
async fn an_answer_of_a_providers_that_breaks_a_rule_is_refused() {
    let grant = by_provider("some-api");
    let good = json!({"status_code": 200, "headers": {}, "body_b64": "", "body_truncated": false});
    for (field, value) in [
        ("status_code", json!(null)),
        ("status_code", json!(99)),
        ("status_code", json!(101)),
        ("status_code", json!("200")),
        ("headers", json!([])),
        ("body_b64", json!("%")),
        ("body_b64", json!(7)),
        ("body_truncated", json!("no")),
    ] {
        let mut answer = good.clone();
        answer[field] = value;
        let (_, refused) = asked(200, answer, async |alter| {
            alter.forward(errand(&grant)).await
        })
        .await;
        let refusal = refused.expect_err(field);
        assert_eq!(refusal.kind, Kind::Malformed);
        assert!(refusal.fault().message.contains(field));
    }
}

#[tokio::test]
async fn an_approval_is_asked_after_by_whoever_has_its_id() {
    let answer = |status: &str| json!({"status": status, "has_result": status == "executed", "decision_reason": "no"});
    for (word, stage, code) in [
        ("pending", Stage::Pending, None),
        ("approved", Stage::Approved, None),
        ("executing", Stage::Executing, None),
        ("executed", Stage::Executed, None),
        (
            "failed",
            Stage::Failed,
            Some(("approval_failed", Exit::Tool)),
        ),
        (
            "denied",
            Stage::Denied,
            Some(("approval_denied", Exit::Denied)),
        ),
        (
            "expired",
            Stage::Expired,
            Some(("approval_expired", Exit::Denied)),
        ),
    ] {
        let (heard, approved) = asked(200, answer(word), async |alter| {
            alter.approval("a/1?", Duration::from_millis(25_900)).await
        })
        .await;
        let approved = approved.unwrap();
        assert_eq!(approved.stage, stage);
        assert_eq!(approved.has_result, word == "executed");
        let refusal = approved
            .refusal()
            .map(|refusal| (refusal.code(), refusal.exit()));
        assert_eq!(refusal, code, "{word}");
        assert_eq!(heard.target, "/sdk/approvals/a%2F1%3F?wait=25");
        assert_eq!(heard.header("x-alter-caller"), Some("altr-cli"));
        assert_eq!(heard.header("x-alter-context"), None);
    }
    let (_, refused) = asked(200, answer("else"), async |alter| {
        alter.approval("a", Duration::ZERO).await
    })
    .await;
    assert_eq!(refused.unwrap_err().kind, Kind::Malformed);
    let alter = client("http://127.0.0.1:1").unwrap();
    for id in ["", ".", "..", &"x".repeat(201)] {
        let refusal = alter.approval_result(id).await.unwrap_err();
        assert_eq!(refusal.exit(), Exit::Usage);
    }
}

#[tokio::test]
async fn what_was_approved_is_fetched_as_it_was_answered() {
    let answer =
        json!({"approval_id": "a-1", "status_code": 201, "headers": {}, "body_b64": "aGk="});
    let (heard, reply) = asked(200, answer, async |alter| {
        alter.approval_result("a-1").await
    })
    .await;
    assert_eq!(reply.unwrap().body, b"hi");
    assert_eq!(
        (&*heard.method, &*heard.target),
        ("GET", "/sdk/approvals/a-1/result")
    );
}

#[tokio::test]
async fn a_person_is_asked_to_connect_and_the_outcome_is_told() {
    let scopes = ["gmail.send".to_owned()];
    let token = Secret::new("jwt");
    let wish = Wish {
        provider: "google",
        scopes: &scopes,
        user_token: Some(&token),
        agent: Some("mcp-agent"),
        label: None,
        repair: None,
    };
    let made = json!({
        "session_token": "sess-marked", "connect_url": "https://vault.example/connect#session=1", "expires_in": 600,
    });
    let outcomes = [
        (
            json!({"status": "pending", "declined_providers": []}),
            "pending",
        ),
        (
            json!({"status": "pending", "declined_providers": [{"provider_id": "google"}]}),
            "declined",
        ),
        (json!({"status": "expired"}), "expired"),
        (
            json!({"status": "completed", "grants": [{"grant_id": GRANT, "provider_id": "google"}]}),
            "connected 1",
        ),
        (
            json!({"status": "completed", "grants": [], "failed_grants": [
                {"provider_id": "google", "reason": "grant_activation_failed", "message": "not completed"}]}),
            "connect_failed",
        ),
        (
            json!({"status": "error", "error": {"error_code": "connect_denied", "error_message": "no"}}),
            "connect_denied",
        ),
        (
            json!({"status": "error", "error": {"error_code": "invalid_client"}}),
            "connect_misconfigured",
        ),
        (
            json!({"status": "completed", "grants": [], "failed_grants": []}),
            "connect_failed",
        ),
        (json!({"status": "error"}), "malformed"),
        (
            json!({"status": "completed", "grants": [{"grant_id": "x"}]}),
            "malformed",
        ),
        (json!({"status": "else"}), "malformed"),
    ];
    let answers = std::iter::once(json(201, &made))
        .chain(outcomes.iter().map(|(answer, _)| json(200, answer)));
    let server = Server::open(answers.collect::<Vec<_>>()).await;
    let alter = client(&server.url).unwrap();
    let session = alter.connect(&wish).await.unwrap();
    assert_eq!(
        (&*session.url, session.expires_in),
        ("https://vault.example/connect#session=1", 600)
    );
    assert!(!format!("{session:?}").contains("marked"));
    for (answer, expected) in &outcomes {
        let told = match alter.connect_progress(&session).await {
            Ok(Progress::Pending { is_declined: false }) => "pending".to_owned(),
            Ok(Progress::Pending { is_declined: true }) => "declined".to_owned(),
            Ok(Progress::Expired) => "expired".to_owned(),
            Ok(Progress::Connected(grants)) => format!("connected {}", grants.len()),
            Ok(Progress::Ended(refusal)) => {
                assert_eq!(refusal.text("provider_id"), Some("google"));
                refusal.code().to_owned()
            }
            Err(refusal) => {
                assert_eq!(refusal.kind, Kind::Malformed);
                "malformed".to_owned()
            }
        };
        assert_eq!(&told, expected, "{answer}");
    }
    let heard = server.heard();
    assert_eq!(
        heard[0].json(),
        json!({"allowed_providers": ["google"], "return_url": null, "allowed_origin": null, "metadata": null,
               "required_scopes": {"google": ["gmail.send"]}, "agent": "mcp-agent", "user_token": "jwt"})
    );
    assert_eq!(heard[1].target, "/sdk/oauth/connect/session/poll");
    assert_eq!(heard[1].json(), json!({"session_token": "sess-marked"}));
}

#[tokio::test]
async fn a_repair_is_for_no_agent() {
    let wish = Wish {
        provider: "google",
        agent: Some("a"),
        repair: Some(GRANT),
        ..Wish::default()
    };
    let (heard, refused) = asked(201, json!({}), async |alter| alter.connect(&wish).await).await;
    assert_eq!(refused.unwrap_err().kind, Kind::Malformed);
    let body = heard.json();
    assert_eq!(
        (body.get("agent"), &body["repair_grant_id"]),
        (None, &json!(GRANT))
    );
}

#[tokio::test]
async fn grants_are_listed_to_the_last_page() {
    let grant = |kind: &str, name: &str| {
        let mut grant = json!({
            "grant_kind": kind, "grant_id": GRANT, "status": "active", "principal_type": "system",
            "grant_expires_at": "2026-01-01T00:00:00Z", "api_base_url": "https://x:1", "parent_grant_id": null,
        });
        grant[if kind == "oauth" {
            "provider_id"
        } else {
            "managed_secret_slug"
        }] = name.into();
        grant
    };
    let pages = [
        json(
            200,
            &json!({"grants": [grant("oauth", "google"), grant("oauth", "slack")], "has_more": true}),
        ),
        json(
            200,
            &json!({"grants": [grant("managed_secret", "altr-mapi")], "has_more": false}),
        ),
    ];
    let server = Server::open(pages).await;
    let grants = client(&server.url)
        .unwrap()
        .grants(None, None)
        .await
        .unwrap();
    let names: Vec<&str> = grants.iter().map(|grant| grant.provider.as_str()).collect();
    assert_eq!(names, ["google", "slack", "altr-mapi"]);
    assert_eq!(grants[0].ends, Some(1_767_225_600));
    assert_eq!(grants[0].api_base_url, None);
    let bodies: Vec<Value> = server.heard().iter().map(Heard::json).collect();
    assert_eq!(
        bodies,
        [
            json!({"limit": 100, "offset": 0}),
            json!({"limit": 100, "offset": 2})
        ]
    );
    for (field, value) in [
        ("grant_kind", "else"),
        ("grant_id", "x"),
        ("status", ""),
        ("grant_expires_at", "soon"),
    ] {
        let mut grant = grant("oauth", "google");
        grant[field] = value.into();
        let answer = json!({"grants": [grant]});
        let (_, refused) = asked(200, answer, async |alter| alter.grants(None, None).await).await;
        assert_eq!(refused.expect_err(field).kind, Kind::Malformed);
    }
}

#[tokio::test]
async fn a_list_of_grants_without_an_end_is_not_followed() {
    let grant =
        json!({"grant_kind": "oauth", "provider_id": "p", "grant_id": GRANT, "status": "active"});
    let page = json(200, &json!({"grants": [grant], "has_more": true}));
    let server = Server::open(vec![page; 60]).await;
    let refusal = client(&server.url)
        .unwrap()
        .grants(None, None)
        .await
        .unwrap_err();
    assert_eq!((refusal.kind, server.heard().len()), (Kind::Malformed, 50));
}

#[tokio::test]
async fn a_key_is_an_agents_or_an_applications() {
    let agent = json!({"id": GRANT, "name": "mcp-agent", "status": "active"});
    let (heard, holder) = asked(200, agent, async |alter| alter.holder().await).await;
    assert!(matches!(holder.unwrap(), Holder::Agent { name, .. } if name == "mcp-agent"));
    assert_eq!((&*heard.method, &*heard.target), ("GET", "/sdk/agents/me"));
    assert_eq!(heard.header("content-type"), None);
    let app = json!({"error": "me_requires_agent_key"});
    let (_, holder) = asked(403, app, async |alter| alter.holder().await).await;
    assert_eq!(holder.unwrap(), Holder::Application);
    let (_, holder) = asked(401, json!({"error": "key_revoked"}), async |alter| {
        alter.holder().await
    })
    .await;
    assert_eq!(holder.unwrap_err().kind, Kind::KeyRevoked);
}

#[tokio::test]
async fn a_derived_key_is_one() {
    let derived = "alter_dk_7777777777777777777777_ig25z4";
    for (key, is_good) in [
        (derived, true),
        ("alter_rk_aaaaaaaaaaaaaaaaaaaaaa_l77ykl", false),
        ("x", false),
    ] {
        let (heard, outcome) = asked(201, json!({"api_key": key}), async |alter| {
            alter.derive(&["tokens:retrieve"], 900).await
        })
        .await;
        assert_eq!(outcome.is_ok(), is_good, "{key}");
        assert_eq!(
            heard.json(),
            json!({"scopes": ["tokens:retrieve"], "expires_in": 900, "name": "altr-cli"})
        );
    }
}

#[tokio::test]
async fn the_vault_is_told_sizes_and_no_bodies_or_secrets() {
    let row = Row {
        grant_id: GRANT.to_owned(),
        provider_id: "some-api".to_owned(),
        generation: None,
        method: "POST".to_owned(),
        url: "https://api.example/x".to_owned(),
        request_headers: vec![
            ("Content-Type".to_owned(), "text/plain".to_owned()),
            ("X-Their-Token".to_owned(), "marked".to_owned()),
        ],
        request_size: 7,
        status: Some(200),
        response_headers: vec![("Set-Cookie".to_owned(), "marked".to_owned())],
        response_size: 0,
        latency: Duration::from_millis(12),
    };
    let (heard, told) = asked(201, json!({"status": "logged"}), async |alter| {
        alter.audit(&row).await
    })
    .await;
    told.unwrap();
    assert_eq!(
        heard.json(),
        json!({
            "grant_id": GRANT, "provider_id": "some-api", "token_generation": null, "method": "POST",
            "url": "https://api.example/x", "request_headers": {"content-type": "text/plain"},
            "request_body": "<body: 7 bytes>", "response_status": 200, "response_headers": {}, "response_body": null,
            "latency_ms": 12, "reason": "a look around",
            "context": {"tool": "list_things", "run_id": "run-1", "framework": "mcpress"},
        })
    );
    let lost = Row {
        status: None,
        ..row
    };
    let (heard, _) = asked(201, json!({}), async |alter| alter.audit(&lost).await).await;
    assert_eq!(heard.json()["response_status"], 0);
    assert_eq!(heard.json()["response_body"], "<transport error: network>");
}

#[tokio::test]
async fn a_grant_that_allows_too_little_is_reported_within_bounds() {
    let said = Shortfall {
        grant_id: GRANT,
        status: 403,
        missing_scopes: vec!["s".repeat(300); 60],
        challenge: &"é".repeat(5000),
        url: "https://api.example/x?key=marked#marked",
    };
    let server =
        Server::open(["HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_owned()]).await;
    client(&server.url)
        .unwrap()
        .report_scope_mismatch(&said)
        .await
        .unwrap();
    let heard = server.heard().remove(0);
    assert_eq!(
        heard.target,
        format!("/sdk/grants/{GRANT}/report-scope-mismatch")
    );
    assert_eq!(heard.header("x-alter-caller"), Some("altr-cli"));
    let body = heard.json();
    assert_eq!(body["missing_scopes"].as_array().unwrap().len(), 50);
    assert_eq!(body["missing_scopes"][0].as_str().unwrap().len(), 256);
    assert_eq!(
        body["raw_www_authenticate"]
            .as_str()
            .unwrap()
            .chars()
            .count(),
        4096
    );
    assert_eq!(body["api_endpoint"], "https://api.example/x");
}
