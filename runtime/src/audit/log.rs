//! The files of a log: written at their end by one process at a time, read by anybody at any time.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};

use super::head::Head;
use crate::digest;
use crate::lock;
use crate::private;

/// How long others may hold the log. A line takes less than a thousandth of that.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is written into the line that follows the loss of the head.
pub(super) const LOST: &str = "made anew";

/// A log of calls.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) file: PathBuf,
    /// How large a file gets.
    pub(super) size: u64,
    /// How many older ones are kept.
    pub(super) keep: usize,
}

/// The files of a log at one time, the oldest first.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The head, if there is one; the error, where it cannot be read.
    pub(super) head: io::Result<Option<Head>>,
    pub(super) files: Vec<(PathBuf, Take<File>)>,
}

impl Log {
    /// Writes a line, and gives its number. Where that fails, the log is as it was.
    pub(crate) fn append(&self, fields: Map<String, Value>) -> io::Result<u64> {
        self.is_file()?;
        let mut held = lock::hold(&self.beside("head"), PATIENCE)?;
        let kept = Head::read(&mut held)?;
        let mut file = self.open()?;
        let length = file.metadata()?.len();
        let mut line = Map::new();
        let mut head = match kept {
            Some(head) => self.caught_up(head, &mut file, length)?,
            None => match self.rebuilt()? {
                None => {
                    let head = Head::new();
                    head.write(&mut held)?;
                    head
                }
                Some(head) => {
                    Head::reserve(&mut held)?;
                    line.insert("head".to_owned(), LOST.into());
                    head
                }
            },
        };
        // With what was cut off while it was written, if there was any: near enough.
        if length >= self.size {
            drop(file);
            self.begin_another(&mut head, &mut held)?;
            file = self.open()?;
        }
        line.insert("seq".to_owned(), (head.seq + 1).into());
        line.extend(fields);
        line.insert("prev".to_owned(), head.hash.clone().into());
        let line = Value::Object(line).to_string();
        head.advance(line.as_bytes());
        let (begin, is_torn) = end(&mut file)?;
        // What is torn is let be: whoever looks is to see it, and this line to stand for itself.
        let text = format!("{}{line}\n", if is_torn { "\n" } else { "" });
        head.length = begin + text.len() as u64;
        let written = file.write_all(text.as_bytes());
        if let Err(error) = written.and_then(|()| head.write(&mut held)) {
            let _ = file.set_len(begin);
            return Err(error);
        }
        Ok(head.seq)
    }

    /// Whether a line could be written now. None is, and nothing is left behind.
    ///
    /// # Errors
    ///
    /// Why it could not.
    pub(crate) fn is_writable(&self) -> io::Result<()> {
        self.is_file()?;
        let head = self.beside("head");
        let is_begun = self.file.exists() && head.exists();
        if is_begun {
            lock::hold(&head, PATIENCE)?;
            File::options().append(true).open(&self.file)?;
        }
        match private::try_folder(&self.file) {
            // Those files are there that a line takes.
            Err(error) if is_begun && error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            tried => tried,
        }
    }

    /// Whether the log is a file, or nothing yet: beside anything else none is made.
    fn is_file(&self) -> io::Result<()> {
        match fs::metadata(&self.file) {
            Ok(metadata) if !metadata.is_file() => Err(io::Error::other("it is no regular file")),
            _ => Ok(()),
        }
    }

    /// The keyed digest of a call's arguments.
    pub(crate) fn digest(&self, arguments: &Value) -> io::Result<String> {
        self.is_file()?;
        let salt = self.salt()?;
        let digest = digest::keyed(&salt, digest::canonical(arguments).as_bytes());
        Ok(digest::hex(&digest))
    }

