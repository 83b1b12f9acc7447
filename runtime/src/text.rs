//! Text of a server's, made harmless for a terminal.

mod glob;
mod sentence;
mod width;

use std::iter::Peekable;
use std::str::Chars;

pub(crate) use glob::is_whole_glob;
pub use glob::matches_glob;
pub use sentence::{clean, first_sentence, line};
pub(crate) use width::{cut, fill, width};

/// The text without what could move a cursor, colour, hide or reorder: ANSI escape sequences
/// (ECMA-48), control characters but for the tab and the end of a line, and the bidirectional
/// controls of Unicode (UAX #9). Ends of lines become `\n`.
pub fn plain(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' | '\t' => kept.push(character),
            '\r' => {
                characters.next_if_eq(&'\n');
                kept.push('\n');
            }
            '\u{85}' | '\u{2028}' | '\u{2029}' => kept.push('\n'),
            '\u{1b}' => skip_escape(&mut characters),
            '\u{9b}' => skip_parameters(&mut characters),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => skip_string(&mut characters),
            _ if character.is_control() || is_invisible(character) => {}
            _ => kept.push(character),
        }
    }
    kept
}

/// Whether a character cannot be seen, and only steers how others are laid out or hides among them: a
/// joiner is not one, for it makes letters and emoji what they are.
pub fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{2060}' | '\u{e0000}'..='\u{e007f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

/// Skips what follows an ESC: a control sequence, a control string, or a two-character escape.
fn skip_escape(characters: &mut Peekable<Chars<'_>>) {
    match characters.peek() {
        Some('[') => {
            characters.next();
            skip_parameters(characters);
        }
        Some('P' | 'X' | ']' | '^' | '_') => {
            characters.next();
            skip_string(characters);
        }
        _ => {
            while characters.next_if(|c| matches!(c, ' '..='/')).is_some() {}
            characters.next_if(|c| matches!(c, '0'..='~'));
        }
    }
}

/// Skips the parameters and the final character of a control sequence (ECMA-48, section 5.4).
fn skip_parameters(characters: &mut Peekable<Chars<'_>>) {
    while characters.next_if(|c| matches!(c, ' '..='?')).is_some() {}
    characters.next_if(|c| matches!(c, '@'..='~'));
}

/// Skips a control string up to its terminator, or the end of the line where it has none.
fn skip_string(characters: &mut Peekable<Chars<'_>>) {
    while let Some(character) = characters.next_if(|&c| c != '\n') {
        match character {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' if characters.next_if_eq(&'\\').is_some() => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_colours_hides_or_reorders_is_gone() {
        for (text, harmless) in [
            ("plain\ttext\n", "plain\ttext\n"),
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{7}!", "link!"),
            ("a\u{9b}31mb\u{1b}(Bc", "abc"),
            ("safe\u{202e}gpj.exe\u{2066}", "safegpj.exe"),
            ("nul\0bell\u{7}del\u{7f}", "nulbelldel"),
            ("dos\r\nline", "dos\nline"),
            ("over\rwritten", "over\nwritten"),
            ("größe 日本 🎉", "größe 日本 🎉"),
        ] {
            assert_eq!(plain(text), harmless, "{text:?}");
        }
    }

    #[test]
    fn an_escape_that_never_ends_costs_its_line_only() {
        assert_eq!(plain("a\u{1b}]0;title\nb"), "a\nb");
        assert_eq!(plain("\u{1b}"), "");
        assert_eq!(plain("a\u{1b}["), "a");
    }
}
