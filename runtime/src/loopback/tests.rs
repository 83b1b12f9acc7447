//! The proxy as a whole, over real sockets: a client that writes bytes, and origins that do.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::direct::Direct;
use super::*;

const SOON: Duration = Duration::from_secs(10);

/// Carries requests to an origin as they are.
struct Plain(Direct);

impl Upstream for Plain {
    fn send(&self, request: Outgoing) -> Boxed<'_, Result<Incoming, Rejection>> {
        Box::pin(self.0.send(request))
    }
}

/// A route to an origin made of one function a connection, and what the client needs of it.
struct Route {
    loopback: Loopback,
    authority: String,
}

impl Route {
    async fn to(origin: &str, limits: Limits) -> Self {
        let loopback = Loopback::new().unwrap();
        let origin = Origin::parse(origin).unwrap();
        let upstream = Arc::new(Plain(Direct::open(&origin).unwrap()));
        let address = loopback
            .open_within(limits, origin, upstream)
            .await
            .unwrap();
        let url = Url::parse(&address).unwrap();
        Self {
            loopback,
            authority: format!("127.0.0.1:{}", url.port().unwrap()),
        }
    }

    fn key(&self) -> &str {
        self.loopback.capability().secret().expose()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.authority).await.unwrap()
    }

    /// A request with `HOST` and `KEY` filled in.
    fn filled(&self, request: &str) -> String {
        request
            .replace("HOST", &self.authority)
            .replace("KEY", self.key())
    }

    /// What is answered until the proxy closes.
    async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        let request = self.filled(request);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(SOON, stream.read_to_end(&mut answer)).await;
        let _ = read.expect("the proxy closes");
        String::from_utf8(answer).unwrap()
    }
}

/// An origin that gives each connection to a function, and its address.
async fn origin<F, W>(serve: F) -> String
where
    F: Fn(TcpStream) -> W + Send + Sync + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream));
        }
    });
    format!("http://{address}")
}

