//! What a server asks of the person or the program that called it, and who answers.
//!
//! ```text
//! elicitation/create ──▶ form ──┬─▶ answers (--mcp-answers) ──▶ terminal ──▶ declined, and told
//!                        page ──┘
//! roots/list ──────────▶ roots (--mcp-root)
//! sampling/createMessage ─▶ sampling (--mcp-sampling-command)
//! ```
//!
//! What a server asks is a stranger's: it is shown as such, whatever it says, and no schema of its can
//! do more than be asked again.

mod address;
mod answers;
mod choice;
mod field;
mod form;
mod page;
mod question;
mod roots;
mod sampling;
pub(crate) mod terminal;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use crate::browser;
use crate::error::Error;
use crate::host::{Answering, Host, Refusal};
use crate::output::printer::{self, Printer};
use crate::settings::Settings;
use crate::wire::Event;

use address::Address;
use answers::{Answers, Turn};
use form::Form;
use page::Browser;
pub(crate) use page::Page;
use question::Question;
use sampling::Helper;
pub(crate) use terminal::Console;
use terminal::Terminal;

const INVALID_PARAMS: i32 = -32602;

/// What a person refuses to a server (MCP 2025-11-25, Sampling, Error Handling).
const REJECTED: i32 = -1;

/// The most that is remembered of what a server says while a question stands.
const REMEMBERED: usize = 1000;

/// The host of a run.
pub(crate) struct Respondent {
    /// The server, as it is called before its words.
    server: String,
    capabilities: Value,
    answers: Mutex<Option<Answers>>,
    roots: Vec<Value>,
    helper: Option<Helper>,
    terminal: Option<Box<dyn Terminal>>,
    browser: Browser,
    printer: Printer,
    state: Mutex<State>,
    /// Told when a server says that what was done on a page is done.
    completion: Notify,
}

#[derive(Default)]
struct State {
    /// What nobody was there to answer.
    unanswered: Vec<Question>,
    /// The pages that were opened.
    opened: HashSet<String>,
    /// The ids of the pages that a server said to be done with.
    completed: HashSet<String>,
    /// What is to be said once the question that stands is answered.
    held: Option<Vec<Event>>,
}

impl Respondent {
    /// The host of a run of a program as it was told to run. `declared` is what the program was made
    /// with, `ClientCapabilities` as JSON text.
    ///
    /// # Errors
    ///
    /// When an option cannot be read: answers, a root, the sampling command.
    pub(crate) fn new(
        program: &str,
        settings: &Settings,
        declared: &str,
        printer: Printer,
    ) -> Result<Self, Error> {
        let overrides = &settings.overrides;
        let server = match overrides.url.as_ref().or(overrides.command.as_ref()) {
            Some(other) => format!("the server {}", words::label(other)),
            None => format!("the server of {program}"),
        };
        let answers = settings.answers.as_deref().map(Answers::read).transpose()?;
        let limit = settings.limits().request;
        let helper = settings.sampling_command.as_deref();
        let helper = helper.map(|line| Helper::new(line, limit)).transpose()?;
        let roots = roots::of(&settings.roots)?;
        let mut capabilities = json!({"elicitation": {"form": {}, "url": {}}});
        if !roots.is_empty() {
            capabilities["roots"] = json!({});
        }
        if helper.is_some() {
            capabilities["sampling"] = json!({});
        }
        if let Ok(declared) = serde_json::from_str(declared) {
            add(&mut capabilities, declared);
        }
        Ok(Self {
            server,
            capabilities,
            answers: Mutex::new(answers),
            roots,
            helper,
            terminal: Console::find().map(|console| Box::new(console) as Box<dyn Terminal>),
            browser: browser::open,
            printer,
            state: Mutex::default(),
            completion: Notify::new(),
        })
    }

