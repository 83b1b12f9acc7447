//! Words as shells write them.

/// A raw line up to the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The words that are finished, without their quotes.
    pub(super) words: Vec<String>,
    /// The word at the cursor, without its quotes.
    pub(super) last: String,
    /// Where that begins in the line.
    pub(super) start: usize,
    /// The quote that is still open at the cursor.
    pub(super) open: Option<char>,
}

impl Line {
    /// Reads a line as bash and fish do. Expansions are left as they are.
    pub(super) fn read(text: &str) -> Self {
        let mut line = Self {
            words: Vec::new(),
            last: String::new(),
            start: 0,
            open: None,
        };
        let mut is_word = false;
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            if line.open.is_none() && character.is_ascii_whitespace() {
                if is_word {
                    line.words.push(std::mem::take(&mut line.last));
                }
                is_word = false;
                continue;
            }
            if !is_word {
                line.start = at;
                is_word = true;
            }
            match (line.open, character) {
                (Some(quote), _) if character == quote => line.open = None,
                (None, '\'' | '"') => line.open = Some(character),
                (Some('\''), _) => line.last.push(character),
                (open, '\\') => {
                    let is_escaped = |c: char| open.is_none() || "\"\\$`".contains(c);
                    let escaped = characters.next_if(|(_, next)| is_escaped(*next));
                    line.last.push(escaped.map_or('\\', |(_, escaped)| escaped));
                }
                _ => line.last.push(character),
            }
        }
        if !is_word {
            line.start = text.len();
        }
        line
    }
}

/// A value as (the rest of) a word in bash, which goes on after this quote.
pub(super) fn bash(value: &str, open: Option<char>) -> String {
    let mut word = String::with_capacity(value.len());
    for character in value.chars() {
        match open {
            Some('\'') if character == '\'' => word.push_str("'\\''"),
            // In double quotes, a backslash would stay before it.
            Some('"') if character == '!' => word.push_str("\"'!'\""),
            Some('"') if "\"\\$`".contains(character) => word.extend(['\\', character]),
            None if !is_plain(character) => word.extend(['\\', character]),
            _ => word.push(character),
        }
    }
    word
}

/// A value as a word in PowerShell, where a typographic quote is a quote too.
pub(super) fn powershell(value: &str) -> String {
    if value.chars().all(|c| is_plain(c) && c != ',' && c != '@') {
        return value.to_owned();
    }
    let mut word = String::from("'");
    for character in value.chars() {
        if matches!(character, '\'' | '\u{2018}'..='\u{201b}') {
            word.push(character);
        }
        word.push(character);
    }
    word.push('\'');
    word
}

/// Whether a character stands for itself in every shell.
fn is_plain(character: char) -> bool {
    character.is_alphanumeric() || "_-./:=@,+%".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_up_to_the_cursor() {
        for (text, words, last, start, open) in [
            ("prog", &[][..], "prog", 0, None),
            ("prog ", &["prog"], "", 5, None),
            ("prog  --x=va", &["prog"], "--x=va", 6, None),
            (r"prog a\ b\'", &["prog"], "a b'", 5, None),
            ("prog 'a b", &["prog"], "a b", 5, Some('\'')),
            (
                r#"prog --x="a\$\x b"#,
                &["prog"],
                r"--x=a$\x b",
                5,
                Some('"'),
            ),
            ("prog '' x", &["prog", ""], "x", 8, None),
            (r"prog a\", &["prog"], r"a\", 5, None),
            ("", &[], "", 0, None),
        ] {
            let line = Line::read(text);
            assert_eq!(line.words, words, "{text}");
            assert_eq!(
                (&*line.last, line.start, line.open),
                (last, start, open),
                "{text}"
            );
        }
    }

    #[test]
    fn a_quoted_value_is_read_back_as_it_was() {
        let hostile = "a b'c\"d$(touch x)`y`\\z!;|&<>*?[]{}~#^é日";
        for (open, begin, end) in [
            (None, "", ""),
            (Some('\''), "'", "'"),
            (Some('"'), "\"", "\""),
        ] {
            let text = format!("prog {begin}{}{end}", bash(hostile, open));
            assert_eq!(Line::read(&text).last, hostile, "{text}");
        }
    }

    #[test]
    fn powershell_sees_one_literal_string() {
        for (value, word) in [
            ("--start.date-time", "--start.date-time"),
            ("a,b", "'a,b'"),
            ("@x", "'@x'"),
            ("it's ‘$(x)’", "'it''s ‘‘$(x)’’'"),
            ("`x", "'`x'"),
        ] {
            assert_eq!(powershell(value), word);
        }
    }
}
