//! `mcpress completions SHELL`, and what its scripts ask.

use std::process::ExitCode;

use clap::ArgMatches;
use mcpress_runtime::complete::{Shell, of_command, reply};

use super::failure::Failure;
use super::print;
use crate::cli;

pub(super) fn script(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let script = Shell::of(matches).and_then(|shell| shell.script("mcpress", "complete"));
    print(&script.unwrap_or_default())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn complete(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    print(&reply(matches, |words, typed| {
        of_command(cli::command(), words, typed)
    }))?;
    Ok(ExitCode::SUCCESS)
}
