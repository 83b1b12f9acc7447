//! Files, for a shell that is not asked for them itself.

use std::path::{Path, PathBuf, is_separator};

use super::Candidate;

/// The files that a path can go on to.
pub(super) fn paths(typed: &str) -> Vec<Candidate> {
    let (folder, name) = typed.split_at(typed.rfind(is_separator).map_or(0, |at| at + 1));
    let Ok(entries) = std::fs::read_dir(place(folder)) else {
        return Vec::new();
    };
    let entry = |entry: std::fs::DirEntry| {
        let found = entry.file_name().into_string().ok()?;
        let is_shown = !found.starts_with('.') || name.starts_with('.');
        if !is_shown || !found.starts_with(name) {
            return None;
        }
        let path = format!("{folder}{found}");
        if std::fs::metadata(entry.path()).is_ok_and(|data| data.is_dir()) {
            Candidate::open(path + "/", "")
        } else {
            Candidate::new(path, "")
        }
    };
    let mut found: Vec<Candidate> = entries.flatten().filter_map(entry).collect();
    found.sort_by(|one, other| one.value.cmp(&other.value));
    found
}

/// The folder that is meant, a tilde being the home.
fn place(folder: &str) -> PathBuf {
    let home = || std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    match folder.strip_prefix("~/") {
        _ if folder.is_empty() => PathBuf::from("."),
        Some(rest) => home().map_or_else(|| folder.into(), |home| home.join(rest)),
        None => Path::new(folder).to_owned(),
    }
}
