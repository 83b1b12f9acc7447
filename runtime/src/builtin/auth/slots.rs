//! `auth set`, `auth unset`: values that are kept for the server.

use std::io::{IsTerminal, Read};

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;
use zeroize::Zeroizing;

use crate::asked::Console;
use crate::credentials::store::{Place, Store};
use crate::environment::VAULT_KEYS;
use crate::error::Error;
use crate::output::pretty;
use crate::run::Run;
use crate::secret::Secret;
use crate::spec::Spec;
use crate::template;
use crate::text::line;

/// The longest value, in bytes.
const LONGEST: u64 = 64 << 10;

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
    let name = slot(run, matches)?;
    let place = match matches.get_flag("insecure-storage") {
        true => Place::File,
        false => Place::Keychain,
    };
    super::converse(async || {
        let value = value(run.spec, &name).await?;
        Store::of(run.spec.name).set(&name, value, place).await?;
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
        let was_kept = Store::of(run.spec.name).unset(&name).await?;
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
        return Err(Error::usage(format!("`{name}`: not a name of a variable")));
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

/// The value: what the person types, else what is on the standard input.
async fn value(spec: &Spec, name: &str) -> Result<Secret, Error> {
    let text = match std::io::stdin().is_terminal() {
        true => {
            let slot = spec.slots.iter().find(|slot| slot.name == name);
            let question = match slot.map_or("", |slot| slot.about) {
                "" => format!("{name}: "),
                about => format!("{name} ({}): ", line(about)),
            };
            Console::ask_hidden(&question).await.map(Zeroizing::new)
        }
        false => piped(),
    };
    let text = text.map_err(|source| Error::Io {
        what: format!("cannot read the value of {name}"),
        source,
    })?;
    let value = text.trim_end_matches(['\r', '\n']);
    if value.is_empty() {
        return Err(Error::usage_with_hint(
            format!("no value for {name}"),
            "type it where it is asked for, or pipe it in",
        ));
    }
    if value.contains('\0') {
        return Err(Error::usage(format!(
            "the value of {name} cannot be used: it holds a NUL"
        )));
    }
    Ok(Secret::new(value))
}

fn piped() -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .lock()
        .take(LONGEST)
        .read_to_string(&mut text)?;
    Ok(text)
}
