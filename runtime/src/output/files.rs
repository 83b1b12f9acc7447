//! The binaries of an answer as files, for `--mcp-save-dir`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::base64::{Fault, decode};
use super::binary::{base64, holders_mut, text};
use super::content::bytes;
use super::file_name::FileName;
use crate::error::Error;
use crate::text::line;

/// How many names are tried for one file.
const TRIES: u32 = 10_000;

/// The folder that binaries go to, if they go to any.
#[derive(Debug, Default)]
pub(crate) struct Files {
    folder: Option<PathBuf>,
}

/// What became of the binaries of an answer.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    /// A line for each file.
    pub(crate) files: Vec<String>,
    /// What the caller should know.
    pub(crate) warnings: Vec<String>,
    /// Why one could not be written.
    pub(crate) failure: Option<Error>,
}

impl Files {
    /// The folder, made if it is not there yet: before a server is asked anything, because an answer
    /// may not come twice.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, Error> {
        if let Some(folder) = folder {
            fs::create_dir_all(folder).map_err(|source| Error::Io {
                what: format!("--mcp-save-dir: cannot make {}", folder.display()),
                source,
            })?;
        }
        Ok(Self {
            folder: folder.map(Path::to_owned),
        })
    }

    pub(super) fn are_wanted(&self) -> bool {
        self.folder.is_some()
    }

    /// Writes each binary of an answer to a file. Unless the answer is `kept` as it is, the `path` and
    /// `size` of the file take the place of the bytes, and a `path` there is always one of ours.
    ///
    /// `origin` names what was asked, for those that have no name of their own.
    pub(super) fn save(&self, result: &mut Value, origin: &str, kept: bool) -> Saved {
        let mut saved = Saved::default();
        let Some(folder) = &self.folder else {
            return saved;
        };
        for (at, holder) in holders_mut(result).into_iter().enumerate() {
            let Some(holder) = holder else { continue };
            let number = at + 1;
            // A server could send a path of its own, and a script would take that for a file of ours.
            if !kept && holder.shift_remove("path").is_some() {
                saved.warnings.push(format!(
                    "block {number} of the answer names a path of its own, which is left out"
                ));
            }
            let Some((key, data)) = base64(holder) else {
                continue;
            };
            let name = match text(holder, "uri") {
                "" => text(holder, "name"),
                uri => uri,
            };
            let mime = text(holder, "mimeType");
            let name = FileName::new(name, &format!("{origin}-{number}"), mime);
            match store(folder, &name, data) {
                Ok((path, size)) => {
                    let mut what = vec![line(mime), bytes(size)];
                    what.retain(|part| !part.is_empty());
                    let path = path.display().to_string();
                    saved
                        .files
                        .push(format!("saved {path} ({})", what.join(", ")));
                    if !kept {
                        holder.shift_remove(key);
                        holder.insert("path".to_owned(), path.into());
                        holder.insert("size".to_owned(), size.into());
                    }
                }
                Err(Fault::Text) => saved.warnings.push(format!(
                    "block {number} of the answer is not saved: its `{key}` is not base64"
                )),
                Err(Fault::Write(source)) => {
                    saved.failure.get_or_insert(Error::Io {
                        what: format!("cannot save block {number} in {}", folder.display()),
                        source,
                    });
                }
            }
        }
        saved
    }
}

/// Writes the bytes of a base64 text to a file of a name that is not taken. The file is whole as soon
/// as anybody can see something in it.
fn store(folder: &Path, name: &FileName, data: &str) -> Result<(PathBuf, u64), Fault> {
    let part = |number| format!(".{}-{number}.part", std::process::id());
    let (part, mut file) = create(folder, part)?;
    let stored = decode(data, &mut file).and_then(|size| {
        drop(file);
        let (path, _) = create(folder, |number| name.numbered(number))?;
        // Over the empty file that now holds the name: a link would not do on every file system.
        fs::rename(&part, &path).inspect_err(|_| discard(&path))?;
        Ok((path, size))
    });
    stored.inspect_err(|_| discard(&part))
}

/// Makes a file of the first name that is not taken.
fn create(folder: &Path, name: impl Fn(u32) -> String) -> io::Result<(PathBuf, File)> {
    let mut number = 1;
    loop {
        let path = folder.join(name(number));
        match File::create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < TRIES => {
                number += 1;
            }
            made => return made.map(|file| (path, file)),
        }
    }
}

