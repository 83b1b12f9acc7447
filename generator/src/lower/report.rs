//! Where the diagnostics of one tool go.

use crate::diagnostics::{Diagnostic, Severity};

/// The diagnostics of one tool. The same thing at the same place is said once.
pub(super) struct Report<'a> {
    tool: &'a str,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Report<'a> {
    pub(super) fn new(tool: &'a str) -> Self {
        Self {
            tool,
            diagnostics: Vec::new(),
        }
    }

    pub(super) fn add(
        &mut self,
        severity: Severity,
        pointer: String,
        reason: String,
        hint: Option<String>,
    ) {
        let tool = self.tool.to_owned();
        let diagnostic = Diagnostic {
            severity,
            tool,
            pointer,
            reason,
            hint,
        };
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}
