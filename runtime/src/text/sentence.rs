//! A server's words cut to what fits: one line, one sentence.

use super::plain;

/// The most characters an `about` has.
const ABOUT: usize = 100;

/// [Plain](plain) text without white space around it, a tab being a blank.
pub fn clean(text: &str) -> String {
    plain(text).trim().replace('\t', " ")
}

/// [Clean](clean) text in one line, every run of white space one blank.
pub fn line(text: &str) -> String {
    join(clean(text).split_whitespace())
}

fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// The first sentence, in one line of at most about a hundred characters, without its full stop.
pub fn first_sentence(text: &str) -> String {
    let text = clean(text);
    let text = after_tag(text.trim_start_matches(['#', ' ']));
    let mut lines = text.lines().map(str::trim);
    let opening = lines.next().unwrap_or_default();
    let paragraph = lines.take_while(|line| !opens_a_block(line));
    let line = join(
        std::iter::once(opening)
            .chain(paragraph)
            .flat_map(str::split_whitespace),
    );
    let sentence = &line[..sentence_end(&line)];
    let sentence = match sentence.strip_suffix(['.', ':', '。']) {
        Some(bare) if !bare.ends_with('.') && !ends_abbreviated(bare) => bare,
        _ => sentence,
    };
    shorten(sentence)
}

/// The text less a tag that opens it, such as the `<Purpose>` some servers write for models.
fn after_tag(text: &str) -> &str {
    let tag = text.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    match tag {
        Some((name, rest)) if name.chars().all(char::is_alphanumeric) => rest.trim_start(),
        _ => text,
    }
}

/// Whether a line ends the paragraph before it: blank, a list item, a heading, a fence.
fn opens_a_block(line: &str) -> bool {
    line.is_empty()
        || [
            "- ",
            "* ",
            "• ",
            "#",
            "```",
            "<",
            "Args:",
            "Parameters:",
            "Returns:",
        ]
        .iter()
        .any(|opening| line.starts_with(opening))
}

/// Where the first sentence of a line ends, its stop included.
fn sentence_end(line: &str) -> usize {
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        match c {
            '。' | '！' | '？' => return end,
            '.' | '!' | '?' if chars.peek().is_none_or(|(_, next)| *next == ' ') => {
                let lower_case_follows = line[end..].trim_start().starts_with(char::is_lowercase);
                let abbreviates = c == '.' && ends_abbreviated(&line[..at]);
                if !lower_case_follows && !abbreviates {
                    return end;
                }
            }
            _ => {}
        }
    }
    line.len()
}

/// Whether the stop after this text belongs to an abbreviation.
fn ends_abbreviated(text: &str) -> bool {
    let word = text.rsplit([' ', '(']).next().unwrap_or_default();
    ["e.g", "i.e", "etc", "vs", "cf", "approx", "incl"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

/// Cuts a line that is too long at a word.
fn shorten(line: &str) -> String {
    let Some((limit, _)) = line.char_indices().nth(ABOUT) else {
        return line.to_owned();
    };
    let cut = line[..limit].rfind(' ').unwrap_or(limit);
    format!(
        "{}…",
        line[..cut].trim_end_matches([' ', ',', ';', ':', '.'])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newlines_stay_and_are_of_one_kind() {
        assert_eq!(clean("\r\na\r\nb\rc\n\n"), "a\nb\nc");
    }

    #[test]
    fn the_first_sentence_is_the_about() {
        for (text, about) in [
            ("List policies. Then more.", "List policies"),
            (
                "Fetch v1.2 data, e.g. Users. More.",
                "Fetch v1.2 data, e.g. Users",
            ),
            ("\n  Create a\n  policy\n\n  Args: x", "Create a policy"),
            ("Actions:\n- a\n- b", "Actions"),
            ("Wait...", "Wait..."),
            ("Really? Yes.", "Really?"),
            ("# Heading\n\nText.", "Heading"),
            ("<Purpose>\nSearch it.\n</Purpose>", "Search it"),
            ("<https://x.y> is read.", "<https://x.y> is read"),
            ("创建策略。更多", "创建策略"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), about, "{text:?}");
        }
    }

    #[test]
    fn a_long_sentence_is_cut_at_a_word() {
        let about = first_sentence(&"word ".repeat(60));
        assert!(about.chars().count() <= ABOUT + 1, "{about}");
        assert!(about.ends_with("word…"), "{about}");
        assert_eq!(first_sentence(&"é".repeat(300)).chars().count(), ABOUT + 1);
    }
}
