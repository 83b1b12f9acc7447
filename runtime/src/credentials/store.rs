//! Values that `auth set` has kept.
//!
//! ```text
//! STATE/PROGRAM/credentials.json   0600, {"NAME": {"kept": "keychain", "set": TIME}, …}
//! STATE/PROGRAM/credentials.lock   held by whoever changes that
//! keychain: PROGRAM, NAME          the values, unless a file was asked for in so many words
//! ```
//!
//! The file says what is kept and where, so that no keychain is asked, and perhaps unlocked, for what
//! it does not have.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::clock;
use crate::environment;
use crate::error::{Error, Exit, Fault};
use crate::keychain;
use crate::lock;
use crate::private;
use crate::secret::Secret;

/// How long it is waited for another process that changes what is kept, and perhaps asks a person to
/// unlock the keychain.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Place {
    Keychain,
    File,
}

/// What is known of a value that is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) kept: Place,
    /// When it was set, in seconds since 1970.
    pub(crate) set: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// The values that one program keeps.
#[derive(Debug)]
pub(crate) struct Store {
    program: String,
    file: Option<PathBuf>,
}

impl Store {
    pub(crate) fn of(program: &str) -> Self {
        let folder = environment::state_folder(program);
        Self {
            program: program.to_owned(),
            file: folder.map(|folder| folder.join("credentials.json")),
        }
    }

    /// What is kept, by name, without the values.
    pub(crate) fn list(&self) -> Result<BTreeMap<String, Kept>, Error> {
        let mut kept = self.read()?;
        for kept in kept.values_mut() {
            kept.value = None;
        }
        Ok(kept)
    }

    /// The value of a name.
    pub(crate) async fn get(&self, name: &str) -> Result<Option<Secret>, Error> {
        let Some(kept) = self.read()?.remove(name) else {
            return Ok(None);
        };
        match kept.kept {
            Place::File => Ok(kept.value.map(Secret::new)),
            Place::Keychain => self.in_keychain(name).await,
        }
    }

    /// The value of a name in the keychain, whoever put it there.
    pub(crate) async fn in_keychain(&self, name: &str) -> Result<Option<Secret>, Error> {
        let got = keychain::get(&self.program, name).await;
        got.map_err(|reason| {
            Error::Vault(Box::new(Fault {
                code: "missing_credential",
                exit: Exit::Credential,
                message: format!("the keychain gives no value for {name}: {reason}"),
                hint: Some(format!(
                    "unlock it, or keep the value in a file that only you can read: `{} auth set {name} \
                     --insecure-storage`",
                    self.program
                )),
                retryable: false,
                details: Map::new(),
            }))
        })
    }

    /// Keeps a value.
    pub(crate) async fn set(&self, name: &str, value: Secret, place: Place) -> Result<(), Error> {
        let _held = self.hold()?;
        let mut all = self.read()?;
        let before = all.remove(name);
        let mut kept = Kept {
            kept: place,
            set: clock::now_in_seconds(),
            value: None,
        };
        match place {
            Place::Keychain => {
                let set = keychain::set(&self.program, name, value).await;
                set.map_err(|reason| self.no_keychain(name, &reason))?;
            }
            Place::File => {
                if before.is_some_and(|before| before.kept == Place::Keychain) {
                    let deleted = keychain::delete(&self.program, name).await;
                    deleted.map_err(|reason| self.no_keychain(name, &reason))?;
                }
                kept.value = Some(value.expose().to_owned());
            }
        }
        all.insert(name.to_owned(), kept);
        self.write(&all)
    }

    /// Forgets a value; whether there was one.
    pub(crate) async fn unset(&self, name: &str) -> Result<bool, Error> {
        let _held = self.hold()?;
        let mut all = self.read()?;
        let Some(kept) = all.remove(name) else {
            return Ok(false);
        };
        if kept.kept == Place::Keychain {
            let deleted = keychain::delete(&self.program, name).await;
            deleted.map_err(|reason| self.no_keychain(name, &reason))?;
        }
        self.write(&all)?;
        Ok(true)
    }

    /// Keeps other processes from changing what is kept until the file is closed.
    fn hold(&self) -> Result<File, Error> {
        let file = self.file()?.with_extension("lock");
        lock::hold(&file, PATIENCE).map_err(|source| Error::Io {
            what: format!("cannot hold {}", file.display()),
            source,
        })
    }

    fn file(&self) -> Result<&PathBuf, Error> {
        self.file.as_ref().ok_or_else(|| {
            Error::usage_with_hint(
                "there is no folder to keep a value in",
                "set HOME, or XDG_STATE_HOME to a folder",
            )
        })
    }

    fn read(&self) -> Result<BTreeMap<String, Kept>, Error> {
        let Some(file) = &self.file else {
            return Ok(BTreeMap::new());
        };
        let failed = |source| Error::Io {
            what: format!("cannot read {}", file.display()),
            source,
        };
        let text = match std::fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(source) => return Err(failed(source)),
        };
        serde_json::from_slice(&text).map_err(|error| failed(error.into()))
    }

    fn write(&self, all: &BTreeMap<String, Kept>) -> Result<(), Error> {
        let file = self.file()?;
        let text = serde_json::to_vec(all).unwrap_or_default();
        private::write(file, &text).map_err(|source| Error::Io {
            what: format!("cannot write {}", file.display()),
            source,
        })
    }

    fn no_keychain(&self, name: &str, reason: &str) -> Error {
        Error::Vault(Box::new(Fault {
            code: "keychain_unavailable",
            exit: Exit::Credential,
            message: format!("the keychain cannot be used for {name}: {reason}"),
            hint: Some(format!(
                "`{} auth set {name} --insecure-storage` keeps it in a file that only you can read",
                self.program
            )),
            retryable: false,
            details: serde_json::Map::new(),
        }))
    }
}
