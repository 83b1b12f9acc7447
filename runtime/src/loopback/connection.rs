//! A connection of the server's, from its first request to its last.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::stream;
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt, Interest};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{CONTINUE, Manner, Outlet, Progress};
use super::body::{Body, Piece};
use super::head::{self, Framing, Head};
use super::lobby::Guest;
use super::rejection::Rejection;
use super::{Outgoing, Route, Sent};

/// How much is read at once, and how much of later requests is taken while one is answered.
const READ: usize = 64 << 10;

/// How long a server that was refused is heard, so that it hears the answer.
const LINGER: Duration = Duration::from_secs(2);

/// How long a server that has said all it will say is answered without a sign that it hears.
const UNHEARD: Duration = Duration::from_secs(20);

/// A connection. An answer that is not whole must not look so when it is closed, whatever closes it.
struct Wire {
    stream: TcpStream,
    progress: Progress,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.progress.said() > 0 {
            let _ = self.stream.set_zero_linger();
        }
    }
}

/// Answers the requests of a connection until there are no more, or one is refused.
pub(super) async fn serve(stream: TcpStream, route: &Route, mut guest: Guest) {
    let mut wire = Wire {
        stream,
        progress: Progress::default(),
    };
    let (reader, writer) = wire.stream.split();
    let mut intake = Intake::new(reader);
    let mut outlet = Outlet::new(writer, &wire.progress);
    let limits = &route.limits;
    loop {
        let (idle, limit) = match guest.is_stranger() {
            true => (Duration::ZERO, limits.first),
            false => (limits.idle, limits.head),
        };
        let head = match intake.head(idle, limit).await {
            Ok(Some(head)) => head,
            Ok(None) => return,
            Err(rejection) => {
                route.notes.refused(None, guest.is_stranger(), &rejection);
                let _ = outlet.refuse(&rejection, false).await;
                break;
            }
        };
        let mut turn = Turn {
            intake: &mut intake,
            outlet: &mut outlet,
            progress: &wire.progress,
            guest: &mut guest,
            route,
        };
        match turn.answer(&head).await {
            After::Another => guest.rests(),
            After::Linger => break,
            After::Nothing => return,
        }
    }
    let _ = outlet.close().await;
    intake.linger().await;
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
    /// The server says nothing more. It may have hung up, or wait for the answer.
    Silent,
    /// The body is none.
    Malformed(Rejection),
}

/// One request of a connection's, and what it takes to answer it.
struct Turn<'a, 'b> {
    intake: &'a mut Intake<ReadHalf<'b>>,
    outlet: &'a mut Outlet<'b, WriteHalf<'b>>,
    progress: &'a Progress,
    guest: &'a mut Guest,
    route: &'a Route,
}

