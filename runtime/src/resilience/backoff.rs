//! How long to wait before the next attempt: exponential backoff with full jitter, so that many
//! clients of a server that was away do not all come back at once.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The longest wait before the first retry; it doubles with each.
const BASE: Duration = Duration::from_millis(400);

/// The longest wait before any.
const LONGEST: Duration = Duration::from_secs(10);

/// The wait before the retry with this number, the first being 0. `share` is a number from 0 to 1.
pub(super) fn wait(retry: u32, share: f64) -> Duration {
    let most = BASE
        .saturating_mul(2_u32.saturating_pow(retry))
        .min(LONGEST);
    most.mul_f64(share.clamp(0.0, 1.0))
}

/// A number from 0 to 1 by chance. The standard library seeds its hashers by chance, and no more is
/// asked of it here.
pub(super) fn chance() -> f64 {
    let number = RandomState::new().build_hasher().finish() >> 32;
    #[expect(clippy::cast_precision_loss, reason = "32 bits fit")]
    let number = number as f64;
    number / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_bound_and_is_any_part_of_that() {
        let most: Vec<_> = [0, 1, 2, 5, 6, 40]
            .map(|retry| wait(retry, 1.0).as_millis())
            .into();
        assert_eq!(most, [400, 800, 1600, 10_000, 10_000, 10_000]);
        assert_eq!(wait(3, 0.0), Duration::ZERO);
        assert_eq!(wait(1, 0.5).as_millis(), 400);
    }

    #[test]
    fn chance_is_a_share_and_not_always_the_same() {
        let shares: Vec<f64> = (0..64).map(|_| chance()).collect();
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        assert!(shares.iter().any(|share| *share > 0.5));
        assert!(shares.iter().any(|share| *share < 0.5));
    }
}
