//! Carriers between a loopback, a vault and an origin that do as they are told.

mod both;
mod program;
mod vault;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::Routes;
use crate::alter::mend::Mender;
use crate::alter::tests::{GRANT, by_provider, client, opening, server};
use crate::error::Error;
use crate::vault::{Boxed, Carrier, Patience};

const SOON: Duration = Duration::from_secs(10);

/// A request as the vault or the origin gets it.
#[derive(Debug, Clone)]
struct Heard {
    /// The request line without the version: `GET /x`.
    line: String,
    /// The headers in lower case.
    head: String,
    body: String,
}

impl Heard {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

type Answering = Arc<dyn Fn(Heard) -> Boxed<'static, String> + Send + Sync>;

/// A server that answers each request with what a function makes of it, and remembers it.
struct World {
    url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl World {
    async fn open<W>(answering: impl Fn(Heard) -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = String> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let answering: Answering = Arc::new(move |heard| Box::pin(answering(heard)));
        let log = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&answering)));
            }
        });
        Self { url, heard }
    }

    /// The requests whose line begins so.
    fn heard(&self, line: &str) -> Vec<Heard> {
        let heard = self.heard.lock().unwrap();
        heard
            .iter()
            .filter(|heard| heard.line.starts_with(line))
            .cloned()
            .collect()
    }
}

async fn serve(mut stream: TcpStream, log: Arc<Mutex<Vec<Heard>>>, answering: Answering) {
    let mut bytes = Vec::new();
    let heard = loop {
        if let Some(heard) = parse(&bytes) {
            break heard;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    log.lock().unwrap().push(heard.clone());
    let answer = answering(heard).await;
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn parse(bytes: &[u8]) -> Option<Heard> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let (line, head) = head.split_once("\r\n")?;
    let head = head.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let is_whole = match length {
        Some(length) => body.len() >= length.parse().unwrap(),
        None => !head.contains("transfer-encoding: chunked") || body.ends_with("0\r\n\r\n"),
    };
    is_whole.then(|| Heard {
        line: line.rsplit_once(' ').unwrap().0.to_owned(),
        head,
        body: body.to_owned(),
    })
}

/// A run with a route, as its server sees it.
struct Run {
    routes: Routes,
    address: String,
    key: String,
}

impl Run {
    /// A route to an origin with a vault, and so much patience for approvals.
    async fn open(vault: &World, origin: &str, carrier: Carrier, limit: Duration) -> Self {
        let mut patience = opening("http://127.0.0.1:1", "").patience;
        patience.limit = limit;
        Self::patient(vault, origin, carrier, patience).await
    }

    async fn patient(vault: &World, origin: &str, carrier: Carrier, patience: Patience) -> Self {
        let client = Arc::new(client(&vault.url).unwrap());
        let mender = Mender::new(Arc::clone(&client), patience, None);
        let routes = Routes::new(client, patience, mender);
        let grant = by_provider("some-api");
        let address = routes.address(&grant, origin, carrier).await.unwrap();
        let key = routes.capability().await.unwrap();
        Self {
            routes,
            address: address.expose().to_owned(),
            key: key.expose().to_owned(),
        }
    }

    async fn connect(&self, method: &str, path: &str, more: &str) -> TcpStream {
        let url = url::Url::parse(&self.address).unwrap();
        let authority = format!("127.0.0.1:{}", url.port().unwrap());
        let mut stream = TcpStream::connect(&authority).await.unwrap();
        let (headers, body) = more.split_once("\r\n\r\n").unwrap_or((more, ""));
        let headers = match headers {
            "" => String::new(),
            headers => format!("{headers}\r\n"),
        };
        let length = match body {
            "" => String::new(),
            body => format!("Content-Length: {}\r\n", body.len()),
        };
        let request = format!(
            "{method} {}{path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {}\r\n\
             Connection: close\r\n{headers}{length}\r\n{body}",
            url.path().trim_end_matches('/'),
            self.key
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// The status of an answer, its head, and its body.
    async fn ask(&self, method: &str, path: &str, more: &str) -> (u16, String, String) {
        let mut stream = self.connect(method, path, more).await;
        let mut answer = String::new();
        timeout(SOON, stream.read_to_string(&mut answer))
            .await
            .unwrap()
            .unwrap();
        assert!(!answer.contains(&self.key));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }

    async fn close(&self) -> Option<Error> {
        timeout(SOON, self.routes.close()).await.unwrap()
    }
}

/// An answer with the credential `s3cret-token` and these fields.
fn token(fields: Value) -> String {
    let mut answer =
        json!({"access_token": "s3cret-token", "grant_id": GRANT, "provider_id": "some-api"});
    for (name, value) in fields.as_object().unwrap() {
        answer[name] = value.clone();
    }
    server::json(200, &answer)
}

fn refusal(status: u16, word: &str) -> String {
    server::json(
        status,
        &json!({"error": word, "message": "words of the vault's"}),
    )
}

/// The code, the exit status and the details of what a run ends with.
fn fault(error: Option<Error>) -> (String, u8, Value) {
    let json = error.expect("something stood in the way").to_json(None);
    let error = json["error"].clone();
    let exit = u8::try_from(error["exit"].as_u64().unwrap()).unwrap();
    (error["code"].as_str().unwrap().to_owned(), exit, error)
}
