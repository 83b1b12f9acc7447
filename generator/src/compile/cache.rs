//! Where cargo builds: one target directory for every generated crate of a user.
//!
//! The dependencies of a generated CLI take minutes, the CLI itself a second. Cargo shares what it
//! built between crates in one target directory when the packages, their features, the profile and
//! the compiler are the same, which for generated crates they are.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The environment variable that says where mcpress keeps what it can make again.
pub(super) const CACHE: &str = "MCPRESS_CACHE";

/// Where to build, and what to turn on for the sake of sharing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Cargo's target directory.
    pub(super) directory: PathBuf,
    /// Features that change nothing in the program, but make its dependencies the ones built already.
    pub(super) features: &'static [&'static str],
}

/// The target directory for this run of mcpress; none where the user has no home.
pub(super) fn target() -> Option<Target> {
    let chosen = env::var_os(CACHE).filter(|path| !path.is_empty());
    if chosen.is_none()
        && let Ok(program) = env::current_exe()
        && let Some(directory) = workspace(&program, Path::new(env!("CARGO_MANIFEST_DIR")))
    {
        // mcpress itself links the runtime with HTTP.
        return Some(Target {
            directory,
            features: &["http"],
        });
    }
    let cache = chosen
        .map(PathBuf::from)
        .or_else(|| user(|name| env::var_os(name), env::home_dir()))?;
    Some(Target {
        directory: cache.join("build"),
        features: &[],
    })
}

/// The target directory that `program` was built in, if the workspace it was built from still stands.
///
/// Whoever works on mcpress has its dependencies built, and most of them are a generated CLI's. An
/// installed mcpress is not in a target directory, which is known by a file that cargo keeps there.
fn workspace(program: &Path, generator: &Path) -> Option<PathBuf> {
    if !generator.join("../runtime/Cargo.toml").is_file() {
        return None;
    }
    let program = program.canonicalize().ok()?;
    let target = program
        .ancestors()
        .skip(2)
        .find(|at| at.join(".rustc_info.json").is_file())?;
    Some(target.to_owned())
}

/// The directory for caches of mcpress by the platform's custom.
fn user(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    // A relative path is to be ignored, says the XDG specification; elsewhere it is as wrong.
    let path = |name| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let home = home.filter(|home| home.is_absolute());
    let cache = if cfg!(windows) {
        path("LOCALAPPDATA")
    } else {
        let custom = if cfg!(target_os = "macos") {
            "Library/Caches"
        } else {
            ".cache"
        };
        path("XDG_CACHE_HOME").or_else(|| home.map(|home| home.join(custom)))
    };
    cache.map(|cache| cache.join("mcpress"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_cache_is_where_the_platform_keeps_caches() {
        let home = || Some(PathBuf::from("/home/me"));
        let custom = if cfg!(target_os = "macos") {
            "Library/Caches"
        } else {
            ".cache"
        };
        let expected = Path::new("/home/me").join(custom).join("mcpress");
        assert_eq!(user(|_| None, home()), Some(expected.clone()));
        assert_eq!(
            user(|_| Some("/c".into()), home()),
            Some("/c/mcpress".into())
        );
        assert_eq!(user(|_| Some("relative".into()), home()), Some(expected));
        assert_eq!(user(|_| None, None), None);
    }

    #[test]
    fn a_program_in_the_target_directory_of_its_clone_builds_there() {
        let clone = tempfile::tempdir().unwrap();
        let root = clone.path().canonicalize().unwrap();
        let program = root.join("target/release/mcpress");
        let generator = root.join("generator");
        for file in [
            "target/release/mcpress",
            "target/.rustc_info.json",
            "runtime/Cargo.toml",
            "generator/x",
        ] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "").unwrap();
        }
        assert_eq!(workspace(&program, &generator), Some(root.join("target")));

        fs::remove_file(root.join("runtime/Cargo.toml")).unwrap();
        assert_eq!(workspace(&program, &generator), None);
    }

    #[test]
    fn an_installed_program_uses_the_cache() {
        let home = tempfile::tempdir().unwrap();
        let program = home.path().join("bin/mcpress");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        fs::write(&program, "").unwrap();
        assert_eq!(
            workspace(&program, Path::new(env!("CARGO_MANIFEST_DIR"))),
            None
        );
    }
}
