//! What a remote server sends back, bounded in length.

use std::time::Duration;

use futures::stream::{BoxStream, Stream, StreamExt};
use http::header::CONTENT_TYPE;
use reqwest::Response;
use sse_stream::{Error as SseError, Sse, SseStream};

use super::gate::{Gate, causes};
use crate::error::Error;

/// How long a server is heard out.
const COURTESY: Duration = Duration::from_secs(1);

/// The longest body or event that is read, in bytes.
const LONGEST: usize = 256 << 20;

/// Whether a response is a stream of events.
pub(super) fn is_stream(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    content_type
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            let value = value.trim_start().to_ascii_lowercase();
            value.starts_with("text/event-stream")
        })
}

/// The events of a response.
pub(super) fn events(response: Response) -> BoxStream<'static, Result<Sse, SseError>> {
    SseStream::from_bytes_stream(bounded(response.bytes_stream())).boxed()
}

/// The body of a response, as text.
pub(super) async fn text(gate: &Gate, response: Response) -> Result<String, Error> {
    let status = response.status();
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| gate.unreachable(None, causes(&error.without_url())))?;
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            let reason = format!("a body of more than {} MiB", LONGEST >> 20);
            return Err(gate.unreachable(Some(status), reason));
        }
    }
    Ok(match String::from_utf8(body) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// Reads what is of no interest. To hang up on a server in mid-word can cost the answer, which comes
/// elsewhere, and costs the connection, which the next request could use.
pub(super) async fn hear_out(response: Response) {
    let mut chunks = response.bytes_stream();
    let hearing = async { while let Some(Ok(_)) = chunks.next().await {} };
    let _ = tokio::time::timeout(COURTESY, hearing).await;
}

/// The stream up to an event that is longer than [`LONGEST`].
fn bounded<B: AsRef<[u8]>, E>(
    chunks: impl Stream<Item = Result<B, E>>,
) -> impl Stream<Item = Result<B, E>> {
    let mut since_the_last_event = 0;
    chunks.take_while(move |chunk| {
        if let Ok(chunk) = chunk {
            let chunk = chunk.as_ref();
            // An event ends at an empty line; the rest of the chunk begins the next one.
            let ends = |end: &[u8]| chunk.windows(end.len()).rposition(|window| window == end);
            since_the_last_event = match ends(b"\n\n").max(ends(b"\r\n\r\n")).max(ends(b"\r\r")) {
                Some(at) => chunk.len() - at,
                None => since_the_last_event + chunk.len(),
            };
        }
        std::future::ready(since_the_last_event <= LONGEST)
    })
}
