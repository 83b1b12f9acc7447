//! `mcpress.lock`: which command each tool has and which flag each parameter has.
//!
//! Scripts are written against a command line, so a tool or a parameter that a server adds later
//! must not rename one that was there before. The lock is kept beside the user's sources and read
//! again at the next generation. What a server no longer offers stays in it, with the capture in
//! which it was missed first, so that its name never comes to mean something else: only the user can
//! give it to another.

mod drift;

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
};

use mcpress_runtime::server_info;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    capture::Capture,
    ir::{Parameter, Program, Tool},
    lower::{offers, text},
    names,
};

/// The version of the lock's layout. The first, which did not say where a thing went, is read as well.
pub const FORMAT: u32 = 2;

/// Where a thing of a lock of the first layout went.
const EARLIER: &str = "an earlier capture";

const HEADER: &str = "\
# The command of each tool and the flag of each parameter, as earlier runs of mcpress chose them.
# Keep this file with your sources: with it, no later version of the server renames them.

";

/// The names of earlier runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    version: u32,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tools: BTreeMap<String, Entry>,
}

/// A tool's names; every map is from a JSON Pointer to a flag.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    command: String,
    /// The capture since which the server no longer offers the tool.
    #[serde(
        default,
        deserialize_with = "read_gone",
        skip_serializing_if = "Option::is_none"
    )]
    gone: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    flags: BTreeMap<String, String>,
    /// The twins of switches.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    negations: BTreeMap<String, String>,
    /// Flags whose parameters the tool no longer has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    gone_flags: BTreeMap<String, GoneFlag>,
}

/// A flag whose parameter the tool no longer has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "GoneFlagText")]
struct GoneFlag {
    flag: String,
    /// The capture since which it is gone.
    gone: String,
}

/// A flag that is gone, as this layout or the first has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum GoneFlagText {
    Bare(String),
    Whole { flag: String, gone: String },
}

impl From<GoneFlagText> for GoneFlag {
    fn from(text: GoneFlagText) -> Self {
        let (flag, gone) = match text {
            GoneFlagText::Bare(flag) => (flag, EARLIER.to_owned()),
            GoneFlagText::Whole { flag, gone } => (flag, gone),
        };
        Self { flag, gone }
    }
}

/// Reads where a tool went, which the first layout answered with `true`.
fn read_gone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Text {
        Whether(bool),
        Where(String),
    }
    Ok(match Text::deserialize(deserializer)? {
        Text::Whether(gone) => gone.then(|| EARLIER.to_owned()),
        Text::Where(capture) => Some(capture),
    })
}

/// Why a text is not a lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It is not TOML, or TOML of another shape.
    #[error("not a lock file")]
    Toml(#[from] toml::de::Error),
    /// It is a lock of a layout this program does not know.
    #[error("a lock of layout {0}, but this mcpress reads layout {FORMAT}")]
    Version(u32),
    /// A name in it cannot be typed.
    #[error("tool {tool:?}: {name:?} cannot be the name of a command or a flag")]
    Name {
        /// The tool's wire name.
        tool: String,
        /// The name.
        name: String,
    },
    /// A name in it has two owners.
    #[error("tool {tool:?}: {name:?} is given twice")]
    Twice {
        /// The wire name of the second owner's tool.
        tool: String,
        /// The name.
        name: String,
    },
}

impl LockError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Toml(_) | Self::Name { .. } => {
                "restore the file from version control, or delete it to have all names chosen afresh"
            }
            Self::Version(_) => "use the version of mcpress that wrote it, or a newer one",
            Self::Twice { .. } => "keep the older of the two entries, and delete the other line",
        }
    }
}

impl Default for Lock {
    /// The lock of a program that was never generated before.
    fn default() -> Self {
        Self {
            version: FORMAT,
            tools: BTreeMap::new(),
        }
    }
}

impl Lock {
    /// Reads a lock.
    ///
    /// # Errors
    ///
    /// When the text is no lock of this layout, or gives one name twice.
    pub fn read(text: &str) -> Result<Self, LockError> {
        let mut lock: Self = toml::from_str(text)?;
        if !(1..=FORMAT).contains(&lock.version) {
            return Err(LockError::Version(lock.version));
        }
        lock.version = FORMAT;
        let mut commands = HashSet::new();
        for (tool, entry) in &lock.tools {
            check(tool, &entry.command, &mut commands)?;
            let mut flags = HashSet::new();
            for (name, _) in entry.names() {
                check(tool, name, &mut flags)?;
            }
        }
        Ok(lock)
    }

