//! `mcpress.lock`: which command each tool has and which flag each parameter has.
//!
//! Scripts are written against a command line, so a tool or a parameter that a server adds later
//! must not rename one that was there before. The lock is kept beside the user's sources and read
//! again at the next generation. What a server no longer offers stays in it, marked as gone, so
//! that its name never comes to mean something else.

mod drift;

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::{
    ir::{Parameter, Program, Shape, Tool},
    names,
};

/// The version of the lock's layout.
pub const FORMAT: u32 = 1;

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
    /// The server no longer offers the tool.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    gone: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    flags: BTreeMap<String, String>,
    /// The twins of switches.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    negations: BTreeMap<String, String>,
    /// Flags whose parameters the tool no longer has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    gone_flags: BTreeMap<String, String>,
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
        let lock: Self = toml::from_str(text)?;
        if lock.version != FORMAT {
            return Err(LockError::Version(lock.version));
        }
        let mut commands = HashSet::new();
        for (tool, entry) in &lock.tools {
            check(tool, &entry.command, &mut commands)?;
            let mut flags = HashSet::new();
            for name in entry.names() {
                check(tool, name, &mut flags)?;
            }
        }
        Ok(lock)
    }

    /// The lock after a program was made: its names, and those of `previous` it no longer has.
    pub fn of(program: &Program, previous: &Self) -> Self {
        let mut tools = previous.tools.clone();
        for entry in tools.values_mut() {
            entry.gone = true;
        }
        for tool in &program.tools {
            let entry = Entry::of(tool, previous.tools.get(&tool.wire));
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

    /// Every command that is spoken for.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &str> {
        self.tools.values().map(|entry| &*entry.command)
    }

    /// The flag a parameter had.
    pub(crate) fn flag(&self, tool: &str, pointer: &str) -> Option<&str> {
        let entry = self.tools.get(tool)?;
        entry
            .flags
            .get(pointer)
            .or_else(|| entry.gone_flags.get(pointer))
            .map(String::as_str)
    }

    /// The twin a switch had.
    pub(crate) fn negation(&self, tool: &str, pointer: &str) -> Option<&str> {
        self.tools
            .get(tool)?
            .negations
            .get(pointer)
            .map(String::as_str)
    }

    /// Every flag of a tool that is spoken for.
    pub(crate) fn flags(&self, tool: &str) -> impl Iterator<Item = &str> {
        self.tools.get(tool).into_iter().flat_map(Entry::names)
    }
}

impl Entry {
    fn of(tool: &Tool, previous: Option<&Self>) -> Self {
        let flag = |parameter: &Parameter| (parameter.pointer.clone(), parameter.flag.clone());
        let negation = |parameter: &Parameter| match &parameter.shape {
            Shape::Boolean {
                negation: Some(name),
            } => Some((parameter.pointer.clone(), name.clone())),
            _ => None,
        };
        let flags: BTreeMap<_, _> = tool.parameters.iter().map(flag).collect();
        let before = previous.cloned().unwrap_or_default();
        let mut gone_flags = before.flags;
        gone_flags.extend(before.gone_flags);
        gone_flags.retain(|pointer, _| !flags.contains_key(pointer));
        let mut negations = before.negations;
        negations.extend(tool.parameters.iter().filter_map(negation));
        Self {
            command: tool.command.clone(),
            gone: false,
            flags,
            negations,
            gone_flags,
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let flags = self.flags.values().chain(self.negations.values());
        flags.chain(self.gone_flags.values()).map(String::as_str)
    }
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
