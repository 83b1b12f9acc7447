//! The body of a request, taken out of what comes in.
//!
//! A machine over bytes: it never reads by itself, so that every cut of the bytes can be tried.

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue};

use super::head::{Framing, is_control};
use super::rejection::Rejection;

/// The longest line that tells a chunk's size, extensions included, in bytes.
const LONGEST_SIZE: usize = 256;

/// How much extensions may come to in one body, in bytes.
const MOST_EXTENSIONS: usize = 16 << 10;

/// The longest trailer section, in bytes.
const LONGEST_TRAILERS: usize = 16 << 10;

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Some of the body.
    Data(Bytes),
    /// Nothing, until more has come in.
    More,
    /// The body has ended; what is left belongs to the next request.
    End,
}

/// Takes a body out of what comes in.
#[derive(Debug)]
pub(super) struct Body {
    next: Next,
    extensions: usize,
    trailers: usize,
}

/// What is to come next.
#[derive(Debug, Clone, Copy)]
enum Next {
    Size,
    /// So many bytes; and after them, in a chunk, the end of its line.
    Data {
        left: u64,
        in_chunk: bool,
    },
    LineEnd,
    Trailers,
    Nothing,
}

impl Body {
    pub(super) fn new(framing: Framing) -> Self {
        let next = match framing {
            Framing::None => Next::Nothing,
            Framing::Length(left) => Next::Data {
                left,
                in_chunk: false,
            },
            Framing::Chunked => Next::Size,
        };
        Self {
            next,
            extensions: 0,
            trailers: 0,
        }
    }

    /// Takes what there is of the body off the front of what has come in.
    ///
    /// # Errors
    ///
    /// When it is not chunked as RFC 9112, section 7.1, has it, or a limit is passed.
    pub(super) fn take(&mut self, bytes: &mut BytesMut) -> Result<Piece, Rejection> {
        loop {
            match self.next {
                Next::Nothing => return Ok(Piece::End),
                Next::Data { left: 0, in_chunk } => {
                    self.next = if in_chunk {
                        Next::LineEnd
                    } else {
                        Next::Nothing
                    };
                }
                Next::Data { .. } if bytes.is_empty() => return Ok(Piece::More),
                Next::Data { left, in_chunk } => {
                    let count =
                        usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    let data = bytes.split_to(count).freeze();
                    let left = left.saturating_sub(count as u64);
                    self.next = Next::Data { left, in_chunk };
                    return Ok(Piece::Data(data));
                }
                Next::LineEnd => {
                    let Some(line) = line(bytes, 0)? else {
                        return Ok(Piece::More);
                    };
                    debug_assert!(line.is_empty());
                    self.next = Next::Size;
                }
                Next::Size => {
                    let Some(line) = line(bytes, LONGEST_SIZE)? else {
                        return Ok(Piece::More);
                    };
                    self.next = match self.size(&line)? {
                        0 => Next::Trailers,
                        left => Next::Data {
                            left,
                            in_chunk: true,
                        },
                    };
                }
                Next::Trailers => {
                    let left = LONGEST_TRAILERS.saturating_sub(self.trailers);
                    let Some(line) = line(bytes, left)? else {
                        return Ok(Piece::More);
                    };
                    self.trailers += line.len() + 2;
                    match line.is_empty() {
                        true => self.next = Next::Nothing,
                        false => trailer(&line)?,
                    }
                }
            }
        }
    }

    /// Whether the body has been taken to its end.
    pub(super) fn has_ended(&self) -> bool {
        matches!(
            self.next,
            Next::Nothing
                | Next::Data {
                    left: 0,
                    in_chunk: false
                }
        )
    }

    /// The size of a chunk: hexadecimal digits, and extensions that nobody reads.
    fn size(&mut self, line: &[u8]) -> Result<u64, Rejection> {
        let digits = line
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        let (digits, extensions) = line.split_at_checked(digits).unwrap_or_default();
        // A size that fills sixteen digits is none that ends.
        let size = std::str::from_utf8(digits)
            .ok()
            .filter(|digits| digits.len() < 16)
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .ok_or_else(|| Rejection::malformed("a chunk without a size"))?;
        if !extensions.is_empty() && !extensions.trim_ascii_start().starts_with(b";") {
            return Err(Rejection::malformed("a chunk whose size is no number"));
        }
        self.extensions += extensions.len();
        if self.extensions > MOST_EXTENSIONS {
            return Err(Rejection::malformed("too many chunk extensions"));
        }
        Ok(size)
    }
}

/// Whether a trailer is a header; it is passed on to nobody.
fn trailer(line: &[u8]) -> Result<(), Rejection> {
    let mut parts = line.splitn(2, |byte| *byte == b':');
    let name = parts.next().map(HeaderName::from_bytes);
    let value = parts.next().map(HeaderValue::from_bytes);
    match (name, value) {
        (Some(Ok(_)), Some(Ok(_))) => Ok(()),
        _ => Err(Rejection::malformed("a trailer that is no header")),
    }
}

