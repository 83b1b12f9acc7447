//! Files on disk: written whole or not at all, and only where they changed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::File;
use super::embedded;
use crate::emit::HEADER;
use crate::parallel;

/// The file by which mcpress knows a directory as its own.
pub(super) const MARKER: &str = "mcpress.lock";

/// The fewest files that are worth a thread of their own.
const FEWEST: usize = 64;

/// Whether a directory that mcpress did not make may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// Only an empty directory, or one that mcpress made.
    Required,
    /// Any directory: files of the same names are replaced.
    Forced,
}

/// What was done to a directory; paths are relative to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// Files that were made or changed.
    pub written: Vec<String>,
    /// How many were as they should be, and left alone.
    pub unchanged: usize,
    /// Files and directories of an earlier generation that are gone.
    pub removed: Vec<String>,
}

/// Why a crate could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The directory holds something else.
    #[error("{} is not empty and was not made by mcpress", .0.display())]
    Foreign(PathBuf),
    /// There is a file where the directory goes.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// The file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl PackageError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Foreign(_) => Some(
                "name another directory with `--out`, or say `--force` to write there all the same",
            ),
            Self::NotADirectory(_) => Some("name another directory with `--out`"),
            Self::Io { .. } => None,
        }
    }
}

/// Makes `directory` hold these files, and none of an earlier generation.
///
/// A file that is as it should be is not touched, so that cargo builds nothing again; every other is
/// written beside its place and moved there, so that no reader sees half of one. What mcpress did not
/// write is left alone.
///
/// # Errors
///
/// When the directory is not mcpress's to write to, or the file system refuses.
pub fn write(
    directory: &Path,
    files: &[File],
    ownership: Ownership,
) -> Result<Written, PackageError> {
    claim(directory, ownership)?;
    let places: Vec<PathBuf> = files
        .iter()
        .map(|file| directory.join(&file.path))
        .collect();
    let parents: BTreeSet<&Path> = places.iter().filter_map(|place| place.parent()).collect();
    for parent in parents {
        fs::create_dir_all(parent).map_err(failed("create", parent))?;
    }
    let put = parallel::map(files, FEWEST, |index, file| put(file, &places[index]));
    let mut done = Written::default();
    for (file, is_new) in files.iter().zip(put) {
        match is_new? {
            true => done.written.push(file.path.clone()),
            false => done.unchanged += 1,
        }
    }
    let current: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    remove_sources(directory, "src", &current, &mut done.removed)?;
    remove_runtimes(directory, &current, &mut done.removed)?;
    Ok(done)
}

/// Puts a file at its place; whether it was another before, or none.
///
/// A file of the runtime gets a time long past, the same in every crate. The crates share a target
/// directory, where the runtime was built for the first of them. Cargo builds it again when one of its
/// files is newer than that, which in a crate generated later each would be. Its path changes when its
/// content does, so the time need not.
fn put(File { path, text }: &File, place: &Path) -> Result<bool, PackageError> {
    let long_past = SystemTime::UNIX_EPOCH + Duration::from_secs(978_307_200); // 2001-01-01
    let time = path.starts_with(embedded::PREFIX).then_some(long_past);
    if fs::read(place).is_ok_and(|old| old == text.as_bytes()) {
        if let Some(time) = time {
            age(place, time).map_err(failed("set the time of", place))?;
        }
        return Ok(false);
    }
    let fill = |new: &Path| {
        let mut file = fs::File::create(new)?;
        file.write_all(text.as_bytes())?;
        time.map_or(Ok(()), |time| file.set_modified(time))
    };
    replace(place, fill).map_err(failed("write", place))?;
    Ok(true)
}

