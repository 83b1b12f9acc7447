//! `self`: a look at the program. Nothing here starts the server but `check`.

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value, json};

use super::check;
use crate::command;
use crate::environment;
use crate::error::{Error, Exit};
use crate::output::pretty;
use crate::run::Run;
use crate::settings::{Format, Settings};
use crate::spec::{MARK, Shape, Spec, Tool};
use crate::text::plain;

pub(crate) fn command(spec: &Spec) -> Command {
    let one = |name: &'static str, about: &'static str| {
        Settings::options(Command::new(name))
            .about(about)
            .max_term_width(100)
    };
    Command::new("self")
        .bin_name(format!("{} self", spec.name))
        .about("Look at this program: its server, its tools")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(one(
            "info",
            "Show the server, what it needs, and what it says of itself",
        ))
        .subcommand(one("tools", "List the tools"))
        .subcommand(
            one(
                "explain",
                "Show a tool: its description, its flags, its schema",
            )
            .arg(
                Arg::new("tool")
                    .value_name("TOOL")
                    .required(true)
                    .help("The tool's command or name"),
            )
            .arg(
                Arg::new("schema")
                    .long("schema")
                    .action(ArgAction::SetTrue)
                    .help("Print the JSON Schema of its arguments"),
            ),
        )
        .subcommand(check::options(one(
            "check",
            "Compare what the server says now with what this program was made from",
        )))
        .subcommand(one("capture", MARK).hide(true))
}

pub(crate) fn run(run: &Run, matches: &ArgMatches) -> Exit {
    let outcome = match matches.subcommand() {
        Some(("info", _)) => info(run),
        Some(("tools", _)) => tools(run),
        Some(("explain", matches)) => explain(run, matches),
        Some(("check", matches)) => return run.finish(None, check::run(run, matches)),
        Some(("capture", _)) => Ok(pretty(&capture(run.spec))),
        _ => Err(Error::usage("no command")),
    };
    run.finish(None, outcome.and_then(|text| run.printer.data(&text)))
}

fn info(run: &Run) -> Result<String, Error> {
    let spec = run.spec;
    let server = environment::describe(spec, &run.settings.overrides)?;
    let said: Value = serde_json::from_str(spec.server.capture).unwrap_or_default();
    let slots: Vec<Value> = spec
        .slots
        .iter()
        .map(|slot| {
            json!({
                "name": slot.name,
                "required": slot.required,
                "set": std::env::var_os(slot.name).is_some(),
            })
        })
        .collect();
    let initialize = said.get("initialize").cloned().unwrap_or_default();
    let info = json!({
        "name": spec.name,
        "about": spec.about,
        "tools": spec.tools.len(),
        "protocol": spec.server.protocol,
        "server": server,
        "serverInfo": initialize.get("serverInfo"),
        "slots": slots,
        "instructions": initialize.get("instructions"),
        "runtime": env!("CARGO_PKG_VERSION"),
    });
    if run.printer.format() != Format::Text {
        return Ok(pretty(&info));
    }
    let mut text = format!("{}: {}\n", spec.name, spec.about);
    let mut line = |name: &str, value: String| text.push_str(&format!("{name:<10} {value}\n"));
    line("tools", spec.tools.len().to_string());
    line("protocol", spec.server.protocol.to_owned());
    line("server", info["server"].to_string());
    for slot in spec.slots {
        let need = if slot.required {
            "required"
        } else {
            "optional"
        };
        let set = if std::env::var_os(slot.name).is_some() {
            "set"
        } else {
            "not set"
        };
        line("needs", format!("{} ({need}, {set})", slot.name));
    }
    if let Some(instructions) = info["instructions"].as_str() {
        text.push_str(&format!("\n{}\n", plain(instructions).trim()));
    }
    Ok(text)
}

fn tools(run: &Run) -> Result<String, Error> {
    if run.printer.format() != Format::Text {
        let tools: Vec<Value> = run.spec.tools.iter().map(tool_json).collect();
        return Ok(pretty(&tools.into()));
    }
    let width = run
        .spec
        .tools
        .iter()
        .map(|tool| tool.command.chars().count())
        .max()
        .unwrap_or(0);
    let lines = run.spec.tools.iter().map(|tool| {
        format!("{:<width$}  {}", tool.command, tool.about)
            .trim_end()
            .to_owned()
            + "\n"
    });
    Ok(lines.collect())
}

/// What the server said of a tool, with the command it became.
fn tool_json(tool: &Tool) -> Value {
    let mut json = Map::new();
    json.insert("name".into(), tool.wire.into());
    json.insert("command".into(), tool.command.into());
    json.insert("description".into(), tool.description().into());
    let said = tool.said();
    for (key, value) in said.as_object().into_iter().flatten() {
        json.entry(key).or_insert_with(|| value.clone());
    }
    json.into()
}

fn explain(run: &Run, matches: &ArgMatches) -> Result<String, Error> {
    let name = matches.get_one::<String>("tool").map_or("", String::as_str);
    let Some(tool) = command::tool(run.spec, name) else {
        return Err(Error::usage_with_hint(
            format!("no tool `{name}`"),
            format!("`{} self tools` lists them", run.spec.name),
        ));
    };
    if matches.get_flag("schema") {
        return Ok(pretty(
            tool.said().get("inputSchema").unwrap_or(&Value::Null),
        ));
    }
    if run.printer.format() == Format::Text {
        return Ok(command::of_tool(run.spec, tool)
            .render_long_help()
            .to_string());
    }
    let flags: Vec<Value> = tool
        .parameters
        .iter()
        .map(|parameter| {
            json!({
                "flag": format!("--{}", parameter.flag),
                "pointer": parameter.pointer,
                "type": type_name(parameter.shape),
                "required": parameter.required,
                "description": parameter.help,
                "default": parameter.default.and_then(|text| serde_json::from_str::<Value>(text).ok()),
            })
        })
        .collect();
    let mut explained = tool_json(tool);
    explained["flags"] = flags.into();
    Ok(pretty(&explained))
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

/// The capture that the program was made from.
fn capture(spec: &Spec) -> Value {
    let mut capture: Value = serde_json::from_str(spec.server.capture).unwrap_or_default();
    if let Some(capture) = capture.as_object_mut() {
        capture.insert("tools".into(), spec.tools.iter().map(Tool::said).collect());
    }
    capture
}
