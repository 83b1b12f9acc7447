//! This program carries.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

async fn vault(answer: fn(usize) -> String) -> World {
    let count = Mutex::new(0);
    World::open(move |heard: Heard| {
        let answer = match heard.line.as_str() {
            "POST /sdk/token" => {
                let mut count = count.lock().unwrap();
                *count += 1;
                answer(*count)
            }
            _ => server::json(201, &json!({"status": "logged"})),
        };
        async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            answer
        }
    })
    .await
}

async fn origin(answer: &'static str) -> World {
    World::open(move |_| async move { answer.to_owned() }).await
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi";

async fn run(vault: &World, origin: &World) -> Run {
    let address = format!("{}/v1", origin.url);
    Run::open(vault, &address, Carrier::Program, SOON).await
}

#[tokio::test]
async fn a_request_gets_its_credential_on_the_way_and_the_vault_its_row() {
    let (vault, origin) = (vault(|_| token(json!({}))).await, origin(OK).await);
    let run = run(&vault, &origin).await;
    let more = "Content-Type: text/plain\r\nX-Private: x\r\n\r\nsome body";
    let (status, head, body) = run.ask("POST", "/x?q=1", more).await;
    assert_eq!((status, body.as_str()), (200, "hi"));
    assert!(!head.contains("s3cret"));
    let sent = &origin.heard("POST /v1/x?q=1")[0];
    assert!(
        sent.head.contains("authorization: bearer s3cret-token"),
        "{sent:?}"
    );
    assert!(!sent.head.contains(&run.key) && sent.body == "some body");
    let purpose = &vault.heard("POST /sdk/token")[0].json()["request"];
    assert_eq!(
        *purpose,
        json!({"method": "POST", "url": format!("{}/v1/x", origin.url)})
    );

    assert!(run.close().await.is_none());
    let rows = vault.heard("POST /sdk/oauth/audit/api-call");
    assert_eq!(rows.len(), 1);
    let row = rows[0].json();
    assert_eq!(row["grant_id"], GRANT);
    assert_eq!(row["method"], "POST");
    assert_eq!(row["url"], format!("{}/v1/x?q=1", origin.url));
    assert_eq!(row["response_status"], 200);
    assert_eq!(row["request_body"], "<body: 9 bytes>");
    assert_eq!(row["response_body"], "<body: 2 bytes>");
    assert!(row["latency_ms"].is_u64());
    let text = row.to_string();
    assert!(!text.contains("s3cret") && !text.contains("some body") && !text.contains("private"));
}

#[tokio::test]
async fn a_credential_is_fetched_once_however_many_want_it() {
    let (vault, origin) = (vault(|_| token(json!({}))).await, origin(OK).await);
    let run = run(&vault, &origin).await;
    let ask = || run.ask("GET", "/x", "");
    let answers = tokio::join!(ask(), ask(), ask());
    assert_eq!((answers.0.0, answers.1.0, answers.2.0), (200, 200, 200));
    assert_eq!(ask().await.0, 200);
    assert_eq!(vault.heard("POST /sdk/token").len(), 1);
    run.close().await;
    assert_eq!(vault.heard("POST /sdk/oauth/audit/api-call").len(), 4);
}

#[tokio::test]
async fn a_credential_is_not_used_past_its_end_nor_past_a_refusal_of_the_origin() {
    let (vault, origin) = (
        vault(|_| token(json!({"expires_in": 0}))).await,
        origin(OK).await,
    );
    let run = self::run(&vault, &origin).await;
    for _ in 0..2 {
        assert_eq!(run.ask("GET", "/x", "").await.0, 200);
    }
    assert_eq!(vault.heard("POST /sdk/token").len(), 2);

    let vault = self::vault(|_| token(json!({"expires_in": 3600}))).await;
    let origin = self::origin(
        "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    )
    .await;
    let run = self::run(&vault, &origin).await;
    for _ in 0..2 {
        assert_eq!(run.ask("GET", "/x", "").await.0, 401);
    }
    assert_eq!(vault.heard("POST /sdk/token").len(), 2);
    // The origin's answer is for the server to make something of.
    assert!(run.close().await.is_none());
}

#[tokio::test]
async fn what_the_vault_refuses_the_server_is_told_and_the_run_ends_with() {
    let (vault, origin) = (
        vault(|_| refusal(403, "rule_violated")).await,
        origin(OK).await,
    );
    let run = run(&vault, &origin).await;
    let (status, _, body) = run.ask("GET", "/x", "").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 403);
    assert_eq!(body["error"]["code"], "policy_violation");
    assert!(body["error"]["message"].is_string());
    assert!(origin.heard("").is_empty());
    let (code, exit, error) = fault(run.close().await);
    assert_eq!((code.as_str(), exit), ("policy_violation", 4));
    assert_eq!(error["vault_error"], "rule_violated");
    assert!(vault.heard("POST /sdk/oauth").is_empty());
}

#[tokio::test]
async fn what_stood_in_the_way_and_does_no_longer_is_forgotten() {
    let vault = vault(|count| match count {
        1 => refusal(503, "busy"),
        _ => token(json!({})),
    });
    let (vault, origin) = (vault.await, origin(OK).await);
    let run = run(&vault, &origin).await;
    assert_eq!(run.ask("GET", "/x", "").await.0, 502);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(run.ask("GET", "/x", "").await.0, 200);
    assert!(run.close().await.is_none());
}

#[tokio::test]
async fn an_origin_that_wants_more_than_the_grant_allows_is_reported() {
    let challenge = "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\
                     www-authenticate: Bearer error=\"insufficient_scope\", scope=\"a b\"\r\n\r\nno";
    let (vault, origin) = (vault(|_| token(json!({}))).await, origin(challenge).await);
    let run = run(&vault, &origin).await;
    let (status, _, body) = run.ask("GET", "/x", "").await;
    assert_eq!((status, body.as_str()), (403, "no"));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (code, exit, error) = fault(run.close().await);
    assert_eq!((code.as_str(), exit), ("scope_reauth_required", 3));
    assert_eq!(error["provider_id"], "some-api");
    assert_eq!(error["missing_scopes"], json!(["a", "b"]));
    let reports = vault.heard(&format!("POST /sdk/grants/{GRANT}/report-scope-mismatch"));
    assert_eq!(reports[0].json()["missing_scopes"], json!(["a", "b"]));
}

/// An origin that wants more of the first credential, and a vault where somebody allows that.
async fn mended() -> (World, World) {
    let vault = World::open(|heard: Heard| async move {
        match heard.line.as_str() {
            "POST /sdk/token" => token(json!({})),
            "POST /sdk/oauth/connect/session" => server::json(
                201,
                &json!({"session_token": "s", "connect_url": "https://vault.example/connect", "expires_in": 600}),
            ),
            "POST /sdk/oauth/connect/session/poll" => server::json(
                200,
                &json!({"status": "completed", "grants": [{"grant_id": GRANT, "provider_id": "some-api"}]}),
            ),
            _ => server::json(201, &json!({})),
        }
    })
    .await;
    let count = AtomicUsize::new(0);
    let origin = World::open(move |_| {
        let answer = match count.fetch_add(1, Ordering::SeqCst) {
            0 => {
                "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\
                 www-authenticate: Bearer error=\"insufficient_scope\", scope=\"a\"\r\n\r\nno"
            }
            _ => OK,
        };
        async move { answer.to_owned() }
    })
    .await;
    (vault, origin)
}

fn waiting() -> crate::vault::Patience {
    crate::vault::Patience {
        wait: true,
        limit: SOON,
        ..opening("", "").patience
    }
}

#[tokio::test]
async fn a_request_that_the_grant_does_not_allow_is_made_again_once_a_person_does() {
    let (vault, origin) = mended().await;
    let run = Run::patient(&vault, &origin.url, Carrier::Program, waiting()).await;
    assert_eq!(run.ask("GET", "/x", "").await.0, 200);
    assert!(run.close().await.is_none());
    let sessions = vault.heard("POST /sdk/oauth/connect/session");
    assert_eq!(
        sessions[0].json()["required_scopes"],
        json!({"some-api": ["a"]})
    );
    // What was got before is not used again.
    assert_eq!(vault.heard("POST /sdk/token").len(), 2);
    assert_eq!(vault.heard("POST /sdk/oauth/audit/api-call").len(), 2);
}

#[tokio::test]
async fn a_request_whose_body_is_gone_is_left_to_whoever_made_it() {
    let (vault, origin) = mended().await;
    let run = Run::patient(&vault, &origin.url, Carrier::Program, waiting()).await;
    let more = "Content-Type: text/plain\r\n\r\nbody";
    assert_eq!(run.ask("POST", "/x", more).await.0, 403);
    let (code, _, error) = fault(run.close().await);
    assert_eq!(code, "scope_reauth_required");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("run this once more"), "{hint}");
    assert_eq!(origin.heard("POST").len(), 1);
}

