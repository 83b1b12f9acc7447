//! The layer of raw JSON between a transport and rmcp.
//!
//! rmcp carries the conversation (ids, sessions, cancellation, the handshake) but decodes strictly:
//! one field of the wrong type in one tool fails the whole list, and what it does not know it drops.
//! Real servers are not that tidy. So every message passes through here first, as JSON:
//!
//! ```text
//!                 ┌────────── answers, as they came, by request id ──────────▶ client
//! transport ──▶ Wire ── a message rmcp can decode whatever the server said ──▶ rmcp
//!                 └────────── noise, progress, log messages ─────────────────▶ host
//! ```
//!
//! The result of a request never reaches rmcp: it is put aside whole, and rmcp is told that the
//! request was answered. Only the answer to `initialize` is rebuilt for it, from the parts that it
//! cannot do without. A request of the server's reaches it undecoded, as one that it does not know.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use rmcp::RoleClient;
use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, CustomRequest, EmptyObject, ErrorCode, ErrorData,
    InitializeResult, JsonRpcError, JsonRpcMessage, JsonRpcRequest, JsonRpcResponse,
    JsonRpcVersion2_0, PingRequest, RequestId, ServerRequest, ServerResult,
};
use rmcp::service::RxJsonRpcMessage;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::error::Error;
use crate::host::{Answering, Host};
use crate::person::Conversation;
use crate::process::Tail;
use crate::resilience::exposure::{Exposure, is_harmless};

/// The code of an error of our own making: the answer was lost on its way. No server has it, since
/// codes that low are reserved (JSON-RPC 2.0, section 5.1).
const LOST: ErrorCode = ErrorCode(i32::MIN);

/// What stands before the method of a server's request on its way through rmcp, which would decode
/// the methods that it knows, and strictly.
pub(crate) const UNDECODED: &str = "undecoded:";

/// What a server says outside of answers.
#[derive(Debug)]
pub enum Event {
    /// A line or message that is not of the protocol.
    Noise(String),
    /// A notification, by its method and parameters.
    Notification(String, Value),
    /// A line of the server's standard error.
    Stderr(String),
}

/// One connection's raw layer, shared by its transport and its client.
pub(crate) struct Wire {
    state: Mutex<State>,
    /// Told at each progress notification.
    progress: Notify,
    /// Told whenever the server tells of a task.
    news: Notify,
    host: Arc<dyn Host>,
    exposure: Arc<Exposure>,
}

#[derive(Default)]
struct State {
    /// Requests without an answer yet, and whether each is `initialize`.
    pending: HashMap<RequestId, bool>,
    /// Requests that may do something, and may have been sent.
    exposed: HashSet<RequestId>,
    /// Results as they came, until the client takes them.
    answers: HashMap<RequestId, Value>,
    /// Why requests could not be sent, until the client takes them.
    failures: HashMap<RequestId, Error>,
    /// What the server told of a task last, until the client takes it.
    news: Option<Value>,
    stderr: Tail,
    /// Where changes of resources are told, if anybody wants to know of them.
    updates: Option<UnboundedSender<Value>>,
}

/// What becomes of a message from the server.
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart at once; boxing would add an allocation to every message"
)]
pub(crate) enum Inbound {
    /// It goes on to rmcp.
    Deliver(RxJsonRpcMessage<RoleClient>),
    /// The server asked for something that is not understood: this is the refusal to send back.
    Refuse(Value),
    /// It was dealt with here.
    Consumed,
}

impl Wire {
    /// The layer of a connection. What is sent over it that may do something is counted.
    pub(crate) fn new(host: Arc<dyn Host>, exposure: Arc<Exposure>) -> Self {
        Self {
            state: Mutex::default(),
            progress: Notify::new(),
            news: Notify::new(),
            host,
            exposure,
        }
    }

    /// Hands an event to the host.
    pub(crate) fn observe(&self, event: Event) {
        self.host.hear(event);
    }

