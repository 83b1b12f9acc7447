//! The one path a run takes: read the line, find the command, do it, answer with an exit status.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, Command};
use serde_json::{Value, json};

use crate::builtin;
use crate::client::Client;
use crate::command;
use crate::environment;
use crate::error::{Error, Exit};
use crate::output::printer::Printer;
use crate::output::{failure, pretty, render};
use crate::settings::{Format, Settings, Verbosity};
use crate::signal;
use crate::spec::{FORMAT, Spec};
use crate::transport::Connector;

/// A run that has read its options: the program, how it may reach servers, what it was told.
pub(crate) struct Run {
    pub(crate) spec: &'static Spec,
    pub(crate) connectors: &'static [Connector],
    pub(crate) settings: Settings,
    pub(crate) printer: Printer,
}

/// Runs a program on a command line, its own name first.
pub(crate) fn run(
    spec: &'static Spec,
    connectors: &'static [Connector],
    line: Vec<OsString>,
) -> ExitCode {
    let json = wants_json(&line);
    let printer = Printer::new(
        if json { Format::Json } else { Format::Text },
        Verbosity::Normal,
    );
    let exit = match Outcome::of(spec, connectors, line) {
        Outcome::Done(exit) => exit,
        Outcome::Failed(error) => {
            printer.error(&error, None);
            error.exit()
        }
        Outcome::Parser(error) => parser_exit(&printer, &error),
    };
    exit.into()
}

/// What became of a run.
enum Outcome {
    /// It took its course, and said what there was to say.
    Done(Exit),
    /// It never came to its course.
    Failed(Error),
    /// The line was not read to its end: it is wrong, or it asks for help.
    Parser(clap::Error),
}

impl Outcome {
    fn of(spec: &'static Spec, connectors: &'static [Connector], line: Vec<OsString>) -> Self {
        match outcome(spec, connectors, line) {
            Ok(exit) => Self::Done(exit),
            Err(Left::Failed(error)) => Self::Failed(error),
            Err(Left::Parser(error)) => Self::Parser(error),
        }
    }
}

/// Why the path was left before a command was reached.
enum Left {
    Failed(Error),
    Parser(clap::Error),
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

fn outcome(
    spec: &'static Spec,
    connectors: &'static [Connector],
    line: Vec<OsString>,
) -> Result<Exit, Left> {
    if spec.format != FORMAT {
        let reason = format!(
            "its table is of format {}, its runtime reads {FORMAT}",
            spec.format
        );
        return Err(Error::Damaged(reason).into());
    }
    let first = match command::first_step(spec).try_get_matches_from(&line) {
        Ok(first) => first,
        // The first step knows no tools: its help and its errors are the overview's.
        Err(_) => {
            command::overview(spec).try_get_matches_from(&line)?;
            return Err(Error::usage("no command").into());
        }
    };
    let mut settings = Settings::of_environment(spec.name)?;
    settings.fold(&first)?;
    let (name, rest) = first.subcommand().unwrap_or(("", &first));
    let rest = rest.get_many::<OsString>("").into_iter().flatten().cloned();
    let second = |command: Command| {
        let line = std::iter::once(OsString::from(name)).chain(rest.clone());
        command.no_binary_name(false).try_get_matches_from(line)
    };
    let mut run = |matches: &ArgMatches| -> Result<Run, Error> {
        settings.fold(matches)?;
        let printer = Printer::new(settings.format, settings.verbosity);
        Ok(Run {
            spec,
            connectors,
            settings: std::mem::take(&mut settings),
            printer,
        })
    };
    match name {
        "call" => {
            let matches = second(builtin::call::command(spec))?;
            Ok(builtin::call::run(&run(&matches)?, &matches))
        }
        "self" => {
            let matches = second(builtin::own::command(spec))?;
            let (_, inner) = matches.subcommand().unwrap_or(("", &matches));
            Ok(builtin::own::run(&run(inner)?, &matches))
        }
        _ => {
            let Some(tool) = command::tool(spec, name) else {
                command::overview(spec).try_get_matches_from(&line)?;
                return Err(Error::usage(format!("unknown command `{name}`")).into());
            };
            let parser = command::of_tool(spec, tool);
            let words: Vec<OsString> = rest.clone().collect();
            if let Some((flag, value)) = command::swallowed(&parser, &words) {
                return Err(Error::usage_with_hint(
                    format!("{flag} has no value: `{value}` is a flag itself"),
                    format!("write {flag}={value} if that is the value"),
                )
                .into());
            }
            let matches = second(parser)?;
            let run = run(&matches)?;
            let arguments = crate::arguments::assemble(spec, tool, &matches);
            Ok(run.finish(
                tool.wire,
                arguments.and_then(|arguments| run.call(tool.wire, arguments)),
            ))
        }
    }
}

impl Run {
    /// Says what went wrong, if anything did.
    pub(crate) fn finish(&self, tool: &str, outcome: Result<Exit, Error>) -> Exit {
        outcome.unwrap_or_else(|error| {
            self.printer
                .error(&error, (!tool.is_empty()).then_some(tool));
            error.exit()
        })
    }

    /// Calls a tool and prints its answer; with `--dry-run`, prints the request.
    pub(crate) fn call(&self, tool: &str, arguments: Value) -> Result<Exit, Error> {
        let params = json!({"name": tool, "arguments": arguments});
        if self.settings.dry_run {
            let server = environment::describe(self.spec, &self.settings.overrides)?;
            let request = json!({"method": "tools/call", "params": params, "server": server});
            self.printer.data(&pretty(&request))?;
            return Ok(Exit::Success);
        }
        let endpoint = environment::endpoint(self.spec, &self.settings.overrides)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| Error::Io {
                what: "cannot start".to_owned(),
                source,
            })?;
        let exit = runtime.block_on(async {
            let printer = self.printer.clone();
            let connecting = Client::connect(
                endpoint,
                self.connectors,
                self.spec.name,
                self.settings.limits(),
                move |event| printer.event(&event),
            );
            let mut signals = signal::Signals::listen()?;
            let mut client = signals.or(connecting).await??;
            let answer = signals.or(client.request("tools/call", params)).await;
            let answer = match answer {
                Ok(answer) => answer?,
                Err(signal) => {
                    // The server is told first; a second signal does not wait for that.
                    let _ = signals
                        .or(client.cancel("the caller was interrupted"))
                        .await;
                    return Err(signal);
                }
            };
            let exit = self.answer(tool, &answer)?;
            let _ = signals.or(client.close()).await;
            Ok(exit)
        });
        // What still runs is the conversation with a server that nobody waits for.
        runtime.shutdown_background();
        exit
    }

    fn answer(&self, tool: &str, answer: &Value) -> Result<Exit, Error> {
        let format = self.printer.format();
        let Some(words) = failure(answer) else {
            self.printer.data(&render(answer, format))?;
            return Ok(Exit::Success);
        };
        // As text, a tool's error is talk; the data formats keep it where data is looked for.
        let told = format == Format::Text && answer.get("isError").is_some_and(|flag| flag == true);
        if !told {
            self.printer.data(&render(answer, format))?;
        }
        self.printer.tool_failure(tool, &words);
        Ok(Exit::Tool)
    }
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
