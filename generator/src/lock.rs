//! `mcpress.lock`: which command each tool, prompt and resource template has, and which flag each of
//! their parameters.
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
    ir::{Form, Parameter, Program, Tool},
    lower::{offers, text},
    names,
};

/// The version of the lock's layout. Earlier ones are read as well: the first did not say where a thing
/// went, the second knew of tools alone.
pub const FORMAT: u32 = 3;

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
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    tools: Names,
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    prompts: Names,
    /// Resource templates, by their URI templates.
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    templates: Names,
}

/// The names of one kind of thing that a server offers, by what it is called on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Names(BTreeMap<String, Entry>);

/// The names of one thing, such as a tool; every map is from a JSON Pointer to a flag.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    command: String,
    /// The capture since which the server no longer offers it.
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
    /// Flags whose parameters it no longer has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    gone_flags: BTreeMap<String, GoneFlag>,
}

/// A flag whose parameter is no longer there.
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
            tools: Names::default(),
            prompts: Names::default(),
            templates: Names::default(),
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
        for names in [&lock.tools, &lock.prompts, &lock.templates] {
            names.check()?;
        }
        Ok(lock)
    }

    /// The lock after a program was made of a capture: its names, and those of `previous` that it
    /// does not have.
    ///
    /// A tool that is merely left out of the program stays as it was.
    pub fn of<'a>(program: &'a Program, previous: &Self, capture: &'a Capture) -> Self {
        let here = identity(capture);
        let (offers, _) = offers(capture);
        let tools = program.tools.iter().map(Bearer::from).collect();
        let offered = offers.iter().map(|offer| offer.wire).collect();
        let form =
            |forms: &'a [Form]| -> Vec<Bearer<'a>> { forms.iter().map(Bearer::from).collect() };
        let all = |forms: &'a [Form]| forms.iter().map(|form| &*form.wire).collect();
        let (prompts, templates) = (&program.prompts, &program.templates);
        Self {
            version: FORMAT,
            tools: previous.tools.after(tools, &offered, &here),
            // None is ever left out.
            prompts: previous.prompts.after(form(prompts), &all(prompts), &here),
            templates: previous
                .templates
                .after(form(templates), &all(templates), &here),
        }
    }

    /// The lock as the text of its file: sorted, one name a line.
    pub fn to_text(&self) -> String {
        let body = toml::to_string(self).expect("maps of strings under string keys are TOML");
        format!("{HEADER}{body}")
    }

    /// The names of the tools.
    pub(crate) fn tools(&self) -> &Names {
        &self.tools
    }

    /// The names of the prompts.
    pub(crate) fn prompts(&self) -> &Names {
        &self.prompts
    }

    /// The names of the resource templates.
    pub(crate) fn templates(&self) -> &Names {
        &self.templates
    }
}

impl Names {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn check(&self) -> Result<(), LockError> {
        let mut commands = HashSet::new();
        for (wire, entry) in &self.0 {
            check(wire, &entry.command, &mut commands)?;
            let mut flags = HashSet::new();
            for (name, _) in entry.names() {
                check(wire, name, &mut flags)?;
            }
        }
        Ok(())
    }

    /// The names after a program was made that has these things, of a server that offers those.
    fn after(&self, made: Vec<Bearer<'_>>, offered: &HashSet<&str>, here: &str) -> Self {
        let commands: HashSet<&str> = made.iter().map(|bearer| bearer.command).collect();
        let mut names = self.0.clone();
        for (wire, entry) in &mut names {
            entry.gone = match entry.gone.take() {
                _ if offered.contains(&**wire) => None,
                Some(earlier) => Some(earlier),
                None => Some(here.to_owned()),
            };
        }
        // The user may have given the command of one that is gone to another.
        names.retain(|_, entry| entry.gone.is_none() || !commands.contains(&*entry.command));
        for bearer in &made {
            let entry = Entry::of(bearer, self.0.get(bearer.wire), here);
            names.insert(bearer.wire.to_owned(), entry);
        }
        Self(names)
    }

    /// The command a thing had.
    pub(crate) fn command(&self, wire: &str) -> Option<&str> {
        Some(&self.0.get(wire)?.command)
    }

    /// Every command that is spoken for, and the thing it is held for.
    pub(crate) fn commands(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(wire, entry)| (&*entry.command, &**wire))
    }

    /// The flag a parameter had.
    pub(crate) fn flag(&self, wire: &str, pointer: &str) -> Option<&str> {
        let entry = self.0.get(wire)?;
        let gone = || Some(&entry.gone_flags.get(pointer)?.flag);
        entry.flags.get(pointer).or_else(gone).map(String::as_str)
    }

    /// The twin a switch had.
    pub(crate) fn negation(&self, wire: &str, pointer: &str) -> Option<&str> {
        let negations = &self.0.get(wire)?.negations;
        negations.get(pointer).map(String::as_str)
    }

    /// Every flag of a thing that is spoken for, and the pointer it is held for.
    pub(crate) fn flags(&self, wire: &str) -> impl Iterator<Item = (&str, &str)> {
        self.0.get(wire).into_iter().flat_map(Entry::names)
    }
}

/// A thing of a program that has names.
struct Bearer<'a> {
    wire: &'a str,
    command: &'a str,
    parameters: &'a [Parameter],
}

impl<'a> From<&'a Tool> for Bearer<'a> {
    fn from(tool: &'a Tool) -> Self {
        Self {
            wire: &tool.wire,
            command: &tool.command,
            parameters: &tool.parameters,
        }
    }
}

impl<'a> From<&'a Form> for Bearer<'a> {
    fn from(form: &'a Form) -> Self {
        Self {
            wire: &form.wire,
            command: &form.command,
            parameters: &form.parameters,
        }
    }
}

impl Entry {
    fn of(bearer: &Bearer<'_>, previous: Option<&Self>, here: &str) -> Self {
        let flag = |parameter: &Parameter| (parameter.pointer.clone(), parameter.flag.clone());
        let negation = |parameter: &Parameter| {
            let name = parameter.negation.clone()?;
            Some((parameter.pointer.clone(), name))
        };
        let flags: BTreeMap<_, _> = bearer.parameters.iter().map(flag).collect();
        let twins: BTreeMap<_, _> = bearer.parameters.iter().filter_map(negation).collect();
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
            command: bearer.command.to_owned(),
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
