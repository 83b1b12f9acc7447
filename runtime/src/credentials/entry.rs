//! What the configuration says of one slot: `[credentials.NAME]`.

use std::path::PathBuf;

use crate::config::Table;
use crate::environment;
use crate::error::Error;
use crate::secret::Secret;
use crate::vault::{Address, Carrier, Grant};

/// Where the value of a slot comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(super) source: Origin,
    /// What the server gets of a credential of the vault's.
    pub(super) mode: Option<Mode>,
    /// The variable of the caller's, where it has another name than the slot.
    pub(super) variable: Option<String>,
    /// The file that holds the value, where it is not one that `auth set` wrote.
    pub(super) path: Option<PathBuf>,
    /// The words of a helper that prints the value.
    pub(super) command: Option<Vec<String>>,
    pub(super) grant_id: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) account: Option<String>,
    pub(super) label: Option<String>,
    /// Where the token of the user is: `env:NAME` or `@FILE`.
    pub(super) user_token: Option<String>,
    /// A part of the credential: `username`, `password`, or one that the operator has named.
    pub(super) field: Option<String>,
    /// What every request to a route begins with.
    pub(super) origin: Option<String>,
    /// Whether the value is masked in what is printed.
    pub(super) secret: Option<bool>,
}

/// The sources, by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Env,
    Keychain,
    File,
    Command,
    Alter,
}

/// The modes, by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The value itself, in the environment of the server.
    Env,
    /// A loopback address; this program puts the credential in.
    Proxy,
    /// A loopback address; the vault puts the credential in.
    Forward,
    /// A key to the vault of a few minutes.
    Derive,
    /// A header of the requests to a remote server.
    Header,
}

impl Mode {
    const ALL: [Self; 5] = [
        Self::Env,
        Self::Proxy,
        Self::Forward,
        Self::Derive,
        Self::Header,
    ];

    /// Its name in the configuration.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::Proxy => "proxy",
            Self::Forward => "forward",
            Self::Derive => "derive",
            Self::Header => "header",
        }
    }

    /// Who carries the requests of a route, if it makes one.
    pub(super) fn carrier(self) -> Option<Carrier> {
        match self {
            Self::Proxy => Some(Carrier::Program),
            Self::Forward => Some(Carrier::Vault),
            Self::Env | Self::Derive | Self::Header => None,
        }
    }
}

/// What is wrong with an entry, and where in it.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    /// The key; empty for the entry as a whole.
    key: &'static str,
    words: String,
}

impl Entry {
    /// Reads the entry of a slot.
    pub(crate) fn read(name: &str, mut table: Table<'_>) -> Result<Self, Error> {
        let source = table.choice("source", &Origin::ALL, Origin::name)?;
        let Some(source) = source else {
            return Err(table.refused("", "names no source: source = \"keychain\""));
        };
        let command = table.texts("command")?;
        let entry = Self {
            source,
            mode: table.choice("mode", &Mode::ALL, Mode::name)?,
            variable: table.text("variable")?,
            path: table.path("path")?,
            command: command.map(|words| words.into_iter().map(|(word, _)| word).collect()),
            grant_id: table.text("grant_id")?,
            provider: table.text("provider")?,
            account: table.text("account")?,
            label: table.text("label")?,
            user_token: table.text("user_token")?,
            field: table.text("field")?,
            origin: table.text("origin")?,
            secret: table.switch("secret")?,
        };
        let check = entry.check(name);
        check.map_err(|wrong| table.refused(wrong.key, &wrong.words))?;
        table.end()?;
        Ok(entry)
    }

