//! Files and folders that nobody but their user can read.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a folder, 0700, and those that it is in.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Options to open a file with: one that is made is 0600.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Does what needs a file's folder, and makes that first if there is none.
pub(crate) fn in_folder<T>(
    file: &Path,
    mut open: impl FnMut(&Path) -> io::Result<T>,
) -> io::Result<T> {
    match open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_folder(file.parent().unwrap_or(file))?;
            open(file)
        }
        opened => opened,
    }
}

/// Whether others than its user can read a file.
#[cfg(unix)]
pub(crate) fn is_shared(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

/// Whether others than its user can read a file, as far as is known.
#[cfg(not(unix))]
pub(crate) fn is_shared(_: &Path) -> bool {
    false
}
