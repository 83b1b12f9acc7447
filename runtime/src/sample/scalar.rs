//! Candidates for texts and numbers.

use serde_json::{Number, Value};

use super::{Layers, least, most, pattern};

/// The longest text that is made up because it must be so long.
const LENGTH: usize = 10_000;

/// Texts of the forms that patterns commonly ask for.
const COMMON: &[&str] = &[
    "a",
    "A",
    "0",
    "1",
    "A-1",
    "a-1",
    "2026-01-31",
    "2026-01-31T12:00:00Z",
    "12:00",
    "name@example.com",
    "https://example.com/",
    "192.0.2.1",
    "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "#a0b1c2",
    "a0b1c2",
];

/// Texts that may fit, the likeliest first.
pub(super) fn texts(layers: &Layers<'_>, name: &str) -> Vec<Value> {
    let keyword = |keyword| {
        layers
            .iter()
            .filter_map(move |layer| layer.get(keyword)?.as_str())
    };
    let shortest = most(layers, "minLength").unwrap_or(0).min(LENGTH);
    let longest = least(layers, "maxLength").unwrap_or(LENGTH).min(LENGTH);
    let fit = |text: &str| fitted(text, shortest, longest);
    let mut texts: Vec<String> = keyword("format")
        .filter_map(crate::validate::format_sample)
        .map(str::to_owned)
        .collect();
    texts.push(fit("TEXT"));
    if keyword("pattern").next().is_some() {
        texts.push(fit(name));
        for pattern in keyword("pattern") {
            texts.extend(
                [0, 1, 3, shortest]
                    .into_iter()
                    .filter_map(|more| pattern::example(pattern, more)),
            );
        }
        texts.extend(COMMON.iter().map(|text| fit(text)));
        texts.extend(COMMON.iter().map(|&text| text.to_owned()));
    }
    texts.into_iter().map(Value::String).collect()
}

/// A text with a match of a pattern, a different one for each number.
pub(super) fn matching(pattern: &str, number: usize) -> Option<String> {
    let examples = (0..4).filter_map(|more| pattern::example(pattern, more + number));
    let examples = examples.chain([format!("key{number}")]);
    examples
        .into_iter()
        .find(|text| crate::validate::matches(pattern, text))
}

/// A text made as long as it must be, and as short.
fn fitted(text: &str, shortest: usize, longest: usize) -> String {
    let length = text.chars().count().clamp(shortest.min(longest), longest);
    let filler = if text.is_empty() { "a" } else { text };
    filler.chars().cycle().take(length).collect()
}

/// Numbers that may fit, the likeliest first.
pub(super) fn numbers(layers: &Layers<'_>) -> Vec<Value> {
    let keyword = |keyword| {
        layers
            .iter()
            .filter_map(move |layer| layer.get(keyword)?.as_number())
    };
    let bounds = || {
        ["minimum", "exclusiveMinimum", "exclusiveMaximum", "maximum"]
            .into_iter()
            .flat_map(keyword)
    };
    let mut numbers: Vec<Value> = vec![1.into()];
    numbers.extend(bounds().cloned().map(Value::Number));
    let near = bounds().filter_map(Number::as_f64);
    let near: Vec<f64> = near.collect();
    for bound in &near {
        let whole = [
            bound.floor() + 1.0,
            bound.ceil() - 1.0,
            bound.floor(),
            bound.ceil(),
        ];
        numbers.extend(whole.into_iter().filter_map(|number| written(number, 0)));
    }
    for factor in keyword("multipleOf") {
        numbers.push(Value::Number(factor.clone()));
        let Some(size) = factor.as_f64().filter(|size| *size > 0.0) else {
            continue;
        };
        let digits = factor
            .as_str()
            .split_once('.')
            .map_or(0, |(_, digits)| digits.len());
        for bound in &near {
            let first = (bound / size).ceil();
            let around = [first, first + 1.0, first - 1.0];
            numbers.extend(
                around
                    .into_iter()
                    .filter_map(|times| written(times * size, digits)),
            );
        }
    }
    if let (Some(low), Some(high)) = (
        near.iter().copied().reduce(f64::min),
        near.iter().copied().reduce(f64::max),
    ) {
        numbers.extend((0..6).filter_map(|digits| written(f64::midpoint(low, high), digits)));
    }
    numbers.extend([0.into(), (-1).into()]);
    numbers
}

/// A number written with so many digits behind the point.
fn written(number: f64, digits: usize) -> Option<Value> {
    if number.abs() > 1e300 {
        return None;
    }
    serde_json::from_str(&format!("{number:.digits$}"))
        .ok()
        .map(Value::Number)
}
