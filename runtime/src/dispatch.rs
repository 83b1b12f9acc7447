//! From a command line to the command it names.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command};

use crate::arguments;
use crate::builtin;
use crate::builtin::form::{Filling, Kind};
use crate::command;
use crate::error::{Error, Exit};
use crate::output::printer::Printer;
use crate::run::Run;
use crate::secret::mask;
use crate::settings::{Format, Settings, Verbosity};
use crate::spec::{FORMAT, Spec};
use crate::transport::Connector;
use crate::vault::Vault;

/// Runs a program on a command line, its own name first.
pub(crate) fn dispatch(
    spec: &'static Spec,
    connectors: &'static [Connector],
    vaults: &'static [Vault],
    line: Vec<OsString>,
) -> ExitCode {
    let json = wants_json(&line);
    let format = if json { Format::Json } else { Format::Text };
    let printer = Printer::new(format, Verbosity::Normal);
    let exit = find(spec, connectors, vaults, line).unwrap_or_else(|left| match left {
        Left::Failed(error) => {
            printer.error(&error, None);
            error.exit()
        }
        Left::Parser(error) => parser_exit(&printer, &error),
        Left::Help(text) => match printer.data(&text) {
            Ok(()) => Exit::Success,
            Err(error) => error.exit(),
        },
        Left::Nothing(text) => {
            printer.say(text.trim_end());
            if json {
                let error = Error::usage("no command");
                printer.say(&error.to_json(None).to_string());
            }
            Exit::Usage
        }
    });
    mask::forget();
    exit.into()
}

/// Why no command was reached.
enum Left {
    /// Something is wrong.
    Failed(Error),
    /// The line was not read to its end: it is wrong, or it asks for the help that clap has.
    Parser(clap::Error),
    /// It asks for help.
    Help(String),
    /// It is empty, and this is what could be on it.
    Nothing(String),
}

