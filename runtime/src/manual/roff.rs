//! A page of the manual in the language of `man` (groff_man(7), mandoc's man(7)).
//!
//! Whatever a server wrote is text: no line of it is a request, no backslash an escape.

use crate::text::{line, plain};

/// A page in the making.
pub(super) struct Page(String);

impl Page {
    /// A page of this title, of a program's manual, and what its subject does in a line.
    pub(super) fn new(title: &str, program: &str, about: &str) -> Self {
        let mut page = Self(String::new());
        let head = [&title.to_uppercase(), "1", "", program, ""].map(quoted);
        page.push(&format!(".TH {}", head.join(" ")));
        // Words flush left, and none broken: names must be found and copied.
        page.push(".ad l\n.nh");
        page.section("Name");
        let about = line(about);
        let about = if about.is_empty() { program } else { &about };
        page.push(&format!("{} \\- {}", escaped(title), escaped(about)));
        page
    }

    pub(super) fn section(&mut self, heading: &str) {
        self.push(&format!(".SH {}", quoted(&heading.to_uppercase())));
    }

    /// A heading below a section's.
    pub(super) fn subsection(&mut self, heading: &str) {
        self.push(&format!(".SS {}", quoted(&line(heading))));
    }

    /// Words that are typed as they stand, and such that stand for others.
    pub(super) fn line(&mut self, words: &str, placeholders: &str) {
        let placeholders = escaped(&line(placeholders));
        self.push(format!("\\fB{}\\fR {placeholders}", escaped(&line(words))).trim_end());
    }

    /// Paragraphs, in which the items of a list begin a line.
    pub(super) fn text(&mut self, text: &str) {
        let heading = self.0.trim_end().rsplit('\n').next().unwrap_or_default();
        // A heading begins a paragraph itself.
        if !heading.starts_with(".S") {
            self.push(".PP");
        }
        self.filled(text, ".PP");
    }

    /// A term, what it takes, and what there is to say of it.
    pub(super) fn tagged(&mut self, term: &str, value: &str, text: &str) {
        let value = line(value);
        let value = match value.as_str() {
            "" => value,
            // What may be left out is written without a blank.
            optional if optional.starts_with("[=") => format!("\\fI{}\\fR", escaped(optional)),
            other => format!(" \\fI{}\\fR", escaped(other)),
        };
        let term = line(term);
        self.push(".TP");
        if term.is_empty() {
            self.push(value.trim_start());
        } else {
            self.push(&format!("\\fB{}\\fR{value}", escaped(&term)));
        }
        // In a tagged paragraph, .IP without a tag begins another one.
        self.filled(text, ".IP");
    }

    /// Puts what follows under the term before it, until [`Page::outdent`].
    pub(super) fn indent(&mut self) {
        self.push(".RS");
    }

    pub(super) fn outdent(&mut self) {
        self.push(".RE");
    }

    /// Lines as they stand.
    pub(super) fn literal(&mut self, text: &str) {
        self.push(".nf");
        for line in plain(text).lines() {
            self.push(&escaped(line));
        }
        self.push(".fi");
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn filled(&mut self, text: &str, paragraph: &str) {
        let text = plain(text);
        let mut ended = false;
        let mut begun = false;
        for line in text.lines() {
            let bare = line.trim();
            if bare.is_empty() {
                ended = begun;
                continue;
            }
            let indent = line.len() - line.trim_start().len();
            if ended {
                self.push(paragraph);
            } else if begun && (indent > 0 || is_item(bare)) {
                self.push(".br");
            }
            (ended, begun) = (false, true);
            let blanks = "\\ ".repeat(indent.min(12));
            self.push(&format!("{blanks}{}", escaped(bare)));
        }
    }

    fn push(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }
}

/// Whether a line is the first of an item of a list, or a line of its own for another reason.
fn is_item(line: &str) -> bool {
    let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
    [
        "- ",
        "* ",
        "+ ",
        "• ",
        "#",
        "|",
        "```",
        "Example: ",
        "One of: ",
    ]
    .iter()
    .any(|opening| line.starts_with(opening))
        || (numbered.len() < line.len() && numbered.starts_with([')', '.']))
}

/// An argument of a request.
fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Text that stands for itself, all of it in ASCII. Marks that groff would make typographic stay what
/// they are, for they are copied to command lines.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\\' => safe.push_str("\\(rs"),
            '-' => safe.push_str("\\-"),
            '\'' => safe.push_str("\\(aq"),
            '"' => safe.push_str("\\(dq"),
            '`' => safe.push_str("\\(ga"),
            '^' => safe.push_str("\\(ha"),
            '~' => safe.push_str("\\(ti"),
            '.' if safe.is_empty() => safe.push_str("\\&."),
            '\t' => safe.push(' '),
            ' '..='~' => safe.push(character),
            other => safe.push_str(&format!("\\[u{:04X}]", u32::from(other))),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_request_or_an_escape() {
        for (text, safe) in [
            (".so /etc/passwd", "\\&.so /etc/passwd"),
            ("'br", "\\(aqbr"),
            ("\\fBbold", "\\(rsfBbold"),
            (
                "--a \"b\" `c` ^~",
                "\\-\\-a \\(dqb\\(dq \\(gac\\(ga \\(ha\\(ti",
            ),
            ("größe 日 🎉", "gr\\[u00F6]\\[u00DF]e \\[u65E5] \\[u1F389]"),
        ] {
            assert_eq!(escaped(text), safe);
        }
    }

    #[test]
    fn paragraphs_and_lists_stay_what_they_are() {
        let mut page = Page(String::new());
        page.text("One\nline.\n\nTwo:\n- a\n  more\n.SH x\n\n");
        assert_eq!(
            page.into_text(),
            ".PP\nOne\nline.\n.PP\nTwo:\n.br\n\\- a\n.br\n\\ \\ more\n\\&.SH x\n"
        );
    }
}
