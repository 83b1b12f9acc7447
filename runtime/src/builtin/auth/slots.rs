//! `auth set`, `auth unset`: values that are kept for the server.

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal};
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::json;
use zeroize::Zeroizing;

use crate::asked::Console;
use crate::credentials::store::{Place, Store};
use crate::credentials::{aside, text, what_is_wrong};
use crate::environment::VAULT_KEYS;
use crate::error::Error;
use crate::output::pretty;
use crate::run::Run;
use crate::secret::Secret;
use crate::spec::Spec;
use crate::template;
use crate::text::line;
use crate::vault::Vault;

/// The longest line that a terminal gives, in bytes; what is typed beyond is dropped.
const LONGEST_LINE: usize = if cfg!(target_os = "linux") {
    4095
} else {
    1023
};

fn name() -> Arg {
    Arg::new("name")
        .value_name("NAME")
        .required(true)
        .help("The slot, such as API_KEY; ALTER_API_KEY is the key to the vault")
}

pub(super) fn set(command: Command) -> Command {
    command
        .long_about(
            "Keep a credential for the server in the keychain of the system. The value is asked for, or \
             read from standard input; it is never an option, where every process of the machine could \
             read it.",
        )
        .arg(name())
        // Taken so that it is not repeated where it is refused.
        .arg(
            Arg::new("value")
                .hide(true)
                .num_args(1..)
                .value_parser(value_parser!(OsString)),
        )
        .arg(
            Arg::new("insecure-storage")
                .long("insecure-storage")
                .action(ArgAction::SetTrue)
                .help("Keep it in a file that only you can read, not in the keychain"),
        )
}

pub(super) fn unset(command: Command) -> Command {
    command.arg(name())
}

pub(super) fn keep(run: &Run, matches: &ArgMatches) -> Result<(), Error> {
    if matches.contains_id("value") {
        return Err(no_argument(run, "a value is never an argument"));
    }
    let name = slot(run, matches)?;
    let place = match matches.get_flag("insecure-storage") {
        true => Place::File,
        false => Place::Keychain,
    };
    super::converse(async || {
        let value = value(run, &name).await?;
        let notes = Store::of(run.spec.name).set(&name, value, place).await?;
        notes.iter().for_each(|note| run.printer.warn(note));
        let entry = run.config()?.sections.credentials.get(&name);
        if let Some(warning) = entry.and_then(|entry| entry.is_not_looked_for(place)) {
            run.printer.warn(&warning);
        }
        let words = match place {
            Place::Keychain => "the keychain",
            Place::File => "a file that only you can read",
        };
        run.printer.data(&match run.is_text() {
            true => format!("{name} is kept in {words}\n"),
            false => pretty(&json!({"name": name, "kept": place})),
        })
    })
}

pub(super) fn forget(run: &Run, matches: &ArgMatches) -> Result<(), Error> {
    let name = slot(run, matches)?;
    super::converse(async || {
        let notes = Store::of(run.spec.name).unset(&name).await?;
        let was_kept = notes.is_some();
        for note in notes.iter().flatten() {
            run.printer.warn(note);
        }
        run.printer.data(&match (run.is_text(), was_kept) {
            (false, _) => pretty(&json!({"name": name, "forgotten": was_kept})),
            (true, true) => format!("{name} is forgotten\n"),
            (true, false) => format!("{name} was not kept\n"),
        })
    })
}

/// The slot that is named: one of the server's, one that the configuration names, or the vault's key.
fn slot(run: &Run, matches: &ArgMatches) -> Result<String, Error> {
    let name = matches
        .get_one::<String>("name")
        .cloned()
        .unwrap_or_default();
    if !template::is_name(&name) {
        return Err(no_argument(
            run,
            "what is given is not a name of a variable",
        ));
    }
    let slots: Vec<&str> = run.spec.slots.iter().map(|slot| slot.name).collect();
    let is_known = slots.contains(&name.as_str())
        || VAULT_KEYS.contains(&name.as_str())
        || run.config()?.sections.credentials.contains_key(&name);
    if !is_known {
        run.printer.warn(&format!(
            "{} gives its server no {name}{}",
            run.spec.name,
            match slots.as_slice() {
                [] => String::new(),
                slots => format!(", but {}", slots.join(", ")),
            }
        ));
    }
    Ok(name)
}

/// The error for a line that may have a secret in it.
fn no_argument(run: &Run, words: &str) -> Error {
    Error::usage_with_hint(
        words,
        format!(
            "`{} auth set NAME` asks for the value, or reads it from standard input",
            run.spec.name
        ),
    )
}

/// The value: what the person types, else what is on the standard input.
async fn value(run: &Run, name: &str) -> Result<Secret, Error> {
    let given = match std::io::stdin().is_terminal() {
        true => typed(run.spec, name).await?,
        false => {
            let limit = run.settings.timeout.unwrap_or(Duration::MAX);
            let what = format!("the value of {name} on standard input");
            // Nobody waits for it when a signal comes.
            let piped = aside(&what, limit, || text(std::io::stdin().lock())).await?;
            piped.map_err(|error| match error.kind() {
                ErrorKind::InvalidData => wrong(name, "it is not UTF-8 text"),
                ErrorKind::FileTooLarge => wrong(name, "it is longer than 64 KiB"),
                _ => Error::Io {
                    what: format!("cannot read the value of {name}"),
                    source: error,
                },
            })?
        }
    };
    let value = given.trim_end_matches(['\r', '\n']);
    if value.is_empty() {
        return Err(Error::usage_with_hint(
            format!("no value for {name}"),
            "type it where it is asked for, or pipe it in",
        ));
    }
    if let Some(why) = what_is_wrong(value) {
        return Err(wrong(name, why));
    }
    let is_key = |vault: &Vault| (vault.is_key)(value);
    if name == VAULT_KEYS[0] && !run.vaults.is_empty() && !run.vaults.iter().any(is_key) {
        return Err(wrong(
            name,
            "it does not have the shape of a key to the vault",
        ));
    }
    Ok(Secret::new(value))
}

fn wrong(name: &str, why: &str) -> Error {
    Error::usage(format!("the value of {name} cannot be used: {why}"))
}

async fn typed(spec: &Spec, name: &str) -> Result<Zeroizing<String>, Error> {
    let slot = spec.slots.iter().find(|slot| slot.name == name);
    let question = match slot.map_or("", |slot| slot.about) {
        "" => format!("{name}: "),
        about => format!("{name} ({}): ", line(about)),
    };
    let typed = Console::ask_hidden(&question).await.map(Zeroizing::new);
    let typed = typed.map_err(|source| Error::Io {
        what: format!("cannot read the value of {name}"),
        source,
    })?;
    if cfg!(unix) && typed.len() >= LONGEST_LINE {
        return Err(Error::usage_with_hint(
            format!("the value of {name} is longer than a line of the terminal's can be"),
            format!("pipe it in: `{} auth set {name} < FILE`", spec.name),
        ));
    }
    Ok(typed)
}
