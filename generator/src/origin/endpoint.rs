//! A server's URL and the headers that go with it.

use std::borrow::Cow;

use url::Url;

use super::OriginError;
use super::credential::{is_credential_name, is_credential_value};
use super::draft::Draft;
use super::template::{self, Part, has_reference};

/// Makes a server of a URL.
///
/// But for its references the URL is kept as it was typed. A literal query parameter that looks like a credential
/// (`?apiKey=…`) becomes a slot as a header would, since such a URL *is* the credential.
pub(super) fn draft(text: &str) -> Result<Draft, OriginError> {
    let text = template::canonical(text.trim());
    check(&text)?;
    let mut draft = Draft::http();
    let url = slot_credentials(&text, &mut draft);
    draft.set_url(&url);
    Ok(draft)
}

/// Takes `Name: value` apart.
pub(super) fn header(index: usize, text: &str) -> Result<(&str, &str), OriginError> {
    let (name, value) = text
        .split_once(':')
        .ok_or(OriginError::HeaderSyntax { index })?;
    Ok((name.trim(), value.trim()))
}

/// Refuses what no header may hold.
pub(super) fn check_header(name: &str, value: &str) -> Result<(), OriginError> {
    let is_token = |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(OriginError::HeaderName {
            name: name.to_owned(),
        });
    }
    if !value.chars().all(|char| matches!(char, ' '..='~' | '\t')) {
        return Err(OriginError::HeaderValue {
            name: name.to_owned(),
        });
    }
    Ok(())
}

/// Whether a literal header must not be stored.
pub(super) fn is_secret_header(name: &str, value: &str) -> bool {
    is_credential_name(name) || is_credential_value(value)
}

/// Refuses what is not an `http` or `https` URL, or `unix:` and a path, or holds credentials, with something plausible in
/// its holes.
fn check(text: &str) -> Result<(), OriginError> {
    let not_url = |reason: &str| OriginError::NotUrl {
        reason: reason.to_owned(),
    };
    if text.contains(|char: char| char.is_whitespace() || char.is_control()) {
        return Err(not_url("it holds a blank or a control character"));
    }
    let mut probe = String::new();
    for part in template::parts(text) {
        let filling = match part {
            Part::Text(text) => Cow::Borrowed(text),
            Part::Reference {
                fallback: Some(fallback),
                ..
            } if !fallback.is_empty() => Cow::Borrowed(fallback),
            Part::Reference { .. } if probe.is_empty() => Cow::Borrowed("http://slot"),
            Part::Reference { .. } if probe.ends_with(':') => Cow::Borrowed("1"),
            Part::Reference { .. } => Cow::Borrowed("a"),
        };
        probe += &filling;
    }
    let url = Url::parse(&probe).map_err(|error| not_url(&error.to_string()))?;
    // A socket of this machine: what stands behind it is a path.
    if url.scheme() == "unix" {
        return Ok(());
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(OriginError::Scheme {
            scheme: url.scheme().to_owned(),
        });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OriginError::UrlCredentials);
    }
    Ok(())
}

/// Puts slots in the place of query parameters that look like credentials.
fn slot_credentials(text: &str, draft: &mut Draft) -> String {
    let Some((path, rest)) = text.split_once('?') else {
        return text.to_owned();
    };
    let (query, fragment) = match rest.split_once('#') {
        Some((query, fragment)) => (query, Some(fragment)),
        None => (rest, None),
    };
    let query: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if is_secret_parameter(name, value) => {
                let slot = draft.keep(name, value);
                draft.warnings.push(format!(
                    "the URL's parameter `{}` looks like a credential: it is not stored, `{slot}` fills it",
                    super::shown(name)
                ));
                format!("{name}={}", template::reference_to(&slot))
            }
            _ => pair.to_owned(),
        })
        .collect();
    let fragment = fragment
        .map(|fragment| format!("#{fragment}"))
        .unwrap_or_default();
    format!("{path}?{}{fragment}", query.join("&"))
}

