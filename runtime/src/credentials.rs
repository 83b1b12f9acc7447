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

mod entry;
mod heed;
mod helper;
mod plan;
pub(crate) mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use entry::{Entry, reference};
pub(crate) use heed::heed;
pub(crate) use plan::{From, Planned, plan};

use crate::environment;
use crate::error::{Error, Exit, Fault, Missing};
use crate::private;
use crate::secret::Secret;
use crate::vault::{Broker, Grant, Opening, Supply, Vault, Want};
use store::Store;

/// The values of one run.
#[derive(Default)]
pub(crate) struct Filled {
    /// The value of each slot and variable that has one.
    pub(crate) values: BTreeMap<String, Secret>,
    /// Headers for the requests to a remote server.
    pub(crate) headers: Vec<(String, Secret)>,
    /// Who got some of them out of a vault, and sees to the end of that.
    pub(crate) broker: Option<Arc<dyn Broker>>,
}

impl Filled {
    /// The same for another server: what is meant for the first one's address is for no other.
    pub(crate) fn for_another(&self) -> Self {
        Self {
            values: self.values.clone(),
            headers: Vec::new(),
            broker: self.broker.clone(),
        }
    }
}

/// Gets every value that was planned.
///
/// # Errors
///
/// All required slots without a value at once; otherwise what the source of one says.
pub(crate) async fn fill(
    program: &str,
    planned: Vec<Planned>,
    open: impl AsyncFnOnce() -> Result<Arc<dyn Broker>, Error>,
) -> Result<Filled, Error> {
    let store = Store::of(program);
    let mut filled = Filled::default();
    let mut missing = Vec::new();
    let mut wants = Vec::new();
    for planned in planned {
        let value = value(&store, &planned).await?;
        let Planned {
            name,
            about,
            required,
            from,
            ..
        } = planned;
        match (value, from) {
            (_, From::Vault(what)) => wants.push(Want { slot: name, what }),
            (Some(value), _) => {
                filled.values.insert(name, value);
            }
            (None, _) if required => missing.push(Missing::new(&name, about)),
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
        let Supply { values, headers } = broker.supply(wants).await?;
        filled.values.extend(values);
        filled.headers = headers;
        filled.broker = Some(broker);
    }
    Ok(filled)
}

/// The value that was planned; none where there is none, or where the vault has it.
pub(crate) async fn value(store: &Store, planned: &Planned) -> Result<Option<Secret>, Error> {
    let name = &planned.name;
    let value = match &planned.from {
        From::Option(value) | From::Environment { value, .. } => Some(value.clone()),
        From::Store(_) => store.get(name).await?,
        From::Keychain => store.in_keychain(name).await?,
        From::File(path) => Some(read(name, path)?),
        From::Helper(words) => Some(helper::value(name, words).await?),
        From::Vault(_) | From::Nowhere => None,
    };
    let Some(value) = value else {
        return Ok(None);
    };
    if value.expose().contains('\0') {
        return Err(unusable(name, "it holds a NUL"));
    }
    Ok(Some(match planned.secret {
        true => Secret::new(value.expose()),
        false => Secret::plain(value.expose()),
    }))
}

/// The grants that slots are of, each once.
pub(crate) fn grants(planned: &[Planned]) -> Vec<Grant> {
    let mut grants: Vec<Grant> = Vec::new();
    for planned in planned {
        if let From::Vault(what) = &planned.from
            && let Some(grant) = what.grant()
            && !grants.contains(grant)
        {
            grants.push(grant.clone());
        }
    }
    grants
}

/// Opens the vault of a program, with the key that the environment or the store has.
pub(crate) async fn open(
    program: &str,
    vaults: &[Vault],
    opening: impl FnOnce(Secret) -> Opening,
) -> Result<Arc<dyn Broker>, Error> {
    let Some(vault) = vaults.first() else {
        return Err(Error::usage_with_hint(
            format!("{program} was made without a vault, and a credential is to come from one"),
            "generate it again with --broker",
        ));
    };
    let Some(key) = key(program).await? else {
        return Err(no_key(program));
    };
    (vault.open)(opening(key))
}

/// The key to the vault: of the environment, else of the store.
pub(crate) async fn key(program: &str) -> Result<Option<Secret>, Error> {
    for name in environment::VAULT_KEYS {
        if let Some(key) = environment::value(name) {
            return Ok(Some(Secret::new(key)));
        }
    }
    let store = Store::of(program);
    for name in environment::VAULT_KEYS {
        if let Some(key) = store.get(name).await? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn no_key(program: &str) -> Error {
    let [name, _] = environment::VAULT_KEYS;
    Error::Vault(Box::new(Fault {
        code: "missing_credential",
        exit: Exit::Credential,
        message: "there is no key to the vault".to_owned(),
        hint: Some(format!(
            "run `{program} auth set {name}`, or set the variable {name}"
        )),
        retryable: false,
        details: serde_json::Map::from_iter([("missing".to_owned(), vec![name].into())]),
    }))
}

/// The value that a file holds, without the end of its line.
fn read(name: &str, path: &std::path::Path) -> Result<Secret, Error> {
    let failed = |source| Error::Io {
        what: format!("cannot read {name} from {}", path.display()),
        source,
    };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if private::is_open(&metadata) {
        return Err(Error::usage_with_hint(
            format!("{name}: others can read {}", path.display()),
            format!("run `chmod 600 {}`", path.display()),
        ));
    }
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
    Ok(Secret::plain(text.trim_end_matches(['\r', '\n'])))
}

fn unusable(name: &str, why: &str) -> Error {
    Error::usage(format!("the value of {name} cannot be used: {why}"))
}
