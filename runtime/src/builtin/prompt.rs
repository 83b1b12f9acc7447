//! `prompt list|get`: texts that the server prepares for a model (MCP 2025-11-25, Prompts).

use clap::{ArgMatches, Command};
use serde_json::{Map, Value, json};

use super::form::{Filling, Kind, naming};
use super::offered::{self, Listing};
use crate::error::Exit;
use crate::output::Answer;
use crate::policy::Subject;
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
    let subject = Subject::prompt(filling.wire(), filling.known);
    let assemble = || {
        let checked = !run.settings.unchecked;
        let (values, warnings) = filling.values(run.spec, matches, checked)?;
        for warning in &warnings {
            run.printer.warn(warning);
        }
        Ok(json!({"name": filling.wire(), "arguments": texts(values)}))
    };
    let outcome = run.files().and_then(|files| {
        let (family, method) = ("prompts", "prompts/get");
        offered::request(run, &subject, family, method, assemble, |answer| {
            // Verbatim, so that it can be piped to a model: not even JSON is laid out.
            if run.printer.format() == Format::Text
                && let Some(text) = only_text(&answer)
            {
                let end = if text.ends_with('\n') { "" } else { "\n" };
                return run.printer.data(&format!("{text}{end}"));
            }
            run.tell(Answer::new(answer), filling.wire(), &files)
        })
    });
    run.finish(None, outcome)
}

/// The text of a prompt in which the user says one text and nobody anything else.
fn only_text(answer: &Value) -> Option<&str> {
    let [message] = answer.get("messages")?.as_array()?.as_slice() else {
        return None;
    };
    let content = message
        .get("content")
        .filter(|_| message["role"] == "user")?;
    content.get("text")?.as_str()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_of_the_user_s_is_all_there_is_to_a_prompt() {
        let said = |role: &str| json!({"role": role, "content": {"type": "text", "text": "x"}});
        let image = json!({"role": "user", "content": {"type": "image", "data": ""}});
        for (messages, text) in [
            (json!([said("user")]), Some("x")),
            (json!([said("assistant")]), None),
            (json!([said("user"), said("user")]), None),
            (json!([image]), None),
            (json!("x"), None),
        ] {
            assert_eq!(
                only_text(&json!({"messages": messages})),
                text,
                "{messages}"
            );
        }
    }
}
