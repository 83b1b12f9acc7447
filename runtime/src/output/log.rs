//! A server's log messages (MCP 2025-11-25, Logging), by their levels (RFC 5424).

use serde_json::Value;

use crate::settings::Verbosity;
use crate::text::{line, plain};

/// How grave a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gravity {
    /// Of interest to who looks for something.
    Slight,
    /// Something may be wrong.
    Warning,
    /// Something is wrong.
    Error,
}

impl Gravity {
    /// From which verbosity on it is told.
    pub(super) fn needed(self) -> Verbosity {
        match self {
            Self::Slight => Verbosity::Verbose,
            Self::Warning => Verbosity::Normal,
            Self::Error => Verbosity::Quiet,
        }
    }

    /// Its colour (ECMA-48, Select Graphic Rendition).
    pub(super) fn colour(self) -> &'static str {
        match self {
            Self::Slight => "2",
            Self::Warning => "33",
            Self::Error => "31",
        }
    }
}

/// A message that can be told.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) gravity: Gravity,
    pub(super) level: String,
    pub(super) text: String,
}

impl Message {
    pub(super) fn read(params: &Value) -> Self {
        let text = |name: &str| params.get(name).and_then(Value::as_str);
        let level = line(text("level").unwrap_or("info")).to_ascii_lowercase();
        let data = match params.get("data") {
            Some(Value::String(text)) => plain(text),
            Some(other) => plain(&other.to_string()),
            None => String::new(),
        };
        // What goes on over several lines must not look like something that is said after it.
        let data = data.trim().replace('\n', "\n  ");
        let logger = line(text("logger").unwrap_or_default());
        Self {
            gravity: gravity(&level),
            level,
            text: match logger.is_empty() {
                true => data,
                false => format!("{logger}: {data}"),
            },
        }
    }
}

/// Loggers' own names of the levels are understood beside those of the protocol. A level that nobody
/// knows says nothing of its gravity, and is not kept from anybody.
fn gravity(level: &str) -> Gravity {
    match level {
        "trace" | "debug" | "info" | "notice" => Gravity::Slight,
        "warning" | "warn" => Gravity::Warning,
        _ => Gravity::Error,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(params: Value) -> (Verbosity, String) {
        let message = Message::read(&params);
        (
            message.gravity.needed(),
            format!("{}: {}", message.level, message.text),
        )
    }

    #[test]
    fn a_level_is_told_from_its_verbosity_on() {
        for (level, needed) in [
            ("debug", Verbosity::Verbose),
            ("info", Verbosity::Verbose),
            ("notice", Verbosity::Verbose),
            ("warning", Verbosity::Normal),
            ("WARN", Verbosity::Normal),
            ("error", Verbosity::Quiet),
            ("critical", Verbosity::Quiet),
            ("alert", Verbosity::Quiet),
            ("emergency", Verbosity::Quiet),
            ("doom", Verbosity::Quiet),
        ] {
            assert_eq!(told(json!({"level": level})).0, needed, "{level}");
        }
    }

    #[test]
    fn a_message_says_its_level_and_its_logger() {
        for (params, line) in [
            (json!({"level": "info", "data": "started"}), "info: started"),
            (
                json!({"level": "warning", "logger": "db", "data": {"slow": 7}}),
                r#"warning: db: {"slow":7}"#,
            ),
            (json!({"data": null}), "info: null"),
            (json!({}), "info: "),
        ] {
            assert_eq!(told(params.clone()).1, line, "{params}");
        }
    }

    #[test]
    fn nothing_in_a_message_passes_for_something_else() {
        let (_, line) = told(json!({
            "level": "info\u{1b}[31m\nerror", "logger": "a\nb", "data": "one\r\nerror: two\u{9b}1A\u{202e}",
        }));
        assert_eq!(line, "info error: a b: one\n  error: two");
    }
}
