//! Programs pressed from the fixture servers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;

use crate::{Sandbox, fixture, mcpress};

/// The two ways to make a program. Both must behave alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A crate, compiled.
    Compiled,
    /// A runner with the spec behind it.
    Bundled,
}

impl Kind {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Compiled, Self::Bundled];
}

/// The program pressed from a fixture server, made once a run of the tests.
#[track_caller]
pub fn pressed(kind: Kind, server: &str) -> PathBuf {
    type Made = Mutex<HashMap<(Kind, String), PathBuf>>;
    static MADE: OnceLock<(TempDir, Made)> = OnceLock::new();
    let (folder, made) = MADE.get_or_init(|| {
        (
            tempfile::tempdir().expect("a temporary folder can be made"),
            Mutex::default(),
        )
    });
    // Held while a program is made, so that a second test waits for it instead of making it again.
    let mut made = made
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let key = (kind, server.to_owned());
    if let Some(path) = made.get(&key) {
        return path.clone();
    }
    let path = folder
        .path()
        .join(format!("{server}-{kind:?}").to_lowercase());
    press(
        &Sandbox::new(),
        kind,
        server,
        &path,
        &["--command", &fixture(server)],
    );
    made.insert(key, path.clone());
    path
}

/// Presses a program at a place, with these options beside its name.
#[track_caller]
pub fn press(sandbox: &Sandbox, kind: Kind, name: &str, path: &Path, options: &[&str]) {
    let path = path.to_str().expect("temporary folders have plain names");
    let mut line = vec!["generate-cli", "--name", name];
    let crate_folder = format!("{path}-crate");
    match kind {
        // Unoptimised, because that is how the tests have built the dependencies already.
        Kind::Compiled => line.extend([
            "--profile",
            "dev",
            "--out",
            &crate_folder,
            "--compile",
            path,
        ]),
        Kind::Bundled => line.extend(["--bundle", path]),
    }
    line.extend(options);
    sandbox.run(mcpress(), line).exits(0);
}
