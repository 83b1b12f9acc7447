//! What is asked of a server, as rules see it.

use serde_json::Value;

use super::selector::matches_name;
use crate::spec::{Effect, Spec, Tool};
use crate::transport::bare;

/// A tool that is called, or whatever else is asked of a server by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The name that the server knows it by; of a resource, its URI.
    pub(crate) wire: &'a str,
    /// What the program knows of it, if anything.
    pub(crate) known: Option<&'a Tool>,
    what: What<'a>,
    omission: Option<Omission>,
    is_counted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What<'a> {
    Tool,
    /// A call of a tool that was made before and is gone on with.
    Task,
    /// The name is the one that the log has.
    Resource(&'a str),
    Prompt,
}

/// Why a tool is none of the program's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Omission {
    /// Whoever made the program left it out.
    LeftOut,
    /// The server has got it since, and those that it gets were left out.
    Later,
}

/// By whose word something is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// That of whoever made the program, who may have another one than the server.
    Maker,
    /// The server's own.
    Server,
}

impl<'a> Subject<'a> {
    /// A tool.
    pub(crate) fn tool(wire: &'a str, known: Option<&'a Tool>) -> Self {
        Self {
            wire,
            known,
            what: What::Tool,
            omission: None,
            is_counted: true,
        }
    }

    /// A tool of a program's server, which the program may have been made without.
    pub(crate) fn of(spec: &Spec, wire: &'a str, known: Option<&'a Tool>) -> Self {
        // One in another spelling is meant all the same: servers are lenient.
        let typed = crate::command::as_typed(wire);
        let mut left_out = spec.omitted.tools.iter();
        let is_left_out = left_out.any(|name| crate::command::as_typed(name) == typed);
        let omission = match known {
            Some(_) => None,
            None if is_left_out => Some(Omission::LeftOut),
            None => spec.omitted.later.then_some(Omission::Later),
        };
        Self {
            omission,
            ..Self::tool(wire, known)
        }
    }

    /// A task that a tool's call became.
    pub(crate) fn task(self) -> Self {
        Self {
            what: What::Task,
            is_counted: false,
            ..self
        }
    }

    /// The same, asked for together with what is counted already.
    pub(crate) fn beside(self) -> Self {
        Self {
            is_counted: false,
            ..self
        }
    }

    /// A resource, by its URI. The log has it by what the user named: with a template's places open,
    /// since they are filled in with arguments.
    pub(crate) fn resource(uri: &'a str, named: &'a str) -> Self {
        Self {
            what: What::Resource(named),
            ..Self::tool(uri, None)
        }
    }

    /// A prompt.
    pub(crate) fn prompt(wire: &'a str, known: Option<&'a Tool>) -> Self {
        Self {
            what: What::Prompt,
            ..Self::tool(wire, known)
        }
    }

    /// The name for people.
    pub(crate) fn name(&self) -> &str {
        self.known.map_or(self.wire, |tool| tool.command)
    }

    /// The name in the log of calls.
    pub(crate) fn logged(&self) -> String {
        match self.what {
            What::Tool => self.wire.to_owned(),
            What::Task => format!("task:{}", self.wire),
            What::Resource(named) if named == self.wire => format!("resource:{}", bare(named)),
            What::Resource(template) => format!("resource:{template}"),
            What::Prompt => format!("prompt:{}", self.wire),
        }
    }

    /// Whether somebody has agreed to it, as far as that was wanted: it was begun before.
    pub(crate) fn is_begun(&self) -> bool {
        self.what == What::Task
    }

    /// Whether limits are about it.
    pub(crate) fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// Whether rules mean it by the name of a tool.
    pub(super) fn is_tool(&self) -> bool {
        matches!(self.what, What::Tool | What::Task)
    }

    pub(super) fn is_resource(&self) -> bool {
        matches!(self.what, What::Resource(_))
    }

    pub(super) fn is_prompt(&self) -> bool {
        self.what == What::Prompt
    }

    /// What is said of somebody who may not have it.
    pub(super) fn refusal(&self) -> String {
        let name = self.name();
        match self.what {
            What::Tool => format!("{name} may not be called"),
            What::Task => format!("the task {name} may not be gone on with"),
            What::Resource(_) => format!("{name} may not be read"),
            What::Prompt => format!("the prompt {name} may not be had"),
        }
    }

    pub(super) fn omission(&self) -> Option<Omission> {
        self.omission
    }

    /// What it does to the world. What is only read is left as it is.
    pub(super) fn effect(&self, word: Word) -> Effect {
        match (self.known, word) {
            _ if !self.is_tool() => Effect::ReadOnly,
            (None, _) => Effect::Unknown,
            (Some(tool), Word::Maker) => tool.effect,
            (Some(tool), Word::Server) => Effect::annotated(&tool.said()),
        }
    }

    /// Whether the server marks it so. What the protocol takes for granted is not marked.
    pub(super) fn is_marked(&self, hint: &str) -> bool {
        let said = self.known.filter(|_| self.is_tool()).map(Tool::said);
        let said = said.unwrap_or_default();
        let hint = said.get("annotations").and_then(|all| all.get(hint));
        hint.and_then(Value::as_bool) == Some(true)
    }

    /// Whether a pattern means it by one of its names.
    pub(crate) fn is_named(&self, pattern: &str) -> bool {
        let names = self.names();
        names.iter().any(|name| matches_name(pattern, name))
    }

    /// The names that it goes by. One that the program does not know would be a command in this
    /// spelling: it is not to slip through a rule for that.
    fn names(&self) -> [String; 2] {
        let command = match self.known {
            Some(tool) => tool.command.to_owned(),
            None => crate::command::as_typed(self.wire),
        };
        [self.wire.to_owned(), command]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_no_argument_in_a_name() {
        let read = |uri, named| Subject::resource(uri, named).logged();
        for (logged, name) in [
            (Subject::tool("get_users", None).logged(), "get_users"),
            (Subject::tool("run", None).task().logged(), "task:run"),
            (Subject::prompt("review", None).logged(), "prompt:review"),
            (
                read("user://ada@x.example", "user://{email}"),
                "resource:user://{email}",
            ),
            (
                read(
                    "https://a:b@x.example/d?key=1",
                    "https://a:b@x.example/d?key=1",
                ),
                "resource:https://x.example/d",
            ),
        ] {
            assert_eq!(logged, name);
        }
    }
}
