//! Who calls, by a token that somebody the policy trusts has signed.
//!
//! A JSON Web Token (RFC 7519) says who has which roles, and roles select rules. Which keys may have
//! signed it is the policy's word and never the token's: an HS256 token is checked with the secret
//! alone, all others with the public keys alone, so that no public key is ever taken for a secret.
//!
//! A token is no secret of the server's, and it is not sent to it.

#[cfg(feature = "http")]
pub(crate) mod keys;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::clock;
use crate::config::{Table, file};
use crate::digest;
use crate::environment;
use crate::error::Error;
use crate::private;
use crate::secret::Secret;
use crate::text::line;

/// How far the clocks of this machine and of the issuer may differ, in seconds.
const LEEWAY: f64 = 60.0;
/// The longest token that is looked at.
const LONGEST: usize = 64 << 10;
/// The shortest secret of an HS256 signature (RFC 7518, section 3.2).
const SECRET: usize = 32;

/// Why a program without a vault takes no other.
const ALONE: &str = "this program checks HS256 alone";

/// The word for a token that is not taken, in the JSON error line.
const REFUSED: &str = "identity_refused";

/// `[identity]` of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Section {
    /// The secret of HS256 signatures.
    secret_file: Option<PathBuf>,
    /// The public keys of RS256, ES256 and EdDSA signatures (RFC 7517).
    jwks_file: Option<PathBuf>,
    /// Who must have issued it.
    issuer: Option<String>,
    /// Whom it must be for.
    audience: Option<String>,
    /// Where the roles are: `roles`, or a way through objects, as in `realm_access.roles`.
    roles_claim: Option<String>,
    /// Whether nobody may call without one.
    pub(crate) required: bool,
}

/// Who calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The name that the issuer has for them.
    pub(crate) subject: Option<String>,
    pub(crate) roles: Vec<String>,
    /// Whether they are known by keys that the site names, and not only the user.
    pub(crate) is_known_to_site: bool,
}

/// Checks a signature with the keys of a set (RFC 7517) that it can be by: the set, the algorithm, the
/// key's name, what is signed, the signature.
///
/// A program has it by linking a vault: the algorithms take a tenth of a program for a local server.
pub(crate) type Signatures = fn(&Value, &str, Option<&str>, &[u8], &[u8]) -> Result<(), Wrong>;

/// What is wrong with a signature.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "http"),
    expect(dead_code, reason = "only a vault checks signatures")
)]
pub(crate) enum Wrong {
    /// There is no key that could have been used for it.
    NoKey,
    /// It was not made with any that could.
    Signature,
}

/// The token that the caller gave: as it is, as `@FILE`, or as `env:NAME`.
///
/// # Errors
///
/// When there is none where it is said to be.
pub(crate) fn given(program: &str, option: Option<&Secret>) -> Result<Option<Secret>, Error> {
    let variable = || environment::identity(program).map(Secret::plain);
    let Some(given) = option.cloned().or_else(variable) else {
        return Ok(None);
    };
    let source = given.expose();
    // Where a token is is no secret, and it is.
    let text = if let Some(file) = source.strip_prefix('@') {
        std::fs::read_to_string(file).map_err(|error| refused(&format!("{file}: {error}")))?
    } else if let Some(name) = source.strip_prefix("env:") {
        std::env::var(name).map_err(|_| refused(&format!("the variable {name} is not set")))?
    } else {
        source.to_owned()
    };
    Ok(Some(Secret::new(text.trim())))
}

impl Section {
    /// Reads the section.
    pub(crate) fn read(mut table: Table<'_>) -> Result<Self, Error> {
        let section = Self {
            secret_file: table.path("secret_file")?,
            jwks_file: table.path("jwks_file")?,
            issuer: table.text("issuer")?,
            audience: table.text("audience")?,
            roles_claim: table.text("roles_claim")?,
            required: table.switch("required")?.unwrap_or(false),
        };
        if section.secret_file.is_none() && section.jwks_file.is_none() {
            return Err(table.refused("", "names neither secret_file nor jwks_file"));
        }
        table.end()?;
        Ok(section)
    }

