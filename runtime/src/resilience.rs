//! A server that is away for a moment, or for good: trying again, leaving it alone, asking another.
//!
//! ```text
//!             ┌──────────── wait (backoff, Retry-After) ◀──────────┐ may pass, may be repeated,
//!             ▼                                                    │ and there is time
//! plan ──▶ circuit ──▶ one attempt: start, greet, ask ──┬─ failed ─┴─▶ the fallback, the same way
//!           open: at once on to the fallback            └─ answered
//! ```
//!
//! | module | |
//! |---|---|
//! | `options` | what the user says of it |
//! | `exposure` | what of an attempt may have been carried out |
//! | `verdict` | which failures may pass, which tools may be repeated |
//! | `backoff`, `retry_after` | how long to wait |
//! | `circuit` | servers that are left alone |
//!
//! What always holds: a call that the server may have seen is made again only if its tool says that it
//! can be. Whether it may have been seen is not read off an error's words: the transports count what
//! they send ([`Exposure`](exposure::Exposure)).

mod backoff;
pub(crate) mod circuit;
pub(crate) mod exposure;
mod options;
#[cfg_attr(
    not(any(feature = "http", test)),
    expect(dead_code, reason = "a pipe has no headers")
)]
pub(crate) mod retry_after;
pub(crate) mod verdict;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::Limits;
use crate::error::Error;
use crate::output::printer::Printer;
use crate::signal::Signals;
use crate::transport::Endpoint;
use circuit::{CIRCUITS, Circuits};
use exposure::Sent;
pub(crate) use options::{Options, Section, Standby};

/// What may be done for a run to get its answer.
pub(crate) struct Plan<'a> {
    /// How often to try again, and whether the user has said so.
    retries: u32,
    is_told: bool,
    limits: Limits,
    /// Whether the call may be repeated even where it may have been carried out; none where nothing
    /// that is asked for does anything.
    call: Option<bool>,
    printer: &'a Printer,
    circuits: &'a Circuits,
}

/// A server to be tried, and who knows how.
pub(crate) struct Server<R> {
    pub(crate) who: R,
    pub(crate) endpoint: Endpoint,
}

/// An attempt that brought no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// What of it may have been carried out.
    pub(crate) sent: Sent,
    /// Whether there was a connection to ask on.
    pub(crate) is_connected: bool,
}

impl Failure {
    /// One before there was a connection.
    pub(crate) fn unconnected(error: Error) -> Self {
        Self {
            error,
            sent: Sent::Nothing,
            is_connected: false,
        }
    }
}

impl<'a> Plan<'a> {
    /// The plan for a call that may be repeated or not, or for questions (none).
    pub(crate) fn new(
        options: &Options,
        limits: Limits,
        call: Option<bool>,
        printer: &'a Printer,
    ) -> Self {
        Self {
            retries: options.retries(),
            is_told: options.retries.is_some(),
            limits,
            call,
            printer,
            circuits: &CIRCUITS,
        }
    }

    /// Whether nothing stands against making the request again but that it has failed.
    fn may_repeat(&self, failure: &Failure) -> bool {
        match failure.sent {
            Sent::Nothing => true,
            Sent::Perhaps => self.call == Some(true),
            Sent::Surely => false,
        }
    }

    /// How long to wait before the next attempt at the same server; none if there is to be none.
    /// `chance` is a number from 0 to 1.
    fn next(
        &self,
        retry: u32,
        before: Option<&Failure>,
        failure: &Failure,
        elapsed: Duration,
        chance: f64,
    ) -> Option<Duration> {
        if retry >= self.retries || !verdict::may_pass(&failure.error) || !self.may_repeat(failure)
        {
            return None;
        }
        // Many servers end because something is wrong with them and say so. It takes a second look to
        // know, and a third only where the user wants it.
        let is_settled = !self.is_told
            && before.is_some_and(|before| verdict::is_the_same_end(&before.error, &failure.error));
        if is_settled {
            return None;
        }
        let usual = backoff::wait(retry, chance);
        let wait = match failure.error {
            Error::Unreachable {
                retry_after: Some(time),
                ..
            } => usual.max(time),
            _ => usual,
        };
        let limit = match failure.is_connected {
            true => self.limits.request,
            false => self.limits.start,
        };
        (wait < limit.saturating_sub(elapsed)).then_some(wait)
    }

    /// Whether another server may be asked instead.
    fn may_go_elsewhere(&self, failure: &Failure, elapsed: Duration) -> bool {
        let is_in_time = elapsed < self.limits.request;
        let is_fit = match failure.sent {
            Sent::Nothing => verdict::is_away(&failure.error),
            Sent::Perhaps | Sent::Surely => verdict::may_pass(&failure.error),
        };
        is_in_time && is_fit && self.may_repeat(failure)
    }

