//! The one place that sends a request to a remote server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use http::header::{DATE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reqwest::{Client, RequestBuilder, Response, Url};
use serde_json::Value;

use crate::authorization::Authorization;
use crate::error::Error;
use crate::resilience::retry_after::retry_after;
use crate::resilience::verdict::is_passing;
use crate::transport::Remote;

/// A way to a server: the client, and the headers that every request has.
pub(super) struct Gate {
    http: Client,
    url: Url,
    authorization: Option<Arc<Authorization>>,
    /// The address as it may be shown.
    address: String,
    /// How many times a request was sent elsewhere.
    redirects: Arc<AtomicUsize>,
}

impl Gate {
    /// TLS is by rustls on ring. No redirect leaves the origin, because the headers are for that
    /// origin alone.
    pub(super) fn open(remote: &Remote) -> Result<Arc<Self>, Error> {
        let address = remote.address().to_owned();
        let unreachable = |reason: String| Error::Unreachable {
            url: address.clone(),
            status: None,
            reason,
            sent: false,
            retry_after: None,
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &remote.headers {
            let bad =
                |what: &str| Error::usage(format!("header `{name}`: not a valid header {what}"));
            let parsed = HeaderName::try_from(name).map_err(|_| bad("name"))?;
            let mut value = HeaderValue::try_from(value.expose()).map_err(|_| bad("value"))?;
            value.set_sensitive(true);
            headers.append(parsed, value);
        }
        let followed = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&followed);
        let same_origin = reqwest::redirect::Policy::custom(move |attempt| {
            counted.fetch_add(1, Ordering::Relaxed);
            let origin = attempt.previous().first().map(Url::origin);
            if attempt.previous().len() > 5 {
                attempt.error("too many redirects")
            } else if origin.is_some_and(|origin| origin == attempt.url().origin()) {
                attempt.follow()
            } else {
                attempt.stop()
            }
        });
        // A second call finds the provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .default_headers(headers)
            .redirect(same_origin)
            .connect_timeout(Duration::from_secs(15));
        #[cfg(unix)]
        let builder = match remote.socket() {
            Some((path, _)) => builder.unix_socket(path),
            None => builder,
        };
        let http = builder
            .build()
            .map_err(|error| unreachable(causes(&error.without_url())))?;
        let url = match remote.socket() {
            Some((_, path)) => Url::parse(&format!("http://localhost{path}")),
            None => Url::parse(&remote.url),
        };
        let url = url.map_err(|error| Error::usage(format!("`{address}`: not a URL: {error}")))?;
        Ok(Arc::new(Self {
            http,
            url,
            authorization: remote.authorization()?,
            address,
            redirects: followed,
        }))
    }

    /// The endpoint.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Sends a request that `build` makes, for as often as it has to be made.
    ///
    /// # Errors
    ///
    /// When the server is not reached, or does not let the caller in.
    pub(super) async fn send(
        &self,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Response, Error> {
        loop {
            let bearer = match &self.authorization {
                Some(authorization) => authorization.bearer().await?,
                None => None,
            };
            let mut request = build(&self.http);
            if let Some(bearer) = &bearer {
                request = request.bearer_auth(bearer.expose());
            }
            let redirects = self.redirects.load(Ordering::Relaxed);
            let response = request.send().await.map_err(|error| {
                // Who was redirected has been heard. Another request's redirect in the meantime makes
                // no more than a doubt of it.
                let is_first = self.redirects.load(Ordering::Relaxed) == redirects;
                let sent = !(error.is_connect() || error.is_builder()) || !is_first;
                self.lost(sent, causes(&error.without_url()))
            })?;
            let status = response.status();
            if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
                return Ok(response);
            }
            let challenges = response.headers().get_all(WWW_AUTHENTICATE);
            let challenges: Vec<&str> = challenges
                .iter()
                .filter_map(|value| value.to_str().ok())
                .collect();
            let challenge = challenges.join(", ");
            if let Some(authorization) = &self.authorization
                && authorization
                    .turned_away(status.as_u16(), &challenge, bearer.as_ref())
                    .await?
            {
                continue;
            }
            return Err(Error::Unauthorized {
                url: self.address.clone(),
                challenge: Some(challenge).filter(|challenge| !challenge.is_empty()),
                invitation: None,
            });
        }
    }

    /// The error for a status that says it all.
    pub(super) fn refused(&self, answer: &Head) -> Error {
        self.turned_away(answer, String::new())
    }

