//! Why a command of `mcpress` ended early, with its exit status and a way out.

use std::path::{Path, PathBuf};

use mcpress_runtime::{Error, Exit};

use crate::capture::CaptureError;
use crate::origin::{OriginError, Places, known_servers};

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What the runtime has to say: of the server, of the command line.
    #[error(transparent)]
    Runtime(#[from] Error),
    /// The server was not found.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// The names of an earlier generation cannot be read.
    #[error("{}: {source}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: crate::lock::LockError,
    },
    /// The overlay cannot be used.
    #[error("{}: {source}", path.display())]
    Overlay {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: crate::overlay::OverlayError,
    },
    /// A selection of tools that selects none.
    #[error(transparent)]
    Select(#[from] crate::select::SelectError),
    /// The program cannot have this name.
    #[error(transparent)]
    Name(#[from] crate::package::NameError),
    /// The crate could not be written.
    #[error(transparent)]
    Package(#[from] crate::package::PackageError),
    /// The crate could not be compiled.
    #[error(transparent)]
    Compile(#[from] crate::compile::CompileError),
    /// The bundle could not be made.
    #[error(transparent)]
    Bundle(#[from] crate::bundle::BundleError),
    /// A file is no capture.
    #[error("{path}: {source}")]
    Capture {
        /// The file.
        path: String,
        /// Why.
        source: CaptureError,
    },
    /// Anything else, with its exit status.
    #[error("{message}")]
    Other {
        /// What is wrong.
        message: String,
        /// A way out.
        hint: Option<String>,
        /// The exit status.
        exit: Exit,
    },
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Other {
            message: message.into(),
            hint: None,
            exit: Exit::Usage,
        }
    }

    pub(crate) fn usage_with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Other {
            message: message.into(),
            hint: Some(hint.into()),
            exit: Exit::Usage,
        }
    }

    pub(crate) fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::Runtime(Error::Io {
            what: what.into(),
            source,
        })
    }

    pub(crate) fn capture(path: &Path, source: CaptureError) -> Self {
        Self::Capture {
            path: path.display().to_string(),
            source,
        }
    }

    pub(crate) fn not_a_source(path: &Path) -> Self {
        Self::usage_with_hint(
            format!(
                "{}: neither a capture nor a program that mcpress made",
                path.display()
            ),
            "save a capture with `mcpress inspect --command 'COMMAND …' --capture FILE`",
        )
    }

    pub(crate) fn no_server(places: &Places) -> Self {
        let known: Vec<String> = known_servers(places)
            .into_iter()
            .map(|(name, path)| format!("\n         {name} (in {})", path.display()))
            .collect();
        let known = if known.is_empty() {
            String::new()
        } else {
            format!(
                "; the client configs of this machine know:{}",
                known.concat()
            )
        };
        Self::usage_with_hint(
            "no server is named",
            format!("name one with --command, --url, --from, or SERVER{known}"),
        )
    }

    /// The exit status it ends the command with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Runtime(error) => error.exit(),
            Self::Origin(_)
            | Self::Name(_)
            | Self::Select(_)
            | Self::Lock { .. }
            | Self::Overlay { .. }
            | Self::Capture { .. } => Exit::Usage,
            Self::Package(_) | Self::Compile(_) | Self::Bundle(_) => Exit::Tool,
            Self::Other { exit, .. } => *exit,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Runtime(Error::MissingSlots { slots, .. }) => Some(format!(
                "set them, or give them for now with {}",
                slots
                    .iter()
                    .map(|slot| format!("--env {}=…", slot.name))
                    .collect::<Vec<_>>()
                    .join(" ")
            )),
            Self::Runtime(Error::Gone { stderr, .. }) => wants(stderr),
            Self::Runtime(Error::Unauthorized { .. }) => Some(
                "sign in by running this on a terminal, or with BROWSER and \
                 MCPRESS_MCP_SIGN_IN=always set; or give the header it wants with \
                 --header 'Authorization: Bearer ${TOKEN}'"
                    .to_owned(),
            ),
            Self::Runtime(error) => error.hint(),
            Self::Origin(error) => error.hint(),
            Self::Lock { source, .. } => Some(source.hint().to_owned()),
            Self::Overlay { source, .. } => source.hint(),
            Self::Name(error) => Some(error.hint()),
            Self::Select(error) => Some(error.hint()),
            Self::Package(error) => error.hint().map(Into::into),
            Self::Compile(error) => error.hint(),
            Self::Capture { .. } => Some(
                "save one with `mcpress inspect --command 'COMMAND …' --capture FILE`".to_owned(),
            ),
            Self::Bundle(_) => None,
            Self::Other { hint, .. } => hint.clone(),
        }
    }

    /// The last lines of the server's standard error, where it died or fell silent.
    pub fn stderr(&self) -> &[String] {
        match self {
            Self::Runtime(error) => error.stderr(),
            _ => &[],
        }
    }
}

/// The options for the variables that a dead server's last words name.
fn wants(stderr: &[String]) -> Option<String> {
    let names = crate::introspect::asked_for(stderr, |_| true);
    if names.is_empty() {
        return None;
    }
    let options: Vec<_> = names.iter().map(|name| format!("--env {name}")).collect();
    Some(format!(
        "it names variables: set them, and declare them with {}",
        options.join(" ")
    ))
}
