//! Why a server could not be located, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::shown;

/// Why a server could not be located. No message holds a value: what was typed may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// A command line without a program.
    #[error("the command names no program")]
    NoProgram,
    /// A quote that never closes, or a backslash at the end.
    #[error("the command has an unbalanced quote or ends in a backslash")]
    UnbalancedQuote,
    /// An unquoted operator of the shell.
    #[error("the command holds `{operator}`, which only a shell would understand")]
    ShellSyntax {
        /// The operator, such as `|`.
        operator: &'static str,
    },
    /// Not an absolute URL.
    #[error("not a URL: {reason}")]
    NotUrl {
        /// What the parser said.
        reason: String,
    },
    /// A URL of another kind.
    #[error("a server is not reached by `{scheme}:`, only by `http:`, `https:` and `unix:`")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// A URL with `user:password@`.
    #[error("the URL holds credentials before its host")]
    UrlCredentials,
    /// A header without a colon. Its text is not shown: it may be all value.
    #[error("header {index} has no `:` between its name and its value")]
    HeaderSyntax {
        /// Which of the headers, from 1.
        index: usize,
    },
    /// A header's name with characters that no name has.
    #[error("`{}` cannot be a header's name", shown(.name))]
    HeaderName {
        /// The name.
        name: String,
    },
    /// A header's value with characters that no value has.
    #[error("the value of header `{}` holds a line break, a control character or one beyond ASCII", shown(.name))]
    HeaderValue {
        /// The header's name.
        name: String,
    },
    /// A header for a server that is not reached by a URL.
    #[error("header `{}` has nowhere to go: the server is not reached by a URL", shown(.name))]
    HeaderWithoutUrl {
        /// The header's name.
        name: String,
    },
    /// A name that no environment variable has.
    #[error("`{}` cannot be the name of an environment variable", shown(.name))]
    EnvName {
        /// The name.
        name: String,
    },
    /// A NUL character, which neither a process nor a header can be given.
    #[error("{what} holds a NUL character")]
    Nul {
        /// Where it was found.
        what: String,
    },
    /// A config that cannot be read.
    #[error("config {} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A config that is neither JSON nor YAML.
    #[error("config {}, line {line}, column {column}: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser said.
        reason: String,
    },
    /// No config names such a server.
    #[error("no server named `{}`{}", shown(.name), listing(.known, .config.as_deref()))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names there are, and the file of each.
        known: Vec<(String, PathBuf)>,
        /// The one that was perhaps meant.
        nearest: Option<String>,
        /// The only file that was asked, if there was one.
        config: Option<PathBuf>,
    },
    /// A config's entry of another shape.
    #[error("server `{}` in {}: {reason}", shown(.name), .path.display())]
    Entry {
        /// The server.
        name: String,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A config's entry with something in it that is refused wherever it comes from.
    #[error("server `{}` in {}: {source}", shown(.name), .path.display())]
    InEntry {
        /// The server.
        name: String,
        /// The file.
        path: PathBuf,
        /// What is refused.
        source: Box<OriginError>,
    },
}

impl OriginError {
    /// What the user can do about it, in a sentence.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoProgram => "give the program and its arguments, as in `uvx altr-mcp`".to_owned(),
            Self::UnbalancedQuote => "close the quote, or write `\\'` or `\\\"` for the character itself".to_owned(),
            Self::ShellSyntax { operator } => format!(
                "no shell runs the command: quote `{operator}` if the server is to get it, or start a shell yourself, as in `sh -c '…'`"
            ),
            Self::NotUrl { .. } => "write the whole URL, as in `https://example.com/mcp`".to_owned(),
            Self::Scheme { scheme } if scheme == "localhost" || scheme.contains('.') => {
                "write the whole URL, as in `http://localhost:8080/mcp`".to_owned()
            }
            Self::Scheme { .. } => "a program that speaks over its standard streams is given with --command".to_owned(),
            Self::UrlCredentials => {
                "send them in a header that is filled at run time: --header 'Authorization: Basic ${BASIC_AUTH}'".to_owned()
            }
            Self::HeaderSyntax { .. } => "write --header 'Name: value', with ${NAME} for what must stay secret".to_owned(),
            Self::HeaderName { .. } => "a name has ASCII letters, digits and -".to_owned(),
            Self::HeaderValue { .. } => "write the value in one line of ASCII, or put ${NAME} in its place".to_owned(),
            Self::HeaderWithoutUrl { .. } => {
                "headers go with --url; a program gets its values from its environment, with --env".to_owned()
            }
            Self::EnvName { .. } => "write NAME, NAME=VALUE or NAME?, the name of letters, digits and _".to_owned(),
            Self::Unknown { nearest: Some(nearest), .. } => format!("did you mean `{}`?", shown(nearest)),
            Self::Unknown { name, .. } if name.contains("://") => "a URL is given with --url".to_owned(),
            Self::Unknown { name, .. } if name.contains(char::is_whitespace) => {
                "a command line is given with --command".to_owned()
            }
            Self::Unknown { known, config: Some(_), .. } if known.is_empty() => {
                "a config has its servers under `mcpServers` or `servers`, by name or in a list".to_owned()
            }
            Self::Unknown { known, .. } if known.is_empty() => {
                "give the server with --command or --url, or point --config at the file that names it".to_owned()
            }
            Self::InEntry { source, .. } => return source.hint(),
            Self::Unknown { .. }
            | Self::Nul { .. }
            | Self::Unreadable { .. }
            | Self::Malformed { .. }
            | Self::Entry { .. } => return None,
        };
        Some(hint)
    }
}

/// The servers there are, by the file that names them.
fn listing(known: &[(String, PathBuf)], config: Option<&Path>) -> String {
    if known.is_empty() {
        return match config {
            Some(config) => format!(": config {} names none", config.display()),
            None => ": no config names any".to_owned(),
        };
    }
    let mut files: Vec<(&PathBuf, Vec<String>)> = Vec::new();
    for (name, path) in known {
        let name = format!("`{}`", shown(name));
        match files.iter_mut().find(|(file, _)| *file == path) {
            Some((_, names)) => names.push(name),
            None => files.push((path, vec![name])),
        }
    }
    let files: Vec<String> = files
        .iter()
        .map(|(path, names)| format!("{} in {}", names.join(", "), path.display()))
        .collect();
    format!("; there is {}", files.join("; "))
}
