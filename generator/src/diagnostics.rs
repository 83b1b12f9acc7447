//! What the user should hear about a server's schemas.
//!
//! A diagnostic never stops the work: a schema that cannot be typed costs its own flag, not the
//! program. Each one has a place (the tool and a JSON Pointer into what the server said of it), a
//! sentence, and where there is something to do about it, a hint.

use std::fmt;

use serde::Serialize;

use crate::lower::text;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The schema is fine; the command line is just less typed than it might be.
    Note,
    /// The schema is broken or of an unknown kind, and something was lost by it.
    Warning,
}

/// One thing the user should hear, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// The tool's wire name; empty for an entry that has none.
    pub tool: String,
    /// The JSON Pointer of the place in the tool, or in the capture where there is no tool.
    pub pointer: String,
    /// What is wrong, in a whole sentence.
    pub reason: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// One line without the hint, safe to show on a terminal.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.tool.is_empty() {
            write!(f, "tool `{}`: ", text::line(&self.tool))?;
        }
        if !self.pointer.is_empty() {
            write!(f, "{}: ", text::line(&self.pointer))?;
        }
        f.write_str(&text::line(&self.reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_reads_as_one_line_without_control_characters() {
        let diagnostic = Diagnostic {
            severity: Severity::Warning,
            tool: "x\u{1b}[31m\n".into(),
            pointer: "/inputSchema/properties/y".into(),
            reason: "The type `a\tb` is unknown.".into(),
            hint: None,
        };
        assert_eq!(
            diagnostic.to_string(),
            "tool `x`: /inputSchema/properties/y: The type `a b` is unknown."
        );
    }

    #[test]
    fn a_diagnostic_without_a_tool_starts_with_its_place() {
        let diagnostic = Diagnostic {
            severity: Severity::Warning,
            tool: String::new(),
            pointer: "/tools/3".into(),
            reason: "The entry is not an object.".into(),
            hint: None,
        };
        assert_eq!(
            diagnostic.to_string(),
            "/tools/3: The entry is not an object."
        );
    }
}
