//! Where the browser is sent when the person is done: a port of this machine's own (RFC 8252, 7.3).

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The path that counts; a browser asks for others by itself.
const PATH: &str = "/callback";

/// The longest head of a request that is read, in bytes.
const LONGEST: usize = 16 << 10;

/// How long a request may take to come in.
const PATIENCE: Duration = Duration::from_secs(5);

/// Listens for the browser.
#[derive(Debug)]
pub(super) struct Listener {
    listener: TcpListener,
    redirect: String,
}

impl Listener {
    /// Listens on a port of the loopback interface, a free one unless it is told which.
    pub(super) async fn open(port: Option<u16>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0))).await?;
        let redirect = format!("http://{}{PATH}", listener.local_addr()?);
        Ok(Self { listener, redirect })
    }

    /// Where the browser is to be sent.
    pub(super) fn redirect(&self) -> &str {
        &self.redirect
    }

    /// Waits for a visit that is accepted, and returns what for. Others are shown the reason.
    ///
    /// Visits are heard one after the other, but one that says nothing holds up none of the others.
    pub(super) async fn visit<T: Send + 'static>(
        &self,
        program: &str,
        accept: impl Fn(&str) -> Result<T, String>,
    ) -> std::io::Result<T> {
        let (said, mut heard) = tokio::sync::mpsc::channel(8);
        loop {
            tokio::select! {
                visit = self.listener.accept() => {
                    let (mut stream, _) = visit?;
                    let said = said.clone();
                    tokio::spawn(async move {
                        let head = tokio::time::timeout(PATIENCE, head(&mut stream)).await;
                        if let Ok(Some(target)) = head {
                            let _ = said.send((stream, target)).await;
                        }
                    });
                }
                Some((stream, target)) = heard.recv() => {
                    let is_callback = target.split('?').next() == Some(PATH);
                    if !is_callback {
                        answer(stream, "404 Not Found", "There is nothing here.").await;
                        continue;
                    }
                    match accept(&format!("{}{}", self.redirect, target.trim_start_matches(PATH))) {
                        Ok(accepted) => {
                            let text = format!("You can close this window: {program} goes on in the terminal.");
                            answer(stream, "200 OK", &text).await;
                            return Ok(accepted);
                        }
                        Err(reason) => answer(stream, "400 Bad Request", &reason).await,
                    }
                }
            }
        }
    }
}

/// The target of a request.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > LONGEST || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8_lossy(&head);
    let target = head.strip_prefix("GET ")?.split(' ').next()?;
    Some(target.to_owned())
}

/// Answers with a page that says one sentence. Nothing that the visitor said is in it.
async fn answer(mut stream: TcpStream, status: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Sign-in</title>\
         <p style=\"font: 1.2em sans-serif; margin: 3em\">{text}</p>"
    );
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    // A visitor that has left already has seen what it wanted.
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(address: &str, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    #[test]
    fn only_the_visit_that_is_waited_for_ends_the_wait() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = Listener::open(None).await.unwrap();
            let redirect = listener.redirect().to_owned();
            let address = redirect
                .trim_start_matches("http://")
                .trim_end_matches(PATH)
                .to_owned();
            assert!(address.starts_with("127.0.0.1:"), "{address}");
            let visitors = tokio::spawn(async move {
                // Says nothing and stays.
                let silent = TcpStream::connect(&address).await.unwrap();
                let icon = ask(&address, "GET /favicon.ico HTTP/1.1\r\n\r\n").await;
                let wrong = ask(&address, "GET /callback?state=<b>wrong HTTP/1.1\r\n\r\n").await;
                let posted = ask(&address, "POST /callback?state=right HTTP/1.1\r\n\r\n").await;
                let right = ask(&address, "GET /callback?state=right HTTP/1.1\r\n\r\n").await;
                drop(silent);
                [icon, wrong, posted, right]
            });
            let accept = |url: &str| match url.strip_suffix("?state=right") {
                Some(url) => Ok(url.to_owned()),
                None => Err("another <i>sign-in".to_owned()),
            };
            assert_eq!(
                listener.visit("notes & co", accept).await.unwrap(),
                redirect
            );
            let [icon, wrong, posted, right] = visitors.await.unwrap();
            assert!(icon.starts_with("HTTP/1.1 404"), "{icon}");
            assert!(
                wrong.starts_with("HTTP/1.1 400") && wrong.contains("another &lt;i>"),
                "{wrong}"
            );
            assert_eq!(posted, "");
            assert!(
                right.starts_with("HTTP/1.1 200") && right.contains("notes &amp; co"),
                "{right}"
            );
        });
    }
}
