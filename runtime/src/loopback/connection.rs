//! A connection of the server's, from its first request to its last.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::stream;
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::answer::{Manner, Outlet};
use super::body::{Body, Piece};
use super::guard::Gate;
use super::head::{self, Framing, Head};
use super::rejection::Rejection;
use super::{Limits, Outgoing, Sent, Upstream};

/// How much is read at once, and how much of later requests is taken while one is answered.
const READ: usize = 64 << 10;

/// How long a server that was refused is heard, so that it hears the answer.
const LINGER: Duration = Duration::from_secs(2);

/// Answers the requests of a connection until there are no more, or one is refused.
pub(super) async fn serve(
    reader: impl AsyncRead + Unpin + Send,
    writer: impl AsyncWrite + Unpin + Send,
    limits: Limits,
    gate: &Gate,
    upstream: &dyn Upstream,
) {
    let mut intake = Intake::new(reader);
    let mut outlet = Outlet::new(writer);
    let mut idle = Duration::ZERO;
    loop {
        let head = match intake.head(idle, limits.head).await {
            Ok(Some(head)) => head,
            Ok(None) => return,
            Err(rejection) => {
                let _ = outlet.refuse(&rejection, false).await;
                break;
            }
        };
        match answer(&mut intake, &mut outlet, head, gate, upstream).await {
            After::Another => idle = limits.idle,
            After::Linger => break,
            After::Nothing => return,
        }
    }
    let _ = outlet.close().await;
    intake.linger().await;
}

/// Tells one connection too many to go.
pub(super) fn turn_away(stream: &TcpStream) {
    // What a fresh connection does not take at once it does not get.
    let _ = stream.try_write(
        b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    );
}

/// What comes after a request.
enum After {
    /// Another, perhaps.
    Another,
    /// The end, once the server has heard the answer.
    Linger,
    /// The end: nobody hears, or it is the end that tells what happened.
    Nothing,
}

/// Why a request ended otherwise than with its answer.
enum Trouble {
    /// The server hung up.
    Gone,
    /// The body is none.
    Malformed(Rejection),
}

async fn answer(
    intake: &mut Intake<impl AsyncRead + Unpin + Send>,
    outlet: &mut Outlet<impl AsyncWrite + Unpin + Send>,
    head: Head,
    gate: &Gate,
    upstream: &dyn Upstream,
) -> After {
    let manner = Manner::new(&head.method, head.takes_chunks, head.is_persistent);
    let admitted = gate.admit(&head).and_then(|admitted| {
        match head.framing {
            Framing::None | Framing::Length(0) => {}
            Framing::Length(_) | Framing::Chunked => upstream.accepts(&admitted.headers)?,
        }
        Ok(admitted)
    });
    let admitted = match admitted {
        Ok(admitted) => admitted,
        Err(rejection) => {
            let _ = outlet.refuse(&rejection, manner.is_bare).await;
            return After::Linger;
        }
    };
    if head.waits && outlet.ask_for_body().await.is_err() {
        return After::Nothing;
    }
    outlet.has_begun = false;
    intake.body = Body::new(head.framing);
    let (pieces, body) = body(head.framing);
    let asked = admitted.url.clone();
    let outgoing = Outgoing {
        method: admitted.method,
        url: admitted.url,
        headers: admitted.headers,
        body,
    };
    let end = {
        let exchange = async {
            match upstream.send(outgoing).await {
                Ok(mut answer) => {
                    gate.strip_answer(&asked, &mut answer.headers);
                    outlet.pass_on(answer, manner).await
                }
                Err(rejection) => outlet
                    .refuse(&rejection, manner.is_bare)
                    .await
                    .map(|()| false),
            }
        };
        // Dropped together with what it carries, so that neither outlives the other.
        tokio::select! {
            end = exchange => Ok(end),
            trouble = intake.pump(pieces) => Err(match trouble { Err(trouble) => trouble, Ok(never) => match never {} }),
        }
    };
    match end {
        Ok(Ok(true)) if intake.body.has_ended() => After::Another,
        Ok(Ok(_)) => After::Linger,
        Ok(Err(_)) | Err(Trouble::Gone) => After::Nothing,
        Err(Trouble::Malformed(_)) if outlet.has_begun => After::Nothing,
        Err(Trouble::Malformed(rejection)) => {
            let _ = outlet.refuse(&rejection, manner.is_bare).await;
            After::Linger
        }
    }
}

