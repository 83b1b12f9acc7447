//! From a crate on disk to a binary.
//!
//! Cargo does the work. What is decided here is where it builds, so that the dependencies of generated
//! crates are compiled once a machine (see `cache`), what is shown meanwhile (see `progress`), and
//! that the result appears at its place whole or not at all.

mod cache;
mod cargo;
mod lean;
mod progress;

use std::env::consts::EXE_SUFFIX;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io, path};

use crate::package::replace;

/// How to build.
#[derive(Debug, Clone)]
pub struct Options {
    /// The cargo profile.
    pub profile: String,
    /// Features of the crate to turn on beside its default ones.
    pub features: Vec<String>,
    /// Whether cargo stays off the network.
    pub offline: bool,
    /// Where cargo builds, instead of the cache.
    pub target: Option<PathBuf>,
    /// Whether nothing is said on stderr.
    pub quiet: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            profile: "release".into(),
            features: Vec::new(),
            offline: false,
            target: None,
            quiet: false,
        }
    }
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Where the binary is.
    pub binary: PathBuf,
    /// The crates that had to be compiled, in the order they were done; the others were in the cache.
    pub compiled: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Why there is no binary.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// There is nothing to build.
    #[error("no crate in {}", .0.display())]
    NoCrate(PathBuf),
    /// Cargo is not installed.
    #[error("cargo is not installed: `{}` was not found", .0.display())]
    NoCargo(PathBuf),
    /// Cargo could not be run.
    #[error("cannot run cargo")]
    Cargo(#[source] io::Error),
    /// Cargo or the compiler refused.
    #[error("the build of {} failed:\n{output}", directory.display())]
    Failed {
        /// The crate, which is kept.
        directory: PathBuf,
        /// The command that was run in it.
        command: String,
        /// The end of what it said.
        output: String,
    },
    /// The crate has no program in it.
    #[error("the crate in {} builds no program", .0.display())]
    NoProgram(PathBuf),
    /// The binary's place cannot be written to.
    #[error("cannot write {}", path.display())]
    Output {
        /// The place.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl CompileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoCargo(_) => Some(
                "install Rust from https://rustup.rs, or use `--bundle PATH`, which needs no toolchain".into(),
            ),
            Self::Failed { directory, command, .. } => {
                let directory = directory.to_string_lossy();
                let directory = shlex::try_quote(&directory).unwrap_or(directory.clone());
                Some(format!("the crate is kept; to build it by hand: cd {directory} && {command}"))
            }
            Self::Output { .. } => Some("name another place with `--compile PATH`".into()),
            Self::NoCrate(_) | Self::Cargo(_) | Self::NoProgram(_) => None,
        }
    }
}

/// Where a crate goes that the user did not ask for by a place of its own.
pub fn crate_folder(name: &str) -> PathBuf {
    let cache = cache::folder().unwrap_or_else(|| std::env::temp_dir().join("mcpress"));
    cache.join("crates").join(name)
}

/// Builds the crate in `directory` and puts its program at `output`, or in it if that is a directory.
///
/// # Errors
///
/// When there is no cargo, the build fails, or the place cannot be written to: the last is found out
/// before the build, not after it.
pub fn compile(directory: &Path, output: &Path, options: &Options) -> Result<Built, CompileError> {
    let start = Instant::now();
    let directory = absolute(directory)?;
    if !directory.join("Cargo.toml").is_file() {
        return Err(CompileError::NoCrate(directory));
    }
    let output = absolute(output)?;
    probe(&output)?;

    let built = cargo::build(&directory, options)?;
    let Some(executable) = built.executable else {
        return Err(CompileError::NoProgram(directory));
    };
    let binary = destination(&output, executable.file_name().unwrap_or_default());
    replace(&binary, |new| copy(&executable, new)).map_err(|source| CompileError::Output {
        path: binary.clone(),
        source,
    })?;
    Ok(Built {
        binary,
        compiled: built.compiled,
        elapsed: start.elapsed(),
    })
}

fn absolute(path: &Path) -> Result<PathBuf, CompileError> {
    path::absolute(path).map_err(|source| CompileError::Output {
        path: path.to_owned(),
        source,
    })
}

/// The binary's place: as the user wrote it, unless that is a directory, or a program by that name
/// would not run.
fn destination(output: &Path, program: &OsStr) -> PathBuf {
    if names_directory(output) {
        return output.join(program);
    }
    if EXE_SUFFIX.is_empty() || output.extension().is_some() {
        return output.to_owned();
    }
    let mut output = OsString::from(output);
    output.push(EXE_SUFFIX);
    output.into()
}

fn names_directory(output: &Path) -> bool {
    output.is_dir() || output.to_string_lossy().ends_with(path::is_separator)
}

/// Whether a file can be made where the binary goes.
fn probe(output: &Path) -> Result<(), CompileError> {
    let failed = |source| CompileError::Output {
        path: output.to_owned(),
        source,
    };
    let parent = if names_directory(output) {
        Some(output)
    } else {
        output.parent()
    };
    let parent = parent.ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    fs::create_dir_all(parent).map_err(failed)?;
    let file = parent.join(format!(".mcpress-{}", std::process::id()));
    fs::File::create(&file)
        .and_then(|_| fs::remove_file(&file))
        .map_err(failed)
}

fn copy(executable: &Path, to: &Path) -> io::Result<()> {
    fs::copy(executable, to)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(to, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
