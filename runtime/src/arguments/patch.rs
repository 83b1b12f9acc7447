//! `--set`, `--from-file`, `--null` and `--unset`: any place in the arguments, with or without a flag.
//!
//! A path is names parted by dots, spelled as the server or as the flags do; `\.` and `\=` are a name's
//! own. One that begins with a slash is a JSON Pointer (RFC 6901). Where an array already stands, a
//! number is a place in it. What is missing on the way is made.

use std::io::Read;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value};

use super::place;
use super::shorthand::{After, Key, key};
use crate::spec::Parameter;

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

/// Puts in what `--set`, `--from-file` and `--null` say, in this order. What could not be done is
/// returned, a sentence each.
pub(super) fn put(
    arguments: &mut Map<String, Value>,
    matches: &ArgMatches,
    parameters: &[Parameter],
) -> Vec<String> {
    let mut wrong = Vec::new();
    let texts = |id: &str| matches.get_many::<String>(id).into_iter().flatten();
    let mut put = |option: &str, patch: &str, value: fn(After<'_>) -> Result<Value, String>| {
        let (key, after) = key(patch);
        let outcome = path(patch, &key, parameters).and_then(|path| {
            let value = value(after)?;
            *place::at(arguments, &path)? = value;
            Ok(())
        });
        wrong.extend(
            outcome
                .err()
                .map(|reason| format!("--{option} {patch}: {reason}")),
        );
    };
    for patch in texts("set") {
        put("set", patch, assigned);
    }
    for patch in texts("from-file") {
        put("from-file", patch, file);
    }
    for patch in texts("null") {
        put("null", patch, |after| nothing(&after).map(|()| Value::Null));
    }
    wrong
}

/// Takes away what `--unset` names. What could not be done is returned, a sentence each.
pub(super) fn take_away(
    arguments: &mut Map<String, Value>,
    matches: &ArgMatches,
    parameters: &[Parameter],
) -> Vec<String> {
    let mut wrong = Vec::new();
    for patch in matches.get_many::<String>("unset").into_iter().flatten() {
        let (key, after) = key(patch);
        match nothing(&after).and_then(|()| path(patch, &key, parameters)) {
            Ok(path) => remove(arguments, &path),
            Err(reason) => wrong.push(format!("--unset {patch}: {reason}")),
        }
    }
    wrong
}

/// The words that put a value at a path, for [`apply`] to read again.
pub(super) fn words(path: &[String], value: &Value, parameters: &[Parameter]) -> Vec<String> {
    let written = written(path, parameters);
    match value {
        Value::Null => option("--null", written),
        Value::String(text) if !text.contains('\0') => option("--set", format!("{written}={text}")),
        value => option("--set", format!("{written}:={value}")),
    }
}

/// The words that send nothing at a path.
pub(super) fn unset(path: &[String], parameters: &[Parameter]) -> Vec<String> {
    option("--unset", written(path, parameters))
}

/// An option and its value, in one word where the value alone would look like an option.
fn option(name: &str, value: String) -> Vec<String> {
    if value.starts_with('-') {
        vec![format!("{name}={value}")]
    } else {
        vec![name.to_owned(), value]
    }
}

/// A path as text: with dots where that is read again as the same, else as a JSON Pointer.
pub(super) fn written(path: &[String], parameters: &[Parameter]) -> String {
    let dotted = path.join(".");
    let plain = !dotted.contains(['\\', '=', ':', '\0']) && !dotted.starts_with('/');
    let (key, _) = key(&dotted);
    if plain && self::path(&dotted, &key, parameters).is_ok_and(|read| read == path) {
        return dotted;
    }
    let mut pointer = String::new();
    for name in path {
        pointer.push('/');
        for character in crate::schema::escape(name).chars() {
            match character {
                '\\' | '=' | ':' => pointer.extend(['\\', character]),
                '\0' => pointer.push_str("\\0"),
                plain => pointer.push(plain),
            }
        }
    }
    pointer
}

/// `=TEXT` or `:=JSON`.
fn assigned(after: After<'_>) -> Result<Value, String> {
    match after {
        After::Text(text) => Ok(text.into()),
        After::Json(text) => {
            serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))
        }
        After::Nothing => Err("not of the form PATH=TEXT or PATH:=JSON".to_owned()),
    }
}

/// `=FILE` or `=base64:FILE`.
fn file(after: After<'_>) -> Result<Value, String> {
    let After::Text(source) = after else {
        return Err("not of the form PATH=FILE".to_owned());
    };
    let (source, encoded) = match source.strip_prefix("base64:") {
        Some(source) => (source, true),
        None => (source, false),
    };
    let bytes = read(source).map_err(|error| error.to_string())?;
    if encoded {
        return Ok(BASE64_STANDARD.encode(bytes).into());
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("not UTF-8 text; send the bytes with =base64:{source}"))?;
    Ok(text.into())
}

