//! When two JSON values are the same: numbers by what they are worth, objects in any order.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use serde_json::Value;

use super::number::Decimal;

/// Whether two values are the same.
pub(super) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => Decimal::new(one) == Decimal::new(other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, one)| other.get(name).is_some_and(|other| equal(one, other)))
        }
        _ => one == other,
    }
}

/// The places of the items that an earlier item is the same as, in time that grows with the items.
pub(super) fn repeated(items: &[Value]) -> Vec<usize> {
    let state = RandomState::new();
    let mut seen: HashMap<u64, Vec<&Value>> = HashMap::new();
    let mut repeated = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let alike = seen.entry(digest(item, &state)).or_default();
        if alike.iter().any(|other| equal(item, other)) {
            repeated.push(at);
        } else {
            alike.push(item);
        }
    }
    repeated
}

/// A hash that is the same for values that are.
fn digest(value: &Value, state: &RandomState) -> u64 {
    let mut hasher = state.build_hasher();
    std::mem::discriminant(value).hash(&mut hasher);
    match value {
        Value::Null => {}
        Value::Bool(value) => value.hash(&mut hasher),
        Value::Number(number) => Decimal::new(number).hash(&mut hasher),
        Value::String(text) => text.hash(&mut hasher),
        Value::Array(items) => {
            for item in items {
                digest(item, state).hash(&mut hasher);
            }
        }
        Value::Object(fields) => {
            let field = |(name, value)| state.hash_one((name, digest(value, state)));
            fields
                .iter()
                .map(field)
                .fold(0, u64::wrapping_add)
                .hash(&mut hasher);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_value_is_the_same_whatever_its_spelling_and_order() {
        for (one, other) in [
            ("1", "1.0"),
            ("[1, 2e0]", "[1.0, 2]"),
            (r#"{"a": 1, "b": [0]}"#, r#"{"b": [0.0], "a": 1}"#),
        ] {
            let (one, other) = (value(one), value(other));
            assert!(equal(&one, &other), "{one} {other}");
            assert_eq!(repeated(&[one, other]), [1]);
        }
        for (one, other) in [
            ("1", "\"1\""),
            ("1", "true"),
            ("0", "null"),
            ("[1]", "[1, 1]"),
            (r#"{"a": 1}"#, r#"{"a": 1, "b": 1}"#),
            (r#"{"a": 1}"#, r#"{"b": 1}"#),
        ] {
            let (one, other) = (value(one), value(other));
            assert!(!equal(&one, &other), "{one} {other}");
            assert!(repeated(&[one, other]).is_empty());
        }
    }

    #[test]
    fn a_repeated_item_is_found_among_very_many() {
        let mut items: Vec<Value> = (0..100_000).map(|at| json!({ "at": at })).collect();
        items.push(value(r#"{"at": 7.0}"#));
        assert_eq!(repeated(&items), [100_000]);
    }
}
