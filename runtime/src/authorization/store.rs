//! Where sign-ins are kept.
//!
//! ```text
//! FOLDER/                     0700, $XDG_STATE_HOME/PROGRAM/sign-in unless told
//!   HOST-HASH.json            0600, the record: issuer, client, scopes, times; no secret in it …
//!   HOST-HASH.pending.json    0600, sign-ins that were begun without a person
//!   HOST-HASH.lock            held while a token is redeemed or the record is written
//! keychain: PROGRAM, URL      … for the secrets are here, unless a file was asked for
//! ```
//!
//! A file is written beside its place and moved there, so that a reader without the lock sees the old
//! one or the new one.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::lock::Lock;
use super::pending::Pending;
use super::record::{Kept, Record, Secrets};
use crate::error::Error;
use crate::keychain;
use crate::private;
use crate::secret::Secret;
use crate::transport::{AuthorizationSettings, Storage};

/// The sign-ins of one program at one server.
#[derive(Debug)]
pub(super) struct Store {
    folder: Option<PathBuf>,
    stem: String,
    program: String,
    url: String,
    /// Where the secrets of a new record go.
    kept: Kept,
}

impl Store {
    pub(super) fn new(settings: &AuthorizationSettings, url: &str) -> Self {
        let (folder, kept) = match &settings.storage {
            Storage::Keychain => (settings.state.clone(), Kept::Keychain),
            Storage::File => (settings.state.clone(), Kept::File),
            Storage::Folder(folder) => (Some(folder.clone()), Kept::File),
        };
        let host: String = url
            .split("://")
            .last()
            .unwrap_or_default()
            .chars()
            .collect();
        let host: String = host
            .chars()
            .take_while(|c| !matches!(c, '/' | '?' | '#'))
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '.' {
                    c
                } else {
                    '-'
                }
            })
            .take(40)
            .collect();
        let digest = Sha256::digest(url.as_bytes());
        let hash: String = digest[..6]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            folder,
            stem: format!("{host}-{hash}"),
            program: settings.program.clone(),
            url: url.to_owned(),
            kept,
        }
    }

    /// Where the secrets of a new record go.
    pub(super) fn kept(&self) -> Kept {
        self.kept
    }

    /// Whether a new record can be kept.
    pub(super) fn is_usable(&self) -> bool {
        self.folder.is_some() && (self.kept == Kept::File || keychain::is_there())
    }

    /// The record's file, for people.
    pub(super) fn shown(&self) -> String {
        self.path("json")
            .map_or_else(|_| String::new(), |path| path.display().to_string())
    }

    /// Holds the record: until the lock is dropped, no other process changes it.
    pub(super) async fn lock(&self) -> Result<Lock, Error> {
        let path = self.path("lock")?;
        let locked = match private::prepare(&path) {
            Ok(()) => Lock::acquire(&path).await,
            Err(error) => Err(error),
        };
        locked.map_err(|source| failed("lock", &path, source))
    }

    /// The record, if there is one that can be read: a damaged one is as good as none, because
    /// signing in again mends it.
    pub(super) async fn read(&self) -> Result<Option<Record>, Error> {
        let Ok(path) = self.path("json") else {
            return Ok(None);
        };
        let Some(mut value) = read(&path)? else {
            return Ok(None);
        };
        let secrets = value
            .as_object_mut()
            .and_then(|members| members.remove("secrets"));
        let Ok(mut record) = serde_json::from_value::<Record>(value) else {
            return Ok(None);
        };
        let secrets = match record.kept {
            Kept::Keychain => self.keychain(keychain::get(&self.program, &self.url).await)?,
            Kept::File | Kept::Memory => secrets.map(|secrets| Secret::new(secrets.to_string())),
        };
        record.secrets = secrets.map(|text| opened(&text)).unwrap_or_default();
        Ok(Some(record))
    }

    /// Writes the record; the caller holds the lock.
    pub(super) async fn write(&self, record: &Record) -> Result<(), Error> {
        if record.kept == Kept::Memory {
            return Ok(());
        }
        let path = self.path("json")?;
        let mut value = serde_json::to_value(record).unwrap_or_default();
        let secrets = sealed(&record.secrets);
        match record.kept {
            Kept::Keychain => {
                self.keychain(keychain::set(&self.program, &self.url, secrets).await)?;
            }
            Kept::File | Kept::Memory => {
                value["secrets"] = serde_json::from_str(secrets.expose()).unwrap_or_default();
            }
        }
        write(&path, &value)
    }

    /// Removes the record; the caller holds the lock.
    pub(super) async fn remove(&self, record: &Record) -> Result<(), Error> {
        if record.kept == Kept::Keychain {
            self.keychain(keychain::delete(&self.program, &self.url).await)?;
        }
        remove(&self.path("json")?)
    }

    /// The sign-ins that were begun without a person.
    pub(super) fn pending(&self) -> Vec<Pending> {
        let path = self.path("pending.json");
        let value = path.and_then(|path| read(&path)).ok().flatten();
        value
            .and_then(|value| serde_json::from_value(value).ok())
            .unwrap_or_default()
    }

    /// Writes them; the caller holds the lock.
    pub(super) fn write_pending(&self, pending: &[Pending]) -> Result<(), Error> {
        let path = self.path("pending.json")?;
        if pending.is_empty() {
            return remove(&path);
        }
        write(&path, &serde_json::to_value(pending).unwrap_or_default())
    }

    fn path(&self, suffix: &str) -> Result<PathBuf, Error> {
        let Some(folder) = &self.folder else {
            return Err(Error::usage_with_hint(
                "there is no folder to keep a sign-in in",
                "name one with --mcp-store FOLDER",
            ));
        };
        Ok(folder.join(format!("{}.{suffix}", self.stem)))
    }

    fn keychain<T>(&self, outcome: Result<T, String>) -> Result<T, Error> {
        outcome.map_err(|reason| Error::SignIn {
            url: self.url.clone(),
            reason: format!("the keychain cannot be used: {reason}"),
            hint: Some(format!(
                "`{} auth login --insecure-storage` keeps the sign-in in a file that only you can read",
                self.program
            )),
        })
    }
}

