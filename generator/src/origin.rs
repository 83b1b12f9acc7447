//! Where a server comes from.
//!
//! The user types a command line, a URL, or the name a client config has for a server; [`locate`]
//! makes an [`Origin`] of it. Whichever it was, the origin holds templates only: what a config gives
//! as a literal `env` value, or what looks like a credential in a header, is taken out and becomes a
//! named [slot](Slot). The values themselves go into [`Values`], which live as long as the server is
//! introspected and can be neither printed nor stored.
//!
//! ```text
//! --command ──▶ command_line ─┐
//! --url ──────▶ endpoint ─────┼─▶ Draft ──finish──▶ Origin
//! SERVER ─────▶ search ─▶ entry ┘    ▲
//!                         --env, --header, overlay
//! ```

use std::fmt;
use std::path::PathBuf;

use crate::capture;
use crate::ir::{Slot, Transport};

mod command_line;
mod config_file;
mod credential;
mod draft;
mod endpoint;
mod entry;
mod error;
mod jsonc;
mod places;
mod search;
mod template;
mod values;
mod yaml;

pub use error::OriginError;
pub use places::Places;
pub use search::known_servers;
pub use values::Values;

use draft::Draft;

/// Where a server comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// How the server is started or reached, with `${SLOT}` in the place of what is not stored.
    pub transport: Transport,
    /// The named values it needs, sorted by name, each once.
    pub slots: Vec<Slot>,
    /// Values known now, for introspection only.
    pub values: Values,
    /// The config it was found in.
    pub source: Option<PathBuf>,
    /// What the user should know, one sentence each, without any value.
    pub warnings: Vec<String>,
}

/// What the user asked for.
#[derive(Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A program to be started, as a line.
    Command(String),
    /// A remote server.
    Url(String),
    /// A server that a client config names.
    Named {
        /// Its name there.
        name: String,
        /// The only config to look in.
        config: Option<PathBuf>,
    },
    /// The server that a capture says it is of.
    Captured(capture::Origin),
    /// No server: all that is known comes from a capture.
    Nothing,
}

/// What the user says of a server beside where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Additions {
    /// Each `--env`: `NAME`, `NAME=VALUE`, `NAME?` or `NAME?=VALUE`.
    pub env: Vec<String>,
    /// Each `--header`: `NAME: VALUE`.
    pub headers: Vec<String>,
    /// The slots of an [overlay](crate::overlay::Overlay::slots), which has the last word on whether
    /// they are required.
    pub slots: Vec<(String, Option<bool>)>,
}

/// Locates a server, with what the user says of it on top.
///
/// # Errors
///
/// When the line, URL, name, variable or header cannot be one, or no config names the server. No
/// error holds a value.
///
/// ```
/// use mcpress::origin::{Additions, Places, Wanted, locate};
///
/// let wanted = Wanted::Url("https://mcp.example.com/mcp".to_owned());
/// let additions = Additions {
///     headers: vec!["Authorization: Bearer ${ALTR_TOKEN}".to_owned()],
///     ..Additions::default()
/// };
/// let origin = locate(&wanted, &additions, &Places::of_this_machine())?;
/// assert_eq!(origin.slots[0].name, "ALTR_TOKEN");
/// # Ok::<(), mcpress::origin::OriginError>(())
/// ```
pub fn locate(
    wanted: &Wanted,
    additions: &Additions,
    places: &Places,
) -> Result<Origin, OriginError> {
    let mut draft = match wanted {
        Wanted::Command(line) => command_line::draft(line)?,
        Wanted::Url(url) => endpoint::draft(url)?,
        Wanted::Named { name, config } => search::draft(name, config.as_deref(), places)?,
        Wanted::Captured(origin) => Draft::captured(origin),
        Wanted::Nothing => Draft::unknown(),
    };
    for (index, text) in additions.headers.iter().enumerate() {
        let (name, value) = endpoint::header(index + 1, text)?;
        draft.bind_header(name, value)?;
    }
    for text in &additions.env {
        draft.declare(text)?;
    }
    for (name, required) in &additions.slots {
        draft.pass_on(name)?;
        if let Some(required) = required {
            draft.require(name, *required);
        }
    }
    draft.finish()
}

/// A command line or a URL may hold a secret, so neither is shown.
impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(_) => f.write_str("Command(<redacted>)"),
            Self::Url(_) => f.write_str("Url(<redacted>)"),
            Self::Named { name, config } => f
                .debug_struct("Named")
                .field("name", name)
                .field("config", config)
                .finish(),
            Self::Captured(_) => f.write_str("Captured(<redacted>)"),
            Self::Nothing => f.write_str("Nothing"),
        }
    }
}

/// A text from elsewhere, safe to put in a message: control and direction characters are spelt out.
fn shown(text: &str) -> String {
    let is_unsafe = |char: char| {
        char.is_control()
            || matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|char| {
            if is_unsafe(char) {
                char.escape_unicode().to_string()
            } else {
                char.to_string()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
