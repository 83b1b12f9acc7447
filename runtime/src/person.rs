//! The person at the terminal, who takes more time than a server may.
//!
//! While somebody signs in, no limit on a server's time runs out: the clock stands still for as long
//! as a [`Conversation`] is held.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

static CONVERSATIONS: AtomicUsize = AtomicUsize::new(0);

/// How often it is looked whether the person is done.
const INTERVAL: Duration = Duration::from_millis(100);

/// A talk with the person, from its question to its answer.
#[derive(Debug)]
pub(crate) struct Conversation(());

impl Conversation {
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "a child process needs no sign-in")
    )]
    pub(crate) fn begin() -> Self {
        CONVERSATIONS.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        CONVERSATIONS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether somebody is there to answer: to read a question and to type.
pub(crate) fn is_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// The future's output, or nothing when it took longer than this, the person's time not counted.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::pin!(future);
    let mut left = limit;
    loop {
        let slice = left.min(INTERVAL);
        if let Ok(output) = tokio::time::timeout(slice, &mut future).await {
            return Some(output);
        }
        if CONVERSATIONS.load(Ordering::Relaxed) == 0 {
            left = left.saturating_sub(slice);
        }
        if left.is_zero() {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_a_person_takes_is_not_the_server_s() {
        let run = |future| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            runtime.block_on(future)
        };
        let limit = Duration::from_millis(150);
        let long = Duration::from_millis(400);
        assert_eq!(
            run(within(
                limit,
                Box::pin(tokio::time::sleep(long)) as std::pin::Pin<Box<dyn Future<Output = ()>>>
            )),
            None
        );
        let talk = Box::pin(async move {
            let _talk = Conversation::begin();
            tokio::time::sleep(long).await;
        });
        assert_eq!(run(within(limit, talk)), Some(()));
    }
}
