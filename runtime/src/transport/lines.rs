//! Lines of a stream, bounded in length.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// The longest line that is read, in bytes: an answer of the protocol is one line, and may hold a file.
pub(super) const LONGEST: usize = 256 << 20;

/// A reader of lines that may be dropped at any await and goes on where it was.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    longest: usize,
    overlong: bool,
}

/// What a stream holds next.
pub(super) enum Line {
    Text(String),
    Overlong,
    End,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader: BufReader::with_capacity(1 << 16, reader),
            line: Vec::new(),
            longest: LONGEST,
            overlong: false,
        }
    }

    pub(super) async fn next(&mut self) -> Line {
        loop {
            // Nothing is awaited between the copy and `consume`, so a drop loses no byte.
            let available = match self.reader.fill_buf().await {
                Ok([]) | Err(_) => return self.end(),
                Ok(available) => available,
            };
            let end = available
                .iter()
                .position(|&byte| byte == b'\n')
                .map(|at| at + 1);
            let taken = end.unwrap_or(available.len());
            if self.overlong || self.line.len() + taken > self.longest {
                self.overlong = true;
                self.line = Vec::new();
            } else {
                self.line.extend_from_slice(&available[..taken]);
            }
            self.reader.consume(taken);
            if end.is_some() {
                return self.take();
            }
        }
    }

    fn end(&mut self) -> Line {
        if self.line.is_empty() && !self.overlong {
            Line::End
        } else {
            self.take()
        }
    }

    fn take(&mut self) -> Line {
        if std::mem::take(&mut self.overlong) {
            return Line::Overlong;
        }
        let line = std::mem::take(&mut self.line);
        Line::Text(
            String::from_utf8(line)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(text: &'static [u8], longest: usize) -> Vec<String> {
        let mut lines = Lines::new(text);
        lines.longest = longest;
        let mut seen = Vec::new();
        loop {
            match lines.next().await {
                Line::Text(text) => seen.push(text),
                Line::Overlong => seen.push("(overlong)".to_owned()),
                Line::End => return seen,
            }
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_last_line_without_its_end_is_a_line() {
        assert_eq!(lines(b"one\ntwo", 80).await, ["one\n", "two"]);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_follows_an_overlong_line_is_read() {
        assert_eq!(
            lines(b"overlong\nnext\n", 5).await,
            ["(overlong)", "next\n"]
        );
    }
}
