//! What the vault says in the headers of an answer.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// The longest wait that is believed, in seconds.
pub(super) const LONGEST_WAIT: u64 = 3600;

/// The longest wait for a quota.
pub(super) const LONGEST_QUOTA: u64 = 31 * 24 * 3600;

/// The text of a header, if it has one.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// How many seconds to wait: the `Retry-After` header, whole seconds only, else what the body says.
pub(super) fn retry_after(header: Option<&str>, body: Option<&Value>, most: u64) -> Option<u64> {
    let digits = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // All that is too large to be read is too long.
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let whole = |value: &Value| {
        let number = value.as_f64().filter(|_| value.is_number())?;
        // As large a number as it may be is cut before it is one of seconds.
        (number >= 0.0 && number.fract() == 0.0).then(|| number.min(1e15) as u64)
    };
    header
        .map(str::trim)
        .and_then(digits)
        .or_else(|| body.and_then(whole))
        .map(|seconds| seconds.min(most))
}

/// How many requests are left to this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RateLimit {
    pub(super) limit: u64,
    pub(super) remaining: u64,
}

impl RateLimit {
    /// The limit in either of its two spellings, if it is there whole.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &str| text(headers, name)?.trim().parse().ok();
        if let (Some(limit), Some(remaining), Some::<u64>(_)) = (
            number("x-ratelimit-limit"),
            number("x-ratelimit-remaining"),
            number("x-ratelimit-reset"),
        ) {
            return Some(Self { limit, remaining });
        }
        let (policy, limit) = item(text(headers, "ratelimit-policy")?, "q")?;
        let (name, remaining) = item(text(headers, "ratelimit")?, "r")?;
        item(text(headers, "ratelimit")?, "t")?;
        (policy == name).then_some(Self { limit, remaining })
    }

    /// Whether there is so little left that it should be said.
    pub(super) fn is_low(self) -> bool {
        self.remaining.saturating_mul(10) <= self.limit
    }
}

/// The name of a structured item and one number among its parameters: `"name";q=60`.
fn item<'a>(text: &'a str, parameter: &str) -> Option<(&'a str, u64)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next()?.strip_prefix('"')?.strip_suffix('"')?;
    let number = parts.find_map(|part| part.strip_prefix(parameter)?.strip_prefix('='))?;
    Some((name, number.parse().ok()?))
}

/// Whether a text is a UUID as the vault writes them, in small letters.
pub(super) fn is_uuid(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.bytes().all(is_digit)
}

/// Whether a text is a `traceparent` (W3C Trace Context, 3.2), in letters of either size.
pub(super) fn is_trace_parent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    let [version, trace, span, flags] = parts[..] else {
        return false;
    };
    [version, trace, span, flags].map(str::len) == [2, 32, 16, 2]
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        && !version.eq_ignore_ascii_case("ff")
        && !is_zero(trace)
        && !is_zero(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_a_tenth() {
        let is_low = |limit, remaining| RateLimit { limit, remaining }.is_low();
        assert!(is_low(60, 6) && is_low(60, 0) && is_low(0, 0));
        assert!(!is_low(60, 7) && !is_low(600, 599));
    }
}
