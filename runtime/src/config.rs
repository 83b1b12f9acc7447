//! The program's own configuration file, which its user writes.
//!
//! `$XDG_CONFIG_HOME/PROGRAM/config.toml`, or the file that `--mcp-config` names. It is TOML; each
//! section is a type of the module that it is for. What is wrong in it is said with the file, the
//! line and the key, and nothing is started: a rule that is not understood is not skipped.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::audit;
use crate::credentials::Entry;
use crate::environment;
use crate::error::Error;
use crate::policy::{self, Layer};
use crate::resilience;

/// What the user configured.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// Where it was read, if there is a file.
    pub(crate) file: Option<PathBuf>,
    pub(crate) sections: Sections,
    /// The rules of `[policy]`.
    pub(crate) policy: Option<Layer>,
}

/// The sections of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sections {
    /// Where the values of slots come from, by the slot's name.
    pub(crate) credentials: BTreeMap<String, Spanned<Entry>>,
    /// The vault of Alter.
    pub(crate) alter: Alter,
    /// What may be called, taken out once it is [read](Config::policy).
    policy: Option<policy::Section>,
    /// The log of calls.
    pub(crate) audit: Option<audit::Section>,
    /// How often to try again.
    pub(crate) resilience: resilience::Section,
    /// The server that is asked where the usual one is not there.
    pub(crate) fallback: Option<resilience::Standby>,
}

/// `[alter]`: how the vault of Alter is spoken to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Alter {
    /// Its address, if it is not where it always is.
    pub(crate) base_url: Option<String>,
    /// The agent that new grants are given to, by id or name.
    pub(crate) agent: Option<String>,
}

impl Config {
    /// Reads the file of a program: the one that is named, which must be there, or the usual one,
    /// which need not.
    pub(crate) fn read(program: &str, named: Option<&Path>) -> Result<Self, Error> {
        let Some(file) = named
            .map(Path::to_owned)
            .or_else(|| Some(environment::config_folder(program)?.join("config.toml")))
        else {
            return Ok(Self::default());
        };
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => {
                return Ok(Self::default());
            }
            Err(source) => {
                return Err(Error::Io {
                    what: format!("cannot read {}", file.display()),
                    source,
                });
            }
        };
        let mut sections: Sections = parse(&file, &text)?;
        for (name, entry) in &sections.credentials {
            entry.get_ref().check(name).map_err(|wrong| {
                let key = match wrong.key {
                    "" => format!("credentials.{name}"),
                    key => format!("credentials.{name}.{key}"),
                };
                let place = place_of(&text, entry.span(), wrong.key);
                refused(&file, &text, place, &format!("`{key}`: {}", wrong.words))
            })?;
        }
        let policy = sections.policy.take();
        let policy = policy.map(|policy| Layer::of(&file, &text, policy));
        if let Some(audit) = &mut sections.audit {
            audit.settle(&file);
        }
        Ok(Self {
            policy: policy.transpose()?,
            file: Some(file),
            sections,
        })
    }
}

/// Reads a file of TOML into what it should be.
///
/// # Errors
///
/// What is wrong, with the file, the line and the key.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(file: &Path, text: &str) -> Result<T, Error> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        refused(file, text, at, error.message())
    })
}

/// The error for what is wrong at a place of a file.
pub(crate) fn refused(file: &Path, text: &str, at: usize, words: &str) -> Error {
    let line = line_of(text, at);
    let key = match words.contains('`') {
        true => String::new(),
        false => key_at(text, at).map_or_else(String::new, |key| format!(" `{key}`:")),
    };
    Error::usage(format!("{}:{line}:{key} {words}", file.display()))
}

/// The key on the line of a place, for errors that do not name one.
fn key_at(text: &str, at: usize) -> Option<&str> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next()?;
    let (key, _) = line.split_once('=')?;
    Some(key.trim()).filter(|key| !key.is_empty())
}

/// The line of a place of a text, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

/// Where a key stands within a table, or the beginning of the table itself.
fn place_of(text: &str, table: Range<usize>, key: &str) -> usize {
    let mut at = table.start;
    for (index, line) in text[at..].split_inclusive('\n').enumerate() {
        let line_start = line.trim_start();
        if index > 0 && line_start.starts_with('[') {
            break;
        }
        let named = line_start.strip_prefix(key).filter(|_| !key.is_empty());
        if named.is_some_and(|rest| rest.trim_start().starts_with('=')) {
            return at;
        }
        at += line.len();
    }
    table.start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let folder = std::env::temp_dir().join(format!(
            "mcpress-config-{}-{}",
            std::process::id(),
            text.len()
        ));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("config.toml");
        std::fs::write(&file, text).unwrap();
        let error = Config::read("zoo", Some(&file)).map(|_| String::new());
        let error = error.unwrap_or_else(|error| error.to_string());
        std::fs::remove_dir_all(folder).unwrap();
        error
            .rsplit_once("config.toml:")
            .map_or(error.clone(), |(_, words)| words.to_owned())
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_key() {
        for (text, words) in [
            (
                "[credentials.KEY]\nsource = \"vault\"\n",
                "2: unknown variant `vault`, expected one of `env`, `keychain`, `file`, `command`, `alter`",
            ),
            (
                "[credentials.KEY]\nsource = \"env\"\nvariabel = \"X\"\n",
                "3: unknown field `variabel`",
            ),
            (
                "\n[credentials.KEY]\nsource = 7\n",
                "3: `source`: wanted string or table",
            ),
            ("[alter]\nbase_url = [\n", "2: unclosed array"),
            ("[wrong]\n", "1: unknown field `wrong`"),
            (
                "[credentials.KEY]\nsource = \"env\"\n\nprovider = \"x\"\n",
                "4: `credentials.KEY.provider`: goes with source = \"alter\"",
            ),
            (
                "[credentials.KEY]\nsource = \"alter\"\n",
                "1: `credentials.KEY`: names no grant",
            ),
            (
                "[credentials.KEY]\nsource = \"command\"\n",
                "1: `credentials.KEY`: names no command",
            ),
            (
                "[credentials.KEY]\nsource = \"alter\"\nprovider = \"x\"\nmode = \"proxy\"\norigin = \"http://api.example\"\n",
                "5: `credentials.KEY.origin`: not an https origin",
            ),
        ] {
            let error = error(text);
            assert!(error.starts_with(words), "{text}\n{error}");
        }
    }

    #[test]
    fn a_file_that_is_named_must_be_there() {
        let error = Config::read("zoo", Some(Path::new("/nowhere/config.toml"))).unwrap_err();
        assert!(
            error.to_string().contains("/nowhere/config.toml"),
            "{error}"
        );
    }
}
