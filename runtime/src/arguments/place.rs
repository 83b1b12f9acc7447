//! Places in the arguments: reached, made, merged into.

use serde_json::{Map, Value};

/// The place at the end of a path; what is missing on the way is made, as objects.
///
/// # Errors
///
/// When the path leads through what is neither an object nor, where a number follows, an array.
pub(super) fn at<'v>(
    arguments: &'v mut Map<String, Value>,
    path: &[String],
) -> Result<&'v mut Value, String> {
    let Some((first, rest)) = path.split_first() else {
        return Err("the path is empty".to_owned());
    };
    let mut at = arguments.entry(first).or_insert(Value::Null);
    for (index, step) in rest.iter().enumerate() {
        let so_far = || path[..=index].join(".");
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        at = match at {
            Value::Object(object) => object.entry(step).or_insert(Value::Null),
            Value::Array(array) => {
                let length = array.len();
                let index = step.parse().ok().filter(|&index: &usize| index <= length);
                let index = index.ok_or_else(|| {
                    format!(
                        "`{}` is an array of {length}, and `{step}` is no place in it",
                        so_far()
                    )
                })?;
                if index == length {
                    array.push(Value::Null);
                }
                &mut array[index]
            }
            _ => return Err(format!("`{}` is neither an object nor an array", so_far())),
        };
    }
    Ok(at)
}

/// Puts a value at the end of a path; an object is merged with one that is there.
pub(super) fn merge(
    arguments: &mut Map<String, Value>,
    path: &[String],
    value: Value,
) -> Result<(), String> {
    match (at(arguments, path)?, value) {
        (Value::Object(before), Value::Object(more)) => merge_into(before, more),
        (there, value) => *there = value,
    }
    Ok(())
}

/// Puts all of an object into another, deeply; all but objects is replaced.
pub(super) fn merge_into(object: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (object.get_mut(&key), value) {
            (Some(Value::Object(before)), Value::Object(more)) => merge_into(before, more),
            (Some(there), value) => *there = value,
            (None, value) => {
                object.insert(key, value);
            }
        }
    }
}

/// What is at the end of a path.
pub(super) fn get<'v>(arguments: &'v Map<String, Value>, path: &[String]) -> Option<&'v Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(arguments.get(first)?, |at, step| match at {
            Value::Array(array) => array.get(step.parse::<usize>().ok()?),
            at => at.get(step),
        })
}

/// The names of a JSON Pointer (RFC 6901, section 3).
pub(super) fn path(pointer: &str) -> Vec<String> {
    let names = pointer.split('/').skip(1);
    names.map(crate::schema::unescape).collect()
}
