//! A server that says what it is told to say, and keeps silent where it is told nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came in.
#[derive(Debug, Clone)]
pub(in crate::alter) struct Heard {
    pub(in crate::alter) method: String,
    pub(in crate::alter) target: String,
    headers: Vec<(String, String)>,
    pub(in crate::alter) body: String,
}

impl Heard {
    pub(in crate::alter) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(in crate::alter) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(in crate::alter) struct Server {
    pub(in crate::alter) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Server {
    /// Listens, and gives each of these answers once.
    pub(in crate::alter) async fn open(answers: impl IntoIterator<Item = String>) -> Self {
        let answers: VecDeque<String> = answers.into_iter().collect();
        let answers = Mutex::new(answers);
        Self::acting(move |_| answers.lock().unwrap().pop_front()).await
    }

    /// Listens, and answers by what it hears.
    pub(in crate::alter) async fn acting(
        act: impl Fn(&Heard) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heard);
        let act = Arc::new(act);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&act)));
            }
        });
        Self { url, heard }
    }

    /// The requests so far.
    pub(in crate::alter) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Heard>>>,
    act: Arc<impl Fn(&Heard) -> Option<String>>,
) {
    let mut bytes = Vec::new();
    let heard = loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.unwrap_or(0);
        if count == 0 {
            return;
        }
        bytes.extend_from_slice(&chunk[..count]);
        if let Some(heard) = parse(&String::from_utf8_lossy(&bytes)) {
            break heard;
        }
    };
    let answer = act(&heard);
    log.lock().unwrap().push(heard);
    match answer {
        Some(answer) => {
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        None => std::future::pending().await,
    }
}

fn parse(text: &str) -> Option<Heard> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let heard = Heard {
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        headers,
        body: body.to_owned(),
    };
    let length = heard
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    (body.len() >= length).then_some(heard)
}

/// An answer with these headers, each with an end of a line.
pub(in crate::alter) fn answer(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// An answer in JSON.
pub(in crate::alter) fn json(status: u16, body: &Value) -> String {
    answer(status, "", &body.to_string())
}
