//! The bytes that a base64 text (RFC 4648) stands for, as servers write it.

use std::io::{self, Write};

/// How much is decoded before it is written, so that a large text is never held twice.
const CHUNK: usize = 48 << 10;

/// What a byte of the text is.
const SPACE: u8 = 64;
const PAD: u8 = 65;
const NONE: u8 = 66;

/// By byte: the six bits that it stands for in either alphabet, or one of the above.
const MEANINGS: [u8; 256] = meanings();

/// Why a text was not decoded.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is not base64.
    Text,
    /// Its bytes could not be written.
    Write(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Writes the bytes and returns how many there are.
///
/// Both alphabets are read, with and without padding, over several lines, and after the head of a
/// `data:` URL: servers send them all.
pub(super) fn decode(text: &str, out: &mut dyn Write) -> Result<u64, Fault> {
    let text = match text.split_once("base64,") {
        Some((head, rest)) if head.starts_with("data:") => rest,
        _ => text,
    };
    let mut chunk = Vec::with_capacity(CHUNK + 3);
    let mut written = 0;
    let mut group = 0_u32;
    let mut length = 0;
    let mut is_padded = false;
    for byte in text.bytes() {
        match MEANINGS[usize::from(byte)] {
            SPACE => continue,
            PAD => is_padded = true,
            NONE => return Err(Fault::Text),
            _ if is_padded => return Err(Fault::Text),
            bits => {
                group = group << 6 | u32::from(bits);
                length += 1;
            }
        }
        if length == 4 {
            chunk.extend_from_slice(&group.to_be_bytes()[1..]);
            (group, length) = (0, 0);
            if chunk.len() >= CHUNK {
                out.write_all(&chunk)?;
                written += chunk.len() as u64;
                chunk.clear();
            }
        }
    }
    // What is left of a group: 2 characters for a byte, 3 for two.
    match length {
        0 => {}
        1 => return Err(Fault::Text),
        _ => {
            let bytes = (group << (6 * (4 - length))).to_be_bytes();
            chunk.extend_from_slice(&bytes[1..length]);
        }
    }
    out.write_all(&chunk)?;
    Ok(written + chunk.len() as u64)
}

const fn meanings() -> [u8; 256] {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut meanings = [NONE; 256];
    let mut value = 0;
    while value < 64 {
        meanings[letters[value as usize] as usize] = value;
        value += 1;
    }
    meanings[b'-' as usize] = 62;
    meanings[b'_' as usize] = 63;
    meanings[b' ' as usize] = SPACE;
    meanings[b'\t' as usize] = SPACE;
    meanings[b'\r' as usize] = SPACE;
    meanings[b'\n' as usize] = SPACE;
    meanings[b'=' as usize] = PAD;
    meanings
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

    use super::*;

    fn decoded(text: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let length = decode(text, &mut bytes).ok()?;
        assert_eq!(length, bytes.len() as u64, "{text:?}");
        Some(bytes)
    }

    #[test]
    fn every_way_to_write_base64_is_read() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("aGVsbG8=", b"hello"),
            ("aGVsbG8", b"hello"),
            ("aGVs\r\nbG8=\n", b"hello"),
            ("aGVsbA==", b"hell"),
            ("+/8=", b"\xfb\xff"),
            ("-_8", b"\xfb\xff"),
            ("data:image/png;base64,aGVsbG8=", b"hello"),
        ] {
            assert_eq!(decoded(text).as_deref(), Some(bytes), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_base64_is_not_decoded() {
        for text in [
            "a",
            "aGVsb",
            "aGV!",
            "aGVsbG8=aGVsbG8=",
            "größe",
            "not base64, surely",
        ] {
            assert_eq!(decoded(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_length_comes_back_also_over_the_end_of_a_chunk() {
        for length in (0..9).chain(CHUNK - 4..CHUNK + 4).chain([3 * CHUNK + 1]) {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 7 % 251) as u8).collect();
            let standard = decoded(&BASE64_STANDARD.encode(&bytes));
            assert!(standard.as_ref() == Some(&bytes), "{length}");
            let url_safe = decoded(&BASE64_URL_SAFE_NO_PAD.encode(&bytes));
            assert!(url_safe == Some(bytes), "{length}");
        }
    }
}