/// The secrets as they are kept.
fn sealed(secrets: &Secrets) -> Secret {
    let expose = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    let value = json!({
        "access_token": expose(&secrets.access_token),
        "refresh_token": expose(&secrets.refresh_token),
        "client_secret": expose(&secrets.client_secret),
    });
    Secret::new(value.to_string())
}

fn opened(text: &Secret) -> Secrets {
    let value: Value = serde_json::from_str(text.expose()).unwrap_or_default();
    let secret = |name: &str| value.get(name)?.as_str().map(Secret::new);
    Secrets {
        access_token: secret("access_token"),
        refresh_token: secret("refresh_token"),
        client_secret: secret("client_secret"),
    }
}

fn read(path: &Path) -> Result<Option<Value>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed("read", path, source)),
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(failed("remove", path, source)),
        _ => Ok(()),
    }
}

fn write(path: &Path, value: &Value) -> Result<(), Error> {
    private::write(path, value.to_string().as_bytes())
        .map_err(|source| failed("write", path, source))
}

fn failed(what: &str, path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        what: format!("cannot {what} {}", path.display()),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Grant, Metadata};
    use super::*;

    fn record(url: &str) -> Record {
        Record {
            url: url.to_owned(),
            resource: url.to_owned(),
            issuer: Metadata::default(),
            client: None,
            grant: Some(Grant::default()),
            kept: Kept::File,
            secrets: Secrets {
                access_token: Some(Secret::new("open-sesame")),
                ..Secrets::default()
            },
        }
    }

    fn store(folder: &Path, url: &str) -> Store {
        let settings = AuthorizationSettings {
            storage: Storage::Folder(folder.to_owned()),
            ..AuthorizationSettings::default()
        };
        Store::new(&settings, url)
    }

    #[test]
    fn a_record_is_read_as_it_was_written_by_its_owner_alone() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(read_as_written());
    }

    async fn read_as_written() {
        let folder = std::env::temp_dir().join(format!("mcpress-store-{}", std::process::id()));
        let url = "https://user@mcp.example:8443/../mcp?x";
        let written = store(&folder.join("deep"), url);
        assert!(written.read().await.unwrap().is_none());
        written.write(&record(url)).await.unwrap();
        let read = written.read().await.unwrap().unwrap();
        let token = read.secrets.access_token.as_ref().unwrap();
        assert_eq!((read.url.as_str(), token.expose()), (url, "open-sesame"));
        assert!(!format!("{read:?}").contains("sesame"));
        assert!(
            store(&folder.join("deep"), "https://mcp.example/mcp")
                .read()
                .await
                .unwrap()
                .is_none()
        );
        let names: Vec<_> = fs::read_dir(folder.join("deep"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(names.len(), 1, "{names:?}");
        assert!(names[0].starts_with("user-mcp.example-8443-"), "{names:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&folder.join("deep")), 0o700);
            assert_eq!(mode(&folder.join("deep").join(&names[0])), 0o600);
        }
        // What cannot be read is mended by signing in again.
        fs::write(folder.join("deep").join(&names[0]), "{").unwrap();
        assert!(written.read().await.unwrap().is_none());
        written.remove(&record(url)).await.unwrap();
        written.remove(&record(url)).await.unwrap();
        fs::remove_dir_all(folder).unwrap();
    }
}
