//! A request in the terms of the vault that sends it, and the answer out of them.

use bytes::Bytes;
use futures::StreamExt;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::repeat::Key;
use crate::alter::forward::{Reply, may_forward};
use crate::alter::sign::sha256;
use crate::loopback::{Flow, Incoming, Outgoing, Rejection, Sent};

/// The longest body that is read whole, in bytes.
const LONGEST: usize = 8 << 20;

/// A request that the vault is to send.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: String,
    /// Those that the vault takes.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Value>,
}

/// Refuses a body that the vault does not take, by what it is said to be.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Rejection> {
    let Some(kind) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let kind = kind.to_str().unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind == "application/json" || kind.ends_with("+json") || kind == "text/json" {
        return Ok(());
    }
    Err(not_json())
}

fn not_json() -> Rejection {
    let message = "the vault sends this request, and takes JSON bodies only; in mode `proxy` it would be sent as it is";
    Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "json_only", message)
}

/// A body that could not be read as JSON, or may be JSON and goes deeper than this program reads.
fn unread(error: &serde_json::Error) -> Rejection {
    if !error.to_string().starts_with("recursion limit exceeded") {
        return not_json();
    }
    let message = "the vault sends this request, and takes no JSON that is nested deeper than 127 levels; in mode `proxy` it would be sent as it is";
    Rejection::new(StatusCode::UNPROCESSABLE_ENTITY, "json_too_deep", message)
}

impl Call {
    /// Takes a request, and its body whole.
    ///
    /// # Errors
    ///
    /// When the body is too long, breaks off, or is not JSON.
    pub(super) async fn take(outgoing: Outgoing) -> Result<Self, Rejection> {
        let body = match outgoing.body {
            Some(sent) => whole(sent).await?,
            None => Vec::new(),
        };
        let body = match body.is_empty() {
            true => None,
            false => {
                check(&outgoing.headers)?;
                Some(serde_json::from_slice(&body).map_err(|error| unread(&error))?)
            }
        };
        Ok(Self {
            method: outgoing.method,
            url: outgoing.url.into(),
            headers: taken(&outgoing.headers),
            body,
        })
    }

    /// What tells it from other requests: the method, the URL and the body. The headers do not: a
    /// server numbers its attempts there.
    pub(super) fn key(&self) -> Key {
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        sha256(format!("{}\n{}\n{body}", self.method, self.url).as_bytes())
    }
}

