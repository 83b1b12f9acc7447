//! A value that nobody is to see.

pub(crate) mod mask;

use std::sync::Arc;

use zeroize::Zeroizing;

/// A credential, from the line that reads it to the line that sends it.
///
/// It is wiped when the last of its clones is dropped, it has no `Display`, its `Debug` says nothing,
/// and [`Secret::expose`] is the only way out of it. All that is printed is searched for it first
/// (`secret/mask.rs`), for servers repeat what they were sent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes a value in.
    pub fn new(value: impl Into<String>) -> Self {
        let secret = Self::plain(value);
        mask::learn(&secret.0);
        secret
    }

    /// Takes in a value that travels where secrets do and is none, such as the name of an
    /// organisation: where the server repeats it, it is printed.
    pub fn plain(value: impl Into<String>) -> Self {
        Self(Arc::new(Zeroizing::new(value.into())))
    }

    /// The same as a value that is printed, because its user says that it is no secret.
    pub(crate) fn shown(self) -> Self {
        mask::show(&self.0);
        self
    }

    /// The value, for the header, the form or the file that it belongs in.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Whether a value of this name is to be printed where a server repeats it: names of places and
/// people, which half of all answers are about.
///
/// A guess, which the configuration can overrule. What is neither known nor plain is a secret.
pub(crate) fn is_plain(name: &str, value: &str) -> bool {
    const LAST_WORDS: [&str; 36] = [
        "account",
        "cluster",
        "database",
        "debug",
        "dir",
        "domain",
        "email",
        "endpoint",
        "env",
        "environment",
        "folder",
        "format",
        "host",
        "hostname",
        "id",
        "instance",
        "language",
        "level",
        "locale",
        "mode",
        "model",
        "name",
        "org",
        "path",
        "port",
        "profile",
        "project",
        "region",
        "root",
        "schema",
        "team",
        "tenant",
        "timeout",
        "uri",
        "url",
        "user",
    ];
    let lower = name.to_ascii_lowercase();
    let last = lower.rsplit('_').next().unwrap_or_default();
    let is_listed = LAST_WORDS.contains(&last) || matches!(last, "version" | "workspace");
    // Some addresses have a password in them.
    let has_password = value.split_once("://").is_some_and(|(_, rest)| {
        rest.split(['/', '?'])
            .next()
            .unwrap_or_default()
            .contains('@')
    });
    is_listed && !has_password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new("open-sesame");
        assert_eq!(
            format!("{secret:?} {:#?}", Some(&secret))
                .matches("sesame")
                .count(),
            0
        );
        assert_eq!(secret.expose(), "open-sesame");
    }

    #[test]
    fn names_of_places_and_people_are_no_secrets() {
        for (name, value) in [
            ("ORG_ID", "acme"),
            ("AWS_REGION", "eu-central-1"),
            ("API_URL", "https://x.example/a@b"),
        ] {
            assert!(is_plain(name, value), "{name}");
        }
        for (name, value) in [
            ("MAPI_KEY", "x"),
            ("PASSWORD", "x"),
            ("TOKEN", "x"),
            ("DATABASE_URL", "postgres://u:p@h/d"),
        ] {
            assert!(!is_plain(name, value), "{name}");
        }
    }
}
