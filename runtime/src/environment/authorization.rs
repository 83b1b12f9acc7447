//! How a remote server is signed in to, as the options of `auth login` and the program's variables say.
//!
//! A secret is never an option: it comes from a variable, which holds it, or says where it is with
//! `env:NAME` or `@FILE`.

use std::path::PathBuf;

use super::{absolute, at_home, browser, option, option_name, read};
use crate::error::{Error, Exit, Fault};
use crate::person;
use crate::secret::Secret;
use crate::transport::{AuthorizationSettings, Storage};

/// What the options say of a sign-in.
#[derive(Debug, Clone, Default)]
pub(crate) struct SignIn {
    /// Whether signing in is what the run is for.
    pub(crate) is_wanted: bool,
    pub(crate) no_browser: bool,
    pub(crate) scopes: Vec<String>,
    pub(crate) port: Option<u16>,
    pub(crate) private_addresses: bool,
    pub(crate) insecure_storage: bool,
    /// The folder of `--mcp-store`.
    pub(crate) store: Option<String>,
    /// Whether the program's own client is not meant for this server.
    pub(crate) is_anonymous: bool,
}

/// The settings of a program.
///
/// # Errors
///
/// When a variable cannot be read as what it should be.
pub(crate) fn authorization(program: &str, given: &SignIn) -> Result<AuthorizationSettings, Error> {
    let program = program.split(' ').next().unwrap_or_default();
    // A browser that the caller names is one that the caller wants, whether or not on a terminal.
    let person = match choice(program, "SIGN_IN", &["auto", "always", "never"])?.as_deref() {
        Some("always") => true,
        Some("never") => false,
        _ => {
            let has_browser = browser().is_some() && !given.no_browser;
            person::is_there() || (given.is_wanted && has_browser)
        }
    };
    let alone = choice(
        program,
        "GRANT",
        &["authorization_code", "client_credentials"],
    )?;
    let private = choice(program, "ALLOW_PRIVATE_ADDRESSES", &["0", "1"])?;
    let port = option(program, "CALLBACK_PORT").map(|text| {
        let name = option_name(program, "CALLBACK_PORT");
        let refused = || Error::usage(format!("{name}=`{text}`: not a port"));
        text.parse().map_err(|_| refused())
    });
    let folder = given.store.clone().or_else(|| option(program, "STORE"));
    let is_known = !given.is_anonymous;
    let own = |name: &str| option(program, name).filter(|_| is_known);
    let own_secret = |name: &str| match is_known {
        true => secret(program, name),
        false => Ok(None),
    };
    Ok(AuthorizationSettings {
        program: program.to_owned(),
        person,
        browser: !given.no_browser,
        client: own("CLIENT_ID"),
        client_secret: own_secret("CLIENT_SECRET")?,
        client_key: own_secret("CLIENT_KEY")?,
        client_metadata: option(program, "CLIENT_METADATA_URL"),
        scopes: match given.scopes.is_empty() {
            true => words(&option(program, "SCOPE").unwrap_or_default()),
            false => given
                .scopes
                .iter()
                .flat_map(|scopes| words(scopes))
                .collect(),
        },
        alone: alone.as_deref() == Some("client_credentials") && is_known,
        only_signed_in: false,
        private_addresses: given.private_addresses || private.as_deref() == Some("1"),
        port: given
            .port
            .map_or_else(|| port.transpose(), |port| Ok(Some(port)))?,
        storage: match folder {
            Some(folder) => Storage::Folder(folder.into()),
            None if given.insecure_storage => Storage::File,
            None => Storage::Keychain,
        },
        state: state().map(|folder| folder.join(program).join("sign-in")),
    })
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A variable that is one of a few words.
fn choice(program: &str, name: &str, words: &[&str]) -> Result<Option<String>, Error> {
    let Some(text) = option(program, name) else {
        return Ok(None);
    };
    if words.contains(&text.as_str()) {
        return Ok(Some(text));
    }
    let name = option_name(program, name);
    Err(Error::usage(format!(
        "{name}=`{text}`: not one of {}",
        words.join(", ")
    )))
}

/// The secrets of the program's own client that variables hold, themselves or by the name of another.
pub(crate) fn client_secrets(program: &str) -> impl Iterator<Item = String> {
    let given = ["CLIENT_SECRET", "CLIENT_KEY"].map(|name| option(program, name));
    given
        .into_iter()
        .flatten()
        .filter_map(|text| match text.strip_prefix("env:") {
            Some(name) => read(name),
            None => Some(text).filter(|text| !text.starts_with('@')),
        })
}

/// A secret that a variable holds, or says the place of.
fn secret(program: &str, name: &str) -> Result<Option<Secret>, Error> {
    let Some(text) = option(program, name) else {
        return Ok(None);
    };
    let asker = option_name(program, name);
    let reference = Reference::of(&text).map_err(|why| Error::usage(format!("{asker}: {why}")))?;
    match reference {
        None => Ok(Some(Secret::new(text))),
        Some(reference) => reference
            .read()
            .map(Some)
            .map_err(|why| reference.missing(&asker, &why)),
    }
}

/// Where a secret is that is not written down: `env:NAME` or `@FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    Variable(String),
    File(PathBuf),
}

impl Reference {
    /// The place that a text names; none where it names no place.
    ///
    /// # Errors
    ///
    /// Why the place that it names is none.
    pub(crate) fn of(text: &str) -> Result<Option<Self>, &'static str> {
        if let Some(name) = text.strip_prefix("env:") {
            return match crate::template::is_name(name) {
                true => Ok(Some(Self::Variable(name.to_owned()))),
                false => Err("what follows env: is not a name of a variable"),
            };
        }
        match text.strip_prefix('@') {
            Some("") => Err("no file is named after @"),
            Some(file) => Ok(Some(Self::File(at_home(file, std::env::home_dir())))),
            None => Ok(None),
        }
    }

    /// Whether there is something at that place.
    pub(crate) fn is_there(&self) -> bool {
        match self {
            Self::Variable(name) => read(name).is_some(),
            Self::File(file) => file.exists(),
        }
    }

    /// Reads it. A file may be one that does not come to its end.
    ///
    /// # Errors
    ///
    /// Why there is nothing to be read.
    pub(crate) fn read(&self) -> Result<Secret, String> {
        let text = match self {
            Self::Variable(name) => {
                read(name).ok_or_else(|| format!("the variable {name} is not set"))?
            }
            Self::File(file) => std::fs::read_to_string(file)
                .map_err(|error| format!("the file cannot be read: {error}"))?,
        };
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err("the file is empty".to_owned()),
            text => Ok(Secret::new(text)),
        }
    }

    /// The error for there being nothing. The `asker` is who says where it should be.
    pub(crate) fn missing(&self, asker: &str, why: &str) -> Error {
        let hint = match self {
            Self::Variable(name) => format!("set {name}, or name another place"),
            Self::File(_) => "put the secret into the file, or name another place".to_owned(),
        };
        Error::Vault(Box::new(Fault {
            code: "missing_credential",
            exit: Exit::Credential,
            message: format!("{asker}: {why}"),
            hint: Some(hint),
            retryable: false,
            details: serde_json::Map::new(),
        }))
    }
}

/// Where programs keep what is to outlive them, by the platform's custom.
fn state() -> Option<PathBuf> {
    if cfg!(windows) {
        return absolute("LOCALAPPDATA");
    }
    let custom = if cfg!(target_os = "macos") {
        "Library/Application Support"
    } else {
        ".local/state"
    };
    absolute("XDG_STATE_HOME").or_else(|| Some(std::env::home_dir()?.join(custom)))
}
