//! Answers that are given ahead of the questions: `--mcp-answers`.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use crate::error::Error;

/// What there is to answer with.
#[derive(Debug)]
pub(super) enum Answers {
    /// Values by the names of fields, for every form that has one of them. Without any, as after
    /// `accept-defaults`, every form is answered that its defaults answer.
    Fields(Map<String, Value>),
    /// An answer a question, in order.
    Turns(VecDeque<Turn>),
    /// Every question is declined, since the caller wants it so.
    Decline,
}

/// The answer to one question.
#[derive(Debug, Clone)]
pub(super) enum Turn {
    /// With the values of a form; a page has none.
    Accept(Map<String, Value>),
    Decline,
    Cancel,
}

impl Answers {
    /// Reads `accept-defaults`, `decline`, JSON, or the name of a file with JSON in it.
    ///
    /// # Errors
    ///
    /// When it is none of these.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let json = match text {
            "accept-defaults" => return Ok(Self::Fields(Map::new())),
            "decline" => return Ok(Self::Decline),
            _ if text.starts_with(['{', '[']) => text.to_owned(),
            file => std::fs::read_to_string(file).map_err(|error| {
                Error::usage_with_hint(format!("--mcp-answers {file}: {error}"), HINT)
            })?,
        };
        let wrong =
            |reason: String| Error::usage_with_hint(format!("--mcp-answers: {reason}"), HINT);
        match serde_json::from_str(&json) {
            Ok(Value::Object(fields)) => Ok(Self::Fields(fields)),
            Ok(Value::Array(turns)) => {
                let turns = turns.into_iter().enumerate().map(|(at, turn)| {
                    Turn::of(turn).map_err(|reason| wrong(format!("answer {}: {reason}", at + 1)))
                });
                turns.collect::<Result<_, _>>().map(Self::Turns)
            }
            Ok(_) => Err(wrong("neither an object nor an array".to_owned())),
            Err(error) => Err(wrong(format!("not JSON ({error})"))),
        }
    }
}

const HINT: &str = "give a file or JSON, {\"field\": value} or [{\"action\": \"accept\", \"content\": {…}}], \
                    or accept-defaults, or decline";

impl Turn {
    fn of(value: Value) -> Result<Self, String> {
        let Value::Object(mut turn) = value else {
            return Err("not an object".to_owned());
        };
        match turn.get("action").and_then(Value::as_str) {
            Some("accept") => match turn.remove("content") {
                None | Some(Value::Null) => Ok(Self::Accept(Map::new())),
                Some(Value::Object(content)) => Ok(Self::Accept(content)),
                Some(_) => Err("its content is no object".to_owned()),
            },
            Some("decline") => Ok(Self::Decline),
            Some("cancel") => Ok(Self::Cancel),
            _ => Err("its action is none of accept, decline, cancel".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_cannot_be_read_are_a_wrong_command_line() {
        for (text, message) in [
            (
                "{",
                "--mcp-answers: not JSON (EOF while parsing an object at line 1 column 1)",
            ),
            ("[1]", "--mcp-answers: answer 1: not an object"),
            (
                r#"[{"action": "decline"}, {"action": "yes"}]"#,
                "--mcp-answers: answer 2: its action is none of accept, decline, cancel",
            ),
            (
                r#"[{"action": "accept", "content": 1}]"#,
                "--mcp-answers: answer 1: its content is no object",
            ),
            (
                "/no/such/file",
                "--mcp-answers /no/such/file: No such file or directory (os error 2)",
            ),
        ] {
            let error = Answers::read(text).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert_eq!(error.code(), "usage");
        }
    }

    #[test]
    fn accepting_the_defaults_is_giving_no_values() {
        for text in ["accept-defaults", "{}", " {}\n"] {
            let read = Answers::read(text).unwrap();
            assert!(matches!(read, Answers::Fields(fields) if fields.is_empty()));
        }
    }
}
