//! A tool's call, which may become a task: waited for, or left alone and gone on with later.

use std::cell::{OnceCell, RefCell};

use serde_json::{Value, json};

use super::Run;
use super::marked::Absence;
use crate::arguments::quoted;
use crate::client::{Client, no_task};
use crate::environment;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::output::{Marker, pretty};
use crate::policy::Subject;
use crate::protocol::{self, Revision};
use crate::resilience::verdict::is_repeatable;
use crate::settings::Format;
use crate::spec::Tool;
use crate::task::{Begun, Support, Task, is_unknown};
use crate::text::plain;
use crate::transport::{Endpoint, Manner};

/// What a call came to, as far as it was waited for.
enum Outcome {
    Answered(Value),
    Detached(Task),
}

impl Run {
    /// Calls a tool and prints its answer or, with `--mcp-detach`, the task that it became.
    pub(super) fn call_tool(
        &self,
        tool: &str,
        known: Option<&Tool>,
        params: Value,
    ) -> Result<(), Error> {
        self.is_task(tool, known)?;
        let detached = self.settings.detach;
        let begun = OnceCell::new();
        let begin = async |client: &mut Client| {
            let definition = known.map(|tool| tool.definition);
            let mut absence = Absence::of(self);
            let mut call = client.begin(params.clone(), definition, detached).await?;
            while let Some(absence) = &mut absence
                && let Begun::Answered(answer) = &call
                && let Some(marker) = Marker::find(answer)
                && absence.over(&marker).await
            {
                call = client.begin(params.clone(), definition, detached).await?;
            }
            if let Begun::Task(task) = &call {
                self.remember(task.id(), tool);
                let _ = begun.set(task.id().to_owned());
            }
            Ok(call)
        };
        let outcome = self.go_on(tool, known, begin);
        // One that is over and was waited for is nobody's concern any more.
        let is_left = detached || matches!(outcome, Err(Error::Unfinished { .. }));
        if let Some(id) = begun.get().filter(|_| !is_left) {
            self.ledger()?.remove(id);
        }
        outcome
    }

    /// Waits for a task that was begun before, and prints its answer as its call would have.
    pub(crate) fn wait(&self, id: &str) -> Result<(), Error> {
        self.with_task(id, |name, known| {
            self.go_on(name, known, async |_: &mut Client| {
                Ok(Begun::Task(Task::known(id)))
            })
        })
    }