    /// Who calls, by the word of a token.
    ///
    /// # Errors
    ///
    /// Why it is not taken.
    pub(crate) fn verify(
        &self,
        token: &Secret,
        is_of_site: bool,
        signatures: Option<Signatures>,
        warn: &dyn Fn(&str),
    ) -> Result<Caller, Error> {
        let token = token.expose();
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(refused("it is no JSON Web Token"));
        };
        if token.len() > LONGEST {
            return Err(refused("it is too long"));
        }
        let signed = &token[..header.len() + 1 + payload.len()];
        let header = object(header)?;
        let signature = decode(signature)?;
        if header.get("crit").is_some() {
            return Err(refused(
                "it has critical extensions, and none is understood",
            ));
        }
        let algorithm = header.get("alg").and_then(Value::as_str).unwrap_or("none");
        match algorithm {
            "HS256" => self.check_secret(signed.as_bytes(), &signature, warn)?,
            "RS256" | "ES256" | "EdDSA" => {
                let kid = header.get("kid").and_then(Value::as_str);
                self.check_key(signatures, algorithm, kid, signed.as_bytes(), &signature)?;
            }
            other => {
                let other = line(&other.chars().take(20).collect::<String>());
                return Err(refused(&format!(
                    "its algorithm is `{other}`, which is not taken"
                )));
            }
        }
        // Not a word of it was believed up to here.
        let claims = object(payload)?;
        self.check_claims(&claims, clock::now())?;
        let roles = find(&claims, self.roles_claim.as_deref().unwrap_or("roles"));
        Ok(Caller {
            subject: claims.get("sub").and_then(Value::as_str).map(str::to_owned),
            roles: roles.map(list).unwrap_or_default(),
            is_known_to_site: is_of_site,
        })
    }

    /// What keeps any token from being taken, whoever gives it; nothing where all is well.
    pub(crate) fn defects(
        &self,
        signatures: Option<Signatures>,
        warn: &dyn Fn(&str),
    ) -> Vec<String> {
        let secret = self.secret_file.as_ref();
        let secret = secret.and_then(|file| self::secret(file, warn).err());
        let keys = match (&self.jwks_file, signatures) {
            (Some(_), None) if self.secret_file.is_none() => Some(ALONE.to_owned()),
            (Some(file), Some(_)) => some_keys(file).err(),
            _ => None,
        };
        secret.into_iter().chain(keys).collect()
    }

    fn check_secret(
        &self,
        signed: &[u8],
        signature: &[u8],
        warn: &dyn Fn(&str),
    ) -> Result<(), Error> {
        let Some(path) = &self.secret_file else {
            return Err(refused(
                "it is signed with HS256, and there is no secret_file",
            ));
        };
        let secret = secret(path, warn).map_err(|words| refused(&words))?;
        let wanted = digest::keyed(&secret, signed);
        if !digest::is_same(&wanted, signature) {
            return Err(refused("its signature is wrong"));
        }
        Ok(())
    }

    fn check_key(
        &self,
        signatures: Option<Signatures>,
        algorithm: &str,
        kid: Option<&str>,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let Some(verify) = signatures else {
            return Err(Error::Denied {
                code: REFUSED,
                message: format!(
                    "the identity is not taken: it is signed with {algorithm}, and {ALONE}"
                ),
                hint: Some(
                    "generate it again with --broker: the rest comes with a vault".to_owned(),
                ),
            });
        };
        let Some(path) = &self.jwks_file else {
            let words = format!("it is signed with {algorithm}, and there is no jwks_file");
            return Err(refused(&words));
        };
        let shown = path.display();
        let set = keys(path).map_err(|words| refused(&words))?;
        verify(&set, algorithm, kid, signed, signature).map_err(|wrong| match wrong {
            Wrong::NoKey => refused(&format!("no key of {shown} is the one that signed it")),
            Wrong::Signature => refused("its signature is wrong"),
        })
    }

    fn check_claims(&self, claims: &Value, now: i64) -> Result<(), Error> {
        let now = now as f64 / 1000.0;
        let time = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(time) => match time.as_f64().filter(|time| time.is_finite()) {
                Some(time) => Ok(Some(time)),
                None => Err(refused(&format!("its `{name}` is no time"))),
            },
        };
        match time("exp")? {
            None => return Err(refused("it says of itself no end (`exp`)")),
            Some(end) if end + LEEWAY <= now => {
                let end = clock::text((end * 1000.0) as i64);
                return Err(refused(&format!("it ended at {end}")));
            }
            Some(_) => {}
        }
        for (name, words) in [("nbf", "it holds only from"), ("iat", "it was issued at")] {
            if let Some(start) = time(name)?.filter(|start| *start - LEEWAY > now) {
                let start = clock::text((start * 1000.0) as i64);
                return Err(refused(&format!("{words} {start}, which is to come")));
            }
        }
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if let Some(issuer) = &self.issuer
            && text("iss") != Some(issuer)
        {
            return Err(refused(&format!("it is not of {issuer} (`iss`)")));
        }
        if let Some(audience) = &self.audience {
            let is_meant = match claims.get("aud") {
                Some(Value::Array(all)) => all.iter().any(|one| one.as_str() == Some(audience)),
                one => one.and_then(Value::as_str) == Some(audience),
            };
            if !is_meant {
                return Err(refused(&format!("it is not for {audience} (`aud`)")));
            }
        }
        Ok(())
    }
}

