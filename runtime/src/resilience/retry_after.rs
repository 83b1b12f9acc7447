//! `Retry-After` of an HTTP response (RFC 9110, section 10.2.3): seconds, or a date in any of the three
//! forms that HTTP has.

use std::time::{Duration, SystemTime};

/// The longest time that is taken seriously: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long a server asks to be left alone. `date` is its own `Date`, for clocks that differ, and `now`
/// what stands for it where there is none.
pub(crate) fn retry_after(text: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)).min(LONGEST));
    }
    let now = date.and_then(seconds).or_else(|| {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(now.as_secs()).ok()
    })?;
    // A time that has passed is one that need not be waited for.
    let left = seconds(text)?.saturating_sub(now);
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)).min(LONGEST))
}

/// A date of HTTP in seconds since 1970 (RFC 9110, section 5.6.7).
fn seconds(text: &str) -> Option<i64> {
    let words: Vec<&str> = text
        .split([' ', ',', '-'])
        .filter(|word| !word.is_empty())
        .collect();
    let (day, month, year, time) = match *words.as_slice() {
        [_, day, month, year, time, "GMT"] => (day, month, year, time),
        // That of C's asctime().
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    let number = |text: &str| -> Option<i64> {
        let is_plain = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| text.parse().ok()).flatten()
    };
    let year = match (number(year)?, year.len()) {
        // Two digits are of the fifty years around now; no server means another time.
        (short, 2) if short < 70 => 2000 + short,
        (short, 2) => 1900 + short,
        (long, 4) => long,
        _ => return None,
    };
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = months.iter().position(|name| *name == month)?;
    let month = i64::try_from(month).ok()? + 1;
    let mut parts = time.splitn(3, ':').map(number);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let day = number(day)?;
    if !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// The days since 1970-01-01, counted in years that begin in March, so that a leap day is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = match month {
        3.. => (year, month - 3),
        _ => (year - 1, month + 9),
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // March the first of the year 0 is day -719468.
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str, date: Option<&str>) -> Option<u64> {
        // 1994-11-06 08:49:00.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_740);
        retry_after(text, date, now).map(|time| time.as_secs())
    }

    #[test]
    fn seconds_are_taken_as_they_are() {
        assert_eq!(after("120", None), Some(120));
        assert_eq!(after(" 0 ", None), Some(0));
        assert_eq!(
            after("99999999999999999999999", None),
            Some(365 * 24 * 60 * 60)
        );
    }

    #[test]
    fn a_date_of_any_form_is_the_time_until_then() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(after(text, None), Some(37), "{text}");
        }
        assert_eq!(after("Sun, 06 Nov 1994 08:40:00 GMT", None), Some(0));
        assert_eq!(
            after(
                "Tue, 29 Feb 2000 00:00:00 GMT",
                Some("Mon, 28 Feb 2000 00:00:00 GMT")
            ),
            Some(86_400)
        );
        assert_eq!(
            after(
                "Fri, 01 Jan 2100 00:00:00 GMT",
                Some("Thu, 31 Dec 2099 23:59:59 GMT")
            ),
            Some(1)
        );
    }

    #[test]
    fn the_server_s_own_clock_is_the_one_that_counts() {
        let skewed = "Sun, 06 Nov 2094 08:49:00 GMT";
        assert_eq!(
            after("Sun, 06 Nov 2094 08:49:05 GMT", Some(skewed)),
            Some(5)
        );
    }

    #[test]
    fn what_is_neither_says_nothing() {
        for text in [
            "",
            "soon",
            "-1",
            "1.5",
            "Sun, 06 Nov 1994 25:00:00 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 19941994 08:49:37 GMT",
        ] {
            assert_eq!(after(text, None), None, "{text}");
        }
    }
}
