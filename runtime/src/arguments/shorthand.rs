//! Objects without JSON: `KEY=VALUE` for one key of a flag's object, `k=v,n:=1,a.b=c` for a whole one.
//!
//! `:=` before the value makes it JSON. A backslash takes a comma, a dot, an equals sign or another
//! backslash for itself; `\0` is NUL.

use serde_json::{Map, Value};

use super::place::{self, merge_into};
use super::value::{json, one, short};
use crate::spec::{Field, Shape};

/// A whole object out of one text.
pub(super) fn object(fields: &[Field], rest: Shape, text: &str) -> Result<Value, String> {
    let mut object = Map::new();
    let mut left = text;
    while !left.is_empty() {
        let (key, after) = key(left);
        let no_pair = || format!("{}: not KEY=VALUE[,KEY=VALUE…], nor JSON", short(left));
        if key.whole.contains(',') && !key.escaped {
            return Err(no_pair());
        }
        let (path, typed) = typed(key, fields, rest, true)?;
        let value = match after {
            After::Nothing => return Err(no_pair()),
            After::Text(after) => {
                let (text, after) = first_part(after);
                left = after;
                one(typed, &text).map_err(|reason| format!("{}: {reason}", path.join(".")))?
            }
            After::Json(after) => {
                let (value, after) = first_json(after)?;
                left = after;
                value
            }
        };
        put(&mut object, &path, typed, value)?;
    }
    constants(&mut object, fields);
    Ok(object.into())
}

/// A whole object out of a text that could be just a text, where nobody would write such a one: it has
/// a `:=`, and no key has a blank.
pub(super) fn beyond_doubt(fields: &[Field], rest: Shape, text: &str) -> Option<Value> {
    if !text.contains(":=") {
        return None;
    }
    let object = object(fields, rest, text).ok()?;
    let is_word = |key: &String| !key.is_empty() && !key.contains(char::is_whitespace);
    object.as_object()?.keys().all(is_word).then_some(object)
}

/// One key of an object, and its value.
pub(super) fn pair(
    object: &mut Map<String, Value>,
    fields: &[Field],
    rest: Shape,
    text: &str,
) -> Result<(), String> {
    // The key is taken as it stands, for the keys of labels have dots in them.
    let (key, text) = text
        .split_once('=')
        .ok_or_else(|| format!("{}: neither KEY=VALUE nor a JSON object", short(text)))?;
    let (key, is_json) = match key.strip_suffix(':') {
        Some(key) => (key, true),
        None => (key, false),
    };
    let (path, typed) = typed(Key::plain(key), fields, rest, false)?;
    let value = if is_json {
        json(text)
    } else {
        one(typed, text)
    };
    let value = value.map_err(|reason| format!("{}: {reason}", path.join(".")))?;
    put(object, &path, typed, value)
}

/// Adds the required constants that are not there: nobody needs to type them.
pub(super) fn constants(object: &mut Map<String, Value>, fields: &[Field]) {
    for field in fields.iter().filter(|field| field.required) {
        if let Shape::Constant(only) = field.shape
            && !object.contains_key(field.key)
        {
            let value = serde_json::from_str(only).unwrap_or_default();
            object.insert(field.key.to_owned(), value);
        }
    }
}

/// The parts of a text between its commas.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut left = text;
    loop {
        let ended = !left.contains(',');
        let (part, after) = first_part(left);
        parts.push(part);
        if ended || (after.is_empty() && !left.ends_with(',')) {
            return parts;
        }
        left = after;
    }
}

/// A key or a path as it was typed: whole, and in the parts between its dots.
pub(super) struct Key {
    pub(super) whole: String,
    pub(super) parts: Vec<String>,
    /// Whether a backslash was needed to write it.
    pub(super) escaped: bool,
}

impl Key {
    fn plain(text: &str) -> Self {
        Self {
            whole: text.to_owned(),
            parts: text.split('.').map(str::to_owned).collect(),
            escaped: false,
        }
    }
}

/// What follows a key.
pub(super) enum After<'t> {
    Text(&'t str),
    Json(&'t str),
    Nothing,
}

/// The key at the beginning of a text, up to `=` or `:=`.
pub(super) fn key(text: &str) -> (Key, After<'_>) {
    let mut key = Key {
        whole: String::new(),
        parts: Vec::new(),
        escaped: false,
    };
    let mut part = String::new();
    let mut after = After::Nothing;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        let literal = match character {
            '\\' => {
                key.escaped = true;
                match characters.next() {
                    // No word of a command line can hold the character itself.
                    Some((_, '0')) => '\0',
                    Some((_, next)) => next,
                    None => '\\',
                }
            }
            '=' => {
                after = After::Text(&text[at + 1..]);
                break;
            }
            ':' if text[at + 1..].starts_with('=') => {
                after = After::Json(&text[at + 2..]);
                break;
            }
            '.' => {
                key.whole.push('.');
                key.parts.push(std::mem::take(&mut part));
                continue;
            }
            other => other,
        };
        key.whole.push(literal);
        part.push(literal);
    }
    key.parts.push(part);
    (key, after)
}

/// The text up to the first comma, and what follows that.
fn first_part(text: &str) -> (String, &str) {
    let mut part = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            ',' => return (part, &text[at + 1..]),
            '\\' => match text[at + 1..].chars().next() {
                Some(next @ (',' | '\\')) => {
                    part.push(next);
                    characters.next();
                }
                _ => part.push('\\'),
            },
            other => part.push(other),
        }
    }
    (part, "")
}

