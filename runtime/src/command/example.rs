//! Command lines for the end of a tool's help: those the user gave, else one with what is required,
//! and one with the examples that the schema has.
//!
//! They are made when they are shown. A line that the schema would refuse is not shown.

use serde_json::{Map, Value};

use super::words;
use crate::arguments::{quoted, write};
use crate::sample::{Sample, sample};
use crate::spec::{More, Parameter, Spec, Tool};
use crate::text::{line, width};
use crate::validate::validate;

/// The most optional flags of a line.
const FEW: usize = 4;
/// The most examples that are tried for a line: each is checked against the whole schema.
const TRIES: usize = 40;
/// Where a line is broken.
const WIDE: usize = 96;

/// The section, or nothing where there is no line to show.
pub(super) fn section(spec: &Spec, tool: &'static Tool) -> String {
    let lines = lines(spec, tool);
    if lines.is_empty() {
        return String::new();
    }
    format!("\nExamples:\n  {}\n", lines.join("\n  "))
}

/// The lines themselves.
pub(crate) fn lines(spec: &Spec, tool: &'static Tool) -> Vec<String> {
    if tool.examples.is_empty() {
        made(spec, tool)
    } else {
        let given = tool.examples.iter();
        given
            .map(|example| format!("{} {}", spec.name, line(example)))
            .collect()
    }
}

fn made(spec: &Spec, tool: &'static Tool) -> Vec<String> {
    let mut said = tool.said();
    let Some(schema) = said.get_mut("inputSchema").map(Value::take) else {
        return Vec::new();
    };
    let Value::Object(sampled) = sample(&schema, Sample::Required) else {
        return Vec::new();
    };
    let attempts = Attempts {
        schema: &schema,
        tool,
    };
    let required = attempts.with_examples(sampled, TRIES, |parameter| {
        words::is_required(tool, parameter)
    });
    let more = attempts.with_examples(required.clone(), FEW, |parameter| {
        parent_is_required(tool, parameter) && parameter.more().only.is_none()
    });
    let mut all = vec![required];
    if more != all[0] {
        all.push(more);
    }
    all.retain(|arguments| attempts.passes(arguments));
    let tool = typed(tool);
    let lines = all.iter().map(|arguments| broken(spec, tool, arguments));
    lines.collect()
}

/// The tool as if nothing were sent that is not typed: a line in a page need not forbid what is.
fn typed(tool: &'static Tool) -> &'static Tool {
    if tool
        .parameters
        .iter()
        .all(|parameter| parameter.more().sends.is_none())
    {
        return tool;
    }
    let parameters = tool.parameters.iter().map(|parameter| {
        let more = More {
            sends: None,
            ..*parameter.more()
        };
        Parameter {
            more: Some(Box::leak(Box::new(more))),
            ..*parameter
        }
    });
    // The page is the last thing that the process does.
    Box::leak(Box::new(Tool {
        parameters: parameters.collect::<Vec<_>>().leak(),
        ..*tool
    }))
}

/// Whether what a parameter is a field of is there anyway.
fn parent_is_required(tool: &Tool, parameter: &Parameter) -> bool {
    words::parent(tool, parameter).is_none_or(|parent| words::is_required(tool, parent))
}

/// Arguments, changed as long as the schema takes them.
struct Attempts<'a> {
    schema: &'a Value,
    tool: &'static Tool,
}