/// The secret of HS256 signatures that a file holds.
fn secret(path: &Path, warn: &dyn Fn(&str)) -> Result<Zeroizing<Vec<u8>>, String> {
    let shown = path.display();
    let secret = file::read(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    let mut secret = Zeroizing::new(secret);
    if std::fs::metadata(path).is_ok_and(|metadata| private::is_open(&metadata)) {
        warn(&format!(
            "{shown} can be read by others, who can then say that they are anybody: chmod 600"
        ));
    }
    // An editor ends the last line.
    let end = secret.iter().rposition(|byte| !b"\r\n".contains(byte));
    secret.truncate(end.map_or(0, |end| end + 1));
    if secret.len() < SECRET {
        return Err(format!("{shown} has fewer than {SECRET} bytes"));
    }
    // Whoever signs with a public key counts on its being taken for a secret.
    if secret.starts_with(b"-----BEGIN") || secret.starts_with(b"{") {
        return Err(format!("{shown} is a key, and no secret"));
    }
    Ok(secret)
}

/// The set of public keys that a file holds, or the one key.
fn keys(path: &Path) -> Result<Value, String> {
    let shown = path.display();
    let text = file::text(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{shown} is no set of keys: {error}"))
}

/// The same, with a key in it.
fn some_keys(file: &Path) -> Result<Value, String> {
    let set = keys(file)?;
    let is_key = |key: &Value| key.get("kty").is_some_and(Value::is_string);
    let all = set.get("keys").and_then(Value::as_array);
    match all.map_or(std::slice::from_ref(&set), Vec::as_slice) {
        keys if keys.iter().any(is_key) => Ok(set),
        _ => Err(format!(
            "{} is no set of keys: there is none in it",
            file.display()
        )),
    }
}

/// A token that is not taken. Nothing of it is repeated but what it says openly.
pub(crate) fn refused(why: &str) -> Error {
    Error::Denied {
        code: REFUSED,
        message: format!("the identity is not taken: {why}"),
        hint: Some("give a token that holds with --mcp-identity @FILE".to_owned()),
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Error> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(part);
    decoded.map_err(|_| refused("it is no JSON Web Token"))
}

fn object(part: &str) -> Result<Value, Error> {
    let value = serde_json::from_slice::<Value>(&decode(part)?);
    value
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| refused("it is no JSON Web Token"))
}

/// The value of a claim. Names with dots in them, as URLs have, go before ways through objects.
fn find<'a>(claims: &'a Value, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        let mut ways = path.match_indices('.');
        ways.find_map(|(dot, _)| find(claims.get(&path[..dot])?, &path[dot + 1..]))
    })
}

/// The names in a list, or in a text with blanks between them.
fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        value => {
            let names = value.as_str().unwrap_or_default().split_whitespace();
            names.map(str::to_owned).collect()
        }
    }
}
