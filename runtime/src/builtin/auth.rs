//! `auth`: sign-ins, values of slots, grants of the vault.

mod grants;
mod sign_in;
mod slots;
pub(super) mod status;

use clap::{ArgMatches, Command};

use crate::client;
use crate::error::{Error, Exit};
use crate::run::Run;
use crate::settings::Settings;
use crate::signal::Signals;
use crate::spec::Spec;

pub(crate) fn command(spec: &Spec) -> Command {
    let one = |name: &'static str, about: &'static str| {
        Settings::options(Command::new(name))
            .about(about)
            .max_term_width(100)
    };
    Command::new("auth")
        .bin_name(format!("{} auth", spec.name))
        .about("Sign in and out, keep credentials, connect accounts, see how all that is")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(one(
            "status",
            "Show where each credential comes from, and who is signed in",
        ))
        .subcommand(sign_in::options(one("login", "Sign in to a remote server")))
        .subcommand(one(
            "logout",
            "Sign out: give the tokens back and forget them",
        ))
        .subcommand(slots::set(one("set", "Keep a credential in the keychain")))
        .subcommand(slots::unset(one(
            "unset",
            "Forget a credential that was kept",
        )))
        .subcommand(grants::connect(one(
            "connect",
            "Have a person connect an account in the vault",
        )))
        .subcommand(grants::approvals(spec, one))
}

pub(crate) fn run(run: &mut Run, matches: &ArgMatches) -> Exit {
    let outcome = match matches.subcommand() {
        Some(("login", matches)) => sign_in::login(run, matches),
        Some(("logout", _)) => sign_in::logout(run),
        Some(("set", matches)) => slots::keep(run, matches),
        Some(("unset", matches)) => slots::forget(run, matches),
        Some(("connect", matches)) => grants::have_connected(run, matches),
        Some(("approvals", matches)) => grants::approve(run, matches),
        _ => status::show(run),
    };
    run.finish(None, outcome)
}

/// Runs something that a signal ends.
pub(super) fn converse(what: impl AsyncFnOnce() -> Result<(), Error>) -> Result<(), Error> {
    client::converse(async {
        let mut signals = Signals::listen()?;
        signals.or(what()).await?
    })
}