    /// Has the host answer a request of the server's. No time runs out while it does, as if it were a
    /// person, which it may be.
    pub(crate) fn ask<'a>(&'a self, method: &'a str, params: Value) -> Answering<'a> {
        if method == "elicitation/create" {
            // Nobody is asked the same again because a connection was lost.
            self.exposure.is_taken_on();
        }
        Box::pin(async move {
            let _conversation = Conversation::begin();
            self.host.answer(method, params).await
        })
    }

    /// Keeps the end of the server's standard error, for the errors that show it.
    pub(crate) fn keep_stderr(&self, tail: Tail) {
        self.lock().stderr = tail;
    }

    /// The last lines of the server's standard error.
    pub(crate) fn stderr(&self) -> Vec<String> {
        self.lock().stderr.lines()
    }

    /// The requests without an answer.
    pub(crate) fn pending(&self) -> Vec<RequestId> {
        self.lock().pending.keys().cloned().collect()
    }

    /// Returns when the time that a request may take begins anew: at a progress notification.
    pub(crate) async fn progress(&self) {
        self.progress.notified().await;
    }

    /// The parameters of every `notifications/resources/updated` from here on.
    pub(crate) fn updates(&self) -> UnboundedReceiver<Value> {
        let (sender, receiver) = unbounded_channel();
        self.lock().updates = Some(sender);
        receiver
    }

    fn tell_update(&self, params: &Value) {
        if let Some(updates) = &self.lock().updates {
            // Nobody listens any more: then it need not be told.
            let _ = updates.send(params.clone());
        }
    }

    /// What the server tells of a task unasked, in the words it has for one that is asked after.
    pub(crate) async fn news(&self) -> Value {
        loop {
            // Only the last is kept: who missed one asks.
            if let Some(said) = self.lock().news.take() {
                return said;
            }
            self.news.notified().await;
        }
    }

    /// Notes what is about to be sent.
    pub(crate) fn outbound(&self, message: &ClientJsonRpcMessage) {
        if let JsonRpcMessage::Request(request) = message {
            let initialize = matches!(request.request, ClientRequest::InitializeRequest(_));
            let is_harmless = match &request.request {
                ClientRequest::CustomRequest(request) => is_harmless(&request.method),
                _ => initialize,
            };
            let mut state = self.lock();
            state.pending.insert(request.id.clone(), initialize);
            if !is_harmless && state.exposed.insert(request.id.clone()) {
                self.exposure.count();
            }
        }
    }

    /// Takes it back that a request was about to be sent: nothing of it has left this machine.
    pub(crate) fn unsent(&self, id: &RequestId) {
        if self.lock().exposed.remove(id) {
            self.exposure.take_back();
        }
    }

    /// Takes a message from the server, as text.
    pub(crate) fn inbound(&self, text: &str) -> Inbound {
        match serde_json::from_str(text) {
            Ok(Value::Object(message)) => self.message(message),
            _ => self.noise(text),
        }
    }

    /// Takes why a request did not get through.
    pub(crate) fn take_failure(&self, id: &RequestId) -> Option<Error> {
        self.lock().failures.remove(id)
    }

    /// Whether an error says that the answer was lost on its way.
    pub(crate) fn is_loss(error: &ErrorData) -> bool {
        error.code == LOST
    }

    /// Takes a message from the server that was too long to be read.
    pub(crate) fn oversized(&self, limit: usize) -> Inbound {
        let message = format!("a message of more than {} MiB was dropped", limit >> 20);
        self.observe(Event::Noise(message.clone()));
        self.fail_the_only_request(&message)
    }

    /// Takes the result of a request, as it came.
    pub(crate) fn take_answer(&self, id: &RequestId) -> Option<Value> {
        self.lock().answers.remove(id)
    }

