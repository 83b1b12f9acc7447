//! What is known of a task: a call that goes on at the server after it was answered.
//!
//! The two eras tell of it in much the same words. What differs is read here: where it stands in an
//! answer, and the names of its times (MCP 2025-11-25, Tasks; extension `io.modelcontextprotocol/tasks`
//! of MCP 2026-07-28).

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::protocol::code;

/// The name of the extension that tasks are since MCP 2026-07-28.
pub(crate) const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// What the host is told of a task, in either era, by this method.
pub(crate) const NEWS: &str = "notifications/tasks/status";

/// The shortest and the longest that a task is left alone before it is asked after again, and how long
/// it is where the server does not say.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(60);
const USUAL: Duration = Duration::from_secs(1);

/// A task, as the server told of it last.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    id: String,
    said: Map<String, Value>,
}

/// What a tool's call came to at once.
#[derive(Debug)]
pub(crate) enum Begun {
    /// Its answer.
    Answered(Value),
    /// A task, whose answer is to come.
    Task(Task),
}

/// Where a task is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// On it, in this or another word.
    Working,
    /// The server has a question first.
    InputRequired,
    /// Its answer is there.
    Completed,
    /// It ended with an error.
    Failed,
    /// It was ended.
    Cancelled,
}

impl Task {
    /// A task of which the id alone is known.
    pub(crate) fn known(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            said: Map::new(),
        }
    }

    /// The task that the answer to a call is, if it is one. In the era with sessions it is only where
    /// the call was sent to become one.
    pub(crate) fn created(answer: &Value, is_wanted: bool) -> Option<Self> {
        let is_task = answer.get("resultType").is_some_and(|kind| kind == "task");
        let said = match answer.get("task") {
            Some(task) if is_wanted || is_task => task,
            _ if is_task => answer,
            _ => return None,
        };
        let id = said.get("taskId")?.as_str()?;
        Self::told(id, said.clone())
    }

    /// What a server tells of a task; nothing where it does not say how that is.
    pub(crate) fn told(id: &str, mut said: Value) -> Option<Self> {
        // Some servers wrap it here as well, as the answer to a call does.
        if said.get("status").is_none()
            && let Some(task) = said.get_mut("task")
        {
            said = task.take();
        }
        match said {
            Value::Object(said) if said.get("status").is_some_and(Value::is_string) => Some(Self {
                id: id.to_owned(),
                said,
            }),
            _ => None,
        }
    }

    /// A task that was ended, and that the server does not know any more.
    pub(crate) fn cancelled(id: &str) -> Self {
        let said = Map::from_iter([
            ("taskId".to_owned(), id.into()),
            ("status".to_owned(), "cancelled".into()),
        ]);
        Self {
            id: id.to_owned(),
            said,
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn status(&self) -> Status {
        match self.text("status").unwrap_or_default() {
            "input_required" => Status::InputRequired,
            "completed" => Status::Completed,
            "failed" => Status::Failed,
            "cancelled" => Status::Cancelled,
            _ => Status::Working,
        }
    }

    /// A text that the server tells of it, such as its `statusMessage`; none where that is empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let text = self.said.get(name)?.as_str()?;
        Some(text).filter(|text| !text.is_empty())
    }

    /// Where it is, and what the server says of that, in a line.
    pub(crate) fn words(&self) -> String {
        let status = self.text("status").unwrap_or("begun").replace('_', " ");
        match self.text("statusMessage") {
            Some(message) => format!("{status}: {message}"),
            None => status,
        }
    }

    /// How long it is left alone before it is asked after again.
    pub(crate) fn interval(&self) -> Duration {
        let said = ["pollIntervalMs", "pollInterval"]
            .iter()
            .find_map(|name| self.said.get(*name)?.as_f64());
        said.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok())
            .map_or(USUAL, |interval| interval.clamp(SHORTEST, LONGEST))
    }

    /// Takes a part of what the server told: a result, an error, questions.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.said.remove(name).filter(|part| !part.is_null())
    }

    /// What the server told, as it came.
    pub(crate) fn said(&self) -> Value {
        Value::Object(self.said.clone())
    }

    /// What the server told of the task, without what is said of every answer.
    pub(crate) fn data(&self) -> Value {
        let mut said = self.said.clone();
        said.shift_remove("resultType");
        said.shift_remove("_meta");
        if said.is_empty() {
            return json!({"taskId": self.id});
        }
        Value::Object(said)
    }
}

