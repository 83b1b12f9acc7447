//! From the text of the sources to a crate on disk that builds with cargo alone.
//!
//! ```text
//! Cargo.toml  Cargo.lock  README.md  .gitignore
//! capture.json            what the server said: generate again from it with no server
//! mcpress.lock            the names that were given: the next generation keeps them
//! src/…                   the table
//! vendor/mcpress-runtime-<hash>/…
//! ```
//!
//! [`files`] says what the crate is, and is a function of its arguments; [`write()`] puts
//! that on disk.

mod embedded;
mod lock;
mod manifest;
mod name;
mod readme;
mod tree;

pub use name::{CrateName, NameError};
pub(crate) use tree::replace;
pub use tree::{Ownership, PackageError, Written, write};

use sha2::{Digest, Sha256};

use crate::ir::Program;

/// What a crate is made of.
#[derive(Debug, Clone, Copy)]
pub struct Package<'a> {
    /// The name of the crate and its program.
    pub name: &'a CrateName,
    /// The program, for what the manifest and the README say of it.
    pub program: &'a Program,
    /// The Rust files of the crate itself.
    pub sources: &'a [File],
    /// The text of `capture.json`.
    pub capture: &'a str,
    /// The text of `mcpress.lock`.
    pub lock: &'a str,
}

/// One file of a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where it goes, relative to the crate, with `/` between the parts.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl File {
    /// A file from its path and its text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }
}

/// Every file of the crate; `mcpress.lock`, by which mcpress knows its directory again, is the first.
pub fn files(package: &Package<'_>) -> Vec<File> {
    let Package {
        name,
        program,
        sources,
        capture,
        lock,
    } = *package;
    let version = version(sources);
    let mut files = vec![
        File::new(tree::MARKER, lock),
        File::new(
            "Cargo.toml",
            manifest::text(name, &version, program.speaks_http()),
        ),
        File::new("Cargo.lock", lock::text(embedded::LOCK, name, &version)),
        File::new("README.md", readme::text(name, program)),
        File::new("capture.json", capture),
        File::new(".gitignore", "/target\n"),
    ];
    files.extend(sources.iter().cloned());
    let directory = embedded::DIRECTORY;
    files.extend(
        embedded::files().map(|(path, text)| File::new(format!("{directory}/{path}"), text)),
    );
    files
}

/// The crate's version, which ends in a hash of its sources.
///
/// All generated crates are built in one target directory, where cargo tells two of the same name
/// apart by nothing but their version and their files' times. Without the hash, a crate generated
/// before another of its name was built would pass for it, and its user get the other's binary.
fn version(sources: &[File]) -> String {
    let mut hash = Sha256::new();
    for File { path, text } in sources {
        for part in [path, text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    let hash: String = hash.finalize()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("0.1.0+{hash}")
}

#[cfg(test)]
mod tests;
