//! What does not get through.

use super::*;

#[tokio::test]
async fn what_is_refused_never_gets_to_the_origin() {
    let (address, mut heard) = answering(OK).await;
    let route = Way::to(&format!("{address}/v1"), LIMITS).await;
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
    let route = Way::to(&address, LIMITS).await;
    let answer = route.ask("GET / HTTP/1.1\r\nHost: HOST\r\n\r\n").await;
    assert!(answer.contains("www-authenticate: Basic"), "{answer}");
}

#[tokio::test]
async fn who_dribbles_is_cut_off() {
    let (address, _heard) = answering(OK).await;
    let limits = Limits {
        first: Duration::from_millis(300),
        head: Duration::from_millis(300),
        idle: Duration::from_millis(600),
        ..LIMITS
    };
    let route = Way::to(&address, limits).await;
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

/// A request on a connection of its own.
const GET: &str = "GET / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn who_shows_nothing_keeps_nobody_out() {
    let (address, _heard) = answering(OK).await;
    let limits = Limits {
        strangers: 4,
        ..LIMITS
    };
    let route = Way::to(&address, limits).await;
    // As many as can be, each saying a little, and here again as soon as it is closed.
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let authority = route.authority.clone();
        crowd.spawn(async move {
            loop {
                let mut stream = TcpStream::connect(&authority).await.unwrap();
                let _ = stream.write_all(b"G").await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    for _ in 0..10 {
        let answer = route.ask(GET).await;
        assert!(answer.contains("200 OK"), "{answer}");
    }
    crowd.shutdown().await;
    let told = route.told();
    let of_crowd = told.iter().filter(|line| line.contains("shown nothing"));
    assert_eq!(of_crowd.count(), 1, "{told:?}");
}

#[tokio::test]
async fn requests_that_are_too_many_at_once_wait_for_one_another() {
    let at_once = Arc::new(AtomicUsize::new(0));
    let address = {
        let at_once = Arc::clone(&at_once);
        origin(move |mut stream| {
            let at_once = Arc::clone(&at_once);
            async move {
                while head(&mut stream).await.is_some() {
                    assert!(at_once.fetch_add(1, Ordering::SeqCst) < 2);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    at_once.fetch_sub(1, Ordering::SeqCst);
                    stream.write_all(OK.as_bytes()).await.unwrap();
                }
            }
        })
        .await
    };
    let limits = Limits {
        seats: 2,
        connections: 8,
        ..LIMITS
    };
    let route = Way::to(&address, limits).await;
    let answers = futures::future::join_all((0..20).map(|_| route.ask(GET))).await;
    for answer in answers {
        assert!(answer.contains("200 OK"), "{answer}");
    }
    let told = route.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("2 requests are under way"), "{told:?}");
}

#[tokio::test]
async fn a_connection_with_nothing_to_do_keeps_nobody_out() {
    let (address, _heard) = answering(OK).await;
    let limits = Limits {
        seats: 1,
        connections: 2,
        ..LIMITS
    };
    let route = Way::to(&address, limits).await;
    let request = route.filled("GET / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n");
    let mut kept = Vec::new();
    for _ in 0..4 {
        let mut stream = route.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let (answer, _) = timeout(SOON, head(&mut stream)).await.unwrap().unwrap();
        assert!(answer.contains("200 OK"), "{answer}");
        kept.push(stream);
    }
    // The first ones went for the last ones.
    let mut rest = Vec::new();
    let mut oldest = kept.remove(0);
    timeout(SOON, oldest.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    let newest = kept.last_mut().unwrap();
    newest.write_all(request.as_bytes()).await.unwrap();
    let (answer, _) = timeout(SOON, head(newest)).await.unwrap().unwrap();
    assert!(answer.contains("200 OK"), "{answer}");
}

#[tokio::test]
async fn what_does_not_get_through_is_told_without_its_query() {
    let (address, _heard) =
        answering("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").await;
    let route = Way::to(&format!("{address}/v1"), LIMITS).await;
    for (request, line) in [
        (
            "GET /v1/x?secret=1 HTTP/1.1\r\nHost: HOST\r\n\r\n",
            "loopback: GET ORIGIN/v1/x: 401 no_capability: the request does not show what",
        ),
        (
            "GET /v1/x HTTP/1.1\r\nHost: b\r\nX-Api-Key: KEY\r\n\r\n",
            "loopback: GET ORIGIN/v1/x: 421 wrong_host: ",
        ),
        (
            "POST /v2?secret=1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n",
            "loopback: POST ORIGIN/v2: 403 not_this_route: ",
        ),
        (
            "GET http://secret@b/ HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n",
            "loopback: GET ORIGIN: 400 bad_request: ",
        ),
        (
            "secret\n",
            "loopback: a request to ORIGIN: 400 bad_request: ",
        ),
        (
            "GET /v1/x?secret=1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\n\r\n",
            "loopback: GET ORIGIN/v1/x: the origin does not take the credential (401)",
        ),
    ] {
        route.ask(request).await;
        let told = route.told();
        assert_eq!(told.len(), 1, "{request}: {told:?}");
        let line = line.replace("ORIGIN", &address);
        assert!(told[0].starts_with(&line), "{request}: {told:?}");
        assert!(!told[0].contains("secret") && !told[0].contains(route.key()));
    }
    // Anybody could have all the more said.
    for _ in 0..50 {
        route.ask("GET /v1/x HTTP/1.1\r\nHost: HOST\r\n\r\n").await;
    }
    assert!(route.told().len() < 25);
}
