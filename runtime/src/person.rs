//! The person at the terminal, who takes more time than a server may.
//!
//! While somebody signs in or answers a question, no limit on a server's time runs out: its clock
//! stands still for as long as a [`Conversation`] is held.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often it is looked whether the person is done.
const INTERVAL: Duration = Duration::from_millis(100);

/// The talks of this program.
static TALKS: Talks = Talks::new();

/// A talk with the person, from its question to its answer.
#[derive(Debug)]
pub(crate) struct Conversation(&'static Talks);

impl Conversation {
    pub(crate) fn begin() -> Self {
        TALKS.begin()
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Whether somebody is there to answer: to read a question and to type.
pub(crate) fn is_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Waits until a time, and longer by what the person takes meanwhile.
pub(crate) async fn until(deadline: Instant) {
    TALKS.until(deadline).await;
}

/// The future's output, or nothing when it is not there in time.
pub(crate) async fn timeout_at<T>(
    deadline: Instant,
    future: impl Future<Output = T>,
) -> Result<T, ()> {
    TALKS.timeout_at(deadline, future).await
}

/// How many talks are held, since when, and how much time those before them took.
#[derive(Debug)]
struct Talks(Mutex<(usize, Option<Instant>, Duration)>);

impl Talks {
    const fn new() -> Self {
        Self(Mutex::new((0, None, Duration::ZERO)))
    }

    fn begin(&'static self) -> Conversation {
        let mut talks = self.lock();
        talks.0 += 1;
        talks.1.get_or_insert_with(Instant::now);
        Conversation(self)
    }

    fn end(&self) {
        let mut talks = self.lock();
        talks.0 -= 1;
        if talks.0 == 0 {
            let since = talks.1.take();
            talks.2 += since.map_or(Duration::ZERO, |since| since.elapsed());
        }
    }

    /// Whether a talk is held, and how much time all of them took.
    fn taken(&self) -> (bool, Duration) {
        let talks = self.lock();
        let now = talks.1.map_or(Duration::ZERO, |since| since.elapsed());
        (talks.1.is_some(), talks.2 + now)
    }

    async fn until(&self, deadline: Instant) {
        let (_, before) = self.taken();
        loop {
            let (is_held, taken) = self.taken();
            let later = deadline + (taken - before);
            if Instant::now() >= later && !is_held {
                return;
            }
            let look = Instant::now() + INTERVAL;
            tokio::time::sleep_until(if is_held { look } else { later }).await;
        }
    }

    async fn timeout_at<T>(
        &self,
        deadline: Instant,
        future: impl Future<Output = T>,
    ) -> Result<T, ()> {
        tokio::select! {
            biased;
            output = future => Ok(output),
            () = self.until(deadline) => Err(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, (usize, Option<Instant>, Duration)> {
        // Nothing under this lock can panic half-way, so a poisoned state is a sound one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_a_person_takes_is_not_the_server_s() {
        // Those of other tests are none of this one's.
        static TALKS: Talks = Talks::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let soon = || Instant::now() + Duration::from_millis(50);
            let long = Duration::from_millis(300);
            let wait = async || tokio::time::sleep(long).await;
            assert_eq!(TALKS.timeout_at(soon(), wait()).await, Err(()));
            let talk = async {
                let _talk = TALKS.begin();
                wait().await;
            };
            assert_eq!(TALKS.timeout_at(soon(), talk).await, Ok(()));
            let talk_and_wait = async {
                drop(TALKS.begin());
                wait().await;
            };
            assert_eq!(TALKS.timeout_at(soon(), talk_and_wait).await, Err(()));
        });
    }
}
