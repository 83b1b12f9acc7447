//! `prompt list|get`: texts that the server prepares for a model (MCP 2025-11-25, Prompts).

use clap::{ArgMatches, Command};
use serde_json::{Map, Value, json};

use super::form::{Filling, Kind, naming};
use super::offered::{self, Listing};
use crate::error::Exit;
use crate::output::{pretty, render};
use crate::run::Run;
use crate::settings::{Format, Settings};
use crate::spec::Spec;
use crate::text::{first_sentence, line};

const PROMPTS: Listing = Listing {
    capability: "prompts",
    method: "prompts/list",
    key: "prompts",
    what: "prompts",
};

pub(crate) fn command(spec: &Spec) -> Command {
    let one = |name: &'static str, about: &'static str| {
        Settings::options(Command::new(name))
            .about(about)
            .max_term_width(100)
    };
    let get = one("get", "Get a prompt, filled in, for a model to read");
    Command::new("prompt")
        .bin_name(format!("{} prompt", spec.name))
        .about("List and get the server's prompts")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(one("list", "List the prompts the server has now"))
        .subcommand(naming(get, spec, Kind::Prompt, "NAME"))
}

/// Runs what names no prompt.
pub(crate) fn run(run: &Run) -> Exit {
    run.finish(
        None,
        offered::list(run, &PROMPTS, |prompt| row(run.spec, prompt)),
    )
}

/// Gets the prompt that is filled in.
pub(crate) fn get(run: &Run, filling: &Filling, matches: &ArgMatches) -> Exit {
    let values = filling.values(run.spec, matches, !run.settings.unchecked);
    let outcome = values.and_then(|(values, warnings)| {
        for warning in &warnings {
            run.printer.warn(warning);
        }
        let params = json!({"name": filling.wire(), "arguments": texts(values)});
        offered::request(run, "prompts", "prompts/get", params, |answer| {
            run.printer.data(&printed(&answer, run.printer.format()))
        })
    });
    run.finish(None, outcome)
}

/// The values as the protocol has them: a text each.
fn texts(values: Map<String, Value>) -> Map<String, Value> {
    let text = |(name, value): (String, Value)| match value {
        Value::String(_) => (name, value),
        other => (name, other.to_string().into()),
    };
    values.into_iter().map(text).collect()
}

/// A prompt as a line: what it is called here, its arguments, what it is for.
fn row(spec: &Spec, prompt: &Value) -> Vec<String> {
    let field = |name: &str| prompt.get(name).and_then(Value::as_str).unwrap_or_default();
    let wire = field("name");
    let known = spec.prompts.iter().find(|form| form.wire == wire);
    let arguments = prompt.get("arguments").and_then(Value::as_array);
    let arguments = arguments.into_iter().flatten().map(|argument| {
        let name = argument
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match argument.get("required") {
            Some(Value::Bool(true)) => format!("<{}>", line(name)),
            _ => format!("[{}]", line(name)),
        }
    });
    let about = [field("description"), field("title")];
    let about = about.into_iter().find(|text| !text.is_empty());
    vec![
        known.map_or_else(|| line(wire), |form| form.command.to_owned()),
        arguments.collect::<Vec<_>>().join(" "),
        first_sentence(about.unwrap_or_default()),
    ]
}

/// The messages of a prompt, each after the one who says it; the text alone where the user says one
/// thing, so that it can be piped to a model. As JSON, the whole answer.
fn printed(answer: &Value, format: Format) -> String {
    if format != Format::Text {
        return pretty(answer);
    }
    let messages = match answer.get("messages") {
        Some(Value::Array(messages)) => messages.as_slice(),
        // What is no prompt is shown whole rather than lost.
        _ => return pretty(answer),
    };
    let role = |message: &Value| {
        let role = message.get("role").and_then(Value::as_str);
        line(role.unwrap_or("unknown"))
    };
    if let [only] = messages
        && role(only) == "user"
    {
        return text(only);
    }
    let blocks = messages
        .iter()
        .map(|message| format!("{}: {}", role(message), text(message)));
    blocks.collect::<Vec<_>>().join("\n")
}

/// What a message says.
fn text(message: &Value) -> String {
    let content = message.get("content").unwrap_or(&Value::Null);
    if let Some(text) = content.get("text").and_then(Value::as_str) {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        return format!("{text}{end}");
    }
    // Some servers give several contents where the protocol has one.
    let blocks = match content {
        Value::Array(blocks) => blocks.clone(),
        one => vec![one.clone()],
    };
    render(&json!({"content": blocks}), Format::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_of_the_user_s_is_its_text_alone() {
        let said = |role: &str, content: Value| json!({"role": role, "content": content});
        let text = |text: &str| json!({"type": "text", "text": text});
        for (messages, shown) in [
            (json!([said("user", text("{\"a\":1}"))]), "{\"a\":1}\n"),
            (json!([said("assistant", text("hi"))]), "assistant: hi\n"),
            (
                json!([
                    said("user", text("one\ntwo\n")),
                    said("assistant", text("three"))
                ]),
                "user: one\ntwo\n\nassistant: three\n",
            ),
            (
                json!([said(
                    "user",
                    json!({"type": "image", "mimeType": "image/png", "data": "aGVsbG8="})
                )]),
                "[image: image/png, 5 bytes]\n",
            ),
            (json!([]), ""),
        ] {
            assert_eq!(printed(&json!({"messages": messages}), Format::Text), shown);
        }
        assert_eq!(
            printed(&json!({"odd": 1}), Format::Text),
            "{\n  \"odd\": 1\n}\n"
        );
    }
}
