//! Putting a credential into a request.

use percent_encoding::utf8_percent_encode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::{Url, form_urlencoded};

use super::address::RESERVED;
use super::clock;
use super::credential::{Credential, SIGNING, Target};
use super::refusal::{Kind, Refusal};
use super::sigv4;
use crate::secret::Secret;

impl Credential {
    /// Whether it signs requests, so that their bodies have to be known whole.
    pub(crate) fn is_signing(&self) -> bool {
        self.format.starts_with(SIGNING)
    }

    /// Puts the credential into a request that is about to be sent to its origin.
    ///
    /// What the credential brings replaces what is there by the same name, however it is spelled; the
    /// rest of the headers and of the query stays. `body` is looked at only by a credential that
    /// signs.
    ///
    /// # Errors
    ///
    /// When the credential cannot go into such a request. Then nothing may be sent.
    pub(crate) fn inject(
        &self,
        method: &str,
        url: &mut Url,
        headers: &mut HeaderMap,
        body: &[u8],
    ) -> Result<(), Refusal> {
        if self.is_signing() {
            return self.sign(method, url, headers, body);
        }
        for (name, value) in self.headers() {
            let (name, value) = header(&name, &value)?;
            headers.insert(name, value);
        }
        let parameters: Vec<_> = self.injected(Target::Query).collect();
        if !parameters.is_empty() {
            set_parameters(url, &parameters);
        }
        Ok(())
    }

    /// The headers that the credential is in, for every request to one URL.
    ///
    /// # Errors
    ///
    /// When it does not go into headers alone.
    pub(crate) fn as_headers(&self) -> Result<Vec<(String, Secret)>, Refusal> {
        let how = match self.injected(Target::Query).next() {
            _ if self.is_signing() => "signs each request",
            Some(_) => "goes into the query",
            None => return Ok(self.headers()),
        };
        let provider = &self.provider_id;
        Err(Refusal::new(
            Kind::BadArgument,
            format!("the credential for `{provider}` {how}, and cannot be given as headers"),
        ))
    }

    fn headers(&self) -> Vec<(String, Secret)> {
        let value = self.format.replacen("{token}", self.token.expose(), 1);
        // Output is searched for the credential itself: what is around it need not be known.
        let mut headers = vec![(self.header.clone(), Secret::plain(value))];
        for (name, value) in self.injected(Target::Header) {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            headers.push((name.to_owned(), value.clone()));
        }
        headers
    }

    /// The further headers or parameters. One whose field is not there is left out.
    fn injected(&self, target: Target) -> impl Iterator<Item = (&str, &Secret)> {
        let rules = self
            .injections
            .iter()
            .filter(move |rule| rule.target == target);
        rules.filter_map(|rule| {
            let value = match &rule.field {
                None => &self.token,
                Some(field) => self.fields.as_ref()?.get(field)?,
            };
            (!value.expose().is_empty()).then_some((rule.key.as_str(), value))
        })
    }

    /// Signs a request as AWS has it. Without its other half such a credential would be a header that
    /// says nothing, and shows the half there is.
    fn sign(
        &self,
        method: &str,
        url: &Url,
        headers: &mut HeaderMap,
        body: &[u8],
    ) -> Result<(), Refusal> {
        let field = |name: &str| self.fields.as_ref()?.get(name);
        let unusable = |words: String| {
            let provider = &self.provider_id;
            Refusal::malformed(format!(
                "the credential for `{provider}` cannot sign: {words}"
            ))
        };
        let secret =
            field("secret_key").ok_or_else(|| unusable("it has no `secret_key`".to_owned()))?;
        let text = |name: &str| field(name).map(Secret::expose);
        let keys = sigv4::Keys {
            id: self.token.expose(),
            secret,
            session: text("session_token"),
            region: text("region"),
            service: text("service"),
        };
        let signed = sigv4::headers(&keys, method, url, body, clock::now()).map_err(unusable)?;
        headers.remove("x-amz-security-token");
        for (name, value) in signed {
            let (name, value) = header(name, &value)?;
            headers.insert(name, value);
        }
        Ok(())
    }
}

