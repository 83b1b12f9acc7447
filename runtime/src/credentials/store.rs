//! Values that `auth set` has kept.
//!
//! ```text
//! STATE/PROGRAM/credentials.json   0600, {"NAME": {"kept": "keychain", "set": TIME}, …}
//! STATE/PROGRAM/credentials.lock   held by whoever changes that
//! keychain: PROGRAM, NAME          the values, unless a file was asked for in so many words
//! ```
//!
//! The file says what is kept and where, so that no keychain is asked, and perhaps unlocked, for what
//! it does not have. A keychain can be gone tomorrow, and a file be written by hand: neither keeps
//! anybody from setting a value anew.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Map;
use zeroize::Zeroizing;

use super::{Planned, aside};
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

    /// The value of a slot.
    pub(super) async fn get(&self, planned: &Planned) -> Result<Option<Secret>, Error> {
        match self.look_up(&planned.name)? {
            Found::Value(value) => Ok(value),
            Found::InKeychain => self.in_keychain(planned).await,
        }
    }

    /// The value of a name of the key's to the vault.
    pub(super) async fn get_key(&self, name: &str) -> Result<Option<Secret>, Error> {
        match self.look_up(name)? {
            Found::Value(value) => Ok(value),
            Found::InKeychain => self.ask_keychain(name, None).await,
        }
    }

    fn look_up(&self, name: &str) -> Result<Found, Error> {
        Ok(match self.read()?.remove(name) {
            None => Found::Value(None),
            Some(kept) => match kept.kept {
                Place::File => Found::Value(kept.value.map(Secret::plain)),
                Place::Keychain => Found::InKeychain,
            },
        })
    }

    /// The value of a slot in the keychain, whoever put it there.
    pub(super) async fn in_keychain(&self, planned: &Planned) -> Result<Option<Secret>, Error> {
        let entry = planned.entry.as_ref();
        let said = entry.map(|entry| entry.lines.shown("source"));
        self.ask_keychain(&planned.name, said).await
    }

    /// Asks the keychain, which is `said` to have the value there in the configuration, if it is.
    async fn ask_keychain(
        &self,
        name: &str,
        said: Option<String>,
    ) -> Result<Option<Secret>, Error> {
        let got = keychain::get(&self.program, name).await;
        got.map_err(|reason| {
            let keep = format!("`{} auth set {name} --insecure-storage`", self.program);
            let hint = match said {
                Some(place) => format!(
                    "unlock it; or say source = \"file\" instead, at {place}, and keep the value in a file \
                     that only you can read: {keep}"
                ),
                None => format!(
                    "unlock it, or keep the value in a file that only you can read: {keep}"
                ),
            };
            let message = format!("the keychain gives no value for {name}: {reason}");
            fault("missing_credential", message, hint)
        })
    }

    /// Keeps a value. What is to be said of what was there before is returned.
    pub(crate) async fn set(
        &self,
        name: &str,
        value: Secret,
        place: Place,
    ) -> Result<Vec<String>, Error> {
        let _held = self.hold().await?;
        let mut notes = Vec::new();
        let mut all = match self.look()? {
            Ok(all) => all,
            Err(broken) => {
                notes.push(self.set_aside(&broken)?);
                BTreeMap::new()
            }
        };
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
                    notes.extend(self.delete(name).await);
                }
                kept.value = Some(value.expose().to_owned());
            }
        }
        all.insert(name.to_owned(), kept);
        self.write(&all)?;
        Ok(notes)
    }

    /// Forgets a value; none where there was none, else what is to be said of that.
    pub(crate) async fn unset(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        let _held = self.hold().await?;
        let mut all = self.read()?;
        let Some(kept) = all.remove(name) else {
            return Ok(None);
        };
        let note = match kept.kept {
            Place::Keychain => self.delete(name).await,
            Place::File => None,
        };
        self.write(&all)?;
        Ok(Some(note.into_iter().collect()))
    }

    /// Deletes a value from the keychain; what is to be said where that cannot be done. It is no reason
    /// to go on looking there.
    async fn delete(&self, name: &str) -> Option<String> {
        let deleted = keychain::delete(&self.program, name).await;
        let reason = deleted.err()?;
        Some(format!(
            "the keychain may still have the former value of {name}, which is not looked for any more: {reason}"
        ))
    }

    /// Keeps other processes from changing what is kept until the file is closed.
    async fn hold(&self) -> Result<File, Error> {
        let file = self.file()?.with_extension("lock");
        let what = format!("cannot hold {}", file.display());
        // On a thread of its own, so that a signal ends the wait.
        let held = aside(&what, PATIENCE * 2, move || lock::hold(&file, PATIENCE)).await?;
        held.map_err(|source| Error::Io { what, source })
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
        self.look()?.map_err(|broken| {
            let file = broken.file.display();
            let hint = format!(
                "move it away, as with `mv {file} {file}.broken`; what is kept next begins a new one"
            );
            fault("missing_credential", broken.words(), hint)
        })
    }

    /// What is kept, or where the file cannot be understood.
    fn look(&self) -> Result<Result<BTreeMap<String, Kept>, Broken>, Error> {
        let Some(file) = &self.file else {
            return Ok(Ok(BTreeMap::new()));
        };
        let read = std::fs::File::open(file).and_then(|mut opened| {
            let is_open = private::is_open(&opened.metadata()?);
            let mut text = Zeroizing::new(Vec::new());
            opened.read_to_end(&mut text)?;
            Ok((is_open, text))
        });
        let (is_open, text) = match read {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Ok(BTreeMap::new())),
            Err(error) => {
                let message = format!("cannot read {}: {error}", file.display());
                let hint = "it is where `auth set` keeps values".to_owned();
                return Err(fault("missing_credential", message, hint));
            }
        };
        if is_open {
            return Err(Error::usage_with_hint(
                format!(
                    "others can read or write {}, where values are kept",
                    file.display()
                ),
                format!("run `chmod 600 {}`", file.display()),
            ));
        }
        let parsed = serde_json::from_slice(&text);
        // The error's own words repeat what stands there.
        Ok(parsed.map_err(|error: serde_json::Error| Broken {
            file: file.clone(),
            line: error.line(),
            column: error.column(),
        }))
    }

    /// Moves a file out of the way that cannot be understood, and says so.
    fn set_aside(&self, broken: &Broken) -> Result<String, Error> {
        let aside = broken
            .file
            .with_extension(format!("broken-{}", clock::now_in_seconds()));
        std::fs::rename(&broken.file, &aside).map_err(|source| Error::Io {
            what: format!("cannot move {} away", broken.file.display()),
            source,
        })?;
        Ok(format!(
            "{}: it is {} now, and holds what was kept before",
            broken.words(),
            aside.display()
        ))
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
        let message = format!("the keychain cannot be used for {name}: {reason}");
        let hint = format!(
            "`{} auth set {name} --insecure-storage` keeps it in a file that only you can read",
            self.program
        );
        fault("keychain_unavailable", message, hint)
    }
}

/// What is known of a name.
enum Found {
    Value(Option<Secret>),
    InKeychain,
}

/// Where a file stops being what this program writes.
struct Broken {
    file: PathBuf,
    line: usize,
    column: usize,
}

impl Broken {
    fn words(&self) -> String {
        let Self { file, line, column } = self;
        format!(
            "{}:{line}:{column}: not what `auth set` writes",
            file.display()
        )
    }
}

fn fault(code: &'static str, message: String, hint: String) -> Error {
    Error::Vault(Box::new(Fault {
        code,
        exit: Exit::Credential,
        message,
        hint: Some(hint),
        retryable: false,
        details: Map::new(),
    }))
}
