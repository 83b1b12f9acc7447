//! YAML as a config needs it: names, lists and texts.
//!
//! `saphyr-parser` gives the events and this file makes values of them. A loader that types its
//! scalars would not do: `PIN: 0012` and `VERSION: 1.10` are texts to a server's environment and
//! would come back as `12` and `1.1`. Of the other crates, `serde_yaml_ng` stands on a C parser
//! turned into unsafe Rust, `yaml-rust2` is frozen in favour of `saphyr`, and `serde-saphyr` asks for
//! a newer compiler than this workspace.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError};
use serde_json::{Map, Value};

use super::config_file::SyntaxError;

/// How deep a document may nest, like `serde_json`'s own limit.
const MAX_DEPTH: usize = 128;

/// How many bytes and nodes anchors and aliases may add to a document: a few lines of them can double for ever.
const MAX_ADDED_WEIGHT: usize = 1 << 20;

/// Reads the first document. Every scalar is a text, but for a plain `null`, `true` or `false`.
pub(super) fn read(text: &str) -> Result<Value, SyntaxError> {
    let mut loader = Loader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| syntax_error(&error))?;
        if event == Event::DocumentEnd {
            break;
        }
        loader
            .take(event)
            .map_err(|reason| refuse(span.start, reason))?;
    }
    Ok(loader.document)
}

/// What has been read so far.
#[derive(Default)]
struct Loader {
    document: Value,
    open: Vec<Open>,
    anchors: HashMap<usize, Value>,
    added: usize,
}

/// A list or a mapping whose end has not come yet, with its anchor.
struct Open {
    kind: Kind,
    anchor: usize,
}

enum Kind {
    List(Vec<Value>),
    Mapping {
        pairs: Map<String, Value>,
        merged: Vec<Value>,
        key: Option<String>,
    },
}

impl Loader {
    fn take(&mut self, event: Event<'_>) -> Result<(), &'static str> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text =
                    style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix == "str");
                let value = if is_text {
                    Value::String(text.into_owned())
                } else {
                    plain_scalar(&text)
                };
                self.put(value, anchor)
            }
            Event::Alias(anchor) => {
                let value = self
                    .anchors
                    .get(&anchor)
                    .ok_or("an alias inside what it stands for")?
                    .clone();
                self.spend(&value)?;
                self.put(value, 0)
            }
            Event::SequenceStart(anchor, _) => self.start(Kind::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => self.start(
                Kind::Mapping {
                    pairs: Map::new(),
                    merged: Vec::new(),
                    key: None,
                },
                anchor,
            ),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn start(&mut self, kind: Kind, anchor: usize) -> Result<(), &'static str> {
        if self.open.len() == MAX_DEPTH {
            return Err("nested too deep");
        }
        self.open.push(Open { kind, anchor });
        Ok(())
    }

    fn end(&mut self) -> Result<(), &'static str> {
        let Some(Open { kind, anchor }) = self.open.pop() else {
            return Ok(());
        };
        let value = match kind {
            Kind::List(items) => items.into(),
            Kind::Mapping {
                mut pairs, merged, ..
            } => {
                merge(&mut pairs, merged);
                pairs.into()
            }
        };
        self.put(value, anchor)
    }

    /// Accounts for a copy of a value.
    fn spend(&mut self, value: &Value) -> Result<(), &'static str> {
        self.added += weight(value);
        if self.added > MAX_ADDED_WEIGHT {
            Err("aliases that grow without end")
        } else {
            Ok(())
        }
    }

    /// Puts a finished value where it belongs.
    fn put(&mut self, value: Value, anchor: usize) -> Result<(), &'static str> {
        if anchor > 0 {
            self.spend(&value)?;
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.document = value,
            Some(Kind::List(items)) => items.push(value),
            Some(Kind::Mapping { pairs, merged, key }) => match key.take() {
                None => *key = Some(key_text(value)?),
                Some(name) if name == "<<" => merged.push(value),
                Some(name) => {
                    pairs.insert(name, value);
                }
            },
        }
        Ok(())
    }
}

/// Adds the pairs of `<<: *other`, which never win over the mapping's own.
fn merge(pairs: &mut Map<String, Value>, merged: Vec<Value>) {
    for value in merged {
        match value {
            Value::Object(others) => {
                for (name, value) in others {
                    pairs.entry(name).or_insert(value);
                }
            }
            // A list of mappings; deeper lists mean nothing.
            Value::Array(items) => {
                merge(pairs, items.into_iter().filter(Value::is_object).collect())
            }
            _ => {}
        }
    }
}

fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        text => Value::String(text.to_owned()),
    }
}

fn key_text(value: Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(bool) => Ok(bool.to_string()),
        Value::Null | Value::Number(_) => Ok(String::new()),
        Value::Array(_) | Value::Object(_) => Err("a key that is not a text"),
    }
}

/// About how much memory a value takes.
fn weight(value: &Value) -> usize {
    1 + match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(pairs) => pairs
            .iter()
            .map(|(name, value)| name.len() + weight(value))
            .sum(),
    }
}

fn syntax_error(error: &ScanError) -> SyntaxError {
    refuse(*error.marker(), error.info())
}

fn refuse(place: Marker, reason: &str) -> SyntaxError {
    SyntaxError {
        line: place.line(),
        column: place.col() + 1,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_stay_the_texts_they_are() {
        let yaml = "pin: 0012\nversion: 1.10\nquoted: \"true\"\non: yes\nnothing:\nset: true\ntagged: !!str null\nblock: |\n  a\n  b\n";
        assert_eq!(
            read(yaml).unwrap(),
            json!({"pin": "0012", "version": "1.10", "quoted": "true", "on": "yes", "nothing": null, "set": true, "tagged": "null", "block": "a\nb\n"})
        );
    }

    #[test]
    fn anchors_and_merge_keys_are_followed() {
        let yaml = "base: &base {a: 1, b: 2}\nx:\n  <<: *base\n  b: 3\ny: *base\nz: {<<: [*base, {c: 4}]}\n";
        let value = read(yaml).unwrap();
        assert_eq!(value["x"], json!({"b": "3", "a": "1"}));
        assert_eq!(value["y"], json!({"a": "1", "b": "2"}));
        assert_eq!(value["z"], json!({"a": "1", "b": "2", "c": "4"}));
    }

    #[test]
    fn json_is_yaml() {
        assert_eq!(
            read(r#"{"a": ["b", {"c": null}]}"#).unwrap(),
            json!({"a": ["b", {"c": null}]})
        );
    }

    #[test]
    fn an_error_names_its_line() {
        let error = read("a: 1\nb: [\n").unwrap_err();
        assert!(error.line >= 2, "{error:?}");
        assert_eq!(
            read("a: 1\n? [x]\n: 2\n").unwrap_err().reason,
            "a key that is not a text"
        );
    }

    #[test]
    fn aliases_that_double_are_refused() {
        let mut yaml = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let alias = format!("*a{}", level - 1);
            yaml += &format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 8].join(", "));
        }
        assert_eq!(
            read(&yaml).unwrap_err().reason,
            "aliases that grow without end"
        );
        assert!(read("a: &a [*a]\n").is_err());
    }

    #[test]
    fn bottomless_nesting_is_refused() {
        assert!(read(&"[".repeat(10_000)).is_err());
        assert!(read(&"- ".repeat(10_000)).is_err());
        assert!(read(&"{a: ".repeat(10_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in r#"[a\-:\[\]{}&*!|>'"%@#,? \n\t<~é]{0,40}"#) {
            let _ = read(&text);
        }
    }
}
