//! The name of the generated crate, which is also the program's.

use std::fmt;

/// A name that cargo, every shell and every file system take.
///
/// It comes from the user, never from a server: it is the one text of the generated crate that is not
/// a string literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateName(pub(super) String);

/// Why a name cannot be the program's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty or longer than a file system likes.
    #[error("a program's name has 1 to 64 characters, `{0}` has {n}", n = .0.chars().count())]
    Length(String),
    /// It has a character that is not for names.
    #[error("`{name}` cannot be a program's name because of {character:?}")]
    Character {
        /// The name.
        name: String,
        /// The first character that does not fit.
        character: char,
    },
    /// It means something else already.
    #[error("`{name}` cannot be a program's name: {why}")]
    Taken {
        /// The name.
        name: String,
        /// What it is.
        why: &'static str,
    },
}

impl NameError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Length(_) | Self::Character { .. } => {
                "use lower-case ASCII letters, digits, `-` and `_`, a letter first: `--name altr-cli`".into()
            }
            Self::Taken { name, .. } => format!("add a word: `--name {name}-cli`"),
        }
    }
}

impl CrateName {
    /// Takes a name, or says what is wrong with it.
    ///
    /// # Errors
    ///
    /// When cargo, Rust, or a file system would not take it.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if name.is_empty() || name.chars().count() > 64 {
            return Err(NameError::Length(name.to_owned()));
        }
        let fits = |(index, c): (usize, char)| {
            c.is_ascii_lowercase() || index > 0 && (c.is_ascii_digit() || matches!(c, '-' | '_'))
        };
        if let Some((_, character)) = name.chars().enumerate().find(|&place| !fits(place)) {
            return Err(NameError::Character {
                name: name.to_owned(),
                character,
            });
        }
        match TAKEN.iter().find(|(taken, _)| taken.contains(&name)) {
            Some(&(_, why)) => Err(NameError::Taken {
                name: name.to_owned(),
                why,
            }),
            None => Ok(Self(name.to_owned())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CrateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names that mean something else, and what.
const TAKEN: [(&[&str], &str); 5] = [
    (
        &[
            "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
            "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen",
            "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override",
            "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
            "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
            "yield",
        ],
        "it is a keyword of Rust",
    ),
    (
        &["alloc", "core", "proc-macro", "proc_macro", "std", "test"],
        "it is a crate that comes with Rust",
    ),
    (
        &["build", "deps", "examples", "incremental"],
        "cargo keeps a directory of that name",
    ),
    (
        &[
            "aux", "com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
            "con", "lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
            "nul", "prn",
        ],
        "it is a device on Windows",
    ),
    (
        &["mcpress-runtime", "mcpress_runtime", "skeleton"],
        "mcpress uses it",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_taken() {
        for name in ["altr-cli", "x", "my_tool2", "http", "serde"] {
            assert_eq!(CrateName::new(name).expect(name).as_str(), name);
        }
    }

    #[test]
    fn what_would_break_a_manifest_or_a_path_is_refused() {
        for name in [
            "",
            "Altr",
            "2fa",
            "-x",
            "a b",
            "a/b",
            "a\"b",
            "a\nb",
            "é",
            "../x",
            "a.b",
            &"a".repeat(65),
        ] {
            let error = CrateName::new(name).expect_err(name);
            assert!(error.hint().contains("--name"), "{error}");
        }
    }

    #[test]
    fn names_that_mean_something_else_are_refused_with_a_reason() {
        let error = |name| CrateName::new(name).expect_err(name).to_string();
        assert_eq!(
            error("fn"),
            "`fn` cannot be a program's name: it is a keyword of Rust"
        );
        assert_eq!(
            error("test"),
            "`test` cannot be a program's name: it is a crate that comes with Rust"
        );
        assert_eq!(
            error("build"),
            "`build` cannot be a program's name: cargo keeps a directory of that name"
        );
        assert_eq!(
            CrateName::new("nul").expect_err("nul").hint(),
            "add a word: `--name nul-cli`"
        );
    }
}