/// A body, read to its end.
pub(super) async fn whole(sent: Sent) -> Result<Vec<u8>, Rejection> {
    let too_long = || {
        let message = format!(
            "a body of more than {} MiB has to be sent piece by piece, which this grant does not allow",
            LONGEST >> 20
        );
        Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    };
    if sent.length.is_some_and(|length| length > LONGEST as u64) {
        return Err(too_long());
    }
    let mut body = Vec::new();
    let mut flow = sent.flow;
    while let Some(piece) = flow.next().await {
        let piece = piece.map_err(|_| {
            Rejection::new(StatusCode::BAD_REQUEST, "bad_request", "the body broke off")
        })?;
        if body.len() + piece.len() > LONGEST {
            return Err(too_long());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// Some bytes as a flow.
pub(super) fn flow(bytes: Bytes) -> Flow {
    Box::pin(futures::stream::iter([Ok(bytes)]))
}

/// The headers that the vault takes. It has the answer read by a client of its own, and passes on text
/// that is not compressed whatever the server understands.
fn taken(headers: &HeaderMap) -> Vec<(String, String)> {
    let names = headers
        .keys()
        .filter(|name| may_forward(name.as_str()) && **name != ACCEPT_ENCODING);
    names
        .filter_map(|name| {
            let values = headers.get_all(name).iter();
            let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
            (!values.is_empty()).then(|| (name.to_string(), values.join(", ")))
        })
        .collect()
}

/// The vault's answer for the server.
///
/// # Errors
///
/// When it is none that can be passed on as it is.
pub(super) fn incoming(reply: &Reply, method: &Method) -> Result<Incoming, Rejection> {
    let bad = |code: &str, message: &str| {
        Rejection::new(StatusCode::BAD_GATEWAY, code, message.to_owned())
    };
    if reply.is_truncated {
        let message = "the vault passes on only the beginning of so long an answer; in mode `proxy` it would come whole";
        return Err(bad("answer_truncated", message));
    }
    let status = StatusCode::from_u16(reply.status).map_err(|_| {
        bad(
            "bad_answer",
            "the vault passes on an answer without a status",
        )
    })?;
    let mut headers = HeaderMap::new();
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    // What the vault read may have been compressed, and what it passes on is not.
    if !reply.body.starts_with(&[0x1f, 0x8b]) {
        headers.remove(CONTENT_ENCODING);
    }
    headers.remove(TRANSFER_ENCODING);
    if *method != Method::HEAD && status != StatusCode::NOT_MODIFIED {
        headers.insert(CONTENT_LENGTH, reply.body.len().into());
    }
    Ok(Incoming {
        status,
        headers,
        flow: flow(reply.body.clone().into()),
    })
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn outgoing(headers: &[(&'static str, &'static str)], body: Option<&'static str>) -> Outgoing {
        Outgoing {
            method: Method::POST,
            url: Url::parse("https://a.example/v1/x?a=b%20c").unwrap(),
            headers: headers
                .iter()
                .map(|(name, value)| {
                    (
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    )
                })
                .collect(),
            body: body.map(|body| Sent {
                length: None,
                flow: flow(Bytes::from_static(body.as_bytes())),
            }),
        }
    }

    async fn take(
        headers: &[(&'static str, &'static str)],
        body: Option<&'static str>,
    ) -> Result<Call, Rejection> {
        Call::take(outgoing(headers, body)).await
    }

    #[tokio::test]
    async fn a_request_is_put_as_the_vault_takes_it() {
        let headers = [
            ("content-type", "application/json; charset=utf-8"),
            ("x-goog-authorization", "x"),
            ("X-Auth-Token".to_ascii_lowercase().leak(), "x"),
            ("accept-encoding", "br"),
            ("accept", "a/b"),
            ("accept", "c/d"),
        ];
        let call = take(&headers, Some("{\"n\": 1.50, \"b\": [1e400]}"))
            .await
            .unwrap();
        assert_eq!(call.method, Method::POST);
        assert_eq!(call.url, "https://a.example/v1/x?a=b%20c");
        assert_eq!(
            call.headers,
            [
                ("content-type", "application/json; charset=utf-8"),
                ("accept", "a/b, c/d")
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        // Numbers stay as they were written.
        assert_eq!(
            call.body.unwrap().to_string(),
            "{\"n\":1.50,\"b\":[1e+400]}"
        );
        assert_eq!(take(&[], None).await.unwrap().body, None);
        assert_eq!(
            take(&[("content-type", "a/b")], Some(""))
                .await
                .unwrap()
                .body,
            None
        );
        assert_eq!(
            take(&[], Some("null")).await.unwrap().body,
            Some(Value::Null)
        );
    }

    #[tokio::test]
    async fn a_body_that_is_not_json_is_refused() {
        for (kind, body) in [
            ("application/x-www-form-urlencoded", "a=b"),
            ("multipart/form-data; boundary=x", "{}"),
            ("text/plain", "{}"),
            ("application/json", "{"),
            ("application/json", "{} {}"),
        ] {
            let rejection = take(&[("content-type", kind)], Some(body))
                .await
                .unwrap_err();
            assert_eq!(rejection.status, 415, "{kind} {body}");
            assert!(rejection.message.contains("JSON"));
        }
        let mut long = outgoing(&[], Some("x"));
        long.body.as_mut().unwrap().length = Some(LONGEST as u64 + 1);
        assert_eq!(Call::take(long).await.unwrap_err().status, 413);
        let pieces = futures::stream::repeat_with(|| Ok(Bytes::from_static(&[b' '; 1 << 16])));
        let mut endless = outgoing(&[], Some("x"));
        endless.body.as_mut().unwrap().flow = Box::pin(pieces);
        assert_eq!(Call::take(endless).await.unwrap_err().status, 413);
    }

    #[tokio::test]
    async fn a_body_that_is_nested_too_deep_is_not_called_something_else() {
        let nested = |depth: usize| &*format!("{}{}", "[".repeat(depth), "]".repeat(depth)).leak();
        let rejection = take(&[], Some(nested(200))).await.unwrap_err();
        assert_eq!(
            (rejection.status.as_u16(), rejection.code.as_str()),
            (422, "json_too_deep")
        );
        assert!(take(&[], Some(nested(127))).await.is_ok());
    }

    #[tokio::test]
    async fn a_request_is_like_another_but_for_its_headers() {
        let key = async |headers: &'static [(&'static str, &'static str)], body| {
            take(headers, body).await.unwrap().key()
        };
        let one = key(&[], Some("{\"a\":1}")).await;
        assert_eq!(one, key(&[("x-attempt", "2")], Some("{\"a\": 1}")).await);
        assert_ne!(one, key(&[], Some("{\"a\":2}")).await);
        assert_ne!(one, key(&[], None).await);
    }

    #[tokio::test]
    async fn an_answer_is_passed_on_with_what_is_true_of_it() {
        let got = |body: &'static [u8], is_truncated| Reply {
            status: 404,
            headers: [
                ("Content-Encoding", "gzip"),
                ("content-length", "999"),
                ("transfer-encoding", "chunked"),
                ("x-bad", "a\nb"),
                ("etag", "\"1\""),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
            body: body.to_vec(),
            is_truncated,
        };
        let passed_on = |body, method: Method| {
            let incoming = super::incoming(&got(body, false), &method).unwrap();
            assert_eq!(incoming.status, 404);
            let mut lines: Vec<_> = incoming
                .headers
                .iter()
                .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
                .collect();
            lines.sort();
            lines
        };
        assert_eq!(
            passed_on(b"hi", Method::GET),
            ["content-length: 2", "etag: \"1\""]
        );
        assert_eq!(
            passed_on(b"\x1f\x8b", Method::GET),
            ["content-encoding: gzip", "content-length: 2", "etag: \"1\""]
        );
        assert_eq!(
            passed_on(b"", Method::HEAD),
            ["content-length: 999", "etag: \"1\""]
        );
        let Err(rejection) = incoming(&got(b"hi", true), &Method::GET) else {
            panic!("half an answer is passed on");
        };
        assert_eq!(
            (rejection.status.as_u16(), &*rejection.code),
            (502, "answer_truncated")
        );
    }
}
