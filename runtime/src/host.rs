//! What a client does for its server while it waits for an answer.

use std::pin::Pin;

use serde_json::Value;

use crate::wire::Event;

/// The side of the client that a server may turn to: it is told things, and asked.
pub trait Host: Send + Sync + 'static {
    /// What the client declares that it can be asked for: `ClientCapabilities` of the protocol.
    ///
    /// Servers choose their tools by it, so a program declares what was declared when it was made.
    fn capabilities(&self) -> Value;

    /// Hears what the server says outside of answers.
    fn hear(&self, event: Event);

    /// Answers a request of the server's, such as `elicitation/create`, by its method and parameters.
    ///
    /// In the era with sessions these come as requests of their own, since 2026-07-28 within a result
    /// that wants input.
    fn answer<'a>(&'a self, method: &'a str, params: Value) -> Answering<'a>;
}

/// An answer that is being made.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Value, Refusal>> + Send + 'a>>;

/// A JSON-RPC error for the server (JSON-RPC 2.0, section 5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its code.
    pub code: i32,
    /// Why, in words.
    pub message: String,
}

impl Refusal {
    /// The refusal of a method that is not known.
    pub fn unknown(method: &str) -> Self {
        Self {
            code: -32601,
            message: format!("{method}: not something this client does"),
        }
    }
}
