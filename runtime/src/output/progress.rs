//! Progress: how far each request under way has come, and that as a line of a terminal.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::secret::mask::mask;
use crate::text::{cut, line, width};

/// How many requests are kept in view. A server may make up as many as it likes.
const MOST: usize = 16;

/// How long a request may be silent before another is shown in its place.
const SILENCE: Duration = Duration::from_secs(5);

/// A server's word on how far it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    done: Option<f64>,
    total: Option<f64>,
    message: String,
}

impl Step {
    /// Reads a notification's parameters. Numbers may come as texts, and be anything.
    pub(super) fn read(params: &Value) -> Self {
        let number = |name: &str| {
            let number = match params.get(name)? {
                Value::Number(number) => number.as_f64(),
                Value::String(text) => text.trim().parse().ok(),
                _ => None,
            };
            number.filter(|number| number.is_finite())
        };
        Self {
            done: number("progress"),
            // Some servers write 0 for a total that they do not know.
            total: number("total").filter(|total| *total > 0.0),
            message: line(&mask(
                params
                    .get("message")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            )),
        }
    }

    /// It in words, for a log.
    pub(super) fn words(&self) -> String {
        let count = self.count();
        match (count.is_empty(), self.message.is_empty()) {
            (false, false) => format!("{count} {}", self.message),
            (_, true) => count,
            (true, _) => self.message.clone(),
        }
    }

    fn count(&self) -> String {
        let done = self.done.map(number).unwrap_or_default();
        match self.total {
            Some(total) if self.done.is_some() => format!("{done}/{}", number(total)),
            _ => done,
        }
    }

    /// How much of the whole is done, from 0 to 1, where both are known.
    fn fraction(&self) -> Option<f64> {
        Some((self.done? / self.total?).clamp(0.0, 1.0))
    }
}

/// A number with no more digits than anybody reads.
fn number(number: f64) -> String {
    let rounded = format!("{number:.2}");
    let short = rounded.trim_end_matches('0').trim_end_matches('.');
    match short.len() {
        0..=15 => short.to_owned(),
        _ => format!("{number:.2e}"),
    }
}

/// The requests under way, in the order in which they were first heard of.
#[derive(Debug, Default)]
pub(super) struct Streams {
    streams: Vec<Stream>,
}

#[derive(Debug)]
struct Stream {
    token: String,
    step: Step,
    begun: Instant,
    heard: Instant,
}

impl Streams {
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.streams.clear();
    }

    /// Takes a notification's parameters.
    pub(super) fn hear(&mut self, params: &Value, now: Instant) {
        let token = params.get("progressToken").map(Value::to_string);
        let token: String = token.unwrap_or_default().chars().take(64).collect();
        let step = Step::read(params);
        match self.streams.iter_mut().find(|stream| stream.token == token) {
            Some(stream) => (stream.step, stream.heard) = (step, now),
            None => {
                if self.streams.len() == MOST {
                    self.streams.remove(0);
                }
                self.streams.push(Stream {
                    token,
                    step,
                    begun: now,
                    heard: now,
                });
            }
        }
    }

    /// The line to draw now, in less than so many columns. One request is shown until it is done or
    /// silent: a line that changed hands with each notification could not be read.
    pub(super) fn line(&self, now: Instant, columns: usize, unicode: bool) -> String {
        let is_busy = |stream: &&Stream| {
            let is_done = stream.step.fraction() == Some(1.0);
            !is_done && now.saturating_duration_since(stream.heard) < SILENCE
        };
        let busy = self.streams.iter().filter(is_busy).count();
        let shown = self.streams.iter().find(is_busy);
        let shown = shown.or_else(|| self.streams.iter().max_by_key(|stream| stream.heard));
        shown.map_or_else(String::new, |stream| {
            let elapsed = now.saturating_duration_since(stream.begun);
            stream
                .step
                .line(elapsed, busy.saturating_sub(1), columns, unicode)
        })
    }
}

impl Step {
    fn line(&self, elapsed: Duration, others: usize, columns: usize, unicode: bool) -> String {
        let room = columns.saturating_sub(1);
        let mut head = match self.fraction() {
            Some(fraction) => {
                let bar = bar(
                    fraction,
                    if room < 40 { 0 } else { room.min(100) / 5 },
                    unicode,
                );
                format!("{bar}{:>3.0}%", (fraction * 100.0).floor())
            }
            None => spinner(elapsed, unicode).to_owned(),
        };
        if self.done.is_some() {
            head = format!("{head} {}", self.count());
        }
        let mut tail = format!(" {}", clock(elapsed));
        if others > 0 {
            tail = format!("{tail} (+{others})");
        }
        let left = room.saturating_sub(width(&head) + width(&tail) + 1);
        let message = match self.message.as_str() {
            message if message.is_empty() || left < 2 => String::new(),
            message => format!(" {}", shortened(message, left, unicode)),
        };
        let whole = format!("{head}{message}{tail}");
        match width(&whole) <= room {
            true => whole,
            false => cut(&head, room),
        }
    }
}

