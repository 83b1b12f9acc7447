//! Names that a program made now would not have.

use std::collections::HashMap;

use mcpress_runtime::drift::{Change, Kind, Severity};

use super::{Entry, Lock};
use crate::ir::{Parameter, Program, Tool};

impl Lock {
    /// Whether the last program had a tool.
    pub(crate) fn has(&self, tool: &str) -> bool {
        self.tools
            .0
            .get(tool)
            .is_some_and(|entry| entry.gone.is_none())
    }

    /// The commands and flags that came, went, or have another name in a program that was made with
    /// this lock. Lines are written in these names, so one that is gone or another is a break.
    ///
    /// The names themselves are what stands before and after each change.
    pub fn changes(&self, program: &Program) -> Vec<Change> {
        let mut changes = Vec::new();
        let tools: HashMap<&str, &Tool> = program
            .tools
            .iter()
            .map(|tool| (&*tool.wire, tool))
            .collect();
        for (wire, entry) in self
            .tools
            .0
            .iter()
            .filter(|(_, entry)| entry.gone.is_none())
        {
            let now = tools.get(&**wire);
            let names = (Some(&*entry.command), now.map(|tool| &*tool.command));
            changes.extend(change(wire, "", "command", names));
            if let Some(tool) = now {
                entry.changes(tool, &mut changes);
            }
        }
        for tool in program.tools.iter().filter(|tool| !self.has(&tool.wire)) {
            changes.extend(change(
                &tool.wire,
                "",
                "command",
                (None, Some(&tool.command)),
            ));
        }
        changes
    }
}

impl Entry {
    fn changes(&self, tool: &Tool, changes: &mut Vec<Change>) {
        let parameters: HashMap<&str, &Parameter> = tool
            .parameters
            .iter()
            .map(|parameter| (&*parameter.pointer, parameter))
            .collect();
        let mut say = |pointer: &str, names: (Option<&str>, Option<&str>), required: bool| {
            let change = change(&tool.wire, pointer, "flag", names);
            changes.extend(change.map(|mut change| {
                if required {
                    change.severity = Severity::Breaking;
                    change.what.push_str(" and required");
                }
                change
            }));
        };
        for (pointer, flag) in &self.flags {
            let now = parameters.get(&**pointer);
            say(pointer, (Some(flag), now.map(|now| &*now.flag)), false);
            if let Some(twin) = self.negations.get(pointer) {
                let now = now.and_then(|now| now.negation.as_deref());
                say(pointer, (Some(twin), now), false);
            }
        }
        for parameter in &tool.parameters {
            if !self.flags.contains_key(&parameter.pointer) {
                let names = (None, Some(&*parameter.flag));
                say(&parameter.pointer, names, parameter.required);
            }
        }
    }
}

/// A name that came, went or became another.
fn change(
    tool: &str,
    pointer: &str,
    what: &str,
    (before, after): (Option<&str>, Option<&str>),
) -> Option<Change> {
    let dashes = if what == "flag" { "--" } else { "" };
    let (kind, severity, what) = match (before, after) {
        (Some(was), Some(is)) if was != is => (
            Kind::Changed,
            Severity::Breaking,
            format!("the {what} `{dashes}{was}` became `{dashes}{is}`"),
        ),
        (Some(was), None) => (
            Kind::Removed,
            Severity::Breaking,
            format!("the {what} `{dashes}{was}` is gone"),
        ),
        (None, Some(is)) => (
            Kind::Added,
            Severity::Compatible,
            format!("the {what} `{dashes}{is}` is new"),
        ),
        _ => return None,
    };
    Some(Change {
        severity,
        kind,
        tool: tool.to_owned(),
        pointer: place(pointer),
        what,
        before: before.map(Into::into),
        after: after.map(Into::into),
    })
}

/// The schema of the place that a flag fills, as far as properties lead there.
fn place(pointer: &str) -> String {
    if pointer.is_empty() {
        return String::new();
    }
    format!("/inputSchema{}", pointer.replace('/', "/properties/"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::capture::Capture;
    use crate::lower::{Options, lower};

    fn program(tools: Value, lock: &Lock) -> Program {
        let capture = Capture {
            tools: tools.as_array().unwrap().clone(),
            ..Capture::default()
        };
        lower(&capture, &Options::new("p"), lock).program
    }

    fn tool(name: &str, properties: Value, required: Value) -> Value {
        json!({"name": name, "inputSchema": {"type": "object", "properties": properties, "required": required}})
    }

    #[test]
    fn names_that_came_went_or_changed_are_told() {
        let before = program(
            json!([
                tool(
                    "a",
                    json!({"limit": {"type": "integer"}, "deep": {"type": "boolean"}}),
                    json!([])
                ),
                tool("b", json!({}), json!([])),
            ]),
            &Lock::default(),
        );
        let lock = Lock::of(&before, &Lock::default(), &Capture::default());
        assert_eq!(lock.changes(&before), []);
        let after = program(
            json!([
                tool(
                    "a",
                    json!({"deep": {"type": "string"}, "page": {}, "zone": {}}),
                    json!(["zone"])
                ),
                tool("c", json!({}), json!([])),
            ]),
            &lock,
        );
        let told: Vec<_> = lock
            .changes(&after)
            .into_iter()
            .map(|change| (change.tool, change.severity, change.pointer, change.what))
            .collect();
        let place = |name: &str| format!("/inputSchema/properties/{name}");
        let told: Vec<_> = told
            .iter()
            .map(|(tool, severity, pointer, what)| (&**tool, *severity, pointer.clone(), &**what))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "a",
                    Severity::Breaking,
                    place("deep"),
                    "the flag `--no-deep` is gone"
                ),
                (
                    "a",
                    Severity::Breaking,
                    place("limit"),
                    "the flag `--limit` is gone"
                ),
                (
                    "a",
                    Severity::Compatible,
                    place("page"),
                    "the flag `--page` is new"
                ),
                (
                    "a",
                    Severity::Breaking,
                    place("zone"),
                    "the flag `--zone` is new and required"
                ),
                (
                    "b",
                    Severity::Breaking,
                    String::new(),
                    "the command `b` is gone"
                ),
                (
                    "c",
                    Severity::Compatible,
                    String::new(),
                    "the command `c` is new"
                ),
            ]
        );
    }

    #[test]
    fn a_name_of_another_hand_is_a_rename() {
        let program = program(
            json!([tool("a", json!({"limit": {"type": "integer"}}), json!([]))]),
            &Lock::default(),
        );
        let text = Lock::of(&program, &Lock::default(), &Capture::default()).to_text();
        let text = text
            .replace("command = \"a\"", "command = \"list\"")
            .replace("\"limit\"", "\"max\"");
        let changes = Lock::read(&text).unwrap().changes(&program);
        let told: Vec<_> = changes.iter().map(|change| &*change.what).collect();
        assert_eq!(
            told,
            [
                "the command `list` became `a`",
                "the flag `--max` became `--limit`"
            ]
        );
    }
}
