//! What was typed as the JSON that is sent, and the inverse.
//!
//! `--args` first, flags over it, patches over both; then all of it is checked against the tool's
//! schema. Everything that is wrong is found before anything is said, and all of it is said at once:
//! the user mends a line in one go.

mod checks;
mod inverse;
mod patch;
mod place;
mod secret;
mod shorthand;
mod value;

use std::ffi::OsString;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::{Map, Value};

use crate::command::{self, negation_id, positional_id};
use crate::error::Error;
use crate::spec::{Parameter, Shape, Spec, Tool};
use crate::validate::an;

pub(crate) use patch::options as patch_options;
pub(crate) use secret::VALUE_NAME as SECRET;
pub(crate) use value::parts_at_commas;

/// The arguments of a call, and what is to be said of them though they are sent.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub(crate) arguments: Value,
    pub(crate) warnings: Vec<String>,
}

/// The arguments of a call to a tool that is known; `checked` against its schema.
///
/// # Errors
///
/// Every flag that cannot be read, every value that the schema refuses and every required one that is
/// missing, in one message.
pub(crate) fn assemble(
    spec: &Spec,
    tool: &Tool,
    matches: &ArgMatches,
    checked: bool,
) -> Result<Assembled, Error> {
    let mut draft = Draft {
        arguments: given(matches)?,
        ..Draft::default()
    };
    // An object before its fields, whatever the order on the line.
    let mut parameters: Vec<_> = tool.parameters.iter().collect();
    parameters.sort_by_key(|parameter| parameter.pointer.matches('/').count());
    for parameter in &parameters {
        draft.take(parameter, matches);
    }
    draft.patch(patch::put, matches, tool);
    // What is sent by itself goes where nothing was put, and can be taken away again.
    for parameter in &parameters {
        draft.fill(parameter);
    }
    draft.patch(patch::take_away, matches, tool);
    if checked {
        checks::check(tool, &mut draft);
    }
    if draft.wrong.is_empty() {
        return Ok(Assembled {
            arguments: Value::Object(draft.arguments),
            warnings: draft.warnings,
        });
    }
    Err(Error::usage_with_hint(
        draft.wrong.join("\n       "),
        format!(
            "a line that works: {} {}{}",
            spec.name,
            tool.command,
            quoted(&checks::example(tool, &draft))
        ),
    ))
}

/// The arguments of a call to a tool that is not known: `--args` and the patches.
///
/// # Errors
///
/// All that cannot be read, in one message.
pub(crate) fn assemble_untyped(matches: &ArgMatches) -> Result<Value, Error> {
    let mut arguments = given(matches)?;
    let mut wrong = patch::put(&mut arguments, matches, &[]);
    wrong.extend(patch::take_away(&mut arguments, matches, &[]));
    if wrong.is_empty() {
        return Ok(Value::Object(arguments));
    }
    Err(Error::usage(wrong.join("\n       ")))
}

/// The arguments that the words after a tool's command make; `checked` against its schema.
///
/// # Errors
///
/// When they cannot be read.
pub(crate) fn read(
    spec: &Spec,
    tool: &'static Tool,
    words: &[String],
    checked: bool,
) -> Result<Assembled, Error> {
    let line = std::iter::once(tool.command).chain(words.iter().map(String::as_str));
    let line: Vec<OsString> = line.map(OsString::from).collect();
    let mut command = command::of_tool(spec, tool);
    command::refuse_swallowed(&command, &line)?;
    let matches = command
        .try_get_matches_from_mut(&line)
        .map_err(|error| Error::usage(command::suggest_shown_name(&command, error).to_string()))?;
    let checked = checked && !matches.get_flag("mcp-no-validate");
    assemble(spec, tool, &matches, checked)
}

/// The words after a tool's command that make these arguments.
///
/// They are read again before they are given out: what flags would not give back exactly goes by
/// `--args`.
pub(crate) fn write(
    spec: &Spec,
    tool: &'static Tool,
    arguments: &Map<String, Value>,
) -> Vec<String> {
    let wanted = Value::Object(arguments.clone());
    let flags = inverse::words(tool.parameters, arguments);
    if let Some(words) = exact(spec, tool, flags, arguments) {
        return words;
    }
    let whole = vec!["--args".to_owned(), wanted.to_string()];
    exact(spec, tool, whole.clone(), arguments).unwrap_or(whole)
}

