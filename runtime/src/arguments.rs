//! What was typed as the JSON that is sent.
//!
//! `--args` first, flags over it. Everything that is wrong is found before anything is said, and all
//! of it is said at once: the user mends a line in one go.

use std::io::Read;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::{Map, Value};

use crate::command::negation_id;
use crate::error::Error;
use crate::spec::{Parameter, Shape, Spec, Tool};

/// The arguments of a call.
///
/// # Errors
///
/// Every flag that cannot be read and every required one that is missing, in one message.
pub(crate) fn assemble(spec: &Spec, tool: &Tool, matches: &ArgMatches) -> Result<Value, Error> {
    let mut arguments = match matches.get_one::<String>("args") {
        Some(source) => object(source)?,
        None => Map::new(),
    };
    let mut wrong = Vec::new();
    for parameter in tool.parameters {
        match value(parameter, matches) {
            Ok(Some(value)) => {
                arguments.insert(key(parameter), value);
            }
            Ok(None) => {}
            Err(message) => wrong.push(message),
        }
    }
    let missing: Vec<&Parameter> = tool
        .parameters
        .iter()
        .filter(|parameter| parameter.required && !arguments.contains_key(&key(parameter)))
        .filter(|_| wrong.is_empty())
        .collect();
    if !missing.is_empty() {
        let flags: Vec<_> = missing
            .iter()
            .map(|missing| format!("--{}", missing.flag))
            .collect();
        wrong.push(format!("missing: {}", flags.join(", ")));
    }
    if wrong.is_empty() {
        return Ok(Value::Object(arguments));
    }
    Err(Error::usage_with_hint(
        wrong.join("\n       "),
        example(spec, tool),
    ))
}

/// The object that `--args` names.
///
/// # Errors
///
/// When it cannot be read, or is no JSON object.
pub(crate) fn object(source: &str) -> Result<Map<String, Value>, Error> {
    let text = match source.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Error::usage(format!("--args @{path}: {error}")))?,
        None if source == "-" => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Error::usage(format!("--args -: {error}")))?;
            text
        }
        None => source.to_owned(),
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(Error::usage(format!(
            "--args: {} is not a JSON object",
            kind(&other)
        ))),
        Err(error) => Err(Error::usage_with_hint(
            format!("--args: not JSON: {error}"),
            "quote it for the shell: --args '{\"name\": \"value\"}'",
        )),
    }
}

/// The value a flag was given, if it was.
fn value(parameter: &Parameter, matches: &ArgMatches) -> Result<Option<Value>, String> {
    let flag = parameter.flag;
    let given = matches.value_source(parameter.pointer) == Some(ValueSource::CommandLine);
    match parameter.shape {
        Shape::Constant(constant) => {
            // A required constant is what the schema says whether or not anyone says it again.
            let sent = parameter.required || (given && matches.get_flag(parameter.pointer));
            Ok(sent.then(|| serde_json::from_str(constant).unwrap_or_default()))
        }
        Shape::Boolean { negation } => {
            if negation.is_some() && matches.get_flag(&negation_id(parameter)) {
                return Ok(Some(false.into()));
            }
            let text = matches.get_one::<String>(parameter.pointer);
            text.map(|text| scalar(flag, parameter.shape, text))
                .transpose()
        }
        Shape::List(item) => {
            let Some(texts) = matches.get_many::<String>(parameter.pointer) else {
                return Ok(None);
            };
            let mut items = Vec::new();
            for text in texts {
                items.extend(self::items(flag, *item, text)?);
            }
            Ok(Some(items.into()))
        }
        shape => {
            let text = matches.get_one::<String>(parameter.pointer);
            text.map(|text| scalar(flag, shape, text)).transpose()
        }
    }
}

/// The items one occurrence of a repeating flag stands for: a JSON array is all of them, and where
/// no item can hold a comma, commas part them.
fn items(flag: &str, item: Shape, text: &str) -> Result<Vec<Value>, String> {
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
fn scalar(flag: &str, shape: Shape, text: &str) -> Result<Value, String> {
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
        .filter(|value| value.eq_ignore_ascii_case(text) || distance(value, text) <= 2)
        .min_by_key(|value| distance(value, text));
    let near = near
        .map(|near| format!("; did you mean {near}?"))
        .unwrap_or_default();
    Err(format!(
        "--{flag} {text}: not one of {}{near}",
        shown.join(", ")
    ))
}

/// A value as it is typed: a string without its quotes.
pub(crate) fn shown(value: &Value) -> String {
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

/// The name of the property a flag fills: its JSON Pointer less the slash and the escapes
/// (RFC 6901, section 4).
fn key(parameter: &Parameter) -> String {
    parameter.pointer[1..].replace("~1", "/").replace("~0", "~")
}

/// A line that would be read, for the hint.
fn example(spec: &Spec, tool: &Tool) -> String {
    let mut line = format!("{} {}", spec.name, tool.command);
    for parameter in tool
        .parameters
        .iter()
        .filter(|parameter| parameter.required)
    {
        let value = match parameter.shape {
            Shape::Constant(_) => continue,
            Shape::Boolean { .. } => {
                line.push_str(&format!(" --{}", parameter.flag));
                continue;
            }
            shape => sample(shape),
        };
        line.push_str(&format!(" --{} {value}", parameter.flag));
    }
    format!("a line that works: {line}")
}

fn sample(shape: Shape) -> String {
    match shape {
        Shape::Text => "TEXT".to_owned(),
        Shape::Integer => "1".to_owned(),
        Shape::Number => "1.5".to_owned(),
        Shape::Boolean { .. } => "true".to_owned(),
        Shape::Choice(values) => values
            .first()
            .map_or_else(String::new, |value| value.trim_matches('"').to_owned()),
        Shape::List(item) => sample(*item),
        Shape::Any => "VALUE".to_owned(),
        Shape::Constant(_) | Shape::Json => "'JSON'".to_owned(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Levenshtein's distance.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
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
