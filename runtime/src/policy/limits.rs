//! How many calls are made a minute, and how many at once, by all processes of one user.
//!
//! ```text
//! STATE/PROGRAM/limits/minute      the calls of the last minute: eight bytes each, a time
//! STATE/PROGRAM/limits/at-once.N   held by a call until it ends, however its process ends
//! ```
//!
//! They stand in the way of a loop that runs wild, not of a user who wants to be rid of them: the
//! files are the user's own. What the site limits is counted where no variable moves it.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::Admission;
use crate::clock;
use crate::error::Error;
use crate::lock;
use crate::private;

const MINUTE: i64 = 60_000;
/// How long another process may be at the file of the last minute.
const PATIENCE: Duration = Duration::from_secs(5);

/// The word for a limit that is reached, in the JSON error line.
pub(crate) const REACHED: &str = "limit_reached";

/// The limits of one program.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Where they are kept, if there is a place.
    pub(crate) folder: Option<PathBuf>,
}

/// The place of a call among those at once, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot(#[expect(dead_code, reason = "it is held, and nothing else")] Option<File>);

impl Limits {
    /// Counts a call in.
    ///
    /// # Errors
    ///
    /// When there is no room for it, or when that cannot be found out.
    pub(crate) fn enter(&self, admission: &Admission) -> Result<Slot, Error> {
        let mut slot = None;
        if let Some((most, rule)) = &admission.at_once {
            let free = self.slot(*most).map_err(|source| failed(rule, source))?;
            let Some(free) = free else {
                let most = counted(*most, "call runs", "calls run");
                let words = format!("{most} already, as many as may at once");
                return Err(reached(&words, rule, "when one of them has ended"));
            };
            slot = Some(free);
        }
        if let Some((most, rule)) = &admission.per_minute {
            let wait = self.count(*most, clock::now());
            if let Some(wait) = wait.map_err(|source| failed(rule, source))? {
                let most = counted(*most, "call was made", "calls were made");
                let words = format!("{most} within a minute, as many as may be");
                let when = format!("in {} s", (wait + 999) / 1000);
                return Err(reached(&words, rule, &when));
            }
        }
        Ok(Slot(slot))
    }

    fn folder(&self) -> io::Result<&PathBuf> {
        let none = || io::Error::new(io::ErrorKind::NotFound, "there is no home to count in");
        self.folder.as_ref().ok_or_else(none)
    }

    /// A place among so many, if one is free.
    fn slot(&self, most: u16) -> io::Result<Option<File>> {
        let folder = self.folder()?;
        for at in 0..most {
            let place = folder.join(format!("at-once.{at}"));
            if let Some(file) = private::in_folder(&place, lock::attempt)? {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    /// Counts a call made now or, where there were so many in the last minute, says how long there
    /// will have been.
    fn count(&self, most: u16, now: i64) -> io::Result<Option<i64>> {
        let mut file = lock::hold(&self.folder()?.join("minute"), PATIENCE)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let times = bytes.chunks_exact(8).map(|chunk| {
            let mut time = [0; 8];
            time.copy_from_slice(chunk);
            i64::from_le_bytes(time)
        });
        // A clock that was set back leaves times that are still to come.
        let mut times: Vec<i64> = times
            .filter(|time| (now - MINUTE..=now + MINUTE).contains(time))
            .collect();
        times.sort_unstable();
        let over = (times.len() + 1).checked_sub(usize::from(most));
        if let Some(over) = over.filter(|over| *over > 0) {
            // As many as are too many have to be a minute old.
            let until = times.get(over - 1).copied().unwrap_or(now) + MINUTE;
            return Ok(Some((until - now).max(1)));
        }
        times.push(now);
        let bytes: Vec<u8> = times.iter().flat_map(|time| time.to_le_bytes()).collect();
        file.rewind()?;
        file.write_all(&bytes)?;
        file.set_len(bytes.len() as u64)?;
        Ok(None)
    }
}

fn counted(most: u16, one: &str, many: &str) -> String {
    format!("{most} {}", if most == 1 { one } else { many })
}

fn reached(words: &str, rule: &str, when: &str) -> Error {
    Error::Denied {
        code: REACHED,
        message: format!("{words} ({rule})"),
        hint: Some(format!("try again {when}")),
    }
}

/// What cannot be counted is not allowed.
fn failed(rule: &str, source: io::Error) -> Error {
    let words = format!("the calls cannot be counted: {source}");
    super::denied(&words, rule, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Limits in a folder that is gone at the end.
    struct Desk(PathBuf);

    impl Desk {
        fn new(name: &str) -> Self {
            let folder = format!("mcpress-limits-{name}-{}", std::process::id());
            Self(std::env::temp_dir().join(folder))
        }

        fn limits(&self) -> Limits {
            Limits {
                folder: Some(self.0.clone()),
            }
        }
    }

    impl Drop for Desk {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_minute_has_room_for_so_many_calls_and_tells_when_there_is_more() {
        let desk = Desk::new("minute");
        let limits = desk.limits();
        for second in 0..3 {
            assert_eq!(limits.count(3, second * 1000).unwrap(), None);
        }
        assert_eq!(limits.count(3, 10_000).unwrap(), Some(50_000));
        // A lower limit waits for more of them.
        assert_eq!(limits.count(1, 10_000).unwrap(), Some(52_000));
        assert_eq!(limits.count(3, 60_001).unwrap(), None);
        assert_eq!(limits.count(3, 60_002).unwrap(), Some(998));
        assert!(limits.count(0, 500_000).unwrap().is_some());
    }

    #[test]
    fn what_was_cut_off_half_way_and_a_clock_that_was_set_back_do_no_harm() {
        let desk = Desk::new("clock");
        let limits = desk.limits();
        assert_eq!(limits.count(1, 10 * MINUTE).unwrap(), None);
        assert_eq!(limits.count(1, MINUTE).unwrap(), None);
        let file = desk.0.join("minute");
        let mut bytes = std::fs::read(&file).unwrap();
        bytes.extend([7, 7, 7]);
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(limits.count(2, MINUTE + 1).unwrap(), None);
    }

    #[test]
    fn a_place_is_held_until_the_call_ends() {
        let desk = Desk::new("slots");
        let limits = desk.limits();
        let admission = Admission {
            at_once: Some((2, "rule".to_owned())),
            ..Admission::default()
        };
        let first = limits.enter(&admission).unwrap();
        let second = limits.enter(&admission).unwrap();
        let error = limits.enter(&admission).unwrap_err();
        assert_eq!(
            (error.code(), error.to_string().as_str()),
            (
                REACHED,
                "2 calls run already, as many as may at once (rule)"
            )
        );
        assert!(error.retryable());
        drop(first);
        limits.enter(&admission).unwrap();
        drop(second);
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let limits = Limits { folder: None };
        let admission = Admission {
            per_minute: Some((2, "rule".to_owned())),
            ..Admission::default()
        };
        assert_eq!(
            limits.enter(&admission).unwrap_err().code(),
            "policy_denied"
        );
        assert!(limits.enter(&Admission::default()).is_ok());
    }
}