    /// Whether its keys go together.
    fn check(&self, name: &str) -> Result<(), Wrong> {
        let wrong = |key: &'static str, words: &str| {
            Err(Wrong {
                key,
                words: words.to_owned(),
            })
        };
        if !crate::template::is_name(name) {
            return wrong("", "not a name of a variable");
        }
        let alone = [
            ("variable", self.variable.is_some(), Origin::Env),
            ("path", self.path.is_some(), Origin::File),
            ("command", self.command.is_some(), Origin::Command),
            ("mode", self.mode.is_some(), Origin::Alter),
            ("grant_id", self.grant_id.is_some(), Origin::Alter),
            ("provider", self.provider.is_some(), Origin::Alter),
            ("account", self.account.is_some(), Origin::Alter),
            ("label", self.label.is_some(), Origin::Alter),
            ("user_token", self.user_token.is_some(), Origin::Alter),
            ("field", self.field.is_some(), Origin::Alter),
            ("origin", self.origin.is_some(), Origin::Alter),
        ];
        for (key, is_given, origin) in alone {
            if is_given && origin != self.source {
                return wrong(key, &format!("goes with source = \"{}\"", origin.name()));
            }
        }
        match self.source {
            Origin::Command if self.command.as_ref().is_none_or(Vec::is_empty) => wrong(
                "",
                "names no command: command = [\"op\", \"read\", \"op://…\"]",
            ),
            Origin::Alter => self.check_grant(),
            Origin::Env | Origin::Keychain | Origin::File | Origin::Command => Ok(()),
        }
    }

    fn check_grant(&self) -> Result<(), Wrong> {
        let wrong = |key: &'static str, words: &str| {
            Err(Wrong {
                key,
                words: words.to_owned(),
            })
        };
        if self.mode == Some(Mode::Derive) {
            return match self.grant_id.is_some() || self.provider.is_some() {
                true => wrong("mode", "a derived key is of no grant"),
                false => Ok(()),
            };
        }
        match (&self.grant_id, &self.provider) {
            (Some(_), Some(_)) => {
                return wrong("grant_id", "names a grant that `provider` names as well");
            }
            (None, None) => {
                return wrong("", "names no grant: provider = \"…\" or grant_id = \"…\"");
            }
            (Some(_), None) if self.account.is_some() || self.label.is_some() => {
                return wrong("grant_id", "needs no account and no label");
            }
            _ => {}
        }
        let is_route = self.mode.is_some_and(|mode| mode.carrier().is_some());
        match &self.origin {
            None if is_route => wrong(
                "mode",
                "needs the origin of the requests: origin = \"https://api.example/v1\"",
            ),
            Some(origin) if !is_origin(origin) => wrong(
                "origin",
                "not an https origin, with or without a path, as in https://api.example/v1",
            ),
            Some(_) if is_route && self.field.is_some() => {
                wrong("field", "a route uses the whole credential")
            }
            _ => Ok(()),
        }
    }

    /// The grant that it names.
    pub(super) fn grant(&self) -> Result<Grant, Error> {
        let by = match (&self.grant_id, &self.provider) {
            (Some(id), _) => Address::Id(id.clone()),
            (None, provider) => Address::Provider {
                provider: provider.clone().unwrap_or_default(),
                account: self.account.clone(),
                label: self.label.clone(),
            },
        };
        let user_token = self.user_token.as_deref().map(reference).transpose()?;
        Ok(Grant { by, user_token })
    }

    /// Whether two entries are of one grant, whoever it is asked for.
    pub(super) fn is_of_the_grant_of(&self, other: &Self) -> bool {
        (&self.grant_id, &self.provider, &self.account, &self.label)
            == (
                &other.grant_id,
                &other.provider,
                &other.account,
                &other.label,
            )
    }
}

impl Origin {
    const ALL: [Self; 5] = [
        Self::Env,
        Self::Keychain,
        Self::File,
        Self::Command,
        Self::Alter,
    ];

    /// Its name in the configuration.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::Keychain => "keychain",
            Self::File => "file",
            Self::Command => "command",
            Self::Alter => "alter",
        }
    }
}

/// A secret that a text says the place of: `env:NAME` or `@FILE`.
pub(crate) fn reference(text: &str) -> Result<Secret, Error> {
    environment::referred("", text)?.ok_or_else(|| {
        Error::usage(
            "a secret is not written into the configuration: say where it is, with env:NAME or @FILE",
        )
    })
}

/// Whether a text is an https origin, with or without a path. Plain HTTP is for this machine alone.
fn is_origin(text: &str) -> bool {
    let host = |rest: &str| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    let is_clean = |rest: &str| {
        !rest.contains(['?', '#', '\\', '@'])
            && !rest.contains(char::is_whitespace)
            && !host(rest).is_empty()
            && !rest.split('/').any(|segment| matches!(segment, "." | ".."))
    };
    match text.split_once("://") {
        Some(("https", rest)) => is_clean(rest),
        Some(("http", rest)) => is_clean(rest) && is_loopback(&host(rest)),
        _ => false,
    }
}

/// Whether a host, with or without a port, is this machine.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for origin in [
            "https://api.example",
            "https://api.example/v1",
            "http://127.0.0.1:8080/v1",
            "http://localhost",
            "http://[::1]:1/x",
        ] {
            assert!(is_origin(origin), "{origin}");
        }
        for origin in [
            "http://api.example",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.1@evil.example",
            "https://user@api.example",
            "https://api.example/../x",
            "https://api.example?x=1",
            "https://",
            "api.example",
            "ftp://api.example",
        ] {
            assert!(!is_origin(origin), "{origin}");
        }
    }
}
