//! What the server holds instead of a credential, and shows where it would show that.

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::GeneralPurposeConfig;
use base64::{alphabet, engine::DecodePaddingMode};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::secret::Secret;

/// Basic credentials come with and without padding.
const BASIC: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The right to use the routes of one run.
///
/// In hexadecimal, so that it passes through every place where a credential is put without being
/// encoded, and never begins with a hyphen.
#[derive(Debug, Clone)]
pub(crate) struct Capability(Secret);

impl Capability {
    /// Makes one of 32 random bytes.
    ///
    /// # Errors
    ///
    /// When the system has no randomness to give.
    pub(crate) fn make() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        SystemRandom::new()
            .fill(bytes.as_mut())
            .map_err(|_| Error::Io {
                what: "cannot make a random number".to_owned(),
                source: std::io::ErrorKind::Other.into(),
            })?;
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        Ok(Self(Secret::new(digits.collect::<String>())))
    }

    /// What the server is given for a credential.
    pub(crate) fn secret(&self) -> &Secret {
        &self.0
    }

    fn is(&self, shown: &[u8]) -> bool {
        self.0.expose().as_bytes().ct_eq(shown).into()
    }

    /// Takes the capability out of the headers and the query of a request, wherever it is shown.
    /// False if it was not: as a token or half of a Basic credential in `Authorization`, as the whole
    /// of another header, as the value of a parameter.
    pub(super) fn take(&self, headers: &mut HeaderMap, query: &mut Option<String>) -> bool {
        let authorized = headers
            .get_all(AUTHORIZATION)
            .iter()
            .any(|value| self.is_in(value));
        headers.remove(AUTHORIZATION);
        let named: Vec<_> = headers
            .iter()
            .filter(|(_, value)| self.is(value.as_bytes()))
            .map(|(name, _)| name.clone())
            .collect();
        let as_header = !named.is_empty();
        for name in named {
            headers.remove(name);
        }
        let as_parameter = query
            .as_mut()
            .is_some_and(|query| self.take_parameter(query));
        if as_parameter {
            *query = query.take().filter(|query| !query.is_empty());
        }
        authorized || as_header || as_parameter
    }

    /// Whether the value of an `Authorization` header shows it.
    fn is_in(&self, value: &HeaderValue) -> bool {
        let value = value.as_bytes();
        let Some(at) = value.iter().position(|byte| *byte == b' ') else {
            return self.is(value);
        };
        let (scheme, token) = value.split_at_checked(at).unwrap_or_default();
        let token = token.trim_ascii();
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return self.is(token);
        }
        let Ok(pair) = BASIC.decode(token).map(Zeroizing::new) else {
            return false;
        };
        let mut halves = pair.splitn(2, |byte| *byte == b':');
        // Both are looked at, so that the time says nothing.
        halves
            .by_ref()
            .fold(false, |found, half| self.is(half) | found)
    }

    /// Takes out the parameters that show it, and leaves the others as they were written.
    fn take_parameter(&self, query: &mut String) -> bool {
        let shows = |part: &&str| {
            part.split_once('=')
                .is_some_and(|(_, value)| self.is(value.as_bytes()))
        };
        let (shown, left): (Vec<_>, Vec<_>) = query.split('&').partition(shows);
        let found = !shown.is_empty();
        if found {
            *query = left.join("&");
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    use http::HeaderName;

    use super::*;

    fn take(
        capability: &Capability,
        headers: &[(&str, &str)],
        query: Option<&str>,
    ) -> (bool, Vec<String>, Option<String>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        let mut query = query.map(str::to_owned);
        let taken = capability.take(&mut map, &mut query);
        let left = map.keys().map(ToString::to_string).collect();
        (taken, left, query)
    }

    #[test]
    fn no_two_are_the_same_and_none_needs_encoding() {
        let one = Capability::make().unwrap();
        let other = Capability::make().unwrap();
        assert_ne!(one.secret(), other.secret());
        assert_eq!(one.secret().expose().len(), 64);
        assert!(
            one.secret()
                .expose()
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit())
        );
        assert!(!format!("{one:?}").contains(one.secret().expose()));
    }

    #[test]
    fn it_is_found_wherever_a_credential_is_put_and_taken_out() {
        let capability = Capability::make().unwrap();
        let text = capability.secret().expose();
        let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
        for value in [
            text.to_owned(),
            format!("Bearer {text}"),
            format!("bearer  {text}"),
            format!("Token {text}"),
            basic(format!("{text}:{text}")),
            basic(format!("{text}:")),
            basic(text.to_owned()),
            basic(format!("user:{text}")),
            basic(format!("{text}:a:b")),
            format!("bAsIc {}", STANDARD_NO_PAD.encode(format!("{text}:x"))),
        ] {
            let headers = [("authorization", value.as_str()), ("accept", "*/*")];
            let (taken, left, _) = take(&capability, &headers, None);
            assert!(taken, "{value}");
            assert_eq!(left, ["accept"]);
        }
        let (taken, left, _) = take(&capability, &[("x-api-key", text), ("x", "y")], None);
        assert!(taken);
        assert_eq!(left, ["x"]);
        let query = format!("a=b&key={text}&c&&d=%20");
        let (taken, _, query) = take(&capability, &[], Some(&query));
        assert!(taken);
        assert_eq!(query.as_deref(), Some("a=b&c&&d=%20"));
        let (taken, _, query) = take(&capability, &[], Some(&format!("key={text}")));
        assert!(taken);
        assert_eq!(query, None);
    }

    #[test]
    fn what_is_not_it_is_not_taken_for_it() {
        let capability = Capability::make().unwrap();
        let other = Capability::make().unwrap();
        let text = capability.secret().expose();
        let wrong = other.secret().expose();
        for value in [
            format!("Bearer {wrong}"),
            format!("Bearer {text}x"),
            format!("Bearer x{text}"),
            format!("Bearer {}", &text[1..]),
            format!("Bearer {}", text.to_uppercase().replace('0', "o")),
            "Bearer ".to_owned(),
            "Bearer".to_owned(),
            String::new(),
            format!("Basic {text}"),
            format!("Basic {}", STANDARD.encode(format!("{wrong}:{wrong}"))),
            format!("Basic {}", STANDARD.encode(format!("x{text}:x{text}"))),
            "Basic !".to_owned(),
            format!("Basic {}", STANDARD.encode("")),
        ] {
            let (taken, left, _) = take(&capability, &[("authorization", &value)], None);
            assert!(!taken, "{value}");
            assert!(left.is_empty());
        }
        let (taken, left, _) = take(&capability, &[("x-api-key", wrong)], None);
        assert!(!taken);
        assert_eq!(left, ["x-api-key"]);
        for query in [
            "",
            "&",
            "key=",
            text,
            &format!("key={wrong}"),
            &format!("{text}=x"),
        ] {
            let (taken, _, left) = take(&capability, &[], Some(query));
            assert!(!taken);
            assert_eq!(left.as_deref(), Some(query));
        }
    }
}
