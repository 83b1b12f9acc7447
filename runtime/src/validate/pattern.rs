//! Patterns of JSON Schema, which are ECMAScript's, put in the words of the engine.
//!
//! The engine is a small one, without back references and look-around; in return it takes time
//! that grows with the text alone, whatever the pattern. What it refuses is not checked.

use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

use regex_lite::{Regex, RegexBuilder};

/// The most memory that one compiled pattern may take.
const SIZE: usize = 512 * 1024;

/// The longest text that is looked at: time grows with its length times the pattern's.
const TEXT: usize = 32 * 1024;

/// The spaces of ECMAScript that the engine's `\s` leaves out.
const SPACES: &str =
    r"\u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";

/// Whether a pattern is one that [`validate`](super::validate()) checks; others are passed over.
pub fn pattern_is_understood(pattern: &str) -> bool {
    compile(pattern).is_some()
}

/// What it costs to compile a pattern and to match a long text, in steps of the walk.
const COMPILING: usize = 1000;
const BYTES_A_STEP: usize = 16;

/// Whether a text has a match of a pattern, as far as that can be told.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    compile(pattern).is_some_and(|regex| text.len() <= TEXT && regex.is_match(text))
}

/// The patterns of a document, each compiled when it is first met.
#[derive(Debug, Default)]
pub(super) struct Patterns<'a>(HashMap<&'a str, Option<Regex>>);

impl<'a> Patterns<'a> {
    /// Whether the text has a match anywhere; None where that cannot be told. Takes from `steps`
    /// what that cost.
    pub(super) fn matches(
        &mut self,
        pattern: &'a str,
        text: &str,
        steps: &mut usize,
    ) -> Option<bool> {
        if text.len() > TEXT || *steps == 0 {
            return None;
        }
        *steps = steps.saturating_sub(text.len() / BYTES_A_STEP);
        let regex = self.0.entry(pattern).or_insert_with(|| {
            *steps = steps.saturating_sub(COMPILING);
            compile(pattern)
        });
        regex.as_ref().map(|regex| regex.is_match(text))
    }
}

fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&translate(pattern)?)
        .size_limit(SIZE)
        .build()
        .ok()
}

/// The pattern with what the two dialects write differently written anew:
///
/// * `\<` and `\>` are the characters, not the edges of a word;
/// * `{` that begins no repetition, and `[`, `&` and `~` inside a class, are the characters;
/// * `[^]` is any character and `[]` none; `-` after `\w` in a class is the character;
/// * `\s` and `\S` know the spaces outside of ASCII.
///
/// None for `--` inside a class, which the two read differently.
fn translate(pattern: &str) -> Option<String> {
    let mut written = String::with_capacity(pattern.len() + 16);
    let mut ahead = pattern.chars().peekable();
    while let Some(character) = ahead.next() {
        match character {
            '\\' => match ahead.next()? {
                character @ ('<' | '>') => written.push(character),
                's' => written.extend([r"[\s", SPACES, "]"]),
                'S' => written.extend([r"[^\s", SPACES, "]"]),
                character => written.extend(['\\', character]),
            },
            '[' => class(&mut ahead, &mut written)?,
            '{' if !repeats(ahead.clone()) => written.push_str(r"\{"),
            character => written.push(character),
        }
    }
    Some(written)
}

/// A class, from behind its bracket.
fn class(ahead: &mut Peekable<Chars<'_>>, written: &mut String) -> Option<()> {
    let negated = ahead.next_if_eq(&'^').is_some();
    if ahead.next_if_eq(&']').is_some() {
        written.push_str(if negated { r"[\s\S]" } else { r"[^\s\S]" });
        return Some(());
    }
    written.push_str(if negated { "[^" } else { "[" });
    // Whether the last item stands for several characters, and so cannot begin a range.
    let mut several = false;
    loop {
        let character = ahead.next()?;
        let was_several = std::mem::take(&mut several);
        match character {
            ']' => {
                written.push(']');
                return Some(());
            }
            '-' if ahead.peek() == Some(&'-') => return None,
            '-' if was_several => written.push_str(r"\-"),
            '[' | '&' | '~' => written.extend(['\\', character]),
            '\\' => {
                let escaped = ahead.next()?;
                several = "dDwWsS".contains(escaped);
                match escaped {
                    '<' | '>' => written.push(escaped),
                    's' => written.extend([r"\s", SPACES]),
                    _ => written.extend(['\\', escaped]),
                }
            }
            character => written.push(character),
        }
    }
}

