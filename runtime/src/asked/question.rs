//! A question that nobody was there to answer, as the caller is told of it.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::address::Address;
use super::form::Form;
use super::words::label;
use crate::arguments::quoted;
use crate::error::Error;

/// A question.
#[derive(Debug, PartialEq)]
pub(super) struct Question {
    /// `{mode, message, schema}` or `{mode, message, url}`.
    asked: Value,
    /// What was asked, in a line.
    words: String,
    /// The fields that an answer needs.
    fields: Vec<String>,
}

impl Question {
    /// A form, and why the answers that were given ahead are none.
    pub(super) fn form(params: &Value, form: &Form<'_>, wrong: Vec<String>) -> Self {
        let mut asked = json!({
            "mode": "form",
            "message": params.get("message"),
            "schema": params.get("requestedSchema"),
        });
        let mut fields: Vec<String> = form.needed().map(str::to_owned).collect();
        if fields.is_empty() {
            fields = form.names().map(str::to_owned).collect();
        }
        let mut words = message(params);
        let labels: Vec<String> = form.names().take(20).map(label).collect();
        if !labels.is_empty() {
            words = format!("{words} ({})", labels.join(", "));
        }
        if !wrong.is_empty() {
            let reasons: Vec<String> = wrong.iter().map(|reason| label(reason)).collect();
            words = format!("{words}; not taken: {}", reasons.join("; "));
            asked["refused"] = wrong.into();
        }
        Self {
            asked,
            words,
            fields,
        }
    }

    /// A page.
    pub(super) fn page(params: &Value) -> Self {
        let url = params.get("url").and_then(Value::as_str).unwrap_or("");
        // One that is not opened is told of as well, but not as if it could be.
        let shown = match Address::read(url) {
            Ok(address) => address.whole,
            Err(_) => label(url),
        };
        Self {
            asked: json!({"mode": "url", "message": params.get("message"), "url": url}),
            words: format!("{} (open {shown})", message(params)),
            fields: Vec::new(),
        }
    }
}

fn message(params: &Value) -> String {
    let message = params.get("message").and_then(Value::as_str).unwrap_or("");
    format!("\"{}\"", label(message))
}

/// The error for questions that were not answered, if there are any.
pub(super) fn error(server: &str, questions: &[Question]) -> Option<Error> {
    if questions.is_empty() {
        return None;
    }
    let words: Vec<&str> = questions.iter().map(|question| &*question.words).collect();
    let mut seen = HashSet::new();
    let fields = questions.iter().flat_map(|question| &question.fields);
    let fields: Vec<String> = fields
        .filter(|name| seen.insert(*name))
        .take(20)
        .map(|name| format!("{}: …", Value::from(label(name))))
        .collect();
    let is_page = |question: &Question| question.asked["mode"] == "url";
    let mut ways = Vec::new();
    if questions.iter().any(is_page) {
        ways.push("open the page and run this again".to_owned());
    }
    if !questions.iter().all(is_page) {
        let answers = match fields.is_empty() {
            true => "accept-defaults".to_owned(),
            false => format!("{{{}}}", fields.join(", ")),
        };
        ways.push(format!(
            "answer ahead with --mcp-answers{}",
            quoted(&[answers])
        ));
    }
    ways.push("run this on a terminal".to_owned());
    let asked: Vec<Value> = questions
        .iter()
        .map(|question| question.asked.clone())
        .collect();
    Some(Error::Asked {
        message: format!(
            "{server} asks for what nobody is there to answer: {}",
            words.join("; ")
        ),
        hint: ways.join(", or "),
        asked,
    })
}
