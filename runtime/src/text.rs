//! Text of a server's, made harmless for a terminal.

/// The text without what could move a cursor, colour, hide or reorder: ANSI escape sequences
/// (ECMA-48), control characters but for the tab and the end of a line, and the bidirectional
/// controls of Unicode (UAX #9).
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_sequence(&mut characters),
            '\n' | '\t' => plain.push(character),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' => plain.push('\n'),
            _ if character.is_control() || is_bidi_control(character) => {}
            _ => plain.push(character),
        }
    }
    plain
}

fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Skips what follows an escape character: a control sequence up to its final byte, a control string
/// up to its terminator, or a single character.
fn skip_sequence(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.next() {
        Some('[') => {
            // ECMA-48, section 5.4: parameter and intermediate bytes, then one final byte.
            while characters
                .next_if(|next| matches!(next, ' '..='?'))
                .is_some()
            {}
            characters.next_if(|next| matches!(next, '@'..='~'));
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(next) = characters.next() {
                if next == '\u{7}' {
                    return;
                }
                if next == '\u{1b}' {
                    characters.next_if_eq(&'\\');
                    return;
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_colours_hides_or_reorders_is_gone() {
        for (text, harmless) in [
            ("plain\ttext\n", "plain\ttext\n"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
            ("a\u{202e}b\u{2066}c", "abc"),
            ("nul\0bell\u{7}del\u{7f}c1\u{9b}31m", "nulbelldelc131m"),
            ("dos\r\nline", "dos\nline"),
            ("over\rwritten", "over\nwritten"),
            ("cut \u{1b}", "cut "),
            ("cut \u{1b}[", "cut "),
            ("größe 日本 🎉", "größe 日本 🎉"),
        ] {
            assert_eq!(plain(text), harmless, "{text:?}");
        }
    }
}
