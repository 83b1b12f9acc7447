//! Calls that a server answers later: tasks.
//!
//! The eras differ in who decides that a call becomes one: the client within the tool's terms
//! (MCP 2025-11-25, Tasks), the server alone since 2026-07-28 (extension
//! `io.modelcontextprotocol/tasks`). They also differ in where the result is, and the questions on the
//! way to it; but what is there tells, so nothing here asks which era it is:
//!
//! ```text
//! tasks/get ─┬─ working ────────────────────────────────────▶ again, after a while
//!            ├─ input_required ─┬─ inputRequests: tasks/update ▶ again
//!            │                  └─ none: tasks/result, under which the server asks ▶ again
//!            ├─ completed ──────┬─ result ──────────────────▶ the answer
//!            │                  └─ none: tasks/result ──────▶ the answer
//!            ├─ failed ─────────┬─ error ───────────────────▶ an error
//!            │                  └─ none: tasks/result ──────▶ an answer or an error
//!            └─ cancelled ──────────────────────────────────▶ an error
//! ```

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use rmcp::RoleClient;
use rmcp::service::RequestHandle;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Client;
use super::exchange::{self, Response};
use crate::error::Error;
use crate::protocol::code;
use crate::task::{Begun, NEWS, Status, Support, Task, is_unknown};
use crate::wire::Event;

/// A call as it is sent.
#[derive(PartialEq)]
struct Form {
    params: Value,
    headers: Vec<(String, String)>,
}

impl Form {
    fn is_task(&self) -> bool {
        self.params.get("task").is_some()
    }
}

impl Client {
    /// Calls a tool. `definition` is what is known of it, as JSON text.
    ///
    /// `detached` wants a task where that is the client's to decide.
    ///
    /// # Errors
    ///
    /// Those of [`Client::request`], and [`Error::Usage`] before the call where no task can be had.
    pub(crate) async fn begin(
        &mut self,
        params: Value,
        definition: Option<&str>,
        detached: bool,
    ) -> Result<Begun, Error> {
        let tool = params["name"].as_str().unwrap_or_default().to_owned();
        let mut form = self.form(&params, definition, detached);
        let is_missing = detached && !self.is_stateless() && !form.is_task();
        if is_missing && definition.is_none() {
            let definition = self.definition(&tool).await?;
            form = self.form(&params, definition.as_deref(), detached);
        }
        if is_missing && !form.is_task() {
            return Err(no_task(&tool));
        }
        let answer = self.send_form(&form).await;
        let answer = match answer {
            // The tool has other terms than are known here.
            Err(error) if self.may_be_of_its_form(&error) => {
                let definition = self.definition(&tool).await?;
                let other = self.form(&params, definition.as_deref(), detached);
                if other == form {
                    return Err(error);
                }
                form = other;
                self.send_form(&form).await?
            }
            answer => answer?,
        };
        Ok(match Task::created(&answer, form.is_task()) {
            Some(task) => {
                self.route.exposure.is_taken_on();
                Begun::Task(task)
            }
            None => Begun::Answered(answer),
        })
    }

    /// How a task is.
    ///
    /// # Errors
    ///
    /// Those of [`Client::request`]; the server refuses one that it does not know with -32602.
    pub(crate) async fn task(&mut self, id: &str) -> Result<Task, Error> {
        let said = self.request("tasks/get", json!({"taskId": id})).await?;
        Task::told(id, said)
            .ok_or_else(|| Error::Protocol("the answer to tasks/get is no task".to_owned()))
    }

    /// The tasks that the server lists, if it does.
    ///
    /// # Errors
    ///
    /// Those of [`Client::list`].
    pub(crate) async fn tasks(&mut self) -> Result<Option<Vec<Task>>, Error> {
        if self.is_stateless() || self.greeting.pointer("/capabilities/tasks/list").is_none() {
            return Ok(None);
        }
        let listed = self.list("tasks/list", "tasks").await?.items;
        let tasks = listed.into_iter().filter_map(|said| {
            let id = said.get("taskId")?.as_str()?.to_owned();
            Task::told(&id, said)
        });
        Ok(Some(tasks.collect()))
    }

    /// Asks the server to end a task, and how it is then.
    ///
    /// # Errors
    ///
    /// Those of [`Client::request`]; the server may refuse to end what has ended.
    pub(crate) async fn cancel_task(&mut self, id: &str) -> Result<Task, Error> {
        let said = self.request("tasks/cancel", json!({"taskId": id})).await?;
        if let Some(task) = Task::told(id, said) {
            return Ok(task);
        }
        match self.task(id).await {
            // It may be forgotten at once.
            Err(error) if is_unknown(&error) => Ok(Task::cancelled(id)),
            task => task,
        }
    }

