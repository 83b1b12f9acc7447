//! Where everything printed goes through: data to standard output, talk to standard error.
//!
//! Whether there is a terminal, and how much is to be said on it, is decided here once. A closed
//! pipe is no error: the reader has what it wanted.

use std::io::{self, BufWriter, ErrorKind, Write};

use serde_json::{Value, json};

use super::Answer;
use super::bar::Bar;
pub(crate) use super::bar::Hold;
use super::log::Message;
use super::progress::Step;
use super::terminal::Terminal;
use crate::error::Error;
use crate::secret::mask::{Masked, mask};
use crate::settings::{Format, Verbosity};
use crate::task::{self, Task};
use crate::text::{line, plain};
use crate::wire::Event;

/// How much of an answer is written at once.
const CHUNK: usize = 64 << 10;

/// Prints, as it was told to.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    format: Format,
    verbosity: Verbosity,
    terminal: Terminal,
    bar: Bar,
}

impl Printer {
    pub(crate) fn new(format: Format, verbosity: Verbosity) -> Self {
        let terminal = Terminal::look();
        Self {
            format,
            verbosity,
            terminal,
            bar: Bar::new(terminal.unicode),
        }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Prints data.
    pub(crate) fn data(&self, text: &str) -> Result<(), Error> {
        self.write(&mut |out| out.write_all(text.as_bytes()))
    }

    /// Prints an answer.
    pub(crate) fn answer(&self, answer: Answer) -> Result<(), Error> {
        let left_out = answer.left_out();
        if self.format == Format::Text && left_out > 0 && self.verbosity == Verbosity::Verbose {
            self.say(&format!(
                "{left_out} of the answer's blocks left out, meant for the model alone; --output json has all"
            ));
        }
        let mut answer = Some(answer);
        self.write(&mut |out| {
            let answer = answer.take();
            answer.map_or(Ok(()), |answer| answer.write(self.format, out))
        })
    }

    /// Writes to standard output, and is done with progress. Nothing is held back but for a terminal,
    /// where the text as a whole is made harmless.
    fn write(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
        self.end();
        let stdout = io::stdout();
        let written = if self.terminal.stdout {
            let mut text = Vec::new();
            write(&mut text).and_then(|()| {
                let text = plain(&String::from_utf8_lossy(&text));
                let mut stdout = stdout.lock();
                stdout.write_all(mask(&text).as_bytes())?;
                stdout.flush()
            })
        } else {
            let mut stdout = Masked::over(BufWriter::with_capacity(CHUNK, stdout.lock()));
            write(&mut stdout).and_then(|()| stdout.finish())
        };
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|source| Error::Io {
                what: "cannot write the answer".to_owned(),
                source,
            }),
        }
    }

    /// Is done with progress.
    pub(crate) fn end(&self) {
        self.bar.cleared().end();
    }

    /// Says a line on standard error.
    pub(crate) fn say(&self, line: &str) {
        // Held while it is said, so that progress is not drawn into it.
        let _bar = self.bar.cleared();
        // Talk that nobody can hear is no reason to fail.
        let _ = writeln!(io::stderr(), "{}", mask(line));
    }

    /// Keeps progress away from the terminal until the hold is dropped, for a question asked there.
    pub(crate) fn hold(&self) -> Hold {
        self.bar.hold()
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

    #[cfg(feature = "http")]
    /// Says a line on standard error, when all is to be said.
    pub(crate) fn detail(&self, line: &str) {
        if self.verbosity == Verbosity::Verbose {
            self.say(&plain(line));
        }
    }

    /// Says a line that somebody who watches wants to know, or who wants to know all.
    pub(crate) fn aside(&self, line: &str) {
        if self.verbosity >= Verbosity::Normal
            && (self.terminal.stderr || self.verbosity == Verbosity::Verbose)
        {
            self.say(&plain(line));
        }
    }

    /// Says what went wrong, what to do, and what the server said last. It is the last that is said.
    pub(crate) fn error(&self, error: &Error, tool: Option<&str>) {
        self.end();
        self.say(&format!("error: {}", plain(&error.to_string())));
        for line in error.stderr() {
            self.say(&format!("  server: {}", self::line(line)));
        }
        if let Some(hint) = error.hint() {
            self.say(&format!("hint: {}", plain(&hint)));
        }
        if self.format == Format::Json {
            let json = error.to_json(tool).to_string();
            match self.terminal.stderr {
                true => self.say(&plain(&json)),
                false => self.say(&json),
            }
        }
    }

    /// Says what the server says on the side.
    pub(crate) fn event(&self, event: &Event) {
        match event {
            Event::Noise(line) | Event::Stderr(line) => {
                if self.verbosity == Verbosity::Verbose {
                    // Its end of a line in the middle would let it speak for this program.
                    let line = plain(line.trim_end()).replace('\n', " ");
                    self.say(&format!("server: {line}"));
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
        if self.terminal.redraws && self.verbosity >= Verbosity::Normal {
            self.bar.hear(params);
        } else if self.verbosity == Verbosity::Verbose {
            self.say(&format!("progress: {}", Step::read(params).words()));
        }
    }

    /// Shows how a task is as it shows progress.
    fn news(&self, said: &Value) {
        let id = said.get("taskId").and_then(Value::as_str);
        if let Some(task) = Task::told(id.unwrap_or_default(), said.clone()) {
            self.progress(&json!({"progressToken": id, "message": task.words()}));
        }
    }

    /// Says a log message, if it is grave enough.
    fn log(&self, params: &Value) {
        let Message {
            gravity,
            level,
            text,
        } = Message::read(params);
        if self.verbosity < gravity.needed() {
            return;
        }
        let colour = gravity.colour();
        match self.terminal.colour {
            true => self.say(&format!("server \u{1b}[{colour}m{level}\u{1b}[0m: {text}")),
            false => self.say(&format!("server {level}: {text}")),
        }
    }
}