/// The words, with what takes back that which is sent by itself and is not wanted, if they are read as
/// these arguments.
fn exact(
    spec: &Spec,
    tool: &'static Tool,
    mut words: Vec<String>,
    arguments: &Map<String, Value>,
) -> Option<Vec<String>> {
    let read = read(spec, tool, &words, false).map(|assembled| assembled.arguments);
    let Ok(Value::Object(mut read)) = read else {
        return None;
    };
    for parameter in tool.parameters {
        let path = place::path(parameter.pointer);
        if place::get(&read, &path).is_some() && place::get(arguments, &path).is_none() {
            words.extend(patch::unset(&path, tool.parameters));
            patch::remove(&mut read, &path);
        }
    }
    (read == *arguments).then_some(words)
}

/// A value out of one text, as that of a flag is.
///
/// # Errors
///
/// Why the text is no such value: "ten: not an integer".
pub(crate) fn typed(shape: Shape, text: &str) -> Result<Value, String> {
    value::one(shape, text)
}

/// Words as a shell reads them, each after a blank.
pub(crate) fn quoted(words: &[String]) -> String {
    let quoted = |word: &String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            format!(" {word}")
        } else {
            format!(" '{}'", word.replace('\'', r"'\''"))
        }
    };
    words.iter().map(quoted).collect()
}

/// The arguments on the way.
#[derive(Default)]
struct Draft {
    arguments: Map<String, Value>,
    /// What is wrong, a sentence each.
    wrong: Vec<String>,
    /// What is to be said though it is sent.
    warnings: Vec<String>,
    /// The pointers of the flags that were given.
    given: Vec<&'static str>,
    /// The pointers of those that could not be read.
    unread: Vec<&'static str>,
}

/// One of the ways to change arguments by a path; what could not be done is returned.
type Patch = fn(&mut Map<String, Value>, &ArgMatches, &[Parameter]) -> Vec<String>;

impl Draft {
    fn patch(&mut self, patch: Patch, matches: &ArgMatches, tool: &Tool) {
        let wrong = patch(&mut self.arguments, matches, tool.parameters);
        self.wrong.extend(wrong);
    }

    /// Reads a flag, if it was given.
    fn take(&mut self, parameter: &Parameter, matches: &ArgMatches) {
        let Some(value) = value(parameter, matches) else {
            return;
        };
        self.given.push(parameter.pointer);
        if parameter.more().deprecated {
            let flag = parameter.flag;
            self.warnings.push(format!("--{flag} is deprecated"));
        }
        let path = place::path(parameter.pointer);
        let outcome = value.and_then(|value| {
            place::merge(&mut self.arguments, &path, value)
                .map_err(|reason| format!("--{}: {reason}", parameter.flag))
        });
        if let Err(reason) = outcome {
            self.wrong.push(reason);
            self.unread.push(parameter.pointer);
        }
    }

    /// Puts in what is sent though nobody typed it: a constant that the schema requires, a value that
    /// the user wants sent.
    fn fill(&mut self, parameter: &Parameter) {
        let constant = match parameter.shape {
            Shape::Constant(only) if parameter.required => Some(only),
            _ => None,
        };
        let Some(text) = parameter.more().sends.or(constant) else {
            return;
        };
        let path = place::path(parameter.pointer);
        let is_there = |path: &[String]| place::get(&self.arguments, path).is_some();
        let inside = &path[..path.len().saturating_sub(1)];
        let has_place =
            inside.is_empty() || place::get(&self.arguments, inside).is_some_and(Value::is_object);
        if !has_place || is_there(&path) || !self.is_of_its_form(parameter) {
            return;
        }
        let value = serde_json::from_str(text).unwrap_or_default();
        // The place around it is an object, as was just seen.
        let _ = place::merge(&mut self.arguments, &path, value);
    }

    /// Whether the union's form that was chosen has this field.
    fn is_of_its_form(&self, parameter: &Parameter) -> bool {
        let Some(only) = parameter.more().only else {
            return true;
        };
        let chosen = place::get(&self.arguments, &place::path(only.discriminator));
        chosen.is_some_and(|chosen| {
            let is = |text: &&str| serde_json::from_str::<Value>(text).is_ok_and(|v| v == *chosen);
            only.values.iter().any(is)
        })
    }
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
    let file = source.strip_prefix('@').or((source == "-").then_some("-"));
    let text = match file {
        Some(path) => {
            let bytes = patch::read(path)
                .map_err(|error| Error::usage(format!("--args {source}: {error}")))?;
            String::from_utf8(bytes)
                .map_err(|_| Error::usage(format!("--args {source}: not UTF-8 text")))?
        }
        None => source.to_owned(),
    };
    match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(Error::usage(format!(
            "--args: {} is not a JSON object",
            an(&other)
        ))),
        Err(error) => Err(Error::usage_with_hint(
            format!("--args: not JSON: {error}"),
            "quote it for the shell: --args '{\"name\": \"value\"}'",
        )),
    }
}

