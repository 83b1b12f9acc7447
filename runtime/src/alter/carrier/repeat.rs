//! Requests that somebody has to approve, and those that repeat them.
//!
//! A server waits less long than a person takes, gives up, and sends the same request again. It must
//! not be put to the person again: it is the request that is waited for already. Where nothing has to
//! be approved, a request that is like another is another.
//!
//! ```text
//! a request ──▶ the vault is asked ──┬─▶ settled ──▶ its answer
//!                                    └─▶ pending ──▶ waited for, by whoever sends it while it is,
//!                                                    and until somebody has got what came of it
//! ```
//!
//! Requests that are alike and come at once are put to the vault at once, if they change nothing at the
//! origin: should they have to be approved, the first that the vault says so of is waited for by all.
//! Of those that may change something only one at a time is put to it. Who is asked twice may say yes
//! twice, and then the vault does it twice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::alter::joint::{Joint, Works};
use crate::vault::Boxed;

/// What is the same in a request and its repetitions.
pub(super) type Key = String;

/// What the vault says to a request.
pub(super) enum Asked<T> {
    Settled(T),
    /// Somebody has to approve it. This begins to wait for what comes of that, unless something like it
    /// is waited for already.
    Pending(Box<dyn FnOnce() -> Boxed<'static, Waited<T>> + Send>),
}

/// What a request may do at the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    Some,
}

/// What came of waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Waited<T> {
    /// It is for those who waited; the same again is another request.
    Once(T),
    /// It is for all that ask for the same again.
    Always(T),
}

type Slot<T> = Arc<tokio::sync::Mutex<Option<Joint<Waited<T>>>>>;

/// The requests of a route that are under way or pending.
pub(super) struct Repeats<T> {
    works: Arc<Works>,
    slots: Mutex<BTreeMap<Key, Slot<T>>>,
}

