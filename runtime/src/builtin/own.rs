//! `self`: a look at the program. Nothing here starts the server but `check`, `doctor`, `tasks`, and
//! completion where only the server knows.

use clap::{ArgMatches, Command};
use serde_json::{Map, Value, json};

use super::{audit, check, complete, doctor, explain, manual, tasks};
use crate::complete::query;
use crate::environment;
use crate::error::{Error, Exit};
use crate::output::pretty;
use crate::policy::is_restricted;
use crate::protocol::server_info;
use crate::run::Run;
use crate::settings::{Format, Settings};
use crate::spec::{MARK, Spec, Tool};
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
        .subcommand(explain::options(one(
            "explain",
            "Show a tool: its flags, its schema, arguments to fill in, JSON as flags",
        )))
        .subcommand(check::options(one(
            "check",
            "Compare what the server says now with what this program was made from",
        )))
        .subcommand(doctor::options(one(
            "doctor",
            "Look at everything that a call needs, and say what is wrong",
        )))
        .subcommand(complete::options(
            one(
                "completions",
                "Print the script that completes lines in a shell",
            ),
            spec,
        ))
        .subcommand(manual::options(one(
            "man",
            "Write a manual page for each tool",
        )))
        .subcommand(Settings::options(query()))
        .subcommand(tasks::command(spec))
        .subcommand(audit::command(spec))
        .subcommand(one("capture", MARK).hide(true))
}

pub(crate) fn run(run: &Run, matches: &ArgMatches) -> Exit {
    if run.settings.detach {
        let error = Error::usage("--mcp-detach: only a tool's call can be left alone");
        return run.finish(None, Err(error));
    }
    let outcome = match matches.subcommand() {
        Some(("info", _)) => info(run),
        Some(("tools", _)) => tools(run),
        Some(("explain", matches)) => explain::explain(run, matches),
        Some(("check", matches)) => return run.finish(None, check::run(run, matches)),
        Some(("doctor", _)) => return run.finish(None, doctor::run(run)),
        Some(("completions", matches)) => complete::script(run, matches),
        Some(("man", matches)) => manual::write(run, matches),
        Some(("complete", matches)) => Ok(complete::complete(run, matches)),
        Some(("tasks", matches)) => return tasks::run(run, matches),
        Some(("audit", matches)) => return run.finish(None, audit::run(run, matches)),
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
        "prompts": spec.prompts.len(),
        "resourceTemplates": spec.templates.len(),
        "protocol": spec.server.protocol,
        "server": server,
        "serverInfo": server_info(&initialize),
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
    for (name, forms) in [("prompts", spec.prompts), ("templates", spec.templates)] {
        if !forms.is_empty() {
            line(name, forms.len().to_string());
        }
    }
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
    let tools = || run.spec.tools.iter().filter(|tool| !is_restricted(tool));
    if run.printer.format() != Format::Text {
        let tools: Vec<Value> = tools().map(tool_json).collect();
        return Ok(pretty(&tools.into()));
    }
    let width = tools()
        .map(|tool| tool.command.chars().count())
        .max()
        .unwrap_or(0);
    let lines = tools().map(|tool| {
        format!("{:<width$}  {}", tool.command, tool.about)
            .trim_end()
            .to_owned()
            + "\n"
    });
    Ok(lines.collect())
}

/// What the server said of a tool, with the command it became.
pub(super) fn tool_json(tool: &Tool) -> Value {
    let mut json = Map::new();
    json.insert("name".into(), tool.wire.into());
    json.insert("command".into(), tool.command.into());
    if !tool.group.is_empty() {
        json.insert("group".into(), tool.group.into());
    }
    json.insert("description".into(), tool.description().into());
    let said = tool.said();
    for (key, value) in said.as_object().into_iter().flatten() {
        json.entry(key).or_insert_with(|| value.clone());
    }
    json.into()
}

/// The capture that the program was made from.
fn capture(spec: &Spec) -> Value {
    let mut capture: Value = serde_json::from_str(spec.server.capture).unwrap_or_default();
    if let Some(capture) = capture.as_object_mut() {
        capture.insert("tools".into(), spec.tools.iter().map(Tool::said).collect());
    }
    capture
}
