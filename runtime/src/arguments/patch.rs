//! `--set`, `--from-file`, `--null` and `--unset`: any place in the arguments, with or without a flag.
//!
//! A path is names parted by dots, `\.` being a dot of a name's own; the first may be a flag's name,
//! and where an array already stands, a number is a place in it. What is missing on the way is made.

use std::io::Read;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value};

/// Adds the options to a command.
pub(crate) fn options(command: Command) -> Command {
    let option = |id: &'static str| {
        Arg::new(id)
            .long(id)
            .action(ArgAction::Append)
            .allow_hyphen_values(true)
            .hide_short_help(true)
            .help_heading("Options of every command")
    };
    command
        .arg(option("set").value_name("PATH=TEXT|PATH:=JSON").help(
            "Put a text, or with := a JSON value, anywhere in the arguments: a.b=text, a.b:=1",
        ))
        .arg(
            option("from-file").value_name("PATH=FILE").help(
                "Put a file's text there; PATH=base64:FILE for its bytes, - for standard input",
            ),
        )
        .arg(option("null").value_name("PATH").help("Put null there"))
        .arg(
            option("unset")
                .value_name("PATH")
                .help("Send nothing there"),
        )
}

/// Applies them, in this order: set, from a file, null, unset. `key` is the argument that a flag of
/// this name fills, if there is one. What could not be done is returned, a sentence each.
pub(super) fn apply(
    arguments: &mut Map<String, Value>,
    matches: &ArgMatches,
    key: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let texts = |id: &str| matches.get_many::<String>(id).into_iter().flatten();
    let mut put = |option: &str, patch: &str, value: Result<(&str, Value), String>| {
        let outcome = value.and_then(|(path, value)| place(arguments, &steps(path, &key)?, value));
        wrong.extend(
            outcome
                .err()
                .map(|reason| format!("--{option} {patch}: {reason}")),
        );
    };
    for patch in texts("set") {
        put("set", patch, assignment(patch));
    }
    for patch in texts("from-file") {
        put("from-file", patch, file(patch));
    }
    for path in texts("null") {
        put("null", path, Ok((path, Value::Null)));
    }
    for path in texts("unset") {
        match steps(path, &key) {
            Ok(steps) => remove(arguments, &steps),
            Err(reason) => wrong.push(format!("--unset {path}: {reason}")),
        }
    }
    wrong
}

/// `PATH=TEXT` or `PATH:=JSON`.
fn assignment(patch: &str) -> Result<(&str, Value), String> {
    let (path, text) = patch
        .split_once('=')
        .ok_or("not of the form PATH=TEXT or PATH:=JSON")?;
    let Some(path) = path.strip_suffix(':') else {
        return Ok((path, text.into()));
    };
    let value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    Ok((path, value))
}

/// `PATH=FILE` or `PATH=base64:FILE`.
fn file(patch: &str) -> Result<(&str, Value), String> {
    let (path, source) = patch.split_once('=').ok_or("not of the form PATH=FILE")?;
    let (source, encoded) = match source.strip_prefix("base64:") {
        Some(source) => (source, true),
        None => (source, false),
    };
    let bytes = if source == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(source)
    };
    let bytes = bytes.map_err(|error| error.to_string())?;
    if encoded {
        return Ok((path, BASE64_STANDARD.encode(bytes).into()));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("not UTF-8 text; send the bytes with {path}=base64:{source}"))?;
    Ok((path, text.into()))
}

/// The names of a path.
fn steps(path: &str, key: impl Fn(&str) -> Option<String>) -> Result<Vec<String>, String> {
    let mut steps = vec![String::new()];
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        let last = steps.last_mut().expect("it begins with one");
        match character {
            '\\' => last.extend(characters.next()),
            '.' => steps.push(String::new()),
            _ => last.push(character),
        }
    }
    if steps.iter().any(String::is_empty) {
        return Err("the path has an empty name".to_owned());
    }
    if let Some(key) = key(&steps[0]) {
        steps[0] = key;
    }
    Ok(steps)
}

/// Puts a value at a path.
fn place(arguments: &mut Map<String, Value>, steps: &[String], value: Value) -> Result<(), String> {
    let Some((first, rest)) = steps.split_first() else {
        return Ok(());
    };
    let mut at = arguments.entry(first).or_insert(Value::Null);
    for (index, step) in rest.iter().enumerate() {
        let so_far = || steps[..=index].join(".");
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        at = match at {
            Value::Object(object) => object.entry(step).or_insert(Value::Null),
            Value::Array(array) => {
                let length = array.len();
                let index = step.parse().ok().filter(|&index: &usize| index <= length);
                let index = index.ok_or_else(|| {
                    format!(
                        "`{}` is an array of {length}, and `{step}` is no place in it",
                        so_far()
                    )
                })?;
                if index == length {
                    array.push(Value::Null);
                }
                &mut array[index]
            }
            _ => return Err(format!("`{}` is neither an object nor an array", so_far())),
        };
    }
    *at = value;
    Ok(())
}

