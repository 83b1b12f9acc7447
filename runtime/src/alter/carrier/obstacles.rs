//! What stood in the way of a server's requests, for the run to end with.
//!
//! A server puts what it is refused in words of its own, and a caller of the tool sees those. What the
//! vault said is kept here, until the same request gets through after all.

use std::sync::{Mutex, PoisonError};

use url::Url;

use crate::error::Fault;

/// The faults of a run, the first first.
#[derive(Debug, Default)]
pub(crate) struct Obstacles(Mutex<Vec<(String, Fault)>>);

impl Obstacles {
    /// Notes why a request does not get through, instead of why it did not before.
    pub(super) fn note(&self, request: &str, fault: Fault) {
        let mut obstacles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match obstacles.iter_mut().find(|(noted, _)| noted == request) {
            Some((_, noted)) => *noted = fault,
            None => obstacles.push((request.to_owned(), fault)),
        }
    }

    /// Forgets why a request did not get through, because it has.
    pub(super) fn clear(&self, request: &str) {
        let mut obstacles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        obstacles.retain(|(noted, _)| noted != request);
    }

    /// The first request's fault that did not get through.
    pub(crate) fn first(&self) -> Option<Fault> {
        let obstacles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        obstacles.first().map(|(_, fault)| fault.clone())
    }
}

/// What is taken for the same request: a server may put the time into the query.
pub(super) fn request(method: &http::Method, url: &Url) -> String {
    format!(
        "{method} {}{}",
        url.origin().ascii_serialization(),
        url.path()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::error::Exit;

    fn fault(code: &'static str) -> Fault {
        Fault {
            code,
            exit: Exit::Denied,
            message: String::new(),
            hint: None,
            retryable: false,
            details: Map::new(),
        }
    }

    #[test]
    fn the_first_that_is_not_overcome_is_what_a_run_ends_with() {
        let obstacles = Obstacles::default();
        assert_eq!(obstacles.first(), None);
        obstacles.note("GET a", fault("one"));
        obstacles.note("GET b", fault("two"));
        assert_eq!(obstacles.first().unwrap().code, "one");
        obstacles.note("GET a", fault("three"));
        assert_eq!(obstacles.first().unwrap().code, "three");
        obstacles.clear("GET a");
        assert_eq!(obstacles.first().unwrap().code, "two");
        obstacles.clear("GET b");
        assert_eq!(obstacles.first(), None);
    }
}
