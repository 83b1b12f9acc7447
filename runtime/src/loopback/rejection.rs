//! Why a request of the server's was not carried to its origin, as the server is told.

use http::StatusCode;
use serde_json::json;

/// A request that got no further, with the answer it gets instead.
///
/// Nothing that a request said is in the message, and no secret: servers log what they are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) status: StatusCode,
    /// A word for programs.
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Rejection {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    /// For a request that is not HTTP, or not of the kind that can be passed on safely.
    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// The body: `{"error": {"code", "message"}}`.
    pub(super) fn body(&self) -> Vec<u8> {
        json!({"error": {"code": self.code, "message": self.message}})
            .to_string()
            .into_bytes()
    }
}
