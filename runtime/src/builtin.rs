//! The commands that every program has beside its tools.

mod audit;
pub(crate) mod auth;
pub(crate) mod call;
mod check;
mod complete;
mod doctor;
mod explain;
pub(crate) mod form;
mod manual;
mod offered;
pub(crate) mod own;
pub(crate) mod prompt;
pub(crate) mod resource;
mod tasks;

use clap::Command;

use crate::complete::{Answer, Candidate, Place, option_values};
use crate::policy::is_restricted;
use crate::run::Run;
use crate::spec::{RESERVED_COMMANDS, Spec};

/// The command of this name, if every program has it.
pub(crate) fn command(spec: &Spec, name: &str) -> Option<Command> {
    Some(match name {
        "call" => call::command(spec),
        "auth" => auth::command(spec),
        "self" => own::command(spec),
        "prompt" => prompt::command(spec),
        "resource" => resource::command(spec),
        _ => return None,
    })
}

/// All of them.
pub(crate) fn commands(spec: &Spec) -> impl Iterator<Item = Command> {
    RESERVED_COMMANDS
        .iter()
        .filter_map(|name| command(spec, name))
}

/// What can be the value of an argument of one of them, where its parser does not know: names out of
/// the table, or with [`asked`](crate::complete::asked::asked) what the server says.
pub(crate) fn values(run: &Run, place: &Place<'_>, argument: &str, typed: &str) -> Option<Answer> {
    let tools = run.spec.tools.iter().filter(|tool| !is_restricted(tool));
    match (place.path.as_slice(), argument) {
        (["call"], "name") => {
            let names = &mut tools.map(|tool| Candidate::new(tool.wire, tool.about));
            Some(Answer::of(names))
        }
        (["self", "explain"], "tool") => {
            let names = &mut tools.map(|tool| Candidate::new(tool.command, tool.about));
            Some(Answer::of(names))
        }
        _ => option_values(&[], argument, typed),
    }
}
