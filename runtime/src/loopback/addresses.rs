//! Addresses in the headers of an answer, led back here.
//!
//! A server that goes on by an address of the origin's own goes past the proxy, with a stand-in that
//! the origin does not know. Those within the route are made addresses of the loopback's. A link that
//! leads elsewhere is for whoever wants to know, and is left; a redirect is not followed off the route,
//! and that is said.

use http::header::{CONTENT_LOCATION, LINK, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use url::Url;

use super::guard::Gate;
use super::rejection::Rejection;

impl Gate {
    /// Leads the addresses of an answer back here.
    ///
    /// # Errors
    ///
    /// What the server is told of a redirect that leads off the route.
    pub(super) fn lead_back(
        &self,
        asked: &Url,
        status: StatusCode,
        headers: &mut HeaderMap,
    ) -> Result<(), Rejection> {
        if let Some(location) = headers.remove(LOCATION) {
            let inward = text(&location).and_then(|location| self.here(asked, location));
            match inward.map(HeaderValue::try_from) {
                Some(Ok(location)) => {
                    headers.insert(LOCATION, location);
                }
                _ if status.is_redirection() && status != StatusCode::NOT_MODIFIED => {
                    return Err(self.elsewhere(asked, text(&location).unwrap_or_default()));
                }
                // Where something is that was made, and nowhere to go.
                _ => {}
            }
        }
        self.replace(headers, &CONTENT_LOCATION, |value| self.here(asked, value));
        self.replace(headers, &LINK, |value| {
            relinked(value, |reference| self.here(asked, reference))
        });
        Ok(())
    }

    /// An address of the loopback for one of the route's.
    fn here(&self, asked: &Url, address: &str) -> Option<String> {
        let inward = self.origin.inward(asked, address)?;
        Some(format!("http://{}{inward}", self.authority))
    }

    /// Puts other values in the place of those that there is another for.
    fn replace(
        &self,
        headers: &mut HeaderMap,
        name: &HeaderName,
        other: impl Fn(&str) -> Option<String>,
    ) {
        let http::header::Entry::Occupied(mut values) = headers.entry(name) else {
            return;
        };
        for value in values.iter_mut() {
            let other = text(value).and_then(&other).map(HeaderValue::try_from);
            if let Some(Ok(other)) = other {
                *value = other;
            }
        }
    }

    fn elsewhere(&self, asked: &Url, location: &str) -> Rejection {
        let target = asked.join(location).ok();
        let host = target
            .filter(Url::has_host)
            .map_or("no host".to_owned(), |url| {
                url.origin().ascii_serialization()
            });
        let message = match host == self.origin.shown() {
            true => format!(
                "the origin redirects to a path of {host} that is not below that of the address given to the server"
            ),
            false => format!(
                "the origin redirects to {host}, and no redirect is followed to another host"
            ),
        };
        Rejection::new(StatusCode::BAD_GATEWAY, "redirect_elsewhere", message)
    }
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

/// The links of a header (RFC 8288, 3) with other addresses for those that there is another for. None
/// if there is for none.
fn relinked(links: &str, other: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut new = String::with_capacity(links.len());
    let mut has_other = false;
    let mut rest = links;
    let mut is_quoted = false;
    while let Some(at) = rest.find(['<', '"', '\\']) {
        let (before, found) = rest.split_at(at);
        new.push_str(before);
        let taken = match found.as_bytes() {
            // What a backslash is before is no sign in quotes.
            [b'\\', ..] if is_quoted => found
                .char_indices()
                .nth(2)
                .map_or(found.len(), |(at, _)| at),
            [b'"', ..] => {
                is_quoted = !is_quoted;
                1
            }
            [b'<', ..] if !is_quoted => match found.find('>') {
                Some(end) => {
                    let reference = found.get(1..end).unwrap_or_default();
                    if let Some(other) = other(reference.trim()) {
                        has_other = true;
                        new.push_str(&format!("<{other}>"));
                        rest = found.get(end + 1..).unwrap_or_default();
                        continue;
                    }
                    end + 1
                }
                None => found.len(),
            },
            _ => 1,
        };
        let (kept, left) = found.split_at(taken);
        new.push_str(kept);
        rest = left;
    }
    new.push_str(rest);
    has_other.then_some(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::guard::tests::gate;

    /// What becomes of a header in an answer with this status.
    fn led(status: u16, name: &'static str, value: &str) -> Result<Option<String>, Rejection> {
        let asked = Url::parse("https://a.example/v1/x?page=1").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::try_from(value).unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        gate().lead_back(&asked, status, &mut headers)?;
        let value = headers.get(name);
        Ok(value.map(|value| value.to_str().unwrap().to_owned()))
    }

    #[test]
    fn a_redirect_within_the_route_leads_here_and_another_is_refused_by_name() {
        assert_eq!(
            led(302, "location", "y?z").unwrap().unwrap(),
            "http://127.0.0.1:4711/v1/y?z"
        );
        for (location, host) in [
            ("https://b.example/secret", "https://b.example"),
            ("//b.example:444/", "https://b.example:444"),
            ("http://a.example/v1/x", "http://a.example"),
            ("/v2", "a path of https://a.example"),
            ("javascript:alert(1)", "no host"),
            ("https://", "no host"),
        ] {
            let rejection = led(302, "location", location).unwrap_err();
            assert_eq!(rejection.status, 502);
            assert_eq!(rejection.code, "redirect_elsewhere");
            let words = format!("redirects to {host}");
            assert!(rejection.message.contains(&words), "{rejection:?}");
            assert!(!rejection.message.contains("secret"));
        }
        // Something was made: that it is elsewhere is no failure.
        assert_eq!(led(201, "location", "https://b.example/"), Ok(None));
        assert_eq!(led(304, "location", "https://b.example/"), Ok(None));
    }

    #[test]
    fn links_within_the_route_lead_here_and_others_are_left() {
        let here = "http://127.0.0.1:4711/v1";
        for (link, led_to) in [
            (
                "<https://a.example/v1/x?page=2>; rel=\"next\", </v1/x?page=9>; rel=last",
                format!("<{here}/x?page=2>; rel=\"next\", <{here}/x?page=9>; rel=last"),
            ),
            (
                "<https://b.example/x>; rel=help, <https://a.example/v2>; rel=up,<?page=2>;rel=next",
                format!(
                    "<https://b.example/x>; rel=help, <https://a.example/v2>; rel=up,<{here}/x?page=2>;rel=next"
                ),
            ),
            (
                r#"<?b>; title="a \" <?c> \\"; rel=next"#,
                format!(r#"<{here}/x?b>; title="a \" <?c> \\"; rel=next"#),
            ),
            ("<?b", "<?b".to_owned()),
            ("\"<?b>", "\"<?b>".to_owned()),
            ("\"\\", "\"\\".to_owned()),
            ("", String::new()),
        ] {
            assert_eq!(led(200, "link", link).unwrap().unwrap(), led_to, "{link}");
        }
        assert_eq!(
            led(200, "content-location", "https://a.example/v1/y")
                .unwrap()
                .unwrap(),
            format!("{here}/y")
        );
        assert_eq!(
            led(200, "content-location", "https://b.example/y")
                .unwrap()
                .unwrap(),
            "https://b.example/y"
        );
    }
}