impl Turn<'_, '_> {
    async fn answer(&mut self, head: &Head) -> After {
        let route = self.route;
        let manner = Manner::new(&head.method, head.takes_chunks, head.is_persistent);
        let admitted = route.gate.admit(head).and_then(|admitted| {
            match head.framing {
                Framing::None | Framing::Length(0) => {}
                Framing::Length(_) | Framing::Chunked => {
                    route.upstream.accepts(&admitted.headers)?;
                }
            }
            Ok(admitted)
        });
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(rejection) => {
                let is_stranger = self.guest.is_stranger();
                route.notes.refused(Some(head), is_stranger, &rejection);
                let _ = self.outlet.refuse(&rejection, manner.is_bare).await;
                return After::Linger;
            }
        };
        if !self.guest.shows() {
            return After::Nothing;
        }
        if head.waits && self.outlet.ask_for_body().await.is_err() {
            return After::Nothing;
        }
        self.intake.body = Body::new(head.framing);
        let (pieces, body) = body(head.framing);
        let outgoing = Outgoing {
            method: admitted.method,
            url: admitted.url,
            headers: admitted.headers,
            body,
        };
        match self.exchange(head, manner, outgoing, pieces).await {
            Ok(Ok(true)) if self.intake.body.has_ended() => After::Another,
            Ok(Ok(_)) => After::Linger,
            Ok(Err(_)) => {
                route.notes.broken_off(head);
                After::Nothing
            }
            Err(Trouble::Gone | Trouble::Silent) => {
                route.notes.given_up(head);
                After::Nothing
            }
            Err(Trouble::Malformed(rejection)) => {
                route.notes.refused(Some(head), false, &rejection);
                if self.progress.said() > 0 {
                    return After::Nothing;
                }
                let _ = self.outlet.refuse(&rejection, manner.is_bare).await;
                After::Linger
            }
        }
    }

    /// Has a request carried while its body comes in, and passes the answer on: whether the connection
    /// can stay.
    async fn exchange(
        &mut self,
        head: &Head,
        manner: Manner,
        outgoing: Outgoing,
        pieces: Option<mpsc::Sender<Option<Bytes>>>,
    ) -> Result<io::Result<bool>, Trouble> {
        let Route {
            gate,
            upstream,
            lobby,
            notes,
            limits,
        } = self.route;
        let outlet = &mut *self.outlet;
        let asked = outgoing.url.clone();
        // Dropped together with what it carries, so that neither outlives the other.
        let mut carried = pin!(async {
            let _seat = match lobby.free_seat() {
                Some(seat) => Some(seat),
                None => {
                    notes.full(limits.seats);
                    lobby.seat().await
                }
            };
            let answer = upstream.send(outgoing).await.and_then(|mut answer| {
                notes.answered(head, answer.status);
                gate.strip_answer(&asked, answer.status, &mut answer.headers)?;
                Ok(answer)
            });
            match answer {
                Ok(answer) => outlet.pass_on(answer, manner).await,
                Err(rejection) => {
                    notes.refused(Some(head), false, &rejection);
                    let refused = outlet.refuse(&rejection, manner.is_bare).await;
                    refused.map(|()| false)
                }
            }
        });
        let trouble = tokio::select! {
            end = &mut carried => return Ok(end),
            trouble = self.intake.pump(pieces) => trouble,
        };
        match trouble {
            Trouble::Silent => tokio::select! {
                end = &mut carried => Ok(end),
                () = gone(self.intake.reader.as_ref(), self.progress, manner) => Err(Trouble::Gone),
            },
            trouble => Err(trouble),
        }
    }
}

/// Waits until a server that says nothing more is known not to listen either: what it is sent comes
/// back then. Before the answer that can be tried; of an answer that is under way, or that must be the
/// first that is sent, there is a patience.
async fn gone(stream: &TcpStream, progress: &Progress, manner: Manner) {
    let mut before = None;
    loop {
        let said = progress.said();
        if said == 0 && manner.takes_chunks {
            let written = stream.try_write(CONTINUE);
            if !written.is_ok_and(|count| count == CONTINUE.len()) {
                return;
            }
        } else if before.replace(said) == Some(said) {
            return;
        }
        if timeout(UNHEARD, stream.ready(Interest::ERROR))
            .await
            .is_ok()
        {
            return;
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
            match timeout(idle, self.read()).await {
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
    async fn pump(&mut self, mut pieces: Option<mpsc::Sender<Option<Bytes>>>) -> Trouble {
        loop {
            match self.body.take(&mut self.bytes) {
                Ok(Piece::Data(piece)) => {
                    // What nobody wants is still taken: the server may not read before it has sent.
                    if let Some(sender) = &pieces
                        && sender.send(Some(piece)).await.is_err()
                    {
                        pieces = None;
                    }
                }
                Ok(Piece::More) => match self.read().await {
                    Ok(count) if count > 0 => {}
                    _ => return Trouble::Gone,
                },
                Ok(Piece::End) => break,
                Err(rejection) => return Trouble::Malformed(rejection),
            }
        }
        if let Some(sender) = &pieces {
            let _ = sender.send(None).await;
        }
        while self.bytes.len() < READ {
            match self.read().await {
                Ok(0) => return Trouble::Silent,
                Ok(_) => {}
                Err(_) => return Trouble::Gone,
            }
        }
        std::future::pending().await
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
        let _ = timeout(LINGER, hear).await;
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
