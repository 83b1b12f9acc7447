//! Whether a text looks like what `format` calls it.
//!
//! Drafts differ on whether a format is binding, and servers on what they take, so that these are
//! light checks whose answer is worth a warning.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A format that is looked at: its name, a text that has it, and the check.
type Known = (&'static str, &'static str, fn(&str) -> bool);

const KNOWN: &[Known] = &[
    ("date-time", "2026-01-31T12:00:00Z", is_date_time),
    ("date", "2026-01-31", is_date),
    ("time", "12:00:00Z", is_time),
    ("email", "name@example.com", is_email),
    ("uri", "https://example.com/", is_uri),
    ("url", "https://example.com/", is_uri),
    ("uuid", "3fa85f64-5717-4562-b3fc-2c963f66afa6", is_uuid),
    ("ipv4", "192.0.2.1", |text| text.parse::<Ipv4Addr>().is_ok()),
    ("ipv6", "2001:db8::1", |text| {
        text.parse::<Ipv6Addr>().is_ok()
    }),
    ("hostname", "example.com", is_hostname),
];

/// Whether the text has the format; None for a format that is not looked at.
pub(super) fn has(format: &str, text: &str) -> Option<bool> {
    known(format).map(|(_, _, check)| check(text))
}

/// A text that has the format.
pub(crate) fn sample(format: &str) -> Option<&'static str> {
    known(format).map(|(_, sample, _)| *sample)
}

fn known(format: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|(name, ..)| *name == format)
}

/// RFC 3339, section 5.6, where the `T` may be a space.
fn is_date_time(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else {
        return false;
    };
    let time = rest.strip_prefix(['T', 't', ' ']).unwrap_or_default();
    is_date(date)
        && split_offset(time).is_some_and(|(clock, zone)| !zone.is_empty() && is_clock(clock))
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let (Some(year), Some(month), Some(day)) = (
        digits(&text[..4]),
        text.get(5..7).and_then(digits),
        text.get(8..).and_then(digits),
    ) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// A time of the day; the zone, which the format asks for, is often left out.
fn is_time(text: &str) -> bool {
    split_offset(text).is_some_and(|(clock, _)| is_clock(clock))
}

/// A time and its zone, which is `Z`, an offset, or nothing.
fn split_offset(text: &str) -> Option<(&str, &str)> {
    let Some(at) = text.find(['Z', 'z', '+', '-']) else {
        return Some((text, ""));
    };
    let (clock, zone) = text.split_at(at);
    let valid = match zone.strip_prefix(['+', '-']) {
        Some(offset) => offset
            .split_once(':')
            .is_some_and(|(hours, minutes)| within(hours, 23) && within(minutes, 59)),
        None => zone.len() == 1,
    };
    valid.then_some((clock, zone))
}

fn is_clock(text: &str) -> bool {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let parts: Vec<&str> = clock.split(':').collect();
    let [hours, minutes, seconds] = parts[..] else {
        return false;
    };
    within(hours, 23) && within(minutes, 59) && within(seconds, 60) && is_digits(fraction)
}

fn within(text: &str, most: u32) -> bool {
    text.len() == 2 && digits(text).is_some_and(|number| number <= most)
}

fn digits(text: &str) -> Option<u32> {
    is_digits(text).then(|| text.parse().ok())?
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(name, domain)| {
        !name.is_empty()
            && !domain.is_empty()
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && !text.contains(char::is_whitespace)
    })
}

fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
            && !rest.is_empty()
            && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12])
        && text
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_hostname(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    text.len() <= 253
        && text
            .strip_suffix('.')
            .unwrap_or(text)
            .split('.')
            .all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_knows_its_own_sample() {
        for (format, sample, check) in KNOWN {
            assert!(check(sample), "{format}");
        }
        assert_eq!(has("int32", "x"), None);
    }

    #[test]
    fn a_text_of_another_form_is_told() {
        for (format, good, bad) in [
            (
                "date-time",
                &["2026-02-28t23:59:60.123+02:00", "2024-02-29 00:00:00Z"][..],
                &[
                    "2026-01-31",
                    "2026-01-31T12:00:00",
                    "2026-13-01T00:00:00Z",
                    "2026-01-31T1:00:00Z",
                    "é",
                    "2026-01-3éT00:00:00Z",
                ][..],
            ),
            (
                "date",
                &["2024-02-29"],
                &[
                    "2026-02-29",
                    "2026-00-01",
                    "26-01-01",
                    "2026/01/01",
                    "202é-01-0",
                ],
            ),
            (
                "time",
                &["12:00:00", "12:00:00.5Z", "23:59:60-01:00"],
                &["12:00", "24:00:00", "12:00:00+1", "12:00:00."],
            ),
            (
                "email",
                &["a@b", "a.b+c@d.e", "\"a@b\"@c"],
                &["a", "@b", "a@", "a b@c", "a@.b"],
            ),
            (
                "uri",
                &["https://x", "mailto:a@b", "urn:x:y"],
                &["x", "/a/b", "https://a b", ":x", "1a:b", "a:"],
            ),
            (
                "uuid",
                &["00000000-0000-0000-0000-00000000000F"],
                &["x", "00000000-0000-0000-0000-00000000000g"],
            ),
            ("ipv4", &["127.0.0.1"], &["1.2.3", "256.0.0.1", "::1"]),
            ("ipv6", &["::", "::ffff:1.2.3.4"], &["1.2.3.4", "g::"]),
            (
                "hostname",
                &["a", "a-b.c.", "bücher.example"],
                &["", "-a", "a..b", "a b"],
            ),
        ] {
            for text in good {
                assert_eq!(has(format, text), Some(true), "{format} {text}");
            }
            for text in bad {
                assert_eq!(has(format, text), Some(false), "{format} {text}");
            }
        }
    }
}
