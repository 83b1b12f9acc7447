//! Whether a value is what a schema asks for, and if not, what is wrong where.
//!
//! Servers write for every draft of JSON Schema from 04 to 2020-12 and for OpenAPI 3.0, often for
//! several at once. So every keyword means what it means in any of them, and a keyword that makes no
//! sense is passed over: a call is stopped for what is surely wrong, never for what we fail to
//! understand. That holds under `not` and `oneOf` as well, where accepting too much would refuse:
//! what was passed over makes an answer unsure, and an unsure answer is not turned around.
//!
//! ```text
//! validate ──▶ Checker::check ──▶ scalar, object, array   the keywords of a kind of value
//!                     ▲  └──────▶ combine ──▶ union       allOf … if; what an anyOf was meant as
//!                     └─────────────┘
//! ```
//!
//! The schema is a stranger's. Depth, work and the number of findings are bounded, and a reference
//! that leads back to itself ends; what lies beyond a bound is accepted.

mod array;
mod combine;
mod equal;
mod format;
mod number;
mod object;
mod pattern;
mod scalar;
#[cfg(test)]
mod tests;
mod union;
mod words;

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::schema::{Document, Unresolved, escape, unescape};
use number::Decimal;
use pattern::Patterns;

pub(crate) use format::sample as format_sample;
pub use pattern::pattern_is_understood;
pub(crate) use words::an;

/// The most schemas that are looked at before the rest is accepted.
const STEPS: usize = 200_000;

/// The same for all the values that a [`Judge`] is asked about.
const JUDGING: usize = 2 * STEPS;

/// The deepest nesting of schemas that is followed.
const DEPTH: usize = 192;

/// The most findings that are kept.
const FINDINGS: usize = 1000;

/// What is to be said about a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What the schema refuses, in the order of the value.
    pub violations: Vec<Violation>,
    /// What looks wrong and is not refused: a text that has not the form its `format` names.
    pub warnings: Vec<Violation>,
}

/// One thing that is wrong at one place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Violation {
    /// Where, as a JSON Pointer into the value. For what is missing, the place where it is missing.
    pub at: String,
    /// What it is about.
    pub kind: Kind,
    /// What was given and what is allowed: lower case, without the place, without a full stop.
    pub message: String,
}

/// What a [`Violation`] is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A required property is not there.
    Missing,
    /// A property is not there that another one asks for.
    Depends {
        /// The JSON Pointer of the one that asks.
        on: String,
    },
    /// One of several sets of properties must be there, and none is.
    Either {
        /// The JSON Pointers of the absent ones, set by set.
        ways: Vec<Vec<String>>,
    },
    /// A property, or an item beyond the last, that the schema does not know.
    Unknown,
    /// A value of another type than the schema's.
    Type,
    /// Anything else.
    Other,
}

/// Checks a value against a schema.
pub fn validate(schema: &Value, instance: &Value) -> Findings {
    let document = Document::new(schema);
    let mut checker = Checker::new(&document);
    let mut findings = Findings::default();
    checker.check(schema, instance, &mut findings);
    settle(&mut findings.violations, instance);
    settle(&mut findings.warnings, instance);
    findings
}

/// Answers whether a value is accepted, for many values and one document.
pub(crate) struct Judge<'a, 'd>(Checker<'a, 'd>);

impl<'a, 'd> Judge<'a, 'd> {
    pub(crate) fn new(document: &'d Document<'a>) -> Self {
        let mut checker = Checker::new(document);
        checker.steps = JUDGING;
        Self(checker)
    }

    /// Whether a schema of the document accepts a value. Once a great many were asked about, all are.
    pub(crate) fn accepts(&mut self, schema: &'a Value, instance: &Value) -> bool {
        self.0.trial(schema, instance).passes()
    }

    /// Whether a text surely has a match of a pattern.
    pub(crate) fn matches(&mut self, pattern: &'a str, text: &str) -> bool {
        let checker = &mut self.0;
        checker.patterns.matches(pattern, text, &mut checker.steps) == Some(true)
    }
}

/// One walk over a value.
struct Checker<'a, 'd> {
    document: &'d Document<'a>,
    patterns: Patterns<'a>,
    /// The place in the value, as a JSON Pointer.
    at: String,
    /// The references being followed, each with the value it was followed for.
    following: Vec<(*const Value, *const Value)>,
    depth: usize,
    steps: usize,
    /// How often something was accepted without having been understood.
    unsure: usize,
}

impl<'a, 'd> Checker<'a, 'd> {
    fn new(document: &'d Document<'a>) -> Self {
        Self {
            document,
            patterns: Patterns::default(),
            at: String::new(),
            following: Vec::new(),
            depth: 0,
            steps: STEPS,
            unsure: 0,
        }
    }

    /// Checks the value at the present place.
    fn check(&mut self, schema: &'a Value, instance: &Value, found: &mut Findings) {
        if self.steps == 0 || self.depth == DEPTH {
            self.unsure += 1;
            return;
        }
        self.spend(1);
        self.depth += 1;
        match schema {
            Value::Object(keywords) => self.keywords(keywords, instance, found),
            Value::Bool(true) => {}
            Value::Bool(false) => self.violation(found, Kind::Other, "nothing is allowed here"),
            _ => self.unsure += 1,
        }
        self.depth -= 1;
    }

