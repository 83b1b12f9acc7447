//! The line of progress that stands below everything else on a terminal.
//!
//! Notifications only tell it what is so; it is drawn by a thread of its own, a few times a second and
//! only if it has changed. So a flood of them costs nothing, and a clock goes on while a server is
//! silent. Whoever prints something else holds the lock meanwhile and clears the line first.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::progress::Streams;
use super::terminal::columns;

/// From one drawing to the next: a dozen a second.
const PERIOD: Duration = Duration::from_millis(80);

/// The line, shared by all who print.
#[derive(Debug, Clone)]
pub(super) struct Bar(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(super) struct State {
    streams: Streams,
    unicode: bool,
    /// What stands on the terminal; empty when nothing does.
    drawn: String,
    /// Whether the thread that draws is there.
    ticking: bool,
    /// How many want the terminal for themselves.
    held: usize,
}

/// Keeps the terminal free of the line until it is dropped, for whoever asks a question on it.
#[derive(Debug)]
#[must_use = "the line comes back when this is dropped"]
pub(crate) struct Hold(Bar);

impl Bar {
    pub(super) fn new(unicode: bool) -> Self {
        let mut state = State::default();
        state.unicode = unicode;
        Self(Arc::new(Mutex::new(state)))
    }

    /// Takes a notification's parameters, and sees that the line is drawn.
    pub(super) fn hear(&self, params: &Value) {
        let mut state = self.lock();
        state.streams.hear(params, Instant::now());
        if !state.ticking {
            let shared = Arc::downgrade(&self.0);
            // Without a thread there is no line, which is no reason to fail.
            let thread = thread::Builder::new().spawn(move || tick(&shared));
            state.ticking = thread.is_ok();
        }
    }

    /// Clears the line, and keeps it away for as long as the guard lives.
    pub(super) fn cleared(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.clear();
        state
    }

    /// Clears the line for as long as the hold lives, others may print meanwhile.
    pub(super) fn hold(&self) -> Hold {
        self.cleared().held += 1;
        Hold(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can panic half-way, so a poisoned state is a sound one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.held -= 1;
    }
}

impl State {
    /// Forgets what was under way: an answer or an error is the last of it.
    pub(super) fn end(&mut self) {
        self.clear();
        self.streams.clear();
    }

    fn clear(&mut self) {
        if !self.drawn.is_empty() {
            self.drawn.clear();
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }

    fn draw(&mut self) {
        let line = self.streams.line(Instant::now(), columns(), self.unicode);
        if self.held == 0 && line != self.drawn {
            // The rest of the line is cleared after it is written over, so that nothing flickers.
            let _ = write!(std::io::stderr(), "\r{line}\u{1b}[K");
            self.drawn = line;
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Draws until there is nothing to draw, or nobody left who would want it.
fn tick(shared: &Weak<Mutex<State>>) {
    loop {
        thread::sleep(PERIOD);
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if state.streams.is_empty() {
            state.ticking = false;
            return;
        }
        state.draw();
    }
}
