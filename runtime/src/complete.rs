//! Completion: what can stand at the cursor.
//!
//! A shell's [script](Shell::script) is small and knows nothing: it hands over the words of the line,
//! and the program answers out of the parsers that would read them. As for a call, the parser of one
//! tool is built and no server is started; only where nobody else knows, the server is
//! asked, for a moment.
//!
//! ```text
//! quote   the words of a raw line, and a value as a word of one
//! walk    from the words before the cursor to the argument that stands at it
//! shape   the values that a flag's shape admits
//! path    files
//! asked   what only the server knows
//! shell   the answer as each shell takes it
//! ```
//!
//! The engine of `clap_complete` was tried: it wants the whole tree of commands at once, hands bash
//! and PowerShell what a server wrote without quoting it, and weighs more than all of this.

mod asked;
mod path;
mod quote;
mod shape;
mod shell;
mod walk;

use clap::{Arg, Command};

use crate::builtin;
use crate::builtin::form::{Filling, Kind};
use crate::command;
use crate::run::Run;
use crate::spec::{Spec, Tool};
use crate::text::{cut, line, plain};

use asked::asked;
pub(crate) use shape::of_option as option_values;
pub use shell::{Shell, install, query, reply, shell_argument};
pub(crate) use walk::Place;
use walk::{Way, walk};

/// The most columns of what is said of a candidate.
const ABOUT: usize = 80;

/// What can stand at the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    candidates: Vec<Candidate>,
    /// Where in the word a path begins, if one stands there.
    path: Option<usize>,
}

/// A word, and what is said of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    value: String,
    about: String,
    /// Whether the word goes on after it, as after `KEY=`.
    open: bool,
}

impl Candidate {
    /// A candidate, unless there is something in it that nobody can see or type.
    pub(crate) fn new(value: impl Into<String>, about: &str) -> Option<Self> {
        let value = value.into();
        let can_be_typed = !value.contains(['\n', '\t']) && plain(&value) == value;
        can_be_typed.then(|| Self {
            value,
            about: cut(&line(about), ABOUT),
            open: false,
        })
    }

    /// The beginning of a word.
    fn open(value: impl Into<String>, about: &str) -> Option<Self> {
        Self::new(value, about).map(|candidate| Self {
            open: true,
            ..candidate
        })
    }
}

impl Answer {
    /// What is in there of candidates. Not generic, for there are many kinds of lists.
    pub(crate) fn of(candidates: &mut dyn Iterator<Item = Option<Candidate>>) -> Self {
        let mut answer = Self::default();
        for candidate in candidates {
            answer.candidates.extend(candidate);
        }
        answer
    }

    fn path() -> Self {
        Self {
            path: Some(0),
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        self.candidates.is_empty() && self.path.is_none()
    }

    fn sorted(mut self) -> Self {
        self.candidates
            .sort_by(|one, other| one.value.cmp(&other.value));
        self
    }

    /// The same after the beginning of the word.
    fn after(mut self, beginning: &str) -> Self {
        for candidate in &mut self.candidates {
            candidate.value.insert_str(0, beginning);
        }
        self.path = self.path.map(|at| at + beginning.len());
        self
    }

    /// Adds what is not there yet.
    fn and(mut self, other: Self) -> Self {
        for candidate in other.candidates {
            let is_new = |known: &Candidate| known.value != candidate.value;
            if self.candidates.iter().all(is_new) {
                self.candidates.push(candidate);
            }
        }
        self.path = self.path.or(other.path);
        self
    }
}

/// What can stand after these words of a command's line, the program's name left out.
pub fn of_command(mut command: Command, words: &[String], typed: &str) -> Answer {
    command.build();
    match walk(&command, words) {
        Way::Here(place) => place.answer(typed, &|_, _| None),
        Way::Beyond(..) => Answer::default(),
    }
}

/// What can stand after these words of a program's line, its name left out.
pub(crate) fn of_program(run: &Run, words: &[String], typed: &str) -> Answer {
    let spec = run.spec;
    let mut root = command::first_step(spec);
    root.build();
    let at = match walk(&root, words) {
        Way::Here(place) if place.takes_command(typed) => return commands(spec),
        Way::Here(place) => return place.answer(typed, &|_, _| None),
        Way::Beyond(_, at) => at,
    };
    let tool = command::tool(spec, &words[at]);
    let command = builtin::command(spec, &words[at]);
    let command = command.or_else(|| tool.map(|tool| command::of_tool(spec, tool)));
    let Some(mut command) = command else {
        return Answer::default();
    };
    command.build();
    let words = &words[at + 1..];
    let place = match walk(&command, words) {
        Way::Here(place) => place,
        Way::Beyond(place, at) => {
            let kind = Kind::of_path(&place.path);
            return kind.map_or_else(Answer::default, |kind| {
                of_form(run, kind, &words[at], &words[at + 1..], typed)
            });
        }
    };
    if place.takes_command(typed)
        && let Some(kind) = Kind::of_path(&place.path)
    {
        let forms = kind.forms(spec).iter();
        return Answer::of(&mut forms.map(|form| Candidate::new(form.command, form.about)));
    }
    let mut answer = place.answer(typed, &|arg: &Arg, typed: &str| match tool {
        Some(tool) => shape::of_argument(tool, arg.get_id().as_str(), typed),
        None => builtin::values(run, &place, arg.get_id().as_str(), typed),
    });
    if let Some(tool) = tool {
        let fits = |candidate: &Candidate| fits(tool, &place, &candidate.value);
        answer.candidates.retain(fits);
    }
    answer
}

/// What can stand after the name of a prompt or of a resource template.
fn of_form(run: &Run, kind: Kind, name: &str, words: &[String], typed: &str) -> Answer {
    let filling = Filling::of(run.spec, kind, name);
    let mut command = filling.command(run.spec);
    command.build();
    let Way::Here(place) = walk(&command, words) else {
        return Answer::default();
    };
    place.answer(typed, &|arg, typed| {
        let id = arg.get_id().as_str();
        let tool = filling.known?;
        let Some(blank) = filling.place(id) else {
            return shape::of_argument(tool, id, typed);
        };
        let others = tool.parameters.iter().filter(|other| other.pointer != id);
        let given = others.filter_map(|other| {
            let value = place.given(other.pointer)?;
            Some((filling.place(other.pointer)?, value.into()))
        });
        let reference = kind.reference(filling.wire());
        Some(asked(run, reference, &blank, typed, given.collect()))
    })
}

/// The commands, in the order in which the help has them.
fn commands(spec: &Spec) -> Answer {
    let tools = command::in_order(spec).into_iter();
    let tools = tools.map(|tool| Candidate::new(tool.command, tool.about));
    let own = builtin::commands(spec);
    let own = own.map(|command| Candidate::new(command.get_name(), &about(command.get_about())));
    Answer::of(&mut tools.chain(own))
}

/// Whether a flag is one of the form that was chosen, where a tool takes several.
fn fits(tool: &Tool, place: &Place<'_>, word: &str) -> bool {
    let flag = word.strip_prefix("--");
    let mut parameters = tool.parameters.iter();
    let Some(parameter) = parameters.find(|parameter| Some(parameter.flag) == flag) else {
        return true;
    };
    let Some(only) = parameter.more().only else {
        return true;
    };
    place.given(only.discriminator).is_none_or(|chosen| {
        let mut values = only.values.iter();
        values.any(|value| shape::typed(value) == chosen)
    })
}

/// What clap has been told of something.
fn about(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests;
