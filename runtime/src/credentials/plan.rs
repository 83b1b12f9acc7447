//! Where each value is to come from. Nobody is asked for any.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::destination;
use super::entry::{Entry, Mode, Origin};
use super::heed::is_secret;
use super::store::{Kept, Store};
use crate::config::Config;
use crate::environment::{self, Overrides, Reference, VAULT_KEYS};
use crate::error::{self, Error, Missing, Sought};
use crate::secret::Secret;
use crate::spec::{Spec, Transport};
use crate::template::{self, Part};
use crate::vault::What;

/// A slot, or a variable of the server that the configuration names, and where its value is from.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) name: String,
    /// What it is; empty where nobody said.
    pub(crate) about: &'static str,
    /// Whether the server is not started without it.
    pub(crate) required: bool,
    /// Whether it is masked in what is printed.
    pub(crate) secret: bool,
    pub(crate) from: From,
    /// What the configuration says of it.
    pub(crate) entry: Option<Entry>,
}

/// Where a value is from.
#[derive(Debug)]
pub(crate) enum From {
    /// `--mcp-env`.
    Option(Secret),
    /// The caller's environment.
    Environment {
        variable: String,
        value: Secret,
    },
    /// What `auth set` has kept.
    Store(super::store::Place),
    /// The keychain, whoever put it there.
    Keychain,
    /// A file that holds the value.
    File(PathBuf),
    /// A program that prints the value.
    Helper(Vec<String>),
    /// The vault. Whose grant it is stands elsewhere, and is read before the vault is asked.
    Vault {
        what: What,
        user: Option<Reference>,
    },
    Nowhere,
}

impl From {
    /// Whether the keychain has the value.
    pub(super) fn is_keychain(&self) -> bool {
        matches!(
            self,
            Self::Keychain | Self::Store(super::store::Place::Keychain)
        )
    }
}

impl Planned {
    /// It as a value that nobody gave.
    pub(crate) fn missing(&self) -> Missing {
        let sought = self.entry.as_ref().and_then(|entry| {
            let place = match entry.source {
                Origin::Env => error::Place::Variable(entry.variable_of(&self.name)),
                Origin::Keychain => error::Place::Keychain,
                Origin::File => error::Place::File,
                Origin::Command | Origin::Alter => return None,
            };
            let by = entry.lines.shown("source");
            Some(Sought { by, place })
        });
        Missing {
            sought,
            ..Missing::new(&self.name, self.about)
        }
    }

    /// Where the configuration says something of it, as the beginning of what is said of that.
    pub(super) fn subject(&self, key: &str) -> String {
        match &self.entry {
            Some(entry) => entry.lines.subject(key),
            None => self.name.clone(),
        }
    }
}

/// Plans every value of a run: of all slots, of all variables that the configuration or an option
/// names, and of all that templates name and the caller has.
pub(crate) fn plan(
    spec: &Spec,
    overrides: &Overrides,
    config: &Config,
) -> Result<Vec<Planned>, Error> {
    let given = environment::given(&overrides.env)?;
    let kept = Shelf::of(spec.name);
    let entries = config.sections.credentials.iter();
    let mut entries: BTreeMap<&str, &Entry> = entries
        .map(|(name, entry)| (name.as_str(), entry))
        .collect();
    // What is said of the vault's key is where this program gets it. No server does.
    let is_key_sought = entries.remove(VAULT_KEYS[0]).is_some();
    let mut names: BTreeSet<&str> = spec.slots.iter().map(|slot| slot.name).collect();
    names.extend(given.keys().map(String::as_str));
    names.extend(entries.keys().copied());
    let mut planned = Vec::with_capacity(names.len());
    for name in names {
        let slot = spec.slots.iter().find(|slot| slot.name == name);
        let entry = entries.get(name).copied();
        let from = match (given.get(name), entry) {
            (Some(value), _) => From::Option(value.clone()),
            (None, Some(entry)) => match own(name, entry) {
                Some(from) => from,
                None => From::Vault {
                    what: of_vault(spec, overrides, config, name, entry)?,
                    user: entry.user_token.clone(),
                },
            },
            (None, None) if is_key_sought && name == VAULT_KEYS[0] => From::Nowhere,
            (None, None) => match environment::value(name) {
                Some(value) => From::Environment {
                    variable: name.to_owned(),
                    value: Secret::plain(value),
                },
                None => kept.place(name)?.map_or(From::Nowhere, From::Store),
            },
        };
        let value = match &from {
            From::Option(value) | From::Environment { value, .. } => Some(value.expose()),
            _ => None,
        };
        let secret = is_secret(name, value, slot, entry);
        planned.push(Planned {
            name: name.to_owned(),
            about: slot.map_or("", |slot| slot.about),
            required: slot.is_some_and(|slot| slot.required),
            secret,
            from,
            entry: entry.cloned(),
        });
    }
    Ok(planned)
}

/// Where the key to the vault is, as the configuration says; none where it says nothing of it.
pub(crate) fn key(config: &Config) -> Option<Planned> {
    let [name, _] = VAULT_KEYS;
    let entry = config.sections.credentials.get(name)?;
    Some(Planned {
        name: name.to_owned(),
        about: "the key to the vault",
        required: true,
        secret: true,
        from: own(name, entry)?,
        entry: Some(entry.clone()),
    })
}

/// What `auth set` has kept, looked at when it is first asked for.
struct Shelf {
    store: Store,
    kept: OnceCell<BTreeMap<String, Kept>>,
}

impl Shelf {
    fn of(program: &str) -> Self {
        Self {
            store: Store::of(program),
            kept: OnceCell::new(),
        }
    }

