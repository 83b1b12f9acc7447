//! The captures of real servers that tests try everything on.
//!
//! They are found by `MCPRESS_CORPUS`, or in `../shared/corpus` beside the workspace. Where there are
//! none, there is nothing to check.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use mcpress::capture::Capture;

/// Every capture there is, with its name.
pub(crate) fn corpus() -> Vec<(String, Capture)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let folder = env::var_os("MCPRESS_CORPUS").map_or_else(beside, PathBuf::from);
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("no corpus at {}: nothing to check", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let capture = Capture::read(&fs::read_to_string(&path).unwrap());
        (
            name.clone(),
            capture.unwrap_or_else(|error| panic!("{name}: {error}")),
        )
    };
    paths.into_iter().map(read).collect()
}
