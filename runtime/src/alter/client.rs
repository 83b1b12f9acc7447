//! The one place that sends a request to the vault.
//!
//! Every request is signed anew, a repeated one too. Only one refusal is waited out, that a token is
//! being refreshed; all others are the caller's to judge. The scopes of the key are not narrowed
//! request by request (`X-Alter-Scope-Constraints`): a request is for one endpoint as it is, and a key
//! that lacks the scope would be told that it does not narrow, and not which scope it lacks.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, redirect};
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::address::{self, ORIGIN, is_loopback};
use super::attribution::{Attribution, Extent};
use super::clock;
use super::header::{RateLimit, text};
use super::key;
use super::refusal::{Kind, Refusal, skew};
use super::sign::{Signable, Signer, Stamp};
use crate::environment;
use crate::error::Error;
use crate::output::printer::Printer;
use crate::secret::Secret;
use crate::transport::causes;
use crate::vault::Opening;

/// The longest answer that is read, in bytes.
pub(super) const LONGEST: usize = 1 << 20;

/// The longest refusal that is read, in bytes. Of a longer one the status is enough.
const LONGEST_REFUSAL: usize = 64 << 10;

/// How long the client may take for things.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// For an answer. The vault itself may spend 90 s on a credential, and is cut off at 100.
    pub(super) limit: Duration,
    /// Between the attempts at a token that is being refreshed.
    pub(super) pauses: [Duration; 2],
    /// Between two looks at what a person has to do.
    pub(super) looks: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            limit: Duration::from_secs(95),
            pauses: [Duration::from_millis(500), Duration::from_millis(1500)],
            looks: Duration::from_secs(2),
        }
    }
}

/// The longest pause that the vault may ask for between those attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A client of the vault, with one key.
pub(crate) struct Alter {
    http: reqwest::Client,
    /// The address, without a slash at its end.
    base: String,
    key: Secret,
    signer: Signer,
    attribution: Attribution,
    pub(super) program: String,
    /// The run, by its id.
    pub(super) run: String,
    /// Why calls are made, in the caller's words.
    pub(super) reason: Option<String>,
    printer: Printer,
    /// Where it is remembered what is waited for.
    state: Option<PathBuf>,
    pace: Pace,
    /// What was said once and need not be said again.
    told: Told,
    /// By how many seconds this machine's clock is ahead of the vault's, by the first answer.
    skew: OnceLock<i64>,
}

#[derive(Debug, Default)]
struct Told {
    deprecated: AtomicBool,
    low: AtomicBool,
}

impl std::fmt::Debug for Alter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Alter({})", self.base)
    }
}

/// A request.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// The path from `/sdk/`, escaped, and the query.
    pub(super) target: &'a str,
    /// JSON, or nothing.
    pub(super) body: Zeroizing<Vec<u8>>,
    pub(super) extent: Extent,
    /// How much longer than usual the answer may take.
    pub(super) patience: Duration,
    /// The longest answer that is read.
    pub(super) longest: usize,
}

impl<'a> Call<'a> {
    pub(super) fn get(target: &'a str) -> Self {
        Self {
            method: Method::GET,
            target,
            body: Zeroizing::default(),
            extent: Extent::Caller,
            patience: Duration::ZERO,
            longest: LONGEST,
        }
    }

    pub(super) fn post(target: &'a str, body: &impl Serialize) -> Result<Self, Refusal> {
        let body = serde_json::to_vec(body);
        let body = body.map_err(|error| Refusal::new(Kind::BadArgument, error.to_string()))?;
        Ok(Self {
            method: Method::POST,
            body: Zeroizing::new(body),
            ..Self::get(target)
        })
    }
}

impl Alter {
    /// A client for a run.
    ///
    /// # Errors
    ///
    /// When the key is none, or the address is not one that a key may be sent to.
    pub(crate) fn open(opening: &Opening) -> Result<Self, Error> {
        Self::paced(opening, Pace::default())
    }

