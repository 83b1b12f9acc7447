//! The head of a log: how far it goes.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use crate::digest;

/// How long one is: four numbers of 20 digits, two digests, and what is between and behind them.
const LENGTH: usize = 4 * 20 + 2 * 64 + 6;

/// Where a log begins and where it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The number of the last line.
    pub(super) seq: u64,
    /// Its digest.
    pub(super) hash: String,
    /// How long the file is that it is the last of.
    pub(super) length: u64,
    /// The number of that file's first line.
    pub(super) begin: u64,
    /// The number of the first line that is kept.
    pub(super) first: u64,
    /// The digest of the line before that one.
    pub(super) before: String,
}

/// What stands for the digest of the line before the first.
pub(super) fn nothing() -> String {
    "0".repeat(64)
}

impl Head {
    /// The head of a log without a line.
    pub(super) fn new() -> Self {
        Self {
            seq: 0,
            hash: nothing(),
            length: 0,
            begin: 1,
            first: 1,
            before: nothing(),
        }
    }

    /// Reads a head; none where nothing was written yet, or nothing that is one.
    pub(super) fn read(file: &mut File) -> io::Result<Option<Self>> {
        let mut bytes = [0; 256];
        file.rewind()?;
        let read = file.read(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes[..read]);
        let words: Vec<&str> = text.split_whitespace().collect();
        let [seq, hash, length, begin, first, before] = words[..] else {
            return Ok(None);
        };
        let number = |word: &str| word.parse().ok();
        let head = || {
            Some(Self {
                seq: number(seq)?,
                hash: hash.to_owned(),
                length: number(length)?,
                begin: number(begin)?,
                first: number(first)?,
                before: before.to_owned(),
            })
        };
        Ok(head())
    }

    /// Makes room for a head where there is none: no line is written that the disk has no head for.
    pub(super) fn reserve(file: &mut File) -> io::Result<()> {
        file.rewind()?;
        file.write_all(&[b' '; LENGTH])
    }

    /// Writes it, in as many bytes as any other has: one is written over another at once.
    pub(super) fn write(&self, file: &mut File) -> io::Result<()> {
        let Self {
            seq,
            hash,
            length,
            begin,
            first,
            before,
        } = self;
        let text = format!("{seq:020} {hash} {length:020} {begin:020} {first:020} {before}\n");
        file.rewind()?;
        file.write_all(text.as_bytes())
    }

    /// Goes on by a line, without its end.
    pub(super) fn advance(&mut self, line: &[u8]) {
        self.seq += 1;
        self.hash = digest::of(line);
    }
}
