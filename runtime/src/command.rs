//! The spec as a command line.
//!
//! A line is read in two steps. The first knows the options of every command and takes the rest
//! from the command's name on as it is; the second knows the flags of that one command. So a
//! program of a thousand tools builds the parser of one.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command};

use crate::arguments::{self, patch_options};
use crate::settings::Settings;
use crate::spec::{Parameter, Shape, Spec, Tool};

/// The heading of a tool's own flags.
const HEADING: &str = "Arguments of the tool";

/// The whole program without its tools: the options, and a command with all that follows it.
pub(crate) fn first_step(spec: &Spec) -> Command {
    root(spec)
        .allow_external_subcommands(true)
        .external_subcommand_value_parser(clap::value_parser!(OsString))
}

/// The whole program with all its commands by name, for the root's help and for the error about a
/// name that is none of them.
pub(crate) fn overview(spec: &Spec) -> Command {
    let tools = spec.tools.iter().map(|tool| {
        Command::new(tool.command)
            .about(tool.about)
            .hide(tool.hidden)
    });
    root(spec)
        .subcommands(tools)
        .subcommand(Command::new("call").about("Call any tool by the name the server knows it by"))
        .subcommand(Command::new("self").about("Look at this program: its server, its tools"))
}

fn root(spec: &Spec) -> Command {
    Settings::options(Command::new(spec.name))
        .bin_name(spec.name)
        .about(spec.about)
        .disable_help_subcommand(true)
        .version(concat!("(mcpress ", env!("CARGO_PKG_VERSION"), ")"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand_value_name("COMMAND")
        .max_term_width(100)
}

/// The tool that a command names: by the name shown, else by the server's own.
pub(crate) fn tool(spec: &Spec, name: &str) -> Option<&'static Tool> {
    let tools: &'static [Tool] = spec.tools;
    tools
        .iter()
        .find(|tool| tool.command == name)
        .or_else(|| tools.iter().find(|tool| tool.wire == name))
}

/// One tool's command, with all its flags.
pub(crate) fn of_tool(spec: &Spec, tool: &'static Tool) -> Command {
    let description = tool.description();
    let mut command = Command::new(tool.command)
        .bin_name(format!("{} {}", spec.name, tool.command))
        .override_usage(usage(spec, tool))
        .about(tool.about)
        .long_about(if description.is_empty() {
            tool.about.to_owned()
        } else {
            description
        })
        .max_term_width(100);
    for parameter in required_first(tool) {
        command = command.arg(flag(parameter));
        if let Some(negation) = parameter.negation {
            command = command.arg(negation_of(parameter, negation));
        }
    }
    let positionals = tool.parameters.iter();
    let command = command.args(positionals.filter(|it| it.positional).map(positional));
    let command = command.arg(arguments_option(tool.parameters));
    Settings::options(patch_options(command))
}

/// The line that a user starts from: what is required in full, the rest in a word.
fn usage(spec: &Spec, tool: &'static Tool) -> String {
    let required = tool.parameters.iter().filter(|it| is_wanted(it));
    let flags = required.filter_map(|parameter| match parameter.shape {
        Shape::Constant(_) => None,
        _ if parameter.positional => Some(format!(" <{}>", parameter.flag.to_uppercase())),
        Shape::Boolean => Some(format!(" --{}", parameter.flag)),
        _ => {
            let arg = flag(parameter);
            let names = arg.get_value_names().unwrap_or_default();
            let name = names.first().map_or("VALUE", |name| name.as_str());
            Some(format!(" --{} <{name}>", parameter.flag))
        }
    });
    format!(
        "{} {}{} [OPTIONS]",
        spec.name,
        tool.command,
        flags.collect::<String>()
    )
}

/// Whether the user must give it: what is sent by itself need not be typed.
fn is_wanted(parameter: &Parameter) -> bool {
    parameter.required && parameter.sends.is_none()
}

/// A flag of the command where another flag wants its value, as in `--tag --dry-run`: the value was
/// most likely forgotten, and what was to be tried would be done. What follows `--` is no flag.
pub(crate) fn swallowed(command: &Command, line: &[OsString]) -> Option<(String, String)> {
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

/// The same error, suggesting a flag by the name that is shown where it would suggest an alias.
pub(crate) fn suggest_shown_name(command: &Command, mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(suggested)) = error.get(ContextKind::SuggestedArg)
        && let Some(arg) = long_flag(command, suggested)
        && let Some(long) = arg.get_long()
    {
        let shown = ContextValue::String(format!("--{long}"));
        error.insert(ContextKind::SuggestedArg, shown);
    }
    error
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
        .help_heading("Options of every command")
        .help("Take arguments from a JSON object, from @FILE, or from - for standard input; flags win over it")
}

/// The id of the flag that says `false`.
pub(crate) fn negation_id(parameter: &Parameter) -> String {
    format!("no {}", parameter.pointer)
}

fn required_first(tool: &'static Tool) -> impl Iterator<Item = &'static Parameter> {
    let (required, optional): (Vec<_>, Vec<_>) = tool
        .parameters
        .iter()
        .partition(|parameter| parameter.required);
    required.into_iter().chain(optional)
}

/// The id of the same parameter without its flag.
pub(crate) fn positional_id(parameter: &Parameter) -> String {
    format!("at {}", parameter.pointer)
}

fn flag(parameter: &'static Parameter) -> Arg {
    let arg = Arg::new(parameter.pointer)
        .long(parameter.flag)
        .short(parameter.short)
        .aliases(parameter.aliases.iter().copied())
        .help_heading(HEADING)
        .hide(parameter.hidden || parameter.deprecated)
        .help(help(parameter));
    match parameter.shape {
        Shape::Boolean => arg
            .num_args(0..=1)
            .require_equals(true)
            .value_name("true|false")
            .hide_possible_values(true),
        Shape::Constant(_) => arg.action(ArgAction::SetTrue).hide(parameter.required),
        // A bare flag is the switch of the alternatives, so a value with a hyphen needs its `=`.
        Shape::Union(branches) if branches.contains(&Shape::Boolean) => takes_value(arg, parameter)
            .num_args(0..=1)
            .allow_hyphen_values(false),
        _ => takes_value(arg, parameter),
    }
}

fn positional(parameter: &'static Parameter) -> Arg {
    let arg = Arg::new(positional_id(parameter))
        .help_heading(HEADING)
        .hide(parameter.hidden || parameter.deprecated)
        .help(format!("The same as --{}", parameter.flag));
    // Only a number may begin with a hyphen: a flag that is misspelled must not become a value. `--`
    // parts the flags from what looks like one.
    let arg = takes_value(arg, parameter)
        .allow_hyphen_values(false)
        .allow_negative_numbers(true)
        .value_name(parameter.flag.to_uppercase());
    if repeats(parameter.shape) {
        arg.num_args(0..)
    } else {
        arg
    }
}

/// Whether the flag may be given more than once.
fn repeats(shape: Shape) -> bool {
    match shape {
        Shape::List(_) | Shape::Object { .. } => true,
        Shape::Union(branches) => branches.iter().any(|branch| repeats(*branch)),
        _ => false,
    }
}

fn takes_value(arg: Arg, parameter: &Parameter) -> Arg {
    let arg = arg
        .allow_hyphen_values(true)
        .value_name(value_name(parameter));
    if repeats(parameter.shape) && !parameter.secret {
        arg.action(ArgAction::Append)
    } else {
        arg
    }
}

/// What a value looks like in the help.
fn value_name(parameter: &Parameter) -> String {
    if parameter.secret {
        return arguments::SECRET.to_owned();
    }
    if !parameter.value_name.is_empty() {
        return parameter.value_name.to_owned();
    }
    name_of(parameter.shape)
}

fn name_of(shape: Shape) -> String {
    match shape {
        Shape::List(item) => name_of(*item),
        Shape::Text => "TEXT".to_owned(),
        Shape::Integer => "INT".to_owned(),
        Shape::Number => "NUM".to_owned(),
        Shape::Choice(values) => choice_name(values),
        Shape::Boolean => "true|false".to_owned(),
        Shape::Any => "VALUE".to_owned(),
        Shape::Tuple(slots) => joined(slots, ","),
        Shape::Object { .. } => "KEY=VALUE|JSON".to_owned(),
        Shape::Union(branches) => joined(branches, "|"),
        Shape::Constant(only) => choice_name(&[only]),
        Shape::Json => "JSON".to_owned(),
    }
}

fn joined(shapes: &[Shape], link: &str) -> String {
    let mut names: Vec<String> = Vec::new();
    for name in shapes.iter().map(|shape| name_of(*shape)) {
        if link == "," || !names.contains(&name) {
            names.push(name);
        }
    }
    let name = names.join(link);
    if name.len() <= 40 {
        name
    } else {
        "VALUE".to_owned()
    }
}

/// `A|B|C`, as long as it fits a line.
fn choice_name(values: &[&str]) -> String {
    let name = values
        .iter()
        .map(|value| value.trim_matches('"'))
        .collect::<Vec<_>>()
        .join("|");
    if name.len() <= 40 {
        name
    } else {
        "CHOICE".to_owned()
    }
}

fn negation_of(parameter: &'static Parameter, negation: &'static str) -> Arg {
    Arg::new(negation_id(parameter))
        .long(negation)
        .action(ArgAction::SetTrue)
        .overrides_with(parameter.pointer)
        .hide(true)
        .help_heading(HEADING)
}

/// The description, what is allowed where the value's name does not show it, the default.
fn help(parameter: &Parameter) -> String {
    let mut help = parameter.help.to_owned();
    let mut add = |note: String| {
        if !help.is_empty() {
            help.push(' ');
        }
        help.push_str(&note);
    };
    if let Shape::Choice(values) = parameter.shape
        && choice_name(values) == "CHOICE"
    {
        let values: Vec<_> = values.iter().map(|value| value.trim_matches('"')).collect();
        add(format!("[one of: {}]", values.join(", ")));
    }
    if let Some(negation) = parameter.negation {
        add(format!("[or --{negation}]"));
    }
    if repeats(parameter.shape) {
        add("[repeats]".to_owned());
    }
    if let Some(sent) = parameter.sends {
        add(format!("[default: {sent}]"));
    } else if let Some(default) = parameter.default {
        add(format!("[server's default: {default}]"));
    }
    if is_wanted(parameter) && !matches!(parameter.shape, Shape::Constant(_)) {
        add("[required]".to_owned());
    }
    help
}
