//! Servers that are down are left alone for a while.
//!
//! ```text
//! closed ── so many failures in a row ──▶ open ── a while ──▶ half open ─┬─ a success ─▶ closed
//!    ▲                                     ▲      (one attempt is let    │
//!    └──────── a success ──────────────    └────── through) ◀─ a failure ┘
//! ```
//!
//! It is kept for the life of the process, by the server's address, so it matters where calls share
//! one. The time is always given: nothing here looks at a clock.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The failures in a row that open a circuit, at least.
pub(crate) const THRESHOLD: u32 = 5;

/// How long an open circuit lets nothing through, and how long a half-open one waits for its attempt.
pub(crate) const COOL_DOWN: Duration = Duration::from_secs(10);

/// The servers of this process.
pub(crate) static CIRCUITS: Circuits = Circuits::new();

/// Circuits by the addresses of servers.
#[derive(Debug)]
pub(crate) struct Circuits(Mutex<BTreeMap<String, Circuit>>);

/// What is known of one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Circuit {
    Closed { failures: u32 },
    Open { since: Instant },
    HalfOpen { since: Instant },
}

impl Circuits {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Lets an attempt through or, where it does not, says for how long.
    pub(crate) fn admit(&self, server: &str, now: Instant) -> Result<(), Duration> {
        let mut circuits = self.lock();
        let Some(circuit) = circuits.get_mut(server) else {
            return Ok(());
        };
        let since = match *circuit {
            Circuit::Closed { .. } => return Ok(()),
            Circuit::Open { since } | Circuit::HalfOpen { since } => since,
        };
        let left = COOL_DOWN.saturating_sub(now.saturating_duration_since(since));
        if !left.is_zero() {
            return Err(left);
        }
        // An attempt that never says what came of it was interrupted: the next one takes its place.
        *circuit = Circuit::HalfOpen { since: now };
        Ok(())
    }

    /// Takes it to heart what came of an attempt. A call may make as many attempts as it was told to,
    /// so that a circuit opens on the failures of several.
    pub(crate) fn note(&self, server: &str, has_failed: bool, attempts: u32, now: Instant) {
        let mut circuits = self.lock();
        if !has_failed {
            circuits.remove(server);
            return;
        }
        let circuit = circuits
            .entry(server.to_owned())
            .or_insert(Circuit::Closed { failures: 0 });
        *circuit = match *circuit {
            Circuit::Closed { failures } if failures + 1 < THRESHOLD.max(attempts) => {
                Circuit::Closed {
                    failures: failures + 1,
                }
            }
            // One that was under way when the circuit opened changes nothing.
            Circuit::Open { since } => Circuit::Open { since },
            Circuit::Closed { .. } | Circuit::HalfOpen { .. } => Circuit::Open { since: now },
        };
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Circuit>> {
        // Nothing under this lock can panic half-way, so a poisoned state is a sound one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    fn failed(circuits: &Circuits, times: u32, now: Instant) {
        for _ in 0..times {
            circuits.admit("a", now).unwrap();
            circuits.note("a", true, 3, now);
        }
    }

    #[test]
    fn a_circuit_opens_on_failures_in_a_row_and_on_no_others() {
        let (circuits, now) = (Circuits::new(), Instant::now());
        failed(&circuits, THRESHOLD - 1, now);
        circuits.note("a", false, 3, now);
        failed(&circuits, THRESHOLD, now);
        assert_eq!(circuits.admit("a", now), Err(COOL_DOWN));
        assert_eq!(circuits.admit("b", now), Ok(()));
    }

    #[test]
    fn a_call_that_was_told_to_make_more_attempts_makes_them() {
        let (circuits, now) = (Circuits::new(), Instant::now());
        for _ in 0..20 {
            assert_eq!(circuits.admit("a", now), Ok(()));
            circuits.note("a", true, 20, now);
        }
        assert!(circuits.admit("a", now).is_err());
    }

    #[test]
    fn after_a_while_one_attempt_is_let_through_and_decides() {
        let (circuits, now) = (Circuits::new(), Instant::now());
        failed(&circuits, THRESHOLD, now);
        let almost = now + COOL_DOWN - MOMENT;
        assert_eq!(circuits.admit("a", almost), Err(MOMENT));
        let later = now + COOL_DOWN;
        assert_eq!(circuits.admit("a", later), Ok(()));
        assert_eq!(circuits.admit("a", later), Err(COOL_DOWN));
        circuits.note("a", true, 3, later);
        assert_eq!(circuits.admit("a", later + MOMENT), Err(COOL_DOWN - MOMENT));
        let again = later + COOL_DOWN;
        assert_eq!(circuits.admit("a", again), Ok(()));
        circuits.note("a", false, 3, again);
        failed(&circuits, THRESHOLD - 1, again);
        assert_eq!(circuits.admit("a", again), Ok(()));
    }

    #[test]
    fn an_attempt_that_was_interrupted_keeps_no_circuit_half_open() {
        let (circuits, now) = (Circuits::new(), Instant::now());
        failed(&circuits, THRESHOLD, now);
        let later = now + COOL_DOWN;
        assert_eq!(circuits.admit("a", later), Ok(()));
        assert_eq!(circuits.admit("a", later + COOL_DOWN), Ok(()));
    }

    #[test]
    fn a_failure_that_comes_late_does_not_keep_a_circuit_open() {
        let (circuits, now) = (Circuits::new(), Instant::now());
        failed(&circuits, THRESHOLD, now);
        circuits.note("a", true, 3, now + COOL_DOWN - MOMENT);
        assert_eq!(circuits.admit("a", now + COOL_DOWN), Ok(()));
    }
}
