//! Reading the fields of an answer, each by its rule.
//!
//! A field that breaks its rule is named, and its value is not: it may be a credential.

use serde_json::{Map, Value};

use super::clock;
use super::header::is_uuid;
use super::refusal::Refusal;

/// The longest text that is taken, in bytes; credentials are bounded by rules of their own.
const LONGEST: usize = 64 << 10;

/// The most items of a list that are taken.
const MOST: usize = 10_000;

/// The fields of an object, each taken once.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn of(value: Value) -> Result<Self, Refusal> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(Refusal::malformed("it is not an object")),
        }
    }

    /// A field as it is; null if it is not there.
    pub(super) fn take(&mut self, name: &str) -> Value {
        self.0.get_mut(name).map(Value::take).unwrap_or_default()
    }

    /// A text, if it is there.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.take(name) {
            Value::Null => Ok(None),
            Value::String(text) if text.len() <= LONGEST => Ok(Some(text)),
            Value::String(_) => Err(bad(name, "too long")),
            _ => Err(bad(name, "not a text")),
        }
    }

    /// A text that has to be there, and not to be empty.
    pub(super) fn needed(&mut self, name: &str) -> Result<String, Refusal> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(bad(name, "missing")),
        }
    }

    /// A UUID that has to be there.
    pub(super) fn uuid(&mut self, name: &str) -> Result<String, Refusal> {
        self.maybe_uuid(name)?.ok_or_else(|| bad(name, "missing"))
    }

    /// A UUID, if it is there.
    pub(super) fn maybe_uuid(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.text(name)? {
            Some(text) if !is_uuid(&text) => Err(bad(name, "not a UUID")),
            text => Ok(text),
        }
    }

    /// True or false, and false if it is not there.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Refusal> {
        match self.take(name) {
            Value::Null => Ok(false),
            Value::Bool(flag) => Ok(flag),
            _ => Err(bad(name, "neither true nor false")),
        }
    }

    /// A whole number that is not negative, if it is there.
    pub(super) fn count(&mut self, name: &str) -> Result<Option<u64>, Refusal> {
        match self.take(name) {
            Value::Null => Ok(None),
            value => value
                .as_u64()
                .map(Some)
                .ok_or_else(|| bad(name, "not a whole number")),
        }
    }

    /// A moment with an offset, in seconds since 1970, if it is there.
    pub(super) fn moment(&mut self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match clock::timestamp(&text) {
            Some(moment) => Ok(Some(moment)),
            None => Err(bad(name, "not a time with an offset")),
        }
    }

    /// A list, empty if it is not there.
    pub(super) fn list(&mut self, name: &str) -> Result<Vec<Value>, Refusal> {
        match self.take(name) {
            Value::Null => Ok(Vec::new()),
            Value::Array(list) if list.len() <= MOST => Ok(list),
            _ => Err(bad(name, "not a list, or too long a one")),
        }
    }

    /// A list of texts, empty if it is not there.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, Refusal> {
        let list = self.list(name)?.into_iter().map(|item| match item {
            Value::String(text) => Ok(text),
            _ => Err(bad(name, "not a list of texts")),
        });
        list.collect()
    }

    /// An object, if it is there.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Map<String, Value>>, Refusal> {
        match self.take(name) {
            Value::Null => Ok(None),
            Value::Object(fields) => Ok(Some(fields)),
            _ => Err(bad(name, "not an object")),
        }
    }
}

/// The refusal of a field.
pub(super) fn bad(name: &str, what: &str) -> Refusal {
    Refusal::malformed(format!("`{name}` is {what}"))
}
