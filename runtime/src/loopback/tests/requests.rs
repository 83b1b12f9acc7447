//! What gets through, and how it is answered.

use super::*;

#[tokio::test]
async fn a_request_gets_to_the_origin_and_its_answer_back() {
    let (address, mut heard) = answering(OK).await;
    let route = Way::to(&format!("{address}/v1"), LIMITS).await;
    let answer = route
        .ask(
            "GET /v1/x?a=1&k=KEY HTTP/1.1\r\nHost: HOST\r\nauthorization: Bearer KEY\r\n\
             X-Y: z\r\nConnection: close\r\n\r\n",
        )
        .await;
    assert_eq!(
        answer,
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi"
    );
    let asked = heard.recv().await.unwrap();
    assert!(asked.starts_with("get /v1/x?a=1 http/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\nx-y: z\r\n"), "{asked}");
    let host = address.strip_prefix("http://").unwrap();
    assert!(asked.contains(&format!("\r\nhost: {host}\r\n")), "{asked}");
    assert!(
        !asked.contains(route.key()) && !asked.contains("authorization"),
        "{asked}"
    );
}

#[tokio::test]
async fn requests_follow_one_another_on_a_connection() {
    let (address, mut heard) = answering(OK).await;
    let route = Way::to(&address, LIMITS).await;
    let one = "POST /1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nContent-Length: 3\r\n\r\nabc";
    let two = "POST /2 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nTransfer-Encoding: chunked\r\n\r\n\
               1\r\nd\r\n0\r\n\r\n";
    let last = "GET /3 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\n\r\n";
    // At once, and one by one.
    let answer = route.ask(&format!("{one}{two}{last}")).await;
    assert_eq!(answer.matches("200 OK").count(), 3, "{answer}");
    assert_eq!(answer.matches("connection: close").count(), 1, "{answer}");
    for path in ["/1", "/2", "/3"] {
        let asked = heard.recv().await.unwrap();
        assert!(asked.contains(&format!(" {path} ")), "{asked}");
    }
    let mut stream = route.connect().await;
    for request in [one, two, one] {
        let request = route.filled(request);
        stream.write_all(request.as_bytes()).await.unwrap();
        let (head, mut body) = head(&mut stream).await.unwrap();
        assert!(head.contains("200 OK"), "{head}");
        while body.len() < 2 {
            stream.read_buf(&mut body).await.unwrap();
        }
        assert_eq!(body, b"hi");
    }
}

#[tokio::test]
async fn what_follows_a_body_and_is_no_request_ends_the_connection() {
    let (address, mut heard) = answering(OK).await;
    let route = Way::to(&address, LIMITS).await;
    let answer = route
        .ask(
            "POST / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nContent-Length: 3\r\n\r\nabc\
             garbage\r\n\r\n",
        )
        .await;
    assert!(
        answer.contains("200 OK") && answer.contains("400 Bad Request"),
        "{answer}"
    );
    let asked = heard.recv().await.unwrap();
    assert!(
        asked.contains("content-length: 3") && !asked.contains("garbage"),
        "{asked}"
    );
    heard.close();
    assert_eq!(heard.recv().await, None);
}

