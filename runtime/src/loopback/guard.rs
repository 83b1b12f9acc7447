//! What a request has to show, and what of it and of its answer is passed on.

use http::header::{
    ALT_SVC, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, REFRESH, SET_COOKIE, STRICT_TRANSPORT_SECURITY, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use url::Url;

use super::answer::settle_length;
use super::capability::Capability;
use super::head::{Head, tokens};
use super::origin::Origin;
use super::rejection::Rejection;

/// What is between two neighbours, and for no one behind them (RFC 9110, 7.6.1).
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Methods that are not passed on. What TRACE is answered with, TRACK to some, has the injected
/// credential in it.
const KEPT_BACK: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];

/// A way for the requests of a server: where they come in and where they lead.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    pub(super) origin: Origin,
    pub(super) capability: Capability,
    /// Host and port that it listens at.
    pub(super) authority: String,
}

/// A request that may be passed on: what is left of it.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
}

impl Gate {
    /// The base URL that the server is given.
    pub(super) fn address(&self) -> String {
        format!("http://{}{}", self.authority, self.origin.path())
    }

    /// Lets a request through that shows the capability and asks for what is below the origin, without
    /// what is not for the origin.
    ///
    /// # Errors
    ///
    /// The answer to one that is not let through.
    pub(super) fn admit(&self, head: &Head) -> Result<Admitted, Rejection> {
        self.check_host(&head.headers)?;
        let method = head.method.as_str();
        if KEPT_BACK
            .iter()
            .any(|kept| kept.eq_ignore_ascii_case(method))
        {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            let message = format!("{} is not passed on", head.method);
            return Err(Rejection::new(status, "method_not_allowed", message));
        }
        let mut url = self.origin.join(&head.target)?;
        let mut headers = head.headers.clone();
        let mut query = url.query().map(str::to_owned);
        if !self.capability.take(&mut headers, &mut query) {
            let message = "the request does not show what the server was given for a credential";
            let status = StatusCode::UNAUTHORIZED;
            return Err(Rejection::new(status, "no_capability", message));
        }
        url.set_query(query.as_deref());
        strip_hops(&mut headers);
        for name in [AUTHORIZATION, CONTENT_LENGTH, COOKIE, EXPECT, HOST] {
            headers.remove(name);
        }
        Ok(Admitted {
            method: head.method.clone(),
            url,
            headers,
        })
    }

    /// A page of another origin whose name was made to mean this machine sends its own name.
    fn check_host(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        let mut hosts = headers.get_all(HOST).iter();
        match (hosts.next(), hosts.next()) {
            (Some(host), None) if host.as_bytes() == self.authority.as_bytes() => Ok(()),
            (Some(_), None) => {
                let message = "the Host is not the one that the server was given";
                let status = StatusCode::MISDIRECTED_REQUEST;
                Err(Rejection::new(status, "wrong_host", message))
            }
            _ => Err(Rejection::malformed("not one Host")),
        }
    }

    /// Takes out of an answer's headers what is not for the server, and leads its addresses back here.
    ///
    /// # Errors
    ///
    /// What the server is told instead of an answer that leads elsewhere, or cannot be read in one way.
    pub(super) fn strip_answer(
        &self,
        asked: &Url,
        status: StatusCode,
        headers: &mut HeaderMap,
    ) -> Result<(), Rejection> {
        settle_length(headers)?;
        strip_hops(headers);
        let cookie2 = HeaderName::from_static("set-cookie2");
        // To refresh is to be redirected, by browsers alone.
        for name in [
            SET_COOKIE,
            cookie2,
            ALT_SVC,
            STRICT_TRANSPORT_SECURITY,
            REFRESH,
        ] {
            headers.remove(name);
        }
        self.lead_back(asked, status, headers)
    }
}