    /// Waits for a task's answer. What the server asks on the way is put to the host, and the host is
    /// told of every change.
    ///
    /// # Errors
    ///
    /// [`Error::Tool`] when the task has ended without an answer. All other errors leave it as it is:
    /// the server is gone or was silent for longer than [`Limits::request`](super::Limits).
    pub(crate) async fn finish(&mut self, mut task: Task, tool: &str) -> Result<Value, Error> {
        // The task is at this server, and perhaps within this session: there is no other to go to.
        self.route.exposure.is_taken_on();
        let mut told = String::new();
        let mut answered = HashSet::new();
        let mut outcome = Outcome::Unasked;
        let mut heard = task.text("status").map(|_| Instant::now());
        let mut is_due = task.text("status") != Some("working");
        loop {
            let mut pushed = None;
            if !is_due {
                self.tell(&task, &mut told);
                tokio::select! {
                    response = outcome.arrives() => outcome = self.taken(outcome, response).await,
                    news = self.news(task.id()) => pushed = Some(news),
                    () = sleep(task.interval()) => {}
                }
            }
            is_due = false;
            let now = match pushed {
                Some(task) => Ok(task),
                None => self.task(task.id()).await,
            };
            if let Outcome::Arrived(answer) = outcome {
                let has_failed = matches!(&now, Ok(task) if task.status() == Status::Failed);
                return Ok(if has_failed { flagged(answer) } else { answer });
            }
            match now {
                Ok(now) => (task, heard) = (now, Some(Instant::now())),
                Err(error) => {
                    let is_silent = heard.is_none_or(|at| at.elapsed() >= self.limits.request);
                    if is_silent || !is_passing(&error) {
                        return Err(error);
                    }
                    continue;
                }
            }
            match task.status() {
                Status::Working => {}
                Status::InputRequired => match task.take("inputRequests") {
                    Some(requests) => self.supply(task.id(), requests, &mut answered).await?,
                    None if matches!(outcome, Outcome::Unasked) => {
                        let params = json!({"taskId": task.id()});
                        outcome = Outcome::Awaited(self.send(RESULT, params, &[]).await?);
                    }
                    None => {}
                },
                Status::Completed => {
                    self.tell(&task, &mut told);
                    return match task.take("result") {
                        Some(result) => Ok(result),
                        None => self.result(task.id(), outcome).await,
                    };
                }
                Status::Failed => return self.failed(task, tool, outcome).await,
                Status::Cancelled => return Err(ended(tool, &task.words())),
            }
        }
    }

    /// What a response to the request for the result makes of it.
    async fn taken(&mut self, outcome: Outcome, response: Response) -> Outcome {
        let Outcome::Awaited(handle) = outcome else {
            return outcome;
        };
        match self.settle(RESULT, &handle.id, response).await {
            Ok(answer) => Outcome::Arrived(answer),
            // It is asked for again once the task has ended.
            Err(_) => Outcome::Denied,
        }
    }

    /// The result of a task that has ended.
    async fn result(&mut self, id: &str, outcome: Outcome) -> Result<Value, Error> {
        let mut handle = match outcome {
            Outcome::Awaited(handle) => handle,
            _ => self.send(RESULT, json!({"taskId": id}), &[]).await?,
        };
        let response = self.wait(RESULT, &mut handle).await?;
        self.settle(RESULT, &handle.id, response).await
    }