    /// The lock after a program was made of a capture: its names, and those of `previous` that it
    /// does not have.
    ///
    /// A tool that is merely left out of the program stays as it was.
    pub fn of(program: &Program, previous: &Self, capture: &Capture) -> Self {
        let here = identity(capture);
        let (offers, _) = offers(capture);
        let offered: HashSet<&str> = offers.iter().map(|offer| offer.wire).collect();
        let commands: HashSet<&str> = program.tools.iter().map(|tool| &*tool.command).collect();
        let mut tools = previous.tools.clone();
        for (wire, entry) in &mut tools {
            entry.gone = match entry.gone.take() {
                _ if offered.contains(&**wire) => None,
                Some(earlier) => Some(earlier),
                None => Some(here.clone()),
            };
        }
        // The user may have given the command of a tool that is gone to another.
        tools.retain(|_, entry| entry.gone.is_none() || !commands.contains(&*entry.command));
        for tool in &program.tools {
            let entry = Entry::of(tool, previous.tools.get(&tool.wire), &here);
            tools.insert(tool.wire.clone(), entry);
        }
        Self {
            version: FORMAT,
            tools,
        }
    }

    /// The lock as the text of its file: sorted, one name a line.
    pub fn to_text(&self) -> String {
        let body = toml::to_string(self).expect("maps of strings under string keys are TOML");
        format!("{HEADER}{body}")
    }

    /// The command a tool had.
    pub(crate) fn command(&self, tool: &str) -> Option<&str> {
        Some(&self.tools.get(tool)?.command)
    }

    /// Every command that is spoken for, and the tool it is held for.
    pub(crate) fn commands(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tools
            .iter()
            .map(|(tool, entry)| (&*entry.command, &**tool))
    }

    /// The flag a parameter had.
    pub(crate) fn flag(&self, tool: &str, pointer: &str) -> Option<&str> {
        let entry = self.tools.get(tool)?;
        let gone = || Some(&entry.gone_flags.get(pointer)?.flag);
        entry.flags.get(pointer).or_else(gone).map(String::as_str)
    }

    /// The twin a switch had.
    pub(crate) fn negation(&self, tool: &str, pointer: &str) -> Option<&str> {
        self.tools
            .get(tool)?
            .negations
            .get(pointer)
            .map(String::as_str)
    }

    /// Every flag of a tool that is spoken for, and the pointer it is held for.
    pub(crate) fn flags(&self, tool: &str) -> impl Iterator<Item = (&str, &str)> {
        self.tools.get(tool).into_iter().flat_map(Entry::names)
    }
}

impl Entry {
    fn of(tool: &Tool, previous: Option<&Self>, here: &str) -> Self {
        let flag = |parameter: &Parameter| (parameter.pointer.clone(), parameter.flag.clone());
        let negation = |parameter: &Parameter| {
            let name = parameter.negation.clone()?;
            Some((parameter.pointer.clone(), name))
        };
        let flags: BTreeMap<_, _> = tool.parameters.iter().map(flag).collect();
        let twins: BTreeMap<_, _> = tool.parameters.iter().filter_map(negation).collect();
        let used: HashSet<&String> = flags.values().chain(twins.values()).collect();
        let Self {
            flags: before,
            mut negations,
            mut gone_flags,
            ..
        } = previous.cloned().unwrap_or_default();
        let go = |(pointer, flag)| {
            let gone = here.to_owned();
            (pointer, GoneFlag { flag, gone })
        };
        gone_flags.extend(before.into_iter().map(go));
        gone_flags.retain(|pointer, _| !flags.contains_key(pointer));
        // The user may have given a name of what is gone to another, which ends both its names.
        negations.retain(|pointer, name| {
            let given = |gone: &GoneFlag| used.contains(&gone.flag);
            !used.contains(name) && !gone_flags.get(pointer).is_some_and(given)
        });
        gone_flags.retain(|_, gone| !used.contains(&gone.flag));
        negations.extend(twins);
        Self {
            command: tool.command.clone(),
            gone: None,
            flags,
            negations,
            gone_flags,
        }
    }

    /// Every flag, and the pointer it is held for.
    fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        let living = self.flags.iter().chain(&self.negations);
        let gone = self.gone_flags.iter();
        living
            .chain(gone.map(|(pointer, gone)| (pointer, &gone.flag)))
            .map(|(pointer, name)| (&**name, &**pointer))
    }
}

/// What a capture is called in a lock: the server, its version, and a digest of its tools, which
/// tells two captures of one version apart.
fn identity(capture: &Capture) -> String {
    let said = |key| {
        let said = server_info(&capture.initialize).get(key);
        let said = said.and_then(Value::as_str);
        said.map(text::line).filter(|said| !said.is_empty())
    };
    let server = said("name").unwrap_or_else(|| "a server".to_owned());
    let version = said("version");
    let mut identity = [Some(server), version]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let tools = serde_json::to_vec(&capture.tools).expect("a capture is JSON already");
    let digest = Sha256::digest(tools);
    write!(
        identity,
        " ({:02x}{:02x}{:02x})",
        digest[0], digest[1], digest[2]
    )
    .expect("a string takes any text");
    identity
}

fn check<'a>(tool: &str, name: &'a str, seen: &mut HashSet<&'a str>) -> Result<(), LockError> {
    let (tool, owned) = (tool.to_owned(), name.to_owned());
    if !names::is_typable(name) {
        return Err(LockError::Name { tool, name: owned });
    }
    if !seen.insert(name) {
        return Err(LockError::Twice { tool, name: owned });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
