//! An answer as output: what it says, whether it is a failure, where its parts go.

mod content;
mod failure;
pub(crate) mod printer;

pub(crate) use failure::failure;

use serde_json::{Map, Value};

use crate::settings::Format;

/// An answer as the text for standard output, with its final newline; empty when there is nothing.
pub(crate) fn render(result: &Value, format: Format) -> String {
    match format {
        Format::Raw => pretty(result),
        Format::Json => pretty(&data(result)),
        Format::Text => content::text(result),
    }
}

/// The data of an answer, in the fixed shape: its structured content if it has any; else the text,
/// if there is exactly one and it is a JSON object or array; else `{"content": […]}`.
fn data(result: &Value) -> Value {
    if let Some(structured) = result
        .get("structuredContent")
        .filter(|value| !value.is_null())
    {
        return structured.clone();
    }
    if let Some(parsed) = only_text(result).and_then(json) {
        return parsed;
    }
    let content = result
        .get("content")
        .cloned()
        .unwrap_or_else(|| Value::Array(Vec::new()));
    Map::from_iter([("content".to_owned(), content)]).into()
}

/// The text of an answer that is one text and nothing else.
pub(crate) fn only_text(result: &Value) -> Option<&str> {
    match result.get("content")? {
        Value::Array(blocks) => match blocks.as_slice() {
            [block] if block.get("type").is_some_and(|kind| kind == "text") => {
                block.get("text")?.as_str()
            }
            _ => None,
        },
        // Not what the protocol says, but what some servers send.
        Value::String(text) => Some(text),
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

    #[test]
    fn the_shape_of_json_output_is_fixed() {
        let text = |text: &str| json!({"type": "text", "text": text});
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
            (json!({}), json!({"content": []})),
        ] {
            assert_eq!(super::data(&result), data, "{result}");
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        let result: Value = serde_json::from_str(
            r#"{"structuredContent":{"n":1.50,"id":12345678901234567890123}}"#,
        )
        .unwrap();
        assert_eq!(
            render(&result, Format::Json),
            "{\n  \"n\": 1.50,\n  \"id\": 12345678901234567890123\n}\n"
        );
    }
}