    /// The outcome of a call, unless the server asked for what nobody was there to answer: then it is
    /// that, whatever the tool made of it.
    pub(crate) fn settle<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        let unanswered = std::mem::take(&mut self.state().unanswered);
        match outcome {
            Err(Error::Signal(exit)) => Err(Error::Signal(exit)),
            outcome => question::error(&self.server, &unanswered).map_or(outcome, Err),
        }
    }

    /// `elicitation/create`: one question at a time.
    async fn elicit(&self, params: &Value) -> Result<Value, Refusal> {
        let _turn = match &self.terminal {
            Some(terminal) => Some(terminal.turn().lock().await),
            None => None,
        };
        match params.get("mode").unwrap_or(&Value::Null) {
            Value::Null => Ok(self.form(params).await),
            Value::String(mode) if mode == "form" => Ok(self.form(params).await),
            Value::String(mode) if mode == "url" => self.page(params).await,
            _ => Err(Refusal {
                code: INVALID_PARAMS,
                message: "the mode is neither form nor url".to_owned(),
            }),
        }
    }

    async fn form(&self, params: &Value) -> Value {
        let form = Form::of(params);
        let draft = match self.ahead(Some(&form)) {
            Some(Turn::Accept(given)) => {
                let draft = form.fill(&given);
                if draft.is_whole() {
                    return json!({"action": "accept", "content": draft.content});
                }
                draft
            }
            Some(Turn::Decline) => return action("decline"),
            Some(Turn::Cancel) => return action("cancel"),
            None => form.fill(&Map::new()),
        };
        let Some(terminal) = &self.terminal else {
            self.remember(Question::form(params, &form, draft.wrong));
            return action("decline");
        };
        let _hold = self.hold();
        match form.ask(&**terminal, &self.server, draft).await {
            Ok(Some(content)) => json!({"action": "accept", "content": content}),
            Ok(None) => action("decline"),
            Err(_) => action("cancel"),
        }
    }

    async fn page(&self, params: &Value) -> Result<Value, Refusal> {
        let url = params.get("url").and_then(Value::as_str).unwrap_or("");
        let address = Address::read(url).map_err(|message| Refusal {
            code: INVALID_PARAMS,
            message,
        })?;
        match self.ahead(None) {
            Some(Turn::Accept(_)) => {
                // The caller agreed to it, and is told what it was; that opens nothing.
                let note = format!("{} asks to open {}", self.server, address.whole);
                self.printer.note(&note);
                return Ok(action("accept"));
            }
            Some(Turn::Decline) => return Ok(action("decline")),
            Some(Turn::Cancel) => return Ok(action("cancel")),
            None => {}
        }
        let Some(terminal) = &self.terminal else {
            self.remember(Question::page(params));
            return Ok(action("decline"));
        };
        let message = params.get("message").and_then(Value::as_str).unwrap_or("");
        let _hold = self.hold();
        let agreed = if self.state().opened.contains(&address.whole) {
            let id = params.get("elicitationId").and_then(Value::as_str);
            tokio::select! {
                agreed = page::wait(&**terminal, &self.server, &address) => agreed,
                () = self.completion_of(id) => Ok(true),
            }
        } else {
            page::open(&**terminal, self.browser, &self.server, message, &address).await
        };
        Ok(match agreed {
            Ok(true) => {
                self.state().opened.insert(address.whole);
                action("accept")
            }
            Ok(false) => action("decline"),
            Err(_) => action("cancel"),
        })
    }

    /// Returns once the server says that what was to be done on a page is done.
    async fn completion_of(&self, id: Option<&str>) {
        let Some(id) = id else {
            return std::future::pending().await;
        };
        loop {
            let told = self.completion.notified();
            if self.state().completed.contains(id) {
                return;
            }
            told.await;
        }
    }

    /// The answer that was given ahead for a form or, without one, for a page.
    fn ahead(&self, form: Option<&Form<'_>>) -> Option<Turn> {
        match lock(&self.answers).as_mut()? {
            Answers::Decline => Some(Turn::Decline),
            Answers::Turns(turns) => turns.pop_front(),
            Answers::Fields(fields) => {
                let mut names = form?.names();
                let meant = fields.is_empty() || names.any(|name| fields.contains_key(name));
                meant.then(|| Turn::Accept(fields.clone()))
            }
        }
    }

    async fn sample(&self, params: &Value) -> Result<Value, Refusal> {
        let Some(helper) = &self.helper else {
            let server = &self.server;
            self.printer.note(&format!(
                "{server} asked for a language model; name a command with --mcp-sampling-command"
            ));
            return Err(match self.capabilities.get("sampling") {
                Some(_) => Refusal {
                    code: REJECTED,
                    message: "sampling was rejected by the user".to_owned(),
                },
                None => Refusal::unknown("sampling/createMessage"),
            });
        };
        let is_given = |name: &str| params.get(name).is_some_and(|value| !value.is_null());
        let has_tools = self.capabilities.pointer("/sampling/tools").is_some();
        if !has_tools && (is_given("tools") || is_given("toolChoice")) {
            return Err(Refusal {
                code: INVALID_PARAMS,
                message: "tools in sampling were not declared".to_owned(),
            });
        }
        let answer = helper.sample(params).await;
        if let Err(refusal) = &answer {
            self.printer.warn(&refusal.message);
        }
        answer
    }

    /// Notes what nobody was there to answer.
    fn remember(&self, question: Question) {
        let mut state = self.state();
        if state.unanswered.len() < REMEMBERED && !state.unanswered.contains(&question) {
            state.unanswered.push(question);
        }
    }

    /// Keeps what the server says until the question is answered.
    fn hold(&self) -> Hold<'_> {
        self.state().held = Some(Vec::new());
        Hold {
            host: self,
            _progress: self.printer.hold(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Host for Respondent {
    fn capabilities(&self) -> Value {
        self.capabilities.clone()
    }

    fn hear(&self, event: Event) {
        let mut state = self.state();
        if let Event::Notification(method, params) = &event
            && method == "notifications/elicitation/complete"
            && let Some(id) = params.get("elicitationId").and_then(Value::as_str)
            && state.completed.len() < REMEMBERED
        {
            state.completed.insert(id.to_owned());
            self.completion.notify_waiters();
        }
        match &mut state.held {
            Some(held) if held.len() < REMEMBERED => held.push(event),
            Some(_) => {}
            None => self.printer.event(&event),
        }
    }

    fn answer<'a>(&'a self, method: &'a str, params: Value) -> Answering<'a> {
        Box::pin(async move {
            match method {
                "elicitation/create" => self.elicit(&params).await,
                "sampling/createMessage" => self.sample(&params).await,
                "roots/list" if self.capabilities.get("roots").is_some() => {
                    Ok(json!({"roots": self.roots}))
                }
                _ => Err(Refusal::unknown(method)),
            }
        })
    }
}

/// A question stands at the terminal, and nothing else is said there.
struct Hold<'a> {
    host: &'a Respondent,
    _progress: printer::Hold,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let held = self.host.state().held.take();
        for event in held.into_iter().flatten() {
            self.host.printer.event(&event);
        }
    }
}

fn action(name: &str) -> Value {
    json!({"action": name})
}

/// Adds what an object says to another, which keeps what it has.
fn add(object: &mut Value, more: Value) {
    let (Value::Object(object), Value::Object(more)) = (object, more) else {
        return;
    };
    for (name, value) in more {
        match object.get_mut(&name) {
            Some(own) => add(own, value),
            None => {
                object.insert(name, value);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing under these locks can panic half-way, so a poisoned state is a sound one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
