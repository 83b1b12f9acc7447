//! A text that a pattern matches, for patterns that are simple.
//!
//! What the pattern asks for is written down in its order: the first of alternatives, the first
//! character of a class, as few repetitions as will do. Whether the text then matches is for the
//! engine to say.

use std::iter::Peekable;
use std::str::Chars;

/// The longest text that is written.
const LENGTH: usize = 10_000;

/// The deepest nesting of groups.
const DEPTH: usize = 32;

/// The characters that a class which leaves some out is thought to mean.
const USUAL: &str = "aA0-_ ";

/// A text that the pattern may match, with `more` repetitions where there may be any number.
pub(super) fn example(pattern: &str, more: usize) -> Option<String> {
    let mut writer = Writer {
        ahead: pattern.chars().peekable(),
        more,
        depth: 0,
    };
    let text = writer.alternatives()?;
    writer.ahead.next().is_none().then_some(text)
}

struct Writer<'p> {
    ahead: Peekable<Chars<'p>>,
    more: usize,
    depth: usize,
}

impl Writer<'_> {
    /// What stands up to the end or the closing bracket, the first alternative of it.
    fn alternatives(&mut self) -> Option<String> {
        let first = self.sequence()?;
        while self.ahead.next_if_eq(&'|').is_some() {
            self.sequence()?;
        }
        Some(first)
    }

    fn sequence(&mut self) -> Option<String> {
        let mut text = String::new();
        while let Some(character) = self.ahead.next_if(|next| !matches!(next, '|' | ')')) {
            let piece = match character {
                '^' | '$' => String::new(),
                '.' => "a".to_owned(),
                '(' => self.group()?,
                '[' => self.class()?.to_string(),
                '\\' => self.escape()?,
                other => other.to_string(),
            };
            let times = self.times()?;
            if text.len() + piece.len().checked_mul(times)? > LENGTH {
                return None;
            }
            text.push_str(&piece.repeat(times));
        }
        Some(text)
    }

    fn group(&mut self) -> Option<String> {
        if self.depth == DEPTH {
            return None;
        }
        let mut looks = false;
        if self.ahead.next_if_eq(&'?').is_some() {
            match self.ahead.next()? {
                ':' => {}
                '=' | '!' => looks = true,
                '<' if matches!(self.ahead.peek(), Some('=' | '!')) => looks = true,
                '<' => while self.ahead.next()? != '>' {},
                _ => return None,
            }
        }
        self.depth += 1;
        let text = self.alternatives()?;
        self.depth -= 1;
        self.ahead.next_if_eq(&')')?;
        Some(if looks { String::new() } else { text })
    }

    fn escape(&mut self) -> Option<String> {
        Some(match self.ahead.next()? {
            'b' | 'B' => String::new(),
            character => self.escaped(character)?.to_string(),
        })
    }

    /// A character of those that an escape stands for.
    fn escaped(&mut self, character: char) -> Option<char> {
        Some(match character {
            'd' => '0',
            'w' | 'D' | 'S' => 'a',
            's' => ' ',
            'W' => '-',
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            '1'..='9' | 'p' | 'P' | 'k' => return None,
            other => other,
        })
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        let digits: String = self.ahead.by_ref().take(digits).collect();
        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
    }

    /// A character of a class.
    fn class(&mut self) -> Option<char> {
        let negated = self.ahead.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        loop {
            let start = match self.ahead.next()? {
                ']' => break,
                '\\' => match self.ahead.next()? {
                    'd' => {
                        ranges.push(('0', '9'));
                        continue;
                    }
                    'w' => {
                        ranges.extend([('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]);
                        continue;
                    }
                    's' => {
                        ranges.extend([(' ', ' '), ('\t', '\r')]);
                        continue;
                    }
                    other => self.escaped(other)?,
                },
                other => other,
            };
            let mut end = start;
            if self.ahead.peek() == Some(&'-') {
                let mut beyond = self.ahead.clone();
                beyond.next();
                if beyond.peek().is_some_and(|next| *next != ']') {
                    self.ahead.next();
                    end = match self.ahead.next()? {
                        '\\' => {
                            let escaped = self.ahead.next()?;
                            self.escaped(escaped)?
                        }
                        other => other,
                    };
                }
            }
            ranges.push((start, end));
        }
        let within = |character: char| {
            let mut ranges = ranges.iter();
            ranges.any(|(start, end)| (*start..=*end).contains(&character))
        };
        if negated {
            return USUAL.chars().find(|&character| !within(character));
        }
        let usual = USUAL.chars().find(|&character| within(character));
        usual.or_else(|| ranges.first().map(|(start, _)| *start))
    }

    /// How often the piece just read is written.
    fn times(&mut self) -> Option<usize> {
        let times = match self.ahead.peek() {
            Some('*') => self.more,
            Some('+') => self.more.max(1),
            Some('?') => self.more.min(1),
            Some('{') => return self.counted(),
            _ => return Some(1),
        };
        self.ahead.next();
        self.ahead.next_if_eq(&'?');
        Some(times)
    }

    fn counted(&mut self) -> Option<usize> {
        self.ahead.next();
        let mut number = String::new();
        loop {
            match self.ahead.next()? {
                '}' => break,
                character => number.push(character),
            }
        }
        self.ahead.next_if_eq(&'?');
        let (least, most) = match number.split_once(',') {
            None => (number.as_str(), number.as_str()),
            Some(bounds) => bounds,
        };
        let least: usize = least.parse().ok()?;
        let most = if most.is_empty() {
            usize::MAX
        } else {
            most.parse().ok()?
        };
        Some(self.more.max(least).min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simple_pattern_has_an_example() {
        for (pattern, more, text) in [
            (r"^\d+px$", 0, "0px"),
            (r"^\d{4}-\d{2}$", 0, "0000-00"),
            (r"^(asc|desc):[A-Z]{2,5}$", 0, "asc:AA"),
            (r"^(asc|desc):[A-Z]{2,5}$", 9, "asc:AAAAA"),
            (r"^https?:\/\/[^\/]+$", 0, "http://a"),
            (r"^(?:[a-f]|x)*$", 3, "aaa"),
            (r"^(?!\.)[\w.-]+@x$", 0, "a@x"),
            (r"^\u0041[#\-]$", 0, "A-"),
            (r"^(?<year>[1-9])?$", 1, "1"),
        ] {
            assert_eq!(example(pattern, more).as_deref(), Some(text), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_is_not_simple_has_none() {
        for pattern in [
            r"(a)\1",
            r"\p{L}",
            "(",
            ")",
            "[a",
            "a{99999999}",
            "(a{9999}){9999}",
            "\\",
        ] {
            assert_eq!(example(pattern, 0), None, "{pattern}");
        }
        assert_eq!(example(&"(".repeat(100_000), 0), None);
        assert_eq!(example("(a*)*", usize::MAX), None);
    }
}
