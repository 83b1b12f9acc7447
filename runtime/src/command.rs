//! The spec as a command line.
//!
//! A line is read in two steps. The first knows the options of every command and takes the rest
//! from the command's name on as it is; the second knows the flags of that one command. So a
//! program of a thousand tools builds the parser of one.
//!
//! ```text
//! flag      a parameter as an argument of clap's: what may be typed
//! words     what is said of it
//! example   whole lines that work
//! overview  the help of the program
//! suggest   what was most likely meant
//! ```

mod example;
mod flag;
mod overview;
mod suggest;
mod words;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, Command};

use crate::arguments::patch_options;
use crate::error::Error;
use crate::policy::is_destructive;
use crate::protocol;
use crate::settings::Settings;
use crate::spec::{Parameter, RESERVED_COMMANDS, Shape, Spec, Tool};
use crate::task::{EXTENSION, Support};
use crate::text::fill;

pub(crate) use example::{lines as examples, words_without_secrets};
pub(crate) use flag::{negation_id, positional_id};
pub(crate) use overview::{in_order, overview, sections};
pub(crate) use suggest::{as_typed, is_twin, suggest_shown_name, unknown};
pub(crate) use words::long_about;

/// The heading of the options that every command has.
pub(crate) const COMMON: &str = "Options of every command";

/// The widest that a page of help gets.
const WIDTH: usize = 100;

/// The whole program without its tools: the options, and a command with all that follows it.
pub(crate) fn first_step(spec: &Spec) -> Command {
    root(spec)
        .allow_external_subcommands(true)
        .external_subcommand_value_parser(clap::value_parser!(OsString))
}

