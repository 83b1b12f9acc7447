//! A file that one process holds at a time.
//!
//! The system gives it up with the process, however that ends. What is held is a file that is never
//! replaced: a lock on one that was would be a lock on nothing.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::private;

/// How long it is waited between two attempts, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_micros(100), Duration::from_millis(5));

/// Opens a file to be read and written, held until it is closed; none while another process holds it.
#[cfg(unix)]
pub(crate) fn attempt(path: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;
    let mut options = private::options();
    let file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Opens a file to be read and written, held until it is closed; none while another process holds it.
#[cfg(windows)]
pub(crate) fn attempt(path: &Path) -> io::Result<Option<File>> {
    use std::os::windows::fs::OpenOptionsExt;
    const SHARING_VIOLATION: i32 = 32;
    // A file that is opened to be shared with nobody is a lock.
    let opened = private::options()
        .read(true)
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

/// The same, waited for as long as another process may hold it.
pub(crate) fn hold(path: &Path, patience: Duration) -> io::Result<File> {
    wait(patience, || private::in_folder(path, attempt))
}

/// Opens a file to be read, with others who read it and none who writes; waited for like the other. It
/// has to be there. Where a file system knows no locks it is read without one.
pub(crate) fn share(path: &Path, patience: Duration) -> io::Result<File> {
    wait(patience, || attempt_to_share(path))
}

#[cfg(unix)]
fn attempt_to_share(path: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;
    let file = File::open(path)?;
    let is_held = flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK);
    Ok((!is_held).then_some(file))
}

#[cfg(windows)]
fn attempt_to_share(path: &Path) -> io::Result<Option<File>> {
    use std::os::windows::fs::OpenOptionsExt;
    const SHARING_VIOLATION: i32 = 32;
    const SHARED_WITH_READERS: u32 = 1;
    let mut options = File::options();
    match options
        .read(true)
        .share_mode(SHARED_WITH_READERS)
        .open(path)
    {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What comes of attempts, as soon as one is not in vain.
fn wait(
    patience: Duration,
    mut attempt: impl FnMut() -> io::Result<Option<File>>,
) -> io::Result<File> {
    let start = Instant::now();
    let (mut pause, longest) = PAUSE;
    loop {
        if let Some(file) = attempt()? {
            return Ok(file);
        }
        if start.elapsed() > patience {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(longest);
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
        let soon = Duration::from_millis(20);
        assert_eq!(
            hold(&path, soon).unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
        drop(first);
        assert!(hold(&path, soon).is_ok());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn readers_share_it_and_make_none() {
        let path = std::env::temp_dir().join(format!("mcpress-lock-share-{}", std::process::id()));
        let soon = Duration::from_millis(20);
        let none = share(&path, soon).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
        let writer = hold(&path, soon).unwrap();
        assert!(share(&path, soon).is_err());
        drop(writer);
        let readers = [share(&path, soon).unwrap(), share(&path, soon).unwrap()];
        assert!(attempt(&path).unwrap().is_none());
        drop(readers);
        std::fs::remove_file(path).unwrap();
    }
}