/// Takes out what is between neighbours, and what is said to be.
fn strip_hops(headers: &mut HeaderMap) {
    let named: Vec<String> = tokens(headers, &CONNECTION).collect();
    for name in named {
        headers.remove(name.as_str());
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;
    use crate::loopback::head;

    pub(in crate::loopback) fn gate() -> Gate {
        Gate {
            origin: Origin::parse("https://a.example/v1").unwrap(),
            capability: Capability::make().unwrap(),
            authority: "127.0.0.1:4711".to_owned(),
        }
    }

    fn admit(gate: &Gate, head: &str) -> Result<Admitted, Rejection> {
        gate.admit(&Head::read(head.as_bytes())?)
    }

    #[test]
    fn only_what_is_for_the_origin_is_passed_on() {
        let gate = gate();
        let key = gate.capability.secret().expose();
        let head = format!(
            "POST /v1/x?a=1&key={key} HTTP/1.1\r\nHost: 127.0.0.1:4711\r\nAUTHORIZATION: Bearer {key}\r\n\
             authorization: Basic other\r\nX-Api-Key: {key}\r\nCookie: a=b\r\nProxy-Authorization: x\r\n\
             Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 1\r\nTE: trailers\r\nTrailer: x\r\n\
             Upgrade: h2c\r\nProxy-Connection: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\
             Content-Type: text/plain\r\nX-Two: a\r\nX-Two: b\r\n\r\n"
        );
        let admitted = admit(&gate, &head).unwrap();
        assert_eq!(admitted.url.as_str(), "https://a.example/v1/x?a=1");
        let mut left: Vec<_> = admitted
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        left.sort();
        assert_eq!(left, ["content-type: text/plain", "x-two: a", "x-two: b"]);
    }

    #[test]
    fn what_does_not_show_the_capability_is_turned_away() {
        let gate = gate();
        let key = gate.capability.secret().expose();
        let status = |head: &str| admit(&gate, head).map(|_| ()).unwrap_err().status.as_u16();
        let host = "Host: 127.0.0.1:4711\r\n";
        let with_key = format!("{host}X-Api-Key: {key}\r\n");
        assert_eq!(status(&format!("GET /v1/x HTTP/1.1\r\n{host}\r\n")), 401);
        assert_eq!(
            status(&format!(
                "GET /v1/x HTTP/1.1\r\n{host}X-Api-Key: {key}0\r\n\r\n"
            )),
            401
        );
        assert_eq!(
            status(&format!("GET /v2/x HTTP/1.1\r\n{with_key}\r\n")),
            403
        );
        assert_eq!(
            status(&format!("TRACE /v1 HTTP/1.1\r\n{with_key}\r\n")),
            405
        );
        for method in ["TRACK", "track", "Trace"] {
            let head = format!("{method} /v1 HTTP/1.1\r\n{with_key}\r\n");
            assert_eq!(status(&head), 405, "{method}");
        }
        assert_eq!(
            status(&format!("CONNECT b.example:443 HTTP/1.1\r\n{with_key}\r\n")),
            405
        );
        assert_eq!(
            status(&format!("CONNECT /v1 HTTP/1.1\r\n{with_key}\r\n")),
            405
        );
        assert_eq!(
            status(&format!("OPTIONS * HTTP/1.1\r\n{with_key}\r\n")),
            400
        );
        for target in [
            "http://127.0.0.1:4711/v1",
            "https://a.example/v1",
            "//b.example/v1",
        ] {
            assert_eq!(
                status(&format!("GET {target} HTTP/1.1\r\n{with_key}\r\n")),
                400
            );
        }
    }

    #[test]
    fn a_name_that_was_made_to_mean_this_machine_is_turned_away() {
        let gate = gate();
        let key = gate.capability.secret().expose();
        let status = |hosts: &str| {
            let head = format!("GET /v1/x HTTP/1.1\r\n{hosts}X-Api-Key: {key}\r\n\r\n");
            admit(&gate, &head).map_or_else(|rejection| rejection.status.as_u16(), |_| 200)
        };
        assert_eq!(status("Host: 127.0.0.1:4711\r\n"), 200);
        assert_eq!(status("Host: rebound.example:4711\r\n"), 421);
        assert_eq!(status("Host: 127.0.0.1\r\n"), 421);
        assert_eq!(status("Host: 127.0.0.1:4712\r\n"), 421);
        assert_eq!(status("Host: 127.0.0.1:4711@b.example\r\n"), 421);
        assert_eq!(status("Host: \r\n"), 421);
        assert_eq!(status(""), 400);
        assert_eq!(status("Host: 127.0.0.1:4711\r\nHost: b.example\r\n"), 400);
        assert_eq!(
            status("Host: 127.0.0.1:4711\r\nHost: 127.0.0.1:4711\r\n"),
            400
        );
    }

    #[test]
    fn an_answer_leads_nowhere_else_and_sets_nothing() {
        let gate = gate();
        let asked = Url::parse("https://a.example/v1/x").unwrap();
        let strip = |fields: &[(&'static str, &'static str)]| {
            let mut headers: HeaderMap = fields
                .iter()
                .map(|(name, value)| {
                    (
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    )
                })
                .collect();
            gate.strip_answer(&asked, StatusCode::OK, &mut headers)
                .unwrap();
            headers
                .iter()
                .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            strip(&[
                ("set-cookie", "a=b"),
                ("connection", "x-hop"),
                ("x-hop", "1"),
                ("transfer-encoding", "chunked"),
                ("alt-svc", "h2=\"b.example:443\""),
                ("etag", "\"1\""),
                ("refresh", "1; url=https://b.example/"),
            ]),
            ["etag: \"1\""]
        );
        assert_eq!(gate.address(), "http://127.0.0.1:4711/v1");
    }

    /// Heads that are nearly right, so that much of what is tried gets through.
    fn nearly_a_head() -> impl Strategy<Value = Vec<u8>> {
        let usual = |text: &'static str, odd: &'static str| prop_oneof![9 => Just(text.to_owned()), 1 => odd];
        let start = usual(
            "GET /v1/x HTTP/1.1",
            "(GET|POST|[A-Z]{1,8}) (/v1)?[/a-z.%?=&#2e\\\\]{0,12} HTTP/1.[01]",
        );
        let host = usual("Host: 127.0.0.1:4711", "Host:[ -~]{0,9}");
        let key = usual("X-Api-Key: KEY", "[A-Za-z]{1,5}: (Bearer )?KE?Y");
        let name =
            "(X-[A-Za-z]{1,3}|Content-Length|Transfer-Encoding|Connection|Expect|Cookie|Host)";
        let value = prop_oneof![
            "[a-z0-9]{0,8}",
            "(chunked|close, x-a|100-continue)",
            "[ -~\\t\\r\\n\\x00]{0,6}"
        ];
        let other = (name, value).prop_map(|(name, value)| format!("{name}: {value}"));
        let others = prop::collection::vec(other, 0..4);
        let splice = (
            any::<prop::sample::Index>(),
            prop::collection::vec(any::<u8>(), 0..3),
        );
        let splice = prop::option::weighted(0.3, splice);
        (start, host, key, others, splice).prop_map(|(start, host, key, others, splice)| {
            let mut lines = vec![start, host, key];
            lines.extend(others);
            let mut bytes = format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes();
            if let Some((at, new)) = splice {
                let at = at.index(bytes.len());
                bytes.splice(at..at, new);
            }
            bytes
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn nothing_gets_through_that_says_what_was_not_read(bytes in nearly_a_head()) {
            let gate = gate();
            let key = gate.capability.secret().expose();
            let text = String::from_utf8_lossy(&bytes).replace("KEY", key);
            check(&gate, text.as_bytes())?;
        }

        #[test]
        fn no_bytes_confuse_the_guard(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            check(&gate(), &bytes)?;
        }
    }

    fn check(gate: &Gate, bytes: &[u8]) -> Result<(), TestCaseError> {
        let Ok(Some(end)) = head::end(bytes, 0) else {
            return Ok(());
        };
        let Ok(head) = Head::read(&bytes[..end]) else {
            return Ok(());
        };
        // As many lines as headers were read: none hides in another.
        let lines = bytes[..end].iter().filter(|byte| **byte == b'\n').count();
        prop_assert_eq!(lines, head.headers.len() + 2);
        let Ok(admitted) = gate.admit(&head) else {
            return Ok(());
        };
        let url = admitted.url.as_str();
        prop_assert!(url.starts_with("https://a.example/v1"), "{}", url);
        let key = gate.capability.secret().expose();
        prop_assert!(String::from_utf8_lossy(bytes).contains(key));
        prop_assert!(!url.contains(key));
        for (name, value) in &admitted.headers {
            prop_assert!(
                !value
                    .as_bytes()
                    .iter()
                    .any(|byte| matches!(byte, b'\r' | b'\n' | 0))
            );
            let kept_back = [
                "host",
                "authorization",
                "cookie",
                "connection",
                "content-length",
                "transfer-encoding",
            ];
            prop_assert!(!kept_back.contains(&name.as_str()));
        }
        Ok(())
    }
}
