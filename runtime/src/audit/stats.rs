//! Calls in numbers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::query::{Outcome, outcome};

/// The calls of a tool, or of all.
#[derive(Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) calls: usize,
    pub(crate) ok: usize,
    pub(crate) errors: usize,
    pub(crate) denied: usize,
    pub(crate) usage: usize,
    /// How long those took that were made, in milliseconds, sorted.
    times: Vec<f64>,
    pub(crate) last: String,
}

/// The statistics of each tool, and of all.
pub(crate) fn statistics(lines: &[Value]) -> (BTreeMap<String, Statistics>, Statistics) {
    let mut tools: BTreeMap<String, Statistics> = BTreeMap::new();
    let mut all = Statistics::default();
    for line in lines {
        let tool = line.get("tool").and_then(Value::as_str).unwrap_or_default();
        tools.entry(tool.to_owned()).or_default().count(line);
        all.count(line);
    }
    for statistics in tools.values_mut().chain([&mut all]) {
        statistics.times.sort_by(f64::total_cmp);
    }
    (tools, all)
}

impl Statistics {
    fn count(&mut self, line: &Value) {
        let time = line.get("time").and_then(Value::as_str).unwrap_or_default();
        self.last = self.last.as_str().max(time).to_owned();
        self.calls += 1;
        let count = match outcome(line) {
            Outcome::Ok => &mut self.ok,
            Outcome::Denied => &mut self.denied,
            Outcome::Usage => &mut self.usage,
            Outcome::Error | Outcome::Unfinished => &mut self.errors,
        };
        *count += 1;
        if matches!(outcome(line), Outcome::Ok | Outcome::Error) {
            self.times.extend(line.get("ms").and_then(Value::as_f64));
        }
    }

    /// How many in a hundred succeeded of those that were let and could be made.
    pub(crate) fn success(&self) -> Option<f64> {
        let made = self.ok + self.errors;
        (made > 0).then(|| (self.ok as f64 * 1000.0 / made as f64).round() / 10.0)
    }

    /// The time that so many in a hundred do not exceed, in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> Option<f64> {
        let rank = (self.times.len() * percent).div_ceil(100);
        self.times.get(rank.checked_sub(1)?).copied()
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "calls": self.calls,
            "ok": self.ok,
            "errors": self.errors,
            "denied": self.denied,
            "usage": self.usage,
            "success": self.success(),
            "p50_ms": self.percentile(50),
            "p90_ms": self.percentile(90),
            "p99_ms": self.percentile(99),
            "last": self.last,
        })
    }
}
