//! The way to an origin from this program.

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use futures::TryStreamExt;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, StatusCode};
use reqwest::{Body, Client, ClientBuilder, Request, Response, redirect};

use super::origin::Origin;
use super::rejection::Rejection;
use super::{Incoming, Outgoing};
use crate::transport::causes;

/// Until there is a connection. What comes after is the server's patience, not this program's.
const CONNECTED: Duration = Duration::from_secs(15);

/// Sends requests to one origin, and remembers nothing between them: it follows nowhere and keeps no
/// cookie.
#[derive(Debug)]
pub(crate) struct Direct {
    client: Client,
    /// One that keeps no connection, made when it is first needed.
    fresh: OnceLock<Client>,
    is_near: bool,
    origin: String,
}

impl Direct {
    /// TLS is by rustls on ring. The user's proxies are used, but for what is on this machine. A client
    /// `shared` by all that is far, which follows and keeps nothing either, has the system's
    /// certificates read already, which takes 20 ms.
    ///
    /// # Errors
    ///
    /// When the system's proxies or certificates cannot be read.
    pub(crate) fn open(
        origin: &Origin,
        shared: Option<&Client>,
    ) -> Result<Self, crate::error::Error> {
        let is_near = origin.is_loopback();
        let client = match shared.filter(|_| !is_near) {
            Some(client) => client.clone(),
            None => {
                let client = builder(is_near).build();
                client.map_err(|error| crate::error::Error::Unreachable {
                    url: origin.shown(),
                    status: None,
                    reason: causes(&error.without_url()),
                    sent: false,
                    retry_after: None,
                })?
            }
        };
        Ok(Self {
            client,
            fresh: OnceLock::new(),
            is_near,
            origin: origin.shown(),
        })
    }

    /// Sends a request as it stands, and gives the answer as soon as its head is there.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> Result<Incoming, Rejection> {
        let mut request = Request::new(outgoing.method, outgoing.url);
        *request.headers_mut() = outgoing.headers;
        if let Some(sent) = outgoing.body {
            let headers = request.headers_mut();
            // Said outright: hyper sends no body of unknown length with GET otherwise.
            match sent.length {
                Some(length) => headers.insert(CONTENT_LENGTH, length.into()),
                None => headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked")),
            };
            *request.body_mut() = Some(match sent.length {
                Some(0) => Body::from(Vec::new()),
                _ => Body::wrap_stream(sent.flow),
            });
        }
        let mut response = self.ask(request).await?;
        let headers = std::mem::take(response.headers_mut());
        Ok(Incoming {
            status: response.status(),
            headers,
            flow: Box::pin(
                response
                    .bytes_stream()
                    .map_err(|error| io::Error::other(error.without_url())),
            ),
        })
    }

    /// Asks, and once more over a connection of its own where that changes nothing at the origin and
    /// nothing was answered (RFC 9110, 9.2.2): the origin may just have closed the one that was kept.
    async fn ask(&self, request: Request) -> Result<Response, Rejection> {
        let again = match request.method().is_safe() && request.body().is_none() {
            true => request.try_clone(),
            false => None,
        };
        let error = match self.client.execute(request).await {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let is_over = error.is_connect() || error.is_timeout();
        match again.zip(self.fresh()).filter(|_| !is_over) {
            Some((again, fresh)) => {
                let response = fresh.execute(again).await;
                response.map_err(|error| self.lost(error))
            }
            None => Err(self.lost(error)),
        }
    }

    /// A client that keeps no connection.
    fn fresh(&self) -> Option<&Client> {
        if let Some(client) = self.fresh.get() {
            return Some(client);
        }
        let client = builder(self.is_near).pool_max_idle_per_host(0).build();
        client.ok().map(|client| self.fresh.get_or_init(|| client))
    }

    fn lost(&self, error: reqwest::Error) -> Rejection {
        let origin = &self.origin;
        if error.is_timeout() {
            let message = format!("no answer from {origin} in time");
            return Rejection::new(StatusCode::GATEWAY_TIMEOUT, "origin_timeout", message);
        }
        let message = format!("cannot reach {origin}: {}", causes(&error.without_url()));
        Rejection::new(StatusCode::BAD_GATEWAY, "origin_unreachable", message)
    }
}

/// A client that follows and keeps nothing.
fn builder(is_near: bool) -> ClientBuilder {
    // A second call finds the provider installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECTED);
    match is_near {
        true => builder.no_proxy().tls_certs_only([]),
        false => builder,
    }
}