/// Both ends of a body: what comes in, and none for its end, which is not to be taken for granted.
fn body(framing: Framing) -> (Option<mpsc::Sender<Option<Bytes>>>, Option<Sent>) {
    let length = match framing {
        Framing::None => return (None, None),
        Framing::Length(length) => Some(length),
        Framing::Chunked => None,
    };
    let (sender, receiver) = mpsc::channel(1);
    let flow = stream::unfold(Some(receiver), |receiver| async {
        let mut receiver: mpsc::Receiver<Option<Bytes>> = receiver?;
        match receiver.recv().await {
            Some(Some(piece)) => Some((Ok(piece), Some(receiver))),
            Some(None) => None,
            None => Some((Err(io::ErrorKind::UnexpectedEof.into()), None)),
        }
    });
    let flow = Box::pin(flow);
    (Some(sender), Some(Sent { length, flow }))
}

/// What comes in on a connection.
struct Intake<R> {
    reader: R,
    bytes: BytesMut,
    /// The body of the request that is answered.
    body: Body,
}

impl<R: AsyncRead + Unpin> Intake<R> {
    fn new(reader: R) -> Self {
        Self {
            reader,
            bytes: BytesMut::new(),
            body: Body::new(Framing::None),
        }
    }

    /// The head of the next request, none if there is none. Its first byte may be `idle` late.
    async fn head(&mut self, idle: Duration, limit: Duration) -> Result<Option<Head>, Rejection> {
        if self.bytes.is_empty() && !idle.is_zero() {
            match tokio::time::timeout(idle, self.read()).await {
                Ok(Ok(count)) if count > 0 => {}
                _ => return Ok(None),
            }
        }
        let deadline = Instant::now() + limit;
        let mut looked_at = 0;
        loop {
            if let Some(end) = head::end(&self.bytes, looked_at)? {
                return Head::read(&self.bytes.split_to(end)).map(Some);
            }
            looked_at = self.bytes.len();
            match timeout_at(deadline, self.read()).await {
                Ok(Ok(count)) if count > 0 => {}
                Ok(_) => return Ok(None),
                Err(_) if self.bytes.is_empty() => return Ok(None),
                Err(_) => {
                    let message = "the head of the request did not come in time";
                    let status = StatusCode::REQUEST_TIMEOUT;
                    return Err(Rejection::new(status, "head_too_slow", message));
                }
            }
        }
    }

    /// Passes the body on as it comes in, and then waits for what must not come.
    async fn pump(
        &mut self,
        mut pieces: Option<mpsc::Sender<Option<Bytes>>>,
    ) -> Result<Infallible, Trouble> {
        loop {
            match self
                .body
                .take(&mut self.bytes)
                .map_err(Trouble::Malformed)?
            {
                Piece::Data(piece) => {
                    // What nobody wants is still taken: the server may not read before it has sent.
                    if let Some(sender) = &pieces
                        && sender.send(Some(piece)).await.is_err()
                    {
                        pieces = None;
                    }
                }
                Piece::More => self.more().await?,
                Piece::End => break,
            }
        }
        if let Some(sender) = &pieces {
            let _ = sender.send(None).await;
        }
        while self.bytes.len() < READ {
            self.more().await?;
        }
        std::future::pending().await
    }

    async fn more(&mut self) -> Result<(), Trouble> {
        match self.read().await {
            Ok(count) if count > 0 => Ok(()),
            _ => Err(Trouble::Gone),
        }
    }

    async fn read(&mut self) -> io::Result<usize> {
        self.bytes.reserve(READ / 4);
        self.reader.read_buf(&mut self.bytes).await
    }

    /// Hears the server out, so that what it was answered is not lost with what it still says.
    async fn linger(&mut self) {
        let hear = async {
            loop {
                self.bytes.clear();
                if !matches!(self.read().await, Ok(count) if count > 0) {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(LINGER, hear).await;
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    #[tokio::test]
    async fn a_body_ends_only_where_it_is_said_to() {
        for is_said in [true, false] {
            let (sender, sent) = body(Framing::Chunked);
            let sender = sender.unwrap();
            let mut flow = sent.unwrap().flow;
            sender.send(Some(Bytes::from_static(b"abc"))).await.unwrap();
            assert_eq!(flow.next().await.unwrap().unwrap(), "abc");
            if is_said {
                sender.send(None).await.unwrap();
            }
            drop(sender);
            match flow.next().await {
                None => assert!(is_said),
                Some(end) => assert!(!is_said && end.is_err()),
            }
        }
    }
}
