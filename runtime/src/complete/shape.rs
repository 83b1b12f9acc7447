//! The values that a flag admits, as far as its shape says.

use serde_json::Value;

use super::{Answer, Candidate};
use crate::arguments::parts_at_commas;
use crate::command::positional_id;
use crate::spec::{Field, Parameter, Shape, Tool};

/// What can be the value of an argument of a tool's command; nothing where that is not for the tool to
/// say.
pub(super) fn of_argument(tool: &Tool, id: &str, typed: &str) -> Option<Answer> {
    let parameter = |parameter: &&Parameter| {
        parameter.pointer == id || (parameter.more().positional && positional_id(parameter) == id)
    };
    if let Some(parameter) = tool.parameters.iter().find(parameter) {
        return Some(match parameter.more().secret {
            true => secret(typed),
            false => of_shape(parameter.shape, typed),
        });
    }
    of_option(tool.parameters, id, typed)
}

/// What can be the value of an option of every command that calls a tool.
pub(crate) fn of_option(parameters: &[Parameter], id: &str, typed: &str) -> Option<Answer> {
    Some(match id {
        "args" => reference(
            typed,
            "arguments out of a file",
            "arguments out of standard input",
        ),
        "null" | "unset" => keys(parameters, |_| ""),
        "from-file" => match typed.split_once('=') {
            None => keys(parameters, |_| "="),
            Some((key, file)) => {
                let base64 = if file.starts_with("base64:") {
                    "base64:"
                } else {
                    ""
                };
                Answer::path().after(&format!("{key}={base64}"))
            }
        },
        "set" => match typed.split_once('=') {
            None => keys(parameters, |parameter| assigns(parameter.shape)),
            Some((key, value)) => {
                let mut parameters = parameters.iter();
                let flag = key.strip_suffix(':').unwrap_or(key);
                let parameter = parameters.find(|parameter| parameter.flag == flag)?;
                of_shape(parameter.shape, value).after(&format!("{key}="))
            }
        },
        _ => return None,
    })
}

/// The names of the places that have flags.
fn keys(parameters: &[Parameter], assigns: fn(&Parameter) -> &'static str) -> Answer {
    let shown = parameters
        .iter()
        .filter(|parameter| !parameter.more().hidden && !parameter.more().deprecated);
    let candidate = |parameter: &Parameter| match assigns(parameter) {
        "" => Candidate::new(parameter.flag, parameter.help),
        assigns => Candidate::open(format!("{}{assigns}", parameter.flag), parameter.help),
    };
    Answer::of(&mut shown.map(candidate))
}

/// What stands for a value that is somewhere else.
fn reference(typed: &str, file: &str, input: &str) -> Answer {
    if typed.starts_with('@') {
        return Answer::path().after("@");
    }
    let all = [Candidate::open("@", file), Candidate::new("-", input)];
    Answer::of(&mut all.into_iter())
}

fn secret(typed: &str) -> Answer {
    if !typed.starts_with("env:") {
        let variable = [Candidate::open("env:", "out of a variable")];
        let variable = Answer::of(&mut variable.into_iter());
        return reference(typed, "out of a file", "out of standard input").and(variable);
    }
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let names = &mut names.map(|name| Candidate::new(name, ""));
    Answer::of(names).sorted().after("env:")
}

fn of_shape(shape: Shape, typed: &str) -> Answer {
    match shape {
        Shape::Boolean => words(["true", "false"].map(str::to_owned)),
        Shape::Choice(values) => words(values.iter().map(|value| self::typed(value))),
        Shape::Constant(only) => words([self::typed(only)]),
        // What begins as JSON goes on as JSON.
        Shape::List(_) | Shape::Tuple(_) | Shape::Object { .. }
            if typed.starts_with(['[', '{']) =>
        {
            Answer::default()
        }
        Shape::List(Shape::Object { fields, .. }) => {
            let (before, last) = last_part(typed);
            let given: Vec<&str> = before.split(',').filter_map(key).collect();
            pair(fields, &given, last).after(before)
        }
        Shape::List(item) if parts_at_commas(*item) => {
            let (before, last) = last_part(typed);
            let given: Vec<&str> = before.split(',').collect();
            let mut answer = of_shape(*item, last);
            answer
                .candidates
                .retain(|candidate| !given.contains(&candidate.value.as_str()));
            answer.after(before)
        }
        Shape::List(item) => of_shape(*item, typed),
        Shape::Tuple(slots) => {
            let (before, last) = last_part(typed);
            let slot = slots.get(before.matches(',').count());
            slot.map_or_else(Answer::default, |slot| of_shape(*slot, last).after(before))
        }
        Shape::Object { fields, .. } => pair(fields, &[], typed),
        Shape::Union(branches) => branches
            .iter()
            .map(|branch| of_shape(*branch, typed))
            .fold(Answer::default(), Answer::and),
        Shape::Text | Shape::Integer | Shape::Number | Shape::Any | Shape::Json => {
            Answer::default()
        }
    }
}

/// The text up to the last comma, with it, and what follows.
fn last_part(typed: &str) -> (&str, &str) {
    typed.split_at(typed.rfind(',').map_or(0, |comma| comma + 1))
}

/// The key of `KEY=VALUE` or `KEY:=JSON`.
fn key(pair: &str) -> Option<&str> {
    let (key, _) = pair.split_once('=')?;
    Some(key.strip_suffix(':').unwrap_or(key))
}

/// `KEY=VALUE`, for an object that does not have these keys yet.
fn pair(fields: &[Field], given: &[&str], typed: &str) -> Answer {
    let fields = fields
        .iter()
        .filter(|field| !matches!(field.shape, Shape::Constant(_)));
    if let Some(key) = key(typed) {
        let value = typed.find('=').map_or(0, |at| at + 1);
        let mut fields = fields;
        let field = fields.find(|field| field.key == key);
        return field.map_or_else(Answer::default, |field| {
            of_shape(field.shape, &typed[value..]).after(&typed[..value])
        });
    }
    // A key with one of these in it would have to be escaped, or is one that is only found so.
    let is_plain = |key: &str| !key.contains([',', '.', '=', ':', '\\']);
    let shown = fields.filter(|field| is_plain(field.key) && !given.contains(&field.key));
    Answer::of(
        &mut shown
            .map(|field| Candidate::open(format!("{}{}", field.key, assigns(field.shape)), "")),
    )
}

/// What stands between a key and its value.
fn assigns(shape: Shape) -> &'static str {
    match shape {
        Shape::Text | Shape::Choice(_) | Shape::Constant(_) | Shape::Union(_) => "=",
        Shape::Integer | Shape::Number | Shape::Boolean => "=",
        Shape::List(_) | Shape::Tuple(_) | Shape::Object { .. } => ":=",
        Shape::Any | Shape::Json => ":=",
    }
}

fn words(values: impl IntoIterator<Item = String>) -> Answer {
    let values = values.into_iter();
    Answer::of(&mut values.map(|value| Candidate::new(value, "")))
}

/// A value as it is typed: a string without its quotes.
pub(super) fn typed(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(Value::String(text)) => text,
        _ => json.to_owned(),
    }
}