fn root(spec: &Spec) -> Command {
    Settings::options(Command::new(spec.name))
        .bin_name(spec.name)
        .about(spec.about)
        .override_usage(format!("{} [OPTIONS] COMMAND", spec.name))
        .disable_help_subcommand(true)
        .version(concat!("(mcpress ", env!("CARGO_PKG_VERSION"), ")"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .max_term_width(WIDTH)
}

/// The tool that a command names: by the name shown, else by the server's own, unless that is kept for
/// a command that every program has.
pub(crate) fn tool(spec: &Spec, name: &str) -> Option<&'static Tool> {
    let tools: &'static [Tool] = spec.tools;
    tools.iter().find(|tool| tool.command == name).or_else(|| {
        let is_free = !RESERVED_COMMANDS.contains(&name);
        tools.iter().find(|tool| is_free && tool.wire == name)
    })
}

/// One tool's command, with all its flags.
pub(crate) fn of_tool(spec: &Spec, tool: &'static Tool) -> Command {
    let mut command = Command::new(tool.command)
        .bin_name(format!("{} {}", spec.name, tool.command))
        .override_usage(usage(spec, tool))
        .about(words::about(tool))
        .max_term_width(WIDTH);
    for parameter in flag::in_order(tool.parameters) {
        for arg in flag::args(tool, parameter) {
            command = command.arg(arg);
        }
    }
    let command = command.args(flag::positionals(tool.parameters));
    let command = command.arg(arguments_option(tool.parameters));
    let command = Settings::options(patch_options(command))
        .mut_arg("mcp-yes", |arg| arg.hide(!is_destructive(tool)));
    // Most tools cannot be tasks, and need not say that they could be detached.
    match may_be_task(spec, tool) {
        true => command.mut_arg("mcp-detach", |arg| arg.hide(false)),
        false => command,
    }
}

/// Whether a call may become a task, as far as was known when the program was made: by the tool's own
/// word or, since MCP 2026-07-28, at the server's will.
fn may_be_task(spec: &Spec, tool: &Tool) -> bool {
    match protocol::is_stateless(spec.server.protocol) {
        true => spec.server.capture.contains(EXTENSION),
        false => Support::of(tool.definition) != Support::Forbidden,
    }
}

/// All that is said of a tool, with lines that work at the end.
pub(crate) fn long_help(spec: &Spec, tool: &'static Tool) -> String {
    long_help_of(of_tool(spec, tool), spec, tool)
}

/// The same for a tool's command that has more flags than the tool's own.
pub(crate) fn long_help_of(command: Command, spec: &Spec, tool: &'static Tool) -> String {
    let mut help = in_full(command, tool).render_long_help().to_string();
    help.push_str(&example::section(spec, tool));
    help
}

/// A tool's command with its description, which is read out of the definition: a call needs none.
fn in_full(command: Command, tool: &'static Tool) -> Command {
    command.long_about(words::long_about(tool))
}

/// Whether the help that an error is was asked for in full, with `--help`.
pub(crate) fn asks_in_full(command: &mut Command, error: &clap::Error) -> bool {
    error.kind() == ErrorKind::DisplayHelp
        && error.render().to_string() == command.render_long_help().to_string()
}

/// The line that a user starts from: what is required in full, the rest in a word.
pub(crate) fn usage(spec: &Spec, tool: &'static Tool) -> String {
    const TITLE: usize = "Usage: ".len();
    let mut parts = vec![format!("{} {}", spec.name, tool.command)];
    for parameter in tool
        .parameters
        .iter()
        .filter(|parameter| !parameter.more().hidden)
    {
        let required = words::is_required(tool, parameter);
        match parameter.shape {
            _ if parameter.more().positional => {
                let name = flag::positional_name(parameter);
                let more = if flag::repeats(parameter.shape) {
                    "..."
                } else {
                    ""
                };
                let (open, close) = if required { ('<', '>') } else { ('[', ']') };
                parts.push(format!("{open}{name}{close}{more}"));
            }
            _ if !required => {}
            Shape::Constant(_) => {}
            Shape::Boolean => parts.push(format!("--{}", parameter.flag)),
            // What has required fields with flags of their own is given by these.
            Shape::Object { .. } | Shape::Union(_) | Shape::Json
                if words::has_required_fields(tool, parameter) => {}
            _ => {
                let name = words::value_name(parameter);
                parts.push(format!("--{} <{name}>", parameter.flag));
            }
        }
    }
    parts.push("[OPTIONS]".to_owned());
    let lines = fill(parts.iter().map(String::as_str), " ", TITLE, WIDTH - 4);
    lines.trim_start().to_owned()
}

/// Refuses a line on which a flag stands where another flag wants its value.
///
/// # Errors
///
/// What to write instead.
pub(crate) fn refuse_swallowed(command: &Command, line: &[OsString]) -> Result<(), Error> {
    let Some((flag, value)) = swallowed(command, line) else {
        return Ok(());
    };
    Err(Error::usage_with_hint(
        format!("{flag} has no value: `{value}` is a flag itself"),
        format!("write {flag}={value} if that is the value"),
    ))
}

/// A flag of the command where another flag wants its value, as in `--tag --dry-run`: the value was
/// most likely forgotten, and what was to be tried would be done. What follows `--` is no flag.
fn swallowed(command: &Command, line: &[OsString]) -> Option<(String, String)> {
    let flag = |word: &OsString| long_flag(command, word.to_str()?);
    let end = line.iter().position(|word| word == "--");
    line[..end.unwrap_or(line.len())]
        .windows(2)
        .find_map(|pair| {
            let wants = flag(&pair[0]).or_else(|| short_flag(command, pair[0].to_str()?))?;
            flag(&pair[1])?;
            // A flag that may stand alone has no value to be forgotten.
            let may_stand_alone = wants
                .get_num_args()
                .is_some_and(|range| range.min_values() == 0);
            let takes_value = wants.get_action().takes_values() && !may_stand_alone;
            takes_value.then(|| {
                (
                    pair[0].to_string_lossy().into_owned(),
                    pair[1].to_string_lossy().into_owned(),
                )
            })
        })
}

/// The argument that a word names in full, as `--flag`.
fn long_flag<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let word = word.strip_prefix("--")?;
    command.get_arguments().find(|arg| {
        arg.get_long() == Some(word) || arg.get_all_aliases().is_some_and(|all| all.contains(&word))
    })
}

/// The argument that a word names by its one letter, as `-f`.
fn short_flag<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let mut letters = word.strip_prefix('-')?.chars();
    let letter = letters.next().filter(|_| letters.next().is_none())?;
    let mut arguments = command.get_arguments();
    arguments.find(|arg| arg.get_short() == Some(letter))
}

/// `--args`, on every command that calls a tool; `--raw` as well, where no flag has that name.
pub(crate) fn arguments_option(parameters: &[Parameter]) -> Arg {
    let is_raw =
        |parameter: &Parameter| parameter.flag == "raw" || parameter.aliases.contains(&"raw");
    let alias = (!parameters.iter().any(is_raw)).then_some("raw");
    Arg::new("args")
        .long("args")
        .aliases(alias)
        .value_name("JSON")
        .allow_hyphen_values(true)
        .help_heading(COMMON)
        .help("Take arguments from a JSON object, from @FILE, or from - for standard input; flags win over it")
}

#[cfg(test)]
mod tests;
