//! `mcpress check`: what changed since a program was made.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;
use mcpress_runtime::Error;
use mcpress_runtime::drift::report::{self, Counts, Mode};
use mcpress_runtime::drift::{Change, Kind, Severity, again, compare};
use mcpress_runtime::text::plain;
use serde_json::Value;

use super::failure::Failure;
use super::print;
use super::source::{Source, bare, read, source_or};
use crate::capture::{self, Capture};
use crate::ir::Transport;
use crate::lock::Lock;
use crate::lower::{Options, lower};
use crate::overlay::Overlay;

pub(super) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let path = matches.get_one::<PathBuf>("baseline");
    let baseline = Baseline::read(path.map_or(Path::new(""), PathBuf::as_path))?;
    let positional = matches
        .get_one::<String>("name-in-config")
        .map(String::as_str);
    let source = source_or(matches, positional, baseline.server(), &Overlay::default())?;
    for note in &source.capture.notes {
        eprintln!("note: the server {}", plain(note));
    }
    if baseline.capture.is_none() {
        eprintln!(
            "note: no capture.json beside the lock: only the names of commands and flags are compared"
        );
    }
    let changes = baseline.changes(&source.capture);
    let mode = matches.get_one::<String>("mode");
    let mode = mode.and_then(|name| Mode::of(name)).unwrap_or_default();
    match matches.get_one::<String>("output").map(String::as_str) {
        Some("json") => print(&format!("{:#}\n", report::json(&changes, mode)))?,
        _ => print(&report::text(&changes))?,
    }
    let counts = Counts::of(&changes);
    if counts.are_drift(mode) {
        let from = matches.get_one::<PathBuf>("from").map(PathBuf::as_path);
        let again = baseline.again(&source, from)?;
        return Err(Error::Drift { counts, again }.into());
    }
    eprintln!("{counts}");
    Ok(ExitCode::SUCCESS)
}

/// What a program was made from, as far as it is known.
struct Baseline {
    /// What the server said then.
    capture: Option<Capture>,
    /// The names that the program has.
    lock: Option<Lock>,
    /// The folder of the program's crate.
    folder: Option<PathBuf>,
}

impl Baseline {
    fn read(path: &Path) -> Result<Self, Failure> {
        let is_lock = path.extension().is_some_and(|end| end == "lock");
        if !path.is_dir() && !is_lock {
            return Ok(Self {
                capture: Some(read(path)?),
                lock: None,
                folder: None,
            });
        }
        let (folder, lock) = if is_lock && !path.is_dir() {
            let folder = path.parent().filter(|path| !path.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            (folder.to_owned(), path.to_owned())
        } else {
            (path.to_owned(), path.join("mcpress.lock"))
        };
        let capture = folder.join("capture.json");
        let capture = capture.is_file().then(|| read(&capture)).transpose()?;
        let lock = if lock.is_file() || is_lock {
            let text = std::fs::read_to_string(&lock)
                .map_err(|error| Failure::io(format!("cannot read {}", lock.display()), error))?;
            let read = Lock::read(&text);
            Some(read.map_err(|source| Failure::Lock { path: lock, source })?)
        } else {
            None
        };
        if capture.is_none() && lock.is_none() {
            return Err(Failure::usage_with_hint(
                format!("{}: no crate that mcpress made", path.display()),
                "name a generated program, its crate's folder, its mcpress.lock, or a capture",
            ));
        }
        Ok(Self {
            // A lock alone may be kept anywhere.
            folder: capture.is_some().then_some(folder),
            capture,
            lock,
        })
    }

    /// The server that the program was made for.
    fn server(&self) -> Option<capture::Origin> {
        let origin = self.capture.as_ref()?.origin.clone()?;
        (origin.transport != Transport::Unknown).then_some(origin)
    }

    /// All that changed, by tool.
    fn changes(&self, now: &Capture) -> Vec<Change> {
        let mut changes = match (&self.capture, &self.lock) {
            (Some(capture), Some(lock)) => {
                // A tool that was there and was left out is no concern of the program's.
                let known: HashSet<&str> = capture.tools.iter().filter_map(name).collect();
                let is_left_out = |tool: &Value| {
                    name(tool).is_some_and(|name| known.contains(name) && !lock.has(name))
                };
                let taken = |tools: &[Value]| -> Vec<Value> {
                    let taken = tools.iter().filter(|tool| !is_left_out(tool));
                    taken.cloned().collect()
                };
                compare(&taken(&capture.tools), &taken(&now.tools))
            }
            (Some(capture), None) => compare(&capture.tools, &now.tools),
            (None, _) => Vec::new(),
        };
        if let Some(lock) = &self.lock {
            let program = lower(now, &Options::new("mcpress"), lock).program;
            let names = lock.changes(&program);
            let names: Vec<Change> = match self.capture {
                Some(_) => names
                    .into_iter()
                    .filter(|name| !is_told(name, &changes))
                    .collect(),
                None => names,
            };
            changes.extend(names);
        }
        let mut order = HashMap::new();
        for change in &changes {
            let next = order.len();
            order.entry(change.tool.clone()).or_insert(next);
        }
        changes.sort_by_key(|change| order.get(&change.tool).copied());
        changes
    }

    /// The line that makes the program again.
    fn again(&self, source: &Source, from: Option<&Path>) -> Result<String, Failure> {
        let origin = source.capture.origin.as_ref();
        let mut line = match (from, origin) {
            (None, Some(origin)) => again(bare("", &origin.transport, &origin.slots)?),
            (from, _) => {
                let from = from.map_or_else(|| "CAPTURE".into(), |path| path.to_string_lossy());
                format!("mcpress generate-cli --from {}", quoted(&from))
            }
        };
        if let Some(folder) = &self.folder {
            line = format!("{line} --out {}", quoted(&folder.to_string_lossy()));
        }
        Ok(line)
    }
}

fn name(tool: &Value) -> Option<&str> {
    tool.get("name")?.as_str()
}

/// Whether a change of names only follows from a change of the schema that is as bad.
fn is_told(name: &Change, changes: &[Change]) -> bool {
    let below = |place: &str, above: &str| {
        place
            .strip_prefix(above)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match name.kind {
        Kind::Changed => false,
        Kind::Added => true,
        Kind::Removed => changes
            .iter()
            .filter(|change| change.tool == name.tool && change.severity == Severity::Breaking)
            .any(|change| {
                below(&change.pointer, &name.pointer) || below(&name.pointer, &change.pointer)
            }),
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), Into::into)
}