impl<T: Clone + Send + Sync + 'static> Repeats<T> {
    pub(super) fn new(works: Arc<Works>) -> Self {
        Self {
            works,
            slots: Mutex::default(),
        }
    }

    /// Asks, unless the same is pending: then that is waited for. Dropped, what was asked goes on.
    pub(super) async fn ask(&self, key: Key, effect: Effect, ask: Boxed<'static, Asked<T>>) -> T {
        let slot = self.slot(key);
        let held = Arc::clone(&slot).lock_owned().await;
        if let Some(joint) = held.clone() {
            drop(held);
            return self.wait(&slot, joint).await;
        }
        let held = Some(held).filter(|_| effect == Effect::Some);
        let works = Arc::clone(&self.works);
        let asked_for = Arc::clone(&slot);
        // Not given up with the server's request: the vault may have been told already.
        let asking = self.works.begin(async move {
            let begin = match ask.await {
                Asked::Settled(settled) => return Ok(settled),
                Asked::Pending(begin) => begin,
            };
            let mut held = match held {
                Some(held) => held,
                None => asked_for.lock_owned().await,
            };
            let joint = held.get_or_insert_with(|| works.begin(begin()));
            Err(joint.clone())
        });
        match asking.await {
            Ok(settled) => settled,
            Err(joint) => self.wait(&slot, joint).await,
        }
    }

    /// Waits for what comes of something pending. Who has got that is the last to get it.
    async fn wait(&self, slot: &Slot<T>, joint: Joint<Waited<T>>) -> T {
        match joint.clone().await {
            Waited::Always(settled) => settled,
            Waited::Once(settled) => {
                let mut held = slot.lock().await;
                if held.as_ref().is_some_and(|held| held.ptr_eq(&joint)) {
                    *held = None;
                }
                settled
            }
        }
    }

    fn slot(&self, key: Key) -> Slot<T> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slot| {
            let is_empty = || slot.try_lock().is_ok_and(|held| held.is_none());
            Arc::strong_count(slot) > 1 || !is_empty()
        });
        Arc::clone(slots.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_millis(600);

    /// A vault that counts how often it is asked, and answers with the count.
    #[derive(Clone, Default)]
    struct Vault(Arc<AtomicUsize>);

    impl Vault {
        fn settles(&self) -> Boxed<'static, Asked<usize>> {
            let count = self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                sleep(SHORT).await;
                Asked::Settled(count)
            })
        }

        fn waits(
            &self,
            time: Duration,
            end: fn(usize) -> Waited<usize>,
        ) -> Boxed<'static, Asked<usize>> {
            let count = Arc::clone(&self.0);
            Box::pin(async move {
                let count = count.fetch_add(1, Ordering::SeqCst);
                sleep(SHORT).await;
                Asked::Pending(Box::new(move || {
                    Box::pin(async move {
                        sleep(time).await;
                        end(count)
                    })
                }))
            })
        }
    }

    fn repeats() -> Repeats<usize> {
        Repeats::new(Arc::default())
    }

    #[tokio::test]
    async fn requests_that_are_alike_are_each_sent_where_nothing_is_pending() {
        let (repeats, vault) = (repeats(), Vault::default());
        let (one, other) = tokio::join!(
            repeats.ask("1".to_owned(), Effect::Some, vault.settles()),
            repeats.ask("1".to_owned(), Effect::Some, vault.settles())
        );
        assert_eq!((one, other), (0, 1));
    }

    #[tokio::test]
    async fn what_is_pending_is_asked_for_once() {
        let (repeats, vault) = (repeats(), Vault::default());
        let ask = |key: u8| {
            repeats.ask(
                key.to_string(),
                Effect::Some,
                vault.waits(LONG, Waited::Once),
            )
        };
        let (one, like_it, other) = tokio::join!(ask(1), ask(1), ask(2));
        assert_eq!(one, like_it);
        assert_ne!(one, other);
        assert_eq!(vault.0.load(Ordering::SeqCst), 2);
        // What it came to has been got: the next is another.
        assert_eq!(ask(1).await, 2);
    }

    #[tokio::test]
    async fn requests_that_change_nothing_are_asked_at_once_and_wait_for_one_approval() {
        let (repeats, vault) = (repeats(), Vault::default());
        let begun = tokio::time::Instant::now();
        let settles = |_| repeats.ask("1".to_owned(), Effect::None, vault.settles());
        futures::future::join_all((0..20).map(settles)).await;
        assert!(begun.elapsed() < SHORT * 10, "{:?}", begun.elapsed());
        let waits = || vault.waits(LONG, Waited::Once);
        let ask = || repeats.ask("1".to_owned(), Effect::None, waits());
        let (one, like_it, late) = tokio::join!(ask(), ask(), async {
            sleep(SHORT * 3).await;
            ask().await
        });
        assert_eq!((one, like_it), (late, late));
        assert_eq!(vault.0.load(Ordering::SeqCst), 22);
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_and_repeated_gets_what_came_of_it() {
        let (repeats, vault) = (repeats(), Vault::default());
        let ask = |time| {
            repeats.ask(
                "1".to_owned(),
                Effect::Some,
                vault.waits(time, Waited::Once),
            )
        };
        // Given up before the vault has answered, while it is pending, and after it was settled.
        assert!(timeout(SHORT / 4, ask(LONG)).await.is_err());
        assert!(timeout(SHORT * 2, ask(LONG)).await.is_err());
        sleep(LONG * 2).await;
        assert_eq!(ask(LONG).await, 0);
        assert_eq!(vault.0.load(Ordering::SeqCst), 1);
        assert_eq!(ask(SHORT).await, 1);
    }

    #[tokio::test]
    async fn what_is_pending_still_or_denied_is_never_asked_for_again() {
        let (repeats, vault) = (repeats(), Vault::default());
        let ask = || {
            repeats.ask(
                "1".to_owned(),
                Effect::Some,
                vault.waits(SHORT, Waited::Always),
            )
        };
        for _ in 0..3 {
            assert_eq!(ask().await, 0);
        }
        assert_eq!(vault.0.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn nothing_is_kept_of_what_is_settled() {
        let (repeats, vault) = (repeats(), Vault::default());
        for key in 0..50 {
            repeats
                .ask(key.to_string(), Effect::Some, vault.settles())
                .await;
        }
        repeats.slot("0".to_owned());
        assert_eq!(repeats.slots.lock().unwrap().len(), 1);
    }
}
