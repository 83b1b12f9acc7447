//! What a failure says of the next attempt, and what a tool says of itself.

use std::io::ErrorKind;

use serde_json::Value;

use crate::error::Error;
use crate::spec::{Effect, Tool};

/// Whether a response with this status is of a server that may be there a moment later (RFC 9110,
/// section 15; 429 is of RFC 6585).
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 502..=504)
}

/// Whether the server may be there a moment later.
pub(super) fn may_pass(error: &Error) -> bool {
    match error {
        Error::Start { source, .. } => is_short(source),
        Error::Gone { .. } => true,
        Error::Unreachable { status, .. } => status.is_none_or(is_passing),
        _ => false,
    }
}

/// Whether the server is not there, for a moment or for good.
pub(super) fn is_away(error: &Error) -> bool {
    match error {
        Error::Start { .. }
        | Error::Gone { .. }
        | Error::CircuitOpen { .. }
        | Error::Timeout { .. } => true,
        Error::Unreachable { status, .. } => {
            status.is_none_or(|status| is_passing(status) || status >= 500)
        }
        _ => false,
    }
}

/// Whether the server was lost on the way, which its circuit is to know: one that says that it is asked
/// too much is there.
pub(super) fn is_lost(error: &Error) -> bool {
    is_away(error)
        && !matches!(
            error,
            Error::Unreachable {
                status: Some(408 | 429),
                ..
            } | Error::CircuitOpen { .. }
        )
}

/// Whether two servers ended by themselves and in the same way, which a third would then too.
pub(super) fn is_the_same_end(one: &Error, other: &Error) -> bool {
    let status = |error: &Error| match error {
        Error::Gone { status, .. } => *status,
        _ => None,
    };
    status(one).is_some() && status(one) == status(other)
}

/// Whether a program could not be started for want of something that the system may have again.
fn is_short(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    let is_out_of_files = matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE));
    #[cfg(not(unix))]
    let is_out_of_files = false;
    is_out_of_files
        || matches!(
            error.kind(),
            ErrorKind::WouldBlock
                | ErrorKind::Interrupted
                | ErrorKind::OutOfMemory
                | ErrorKind::ResourceBusy
                | ErrorKind::ExecutableFileBusy
        )
}

/// Whether a tool may be called twice where once was meant: it changes nothing, or nothing more the
/// second time (MCP 2025-11-25, `ToolAnnotations`).
pub(crate) fn is_repeatable(tool: &Tool) -> bool {
    const HINT: &str = "idempotentHint";
    if tool.effect == Effect::ReadOnly {
        return true;
    }
    // Few tools have it, and a definition can be long.
    tool.definition.contains(HINT)
        && serde_json::from_str::<Value>(tool.definition)
            .is_ok_and(|definition| definition["annotations"][HINT] == true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable(status: Option<u16>) -> Error {
        Error::Unreachable {
            url: "http://a".to_owned(),
            status,
            reason: String::new(),
            sent: true,
            retry_after: None,
        }
    }

    fn start(kind: ErrorKind) -> Error {
        Error::Start {
            command: "a".to_owned(),
            source: kind.into(),
        }
    }

    fn gone(status: Option<i32>) -> Error {
        Error::Gone {
            server: "a".to_owned(),
            what: String::new(),
            status,
            stderr: Vec::new(),
        }
    }

    #[test]
    fn what_may_pass_is_tried_again_and_nothing_else_is() {
        for status in [None, Some(408), Some(429), Some(502), Some(503), Some(504)] {
            assert!(may_pass(&unreachable(status)), "{status:?}");
        }
        for status in [400, 401, 403, 404, 409, 410, 500, 501, 505] {
            assert!(!may_pass(&unreachable(Some(status))), "{status}");
        }
        assert!(may_pass(&start(ErrorKind::WouldBlock)));
        assert!(!may_pass(&start(ErrorKind::NotFound)));
        assert!(may_pass(&gone(Some(1))));
        for error in [
            Error::usage("x"),
            Error::Protocol(String::new()),
            Error::Signal(crate::error::Exit::Interrupted),
            Error::Tool {
                tool: "x".to_owned(),
                words: String::new(),
            },
            Error::Refused {
                method: "x".to_owned(),
                code: -32603,
                message: String::new(),
                data: None,
            },
        ] {
            assert!(!may_pass(&error) && !is_away(&error), "{error}");
        }
    }

    #[test]
    fn a_server_that_is_not_there_is_told_from_one_that_is() {
        for error in [
            unreachable(None),
            unreachable(Some(500)),
            start(ErrorKind::NotFound),
            gone(None),
        ] {
            assert!(is_away(&error) && is_lost(&error), "{error}");
        }
        assert!(is_away(&unreachable(Some(429))) && !is_lost(&unreachable(Some(429))));
        assert!(!is_away(&unreachable(Some(404))));
    }

    #[test]
    fn an_end_is_the_same_only_where_the_server_chose_it() {
        assert!(is_the_same_end(&gone(Some(1)), &gone(Some(1))));
        assert!(!is_the_same_end(&gone(Some(1)), &gone(Some(2))));
        assert!(!is_the_same_end(&gone(None), &gone(None)));
    }

    #[test]
    fn a_tool_is_repeatable_if_somebody_says_so() {
        let tool = |effect, annotations: &str| {
            let definition = format!(r#"{{"name": "x", "annotations": {annotations}}}"#);
            is_repeatable(&Tool {
                effect,
                definition: definition.leak(),
                ..Tool::PLAIN
            })
        };
        assert!(tool(Effect::ReadOnly, "{}"));
        assert!(tool(Effect::Destructive, r#"{"idempotentHint": true}"#));
        for annotations in [
            "{}",
            "null",
            r#"{"idempotentHint": false}"#,
            r#"{"idempotentHint": "true"}"#,
            r#"{"title": "idempotentHint"}"#,
        ] {
            assert!(!tool(Effect::Additive, annotations), "{annotations}");
        }
    }
}
