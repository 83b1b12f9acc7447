//! What was begun from here and whose end was not seen here: tasks, and approvals.
//!
//! Not every server lists its tasks, and none tells which tool a task is of; no vault lists the approvals
//! that it waits for. Each is a file of its own, so that programs which run at the same time write
//! without waiting for one another:
//!
//! ```text
//! STATE/PROGRAM/tasks/SERVER-TASK.json           0600, {"id", "tool", "begun"}
//! STATE/PROGRAM/approvals/VAULT-APPROVAL.json    0600, {"id", "tool", "asked", "expires", "urls"}
//! ```
//!
//! There are no arguments in them, and no answers.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::clock;
use crate::environment;
use crate::error::Error;
use crate::private;
use crate::transport::Endpoint;

/// The most that is remembered of one kind and one program. The oldest go first.
const MOST: usize = 200;

/// What one program has begun at one place.
#[derive(Debug)]
pub(crate) struct Ledger {
    folder: Option<PathBuf>,
    /// The server or the vault, as the beginning of a name of a file.
    server: String,
}

impl Ledger {
    /// The ledger of a server: the same for as long as its address is, whatever it is told beside that.
    pub(crate) fn of(program: &str, endpoint: &Endpoint) -> Self {
        let address = match endpoint {
            Endpoint::Stdio(launch) => format!("{}\0{}", launch.command, launch.args.join("\0")),
            Endpoint::Http(remote) => remote.url.clone(),
        };
        Self {
            folder: environment::state_folder(program).map(|folder| folder.join("tasks")),
            server: digest(&address),
        }
    }

    /// The ledger of the approvals that a vault waits for, in a program's folder of what it remembers.
    #[cfg(feature = "http")]
    pub(crate) fn of_approvals(state: Option<&std::path::Path>, vault: &str) -> Self {
        Self {
            folder: state.map(|state| state.join("approvals")),
            server: digest(vault),
        }
    }

    /// Remembers a task and the tool that it is of.
    pub(crate) fn add(&self, id: &str, tool: &str) -> Result<(), Error> {
        let entry = json!({
            "id": id,
            "tool": tool,
            "begun": clock::now_in_seconds(),
        });
        self.keep(id, &entry)
    }

    /// Remembers something by its id.
    pub(crate) fn keep(&self, id: &str, entry: &Value) -> Result<(), Error> {
        let failed = |source| Error::Io {
            what: format!("cannot remember {id}"),
            source,
        };
        let Some(file) = self.file(id) else {
            return Err(failed(std::io::ErrorKind::NotFound.into()));
        };
        let write = || {
            private::prepare(&file)?;
            let mut options = private::options();
            options.write(true).create(true).truncate(true);
            options.open(&file)?.write_all(entry.to_string().as_bytes())
        };
        write().map_err(failed)?;
        self.forget_the_oldest();
        Ok(())
    }

    /// Forgets what has this id.
    pub(crate) fn remove(&self, id: &str) {
        if let Some(file) = self.file(id) {
            // What is not there need not be forgotten.
            let _ = fs::remove_file(file);
        }
    }

    /// The tool that a task is of.
    pub(crate) fn tool(&self, id: &str) -> Option<String> {
        self.entry(id)?.get("tool")?.as_str().map(str::to_owned)
    }

    /// What is remembered of an id.
    pub(crate) fn entry(&self, id: &str) -> Option<Value> {
        read(&self.file(id)?)
    }

    /// The ids of the tasks at this server and their tools, the oldest first.
    pub(crate) fn tasks(&self) -> Vec<(String, String)> {
        let entries = self.entries().into_iter().filter_map(|entry| {
            let text = |name: &str| entry.get(name)?.as_str().map(str::to_owned);
            Some((text("id")?, text("tool")?))
        });
        entries.collect()
    }

    /// All that is remembered of this place, the oldest first.
    pub(crate) fn entries(&self) -> Vec<Value> {
        let own = |file: &PathBuf| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&self.server)
        };
        let files = self.files().into_iter().filter(own);
        files.filter_map(|file| read(&file)).collect()
    }

    fn file(&self, id: &str) -> Option<PathBuf> {
        let name = format!("{}-{}.json", self.server, digest(id));
        Some(self.folder.as_ref()?.join(name))
    }

    /// The files of all servers, the oldest first.
    fn files(&self) -> Vec<PathBuf> {
        let listed = self
            .folder
            .as_ref()
            .and_then(|folder| fs::read_dir(folder).ok());
        let mut files: Vec<_> = listed
            .into_iter()
            .flatten()
            .filter_map(|file| {
                let file = file.ok()?;
                Some((file.metadata().ok()?.modified().ok()?, file.path()))
            })
            .collect();
        files.sort();
        files.into_iter().map(|(_, path)| path).collect()
    }

    fn forget_the_oldest(&self) {
        let files = self.files();
        for file in files.iter().take(files.len().saturating_sub(MOST)) {
            let _ = fs::remove_file(file);
        }
    }
}

fn read(file: &PathBuf) -> Option<Value> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// A name for a text that is a stranger's.
fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ledger in a folder that is gone at the end.
    struct Desk(PathBuf);

    impl Desk {
        fn new(name: &str) -> Self {
            let folder = format!("mcpress-ledger-{name}-{}", std::process::id());
            Self(std::env::temp_dir().join(folder))
        }

        fn ledger(&self, server: &str) -> Ledger {
            Ledger {
                folder: Some(self.0.clone()),
                server: digest(server),
            }
        }
    }

    impl Drop for Desk {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_task_is_remembered_for_its_server_alone() {
        let desk = Desk::new("servers");
        let (here, there) = (desk.ledger("here"), desk.ledger("there"));
        here.add("../1\n", "work").unwrap();
        assert_eq!(here.tool("../1\n").as_deref(), Some("work"));
        assert_eq!(here.tasks(), [("../1\n".to_owned(), "work".to_owned())]);
        assert!(there.tasks().is_empty() && there.tool("../1\n").is_none());
        here.remove("../1\n");
        here.remove("../1\n");
        assert!(here.tasks().is_empty());
    }

    #[test]
    fn many_writers_at_once_lose_nothing_and_the_oldest_go_first() {
        let desk = Desk::new("writers");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let ledger = desk.ledger("here");
                scope.spawn(move || {
                    for task in 0..40 {
                        ledger.add(&format!("{writer}-{task}"), "work").unwrap();
                    }
                });
            }
        });
        let ledger = desk.ledger("here");
        assert_eq!(ledger.tasks().len(), 160);
        // Longer than the clock of a file system takes for a step.
        std::thread::sleep(std::time::Duration::from_millis(30));
        for task in 0..MOST {
            ledger.add(&format!("new-{task}"), "work").unwrap();
        }
        let tasks = ledger.tasks();
        assert_eq!(tasks.len(), MOST);
        assert!(tasks.iter().all(|(id, _)| id.starts_with("new-")));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_what_is_remembered() {
        use std::os::unix::fs::PermissionsExt;
        let desk = Desk::new("modes");
        let ledger = desk.ledger("here");
        ledger.add("a", "work").unwrap();
        let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&desk.0), 0o700);
        assert_eq!(mode(&ledger.file("a").unwrap()), 0o600);
    }
}