impl From<Error> for Left {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<clap::Error> for Left {
    fn from(error: clap::Error) -> Self {
        Self::Parser(error)
    }
}

/// Finds the command and runs it.
fn find(
    spec: &'static Spec,
    connectors: &'static [Connector],
    vaults: &'static [Vault],
    line: Vec<OsString>,
) -> Result<Exit, Left> {
    if spec.format != FORMAT {
        let reason = format!(
            "its table is of format {}, its runtime reads {FORMAT}",
            spec.format
        );
        return Err(Error::Damaged(reason).into());
    }
    let first = first(spec, &line)?;
    let mut settings = Settings::of_environment(spec.name)?;
    settings.fold(&first)?;
    let (name, rest) = first.subcommand().unwrap_or(("", &first));
    let rest = rest.get_many::<OsString>("").into_iter().flatten();
    let words: Vec<OsString> = std::iter::once(name.into()).chain(rest.cloned()).collect();
    let mut run = |matches: &ArgMatches| -> Result<Run, Error> {
        settings.fold(matches)?;
        Ok(Run::new(
            spec,
            connectors,
            vaults,
            std::mem::take(&mut settings),
        ))
    };
    match name {
        "call" => {
            let matches = read(&mut builtin::call::command(spec), &words)?;
            Ok(builtin::call::run(run(&matches)?, &matches))
        }
        "auth" => {
            let matches = read(&mut builtin::auth::command(spec), &words)?;
            let mut run = run(innermost(&matches))?;
            Ok(builtin::auth::run(&mut run, &matches))
        }
        "self" => {
            let matches = read(&mut builtin::own::command(spec), &words)?;
            Ok(builtin::own::run(&run(innermost(&matches))?, &matches))
        }
        "prompt" | "resource" => {
            let mut family = builtin::command(spec, name).unwrap_or_default();
            let matches = read(&mut family, &words)?;
            let (verb, inner) = matches.subcommand().unwrap_or(("", &matches));
            let kind = match verb {
                "get" => Kind::Prompt,
                "read" => Kind::Template,
                _ if name == "prompt" => return Ok(builtin::prompt::run(&run(inner)?)),
                _ => return Ok(builtin::resource::run(&run(inner)?, &matches)),
            };
            let filling = Filling::find(spec, kind, &words, inner)?;
            let mut command = filling.command(spec);
            let matches = read(&mut command, &filling.words).map_err(|left| match left {
                Left::Parser(error) if command::asks_in_full(&mut command, &error) => {
                    Left::Help(filling.long_help(spec))
                }
                left => left,
            })?;
            let run = run(&matches)?;
            Ok(match kind {
                Kind::Prompt => builtin::prompt::get(&run, &filling, &matches),
                Kind::Template => builtin::resource::read(&run, &filling, &matches),
            })
        }
        _ => {
            let Some(tool) = command::tool(spec, name) else {
                return Err(command::unknown(spec, name).into());
            };
            let mut command = command::of_tool(spec, tool);
            let matches = read(&mut command, &words).map_err(|left| match left {
                Left::Parser(error) if command::asks_in_full(&mut command, &error) => {
                    Left::Help(command::long_help(spec, tool))
                }
                left => left,
            })?;
            let run = run(&matches)?.of_tool(tool.wire);
            let outcome = run.call(tool.wire, Some(tool), || {
                let checked = !run.settings.unchecked;
                let assembled = arguments::assemble(spec, tool, &matches, checked)?;
                for warning in &assembled.warnings {
                    run.printer.warn(warning);
                }
                Ok(assembled.arguments)
            });
            Ok(run.finish(Some(tool.wire), outcome))
        }
    }
}

/// What was given to the last of the commands on a line, which has the options.
fn innermost(matches: &ArgMatches) -> &ArgMatches {
    match matches.subcommand() {
        Some((_, inner)) => innermost(inner),
        None => matches,
    }
}

/// Whether a line without the program's name could be run.
///
/// # Errors
///
/// What is wrong, in one line.
pub(crate) fn check(spec: &'static Spec, line: Vec<OsString>) -> Result<(), String> {
    let line: Vec<OsString> = std::iter::once(spec.name.into()).chain(line).collect();
    let read = || -> Result<ArgMatches, Left> {
        let first = command::first_step(spec).try_get_matches_from(&line)?;
        let (name, rest) = first.subcommand().unwrap_or(("", &first));
        let rest = rest.get_many::<OsString>("").into_iter().flatten();
        let words: Vec<OsString> = std::iter::once(name.into()).chain(rest.cloned()).collect();
        let mut command = match (builtin::command(spec, name), command::tool(spec, name)) {
            (Some(command), _) => command,
            (None, Some(tool)) => command::of_tool(spec, tool),
            (None, None) => return Err(command::unknown(spec, name).into()),
        };
        self::read(&mut command, &words)
    };
    match read() {
        Err(Left::Failed(error)) => Err(error.to_string()),
        Err(Left::Parser(error)) if error.use_stderr() => {
            let text = error.render().to_string();
            let line = text.lines().next().unwrap_or_default();
            Err(line.trim_start_matches("error: ").to_owned())
        }
        Err(Left::Nothing(_)) => Err("no command".to_owned()),
        Err(Left::Parser(_) | Left::Help(_)) | Ok(_) => Ok(()),
    }
}

/// Reads the options before the command. The first step knows no tools, so its help is the overview.
fn first(spec: &Spec, line: &[OsString]) -> Result<ArgMatches, Left> {
    let mut command = command::first_step(spec);
    let error = match command.try_get_matches_from_mut(line) {
        Ok(matches) => return Ok(matches),
        Err(error) => error,
    };
    Err(match error.kind() {
        ErrorKind::DisplayHelp => {
            let full = command::asks_in_full(&mut command, &error);
            Left::Help(command::overview(spec, full))
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            Left::Nothing(command::overview(spec, false))
        }
        _ => Left::Parser(command::suggest_shown_name(&command, error)),
    })
}

/// Reads the flags of one command, its name being the first word.
fn read(command: &mut Command, words: &[OsString]) -> Result<ArgMatches, Left> {
    command::refuse_swallowed(command, words)?;
    let matches = command.try_get_matches_from_mut(words);
    matches.map_err(|error| Left::Parser(command::suggest_shown_name(command, error)))
}

/// Prints what the parser has to say: help on standard output, an error on standard error.
fn parser_exit(printer: &Printer, error: &clap::Error) -> Exit {
    let text = error.render().to_string();
    if !error.use_stderr() {
        return match printer.data(&text) {
            Ok(()) => Exit::Success,
            Err(error) => error.exit(),
        };
    }
    printer.say(text.trim_end());
    if printer.format() == Format::Json {
        let message = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        printer.say(&Error::usage(message).to_json(None).to_string());
    }
    Exit::Usage
}

/// Whether the line asks for JSON, read from the words as they stand: the errors of a line that
/// cannot be parsed are wanted as JSON too.
fn wants_json(line: &[OsString]) -> bool {
    let words: Vec<_> = line.iter().map(|word| word.to_string_lossy()).collect();
    words
        .iter()
        .any(|word| matches!(&**word, "--output=json" | "-ojson" | "-o=json"))
        || words
            .windows(2)
            .any(|pair| matches!(&*pair[0], "--output" | "-o") && pair[1] == "json")
}
