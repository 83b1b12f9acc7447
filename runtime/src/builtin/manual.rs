//! `self man DIR`: the program's manual as files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, ValueHint, value_parser};
use serde_json::json;

use crate::error::Error;
use crate::manual::pages;
use crate::output::pretty;
use crate::run::Run;
use crate::settings::Format;

/// Adds what it takes to the command.
pub(super) fn options(command: Command) -> Command {
    command
        .long_about(
            "Write the manual: a page for this program and one for each tool. A file is written only \
             if its text changed. `man -l DIR/PAGE` shows a page; in a folder man1 of a MANPATH, `man \
             PAGE` does.",
        )
        .arg(
            Arg::new("dir")
                .value_name("DIR")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .value_hint(ValueHint::DirPath)
                .help("The folder, which is made if need be"),
        )
}

/// Writes the pages, and says which.
pub(super) fn write(run: &Run, matches: &ArgMatches) -> Result<String, Error> {
    let folder = matches
        .get_one::<PathBuf>("dir")
        .map_or(Path::new("."), PathBuf::as_path);
    let failed = |path: &Path| {
        let what = format!("cannot write {}", path.display());
        |source| Error::Io { what, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let pages = pages(run.spec);
    let mut written = Vec::new();
    for (name, text) in &pages {
        let path = folder.join(name);
        if put(&path, text).map_err(failed(&path))? {
            written.push(name);
        }
    }
    if run.printer.format() != Format::Text {
        let unchanged = pages.len() - written.len();
        let told = json!({"directory": folder, "written": written, "unchanged": unchanged});
        return Ok(pretty(&told));
    }
    Ok(format!(
        "{}: {} pages, {} written\n",
        folder.display(),
        pages.len(),
        written.len()
    ))
}

/// Puts a text into a file that does not have it yet, all of it at once.
fn put(path: &Path, text: &str) -> io::Result<bool> {
    if fs::read(path).is_ok_and(|known| known == text.as_bytes()) {
        return Ok(false);
    }
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let renamed = fs::write(&draft, text).and_then(|()| fs::rename(&draft, path));
    if renamed.is_err() {
        // It may not even have been made.
        let _ = fs::remove_file(&draft);
    }
    renamed.map(|()| true)
}
