//! A program without a compiler: a copy of a runner with the spec behind it.
//!
//! ```text
//! ┌─────────────────────┬───────────┬────────────────┬──────────────┬──────────┐
//! │ runner (executable) │ spec JSON │ SHA-256 of it  │ its length   │ magic    │
//! │                     │           │ 32 bytes       │ u64, LE      │ 8 bytes  │
//! └─────────────────────┴───────────┴────────────────┴──────────────┴──────────┘
//! ```
//!
//! Executable formats are read from the front and say how long they are, so what follows them is
//! ignored by the system and found by the runner, from the back.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::spec::Spec;

const MAGIC: &[u8; 8] = b"MCPRESS\x01";
const TRAILER: usize = 32 + 8 + MAGIC.len();

/// What is to stand behind the runner so that it runs this spec.
pub fn seal(spec_json: &[u8]) -> Vec<u8> {
    let mut sealed = spec_json.to_vec();
    sealed.extend_from_slice(&Sha256::digest(spec_json));
    sealed.extend_from_slice(&(spec_json.len() as u64).to_le_bytes());
    sealed.extend_from_slice(MAGIC);
    sealed
}

/// The spec behind an executable, if there is one.
///
/// # Errors
///
/// [`Error::Damaged`] when there is one that does not match its checksum or cannot be read. An
/// executable that cannot be opened is one with nothing behind it.
pub fn open(executable: &Path) -> Result<Option<&'static Spec>, Error> {
    let Some(json) = read(executable)? else {
        return Ok(None);
    };
    let spec = Spec::read(json).map_err(|error| Error::Damaged(error.to_string()))?;
    Ok(Some(spec))
}

fn read(executable: &Path) -> Result<Option<Vec<u8>>, Error> {
    let damaged = |error: std::io::Error| Error::Damaged(error.to_string());
    let Ok(mut file) = File::open(executable) else {
        return Ok(None);
    };
    let mut trailer = [0; TRAILER];
    let Ok(end) = file.seek(SeekFrom::End(-(TRAILER as i64))) else {
        return Ok(None);
    };
    file.read_exact(&mut trailer).map_err(damaged)?;
    let (digest, rest) = trailer.split_at(32);
    let (length, magic) = rest.split_at(8);
    if magic != MAGIC {
        return Ok(None);
    }
    let length = u64::from_le_bytes(length.try_into().expect("split at eight bytes"));
    let Some(start) = end.checked_sub(length) else {
        return Err(Error::Damaged(
            "its table is longer than the file".to_owned(),
        ));
    };
    file.seek(SeekFrom::Start(start)).map_err(damaged)?;
    let mut json = Vec::new();
    file.take(length).read_to_end(&mut json).map_err(damaged)?;
    if *Sha256::digest(&json) != *digest {
        return Err(Error::Damaged(
            "its table does not match its checksum".to_owned(),
        ));
    }
    Ok(Some(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: &[u8]) -> std::path::PathBuf {
        let path =
            std::env::temp_dir().join(format!("mcpress-bundle-{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        path
    }

    #[test]
    fn what_was_sealed_behind_a_runner_is_read_again() {
        let path = file(
            "whole",
            &[b"\x7fELF runner".as_slice(), &seal(b"{\"a\":1}")].concat(),
        );
        assert_eq!(read(&path).unwrap().unwrap(), b"{\"a\":1}");
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn an_executable_with_nothing_behind_it_is_none() {
        for content in [b"".as_slice(), b"short", &[0; 200]] {
            let path = file("none", content);
            assert!(read(&path).unwrap().is_none());
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_changed_byte_or_a_false_length_is_found() {
        let mut sealed = seal(b"{\"a\":1}");
        sealed[2] = b'b';
        let path = file("changed", &sealed);
        assert!(matches!(read(&path), Err(Error::Damaged(_))));
        let mut long = seal(b"{}");
        let at = long.len() - MAGIC.len() - 8;
        long[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        std::fs::write(&path, long).unwrap();
        assert!(matches!(read(&path), Err(Error::Damaged(_))));
        std::fs::remove_file(path).unwrap();
    }
}
