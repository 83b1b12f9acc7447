//! An answer as output: what it says, whether it is a failure, where its parts go.
//!
//! ```text
//! result ──▶ Answer ──▶ save ──▶ Printer ──▶ standard output
//!              │       (files: bytes out of it, into a folder)
//!              ├─▶ failure: whether the tool failed, and its words
//!              └─▶ marker: whether somebody has to connect something first
//! ```

mod bar;
mod base64;
mod binary;
mod content;
mod failure;
mod file_name;
mod files;
mod log;
mod marker;
pub(crate) mod printer;
mod progress;
mod terminal;

pub(crate) use files::{Files, Saved};
pub(crate) use marker::Marker;

use std::io::{self, Write};

use serde_json::{Map, Value};

use crate::settings::Format;
use crate::spec::Failure;

/// The members of a result that are the protocol's own and not what a tool has to say.
const ENVELOPE: &[&str] = &[
    "content",
    "structuredContent",
    "isError",
    "_meta",
    "resultType",
];

/// The answer to a call, or to the reading of a resource or prompt. It is never copied: one may be as
/// large as memory.
pub(crate) struct Answer {
    result: Value,
    /// The JSON that its only text is.
    parsed: Option<Value>,
    /// Whether its binaries were put into files, and it has their paths.
    saved: bool,
}

impl Answer {
    pub(crate) fn new(result: Value) -> Self {
        let parsed = match structured(&result) {
            None => only_text(&result).and_then(json),
            Some(_) => None,
        };
        Self {
            result,
            parsed,
            saved: false,
        }
    }

    /// Puts its binaries into files. `origin` says what was asked. A raw answer stays as it came.
    pub(crate) fn save(&mut self, files: &Files, origin: &str, format: Format) -> Saved {
        let kept = format == Format::Raw;
        self.saved = files.are_wanted() && !kept;
        let mut saved = files.save(&mut self.result, origin, kept);
        let is_printed = match format {
            Format::Raw => false,
            Format::Json => self.data().is_none(),
            Format::Text => self.left_out() == 0,
        };
        // What is printed has the paths.
        if is_printed {
            saved.files.clear();
        }
        saved
    }

    /// Why the tool failed, if the answer says that it did.
    pub(crate) fn failure(&self, test: Failure) -> Option<String> {
        failure::failure(self, test)
    }

    /// That somebody has to connect something first, if the answer says so.
    pub(crate) fn marker(&self) -> Option<Marker> {
        Marker::find(&self.result)
    }

    /// Whether the server itself says that the tool failed. Some spell the flag as a text.
    pub(crate) fn is_flagged(&self) -> bool {
        let flag = self.result.get("isError");
        flag.is_some_and(|flag| flag == true || flag == "true")
    }

    /// How many blocks are left out of its text, being for the model only.
    pub(crate) fn left_out(&self) -> usize {
        let blocks = binary::list(self.result.get("content").unwrap_or(&Value::Null));
        blocks.len() - content::for_people(blocks).len()
    }

    /// Its data, if it has any: its structured content, or the only text if that is a JSON object or
    /// array.
    fn data(&self) -> Option<&Value> {
        structured(&self.result).or(self.parsed.as_ref())
    }

    /// Writes it as it is wanted, with its final newline; nothing when there is nothing.
    pub(crate) fn write(mut self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Raw => writeln!(out, "{:#}", self.result),
            Format::Json => match self.data() {
                Some(data) => writeln!(out, "{data:#}"),
                None if self.is_odd() => writeln!(out, "{:#}", self.result),
                None => {
                    let content = self.result.get_mut("content").map(Value::take);
                    let content = content.unwrap_or_else(|| Value::Array(Vec::new()));
                    let content = Map::from_iter([("content".to_owned(), content)]);
                    writeln!(out, "{:#}", Value::Object(content))
                }
            },
            Format::Text => self.text(out),
        }
    }

    /// Writes it as text: its blocks, or where there are none its data.
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(parsed) = &self.parsed {
            return writeln!(out, "{parsed:#}");
        }
        let list = |key: &str| binary::list(self.result.get(key).unwrap_or(&Value::Null));
        let blocks = list("content");
        content::write(&content::for_people(blocks), self.saved, out)?;
        // Where there are texts they say the same, as the protocol wants it.
        if let Some(data) = self.data().filter(|_| !content::has_text(blocks)) {
            return writeln!(out, "{data:#}");
        }
        if !blocks.is_empty() {
            return Ok(());
        }
        let (contents, messages) = (list("contents"), list("messages"));
        if !contents.is_empty() {
            content::write(&contents.iter().collect::<Vec<_>>(), self.saved, out)
        } else if !messages.is_empty() {
            content::messages(messages, self.saved, out)
        } else if self.is_odd() {
            writeln!(out, "{:#}", self.result)
        } else {
            Ok(())
        }
    }

    /// Whether it says something, but nowhere that the answer to a call would: it is then shown whole
    /// rather than lost.
    fn is_odd(&self) -> bool {
        let has_content = self
            .result
            .get("content")
            .is_some_and(|content| !binary::list(content).is_empty());
        match &self.result {
            Value::Object(result) => {
                !has_content && result.keys().any(|key| !ENVELOPE.contains(&key.as_str()))
            }
            Value::Null => false,
            _ => true,
        }
    }
}

/// The structured content of an answer.
///
/// It is an object up to MCP 2025-11-25, where servers write null for none; since 2026-07-28 it is any
/// JSON value, and null is one. The answers of that revision say their `resultType`. Where such an
/// answer says something else beside the null, the null is none all the same.
fn structured(result: &Value) -> Option<&Value> {
    let structured = result.get("structuredContent")?;
    let is_meant = || {
        let content = binary::list(result.get("content").unwrap_or(&Value::Null));
        let repeats = || only_text(result).is_some_and(|text| text.trim() == "null");
        result.get("resultType").is_some() && (content.is_empty() || repeats())
    };
    (!structured.is_null() || is_meant()).then_some(structured)
}

