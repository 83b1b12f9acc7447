//! What the server would fill in: `completion/complete`, for a shell (MCP 2025-11-25, Completion).

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::form::Kind;
use crate::error::Error;
use crate::output::printer::Printer;
use crate::run::Run;
use crate::settings::{Format, Verbosity};

/// Longer than this nobody waits at a prompt.
const PATIENCE: Duration = Duration::from_secs(1);

/// A place that is being typed.
pub(crate) struct Blank<'a> {
    /// What it is a place of.
    pub(crate) kind: Kind,
    /// The name of the prompt, or the URI template.
    pub(crate) wire: &'a str,
    /// The name of the argument or variable.
    pub(crate) name: &'a str,
    /// What stands there already.
    pub(crate) begun: &'a str,
    /// The other places that are filled in already.
    pub(crate) given: &'a Map<String, Value>,
}

/// What the server suggests for a place. A server that offers no completions, that fails or that takes
/// its time suggests nothing, in silence: a person is typing.
pub(crate) fn suggestions(mut run: Run, blank: &Blank<'_>) -> Vec<String> {
    let end = Instant::now() + PATIENCE;
    run.settings.timeout = Some(PATIENCE);
    run.printer = Printer::new(Format::Text, Verbosity::Quiet);
    let mut found = Vec::new();
    let _ = run.converse(
        async |client| {
            // A server of the era without a handshake has not said yet, and may refuse.
            let declared = client
                .said()
                .map(|said| said.pointer("/capabilities/completions"));
            if declared.is_some_and(|declared| declared.is_none_or(Value::is_null)) {
                return Ok(Value::Null);
            }
            let asking = client.request("completion/complete", params(blank));
            let late = |_| Error::Timeout {
                what: "completion/complete".to_owned(),
                limit: PATIENCE,
                stderr: Vec::new(),
            };
            let left = end.saturating_duration_since(Instant::now());
            tokio::time::timeout(left, asking).await.map_err(late)?
        },
        |answer| {
            found = values(&answer);
            Ok(())
        },
    );
    found
}

fn params(blank: &Blank<'_>) -> Value {
    let reference = match blank.kind {
        Kind::Prompt => json!({"type": "ref/prompt", "name": blank.wire}),
        Kind::Template => json!({"type": "ref/resource", "uri": blank.wire}),
    };
    let mut params = json!({
        "ref": reference,
        "argument": {"name": blank.name, "value": blank.begun},
    });
    // Servers of before 2025-06-18 do not know it, and need not.
    if !blank.given.is_empty() {
        params["context"] = json!({"arguments": blank.given});
    }
    params
}

fn values(answer: &Value) -> Vec<String> {
    let values = answer
        .pointer("/completion/values")
        .and_then(Value::as_array);
    let texts = values.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_asked_for_with_what_is_filled_in_already() {
        let given = json!({"department": "Sales"});
        let blank = Blank {
            kind: Kind::Prompt,
            wire: "greet",
            name: "name",
            begun: "A",
            given: given.as_object().unwrap(),
        };
        assert_eq!(
            params(&blank),
            json!({
                "ref": {"type": "ref/prompt", "name": "greet"},
                "argument": {"name": "name", "value": "A"},
                "context": {"arguments": {"department": "Sales"}},
            })
        );
    }

    #[test]
    fn an_answer_of_another_shape_suggests_nothing() {
        assert_eq!(
            values(&json!({"completion": {"values": ["a", 1, "b"]}})),
            ["a", "b"]
        );
        assert_eq!(values(&json!({"completion": "a"})), [""; 0]);
        assert_eq!(values(&Value::Null), [""; 0]);
    }
}
