//! The arguments against the tool's schema, before anything is started; and a line that would pass.

use serde_json::{Map, Value};

use super::{Draft, inverse, patch, place};
use crate::sample::{Sample, sample};
use crate::spec::{Parameter, Tool};
use crate::validate::{Kind, Violation, validate};

/// Adds all that the schema refuses to what is wrong.
pub(super) fn check(tool: &Tool, draft: &mut Draft) {
    other_forms(tool, draft);
    let Some(schema) = schema(tool) else { return };
    let findings = validate(&schema, &Value::Object(draft.arguments.clone()));
    let mut missing: Vec<String> = Vec::new();
    for violation in &findings.violations {
        // What could not be read is not there, and has been said.
        if draft
            .unread
            .iter()
            .any(|pointer| covers(pointer, &violation.at))
        {
            continue;
        }
        // Arguments are an object, whatever the schema says they are.
        if violation.at.is_empty() && violation.kind == Kind::Type {
            continue;
        }
        let said = say(tool, &draft.arguments, violation);
        match &violation.kind {
            Kind::Missing => missing.push(said),
            _ if draft.wrong.contains(&said) => {}
            _ => draft.wrong.push(said),
        }
    }
    if !missing.is_empty() {
        draft.wrong.push(format!("missing: {}", missing.join(", ")));
    }
    let warnings = findings.warnings.iter();
    let warnings = warnings.map(|warning| say(tool, &draft.arguments, warning));
    draft.warnings.extend(warnings);
}

/// Says which of the flags given belong to another form of a union than the one that was chosen.
fn other_forms(tool: &Tool, draft: &mut Draft) {
    for parameter in tool.parameters {
        let Some(only) = parameter.more().only else {
            continue;
        };
        let chosen = place::get(&draft.arguments, &place::path(only.discriminator));
        let Some(chosen) = chosen.cloned() else {
            continue;
        };
        if !draft.given.contains(&parameter.pointer) || draft.is_of_its_form(parameter) {
            continue;
        }
        let flag = name(tool, only.discriminator);
        let shown = super::value::shown(&chosen);
        draft.wrong.push(format!(
            "--{}: belongs to {}, but {flag} is {shown}",
            parameter.flag,
            only.values.join(", ").replace('"', "")
        ));
        draft.unread.push(parameter.pointer);
    }
}

/// A line's words that the schema accepts: what was given, with samples for what is missing or wrong.
pub(super) fn example(tool: &Tool, draft: &Draft) -> Vec<String> {
    let Some(schema) = schema(tool) else {
        return vec!["--args".to_owned(), "{…}".to_owned()];
    };
    let object = |value| match value {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    let needed = object(sample(&schema, Sample::Required));
    let findings = validate(&schema, &Value::Object(draft.arguments.clone()));
    let is_wrong = |key: &str| {
        let pointer = format!("/{}", crate::schema::escape(key));
        let wrong = findings.violations.iter().map(|violation| &*violation.at);
        wrong
            .chain(draft.unread.iter().copied())
            .any(|at| covers(&pointer, at))
    };
    let mut mended = needed.clone();
    let mut samples = None;
    let unread = draft
        .unread
        .iter()
        .filter_map(|at| place::path(at).into_iter().next());
    for key in draft.arguments.keys().cloned().chain(unread) {
        let value = if is_wrong(&key) {
            let all = samples.get_or_insert_with(|| object(sample(&schema, Sample::All)));
            needed.get(&key).or_else(|| all.get(&key))
        } else {
            draft.arguments.get(&key)
        };
        if let Some(value) = value {
            mended.insert(key, value.clone());
        }
    }
    let passes = |arguments: &Map<String, Value>| {
        let findings = validate(&schema, &Value::Object(arguments.clone()));
        findings.violations.is_empty()
    };
    let mut arguments = if passes(&mended) { mended } else { needed };
    // A secret is never shown, and is not given on a command line.
    let mut secrets = Vec::new();
    for secret in tool.parameters.iter().filter(|it| it.more().secret) {
        let path = place::path(secret.pointer);
        if place::get(&arguments, &path).is_some() {
            patch::remove(&mut arguments, &path);
            secrets.extend([format!("--{}", secret.flag), "@FILE".to_owned()]);
        }
    }
    let words = inverse::words(tool.parameters, &arguments);
    secrets.into_iter().chain(words).collect()
}

/// The schema of the tool's arguments.
fn schema(tool: &Tool) -> Option<Value> {
    let mut said = tool.said();
    said.get_mut("inputSchema").map(Value::take)
}

fn say(tool: &Tool, arguments: &Map<String, Value>, violation: &Violation) -> String {
    let at = name(tool, &violation.at);
    // The message says what was given, which for a secret is not to be seen.
    let is_secret = |secret: &&Parameter| {
        secret.more().secret
            && (covers(secret.pointer, &violation.at) || covers(&violation.at, secret.pointer))
            && place::get(arguments, &place::path(secret.pointer)).is_some()
    };
    match &violation.kind {
        Kind::Missing => at,
        Kind::Either { ways } => {
            let way = |way: &Vec<String>| {
                let names = way.iter().map(|at| name(tool, at));
                names.collect::<Vec<_>>().join(" and ")
            };
            let ways: Vec<String> = ways.iter().map(way).collect();
            format!("missing: {}", ways.join(", or "))
        }
        Kind::Depends { on } => format!("{at}: wanted beside {}", name(tool, on)),
        Kind::Type | Kind::Other if tool.parameters.iter().any(|it| is_secret(&it)) => {
            format!("{at}: not what the schema asks for, which is not shown because of a secret")
        }
        _ if violation.at.is_empty() => violation.message.clone(),
        _ => format!("{at}: {}", violation.message),
    }
}

/// What a place is called on the command line: its flag, or the nearest flag and the rest of the path,
/// or where it has no flag, how it could be given.
fn name(tool: &Tool, pointer: &str) -> String {
    let flags = tool.parameters.iter();
    let nearest = flags
        .filter(|parameter| covers(parameter.pointer, pointer))
        .max_by_key(|parameter| parameter.pointer.len());
    match nearest {
        Some(Parameter {
            pointer: found,
            flag,
            ..
        }) => {
            let rest = place::path(&pointer[found.len()..]);
            let step = |name: &String| match name.parse::<usize>() {
                Ok(index) => format!("[{index}]"),
                Err(_) => format!(".{name}"),
            };
            let rest: String = rest.iter().map(step).collect();
            // The first step begins with a dot only behind another.
            let rest = rest.strip_prefix('.').unwrap_or(&rest);
            format!("--{flag}{}{rest}", if rest.is_empty() { "" } else { " " })
        }
        None => format!(
            "--set {}",
            patch::written(&place::path(pointer), tool.parameters)
        ),
    }
}

/// Whether a place is another, or in it.
fn covers(outer: &str, inner: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
