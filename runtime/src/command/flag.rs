//! A parameter as arguments of clap's: its flag, its twin that says `false`, its place without a flag.

use clap::{Arg, ArgAction};

use super::words;
use crate::spec::{Parameter, Shape, Tool};

/// The heading of a tool's own flags.
const HEADING: &str = "Arguments of the tool";

/// The id of the flag that says `false`.
pub(crate) fn negation_id(parameter: &Parameter) -> String {
    format!("no {}", parameter.pointer)
}

/// The id of the same parameter without its flag.
pub(crate) fn positional_id(parameter: &Parameter) -> String {
    format!("at {}", parameter.pointer)
}

/// The parameters as they are shown: what is required first, then as the schema has them, and every
/// object followed by its fields, in the same order.
pub(super) fn in_order(parameters: &'static [Parameter]) -> Vec<&'static Parameter> {
    let mut runs: Vec<(&Parameter, &'static [Parameter])> = Vec::new();
    let mut rest = parameters;
    while let Some((first, after)) = rest.split_first() {
        let is_field = |parameter: &&Parameter| words::is_inside(parameter, first);
        let (fields, others) = after.split_at(after.iter().take_while(is_field).count());
        runs.push((first, fields));
        rest = others;
    }
    runs.sort_by_key(|(first, _)| !first.required);
    let mut ordered = Vec::with_capacity(parameters.len());
    for (first, fields) in runs {
        ordered.push(first);
        ordered.extend(in_order(fields));
    }
    ordered
}

/// All arguments that a parameter is.
pub(super) fn args(
    tool: &'static Tool,
    parameter: &'static Parameter,
) -> impl Iterator<Item = Arg> {
    let heading = heading(tool, parameter);
    let negation = parameter
        .more()
        .negation
        .map(|name| negation(parameter, name));
    [Some(flag(tool, parameter)), negation]
        .into_iter()
        .flatten()
        .map(move |arg| arg.help_heading(heading.clone()))
}

/// The parameters that need no flag, in the order in which they are given.
pub(super) fn positionals(parameters: &'static [Parameter]) -> impl Iterator<Item = Arg> {
    let positional = parameters
        .iter()
        .filter(|parameter| parameter.more().positional);
    positional.map(self::positional)
}

fn heading(tool: &Tool, parameter: &'static Parameter) -> String {
    match words::parent(tool, parameter) {
        _ if !parameter.more().group.is_empty() => parameter.more().group.to_owned(),
        Some(parent) => format!("Fields of --{}", parent.flag),
        None => HEADING.to_owned(),
    }
}

fn flag(tool: &Tool, parameter: &'static Parameter) -> Arg {
    let arg = Arg::new(parameter.pointer)
        .long(parameter.flag)
        .short(parameter.more().short)
        .aliases(parameter.aliases.iter().copied())
        .hide(parameter.more().hidden || parameter.more().deprecated)
        .help(words::help(tool, parameter))
        .long_help(words::long_help(tool, parameter));
    match parameter.shape {
        Shape::Boolean => arg
            .num_args(0..=1)
            .require_equals(true)
            .value_name("true|false")
            .hide_possible_values(true),
        Shape::Constant(_) => {
            let hidden = arg.is_hide_set() || parameter.required;
            arg.action(ArgAction::SetTrue).hide(hidden)
        }
        // A bare flag is the switch of the alternatives, so a value with a hyphen needs its `=`.
        Shape::Union(branches) if branches.contains(&Shape::Boolean) => takes_value(arg, parameter)
            .num_args(0..=1)
            .allow_hyphen_values(false),
        _ => takes_value(arg, parameter),
    }
}

/// The line of usage shows where it stands, and the flag what it is; so it needs no line of its own.
///
/// It takes no word with a hyphen but a number, or else a flag that is misspelled would be its value.
fn positional(parameter: &'static Parameter) -> Arg {
    let arg = takes_value(Arg::new(positional_id(parameter)), parameter)
        .value_name(positional_name(parameter))
        .allow_hyphen_values(false)
        .allow_negative_numbers(true)
        .hide(true);
    if repeats(parameter.shape) {
        arg.num_args(0..)
    } else {
        arg
    }
}

/// What a value without its flag is called.
pub(super) fn positional_name(parameter: &Parameter) -> String {
    parameter.flag.to_uppercase()
}

fn negation(parameter: &'static Parameter, name: &'static str) -> Arg {
    Arg::new(negation_id(parameter))
        .long(name)
        .action(ArgAction::SetTrue)
        .overrides_with(parameter.pointer)
        .hide(true)
}

fn takes_value(arg: Arg, parameter: &Parameter) -> Arg {
    let arg = arg
        .allow_hyphen_values(true)
        .value_name(words::value_name(parameter));
    if repeats(parameter.shape) && !parameter.more().secret {
        arg.action(ArgAction::Append)
    } else {
        arg
    }
}

/// Whether the flag may be given more than once.
pub(super) fn repeats(shape: Shape) -> bool {
    match shape {
        Shape::List(_) | Shape::Object { .. } => true,
        Shape::Union(branches) => branches.iter().any(|branch| repeats(*branch)),
        _ => false,
    }
}
