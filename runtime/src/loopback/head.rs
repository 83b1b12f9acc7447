//! The head of a request, read strictly.
//!
//! What follows a head is taken for a body or for the next request by what the head says, and two
//! readers that disagree about it can be played off against each other (RFC 9112, 11.2). hyper's
//! server forgives what must not be forgiven here, and does not tell: of `Transfer-Encoding` and
//! `Content-Length` it drops the one. So the lines are looked at before httparse reads them, and
//! whatever could be read in two ways is refused.

use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::rejection::Rejection;

/// The longest head that is read, in bytes.
pub(super) const LONGEST: usize = 64 << 10;

/// The most headers that a head may have.
const MOST_HEADERS: usize = 100;

/// The head of a request.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: Method,
    /// As it stands in the request line.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) framing: Framing,
    /// Whether the body comes only after a `100 Continue`.
    pub(super) waits: bool,
    /// Whether another request may follow on the connection.
    pub(super) is_persistent: bool,
    /// Whether the answer may be chunked.
    pub(super) takes_chunks: bool,
}

/// Where a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    None,
    Length(u64),
    Chunked,
}

/// Looks for the end of a head, from where it was looked for already.
///
/// # Errors
///
/// When a line ends otherwise than in CR LF, goes on in the next, or is longer than all may be.
pub(super) fn end(bytes: &[u8], looked_at: usize) -> Result<Option<usize>, Rejection> {
    // The last bytes looked at may be the first of an end of a line.
    let start = looked_at.saturating_sub(3);
    for at in start..bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        match rest {
            [b'\r', b'\n', b'\r', b'\n', ..] => {
                return match at + 4 {
                    end if end > LONGEST => Err(too_long()),
                    end => Ok(Some(end)),
                };
            }
            [b'\r', b'\n', b' ' | b'\t', ..] => {
                return Err(Rejection::malformed("a header goes on in the next line"));
            }
            [b'\r', other, ..] if *other != b'\n' => {
                return Err(Rejection::malformed("a bare carriage return in the head"));
            }
            [b'\n', ..] if at == 0 || bytes.get(at - 1) != Some(&b'\r') => {
                return Err(Rejection::malformed("a bare line feed in the head"));
            }
            [byte, ..] if is_control(*byte) => {
                return Err(Rejection::malformed("a control character in the head"));
            }
            _ => {}
        }
    }
    if bytes.len() >= LONGEST {
        return Err(too_long());
    }
    Ok(None)
}

/// Whether a byte may stand nowhere in a head, but for the ends of its lines and for tabs.
pub(super) fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\r' | b'\n' | b'\t')
}

fn too_long() -> Rejection {
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    Rejection::new(status, "head_too_large", "the head is longer than 64 KiB")
}

impl Head {
    /// Reads a head that [`end`] found the end of.
    ///
    /// # Errors
    ///
    /// When it is not a head of HTTP/1.0 or 1.1, or says of its body what can be read in two ways.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Rejection> {
        let mut fields = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut fields);
        match request.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
            Err(httparse::Error::TooManyHeaders) => {
                let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                return Err(Rejection::new(
                    status,
                    "head_too_large",
                    "more than 100 headers",
                ));
            }
            Ok(_) => return Err(Rejection::malformed("not a request of HTTP/1.1")),
            Err(error) => {
                let message = format!("not a request of HTTP/1.1: {error}");
                return Err(Rejection::malformed(message));
            }
        }
        let (Some(method), Some(target), Some(minor)) =
            (request.method, request.path, request.version)
        else {
            return Err(Rejection::malformed("not a request of HTTP/1.1"));
        };
        // What httparse skips: an empty line before the request line, and blanks within it.
        let line = format!("{method} {target} HTTP/1.{minor}\r\n");
        if !bytes.starts_with(line.as_bytes()) {
            return Err(Rejection::malformed("not a request line of HTTP/1.1"));
        }
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| Rejection::malformed("not a method of HTTP/1.1"))?;
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for field in request.headers.iter() {
            let name = HeaderName::from_bytes(field.name.as_bytes());
            let value = HeaderValue::from_bytes(trimmed(field.value));
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(Rejection::malformed("not a header of HTTP/1.1"));
            };
            headers
                .try_append(name, value)
                .map_err(|_| Rejection::malformed("too many headers"))?;
        }
        let framing = framing(&headers, minor)?;
        let waits = waits(&headers)? && framing != Framing::None && minor > 0;
        Ok(Self {
            is_persistent: minor > 0
                && !tokens(&headers, &CONNECTION).any(|token| token == "close"),
            takes_chunks: minor > 0,
            method,
            target: target.to_owned(),
            framing,
            waits,
            headers,
        })
    }
}

