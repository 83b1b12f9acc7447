//! What became of a request that was not answered.

use rmcp::model::{ErrorData, RequestId};
use rmcp::service::ServiceError;

use super::Client;
use crate::error::Error;
use crate::wire::Wire;

impl Client {
    /// The error for a request, by what its transport said of it and rmcp says.
    pub(super) async fn failure(
        &mut self,
        method: &str,
        id: Option<&RequestId>,
        error: ServiceError,
    ) -> Error {
        if let Some(error) = id.and_then(|id| self.wire.take_failure(id)) {
            return error;
        }
        match error {
            ServiceError::McpError(data) if Wire::is_loss(&data) => Error::Unreachable {
                url: self.address().to_owned(),
                status: None,
                reason: data.message.into_owned(),
                sent: true,
                retry_after: None,
            },
            ServiceError::McpError(data) => refused(method, data),
            ServiceError::TransportSend(_)
            | ServiceError::TransportClosed
            | ServiceError::Cancelled { .. } => match &mut self.process {
                Some(process) => process.gone().await,
                None => Error::Unreachable {
                    url: self.address().to_owned(),
                    status: None,
                    reason: "the connection was closed".to_owned(),
                    sent: true,
                    retry_after: None,
                },
            },
            other => Error::Protocol(format!("{method}: {other:?}")),
        }
    }
}

fn refused(method: &str, data: ErrorData) -> Error {
    Error::Refused {
        method: method.to_owned(),
        code: data.code.0.into(),
        message: data.message.into_owned(),
        data: data.data.map(Box::new),
    }
}