/// The message in so many columns.
fn shortened(message: &str, columns: usize, unicode: bool) -> String {
    let short = cut(message, columns);
    match short.strip_suffix('…') {
        Some(bare) if !unicode && short != message => format!("{bare}~"),
        _ => short,
    }
}

fn bar(fraction: f64, columns: usize, unicode: bool) -> String {
    if columns == 0 {
        return String::new();
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a part of a terminal's width"
    )]
    let full = (fraction * columns as f64) as usize;
    let rest = columns - full.min(columns);
    match unicode {
        true => format!("{}{} ", "█".repeat(full), "░".repeat(rest)),
        false => format!("[{}{}] ", "#".repeat(full), "-".repeat(rest)),
    }
}

fn spinner(elapsed: Duration, unicode: bool) -> &'static str {
    let frames = match unicode {
        true => ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧"],
        false => ["|", "/", "-", "\\", "|", "/", "-", "\\"],
    };
    frames[usize::try_from(elapsed.as_millis() / 100).unwrap_or_default() % frames.len()]
}

fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn drawn(params: Value, columns: usize, unicode: bool) -> String {
        Step::read(&params).line(Duration::from_secs(65), 0, columns, unicode)
    }

    #[test]
    fn a_known_total_is_a_bar_and_an_unknown_one_a_spinner() {
        let lines: Vec<_> = [
            (
                json!({"progress": 3, "total": 4, "message": "step 3 of 4"}),
                true,
            ),
            (
                json!({"progress": 3, "total": 4, "message": "step 3 of 4"}),
                false,
            ),
            (json!({"progress": 3, "message": "reading"}), true),
            (json!({"progress": 0.30000000000000004, "total": 1}), false),
            (json!({"message": "reading"}), false),
            (json!({}), true),
        ]
        .into_iter()
        .map(|(params, unicode)| drawn(params, 60, unicode))
        .collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        ████████░░░  75% 3/4 step 3 of 4 1:05
        [########---]  75% 3/4 step 3 of 4 1:05
        ⠹ 3 reading 1:05
        [###--------]  30% 0.3/1 1:05
        - reading 1:05
        ⠹ 1:05
        ");
    }

    #[test]
    fn whatever_a_server_sends_is_a_line_that_fits() {
        let messages = [
            "",
            "short",
            "日本語の進捗",
            "a\nb\u{1b}[2Jc\u{202e}d\te",
            &"long ".repeat(500),
        ];
        let numbers = [
            json!(0),
            json!(-5),
            json!(7),
            json!(1e308),
            json!(-1e308),
            json!("3"),
            json!("ten"),
            json!(null),
            json!([1]),
            serde_json::from_str("1e999").unwrap(),
            serde_json::from_str("123456789012345678901234567890").unwrap(),
        ];
        for message in messages {
            for (done, total) in numbers
                .iter()
                .flat_map(|done| numbers.iter().map(move |total| (done, total)))
            {
                let params = json!({"progress": done, "total": total, "message": message});
                for columns in [0, 1, 5, 20, 41, 80, 300] {
                    for unicode in [true, false] {
                        let line = drawn(params.clone(), columns, unicode);
                        assert!(width(&line) < columns.max(2), "{columns}: {line:?}");
                        assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn progress_beyond_its_total_is_all_of_it_and_below_nothing_none() {
        for (done, percent) in [(7, "100%"), (4, "100%"), (-1, "  0%"), (1, " 25%")] {
            let line = drawn(json!({"progress": done, "total": 4}), 60, false);
            assert!(line.contains(percent), "{line}");
        }
    }

    #[test]
    fn two_requests_at_once_do_not_take_turns() {
        let begun = Instant::now();
        let mut streams = Streams::default();
        let mut lines = Vec::new();
        for step in 0..4 {
            for token in ["a", "b"] {
                streams.hear(&json!({"progressToken": token, "progress": step, "total": 3, "message": token}), begun);
                lines.push(streams.line(begun, 80, false));
            }
        }
        assert!(
            lines[..6].iter().all(|line| line.contains(" a ")),
            "{lines:#?}"
        );
        assert!(lines[5].ends_with("(+1)"), "{lines:#?}");
        assert!(
            lines[6].contains(" b "),
            "what is done makes room: {lines:#?}"
        );
        assert!(lines[7].contains("100%"), "{lines:#?}");
    }

    #[test]
    fn one_that_falls_silent_makes_room() {
        let begun = Instant::now();
        let mut streams = Streams::default();
        streams.hear(&json!({"progressToken": 1, "message": "first"}), begun);
        let later = begun + SILENCE;
        streams.hear(&json!({"progressToken": 2, "message": "second"}), later);
        assert!(streams.line(later, 80, false).contains("second"));
        streams.hear(&json!({"progressToken": 1, "message": "first"}), later);
        assert!(streams.line(later, 80, false).contains("first"));
    }

    #[test]
    fn a_server_that_makes_up_tokens_does_not_fill_memory() {
        let now = Instant::now();
        let mut streams = Streams::default();
        for token in 0..10_000 {
            streams.hear(
                &json!({"progressToken": token.to_string().repeat(200)}),
                now,
            );
        }
        assert_eq!(streams.streams.len(), MOST);
    }
}
