//! What the configuration says of one slot: `[credentials.NAME]`.

use std::path::PathBuf;

use super::destination;
use super::store::Place;
use crate::config::{Lines, Table};
use crate::environment::{Reference, VAULT_KEYS};
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
    /// Where the token of the user is.
    pub(super) user_token: Option<Reference>,
    /// A part of the credential: `username`, `password`, or one that the operator has named.
    pub(super) field: Option<String>,
    /// What every request to a route begins with; of a credential that is handed over, where it goes.
    pub(super) origin: Option<String>,
    /// Whether the value is masked in what is printed.
    pub(super) secret: Option<bool>,
    /// Where all of that stands.
    pub(super) lines: Lines,
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

/// What is wrong with an entry: the key, empty for the entry as a whole, and the words for it.
type Wrong = (&'static str, String);

fn wrong(key: &'static str, words: &str) -> Result<(), Wrong> {
    Err((key, words.to_owned()))
}

impl Entry {
    /// Reads the entry of a slot.
    pub(crate) fn read(name: &str, mut table: Table<'_>) -> Result<Self, Error> {
        let source = table.choice("source", &Origin::ALL, Origin::name)?;
        let Some(source) = source else {
            return Err(table.refused("", "names no source: source = \"keychain\""));
        };
        let command = table.texts("command")?;
        let path = table.path("path")?;
        let mut text = |key| match table.text(key)? {
            Some(text) if text.is_empty() => Err(table.refused(key, "is empty")),
            text => Ok(text),
        };
        let user_token = text("user_token")?;
        let mut entry = Self {
            source,
            variable: text("variable")?,
            path,
            command: command.map(|words| words.into_iter().map(|(word, _)| word).collect()),
            grant_id: text("grant_id")?,
            provider: text("provider")?,
            account: text("account")?,
            label: text("label")?,
            user_token: None,
            field: text("field")?,
            origin: text("origin")?,
            mode: table.choice("mode", &Mode::ALL, Mode::name)?,
            secret: table.switch("secret")?,
            lines: table.lines(),
        };
        if let Some(text) = user_token {
            let refused = |words: &str| table.refused("user_token", words);
            let reference = Reference::of(&text).map_err(refused)?;
            entry.user_token = Some(reference.ok_or_else(|| refused(NOT_WRITTEN_DOWN))?);
        }
        let check = entry.check(name);
        check.map_err(|(key, words)| table.refused(key, &words))?;
        table.end()?;
        Ok(entry)
    }

    /// Whether its keys go together.
    fn check(&self, name: &str) -> Result<(), Wrong> {
        if !crate::template::is_name(name) {
            return wrong("", "not a name of a variable");
        }
        let alone = [
            ("variable", self.variable.is_some(), Origin::Env),
            ("path", self.path.is_some(), Origin::File),
            ("command", self.command.is_some(), Origin::Command),
            ("mode", self.mode.is_some(), Origin::Alter),
        ];
        let alone = alone.into_iter().chain(
            self.of_grant()
                .map(|(key, is_given)| (key, is_given, Origin::Alter)),
        );
        for (key, is_given, origin) in alone {
            if is_given && origin != self.source {
                return wrong(key, &format!("goes with source = \"{}\"", origin.name()));
            }
        }
        let is_key = name == VAULT_KEYS[0];
        match self.source {
            Origin::Env
                if !is_key
                    && let Some(variable) = &self.variable
                    && VAULT_KEYS.contains(&variable.as_str()) =>
            {
                wrong(
                    "variable",
                    "that is the key to the vault, which no server gets",
                )
            }
            Origin::Command
                if self
                    .command
                    .as_ref()
                    .and_then(|words| words.first())
                    .is_none_or(String::is_empty) =>
            {
                wrong(
                    if self.command.is_some() {
                        "command"
                    } else {
                        ""
                    },
                    "names no command: command = [\"op\", \"read\", \"op://…\"]",
                )
            }
            Origin::Alter if is_key => wrong(
                "source",
                "the key to the vault is not in the vault; for a server that speaks to the vault itself \
                 there is [credentials.AGENT_API_KEY] with mode = \"derive\"",
            ),
            Origin::Alter if self.mode == Some(Mode::Derive) => self.check_derived(),
            Origin::Alter => self.check_grant(),
            Origin::Env | Origin::Keychain | Origin::File | Origin::Command => Ok(()),
        }
    }

    /// The keys that say something of a grant, and whether they are given.
    fn of_grant(&self) -> impl Iterator<Item = (&'static str, bool)> {
        [
            ("grant_id", self.grant_id.is_some()),
            ("provider", self.provider.is_some()),
            ("account", self.account.is_some()),
            ("label", self.label.is_some()),
            ("user_token", self.user_token.is_some()),
            ("field", self.field.is_some()),
            ("origin", self.origin.is_some()),
        ]
        .into_iter()
    }

    fn check_derived(&self) -> Result<(), Wrong> {
        match self.of_grant().find(|(_, is_given)| *is_given) {
            Some((key, _)) => wrong(key, "a derived key is of no grant"),
            None => Ok(()),
        }
    }

    fn check_grant(&self) -> Result<(), Wrong> {
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
            (Some(id), None) if !is_id(id) => {
                return wrong("grant_id", "not the id of a grant, which is a UUID");
            }
            _ => {}
        }
        let is_route = self.mode.is_some_and(|mode| mode.carrier().is_some());
        match &self.origin {
            None if is_route => wrong(
                "mode",
                "needs the origin of the requests: origin = \"https://api.example/v1\"",
            ),
            Some(origin) if is_route && origin.starts_with("unix:") => {
                wrong("origin", "a route leads to an https origin")
            }
            Some(origin) if !destination::is_origin(origin) => wrong(
                "origin",
                "not an https origin, with or without a path, as in https://api.example/v1",
            ),
            Some(_) if is_route && self.field.is_some() => {
                wrong("field", "a route uses the whole credential")
            }
            _ => Ok(()),
        }
    }

    /// What is to be said of a value that was kept where it is not looked for.
    pub(crate) fn is_not_looked_for(&self, place: Place) -> Option<String> {
        let is_sought = match self.source {
            Origin::Keychain => place == Place::Keychain,
            Origin::File => self.path.is_none(),
            Origin::Env | Origin::Command | Origin::Alter => false,
        };
        let subject = self.lines.subject("source");
        let name = self.source.name();
        (!is_sought)
            .then(|| format!("{subject} is \"{name}\": what was kept now is not looked for"))
    }

    /// The caller's variable that is read for the slot.
    pub(super) fn variable_of(&self, name: &str) -> String {
        self.variable.clone().unwrap_or_else(|| name.to_owned())
    }

    /// The error for what one of its keys says, with a way out.
    pub(super) fn refused(&self, key: &str, words: &str, hint: &str) -> Error {
        self.lines.refused(key, words, hint)
    }

    /// The grant that it names. Whose it is has to be read first.
    pub(super) fn grant(&self) -> Grant {
        let by = match (&self.grant_id, &self.provider) {
            (Some(id), _) => Address::Id(id.clone()),
            (None, provider) => Address::Provider {
                provider: provider.clone().unwrap_or_default(),
                account: self.account.clone(),
                label: self.label.clone(),
            },
        };
        Grant {
            by,
            user_token: None,
        }
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

const NOT_WRITTEN_DOWN: &str =
    "a secret is not written down here: say where it is, with env:NAME or @FILE";

/// A secret that an option says the place of: `env:NAME` or `@FILE`.
pub(crate) fn reference(option: &str, text: &str) -> Result<Secret, Error> {
    let refused = |words: &str| Error::usage(format!("{option}: {words}"));
    let reference = Reference::of(text).map_err(refused)?;
    let reference = reference.ok_or_else(|| refused(NOT_WRITTEN_DOWN))?;
    let read = reference.read();
    read.map_err(|why| reference.missing(option, &why))
}

/// Whether a text is a UUID (RFC 9562).
fn is_id(text: &str) -> bool {
    let parts = text.split('-').map(str::len);
    parts.eq([8, 4, 4, 4, 12])
        && text
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