/// A value without the blanks around it.
fn trimmed(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}

/// Where the body ends (RFC 9112, 6.3), by one header at most.
fn framing(headers: &HeaderMap, minor: u8) -> Result<Framing, Rejection> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    match (codings.next(), lengths.next()) {
        (None, None) => Ok(Framing::None),
        (Some(_), Some(_)) => Err(Rejection::malformed(
            "both Transfer-Encoding and Content-Length",
        )),
        (Some(_), None) if minor == 0 => {
            Err(Rejection::malformed("a Transfer-Encoding in HTTP/1.0"))
        }
        (Some(coding), None) => {
            if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
                let status = StatusCode::NOT_IMPLEMENTED;
                let message = "a Transfer-Encoding other than `chunked`";
                return Err(Rejection::new(status, "bad_request", message));
            }
            Ok(Framing::Chunked)
        }
        (None, Some(length)) => {
            if lengths.next().is_some() {
                return Err(Rejection::malformed("more than one Content-Length"));
            }
            let digits = length
                .to_str()
                .ok()
                .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
            let length = digits.and_then(|digits| digits.parse().ok());
            let length =
                length.ok_or_else(|| Rejection::malformed("a Content-Length that is no number"))?;
            Ok(Framing::Length(length))
        }
    }
}

/// Whether the body is held back (RFC 9110, 10.1.1).
fn waits(headers: &HeaderMap) -> Result<bool, Rejection> {
    let mut expectations = headers.get_all(EXPECT).iter();
    let Some(expectation) = expectations.next() else {
        return Ok(false);
    };
    let is_known = expectation.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if !is_known || expectations.next().is_some() {
        let status = StatusCode::EXPECTATION_FAILED;
        let message = "an Expect other than `100-continue`";
        return Err(Rejection::new(status, "bad_request", message));
    }
    Ok(true)
}

