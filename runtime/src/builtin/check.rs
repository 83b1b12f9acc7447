//! `self check`: whether the server is still what the program was made from.
//!
//! The server, or what it said to someone else, is compared with the definitions in the program's
//! own table. Only tools that the program has can be gone: which others were left out when it was
//! made is not known here, so a tool that it does not have is a new one.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::{Value, json};

use crate::drift::report::{self, Counts, Mode};
use crate::drift::{again, compare};
use crate::environment;
use crate::error::Error;
use crate::output::pretty;
use crate::run::Run;
use crate::settings::Format;
use crate::spec::Tool;

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
