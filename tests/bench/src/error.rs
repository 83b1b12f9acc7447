//! Why a measurement could not be made.

use std::path::PathBuf;

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line is wrong.
    #[error("{0}; see --help")]
    Usage(String),
    /// A file could not be read, written, copied or removed.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// A program could not be started.
    #[error("{program} could not be started: {source}")]
    Start {
        /// The program.
        program: String,
        /// What went wrong.
        source: std::io::Error,
    },
    /// A program failed that should not have, or the reverse, or said something else than it should.
    #[error("{program}: {what}")]
    Program {
        /// The program and its arguments.
        program: String,
        /// What it did.
        what: String,
    },
    /// A server's answer could not be had.
    #[error("the server {0}")]
    Server(String),
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }

    pub(crate) fn start(program: impl std::fmt::Debug) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Start {
            program: format!("{program:?}"),
            source,
        }
    }
}
