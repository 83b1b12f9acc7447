//! Where the clients of this machine keep their configs.

use std::env;
use std::path::{Path, PathBuf};

/// The folders that the search for a config starts from.
///
/// A plain value, so that a test has a machine of its own. A folder that is not known is not
/// searched. The places of all systems are looked at on every system: those of another hold nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The user's home.
    pub home: Option<PathBuf>,
    /// The folder the command was given in.
    pub cwd: PathBuf,
    /// `$XDG_CONFIG_HOME`, else `~/.config`.
    pub config_home: Option<PathBuf>,
    /// `%APPDATA%`.
    pub app_data: Option<PathBuf>,
}

/// A file that may name servers, and the folder that its relative paths start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) folder: PathBuf,
}

impl Places {
    /// The folders of the running process.
    pub fn of_this_machine() -> Self {
        let absolute = |path: PathBuf| path.is_absolute().then_some(path);
        let variable = |name| env::var_os(name).map(PathBuf::from).and_then(absolute);
        let home = env::home_dir().and_then(absolute);
        Self {
            // A folder that was deleted under us; relative paths then fail one by one, with their names.
            cwd: env::current_dir().unwrap_or_default(),
            config_home: variable("XDG_CONFIG_HOME")
                .or_else(|| Some(home.as_ref()?.join(".config"))),
            app_data: variable("APPDATA"),
            home,
        }
    }

    /// Every file that may name servers, in the order in which they are asked.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut add = |path: PathBuf, folder: &Path| {
            if !candidates.iter().any(|other| other.path == path) {
                candidates.push(Candidate {
                    path,
                    folder: folder.to_owned(),
                });
            }
        };
        let projects = self.project_folders();
        for folder in &projects {
            for file in [
                ".mcp.json",
                ".cursor/mcp.json",
                ".vscode/mcp.json",
                ".vscode/settings.json",
            ] {
                add(folder.join(file), folder);
            }
        }
        for path in self.user_files() {
            add(path, &self.cwd);
        }
        for folder in &projects {
            for file in ["mcp.yaml", "mcp.yml", "mcp.json"] {
                add(folder.join(file), folder);
            }
        }
        candidates
    }

    /// The folder the command was given in, and those around it that are the user's.
    ///
    /// A config starts programs, so one that another user could have put there must not be found by
    /// walking up into, say, `/tmp`: the walk ends below a folder that belongs to someone else or
    /// that everyone may write to. It ends at the home folder, too.
    pub(super) fn project_folders(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.cwd.clone()];
        for folder in self.cwd.ancestors().skip(1) {
            let left_home = self
                .home
                .as_deref()
                .is_some_and(|home| folders.iter().any(|folder| folder == home));
            if left_home || folder.as_os_str().is_empty() || !is_as_trusted(folder, &self.cwd) {
                break;
            }
            folders.push(folder.to_owned());
        }
        folders
    }

    fn user_files(&self) -> Vec<PathBuf> {
        let home = self.home.as_deref();
        let library = home.map(|home| home.join("Library/Application Support"));
        let bases: Vec<&Path> = [
            library.as_deref(),
            self.config_home.as_deref(),
            self.app_data.as_deref(),
        ]
        .into_iter()
        .flatten()
        .collect();

        let mut files = Vec::new();
        files.extend(home.map(|home| home.join(".claude.json")));
        files.extend(
            bases
                .iter()
                .map(|base| base.join("Claude/claude_desktop_config.json")),
        );
        files.extend(home.map(|home| home.join(".cursor/mcp.json")));
        for base in bases {
            for editor in ["Code", "Code - Insiders", "VSCodium"] {
                files.extend(
                    ["settings.json", "mcp.json"]
                        .map(|file| base.join(editor).join("User").join(file)),
                );
            }
        }
        files.extend(home.map(|home| home.join(".codeium/windsurf/mcp_config.json")));
        files
    }
}

#[cfg(unix)]
fn is_as_trusted(folder: &Path, as_folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    const WRITABLE_BY_ALL: u32 = 0o002;
    match (folder.metadata(), as_folder.metadata()) {
        (Ok(folder), Ok(own)) => folder.uid() == own.uid() && folder.mode() & WRITABLE_BY_ALL == 0,
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_as_trusted(_: &Path, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn configs_are_asked_from_the_nearest_to_the_farthest() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("home");
        let cwd = home.join("project/part");
        fs::create_dir_all(&cwd).unwrap();
        let places = Places {
            config_home: Some(home.join(".config")),
            app_data: Some(home.join("AppData/Roaming")),
            home: Some(home),
            cwd,
        };
        let listing: Vec<String> = places
            .candidates()
            .iter()
            .map(|candidate| {
                candidate
                    .path
                    .strip_prefix(root.path())
                    .unwrap()
                    .display()
                    .to_string()
            })
            .filter(|path| !path.contains("Insiders") && !path.contains("VSCodium"))
            .collect();
        insta::assert_snapshot!(listing.join("\n"), @r"
        home/project/part/.mcp.json
        home/project/part/.cursor/mcp.json
        home/project/part/.vscode/mcp.json
        home/project/part/.vscode/settings.json
        home/project/.mcp.json
        home/project/.cursor/mcp.json
        home/project/.vscode/mcp.json
        home/project/.vscode/settings.json
        home/.mcp.json
        home/.cursor/mcp.json
        home/.vscode/mcp.json
        home/.vscode/settings.json
        home/.claude.json
        home/Library/Application Support/Claude/claude_desktop_config.json
        home/.config/Claude/claude_desktop_config.json
        home/AppData/Roaming/Claude/claude_desktop_config.json
        home/Library/Application Support/Code/User/settings.json
        home/Library/Application Support/Code/User/mcp.json
        home/.config/Code/User/settings.json
        home/.config/Code/User/mcp.json
        home/AppData/Roaming/Code/User/settings.json
        home/AppData/Roaming/Code/User/mcp.json
        home/.codeium/windsurf/mcp_config.json
        home/project/part/mcp.yaml
        home/project/part/mcp.yml
        home/project/part/mcp.json
        home/project/mcp.yaml
        home/project/mcp.yml
        home/project/mcp.json
        home/mcp.yaml
        home/mcp.yml
        home/mcp.json
        ");
    }

    #[cfg(unix)]
    #[test]
    fn the_walk_up_ends_below_a_folder_that_everyone_may_write_to() {
        use std::os::unix::fs::PermissionsExt;

        let root = tempfile::tempdir().unwrap();
        let cwd = root.path().join("mine/part");
        fs::create_dir_all(&cwd).unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let places = Places {
            cwd: cwd.clone(),
            ..Places::default()
        };
        assert_eq!(places.project_folders(), [cwd, root.path().join("mine")]);
    }

    #[test]
    fn a_machine_without_folders_has_few_places_and_no_panic() {
        let places = Places::default();
        assert_eq!(places.project_folders(), [PathBuf::new()]);
        assert!(
            places
                .candidates()
                .iter()
                .all(|candidate| candidate.path.is_relative())
        );
    }
}
