//! Reading a refusal off an answer.

use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

use super::{Kind, Refusal, Said};
use crate::alter::clock;
use crate::alter::header::{LONGEST_QUOTA, LONGEST_WAIT, retry_after, text};
use crate::text::plain;

/// The longest text of the vault's that is kept, in characters.
const LONGEST: usize = 500;

/// The most items of a list that are kept.
const MOST: usize = 50;

/// What is kept of a body.
const DETAILS: &[&str] = &[
    "provider_id",
    "grant_id",
    "agent_id",
    "app_user_id",
    "required",
    "granted",
    "missing",
    "required_any_of",
    "candidates",
    "account_identifiers",
    "credentials",
    "max_session_age_seconds",
    "detail_reason",
    "policy_error",
    "timeout_reason",
    "scope",
    "limit",
    "window_seconds",
    "request_id",
];

impl Refusal {
    /// What an answer with this status refuses. `body` is what came, JSON or not.
    pub(in crate::alter) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let whole: Value = serde_json::from_slice(body).unwrap_or_default();
        // FastAPI puts an error under `detail`, and what is wrong with a request there as a list.
        let detail = whole.get("detail").unwrap_or(&Value::Null);
        let error = match detail.get("error") {
            Some(_) => detail,
            None => &whole,
        };
        let said = |name: &str| error.get(name).and_then(Value::as_str);
        let said = Said {
            code: said("error").and_then(code),
            message: said("message")
                .and_then(words)
                .or_else(|| complaints(detail)),
            hint: said("hint").and_then(words),
            skew: skew(headers),
            program: String::new(),
        };
        let kind = Kind::of(status, said.code.as_deref());
        let most = match kind {
            Kind::QuotaExceeded => LONGEST_QUOTA,
            _ => LONGEST_WAIT,
        };
        let mut details = Map::new();
        for name in DETAILS {
            let nested = error.get("details").and_then(|details| details.get(name));
            let value = error.get(name).or(nested).and_then(|value| tame(value, 2));
            details.extend(value.map(|value| ((*name).to_owned(), value)));
        }
        for (name, header) in [
            ("correlation_id", "x-correlation-id"),
            ("request_id", "x-request-id"),
        ] {
            if let Some(id) = text(headers, header).and_then(words) {
                details.insert(name.to_owned(), id.into());
            }
        }
        Self {
            kind,
            status: Some(status),
            retry_after: retry_after(text(headers, "retry-after"), error.get("retry_after"), most),
            details,
            said: Box::new(said),
        }
    }
}

/// By how many seconds this machine's clock is ahead of that of an answer.
pub(in crate::alter) fn skew(headers: &HeaderMap) -> Option<i64> {
    let there = clock::date(text(headers, "date")?)?;
    i64::try_from(clock::now()).ok()?.checked_sub(there)
}

/// The vault's word for an error, if it is one.
pub(super) fn code(text: &str) -> Option<String> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    ((1..=64).contains(&text.len()) && text.bytes().all(is_word)).then(|| text.to_owned())
}

/// A text of the vault's in one line.
pub(super) fn words(text: &str) -> Option<String> {
    let text = plain(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    let text: String = words.join(" ").chars().take(LONGEST).collect();
    Some(text).filter(|text| !text.is_empty())
}

/// What is wrong with a request, where the vault checked it field by field: the places, and the kind of
/// fault each has. The values that are wrong are there too, and are not repeated.
fn complaints(list: &Value) -> Option<String> {
    let complaints: Vec<String> = list
        .as_array()?
        .iter()
        .take(5)
        .filter_map(|complaint| {
            let place: Vec<String> = complaint
                .get("loc")?
                .as_array()?
                .iter()
                .filter_map(|part| {
                    part.as_str()
                        .map(str::to_owned)
                        .or(part.as_u64().map(|n| n.to_string()))
                })
                .collect();
            let kind = complaint
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or("invalid");
            words(&format!("{}: {kind}", place.join(".")))
        })
        .collect();
    (!complaints.is_empty()).then(|| complaints.join("; "))
}

/// A value that may be shown: bounded in every way, or nothing.
fn tame(value: &Value, depth: u8) -> Option<Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => words(text)?.into(),
        Value::Array(items) if depth > 0 => items
            .iter()
            .take(MOST)
            .filter_map(|item| tame(item, depth - 1))
            .collect(),
        Value::Object(fields) if depth > 0 => {
            let fields = fields.iter().take(MOST);
            let fields =
                fields.filter_map(|(name, value)| Some((words(name)?, tame(value, depth - 1)?)));
            Value::Object(fields.collect())
        }
        _ => return None,
    })
}
