//! What can go wrong, and what the caller is told of it: a message, a hint, a code, an exit status.

mod told;

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::drift::report::Counts;
use crate::protocol::code;

/// The exit status of a program, a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// The tool answered.
    Success = 0,
    /// The tool failed, and said so.
    Tool = 1,
    /// The command line is wrong; nothing was sent.
    Usage = 2,
    /// A credential or an answer is missing, and a person must give it.
    Credential = 3,
    /// A policy, a person or the vault's operator said no.
    Denied = 4,
    /// The server could not be started or reached.
    Unreachable = 5,
    /// A limit on time ran out.
    Timeout = 6,
    /// The server broke the protocol, or is no longer what the program was made from.
    Protocol = 7,
    /// SIGHUP.
    HungUp = 129,
    /// SIGINT.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// How to sign in where nobody is there to do it.
#[derive(Debug)]
pub struct Invitation {
    /// The command that signs in.
    pub login: String,
    /// The page to sign in at.
    pub authorization_url: String,
}

/// What a vault said instead of a credential, as the caller is told of it.
///
/// The vault's own words, codes and statuses are read where it is spoken to; this is what is left of
/// them for somebody who does not know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The word for it in the JSON error line, from a closed list.
    pub code: &'static str,
    /// The exit status.
    pub exit: Exit,
    /// What is wrong, without a secret in it.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the same command may succeed when it is repeated.
    pub retryable: bool,
    /// What a program can go on with, for the JSON error line: `connect_url`, `approval_id`,
    /// `retry_after`, `missing_scopes`, …
    pub details: Map<String, Value>,
}

/// Why a run ended without an answer from the tool.
///
/// The message of each names the thing and has no advice in it: that is [`Error::hint`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command line, or the arguments it makes, are wrong.
    #[error("{message}")]
    Usage {
        /// What is wrong, all of it.
        message: String,
        /// A way out.
        hint: Option<String>,
    },
    /// The tool itself failed, in the words of its answer.
    #[error("{tool} failed{}{words}", match words.find('\n') {
        _ if words.is_empty() => "",
        Some(_) => ":\n",
        None => ": ",
    })]
    Tool {
        /// The tool.
        tool: String,
        /// Why, as it says.
        words: String,
    },
    /// Slots without a value.
    #[error("{} not set: {}", if slots.len() == 1 { "a value the server needs is" } else { "values the server needs are" }, listed(slots))]
    MissingSlots {
        /// The program whose `auth set` keeps them; empty for variables, which nobody keeps.
        program: String,
        /// Which.
        slots: Vec<Missing>,
    },
    /// The server could not be started.
    #[error("cannot start the server `{command}`: {source}")]
    Start {
        /// What was to be started.
        command: String,
        /// Why it was not.
        source: std::io::Error,
    },
    /// The server is gone.
    #[error("the server `{server}` {what}")]
    Gone {
        /// The command or address.
        server: String,
        /// What it did, as the end of the sentence.
        what: String,
        /// The status that it ended with, where it ended by itself.
        status: Option<i32>,
        /// The last lines it wrote on its standard error.
        stderr: Vec<String>,
    },
    /// The server could not be reached.
    #[error("cannot reach {url}: {reason}")]
    Unreachable {
        /// The address, without credentials.
        url: String,
        /// The HTTP status it answered with, if it answered.
        status: Option<u16>,
        /// Why.
        reason: String,
        /// Whether the request may have got there: false where nothing of it left this machine.
        sent: bool,
        /// How long the server asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The server has failed so often in this process that it is left alone for a while.
    #[error("{server} has failed too often in a row, and is left alone for another {left:.0?}")]
    CircuitOpen {
        /// The address, without credentials.
        server: String,
        /// For how long.
        left: Duration,
    },
    /// The server could not be had, however often it was tried.
    #[error("{cause}{}", match attempts {
        0 | 1 => String::new(),
        attempts => format!(" (after {attempts} attempts)"),
    })]
    Attempted {
        /// How often it was tried, the fallback included.
        attempts: u32,
        /// Whether the call may have been carried out; none for a request that does nothing.
        sent: Option<bool>,
        /// Whether the call may be repeated, even so.
        repeatable: bool,
        /// What became of the server that has this one for its fallback.
        first: Option<String>,
        /// What became of the last attempt.
        cause: Box<Self>,
    },
    /// The server asks for a sign-in.
    #[error("{url} asks for authorization{}", challenge.as_deref().map(|challenge| format!(" ({challenge})")).unwrap_or_default())]
    Unauthorized {
        /// The address, without credentials.
        url: String,
        /// The `WWW-Authenticate` header.
        challenge: Option<String>,
        /// How to sign in, where that is known.
        invitation: Option<Box<Invitation>>,
    },
    /// Nobody could be signed in.
    #[error("cannot sign in to {url}: {reason}")]
    SignIn {
        /// The address, without credentials.
        url: String,
        /// Why not.
        reason: String,
        /// A way out.
        hint: Option<String>,
    },
    /// The server asked for what only a person could answer, and there was none.
    #[error("{message}")]
    Asked {
        /// What it asked for.
        message: String,
        /// How it can be answered.
        hint: String,
        /// Each question: `{mode, message, schema}` or `{mode, message, url}`.
        asked: Vec<Value>,
    },
    /// The vault gave no credential, or a person has to do something first.
    #[error("{}", .0.message)]
    Vault(Box<Fault>),
    /// The call is not allowed, and was not made.
    #[error("{message}")]
    Denied {
        /// The word for it in the JSON error line: `policy_denied`, `confirmation_required`.
        code: &'static str,
        /// What is not allowed, and by which rule.
        message: String,
        /// A way out.
        hint: Option<String>,
    },
    /// A limit on time ran out.
    #[error("no answer to {what} within {limit:?}")]
    Timeout {
        /// The phase or request.
        what: String,
        /// The limit.
        limit: Duration,
        /// The last lines the server wrote on its standard error.
        stderr: Vec<String>,
    },
    /// The server answered a request with a JSON-RPC error.
    #[error("the server refused {method}: {message} ({code})")]
    Refused {
        /// The method.
        method: String,
        /// The error's code (JSON-RPC 2.0, section 5.1).
        code: i64,
        /// The error's message.
        message: String,
        /// The error's data.
        data: Option<Box<Value>>,
    },
    /// The server broke the protocol.
    #[error("the server broke the protocol: {0}")]
    Protocol(String),
    /// The server is no longer what the program was made from.
    #[error("the server is not what it was: {counts}")]
    Drift {
        /// What changed, in numbers.
        counts: Counts,
        /// A line that makes the program again.
        again: String,
    },
    /// The wait for a task ended before the task did.
    #[error("{cause}")]
    Unfinished {
        /// The task's id.
        task: String,
        /// How to go on with it.
        hint: String,
        /// Why it ended.
        cause: Box<Self>,
    },
    /// The program's own table cannot be used.
    #[error("this program is damaged: {0}")]
    Damaged(String),
    /// The log of calls is not what was written.
    #[error("{0}")]
    Audit(String),
    /// Something that calls need was found not to work.
    #[error("{} not work: see above", match found {
        1 => "1 thing does".to_owned(),
        found => format!("{found} things do"),
    })]
    Findings {
        /// How many things.
        found: usize,
        /// The exit status of the worst.
        exit: Exit,
    },
    /// A signal asked the program to end.
    #[error("{}", match .0 {
        Exit::HungUp => "the terminal is gone",
        Exit::Terminated => "terminated",
        _ => "interrupted",
    })]
    Signal(Exit),
    /// The program's own input or output failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

