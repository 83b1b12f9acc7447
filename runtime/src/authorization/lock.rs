//! A lock that processes share.
//!
//! It lies beside what it guards, in a file of its own: the guarded file is replaced when it is
//! written, and a lock on it would be a lock on the old one. The system gives the lock up with the
//! process, however that ends. It is waited for by asking again and again, so that waiting can be
//! broken off, and the wait is short: the other process is at one request.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often the lock is asked for.
const INTERVAL: Duration = Duration::from_millis(20);

/// How long another process may hold it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The lock, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "the lock is the open file's")] File);

impl Lock {
    pub(super) async fn acquire(path: &Path) -> std::io::Result<Self> {
        let start = Instant::now();
        loop {
            if let Some(file) = attempt(path)? {
                return Ok(Self(file));
            }
            if start.elapsed() > PATIENCE {
                return Err(std::io::ErrorKind::TimedOut.into());
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

#[cfg(unix)]
#[expect(
    unsafe_code,
    reason = "flock has no safe form in the standard library of the oldest compiler supported"
)]
fn attempt(path: &Path) -> std::io::Result<Option<File>> {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    // SAFETY: a plain system call on a descriptor that `file` owns and keeps open.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
        return Ok(Some(file));
    }
    match std::io::Error::last_os_error() {
        error if error.kind() == std::io::ErrorKind::WouldBlock => Ok(None),
        error => Err(error),
    }
}

#[cfg(windows)]
fn attempt(path: &Path) -> std::io::Result<Option<File>> {
    use std::os::windows::fs::OpenOptionsExt;
    const SHARING_VIOLATION: i32 = 32;
    // A file that is opened to be shared with nobody is a lock.
    let opened = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .share_mode(0)
        .open(path);
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_at_a_time() {
        let path = std::env::temp_dir().join(format!("mcpress-lock-{}", std::process::id()));
        let first = attempt(&path).unwrap();
        assert!(first.is_some());
        assert!(attempt(&path).unwrap().is_none());
        drop(first);
        assert!(attempt(&path).unwrap().is_some());
        std::fs::remove_file(path).unwrap();
    }
}
