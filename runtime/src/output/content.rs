//! The content of an answer as text, for people (MCP 2025-11-25, Tools, Tool Result).

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::base64::{Fault, decode};
use super::binary::{base64, holder, list, text};
use super::json;
use crate::text::line;

/// Writes blocks: texts as they are, a line for each block that is none. `saved` says that a `path`
/// is that of a file of ours.
pub(super) fn write(blocks: &[&Value], saved: bool, out: &mut dyn Write) -> io::Result<()> {
    for block in blocks {
        self::block(block, saved, out)?;
    }
    Ok(())
}

/// The blocks that are for people. Those that are only for the model are left out, unless there would
/// be nothing left.
pub(super) fn for_people(blocks: &[Value]) -> Vec<&Value> {
    let people: Vec<_> = blocks
        .iter()
        .filter(|block| !is_for_the_model(block))
        .collect();
    match people.is_empty() {
        true => blocks.iter().collect(),
        false => people,
    }
}

/// Whether any of the blocks is a text.
pub(super) fn has_text(blocks: &[Value]) -> bool {
    blocks
        .iter()
        .any(|block| block.is_string() || block.get("type").is_some_and(|kind| kind == "text"))
}

/// Whether a block says that it is for the model and nobody else.
fn is_for_the_model(block: &Value) -> bool {
    let audience = block.pointer("/annotations/audience");
    let audience = audience.and_then(Value::as_array);
    audience.is_some_and(|audience| {
        !audience.is_empty() && audience.iter().all(|role| role == "assistant")
    })
}

fn block(block: &Value, saved: bool, out: &mut dyn Write) -> io::Result<()> {
    if let Value::String(text) = block {
        return paragraph(text, out);
    }
    let Some(holder) = holder(block) else {
        return writeln!(out, "{block}");
    };
    let kind = text(holder, "type");
    if kind == "resource_link" && !text(holder, "uri").is_empty() {
        return writeln!(out, "[{}]", link(holder));
    }
    let binary = binary(holder, saved);
    match holder.get("text") {
        // A kind of block that nobody knows may have a text among other things.
        Some(Value::String(text)) if matches!(kind, "" | "text") => paragraph(text, out)?,
        _ if binary.is_none() => writeln!(out, "{block}")?,
        _ => {}
    }
    match binary {
        Some(binary) => writeln!(out, "[{binary}]"),
        None => Ok(()),
    }
}

/// Writes a text; JSON that a server packed into one is laid out as the JSON that it is.
fn paragraph(text: &str, out: &mut dyn Write) -> io::Result<()> {
    if let Some(value) = json(text) {
        return writeln!(out, "{value:#}");
    }
    out.write_all(text.as_bytes())?;
    match text.is_empty() || text.ends_with('\n') {
        true => Ok(()),
        false => out.write_all(b"\n"),
    }
}

/// What a link leads to.
fn link(link: &Map<String, Value>) -> String {
    let title = match text(link, "title") {
        "" => text(link, "name"),
        title => title,
    };
    let size = link.get("size").and_then(Value::as_u64).map(bytes);
    let parts = [
        line(title),
        line(text(link, "uri")),
        line(text(link, "mimeType")),
        size.unwrap_or_default(),
    ];
    said("link", parts)
}

/// What a binary is and where it is to be had.
fn binary(holder: &Map<String, Value>, saved: bool) -> Option<String> {
    let kind = match text(holder, "type") {
        "" => "resource",
        kind => kind,
    };
    let path = holder.get("path").and_then(Value::as_str);
    let (size, place) = match (path, base64(holder)) {
        (Some(path), _) if saved => {
            let size = holder
                .get("size")
                .and_then(Value::as_u64)
                .unwrap_or_default();
            (bytes(size), format!("saved as {path}"))
        }
        (_, Some((_, data))) => match decode(data, &mut io::sink()) {
            Ok(size) if saved => (bytes(size), "not saved".to_owned()),
            Ok(size) => (bytes(size), "--mcp-save-dir DIR saves it".to_owned()),
            Err(Fault::Text | Fault::Write(_)) => (
                format!("{} characters that are not base64", data.len()),
                "--output json shows them".to_owned(),
            ),
        },
        _ => return None,
    };
    let parts = [
        line(text(holder, "uri")),
        line(text(holder, "mimeType")),
        size,
        place,
    ];
    Some(said(&line(kind), parts))
}

fn said(kind: &str, parts: [String; 4]) -> String {
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{kind}: {}", parts.join(", "))
}

/// A number of bytes in words.
pub(super) fn bytes(number: u64) -> String {
    match number {
        1 => "1 byte".to_owned(),
        number => format!("{number} bytes"),
    }
}

