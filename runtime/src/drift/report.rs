//! What changed, as text and as JSON: the same from `mcpress check` and from a program's `self check`.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Change, Kind, Severity};
use crate::text::plain;

/// What counts as drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// What breaks a line that worked.
    #[default]
    Compatible,
    /// Any change at all, words included.
    Strict,
}

impl Mode {
    /// The names of the modes.
    pub const NAMES: [&'static str; 2] = ["compatible", "strict"];

    /// The mode of a name.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "compatible" => Some(Self::Compatible),
            "strict" => Some(Self::Strict),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Compatible => "compatible",
            Self::Strict => "strict",
        }
    }
}

/// How many changes of each severity there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Those that break a line that worked.
    pub breaking: usize,
    /// Those that break nothing.
    pub compatible: usize,
    /// Those of words.
    pub descriptions: usize,
}

impl Counts {
    /// Counts changes.
    pub fn of(changes: &[Change]) -> Self {
        let count = |severity| {
            let same = changes.iter().filter(|change| change.severity == severity);
            same.count()
        };
        Self {
            breaking: count(Severity::Breaking),
            compatible: count(Severity::Compatible),
            descriptions: count(Severity::Description),
        }
    }

    /// Whether they are drift.
    pub fn are_drift(self, mode: Mode) -> bool {
        match mode {
            Mode::Compatible => self.breaking > 0,
            Mode::Strict => self != Self::default(),
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let total = self.breaking + self.compatible + self.descriptions;
        match total {
            0 => return f.write_str("no change"),
            1 => f.write_str("1 change: ")?,
            _ => write!(f, "{total} changes: ")?,
        }
        write!(
            f,
            "{} breaking, {} compatible, {} of words",
            self.breaking, self.compatible, self.descriptions
        )
    }
}

/// The changes as text, by tool, a line each; empty when there are none.
///
/// What a server says in them is made harmless for a terminal and kept on its line.
pub fn text(changes: &[Change]) -> String {
    let mut text = String::new();
    let mut tool = None;
    for change in changes {
        if tool != Some(&change.tool) {
            tool = Some(&change.tool);
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{}", line(&change.tool));
        }
        let sign = match change.kind {
            Kind::Added => '+',
            Kind::Removed => '-',
            Kind::Changed => '~',
        };
        let mark = match change.severity {
            Severity::Breaking => "breaking: ",
            Severity::Compatible | Severity::Description => "",
        };
        let words = line(&change.what);
        let _ = writeln!(text, "  {sign} {mark}{words}{}", spoken(change));
    }
    text
}

/// The changes as the JSON of `--output json`.
pub fn json(changes: &[Change], mode: Mode) -> Value {
    let counts = Counts::of(changes);
    json!({
        "mode": mode.name(),
        "drift": counts.are_drift(mode),
        "breaking": counts.breaking,
        "compatible": counts.compatible,
        "descriptions": counts.descriptions,
        "changes": changes,
    })
}

/// The most characters of a text that are shown.
const SHOWN: usize = 60;

/// What was said and what is said, where that is all that changed.
fn spoken(change: &Change) -> String {
    if change.severity != Severity::Description {
        return String::new();
    }
    let (before, after) = (shown(change.before.as_ref()), shown(change.after.as_ref()));
    // Two long texts mostly begin alike, and the difference is what matters.
    let common = before
        .chars()
        .zip(after.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let skip = common.saturating_sub(SHOWN / 3);
    let side = |text: &str| excerpt(text, if skip > SHOWN / 6 { skip } else { 0 });
    match (before.is_empty(), after.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!(": {}", side(&after)),
        (false, true) => format!(": {}", side(&before)),
        (false, false) => format!(": {} → {}", side(&before), side(&after)),
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => line(text),
        Some(value) => line(&value.to_string()),
    }
}

fn excerpt(text: &str, skip: usize) -> String {
    let rest: Vec<char> = text.chars().skip(skip).take(SHOWN + 1).collect();
    let start = if skip > 0 { "…" } else { "" };
    let end = if rest.len() > SHOWN { "…" } else { "" };
    let words: String = rest.into_iter().take(SHOWN).collect();
    format!("\"{start}{words}{end}\"")
}

/// A server's text on one line.
fn line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}