    fn keywords(
        &mut self,
        keywords: &'a Map<String, Value>,
        instance: &Value,
        found: &mut Findings,
    ) {
        // OpenAPI 3.0, where the schema that is made nullable often is an allOf, or an enum without it.
        self.spend(
            ["enum", "required"]
                .iter()
                .filter_map(|list| schemas(keywords, list))
                .map(<[Value]>::len)
                .sum::<usize>()
                / 32,
        );
        if instance.is_null() && keywords.get("nullable") == Some(&Value::Bool(true)) {
            return;
        }
        if let Some(Value::String(reference)) = keywords.get("$ref") {
            self.follow(reference, instance, found);
        }
        if !self.value(keywords, instance, found) {
            return;
        }
        match instance {
            Value::Number(number) => self.number(keywords, number, found),
            Value::String(text) => self.text(keywords, text, found),
            Value::Array(items) => self.array(keywords, items, found),
            Value::Object(_) => self.object(keywords, instance, found),
            Value::Null | Value::Bool(_) => {}
        }
        self.combinations(keywords, instance, found);
        let unread = [
            "$dynamicRef",
            "$recursiveRef",
            "unevaluatedProperties",
            "unevaluatedItems",
        ];
        if unread.iter().any(|keyword| keywords.contains_key(*keyword)) {
            self.unsure += 1;
        }
    }

    /// Counts work. Once there has been too much of it, the rest is accepted.
    fn spend(&mut self, steps: usize) {
        self.steps = self.steps.saturating_sub(steps);
    }

    fn follow(&mut self, reference: &'a str, instance: &Value, found: &mut Findings) {
        let target = match self.document.resolve(reference) {
            Ok(target) => target,
            Err(Unresolved::Dangling(_) | Unresolved::Remote(_)) => {
                self.unsure += 1;
                return;
            }
        };
        let step = (std::ptr::from_ref(target), std::ptr::from_ref(instance));
        if self.following.contains(&step) {
            // It says of this value what it says of this value.
            self.unsure += 1;
            return;
        }
        self.following.push(step);
        self.check(target, instance, found);
        self.following.pop();
    }

    /// Checks a value below the present place.
    fn descend(&mut self, token: &str, schema: &'a Value, instance: &Value, found: &mut Findings) {
        let length = self.enter(token);
        self.check(schema, instance, found);
        self.at.truncate(length);
    }

    /// Moves the place on; truncating it to the length that is returned moves it back.
    fn enter(&mut self, token: &str) -> usize {
        let length = self.at.len();
        self.at.push('/');
        self.at.push_str(&escape(token));
        length
    }

    /// Checks without keeping what is found.
    fn trial(&mut self, schema: &'a Value, instance: &Value) -> Trial {
        let unsure = self.unsure;
        let mut findings = Findings::default();
        self.check(schema, instance, &mut findings);
        if !findings.violations.is_empty() {
            // What is refused is refused, whatever else was not understood.
            self.unsure = unsure;
        }
        Trial {
            sure: self.unsure == unsure,
            findings,
        }
    }

    fn violation(&self, found: &mut Findings, kind: Kind, message: impl Into<String>) {
        self.violation_at(found, self.at.clone(), kind, message);
    }

    fn violation_at(
        &self,
        found: &mut Findings,
        at: String,
        kind: Kind,
        message: impl Into<String>,
    ) {
        if found.violations.len() < FINDINGS {
            found.violations.push(Violation {
                at,
                kind,
                message: message.into(),
            });
        }
    }

    /// The place of a property of the object at the present place.
    fn below(&self, name: &str) -> String {
        format!("{}/{}", self.at, escape(name))
    }
}

/// The answer of a schema that is only asked.
struct Trial {
    findings: Findings,
    /// Whether everything that was asked was understood.
    sure: bool,
}

impl Trial {
    fn passes(&self) -> bool {
        self.findings.violations.is_empty()
    }
}

impl Findings {
    fn append(&mut self, other: Findings) {
        let room = FINDINGS.saturating_sub(self.violations.len());
        self.violations
            .extend(other.violations.into_iter().take(room));
        let room = FINDINGS.saturating_sub(self.warnings.len());
        self.warnings.extend(other.warnings.into_iter().take(room));
    }
}

/// The schemas a keyword holds a list of.
fn schemas<'a>(keywords: &'a Map<String, Value>, keyword: &str) -> Option<&'a [Value]> {
    keywords.get(keyword)?.as_array().map(Vec::as_slice)
}

/// The number a keyword holds.
fn bound(keywords: &Map<String, Value>, keyword: &str) -> Option<Decimal> {
    Decimal::of(keywords.get(keyword)?)
}

/// Puts findings in the order of the value, and says nothing twice.
fn settle(findings: &mut Vec<Violation>, instance: &Value) {
    let missing: HashSet<String> = findings
        .iter()
        .filter(|finding| finding.kind == Kind::Missing)
        .map(|finding| finding.at.clone())
        .collect();
    let mut seen = HashSet::new();
    findings.retain(|finding| {
        let again = match finding.kind {
            Kind::Depends { .. } => missing.contains(&finding.at),
            Kind::Missing => !seen.insert((finding.at.clone(), String::new())),
            _ => !seen.insert((finding.at.clone(), finding.message.clone())),
        };
        !again
    });
    findings.sort_by_cached_key(|finding| place(&finding.at, instance));
}

/// The place of a pointer in the order of a document; what is absent is behind what is there.
fn place(pointer: &str, instance: &Value) -> Vec<usize> {
    let mut here = Some(instance);
    let tokens = pointer.split('/').skip(1);
    tokens
        .map(|token| {
            let at = match here {
                Some(Value::Object(fields)) => {
                    let name = unescape(token);
                    fields.keys().position(|key| *key == name)
                }
                Some(Value::Array(items)) => token.parse().ok().filter(|at| *at < items.len()),
                _ => None,
            };
            here = here.zip(at).and_then(|(value, at)| match value {
                Value::Object(fields) => fields.values().nth(at),
                Value::Array(items) => items.get(at),
                _ => None,
            });
            at.unwrap_or(usize::MAX)
        })
        .collect()
}
