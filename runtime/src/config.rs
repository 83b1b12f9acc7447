//! The program's own configuration file, which its user writes.
//!
//! `$XDG_CONFIG_HOME/PROGRAM/config.toml`, or the file that `--mcp-config` names. It is TOML; each
//! section is a type of the module that it is for. What is wrong in it is said with the file, the
//! line and the key, and nothing is started: a rule that is not understood is not skipped.

pub(crate) mod file;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::audit;
use crate::credentials::Entry;
use crate::environment;
use crate::error::Error;
use crate::policy::{self, Layer};
use crate::resilience;

pub(crate) use table::{Lines, Place, Table};

/// What the user configured.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// Where it was read, if there is a file.
    pub(crate) file: Option<PathBuf>,
    pub(crate) sections: Sections,
}

/// The sections of the file.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    /// Where the values of slots come from, by the slot's name.
    pub(crate) credentials: BTreeMap<String, Entry>,
    /// The vault of Alter.
    pub(crate) alter: Alter,
    /// What may be called.
    pub(crate) policy: Option<Layer>,
    /// The log of calls.
    pub(crate) audit: Option<audit::Section>,
    /// How often to try again.
    pub(crate) resilience: resilience::Section,
    /// The server that is asked where the usual one is not there.
    pub(crate) fallback: Option<resilience::Standby>,
}

/// `[alter]`: how the vault of Alter is spoken to.
#[derive(Debug, Clone, Default)]
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
        let Some(path) = named
            .map(Path::to_owned)
            .or_else(|| Some(environment::config_folder(program)?.join("config.toml")))
        else {
            return Ok(Self::default());
        };
        // What the caller names may be a pipe, and is then read this once.
        let text = match named.map_or_else(|| file::text(&path), fs::read_to_string) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => {
                return Ok(Self::default());
            }
            // What the caller named, or wrote, is at fault.
            Err(error) => {
                return Err(Error::usage(format!(
                    "cannot read {}: {error}",
                    path.display()
                )));
            }
        };
        Self::of(&path, &text)
    }

    /// The configuration that a file of this text is.
    pub(crate) fn of(file: &Path, text: &str) -> Result<Self, Error> {
        let mut table = Table::read(file, text)?;
        let mut credentials = BTreeMap::new();
        if let Some(mut entries) = table.table("credentials")? {
            for name in entries.keys() {
                if let Some(entry) = entries.table(&name)? {
                    let entry = Entry::read(&name, entry)?;
                    credentials.insert(name, entry);
                }
            }
        }
        let sections = Sections {
            credentials,
            alter: match table.table("alter")? {
                Some(alter) => Alter::read(alter)?,
                None => Alter::default(),
            },
            policy: table
                .table("policy")?
                .map(Layer::read)
                .transpose()
                .map_err(|error| policy::unreadable(&error, false))?,
            audit: table
                .table("audit")?
                .map(audit::Section::read)
                .transpose()?,
            resilience: match table.table("resilience")? {
                Some(section) => resilience::Section::read(section)?,
                None => resilience::Section::default(),
            },
            fallback: match table.table("fallback")? {
                Some(fallback) => Some(resilience::Standby::read(fallback)?),
                None => None,
            },
        };
        table.end()?;
        Ok(Self {
            file: Some(file.to_owned()),
            sections,
        })
    }
}

impl Alter {
    fn read(mut table: Table<'_>) -> Result<Self, Error> {
        let alter = Self {
            base_url: table.text("base_url")?,
            agent: table.text("agent")?,
        };
        table.end()?;
        Ok(alter)
    }
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
                "2: `credentials.KEY.source`: not one of env, keychain, file, command, alter",
            ),
            (
                "[credentials.KEY]\nsource = \"env\"\nvariabel = \"X\"\n",
                "3: unknown key `credentials.KEY.variabel`",
            ),
            (
                "\n[credentials.KEY]\nsource = 7\n",
                "3: `credentials.KEY.source`: not a text",
            ),
            ("[alter]\nbase_url = [\n", "2: unclosed array"),
            ("[wrong]\n", "1: unknown key `wrong`"),
            (
                "[credentials.KEY]\nsource = \"env\"\n\nprovider = \"x\"\n",
                "4: `credentials.KEY.provider`: goes with source = \"alter\"",
            ),
            (
                "[credentials.KEY]\nsource = \"alter\"\n",
                "1: `credentials.KEY`: names no grant",
            ),
            (
                "[credentials.KEY]\n",
                "1: `credentials.KEY`: names no source",
            ),
            (
                "[credentials]\nKEY = 1\n",
                "2: `credentials.KEY`: not a table",
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
