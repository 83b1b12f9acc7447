//! Files, for a shell that is not asked for them itself.

use std::path::{Path, PathBuf, is_separator};

use super::{Answer, Candidate};

/// The files that a path can go on to.
pub(super) fn paths(typed: &str) -> Answer {
    let (folder, name) = typed.split_at(typed.rfind(is_separator).map_or(0, |at| at + 1));
    let Ok(entries) = std::fs::read_dir(place(folder)) else {
        return Answer::default();
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
    Answer::of(&mut entries.flatten().map(entry)).sorted()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_on_to_what_is_there() {
        let this = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");
        let at = |typed: &str| -> Vec<(String, bool)> {
            let found = paths(&format!("{this}{typed}")).candidates.into_iter();
            found
                .map(|found| (found.value[this.len()..].to_owned(), found.open))
                .collect()
        };
        assert_eq!(
            at("comp"),
            [
                ("complete.rs".to_owned(), false),
                ("complete/".to_owned(), true)
            ]
        );
        assert_eq!(at("complete/pa"), [("complete/path.rs".to_owned(), false)]);
        assert!(at("nothing-such/").is_empty());
    }
}