/// Removes what is not to stay. That it stays all the same is less than what went wrong before.
fn discard(path: &Path) {
    let _ = fs::remove_file(path);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An empty folder, removed in the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("mcpress-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
            let mut names: Vec<_> = entries
                .map(|entry| name(entry).into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_path_stands_where_the_bytes_were() {
        let folder = Folder::new("in-place");
        let files = Files::open(Some(&folder.0)).unwrap();
        let mut result = json!({"content": [
            {"type": "text", "text": "see"},
            {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png", "x-vendor": 1},
            {"type": "resource", "resource": {"uri": "x://a/b.pdf", "blob": "aGVsbG8", "mimeType": "application/pdf"}},
            {"type": "video", "data": "aGVs", "mimeType": "video/mp4"},
        ]});
        let saved = files.save(&mut result, "draw", false);
        assert!(
            saved.warnings.is_empty() && saved.failure.is_none(),
            "{saved:?}"
        );
        let path = |name: &str| folder.0.join(name).display().to_string();
        assert_eq!(
            result["content"],
            json!([
                {"type": "text", "text": "see"},
                {"type": "image", "mimeType": "image/png", "x-vendor": 1, "path": path("draw-2.png"), "size": 5},
                {"type": "resource", "resource": {
                    "uri": "x://a/b.pdf", "mimeType": "application/pdf", "path": path("b.pdf"), "size": 5,
                }},
                {"type": "video", "mimeType": "video/mp4", "path": path("draw-4.mp4"), "size": 3},
            ])
        );
        assert_eq!(folder.names(), ["b.pdf", "draw-2.png", "draw-4.mp4"]);
        assert_eq!(fs::read(path("draw-2.png")).unwrap(), b"hello");
    }

    #[test]
    fn the_contents_of_resources_and_the_messages_of_prompts_are_saved_too() {
        let folder = Folder::new("contents");
        let files = Files::open(Some(&folder.0)).unwrap();
        let image = json!({"type": "image", "data": "aGVs", "mimeType": "image/gif"});
        let mut read =
            json!({"contents": [{"uri": "x://y/logo", "blob": "aGVs", "mimeType": "image/png"}]});
        let mut prompt = json!({"messages": [{"role": "user", "content": image}, {"role": "user", "content": [image]}]});
        files.save(&mut read, "read", false);
        files.save(&mut prompt, "greet", false);
        assert_eq!(folder.names(), ["greet-1.gif", "greet-2.gif", "logo.png"]);
        assert_eq!(prompt["messages"][1]["content"][0]["size"], 3);
    }

    #[test]
    fn a_file_that_is_there_is_never_written_over() {
        let folder = Folder::new("taken");
        let files = Files::open(Some(&folder.0)).unwrap();
        fs::write(folder.0.join("draw-1.png"), "mine").unwrap();
        let block = json!({"type": "image", "data": "aGVs", "mimeType": "image/png"});
        for _ in 0..2 {
            files.save(&mut json!({"content": [block]}), "draw", false);
        }
        assert_eq!(
            folder.names(),
            ["draw-1-2.png", "draw-1-3.png", "draw-1.png"]
        );
        assert_eq!(fs::read(folder.0.join("draw-1.png")).unwrap(), b"mine");
    }

    #[test]
    fn what_is_not_base64_stays_in_the_answer_and_leaves_no_file() {
        let folder = Folder::new("not-base64");
        let files = Files::open(Some(&folder.0)).unwrap();
        let result =
            json!({"content": [{"type": "image", "data": "n0t base64!", "mimeType": "image/png"}]});
        let mut told = result.clone();
        let saved = files.save(&mut told, "draw", false);
        assert_eq!(told, result);
        assert_eq!(
            saved.warnings,
            ["block 1 of the answer is not saved: its `data` is not base64"]
        );
        assert!(folder.names().is_empty());
    }

    #[test]
    fn an_answer_that_is_kept_is_saved_all_the_same() {
        let folder = Folder::new("kept");
        let files = Files::open(Some(&folder.0)).unwrap();
        let result = json!({"content": [{"type": "audio", "data": "aGVs", "mimeType": "audio/wav", "path": "/x"}]});
        let mut told = result.clone();
        let saved = files.save(&mut told, "draw", true);
        assert_eq!(told, result);
        assert_eq!(saved.files.len(), 1);
        assert_eq!(folder.names(), ["draw-1.wav"]);
    }

    #[test]
    fn a_path_of_the_server_s_own_is_never_taken_for_one_of_ours() {
        let folder = Folder::new("forged");
        let files = Files::open(Some(&folder.0)).unwrap();
        let mut result = json!({"content": [
            {"type": "image", "mimeType": "image/png", "path": "/etc/passwd"},
            {"type": "resource", "resource": {"uri": "x://y", "blob": "!", "path": "/etc/passwd"}},
        ]});
        let saved = files.save(&mut result, "draw", false);
        assert!(!result.to_string().contains("passwd"), "{result}");
        assert_eq!(saved.warnings.len(), 3, "{saved:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_a_name_that_is_taken() {
        let folder = Folder::new("link");
        let files = Files::open(Some(&folder.0)).unwrap();
        let outside = folder.0.with_extension("outside");
        std::os::unix::fs::symlink(&outside, folder.0.join("draw-1.png")).unwrap();
        let block = json!({"type": "image", "data": "aGVs", "mimeType": "image/png"});
        files.save(&mut json!({"content": [block]}), "draw", false);
        assert_eq!(folder.names(), ["draw-1-2.png", "draw-1.png"]);
        assert!(!outside.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_before_anything_is_asked() {
        let folder = Folder::new("file");
        fs::write(&folder.0, "a file").unwrap();
        let error = Files::open(Some(&folder.0.join("sub"))).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("--mcp-save-dir: cannot make "),
            "{error}"
        );
        fs::remove_file(&folder.0).unwrap();
    }
}
