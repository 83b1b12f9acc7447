//! Whether a log is what was written.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::head::{Head, nothing};
use super::log::{LOST, Log, Snapshot, link};
use crate::digest;

/// What a log was found to be.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// How many lines it has.
    pub(crate) lines: usize,
    /// The number and the digest of the last.
    pub(crate) last: Option<(u64, String)>,
    /// What is wrong, in the order of the log.
    pub(crate) findings: Vec<Finding>,
}

/// Something that is wrong with a log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) file: PathBuf,
    /// The line of the file; none for its end.
    pub(crate) line: Option<usize>,
    pub(crate) words: String,
}

/// A line of the log, as far as the chain is concerned.
struct Link {
    file: usize,
    line: usize,
    /// Its number and the digest that it has of the line before; none where it is no line of a log.
    says: Option<(u64, String)>,
    hash: String,
    is_after_loss: bool,
    /// Whether it has the end of a line.
    is_whole: bool,
}

impl Finding {
    pub(crate) fn to_json(&self) -> Value {
        json!({"file": self.file, "line": self.line, "message": self.words})
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file.display(), self.words),
            None => write!(f, "{}: {}", self.file.display(), self.words),
        }
    }
}

/// Compares a log with its own chain, with its head, and with the digest of a line that was noted
/// elsewhere.
///
/// # Errors
///
/// When it cannot be read.
pub(crate) fn verify(log: &Log, noted: Option<&str>) -> io::Result<Verdict> {
    let mut snapshot = log.snapshot()?;
    let links = links(&mut snapshot)?;
    let head = snapshot.head?;
    let mut check = Check {
        files: snapshot.files.iter().map(|(path, _)| path).collect(),
        log,
        findings: Vec::new(),
    };
    let last = check.chain(&links, head.as_ref());
    check.end(last, head.as_ref());
    if let Some(noted) = noted
        && !links.iter().any(|link| link.hash == noted)
    {
        check.find(None, format!("no line has the digest {noted}"));
    }
    Ok(Verdict {
        lines: links.len(),
        last: last.and_then(|last| Some((last.says.as_ref()?.0, last.hash.clone()))),
        findings: check.findings,
    })
}

fn links(snapshot: &mut Snapshot) -> io::Result<Vec<Link>> {
    let mut links = Vec::new();
    for (at, (_, file)) in snapshot.files.iter_mut().enumerate() {
        let mut reader = BufReader::new(file);
        let mut bytes = Vec::new();
        for line in 1.. {
            bytes.clear();
            if reader.read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            let is_whole = bytes.last() == Some(&b'\n');
            let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            let lost = format!("\"head\":\"{LOST}\"");
            links.push(Link {
                file: at,
                line,
                says: link(text),
                hash: digest::of(text),
                is_after_loss: String::from_utf8_lossy(text).starts_with(&format!("{{{lost}")),
                is_whole,
            });
        }
    }
    Ok(links)
}

/// A check under way.
struct Check<'a> {
    files: Vec<&'a PathBuf>,
    log: &'a Log,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn find(&mut self, at: Option<&Link>, words: String) {
        let file = match at {
            Some(link) => self.files[link.file].clone(),
            None => self.log.file.clone(),
        };
        let line = at.map(|link| link.line);
        self.findings.push(Finding { file, line, words });
    }

    /// Follows the chain, and gives the link at its end.
    fn chain<'a>(&mut self, links: &'a [Link], head: Option<&Head>) -> Option<&'a Link> {
        let numbers = || links.iter().filter_map(|link| Some(link.says.as_ref()?.0));
        let all: HashSet<u64> = numbers().collect();
        let mut last: Option<(&Link, u64)> = None;
        let mut furthest: Option<(&Link, u64)> = None;
        for link in links {
            if !link.is_whole {
                self.find(Some(link), "is torn: its end is missing".to_owned());
            }
            let Some((seq, prev)) = &link.says else {
                if link.is_whole {
                    self.find(Some(link), "is no line of this log".to_owned());
                }
                continue;
            };
            if link.is_after_loss {
                let words =
                    "the head was gone when this was written: lines before it may be missing";
                self.find(Some(link), words.to_owned());
            }
            match last {
                None => self.begin(link, *seq, prev, head),
                Some((before, number)) if *seq == number + 1 => {
                    if *prev != before.hash {
                        self.find(Some(before), format!("call {number} was changed"));
                    }
                }
                Some(_) if furthest.is_some_and(|(_, most)| *seq <= most) => {
                    self.find(Some(link), format!("call {seq} is not where it was"));
                }
                // What should be here is further on, and found there.
                Some((_, number)) if all.contains(&(number + 1)) => {}
                Some((_, number)) => self.find(Some(link), missing(number + 1, seq - 1, "before")),
            }
            last = Some((link, *seq));
            if furthest.is_none_or(|(_, most)| *seq > most) {
                furthest = last;
            }
        }
        furthest.map(|(link, _)| link)
    }

    /// Looks at the first link.
    fn begin(&mut self, link: &Link, seq: u64, prev: &str, head: Option<&Head>) {
        let (first, before) = match head {
            Some(head) => (head.first, head.before.as_str()),
            None => (1, ""),
        };
        if seq > first && head.is_some() {
            self.find(Some(link), missing(first, seq - 1, "before"));
        } else if (seq == first && head.is_some() && prev != before)
            || (seq == 1 && prev != nothing())
        {
            self.find(Some(link), format!("call {seq} was changed"));
        }
    }

    /// Compares the end of the log with its head.
    fn end(&mut self, last: Option<&Link>, head: Option<&Head>) {
        let seq = last.and_then(|last| Some(last.says.as_ref()?.0));
        let Some(head) = head else {
            if last.is_some() {
                let head = self.log.beside("head");
                let words = format!("{} is gone: lines may be missing here", head.display());
                self.find(None, words);
            }
            return;
        };
        match (last, seq) {
            (Some(last), Some(seq)) if seq == head.seq && last.hash != head.hash => {
                self.find(Some(last), format!("call {seq} was changed"));
            }
            (_, Some(seq)) if seq < head.seq => {
                self.find(None, missing(seq + 1, head.seq, "at the end"));
            }
            (_, None) if head.seq > 0 => {
                self.find(None, missing(head.first, head.seq, "at the end"));
            }
            _ => {}
        }
    }
}

fn missing(from: u64, to: u64, place: &str) -> String {
    match from == to {
        true => format!("call {from} is missing {place}"),
        false => format!("calls {from} to {to} are missing {place}"),
    }
}
