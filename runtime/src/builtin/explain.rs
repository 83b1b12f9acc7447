//! `self explain TOOL`: what there is to know of a tool, and both ways between JSON and flags.
//!
//! ```text
//! --schema      what it takes, in the server's words
//! --skeleton    JSON that it takes, to be filled in and given with --args
//! --args        JSON as the command line that sends it
//! ```

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value, json};

use super::own::tool_json;
use crate::arguments::{self, quoted, write};
use crate::command;
use crate::error::Error;
use crate::output::pretty;
use crate::run::Run;
use crate::sample::{Sample, sample};
use crate::settings::Format;
use crate::spec::{Parameter, Shape, Tool};

/// Adds what it takes to the command.
pub(super) fn options(command: Command) -> Command {
    let option = |id: &'static str| Arg::new(id).long(id);
    let command = command
        .arg(
            Arg::new("tool")
                .value_name("TOOL")
                .required(true)
                .help("The tool's command or name"),
        )
        .arg(
            option("schema")
                .action(ArgAction::SetTrue)
                .help("Print the JSON Schema of its arguments"),
        )
        .arg(
            option("skeleton")
                .num_args(0..=1)
                .require_equals(true)
                .value_name("all")
                .value_parser(["required", "all"])
                .hide_possible_values(true)
                .default_missing_value("required")
                .conflicts_with_all(["schema", "args"])
                .help("Print arguments to fill in, for --args: what is required, or with =all everything"),
        )
        .arg(
            option("args")
                .value_name("JSON")
                .allow_hyphen_values(true)
                .conflicts_with("schema")
                .help("Print the command line that sends this JSON object, @FILE, or - for standard input"),
        );
    arguments::patch_options(command)
}

/// What is asked for, as text to print.
pub(super) fn explain(run: &Run, matches: &ArgMatches) -> Result<String, Error> {
    let name = matches.get_one::<String>("tool").map_or("", String::as_str);
    let Some(tool) = command::tool(run.spec, name) else {
        return Err(Error::usage_with_hint(
            format!("no tool `{name}`"),
            format!("`{} self tools` lists them", run.spec.name),
        ));
    };
    let said = tool.said();
    let schema = said.get("inputSchema").unwrap_or(&Value::Null);
    if matches.get_flag("schema") {
        return Ok(pretty(schema));
    }
    if let Some(which) = matches.get_one::<String>("skeleton") {
        let which = match which.as_str() {
            "all" => Sample::All,
            _ => Sample::Required,
        };
        return Ok(pretty(&sample(schema, which)));
    }
    let is_given = |id: &&str| matches.contains_id(id);
    if ["args", "set", "from-file", "null", "unset"]
        .iter()
        .any(is_given)
    {
        return line(run, tool, matches);
    }
    if run.printer.format() == Format::Text {
        return Ok(command::long_help(run.spec, tool));
    }
    let mut explained = tool_json(tool);
    explained["flags"] = tool.parameters.iter().map(flag_json).collect();
    Ok(pretty(&explained))
}

/// The command line that sends the arguments given.
fn line(run: &Run, tool: &'static Tool, matches: &ArgMatches) -> Result<String, Error> {
    let Value::Object(arguments) = arguments::assemble_untyped(matches)? else {
        return Err(Error::usage("--args: not a JSON object"));
    };
    for refused in refused(run, tool, &arguments) {
        run.printer.warn(&refused);
    }
    let (words, secrets) = command::words_without_secrets(run.spec, tool, &arguments);
    for variable in secrets {
        run.printer.warn(&format!(
            "a secret is not shown: the line takes it from the variable {variable}"
        ));
    }
    let line = format!("{} {}{}", run.spec.name, tool.command, quoted(&words));
    if run.printer.format() == Format::Text {
        return Ok(line + "\n");
    }
    let argv: Vec<String> = run
        .spec
        .name
        .split(' ')
        .chain([tool.command])
        .map(str::to_owned)
        .chain(words)
        .collect();
    Ok(pretty(&json!({"argv": argv, "line": line})))
}

/// What a call with these arguments would be told, a sentence each.
fn refused(run: &Run, tool: &'static Tool, arguments: &Map<String, Value>) -> Vec<String> {
    let words = write(run.spec, tool, arguments);
    match arguments::read(run.spec, tool, &words, true) {
        Ok(assembled) => assembled.warnings,
        Err(error) => {
            let said = error.to_string();
            said.lines().map(|line| line.trim().to_owned()).collect()
        }
    }
}

fn flag_json(parameter: &Parameter) -> Value {
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let only = parameter.more().only.map(|only| {
        let values: Vec<Value> = only.values.iter().map(|text| value(text)).collect();
        json!({"pointer": only.discriminator, "values": values})
    });
    let group = Some(parameter.more().group).filter(|group| !group.is_empty());
    json!({
        "flag": format!("--{}", parameter.flag),
        "negation": parameter.more().negation.map(|name| format!("--{name}")),
        "short": parameter.more().short.map(|letter| format!("-{letter}")),
        "aliases": parameter.aliases.iter().map(|name| format!("--{name}")).collect::<Vec<_>>(),
        "positional": parameter.more().positional,
        "pointer": parameter.pointer,
        "type": type_name(parameter.shape),
        "required": parameter.required,
        "only": only,
        "group": group,
        "description": parameter.help,
        "default": parameter.default.map(value),
        "example": parameter.more().example.map(value),
        "sends": parameter.more().sends.filter(|_| !parameter.more().secret).map(value),
        "deprecated": parameter.more().deprecated,
        "secret": parameter.more().secret,
    })
}

fn type_name(shape: Shape) -> Value {
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    match shape {
        Shape::Text => "string".into(),
        Shape::Integer => "integer".into(),
        Shape::Number => "number".into(),
        Shape::Boolean => "boolean".into(),
        Shape::Choice(values) => {
            let values: Vec<_> = values.iter().map(|text| value(text)).collect();
            json!({"one of": values})
        }
        Shape::Constant(only) => json!({"always": value(only)}),
        Shape::List(item) => json!({"list of": type_name(*item)}),
        Shape::Tuple(slots) => json!({"tuple of": type_names(slots)}),
        Shape::Object { fields, rest } => {
            let fields = fields
                .iter()
                .map(|field| (field.key.to_owned(), type_name(field.shape)));
            json!({"object of": fields.collect::<Map<_, _>>(), "else": type_name(*rest)})
        }
        Shape::Union(branches) => json!({"any of": type_names(branches)}),
        Shape::Any => "any".into(),
        Shape::Json => "json".into(),
    }
}

fn type_names(shapes: &[Shape]) -> Vec<Value> {
    shapes.iter().map(|shape| type_name(*shape)).collect()
}