/// A value that the server needs and nobody gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The slot's name.
    pub name: String,
    /// What it is; empty where nobody said.
    pub about: String,
}

impl Missing {
    pub(crate) fn new(name: &str, about: &str) -> Self {
        Self {
            name: name.to_owned(),
            about: about.to_owned(),
        }
    }
}

fn listed(slots: &[Missing]) -> String {
    let words = slots.iter().map(|slot| match slot.about.as_str() {
        "" => slot.name.clone(),
        about => format!("{} ({about})", slot.name),
    });
    words.collect::<Vec<_>>().join(", ")
}

impl Error {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn usage_with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// Whether it is what a server that was reached said or did.
    pub(crate) fn is_of_server(&self) -> bool {
        match self {
            Self::Attempted { cause, .. } => cause.is_of_server(),
            Self::Tool { .. }
            | Self::Refused { .. }
            | Self::Protocol(_)
            | Self::Gone { .. }
            | Self::Unreachable { .. }
            | Self::Timeout { .. } => true,
            _ => false,
        }
    }

    /// The word for it in the JSON error line, from a closed list.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Usage { .. } => "usage",
            Self::Tool { .. } => "tool_error",
            Self::MissingSlots { .. } => "missing_credential",
            Self::Start { .. } => "start_failed",
            Self::Gone { .. } => "server_gone",
            Self::Unreachable { .. } => "unreachable",
            Self::CircuitOpen { .. } => "circuit_open",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Asked { .. } => "input_required",
            Self::SignIn { .. } => "sign_in_failed",
            Self::Vault(fault) => fault.code,
            Self::Denied { code, .. } => code,
            Self::Timeout { .. } => "timeout",
            Self::Refused { .. } => "refused",
            Self::Protocol(_) => "protocol",
            Self::Drift { .. } => "drift",
            Self::Unfinished { cause, .. } | Self::Attempted { cause, .. } => cause.code(),
            Self::Damaged(_) => "damaged",
            Self::Audit(_) => "audit_broken",
            Self::Findings { .. } => "findings",
            Self::Signal(Exit::HungUp | Exit::Terminated) => "terminated",
            Self::Signal(_) => "interrupted",
            Self::Io { .. } => "io",
        }
    }

    /// The exit status it ends the program with.
    pub fn exit(&self) -> Exit {
        match self {
            // -32602 is "invalid params" and -32002 "resource not found": what was asked for is at fault,
            // not the server.
            Self::Usage { .. }
            | Self::Refused {
                code: -32602 | -32002,
                ..
            } => Exit::Usage,
            Self::MissingSlots { .. }
            | Self::Unauthorized { .. }
            | Self::SignIn { .. }
            | Self::Asked { .. }
            | Self::Refused {
                code: code::PAGES_REQUIRED,
                ..
            } => Exit::Credential,
            Self::Start { .. }
            | Self::Gone { .. }
            | Self::Unreachable { .. }
            | Self::CircuitOpen { .. } => Exit::Unreachable,
            Self::Vault(fault) => fault.exit,
            Self::Denied { .. } => Exit::Denied,
            Self::Timeout { .. } => Exit::Timeout,
            Self::Refused { .. } | Self::Protocol(_) | Self::Drift { .. } | Self::Damaged(_) => {
                Exit::Protocol
            }
            Self::Signal(exit) | Self::Findings { exit, .. } => *exit,
            Self::Unfinished { cause, .. } | Self::Attempted { cause, .. } => cause.exit(),
            Self::Tool { .. } | Self::Audit(_) | Self::Io { .. } => Exit::Tool,
        }
    }
}
