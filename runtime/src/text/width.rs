//! Text on a grid: how many columns it takes, and how it is made to fit.

/// The columns that a text takes in one line of a terminal.
///
/// A character of the East Asian scripts, or a pictogram, takes two (UAX #11, by blocks); a mark upon
/// another takes none. That is near enough to lay out a page by.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(character: char) -> usize {
    match u32::from(character) {
        0..=0x2ff => 1,
        0x300..=0x36f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text in so many columns, cut at a word if there is one to cut at.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit || width(text) <= limit {
        return text.to_owned();
    }
    let mut taken = 0;
    let fitting = text.char_indices().find_map(|(at, character)| {
        taken += columns(character);
        (taken >= limit).then_some(at)
    });
    let fitting = &text[..fitting.unwrap_or(text.len())];
    let at_word = match fitting.rfind(' ') {
        Some(blank) if blank > fitting.len() / 2 => &fitting[..blank],
        _ => fitting,
    };
    let bare = at_word.trim_end_matches([' ', ',', ';', ':', '.']);
    format!("{bare}…")
}

/// Words in lines of so many columns, each line after so many blanks. A word is never broken.
pub(crate) fn fill<'a>(
    words: impl IntoIterator<Item = &'a str>,
    between: &str,
    indent: usize,
    limit: usize,
) -> String {
    let mut text = String::new();
    let mut at = 0;
    for word in words {
        let wide = width(word);
        if at > 0 && at + between.len() + wide <= limit {
            text.push_str(between);
            text.push_str(word);
            at += between.len() + wide;
            continue;
        }
        if at > 0 {
            text.push('\n');
        }
        text.push_str(&" ".repeat(indent));
        text.push_str(word);
        at = indent + wide;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_the_columns_that_a_terminal_gives_it() {
        for (text, columns) in [("abc", 3), ("日本", 4), ("e\u{301}", 1), ("🎉", 2), ("", 0)] {
            assert_eq!(width(text), columns, "{text:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_at_a_word_if_there_is_one() {
        for (text, limit, fits) in [
            ("list all policies", 17, "list all policies"),
            ("list all policies", 16, "list all…"),
            ("list all, policies", 12, "list all…"),
            ("policies", 5, "poli…"),
            ("日本語の方針", 7, "日本語…"),
            ("é", 1, "é"),
            ("abc", 0, "…"),
        ] {
            assert_eq!(cut(text, limit), fits, "{text:?}");
            assert!(width(fits) <= limit.max(1), "{text:?}");
        }
    }

    #[test]
    fn words_fill_lines_and_are_never_broken() {
        let words = ["a", "bb", "cccccccccc", "d"];
        assert_eq!(fill(words, ", ", 2, 8), "  a, bb\n  cccccccccc\n  d");
        assert_eq!(fill([], ", ", 2, 8), "");
    }
}
