//! Where the binaries of an answer are.
//!
//! An image or a sound is base64 under `data`, a resource's bytes are base64 under `blob`; the object
//! that holds them is the block itself, the `resource` in it, or an item of `contents`. A kind of
//! block that nobody knows yet is one too if it has `data` and says of which media type that is.

use serde_json::{Map, Value};

/// The object of a block that holds what the block is about.
pub(super) fn holder(block: &Value) -> Option<&Map<String, Value>> {
    if is_embedded(block) {
        block.get("resource")?.as_object()
    } else {
        block.as_object()
    }
}

fn holder_mut(block: &mut Value) -> Option<&mut Map<String, Value>> {
    if is_embedded(block) {
        block.get_mut("resource")?.as_object_mut()
    } else {
        block.as_object_mut()
    }
}

fn is_embedded(block: &Value) -> bool {
    block.get("type").is_some_and(|kind| kind == "resource")
}

/// The text that a holder has under a key, empty where it has none.
pub(super) fn text<'a>(holder: &'a Map<String, Value>, key: &str) -> &'a str {
    holder.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The base64 in a holder, and under which key, if there is any.
pub(super) fn base64(holder: &Map<String, Value>) -> Option<(&'static str, &str)> {
    let found = |key| Some((key, holder.get(key)?.as_str()?));
    let is_media = match text(holder, "type") {
        "text" | "resource_link" => false,
        "image" | "audio" => true,
        _ => holder.get("mimeType").is_some_and(Value::is_string),
    };
    found("blob").or_else(|| found("data").filter(|_| is_media))
}

/// What holds the content of an answer to a call, a resource or a prompt, one a block, in order.
pub(super) fn holders_mut(result: &mut Value) -> Vec<Option<&mut Map<String, Value>>> {
    let Some(result) = result.as_object_mut() else {
        return Vec::new();
    };
    let mut blocks = Vec::new();
    for (key, value) in result {
        match key.as_str() {
            "content" | "contents" => blocks.extend(list_mut(value)),
            "messages" => {
                let contents = list_mut(value).iter_mut();
                let contents = contents.filter_map(|message| message.get_mut("content"));
                blocks.extend(contents.flat_map(list_mut));
            }
            _ => {}
        }
    }
    blocks.into_iter().map(holder_mut).collect()
}

/// A list's items; what should have been a list and is none is its only item.
pub(super) fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Null => &[],
        value => std::slice::from_ref(value),
    }
}

fn list_mut(value: &mut Value) -> &mut [Value] {
    match value {
        Value::Array(items) => items,
        Value::Null => &mut [],
        value => std::slice::from_mut(value),
    }
}
