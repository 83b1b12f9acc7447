//! The stores that the system has a library for.

use keyring_core::{Entry, Error};

use crate::secret::Secret;

pub(super) fn is_there() -> bool {
    cfg!(any(target_os = "macos", windows))
}

pub(super) fn get(program: &str, url: &str) -> Result<Option<Secret>, String> {
    match entry(program, url)?.get_password() {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(words(error)),
    }
}

pub(super) fn set(program: &str, url: &str, value: &Secret) -> Result<(), String> {
    entry(program, url)?
        .set_password(value.expose())
        .map_err(words)
}

pub(super) fn delete(program: &str, url: &str) -> Result<(), String> {
    match entry(program, url)?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(words(error)),
    }
}

fn entry(program: &str, url: &str) -> Result<Entry, String> {
    if keyring_core::get_default_store().is_none() {
        open().map_err(words)?;
    }
    Entry::new(program, url).map_err(words)
}

#[cfg(target_os = "macos")]
fn open() -> Result<(), Error> {
    keyring_core::set_default_store(apple_native_keyring_store::keychain::Store::new()?);
    Ok(())
}

#[cfg(windows)]
fn open() -> Result<(), Error> {
    keyring_core::set_default_store(windows_native_keyring_store::Store::new()?);
    Ok(())
}

#[cfg(not(any(target_os = "macos", windows)))]
fn open() -> Result<(), Error> {
    Err(Error::NoDefaultStore)
}

fn words(error: Error) -> String {
    // Some errors hold what could not be decoded, which is the secret.
    match error {
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            "what it holds is not what was stored".to_owned()
        }
        error => error.to_string(),
    }
}