    /// What the digests are keyed with, made where there is none.
    fn salt(&self) -> io::Result<Vec<u8>> {
        let path = self.beside("salt");
        match fs::read(&path) {
            Ok(salt) if salt.len() >= 32 => return Ok(salt),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut file = lock::hold(&path, PATIENCE)?;
        // Another process may have been quicker.
        let mut salt = Vec::new();
        file.read_to_end(&mut salt)?;
        if salt.len() < 32 {
            salt = digest::random()?.to_vec();
            file.rewind()?;
            file.write_all(&salt)?;
        }
        Ok(salt)
    }

    /// The log as it is now. Nothing is made and nothing has to be writable: a log may be a copy that is
    /// kept as evidence.
    pub(super) fn snapshot(&self) -> io::Result<Snapshot> {
        self.is_file()?;
        // Held until all files are open.
        let mut held = lock::share(&self.beside("head"), PATIENCE);
        let head = match &mut held {
            Ok(held) => Head::read(held),
            Err(error) if is_absent(error) => Ok(None),
            Err(error) => Err(std::mem::replace(error, io::ErrorKind::Other.into())),
        };
        let paths = self.older().into_iter().map(|(_, path)| path);
        let paths = paths.chain([self.file.clone()]);
        let mut files = Vec::new();
        for path in paths {
            match File::open(&path) {
                Ok(file) => {
                    // What is written later may be seen in part.
                    let length = file.metadata()?.len();
                    files.push((path, file.take(length)));
                }
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Snapshot { head, files })
    }

    fn open(&self) -> io::Result<File> {
        let mut options = private::options();
        options
            .read(true)
            .append(true)
            .create(true)
            .open(&self.file)
    }

    /// A file beside the log.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        let mut path = self.file.clone().into_os_string();
        path.push(format!(".{name}"));
        path.into()
    }

    /// The older files and the numbers of their first lines, the oldest first.
    fn older(&self) -> Vec<(u64, PathBuf)> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let listed = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut older: Vec<_> = listed
            .filter_map(|entry| {
                let other = entry.file_name();
                let number = other.to_str()?.strip_prefix(&*name)?.strip_prefix('.')?;
                Some((number.parse().ok()?, entry.path()))
            })
            .collect();
        older.sort();
        older
    }

    /// The head once more, where the file says more than it does: a process was killed between its line
    /// and the head, or within its line.
    fn caught_up(&self, mut head: Head, file: &mut File, length: u64) -> io::Result<Head> {
        if length < head.length {
            // The file was put aside and the head not yet told; else it was cut, which stays to be seen.
            if length == 0
                && self
                    .older()
                    .last()
                    .is_some_and(|(begin, _)| *begin == head.begin)
            {
                head.begin = head.seq + 1;
            }
            return Ok(head);
        }
        if length == head.length {
            return Ok(head);
        }
        let mut rest = Vec::new();
        file.seek(SeekFrom::Start(head.length))?;
        file.read_to_end(&mut rest)?;
        let mut whole = head.length;
        for line in rest.split_inclusive(|byte| *byte == b'\n') {
            let Some(text) = line.strip_suffix(b"\n") else {
                // Of a file that can only grow it stays, and the next line begins behind it.
                let _ = file.set_len(whole);
                break;
            };
            match link(text) {
                Some((seq, prev)) if seq == head.seq + 1 && prev == head.hash => head.advance(text),
                _ => break,
            }
            whole += line.len() as u64;
        }
        Ok(head)
    }

    /// The head that the files have, where it is gone; none where there are none.
    fn rebuilt(&self) -> io::Result<Option<Head>> {
        let mut head = None;
        let paths = self.older().into_iter().map(|(_, path)| path);
        for path in paths.chain([self.file.clone()]) {
            let mut begins = true;
            for line in BufReader::new(File::open(&path)?).split(b'\n') {
                let line = line?;
                let Some((seq, prev)) = link(&line) else {
                    continue;
                };
                let head = head.get_or_insert_with(|| Head {
                    first: seq,
                    before: prev,
                    ..Head::new()
                });
                (head.seq, head.hash) = (seq, digest::of(&line));
                if std::mem::take(&mut begins) {
                    head.begin = seq;
                }
            }
            if let (Some(head), true) = (&mut head, begins) {
                head.begin = head.seq + 1;
            }
        }
        Ok(head)
    }

    /// Puts the file aside that is full, and forgets the oldest if there are too many.
    fn begin_another(&self, head: &mut Head, held: &mut File) -> io::Result<()> {
        fs::rename(&self.file, self.beside(&format!("{:012}", head.begin)))?;
        head.begin = head.seq + 1;
        head.length = 0;
        let older = self.older();
        let (gone, kept) = older.split_at(older.len().saturating_sub(self.keep));
        if !gone.is_empty() {
            let first = kept.first().map(|(_, path)| first_line(path)).transpose()?;
            (head.first, head.before) = first
                .flatten()
                .unwrap_or_else(|| (head.begin, head.hash.clone()));
        }
        head.write(held)?;
        for (_, path) in gone {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// Whether a file is not there, nor its folder.
fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// How long a file is, and whether it ends within a line.
fn end(file: &mut File) -> io::Result<(u64, bool)> {
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok((0, false));
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok((length, last != *b"\n"))
}

/// The number of a line and the digest of the one before it.
pub(super) fn link(line: &[u8]) -> Option<(u64, String)> {
    let line: Value = serde_json::from_slice(line).ok()?;
    let prev = line.get("prev")?.as_str()?.to_owned();
    Some((line.get("seq")?.as_u64()?, prev))
}

fn first_line(path: &Path) -> io::Result<Option<(u64, String)>> {
    let mut line = Vec::new();
    BufReader::new(File::open(path)?).read_until(b'\n', &mut line)?;
    Ok(link(line.trim_ascii_end()))
}
