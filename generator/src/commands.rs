//! The commands of `mcpress`: each reads its options, does its work through the library, and says
//! what came of it.

mod call;
mod check;
mod complete;
mod failure;
mod generate;
mod inspect;
mod overlay;
mod smoke;
mod source;

use std::process::ExitCode;

use clap::ArgMatches;

pub use failure::Failure;

/// Runs the command that the line names.
///
/// # Errors
///
/// Whatever ended the command.
pub fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    match matches.subcommand() {
        Some(("generate-cli", matches)) => generate::run(matches),
        Some(("inspect", matches)) => inspect::run(matches),
        Some(("call", matches)) => call::run(matches),
        Some(("check", matches)) => check::run(matches),
        Some(("completions", matches)) => complete::script(matches),
        Some(("complete", matches)) => complete::complete(matches),
        Some(("demo-server", _)) => {
            crate::demo::serve(std::io::stdin().lock(), std::io::stdout().lock())
                .map_err(|error| Failure::io("cannot serve", error))?;
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(Failure::usage("no command")),
    }
}

/// Prints data on standard output; a reader that has closed it has what it wanted.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::io("cannot write the answer", error))
        }
        _ => Ok(()),
    }
}