    fn message(&self, mut message: Map<String, Value>) -> Inbound {
        let method = message
            .get("method")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let id = message.get("id").cloned().filter(|id| !id.is_null());
        match (method, id) {
            (Some(method), Some(id)) => {
                server_request(method, id, message.remove("params").unwrap_or_default())
            }
            (Some(method), None) => {
                let params = message.remove("params").unwrap_or_default();
                match method.as_str() {
                    "notifications/progress" => self.progress.notify_one(),
                    // MCP 2025-11-25, and the extension of MCP 2026-07-28.
                    "notifications/tasks/status" | "notifications/tasks" => {
                        self.lock().news = Some(params);
                        self.news.notify_one();
                        return Inbound::Consumed;
                    }
                    _ => {}
                }
                if method == "notifications/resources/updated" {
                    self.tell_update(&params);
                }
                self.observe(Event::Notification(method, params));
                Inbound::Consumed
            }
            (None, id) => {
                if let Some(error) = message.remove("error").filter(|error| !error.is_null()) {
                    self.failure(id, &error)
                } else if let (Some(id), Some(result)) = (&id, message.remove("result")) {
                    self.answer(id, result)
                } else {
                    self.noise(&Value::Object(message).to_string())
                }
            }
        }
    }

    fn answer(&self, id: &Value, result: Value) -> Inbound {
        let mut state = self.lock();
        let Some((id, initialize)) = state.take_pending(id) else {
            drop(state);
            return self.noise(&format!("an answer to no request of ours, id {id}"));
        };
        let decoded = if initialize {
            ServerResult::InitializeResult(initialize_result(&result))
        } else {
            ServerResult::EmptyResult(EmptyObject {})
        };
        state.answers.insert(id.clone(), result);
        Inbound::Deliver(JsonRpcMessage::Response(JsonRpcResponse {
            jsonrpc: JsonRpcVersion2_0,
            id,
            result: decoded,
        }))
    }

    fn failure(&self, id: Option<Value>, error: &Value) -> Inbound {
        let known = id.as_ref().and_then(|id| self.lock().take_pending(id));
        let Some((id, _)) = known else {
            // JSON-RPC 2.0, section 5: the id is null when the server could not read the request.
            // With one request under way there is no doubt which one it was.
            let text = error
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or("an error without a message");
            return self.fail_the_only_request(text);
        };
        deliver_error(id, error_data(error))
    }

    fn fail_the_only_request(&self, message: &str) -> Inbound {
        let mut state = self.lock();
        let mut ids = state.pending.keys().cloned();
        let (Some(id), None) = (ids.next(), ids.next()) else {
            drop(state);
            return self.noise(message);
        };
        state.pending.remove(&id);
        deliver_error(
            id,
            ErrorData::new(ErrorCode::INTERNAL_ERROR, message.to_owned(), None),
        )
    }

