//! What an overlay says of a tool's flags.

use std::collections::{BTreeMap, HashMap};

use mcpress_runtime::schema::{escape, unescape};
use mcpress_runtime::validate::validate;
use serde_json::{Map, Value};

use super::{
    apply::problem,
    error::{Problem, suggestion},
    file::{FlagEntry, Json},
};
use crate::{
    ir::{Parameter, Shape, Tool},
    lock::Lock,
    lower::text,
    names::{self, Flag, Wanted},
};

type Entry = (String, FlagEntry);

/// Writes what is said of the flags over them, and adds what is wrong with it to the problems.
pub(super) fn apply(tool: &mut Tool, entries: &[Entry], lock: &Lock, problems: &mut Vec<Problem>) {
    if entries.is_empty() {
        return;
    }
    let found = find(tool, entries, problems);
    rename(tool, &found, lock, problems);
    let mut letters: HashMap<char, String> = HashMap::new();
    for (at, entry) in &found {
        let default = default(tool, *at, entry, problems);
        let parameter = &mut tool.parameters[*at];
        describe(parameter, entry);
        parameter.sends = default;
        let Some(letter) = entry.short.map(|letter| letter.0) else {
            continue;
        };
        parameter.short = Some(letter);
        let flag = parameter.flag.clone();
        if let Some(other) = letters.insert(letter, flag.clone()) {
            let message = format!("`-{letter}` is short for --{other} already");
            problems.push(problem(tool, &flag, &message, "choose another letter"));
        }
    }
    positional(tool, &found, problems);
}

