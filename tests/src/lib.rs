//! What the end-to-end tests stand on: the programs under test, a private place to run them in, and
//! programs pressed from the fixture servers.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

mod pressed;
mod sandbox;

pub use pressed::{Kind, press, pressed};
pub use sandbox::{Outcome, Running, Sandbox, wait_until};

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The `mcpress` under test, built from the sources as they are.
pub fn mcpress() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        // Cargo does not build the programs of other packages for a test, and a program left from
        // an earlier build would test that one.
        let build = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--workspace",
                "--bins",
                "--manifest-path",
            ])
            .arg(root().join("Cargo.toml"))
            .stdin(Stdio::null())
            .status()
            .expect("cargo runs: it runs this test");
        assert!(build.success(), "the programs under test do not build");
        target_folder()
            .join("debug")
            .join(format!("mcpress{}", std::env::consts::EXE_SUFFIX))
    })
}

/// The command line of a fixture server.
pub fn fixture(name: &str) -> String {
    mcpress();
    let program = mcpress_fixtures::program().expect("the fixtures are built with the workspace");
    format!("{} {name}", program.display())
}

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package is a folder of the workspace")
}

fn target_folder() -> PathBuf {
    // A test is at target/PROFILE/deps/NAME, and a program at target/PROFILE/NAME.
    let program = std::env::current_exe().expect("a running program has a path");
    let is_test = program
        .parent()
        .is_some_and(|folder| folder.ends_with("deps"));
    program
        .ancestors()
        .nth(if is_test { 3 } else { 2 })
        .expect("what cargo builds is that deep in target")
        .to_owned()
}
