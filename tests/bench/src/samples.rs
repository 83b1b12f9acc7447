//! The values one thing measured to, and how they are shown.

use serde_json::{Value, json};

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Bytes,
}

/// The values one thing measured to. Never empty once it is in a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match self.0.len() {
            0 => f64::NAN,
            odd if odd % 2 == 1 => self.0[middle],
            _ => f64::midpoint(self.0[middle - 1], self.0[middle]),
        }
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// The median, and the extremes where there are several values.
    pub(crate) fn to_text(&self, unit: Unit) -> String {
        let median = show(self.median(), unit);
        if self.0.len() < 2 || self.min() == self.max() {
            return median;
        }
        format!(
            "{median} ({}–{})",
            bare(self.min(), self.median(), unit),
            bare(self.max(), self.median(), unit)
        )
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"median": self.median(), "min": self.min(), "max": self.max(), "runs": self.0.len()})
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        let mut samples = Self(values.into_iter().collect());
        samples.0.sort_by(f64::total_cmp);
        samples
    }
}

/// The factor and name of the measure in which a value reads best.
fn scale(value: f64, unit: Unit) -> (f64, &'static str) {
    match unit {
        Unit::Seconds if value.abs() < 1.0 => (1e3, "ms"),
        Unit::Seconds => (1.0, "s"),
        Unit::Bytes => (1.0 / 1e6, "MB"),
    }
}

fn show(value: f64, unit: Unit) -> String {
    format!("{} {}", bare(value, value, unit), scale(value, unit).1)
}

/// A value in the measure of another, so that a range is told in one measure.
fn bare(value: f64, like: f64, unit: Unit) -> String {
    let scaled = value * scale(like, unit).0;
    match scaled.abs() {
        small if small < 10.0 => format!("{scaled:.2}"),
        middle if middle < 100.0 => format!("{scaled:.1}"),
        _ => format!("{scaled:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_is_between_the_middle_two() {
        assert_eq!(Samples::from_iter([4.0, 1.0, 3.0, 2.0]).median(), 2.5);
        assert_eq!(Samples::from_iter([3.0, 1.0, 2.0]).median(), 2.0);
    }

    #[test]
    fn a_range_is_told_in_the_measure_of_its_median() {
        let samples = Samples::from_iter([0.9, 0.95, 1.2]);
        assert_eq!(samples.to_text(Unit::Seconds), "950 ms (900–1200)");
        assert_eq!(
            Samples::from_iter([0.0015]).to_text(Unit::Seconds),
            "1.50 ms"
        );
        assert_eq!(
            Samples::from_iter([111_081_648.0]).to_text(Unit::Bytes),
            "111 MB"
        );
    }
}
