//! What the streams that are written to can show.

use std::io::IsTerminal;

use terminal_size::terminal_size_of;

use crate::environment;

/// What there is of terminals, decided once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    /// Whether standard output is a terminal.
    pub(super) stdout: bool,
    /// Whether standard error is a terminal.
    pub(super) stderr: bool,
    /// Whether a line on standard error can be drawn again.
    pub(super) redraws: bool,
    /// Whether colours are shown on standard error, and welcome.
    pub(super) colour: bool,
    /// Whether there is more than ASCII.
    pub(super) unicode: bool,
}

impl Terminal {
    pub(super) fn look() -> Self {
        let stderr = std::io::stderr().is_terminal();
        let redraws = stderr && !environment::has_dumb_terminal();
        Self {
            stdout: std::io::stdout().is_terminal(),
            stderr,
            redraws,
            colour: redraws && !environment::refuses_colour(),
            unicode: environment::speaks_unicode(),
        }
    }
}

/// How many columns standard error has now: the window may have changed.
pub(super) fn columns() -> usize {
    terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| usize::from(width.0))
}
