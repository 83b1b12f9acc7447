//! A server's words, made fit for a terminal and a help page.

use mcpress_runtime::text::is_invisible;
use serde_json::Value;

pub(crate) use mcpress_runtime::text::{clean, first_sentence, line};

/// A value as compact JSON text that is safe to show: what would steer a terminal is escaped.
///
/// The text still means exactly the same value, since JSON can escape any character of a string.
pub(crate) fn json(value: &Value) -> String {
    let text = value.to_string();
    let steers = |c: char| is_invisible(c) || ('\u{7f}'..='\u{9f}').contains(&c);
    if !text.contains(steers) {
        return text;
    }
    let escape = |c: char| match c {
        c if steers(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_text_that_would_steer_a_terminal_is_escaped_and_means_the_same() {
        let value = Value::from("a\u{202e}b\u{9b}\u{7f}é");
        let text = json(&value);
        assert_eq!(text, "\"a\\u202eb\\u009b\\u007fé\"");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
