//! The person at the terminal, who takes more time than a server may.
//!
//! While somebody signs in or answers a question, no limit on a server's time runs out: the clock stands still for as long
//! as a [`Conversation`] is held, and for a moment after it, in which the server takes up its work.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long a server has after the person is done, whatever its limit was.
const ROOM: Duration = Duration::from_secs(30);

/// How often it is looked whether the person is done.
const INTERVAL: Duration = Duration::from_millis(100);

/// The talks that are held, and when the last one ended.
static TALK: Mutex<(usize, Option<Instant>)> = Mutex::new((0, None));

fn talk() -> MutexGuard<'static, (usize, Option<Instant>)> {
    TALK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A talk with the person, from its question to its answer.
#[derive(Debug)]
pub(crate) struct Conversation(());

impl Conversation {
    pub(crate) fn begin() -> Self {
        talk().0 += 1;
        Self(())
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let mut talk = talk();
        talk.0 -= 1;
        talk.1 = Some(Instant::now());
    }
}

/// Whether somebody is there to answer: to read a question and to type.
pub(crate) fn is_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Waits until a time, and longer if the person needs longer.
pub(crate) async fn until(deadline: Instant) {
    loop {
        tokio::time::sleep_until(deadline).await;
        let later = match *talk() {
            (0, None) => return,
            (0, Some(end)) if Instant::now() >= end + ROOM => return,
            (0, Some(end)) => end + ROOM,
            _ => Instant::now() + INTERVAL,
        };
        tokio::time::sleep_until(later).await;
    }
}

/// The future's output, or nothing when it is not there in time.
pub(crate) async fn timeout_at<T>(
    deadline: Instant,
    future: impl Future<Output = T>,
) -> Result<T, ()> {
    tokio::select! {
        biased;
        output = future => Ok(output),
        () = until(deadline) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_a_person_takes_is_not_the_server_s() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let soon = || Instant::now() + Duration::from_millis(50);
            let long = Duration::from_millis(300);
            assert_eq!(timeout_at(soon(), tokio::time::sleep(long)).await, Err(()));
            let talk = async move {
                let _talk = Conversation::begin();
                tokio::time::sleep(long).await;
            };
            assert_eq!(timeout_at(soon(), talk).await, Ok(()));
            // The request that waited for the person has only begun.
            assert_eq!(timeout_at(soon(), tokio::time::sleep(long)).await, Ok(()));
        });
    }
}
