//! Credentials: where the value of each slot comes from, and the values themselves.
//!
//! ```text
//! spec, options, config ──▶ plan ──▶ Planned { name, from } … ──▶ fill ──▶ Filled
//!                           (sync, asks nobody)                   (environment, files, keychain,
//!                                                                  helpers, the vault)
//! ```
//!
//! An option goes before the configuration, that before the caller's environment, and that before
//! what `auth set` has kept. The plan alone is what `auth status` and `self doctor` show.

mod destination;
mod entry;
mod file;
mod heed;
mod helper;
mod plan;
pub(crate) mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use entry::{Entry, reference};
pub(crate) use file::{aside, text};
pub(crate) use heed::heed;
pub(crate) use plan::{From, Planned, key as place_of_key, plan};

use crate::config::Config;
use crate::environment::{self, Reference, VAULT_KEYS};
use crate::error::{self, Error, Exit, Fault, Sought};
use crate::output::printer::Printer;
use crate::secret::Secret;
use crate::vault::{Broker, Grant, Opening, Supply, Vault, Want, What};
use entry::Mode;
use store::Store;

/// The longest value, in bytes.
pub(crate) const LONGEST: usize = 64 << 10;

/// The values of one run.
#[derive(Default)]
pub(crate) struct Filled {
    /// The value of each slot and variable that has one.
    pub(crate) values: BTreeMap<String, Secret>,
    /// Headers for the requests to a remote server.
    pub(crate) headers: Vec<(String, Secret)>,
    /// Who got some of them out of a vault, and sees to the end of that.
    pub(crate) broker: Option<Arc<dyn Broker>>,
    /// Those values that are for requests to the one remote server.
    pub(crate) bound: BTreeSet<String>,
}

impl Filled {
    /// What of them is for another server of the same kind: what is meant for the first one's address
    /// is for no other.
    pub(crate) fn elsewhere(&self) -> Self {
        let values = self.values.iter();
        Self {
            values: values
                .filter(|(name, _)| !self.bound.contains(*name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            headers: Vec::new(),
            broker: self.broker.clone(),
            bound: BTreeSet::new(),
        }
    }

    /// Adds what a vault has given.
    pub(crate) fn add(&mut self, supply: Supply) {
        let Supply { values, headers } = supply;
        self.values.extend(values);
        self.headers.extend(headers);
    }
}

/// For whom values are got, and how long that may take.
pub(crate) struct Errand<'a> {
    pub(crate) program: &'a str,
    pub(crate) printer: &'a Printer,
    /// How long a file or a helper may take.
    pub(crate) limit: Option<Duration>,
}

/// Gets every value that was planned.
///
/// # Errors
///
/// All required slots without a value at once; otherwise what the source of one says.
pub(crate) async fn fill(
    errand: &Errand<'_>,
    planned: Vec<Planned>,
    open: impl AsyncFnOnce() -> Result<Arc<dyn Broker>, Error>,
) -> Result<Filled, Error> {
    let program = errand.program;
    let store = Store::of(program);
    let mut filled = Filled::default();
    let mut missing = Vec::new();
    let mut wants = Vec::new();
    for mut planned in planned {
        identify(&mut planned, errand.limit).await?;
        let value = match value(&store, &planned, errand.limit).await {
            Err(error) if !planned.required && planned.from.is_keychain() => {
                errand.printer.warn(&error.to_string());
                None
            }
            value => value?,
        };
        if let Some(value) = &value {
            warn_of_key(&planned, value, errand.printer);
        }
        if planned.required && value.is_none() && !matches!(planned.from, From::Vault { .. }) {
            missing.push(planned.missing());
        }
        match (value, planned.from) {
            (Some(value), _) => {
                filled.values.insert(planned.name, value);
            }
            (None, From::Vault { what, .. }) => {
                let mode = planned.entry.and_then(|entry| entry.mode);
                if matches!(what, What::Value { .. }) && mode != Some(Mode::Env) {
                    filled.bound.insert(planned.name.clone());
                }
                wants.push(Want {
                    slot: planned.name,
                    what,
                    secret: planned.secret,
                });
            }
            (None, _) => {}
        }
    }
    if !missing.is_empty() {
        return Err(Error::MissingSlots {
            program: program.to_owned(),
            slots: missing,
        });
    }
    if !wants.is_empty() {
        let broker = open().await?;
        filled.add(broker.supply(wants).await?);
        filled.broker = Some(broker);
    }
    Ok(filled)
}

/// Says that a server gets the key to the vault, where nobody has typed as much on the line.
fn warn_of_key(planned: &Planned, value: &Secret, printer: &Printer) {
    let Planned { name, from, .. } = planned;
    let is_key = VAULT_KEYS.contains(&name.as_str()) && value.expose().starts_with("alter_");
    if !is_key || matches!(from, From::Option(_)) {
        return;
    }
    printer.warn(&format!(
        "the server gets the key to the vault itself, as {name}; mode = \"derive\" at \
         [credentials.{}] gives it one of a few minutes",
        VAULT_KEYS[1]
    ));
}

/// Reads whose grant it is that a slot is filled from.
pub(crate) async fn identify(planned: &mut Planned, limit: Option<Duration>) -> Result<(), Error> {
    let asker = planned.subject("user_token");
    let From::Vault {
        what,
        user: Some(reference),
    } = &mut planned.from
    else {
        return Ok(());
    };
    let read = match reference {
        Reference::Variable(_) => reference.read(),
        Reference::File(_) => {
            let own = reference.clone();
            let limit = limit.unwrap_or(file::PATIENCE);
            file::aside(&format!("{asker}: the file"), limit, move || own.read()).await?
        }
    };
    what.set_user(read.map_err(|why| reference.missing(&asker, &why))?);
    Ok(())
}

/// The value that was planned; none where there is none, or where the vault has it.
pub(crate) async fn value(
    store: &Store,
    planned: &Planned,
    limit: Option<Duration>,
) -> Result<Option<Secret>, Error> {
    let value = match &planned.from {
        From::Option(value) | From::Environment { value, .. } => Some(value.clone()),
        From::Store(_) => store.get(planned).await?,
        From::Keychain => store.in_keychain(planned).await?,
        From::File(path) => Some(file::value(planned, path, limit).await?),
        From::Helper(words) => Some(helper::value(planned, words, limit).await?),
        From::Vault { .. } | From::Nowhere => None,
    };
    let Some(value) = value else {
        return Ok(None);
    };
    if let Some(why) = what_is_wrong(value.expose()) {
        check(planned, value.expose(), why)?;
    }
    Ok(Some(match planned.secret {
        true => Secret::new(value.expose()),
        false => value.shown(),
    }))
}

/// Why a text is no value, if it is none.
pub(crate) fn what_is_wrong(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it is empty");
    }
    if text.len() > LONGEST {
        return Some("it is longer than 64 KiB");
    }
    text.contains('\0').then_some("it holds a NUL")
}