/// The bytes of a file, or with `-` those of standard input.
pub(super) fn read(source: &str) -> std::io::Result<Vec<u8>> {
    if source != "-" {
        return std::fs::read(source);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn nothing(after: &After<'_>) -> Result<(), String> {
    match after {
        After::Nothing => Ok(()),
        _ => Err(r"a path alone is wanted; a name with an equals sign is written \=".to_owned()),
    }
}

/// The names of a path.
fn path(text: &str, key: &Key, parameters: &[Parameter]) -> Result<Vec<String>, String> {
    if text.starts_with('/') {
        return Ok(place::path(&key.whole));
    }
    if key.parts.iter().any(String::is_empty) {
        return Err("the path has an empty name; begin it with / to mean one".to_owned());
    }
    if key.escaped {
        return Ok(key.parts.clone());
    }
    // As much of the path as a parameter is called, by the server's spelling before the flags'.
    let known = (1..=key.parts.len()).rev().find_map(|length| {
        let (front, rest) = key.parts.split_at(length);
        let paths = || {
            parameters
                .iter()
                .map(|parameter| (parameter, place::path(parameter.pointer)))
        };
        let flag = front.join(".");
        let by_wire = paths().find(|(_, path)| path == front);
        let by_flag = || {
            paths().find(|(parameter, _)| {
                parameter.flag == flag || parameter.aliases.contains(&&*flag)
            })
        };
        let (_, mut path) = by_wire.or_else(by_flag)?;
        path.extend_from_slice(rest);
        Some(path)
    });
    Ok(known.unwrap_or_else(|| key.parts.clone()))
}

/// Removes what is at a path, if there is anything.
pub(super) fn remove(arguments: &mut Map<String, Value>, path: &[String]) {
    let Some((last, way)) = path.split_last() else {
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

    const PARAMETERS: &[Parameter] = &[
        Parameter {
            pointer: "/maxResults",
            flag: "max-results",
            ..Parameter::PLAIN
        },
        Parameter {
            pointer: "/start",
            flag: "start",
            ..Parameter::PLAIN
        },
        Parameter {
            pointer: "/start/date_time",
            flag: "start.date-time",
            ..Parameter::PLAIN
        },
    ];

    /// What the arguments become, or what is wrong.
    fn patched(arguments: Value, line: &[&str]) -> Result<Value, Vec<String>> {
        let words = std::iter::once("x").chain(line.iter().copied());
        let matches = options(Command::new("x"))
            .try_get_matches_from(words)
            .unwrap();
        let Value::Object(mut arguments) = arguments else {
            panic!("an object")
        };
        let mut wrong = put(&mut arguments, &matches, PARAMETERS);
        wrong.extend(take_away(&mut arguments, &matches, PARAMETERS));
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
            (
                json!({}),
                &["--set", "start.date-time.x=1", "--set", "start.zone=UTC"],
                json!({"start": {"date_time": {"x": "1"}, "zone": "UTC"}}),
            ),
            (json!({}), &["--set", r"a\.b=c=d"], json!({"a.b": "c=d"})),
            (json!({}), &["--set", r"a\=b=c"], json!({"a=b": "c"})),
            (
                json!({}),
                &["--set", "/max-results/~1/:=5"],
                json!({"max-results": {"/": {"": 5}}}),
            ),
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
    fn a_written_path_is_read_as_the_same() {
        for path in [
            &["a"][..],
            &["a", "b.c"],
            &["max-results"],
            &["start", "date-time"],
            &["start", "date_time"],
            &["a=b:", r"c\d"],
            &["", "/", "~"],
            &["/x"],
            &["a\0"],
            &["--null"],
        ] {
            let path: Vec<String> = path.iter().map(|&name| name.to_owned()).collect();
            let words = words(&path, &json!(1), PARAMETERS);
            let line: Vec<&str> = words.iter().map(String::as_str).collect();
            let value = path
                .iter()
                .rev()
                .fold(json!(1), |value, name| json!({name: value}));
            assert_eq!(patched(json!({}), &line), Ok(value), "{words:?}");
        }
    }

    #[test]
    fn a_path_that_looks_like_an_option_is_never_a_word_by_itself() {
        for value in [json!(null), json!("text"), json!(1)] {
            let words = words(&["--dry-run".to_owned()], &value, &[]);
            assert_eq!(words.len(), 1, "{words:?}");
        }
        assert_eq!(unset(&["-x".to_owned()], &[]), ["--unset=-x"]);
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
