//! What is wrong with an overlay.

use std::fmt;

use crate::{lower::text, names::NameClash};

/// Why an overlay cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OverlayError {
    /// It is not TOML, or has what an overlay has not. The message names the line.
    #[error("{}", .0.to_string().trim_end())]
    Toml(#[from] toml::de::Error),
    /// It speaks of what is not there, or asks for what cannot be had. All of it is here.
    #[error("{}", lines(.0.iter().map(Problem::to_string)))]
    Problems(Vec<Problem>),
}

impl OverlayError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let Self::Problems(problems) = self else {
            return None;
        };
        let mut hints: Vec<String> = Vec::new();
        for hint in problems.iter().filter_map(|problem| problem.hint.as_ref()) {
            if !hints.contains(hint) {
                hints.push(hint.clone());
            }
        }
        let hints: Vec<String> = hints.iter().map(|hint| text::clean(hint)).collect();
        (!hints.is_empty()).then(|| hints.join("\n      "))
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n       ")
}

/// One thing that is wrong with an overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The tool it is about, by its wire name, if it is about one that there is.
    pub tool: Option<String>,
    /// What is wrong: lower case, without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            tool: None,
            message: message.into(),
            hint,
        }
    }

    pub(super) fn of_tool(tool: &str, message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            tool: Some(tool.to_owned()),
            ..Self::new(message, hint)
        }
    }

    pub(super) fn clash(tool: Option<&str>, clash: &NameClash) -> Self {
        Self {
            tool: tool.map(str::to_owned),
            ..Self::new(clash.to_string(), Some(clash.hint().to_owned()))
        }
    }
}

/// One line, safe to show on a terminal.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tool) = &self.tool {
            write!(f, "tool `{}`: ", text::line(tool))?;
        }
        f.write_str(&text::line(&self.message))
    }
}

/// The hint where a key of the file names none of the things that are known, such as "tools": which it
/// may have meant, else which there are.
pub(super) fn suggestion(key: &str, things: &str, known: &[&str]) -> Option<String> {
    let best = known
        .iter()
        .map(|name| (strsim::jaro_winkler(key, name), name))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((_, name)) => Some(format!("`{key}`: did you mean `{name}`?")),
        None if known.is_empty() => None,
        None => {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            Some(format!("the {things} are {}", known.join(", ")))
        }
    }
}
