//! Addresses: the vault's own, those that credentials are for, and what of them may be shown.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Host, Url};

/// Where the vault is, unless the user says otherwise.
pub(crate) const ORIGIN: &str = "https://backend.alterauth.com";

/// The longest address of a request, its query included, in bytes.
const LONGEST: usize = 1 << 16;

/// All but the unreserved characters (RFC 3986, 2.3).
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The address of a vault, without a slash at its end.
///
/// # Errors
///
/// Why it is none, as the end of a sentence.
pub(super) fn base(text: &str) -> Result<Url, &'static str> {
    let url = secure(text)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or a fragment");
    }
    let path = url.path().trim_end_matches('/').to_owned();
    let mut url = url;
    url.set_path(&path);
    Ok(url)
}

/// An address that a credential is for.
///
/// # Errors
///
/// Why no credential goes there, as the end of a sentence.
pub(crate) fn destination(text: &str) -> Result<Url, &'static str> {
    if text.len() > LONGEST {
        return Err("is too long");
    }
    let url = secure(text)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or a password");
    }
    Ok(url)
}

/// An address that is encrypted to, or that does not leave this machine.
fn secure(text: &str) -> Result<Url, &'static str> {
    // What a parser of URLs forgives is not forgiven here: others may read it another way.
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    let (scheme, rest) = text.split_once("://").ok_or("is not an absolute URL")?;
    if text.contains(is_odd) || rest.starts_with('/') {
        return Err("is not a valid URL");
    }
    let is_https = scheme.eq_ignore_ascii_case("https");
    if !is_https && !scheme.eq_ignore_ascii_case("http") {
        return Err("is not an https URL");
    }
    let url = Url::parse(text).map_err(|_| "is not a valid URL")?;
    if !is_https && !is_loopback(&url) {
        return Err("is not an https URL, and not one of this machine (localhost, 127.0.0.1, ::1)");
    }
    Ok(url)
}

/// Whether a URL is of this machine, by one of its three names.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The address of a provider's API as the vault tells it: a bare origin of small letters, or nothing.
pub(super) fn bare_origin(text: &str) -> Option<&str> {
    let host = text.strip_prefix("https://")?;
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    (text.len() <= 270 && host.split('.').all(is_label)).then_some(text)
}

/// A URL as it may be shown: no path, query or port, for any of those may be a secret.
pub(crate) fn shown(text: &str) -> String {
    match Url::parse(text).ok().as_ref().and_then(Url::host_str) {
        Some(host) => {
            let scheme = text.split(':').next().unwrap_or_default();
            format!("{}://{host}", scheme.to_ascii_lowercase())
        }
        None => "<unparseable-url>".to_owned(),
    }
}

/// A template with each `{name}` filled in, so that a value stays within its place: all but the
/// unreserved characters of it are escaped, the slash too. Values for no place are left out.
///
/// # Errors
///
/// When a name is none, a place has no value, or a brace is left over.
pub(super) fn filled(template: &str, values: &[(&str, &str)]) -> Result<String, String> {
    if let Some((name, _)) = values.iter().find(|(name, _)| !is_identifier(name)) {
        return Err(format!("`{name}` is not a name"));
    }
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at(at);
        let place = after
            .strip_prefix('{')
            .and_then(|after| after.split_once('}'));
        let Some((name, after)) = place else {
            return Err("a brace is left over".to_owned());
        };
        let Some((_, value)) = values.iter().find(|(given, _)| *given == name) else {
            return Err(format!("`{name}` has no value"));
        };
        text.push_str(before);
        text.extend(utf8_percent_encode(value, RESERVED));
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_readers_take_for_another_host_is_no_address() {
        for text in [
            "https:backend.example",
            "https:///backend.example",
            "https://backend.example\\@evil.example",
            "https://backend.example /",
            "https://back\nend.example",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://[::2]/",
        ] {
            assert!(base(text).is_err(), "{text}");
            assert!(destination(text).is_err(), "{text}");
        }
        assert!(destination("https://u:p@api.example/").is_err());
        assert!(destination(&format!("https://api.example/{}", "x".repeat(LONGEST))).is_err());
    }
}
