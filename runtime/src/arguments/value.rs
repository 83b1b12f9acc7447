//! The text of a flag as JSON, by the flag's shape.
//!
//! What is wrong is said without the flag's name, which the caller knows: "ten: not an integer".

use serde_json::{Map, Value};
use strsim::levenshtein;

use super::shorthand;
use crate::spec::{Field, Shape};

/// A value out of what its flag was given, an item an occurrence; none is the flag without a value.
pub(super) fn read(shape: Shape, given: &[Option<&str>]) -> Result<Value, String> {
    match shape {
        Shape::List(item) => {
            let mut items = Vec::new();
            for text in given {
                items.extend(self::items(
                    *item,
                    text.unwrap_or_default(),
                    given.len() == 1,
                )?);
            }
            Ok(items.into())
        }
        Shape::Object { fields, rest } => object(fields, *rest, given),
        Shape::Union(branches) => union(branches, given),
        shape => match given.last() {
            Some(Some(text)) => one(shape, text),
            _ => Ok(bare(shape)),
        },
    }
}

/// What a flag without a value means.
fn bare(shape: Shape) -> Value {
    match shape {
        Shape::Constant(only) => serde_json::from_str(only).unwrap_or_default(),
        _ => true.into(),
    }
}

/// One value out of one text.
pub(super) fn one(shape: Shape, text: &str) -> Result<Value, String> {
    let wrong = |wanted: &str| format!("{}: not {wanted}", short(text));
    match shape {
        Shape::Text => Ok(text.into()),
        Shape::Integer => integer(text).ok_or_else(|| wrong("an integer")),
        Shape::Number => number(text).ok_or_else(|| wrong("a number")),
        Shape::Boolean => match text {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(format!("{}: neither true nor false", short(text))),
        },
        Shape::Choice(values) => choice(values, text),
        Shape::Constant(only) => choice(&[only], text),
        Shape::Any => Ok(json_or_text(text)),
        Shape::Json => json(text),
        Shape::List(item) => items(*item, text, true).map(Value::from),
        Shape::Tuple(slots) => tuple(slots, text),
        Shape::Object { fields, rest } if !text.starts_with('{') => {
            shorthand::object(fields, *rest, text)
        }
        Shape::Object { .. } => json(text),
        Shape::Union(branches) => union(branches, &[Some(text)]),
    }
}

/// JSON text, and nothing else.
pub(super) fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| {
        format!(
            "{}: not JSON ({error}); a string is written '\"…\"'",
            short(text)
        )
    })
}

/// The items one occurrence of a repeating flag stands for: a JSON array is all of them, and where
/// no item can hold a comma, commas part them.
fn items(item: Shape, text: &str, only: bool) -> Result<Vec<Value>, String> {
    if text.starts_with('[')
        && let Ok(Value::Array(items)) = serde_json::from_str(text)
    {
        // Where an item could be an array itself, several occurrences are an item each.
        let whole = match item {
            Shape::Any | Shape::Json => only,
            item => items.iter().all(|value| fits(item, value)),
        };
        if whole {
            return Ok(items);
        }
    }
    if let Shape::Any = item {
        return Ok(vec![
            serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        ]);
    }
    if parts_at_commas(item) {
        text.split(',').map(|part| one(item, part)).collect()
    } else {
        Ok(vec![one(item, text)?])
    }
}

/// Whether no value of the shape can hold a comma.
pub(crate) fn parts_at_commas(shape: Shape) -> bool {
    match shape {
        Shape::Integer | Shape::Number | Shape::Boolean => true,
        Shape::Choice(values) => !values.iter().any(|value| value.contains(',')),
        Shape::Constant(value) => !value.contains(','),
        Shape::Union(branches) => branches.iter().all(|branch| parts_at_commas(*branch)),
        Shape::Text
        | Shape::Any
        | Shape::Json
        | Shape::List(_)
        | Shape::Tuple(_)
        | Shape::Object { .. } => false,
    }
}

/// `52.5,13.4`, or a JSON array.
fn tuple(slots: &[Shape], text: &str) -> Result<Value, String> {
    if text.starts_with('[') {
        let value = json(text)?;
        if value.is_array() {
            return Ok(value);
        }
    }
    let parts = shorthand::split(text);
    if parts.len() > slots.len() {
        return Err(format!(
            "{}: {} values where {} are wanted",
            short(text),
            parts.len(),
            slots.len()
        ));
    }
    let values = slots
        .iter()
        .zip(&parts)
        .map(|(slot, part)| one(*slot, part));
    values.collect::<Result<Vec<_>, _>>().map(Value::from)
}