/// Whether an error says that the server does not know the task that it was asked of.
pub(crate) fn is_unknown(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if *code == code::INVALID_PARAMS)
}

/// Whether a tool's call can become a task, as its definition says (MCP 2025-11-25, Tasks, Tool-Level
/// Negotiation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Support {
    /// It must not.
    Forbidden,
    /// It can.
    Optional,
    /// It must.
    Required,
}

impl Support {
    /// What a definition says, as JSON text.
    pub(crate) fn of(definition: &str) -> Self {
        // Few tools say anything, and a definition can be long.
        if !definition.contains("taskSupport") {
            return Self::Forbidden;
        }
        let definition: Value = serde_json::from_str(definition).unwrap_or_default();
        let support = definition.pointer("/execution/taskSupport");
        match support.and_then(Value::as_str) {
            Some("optional") => Self::Optional,
            Some("required") => Self::Required,
            _ => Self::Forbidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_from_either_era() {
        let flat = json!({"resultType": "task", "taskId": "a", "status": "working", "ttlMs": null});
        let nested = json!({"task": {"taskId": "b", "status": "input_required"}});
        let id = |answer: &Value, is_wanted| {
            Task::created(answer, is_wanted).map(|task| task.id().to_owned())
        };
        assert_eq!(id(&flat, false).as_deref(), Some("a"));
        assert_eq!(id(&nested, true).as_deref(), Some("b"));
        // What was not sent to become one is an answer that happens to have this key.
        assert_eq!(id(&nested, false), None);
        assert_eq!(id(&json!({"task": {"status": "working"}}), true), None);
        assert_eq!(id(&json!({"content": []}), true), None);
    }

    #[test]
    fn the_server_says_how_often_it_is_asked_within_reason() {
        for (said, ms) in [
            (json!({"status": "working", "pollInterval": 2500}), 2500),
            (json!({"status": "working", "pollIntervalMs": 250.5}), 250),
            (json!({"status": "working", "pollIntervalMs": 0}), 50),
            (json!({"status": "working", "pollInterval": 1e12}), 60_000),
            (json!({"status": "working", "pollInterval": -1}), 1000),
            (json!({"status": "working", "pollInterval": "5"}), 1000),
            (json!({"status": "working"}), 1000),
        ] {
            let task = Task::told("a", said.clone()).unwrap();
            assert_eq!(task.interval().as_millis(), ms, "{said}");
        }
    }

    #[test]
    fn what_says_nothing_of_a_status_is_no_task() {
        for said in [
            json!({}),
            json!({"status": null}),
            json!("working"),
            json!({"task": 1}),
        ] {
            assert!(Task::told("a", said.clone()).is_none(), "{said}");
        }
        let wrapped = json!({"task": {"taskId": "a", "status": "failed"}});
        let task = Task::told("a", wrapped).unwrap();
        assert_eq!(task.status(), Status::Failed);
    }

    #[test]
    fn a_definition_says_whether_a_call_can_become_a_task() {
        for (definition, support) in [
            (
                r#"{"execution": {"taskSupport": "required"}}"#,
                Support::Required,
            ),
            (
                r#"{"execution": {"taskSupport": "optional"}}"#,
                Support::Optional,
            ),
            (
                r#"{"execution": {"taskSupport": "forbidden"}}"#,
                Support::Forbidden,
            ),
            (
                r#"{"description": "taskSupport: required"}"#,
                Support::Forbidden,
            ),
            ("{}", Support::Forbidden),
        ] {
            assert_eq!(Support::of(definition), support, "{definition}");
        }
    }
}
