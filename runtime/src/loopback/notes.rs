//! What of a route somebody is told who wants to know all.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::StatusCode;

use super::head::Head;
use super::origin::Origin;
use super::rejection::Rejection;

/// Takes a line for somebody who wants to know all.
pub(crate) type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// How many requests without the capability are told of: anybody can make as many as they like.
const STRANGERS: usize = 20;

/// How much of a path is shown, in bytes.
const SHOWN: usize = 200;

/// What is told of one route. A request is shown by its method and its path: there may be anything in
/// a query.
pub(super) struct Notes {
    tell: Tell,
    /// The origin, as it is shown.
    origin: String,
    strangers: AtomicUsize,
    is_full: AtomicBool,
    is_crowded: AtomicBool,
}

impl Notes {
    pub(super) fn new(tell: Tell, origin: &Origin) -> Self {
        Self {
            tell,
            origin: origin.shown(),
            strangers: AtomicUsize::new(0),
            is_full: AtomicBool::new(false),
            is_crowded: AtomicBool::new(false),
        }
    }

    /// A request was refused, or did not get through. It may have no head that could be read.
    pub(super) fn refused(&self, head: Option<&Head>, is_stranger: bool, rejection: &Rejection) {
        let Rejection {
            status,
            code,
            message,
        } = rejection;
        let words = format!("{} {code}: {message}", status.as_u16());
        let told = match is_stranger {
            true => self.strangers.fetch_add(1, Ordering::Relaxed),
            false => 0,
        };
        match told {
            0..STRANGERS => self.of(head, words),
            STRANGERS => self.say("more requests are refused, and not told of"),
            _ => {}
        }
    }

    /// What the origin says, if it is that the credential is not good enough.
    pub(super) fn answered(&self, head: &Head, status: StatusCode) {
        match status {
            StatusCode::UNAUTHORIZED => {
                self.of(Some(head), "the origin does not take the credential (401)");
            }
            StatusCode::FORBIDDEN => {
                self.of(
                    Some(head),
                    "the origin does not allow it with the credential (403)",
                );
            }
            _ => {}
        }
    }

    /// The end of an answer did not come, or could not be passed on.
    pub(super) fn broken_off(&self, head: &Head) {
        self.of(Some(head), "the answer broke off");
    }

    /// The server did not wait.
    pub(super) fn given_up(&self, head: &Head) {
        self.of(Some(head), "the server hung up before it was answered");
    }

    /// A request has to wait for others.
    pub(super) fn full(&self, seats: usize) {
        if !self.is_full.swap(true, Ordering::Relaxed) {
            self.say(format!(
                "{seats} requests are under way, and more of them wait"
            ));
        }
    }

    /// A connection that had not shown the capability was closed for another.
    pub(super) fn crowded(&self, strangers: usize) {
        if !self.is_crowded.swap(true, Ordering::Relaxed) {
            self.say(format!(
                "more than {strangers} connections have shown nothing yet: the oldest are closed"
            ));
        }
    }

    fn of(&self, head: Option<&Head>, words: impl Display) {
        let origin = &self.origin;
        match head {
            Some(head) => {
                let (method, path) = (&head.method, path(&head.target));
                (self.tell)(&format!("loopback: {method} {origin}{path}: {words}"));
            }
            None => (self.tell)(&format!("loopback: a request to {origin}: {words}")),
        }
    }

    fn say(&self, words: impl Display) {
        (self.tell)(&format!("loopback: {}: {words}", self.origin));
    }
}

/// The path of a target, as far as it is shown.
fn path(target: &str) -> &str {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    match path.starts_with('/') {
        // What is no path may have a user in it.
        false => "",
        true => path.get(..SHOWN).unwrap_or(path),
    }
}
