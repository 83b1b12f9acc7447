//! The signature of a request to the vault.
//!
//! The key that signs is derived from the key to the vault, and that goes along in the request: the
//! signature keeps a request whole and from being repeated, and is no reason to show a request to
//! anybody.

use percent_encoding::{percent_decode_str, utf8_percent_encode};
use ring::hmac::{self, HMAC_SHA256};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::address::RESERVED;
use crate::secret::Secret;

const LABEL: &[u8] = b"alter-signing-v1";

/// The headers that are part of what is signed if they are sent, in their order there, and what each
/// is introduced by.
const SIGNED: [(&str, &str); 5] = [
    ("X-Alter-Request-Rule", "request-rule"),
    (CALLER, "caller"),
    (CALLER_TYPE, "caller-type"),
    (ACTOR, "actor-id"),
    (CONTEXT, "actor-context"),
];

pub(super) const CALLER: &str = "X-Alter-Caller";
pub(super) const CALLER_TYPE: &str = "X-Alter-Caller-Type";
pub(super) const ACTOR: &str = "X-Alter-Actor-ID";
pub(super) const CONTEXT: &str = "X-Alter-Context";

/// A header of a request.
pub(super) type Header = (&'static str, String);

/// A moment and a number of its own, which keep a request from being repeated.
#[derive(Debug)]
pub(super) struct Stamp {
    /// Seconds since 1970.
    pub(super) seconds: u64,
    /// 32 hexadecimal digits, never the same twice.
    pub(super) nonce: String,
}

impl Stamp {
    /// A stamp of this moment; none when the system has no random numbers.
    pub(super) fn new(seconds: u64) -> Option<Self> {
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Self {
            seconds,
            nonce: hex(&bytes),
        })
    }
}

/// What is signed of a request.
#[derive(Debug)]
pub(super) struct Signable<'a> {
    pub(super) method: &'a str,
    /// The path, escaped as it is sent, and the query.
    pub(super) target: &'a str,
    pub(super) body: &'a [u8],
    /// The headers that say who calls and what may be done, of those that are signed.
    pub(super) headers: &'a [Header],
}

/// Signs requests with one key.
pub(super) struct Signer(hmac::Key);

impl Signer {
    pub(super) fn new(key: &Secret) -> Self {
        Self(hmac::Key::new(
            HMAC_SHA256,
            keyed(key.expose().as_bytes(), LABEL).as_ref(),
        ))
    }

    /// The headers that the signature adds to a request.
    pub(super) fn headers(&self, request: &Signable<'_>, stamp: Stamp) -> Vec<Header> {
        let body_hash = sha256(request.body);
        let text = text(request, &stamp, &body_hash);
        let signature = hex(hmac::sign(&self.0, text.as_bytes()).as_ref());
        let mut headers = vec![
            ("X-Alter-Timestamp", stamp.seconds.to_string()),
            ("X-Alter-Nonce", stamp.nonce),
            ("X-Alter-Content-SHA256", body_hash),
        ];
        // The vault takes headers that say who calls only with a signature that covers them.
        let actors = [CALLER, CALLER_TYPE, ACTOR, CONTEXT];
        if request
            .headers
            .iter()
            .any(|(name, _)| actors.contains(name))
        {
            headers.push(("X-Alter-Signature-V2", signature.clone()));
        }
        headers.push(("X-Alter-Signature", signature));
        headers
    }
}

/// What is signed.
pub(super) fn text(request: &Signable<'_>, stamp: &Stamp, body_hash: &str) -> String {
    let value = |wanted: &str| {
        let header = request.headers.iter().find(|(name, _)| *name == wanted);
        header.map(|(_, value)| value.as_str())
    };
    // This program does not narrow its calls by scopes, see `client`; the line is there all the same.
    let constraints = value("X-Alter-Scope-Constraints").unwrap_or_default();
    let mut text = [
        request.method,
        &canonical_target(request.target),
        &stamp.seconds.to_string(),
        &stamp.nonce,
        body_hash,
        constraints,
    ]
    .join("\n");
    for (name, label) in SIGNED {
        if let Some(value) = value(name) {
            text.extend(["\n", label, ":", value]);
        }
    }
    text
}

/// The target with its path decoded, and its query decoded, sorted and encoded as a form.
fn canonical_target(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = percent_decode_str(path).decode_utf8_lossy();
    if query.is_empty() {
        return path.into_owned();
    }
    let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    pairs.sort();
    let encoded = |text: &str| {
        utf8_percent_encode(text, RESERVED)
            .to_string()
            .replace("%20", "+")
    };
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// HMAC-SHA256.
pub(super) fn keyed(key: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(HMAC_SHA256, key), message)
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)]);
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_stamps_are_alike() {
        let (one, other) = (Stamp::new(1).unwrap(), Stamp::new(1).unwrap());
        assert_ne!(one.nonce, other.nonce);
        assert_eq!(one.nonce.len(), 32);
    }

    #[test]
    fn a_query_is_signed_sorted_and_without_what_says_nothing() {
        assert_eq!(
            canonical_target("/sdk/a?b=2&&b=1&a&c=%2b+"),
            "/sdk/a?a=&b=1&b=2&c=%2B+"
        );
        assert_eq!(canonical_target("/sdk/a?"), "/sdk/a");
    }
}
