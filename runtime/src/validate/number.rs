//! Numbers as the decimals they are written as.
//!
//! JSON has no size of number, and 0.07 is a multiple of 0.01 though no pair of floats says so. A
//! [`Decimal`] keeps every digit, so that what is compared is what was typed.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// The most digits that are divided by hand; a number that is longer is taken for a multiple.
const DIGITS: i64 = 4096;

/// A number, exactly: `±0.d₁d₂d₃… × 10^point`, with neither leading nor trailing zeros.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    pub(super) fn new(number: &Number) -> Self {
        Self::parse(number.as_str())
    }

    /// The decimal of a JSON value that is a number.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Some(Self::new(number)),
            _ => None,
        }
    }

    fn parse(text: &str) -> Self {
        let (negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        // An exponent too large for this is too large to tell from another.
        let exponent = exponent.parse().unwrap_or(if exponent.starts_with('-') {
            i64::MIN / 4
        } else {
            i64::MAX / 4
        });
        let written = || whole.bytes().chain(fraction.bytes());
        let zeros = written().take_while(|&digit| digit == b'0').count();
        let mut digits: Vec<u8> = written().skip(zeros).map(|digit| digit - b'0').collect();
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let shift = i64::try_from(whole.len()).unwrap_or(0) - i64::try_from(zeros).unwrap_or(0);
        let zero = digits.is_empty();
        Self {
            negative: negative && !zero,
            point: if zero {
                0
            } else {
                shift.saturating_add(exponent)
            },
            digits,
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Whether it has no fraction: 5.0 and 5e3 have none.
    pub(super) fn is_integer(&self) -> bool {
        self.exponent() >= 0
    }

    /// Whether it is another number times an integer. None where that is too much to work out.
    pub(super) fn is_multiple_of(&self, other: &Self) -> Option<bool> {
        if other.is_zero() {
            return None;
        }
        if self.is_zero() {
            return Some(true);
        }
        let divisor = other
            .digits
            .iter()
            .try_fold(0_u128, |sum, &digit| {
                sum.checked_mul(10)?.checked_add(digit.into())
            })
            .filter(|divisor| *divisor < u128::MAX / 16)?;
        let zeros = self.exponent().saturating_sub(other.exponent());
        if zeros < 0 {
            // The last digit of this one is not zero, so ten does not divide it.
            return Some(false);
        }
        if zeros > DIGITS {
            return None;
        }
        let zeros = std::iter::repeat_n(&0, usize::try_from(zeros).ok()?);
        let rest = self
            .digits
            .iter()
            .chain(zeros)
            .fold(0, |rest, &digit| (rest * 10 + u128::from(digit)) % divisor);
        Some(rest == 0)
    }

    /// The power of ten that its last digit counts.
    fn exponent(&self) -> i64 {
        let length = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        self.point.saturating_sub(length)
    }

    fn compare_size(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => {
                (self.point.cmp(&other.point)).then_with(|| self.digits.cmp(&other.digits))
            }
        }
    }
}

impl From<usize> for Decimal {
    fn from(count: usize) -> Self {
        Self::parse(&count.to_string())
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.compare_size(other),
            (true, true) => other.compare_size(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::new(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn one_number_is_equal_in_all_its_spellings() {
        for (one, other) in [
            ("1", "1.0"),
            ("1", "1e0"),
            ("100", "1e2"),
            ("0.1", "1E-1"),
            ("0", "-0.0"),
            ("0", "0e99"),
            ("12300", "1.23e+4"),
            (
                "123456789012345678901234567890.0",
                "123456789012345678901234567890",
            ),
        ] {
            assert_eq!(decimal(one), decimal(other), "{one} {other}");
            assert_eq!(decimal(one).cmp(&decimal(other)), Ordering::Equal);
        }
    }

    #[test]
    fn numbers_of_any_size_are_in_order() {
        let sorted = [
            "-1e99999999999999999999",
            "-1e400",
            "-10",
            "-9.99",
            "-1",
            "-0.1",
            "0",
            "1e-400",
            "0.0999",
            "0.1",
            "0.11",
            "1",
            "9",
            "10",
            "10.5",
            "99",
            "100",
            "123456789012345678901234567890",
            "123456789012345678901234567891",
            "1e400",
            "1e99999999999999999999",
        ];
        for pair in sorted.windows(2) {
            assert!(decimal(pair[0]) < decimal(pair[1]), "{pair:?}");
            assert!(decimal(pair[1]) > decimal(pair[0]), "{pair:?}");
        }
    }

    #[test]
    fn an_integer_is_one_however_it_is_written() {
        for text in ["5", "5.0", "-3", "0", "0.0", "1e3", "1.50e1", "1e400"] {
            assert!(decimal(text).is_integer(), "{text}");
        }
        for text in ["5.5", "1e-1", "0.001", "1.55e1"] {
            assert!(!decimal(text).is_integer(), "{text}");
        }
    }

    #[test]
    fn a_multiple_is_told_exactly() {
        for (number, of, is) in [
            ("0.07", "0.01", Some(true)),
            ("19.99", "0.01", Some(true)),
            ("19.999", "0.01", Some(false)),
            ("-6", "3", Some(true)),
            ("7", "3", Some(false)),
            ("0", "3", Some(true)),
            ("1e30", "7", Some(false)),
            ("21e30", "7", Some(true)),
            ("4.5", "1.5", Some(true)),
            ("5", "2.5", Some(true)),
            ("1", "0", None),
            ("1e9999999", "3", None),
        ] {
            assert_eq!(
                decimal(number).is_multiple_of(&decimal(of)),
                is,
                "{number} {of}"
            );
        }
    }
}
