//! The spec as a command line.
//!
//! A line is read in two steps. The first knows the options of every command and takes the rest
//! from the command's name on as it is; the second knows the flags of that one command. So a
//! program of a thousand tools builds the parser of one.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command};

use crate::arguments::patch_options;
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
    let tools = spec
        .tools
        .iter()
        .map(|tool| Command::new(tool.command).about(tool.about));
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
        if let Shape::Boolean {
            negation: Some(negation),
        } = parameter.shape
        {
            command = command.arg(negation_of(parameter, negation));
        }
    }
    let command = command.arg(arguments_option(tool.parameters));
    Settings::options(patch_options(command))
}

/// The line that a user starts from: what is required in full, the rest in a word.
fn usage(spec: &Spec, tool: &'static Tool) -> String {
    let required = tool
        .parameters
        .iter()
        .filter(|parameter| parameter.required);
    let flags = required.filter_map(|parameter| match parameter.shape {
        Shape::Constant(_) => None,
        Shape::Boolean { .. } => Some(format!(" --{}", parameter.flag)),
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

/// A flag of the command where another flag wants its value, as in `--tag --dry-run`: the value was
/// most likely forgotten, and what was to be tried would be done.
pub(crate) fn swallowed(command: &Command, line: &[OsString]) -> Option<(String, String)> {
    let flag = |word: &OsString| long_flag(command, word.to_str()?);
    line.windows(2).find_map(|pair| {
        let wants = flag(&pair[0])?;
        flag(&pair[1])?;
        let takes_value = wants.get_action().takes_values() && !wants.is_require_equals_set();
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

fn flag(parameter: &'static Parameter) -> Arg {
    let arg = Arg::new(parameter.pointer)
        .long(parameter.flag)
        .aliases(parameter.aliases.iter().copied())
        .help_heading(HEADING)
        .help(help(parameter));
    match parameter.shape {
        Shape::Boolean { .. } => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_name("true|false")
            .hide_possible_values(true),
        Shape::Constant(_) => arg.action(ArgAction::SetTrue).hide(parameter.required),
        Shape::List(_) => takes_value(arg, parameter.shape).action(ArgAction::Append),
        _ => takes_value(arg, parameter.shape),
    }
}

/// What a value looks like in the help.
fn takes_value(arg: Arg, shape: Shape) -> Arg {
    let arg = arg.allow_hyphen_values(true);
    match shape {
        Shape::List(item) => takes_value(arg, *item),
        Shape::Text => arg.value_name("TEXT"),
        Shape::Integer => arg.value_name("INT"),
        Shape::Number => arg.value_name("NUM"),
        Shape::Choice(values) => arg.value_name(choice_name(values)),
        Shape::Boolean { .. } => arg.value_name("true|false"),
        Shape::Any => arg.value_name("VALUE"),
        Shape::Constant(_) | Shape::Json => arg.value_name("JSON"),
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
    if let Shape::Boolean {
        negation: Some(negation),
    } = parameter.shape
    {
        add(format!("[or --{negation}]"));
    }
    if matches!(parameter.shape, Shape::List(_)) {
        add("[repeats]".to_owned());
    }
    if let Some(default) = parameter.default {
        add(format!("[server's default: {default}]"));
    }
    if parameter.required && !matches!(parameter.shape, Shape::Constant(_)) {
        add("[required]".to_owned());
    }
    help
}
