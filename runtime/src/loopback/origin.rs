//! The one origin that a route leads to, and what of it a request may ask for.

use http::StatusCode;
use percent_encoding::percent_decode;
use url::{Host, Position, Url};

use super::rejection::Rejection;
use crate::error::Error;

/// How often a path is decoded when it is looked for what leaves the origin's own path: as often as
/// proxies and servers behind one another may do it, and once more.
const DECODED: usize = 3;

/// Where the requests of a route go: scheme, host, port, and the path that each begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    url: Url,
    /// The path, as it ends the address that the server is given.
    path: String,
}

impl Origin {
    /// Reads an origin as it is configured.
    ///
    /// # Errors
    ///
    /// When it is neither https nor on this machine, or has in it what is no origin's.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let bad = |what: &str| Error::Usage {
            message: format!("origin `{}`: {what}", shown(text)),
            hint: Some("an origin is of the form https://host/path".to_owned()),
        };
        // What a parser of URLs forgives is not forgiven here: others may read it another way.
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
        let rest = text.split_once("://").map_or("/", |(_, rest)| rest);
        if text.contains(is_odd) || rest.starts_with('/') {
            return Err(bad("not an absolute URL"));
        }
        let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
        let has_more = url.query().is_some() || url.fragment().is_some();
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(bad("credentials do not go over plain HTTP")),
            _ => return Err(bad("neither https nor http")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("has a user in it"));
        }
        if has_more || url.host().is_none() {
            return Err(bad("has more in it than a host and a path"));
        }
        if leaves(url.path()) {
            return Err(bad("a path that does not stay where it is"));
        }
        let path = match url.path() {
            "/" if !text.ends_with('/') => "",
            path => path,
        };
        Ok(Self {
            path: path.to_owned(),
            url,
        })
    }

    /// The path that a server's base URL ends in, so that it makes of it what it would have made of
    /// the origin itself.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is on this machine, to which no proxy leads.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Scheme, host and port, for messages.
    pub(crate) fn shown(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The URL that a request asks for with the target of its request line.
    ///
    /// # Errors
    ///
    /// When the target is not a path with perhaps a query, or not one below this origin's own path in
    /// every reading of it.
    pub(super) fn join(&self, target: &str) -> Result<Url, Rejection> {
        if !target.starts_with('/') || target.starts_with("//") {
            return Err(Rejection::malformed("the request is not for a path"));
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        if !target.bytes().all(|byte| byte.is_ascii_graphic()) || target.contains('#') {
            return Err(Rejection::malformed("the path is not one of a URL"));
        }
        if path.contains(['\\', '<', '>', '"']) || !is_encoded(path) {
            return Err(Rejection::malformed("the path is not one of a URL"));
        }
        if leaves(path) {
            return Err(Rejection::malformed("the path has `.` or `..` in it"));
        }
        let mut url = self.url.clone();
        url.set_path(path);
        url.set_query(query);
        if !self.is_below(path) || !self.holds(&url) {
            let message = "the path is not below that of the address given to the server";
            return Err(Rejection::new(
                StatusCode::FORBIDDEN,
                "not_this_route",
                message,
            ));
        }
        Ok(url)
    }

    /// What is left of a URL without the origin: path, query, fragment. None if it leads elsewhere.
    pub(super) fn inward(&self, asked: &Url, location: &str) -> Option<String> {
        let url = asked.join(location).ok()?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || !self.holds(&url) || leaves(url.path()) {
            return None;
        }
        Some(url[Position::BeforePath..].to_owned())
    }

    fn holds(&self, url: &Url) -> bool {
        url.origin() == self.url.origin() && self.is_below(url.path())
    }

    fn is_below(&self, path: &str) -> bool {
        let base = self.url.path().trim_end_matches('/');
        path.strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// An origin as it may be shown, though it could not be read.
fn shown(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    match scheme {
        "" => host.to_owned(),
        scheme => format!("{scheme}://{host}"),
    }
}

/// Whether every `%` begins an encoded byte.
fn is_encoded(path: &str) -> bool {
    let mut parts = path.split('%').skip(1);
    parts.all(|part| {
        let digits = part.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Whether a path, in any reading of it, has in it what leads out of it or what ends it.
fn leaves(path: &str) -> bool {
    let mut bytes = path.as_bytes().to_vec();
    for _ in 0..=DECODED {
        let unsafe_byte = |byte: &u8| *byte == b'\\' || byte.is_ascii_control();
        if bytes.iter().any(unsafe_byte) || bytes.split(|byte| *byte == b'/').any(is_dots) {
            return true;
        }
        let decoded: Vec<u8> = percent_decode(&bytes).collect();
        if decoded == bytes {
            return false;
        }
        bytes = decoded;
    }
    false
}

/// Whether a segment is `.` or `..`, whatever parameters a server finds on it.
fn is_dots(segment: &[u8]) -> bool {
    let name = segment.split(|byte| *byte == b';').next();
    matches!(name, Some(b"." | b".."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    fn join(text: &str, target: &str) -> Option<String> {
        origin(text).join(target).ok().map(String::from)
    }

    #[test]
    fn an_origin_is_https_or_here() {
        for text in [
            "https://api.example.com",
            "https://api.example.com:8443/v1",
            "http://127.0.0.1:8080/v1",
            "http://localhost:8080",
            "http://[::1]:8080/",
        ] {
            assert!(Origin::parse(text).is_ok(), "{text}");
        }
        for text in [
            "http://api.example.com",
            "http://127.0.0.1.example.com",
            "ftp://api.example.com",
            "https://user@api.example.com",
            "https://user:secret@api.example.com/v1",
            "https://api.example.com?q",
            "https://api.example.com/#x",
            "https://api.example.com/a/%252e%252e/b",
            "api.example.com",
            "https:api.example.com",
            "https:///api.example.com",
            "https://api.example.com\\v1",
            " https://api.example.com",
            "",
            "https://",
        ] {
            let error = Origin::parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with("origin `") && !error.contains("secret"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_address_ends_as_the_origin_does() {
        assert_eq!(origin("https://a.example").path(), "");
        assert_eq!(origin("https://a.example/").path(), "/");
        assert_eq!(origin("https://a.example/v1").path(), "/v1");
        assert_eq!(origin("https://a.example/v1/").path(), "/v1/");
        assert_eq!(
            origin("https://a.example:444/v1").shown(),
            "https://a.example:444"
        );
    }

    #[test]
    fn a_target_is_appended_to_the_origin() {
        for (base, target, url) in [
            ("https://a.example", "/", "https://a.example/"),
            (
                "https://a.example",
                "/x/y?z=1&z=2",
                "https://a.example/x/y?z=1&z=2",
            ),
            ("https://a.example/v1", "/v1", "https://a.example/v1"),
            (
                "https://a.example/v1",
                "/v1?q=a%2Fb+c",
                "https://a.example/v1?q=a%2Fb+c",
            ),
            (
                "https://a.example/v1/",
                "/v1/x%2Fy/",
                "https://a.example/v1/x%2Fy/",
            ),
            ("https://a.example/v1", "/v1//x", "https://a.example/v1//x"),
            (
                "https://a.example",
                "/a..b/.c/d./...",
                "https://a.example/a..b/.c/d./...",
            ),
            (
                "https://a.example",
                "/?next=/../x",
                "https://a.example/?next=/../x",
            ),
            ("https://a.example", "/%25zz", "https://a.example/%25zz"),
        ] {
            assert_eq!(join(base, target).as_deref(), Some(url), "{base} {target}");
        }
    }

    #[test]
    fn a_target_that_leads_elsewhere_is_refused() {
        for target in [
            "",
            "*",
            "v1/x",
            "http://b.example/v1",
            "https://a.example/v1",
            "b.example:443",
            "//b.example/v1",
            "/",
            "/v2",
            "/v10",
            "/%76%31/x",
            "/V1/x",
            "/v1/../x",
            "/v1/..",
            "/v1/.",
            "/v1/./x",
            "/v1/%2e%2e/x",
            "/v1/%2E./x",
            "/v1/.%2e/x",
            "/v1/%252e%252e/x",
            "/v1/%25252e%25252e/x",
            "/v1/x%2f..%2fy",
            "/v1/x%252f..%252fy",
            "/v1/..;a=b/x",
            "/v1/..%3b/x",
            "/v1\\..\\x",
            "/v1/..%5cx",
            "/v1/%5c",
            "/v1/%255c",
            "/v1/%00",
            "/v1/%0d%0aHost:%20b",
            "/v1/%2500",
            "/v1/%",
            "/v1/%2",
            "/v1/%zz",
            "/v1/#x",
            "/v1/x#/../",
            "/v1/?a=b#c",
            "/v1/\u{e9}",
            "/v1/<x>",
            "/v1/@b.example:1/..",
        ] {
            assert_eq!(join("https://a.example/v1", target), None, "{target}");
        }
    }

    #[test]
    fn a_redirect_is_led_back_to_the_loopback() {
        let origin = origin("https://a.example/v1");
        let asked = origin.join("/v1/x/y?q").unwrap();
        for (location, inward) in [
            ("https://a.example/v1/z?q=1#f", Some("/v1/z?q=1#f")),
            ("https://a.example:443/v1", Some("/v1")),
            ("//a.example/v1/z", Some("/v1/z")),
            ("/v1/z", Some("/v1/z")),
            ("z", Some("/v1/x/z")),
            ("../z", Some("/v1/z")),
            ("?r", Some("/v1/x/y?r")),
            ("https://a.example/v2/z", None),
            ("/", None),
            ("../../z", None),
            ("http://a.example/v1/z", None),
            ("https://a.example:444/v1/z", None),
            ("https://b.example/v1/z", None),
            ("//b.example/v1/z", None),
            ("https://user@a.example/v1/z", None),
            ("javascript:alert(1)", None),
            ("https://", None),
        ] {
            assert_eq!(
                origin.inward(&asked, location).as_deref(),
                inward,
                "{location}"
            );
        }
    }

    #[test]
    fn what_is_left_of_a_url_begins_with_its_path() {
        for (base, location, inward) in [
            ("https://a.example", "https://a.example/?x", "/?x"),
            ("https://a.example", "https://a.example/a", "/a"),
            ("https://a.example", "https://a.example//a", "//a"),
        ] {
            let origin = origin(base);
            let asked = origin.join("/y").unwrap();
            assert_eq!(origin.inward(&asked, location).as_deref(), Some(inward));
        }
    }

    proptest! {
        #[test]
        fn no_target_leads_out(target in "(/v1)?[/.%25eEfFcC;\\\\?#@:a-z0-9]{0,40}") {
            let origin = origin("https://a.example/v1");
            if let Ok(url) = origin.join(&target) {
                prop_assert!(url.as_str().starts_with("https://a.example/v1"));
                let path = target.split('?').next().unwrap();
                prop_assert_eq!(url.path(), path);
                prop_assert!(!leaves(path));
            }
        }
    }
}
