//! A program behind a copy of a runner: no compiler, and ready at once.
//!
//! The runner is `mcpress` itself, which looks behind its own end before anything else. A runner of
//! its own would be a second file to install and to lose.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use mcpress_runtime::bundle::seal;

use crate::ir::Program;
use crate::package::replace;

/// Why a bundle could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{what} {}: {source}", path.display())]
pub struct BundleError {
    what: &'static str,
    path: PathBuf,
    source: std::io::Error,
}

/// Bundles a program with a runner, by default with the running `mcpress`, and says where it is.
///
/// # Errors
///
/// When the runner cannot be read or the bundle cannot be written.
pub fn bundle(
    program: &Program,
    path: &Path,
    runner: Option<&Path>,
) -> Result<PathBuf, BundleError> {
    let path = if path.is_dir() {
        path.join(&program.name)
    } else {
        path.to_owned()
    };
    let cannot = |what, path: &Path| {
        let path = path.to_owned();
        move |source| BundleError { what, path, source }
    };
    let runner = match runner {
        Some(runner) => runner.to_owned(),
        None => std::env::current_exe()
            .map_err(cannot("cannot find the running", Path::new("mcpress")))?,
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(cannot("cannot make the folder", folder))?;
    let mut source = fs::File::open(&runner).map_err(cannot("cannot read the runner", &runner))?;
    replace(&path, |new| {
        let mut file = fs::File::create(new)?;
        std::io::copy(&mut source, &mut file)?;
        file.write_all(&seal(&program.to_json()))?;
        make_executable(&file)
    })
    .map_err(cannot("cannot write", &path))?;
    Ok(path)
}

#[cfg(unix)]
fn make_executable(file: &fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &fs::File) -> std::io::Result<()> {
    Ok(())
}
