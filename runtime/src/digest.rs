//! SHA-256, keyed or not, and what is made of it.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The bytes that SHA-256 takes in at once (FIPS 180-4).
const BLOCK: usize = 64;

/// The digest of a text, in hexadecimal.
pub(crate) fn of(text: &[u8]) -> String {
    hex(&Sha256::digest(text))
}

/// HMAC-SHA-256 (RFC 2104).
pub(crate) fn keyed(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    match key.len() {
        ..=BLOCK => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let inner = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x36)).chain_update(text);
    let outer = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize().into()
}

/// Whether two digests are the same, in a time that does not tell where they differ.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && std::hint::black_box(differences) == 0
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// JSON as the one text that all its spellings have in common: members sorted, no blanks. Numbers are
/// as they were written.
pub(crate) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value);
    text
}

fn write(text: &mut String, value: &Value) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                write(text, item);
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (at, (name, member)) in sorted.into_iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(text, member);
            }
            text.push('}');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random() -> std::io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    #[cfg(unix)]
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
    #[cfg(not(unix))]
    for chunk in bytes.chunks_mut(8) {
        use std::hash::{BuildHasher, RandomState};
        // Keyed by the system's generator, which the standard library has no other door to.
        chunk.copy_from_slice(&RandomState::new().hash_one(chunk.len()).to_ne_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 4231, section 4.
    #[test]
    fn a_keyed_digest_is_that_of_the_standard() {
        for (key, text, wanted) in [
            (
                &[0x0b; 20][..],
                &b"Hi There"[..],
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 20],
                &[0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(&keyed(key, text)), wanted);
        }
    }

    #[test]
    fn a_digest_is_the_same_as_itself_alone() {
        assert!(is_same(b"abc", b"abc") && is_same(b"", b""));
        assert!(!is_same(b"abc", b"abd") && !is_same(b"abc", b"ab") && !is_same(b"", b"a"));
    }

    #[test]
    fn spellings_of_the_same_json_have_one_text() {
        let value = json!({"b": [1, {"d": null, "c": "\n"}], "a": {}});
        assert_eq!(canonical(&value), r#"{"a":{},"b":[1,{"c":"\n","d":null}]}"#);
    }

    #[test]
    fn random_bytes_are_not_the_same_twice() {
        assert_ne!(random().unwrap(), random().unwrap());
    }
}
