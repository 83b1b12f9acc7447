//! A server's words, shown so that nobody takes them for this program's.

use crate::environment;
use crate::text::{clean, cut, line, width};

/// The most lines of a message that are shown.
const LINES: usize = 40;

/// The most characters of a message that are looked at.
const LENGTH: usize = 20_000;

/// Text of a server's behind a bar on every line. A line is broken where the terminal would break
/// it, so that no word begins one without the bar.
pub(super) fn quote(text: &str) -> String {
    let start: String = text.chars().take(LENGTH).collect();
    let limit = environment::columns().saturating_sub(3).clamp(20, 100);
    let mut lines: Vec<String> = Vec::new();
    for paragraph in clean(&start).lines() {
        let mut current = String::new();
        for word in paragraph
            .split_whitespace()
            .flat_map(|word| pieces(word, limit))
        {
            if !current.is_empty() {
                if width(&current) + 1 + width(&word) > limit {
                    lines.push(std::mem::take(&mut current));
                } else {
                    current.push(' ');
                }
            }
            current.push_str(&word);
        }
        lines.push(current);
    }
    if lines.len() > LINES || start.len() < text.len() {
        lines.truncate(LINES);
        lines.push("…".to_owned());
    }
    let quoted = lines
        .iter()
        .map(|line| format!("| {line}").trim_end().to_owned() + "\n");
    quoted.collect()
}

/// A word in parts that fit.
fn pieces(word: &str, limit: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut wide = 0;
    for character in word.chars() {
        let columns = width(character.encode_utf8(&mut [0; 4]));
        if wide + columns > limit {
            pieces.push(String::new());
            wide = 0;
        }
        wide += columns;
        if let Some(piece) = pieces.last_mut() {
            piece.push(character);
        }
    }
    pieces
}

/// Text of a server's as a part of a line.
pub(super) fn label(text: &str) -> String {
    const MOST: usize = 80;
    let start: String = text.chars().take(4 * MOST).collect();
    cut(&line(&start), MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_servers_has_its_bar_however_it_is_made() {
        for text in [
            "two\n\nerror: not from here",
            "carriage\rerror: return",
            &format!("{}error: behind the edge", "x".repeat(100)),
            &format!("{}error: behind the edge", "\u{a0}x".repeat(200)),
            &"日本".repeat(100),
            &"line\n".repeat(1000),
        ] {
            let quoted = quote(text);
            assert!(quoted.lines().count() <= LINES + 1);
            for line in quoted.lines() {
                assert!(line.starts_with('|'), "{line:?}");
                assert!(width(line) <= 100, "{line:?}");
            }
        }
        assert_eq!(quote("a\u{1b}[2Jb\n\nc  d"), "| ab\n|\n| c d\n");
        assert_eq!(quote(""), "");
    }
}