/// The text of an answer that is one text and nothing else.
fn only_text(result: &Value) -> Option<&str> {
    match binary::list(result.get("content")?) {
        // Not what the protocol says, but what some servers send.
        [Value::String(text)] => Some(text),
        [block] if block.get("type").is_some_and(|kind| kind == "text") => {
            block.get("text")?.as_str()
        }
        _ => None,
    }
}

/// The JSON object or array that a text is.
pub(crate) fn json(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

pub(crate) fn pretty(value: &Value) -> String {
    // `Display` of a `Value` cannot fail.
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(result: &Value, format: Format) -> String {
        let mut out = Vec::new();
        Answer::new(result.clone()).write(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn text(text: &str) -> Value {
        json!({"type": "text", "text": text})
    }

    #[test]
    fn the_shape_of_json_output_is_fixed() {
        for (result, data) in [
            (
                json!({"content": [text("{\"a\":1}")], "structuredContent": {"b": 2}}),
                json!({"b": 2}),
            ),
            (json!({"content": [], "structuredContent": [1]}), json!([1])),
            (
                json!({"content": [text("{\"a\":1}")], "structuredContent": null}),
                json!({"a": 1}),
            ),
            (json!({"content": [text(" [1,2]")]}), json!([1, 2])),
            (
                json!({"content": [text("7")]}),
                json!({"content": [text("7")]}),
            ),
            (
                json!({"content": [text("a"), text("b")]}),
                json!({"content": [text("a"), text("b")]}),
            ),
            (json!({"content": "{\"a\":1}"}), json!({"a": 1})),
            (json!({"content": "plain"}), json!({"content": "plain"})),
            (json!({"content": text("[1]")}), json!([1])),
            (json!({}), json!({"content": []})),
            (
                json!({"content": null, "_meta": {}}),
                json!({"content": null}),
            ),
            (
                json!({"content": [{"type": "hologram", "beam": 3, "x-vendor": 1}], "x-vendor": 2}),
                json!({"content": [{"type": "hologram", "beam": 3, "x-vendor": 1}]}),
            ),
        ] {
            let shown: Value = serde_json::from_str(&shown(&result, Format::Json)).unwrap();
            assert_eq!(shown, data, "{result}");
        }
    }

    #[test]
    fn structured_content_is_of_any_type() {
        for value in [
            json!(7),
            json!("x"),
            json!(true),
            json!([]),
            json!({}),
            json!(1.50),
        ] {
            let result = json!({"content": [], "structuredContent": value});
            for format in [Format::Json, Format::Text] {
                assert_eq!(shown(&result, format), pretty(&value), "{value}");
            }
        }
    }

    #[test]
    fn null_is_a_value_in_the_era_that_has_such_values() {
        let old = json!({"content": [], "structuredContent": null});
        let new = json!({"content": [], "structuredContent": null, "resultType": "complete"});
        let repeated =
            json!({"content": [text("null")], "structuredContent": null, "resultType": "complete"});
        let none = json!({"content": [text("so it is")], "structuredContent": null, "resultType": "complete"});
        assert_eq!(shown(&old, Format::Json), pretty(&json!({"content": []})));
        assert_eq!(shown(&new, Format::Json), "null\n");
        assert_eq!(shown(&repeated, Format::Json), "null\n");
        assert_eq!(
            shown(&none, Format::Json),
            pretty(&json!({"content": [text("so it is")]}))
        );
    }

    #[test]
    fn no_answer_is_lost_whatever_its_shape() {
        for (result, text) in [
            (json!({"content": text("one block")}), "one block\n"),
            (json!({"content": "bare"}), "bare\n"),
            (json!({"content": ["bare", 7]}), "bare\n7\n"),
            (json!({"content": 7}), "7\n"),
            (json!({"content": []}), ""),
            (json!({"content": null}), ""),
            (json!({}), ""),
            (json!({"structuredContent": {"a": 1}}), "{\n  \"a\": 1\n}\n"),
            (
                json!({"content": [{"type": "resource_link", "uri": "x://1"}], "structuredContent": 7}),
                "[link: x://1]\n7\n",
            ),
            (json!({"odd": true}), "{\n  \"odd\": true\n}\n"),
            (
                json!({"content": [], "odd": 1}),
                "{\n  \"content\": [],\n  \"odd\": 1\n}\n",
            ),
            (json!("a text"), "\"a text\"\n"),
            (json!([1]), "[\n  1\n]\n"),
            (
                json!({"contents": [{"uri": "x://1", "text": "read"}]}),
                "read\n",
            ),
            (
                json!({"messages": [{"role": "user", "content": text("asked")}]}),
                "asked\n",
            ),
        ] {
            assert_eq!(shown(&result, Format::Text), text, "{result}");
            assert_eq!(shown(&result, Format::Raw), pretty(&result));
        }
        for odd in [
            json!({"odd": true}),
            json!({"content": [], "odd": 1}),
            json!("a"),
            json!({"contents": []}),
        ] {
            assert_eq!(shown(&odd, Format::Json), pretty(&odd));
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        let result: Value = serde_json::from_str(
            r#"{"structuredContent":{"n":1.50,"id":12345678901234567890123}}"#,
        )
        .unwrap();
        assert_eq!(
            shown(&result, Format::Json),
            "{\n  \"n\": 1.50,\n  \"id\": 12345678901234567890123\n}\n"
        );
    }
}
