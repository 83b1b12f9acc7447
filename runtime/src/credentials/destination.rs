//! Where a credential of the vault's may go: to the server that a program was made for, or to one that
//! the configuration names.
//!
//! Whoever may run a program may point it at another server. A credential that went along would be
//! theirs for one option.

use crate::spec::{Spec, Transport};

/// The origin of a URL: scheme, host and port; of one behind a socket of this machine, the socket.
///
/// None where two readers of URLs could disagree about it, and where it has a place in it that is yet
/// to be filled.
pub(super) fn origin(url: &str) -> Option<String> {
    if url.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        return None;
    }
    if let Some(socket) = url.strip_prefix("unix:") {
        let socket = socket.split_once(":/").map_or(socket, |(socket, _)| socket);
        return (!socket.contains("${")).then(|| format!("unix:{socket}"));
    }
    let (scheme, rest) = url.split_once("://")?;
    let authority = authority(rest);
    if authority.is_empty() || authority.contains(['@', '$', '{', '}']) {
        return None;
    }
    let scheme = scheme.to_ascii_lowercase();
    let port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = authority.to_ascii_lowercase();
    let authority = authority.trim_end_matches(':');
    let authority = authority.strip_suffix(port).unwrap_or(authority);
    Some(format!("{scheme}://{authority}"))
}

/// Whether a credential may go there at all: over https, or to this machine.
pub(super) fn is_safe(origin: &str) -> bool {
    match origin.split_once("://") {
        Some(("https", _)) => true,
        Some(("http", host)) => is_loopback(host),
        _ => origin.starts_with("unix:"),
    }
}

/// Whether a URL is of an origin that the configuration names, and under its path, if it has one.
pub(super) fn is_within(url: &str, named: &str) -> bool {
    if origin(url).is_none() || origin(url) != origin(named) {
        return false;
    }
    let wanted = path(named).trim_end_matches('/');
    let path = path(url);
    let has_dots = path.split('/').any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        matches!(segment.as_str(), "." | "..")
    });
    let rest = path.strip_prefix(wanted);
    wanted.is_empty()
        || (!has_dots && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Whether a URL is of the server that a program was made for.
pub(super) fn is_own(spec: &Spec, url: &str) -> bool {
    match spec.server.transport {
        Transport::Http { url: own, .. } => origin(own).is_some() && origin(own) == origin(url),
        _ => false,
    }
}

/// Whether a text is an https origin, with or without a path. Plain HTTP is for this machine alone.
pub(super) fn is_origin(text: &str) -> bool {
    let is_clean = !text.contains(['?', '#'])
        && !path(text)
            .split('/')
            .any(|segment| matches!(segment, "." | ".."));
    is_clean && origin(text).is_some_and(|origin| is_safe(&origin))
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn path(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else {
        return "";
    };
    let path = &rest[authority(rest).len()..];
    path.split(['?', '#']).next().unwrap_or_default()
}

/// Whether a host, with or without a port, is this machine.
fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for origin in [
            "https://api.example",
            "https://api.example/v1",
            "http://127.0.0.1:8080/v1",
            "http://localhost",
            "http://[::1]:1/x",
            "unix:/run/mcp",
        ] {
            assert!(is_origin(origin), "{origin}");
        }
        for origin in [
            "http://api.example",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.1@evil.example",
            "http://127.0.0.1:80@evil.example",
            "https://user@api.example",
            "https://api.example/../x",
            "https://api.example?x=1",
            "https://",
            "api.example",
            "ftp://api.example",
        ] {
            assert!(!is_origin(origin), "{origin}");
        }
    }

    #[test]
    fn a_credential_goes_to_the_origin_that_is_named_and_under_its_path() {
        for (url, named) in [
            ("https://api.example/mcp", "https://api.example"),
            ("https://API.example:443/mcp?x=1", "https://api.example/"),
            ("https://api.example/v1/mcp", "https://api.example/v1"),
            ("http://127.0.0.1:80", "http://127.0.0.1/"),
            ("unix:/run/mcp:/end", "unix:/run/mcp"),
        ] {
            assert!(is_within(url, named), "{url} {named}");
        }
        for (url, named) in [
            ("https://api.example.evil/mcp", "https://api.example"),
            ("https://api.example:8443/mcp", "https://api.example"),
            ("https://api.example@evil.example", "https://api.example"),
            ("https://evil.example\\@api.example", "https://api.example"),
            ("https://api.example/v2", "https://api.example/v1"),
            ("https://api.example/v11", "https://api.example/v1"),
            ("https://api.example/v1/%2E%2e/x", "https://api.example/v1"),
            ("http://api.example", "https://api.example"),
            ("https://${HOST}/mcp", "https://${HOST}/mcp"),
            ("unix:/run/other", "unix:/run/mcp"),
        ] {
            assert!(!is_within(url, named), "{url} {named}");
        }
    }
}