/// Writes the messages of a prompt, each under the name of who says it where there are several.
pub(super) fn messages(messages: &[Value], saved: bool, out: &mut dyn Write) -> io::Result<()> {
    for (at, message) in messages.iter().enumerate() {
        if messages.len() > 1 {
            let role = message.get("role").and_then(Value::as_str).unwrap_or("?");
            let gap = if at > 0 { "\n" } else { "" };
            writeln!(out, "{gap}{}:", line(role))?;
        }
        match message.get("content") {
            Some(content) => write(&list(content).iter().collect::<Vec<_>>(), saved, out)?,
            None => block(message, saved, out)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(blocks: Value, saved: bool) -> String {
        let mut out = Vec::new();
        write(&for_people(list(&blocks)), saved, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_kind_of_block_says_what_it_is() {
        insta::assert_snapshot!(shown(json!([
            {"type": "text", "text": "hello"},
            {"type": "text", "text": "{\"a\":1}"},
            {"type": "text", "text": ""},
            {"type": "image", "mimeType": "image/png", "data": "aGVsbG8="},
            {"type": "audio", "mimeType": "audio/wav", "data": "aA"},
            {"type": "image", "mimeType": "image/png", "data": "no base64!"},
            {"type": "resource_link", "name": "log", "uri": "file:///log"},
            {"type": "resource_link", "name": "log", "title": "The log", "uri": "file:///log", "mimeType": "text/plain", "size": 1200},
            {"type": "resource", "resource": {"uri": "x://1", "text": "inside"}},
            {"type": "resource", "resource": {"uri": "x://2", "blob": "aGVsbG8="}},
            {"type": "video", "mimeType": "video/mp4", "data": "aGVsbG8="},
            {"type": "hologram", "beam": 3, "text": "a block of the future"},
            {"type": "text", "text": 5},
            {"type": "resource", "resource": {"uri": "x://3"}},
            {"type": "resource"},
            "not even a block",
            7
        ]), false), @r#"
        hello
        {
          "a": 1
        }
        [image: image/png, 5 bytes, --mcp-save-dir DIR saves it]
        [audio: audio/wav, 1 byte, --mcp-save-dir DIR saves it]
        [image: image/png, 10 characters that are not base64, --output json shows them]
        [link: log, file:///log]
        [link: The log, file:///log, text/plain, 1200 bytes]
        inside
        [resource: x://2, 5 bytes, --mcp-save-dir DIR saves it]
        [video: video/mp4, 5 bytes, --mcp-save-dir DIR saves it]
        {"type":"hologram","beam":3,"text":"a block of the future"}
        {"type":"text","text":5}
        {"type":"resource","resource":{"uri":"x://3"}}
        {"type":"resource"}
        not even a block
        7
        "#);
    }

    #[test]
    fn a_binary_that_was_saved_says_where() {
        insta::assert_snapshot!(shown(json!([
            {"type": "image", "mimeType": "image/png", "path": "out/a.png", "size": 5},
            {"type": "resource", "resource": {"uri": "x://2", "path": "out/2.bin", "size": 1}},
            {"type": "image", "mimeType": "image/png", "data": "aGVsbG8="},
        ]), true), @"
        [image: image/png, 5 bytes, saved as out/a.png]
        [resource: x://2, 1 byte, saved as out/2.bin]
        [image: image/png, 5 bytes, not saved]
        ");
    }

    #[test]
    fn a_path_is_not_believed_when_nothing_was_saved() {
        let block =
            json!({"type": "image", "mimeType": "image/png", "data": "aA", "path": "/etc/passwd"});
        assert!(!shown(block, false).contains("passwd"));
    }

    #[test]
    fn what_is_only_for_the_model_is_left_out_unless_nothing_else_is_there() {
        let block = |text: &str, audience: Value| json!({"type": "text", "text": text, "annotations": {"audience": audience}});
        for (blocks, text) in [
            (
                json!([
                    block("a", json!(["assistant"])),
                    block("b", json!(["user"]))
                ]),
                "b\n",
            ),
            (
                json!([
                    block("a", json!(["assistant"])),
                    block("b", json!(["assistant", "user"]))
                ]),
                "b\n",
            ),
            (json!([block("a", json!(["assistant"]))]), "a\n"),
            (
                json!([
                    block("a", json!([])),
                    block("b", json!("assistant")),
                    block("c", json!(null))
                ]),
                "a\nb\nc\n",
            ),
        ] {
            assert_eq!(shown(blocks.clone(), false), text, "{blocks}");
        }
    }

    #[test]
    fn a_line_about_a_block_is_one_line_whatever_the_server_says() {
        let blocks = json!([
            {"type": "image", "mimeType": "image/png]\n[saved", "data": "aA\u{1b}[2J"},
            {"type": "resource_link", "name": "a\u{1b}[31m\nb", "uri": "x://\r\ny\u{202e}"},
        ]);
        assert_eq!(
            shown(blocks, false),
            "[image: image/png] [saved, 6 characters that are not base64, --output json shows them]\n[link: a b, x:// y]\n"
        );
    }

    #[test]
    fn the_messages_of_a_prompt_say_whose_they_are_where_there_are_several() {
        let message = |role: &str, text: &str| json!({"role": role, "content": {"type": "text", "text": text}});
        let shown = |list: &[Value]| {
            let mut out = Vec::new();
            messages(list, false, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(&[message("user", "hello")]), "hello\n");
        assert_eq!(
            shown(&[message("user", "hello"), message("assistant", "yes?")]),
            "user:\nhello\n\nassistant:\nyes?\n"
        );
    }
}
