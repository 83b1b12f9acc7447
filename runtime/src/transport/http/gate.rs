//! The one place that sends a request to a remote server.

use std::sync::Arc;
use std::time::Duration;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reqwest::{Client, RequestBuilder, Response, Url};

use crate::authorization::Authorization;
use crate::error::Error;
use crate::transport::Remote;

/// A way to a server: the client, and the headers that every request has.
pub(super) struct Gate {
    http: Client,
    url: Url,
    authorization: Option<Arc<Authorization>>,
    /// The address as it may be shown.
    address: String,
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
        let same_origin = reqwest::redirect::Policy::custom(|attempt| {
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
        let url = url.map_err(|error| unreachable(error.to_string()))?;
        Ok(Arc::new(Self {
            http,
            url,
            authorization: remote.authorization()?,
            address,
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
            let response = request
                .send()
                .await
                .map_err(|error| self.unreachable(None, causes(&error.without_url())))?;
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
    pub(super) fn refused(&self, status: StatusCode) -> Error {
        self.unreachable(Some(status), format!("HTTP {status}"))
    }

    /// The error for a body that answers no request.
    pub(super) fn off_topic(&self, status: StatusCode, text: &str) -> Error {
        let start: String = text.chars().take(200).collect();
        let reason = format!("HTTP {status}, and a body that does not answer the request: {start}");
        self.unreachable(Some(status), reason)
    }

    pub(super) fn unreachable(&self, status: Option<StatusCode>, reason: String) -> Error {
        Error::Unreachable {
            url: self.address.clone(),
            status: status.map(|status| status.as_u16()),
            reason,
        }
    }
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