/// The members of a header that is a list of words, in lower case.
pub(super) fn tokens(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|token| token.trim().to_ascii_lowercase())
        .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of the bytes of a head.
    fn read(text: &str) -> Result<Head, Rejection> {
        let bytes = text.as_bytes();
        match end(bytes, 0)? {
            Some(end) => Head::read(&bytes[..end]),
            None => panic!("unfinished: {text:?}"),
        }
    }

    #[track_caller]
    fn refused(text: &str, words: &str) {
        let rejection = read(text).map(|head| format!("{head:?}")).unwrap_err();
        assert!(rejection.message.contains(words), "{text:?}: {rejection:?}");
        assert!(rejection.status.is_client_error() || rejection.status == 501);
    }

    #[test]
    fn a_head_is_read() {
        let head = read(
            "POST /v1/x?a=b HTTP/1.1\r\nHost: 127.0.0.1:1\r\nX-Empty:\r\nX-Two: a b \r\n\
             Content-Length: 12\r\nExpect: 100-Continue\r\n\r\n",
        )
        .unwrap();
        assert_eq!(head.method, Method::POST);
        assert_eq!(head.target, "/v1/x?a=b");
        assert_eq!(head.headers["x-two"], "a b");
        assert_eq!(head.headers["x-empty"], "");
        assert_eq!(head.framing, Framing::Length(12));
        assert!(head.waits && head.is_persistent && head.takes_chunks);
        let head = read("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").unwrap();
        assert!(!head.waits && !head.is_persistent && !head.takes_chunks);
        let head = read("GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n").unwrap();
        assert!(!head.is_persistent);
    }

    #[test]
    fn a_body_has_one_end() {
        let head = |fields: &str| read(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
        assert_eq!(
            head("Transfer-Encoding: Chunked\r\n").unwrap().framing,
            Framing::Chunked
        );
        let refused = |fields: &str, words: &str| {
            refused(
                &format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"),
                words,
            );
        };
        refused(
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            "both",
        );
        refused(
            "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
            "both",
        );
        refused(
            "transfer-encoding: identity\r\ncontent-length: 3\r\n",
            "both",
        );
        refused(
            "Content-Length: 3\r\nContent-Length: 4\r\n",
            "more than one",
        );
        refused(
            "Content-Length: 3\r\nContent-Length: 3\r\n",
            "more than one",
        );
        for length in [
            "3, 3",
            "3,4",
            "+3",
            "-3",
            "0x3",
            "3 3",
            "",
            "3.0",
            "18446744073709551616",
        ] {
            refused(&format!("Content-Length: {length}\r\n"), "no number");
        }
        for coding in [
            "gzip",
            "gzip, chunked",
            "chunked, gzip",
            "chunked, chunked",
            "identity",
            "",
            "xchunked",
            "\"chunked\"",
            "chunked;x",
            "chunked,",
        ] {
            refused(&format!("Transfer-Encoding: {coding}\r\n"), "other than");
        }
        refused(
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "other than",
        );
        let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
        super::tests::refused(old, "HTTP/1.0");
    }

    #[test]
    fn a_line_ends_in_one_way() {
        refused("GET / HTTP/1.1\nHost: a\r\n\r\n", "line feed");
        refused("GET / HTTP/1.1\r\nHost: a\n\r\n", "line feed");
        refused("GET / HTTP/1.1\r\nHost: a\n\n", "line feed");
        refused("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "line feed");
        refused("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "carriage return");
        refused("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", "carriage return");
        refused("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "next line");
        refused("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", "next line");
        refused("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", "control");
        refused("GET /\u{1b} HTTP/1.1\r\nHost: a\r\n\r\n", "control");
        refused("GET / HTTP/1.1\r\nHost: a\u{7f}\r\n\r\n", "control");
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for text in [
            "\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
            " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
            "GET / http/1.1\r\nHost: a\r\n\r\n",
            "GET /\r\n\r\n",
            "GET / x HTTP/1.1\r\nHost: a\r\n\r\n",
            "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nHo st: a\r\n\r\n",
            "GET / HTTP/1.1\r\n: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost\r\n\r\n",
            "GET / HTTP/1.1\r\nHöst: a\r\n\r\n",
            "HTTP/1.1 200 OK\r\nHost: a\r\n\r\n",
        ] {
            refused(text, "HTTP/1.1");
        }
        refused("PUT / HTTP/1.1\r\nExpect: 200-ok\r\n\r\n", "Expect");
        refused(
            "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n\r\n",
            "Expect",
        );
    }

    #[test]
    fn a_head_has_its_limits() {
        let headers = |count: usize| {
            let fields: String = (0..count).map(|n| format!("x-{n}: y\r\n")).collect();
            format!("GET / HTTP/1.1\r\n{fields}\r\n")
        };
        assert_eq!(read(&headers(100)).unwrap().headers.len(), 100);
        refused(&headers(101), "100 headers");
        let long = |length: usize| format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(length));
        let around = long(0).len();
        assert!(read(&long(LONGEST - around)).is_ok());
        refused(&long(LONGEST - around + 1), "64 KiB");
        refused(&"x".repeat(LONGEST), "64 KiB");
    }

    #[test]
    fn an_end_is_found_however_the_bytes_come() {
        let bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
        for cut in 0..bytes.len() {
            let early = end(&bytes[..cut], 0).unwrap();
            assert_eq!(early, (cut >= 27).then_some(27), "{cut}");
            assert_eq!(end(bytes, cut.min(26)).unwrap(), Some(27), "{cut}");
        }
    }
}