    pub(super) fn paced(opening: &Opening, pace: Pace) -> Result<Self, Error> {
        let key = &opening.key;
        if key::kind(key.expose()).is_none() {
            let words = "it is neither `alter_key_…` nor `alter_…` with a check that is right";
            return Err(Refusal::new(Kind::NoKey, words).of(&opening.program).into());
        }
        let text = opening.base_url.as_deref().unwrap_or(ORIGIN);
        let base = address::base(text).map_err(|why| {
            Error::usage(format!(
                "the vault's address {} {why}",
                address::shown(text)
            ))
        })?;
        // A second call finds the provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .user_agent(concat!("mcpress/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(15).min(pace.limit));
        let builder = match is_loopback(&base) {
            // No certificate is looked at there, and to read those of the system takes 20 ms.
            true => builder.no_proxy().tls_certs_only([]),
            false => builder.https_only(true),
        };
        let http = builder.build().map_err(|error| {
            let causes = causes(&error.without_url());
            Refusal::new(Kind::NoConnection, causes).of(&opening.program)
        })?;
        Ok(Self {
            http,
            base: base.as_str().trim_end_matches('/').to_owned(),
            signer: Signer::new(key),
            key: key.clone(),
            attribution: Attribution::new(&opening.program, &opening.context),
            program: opening.program.clone(),
            run: opening.context.run.clone(),
            reason: opening.context.reason.clone(),
            printer: opening.printer.clone(),
            state: environment::state_folder(&opening.program),
            pace,
            told: Told::default(),
            skew: OnceLock::new(),
        })
    }

    /// The HTTP client for whatever else is far from this machine: it follows nowhere and keeps nothing.
    /// None where the vault is on this machine, and the client for that alone.
    pub(super) fn far(&self) -> Option<&reqwest::Client> {
        self.base.starts_with("https:").then_some(&self.http)
    }

    /// The key itself, for a server that speaks to the vault on its own.
    pub(super) fn key(&self) -> &Secret {
        &self.key
    }

    /// Whether the key may be an agent's: that an application's is none can be seen.
    pub(super) fn may_be_an_agents(&self) -> bool {
        key::kind(self.key.expose()) != Some(key::Kind::Runtime)
    }

    /// The same client with another key.
    pub(super) fn with_key(&self, key: &Secret) -> Self {
        Self {
            http: self.http.clone(),
            base: self.base.clone(),
            key: key.clone(),
            signer: Signer::new(key),
            attribution: self.attribution.again(),
            program: self.program.clone(),
            run: self.run.clone(),
            reason: self.reason.clone(),
            printer: self.printer.clone(),
            state: self.state.clone(),
            pace: self.pace,
            told: Told::default(),
            skew: OnceLock::new(),
        }
    }

    /// Where the vault is.
    pub(super) fn address(&self) -> &str {
        &self.base
    }

    /// The folder in which it is remembered what is waited for, if there is one.
    pub(super) fn state(&self) -> Option<&Path> {
        self.state.as_deref()
    }

    #[cfg(test)]
    pub(super) fn remembering(self, state: Option<PathBuf>) -> Self {
        Self { state, ..self }
    }

    /// How long it waits between two looks at what a person has to do.
    pub(super) fn between_looks(&self) -> Duration {
        self.pace.looks
    }

    pub(super) fn printer(&self) -> &Printer {
        &self.printer
    }

    /// The tool that is called.
    pub(super) fn tool(&self) -> Option<String> {
        let context = self.attribution.context()?;
        context.get("tool")?.as_str().map(str::to_owned)
    }

    /// What is told of a call, for the vault's records.
    pub(super) fn attribution(&self) -> &Attribution {
        &self.attribution
    }

    /// By how many seconds this machine's clock is ahead of the vault's, once it has answered.
    pub(super) fn skew(&self) -> Option<i64> {
        self.skew.get().copied()
    }

    /// Whether the vault has said that the key is about to end.
    pub(super) fn is_deprecated(&self) -> bool {
        self.told.deprecated.load(Ordering::Relaxed)
    }

