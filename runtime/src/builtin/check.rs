//! `self check`: whether the server is still what the program was made from.
//!
//! The server, or what it said to someone else, is compared with the definitions in the program's
//! own table. Only tools that the program has can be gone: which others were left out when it was
//! made is not known here, so a tool that it does not have is a new one.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::{Value, json};

use crate::drift::compare;
use crate::drift::report::{self, Counts, Mode};
use crate::environment;
use crate::error::Error;
use crate::output::pretty;
use crate::run::Run;
use crate::settings::Format;
use crate::spec::{Spec, Tool, Transport};

pub(super) fn options(command: Command) -> Command {
    command
        .long_about(
            "Compare what the server says now with what this program was made from, and exit with 7 \
             if a line that worked may fail.",
        )
        .arg(
            Arg::new("mode")
                .long("mode")
                .value_name("MODE")
                .value_parser(Mode::NAMES)
                .default_value(Mode::NAMES[0])
                .hide_possible_values(true)
                .hide_default_value(true)
                .help("Exit with 7 on what breaks (compatible), or on any change, words too (strict) [default: compatible]"),
        )
        .arg(
            Arg::new("from")
                .long("from")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Read a capture or an answer to tools/list instead of asking the server"),
        )
}

pub(super) fn run(run: &Run, matches: &ArgMatches) -> Result<(), Error> {
    let mode = matches.get_one::<String>("mode");
    let mode = mode.and_then(|name| Mode::of(name)).unwrap_or_default();
    if let Some(file) = matches.get_one::<PathBuf>("from") {
        return report(run, mode, &read(file)?);
    }
    if run.settings.dry_run {
        let server = environment::describe(run.spec, &run.settings.overrides)?;
        let request = json!({"method": "tools/list", "params": {}, "server": server});
        return run.printer.data(&pretty(&request));
    }
    run.converse(
        async |client| client.list("tools/list", "tools").await,
        |listed| {
            if let Some(note) = listed.note {
                run.printer.note(&format!("the server's {note}"));
            }
            report(run, mode, &listed.items)
        },
    )
}

/// Prints what changed; drift is an error.
fn report(run: &Run, mode: Mode, now: &[Value]) -> Result<(), Error> {
    let known: Vec<Value> = run.spec.tools.iter().map(Tool::said).collect();
    let changes = compare(&known, now);
    let text = match run.printer.format() {
        Format::Text => report::text(&changes),
        Format::Json | Format::Raw => pretty(&report::json(&changes, mode)),
    };
    run.printer.data(&text)?;
    let counts = Counts::of(&changes);
    if counts.are_drift(mode) {
        return Err(Error::Drift {
            counts,
            again: again(run.spec),
        });
    }
    run.printer.note(&counts.to_string());
    Ok(())
}

/// The tools of a capture, of an answer to `tools/list`, or of a list of them.
fn read(file: &Path) -> Result<Vec<Value>, Error> {
    let text = std::fs::read_to_string(file).map_err(|source| Error::Io {
        what: format!("cannot read {}", file.display()),
        source,
    })?;
    let said: Result<Value, _> = serde_json::from_str(text.trim_start_matches('\u{feff}'));
    let said =
        said.map_err(|error| Error::usage(format!("{} is not JSON: {error}", file.display())))?;
    let said = said.get("result").unwrap_or(&said);
    match said.get("tools").unwrap_or(said) {
        Value::Array(tools) => Ok(tools.clone()),
        _ => Err(Error::usage_with_hint(
            format!("{} holds no list of tools", file.display()),
            "save what a server says with `mcpress inspect --command 'COMMAND …' --capture FILE`",
        )),
    }
}

/// The line that makes the program again from its server.
fn again(spec: &Spec) -> String {
    let mut words = vec!["mcpress".to_owned(), "generate-cli".to_owned()];
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    match spec.server.transport {
        Transport::Stdio { command, args, .. } => {
            let line = std::iter::once(&command).chain(args);
            option(
                "--command",
                line.map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
            );
        }
        Transport::Http { url, headers } => {
            option("--url", url.to_owned());
            for header in headers {
                option("--header", format!("{}: {}", header.name, header.value));
            }
        }
        Transport::Unknown => option("--from", "NEWER-CAPTURE".to_owned()),
    }
    if !matches!(spec.server.transport, Transport::Http { .. }) {
        for slot in spec.slots {
            let mark = if slot.required { "" } else { "?" };
            option("--env", format!("{}{mark}", slot.name));
        }
    }
    option("--name", spec.name.to_owned());
    words
        .iter()
        .map(|word| quoted(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Binding, FORMAT, Server, Slot};

    fn spec(transport: Transport) -> Spec {
        Spec {
            format: FORMAT,
            name: "x-cli",
            about: "",
            server: Server {
                transport,
                protocol: "",
                capture: "",
            },
            slots: &[
                Slot {
                    name: "KEY",
                    required: true,
                },
                Slot {
                    name: "ZONE",
                    required: false,
                },
            ],
            tools: &[],
        }
    }

    #[test]
    fn the_line_that_makes_a_program_again_names_its_server() {
        for (transport, line) in [
            (
                Transport::Stdio {
                    command: "uvx",
                    args: &["some mcp", "--fast"],
                    env: &[],
                    directory: None,
                },
                r#"mcpress generate-cli --command "uvx 'some mcp' --fast" --env KEY --env 'ZONE?' --name x-cli"#,
            ),
            (
                Transport::Http {
                    url: "https://example.com/mcp",
                    headers: &[Binding {
                        name: "Authorization",
                        value: "Bearer ${KEY}",
                    }],
                },
                "mcpress generate-cli --url https://example.com/mcp --header 'Authorization: Bearer ${KEY}' --name x-cli",
            ),
        ] {
            assert_eq!(again(&spec(transport)), line);
        }
    }
}
