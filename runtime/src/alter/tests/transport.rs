//! What goes over the wire, and what is taken from it.

use std::time::Duration;

use serde_json::json;

use super::server::{Heard, Server, answer, json};
use super::{GRANT, KEY, by_provider, client, opening};
use crate::alter::client::Alter;
use crate::alter::refusal::{Kind, Refusal};
use crate::alter::sign::{Signable, Signer, Stamp};
use crate::error::{Error, Exit};
use crate::secret::Secret;

fn token() -> String {
    json(200, &json!({"access_token": "s3cret", "grant_id": GRANT}))
}

async fn ask(alter: &Alter) -> Result<(), Refusal> {
    alter
        .token(&by_provider("some-api"), None, None)
        .await
        .map(drop)
}

#[track_caller]
fn assert_signed(heard: &Heard) {
    let header = |name| {
        heard
            .header(name)
            .unwrap_or_else(|| panic!("no {name}: {heard:?}"))
    };
    let headers = [
        "X-Alter-Caller",
        "X-Alter-Caller-Type",
        "X-Alter-Actor-ID",
        "X-Alter-Context",
    ];
    let headers: Vec<_> = headers
        .into_iter()
        .filter_map(|name| Some((name, heard.header(name)?.to_owned())))
        .collect();
    let request = Signable {
        method: &heard.method,
        target: &heard.target,
        body: heard.body.as_bytes(),
        headers: &headers,
    };
    let stamp = Stamp {
        seconds: header("X-Alter-Timestamp").parse().unwrap(),
        nonce: header("X-Alter-Nonce").to_owned(),
    };
    for (name, value) in Signer::new(&Secret::new(KEY)).headers(&request, stamp) {
        assert_eq!(header(name), value, "{name}");
    }
    assert_eq!(header("x-api-key"), KEY);
    assert_eq!(
        header("User-Agent"),
        concat!("mcpress/", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn every_request_is_signed_by_whoever_calls() {
    let actor = "X-Alter-Actor-ID: 3f2d8b96-442d-5802-ac10-f11f02434957\r\n";
    let first = token().replacen("\r\n", &format!("\r\n{actor}"), 1);
    let server = Server::open([first, token()]).await;
    let alter = client(&server.url).unwrap();
    ask(&alter).await.unwrap();
    ask(&alter).await.unwrap();
    let heard = server.heard();
    for heard in &heard {
        assert_signed(heard);
        assert_eq!(heard.target, "/sdk/token");
        assert_eq!(heard.header("x-alter-caller"), Some("altr-cli"));
        assert_eq!(heard.header("content-type"), Some("application/json"));
        assert_eq!(
            heard.header("x-alter-context"),
            Some(r#"{"tool":"list_things","run_id":"run-1","framework":"mcpress"}"#)
        );
    }
    let actors: Vec<_> = heard
        .iter()
        .map(|heard| heard.header("x-alter-actor-id"))
        .collect();
    assert_eq!(actors, [None, Some("3f2d8b96-442d-5802-ac10-f11f02434957")]);
    assert_ne!(
        heard[0].header("x-alter-nonce"),
        heard[1].header("x-alter-nonce")
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::open([token()]).await;
    for status in [301, 302, 307, 308] {
        let location = format!("Location: {}/sdk/token\r\n", elsewhere.url);
        let server = Server::open([answer(status, &location, "")]).await;
        let refusal = ask(&client(&server.url).unwrap()).await.unwrap_err();
        assert_eq!(
            (refusal.kind, refusal.exit()),
            (Kind::Refused, Exit::Protocol)
        );
        assert_eq!(refusal.status, Some(status));
    }
    assert!(elsewhere.heard().is_empty());
}

#[tokio::test]
async fn no_cookie_is_kept() {
    let first = token().replacen("\r\n", "\r\nSet-Cookie: a=b; Path=/\r\n", 1);
    let server = Server::open([first, token()]).await;
    let alter = client(&server.url).unwrap();
    ask(&alter).await.unwrap();
    ask(&alter).await.unwrap();
    assert!(
        server
            .heard()
            .iter()
            .all(|heard| heard.header("cookie").is_none())
    );
}

#[tokio::test]
async fn an_answer_that_is_no_object_is_malformed_and_not_repeated() {
    for body in [
        "",
        "<html>marked</html>",
        "[\"marked\"]",
        "\"marked\"",
        "{\"access_token\": \"marked",
        "{}",
    ] {
        let server = Server::open([answer(200, "", body)]).await;
        let error = Error::from(ask(&client(&server.url).unwrap()).await.unwrap_err());
        assert_eq!(
            (error.code(), error.exit()),
            ("vault_malformed", Exit::Protocol),
            "{body}"
        );
        assert!(
            !error.to_json(None).to_string().contains("marked"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let junk = "x".repeat(2 << 20);
    let token = json!({"access_token": "s3cret", "grant_id": GRANT, "junk": junk});
    let refusal = json!({"error": "ambiguous_grant", "provider_id": "slack", "junk": junk});
    let server = Server::open([json(200, &token), json(409, &refusal)]).await;
    let alter = client(&server.url).unwrap();
    let refusal = ask(&alter).await.unwrap_err();
    assert_eq!(refusal.kind, Kind::Malformed);
    assert!(refusal.fault().message.contains("longer than 1 MiB"));
    // Of a refusal the status is enough.
    let refusal = ask(&alter).await.unwrap_err();
    assert_eq!((refusal.kind, refusal.details.len()), (Kind::Refused, 0));
}

#[tokio::test]
async fn a_vault_that_says_nothing_runs_out_of_time() {
    let server = Server::open([]).await;
    let refusal = ask(&client(&server.url).unwrap()).await.unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.exit()),
        ("vault_timeout", Exit::Timeout)
    );
    assert!(refusal.retryable());
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_body_that_stops_halfway_runs_out_of_time_or_is_lost() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"access".to_owned();
    let server = Server::open([cut]).await;
    let refusal = ask(&client(&server.url).unwrap()).await.unwrap_err();
    assert_eq!(refusal.code(), "vault_unreachable");
}

#[tokio::test]
async fn a_vault_that_is_not_there_is_told_from_a_slow_one() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let refusal = ask(&client(&url).unwrap()).await.unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.exit()),
        ("vault_unreachable", Exit::Unreachable)
    );
}

#[tokio::test]
async fn a_token_that_is_being_refreshed_is_waited_for_twice() {
    let busy = || {
        json(
            409,
            &json!({"detail": {"error": "token_refresh_in_progress"}}),
        )
    };
    let server = Server::open([busy(), busy(), token()]).await;
    ask(&client(&server.url).unwrap()).await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.len(), 3);
    heard.iter().for_each(assert_signed);
    assert_ne!(
        heard[0].header("x-alter-nonce"),
        heard[2].header("x-alter-nonce")
    );
    let server = Server::open([busy(), busy(), busy(), token()]).await;
    let refusal = ask(&client(&server.url).unwrap()).await.unwrap_err();
    assert_eq!(refusal.code(), "token_refresh_in_progress");
    assert_eq!(server.heard().len(), 3);
}

#[tokio::test]
async fn nothing_else_is_repeated() {
    for (status, word) in [
        (429, "rate_limit_exceeded"),
        (503, "whatever"),
        (500, "whatever"),
        (409, "ambiguous_grant"),
    ] {
        let refusal = json(status, &json!({"error": word, "retry_after": 0}));
        let server = Server::open([refusal, token()]).await;
        ask(&client(&server.url).unwrap()).await.unwrap_err();
        assert_eq!(server.heard().len(), 1, "{word}");
    }
}

#[tokio::test]
async fn a_key_that_is_about_to_end_is_noticed_on_refusals_too() {
    let headers = "X-Alter-Key-Deprecated: true\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n";
    let server = Server::open([answer(403, headers, "{}")]).await;
    let alter = client(&server.url).unwrap();
    assert!(!alter.is_deprecated() && alter.skew().is_none());
    ask(&alter).await.unwrap_err();
    assert!(alter.is_deprecated());
    assert!(alter.skew().unwrap() > 0);
}

#[test]
fn nothing_is_made_of_what_is_no_key_or_of_an_address_in_the_open() {
    let error = Alter::open(&opening("https://backend.example", "sk_live_marked")).unwrap_err();
    assert_eq!(
        (error.code(), error.exit()),
        ("invalid_key", Exit::Credential)
    );
    assert!(!error.to_json(None).to_string().contains("marked"));
    for url in [
        "http://backend.example",
        "https://me:marked@backend.example",
        "nonsense",
    ] {
        let error = Alter::open(&opening(url, KEY)).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(!error.to_string().contains("marked"), "{error}");
    }
    let alter = client("http://127.0.0.1:1").unwrap();
    assert!(!format!("{alter:?}").contains("alter_rk"));
}

#[tokio::test]
async fn a_long_poll_has_its_wait_beside_the_limit() {
    let server = Server::open([]).await;
    let alter = client(&server.url).unwrap();
    let begun = std::time::Instant::now();
    let refusal = alter
        .approval("a-1", Duration::from_secs(1))
        .await
        .unwrap_err();
    assert_eq!(refusal.kind, Kind::TimedOut);
    assert!(begun.elapsed() > Duration::from_millis(1400));
}
