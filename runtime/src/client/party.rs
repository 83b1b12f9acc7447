//! What rmcp knows the client by: who it is, what it can do, and who answers for it.

use std::sync::Arc;

use rmcp::model::{
    ClientCapabilities, ClientConfig, ClientResult, EmptyObject, ErrorCode, ErrorData,
    Implementation, ProtocolVersion, RequestMetaObject, ServerNotification, ServerRequest,
};
use rmcp::service::{NotificationContext, RequestContext, Service};
use rmcp::{ErrorData as McpError, RoleClient};
use serde_json::Value;

use crate::host::Refusal;
use crate::task::EXTENSION;
use crate::wire::{UNDECODED, Wire};

/// The client's side of a conversation.
#[derive(Clone)]
pub(crate) struct Party {
    pub(crate) wire: Arc<Wire>,
    who: Implementation,
    capabilities: ClientCapabilities,
}

impl Party {
    /// `capabilities` is what the host declares; what rmcp does not know of is left out.
    pub(super) fn new(wire: Arc<Wire>, name: &str, capabilities: Value) -> Self {
        Self {
            wire,
            who: Implementation::new(name, env!("CARGO_PKG_VERSION")),
            capabilities: serde_json::from_value(capabilities).unwrap_or_default(),
        }
    }

    /// The parameters of `initialize` in this revision.
    pub(super) fn introduction(&self, revision: &str) -> ClientConfig {
        let config = ClientConfig::new(self.capabilities.clone(), self.who.clone());
        match version(revision) {
            Some(version) => config.with_protocol_version(version),
            None => config,
        }
    }

    /// What each request says of the client in the era without a handshake
    /// (MCP 2026-07-28, Request metadata).
    ///
    /// That a call may be answered by a task is for this side of the host to say: it is what waits.
    pub(super) fn metadata(&self, revision: &str) -> RequestMetaObject {
        let mut capabilities = self.capabilities.clone();
        let extensions = capabilities.extensions.get_or_insert_default();
        extensions.entry(EXTENSION.to_owned()).or_default();
        RequestMetaObject::with_client_context(
            version(revision).unwrap_or(ProtocolVersion::LATEST),
            self.who.clone(),
            capabilities,
        )
    }
}

/// A revision as rmcp has it: an open type, so every text is one.
fn version(revision: &str) -> Option<ProtocolVersion> {
    serde_json::from_value(revision.into()).ok()
}

impl Service<RoleClient> for Party {
    async fn handle_request(
        &self,
        request: ServerRequest,
        _context: RequestContext<RoleClient>,
    ) -> Result<ClientResult, McpError> {
        let ServerRequest::CustomRequest(request) = request else {
            // The wire lets nothing else through than a ping.
            return Ok(ClientResult::EmptyResult(EmptyObject {}));
        };
        let method = request.method.trim_start_matches(UNDECODED);
        let params = request.params.unwrap_or_default();
        match self.wire.ask(method, params).await {
            Ok(result) => Ok(ClientResult::CustomResult(rmcp::model::CustomResult::new(
                result,
            ))),
            Err(Refusal { code, message }) => Err(ErrorData::new(ErrorCode(code), message, None)),
        }
    }

    async fn handle_notification(
        &self,
        _notification: ServerNotification,
        _context: NotificationContext<RoleClient>,
    ) -> Result<(), McpError> {
        Ok(())
    }

    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(self.capabilities.clone(), self.who.clone())
    }
}
