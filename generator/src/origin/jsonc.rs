//! JSON with comments and trailing commas, as editors keep their settings.

/// Blanks out comments, trailing commas and a byte order mark, so that what is left is JSON.
///
/// Every byte that stays, stays at its place: an error's line and column are those of the file.
/// Forty lines rather than a crate, because everything past this point is plain `serde_json`.
pub(super) fn plain(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = if text.starts_with('\u{feff}') {
        blank(&mut bytes, 0, 3)
    } else {
        0
    };
    // The last comma, while nothing but blanks and comments has followed it.
    let mut comma = None;
    while let Some(&byte) = bytes.get(at) {
        at = match (byte, bytes.get(at + 1)) {
            (b'/', Some(b'/')) => {
                let end = find(&bytes, at, b"\n").unwrap_or(bytes.len());
                blank(&mut bytes, at, end)
            }
            (b'/', Some(b'*')) => {
                let end = find(&bytes, at + 2, b"*/").map_or(bytes.len(), |end| end + 2);
                blank(&mut bytes, at, end)
            }
            (b' ' | b'\t' | b'\r' | b'\n', _) => at + 1,
            (b',', _) => {
                comma = Some(at);
                at + 1
            }
            (b'}' | b']', _) => {
                if let Some(comma) = comma.take() {
                    blank(&mut bytes, comma, comma + 1);
                }
                at + 1
            }
            (b'"', _) => {
                comma = None;
                string_end(&bytes, at)
            }
            _ => {
                comma = None;
                at + 1
            }
        };
    }
    String::from_utf8(bytes).expect("only whole characters were blanked")
}

/// The place after the string that starts here.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// Writes blanks over a stretch, keeping line ends, and returns its end.
fn blank(bytes: &mut [u8], start: usize, end: usize) -> usize {
    for byte in &mut bytes[start..end] {
        if !matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    end
}

/// Where a needle is, from a place on.
fn find(bytes: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(needle.len())
        .position(|window| window == needle)
        .map(|found| from + found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn assert_reads(text: &str, expected: Value) {
        let plain = plain(text);
        assert_eq!(plain.len(), text.len(), "places must not move");
        let value: Value =
            serde_json::from_str(&plain).unwrap_or_else(|error| panic!("{error}: {plain}"));
        assert_eq!(value, expected);
    }

    #[test]
    fn comments_and_trailing_commas_are_blanks() {
        assert_reads(
            "// é\n{\"a\": 1, // one, }\n /* two\n*/ \"b\": [1, 2 , /* x */ ],\n}\n//",
            json!({"a": 1, "b": [1, 2]}),
        );
        assert_reads("\u{feff}{\"a\":{},}", json!({"a": {}}));
        assert_reads("[[1,],[],]", json!([[1], []]));
        assert_reads("/**/1/***/", json!(1));
    }

    #[test]
    fn strings_are_not_touched() {
        assert_reads(
            r#"{"url": "https://x/*y*/", "q\"//": ",}", "b": "\\", "c": ",]" /*"*/}"#,
            json!({"url": "https://x/*y*/", "q\"//": ",}", "b": "\\", "c": ",]"}),
        );
    }

    #[test]
    fn what_was_never_json_is_still_an_error() {
        for text in [
            "{\"a\": /* open",
            "\"open // ",
            "\"\\",
            "[1,,]",
            "{,",
            "/",
            "# yaml",
            "",
        ] {
            assert!(
                serde_json::from_str::<Value>(&plain(text)).is_err(),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn plain_json_stays_as_it_is(pairs in prop::collection::vec((any::<String>(), r#"[/*,\]}"\\ é]{0,8}"#), 0..4)) {
            let value: Value = pairs.iter().map(|(key, text)| json!([key, { text.as_str(): [text, 1.5, null] }])).collect();
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                prop_assert_eq!(plain(&text), text);
            }
        }

        #[test]
        fn any_text_is_taken(text in r#"[/*,\]}"\\ \né\u{feff}]{0,24}"#) {
            prop_assert_eq!(plain(&text).len(), text.len());
        }
    }
}
