//! Texts with holes: `${NAME}` and `${NAME:-fallback}`.
//!
//! The whole grammar: `${`, a name of ASCII letters, digits and `_` that does not start with a
//! digit, then `}` or `:-`, a fallback without `}`, and `}`. Everything else stands for itself,
//! `$NAME` and a lone `${` included, and nothing is escaped. A fallback does not nest: it ends at
//! the first `}`. Client configs also write `${env:NAME}` and `${input:NAME}`; those are read as
//! `${NAME}` and never written.

use std::borrow::Cow;

use heck::ToShoutySnakeCase;

/// A stretch of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Text that stands for itself.
    Text(&'a str),
    /// A hole that a slot fills.
    Reference {
        /// The slot.
        name: Cow<'a, str>,
        /// What stands there when the slot is empty.
        fallback: Option<&'a str>,
    },
}

/// Takes a template apart. Neighbouring texts are one part, and no part is empty.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(found) = text[at..].find("${") {
        let open = at + found;
        match reference(&text[open..]) {
            Some((part, length)) => {
                if start < open {
                    parts.push(Part::Text(&text[start..open]));
                }
                parts.push(part);
                at = open + length;
                start = at;
            }
            None => at = open + 2,
        }
    }
    if start < text.len() {
        parts.push(Part::Text(&text[start..]));
    }
    parts
}

/// Whether a text has a hole.
pub(super) fn has_reference(text: &str) -> bool {
    parts(text)
        .iter()
        .any(|part| matches!(part, Part::Reference { .. }))
}

/// The same template in the one spelling that the runtime reads.
pub(super) fn canonical(text: &str) -> String {
    parts(text).iter().map(ToString::to_string).collect()
}

/// A template that is one hole.
pub(super) fn reference_to(name: &str) -> String {
    format!("${{{name}}}")
}

/// Whether a name can be a slot's, which is to say an environment variable's in a shell.
pub(super) fn is_slot_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || char == '_')
}

/// A slot's name for something called otherwise: `X-Api-Key` becomes `X_API_KEY`. A name that can
/// be a slot's stays as it is.
pub(super) fn slot_name(name: &str) -> String {
    if is_slot_name(name) {
        return name.to_owned();
    }
    screaming(name)
}

/// A slot's name in capitals, for what is not an environment variable where it comes from.
pub(super) fn screaming(name: &str) -> String {
    let ascii: String = name
        .chars()
        .map(|char| if char.is_ascii() { char } else { ' ' })
        .collect();
    let slot = ascii.to_shouty_snake_case();
    match slot.chars().next() {
        None => "VALUE".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("_{slot}"),
        Some(_) => slot,
    }
}

impl std::fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Reference {
                name,
                fallback: None,
            } => write!(f, "${{{name}}}"),
            Self::Reference {
                name,
                fallback: Some(fallback),
            } => write!(f, "${{{name}:-{fallback}}}"),
        }
    }
}

