//! What is left out of a program that is compiled to be released.
//!
//! It ends when it panics, and has no use for the tables by which a panic finds its way up, an eighth
//! of its size. They are left out where the program is linked: to have the compiler not make them,
//! every dependency would have to be built with flags of its own, and nothing would be shared.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{CompileError, Options};

/// For GNU ld and lld, beside the script that they have.
const SCRIPT: &str = "\
/* A program that ends when it panics has no use for these. */
SECTIONS
{
  /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.gcc_except_table) *(.gcc_except_table.*) }
}
INSERT AFTER .text;
";

/// The arguments of rustc for the program itself; none where it keeps its tables. The script is put
/// into the target directory.
pub(super) fn arguments(target: &Path, options: &Options) -> io::Result<Option<Vec<String>>> {
    let is_released = options.profile == "release";
    if !cfg!(target_os = "linux") || !is_released {
        return Ok(None);
    }
    let script = write(target)?;
    // A comma would part the linker's arguments.
    let script = script.to_str().filter(|path| !path.contains(','));
    Ok(script.map(|script| {
        ["--no-eh-frame-hdr".to_owned(), format!("-T,{script}")]
            .map(|argument| format!("-Clink-arg=-Wl,{argument}"))
            .to_vec()
    }))
}

/// Whether the linker is one that cannot do without: mold has no such scripts.
pub(super) fn is_refused(error: &CompileError) -> bool {
    matches!(error, CompileError::Failed { output, .. } if output.contains("linking with"))
}

/// Writes the script, unless it is there: a program is linked again where it is newer.
fn write(target: &Path) -> io::Result<PathBuf> {
    let path = target.join("mcpress-lean.ld");
    if fs::read_to_string(&path).is_ok_and(|text| text == SCRIPT) {
        return Ok(path);
    }
    fs::create_dir_all(target)?;
    fs::write(&path, SCRIPT)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_released_is_lean() {
        let folder = tempfile::tempdir().unwrap();
        let options = |profile: &str| Options {
            profile: profile.to_owned(),
            ..Options::default()
        };
        assert_eq!(arguments(folder.path(), &options("dev")).unwrap(), None);
        let released = arguments(folder.path(), &options("release")).unwrap();
        assert_eq!(released.is_some(), cfg!(target_os = "linux"));
        if let Some(arguments) = released {
            let script = folder.path().join("mcpress-lean.ld");
            assert!(arguments[1].ends_with(&format!(",{}", script.display())));
            assert_eq!(fs::read_to_string(script).unwrap(), SCRIPT);
        }
    }
}
