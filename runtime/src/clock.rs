//! Points in time, as milliseconds since 1970 and as text (RFC 3339).

use std::time::{SystemTime, UNIX_EPOCH};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The days of 400 years, after which the calendar repeats itself.
const ERA: i64 = 146_097;
/// From the first of March of the year 0 to the first day of 1970.
const EPOCH: i64 = 719_468;

/// Now.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0))
}

/// Now, in whole seconds.
pub(crate) fn now_in_seconds() -> u64 {
    u64::try_from(now() / 1000).unwrap_or(0)
}

/// A time as text, in UTC: `2026-03-01T12:00:00.250Z`.
pub(crate) fn text(time: i64) -> String {
    let (year, month, day) = date(time.div_euclid(DAY));
    let of_day = time.rem_euclid(DAY);
    let (hour, minute) = (of_day / HOUR, of_day % HOUR / MINUTE);
    let (second, fraction) = (of_day % MINUTE / 1000, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z")
}

/// A whole second since 1970 as text: `2026-03-01T12:00:00Z`.
pub(crate) fn seconds(time: i64) -> String {
    text(time.saturating_mul(1000)).replace(".000Z", "Z")
}

/// The time that a text names: RFC 3339, a day, or how long ago it was, as in `90s`, `30m`, `12h`, `7d`.
pub(crate) fn read(text: &str, now: i64) -> Option<i64> {
    ago(text, now).or_else(|| timestamp(text))
}

fn ago(text: &str, now: i64) -> Option<i64> {
    let unit = match text.chars().next_back()? {
        's' => 1000,
        'm' => MINUTE,
        'h' => HOUR,
        'd' => DAY,
        _ => return None,
    };
    let count: u32 = number(&text[..text.len() - 1])?.try_into().ok()?;
    now.checked_sub(i64::from(count) * unit)
}

/// RFC 3339, section 5.6, or its date alone.
fn timestamp(text: &str) -> Option<i64> {
    let text = text.trim();
    let midnight = days(text.get(..10)?)? * DAY;
    let Some(rest) = text.get(10..).filter(|rest| !rest.is_empty()) else {
        return Some(midnight);
    };
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let part = |from: usize, limit: i64| {
        let value = number(rest.get(from..from + 2)?)?;
        (value <= limit).then_some(value)
    };
    if rest.get(2..3)? != ":" || rest.get(5..6)? != ":" {
        return None;
    }
    let of_day = part(0, 23)? * HOUR + part(3, 59)? * MINUTE + part(6, 60)? * 1000;
    let after = rest.get(8..)?;
    let digits = match after.strip_prefix('.') {
        Some(fraction) => fraction.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    let (fraction, zone) = match digits {
        0 => (0, after),
        _ => {
            let shown = format!("{:0<3}", after.get(1..=digits.min(3))?);
            (number(&shown)?, after.get(digits + 1..)?)
        }
    };
    Some(midnight + of_day + fraction - offset(zone)?)
}

/// How far a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let ahead = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    Some(ahead * (number(hours)? * HOUR + number(minutes)? * MINUTE))
}

fn number(digits: &str) -> Option<i64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

/// The days from 1970 to a date such as `2026-03-01`.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.splitn(3, '-').map(number);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let is_date = date.len() == 10 && (1..=12).contains(&month) && (1..=31).contains(&day);
    // Years begin in March here, so that a leap day is the last of its year.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    is_date.then_some(era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH)
}

/// The year, month and day that many days after the first of 1970.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let (month, later) = match march_month {
        0..10 => (march_month + 3, 0),
        _ => (march_month - 9, 1),
    };
    (era * 400 + year_of_era + later, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_and_read_again() {
        for (time, written) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(text(time), written);
            assert_eq!(read(written, 0), Some(time), "{written}");
        }
        for day in (-200_000..200_000).step_by(17) {
            assert_eq!(read(&text(day * DAY + 5), 0), Some(day * DAY + 5));
        }
    }

    #[test]
    fn a_zone_a_day_and_a_while_ago_are_understood() {
        for (written, time) in [
            ("1970-01-02", DAY),
            ("1970-01-01T01:00:00+01:00", 0),
            ("1970-01-01 00:00:00.5Z", 500),
            ("1970-01-01T00:00:00.123456-00:30", 30 * MINUTE + 123),
            ("90s", 1_000_000_000 - 90_000),
            ("7d", 1_000_000_000 - 7 * DAY),
        ] {
            assert_eq!(read(written, 1_000_000_000), Some(time), "{written}");
        }
        for written in [
            "",
            "d",
            "-1d",
            "yesterday",
            "1970-13-01",
            "1970-1-1",
            "1970-01-01T25:00:00Z",
            "1970-01-01T00:00:00",
            "1970-01-01T00:00:00.Z",
            "1970-01-01Tßß",
            "99999999999d",
        ] {
            assert_eq!(read(written, 0), None, "{written}");
        }
    }
}