fn is_secret_parameter(name: &str, value: &str) -> bool {
    !value.is_empty()
        && !has_reference(value)
        && (is_credential_name(name) || is_credential_value(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::origin::tests::outline;
    use crate::origin::{Additions, Origin, Places, Wanted, locate};

    fn locate_url(url: &str, headers: &[&str]) -> Result<Origin, OriginError> {
        let additions = Additions {
            headers: headers.iter().map(ToString::to_string).collect(),
            ..Additions::default()
        };
        locate(&Wanted::Url(url.to_owned()), &additions, &Places::default())
    }

    #[test]
    fn a_url_is_kept_as_typed_and_its_references_are_slots() {
        for (url, slots) in [
            ("https://mcp.example.com/mcp", ""),
            ("http://localhost:8080/sse?limit=1#x", ""),
            ("https://${HOST}/mcp", "\nslots: HOST"),
            (
                "https://${REGION}.example.com:${PORT:-443}/mcp",
                "\nslots: PORT? REGION",
            ),
            ("${BASE_URL}/mcp", "\nslots: BASE_URL"),
            ("${URL:-https://mcp.example.com/mcp}", "\nslots: URL?"),
            ("https://mcp.example.com/mcp?key=${KEY}", "\nslots: KEY"),
        ] {
            let origin = locate_url(url, &[]).unwrap_or_else(|error| panic!("{error}: {url}"));
            assert_eq!(outline(&origin), format!("{url}{slots}"));
            assert_eq!(origin.warnings, Vec::<String>::new());
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for (url, scheme) in [
            ("file:///etc/passwd", "file"),
            ("ws://x.example", "ws"),
            ("localhost:8080/mcp", "localhost"),
            ("${U:-ftp://x.example}", "ftp"),
        ] {
            let error = locate_url(url, &[]).unwrap_err();
            assert!(
                matches!(&error, OriginError::Scheme { scheme: found } if found == scheme),
                "{url}: {error}"
            );
            assert!(error.hint().is_some());
        }
        for url in [
            "",
            "mcp.example.com/mcp",
            "https://",
            "https://a b/",
            "https://x.example/${A:-b c}",
            "https://x.example/\tx",
            "https://x.example:port/",
            "/mcp",
        ] {
            assert!(
                matches!(locate_url(url, &[]), Err(OriginError::NotUrl { .. })),
                "{url}"
            );
        }
    }

    #[test]
    fn credentials_in_a_url_are_refused_unseen_and_the_hint_has_the_mend() {
        for url in [
            "https://me:hunter2@x.example/mcp",
            "https://hunter2@x.example",
            "https://${A}:${B}@x.example",
        ] {
            let error = locate_url(url, &[]).unwrap_err();
            assert!(
                matches!(error, OriginError::UrlCredentials),
                "{url}: {error}"
            );
            assert!(!format!("{error} {error:?}").contains("hunter2"));
            assert!(error.hint().unwrap().contains("--header"));
        }
    }

    #[test]
    fn a_credential_in_the_query_becomes_a_slot() {
        let origin = locate_url(
            "https://x.example/mcp?exaApiKey=hunter2&tools=a&token=#f",
            &[],
        )
        .unwrap();
        insta::assert_snapshot!(outline(&origin), @r"
        https://x.example/mcp?exaApiKey=${EXA_API_KEY}&tools=a&token=#f
        slots: EXA_API_KEY
        values: EXA_API_KEY
        ");
        assert_eq!(origin.values.expose("EXA_API_KEY"), Some("hunter2"));
        assert!(!format!("{origin:?}").contains("hunter2"));
    }

    #[test]
    fn headers_are_bound_and_literal_credentials_become_slots() {
        let origin = locate_url(
            "https://x.example/mcp",
            &[
                "Accept-Language: de",
                "Authorization:  Bearer hunter2 ",
                "X-Api-Key: hunter3",
                "x-api_key: hunter4",
                "X-Org: ${ORG_ID:-acme}",
                "Cookie: a=${SESSION}",
                "X-Who: Bearer hunter5",
                "accept-language: en",
            ],
        )
        .unwrap();
        insta::assert_snapshot!(outline(&origin), @r"
        https://x.example/mcp
        header accept-language: en
        header Authorization: ${AUTHORIZATION}
        header X-Api-Key: ${X_API_KEY}
        header x-api_key: ${X_API_KEY_2}
        header X-Org: ${ORG_ID:-acme}
        header Cookie: a=${SESSION}
        header X-Who: ${X_WHO}
        slots: AUTHORIZATION ORG_ID? SESSION X_API_KEY X_API_KEY_2 X_WHO
        values: AUTHORIZATION X_API_KEY X_API_KEY_2 X_WHO
        ");
        assert_eq!(
            origin.values.expose("AUTHORIZATION"),
            Some("Bearer hunter2")
        );
        assert_eq!(origin.values.expose("X_API_KEY_2"), Some("hunter4"));
        assert!(!format!("{origin:?}").contains("hunter"));
    }

    #[test]
    fn headers_that_would_break_a_request_are_refused_unseen() {
        for (header, name) in [
            ("X-A: hunter2\r\nX-B: c", "HeaderValue"),
            ("X-A: hunter2\0", "HeaderValue"),
            ("X-A: hünter2", "HeaderValue"),
            ("X A: hunter2", "HeaderName"),
            (": hunter2", "HeaderName"),
            ("hunter2", "HeaderSyntax"),
        ] {
            let error = locate_url("https://x.example", &[header]).unwrap_err();
            let debug = format!("{error:?}");
            assert!(debug.starts_with(name), "{debug}");
            assert!(
                !debug.contains("nter2") && !error.to_string().contains("nter2"),
                "{error}"
            );
            assert!(error.hint().is_some());
        }
    }

    proptest! {
        #[test]
        fn any_url_is_taken(url in r"(https?://)?[a1${}:@/?&=#%. \[\]é-]{0,24}") {
            let _ = locate_url(&url, &[]);
        }
    }
}
