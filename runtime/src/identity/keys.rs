//! Public keys, and the signatures that are made with their other halves (RFC 7517, RFC 7518,
//! RFC 8037).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde_json::Value;

use super::Wrong;

/// Checks a signature with the keys of a set that it can be by: of its kind and, where it names one,
/// of that name.
pub(crate) fn verify(
    set: &Value,
    algorithm: &str,
    kid: Option<&str>,
    signed: &[u8],
    signature: &[u8],
) -> Result<(), Wrong> {
    let keys = set.get("keys").and_then(Value::as_array);
    let keys = keys.map_or(std::slice::from_ref(set), Vec::as_slice);
    let mut wrong = Wrong::NoKey;
    for key in keys {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let is_other = |name: &str, wanted: &str| text(name).is_some_and(|is| is != wanted);
        let named = kid.is_none_or(|kid| text("kid") == Some(kid));
        if !named || is_other("alg", algorithm) || is_other("use", "sig") {
            continue;
        }
        match check(key, algorithm, signed, signature) {
            Some(true) => return Ok(()),
            Some(false) => wrong = Wrong::Signature,
            None => {}
        }
    }
    Err(wrong)
}

/// Whether a key made a signature; none where it is a key of another kind.
fn check(key: &Value, algorithm: &str, signed: &[u8], signature: &[u8]) -> Option<bool> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let bytes = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let verified = match (algorithm, text("kty")?, text("crv")) {
        ("RS256", "RSA", _) => {
            let key = RsaPublicKeyComponents {
                n: bytes("n")?,
                e: bytes("e")?,
            };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
        }
        ("ES256", "EC", Some("P-256")) => {
            let point = [vec![4], bytes("x")?, bytes("y")?].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
        }
        ("EdDSA", "OKP", Some("Ed25519")) => {
            UnparsedPublicKey::new(&ED25519, bytes("x")?).verify(signed, signature)
        }
        _ => return None,
    };
    Some(verified.is_ok())
}
