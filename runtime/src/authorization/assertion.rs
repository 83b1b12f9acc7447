//! A client that shows who it is by a signature (RFC 7523): the form for machines that hold a key and
//! no secret of the server's.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::json;
use zeroize::Zeroizing;

use super::http::Fault;
use super::pkce::random;
use super::record::now;
use crate::secret::Secret;

/// How long an assertion is good for, in seconds.
const LIFE: u64 = 300;

/// A key to sign with: Ed25519, P-256 or RSA.
enum Key {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Key {
    /// The key in a PEM file: PKCS #8, or PKCS #1 for RSA.
    fn read(pem: &str) -> Option<Self> {
        let start = pem.find("-----BEGIN ")?;
        let (label, rest) = pem[start + 11..].split_once("-----")?;
        let (body, _) = rest.split_once("-----END ")?;
        let body: String = body.split_whitespace().collect();
        let der = Zeroizing::new(BASE64_STANDARD.decode(body).ok()?);
        if label == "RSA PRIVATE KEY" {
            return RsaKeyPair::from_der(&der).ok().map(Self::Rsa);
        }
        let p256 =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &SystemRandom::new());
        let ed25519 = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
            .ok()
            .map(Self::Ed25519);
        ed25519
            .or_else(|| p256.ok().map(Self::P256))
            .or_else(|| RsaKeyPair::from_pkcs8(&der).ok().map(Self::Rsa))
    }

    /// The name of its algorithm (RFC 7518, 3.1).
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let numbers = SystemRandom::new();
        match self {
            Self::Ed25519(key) => Some(key.sign(message).as_ref().to_vec()),
            Self::P256(key) => Some(key.sign(&numbers, message).ok()?.as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &numbers, message, &mut signature)
                    .ok()?;
                Some(signature)
            }
        }
    }
}

/// A statement that this is the client, for one audience and a few minutes.
pub(super) fn assertion(key: &Secret, client: &str, audience: &str) -> Result<Secret, Fault> {
    let unusable = || {
        Fault::Unusable(
            "the client's key cannot be used: it is to be PEM, PKCS #8, of Ed25519, P-256 or RSA"
                .to_owned(),
        )
    };
    let key = Key::read(key.expose()).ok_or_else(unusable)?;
    let header = json!({"typ": "client-authentication+jwt", "alg": key.algorithm()});
    let now = now();
    let claims = json!({
        "iss": client,
        "sub": client,
        "aud": audience,
        "iat": now,
        "exp": now + LIFE,
        "jti": random()?,
    });
    let encode = |text: String| BASE64_URL_SAFE_NO_PAD.encode(text);
    let message = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(claims.to_string())
    );
    let signature = key.sign(message.as_bytes()).ok_or_else(unusable)?;
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
    Ok(Secret::new(format!("{message}.{signature}")))
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, KeyPair, UnparsedPublicKey};

    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        let body = BASE64_STANDARD.encode(der);
        let lines: Vec<_> = body
            .as_bytes()
            .chunks(64)
            .map(String::from_utf8_lossy)
            .collect();
        format!(
            "Key:\n-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            lines.join("\n")
        )
    }

    #[test]
    fn an_assertion_is_signed_with_the_key_whatever_its_kind() {
        let numbers = SystemRandom::new();
        let p256 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &numbers).unwrap();
        let ed25519 = Ed25519KeyPair::generate_pkcs8(&numbers).unwrap();
        for (name, der) in [("ES256", p256.as_ref()), ("EdDSA", ed25519.as_ref())] {
            let key = Secret::new(pem("PRIVATE KEY", der));
            let signed = assertion(&key, "me", "https://login.example").unwrap();
            let parts: Vec<&str> = signed.expose().split('.').collect();
            let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
            let header: serde_json::Value = serde_json::from_slice(&decode(parts[0])).unwrap();
            let claims: serde_json::Value = serde_json::from_slice(&decode(parts[1])).unwrap();
            assert_eq!(header["alg"], name);
            assert_eq!(
                (&claims["sub"], &claims["aud"]),
                (&json!("me"), &json!("https://login.example"))
            );
            let message = format!("{}.{}", parts[0], parts[1]);
            let signature = decode(parts[2]);
            let verified = match Key::read(key.expose()).unwrap() {
                Key::P256(key) => {
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key())
                        .verify(message.as_bytes(), &signature)
                }
                Key::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key.public_key())
                    .verify(message.as_bytes(), &signature),
                Key::Rsa(_) => panic!("no RSA key was made"),
            };
            assert!(verified.is_ok(), "{name}");
        }
        for bad in [
            "",
            "-----BEGIN X-----",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        ] {
            assert!(assertion(&Secret::new(bad), "me", "you").is_err());
        }
    }
}
