//! A lock that processes share.
//!
//! It lies beside what it guards, in a file of its own: the guarded file is replaced when it is
//! written, and a lock on it would be a lock on the old one. The system gives the lock up with the
//! process, however that ends. It is waited for by asking again and again, so that waiting can be
//! broken off, and the wait is short: the other process is at one request.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::lock::attempt;

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