    fn place(&self, name: &str) -> Result<Option<super::store::Place>, Error> {
        let kept = match self.kept.get() {
            Some(kept) => kept,
            None => {
                let listed = self.store.list()?;
                self.kept.get_or_init(|| listed)
            }
        };
        Ok(kept.get(name).map(|kept| kept.kept))
    }
}

/// Where a value is that is not the vault's.
fn own(name: &str, entry: &Entry) -> Option<From> {
    Some(match entry.source {
        Origin::Env => {
            let variable = entry.variable_of(name);
            match environment::value(&variable) {
                Some(value) => From::Environment {
                    variable,
                    value: Secret::plain(value),
                },
                None => From::Nowhere,
            }
        }
        Origin::Keychain => From::Keychain,
        Origin::File => match &entry.path {
            Some(path) => From::File(path.clone()),
            None => From::Store(super::store::Place::File),
        },
        Origin::Command => From::Helper(entry.command.clone().unwrap_or_default()),
        Origin::Alter => return None,
    })
}

/// What of a grant a slot is to get.
///
/// # Errors
///
/// Where the mode would have to be guessed, or does not suit the server.
fn of_vault(
    spec: &Spec,
    overrides: &Overrides,
    config: &Config,
    name: &str,
    entry: &Entry,
) -> Result<What, Error> {
    let url = environment::url(spec, overrides);
    let grant = || entry.grant();
    Ok(match (entry.mode, url) {
        (None | Some(Mode::Header), Some(url)) => {
            check_destination(spec, entry, &url)?;
            match (is_placed(spec, overrides, name), &entry.field) {
                (true, field) => What::Value {
                    grant: grant(),
                    field: field.clone(),
                    destination: Some(url),
                },
                (false, None) => What::Headers {
                    grant: grant(),
                    url,
                },
                (false, Some(_)) => {
                    return Err(entry.refused(
                        "field",
                        "the headers of a request have the whole credential",
                        &format!("give one part of it a place: --mcp-header 'Name: ${{{name}}}'"),
                    ));
                }
            }
        }
        (Some(mode), Some(_)) => {
            return Err(entry.refused(
                "mode",
                &format!(
                    "mode = \"{}\" is for servers that are started from here",
                    mode.name()
                ),
                "mode = \"header\" is for remote servers",
            ));
        }
        (Some(Mode::Header), None) => {
            return Err(entry.refused(
                "mode",
                "mode = \"header\" is for remote servers",
                "mode = \"proxy\" with an origin keeps a credential from a server that is started from here",
            ));
        }
        // Its place is taken by a route of the same grant: the server gets a stand-in.
        (None, None) if has_route(config, entry) => What::Capability,
        (None, None) => {
            return Err(entry.refused(
                "mode",
                "it is not said what the server gets of the credential",
                "mode = \"proxy\" on the variable that holds a base URL keeps it from the server; \
                 mode = \"env\" hands it over, visible to the server and to all that this user runs",
            ));
        }
        (Some(Mode::Derive), None) => What::Derived,
        (Some(Mode::Env), None) => What::Value {
            grant: grant(),
            field: entry.field.clone(),
            destination: entry.origin.clone(),
        },
        (Some(mode @ (Mode::Proxy | Mode::Forward)), None) => match mode.carrier() {
            Some(carrier) => What::Route {
                grant: grant(),
                origin: entry.origin.clone().unwrap_or_default(),
                carrier,
            },
            None => What::Capability,
        },
    })
}

/// Whether a credential may go to a remote server: safely, and to no other than the program was made
/// for, unless the configuration names it.
fn check_destination(spec: &Spec, entry: &Entry, url: &str) -> Result<(), Error> {
    let origin = destination::origin(url).ok_or_else(|| {
        entry.refused(
            "mode",
            "it cannot be told for sure which server the URL is of",
            "a credential goes to a URL of the form https://HOST/PATH, without a user in it",
        )
    })?;
    if !destination::is_safe(&origin) {
        return Err(entry.refused(
            "mode",
            "the server is reached over plain HTTP",
            "a credential goes over https, or to this machine",
        ));
    }
    match &entry.origin {
        Some(named) if destination::is_within(url, named) => Ok(()),
        Some(_) => Err(entry.refused(
            "origin",
            &format!("the credential is not for {origin}"),
            "it goes to the origin that is named there and to no other",
        )),
        None if destination::is_own(spec, url) => Ok(()),
        None => Err(entry.refused(
            "",
            &format!(
                "the credential is for the server that {} was made for, and not for {origin}",
                spec.name
            ),
            &format!("to allow it there too, say so in the configuration: origin = \"{origin}\""),
        )),
    }
}

/// Whether requests with the credential of an entry go by a loopback address.
fn has_route(config: &Config, entry: &Entry) -> bool {
    config.sections.credentials.values().any(|other| {
        let is_route = other.mode.is_some_and(|mode| mode.carrier().is_some());
        is_route && other.is_of_the_grant_of(entry)
    })
}

/// Whether a header of the program's own has a place for a slot.
fn is_placed(spec: &Spec, overrides: &Overrides, name: &str) -> bool {
    let own = match spec.server.transport {
        Transport::Http { headers, .. } if overrides.url.is_none() => headers,
        _ => &[],
    };
    let own = own.iter().map(|binding| binding.value);
    let given = overrides.headers.iter().map(String::as_str);
    own.chain(given).any(|template| {
        let parts = template::parts(template);
        parts
            .iter()
            .any(|part| matches!(part, Part::Place { name: place, .. } if *place == name))
    })
}
