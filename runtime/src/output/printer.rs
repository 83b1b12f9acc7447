//! Where everything printed goes through: data to standard output, talk to standard error.
//!
//! Whether there is a terminal, and how much is to be said on it, is decided here once. A closed
//! pipe is no error: the reader has what it wanted.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::error::Error;
use crate::settings::{Format, Verbosity};
use crate::task::{self, Task};
use crate::text::plain;
use crate::wire::Event;

/// Prints, as it was told to.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    format: Format,
    verbosity: Verbosity,
    /// Whether a line of progress stands on the terminal.
    drawn: Arc<AtomicBool>,
}

impl Printer {
    pub(crate) fn new(format: Format, verbosity: Verbosity) -> Self {
        Self {
            format,
            verbosity,
            drawn: Arc::default(),
        }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Prints data.
    pub(crate) fn data(&self, text: &str) -> Result<(), Error> {
        self.clear();
        let stdout = std::io::stdout();
        let written = if stdout.is_terminal() {
            write_all(stdout, &plain(text))
        } else {
            write_all(stdout, text)
        };
        written.map_err(|source| Error::Io {
            what: "cannot write the answer".to_owned(),
            source,
        })
    }

    /// Says a line on standard error.
    pub(crate) fn say(&self, line: &str) {
        self.clear();
        // Talk that nobody can hear is no reason to fail.
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    /// Says what the caller should know, though it stops nothing.
    pub(crate) fn warn(&self, warning: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.say(&format!("warning: {}", plain(warning)));
        }
    }

    /// Says a line on standard error, unless nothing but errors is wanted.
    pub(crate) fn note(&self, line: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.say(&plain(line));
        }
    }

    /// Says what went wrong, what to do, and what the server said last.
    pub(crate) fn error(&self, error: &Error, tool: Option<&str>) {
        self.say(&format!("error: {}", plain(&error.to_string())));
        for line in error.stderr() {
            self.say(&format!("  server: {}", plain(line)));
        }
        if let Some(hint) = error.hint() {
            self.say(&format!("hint: {hint}"));
        }
        if self.format == Format::Json {
            self.say(&error.to_json(tool).to_string());
        }
    }

    /// Says what the server says on the side.
    pub(crate) fn event(&self, event: &Event) {
        match event {
            Event::Noise(line) | Event::Stderr(line) => {
                if self.verbosity == Verbosity::Verbose {
                    self.say(&format!("server: {}", plain(line.trim_end())));
                }
            }
            Event::Notification(method, params) => match method.as_str() {
                "notifications/progress" => self.progress(params),
                "notifications/message" => self.log(params),
                task::NEWS => self.news(params),
                _ => {}
            },
        }
    }

    /// Draws progress on a terminal; elsewhere it is a line when all is to be said.
    fn progress(&self, params: &Value) {
        let field = |name: &str| params.get(name).filter(|value| !value.is_null());
        let done = field("progress").map(Value::to_string).unwrap_or_default();
        let total = field("total")
            .map(|total| format!("/{total}"))
            .unwrap_or_default();
        let message = field("message").and_then(Value::as_str).unwrap_or_default();
        let message = plain(message).replace('\n', " ");
        if std::io::stderr().is_terminal() && self.verbosity >= Verbosity::Normal {
            let mut line = format!("{done}{total} {message}");
            line = line.chars().take(78).collect();
            self.drawn.store(true, Ordering::Relaxed);
            let _ = write!(std::io::stderr(), "\r\u{1b}[K{line}");
        } else if self.verbosity == Verbosity::Verbose {
            self.say(&format!("progress: {done}{total} {message}"));
        }
    }

    /// Shows how a task is as it shows progress.
    fn news(&self, said: &Value) {
        let id = said.get("taskId").and_then(Value::as_str);
        if let Some(task) = Task::told(id.unwrap_or_default(), said.clone()) {
            self.progress(&json!({"progressToken": id, "message": task.words()}));
        }
    }

    /// Says a log message, if its level (RFC 5424) is worth it.
    fn log(&self, params: &Value) {
        let level = params
            .get("level")
            .and_then(Value::as_str)
            .unwrap_or("info");
        let needed = match level {
            "debug" | "info" | "notice" => Verbosity::Verbose,
            "warning" => Verbosity::Normal,
            _ => Verbosity::Quiet,
        };
        if self.verbosity >= needed {
            let data = match params.get("data") {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            self.say(&format!("{}: {}", plain(level), plain(&data)));
        }
    }

    fn clear(&self) {
        if self.drawn.swap(false, Ordering::Relaxed) {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}

fn write_all(mut stdout: std::io::Stdout, text: &str) -> std::io::Result<()> {
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