    /// Does something with a task that was begun before, if its tool may be called: its answer is as
    /// good as that of the call.
    pub(crate) fn with_task(
        &self,
        id: &str,
        act: impl FnOnce(&str, Option<&Tool>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let tool = self.ledger()?.tool(id);
        let mut tools = self.spec.tools.iter();
        let known = tools.find(|known| Some(known.wire) == tool.as_deref());
        let subject = match &tool {
            Some(tool) => Subject::of(self.spec, tool, known),
            // Of one that was begun elsewhere, nothing is known.
            None => Subject::tool(id, None),
        };
        let name = tool.clone().unwrap_or_else(|| format!("task {id}"));
        let task = || Ok(json!({"taskId": id}));
        if self.settings.dry_run {
            self.admission(&subject.task())?;
            return act(&name, known);
        }
        self.govern(&subject.task(), task, |_| act(&name, known))
    }

    /// Whether a call will be sent to become a task, as far as is known.
    ///
    /// # Errors
    ///
    /// When it is to be one and, in the era in which the tool says so, cannot be.
    pub(super) fn is_task(&self, tool: &str, known: Option<&Tool>) -> Result<bool, Error> {
        let revision = match self.settings.revision(self.spec.server.protocol) {
            Revision::Met(revision) | Revision::Pinned(revision) => revision,
            Revision::Unknown => return Ok(false),
        };
        let Some(known) = known.filter(|_| !protocol::is_stateless(&revision)) else {
            return Ok(false);
        };
        match (Support::of(known.definition), self.settings.detach) {
            (Support::Forbidden, true) => Err(no_task(tool)),
            (Support::Required, _) | (Support::Optional, true) => Ok(true),
            (Support::Forbidden | Support::Optional, false) => Ok(false),
        }
    }

    /// Begins a call or goes on with a task, and prints what it comes to.
    fn go_on(
        &self,
        tool: &str,
        known: Option<&Tool>,
        begin: impl AsyncFn(&mut Client) -> Result<Begun, Error>,
    ) -> Result<(), Error> {
        let detached = self.settings.detach;
        let unfinished = RefCell::new(None);
        let files = self.files()?;
        let outcome = self.converse_about(
            Some(known.is_some_and(is_repeatable)),
            async |client| {
                let task = match begin(client).await? {
                    Begun::Answered(answer) => return Ok(Outcome::Answered(answer)),
                    Begun::Task(task) => task,
                };
                if detached {
                    if let Some(fate) = self.fate(client.manner()) {
                        self.printer.warn(fate);
                    }
                    return Ok(Outcome::Detached(task));
                }
                unfinished.replace(Some((task.id().to_owned(), client.manner())));
                let end = client.finish(task, tool).await;
                if matches!(end, Ok(_) | Err(Error::Tool { .. })) {
                    unfinished.take();
                }
                end.map(Outcome::Answered)
            },
            |outcome| match outcome {
                Outcome::Answered(answer) => {
                    if detached {
                        self.printer.note("the server answered at once");
                    }
                    self.answer(tool, known, answer, &files)
                }
                Outcome::Detached(task) => self.tell_begun(&task),
            },
        );
        outcome.map_err(|cause| match (cause, unfinished.into_inner()) {
            (cause, None) => cause,
            // It is not the server's at all.
            (cause, _) if is_unknown(&cause) => cause,
            (cause, Some((task, manner))) => {
                let fate = self.fate(manner).unwrap_or("the task goes on");
                Error::Unfinished {
                    hint: format!("{fate}: {}", self.ways_on(&task)),
                    task,
                    cause: Box::new(cause),
                }
            }
        })
    }

    fn tell_begun(&self, task: &Task) -> Result<(), Error> {
        self.printer.note(&self.ways_on(task.id()));
        self.printer.data(&match self.printer.format() {
            Format::Text => format!("{}\n", task.id()),
            Format::Json => pretty(&task.data()),
            Format::Raw => pretty(&task.said()),
        })
    }

    /// The command lines that go on with a task.
    fn ways_on(&self, id: &str) -> String {
        let (program, id) = (self.spec.name, quoted(&[plain(id)]));
        format!(
            "`{program} self tasks wait{id}` waits for its answer, `{program} self tasks cancel{id}` ends it"
        )
    }

    /// What a task may end with, if with this program.
    fn fate(&self, manner: Manner) -> Option<&'static str> {
        let endpoint = environment::whereabouts(self.spec, &self.settings.overrides);
        match (endpoint, manner) {
            (Ok(Endpoint::Stdio(_)), _) => Some(
                "the server ends with this program, and the task with it unless the server keeps its tasks",
            ),
            (_, Manner::Session | Manner::Events) => Some(
                "the session ends with this program, and the server may know the task in no other",
            ),
            (_, Manner::Stateless) => None,
        }
    }

    /// Remembers a task that was begun.
    fn remember(&self, id: &str, tool: &str) {
        let kept = self.ledger().and_then(|ledger| ledger.add(id, tool));
        if let (Err(error), true) = (kept, self.settings.detach) {
            self.printer.warn(&error.to_string());
        }
    }

    /// The tasks of this server that were begun here.
    pub(crate) fn ledger(&self) -> Result<Ledger, Error> {
        let endpoint = environment::whereabouts(self.spec, &self.settings.overrides)?;
        Ok(Ledger::of(self.spec.name, &endpoint))
    }
}
