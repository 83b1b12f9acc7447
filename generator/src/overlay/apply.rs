//! What an overlay says, written over a program.

use mcpress_runtime::spec::Spec;

use super::{
    Bound, OverlayError,
    error::{Problem, suggestion},
    file::ToolEntry,
    flags,
};
use crate::{
    diagnostics::{Diagnostic, Severity},
    ir::{Program, Slot, Tool},
    lock::Lock,
    lower::text,
};

impl Bound<'_> {
    /// Writes the overlay over a program that was lowered with its [commands](Self::commands).
    ///
    /// Tools that the program has not are passed over; only their names were looked at. The
    /// diagnostics are about examples that the program would not understand.
    ///
    /// # Errors
    ///
    /// Everything in the overlay that names nothing or cannot be had.
    pub fn apply(
        mut self,
        program: &mut Program,
        lock: &Lock,
    ) -> Result<Vec<Diagnostic>, OverlayError> {
        if let Some(about) = &self.overlay.about {
            program.about = text::line(about);
        }
        self.describe_slots(&mut program.slots);
        let has_headings = !self.overlay.groups.0.is_empty();
        for tool in &mut program.tools {
            if has_headings {
                // The user's headings are all there are: others beside them would be a muddle.
                tool.group.clear();
            }
            if let Some(test) = &self.overlay.failure {
                tool.failure = test.0.clone();
            }
            if let Some(heading) = self.groups.get(&tool.wire) {
                tool.group = text::line(heading);
            }
            if let Some(entry) = self.tools.get(&tool.wire) {
                apply(tool, entry);
                flags::apply(tool, &entry.flags.0, lock, &mut self.problems);
            }
        }
        if !self.problems.is_empty() {
            return Err(OverlayError::Problems(self.problems));
        }
        let names_a_heading = |entry: &&ToolEntry| entry.group.is_some();
        if has_headings || self.tools.values().any(names_a_heading) {
            self.order(program);
        }
        Ok(check_examples(program))
    }

    fn describe_slots(&mut self, slots: &mut [Slot]) {
        for (name, entry) in &self.overlay.slots.0 {
            let Some(slot) = slots.iter_mut().find(|slot| slot.name == *name) else {
                let known: Vec<&str> = slots.iter().map(|slot| slot.name.as_str()).collect();
                let hint = suggestion(name, "slots", &known);
                self.problems.push(Problem::new(
                    format!("no header and no address has a place for the slot `{name}`"),
                    hint,
                ));
                continue;
            };
            if let Some(about) = &entry.about {
                slot.about = text::line(about);
            }
            slot.required = entry.required.unwrap_or(slot.required);
            slot.secret = entry.secret.or(slot.secret);
        }
    }

    /// Puts the tools of a heading together, the headings in the overlay's order. Those that only a
    /// tool's own entry names come after, and what has no heading comes last.
    fn order(&self, program: &mut Program) {
        let of_table = self.overlay.groups.0.iter();
        let mut headings: Vec<String> = of_table.map(|(heading, _)| text::line(heading)).collect();
        for tool in program.tools.iter().filter(|tool| !tool.group.is_empty()) {
            if !headings.contains(&tool.group) {
                headings.push(tool.group.clone());
            }
        }
        let place = |tool: &Tool| {
            let place = headings.iter().position(|heading| *heading == tool.group);
            place.unwrap_or(headings.len())
        };
        program.tools.sort_by_key(place);
    }
}

fn apply(tool: &mut Tool, entry: &ToolEntry) {
    if let Some(about) = &entry.about {
        tool.about = text::line(about);
    }
    if let Some(group) = &entry.group {
        tool.group = text::line(group);
    }
    if let Some(effect) = entry.effect {
        tool.effect = effect;
    }
    if let Some(test) = &entry.failure {
        tool.failure = test.0.clone();
    }
    tool.hidden = entry.hide;
    tool.examples = entry.examples.iter().map(|line| text::line(line)).collect();
}

/// A warning for each example that is no line of the program.
fn check_examples(program: &Program) -> Vec<Diagnostic> {
    if program.tools.iter().all(|tool| tool.examples.is_empty()) {
        return Vec::new();
    }
    let Ok(spec) = program.to_spec() else {
        return Vec::new();
    };
    let warning = |tool: &Tool, example: &String| {
        let reason = unreadable(spec, example)?;
        Some(Diagnostic {
            severity: Severity::Warning,
            tool: tool.wire.clone(),
            pointer: String::new(),
            reason: format!("The example `{example}` does not work: {reason}."),
            hint: Some("write it as it would be typed, without the program's name".to_owned()),
        })
    };
    let examples = program.tools.iter().flat_map(|tool| {
        let examples = tool.examples.iter();
        examples.filter_map(move |example| warning(tool, example))
    });
    examples.collect()
}

fn unreadable(spec: &'static Spec, example: &str) -> Option<String> {
    let Some(words) = shlex::split(example) else {
        return Some("a quote is not closed".to_owned());
    };
    if words.is_empty() {
        return Some("it is empty".to_owned());
    }
    let words = words.into_iter().map(Into::into).collect();
    mcpress_runtime::check_line(spec, words).err()
}

/// What is wrong with a flag of a tool.
pub(super) fn problem(tool: &Tool, flag: &str, message: &str, hint: &str) -> Problem {
    let message = format!("--{flag}: {message}");
    Problem::of_tool(&tool.wire, message, Some(hint.to_owned()))
}