/// Reads the reference a text starts with, and says how long it is.
fn reference(text: &str) -> Option<(Part<'_>, usize)> {
    let inside = text.strip_prefix("${")?;
    let inside = &inside[..inside.find('}')?];
    let length = "${".len() + inside.len() + "}".len();
    let (name, fallback) = match inside.split_once(":-") {
        Some((name, fallback)) => (name, Some(fallback)),
        None => (inside, None),
    };
    let name = if let Some(variable) = name.strip_prefix("env:") {
        is_slot_name(variable).then_some(Cow::Borrowed(variable))?
    } else if let Some(input) = name.strip_prefix("input:") {
        // An input's id is free text, often `github-token`.
        if input.is_empty() || input.contains("${") {
            return None;
        }
        Cow::Owned(slot_name(input))
    } else {
        is_slot_name(name).then_some(Cow::Borrowed(name))?
    };
    Some((Part::Reference { name, fallback }, length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A template's parts as a short text: references as `<name>` or `<name|fallback>`.
    fn outline(text: &str) -> String {
        parts(text)
            .into_iter()
            .map(|part| match part {
                Part::Text(text) => format!("[{text}]"),
                Part::Reference {
                    name,
                    fallback: None,
                } => format!("<{name}>"),
                Part::Reference {
                    name,
                    fallback: Some(fallback),
                } => format!("<{name}|{fallback}>"),
            })
            .collect()
    }

    #[test]
    fn only_well_formed_references_are_holes() {
        for (text, expected) in [
            ("", ""),
            ("plain", "[plain]"),
            ("${A}", "<A>"),
            ("x${A}y${_b2}z", "[x]<A>[y]<_b2>[z]"),
            ("${A}${B}", "<A><B>"),
            ("${A:-x}", "<A|x>"),
            ("${A:-}", "<A|>"),
            ("${A:-http://x:-1}", "<A|http://x:-1>"),
            ("$A", "[$A]"),
            ("$$", "[$$]"),
            ("${", "[${]"),
            ("${A", "[${A]"),
            ("${}", "[${}]"),
            ("${1x}", "[${1x}]"),
            ("${a-b}", "[${a-b}]"),
            ("${A:x}", "[${A:x}]"),
            ("${A }", "[${A }]"),
            ("${é}", "[${é}]"),
            ("$${A}", "[$]<A>"),
            ("${${A}}", "[${]<A>[}]"),
            ("${A:-${B}}", "<A|${B>[}]"),
            ("${1x:-${B}}", "[${1x:-]<B>[}]"),
            ("${env:A}", "<A>"),
            ("${env:A:-x}", "<A|x>"),
            ("${env:a-b}", "[${env:a-b}]"),
            ("${input:api_key}", "<api_key>"),
            ("${input:github-token}", "<GITHUB_TOKEN>"),
            ("${input:}", "[${input:}]"),
            ("${input:${A}}", "[${input:]<A>[}]"),
        ] {
            assert_eq!(outline(text), expected, "{text}");
        }
    }

    #[test]
    fn other_clients_spellings_become_the_one_the_runtime_reads() {
        assert_eq!(
            canonical("Bearer ${input:my-key} ${env:B:-c} $D"),
            "Bearer ${MY_KEY} ${B:-c} $D"
        );
    }

    #[test]
    fn a_slot_is_named_after_what_it_fills() {
        for (name, expected) in [
            ("X-Api-Key", "X_API_KEY"),
            ("Authorization", "AUTHORIZATION"),
            ("exaApiKey", "EXA_API_KEY"),
            ("3rd-key", "_3RD_KEY"),
            ("clé", "CL"),
            ("--", "VALUE"),
        ] {
            assert_eq!(screaming(name), expected, "{name}");
            assert!(is_slot_name(expected), "{expected}");
        }
        assert_eq!(slot_name("already_fine"), "already_fine");
    }

    proptest! {
        #[test]
        fn a_template_of_plain_references_is_its_parts_joined(text in r"[ab$\{\}:_1é-]{0,24}") {
            prop_assert_eq!(canonical(&text), text);
        }

        #[test]
        fn canonical_text_reads_as_itself(text in r"(\$\{(env:|input:)?[a-z1-]{0,3}(:-[a}$]?)?\}?|[$x])*") {
            let once = canonical(&text);
            prop_assert_eq!(canonical(&once), once);
        }

        #[test]
        fn every_reference_names_a_slot(text in any::<String>()) {
            for part in parts(&text) {
                if let Part::Reference { name, .. } = part {
                    prop_assert!(is_slot_name(&name));
                }
            }
        }

        #[test]
        fn every_made_up_name_is_a_slots(name in any::<String>()) {
            prop_assert!(is_slot_name(&slot_name(&name)));
            prop_assert!(is_slot_name(&screaming(&name)));
        }
    }
}
