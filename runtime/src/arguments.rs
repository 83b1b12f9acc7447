//! What was typed as the JSON that is sent.
//!
//! `--args` first, flags over it, patches over both. Everything that is wrong is found before anything is said, and all
//! of it is said at once: the user mends a line in one go.

mod patch;
mod value;

use std::io::Read;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::{Map, Value};

use crate::command::negation_id;
use crate::error::Error;
use crate::spec::{Parameter, Shape, Spec, Tool};

pub(crate) use patch::options as patch_options;

/// The arguments of a call to a tool that is known.
///
/// # Errors
///
/// Every flag that cannot be read and every required one that is missing, in one message.
pub(crate) fn assemble(spec: &Spec, tool: &Tool, matches: &ArgMatches) -> Result<Value, Error> {
    let mut arguments = given(matches)?;
    let mut wrong = Vec::new();
    let mut unread = Vec::new();
    for parameter in tool.parameters {
        match value(parameter, matches) {
            Ok(Some(value)) => {
                arguments.insert(key(parameter), value);
            }
            Ok(None) => {}
            Err(message) => {
                wrong.push(message);
                unread.push(key(parameter));
            }
        }
    }
    wrong.extend(patch::apply(&mut arguments, matches, |flag| {
        let named = tool
            .parameters
            .iter()
            .find(|parameter| parameter.flag == flag)?;
        Some(key(named))
    }));
    let is_missing = |parameter: &&Parameter| {
        let key = key(parameter);
        parameter.required && !arguments.contains_key(&key) && !unread.contains(&key)
    };
    let missing = tool.parameters.iter().filter(is_missing);
    let missing: Vec<_> = missing
        .map(|missing| format!("--{}", missing.flag))
        .collect();
    if !missing.is_empty() {
        wrong.push(format!("missing: {}", missing.join(", ")));
    }
    if wrong.is_empty() {
        return Ok(Value::Object(arguments));
    }
    Err(Error::usage_with_hint(
        wrong.join("\n       "),
        example(spec, tool),
    ))
}

/// The arguments of a call to a tool that is not known: `--args` and the patches.
///
/// # Errors
///
/// All that cannot be read, in one message.
pub(crate) fn assemble_untyped(matches: &ArgMatches) -> Result<Value, Error> {
    let mut arguments = given(matches)?;
    let wrong = patch::apply(&mut arguments, matches, |_| None);
    if wrong.is_empty() {
        return Ok(Value::Object(arguments));
    }
    Err(Error::usage(wrong.join("\n       ")))
}

/// What `--args` gives, or nothing.
fn given(matches: &ArgMatches) -> Result<Map<String, Value>, Error> {
    matches
        .get_one::<String>("args")
        .map_or_else(|| Ok(Map::new()), |source| object(source))
}

/// The object that `--args` names.
///
/// # Errors
///
/// When it cannot be read, or is no JSON object.
fn object(source: &str) -> Result<Map<String, Value>, Error> {
    let text = match source.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Error::usage(format!("--args @{path}: {error}")))?,
        None if source == "-" => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Error::usage(format!("--args -: {error}")))?;
            text
        }
        None => source.to_owned(),
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(Error::usage(format!(
            "--args: {} is not a JSON object",
            kind(&other)
        ))),
        Err(error) => Err(Error::usage_with_hint(
            format!("--args: not JSON: {error}"),
            "quote it for the shell: --args '{\"name\": \"value\"}'",
        )),
    }
}

/// The value a flag was given, if it was.
fn value(parameter: &Parameter, matches: &ArgMatches) -> Result<Option<Value>, String> {
    let flag = parameter.flag;
    let given = matches.value_source(parameter.pointer) == Some(ValueSource::CommandLine);
    match parameter.shape {
        Shape::Constant(constant) => {
            // A required constant is what the schema says whether or not anyone says it again.
            let sent = parameter.required || (given && matches.get_flag(parameter.pointer));
            Ok(sent.then(|| serde_json::from_str(constant).unwrap_or_default()))
        }
        Shape::Boolean { negation } => {
            if negation.is_some() && matches.get_flag(&negation_id(parameter)) {
                return Ok(Some(false.into()));
            }
            let text = matches.get_one::<String>(parameter.pointer);
            text.map(|text| value::scalar(flag, parameter.shape, text))
                .transpose()
        }
        Shape::List(item) => {
            let Some(texts) = matches.get_many::<String>(parameter.pointer) else {
                return Ok(None);
            };
            let mut items = Vec::new();
            for text in texts {
                items.extend(value::items(flag, *item, text)?);
            }
            Ok(Some(items.into()))
        }
        shape => {
            let text = matches.get_one::<String>(parameter.pointer);
            text.map(|text| value::scalar(flag, shape, text))
                .transpose()
        }
    }
}

/// The name of the property a flag fills: its JSON Pointer less the slash and the escapes
/// (RFC 6901, section 4).
fn key(parameter: &Parameter) -> String {
    parameter.pointer[1..].replace("~1", "/").replace("~0", "~")
}

/// A line that would be read, for the hint.
fn example(spec: &Spec, tool: &Tool) -> String {
    let mut line = format!("{} {}", spec.name, tool.command);
    for parameter in tool
        .parameters
        .iter()
        .filter(|parameter| parameter.required)
    {
        let value = match parameter.shape {
            Shape::Constant(_) => continue,
            Shape::Boolean { .. } => {
                line.push_str(&format!(" --{}", parameter.flag));
                continue;
            }
            shape => sample(shape),
        };
        line.push_str(&format!(" --{} {value}", parameter.flag));
    }
    format!("a line that works: {line}")
}

fn sample(shape: Shape) -> String {
    match shape {
        Shape::Text => "TEXT".to_owned(),
        Shape::Integer => "1".to_owned(),
        Shape::Number => "1.5".to_owned(),
        Shape::Boolean { .. } => "true".to_owned(),
        Shape::Choice(values) => values
            .first()
            .map_or_else(String::new, |value| value.trim_matches('"').to_owned()),
        Shape::List(item) => sample(*item),
        Shape::Any => "VALUE".to_owned(),
        Shape::Constant(_) | Shape::Json => "'JSON'".to_owned(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