#[tokio::test]
async fn a_credential_that_comes_back_in_a_header_is_withheld() {
    let in_query = json!({"additional_injections":
        [{"target": "query_param", "key": "api_key", "value_source": "token"}]});
    let vault = World::open(move |heard: Heard| {
        let answer = match heard.line.as_str() {
            "POST /sdk/token" => token(in_query.clone()),
            _ => server::json(201, &json!({})),
        };
        async move { answer }
    })
    .await;
    let origin = World::open(|heard: Heard| async move {
        let target = heard.line.split(' ').nth(1).unwrap().to_owned();
        format!(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: {target}&to=1\r\nx-asked: {target}\r\n\
             link: <{target}&to=2>; rel=next\r\nlink: </v1/x>; rel=first\r\n\
             content-length: 0\r\nconnection: close\r\n\r\n"
        )
    })
    .await;
    let run = run(&vault, &origin).await;
    let (status, head, _) = run.ask("GET", "/x?a=1", "").await;
    assert_eq!(status, 307);
    assert_eq!(origin.heard("GET /v1/x?a=1&api_key=s3cret-token").len(), 1);
    assert!(
        !head.contains("s3cret") && !head.contains("x-asked"),
        "{head}"
    );
    assert!(
        head.contains(&format!("location: {}/x?a=1&api_key=&to=1", run.address)),
        "{head}"
    );
    for link in ["x?a=1&api_key=&to=2>; rel=next", "x>; rel=first"] {
        let line = format!("\r\nlink: <{}/{link}", run.address);
        assert!(head.contains(&line), "{head}");
    }
    run.close().await;
    assert!(!vault.heard("POST /sdk/oauth")[0].body.contains("s3cret"));
}

