//! What of a conversation may have reached the server, and cannot be taken back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What was sent so far, shared by all the connections of one attempt.
///
/// A transport counts a request before it is written, and takes that back where it knows that nothing
/// of it left this machine; whatever is in doubt stays counted. So "nothing" is certain, and the rest is
/// not.
#[derive(Debug, Default)]
pub(crate) struct Exposure {
    requests: AtomicUsize,
    is_final: AtomicBool,
}

/// The same, at the end of an attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Nothing that does anything.
    #[default]
    Nothing,
    /// A request that the server may have carried out.
    Perhaps,
    /// One that it has taken on, and goes on with: to send it again would begin another. Or somebody
    /// was asked on its behalf, who is not to be asked again.
    Surely,
}

impl Exposure {
    /// Counts a request that is about to be sent.
    pub(crate) fn count(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes one back that was not sent after all.
    pub(crate) fn take_back(&self) {
        let less = |requests: usize| requests.checked_sub(1);
        let _ = self
            .requests
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Notes that the server has taken a request on, or a person a part in it.
    pub(crate) fn is_taken_on(&self) {
        self.is_final.store(true, Ordering::Relaxed);
    }

    /// What was sent.
    pub(crate) fn sent(&self) -> Sent {
        match (
            self.is_final.load(Ordering::Relaxed),
            self.requests.load(Ordering::Relaxed),
        ) {
            (true, _) => Sent::Surely,
            (false, 0) => Sent::Nothing,
            (false, _) => Sent::Perhaps,
        }
    }
}

/// Whether a request asks for something and does nothing, so that it may be made any number of times.
///
/// A subscription is not one: what changed before the second would be missed without a word.
pub(crate) fn is_harmless(method: &str) -> bool {
    matches!(
        method,
        "initialize"
            | "server/discover"
            | "ping"
            | "logging/setLevel"
            | "completion/complete"
            | "prompts/get"
            | "prompts/list"
            | "resources/list"
            | "resources/read"
            | "resources/templates/list"
            | "tasks/get"
            | "tasks/list"
            | "tasks/result"
            | "tools/list"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_sent_after_all_is_nothing_and_what_was_taken_on_stays_so() {
        let exposure = Exposure::default();
        exposure.take_back();
        exposure.count();
        assert_eq!(exposure.sent(), Sent::Perhaps);
        exposure.take_back();
        assert_eq!(exposure.sent(), Sent::Nothing);
        exposure.is_taken_on();
        assert_eq!(exposure.sent(), Sent::Surely);
    }

    #[test]
    fn what_is_not_known_to_be_harmless_is_not() {
        assert!(is_harmless("tools/list"));
        for method in [
            "tools/call",
            "tasks/cancel",
            "resources/subscribe",
            "new/method",
        ] {
            assert!(!is_harmless(method), "{method}");
        }
    }
}