/// The parameters that the entries speak of, in the order of these.
fn find<'e>(
    tool: &Tool,
    entries: &'e [Entry],
    problems: &mut Vec<Problem>,
) -> Vec<(usize, &'e FlagEntry)> {
    let free = flags(tool, &BTreeMap::new(), &Lock::default()).names;
    let mut found: Vec<(usize, &FlagEntry)> = Vec::new();
    let mut keys: HashMap<usize, &str> = HashMap::new();
    for (key, entry) in entries {
        let at = match find_one(tool, key, &free) {
            Ok(at) => at,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        if let Some(other) = keys.insert(at, key) {
            let message = format!("`{other}` and `{key}` are the same flag");
            let hint = "put what both say under one of them".to_owned();
            problems.push(Problem::of_tool(&tool.wire, message, Some(hint)));
            continue;
        }
        found.push((at, entry));
    }
    found
}

/// The parameter that a key names: by its pointer, by its wire name, else by its flag as it would be
/// without an overlay, or as it is.
fn find_one(tool: &Tool, key: &str, free: &[Flag]) -> Result<usize, Problem> {
    let pointers = || tool.parameters.iter().map(|parameter| &*parameter.pointer);
    let by_pointer = pointers().position(|pointer| pointer == key);
    let top = format!("/{}", escape(key));
    if let Some(at) = by_pointer.or_else(|| pointers().position(|pointer| pointer == top)) {
        return Ok(at);
    }
    let is_called = |(parameter, free): (&Parameter, &Flag)| {
        parameter.flag == key || free.name == key || free.aliases.iter().any(|alias| alias == key)
    };
    let all = tool.parameters.iter().zip(free);
    let found: Vec<usize> = all
        .enumerate()
        .filter(|(_, pair)| is_called(*pair))
        .map(|(at, _)| at)
        .collect();
    match found[..] {
        [at] => Ok(at),
        [] => {
            let known: Vec<&str> = free.iter().map(|flag| &*flag.name).collect();
            let message = if known.is_empty() {
                format!("no flag `{key}`: it has none at all")
            } else {
                format!("no flag `{key}`")
            };
            let things = format!("flags of `{}`", tool.command);
            let hint = suggestion(key, &things, &known);
            Err(Problem::of_tool(&tool.wire, message, hint))
        }
        [..] => Err(Problem::of_tool(
            &tool.wire,
            format!("`{key}` may be more than one flag: an earlier run named one after another"),
            Some("name it by its JSON Pointer, as in \"/start/date_time\"".to_owned()),
        )),
    }
}

/// Names the flags again, with those that are fixed.
fn rename(
    tool: &mut Tool,
    found: &[(usize, &FlagEntry)],
    lock: &Lock,
    problems: &mut Vec<Problem>,
) {
    let fixed: BTreeMap<usize, &str> = found
        .iter()
        .filter_map(|(at, entry)| Some((*at, entry.name.as_deref()?)))
        .collect();
    if fixed.is_empty() {
        return;
    }
    let named = flags(tool, &fixed, lock);
    let clashes = named.clashes.iter();
    problems.extend(clashes.map(|clash| Problem::clash(Some(&tool.wire), clash)));
    for (parameter, flag) in tool.parameters.iter_mut().zip(named.names) {
        let Flag {
            name,
            negation,
            aliases,
        } = flag;
        (parameter.flag, parameter.negation, parameter.aliases) = (name, negation, aliases);
    }
}

/// The names of all flags, as lowering gives them but for those that are fixed.
fn flags(tool: &Tool, fixed: &BTreeMap<usize, &str>, lock: &Lock) -> names::Named<Flag> {
    let parameters = &tool.parameters;
    let split = |parameter: &Parameter| {
        let (parent, name) = parameter.pointer.rsplit_once('/').unwrap_or_default();
        (parent.to_owned(), unescape(name))
    };
    let paths: Vec<(String, String)> = parameters.iter().map(split).collect();
    let places: HashMap<&str, usize> = parameters
        .iter()
        .enumerate()
        .map(|(at, parameter)| (&*parameter.pointer, at))
        .collect();
    let wanted: Vec<Wanted<'_>> = parameters
        .iter()
        .zip(&paths)
        .enumerate()
        .map(|(at, (parameter, (parent, name)))| Wanted {
            pointer: &parameter.pointer,
            name,
            parent: places.get(&**parent).copied(),
            fixed: fixed.get(&at).copied(),
            boolean: parameter.shape == Shape::Boolean,
        })
        .collect();
    names::flags(&tool.wire, &wanted, lock)
}

fn describe(parameter: &mut Parameter, entry: &FlagEntry) {
    if let Some(help) = &entry.help {
        parameter.help = text::clean(help);
    }
    if let Some(group) = &entry.group {
        parameter.group = text::line(group);
    }
    if let Some(name) = &entry.value_name {
        parameter.value_name = text::line(name);
    }
    parameter.hidden |= entry.hide;
    parameter.secret = entry.secret.unwrap_or(parameter.secret);
    if parameter.secret {
        // What the schema shows of it would be shown on.
        (parameter.default, parameter.example) = (None, None);
    }
}

/// The value to send where nothing is given, if the schema takes it.
fn default(
    tool: &Tool,
    at: usize,
    entry: &FlagEntry,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let Json(value) = entry.default.as_ref()?;
    let parameter = &tool.parameters[at];
    if entry.secret.unwrap_or(parameter.secret) {
        let message = "a secret has no default: it would be stored in the program";
        let hint = "leave the default out; a caller can say --FLAG env:NAME";
        problems.push(problem(tool, &parameter.flag, message, hint));
        return None;
    }
    let definition: Value = serde_json::from_str(&tool.definition).unwrap_or_default();
    let schema = definition.get("inputSchema").cloned().unwrap_or_default();
    let findings = validate(&schema, &around(&parameter.pointer, value));
    let inside = |at: &str| {
        let rest = at.strip_prefix(&*parameter.pointer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let wrong = findings.violations.iter().find(|wrong| inside(&wrong.at));
    if let Some(wrong) = wrong {
        let message = format!("the default does not fit its schema: {}", wrong.message);
        let hint = "give a default that the server takes";
        problems.push(problem(tool, &parameter.flag, &message, hint));
    }
    Some(text::json(value))
}

/// A value at its place in the arguments, and nothing beside it.
fn around(pointer: &str, value: &Value) -> Value {
    let names = pointer.strip_prefix('/').unwrap_or(pointer).rsplit('/');
    names.fold(value.clone(), |value, name| {
        Value::Object(Map::from_iter([(unescape(name), value)]))
    })
}

/// Moves the parameters that need no flag to the front, in the order of the table.
fn positional(tool: &mut Tool, found: &[(usize, &FlagEntry)], problems: &mut Vec<Problem>) {
    let places: Vec<usize> = found
        .iter()
        .filter(|(_, entry)| entry.positional)
        .map(|(at, _)| *at)
        .collect();
    for (order, at) in places.iter().enumerate() {
        let parameter = &tool.parameters[*at];
        let Parameter { shape, flag, .. } = parameter;
        let is_wanted = |at: &usize| {
            let parameter = &tool.parameters[*at];
            parameter.required && parameter.sends.is_none()
        };
        let wrong = if matches!(shape, Shape::Constant(_)) {
            Some((
                "it has no value to be given without its flag",
                "leave `positional` out",
            ))
        } else if repeats(shape) && order + 1 < places.len() {
            let message = "it takes all that follows, so it must be the last positional";
            Some((message, "put it below the others"))
        } else if is_wanted(at) && !places[..order].iter().all(is_wanted) {
            let message = "it is required, so it must come before what can be left out";
            Some((message, "put it above the others"))
        } else {
            None
        };
        if let Some((message, hint)) = wrong {
            problems.push(problem(tool, flag, message, hint));
        }
    }
    let mut rest: Vec<Option<Parameter>> = tool.parameters.drain(..).map(Some).collect();
    let taken = places.iter().filter_map(|at| rest[*at].take());
    let taken: Vec<Parameter> = taken.collect();
    let positional = taken.into_iter().map(|parameter| Parameter {
        positional: true,
        ..parameter
    });
    tool.parameters = positional.chain(rest.into_iter().flatten()).collect();
}

/// Whether a flag of the shape may be given more than once.
fn repeats(shape: &Shape) -> bool {
    match shape {
        Shape::List(_) | Shape::Object { .. } => true,
        Shape::Union(branches) => branches.iter().any(repeats),
        _ => false,
    }
}
