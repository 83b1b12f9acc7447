//! What stood in the way of a server's requests, for the run to end with.
//!
//! A server puts what it is refused in words of its own, and a caller of the tool sees those. What the
//! vault said is kept here, until the same request gets through after all.

use std::sync::{Mutex, MutexGuard, PoisonError};

use url::Url;

use crate::error::Fault;

/// The faults of a run, the first first.
#[derive(Debug, Default)]
pub(crate) struct Obstacles(Mutex<Vec<Obstacle>>);

#[derive(Debug)]
struct Obstacle {
    request: String,
    fault: Fault,
    /// Whether the request was made since the run was last begun.
    counts: bool,
}

impl Obstacles {
    /// Notes why a request does not get through, instead of why it did not before.
    pub(super) fn note(&self, request: &str, fault: Fault) {
        let mut obstacles = self.all();
        match of(&mut obstacles, request) {
            Some(obstacle) => {
                obstacle.fault = fault;
                obstacle.counts = true;
            }
            None => obstacles.push(Obstacle {
                request: request.to_owned(),
                fault,
                counts: true,
            }),
        }
    }

    /// Forgets why a request did not get through, because it has.
    pub(super) fn clear(&self, request: &str) {
        self.all().retain(|obstacle| obstacle.request != request);
    }

    /// Begins the run again: what was in the way so far does not count, unless it is met again.
    pub(crate) fn set_aside(&self) {
        self.all()
            .iter_mut()
            .for_each(|obstacle| obstacle.counts = false);
    }

    /// A request is made. What stood in its way before does so still, until more is known.
    pub(super) fn recall(&self, request: &str) {
        if let Some(obstacle) = of(&mut self.all(), request) {
            obstacle.counts = true;
        }
    }

    /// The first request's fault that did not get through.
    pub(crate) fn first(&self) -> Option<Fault> {
        let obstacles = self.all();
        let first = obstacles.iter().find(|obstacle| obstacle.counts);
        first.map(|obstacle| obstacle.fault.clone())
    }

    fn all(&self) -> MutexGuard<'_, Vec<Obstacle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of<'a>(obstacles: &'a mut [Obstacle], request: &str) -> Option<&'a mut Obstacle> {
    obstacles
        .iter_mut()
        .find(|obstacle| obstacle.request == request)
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

    #[test]
    fn what_stood_in_the_way_of_an_attempt_before_counts_if_it_is_met_again() {
        let obstacles = Obstacles::default();
        obstacles.note("GET a", fault("one"));
        obstacles.note("GET b", fault("two"));
        obstacles.set_aside();
        assert_eq!(obstacles.first(), None);
        obstacles.recall("GET b");
        obstacles.recall("GET c");
        assert_eq!(obstacles.first().unwrap().code, "two");
        obstacles.note("GET a", fault("three"));
        assert_eq!(obstacles.first().unwrap().code, "three");
    }
}
