//! A line of the log.
//!
//! It keeps what it was told and is masked when it is written: which secrets there are is known only
//! as the run goes on. What is this program's own word is not masked, so that nobody can have a call
//! lost by naming its tool a secret.

use std::time::{Duration, Instant};

use serde_json::{Map, Number, Value};

use super::{Audit, user};
use crate::clock;
use crate::context::Context;
use crate::error::Error;
use crate::identity::Caller;
use crate::policy::Subject;
use crate::secret::mask::Mask;
use crate::text::{cut, line};

/// The most characters of a text that was somebody else's to choose.
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
pub(crate) struct Record {
    /// Since when it is made, if it is.
    since: Option<Instant>,
    fields: Vec<(&'static str, Field)>,
    pub(crate) decision: Decision,
    begun: Option<u64>,
}

/// What is said of a call.
#[derive(Clone)]
enum Field {
    /// The word of this program, or of somebody who is believed.
    Own(Value),
    /// The caller's words, in which a secret may be.
    Told(String),
}

/// The server of a call.
pub(crate) enum Server {
    /// The one that the program was made for.
    Usual(String),
    /// One that was named instead.
    Named(String),
}

impl Record {
    /// A call that may be made.
    pub(crate) fn new(subject: &Subject<'_>, server: Server, context: &Context) -> Self {
        let mut record = Self {
            since: None,
            fields: Vec::new(),
            decision: Decision::Denied,
            begun: None,
        };
        record.own("time", clock::text(clock::now()));
        let name = subject.logged();
        match subject.known {
            Some(_) => record.own("tool", shown(&name)),
            None => record.told("tool", Some(&name)),
        }
        record.told("run", Some(&context.run));
        record.told("parent", context.parent_tool.as_deref());
        record.told("thread", context.thread.as_deref());
        record.told("reason", context.reason.as_deref());
        record.own("user", shown(&user::name()));
        match server {
            Server::Usual(server) => record.own("server", shown(&server)),
            Server::Named(server) => record.told("server", Some(&server)),
        }
        record
    }

    fn set(&mut self, name: &'static str, field: Field) {
        match self.fields.iter_mut().find(|(other, _)| *other == name) {
            Some((_, kept)) => *kept = field,
            None => self.fields.push((name, field)),
        }
    }

    fn own(&mut self, name: &'static str, value: impl Into<Value>) {
        let value = value.into();
        if value != "" {
            self.set(name, Field::Own(value));
        }
    }

    fn told(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.set(name, Field::Told(text.to_owned()));
        }
    }

    /// The server that was asked in the end, because the first was not there.
    pub(crate) fn is_answered_by(&mut self, server: &str) {
        self.told("server", Some(server));
    }

    /// Who calls, where that is known.
    pub(crate) fn is_of(&mut self, caller: &Caller) {
        if let Some(subject) = &caller.subject {
            self.own("subject", shown(subject));
        }
        if !caller.roles.is_empty() {
            let roles: Vec<_> = caller.roles.iter().map(|role| shown(role)).collect();
            self.own("roles", roles);
        }
    }

    /// What it is called with, as far as that may be told.
    pub(crate) fn has(&mut self, arguments: &Value, audit: &Audit) {
        // The line says the same without it; that it cannot be written is found out when it is.
        let digest = audit.log.as_ref().map(|log| log.digest(arguments));
        if let Some(Ok(digest)) = digest {
            self.own("arguments", digest);
        }
    }

    /// Writes down that the call begins.
    pub(crate) fn begin(&mut self, audit: &Audit) -> std::io::Result<()> {
        let Some(log) = &audit.log else {
            let words = "there is no home to write it down in";
            return Err(std::io::Error::new(std::io::ErrorKind::NotFound, words));
        };
        let mut fields = self.fields.clone();
        fields.push(("event", Field::Own("begun".into())));
        self.begun = Some(log.append(written(fields))?);
        Ok(())
    }

    /// The call is about to be made: from here on it takes time.
    pub(crate) fn is_made(&mut self) {
        self.since = Some(Instant::now());
    }

    /// Nothing came of that: it failed before the server was asked.
    pub(crate) fn was_not_made(&mut self) {
        self.since = None;
    }

    /// Writes down what it came to.
    pub(crate) fn end(mut self, audit: &Audit, outcome: &Result<(), Error>) -> std::io::Result<()> {
        let Some(log) = &audit.log else {
            return Ok(());
        };
        match std::mem::take(&mut self.decision) {
            Decision::Allowed(rule) => {
                self.own("decision", "allowed");
                self.own("rule", shown(&rule.unwrap_or_default()));
            }
            Decision::Confirmed { by, rule } => {
                self.own("decision", "confirmed");
                self.own("by", by);
                self.own("rule", shown(&rule));
            }
            Decision::Denied => {
                self.own("decision", "denied");
                // It names what was called.
                let why = outcome.as_ref().err().map(ToString::to_string);
                self.told("rule", why.as_deref());
            }
        }
        let exit = outcome
            .as_ref()
            .map_or_else(|error| error.exit() as u8, |()| 0);
        self.own("exit", exit);
        if let Err(error) = outcome {
            self.own("error", error.code());
        }
        if let Some(since) = self.since {
            self.own("ms", milliseconds(since.elapsed()));
        }
        if let Some(begun) = self.begun {
            self.own("begun", begun);
        }
        log.append(written(self.fields)).map(|_| ())
    }
}

/// The fields of a line, without the secrets that are known by now.
fn written(fields: Vec<(&'static str, Field)>) -> Map<String, Value> {
    let mask = Mask::now();
    let fields = fields.into_iter().map(|(name, field)| {
        let value = match field {
            Field::Own(value) => value,
            // Once more, for what only a line of it is.
            Field::Told(text) => cut(&mask.over(&line(&mask.over(&text))), MOST).into(),
        };
        (name.to_owned(), value)
    });
    fields.collect()
}

/// Milliseconds, to a tenth.
fn milliseconds(time: Duration) -> Value {
    let tenths = (time.as_secs_f64() * 10_000.0).round() / 10.0;
    Number::from_f64(tenths).map_or(Value::Null, Value::Number)
}

/// A text in one line of a certain length.
fn shown(text: &str) -> String {
    cut(&line(text), MOST)
}