/// The JSON value at the beginning of a text, and what follows the comma behind it.
fn first_json(text: &str) -> Result<(Value, &str), String> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = match values.next() {
        Some(Ok(value)) => value,
        Some(Err(error)) => return Err(format!("{}: not JSON ({error})", short(text))),
        None => return Err("nothing after `:=`".to_owned()),
    };
    let after = text[values.byte_offset()..].trim_start();
    match after.strip_prefix(',') {
        Some(after) => Ok((value, after)),
        None if after.is_empty() => Ok((value, "")),
        None => Err(format!("{}: not JSON", short(text))),
    }
}

/// The path that a key means, and the shape of what is there.
fn typed(
    key: Key,
    fields: &[Field],
    rest: Shape,
    nests: bool,
) -> Result<(Vec<String>, Shape), String> {
    if let Some(field) = fields.iter().find(|field| field.key == key.whole) {
        return Ok((vec![key.whole], field.shape));
    }
    let outer = key.parts.first().map_or("", String::as_str);
    let outer = fields.iter().find(|field| field.key == outer);
    let [_, inner @ ..] = &key.parts[..] else {
        return Ok((vec![key.whole], rest));
    };
    if inner.is_empty() || (outer.is_none() && !nests) {
        let like = |text: &str| -> String {
            let letters = text.chars().filter(|c| c.is_alphanumeric());
            letters.flat_map(char::to_lowercase).collect()
        };
        let meant = fields
            .iter()
            .find(|field| like(field.key) == like(&key.whole));
        return match meant {
            Some(field) => Err(format!(
                "no key `{}`; did you mean `{}`?",
                key.whole, field.key
            )),
            None => Ok((vec![key.whole], rest)),
        };
    }
    let mut shape = outer.map_or(rest, |field| field.shape);
    for part in inner {
        shape = match shape {
            Shape::Object { fields, rest } => fields
                .iter()
                .find(|field| field.key == *part)
                .map_or(*rest, |field| field.shape),
            _ => Shape::Text,
        };
    }
    Ok((key.parts, shape))
}

/// Puts a value there; a list that is there already grows, an object is merged with.
fn put(
    object: &mut Map<String, Value>,
    path: &[String],
    typed: Shape,
    value: Value,
) -> Result<(), String> {
    let there = place::at(object, path)?;
    match (there, value) {
        (Value::Array(items), Value::Array(more)) if matches!(typed, Shape::List(_)) => {
            items.extend(more);
        }
        (Value::Object(before), Value::Object(more)) => merge_into(before, more),
        (there, value) => *there = value,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIELDS: &[Field] = &[
        Field {
            key: "masking_policy",
            shape: Shape::Integer,
            required: true,
        },
        Field {
            key: "kind",
            shape: Shape::Constant("\"rule\""),
            required: true,
        },
        Field {
            key: "ids",
            shape: Shape::List(&Shape::Integer),
            required: false,
        },
        Field {
            key: "at",
            shape: Shape::Object {
                fields: &[Field {
                    key: "day",
                    shape: Shape::Integer,
                    required: false,
                }],
                rest: &Shape::Text,
            },
            required: false,
        },
    ];

    #[test]
    fn a_whole_object_is_typed_by_its_fields() {
        for (text, meant) in [
            (
                "masking_policy=7,role=A",
                json!({"masking_policy": 7, "role": "A", "kind": "rule"}),
            ),
            (
                r"role=a\,b,ids=1,ids=2,at.day=3,at.zone=UTC",
                json!({"role": "a,b", "ids": [1, 2], "at": {"day": 3, "zone": "UTC"}, "kind": "rule"}),
            ),
            (
                r#"x:=[1,{"a":"b,c"}],kind=rule,empty="#,
                json!({"x": [1, {"a": "b,c"}], "kind": "rule", "empty": ""}),
            ),
            (
                r"a\.b=1,a.c=x=y",
                json!({"a.b": "1", "a": {"c": "x=y"}, "kind": "rule"}),
            ),
        ] {
            let read = object(FIELDS, Shape::Text, text);
            assert_eq!(read, Ok(meant), "{text}");
        }
        for text in [
            "masking_policy=ten",
            "role",
            "masking-policy=1",
            "x:={",
            "a=1,b",
            r"a\",
        ] {
            assert!(object(FIELDS, Shape::Text, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pair_keeps_dots_in_keys_that_are_not_described() {
        let mut map = Map::new();
        for text in [
            "app.kubernetes.io/name=x=y",
            "at.day=3",
            "n:=null",
            "ids=[1,2]",
        ] {
            pair(&mut map, FIELDS, Shape::Text, text).unwrap();
        }
        let meant =
            json!({"app.kubernetes.io/name": "x=y", "at": {"day": 3}, "n": null, "ids": [1, 2]});
        assert_eq!(Value::Object(map), meant);
    }

    #[test]
    fn commas_part_and_a_backslash_keeps_them() {
        for (text, parts) in [
            ("a,b", vec!["a", "b"]),
            (r"a\,b,c\\", vec!["a,b", r"c\"]),
            ("a,", vec!["a", ""]),
            ("", vec![""]),
        ] {
            assert_eq!(split(text), parts, "{text}");
        }
    }
}
