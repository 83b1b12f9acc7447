//! Where each value is to come from. Nobody is asked for any.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::entry::{Entry, Mode, Origin, is_loopback};
use super::heed::is_secret;
use super::store::Store;
use crate::config::Config;
use crate::environment::{self, Overrides};
use crate::error::Error;
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
    /// The vault.
    Vault(What),
    Nowhere,
}

/// Plans every value of a run: of all slots, of all variables that the configuration or an option
/// names, and of all that templates name and the caller has.
pub(crate) fn plan(
    spec: &Spec,
    overrides: &Overrides,
    config: &Config,
) -> Result<Vec<Planned>, Error> {
    let given = environment::given(&overrides.env)?;
    let kept = Store::of(spec.name).list()?;
    let entries = &config.sections.credentials;
    let mut names: BTreeSet<&str> = spec.slots.iter().map(|slot| slot.name).collect();
    names.extend(given.keys().map(String::as_str));
    names.extend(entries.keys().map(String::as_str));
    let mut planned = Vec::with_capacity(names.len());
    for name in names {
        let slot = spec.slots.iter().find(|slot| slot.name == name);
        let entry = entries.get(name);
        let from = match (given.get(name), entry) {
            (Some(value), _) => From::Option(value.clone()),
            (None, Some(entry)) => from_entry(spec, overrides, config, name, entry)?,
            (None, None) => match environment::value(name) {
                Some(value) => From::Environment {
                    variable: name.to_owned(),
                    value: Secret::plain(value),
                },
                None => kept
                    .get(name)
                    .map_or(From::Nowhere, |kept| From::Store(kept.kept)),
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
        });
    }
    Ok(planned)
}

fn from_entry(
    spec: &Spec,
    overrides: &Overrides,
    config: &Config,
    name: &str,
    entry: &Entry,
) -> Result<From, Error> {
    Ok(match entry.source {
        Origin::Env => {
            let variable = entry.variable.clone().unwrap_or_else(|| name.to_owned());
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
        Origin::Alter => From::Vault(of_vault(spec, overrides, config, name, entry)?),
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
    let refused = |message: String, hint: &str| {
        let file = config.file.as_ref().map(|file| file.display().to_string());
        let file = file.unwrap_or_default();
        Err(Error::usage_with_hint(
            format!("{file}: credentials.{name}: {message}"),
            hint,
        ))
    };
    let url = environment::url(spec, overrides);
    let mode = match (entry.mode, &url) {
        (Some(mode), _) => mode,
        (None, Some(_)) => Mode::Header,
        // Its place is taken by a route of the same grant: the server gets a stand-in.
        (None, None) if has_route(config, entry) => return Ok(What::Capability),
        (None, None) => {
            return refused(
                "it is not said what the server gets of the credential".to_owned(),
                "mode = \"proxy\" on the variable that holds a base URL keeps it from the server; \
                 mode = \"env\" hands it over, visible to the server and to all that this user runs",
            );
        }
    };
    if let Some(carrier) = mode.carrier() {
        if url.is_some() {
            return refused(
                format!(
                    "mode = \"{}\" is for servers that are started from here",
                    mode.name()
                ),
                "mode = \"header\" is for remote servers",
            );
        }
        return Ok(What::Route {
            grant: entry.grant()?,
            origin: entry.origin.clone().unwrap_or_default(),
            carrier,
        });
    }
    Ok(match (mode, url) {
        (Mode::Derive, _) => What::Derived,
        (Mode::Header, None) => {
            return refused(
                "mode = \"header\" is for remote servers".to_owned(),
                "mode = \"proxy\" with an origin keeps a credential from a server that is started from here",
            );
        }
        (Mode::Header, Some(url)) => {
            let authority = url.split("://").nth(1).unwrap_or_default();
            let host = authority.split(['/', '?', '#']).next().unwrap_or_default();
            let is_safe = url.starts_with("https://")
                || url.starts_with("unix:")
                || (url.starts_with("http://") && is_loopback(host));
            if !is_safe {
                return refused(
                    "the server is reached over plain HTTP".to_owned(),
                    "a credential goes over https, or to this machine",
                );
            }
            match is_placed(spec, overrides, name) {
                true => What::Value {
                    grant: entry.grant()?,
                    field: entry.field.clone(),
                    destination: Some(url),
                },
                false => What::Headers {
                    grant: entry.grant()?,
                    url,
                },
            }
        }
        (Mode::Env, _) => What::Value {
            grant: entry.grant()?,
            field: entry.field.clone(),
            destination: entry.origin.clone(),
        },
        (Mode::Proxy | Mode::Forward, _) => What::Capability,
    })
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
