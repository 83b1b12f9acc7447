//! `--overlay` and `--init-overlay`.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;

use super::failure::Failure;
use super::print;
use crate::generate::GenerateError;
use crate::ir::Program;
use crate::overlay::{Overlay, init};

/// The overlay that the user named, or one that says nothing.
pub(super) struct UserOverlay {
    pub(super) overlay: Overlay,
    path: PathBuf,
}

impl UserOverlay {
    /// Reads the overlay that the line names.
    pub(super) fn of(matches: &ArgMatches) -> Result<Self, Failure> {
        let Some(path) = matches.get_one::<PathBuf>("overlay").cloned() else {
            return Ok(Self {
                overlay: Overlay::default(),
                path: PathBuf::new(),
            });
        };
        let text = std::fs::read_to_string(&path).map_err(|error| unread(&path, error))?;
        match Overlay::read(&text) {
            Ok(overlay) => Ok(Self { overlay, path }),
            Err(source) => Err(Failure::Overlay { path, source }),
        }
    }

    /// Why there is no program, with the overlay's file where it is about that.
    pub(super) fn failure(&self, error: GenerateError) -> Failure {
        let path = self.path.clone();
        match error {
            GenerateError::Select(error) => error.into(),
            GenerateError::Overlay(source) => Failure::Overlay { path, source },
        }
    }
}

fn unread(path: &Path, error: std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => Failure::usage_with_hint(
            format!("there is no overlay {}", path.display()),
            "write one to begin with: --init-overlay",
        ),
        _ => Failure::io(format!("cannot read {}", path.display()), error),
    }
}

/// Writes an overlay to begin with.
///
/// # Errors
///
/// When there is a file of that name, and `--force` is not given; or when it cannot be written.
pub(super) fn write_init(
    matches: &ArgMatches,
    program: &Program,
    say: impl Fn(&str),
) -> Result<ExitCode, Failure> {
    let text = init(program);
    let path = matches.get_one::<PathBuf>("init-overlay");
    let path = path.map_or(Path::new("mcpress.toml"), PathBuf::as_path);
    if path.as_os_str() == "-" {
        print(&text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut file = File::options();
    if matches.get_flag("force") {
        file.write(true).create(true).truncate(true);
    } else {
        file.write(true).create_new(true);
    }
    let written = file
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => {
            say(&format!("wrote {}", path.display()));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Failure::usage_with_hint(
            format!("{} is there already", path.display()),
            "name another file, or write over it with --force",
        )),
        Err(error) => Err(Failure::io(
            format!("cannot write {}", path.display()),
            error,
        )),
    }
}