/// Removes what is at a path, if there is anything.
fn remove(arguments: &mut Map<String, Value>, steps: &[String]) {
    let Some((last, way)) = steps.split_last() else {
        return;
    };
    let Some((first, way)) = way.split_first() else {
        arguments.shift_remove(last);
        return;
    };
    let mut at = arguments.get_mut(first);
    for step in way {
        at = at.and_then(|value| match value {
            Value::Array(array) => step
                .parse()
                .ok()
                .and_then(|index: usize| array.get_mut(index)),
            value => value.get_mut(step),
        });
    }
    match at {
        Some(Value::Object(object)) => {
            object.shift_remove(last);
        }
        Some(Value::Array(array)) => {
            if let Some(index) = last
                .parse()
                .ok()
                .filter(|&index: &usize| index < array.len())
            {
                array.remove(index);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What the arguments become, or what is wrong.
    fn patched(arguments: Value, line: &[&str]) -> Result<Value, Vec<String>> {
        let words = std::iter::once("x").chain(line.iter().copied());
        let matches = options(Command::new("x"))
            .try_get_matches_from(words)
            .unwrap();
        let Value::Object(mut arguments) = arguments else {
            panic!("an object")
        };
        let key = |flag: &str| (flag == "max-results").then(|| "maxResults".to_owned());
        let wrong = apply(&mut arguments, &matches, key);
        if wrong.is_empty() {
            Ok(arguments.into())
        } else {
            Err(wrong)
        }
    }

    #[test]
    fn any_place_can_be_reached() {
        for (before, line, after) in [
            (
                json!({"a": "x"}),
                &["--set", "extra.deep=1", "--set", "extra.n:=1"][..],
                json!({"a": "x", "extra": {"deep": "1", "n": 1}}),
            ),
            (
                json!({}),
                &["--set", "max-results:=5"],
                json!({"maxResults": 5}),
            ),
            (json!({}), &["--set", r"a\.b=c=d"], json!({"a.b": "c=d"})),
            (
                json!({"list": [1, {"k": 2}]}),
                &["--set", "list.1.k:=3", "--set", "list.2=end"],
                json!({"list": [1, {"k": 3}, "end"]}),
            ),
            (
                json!({"a": 1}),
                &["--null", "a", "--null", "b.c"],
                json!({"a": null, "b": {"c": null}}),
            ),
            (
                json!({"a": {"b": 1, "c": 2}, "l": [1, 2]}),
                &["--unset", "a.b", "--unset", "l.0", "--unset", "none.x"],
                json!({"a": {"c": 2}, "l": [2]}),
            ),
            (json!({"a": 1, "b": 2}), &["--unset", "a"], json!({"b": 2})),
        ] {
            assert_eq!(patched(before, line), Ok(after), "{line:?}");
        }
    }

    #[test]
    fn what_cannot_be_done_is_said_all_at_once() {
        let line = [
            "--set", "nothing", "--set", "a.b=1", "--set", "c:={", "--null", "l.7", "--unset", ".x",
        ];
        let wrong = patched(json!({"a": "text", "l": []}), &line).unwrap_err();
        assert_eq!(wrong.len(), 5, "{wrong:?}");
        assert_eq!(
            wrong[1],
            "--set a.b=1: `a` is neither an object nor an array"
        );
    }

    #[test]
    fn a_file_is_sent_as_text_or_as_base64() {
        let path = std::env::temp_dir().join(format!("mcpress-patch-{}", std::process::id()));
        std::fs::write(&path, [0xff, 0x00]).unwrap();
        let encoded = format!("body=base64:{}", path.display());
        assert_eq!(
            patched(json!({}), &["--from-file", &encoded]),
            Ok(json!({"body": "/wA="}))
        );
        let text = format!("body={}", path.display());
        let wrong = patched(json!({}), &["--from-file", &text]).unwrap_err();
        assert!(wrong[0].contains("base64:"), "{wrong:?}");
        std::fs::write(&path, "hello\n").unwrap();
        assert_eq!(
            patched(json!({}), &["--from-file", &text]),
            Ok(json!({"body": "hello\n"}))
        );
        std::fs::remove_file(path).unwrap();
    }
}