    /// Sends a request: its answer, with the status, for those that have several.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<(u16, Value), Refusal> {
        let mut pauses = self.pace.pauses.iter();
        loop {
            let answer = self.attempt(&call).await;
            let refusal = match answer {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal.of(&self.program),
            };
            let pause = pauses
                .next()
                .filter(|_| refusal.kind == Kind::RefreshInProgress);
            let Some(pause) = pause else {
                return Err(refusal);
            };
            let asked = Duration::from_secs(refusal.retry_after.unwrap_or_default());
            tokio::time::sleep(asked.clamp(*pause, LONGEST_PAUSE.max(*pause))).await;
        }
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<(u16, Value), Refusal> {
        let limit = self.pace.limit + call.patience;
        let lost = |error: reqwest::Error| match error.is_timeout() && !error.is_connect() {
            true => Refusal::new(Kind::TimedOut, format!("within {limit:?}")),
            false => Refusal::new(Kind::NoConnection, causes(&error.without_url())),
        };
        let request = self
            .http
            .request(call.method.clone(), format!("{}{}", self.base, call.target))
            .headers(self.headers(call)?)
            .timeout(limit);
        let request = match call.body.is_empty() {
            true => request,
            false => request.body(call.body.to_vec()),
        };
        let response = request.send().await.map_err(lost)?;
        self.hear(response.headers());
        let status = response.status();
        if status.is_redirection() {
            let words = "it leads elsewhere, and the key does not go there";
            let mut refusal = Refusal::new(Kind::Refused, words);
            refusal.status = Some(status.as_u16());
            return Err(refusal);
        }
        if status.as_u16() >= 400 {
            let headers = response.headers().clone();
            let body = read(response, LONGEST_REFUSAL).await.map_err(lost)?;
            let body = body.unwrap_or_default();
            return Err(Refusal::read(status.as_u16(), &headers, &body));
        }
        let body = read(response, call.longest).await.map_err(lost)?;
        let Some(body) = body else {
            return Err(Refusal::malformed(format!(
                "it is longer than {} MiB",
                call.longest >> 20
            )));
        };
        if status == StatusCode::NO_CONTENT {
            return Ok((status.as_u16(), Value::Null));
        }
        match serde_json::from_slice(&body) {
            Ok(value @ Value::Object(_)) => Ok((status.as_u16(), value)),
            Ok(_) => Err(Refusal::malformed("it is not an object")),
            Err(_) => Err(Refusal::malformed("it is not JSON")),
        }
    }

    /// The headers of one attempt.
    fn headers(&self, call: &Call<'_>) -> Result<HeaderMap, Refusal> {
        let stamp = Stamp::new(clock::now())
            .ok_or_else(|| Refusal::new(Kind::BadArgument, "the system has no random numbers"))?;
        let mut pairs = self.attribution.headers(call.extent);
        let signed = Signable {
            method: call.method.as_str(),
            target: call.target,
            body: &call.body,
            headers: &pairs,
        };
        let signatures = self.signer.headers(&signed, stamp);
        pairs.extend(signatures);
        let mut headers = HeaderMap::new();
        let bad = || Refusal::new(Kind::BadArgument, "a header for the vault cannot be sent");
        for (name, value) in pairs {
            let name = HeaderName::try_from(name).map_err(|_| bad())?;
            headers.insert(name, HeaderValue::try_from(value).map_err(|_| bad())?);
        }
        let mut key = HeaderValue::try_from(self.key.expose()).map_err(|_| bad())?;
        key.set_sensitive(true);
        headers.insert("x-api-key", key);
        if !call.body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let trace = self.attribution.trace_parent();
        if let Some(trace) = trace.and_then(|trace| HeaderValue::try_from(trace).ok()) {
            headers.insert("traceparent", trace);
        }
        Ok(headers)
    }

    /// Hears what the vault says in the headers of an answer.
    fn hear(&self, headers: &HeaderMap) {
        if let Some(actor) = text(headers, "x-alter-actor-id") {
            self.attribution.hear(actor);
        }
        if let Some(skew) = skew(headers) {
            self.skew.get_or_init(|| skew);
        }
        let is_deprecated = text(headers, "x-alter-key-deprecated")
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        if is_deprecated && !self.told.deprecated.swap(true, Ordering::Relaxed) {
            self.printer.warn(
                "the key to the vault was replaced and will soon work no longer: give the new one",
            );
        }
        if let Some(rate) = RateLimit::read(headers).filter(|rate| rate.is_low())
            && !self.told.low.swap(true, Ordering::Relaxed)
        {
            let RateLimit { limit, remaining } = rate;
            self.printer.detail(&format!(
                "vault: {remaining} of {limit} requests are left for now"
            ));
        }
    }
}

/// A body, or None if it is longer than that.
async fn read(
    mut response: Response,
    longest: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, reqwest::Error> {
    let length = response
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    // Made as large as it gets, so that no half of a credential is left behind where it was.
    let mut body = Zeroizing::new(Vec::with_capacity(length.unwrap_or(4096).min(longest)));
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > longest {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}