/// The value a flag was given, or why it is none; nothing where it was not given.
fn value(parameter: &Parameter, matches: &ArgMatches) -> Option<Result<Value, String>> {
    let flag = parameter.flag;
    if parameter.more().negation.is_some() && matches.get_flag(&negation_id(parameter)) {
        return Some(Ok(false.into()));
    }
    let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    if let Shape::Constant(_) = parameter.shape {
        return is_given(parameter.pointer).then(|| value::read(parameter.shape, &[None]));
    }
    let mut given: Vec<Option<&str>> = Vec::new();
    let positional = positional_id(parameter);
    for id in [parameter.pointer, &positional] {
        if (id == positional && !parameter.more().positional) || !is_given(id) {
            continue;
        }
        for mut occurrence in matches.get_occurrences::<String>(id).into_iter().flatten() {
            match occurrence.next() {
                None => given.push(None),
                Some(first) => {
                    given.push(Some(first));
                    given.extend(occurrence.map(|text| Some(&**text)));
                }
            }
        }
    }
    if given.is_empty() {
        return None;
    }
    if parameter.more().secret {
        let reference = given.last().copied().flatten().unwrap_or_default();
        let read = secret::read(flag, reference).and_then(|text| {
            // The reason would repeat it.
            value::read(parameter.shape, &[Some(&text)])
                .map_err(|_| format!("what {reference} holds is not of the schema's type"))
        });
        return Some(read.map_err(|reason| format!("--{flag}: {reason}")));
    }
    let link = if parameter.shape == Shape::Boolean {
        "="
    } else {
        " "
    };
    let read = value::read(parameter.shape, &given);
    Some(read.map_err(|reason| format!("--{flag}{link}{reason}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::{FORMAT, More, Server, Transport};

    const TOOL: &Tool = &Tool {
        wire: "t",
        command: "t",
        parameters: &[Parameter {
            pointer: "/tag",
            flag: "tag",
            ..Parameter::PLAIN
        }],
        ..Tool::PLAIN
    };

    const ZEALOUS: &Tool = &Tool {
        wire: "z",
        command: "z",
        parameters: &[
            Parameter {
                pointer: "/tag",
                flag: "tag",
                ..Parameter::PLAIN
            },
            Parameter {
                pointer: "/unit",
                flag: "unit",
                more: Some(&More {
                    sends: Some("\"metric\""),
                    ..More::PLAIN
                }),
                ..Parameter::PLAIN
            },
        ],
        ..Tool::PLAIN
    };

    fn spec() -> Spec {
        Spec {
            format: FORMAT,
            name: "p",
            about: "",
            server: Server {
                transport: Transport::Unknown,
                protocol: "",
                capabilities: "{}",
                capture: "{}",
            },
            slots: &[],
            tools: std::slice::from_ref(TOOL),
            prompts: &[],
            templates: &[],
            omitted: crate::spec::Omitted::NOTHING,
        }
    }

    #[test]
    fn no_word_of_a_written_line_holds_a_nul() {
        for (arguments, line) in [
            (json!({"tag": "\0"}), r#" --set 'tag:="\u0000"'"#),
            (json!({"\0": "x"}), r" --set '/\0=x'"),
        ] {
            let words = write(&spec(), TOOL, arguments.as_object().unwrap());
            assert_eq!(quoted(&words), line);
            assert_eq!(
                read(&spec(), TOOL, &words, false).unwrap().arguments,
                arguments
            );
        }
    }

    #[test]
    fn what_is_sent_by_itself_is_taken_back_where_it_is_not_wanted() {
        for (arguments, line) in [
            (
                json!({"tag": "x", "unit": "metric"}),
                " --tag x --unit metric",
            ),
            (json!({"tag": "x"}), " --tag x --unset unit"),
            (json!({}), " --unset unit"),
            (json!({"\0": 1}), r" --set '/\0:=1' --unset unit"),
        ] {
            let words = write(&spec(), ZEALOUS, arguments.as_object().unwrap());
            assert_eq!(quoted(&words), line);
            assert_eq!(
                read(&spec(), ZEALOUS, &words, false).unwrap().arguments,
                arguments
            );
        }
    }

    #[test]
    fn a_flag_is_not_read_as_the_value_of_another() {
        let words = ["--tag", "--dry-run"].map(str::to_owned);
        let error = read(&spec(), TOOL, &words, false).unwrap_err();
        assert!(error.to_string().contains("--tag has no value"), "{error}");
        let words = ["--tag=--dry-run".to_owned()];
        let read = read(&spec(), TOOL, &words, false).unwrap().arguments;
        assert_eq!(read, json!({"tag": "--dry-run"}));
    }
}
