//! Work that is done once, however many wait for it, and that goes on when none does any more.

use std::sync::{Mutex, PoisonError};

use futures::FutureExt;
use futures::future::Shared;
use tokio::task::JoinSet;

use crate::vault::Boxed;

/// What some work comes to, for each who waits for it.
pub(super) type Joint<T> = Shared<Boxed<'static, T>>;

/// The work of a run.
#[derive(Debug, Default)]
pub(super) struct Works(Mutex<JoinSet<()>>);

impl Works {
    /// Begins some work, in the event loop of the caller.
    pub(super) fn begin<T: Clone + Send + Sync + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Joint<T> {
        let work: Boxed<'static, T> = Box::pin(work);
        let joint = work.shared();
        let mut works = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while works.try_join_next().is_some() {}
        works.spawn(joint.clone().map(drop));
        joint
    }

    /// Gives up what is not done.
    pub(super) fn end(&self) {
        let mut works = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        works.abort_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_is_done_once_for_all_and_for_none() {
        let works = Works::default();
        let count = Arc::new(AtomicUsize::new(0));
        let work = |count: Arc<AtomicUsize>| async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            count.fetch_add(1, Ordering::SeqCst)
        };
        let joint = works.begin(work(Arc::clone(&count)));
        assert_eq!(tokio::join!(joint.clone(), joint), (0, 0));
        drop(works.begin(work(Arc::clone(&count))));
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(count.load(Ordering::SeqCst), 2);
        drop(works.begin(work(Arc::clone(&count))));
        works.end();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }
}
