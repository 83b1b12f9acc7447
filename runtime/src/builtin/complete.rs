//! `self completions SHELL`: the script that makes a shell ask, and `self complete`, by which it does.

use clap::{ArgMatches, Command};

use crate::complete::{Shell, install, of_program, reply, shell_argument};
use crate::error::Error;
use crate::run::Run;
use crate::spec::Spec;

/// Adds what it takes to the command.
pub(super) fn options(command: Command, spec: &Spec) -> Command {
    let name = spec.name;
    command
        .long_about(
            "Print a script that completes commands, flags and values in a shell. It asks this \
             program, which answers without its server.",
        )
        .after_long_help(install(&format!("{name} self completions"), name))
        .arg(shell_argument())
}

/// The script.
pub(super) fn script(run: &Run, matches: &ArgMatches) -> Result<String, Error> {
    let shell = Shell::of(matches);
    let script = shell.and_then(|shell| shell.script(run.spec.name, "self complete"));
    script.ok_or_else(|| {
        Error::usage(format!(
            "`{}` is not the name of a program: a shell cannot complete it",
            run.spec.name
        ))
    })
}

/// The answer to a script.
pub(super) fn complete(run: &Run, matches: &ArgMatches) -> String {
    reply(matches, |words, typed| of_program(run, words, typed))
}