/// Takes a line off the front, without its end.
///
/// # Errors
///
/// When it is longer than it may be, or has in it what ends a line for others.
fn line(bytes: &mut BytesMut, longest: usize) -> Result<Option<Bytes>, Rejection> {
    let seen = bytes
        .get(..(longest + 2).min(bytes.len()))
        .unwrap_or_default();
    for (at, byte) in seen.iter().enumerate() {
        match (byte, seen.get(at + 1)) {
            (b'\r', Some(b'\n')) => {
                let line = bytes.split_to(at).freeze();
                let _ = bytes.split_to(2);
                return Ok(Some(line));
            }
            (b'\r', None) if at + 1 == bytes.len() && at <= longest => return Ok(None),
            (b'\r' | b'\n', _) => {
                return Err(Rejection::malformed(
                    "a line of a chunk that ends otherwise than in CR LF",
                ));
            }
            (byte, _) if is_control(*byte) => {
                return Err(Rejection::malformed("a control character among chunks"));
            }
            _ if at >= longest => {
                return Err(Rejection::malformed("a line of a chunk that is too long"));
            }
            _ => {}
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body and what is left, however the bytes come.
    fn body(framing: Framing, input: &[u8]) -> Result<(Vec<u8>, Vec<u8>, bool), Rejection> {
        let whole = taken(framing, input, input.len().max(1));
        for step in [1, 2, 3, 7] {
            assert_eq!(taken(framing, input, step), whole, "{step} bytes at once");
        }
        whole
    }

    fn taken(
        framing: Framing,
        input: &[u8],
        step: usize,
    ) -> Result<(Vec<u8>, Vec<u8>, bool), Rejection> {
        let mut body = Body::new(framing);
        let mut bytes = BytesMut::new();
        let mut data = Vec::new();
        let mut coming = input.chunks(step);
        loop {
            match body.take(&mut bytes)? {
                Piece::Data(piece) => data.extend(piece),
                Piece::More => match coming.next() {
                    Some(more) => bytes.extend_from_slice(more),
                    None => return Ok((data, bytes.to_vec(), false)),
                },
                Piece::End => {
                    assert!(body.has_ended());
                    coming.for_each(|more| bytes.extend_from_slice(more));
                    return Ok((data, bytes.to_vec(), true));
                }
            }
        }
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        let ended = |data: &str, left: &str| Ok((data.into(), left.into(), true));
        assert_eq!(body(Framing::None, b"next"), ended("", "next"));
        assert_eq!(body(Framing::Length(0), b"next"), ended("", "next"));
        assert_eq!(body(Framing::Length(4), b"bodynext"), ended("body", "next"));
        assert_eq!(
            body(Framing::Length(5), b"body"),
            Ok((b"body".to_vec(), vec![], false))
        );
        assert_eq!(
            body(
                Framing::Chunked,
                b"4\r\nbody\r\n0A;x=\"y\"\r\n, and more\r\n0\r\n\r\nnext"
            ),
            ended("body, and more", "next")
        );
        assert_eq!(
            body(
                Framing::Chunked,
                b"1 ; a\r\nx\r\n000\r\nX-Trailer: y\r\nZ:\r\n\r\nnext"
            ),
            ended("x", "next")
        );
        assert_eq!(
            body(Framing::Chunked, b"4\r\nbody\r\n0\r\n"),
            Ok((b"body".to_vec(), vec![], false))
        );
    }

    #[test]
    fn chunks_that_can_be_read_in_two_ways_are_refused() {
        for input in [
            "\r\n",
            ";x\r\n",
            "4\nbody\r\n0\r\n\r\n",
            "4\r\nbody\n0\r\n\r\n",
            "4\r\nbody!\r\n0\r\n\r\n",
            "4\r\nbo\r\n0\r\n\r\n",
            "4\r\nbodyx",
            "+4\r\nbody\r\n",
            "-4\r\nbody\r\n",
            "0x4\r\nbody\r\n",
            "4 4\r\nbody\r\n",
            " 4\r\nbody\r\n",
            "g\r\nbody\r\n",
            "4_0\r\nbody\r\n",
            "ffffffffffffffff\r\nx",
            "10000000000000004\r\nbody\r\n",
            "4\rbody\r\n",
            "4;a\rb\r\nbody\r\n",
            "4;a\nb\r\nbody\r\n",
            "4;a\0b\r\nbody\r\n",
            "0\r\nno header\r\n\r\n",
            "0\r\n: y\r\n\r\n",
            "0\r\n folded: y\r\n\r\n",
            "0\r\nx: y\n\r\n",
        ] {
            assert!(
                body(Framing::Chunked, input.as_bytes()).is_err(),
                "{input:?}"
            );
        }
    }

    #[test]
    fn what_is_around_chunks_is_bounded() {
        let refused = |input: String| body(Framing::Chunked, input.as_bytes()).is_err();
        let extended = |length: usize| format!("1;{}\r\nx\r\n", "e".repeat(length));
        assert!(!refused(extended(200)));
        assert!(refused(extended(300)));
        assert!(refused("0".repeat(300)));
        assert!(refused(extended(200).repeat(100)));
        assert!(!refused(format!("0\r\nx: {}\r\n\r\n", "y".repeat(1000))));
        assert!(refused(format!("0\r\nx: {}\r\n\r\n", "y".repeat(20_000))));
        assert!(refused(format!("0\r\n{}\r\n", "x: y\r\n".repeat(4000))));
    }
}