    /// The error for a status that says it all, and a body that may say it in words.
    pub(super) fn refused_with(&self, answer: &Head, text: &str) -> Error {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        let places = ["/error/message", "/message", "/detail", "/error"];
        let words = places
            .iter()
            .find_map(|place| said.pointer(place)?.as_str());
        let words = words.map(|words| format!(": {}", start(words)));
        self.turned_away(answer, words.unwrap_or_default())
    }

    fn turned_away(&self, answer: &Head, words: String) -> Error {
        let reason = format!("HTTP {}{words}", answer.status);
        let mut error = self.unreachable(Some(answer.status), reason);
        if let Error::Unreachable { retry_after, .. } = &mut error {
            *retry_after = answer.retry_after;
        }
        error
    }

    /// The error for a body that answers no request.
    pub(super) fn off_topic(&self, status: StatusCode, text: &str) -> Error {
        let start = start(text);
        let reason = format!("HTTP {status}, and a body that does not answer the request: {start}");
        self.unreachable(Some(status), reason)
    }

    /// The error for what came back, once a request was sent.
    pub(super) fn unreachable(&self, status: Option<StatusCode>, reason: String) -> Error {
        Error::Unreachable {
            url: self.address.clone(),
            status: status.map(|status| status.as_u16()),
            reason,
            sent: true,
            retry_after: None,
        }
    }

    /// The error for a request that nothing came back to, and that may have been `sent`.
    fn lost(&self, sent: bool, reason: String) -> Error {
        Error::Unreachable {
            url: self.address.clone(),
            status: None,
            reason,
            sent,
            retry_after: None,
        }
    }
}

/// What the head of a response says of how the request was received.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    retry_after: Option<Duration>,
}

impl Head {
    pub(super) fn of(response: &Response) -> Self {
        let text = |name: HeaderName| response.headers().get(name)?.to_str().ok();
        let date = text(DATE);
        let after = text(RETRY_AFTER);
        Self {
            status: response.status(),
            retry_after: after.and_then(|after| retry_after(after, date, SystemTime::now())),
        }
    }

    /// Whether the response is of somebody on the way, or of a server that has not looked at the
    /// request: what is in its body is then no answer to it.
    pub(super) fn is_passing(&self) -> bool {
        is_passing(self.status.as_u16())
    }
}

/// The start of a text that may be long.
fn start(text: &str) -> String {
    text.chars().take(200).collect()
}

/// The words of an error and of all that caused it.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        source = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::secret::Secret;
    use crate::transport::AuthorizationSettings;

    /// What a request comes to that one connection is accepted for, and answered like this.
    async fn asked(answer: Option<&'static str>) -> Result<Response, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let server = answer.map(|answer| {
            std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                drop(listener);
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            })
        });
        let gate = Gate::open(&Remote::new(
            url,
            vec![("Authorization".to_owned(), Secret::plain("x"))],
            AuthorizationSettings::default(),
        ));
        let gate = gate.unwrap();
        let outcome = gate
            .send(|http| http.post(gate.url().clone()).body("{}"))
            .await;
        if let Some(server) = server {
            server.join().unwrap();
        }
        outcome
    }

    async fn was_sent(answer: Option<&'static str>) -> bool {
        match asked(answer).await {
            Err(Error::Unreachable { sent, .. }) => sent,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_was_not_sent_is_told_from_what_may_have_been() {
        assert!(!was_sent(None).await);
        assert!(was_sent(Some("")).await);
        assert!(was_sent(Some("HTTP/1.1 200 OK\r\nContent-Le")).await);
        // The server has taken what it was sent, and it is the next one that nobody is there for.
        let elsewhere = "HTTP/1.1 303 See Other\r\nLocation: /done\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        assert!(was_sent(Some(elsewhere)).await);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_status_is_told_with_the_words_and_the_time_that_come_with_it() {
        let answer =
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n";
        let response = asked(Some(answer)).await.unwrap();
        let head = Head::of(&response);
        assert!(head.is_passing());
        let remote = Remote::new(
            "http://a".to_owned(),
            Vec::new(),
            AuthorizationSettings::default(),
        );
        let gate = Gate::open(&remote).unwrap();
        for text in [
            r#"{"jsonrpc": "2.0", "id": null, "error": {"code": 1, "message": "too busy"}}"#,
            r#"{"message": "too busy"}"#,
            r#"{"error": "too busy"}"#,
        ] {
            let error = gate.refused_with(&head, text);
            assert!(
                error
                    .to_string()
                    .ends_with("503 Service Unavailable: too busy"),
                "{error}"
            );
            assert_eq!(error.to_json(None)["error"]["retry_after"], 3);
        }
        let error = gate.refused_with(&head, "<html>");
        assert!(
            error.to_string().ends_with("503 Service Unavailable"),
            "{error}"
        );
    }
}
