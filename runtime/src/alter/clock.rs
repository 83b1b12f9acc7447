//! Moments as the vault and AWS write them.

pub(super) use crate::clock::now_in_seconds as now;

/// A moment of RFC 3339 with an offset, in seconds since 1970.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (time, zone) = rest.strip_prefix(['T', 't', ' '])?.split_at_checked(8)?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let digits = zone.strip_prefix('.').unwrap_or_default();
    let fraction = digits.len()
        - digits
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    let zone = match zone.strip_prefix('.') {
        Some(_) if fraction == 0 => return None,
        Some(after) => &after[fraction..],
        None => zone,
    };
    let offset = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        (sign @ ("+" | "-"), offset) => {
            let [hours, minutes] = numbers(offset, ':', [2, 2])?;
            let minutes = (hours <= 23 && minutes <= 59).then_some(hours * 60 + minutes)?;
            if sign == "+" {
                minutes * 60
            } else {
                -minutes * 60
            }
        }
        _ => return None,
    };
    Some(seconds([year, month, day], [hour, minute, second])? - offset)
}

/// The moment of a `Date` header (RFC 9110, 5.6.7), in seconds since 1970.
pub(super) fn date(text: &str) -> Option<i64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let (_, rest) = text.trim().split_once(", ")?;
    let parts: Vec<&str> = rest.split(' ').collect();
    let [day, month, year, time, "GMT"] = parts[..] else {
        return None;
    };
    let at = MONTHS
        .find(month)
        .filter(|at| month.len() == 3 && at % 3 == 0)?;
    let [day] = numbers(day, ' ', [2])?;
    let [year] = numbers(year, ' ', [4])?;
    let month = i64::try_from(at / 3).ok()? + 1;
    seconds([year, month, day], numbers(time, ':', [2, 2, 2])?)
}

/// A moment as RFC 3339 has it, from seconds since 1970.
pub(super) fn stamp(seconds: u64) -> String {
    let (day, whole) = compact(seconds);
    let time = &whole[day.len() + 1..];
    format!(
        "{}-{}-{}T{}:{}:{}Z",
        &day[..day.len() - 4],
        &day[day.len() - 4..day.len() - 2],
        &day[day.len() - 2..],
        &time[..2],
        &time[2..4],
        &time[4..6]
    )
}

/// A moment as AWS signs it: the day, and the whole.
pub(super) fn compact(seconds: u64) -> (String, String) {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // The civil calendar, counted from the first of March of the year 0, in eras of 400 years.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let date = format!("{year:04}{month:02}{day:02}");
    let time = format!("{:02}{:02}{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    (date.clone(), format!("{date}T{time}Z"))
}

/// Numbers of so many digits each, with a mark between them.
fn numbers<const N: usize>(text: &str, mark: char, lengths: [usize; N]) -> Option<[i64; N]> {
    let parts: Vec<&str> = text.split(mark).collect();
    let parts: [&str; N] = parts.try_into().ok()?;
    let mut numbers = [0; N];
    for ((number, part), length) in numbers.iter_mut().zip(parts).zip(lengths) {
        let is_number = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = part.parse().ok().filter(|_| is_number)?;
    }
    Some(numbers)
}

fn seconds([year, month, day]: [i64; 3], [hour, minute, second]: [i64; 3]) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, month) = (
        year.div_euclid(400),
        if month > 2 { month - 3 } else { month + 9 },
    );
    let year = year.rem_euclid(400);
    let days = year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + days - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_read_with_its_offset_or_not_at_all() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-01-01T00:00:00Z", Some(1_767_225_600)),
            ("2026-01-01T01:30:00.25+01:30", Some(1_767_225_600)),
            ("2025-12-31T23:00:00-01:00", Some(1_767_225_600)),
            ("2024-02-29T00:00:00z", Some(1_709_164_800)),
            ("1969-12-31 23:59:59Z", Some(-1)),
            ("2026-01-01T00:00:00", None),
            ("2026-02-29T00:00:00Z", None),
            ("2026-01-01T24:00:00Z", None),
            ("2026-01-01T00:00:00.Z", None),
            ("2026-01-01T00:00:00+1:00", None),
            ("2026-01-01", None),
            ("é026-01-01T00:00:00Z", None),
            ("", None),
        ] {
            assert_eq!(timestamp(text), expected, "{text}");
        }
    }

    #[test]
    fn the_date_of_an_answer_is_read() {
        assert_eq!(date("Thu, 01 Jan 2026 00:00:00 GMT"), Some(1_767_225_600));
        for text in [
            "",
            "Thu, 01 Jan 2026 00:00:00",
            "Thu, 01 anF 2026 00:00:00 GMT",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_counted_alike_both_ways() {
        for day in (0..40_000).step_by(13) {
            let (text, _) = compact(day * 86_400 + 3600);
            let text = format!("{}-{}-{}T01:00:00Z", &text[..4], &text[4..6], &text[6..]);
            assert_eq!(
                timestamp(&text),
                i64::try_from(day * 86_400 + 3600).ok(),
                "{text}"
            );
        }
        assert_eq!(compact(1_767_225_600).1, "20260101T000000Z");
    }
}