    fn noise(&self, text: &str) -> Inbound {
        if !text.trim().is_empty() {
            self.observe(Event::Noise(text.to_owned()));
        }
        Inbound::Consumed
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing under this lock can panic half-way, so a poisoned state is a sound one.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What a request may come to that is answered where it was sent: over HTTP.
#[cfg(feature = "http")]
impl Wire {
    /// Takes what the server sent in reply to this one request, as text. An error in it is the
    /// answer, whatever its id: a server that could not read the request does not know it.
    pub(crate) fn reply(&self, id: &RequestId, text: &str) -> Inbound {
        let error = serde_json::from_str::<Value>(text)
            .ok()
            .filter(|message| message.get("method").is_none())
            .and_then(|mut message| message.get_mut("error").map(Value::take));
        match error.filter(|error| !error.is_null()) {
            Some(error) if self.lock().pending.remove(id).is_some() => {
                deliver_error(id.clone(), error_data(&error))
            }
            _ => self.inbound(text),
        }
    }

    /// Notes why a request did not get through, for the client: rmcp is told only that it did not.
    pub(crate) fn fail(&self, id: RequestId, error: Error) {
        if matches!(error, Error::Unreachable { sent: false, .. }) {
            self.unsent(&id);
        }
        let mut state = self.lock();
        state.pending.remove(&id);
        state.failures.insert(id, error);
    }

    /// Gives up waiting for the answer to a request: its stream ended first. None where it had been
    /// answered.
    pub(crate) fn lose(&self, id: &RequestId) -> Option<RxJsonRpcMessage<RoleClient>> {
        self.lock().pending.remove(id)?;
        let error = ErrorData::new(LOST, "the connection broke before the answer", None);
        match deliver_error(id.clone(), error) {
            Inbound::Deliver(message) => Some(message),
            _ => None,
        }
    }

    /// Whether a request has no answer yet.
    pub(crate) fn awaits(&self, id: &RequestId) -> bool {
        self.lock().pending.contains_key(id)
    }
}

impl State {
    /// The pending request an answer is for. Some servers send a numeric id back as a string.
    fn take_pending(&mut self, id: &Value) -> Option<(RequestId, bool)> {
        let id = match id {
            Value::String(text) => {
                let as_text = RequestId::String(text.as_str().into());
                if self.pending.contains_key(&as_text) {
                    as_text
                } else {
                    RequestId::Number(text.parse().ok()?)
                }
            }
            id => RequestId::Number(whole_number(id)?),
        };
        self.pending.remove_entry(&id)
    }
}

/// The integer a number is, also where it is spelled `1.0`.
fn whole_number(value: &Value) -> Option<i64> {
    let Value::Number(number) = value else {
        return None;
    };
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "compared with the original below"
        )]
        let whole = float as i64;
        #[expect(
            clippy::cast_precision_loss,
            reason = "an id beyond 2^53 does not compare equal"
        )]
        (whole as f64 == float).then_some(whole)
    })
}

/// A request of the server's, for the service behind rmcp to answer. Nothing of it is decoded, so
/// that none is turned away for a field of the wrong type.
fn server_request(method: String, id: Value, params: Value) -> Inbound {
    let known = match &id {
        Value::String(text) => Some(RequestId::String(text.as_str().into())),
        number => whole_number(number).map(RequestId::Number),
    };
    let Some(known) = known else {
        return Inbound::Refuse(json!({
            "jsonrpc": "2.0",
            "id": id,
            "error": {"code": ErrorCode::INVALID_REQUEST.0, "message": "an id is a text or a whole number"},
        }));
    };
    let request = match method.as_str() {
        "ping" => ServerRequest::PingRequest(PingRequest {
            method: Default::default(),
            extensions: Default::default(),
        }),
        _ => ServerRequest::CustomRequest(CustomRequest::new(
            format!("{UNDECODED}{method}"),
            Some(params),
        )),
    };
    Inbound::Deliver(JsonRpcMessage::Request(JsonRpcRequest {
        jsonrpc: JsonRpcVersion2_0,
        id: known,
        request,
    }))
}

fn deliver_error(id: RequestId, error: ErrorData) -> Inbound {
    Inbound::Deliver(JsonRpcMessage::Error(JsonRpcError {
        jsonrpc: JsonRpcVersion2_0,
        id: Some(id),
        error,
    }))
}

/// A JSON-RPC error out of whatever a server sends as one: an object, a text, anything.
fn error_data(error: &Value) -> ErrorData {
    let code = error
        .get("code")
        .and_then(whole_number)
        .and_then(|code| i32::try_from(code).ok());
    let message = match error.get("message").unwrap_or(error) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    ErrorData::new(
        code.map_or(ErrorCode::INTERNAL_ERROR, ErrorCode),
        message,
        error.get("data").filter(|data| !data.is_null()).cloned(),
    )
}

/// What rmcp needs of the answer to `initialize`: the version alone, everything else is read raw.
fn initialize_result(result: &Value) -> InitializeResult {
    let version = result
        .get("protocolVersion")
        .and_then(Value::as_str)
        .unwrap_or("2025-11-25");
    let mut minimal = InitializeResult::default();
    // The version is an open string type, so this decodes whatever the server named.
    if let Ok(version) = serde_json::from_value(version.into()) {
        minimal.protocol_version = version;
    }
    minimal
}

#[cfg(test)]
mod tests;