/// An object out of JSON and `KEY=VALUE`, the later over the earlier.
fn object(fields: &[Field], rest: Shape, given: &[Option<&str>]) -> Result<Value, String> {
    let mut object = Map::new();
    let mut typed = false;
    for text in given.iter().map(|text| text.unwrap_or_default()) {
        if !text.trim_start().starts_with('{') {
            shorthand::pair(&mut object, fields, rest, text)?;
            typed = true;
            continue;
        }
        match json(text)? {
            Value::Object(more) => super::place::merge_into(&mut object, more),
            _ => return Err(format!("{}: not an object", short(text))),
        }
    }
    if typed {
        shorthand::constants(&mut object, fields);
    }
    Ok(object.into())
}

/// The first alternative that what was given can be.
fn union(branches: &[Shape], given: &[Option<&str>]) -> Result<Value, String> {
    let list = branches
        .iter()
        .find(|branch| matches!(branch, Shape::List(_)));
    let object = branches
        .iter()
        .find(|branch| matches!(branch, Shape::Object { .. }));
    let text = match given {
        [Some(text)] => *text,
        [None] | [] => return Ok(true.into()),
        _ => {
            return match list.or(object) {
                Some(repeated) => read(*repeated, given),
                None => Err("given more than once".to_owned()),
            };
        }
    };
    if text.starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        let meant = |branch: &Shape| !is_scalar(*branch) && fits(*branch, &value);
        if branches.iter().any(meant) {
            return Ok(value);
        }
        // One object where a list of them may be is a list of one.
        if let Some(Shape::List(item)) = list
            && value.is_object()
            && fits(**item, &value)
        {
            return Ok(vec![value].into());
        }
    }
    if let Some(Shape::List(Shape::Object { fields, rest })) = list
        && let Some(object) = shorthand::beyond_doubt(fields, **rest, text)
    {
        return Ok(vec![object].into());
    }
    let scalars = branches.iter().filter(|branch| is_scalar(**branch));
    let rest = branches.iter().filter(|branch| !is_scalar(**branch));
    let mut refusals = Vec::new();
    for branch in scalars.chain(rest) {
        match read(*branch, given) {
            Ok(value) => return Ok(value),
            Err(refusal) => refusals.push(refusal),
        }
    }
    let said = short(text);
    let reasons = refusals.iter().map(|refusal| {
        refusal
            .strip_prefix(&format!("{said}: "))
            .unwrap_or(refusal)
    });
    let reasons: Vec<&str> = reasons.collect();
    Err(format!("{said}: {}", reasons.join("; ")))
}

/// Whether text for it is never JSON of an object or an array.
fn is_scalar(shape: Shape) -> bool {
    match shape {
        Shape::Text
        | Shape::Integer
        | Shape::Number
        | Shape::Boolean
        | Shape::Choice(_)
        | Shape::Constant(_) => true,
        Shape::Union(branches) => branches.iter().all(|branch| is_scalar(*branch)),
        Shape::List(_) | Shape::Tuple(_) | Shape::Object { .. } | Shape::Any | Shape::Json => false,
    }
}

/// The text as it is shown in a message.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
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

fn choice(values: &[&str], text: &str) -> Result<Value, String> {
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
    let text = short(text);
    Err(format!("{text}: not one of {}{near}", shown.join(", ")))
}

/// A value as it is typed: a string without its quotes.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a JSON value could be meant by the shape.
pub(super) fn fits(shape: Shape, value: &Value) -> bool {
    let is = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|other| other == *value);
    match shape {
        Shape::Text => value.is_string(),
        Shape::Integer => value.is_number() && integer(&value.to_string()).is_some(),
        Shape::Number => value.is_number(),
        Shape::Boolean => value.is_boolean(),
        Shape::Choice(values) => values.iter().any(|text| is(text)),
        Shape::Constant(text) => is(text),
        Shape::List(item) => match value {
            Value::Array(items) => items.iter().all(|value| fits(*item, value)),
            _ => false,
        },
        Shape::Tuple(_) => value.is_array(),
        Shape::Object { .. } => value.is_object(),
        Shape::Union(branches) => branches.iter().any(|branch| fits(*branch, value)),
        Shape::Any | Shape::Json => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(shape: Shape, text: &str) -> Result<String, String> {
        one(shape, text).map(|value| value.to_string())
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
            "gren: not one of 10000, red, green; did you mean green?"
        );
    }

    #[test]
    fn a_list_of_texts_is_not_split_but_a_json_array_of_them_is_the_list() {
        let list = |item, text| items(item, text, true).map(|items| Value::from(items).to_string());
        assert_eq!(list(Shape::Text, "b,c").unwrap(), r#"["b,c"]"#);
        assert_eq!(list(Shape::Text, r#"["a","b"]"#).unwrap(), r#"["a","b"]"#);
        assert_eq!(list(Shape::Text, "[1]").unwrap(), r#"["[1]"]"#);
        assert_eq!(list(Shape::Text, "[]").unwrap(), "[]");
        assert_eq!(list(Shape::Integer, "1,-2,3.0").unwrap(), "[1,-2,3]");
        assert!(list(Shape::Integer, "1,,2").is_err());
    }
}
