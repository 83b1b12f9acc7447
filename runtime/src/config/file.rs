//! Reading a file that somebody wrote for this program: the configuration, a policy, a key.
//!
//! What is read before anything is done must neither wait for somebody at the other end of a pipe, nor
//! take a link that leads nowhere for a file that nobody wrote.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The bytes of a file.
///
/// # Errors
///
/// [`ErrorKind::NotFound`] where there is none and no trace of one; else why it cannot be read.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => fs::read(path),
        Ok(_) => Err(io::Error::other("it is no regular file")),
        Err(error) if error.kind() == ErrorKind::NotFound && leads_nowhere(path) => {
            Err(io::Error::other("a symbolic link leads nowhere"))
        }
        Err(error) => Err(error),
    }
}

/// The same, as text.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    let text = String::from_utf8(read(path)?);
    text.map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))
}

/// Whether what is missing of a path is the end of a link: of its last part, or of a folder before it.
fn leads_nowhere(path: &Path) -> bool {
    let mut places = path.ancestors();
    let nearest = places.find_map(|place| Some((place, fs::symlink_metadata(place).ok()?)));
    nearest.is_some_and(|(place, metadata)| metadata.is_symlink() && fs::metadata(place).is_err())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_told_from_one_that_cannot_be_read() {
        let folder = std::env::temp_dir().join(format!("mcpress-file-{}", std::process::id()));
        let place = |name: &str| folder.join(name);
        fs::create_dir_all(place("real")).unwrap();
        fs::write(place("real/policy.toml"), "x").unwrap();
        fs::write(place("real/bytes"), b"\xff").unwrap();
        symlink(place("real"), place("folder")).unwrap();
        symlink(place("real/policy.toml"), place("link")).unwrap();
        symlink(place("gone"), place("dangling")).unwrap();
        let pipe = std::process::Command::new("mkfifo")
            .arg(place("pipe"))
            .status();
        assert!(pipe.unwrap().success());
        for name in ["real/policy.toml", "folder/policy.toml", "link"] {
            assert_eq!(text(&place(name)).unwrap(), "x", "{name}");
        }
        for name in [
            "none",
            "none/policy.toml",
            "real/none",
            "folder/none/policy.toml",
        ] {
            assert_eq!(
                text(&place(name)).unwrap_err().kind(),
                ErrorKind::NotFound,
                "{name}"
            );
        }
        for (name, words) in [
            ("dangling", "leads nowhere"),
            ("dangling/policy.toml", "leads nowhere"),
            ("pipe", "no regular file"),
            ("real", "no regular file"),
            ("real/bytes", "not UTF-8"),
        ] {
            let error = text(&place(name)).unwrap_err();
            assert_ne!(error.kind(), ErrorKind::NotFound);
            assert!(error.to_string().contains(words), "{name}: {error}");
        }
        assert!(
            text(Path::new("/dev/null"))
                .unwrap_err()
                .to_string()
                .contains("regular")
        );
        fs::remove_dir_all(folder).unwrap();
    }
}
