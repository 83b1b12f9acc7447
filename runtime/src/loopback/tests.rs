//! The proxy as a whole, over real sockets: a client that writes bytes, and origins that do.

mod cost;
mod flow;
mod refused;
mod requests;

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
struct Way {
    loopback: Loopback,
    authority: String,
    told: Told,
}

/// What was told of it.
type Told = Arc<Mutex<Vec<String>>>;

fn telling(told: &Told) -> Tell {
    let told = Arc::clone(told);
    Arc::new(move |line| told.lock().unwrap().push(line.to_owned()))
}

impl Way {
    async fn to(origin: &str, limits: Limits) -> Self {
        let told = Told::default();
        let loopback = Loopback::new(telling(&told)).unwrap();
        let origin = Origin::parse(origin).unwrap();
        let upstream = Arc::new(Plain(Direct::open(&origin, None).unwrap()));
        let address = loopback
            .open_within(limits, origin, upstream)
            .await
            .unwrap();
        let url = Url::parse(&address).unwrap();
        Self {
            loopback,
            authority: format!("127.0.0.1:{}", url.port().unwrap()),
            told,
        }
    }

    fn key(&self) -> &str {
        self.loopback.capability().secret().expose()
    }

    /// What was told, without the origin's address.
    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
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