#[tokio::test]
async fn answers_are_framed_as_the_client_can_read_them() {
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\n ho\r\n0\r\n\r\n";
    let (address, _heard) = answering(chunked).await;
    let route = Way::to(&address, LIMITS).await;
    let request = |version| {
        format!("GET / HTTP/{version}\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\n\r\n")
    };
    let answer = route.ask(&request("1.1")).await;
    assert!(answer.contains("transfer-encoding: chunked"), "{answer}");
    assert!(answer.ends_with("\r\n0\r\n\r\n"), "{answer}");
    let answer = route.ask(&request("1.0")).await;
    assert!(
        !answer.contains("chunked") && answer.ends_with("\r\n\r\nhi ho"),
        "{answer}"
    );

    let no_content = "HTTP/1.1 204 No Content\r\nx: y\r\n\r\n";
    let (address, _heard) = answering(no_content).await;
    let answer = Way::to(&address, LIMITS).await.ask(&request("1.1")).await;
    assert_eq!(
        answer,
        "HTTP/1.1 204 No Content\r\nx: y\r\nconnection: close\r\n\r\n"
    );

    let unmodified = "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n";
    let (address, _heard) = answering(unmodified).await;
    let answer = Way::to(&address, LIMITS).await.ask(&request("1.1")).await;
    assert!(
        answer.contains("content-length: 7") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );

    let head = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n";
    let (address, _heard) = answering(head).await;
    let answer = Way::to(&address, LIMITS).await;
    let answer = answer.ask(&request("1.1").replace("GET", "HEAD")).await;
    assert!(
        answer.contains("content-length: 7") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn redirects_are_passed_on_and_lead_nowhere_else() {
    let away =
        "HTTP/1.1 302 Found\r\nlocation: https://evil.example/secret\r\ncontent-length: 0\r\n\r\n";
    let (address, mut heard) = answering(away).await;
    let request = "GET /v1/x HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\n\r\n";
    let route = Way::to(&format!("{address}/v1"), LIMITS).await;
    let answer = route.ask(request).await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["error"]["code"], "redirect_elsewhere");
    let told = route.told();
    let line = format!(
        "loopback: GET {address}/v1/x: 502 redirect_elsewhere: the origin redirects to https://evil.example"
    );
    assert!(told.len() == 1 && told[0].starts_with(&line), "{told:?}");
    assert!(!answer.contains("/secret") && !told[0].contains("/secret"));
    heard.recv().await.unwrap();

    let within =
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: /v1/y?z\r\ncontent-length: 0\r\n\r\n";
    let (address, _heard) = answering(within).await;
    let route = Way::to(&format!("{address}/v1"), LIMITS).await;
    let answer = route.ask(request).await;
    let location = format!("\r\nlocation: http://{}/v1/y?z\r\n", route.authority);
    assert!(answer.contains(&location), "{answer}");
}

#[tokio::test]
async fn pages_are_linked_by_way_of_the_loopback() {
    let address = origin(|mut stream| async move {
        let here = format!("http://{}", stream.local_addr().unwrap());
        head(&mut stream).await.unwrap();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nlink: <{here}/v1/x?page=2>; rel=\"next\", <https://b.example/>; rel=help\r\n\
             link: <{here}/v1/x?page=9>; rel=last\r\ncontent-location: {here}/v1/x\r\n\
             content-length: 2\r\n\r\nhi"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let route = Way::to(&format!("{address}/v1"), LIMITS).await;
    let request = "GET /v1/x HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\n\r\n";
    let answer = route.ask(request).await;
    let here = format!("http://{}/v1/x", route.authority);
    for line in [
        format!("link: <{here}?page=2>; rel=\"next\", <https://b.example/>; rel=help"),
        format!("link: <{here}?page=9>; rel=last"),
        format!("content-location: {here}"),
    ] {
        assert!(answer.contains(&format!("\r\n{line}\r\n")), "{answer}");
    }
    assert!(answer.ends_with("hi"));
}

#[tokio::test]
async fn an_answer_has_one_length_or_none() {
    let chunks = "\r\n\r\n2\r\nhi\r\n3\r\n ho\r\n0\r\n\r\n";
    let request = "GET / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\n\r\n";
    let ask = async |fields: String| {
        let answer: &'static str = format!("HTTP/1.1 200 OK\r\n{fields}").leak();
        let (address, _heard) = answering(answer).await;
        Way::to(&address, LIMITS).await.ask(request).await
    };
    for both in [
        "content-length: 2\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 900",
    ] {
        let answer = ask(format!("{both}{chunks}")).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(
            answer.ends_with("\r\n0\r\n\r\n") && answer.contains(" ho"),
            "{answer}"
        );
        assert!(!answer.contains("content-length"), "{answer}");
    }
    for twice in ["2\r\ncontent-length: 2", "2, 2"] {
        let answer = ask(format!("content-length: {twice}\r\n\r\nhi")).await;
        assert!(answer.ends_with("\r\n\r\nhi"), "{answer}");
        assert_eq!(
            answer.matches("content-length: 2\r\n").count(),
            1,
            "{answer}"
        );
    }
    for differing in ["2\r\ncontent-length: 3", "2, 3"] {
        let answer = ask(format!("content-length: {differing}\r\n\r\nhi")).await;
        assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    }
}

/// An origin that closes each connection when it gets the second request on it, which it does not
/// answer.
async fn leaving() -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let address = origin(move |mut stream| {
        let count = Arc::clone(&counted);
        async move {
            head(&mut stream).await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            stream.write_all(OK.as_bytes()).await.unwrap();
            if head(&mut stream).await.is_some() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        }
    })
    .await;
    (address, count)
}

#[tokio::test]
async fn a_request_that_met_a_closed_connection_is_made_once_more_if_it_changes_nothing() {
    let request = "METHOD / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\n\r\n";
    for (method, status, asked) in [("GET", 200, 3), ("OPTIONS", 200, 3), ("DELETE", 502, 2)] {
        let (address, count) = leaving().await;
        let route = Way::to(&address, LIMITS).await;
        let request = request.replace("METHOD", method);
        route.ask(&request).await;
        let answer = route.ask(&request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{method}: {answer}"
        );
        assert_eq!(count.load(Ordering::SeqCst), asked, "{method}");
    }
}

#[tokio::test]
async fn an_origin_that_is_not_there_is_told_by_name_only() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let route = Way::to(&format!("http://{address}/v1"), LIMITS).await;
    let answer = route
        .ask("GET /v1/private?secret=1 HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert!(
        answer.contains(&format!("cannot reach http://{address}: ")),
        "{answer}"
    );
    assert!(
        !answer.contains("private") && !answer.contains("secret"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_is_held_back_is_asked_for_once_the_request_is_let_in() {
    let (address, mut heard) = answering(OK).await;
    let route = Way::to(&address, LIMITS).await;
    let request = "POST / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nContent-Length: 3\r\n\
                   Expect: 100-continue\r\nConnection: close\r\n\r\n";
    let mut stream = route.connect().await;
    stream
        .write_all(route.filled(request).as_bytes())
        .await
        .unwrap();
    let (asked, rest) = head(&mut stream).await.unwrap();
    assert_eq!(asked, "HTTP/1.1 100 Continue\r\n\r\n");
    assert!(rest.is_empty());
    stream.write_all(b"abc").await.unwrap();
    let (answer, _) = head(&mut stream).await.unwrap();
    assert!(answer.contains("200 OK"), "{answer}");
    let asked = heard.recv().await.unwrap();
    assert!(!asked.contains("expect"), "{asked}");

    let answer = route.ask(&request.replace("KEY", "wrong")).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

/// An upstream of the test's own needs no socket.
struct Echo;

impl Upstream for Echo {
    fn accepts(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        match headers.contains_key("content-type") {
            true => Err(Rejection::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "no_type",
                "no",
            )),
            false => Ok(()),
        }
    }

    fn send(&self, request: Outgoing) -> Boxed<'_, Result<Incoming, Rejection>> {
        Box::pin(async {
            let mut text = Vec::new();
            let mut flow = request.body.unwrap().flow;
            while let Some(piece) = flow.next().await {
                text.extend(piece.unwrap());
            }
            Ok(Incoming {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                flow: Box::pin(futures::stream::iter([Ok(Bytes::from(text))])),
            })
        })
    }
}

#[tokio::test]
async fn an_upstream_may_refuse_before_the_body_is_asked_for() {
    let told = Told::default();
    let loopback = Loopback::new(telling(&told)).unwrap();
    let origin = Origin::parse("https://a.example").unwrap();
    let address = loopback.open(origin, Arc::new(Echo)).await.unwrap();
    let route = Way {
        authority: address.strip_prefix("http://").unwrap().to_owned(),
        loopback,
        told,
    };
    let request = "POST / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\n\
                   Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let answer = route.ask(request).await;
    assert!(answer.ends_with("3\r\nabc\r\n0\r\n\r\n"), "{answer}");
    let request = request.replace("Transfer", "Content-Type: a/b\r\nTransfer");
    let request = request.replace("Transfer", "Expect: 100-continue\r\nTransfer");
    let answer = route.ask(&request).await;
    assert!(answer.starts_with("HTTP/1.1 415"), "{answer}");
}

#[tokio::test]
async fn routes_end_with_the_loopback() {
    let (address, _heard) = answering(OK).await;
    let route = Way::to(&address, LIMITS).await;
    let mut stream = route.connect().await;
    tokio::task::yield_now().await;
    let authority = route.authority.clone();
    drop(route);
    let mut answer = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    assert!(answer.is_empty());
    assert!(TcpStream::connect(&authority).await.is_err());
}
