//! What does not get through.

use super::*;

#[tokio::test]
async fn what_is_refused_never_gets_to_the_origin() {
    let (address, mut heard) = answering(OK).await;
    let route = Route::to(&format!("{address}/v1"), LIMITS).await;
    let many: String = (0..101).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = format!("x: {}\r\n", "y".repeat(70_000));
    for (request, status) in [
        ("GET /v1/x HTTP/1.1\r\nHost: HOST\r\n\r\n", 401),
        (
            "GET /v1/x HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: wrong\r\n\r\n",
            401,
        ),
        (
            "GET /v1/x HTTP/1.1\r\nHost: evil.example\r\nX-Api-Key: KEY\r\n\r\n",
            421,
        ),
        (
            "GET /v1/../x HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n",
            400,
        ),
        (
            "GET /v2 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n",
            403,
        ),
        (
            "GET http://HOST/v1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n",
            400,
        ),
        (
            "CONNECT b.example:1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n",
            405,
        ),
        (
            "GET /v1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\nX: y\r\n\r\n",
            400,
        ),
        (
            "GET /v1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\rX: y\r\n\r\n",
            400,
        ),
        (
            "GET /v1 HTTP/1.1\r\nHost: HOST\r\n X-Api-Key: KEY\r\n\r\n",
            400,
        ),
        (
            "POST /v1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nContent-Length: 5\r\n\
             Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (
            "POST /v1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            501,
        ),
        (
            "POST /v1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nExpect: x\r\n\r\n",
            417,
        ),
        (
            &format!("GET /v1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n{many}\r\n"),
            431,
        ),
        (
            &format!("GET /v1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n{long}\r\n"),
            431,
        ),
        ("\u{16}\u{3}\u{1}", 400),
        ("GET /v1 HTTP/1.1\n\n", 400),
    ] {
        let answer = route.ask(request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {answer}"
        );
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!(body["error"]["code"].is_string() && body["error"]["message"].is_string());
        assert!(!answer.contains(route.key()));
    }
    let answer = route.ask("HEAD /v1 HTTP/1.1\r\nHost: HOST\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    heard.close();
    assert_eq!(heard.recv().await, None);
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_for_a_credential_is_asked() {
    let (address, _heard) = answering(OK).await;
    let route = Route::to(&address, LIMITS).await;
    let answer = route.ask("GET / HTTP/1.1\r\nHost: HOST\r\n\r\n").await;
    assert!(answer.contains("www-authenticate: Basic"), "{answer}");
}

#[tokio::test]
async fn who_dribbles_is_cut_off() {
    let (address, _heard) = answering(OK).await;
    let limits = Limits {
        head: Duration::from_millis(300),
        idle: Duration::from_millis(600),
        ..LIMITS
    };
    let route = Route::to(&address, limits).await;
    let mut stream = route.connect().await;
    let dribble = async {
        loop {
            if stream.write_all(b"G").await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let _ = timeout(Duration::from_millis(350), dribble).await;
    let (answer, _) = head(&mut stream).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    // Who says nothing at all is not answered.
    assert_eq!(route.ask("").await, "");
    // Nor who has nothing more to say, after a while.
    let begun = std::time::Instant::now();
    let answer = route
        .ask("GET / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n")
        .await;
    assert!(
        answer.contains("200 OK") && !answer.contains("408"),
        "{answer}"
    );
    assert!(begun.elapsed() >= Duration::from_millis(550));
}

#[tokio::test]
async fn no_more_connections_are_let_in_than_there_are_seats() {
    let (address, _heard) = answering(OK).await;
    let limits = Limits {
        connections: 2,
        ..LIMITS
    };
    let route = Route::to(&address, limits).await;
    let seated = [route.connect().await, route.connect().await];
    let request = "GET / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\n\r\n";
    let mut third = route.connect().await;
    let mut answer = String::new();
    timeout(SOON, third.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    drop(seated);
    let mut answer = String::new();
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        answer = route.ask(request).await;
        if answer.contains("200 OK") {
            break;
        }
    }
    assert!(answer.contains("200 OK"), "{answer}");
}
