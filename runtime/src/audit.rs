//! The log of calls: who called what, when, whether they were let, and what it came to.
//!
//! ```text
//! STATE/PROGRAM/audit.jsonl                 0600, a line a call
//! STATE/PROGRAM/audit.jsonl.000000004711    the same, older: from that call on
//! STATE/PROGRAM/audit.jsonl.head            the number and the digest of the last line; the lock
//! STATE/PROGRAM/audit.jsonl.salt            what the digests of arguments are keyed with
//! ```
//!
//! No argument and no answer is in it: of the arguments there is a keyed digest, by which two calls
//! can be told to be the same and no value can be tried out. Each line has the digest of the line
//! before it, across files, so that one that was changed, taken out or moved is found, and the head is
//! what a log is compared with that was cut short.
//!
//! What that proves: that nothing was lost or altered by chance, by a bug, or by somebody who did not
//! know. Whoever can write these files as their user can write all of them anew. A head that was noted
//! elsewhere ([`verify`] takes it) is beyond their reach, and proves all that came before it.

mod head;
mod log;
mod query;
mod record;
mod stats;
#[cfg(test)]
mod tests;
mod verify;

use std::path::PathBuf;

pub(crate) use log::Log;
pub(crate) use query::{Outcome, Query, outcome};
pub(crate) use record::{Decision, Record, Server};
pub(crate) use stats::{Statistics, statistics};
pub(crate) use verify::verify;

use crate::config::Table;
use crate::environment::{self, account as user};
use crate::error::Error;

/// How large a file gets before the next is begun.
const SIZE: u64 = 10 << 20;
/// How many files are kept beside the one that is written.
const KEPT: u16 = 9;

/// The name of the log in the folder of a program's state.
const FILE: &str = "audit.jsonl";

/// `[audit]` of the configuration or of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Section {
    /// Whether there is a log.
    enabled: Option<bool>,
    /// Where, if not where it always is.
    file: Option<PathBuf>,
    /// Whether what cannot be written down is not done.
    required: Option<bool>,
    /// How large a file gets, in bytes.
    size: Option<u64>,
    /// How many older files are kept.
    keep: Option<u16>,
}

/// Whether and where calls are written down.
#[derive(Debug)]
pub(crate) struct Audit {
    /// The log; none where it is turned off, or where there is no home to keep it in.
    pub(crate) log: Option<Log>,
    /// Whether what cannot be written down is not done.
    pub(crate) is_required: bool,
}

impl Section {
    /// Reads the section.
    pub(crate) fn read(mut table: Table<'_>) -> Result<Self, Error> {
        let keep = table.number("keep", u16::MAX.into())?;
        let section = Self {
            enabled: table.switch("enabled")?,
            file: table.path("file")?,
            required: table.switch("required")?,
            size: table.number("size", u64::MAX >> 1)?,
            keep: keep.and_then(|keep| keep.try_into().ok()),
        };
        table.end()?;
        Ok(section)
    }
}

impl Audit {
    /// The log of a program, as these say, what goes before first. Where the site has a word in it, the
    /// log is as the site says, and where no variable moves it; all that the user can add is that it is
    /// required.
    pub(crate) fn of(program: &str, site: &[&Section], user: &[&Section]) -> Self {
        fn first<T>(sections: &[&Section], said: fn(&Section) -> Option<T>) -> Option<T> {
            sections.iter().find_map(|section| said(section))
        }
        let mut all = site.iter().chain(user);
        let is_required = all.any(|section| section.required == Some(true));
        let (sections, folder) = match site {
            [] => (user, environment::state_folder(program)),
            site => (site, environment::site_state_folder(program)),
        };
        let is_enabled = first(sections, |section| section.enabled).unwrap_or(true);
        let usual = || Some(folder?.join(FILE));
        let file = first(sections, |section| section.file.clone()).or_else(usual);
        let log = file.map(|file| Log {
            file,
            size: first(sections, |section| section.size).unwrap_or(SIZE),
            keep: first(sections, |section| section.keep)
                .unwrap_or(KEPT)
                .into(),
        });
        Self {
            log: log.filter(|_| is_enabled || is_required),
            is_required,
        }
    }
}
