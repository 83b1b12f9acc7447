//! A request and its answer, in time.

use rmcp::RoleClient;
use rmcp::model::{ClientRequest, CustomRequest, RequestId, ServerResult};
use rmcp::service::{PeerRequestOptions, RequestHandle, ServiceError};
use serde_json::Value;
use tokio::sync::oneshot::error::RecvError;
use tokio::time::Instant;

use super::Client;
use crate::error::Error;
use crate::person;
use crate::resilience::exposure::is_harmless;
use crate::wire::Wire;

/// Headers that mirror parts of a request, for its transport to send where it sends headers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mirrored(
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "a pipe has no headers")
    )]
    pub(crate) Vec<(String, String)>,
);

impl Client {
    /// Sends a request once and waits for its answer, whatever that is.
    ///
    /// An answer that was lost on its way is asked for once more where there is no session to resume
    /// (MCP 2026-07-28, Streamable HTTP: the broken stream has cancelled the first request). Whether a
    /// call is made once more is not for this to say: the server may have carried it out before the
    /// stream broke.
    pub(super) async fn exchange(
        &mut self,
        method: &str,
        params: &Value,
        headers: &[(String, String)],
    ) -> Result<Value, Error> {
        let mut handle = self.send(method, params.clone(), headers).await?;
        let mut response = self.wait(method, &mut handle).await?;
        if self.is_stateless() && is_lost(&response) && is_harmless(method) {
            handle = self.send(method, params.clone(), headers).await?;
            response = self.wait(method, &mut handle).await?;
        }
        self.settle(method, &handle.id, response).await
    }

    /// Sends a request. What it says of the client stands in its metadata in the era without a
    /// handshake.
    pub(super) async fn send(
        &mut self,
        method: &str,
        params: Value,
        headers: &[(String, String)],
    ) -> Result<RequestHandle<RoleClient>, Error> {
        let mut request = CustomRequest::new(method, Some(params));
        if !headers.is_empty() {
            request.extensions.insert(Mirrored(headers.to_vec()));
        }
        let mut options = PeerRequestOptions::no_options();
        if self.is_stateless() {
            let mut metadata = self.party.metadata(&self.revision);
            if let Some(level) = self.route.introduction.log_level {
                metadata.insert(LOG_LEVEL.to_owned(), level.into());
            }
            options = options.with_meta(metadata);
        }
        self.dispatch(method, ClientRequest::CustomRequest(request), options)
            .await
    }

    pub(super) async fn dispatch(
        &mut self,
        method: &str,
        request: ClientRequest,
        options: PeerRequestOptions,
    ) -> Result<RequestHandle<RoleClient>, Error> {
        match self
            .service
            .send_cancellable_request(request, options)
            .await
        {
            Ok(handle) => Ok(handle),
            Err(error) => Err(self.failure(method, None, error).await),
        }
    }

    /// Waits until a request is answered, fails, or its time is up. The clock stands still while the
    /// host is asked something.
    pub(super) async fn wait(
        &mut self,
        method: &str,
        handle: &mut RequestHandle<RoleClient>,
    ) -> Result<Response, Error> {
        let mut deadline = Instant::now() + self.limits.request;
        loop {
            tokio::select! {
                response = &mut handle.rx => return Ok(response),
                () = self.wire.progress() => deadline = Instant::now() + self.limits.request,
                () = person::until(deadline) => {
                    self.cancel("the caller's time ran out").await;
                    return Err(Error::Timeout {
                        what: method.to_owned(),
                        limit: self.limits.request,
                        stderr: self.wire.stderr(),
                    });
                }
            }
        }
    }

    /// The answer that a response stands for, as it came, or the error that it is.
    pub(super) async fn settle(
        &mut self,
        method: &str,
        id: &RequestId,
        response: Response,
    ) -> Result<Value, Error> {
        match response {
            Ok(Ok(_)) => self
                .wire
                .take_answer(id)
                .ok_or_else(|| Error::Protocol(format!("no result to {method}"))),
            Ok(Err(error)) => Err(self.failure(method, Some(id), error).await),
            Err(_) => {
                let closed = ServiceError::TransportClosed;
                Err(self.failure(method, Some(id), closed).await)
            }
        }
    }
}

/// What rmcp says of a request: the result is the wire's.
pub(super) type Response = Result<Result<ServerResult, ServiceError>, RecvError>;

pub(super) fn is_lost(response: &Response) -> bool {
    matches!(response, Ok(Err(ServiceError::McpError(data))) if Wire::is_loss(data))
}

/// The metadata that asks for log messages (MCP 2026-07-28, Logging).
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// The headers that mirror arguments of a tool: those whose schema names one with `x-mcp-header`
/// (MCP 2026-07-28, Streamable HTTP, Custom headers).
pub(super) fn mirrored(definition: &str, params: &Value) -> Vec<(String, String)> {
    // Few tools have one, and a definition can be long.
    if !definition.contains("x-mcp-header") {
        return Vec::new();
    }
    let definition: Value = serde_json::from_str(definition).unwrap_or_default();
    let mut headers = Vec::new();
    if let (Some(schema), Some(arguments)) =
        (definition.get("inputSchema"), params.get("arguments"))
    {
        collect(schema, arguments, &mut headers);
    }
    headers
}

fn collect(schema: &Value, arguments: &Value, headers: &mut Vec<(String, String)>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (key, schema) in properties.into_iter().flatten() {
        let Some(value) = arguments.get(key) else {
            continue;
        };
        let text = match value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
            _ => None,
        };
        if let (Some(name), Some(text)) = (schema.get("x-mcp-header").and_then(Value::as_str), text)
        {
            headers.push((name.to_owned(), text));
        }
        collect(schema, value, headers);
    }
}
