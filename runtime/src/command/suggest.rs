//! What was most likely meant by a word that is no command and no flag: among the names that are
//! shown, since an alias or what is hidden would be news to the user.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use super::overview::{OWN, is_shown};
use super::root;
use crate::spec::Spec;

/// How alike two names must be (Jaro), the same as clap asks for.
const ALIKE: f64 = 0.7;
/// The most names that are suggested at once.
const FEW: usize = 3;

/// The error for a command that there is not.
pub(crate) fn unknown(spec: &Spec, name: &str) -> clap::Error {
    let mut command = root(spec);
    let usage = command.render_usage();
    let mut error = clap::Error::new(ErrorKind::InvalidSubcommand).with_cmd(&command);
    error.insert(
        ContextKind::InvalidSubcommand,
        ContextValue::String(name.to_owned()),
    );
    error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    let shown = spec.tools.iter().filter(is_shown);
    let own = OWN.iter().map(|(name, _)| *name);
    let names = shown.map(|tool| tool.command).chain(own);
    let suggested = commands(&as_typed(name), names);
    if !suggested.is_empty() {
        error.insert(
            ContextKind::SuggestedSubcommand,
            ContextValue::Strings(suggested),
        );
    }
    error
}

/// A name in the spelling of commands: `getPolicy` and `get_policy` as `get-policy`.
pub(crate) fn as_typed(name: &str) -> String {
    let mut typed = String::new();
    let mut after_small = false;
    for character in name.chars() {
        if character.is_uppercase() && after_small {
            typed.push('-');
        }
        after_small = character.is_lowercase() || character.is_numeric();
        match character {
            '_' | '.' | '/' | ':' | ' ' => typed.push('-'),
            character => typed.extend(character.to_lowercase()),
        }
    }
    typed
}

/// The commands most like a name; those that have it as the beginning of a word before what is only
/// remotely like it.
fn commands<'a>(name: &str, all: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let mut alike: Vec<(f64, &str)> = all
        .clone()
        .map(|command| (strsim::jaro(name, command), command))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .collect();
    alike.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    // What is much less alike than the best is noise.
    let best = alike.first().map_or(0.0, |(likeness, _)| *likeness);
    alike.retain(|(likeness, _)| best - likeness < 0.1);
    let named =
        |command: &&str| name.len() > 2 && command.split('-').any(|word| word.starts_with(name));
    let mut found: Vec<&str> = alike.into_iter().map(|(_, command)| command).collect();
    if best < 0.85 {
        let mut by_word: Vec<&str> = all.filter(named).collect();
        by_word.append(&mut found);
        found = by_word;
    }
    let mut suggested: Vec<String> = Vec::new();
    for command in found {
        if !suggested.iter().any(|other| other == command) {
            suggested.push(command.to_owned());
        }
    }
    suggested.truncate(FEW);
    suggested
}

/// The same error, suggesting of the flags that are shown the one most like what was typed. Of a
/// nested flag, the last name alone will do.
pub(crate) fn suggest_shown_name(command: &Command, mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let Some(typed) = typed.strip_prefix("--").map(str::to_owned) else {
        return error;
    };
    error.remove(ContextKind::SuggestedArg);
    error.remove(ContextKind::Suggested);
    let likeness = |name: &str| {
        let last = name.rsplit('.').next().unwrap_or(name);
        let whole = strsim::jaro(&typed, name);
        if typed.contains('.') || last == name {
            whole
        } else {
            // The whole of a name goes before the end of another.
            whole.max(strsim::jaro(&typed, last) - 0.01)
        }
    };
    let best = names(command)
        .map(|(name, shown)| (likeness(name), shown))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    if let Some((_, shown)) = best {
        let shown = ContextValue::String(format!("--{shown}"));
        error.insert(ContextKind::SuggestedArg, shown);
    }
    error
}

/// Every spelling of the flags that are shown, each with the one that is.
fn names(command: &Command) -> impl Iterator<Item = (&str, &str)> {
    command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() || is_twin(command, arg))
        .filter_map(|arg| Some((arg, arg.get_long()?)))
        .flat_map(|(arg, long)| {
            let aliases = arg.get_all_aliases().unwrap_or_default();
            std::iter::once(long)
                .chain(aliases)
                .map(move |name| (name, long))
        })
}

/// Whether a flag is the twin that says `false` of one that is shown, and so is mentioned there.
pub(crate) fn is_twin(command: &Command, arg: &Arg) -> bool {
    let Some(pointer) = arg.get_id().as_str().strip_prefix("no ") else {
        return false;
    };
    command
        .get_arguments()
        .any(|other| other.get_id() == pointer && !other.is_hide_set())
}