impl Attempts<'_> {
    fn passes(&self, arguments: &Map<String, Value>) -> bool {
        let findings = validate(self.schema, &Value::Object(arguments.clone()));
        findings.violations.is_empty()
    }

    /// The arguments with so many of the examples that the schema has for some of the parameters.
    fn with_examples(
        &self,
        mut arguments: Map<String, Value>,
        most: usize,
        wanted: impl Fn(&Parameter) -> bool,
    ) -> Map<String, Value> {
        let shown = |parameter: &&Parameter| {
            !parameter.more().hidden
                && !parameter.more().deprecated
                && !parameter.more().secret
                && wanted(parameter)
        };
        let mut left = most;
        let examples = self.tool.parameters.iter().filter(shown);
        let examples = examples.filter_map(|parameter| {
            let example = serde_json::from_str(parameter.more().example?).ok()?;
            Some((parameter, example))
        });
        for (parameter, example) in examples.take(TRIES) {
            if left == 0 {
                break;
            }
            let mut tried = arguments.clone();
            if put(&mut tried, parameter.pointer, example)
                && tried != arguments
                && self.passes(&tried)
            {
                arguments = tried;
                left -= 1;
            }
        }
        arguments
    }
}

/// Puts a value at a place, if the object around it is there.
fn put(arguments: &mut Map<String, Value>, pointer: &str, value: Value) -> bool {
    let Some((outer, token)) = pointer.rsplit_once('/') else {
        return false;
    };
    let key = token.replace("~1", "/").replace("~0", "~");
    if outer.is_empty() {
        arguments.insert(key, value);
        return true;
    }
    match at(arguments, outer) {
        Some(Value::Object(object)) => {
            object.insert(key, value);
            true
        }
        _ => false,
    }
}

/// The value at a place.
fn at<'a>(arguments: &'a mut Map<String, Value>, pointer: &str) -> Option<&'a mut Value> {
    let pointer = pointer.strip_prefix('/')?;
    let (first, rest) = match pointer.find('/') {
        Some(slash) => pointer.split_at(slash),
        None => (pointer, ""),
    };
    let key = first.replace("~1", "/").replace("~0", "~");
    arguments.get_mut(&key)?.pointer_mut(rest)
}

/// The words after a tool's command that make the arguments, where a secret is the name of a variable
/// to read it from; and these names.
pub(crate) fn words_without_secrets(
    spec: &Spec,
    tool: &'static Tool,
    arguments: &Map<String, Value>,
) -> (Vec<String>, Vec<String>) {
    let mut open = arguments.clone();
    let mut secrets = Vec::new();
    let mut variables = Vec::new();
    for parameter in tool
        .parameters
        .iter()
        .filter(|parameter| parameter.more().secret)
    {
        if take(&mut open, parameter.pointer) {
            let variable = variable(parameter);
            secrets.extend([format!("--{}", parameter.flag), format!("env:{variable}")]);
            variables.push(variable);
        }
    }
    let mut words = write(spec, tool, &open);
    words.extend(secrets);
    (words, variables)
}

/// Takes away what is at a place, if there is anything.
fn take(arguments: &mut Map<String, Value>, pointer: &str) -> bool {
    let Some((outer, token)) = pointer.rsplit_once('/') else {
        return false;
    };
    let key = token.replace("~1", "/").replace("~0", "~");
    let object = if outer.is_empty() {
        Some(arguments)
    } else {
        at(arguments, outer).and_then(Value::as_object_mut)
    };
    object.is_some_and(|object| object.shift_remove(&key).is_some())
}

fn variable(parameter: &Parameter) -> String {
    let loud = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_uppercase(),
        _ => '_',
    };
    parameter.flag.chars().map(loud).collect()
}

/// A line of a shell's, broken before a flag where it is too long for one of the page's.
fn broken(spec: &Spec, tool: &'static Tool, arguments: &Map<String, Value>) -> String {
    let (words, _) = words_without_secrets(spec, tool, arguments);
    let mut text = format!("{} {}", spec.name, tool.command);
    let mut at = width(&text);
    let mut words = words.chunk_by(|_, next| !next.starts_with("--"));
    let mut next = words.next();
    while let Some(flag) = next {
        let flag = line(&quoted(flag));
        let wide = width(&flag) + 1;
        if at + wide > WIDE {
            text.push_str(" \\\n     ");
            at = 5;
        }
        text.push(' ');
        text.push_str(&flag);
        at += wide;
        next = words.next();
    }
    text
}