/// Refuses a value that something is wrong with.
fn check(planned: &Planned, text: &str, why: &str) -> Result<(), Error> {
    let name = &planned.name;
    let message = format!("the value of {name} cannot be used: {why}");
    match &planned.from {
        // Whoever types that means it.
        From::Option(_) if text.is_empty() && !planned.required => Ok(()),
        From::Option(_) => Err(Error::usage_with_hint(
            message,
            "it is given with --mcp-env",
        )),
        From::Environment { variable, .. } => Err(Error::usage_with_hint(
            message,
            format!("it is the variable {variable}"),
        )),
        _ => {
            let hint = match &planned.entry {
                Some(entry) => format!("see where it is from: {}", entry.lines.shown("source")),
                None => format!("it is what `auth set {name}` has kept"),
            };
            Err(unavailable(planned, message, hint))
        }
    }
}

/// The error for a value that is not to be had.
fn unavailable(planned: &Planned, message: String, hint: String) -> Error {
    Error::Vault(Box::new(Fault {
        code: "missing_credential",
        exit: Exit::Credential,
        message,
        hint: Some(hint),
        retryable: false,
        details: missing(&planned.name),
    }))
}

fn missing(name: &str) -> serde_json::Map<String, serde_json::Value> {
    serde_json::Map::from_iter([("missing".to_owned(), vec![name].into())])
}

/// The grants that slots are of, each once.
pub(crate) fn grants(planned: &[Planned]) -> Vec<Grant> {
    let mut grants: Vec<Grant> = Vec::new();
    for planned in planned {
        if let From::Vault { what, user } = &planned.from
            && let Some(grant) = what.grant()
            // It is not known whose it is.
            && !(user.is_some() && grant.user_token.is_none())
            && !grants.contains(grant)
        {
            grants.push(grant.clone());
        }
    }
    grants
}

/// Opens the vault of a program, with the key that the configuration, the environment or the store has.
pub(crate) async fn open(
    errand: &Errand<'_>,
    config: &Config,
    vaults: &[Vault],
    opening: impl FnOnce(Secret) -> Opening,
) -> Result<Arc<dyn Broker>, Error> {
    let program = errand.program;
    let Some(vault) = vaults.first() else {
        return Err(Error::usage_with_hint(
            format!("{program} was made without a vault, and a credential is to come from one"),
            "generate it again with --broker",
        ));
    };
    let Some(key) = key(errand, config).await? else {
        return Err(no_key(program, config));
    };
    (vault.open)(opening(key))
}

/// The key to the vault: from where the configuration says, else of the environment, else of the store.
pub(crate) async fn key(errand: &Errand<'_>, config: &Config) -> Result<Option<Secret>, Error> {
    let store = Store::of(errand.program);
    if let Some(planned) = plan::key(config) {
        return value(&store, &planned, errand.limit).await;
    }
    for name in VAULT_KEYS {
        if let Some(key) = environment::value(name) {
            return Ok(Some(Secret::new(key)));
        }
    }
    for name in VAULT_KEYS {
        if let Some(key) = store.get_key(name).await? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn no_key(program: &str, config: &Config) -> Error {
    let [name, _] = VAULT_KEYS;
    let keep = format!("run `{program} auth set {name}`");
    let sought = plan::key(config).and_then(|planned| planned.missing().sought);
    let hint = match sought {
        None => format!("{keep}, or set the variable {name}"),
        Some(Sought { by, place }) => match place {
            error::Place::Variable(variable) => format!("set {variable}, which {by} names"),
            error::Place::Keychain => format!("{keep}: {by} says that it is in the keychain"),
            error::Place::File => format!(
                "run `{program} auth set {name} --insecure-storage`: {by} says that it is in the file"
            ),
        },
    };
    Error::Vault(Box::new(Fault {
        code: "missing_credential",
        exit: Exit::Credential,
        message: "there is no key to the vault".to_owned(),
        hint: Some(hint),
        retryable: false,
        details: missing(name),
    }))
}
