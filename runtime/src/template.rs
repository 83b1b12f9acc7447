//! Texts with places for values: `${NAME}` and `${NAME:-fallback}`.
//!
//! Nothing else is special: `$NAME`, a lone `${`, a name that no environment variable could have,
//! all stay as they are, because commands and URLs may hold them for reasons of their own.

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Text that stands for itself.
    Literal(&'a str),
    /// The place of a value.
    Place {
        /// The slot or environment variable that fills it.
        name: &'a str,
        /// What fills it when that has no value.
        fallback: Option<&'a str>,
    },
}

/// Splits a template into its parts.
pub fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut literal = 0;
    let mut from = 0;
    while let Some(start) = template[from..].find("${").map(|at| from + at) {
        let Some((place, end)) = place(template, start) else {
            from = start + 2;
            continue;
        };
        if literal < start {
            parts.push(Part::Literal(&template[literal..start]));
        }
        parts.push(place);
        (literal, from) = (end, end);
    }
    if literal < template.len() {
        parts.push(Part::Literal(&template[literal..]));
    }
    parts
}

/// The template with its places filled; the name of a place that has neither value nor fallback is
/// the error.
pub(crate) fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, &str> {
    let mut text = String::with_capacity(template.len());
    for part in parts(template) {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Place { name, fallback } => match (value(name), fallback) {
                (Some(value), _) => text.push_str(&value),
                (None, Some(fallback)) => text.push_str(fallback),
                (None, None) => return Err(name),
            },
        }
    }
    Ok(text)
}

/// The place that opens at `start`, and where it ends.
fn place(template: &str, start: usize) -> Option<(Part<'_>, usize)> {
    let inside = &template[start + 2..];
    let close = inside.find('}')?;
    let (name, fallback) = match inside[..close].split_once(":-") {
        Some((name, fallback)) => (name, Some(fallback)),
        None => (&inside[..close], None),
    };
    is_name(name).then_some((Part::Place { name, fallback }, start + 2 + close + 1))
}

/// Whether a text can name an environment variable (POSIX, Base Definitions, section 8.1, with
/// lower case allowed).
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> Result<String, &str> {
        fill(template, |name| (name == "A").then(|| "1".to_owned()))
    }

    #[test]
    fn places_are_filled_and_all_else_stays() {
        for (template, text) in [
            ("", ""),
            ("plain", "plain"),
            ("${A}", "1"),
            ("x${A}y${A}", "x1y1"),
            ("${B:-2}", "2"),
            ("${B:-}", ""),
            ("${A:-2}", "1"),
            ("$A", "$A"),
            ("${", "${"),
            ("${1x}", "${1x}"),
            ("${${A}", "${1"),
            ("größe ${A}", "größe 1"),
        ] {
            assert_eq!(filled(template).as_deref(), Ok(text), "{template}");
        }
    }

    #[test]
    fn a_place_without_a_value_is_named() {
        assert_eq!(filled("${A}${MISSING}"), Err("MISSING"));
    }
}