/// Puts what `fill` writes at `place`, at once.
///
/// A program that runs from `place` goes on with the old file. Windows does not let go of one that
/// runs, but lets it be moved aside.
pub(crate) fn replace(place: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let beside = |suffix: &str| {
        let mut name = OsString::from(".");
        name.push(place.file_name().unwrap_or_default());
        name.push(format!(".{}.{suffix}", std::process::id()));
        place.with_file_name(name)
    };
    let new = beside("new");
    let result = fill(&new).and_then(|()| {
        fs::rename(&new, place).or_else(|error| {
            if !cfg!(windows) {
                return Err(error);
            }
            let old = beside("old");
            fs::rename(place, &old)?;
            fs::rename(&new, place)?;
            // Refused while it runs; then it stays, hidden.
            let _ = fs::remove_file(old);
            Ok(())
        })
    });
    if result.is_err() {
        let _ = fs::remove_file(new);
    }
    result
}

fn claim(directory: &Path, ownership: Ownership) -> Result<(), PackageError> {
    match fs::metadata(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("read", directory)(error)),
        Ok(metadata) if !metadata.is_dir() => {
            return Err(PackageError::NotADirectory(directory.to_owned()));
        }
        Ok(_) => {}
    }
    if ownership == Ownership::Forced || directory.join(MARKER).is_file() {
        return Ok(());
    }
    for entry in fs::read_dir(directory).map_err(failed("read", directory))? {
        // A fresh repository is as good as empty.
        if entry.map_err(failed("read", directory))?.file_name() != ".git" {
            return Err(PackageError::Foreign(directory.to_owned()));
        }
    }
    Ok(())
}

/// Gives a file a time, if it has another.
fn age(file: &Path, time: SystemTime) -> io::Result<()> {
    if fs::metadata(file)?.modified()? == time {
        return Ok(());
    }
    fs::File::options()
        .write(true)
        .open(file)?
        .set_modified(time)
}

/// Removes the modules that an earlier generation wrote and this one did not.
fn remove_sources(
    root: &Path,
    below: &str,
    current: &BTreeSet<&str>,
    removed: &mut Vec<String>,
) -> Result<(), PackageError> {
    for (name, is_directory) in entries(&root.join(below))? {
        let path = format!("{below}/{name}");
        let place = root.join(&path);
        if is_directory {
            remove_sources(root, &path, current, removed)?;
            // Refused, as it should be, unless nothing is left in it.
            let _ = fs::remove_dir(&place);
        } else if name.ends_with(".rs") && !current.contains(path.as_str()) && is_ours(&place) {
            fs::remove_file(&place).map_err(failed("remove", &place))?;
            removed.push(path);
        }
    }
    Ok(())
}

/// Removes the runtimes of earlier generations.
fn remove_runtimes(
    root: &Path,
    current: &BTreeSet<&str>,
    removed: &mut Vec<String>,
) -> Result<(), PackageError> {
    for (name, is_directory) in entries(&root.join("vendor"))? {
        let path = format!("vendor/{name}");
        let is_current = current.iter().any(|file| {
            file.strip_prefix(path.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        });
        if is_directory && path.starts_with(embedded::PREFIX) && !is_current {
            let place = root.join(&path);
            fs::remove_dir_all(&place).map_err(failed("remove", &place))?;
            removed.push(path);
        }
    }
    Ok(())
}

fn is_ours(source: &Path) -> bool {
    fs::read_to_string(source).is_ok_and(|text| {
        text.lines()
            .next()
            .and_then(|line| line.strip_prefix("//! "))
            == Some(HEADER)
    })
}

/// What is in a directory, and whether each is a directory itself, by name; nothing if there is none.
fn entries(directory: &Path) -> Result<Vec<(String, bool)>, PackageError> {
    let listing = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing.map_err(failed("read", directory))?,
    };
    let mut entries = Vec::new();
    for entry in listing {
        let entry = entry.map_err(failed("read", directory))?;
        let kind = entry.file_type().map_err(failed("read", directory))?;
        // A name that is not Unicode is none of ours.
        if let Ok(name) = entry.file_name().into_string() {
            entries.push((name, kind.is_dir()));
        }
    }
    entries.sort();
    Ok(entries)
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PackageError {
    let path = path.to_owned();
    move |source| PackageError::Io {
        action,
        path,
        source,
    }
}
