//! The revisions of the protocol, and the two eras they belong to.
//!
//! Up to 2025-11-25 a client and a server shake hands with `initialize` and then share a session.
//! Since 2026-07-28 there is neither: each request carries all that the server needs to know of the
//! client. The names of revisions are dates, so their order as text is their order in time.

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

/// JSON-RPC errors that only a server of the stateless era gives (MCP 2026-07-28, Error codes).
pub(crate) mod code {
    /// `HeaderMismatch`: the headers of a request say something else than its body.
    pub(crate) const HEADER_MISMATCH: i64 = -32020;
    /// `UnsupportedProtocolVersion`: `data.supported` lists the ones that are.
    pub(crate) const UNSUPPORTED_REVISION: i64 = -32022;

    /// Whether an error tells that the server is of the stateless era.
    pub(crate) fn is_stateless(code: i64) -> bool {
        (UNSUPPORTED_REVISION..=HEADER_MISMATCH).contains(&code)
    }
}