    /// How long an attempt may take: all together no more than the first alone.
    fn limits(&self, is_first: bool, has_fallback: bool, elapsed: Duration) -> Limits {
        let Limits { start, request } = self.limits;
        if is_first {
            // A server that says nothing leaves some of a short time for the other one.
            let is_short = has_fallback && start.saturating_mul(2) > request;
            let start = if is_short { start / 2 } else { start };
            return Limits { start, request };
        }
        let left = request
            .saturating_sub(elapsed)
            .max(Duration::from_millis(1));
        Limits {
            start: start.min(left),
            request: left,
        }
    }
}

/// Attempts so far.
struct Course<'a> {
    plan: &'a Plan<'a>,
    started: Instant,
    attempts: u32,
    has_fallback: bool,
}

/// Has a server asked by `once`, again where that is safe, and then the fallback.
///
/// # Errors
///
/// That of the last attempt; a server that could not be had is [`Error::Attempted`].
pub(crate) async fn attempt<R, T>(
    plan: &Plan<'_>,
    first: Server<R>,
    fallback: Option<impl AsyncFnOnce() -> Result<Server<R>, Error>>,
    signals: &mut Signals,
    once: impl AsyncFn(&Server<R>, Limits, &mut Signals) -> Result<T, Failure>,
) -> Result<T, Error> {
    let mut course = Course {
        plan,
        started: Instant::now(),
        attempts: 0,
        has_fallback: fallback.is_some(),
    };
    let failure = match course.persist(&first, signals, &once).await {
        Ok(answer) => return Ok(answer),
        Err(failure) => failure,
    };
    let Some(fallback) = fallback.filter(|_| plan.may_go_elsewhere(&failure, course.elapsed()))
    else {
        return Err(course.give_up(failure, None));
    };
    let second = match signals.or(fallback()).await? {
        Ok(second) => second,
        Err(error) => {
            plan.printer
                .warn(&format!("the fallback is of no use: {error}"));
            return Err(course.give_up(failure, None));
        }
    };
    let reason = failure.error.to_string();
    let address = second.endpoint.address();
    plan.printer
        .warn(&format!("{reason}: asking {address} instead"));
    let outcome = course.persist(&second, signals, &once).await;
    outcome.map_err(|failure| course.give_up(failure, Some(reason)))
}

impl Course<'_> {
    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Tries one server for as long as it makes sense.
    async fn persist<R, T>(
        &mut self,
        server: &Server<R>,
        signals: &mut Signals,
        once: &impl AsyncFn(&Server<R>, Limits, &mut Signals) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let plan = self.plan;
        let key = key(&server.endpoint);
        let mut before: Option<Failure> = None;
        let mut retry = 0;
        loop {
            if let Err(left) = plan.circuits.admit(&key, Instant::now()) {
                let server = server.endpoint.address().to_owned();
                let open = || Failure::unconnected(Error::CircuitOpen { server, left });
                return Err(before.unwrap_or_else(open));
            }
            let limits = plan.limits(self.attempts == 0, self.has_fallback, self.elapsed());
            self.attempts += 1;
            let failure = match once(server, limits, signals).await {
                Ok(answer) => {
                    plan.circuits.note(&key, false, 0, Instant::now());
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            if !matches!(failure.error, Error::Signal(_)) {
                let is_lost = verdict::is_lost(&failure.error);
                let attempts = plan.retries.saturating_add(1);
                plan.circuits.note(&key, is_lost, attempts, Instant::now());
            }
            let chance = backoff::chance();
            let wait = plan.next(retry, before.as_ref(), &failure, self.elapsed(), chance);
            let Some(wait) = wait else {
                return Err(failure);
            };
            plan.printer.aside(&format!(
                "{}: trying again in {wait:.1?} ({} of {})",
                failure.error,
                retry + 1,
                plan.retries
            ));
            signals
                .or(sleep(wait))
                .await
                .map_err(Failure::unconnected)?;
            before = Some(failure);
            retry += 1;
        }
    }

    /// The error for a server that could not be had, and any of a fallback; another failure is what
    /// it is.
    fn give_up(&self, failure: Failure, first: Option<String>) -> Error {
        let is_told = first.is_some() && !matches!(failure.error, Error::Signal(_));
        if !is_told && !verdict::is_away(&failure.error) {
            return failure.error;
        }
        Error::Attempted {
            attempts: self.attempts,
            sent: self.plan.call.map(|_| failure.sent != Sent::Nothing),
            repeatable: self.plan.call == Some(true),
            first,
            cause: Box::new(failure.error),
        }
    }
}

/// What a server's circuit is kept by.
fn key(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Stdio(launch) => format!("{} {:?}", launch.command, launch.args),
        Endpoint::Http(remote) => remote.address().to_owned(),
    }
}

#[cfg(test)]
mod tests;
