//! Strings of a server as string literals of Rust.
//!
//! A literal is the one place where a server's bytes stand in generated code. It must give the text
//! back exactly (for JSON, an equal value), stay readable, and never look like something it is not:
//! characters that reorder or hide text in an editor are always written as escapes, which is also
//! what the compiler's lint `text_direction_codepoint_in_literal` asks for.

use std::fmt::Write;

use proc_macro2::Literal;

/// A literal that gives back `text` exactly.
pub(super) fn text(text: &str) -> Literal {
    let mut source = String::with_capacity(text.len() + 2);
    source.push('"');
    for c in text.chars() {
        match c {
            '"' => source.push_str("\\\""),
            '\\' => source.push_str("\\\\"),
            '\n' => source.push_str("\\n"),
            '\r' => source.push_str("\\r"),
            '\t' => source.push_str("\\t"),
            c if is_hidden(c) => append(&mut source, format_args!("\\u{{{:x}}}", u32::from(c))),
            c => source.push(c),
        }
    }
    source.push('"');
    parse(&source)
}

/// A literal that gives back JSON equal to `json`: raw, so that its quotes need no escapes.
pub(super) fn json(json: &str) -> Literal {
    if json.chars().any(|c| c < ' ' && !matches!(c, '\n' | '\t')) {
        // Not what a JSON printer writes, and a raw literal could not hold it.
        return text(json);
    }
    if !json.contains(['"', '\\', '\n', '\t']) && !json.chars().any(is_hidden) {
        return text(json);
    }
    let mut inner = String::with_capacity(json.len());
    for c in json.chars() {
        if is_hidden(c) && !matches!(c, '\n' | '\t') {
            // Outside of its strings JSON is ASCII, so this one is in a string, where it may be escaped.
            for unit in c.encode_utf16(&mut [0; 2]) {
                append(&mut inner, format_args!("\\u{unit:04x}"));
            }
        } else {
            inner.push(c);
        }
    }
    let hashes = "#".repeat(hashes(&inner));
    parse(&format!("r{hashes}\"{inner}\"{hashes}"))
}

/// How many hashes a raw literal of `text` needs: one more than ever follow a quote in it.
fn hashes(text: &str) -> usize {
    let after = |quote: &str| quote.bytes().take_while(|&byte| byte == b'#').count();
    1 + text.split('"').skip(1).map(after).max().unwrap_or(0)
}

/// Whether a character cannot be seen, or moves those around it, in an editor or a terminal.
///
/// The joiner in an emoji of several is among them: better an emoji written as escapes than two
/// texts that look alike.
pub(crate) fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(u32::from(c),
            0x80..=0x9f             // control characters
            | 0xad                  // soft hyphen
            | 0x61c | 0x180e        // Arabic letter mark, Mongolian vowel separator
            | 0x200b..=0x200f       // zero-width, direction marks
            | 0x2028..=0x202e       // line separators, embeddings, overrides
            | 0x2060..=0x206f       // word joiner, isolates, deprecated shaping
            | 0x115f..=0x1160 | 0x3164 | 0xffa0 // Hangul fillers
            | 0xfeff | 0xfff9..=0xfffb // byte-order mark, annotations
            | 0xe000..=0xf8ff       // private use
            | 0xe0000..=0xe0fff     // tags, variation selectors
            | 0xf0000..=0x10ffff) // private use
}

fn append(to: &mut String, escape: std::fmt::Arguments<'_>) {
    to.write_fmt(escape).expect("a String takes any text");
}

fn parse(source: &str) -> Literal {
    source
        .parse()
        .expect("every quote, backslash and control character is escaped or fenced")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the compiler makes of a literal.
    #[track_caller]
    fn value(literal: &Literal) -> String {
        syn::parse_str::<syn::LitStr>(&literal.to_string())
            .expect("a string literal")
            .value()
    }

    #[test]
    fn plain_text_reads_as_it_is() {
        assert_eq!(
            text("Wie schön ist 中文 👍").to_string(),
            "\"Wie schön ist 中文 👍\""
        );
    }

    #[test]
    fn quotes_and_lines_are_escaped_in_text() {
        assert_eq!(
            text("a \"b\"\n\\c\t*/ //").to_string(),
            r#""a \"b\"\n\\c\t*/ //""#
        );
    }

    #[test]
    fn hidden_characters_are_escaped_in_text() {
        assert_eq!(
            text("a\u{202e}b\0\u{200d}\u{e0041}").to_string(),
            r#""a\u{202e}b\u{0}\u{200d}\u{e0041}""#
        );
    }

    #[test]
    fn json_is_raw_with_as_many_hashes_as_it_takes() {
        assert_eq!(json(r#"{"a":1}"#).to_string(), "r#\"{\"a\":1}\"#");
        assert_eq!(json("\"x\\\"##\"").to_string(), "r###\"\"x\\\"##\"\"###");
        assert_eq!(json("42").to_string(), "\"42\"");
    }

    #[test]
    fn hidden_characters_are_escaped_in_json() {
        assert_eq!(
            json("\"\u{2066}\u{e0041}\u{7f}\"").to_string(),
            r##"r#""\u2066\udb40\udc41\u007f""#"##
        );
    }

    #[test]
    fn what_a_raw_literal_cannot_hold_is_escaped() {
        assert_eq!(json("[1,\r\n2]").to_string(), r#""[1,\r\n2]""#);
    }

    proptest! {
        #[test]
        fn text_comes_back(original in any::<String>()) {
            let literal = text(&original);
            prop_assert_eq!(value(&literal), original);
            prop_assert!(!literal.to_string().contains(is_hidden));
        }

        #[test]
        fn quotes_hashes_and_backslashes_come_back(original in r##"["#\\\r\n'/*a]{0,12}"##) {
            prop_assert_eq!(value(&text(&original)), original);
        }

        #[test]
        fn json_comes_back_equal(original in any::<Vec<String>>(), awkward in r##"["#\\/*a]{0,12}"##) {
            let original = serde_json::json!([original, awkward]);
            let literal = json(&original.to_string());
            let back: serde_json::Value = serde_json::from_str(&value(&literal)).expect("JSON");
            prop_assert_eq!(back, original);
            prop_assert!(!literal.to_string().contains(is_hidden));
        }
    }
}
