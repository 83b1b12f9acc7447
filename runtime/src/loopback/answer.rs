//! Answers, as they are written to the server.

use std::io;
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

/// The way to the server.
pub(super) struct Outlet<W> {
    writer: BufWriter<W>,
    /// Whether an answer has been begun since it was last asked.
    pub(super) has_begun: bool,
}

impl<W: AsyncWrite + Unpin> Outlet<W> {
    pub(super) fn new(writer: W) -> Self {
        Self {
            writer: BufWriter::with_capacity(GATHERED, writer),
            has_begun: false,
        }
    }

    /// Asks for a body that is held back.
    pub(super) async fn ask_for_body(&mut self) -> io::Result<()> {
        self.writer
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            .await?;
        self.writer.flush().await
    }

    /// Writes an answer as it comes, and tells whether the connection can stay.
    ///
    /// # Errors
    ///
    /// When the server is gone, or the origin before it had said all. The connection has to be closed
    /// then: that is what tells the server.
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
        self.writer.flush().await
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
        self.has_begun = true;
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
        self.writer.write_all(&head).await
    }

    async fn body(&mut self, mut flow: Flow, length: Option<u64>, chunked: bool) -> io::Result<()> {
        let mut written = 0;
        while let Some(piece) = self.next(&mut flow).await? {
            written += piece.len() as u64;
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