#[tokio::test]
async fn a_credential_that_signs_gets_the_body_whole() {
    let fields = json!({
        "injection_format": "AWS4-HMAC-SHA256 {token}",
        "additional_credentials": {"secret_key": "fake-secret", "region": "eu-west-1", "service": "x"},
    });
    let vault = World::open(move |heard: Heard| {
        let answer = match heard.line.as_str() {
            "POST /sdk/token" => token(fields.clone()),
            _ => server::json(201, &json!({})),
        };
        async move { answer }
    })
    .await;
    let origin = origin(OK).await;
    let run = run(&vault, &origin).await;
    let chunked = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let mut stream = run.connect("POST", "/x", "").await;
    drop(stream);
    let url = url::Url::parse(&run.address).unwrap();
    let authority = format!("127.0.0.1:{}", url.port().unwrap());
    stream = TcpStream::connect(&authority).await.unwrap();
    let request = format!(
        "POST /v1/signed HTTP/1.1\r\nHost: {authority}\r\nX-Api-Key: {}\r\nConnection: close\r\n{chunked}",
        run.key
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(SOON, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let sent = &origin.heard("POST /v1/signed")[0];
    assert_eq!(sent.body, "abc");
    assert!(
        sent.head
            .contains("authorization: aws4-hmac-sha256 credential=s3cret-token/")
    );
    // The SHA-256 of `abc`.
    assert!(
        sent.head
            .contains("x-amz-content-sha256: ba7816bf8f01cfea414140de5dae2223")
    );
}

#[tokio::test]
async fn a_request_that_nobody_waited_for_has_its_row_too() {
    let vault = vault(|_| token(json!({}))).await;
    let origin = World::open(|_| std::future::pending()).await;
    let run = run(&vault, &origin).await;
    let stream = run.connect("GET", "/x", "").await;
    while origin.heard("GET").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let left = run.connect("GET", "/y", "").await;
    while origin.heard("GET").len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(left);
    // The other is under way when the run ends.
    assert!(run.close().await.is_none());
    let rows = vault.heard("POST /sdk/oauth/audit/api-call");
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].json()["response_status"], 0);
    drop(stream);
}
