//! Files for their owner alone: 0600, in folders that are 0700.

use std::fs;
use std::io::Write;
use std::path::Path;

/// Makes the folder of a file.
pub(crate) fn prepare(path: &Path) -> std::io::Result<()> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Whether a file could be made and written, in a folder that need not be there yet. Nothing is left
/// behind.
///
/// # Errors
///
/// Why it could not.
pub(crate) fn try_folder(path: &Path) -> std::io::Result<()> {
    let mut folders = path.ancestors().skip(1);
    let folder = folders.find(|folder| folder.exists());
    let trial = folder.unwrap_or(Path::new("."));
    let trial = trial.join(format!(".{}.new", std::process::id()));
    let mut file = options().write(true).create_new(true).open(&trial)?;
    // Fewer bytes may have room beside the name of the file.
    let written = file.write_all(&[0; 4096]);
    drop(file);
    fs::remove_file(trial).and(written)
}

/// Does what needs a file's folder, and makes that first if there is none.
pub(crate) fn in_folder<T>(
    path: &Path,
    mut open: impl FnMut(&Path) -> std::io::Result<T>,
) -> std::io::Result<T> {
    match open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            prepare(path)?;
            open(path)
        }
        opened => opened,
    }
}

/// Writes a file beside its place and moves it there, so that a reader sees the old one or the new one.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let written = prepare(path)
        .and_then(|()| create(&new))
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&new, path)
        });
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// A new file.
fn create(path: &Path) -> std::io::Result<fs::File> {
    options().write(true).create(true).truncate(true).open(path)
}

/// Options to open a file with; one that is made is its owner's alone.
pub(crate) fn options() -> fs::OpenOptions {
    let mut options = fs::File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Whether others than its owner may read or write a file.
pub(crate) fn is_open(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0;
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}