fn header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), Refusal> {
    let bad = |what: &str| Refusal::malformed(format!("`{name}` is not a header's {what}"));
    let parsed = HeaderName::try_from(name).map_err(|_| bad("name"))?;
    let mut value = HeaderValue::from_bytes(value.expose().as_bytes()).map_err(|_| bad("value"))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

/// Puts parameters into a query in the place of those of the same name; what else is there stays as it
/// was written.
fn set_parameters(url: &mut Url, parameters: &[(&str, &Secret)]) {
    let is_replaced = |pair: &&str| {
        let name = form_urlencoded::parse(pair.as_bytes()).next();
        name.is_some_and(|(name, _)| {
            parameters
                .iter()
                .any(|(wanted, _)| name.eq_ignore_ascii_case(wanted))
        })
    };
    let query = url.query().unwrap_or_default();
    let kept = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !is_replaced(pair));
    let mut pairs: Vec<String> = kept.map(str::to_owned).collect();
    pairs.extend(
        parameters.iter().map(|(name, value)| {
            format!("{name}={}", utf8_percent_encode(value.expose(), RESERVED))
        }),
    );
    let query = Secret::plain(pairs.join("&"));
    url.set_query(Some(query.expose()));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::error::{Error, Exit};

    fn credential(fields: Value) -> Credential {
        let mut answer = json!({
            "access_token": "s3cret",
            "grant_id": "2763f184-3ab2-5cca-9885-6e8c07bbc57a",
            "provider_id": "some-api",
        });
        for (name, value) in fields.as_object().unwrap() {
            answer[name] = value.clone();
        }
        Credential::read(answer).unwrap()
    }

    /// What becomes of a request with these headers: its URL and its headers, sorted.
    fn injected(
        credential: &Credential,
        url: &str,
        headers: &[(&'static str, &'static str)],
    ) -> (String, Vec<String>) {
        let mut url = Url::parse(url).unwrap();
        let mut map: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        credential.inject("GET", &mut url, &mut map, b"").unwrap();
        let mut lines: Vec<String> = map
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        (url.into(), lines)
    }

    #[test]
    fn a_bearer_replaces_whatever_authorization_there_was() {
        let headers = [
            ("authorization", "Basic dummy"),
            ("accept", "*/*"),
            ("authorization", "again"),
        ];
        let (url, headers) = injected(
            &credential(json!({})),
            "https://api.example/x?a=1",
            &headers,
        );
        assert_eq!(url, "https://api.example/x?a=1");
        assert_eq!(headers, ["accept: */*", "authorization: Bearer s3cret"]);
    }

    #[test]
    fn any_header_and_a_second_one_get_their_parts() {
        let credential = credential(json!({
            "injection_header": "DD-API-KEY",
            "injection_format": "{token}-{token}",
            "additional_credentials": {"app_key": "app"},
            "additional_injections": [
                {"target": "header", "key": "DD-APPLICATION-KEY", "value_source": "additional_credentials.app_key"},
                {"target": "header", "key": "X-Missing", "value_source": "additional_credentials.other"},
            ],
        }));
        let (_, headers) = injected(
            &credential,
            "https://api.example/",
            &[("dd-api-key", "dummy")],
        );
        // Only the first place is the token's.
        assert_eq!(
            headers,
            ["dd-api-key: s3cret-{token}", "dd-application-key: app"]
        );
    }

    #[test]
    fn the_same_header_twice_is_the_later_rule() {
        let credential = credential(json!({
            "additional_injections": [{"target": "header", "key": "authorization", "value_source": "token"}],
        }));
        let (_, headers) = injected(&credential, "https://api.example/", &[]);
        assert_eq!(headers, ["authorization: s3cret"]);
    }

    #[test]
    fn a_parameter_joins_the_query_and_replaces_its_namesakes() {
        let credential = credential(json!({
            "access_token": "a b&c",
            "injection_header": "X-Unused",
            "additional_injections": [{"target": "query_param", "key": "api_key", "value_source": "token"}],
        }));
        let (url, _) = injected(
            &credential,
            "https://api.example/x?api_key=dummy&q=a+b%20c&&API%5Fkey=x&list=1&list=2",
            &[],
        );
        assert_eq!(
            url,
            "https://api.example/x?q=a+b%20c&list=1&list=2&api_key=a%20b%26c"
        );
        let (url, _) = injected(&credential, "https://api.example/x", &[]);
        assert_eq!(url, "https://api.example/x?api_key=a%20b%26c");
        let error = Error::from(credential.as_headers().unwrap_err());
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.to_string().contains("goes into the query"));
    }

    #[test]
    fn a_credential_that_signs_is_not_sent() {
        let credential = credential(json!({
            "access_token": "AKIAFAKE",
            "injection_format": "AWS4-HMAC-SHA256 {token}",
            "additional_credentials": {"secret_key": "fake-secret", "session_token": "st"},
            "additional_injections": [{"target": "query_param", "key": "k", "value_source": "token"}],
        }));
        let dummies = [
            ("authorization", "dummy"),
            ("x-amz-security-token", "dummy"),
        ];
        let (url, headers) = injected(
            &credential,
            "https://s3.us-east-1.amazonaws.com/b/k?a=1",
            &dummies,
        );
        assert_eq!(url, "https://s3.us-east-1.amazonaws.com/b/k?a=1");
        assert_eq!(headers.len(), 4, "{headers:?}");
        assert!(headers[0].starts_with("authorization: AWS4-HMAC-SHA256 Credential=AKIAFAKE/"));
        assert_eq!(headers[3], "x-amz-security-token: st");
        assert!(!headers.concat().contains("fake-secret"));
        assert!(credential.as_headers().is_err());
    }

    #[test]
    fn half_a_credential_that_signs_is_refused() {
        for fields in [json!(null), json!({}), json!({"region": "eu-west-1"})] {
            let credential = credential(json!({
                "access_token": "AKIAFAKE",
                "injection_format": "AWS4-HMAC-SHA256 {token}",
                "additional_credentials": fields,
            }));
            let mut url = Url::parse("https://s3.us-east-1.amazonaws.com/").unwrap();
            let mut headers = HeaderMap::new();
            let error = credential
                .inject("GET", &mut url, &mut headers, b"")
                .unwrap_err();
            assert_eq!(error.kind, Kind::Malformed);
            assert!(headers.is_empty());
        }
    }

    #[test]
    fn injected_headers_are_not_printed() {
        let mut headers = HeaderMap::new();
        let mut url = Url::parse("https://api.example/").unwrap();
        credential(json!({}))
            .inject("GET", &mut url, &mut headers, b"")
            .unwrap();
        assert!(!format!("{headers:?}").contains("s3cret"));
    }
}
