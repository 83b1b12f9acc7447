//! Answers, as they are written to the server.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use bytes::Bytes;
use futures::StreamExt;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode};
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};

use super::rejection::Rejection;
use super::{Flow, Incoming};

/// How much is gathered before it is written.
const GATHERED: usize = 16 << 10;

/// What asks for a body, and says nothing where there is none.
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// What the answer to a request depends on, beside the origin's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Whether it has a head only.
    pub(super) is_bare: bool,
    /// Whether chunks are understood.
    pub(super) takes_chunks: bool,
    /// Whether the connection is to stay.
    pub(super) stays: bool,
}

impl Manner {
    pub(super) fn new(method: &Method, takes_chunks: bool, stays: bool) -> Self {
        Self {
            is_bare: *method == Method::HEAD,
            takes_chunks,
            stays,
        }
    }
}

/// How the length of a body is made known.
enum Ending {
    /// There is no body.
    Bare,
    Length(u64),
    Chunks,
    Close,
}

/// How much of an answer has been said, for those who watch it; nothing where none is under way.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicU64);

impl Progress {
    pub(super) fn said(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn end(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// The way to the server.
pub(super) struct Outlet<'a, W> {
    writer: BufWriter<W>,
    progress: &'a Progress,
}

impl<'a, W: AsyncWrite + Unpin> Outlet<'a, W> {
    pub(super) fn new(writer: W, progress: &'a Progress) -> Self {
        Self {
            writer: BufWriter::with_capacity(GATHERED, writer),
            progress,
        }
    }

    /// Asks for a body that is held back.
    pub(super) async fn ask_for_body(&mut self) -> io::Result<()> {
        self.writer.write_all(CONTINUE).await?;
        self.writer.flush().await
    }

    /// Writes an answer as it comes, and tells whether the connection can stay.
    ///
    /// # Errors
    ///
    /// When the server is gone, or the origin before it had said all. The connection has to be broken
    /// off then: that is what tells the server.
    pub(super) async fn pass_on(&mut self, answer: Incoming, manner: Manner) -> io::Result<bool> {
        let Incoming {
            status,
            mut headers,
            flow,
        } = answer;
        let ending = ending(status, &mut headers, manner);
        let stays = manner.stays && !matches!(ending, Ending::Close);
        match ending {
            Ending::Chunks => {
                headers.insert(TRANSFER_ENCODING, http::HeaderValue::from_static("chunked"));
            }
            Ending::Bare | Ending::Length(_) | Ending::Close => {}
        }
        self.head(status, &headers, stays).await?;
        match ending {
            Ending::Bare => {}
            Ending::Length(length) => self.body(flow, Some(length), false).await?,
            Ending::Chunks => {
                self.body(flow, None, true).await?;
                self.writer.write_all(b"0\r\n\r\n").await?;
            }
            Ending::Close => self.body(flow, None, false).await?,
        }
        self.writer.flush().await?;
        self.progress.end();
        Ok(stays)
    }

    /// Says why a request was not passed on. The connection is to be closed.
    pub(super) async fn refuse(&mut self, rejection: &Rejection, is_bare: bool) -> io::Result<()> {
        let body = rejection.body();
        let mut headers = HeaderMap::new();
        let mut set = |name, value: &str| {
            if let Ok(value) = value.try_into() {
                headers.insert(name, value);
            }
        };
        set(http::header::CONTENT_TYPE, "application/json");
        set(http::header::CACHE_CONTROL, "no-store");
        set(CONTENT_LENGTH, &body.len().to_string());
        if rejection.status == StatusCode::UNAUTHORIZED {
            // Some clients show no credential before they are asked for it.
            set(http::header::WWW_AUTHENTICATE, "Basic realm=\"loopback\"");
        }
        self.head(rejection.status, &headers, false).await?;
        if !is_bare {
            self.writer.write_all(&body).await?;
        }
        self.writer.flush().await?;
        self.progress.end();
        Ok(())
    }

    pub(super) async fn close(&mut self) -> io::Result<()> {
        self.writer.shutdown().await
    }

    async fn head(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        stays: bool,
    ) -> io::Result<()> {
        let reason = status.canonical_reason().unwrap_or_default();
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
        for (name, value) in headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        if !stays {
            head.extend_from_slice(CONNECTION.as_str().as_bytes());
            head.extend_from_slice(b": close\r\n");
        }
        head.extend_from_slice(b"\r\n");
        self.progress.add(head.len());
        self.writer.write_all(&head).await
    }

    async fn body(&mut self, mut flow: Flow, length: Option<u64>, chunked: bool) -> io::Result<()> {
        let mut written = 0;
        while let Some(piece) = self.next(&mut flow).await? {
            written += piece.len() as u64;
            self.progress.add(piece.len());
            if piece.is_empty() {
                continue;
            }
            if length.is_some_and(|length| written > length) {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if chunked {
                let size = format!("{:x}\r\n", piece.len());
                self.writer.write_all(size.as_bytes()).await?;
            }
            self.writer.write_all(&piece).await?;
            if chunked {
                self.writer.write_all(b"\r\n").await?;
            }
        }
        match length {
            Some(length) if written < length => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// The next piece of a body. What was gathered is written before it is waited for.
    async fn next(&mut self, flow: &mut Flow) -> io::Result<Option<Bytes>> {
        let ready = std::future::poll_fn(|context| Poll::Ready(flow.poll_next_unpin(context)));
        let piece = match ready.await {
            Poll::Ready(piece) => piece,
            Poll::Pending => {
                self.writer.flush().await?;
                flow.next().await
            }
        };
        piece.transpose()
    }
}

/// Leaves one length of an answer's body, or none where the end is told otherwise (RFC 9112, 6.3).
///
/// # Errors
///
/// When there are several that differ.
pub(super) fn settle_length(headers: &mut HeaderMap) -> Result<(), Rejection> {
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
        return Ok(());
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let Some(first) = lengths.next() else {
        return Ok(());
    };
    let is_one = lengths.next().is_none() && first.as_bytes().iter().all(u8::is_ascii_digit);
    if is_one {
        return Ok(());
    }
    let mut lengths = headers
        .get_all(CONTENT_LENGTH)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|length| std::str::from_utf8(length).ok()?.trim().parse::<u64>().ok());
    let first = lengths.next().flatten();
    match first.filter(|_| lengths.all(|length| length == first)) {
        Some(length) => {
            headers.insert(CONTENT_LENGTH, length.into());
            Ok(())
        }
        None => {
            let message = "the origin gives its answer more than one length";
            let status = StatusCode::BAD_GATEWAY;
            Err(Rejection::new(status, "bad_answer", message))
        }
    }
}

/// How the end of an answer is told (RFC 9112, 6.3); the headers are left with what is true.
fn ending(status: StatusCode, headers: &mut HeaderMap, manner: Manner) -> Ending {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    headers.remove(TRANSFER_ENCODING);
    if status == StatusCode::NO_CONTENT || status.is_informational() {
        headers.remove(CONTENT_LENGTH);
        return Ending::Bare;
    }
    if manner.is_bare || status == StatusCode::NOT_MODIFIED {
        return Ending::Bare;
    }
    match length {
        Some(length) => Ending::Length(length),
        None => {
            headers.remove(CONTENT_LENGTH);
            match manner.takes_chunks {
                true => Ending::Chunks,
                false => Ending::Close,
            }
        }
    }
}