/// The head of a request, and what came with it of its body.
async fn head(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(at) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            return Some((String::from_utf8(bytes).unwrap(), rest));
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// An origin that always gives the same answer, and tells what it was asked.
async fn answering(answer: &'static str) -> (String, mpsc::UnboundedReceiver<String>) {
    let (said, heard) = mpsc::unbounded_channel();
    let address = origin(move |mut stream| {
        let said = said.clone();
        async move {
            while let Some((head, rest)) = self::head(&mut stream).await {
                let head = head.to_ascii_lowercase();
                let _ = said.send(head + &String::from_utf8_lossy(&rest));
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    (address, heard)
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nset-cookie: a=b\r\n\r\nhi";

#[tokio::test]
async fn a_request_gets_to_the_origin_and_its_answer_back() {
    let (address, mut heard) = answering(OK).await;
    let route = Route::to(&format!("{address}/v1"), LIMITS).await;
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
async fn requests_follow_one_another_on_a_connection() {
    let (address, mut heard) = answering(OK).await;
    let route = Route::to(&address, LIMITS).await;
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
    let route = Route::to(&address, LIMITS).await;
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
    let route = Route::to(&address, LIMITS).await;
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
    let answer = Route::to(&address, LIMITS).await.ask(&request("1.1")).await;
    assert_eq!(
        answer,
        "HTTP/1.1 204 No Content\r\nx: y\r\nconnection: close\r\n\r\n"
    );

    let unmodified = "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n";
    let (address, _heard) = answering(unmodified).await;
    let answer = Route::to(&address, LIMITS).await.ask(&request("1.1")).await;
    assert!(
        answer.contains("content-length: 7") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );

    let head = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n";
    let (address, _heard) = answering(head).await;
    let answer = Route::to(&address, LIMITS).await;
    let answer = answer.ask(&request("1.1").replace("GET", "HEAD")).await;
    assert!(
        answer.contains("content-length: 7") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn redirects_are_passed_on_and_lead_nowhere_else() {
    let away = "HTTP/1.1 302 Found\r\nlocation: https://evil.example/\r\ncontent-length: 0\r\n\r\n";
    let (address, mut heard) = answering(away).await;
    let request = "GET /v1/x HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\n\r\n";
    let route = Route::to(&format!("{address}/v1"), LIMITS).await;
    let answer = route.ask(request).await;
    assert!(
        answer.starts_with("HTTP/1.1 302 Found") && !answer.contains("location"),
        "{answer}"
    );
    heard.recv().await.unwrap();

    let within =
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: /v1/y?z\r\ncontent-length: 0\r\n\r\n";
    let (address, _heard) = answering(within).await;
    let route = Route::to(&format!("{address}/v1"), LIMITS).await;
    let answer = route.ask(request).await;
    let location = format!("\r\nlocation: http://{}/v1/y?z\r\n", route.authority);
    assert!(answer.contains(&location), "{answer}");
}

#[tokio::test]
async fn an_origin_that_is_not_there_is_told_by_name_only() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let route = Route::to(&format!("http://{address}/v1"), LIMITS).await;
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
    let route = Route::to(&address, LIMITS).await;
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
    let route = Route::to(&address, LIMITS).await;
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
    let route = Route::to(&address, LIMITS).await;
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
        let route = Route::to(&address, LIMITS).await;
        let passed_on = route
            .ask("GET / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n")
            .await;
        assert!(passed_on.contains("abc"), "{passed_on}");
        assert!(!passed_on.ends_with("0\r\n\r\n"), "{passed_on}");
        assert!(!passed_on.contains("502"), "{passed_on}");
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
    let route = Route::to(&address, LIMITS).await;
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
    let route = Route::to(&address, LIMITS).await;
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

/// How much memory this process has, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// How large the bodies are, in MiB: `LOOPBACK_MIB` for a longer test by hand.
fn mebibytes() -> usize {
    let given = std::env::var("LOOPBACK_MIB").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(256)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_large_body_takes_no_memory_either_way() {
    const BLOCK: usize = 1 << 16;
    let total = mebibytes() << 20;
    let received = Arc::new(AtomicUsize::new(0));
    let address = {
        let received = Arc::clone(&received);
        origin(move |mut stream| {
            let received = Arc::clone(&received);
            async move {
                let (_, body) = head(&mut stream).await.unwrap();
                let mut count = body.len();
                let mut block = vec![0; BLOCK];
                while count < total {
                    count += stream.read(&mut block).await.unwrap();
                }
                received.store(count, Ordering::SeqCst);
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {total}\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                for _ in 0..total / BLOCK {
                    stream.write_all(&block).await.unwrap();
                }
            }
        })
        .await
    };
    let route = Route::to(&address, LIMITS).await;
    let mut stream = route.connect().await;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\nContent-Length: {total}\r\n\r\n"
    );
    let before = resident();
    let mut most = before;
    let begun = std::time::Instant::now();
    stream
        .write_all(route.filled(&head).as_bytes())
        .await
        .unwrap();
    let mut block = vec![1; BLOCK];
    for index in 0..total / BLOCK {
        stream.write_all(&block).await.unwrap();
        if index % 64 == 0 {
            most = most.max(resident());
        }
    }
    let mut count = 0;
    for index in 0.. {
        match stream.read(&mut block).await.unwrap() {
            0 => break,
            more => count += more,
        }
        if index % 64 == 0 {
            most = most.max(resident());
        }
    }
    assert_eq!(received.load(Ordering::SeqCst), total);
    assert!(count > total && count < total + 1000, "{count}");
    let grown = most.saturating_sub(before) >> 10;
    eprintln!(
        "{} MiB each way: {:?}, {grown} MiB more",
        total >> 20,
        begun.elapsed()
    );
    assert!(grown < 24, "{grown} MiB");
}

/// What the proxy adds to a call, for a look by hand.
#[tokio::test]
async fn a_call_through_the_proxy_is_hardly_slower() {
    let (address, mut heard) = answering(OK).await;
    let drained = tokio::spawn(async move { while heard.recv().await.is_some() {} });
    let route = Route::to(&address, LIMITS).await;
    let direct = TcpStream::connect(address.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let proxied = route.connect().await;
    let request = route.filled("GET /x HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n");
    let mut medians = Vec::new();
    for mut stream in [direct, proxied] {
        stream.set_nodelay(true).unwrap();
        let mut times = Vec::new();
        for _ in 0..200 {
            let begun = std::time::Instant::now();
            stream.write_all(request.as_bytes()).await.unwrap();
            let (_, mut body) = head(&mut stream).await.unwrap();
            while body.len() < 2 {
                stream.read_buf(&mut body).await.unwrap();
            }
            times.push(begun.elapsed());
        }
        times.sort();
        medians.push(times[times.len() / 2]);
    }
    let added = medians[1].saturating_sub(medians[0]);
    eprintln!(
        "direct {:?}, proxied {:?}, added {added:?}",
        medians[0], medians[1]
    );
    assert!(added < Duration::from_millis(20), "{added:?}");
    drained.abort();
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
    let loopback = Loopback::new().unwrap();
    let origin = Origin::parse("https://a.example").unwrap();
    let address = loopback.open(origin, Arc::new(Echo)).await.unwrap();
    let route = Route {
        authority: address.strip_prefix("http://").unwrap().to_owned(),
        loopback,
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
    let route = Route::to(&address, LIMITS).await;
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

#[test]
fn a_server_goes_to_its_routes_without_a_proxy() {
    let bypass = |given: &[(&str, &str)]| {
        let mut environment = given
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        bypass_proxies(&mut environment);
        assert_eq!(environment["NO_PROXY"], environment["no_proxy"]);
        environment["no_proxy"].clone()
    };
    assert_eq!(bypass(&[]), "127.0.0.1");
    assert_eq!(bypass(&[("NO_PROXY", "")]), "127.0.0.1");
    assert_eq!(bypass(&[("NO_PROXY", "a.example")]), "a.example,127.0.0.1");
    assert_eq!(
        bypass(&[("NO_PROXY", "a"), ("no_proxy", "b, 127.0.0.1")]),
        "b, 127.0.0.1"
    );
    assert_eq!(bypass(&[("no_proxy", "*")]), "*");
}
