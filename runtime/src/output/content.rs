//! The content blocks of an answer as text (MCP 2025-11-25, Tools, Tool Result).

use serde_json::Value;

use super::{json, pretty};

/// The text of an answer: its text blocks, a line for each block that is none, and where there are
/// no blocks its structured content.
pub(super) fn text(result: &Value) -> String {
    let blocks = match result.get("content") {
        Some(Value::Array(blocks)) => blocks.as_slice(),
        Some(Value::String(text)) => return ended(text.clone()),
        _ => &[],
    };
    if blocks.is_empty() {
        return match result.get("structuredContent") {
            Some(structured) if !structured.is_null() => pretty(structured),
            // An answer of another shape altogether is shown whole rather than lost.
            _ if result.get("content").is_none()
                && result.as_object().is_some_and(|object| !object.is_empty()) =>
            {
                pretty(result)
            }
            _ => String::new(),
        };
    }
    blocks
        .iter()
        .map(|block| ended(self::block(block)))
        .collect()
}

fn block(block: &Value) -> String {
    let field = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default();
    match field("type") {
        // JSON that a server packed into a text is laid out as the JSON that it is.
        "text" => {
            json(field("text")).map_or_else(|| field("text").to_owned(), |value| pretty(&value))
        }
        kind @ ("image" | "audio") => {
            format!(
                "[{kind}: {}, {} bytes]",
                field("mimeType"),
                decoded_length(field("data"))
            )
        }
        "resource_link" => format!("[link: {} {}]", field("name"), field("uri")),
        "resource" => resource(block.get("resource").unwrap_or(&Value::Null)),
        _ => block.to_string(),
    }
}

fn resource(resource: &Value) -> String {
    let field = |name: &str| resource.get(name).and_then(Value::as_str);
    match (field("text"), field("blob")) {
        (Some(text), _) => text.to_owned(),
        (None, Some(blob)) => format!(
            "[resource: {} {}, {} bytes]",
            field("uri").unwrap_or_default(),
            field("mimeType").unwrap_or("application/octet-stream"),
            decoded_length(blob)
        ),
        (None, None) => resource.to_string(),
    }
}

/// The number of bytes that a base64 text (RFC 4648) stands for.
fn decoded_length(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

fn ended(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_block_says_what_it_is() {
        let result = json!({"content": [
            {"type": "text", "text": "hello"},
            {"type": "text", "text": "{\"a\":1}"},
            {"type": "image", "mimeType": "image/png", "data": "aGVsbG8="},
            {"type": "resource_link", "name": "log", "uri": "file:///log"},
            {"type": "resource", "resource": {"uri": "x://1", "text": "inside"}},
            {"type": "resource", "resource": {"uri": "x://2", "blob": "aGVsbG8="}},
            {"type": "hologram", "beam": 3},
            "not even a block"
        ]});
        assert_eq!(
            text(&result),
            "hello\n{\n  \"a\": 1\n}\n[image: image/png, 5 bytes]\n[link: log file:///log]\ninside\n\
             [resource: x://2 application/octet-stream, 5 bytes]\n{\"type\":\"hologram\",\"beam\":3}\n\
             \"not even a block\"\n"
        );
    }

    #[test]
    fn an_answer_without_content_is_shown_all_the_same() {
        assert_eq!(
            text(&json!({"structuredContent": {"a": 1}})),
            "{\n  \"a\": 1\n}\n"
        );
        assert_eq!(text(&json!({"odd": true})), "{\n  \"odd\": true\n}\n");
        assert_eq!(text(&json!({"content": []})), "");
        assert_eq!(text(&json!({"content": "bare"})), "bare\n");
    }
}
