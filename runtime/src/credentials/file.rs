//! A file of the user's that holds a value.
//!
//! It may be a pipe that nobody writes to. So it is read on a thread of its own, which nobody waits for
//! when the time is over or a signal comes.

use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{LONGEST, Planned, unavailable};
use crate::error::Error;
use crate::private;
use crate::secret::Secret;

/// How long a file may take, unless the user says otherwise.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What a file is found to be.
enum Found {
    Text(Secret),
    /// Others than its owner can read it.
    Open,
}

/// The value, without the end of its line.
pub(super) async fn value(
    planned: &Planned,
    path: &Path,
    limit: Option<Duration>,
) -> Result<Secret, Error> {
    let subject = planned.subject("path");
    let own = path.to_owned();
    let limit = limit.unwrap_or(PATIENCE);
    let found = aside(&format!("{subject}: the file"), limit, move || read(&own)).await?;
    match found {
        Ok(Found::Text(value)) => Ok(value),
        Ok(Found::Open) => Err(Error::usage_with_hint(
            format!("{subject}: others can read the file"),
            format!("run `chmod 600 {}`", path.display()),
        )),
        Err(error) => {
            let why = match error.kind() {
                ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
                ErrorKind::FileTooLarge => "it is longer than 64 KiB".to_owned(),
                _ => error.to_string(),
            };
            Err(unavailable(
                planned,
                format!("{subject}: the file cannot be read: {why}"),
                "put the value there, in a file that only you can read, or name another".to_owned(),
            ))
        }
    }
}

/// Does on a thread of its own what may never end, for as long as there is time.
///
/// # Errors
///
/// [`Error::Timeout`] for what is named.
pub(crate) async fn aside<T: Send + 'static>(
    what: &str,
    limit: Duration,
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let late = || Error::Timeout {
        what: what.to_owned(),
        limit,
        stderr: Vec::new(),
    };
    let read = tokio::task::spawn_blocking(read);
    let read = tokio::time::timeout(limit, read).await;
    // A thread that has panicked gives nothing either, and never will.
    read.map_err(|_| late())?.map_err(|_| late())
}

fn read(path: &Path) -> io::Result<Found> {
    let file = std::fs::File::open(path)?;
    if private::is_open(&file.metadata()?) {
        return Ok(Found::Open);
    }
    let text = text(file)?;
    Ok(Found::Text(Secret::plain(
        text.trim_end_matches(['\r', '\n']),
    )))
}

/// The text that is the whole of an input, the end of its line included. What is no value because it is
/// too long comes to an end too.
pub(crate) fn text(input: impl Read) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 << 10));
    input.take(LONGEST as u64 + 3).read_to_end(&mut bytes)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        // It may be the cut.
        Err(_) if bytes.len() > LONGEST + 2 => Err(ErrorKind::FileTooLarge.into()),
        Err(_) => Err(ErrorKind::InvalidData.into()),
    }
}
