//! Work on many things of which none depends on another.

use std::num::NonZero;
use std::thread::{self, available_parallelism};

/// What `work` makes of each item and its place, in the order of the items, on as many threads as there
/// are cores: as long as each has `fewest` items or more, what less is not worth a thread.
pub(crate) fn map<T: Sync, R: Send>(
    items: &[T],
    fewest: usize,
    work: impl Fn(usize, &T) -> R + Sync,
) -> Vec<R> {
    let threads = available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(threads).max(fewest);
    let part = &|(before, items): (usize, &[T])| -> Vec<R> {
        let numbered = items.iter().enumerate();
        numbered
            .map(|(index, item)| work(before + index, item))
            .collect()
    };
    let mut parts = (0..).step_by(share).zip(items.chunks(share));
    let Some(first) = parts.next() else {
        return Vec::new();
    };
    thread::scope(|scope| {
        let others: Vec<_> = parts
            .map(|other| scope.spawn(move || part(other)))
            .collect();
        let mut done = part(first);
        for other in others {
            // A panic goes on here.
            done.extend(
                other
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            );
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_once_and_in_order() {
        for many in [0, 1, 2, 3, 10, 999] {
            let items: Vec<usize> = (0..many).collect();
            let done = map(&items, 2, |place, item| (place, item * 2));
            let expected: Vec<_> = items.iter().map(|item| (*item, item * 2)).collect();
            assert_eq!(done, expected);
        }
    }
}
