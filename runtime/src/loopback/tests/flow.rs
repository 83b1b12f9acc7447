//! Bodies on their way, and who hangs up meanwhile.

use super::*;

/// Set when it is dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_takes_its_request_with_it() {
    let gone = Arc::new(AtomicBool::new(false));
    let (begun, has_begun) = oneshot::channel();
    let begun = Arc::new(Mutex::new(Some(begun)));
    let address = {
        let gone = Arc::clone(&gone);
        origin(move |mut stream| {
            let gone = Arc::clone(&gone);
            let begun = begun.lock().unwrap().take();
            async move {
                head(&mut stream).await.unwrap();
                begun.unwrap().send(()).unwrap();
                let mut rest = Vec::new();
                // Ends when the proxy hangs up.
                let _ = stream.read_to_end(&mut rest).await;
                drop(Dropped(gone));
            }
        })
        .await
    };
    let route = Way::to(&address, LIMITS).await;
    let mut stream = route.connect().await;
    let request = route.filled("GET / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    timeout(SOON, has_begun).await.unwrap().unwrap();
    assert!(!gone.load(Ordering::SeqCst));
    drop(stream);
    let hung_up = async {
        while !gone.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, hung_up).await.expect("the origin is told");
}

#[tokio::test]
async fn a_body_that_is_cut_short_is_never_taken_for_a_whole_one() {
    let (said, mut heard) = mpsc::unbounded_channel();
    let address = origin(move |mut stream| {
        let said = said.clone();
        async move {
            let (_, mut body) = head(&mut stream).await.unwrap();
            let _ = stream.read_to_end(&mut body).await;
            said.send(String::from_utf8(body).unwrap()).unwrap();
        }
    })
    .await;
    let route = Way::to(&address, LIMITS).await;
    let start = "POST / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n";
    for (body, broken) in [
        ("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ""),
        ("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "x\r\n"),
        ("Content-Length: 5\r\n\r\nabc", ""),
    ] {
        let mut stream = route.connect().await;
        let request = route.filled(&format!("{start}{body}"));
        stream.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.write_all(broken.as_bytes()).await.unwrap();
        if !broken.is_empty() {
            let (answer, _) = head(&mut stream).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        }
        drop(stream);
        let received = timeout(SOON, heard.recv()).await.unwrap().unwrap();
        assert!(!received.contains("0\r\n\r\n"), "{body:?}: {received:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_never_passed_on_as_a_whole_one() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let address = origin(move |mut stream| async move {
            head(&mut stream).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let route = Way::to(&address, LIMITS).await;
        let passed_on = route
            .ask("GET / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n")
            .await;
        assert!(passed_on.contains("abc"), "{passed_on}");
        assert!(!passed_on.ends_with("0\r\n\r\n"), "{passed_on}");
        assert!(!passed_on.contains("502"), "{passed_on}");
    }
}

#[tokio::test]
async fn an_answer_that_ends_with_the_connection_and_is_cut_short_ends_with_a_reset() {
    let begun = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n";
    for (rest, is_whole) in [("0\r\n\r\n", true), ("", false)] {
        let address = origin(move |mut stream| async move {
            head(&mut stream).await.unwrap();
            stream.write_all(begun.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.write_all(rest.as_bytes()).await.unwrap();
        })
        .await;
        let route = Way::to(&address, LIMITS).await;
        let mut stream = route.connect().await;
        let request = route.filled("GET / HTTP/1.0\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let end = timeout(SOON, stream.read_to_end(&mut answer))
            .await
            .unwrap();
        assert!(String::from_utf8_lossy(&answer).ends_with("abc"));
        assert_eq!(end.is_ok(), is_whole, "{end:?}");
    }
}

#[tokio::test]
async fn a_client_that_has_said_all_is_answered() {
    let address = origin(|mut stream| async move {
        let (_, mut body) = head(&mut stream).await.unwrap();
        while body.len() < 3 {
            stream.read_buf(&mut body).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(OK.as_bytes()).await.unwrap();
    })
    .await;
    let route = Way::to(&address, LIMITS).await;
    for version in ["1.0", "1.1"] {
        let request = format!(
            "POST / HTTP/{version}\r\nHost: HOST\r\nX-Api-Key: KEY\r\nContent-Length: 3\r\n\r\nabc"
        );
        let mut stream = route.connect().await;
        stream
            .write_all(route.filled(&request).as_bytes())
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        timeout(SOON, stream.read_to_string(&mut answer))
            .await
            .unwrap()
            .unwrap();
        assert!(
            answer.contains("HTTP/1.1 200 OK\r\n") && answer.ends_with("hi"),
            "{answer}"
        );
        assert_eq!(
            answer.contains("100 Continue"),
            version == "1.1",
            "{answer}"
        );
    }
}

#[tokio::test]
async fn an_answer_is_passed_on_as_it_comes() {
    let (go, gone) = oneshot::channel::<()>();
    let gone = Arc::new(Mutex::new(Some(gone)));
    let address = origin(move |mut stream| {
        let gone = gone.lock().unwrap().take();
        async move {
            head(&mut stream).await.unwrap();
            let start = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n";
            stream.write_all(start.as_bytes()).await.unwrap();
            gone.unwrap().await.unwrap();
            stream.write_all(b"4\r\nlast\r\n0\r\n\r\n").await.unwrap();
        }
    })
    .await;
    let route = Way::to(&address, LIMITS).await;
    let mut stream = route.connect().await;
    let request =
        route.filled("GET / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("first") {
        assert_ne!(
            timeout(SOON, stream.read_buf(&mut answer))
                .await
                .unwrap()
                .unwrap(),
            0
        );
    }
    go.send(()).unwrap();
    timeout(SOON, stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("last"));
}

#[tokio::test]
async fn an_early_answer_is_heard_though_the_body_goes_on() {
    let address = origin(|mut stream| async move {
        head(&mut stream).await.unwrap();
        let answer =
            "HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = vec![0; 1 << 16];
        while matches!(stream.read(&mut rest).await, Ok(count) if count > 0) {}
    })
    .await;
    let route = Way::to(&address, LIMITS).await;
    let mut stream = route.connect().await;
    let length = 64 << 20;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nContent-Length: {length}\r\n\r\n"
    );
    stream
        .write_all(route.filled(&head).as_bytes())
        .await
        .unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let sending = tokio::spawn(async move {
        let block = vec![0; 1 << 16];
        while writer.write_all(&block).await.is_ok() {}
    });
    let mut answer = [0; 12];
    timeout(SOON, reader.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    sending.abort();
}

#[tokio::test]
async fn the_rest_of_a_body_is_never_taken_for_a_request() {
    let (address, mut heard) =
        answering("HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n").await;
    let route = Way::to(&address, LIMITS).await;
    let inner = route.filled("GET /inner HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n");
    let outer = format!(
        "POST / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nContent-Length: {}\r\n\r\n",
        inner.len()
    );
    let mut stream = route.connect().await;
    stream
        .write_all(route.filled(&outer).as_bytes())
        .await
        .unwrap();
    let (answer, _) = head(&mut stream).await.unwrap();
    assert!(answer.contains("413"), "{answer}");
    stream.write_all(inner.as_bytes()).await.unwrap();
    let mut rest = String::new();
    let _ = timeout(SOON, stream.read_to_string(&mut rest))
        .await
        .unwrap();
    assert_eq!(rest, "");
    assert!(heard.recv().await.unwrap().starts_with("post "));
    heard.close();
    assert_eq!(heard.recv().await, None);
}
