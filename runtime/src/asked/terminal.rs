//! The person at the terminal: what is said to them, and what they type.
//!
//! A line is read on a thread, since a read of a terminal cannot be given up. The thread reads only
//! when it is told to, so that it never takes what is not for it, and nobody waits for it at the end.

use std::io::{BufRead, Write};
use std::pin::Pin;
use std::sync::mpsc::Sender;

use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, channel};

use crate::secret::mask::mask;

/// A line that is typed; none at the end of the input, which on a terminal is Ctrl-D.
pub(crate) type Typed = std::io::Result<Option<String>>;

/// A line on its way.
pub(crate) type Typing<'a> = Pin<Box<dyn Future<Output = Typed> + Send + 'a>>;

/// Where a person reads and types.
pub(crate) trait Terminal: Send + Sync {
    /// Whose turn it is: one question stands there at a time.
    fn turn(&self) -> &Mutex<()>;

    /// Shows text as it is.
    fn show(&self, text: &str);

    /// Forgets what was typed before anything was asked.
    fn forget(&self);

    /// Shows nothing of what is typed from here on, until this is dropped: it begins before a question
    /// is shown, so that who answers at once is not shown either.
    fn hide(&self) -> Option<Echo> {
        None
    }

    /// The next line, without its end. What is typed `hidden` is not shown.
    fn line(&self, hidden: bool) -> Typing<'_>;
}

/// Standard input and standard error, where both are terminals.
///
/// There is one of them, however many ask there: a second thread that reads would take what is typed
/// for the first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console(());

static TURN: Mutex<()> = Mutex::const_new(());

static KEYBOARD: Mutex<Option<Keyboard>> = Mutex::const_new(None);

/// The thread that reads, once a line was wanted.
struct Keyboard {
    wanted: Sender<()>,
    typed: Receiver<Typed>,
    /// Whether a line was wanted that nobody has taken yet.
    reading: bool,
}

impl Console {
    /// Asks for a line that is not shown, and gives it without its end; nothing at the end of the input.
    pub(crate) async fn ask_hidden(question: &str) -> std::io::Result<String> {
        let Some(console) = Self::find() else {
            return Ok(String::new());
        };
        let _turn = console.turn().lock().await;
        console.forget();
        let _echo = console.hide();
        console.show(question);
        Ok(console.line(true).await?.unwrap_or_default())
    }

    /// None where nobody could read or type.
    pub(crate) fn find() -> Option<Self> {
        use std::io::IsTerminal;
        let both = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        both.then_some(Self(()))
    }
}

impl Keyboard {
    fn start() -> std::io::Result<Self> {
        let (wanted, orders) = std::sync::mpsc::channel();
        let (typing, typed) = channel(1);
        std::thread::Builder::new().spawn(move || {
            while orders.recv().is_ok() && typing.blocking_send(read()).is_ok() {}
        })?;
        Ok(Self {
            wanted,
            typed,
            reading: false,
        })
    }
}

impl Terminal for Console {
    fn turn(&self) -> &Mutex<()> {
        &TURN
    }

    fn show(&self, text: &str) {
        let mut stderr = std::io::stderr();
        // Talk that nobody can hear is no reason to fail.
        let _ = stderr.write_all(mask(text).as_bytes());
        let _ = stderr.flush();
    }

    fn forget(&self) {
        #[cfg(unix)]
        let _ = rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush);
    }

    fn hide(&self) -> Option<Echo> {
        Some(Echo::off())
    }

    fn line(&self, hidden: bool) -> Typing<'_> {
        Box::pin(async move {
            let mut keyboard = KEYBOARD.lock().await;
            let keyboard = match &mut *keyboard {
                Some(keyboard) => keyboard,
                none => none.insert(Keyboard::start()?),
            };
            // A line that an earlier question did not wait for is no answer to this one.
            if keyboard.reading && keyboard.typed.try_recv().is_ok() {
                keyboard.reading = false;
            }
            let _echo = hidden.then(Echo::off);
            let mut open = OpenLine(true);
            if !keyboard.reading {
                keyboard.reading = keyboard.wanted.send(()).is_ok();
            }
            let typed = keyboard.typed.recv().await.unwrap_or(Ok(None));
            keyboard.reading = false;
            open.0 = !matches!(typed, Ok(Some(_)));
            typed
        })
    }
}

/// The cursor stands behind a question: what is said next begins a line of its own.
struct OpenLine(bool);

impl Drop for OpenLine {
    fn drop(&mut self) {
        if self.0 {
            let _ = writeln!(std::io::stderr());
        }
    }
}

fn read() -> Typed {
    let mut line = Vec::new();
    let read = std::io::stdin().lock().read_until(b'\n', &mut line)?;
    let text = String::from_utf8_lossy(&line);
    let text = text.trim_end_matches(['\n', '\r']);
    Ok((read > 0).then(|| text.to_owned()))
}

/// A terminal that does not show what is typed. Dropped, it does again.
pub(crate) struct Echo {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Echo {
    #[cfg(unix)]
    fn off() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(std::io::stdin()).ok();
        if let Some(mut modes) = before.clone() {
            modes.local_modes.remove(LocalModes::ECHO);
            // The end of the line is shown all the same.
            modes.local_modes.insert(LocalModes::ECHONL);
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &modes);
        }
        Self { before }
    }

    #[cfg(not(unix))]
    fn off() -> Self {
        let _ = writeln!(std::io::stderr(), "(what you type is shown)");
        Self {}
    }
}

#[cfg(unix)]
impl Drop for Echo {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some(before) = &self.before {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}

#[cfg(test)]
pub(super) mod script {
    //! A terminal that types what a test wrote down.

    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::{Terminal, Typing};

    /// Lines that are typed one after the other, and what was shown for them.
    #[derive(Default)]
    pub(in crate::asked) struct Script {
        lines: Mutex<VecDeque<Option<String>>>,
        shown: Mutex<String>,
        turn: tokio::sync::Mutex<()>,
    }

    impl Script {
        /// A terminal that types these lines; `^D` is Ctrl-D, and so is the end.
        pub(in crate::asked) fn typing(lines: &[&str]) -> Self {
            let line = |line: &&str| (*line != "^D").then(|| (*line).to_owned());
            Self {
                lines: Mutex::new(lines.iter().map(line).collect()),
                shown: Mutex::default(),
                turn: tokio::sync::Mutex::default(),
            }
        }

        /// The conversation, with what was typed where it was.
        pub(in crate::asked) fn transcript(&self) -> String {
            self.shown.lock().unwrap().clone()
        }

        /// How many lines were not asked for.
        pub(in crate::asked) fn left(&self) -> usize {
            self.lines.lock().unwrap().len()
        }
    }

    impl Terminal for std::sync::Arc<Script> {
        fn turn(&self) -> &tokio::sync::Mutex<()> {
            &self.turn
        }

        fn show(&self, text: &str) {
            self.shown.lock().unwrap().push_str(text);
        }

        fn forget(&self) {}

        fn line(&self, hidden: bool) -> Typing<'_> {
            let line = self.lines.lock().unwrap().pop_front().flatten();
            let echo = match &line {
                Some(_) if hidden => "(hidden)",
                Some(line) if line.is_empty() => "⏎",
                Some(line) => line,
                None => "^D",
            };
            self.show(&format!("{echo}\n"));
            Box::pin(std::future::ready(Ok(line)))
        }
    }
}
