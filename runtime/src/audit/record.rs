//! A line of the log.

use std::time::{Duration, Instant};

use serde_json::{Map, Number, Value};

use super::{Audit, user};
use crate::clock;
use crate::context::Context;
use crate::error::Error;
use crate::identity::Caller;
use crate::secret::mask::mask;
use crate::text::{cut, line};

/// The most characters of a text that was the caller's to choose.
const MOST: usize = 300;

/// What was decided of a call before it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It may be made, by this rule if any names it.
    Allowed(Option<String>),
    /// Somebody agreed to it: a person, or a flag.
    Confirmed { by: &'static str, rule: String },
    /// It was not made.
    #[default]
    Denied,
}

/// A call, to be written down.
#[derive(Debug)]
pub(crate) struct Record {
    started: Instant,
    fields: Map<String, Value>,
    pub(crate) decision: Decision,
    begun: Option<u64>,
}

impl Record {
    /// A call that begins now.
    pub(crate) fn new(tool: &str, server: String, context: &Context) -> Self {
        let mut record = Self {
            started: Instant::now(),
            fields: Map::new(),
            decision: Decision::Denied,
            begun: None,
        };
        record.set("time", Some(clock::text(clock::now())));
        record.set("tool", Some(shown(tool)));
        record.set("run", Some(shown(&context.run)));
        record.set("parent", context.parent_tool.as_deref().map(shown));
        record.set("thread", context.thread.as_deref().map(shown));
        record.set("reason", context.reason.as_deref().map(shown));
        record.set("user", Some(user::name()));
        record.set("server", Some(shown(&server)));
        record
    }

    fn set(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.fields.insert(name.to_owned(), value.into());
        }
    }

    /// The server that was asked in the end, because the first was not there.
    pub(crate) fn is_answered_by(&mut self, server: &str) {
        self.set("server", Some(shown(server)));
    }

    /// Who calls, where that is known.
    pub(crate) fn is_of(&mut self, caller: &Caller) {
        self.set("subject", caller.subject.as_deref().map(shown));
        if !caller.roles.is_empty() {
            let roles: Vec<_> = caller.roles.iter().map(|role| shown(role)).collect();
            self.fields.insert("roles".to_owned(), roles.into());
        }
    }

    /// What it is called with, as far as that may be told.
    pub(crate) fn has(&mut self, arguments: &Value, audit: &Audit) {
        // The line says the same without it; that it cannot be written is found out when it is.
        let digest = audit.log.as_ref().map(|log| log.digest(arguments));
        self.set("arguments", digest.and_then(Result::ok));
    }

    /// Writes down that the call begins.
    pub(crate) fn begin(&mut self, audit: &Audit) -> std::io::Result<()> {
        let Some(log) = &audit.log else {
            let words = "there is no home to write it down in";
            return Err(std::io::Error::new(std::io::ErrorKind::NotFound, words));
        };
        let mut fields = self.fields.clone();
        fields.insert("event".to_owned(), "begun".into());
        self.begun = Some(log.append(fields)?);
        Ok(())
    }

    /// Writes down what it came to.
    pub(crate) fn end(mut self, audit: &Audit, outcome: &Result<(), Error>) -> std::io::Result<()> {
        let Some(log) = &audit.log else {
            return Ok(());
        };
        let (decision, by, rule) = match std::mem::take(&mut self.decision) {
            Decision::Allowed(rule) => ("allowed", None, rule),
            Decision::Confirmed { by, rule } => ("confirmed", Some(by.to_owned()), Some(rule)),
            Decision::Denied => {
                let why = outcome.as_ref().err().map(ToString::to_string);
                ("denied", None, why)
            }
        };
        self.set("decision", Some(decision.to_owned()));
        self.set("by", by);
        self.set("rule", rule.as_deref().map(shown));
        let exit = outcome
            .as_ref()
            .map_or_else(|error| error.exit() as u8, |()| 0);
        self.fields.insert("exit".to_owned(), exit.into());
        let code = outcome.as_ref().err().map(|error| error.code().to_owned());
        self.set("error", code);
        let taken = milliseconds(self.started.elapsed());
        self.fields.insert("ms".to_owned(), taken);
        if let Some(begun) = self.begun {
            self.fields.insert("begun".to_owned(), begun.into());
        }
        log.append(self.fields).map(|_| ())
    }
}

/// Milliseconds, to a tenth.
fn milliseconds(time: Duration) -> Value {
    let tenths = (time.as_secs_f64() * 10_000.0).round() / 10.0;
    Number::from_f64(tenths).map_or(Value::Null, Value::Number)
}

/// A text in one line of a certain length.
fn shown(text: &str) -> String {
    cut(&line(&mask(text)), MOST)
}