    /// What a task that failed came to: an answer that says so, or an error.
    async fn failed(
        &mut self,
        mut task: Task,
        tool: &str,
        outcome: Outcome,
    ) -> Result<Value, Error> {
        if let Some(error) = task.take("error") {
            let message = error.get("message").and_then(Value::as_str);
            let message = message.or(task.text("statusMessage"));
            return Err(ended(tool, message.unwrap_or("failed")));
        }
        match self.result(task.id(), outcome).await {
            Ok(answer) => Ok(flagged(answer)),
            Err(Error::Refused { code, message, .. }) => {
                let is_unknown = code == code::METHOD_NOT_FOUND || message.is_empty();
                Err(match task.text("statusMessage").filter(|_| is_unknown) {
                    Some(words) => ended(tool, words),
                    None => ended(tool, &message),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Gives a task the input that it wants, each piece once.
    async fn supply(
        &mut self,
        id: &str,
        requests: Value,
        answered: &mut HashSet<String>,
    ) -> Result<(), Error> {
        let Value::Object(mut requests) = requests else {
            return Ok(());
        };
        requests.retain(|key, _| !answered.contains(key));
        if requests.is_empty() {
            return Ok(());
        }
        let responses = self.inputs(requests).await?;
        let keys: Vec<String> = responses.keys().cloned().collect();
        let params = json!({"taskId": id, "inputResponses": responses});
        self.request("tasks/update", params).await?;
        answered.extend(keys);
        Ok(())
    }

    /// Tells the host how a task is, if that has changed.
    fn tell(&self, task: &Task, told: &mut String) {
        let words = task.words();
        if words != *told {
            *told = words;
            let news = Event::Notification(NEWS.to_owned(), task.said());
            self.wire.observe(news);
        }
    }

    /// A task that the server tells of unasked.
    async fn news(&self, id: &str) -> Task {
        loop {
            let said = self.wire.news().await;
            if said.get("taskId").is_some_and(|other| other == id)
                && let Some(task) = Task::told(id, said)
            {
                return task;
            }
        }
    }

    fn form(&self, params: &Value, definition: Option<&str>, detached: bool) -> Form {
        let mut params = params.clone();
        let headers = definition.map(|definition| exchange::mirrored(definition, &params));
        let is_task = match definition.map_or(Support::Forbidden, Support::of) {
            Support::Forbidden => false,
            Support::Optional => detached,
            Support::Required => true,
        };
        if is_task && self.makes_tasks() {
            params["task"] = json!({});
        }
        Form {
            params,
            headers: headers.unwrap_or_default(),
        }
    }

    async fn send_form(&mut self, form: &Form) -> Result<Value, Error> {
        self.request_with("tools/call", form.params.clone(), &form.headers)
            .await
    }

    /// Whether the client may send a call to become a task.
    fn makes_tasks(&self) -> bool {
        let declared = self
            .greeting
            .pointer("/capabilities/tasks/requests/tools/call");
        !self.is_stateless() && declared.is_some_and(|it| !it.is_null())
    }

    /// Whether a call was refused for the form it was sent in: without a header that mirrors an
    /// argument, or not as a task where it must be one.
    fn may_be_of_its_form(&self, error: &Error) -> bool {
        match error {
            Error::Refused { code, .. } => match *code {
                code::HEADER_MISMATCH => true,
                code::METHOD_NOT_FOUND | code::INVALID_REQUEST => self.makes_tasks(),
                _ => false,
            },
            _ => false,
        }
    }

    /// What the server says of a tool now, as JSON text.
    async fn definition(&mut self, tool: &str) -> Result<Option<String>, Error> {
        let tools = self.list("tools/list", "tools").await?.items;
        let tool = tools
            .iter()
            .find(|other| other.get("name").is_some_and(|name| name == tool));
        Ok(tool.map(Value::to_string))
    }
}

const RESULT: &str = "tasks/result";

/// How it is with the request for a task's result, under which a server of the era with sessions asks
/// what it wants to know.
enum Outcome {
    Unasked,
    Awaited(RequestHandle<RoleClient>),
    Arrived(Value),
    /// The server gives none before the task has ended.
    Denied,
}

impl Outcome {
    /// The response, once there is one; never, where none was asked for.
    async fn arrives(&mut self) -> Response {
        match self {
            Self::Awaited(handle) => (&mut handle.rx).await,
            _ => std::future::pending().await,
        }
    }
}

/// The error of a call that is to be a task, of a tool that is called at once or not at all.
pub(crate) fn no_task(tool: &str) -> Error {
    Error::usage_with_hint(
        format!("{tool} cannot be called as a task"),
        "call it without --mcp-detach",
    )
}

/// The result of a task that has failed, also where the result itself does not say so.
fn flagged(mut answer: Value) -> Value {
    if let Some(answer) = answer.as_object_mut() {
        answer.entry("isError").or_insert(true.into());
    }
    answer
}

fn ended(tool: &str, words: &str) -> Error {
    Error::Tool {
        tool: tool.to_owned(),
        words: words.to_owned(),
    }
}

/// Whether a server that failed in this way may answer a moment later.
fn is_passing(error: &Error) -> bool {
    match error {
        Error::Unreachable { status, .. } => {
            status.is_none_or(|status| matches!(status, 408 | 429 | 500 | 502..=504))
        }
        _ => false,
    }
}
