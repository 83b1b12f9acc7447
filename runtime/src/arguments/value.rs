//! The text of a flag as JSON, by the flag's shape.

use serde_json::Value;
use strsim::levenshtein;

use crate::spec::Shape;

/// The items one occurrence of a repeating flag stands for: a JSON array is all of them, and where
/// no item can hold a comma, commas part them.
pub(super) fn items(flag: &str, item: Shape, text: &str) -> Result<Vec<Value>, String> {
    if text.starts_with('[')
        && let Ok(Value::Array(items)) = serde_json::from_str(text)
        && items.iter().all(|value| fits(item, value))
    {
        return Ok(items);
    }
    match item {
        Shape::Text | Shape::Any | Shape::Json => Ok(vec![scalar(flag, item, text)?]),
        Shape::Choice(values) if values.iter().any(|value| value.contains(',')) => {
            Ok(vec![scalar(flag, item, text)?])
        }
        _ => text
            .split(',')
            .map(|part| scalar(flag, item, part))
            .collect(),
    }
}

/// One value out of its text.
pub(super) fn scalar(flag: &str, shape: Shape, text: &str) -> Result<Value, String> {
    let wrong = |wanted: &str| format!("--{flag} {text}: not {wanted}");
    match shape {
        Shape::Text => Ok(text.into()),
        Shape::Integer => integer(text).ok_or_else(|| wrong("an integer")),
        Shape::Number => number(text).ok_or_else(|| wrong("a number")),
        Shape::Boolean { .. } => match text {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(format!("--{flag}={text}: neither true nor false")),
        },
        Shape::Choice(values) => choice(flag, values, text),
        Shape::Any => Ok(json_or_text(text)),
        Shape::Constant(_) | Shape::Json | Shape::List(_) => serde_json::from_str(text)
            .map_err(|error| format!("--{flag}: not JSON ({error}); a string is written '\"…\"'")),
    }
}

/// What begins as JSON does and is JSON is that; all else is text, and so is a bare number.
fn json_or_text(text: &str) -> Value {
    if text.starts_with(['{', '[', '"'])
        && let Ok(value) = serde_json::from_str(text)
    {
        return value;
    }
    text.into()
}

/// An integer of any size; `5.0` is one.
fn integer(text: &str) -> Option<Value> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0') => {
            whole
        }
        Some(_) => return None,
        None => text,
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // JSON knows no leading zeros.
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    let sign = if whole.starts_with('-') && digits != "0" {
        "-"
    } else {
        ""
    };
    number(&format!("{sign}{digits}"))
}

/// A number in JSON's grammar (RFC 8259, section 6), kept digit for digit.
fn number(text: &str) -> Option<Value> {
    // Serde would take the white space around a number as well.
    let bounds = (text.bytes().next()?, text.bytes().last()?);
    if !(bounds.0.is_ascii_digit() || bounds.0 == b'-') || !bounds.1.is_ascii_digit() {
        return None;
    }
    serde_json::from_str::<serde_json::Number>(text)
        .ok()
        .map(Value::Number)
}

fn choice(flag: &str, values: &[&str], text: &str) -> Result<Value, String> {
    let parsed: Vec<Value> = values
        .iter()
        .filter_map(|value| serde_json::from_str(value).ok())
        .collect();
    let shown: Vec<String> = parsed.iter().map(shown).collect();
    // Two values may look alike, as "1" and 1 do: the first in the schema's order is meant.
    if let Some(at) = shown.iter().position(|shown| shown == text) {
        return Ok(parsed[at].clone());
    }
    let near = shown
        .iter()
        .filter(|value| value.eq_ignore_ascii_case(text) || levenshtein(value, text) <= 2)
        .min_by_key(|value| levenshtein(value, text));
    let near = near
        .map(|near| format!("; did you mean {near}?"))
        .unwrap_or_default();
    Err(format!(
        "--{flag} {text}: not one of {}{near}",
        shown.join(", ")
    ))
}

/// A value as it is typed: a string without its quotes.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a JSON value could be an item of the shape.
fn fits(shape: Shape, value: &Value) -> bool {
    match shape {
        Shape::Text => value.is_string(),
        Shape::Integer => value.is_number() && integer(&value.to_string()).is_some(),
        Shape::Number => value.is_number(),
        Shape::Boolean { .. } => value.is_boolean(),
        Shape::Choice(values) => values.iter().any(|choice| {
            serde_json::from_str::<Value>(choice).is_ok_and(|choice| choice == *value)
        }),
        Shape::Any | Shape::Constant(_) | Shape::Json | Shape::List(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(shape: Shape, text: &str) -> Result<String, String> {
        scalar("x", shape, text).map(|value| value.to_string())
    }

    #[test]
    fn an_integer_keeps_every_digit_and_takes_no_other_spelling() {
        for (text, value) in [
            ("10", "10"),
            ("-3", "-3"),
            ("5.0", "5"),
            ("007", "7"),
            ("-0", "0"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
        ] {
            assert_eq!(sent(Shape::Integer, text).as_deref(), Ok(value), "{text}");
        }
        for text in [
            "", "-", "ten", "0x10", "1e3", "1_000", "1.5", "1.", "+1", " 1",
        ] {
            assert!(sent(Shape::Integer, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_is_kept_as_it_was_typed() {
        for text in ["-0.25", "1.50", "1e+10", "0"] {
            assert_eq!(sent(Shape::Number, text).as_deref(), Ok(text));
        }
        for text in ["NaN", "inf", "", "+1", ".5", " 1", "1 "] {
            assert!(sent(Shape::Number, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_of_any_kind_is_json_where_it_begins_so_and_is_so() {
        for (text, value) in [
            ("[1,2]", "[1,2]"),
            ("{\"a\":1}", "{\"a\":1}"),
            ("\"7\"", "\"7\""),
            ("7 apples", "\"7 apples\""),
            ("7", "\"7\""),
            ("[draft] notes", "\"[draft] notes\""),
        ] {
            assert_eq!(sent(Shape::Any, text).as_deref(), Ok(value), "{text}");
        }
    }

    #[test]
    fn text_is_never_read_as_json() {
        assert_eq!(sent(Shape::Text, "{\"a\":1}").unwrap(), r#""{\"a\":1}""#);
    }

    #[test]
    fn a_choice_of_numbers_sends_a_number_and_a_near_miss_is_guessed() {
        let shape = Shape::Choice(&["10000", "\"red\"", "\"green\""]);
        assert_eq!(sent(shape, "10000").unwrap(), "10000");
        assert_eq!(
            sent(shape, "gren").unwrap_err(),
            "--x gren: not one of 10000, red, green; did you mean green?"
        );
    }

    #[test]
    fn a_list_of_texts_is_not_split_but_a_json_array_of_them_is_the_list() {
        let list = |item, text| items("x", item, text).map(|items| Value::from(items).to_string());
        assert_eq!(list(Shape::Text, "b,c").unwrap(), r#"["b,c"]"#);
        assert_eq!(list(Shape::Text, r#"["a","b"]"#).unwrap(), r#"["a","b"]"#);
        assert_eq!(list(Shape::Text, "[1]").unwrap(), r#"["[1]"]"#);
        assert_eq!(list(Shape::Text, "[]").unwrap(), "[]");
        assert_eq!(list(Shape::Integer, "1,-2,3.0").unwrap(), "[1,-2,3]");
        assert!(list(Shape::Integer, "1,,2").is_err());
    }
}
