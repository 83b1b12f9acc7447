//! The revisions of the protocol, and the two eras they belong to.
//!
//! Up to 2025-11-25 a client and a server shake hands with `initialize` and then share a session.
//! Since 2026-07-28 there is neither: each request carries all that the server needs to know of the
//! client. The names of revisions are dates, so their order as text is their order in time.

use serde_json::Value;

/// The newest revision spoken, of the era without a handshake.
pub(crate) const NEWEST: &str = "2026-07-28";

/// The last revision that begins with a handshake.
pub(crate) const LAST_WITH_HANDSHAKE: &str = "2025-11-25";

/// The revisions that can be asked for.
pub const REVISIONS: [&str; 5] = [
    NEWEST,
    LAST_WITH_HANDSHAKE,
    "2025-06-18",
    "2025-03-26",
    "2024-11-05",
];

/// Whether a server of this revision is spoken to without a handshake.
pub(crate) fn is_stateless(revision: &str) -> bool {
    revision >= NEWEST
}

/// What a server says of itself, as an `Implementation`: in its answer to `initialize` or, since
/// 2026-07-28, in the metadata of its answer to `server/discover`.
pub fn server_info(greeting: &Value) -> &Value {
    let places = ["/serverInfo", "/_meta/io.modelcontextprotocol~1serverInfo"];
    let said = places.iter().find_map(|place| greeting.pointer(place));
    said.unwrap_or(&Value::Null)
}

/// What is known of a server's revision before it is spoken to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Revision {
    /// Nothing: the server is asked.
    #[default]
    Unknown,
    /// It spoke this one when it was last met. Another is tried where that turns out wrong.
    Met(String),
    /// This one and no other, because the user says so.
    Pinned(String),
}

/// JSON-RPC errors that a client knows what to do about; those of -32020 to -32022 are given by servers
/// of the stateless era alone (MCP 2026-07-28, Error codes).
pub(crate) mod code {
    /// `URLElicitationRequired`: `data.elicitations` lists the pages (MCP 2025-11-25, Elicitation).
    pub(crate) const PAGES_REQUIRED: i64 = -32042;
    /// The message is no request that the server takes (JSON-RPC 2.0, section 5.1).
    pub(crate) const INVALID_REQUEST: i64 = -32600;
    /// The server does not do this.
    pub(crate) const METHOD_NOT_FOUND: i64 = -32601;
    /// The server knows nothing of what is named.
    pub(crate) const INVALID_PARAMS: i64 = -32602;
    /// `HeaderMismatch`: the headers of a request say something else than its body.
    pub(crate) const HEADER_MISMATCH: i64 = -32020;
    /// `UnsupportedProtocolVersion`: `data.supported` lists the ones that are.
    pub(crate) const UNSUPPORTED_REVISION: i64 = -32022;

    /// Whether an error is one that only a server of the stateless era gives (MCP 2026-07-28, Error
    /// codes).
    pub(crate) fn is_stateless(code: i64) -> bool {
        (UNSUPPORTED_REVISION..=HEADER_MISMATCH).contains(&code)
    }
}
