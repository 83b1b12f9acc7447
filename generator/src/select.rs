//! Which of a server's tools the program gets.

use std::collections::BTreeSet;

use mcpress_runtime::text::matches_glob;
use serde_json::Value;

use crate::{
    capture::Capture,
    lock::Lock,
    lower::{commands, offers},
    overlay::Fixed,
};

/// What the user asked for.
///
/// A pattern is matched against a tool's wire name and its command; `*`, `?` and `[a-z]` or `[!a-z]`
/// stand for other characters. Several may stand in one string, with commas between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// The tools to take; empty for all.
    pub include: Vec<String>,
    /// The tools to leave out of those.
    pub exclude: Vec<String>,
    /// Whether to take only tools that the server annotates as read-only.
    pub read_only: bool,
}

/// The tools that were chosen; by default all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Their wire names; none where all were.
    chosen: Option<BTreeSet<String>>,
    /// Whether only tools that change nothing are wanted, those that the server gets later included.
    read_only: bool,
    /// The filter as options of mcpress, word by word.
    options: Vec<String>,
}

impl Filter {
    fn options(&self) -> Vec<String> {
        let pair =
            |option: &'static str| move |pattern: &String| [option.to_owned(), pattern.clone()];
        let include = self.include.iter().flat_map(pair("--include-tools"));
        let exclude = self.exclude.iter().flat_map(pair("--exclude-tools"));
        let read_only = self.read_only.then(|| "--read-only".to_owned());
        include.chain(exclude).chain(read_only).collect()
    }
}

impl Selection {
    /// Whether the tool of this wire name was chosen.
    pub fn contains(&self, wire: &str) -> bool {
        let chosen = self.chosen.as_ref();
        chosen.is_none_or(|wires| wires.contains(wire))
    }

    /// Whether a tool that the server does not have yet is left out: nothing says what it will do.
    pub fn omits_later(&self) -> bool {
        self.read_only
    }

    /// The filter that chose them, as options of mcpress, word by word.
    pub fn options(&self) -> &[String] {
        &self.options
    }
}

/// Why a selection cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// Some patterns match no tool.
    #[error("no tool matches {}", quoted(unmatched.iter().map(|miss| &miss.pattern)))]
    Unmatched {
        /// Those patterns.
        unmatched: Vec<Miss>,
        /// The tools there are, by command.
        known: Vec<String>,
    },
    /// The patterns match, but leave nothing.
    #[error("the selection leaves no tool")]
    Empty,
}

/// A pattern that matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// The pattern.
    pub pattern: String,
    /// The tool it may have meant.
    pub suggestion: Option<String>,
}

impl SelectError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        let Self::Unmatched { unmatched, known } = self else {
            return "widen the patterns, or take tools that are not read-only as well".to_owned();
        };
        let tools = format!("the tools are {}", quoted(known));
        let meant: Vec<_> = unmatched
            .iter()
            .filter_map(|miss| miss.suggestion.as_ref())
            .collect();
        if known.is_empty() {
            "the server offers no tools".to_owned()
        } else if meant.is_empty() {
            tools
        } else {
            format!("did you mean {}? {tools}", quoted(meant))
        }
    }
}

/// Chooses tools, which have these commands if the user fixes any.
///
/// # Errors
///
/// When a pattern matches no tool, which is most likely a slip of the pen, or when nothing is left.
pub fn select(
    capture: &Capture,
    filter: &Filter,
    fixed: &Fixed,
    lock: &Lock,
) -> Result<Selection, SelectError> {
    if *filter == Filter::default() {
        return Ok(Selection::default());
    }
    let (offers, _) = offers(capture);
    let commands = commands(&offers, fixed, lock).names;
    let tools = || {
        offers
            .iter()
            .zip(&commands)
            .map(|(offer, command)| (offer.wire, &**command))
    };
    let (include, exclude) = (patterns(&filter.include), patterns(&filter.exclude));
    let unmatched: Vec<Miss> = include
        .iter()
        .chain(&exclude)
        .filter(|pattern| !tools().any(|tool| matches_tool(pattern, tool)))
        .map(|pattern| miss(pattern, tools()))
        .collect();
    if !unmatched.is_empty() {
        return Err(SelectError::Unmatched {
            unmatched,
            known: commands,
        });
    }
    let any = |patterns: &[&str], tool| patterns.iter().any(|pattern| matches_tool(pattern, tool));
    let chosen: BTreeSet<String> = offers
        .iter()
        .zip(tools())
        .filter(|(offer, _)| !filter.read_only || is_read_only(offer.definition))
        .filter(|(_, tool)| include.is_empty() || any(&include, *tool))
        .filter(|(_, tool)| !any(&exclude, *tool))
        .map(|(offer, _)| offer.wire.to_owned())
        .collect();
    if chosen.is_empty() {
        Err(SelectError::Empty)
    } else {
        Ok(Selection {
            chosen: Some(chosen),
            read_only: filter.read_only,
            options: filter.options(),
        })
    }
}

fn patterns(given: &[String]) -> Vec<&str> {
    given
        .iter()
        .flat_map(|given| given.split(','))
        .map(str::trim)
        .filter(|pattern| !pattern.is_empty())
        .collect()
}

/// A name is matched as it stands first, so that one with a bracket in it can be named.
pub(crate) fn matches_tool(pattern: &str, (wire, command): (&str, &str)) -> bool {
    pattern == wire || matches_glob(pattern, wire) || matches_glob(pattern, command)
}

fn is_read_only(definition: &Value) -> bool {
    definition.pointer("/annotations/readOnlyHint") == Some(&Value::Bool(true))
}

fn miss<'a>(pattern: &str, tools: impl Iterator<Item = (&'a str, &'a str)>) -> Miss {
    let near = |(wire, command): (&str, &'a str)| {
        let score = strsim::jaro_winkler(pattern, wire).max(strsim::jaro_winkler(pattern, command));
        (score, command)
    };
    let best = tools
        .map(near)
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Miss {
        pattern: pattern.to_owned(),
        suggestion: best.map(|(_, command)| command.to_owned()),
    }
}

fn quoted<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names
        .into_iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
