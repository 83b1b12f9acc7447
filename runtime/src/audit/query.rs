//! Looking calls up.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader};

use serde_json::Value;

use super::log::Log;
use crate::clock;
use crate::error::Exit;
use crate::policy::{Subject, matches_name};
use crate::spec::Tool;

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Error,
    /// It was not let, or its credentials were refused.
    Denied,
    /// The line was wrong, and the server was not asked.
    Usage,
    /// It was begun, and its process did not live to its end.
    Unfinished,
}

/// Which calls are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    /// Of a tool by this name, either of the two that it has.
    pub(crate) tool: Option<String>,
    /// The tools that are known.
    pub(crate) tools: &'static [Tool],
    /// By this user, of the system's or of the identity's.
    pub(crate) user: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    /// From this time on.
    pub(crate) since: Option<i64>,
    /// Before this time.
    pub(crate) until: Option<i64>,
}

impl Outcome {
    pub(crate) const NAMES: [&'static str; 5] = ["ok", "error", "denied", "usage", "unfinished"];

    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "ok" => Self::Ok,
            "error" => Self::Error,
            "denied" => Self::Denied,
            "usage" => Self::Usage,
            "unfinished" => Self::Unfinished,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Denied => "denied",
            Self::Usage => "usage",
            Self::Unfinished => "unfinished",
        }
    }
}

/// What a line says that its call came to.
pub(crate) fn outcome(line: &Value) -> Outcome {
    let is = |name: &str, word: &str| line.get(name).is_some_and(|value| value == word);
    match line.get("exit").and_then(Value::as_u64) {
        None => Outcome::Unfinished,
        // However it ended: one that was interrupted at the question was not let.
        Some(_) if is("decision", "denied") => Outcome::Denied,
        Some(0) => Outcome::Ok,
        Some(exit) if exit == Exit::Denied as u64 => Outcome::Denied,
        // What a server says to wrong arguments is `refused`.
        Some(_) if is("error", "usage") => Outcome::Usage,
        Some(_) => Outcome::Error,
    }
}

impl Log {
    /// The calls that are wanted, the oldest first: all, or so many of the newest. What is no line of a
    /// log is passed over.
    pub(crate) fn find(&self, query: &Query, limit: Option<usize>) -> io::Result<Vec<Value>> {
        let mut found: Vec<Option<Value>> = Vec::new();
        // A call that was written down when it began is the same as the line of its end.
        let mut begun = HashMap::new();
        for (_, file) in self.snapshot()?.files {
            for line in BufReader::new(file).split(b'\n') {
                let Ok(line) = serde_json::from_slice::<Value>(&line?) else {
                    continue;
                };
                let number = |name: &str| line.get(name).and_then(Value::as_u64);
                if let Some(at) = number("begun").and_then(|seq| begun.remove(&seq))
                    && let Some(place) = found.get_mut::<usize>(at)
                {
                    *place = None;
                }
                if line.get("event").is_some() {
                    begun.extend(number("seq").map(|seq| (seq, found.len())));
                }
                found.push(query.wants(&line).then_some(line));
            }
        }
        let mut found: Vec<Value> = found.into_iter().flatten().collect();
        if let Some(limit) = limit {
            found.drain(..found.len().saturating_sub(limit));
        }
        Ok(found)
    }
}

impl Query {
    fn wants(&self, line: &Value) -> bool {
        let text = |name: &str| line.get(name).and_then(Value::as_str);
        let is = |pattern: &Option<String>, names: &[&str]| {
            pattern.as_ref().is_none_or(|pattern| {
                let mut values = names.iter().filter_map(|name| text(name));
                values.any(|value| matches_name(pattern, value))
            })
        };
        let time = text("time").and_then(|time| clock::read(time, 0));
        let Some(time) = time else {
            return false;
        };
        self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
            && self.is_of_tool(text("tool").unwrap_or_default())
            && is(&self.user, &["user", "subject"])
            && self.outcome.is_none_or(|wanted| wanted == outcome(line))
    }

    fn is_of_tool(&self, wire: &str) -> bool {
        self.tool.as_ref().is_none_or(|pattern| {
            let known = self.tools.iter().find(|tool| tool.wire == wire);
            Subject::tool(wire, known).is_named(pattern)
        })
    }
}
