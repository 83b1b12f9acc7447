//! The words of a message.

use std::collections::HashSet;

use serde_json::Value;
use strsim::osa_distance;

/// The most characters of a value that are shown.
const SHOWN: usize = 60;

/// The most characters of a pattern that are shown.
const PATTERN: usize = 120;

/// The most choices that are listed.
const LISTED: usize = 12;

/// The longest word that a near one is looked for.
const WORD: usize = 64;

/// A value as JSON, cut short.
pub(super) fn show(value: &Value) -> String {
    match value {
        // Not all of a large value is written to be cut.
        Value::String(text) => {
            let start: String = text.chars().take(SHOWN).collect();
            let whole = start.len() == text.len();
            let mut shown = Value::String(start).to_string();
            if !whole {
                shown.pop();
                shown.push_str("…\"");
            }
            shown
        }
        Value::Array(items) if items.len() > SHOWN => an(value).to_owned(),
        Value::Object(fields) if fields.len() > SHOWN => an(value).to_owned(),
        other => cut(&other.to_string(), SHOWN),
    }
}

/// A pattern, cut short.
pub(super) fn pattern(pattern: &str) -> String {
    cut(pattern, PATTERN)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The kind of a value, with its article.
pub(crate) fn an(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The name of a type, with its article; None for what is no type.
pub(super) fn an_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "null" => "null",
        "boolean" => "a boolean",
        "integer" => "an integer",
        "number" => "a number",
        "string" => "a string",
        "array" => "an array",
        "object" => "an object",
        _ => return None,
    })
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn either(words: &[impl AsRef<str>]) -> String {
    join(words, "or")
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn both(words: &[impl AsRef<str>]) -> String {
    join(words, "and")
}

fn join(words: &[impl AsRef<str>], last: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        Some((end, [])) => (*end).to_owned(),
        Some((end, before)) => format!("{} {last} {end}", before.join(", ")),
        None => String::new(),
    }
}

/// `1 item`, `2 items`.
pub(super) fn count(number: usize, thing: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{end}")
}

/// `"gren" is none of red, green; did you mean green?`
pub(super) fn none_of(instance: &Value, allowed: &[&Value]) -> String {
    let given = show(instance);
    let shown = choices(allowed);
    match &shown[..] {
        [] => format!("{given} where nothing is allowed"),
        [only] => format!("{given} where only {only} is allowed"),
        _ => {
            let text = match instance {
                Value::String(text) => text.clone(),
                _ => given.clone(),
            };
            let near = nearest(&text, allowed.iter().filter_map(|choice| choice.as_str()));
            format!("{given} is none of {}{near}", list(&shown))
        }
    }
}

/// The choices as they are listed: without quotes where that leaves no doubt.
pub(super) fn choices(allowed: &[&Value]) -> Vec<String> {
    // A number's text is quoted where the number is a choice as well.
    let others: Vec<String> = allowed
        .iter()
        .filter(|other| !other.is_string())
        .map(|other| other.to_string())
        .collect();
    let bare = |text: &str| {
        let plain = !text.is_empty() && !text.contains([',', '"']) && text.trim() == text;
        plain && !others.iter().any(|other| other == text)
    };
    let mut shown = Vec::with_capacity(allowed.len());
    let mut seen = HashSet::new();
    for choice in allowed {
        let text = match choice {
            Value::String(text) if bare(text) => cut(text, SHOWN),
            other => show(other),
        };
        if seen.insert(text.clone()) {
            shown.push(text);
        }
    }
    shown
}

/// `a, b, c`, and of very many the first.
pub(super) fn list(words: &[impl AsRef<str>]) -> String {
    let first: Vec<&str> = words.iter().take(LISTED).map(AsRef::as_ref).collect();
    match words.len() - first.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// `; did you mean green?`, or nothing where nothing is near.
pub(super) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> String {
    if word.len() > WORD {
        return String::new();
    }
    let lower = word.to_lowercase();
    let near = known
        .filter(|known| known.len().abs_diff(word.len()) <= 2)
        .map(|known| (osa_distance(&known.to_lowercase(), &lower), known))
        // In a short word two letters are half of it.
        .filter(|(distance, known)| *distance <= (known.len().min(word.len()) / 3).min(2))
        .min_by_key(|(distance, _)| *distance);
    near.map(|(_, near)| format!("; did you mean {near}?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_shown_short() {
        let long = "é".repeat(100);
        assert_eq!(show(&json!("a\"b")), r#""a\"b""#);
        assert_eq!(show(&json!(long)), format!("\"{}…\"", "é".repeat(60)));
        assert_eq!(show(&json!([1, 2])), "[1,2]");
        assert_eq!(show(&json!([long, long])).chars().count(), 61);
        assert_eq!(show(&json!(vec![0; 1000])), "an array");
    }

    #[test]
    fn choices_are_listed_without_quotes_where_that_is_clear() {
        for (given, allowed, message) in [
            (
                json!("gren"),
                json!(["red", "green"]),
                r#""gren" is none of red, green; did you mean green?"#,
            ),
            (
                json!("RED"),
                json!(["red", "green"]),
                r#""RED" is none of red, green; did you mean red?"#,
            ),
            (
                json!("2"),
                json!(["1", 1, null]),
                r#""2" is none of "1", 1, null"#,
            ),
            (
                json!(3),
                json!(["a", "b c", "", "d,e"]),
                r#"3 is none of a, b c, "", "d,e""#,
            ),
            (json!("a"), json!(["b"]), r#""a" where only b is allowed"#),
            (json!("a"), json!([]), r#""a" where nothing is allowed"#),
        ] {
            let allowed: Vec<&Value> = allowed.as_array().unwrap().iter().collect();
            assert_eq!(none_of(&given, &allowed), message);
        }
    }

    #[test]
    fn of_very_many_choices_the_first_are_listed() {
        let words: Vec<String> = (0..40).map(|word| word.to_string()).collect();
        assert_eq!(
            list(&words),
            "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 28 more"
        );
    }
}