/// Whether what follows a brace makes it a repetition: `3}`, `3,}` or `3,5}`.
fn repeats(mut ahead: Peekable<Chars<'_>>) -> bool {
    let mut number = || {
        let mut any = false;
        while ahead.next_if(char::is_ascii_digit).is_some() {
            any = true;
        }
        (any, ahead.next())
    };
    match number() {
        (true, Some('}')) => true,
        (true, Some(',')) => number().1 == Some('}'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_as_it_does_in_ecmascript() {
        for (pattern, texts, others) in [
            ("b", &["abc"][..], &["ac"][..]),
            (
                r"^\d{4}-\d{2}$",
                &["2026-01"],
                &["x2026-01", "2026-1", "٢٠٢٦-٠١"],
            ),
            (r"^https?:\/\/", &["http://x"], &["ftp://x"]),
            (r"^[a-zA-Z0-9\-_.]+$", &["a-b_c."], &["a b"]),
            (r"^[\w-.]+$", &["a-b.c"], &["a b"]),
            (r"^[\w-]+$", &["a-b"], &["a.b"]),
            (r"^[^]$", &["\n", "x"], &["", "xx"]),
            ("[]", &[], &["", "]"]),
            (r"^\<a\>$", &["<a>"], &["a"]),
            (r"^{a}$", &["{a}"], &["a"]),
            (r"^a{2}$", &["aa"], &["a{2}"]),
            (r"^a{2,}b{1,2}c{,3}$", &["aabc{,3}"], &["abc"]),
            ("^[[]$", &["["], &["]"]),
            ("^[[:alpha:]]$", &["a]", ":]"], &["z"]),
            ("^[a&&b]$", &["&"], &["c"]),
            (r"^\s$", &["\u{a0}", " ", "\u{feff}"], &["x"]),
            (r"^\S+$", &["é"], &["a\u{a0}b"]),
            (r"^[\s,]+$", &["\u{3000},"], &["x"]),
            (r"^.$", &["😀"], &["ab"]),
            ("^a$", &["a"], &["a\n"]),
            (r"^(?<year>\d+)$", &["1"], &["x"]),
            (r"^\u0041$", &["A"], &["a"]),
            (r"^I?\d+[:|-]\d+$", &["I1-2", "1:2", "1|2"], &["1 2"]),
        ] {
            let regex = compile(pattern).expect(pattern);
            for text in texts {
                assert!(regex.is_match(text), "{pattern} {text:?}");
            }
            for text in others {
                assert!(!regex.is_match(text), "{pattern} {text:?}");
            }
        }
    }

    #[test]
    fn a_pattern_the_engine_refuses_is_not_understood() {
        for pattern in [
            r"^(?!\.)a$",
            r"(?=a)",
            r"(?<=a)b",
            r"(a)\1",
            r"\p{L}",
            "(",
            "[a",
            "a\\",
            "[+--]",
            "((((a{99}){99}){99}){99}){99}",
        ] {
            assert!(!pattern_is_understood(pattern), "{pattern}");
        }
        let deep = format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000));
        assert!(!pattern_is_understood(&deep));
        assert!(pattern_is_understood("^.{1,2048}$"));
    }

    #[test]
    fn a_very_long_text_is_not_looked_at() {
        let mut patterns = Patterns::default();
        let mut matches = |length| patterns.matches("^a*$", &"b".repeat(length), &mut 10_000);
        assert_eq!(matches(TEXT + 1), None);
        assert_eq!(matches(TEXT), Some(false));
    }
}
