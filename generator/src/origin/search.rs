//! A server's name, looked up in client configs.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::config_file::{self, servers};
use super::draft::Draft;
use super::entry::{Entry, folder_of};
use super::places::Candidate;
use super::{OriginError, Places, shown};

/// Every server that a config of this machine names, and the file that does, in the order of the
/// search. Files that cannot be read are left out.
pub fn known_servers(places: &Places) -> Vec<(String, PathBuf)> {
    names(&read_all(places).0, places)
}

/// Finds a server by name, in one config or in all of them.
pub(super) fn draft(
    name: &str,
    config: Option<&Path>,
    places: &Places,
) -> Result<Draft, OriginError> {
    let (files, warnings) = match config {
        Some(path) => {
            let path = places.cwd.join(path);
            let config = config_file::read(&path)?;
            (
                vec![Config {
                    candidate: Candidate {
                        folder: folder_of(&path),
                        path,
                    },
                    config,
                }],
                Vec::new(),
            )
        }
        None => read_all(places),
    };
    let folders = places.project_folders();
    let mut found = files.iter().flat_map(|file| {
        servers(&file.config, &folders)
            .into_iter()
            .filter(|server| server.name == name)
            .map(move |server| (file, server))
    });
    let Some((file, server)) = found.next() else {
        let known = names(&files, places);
        return Err(OriginError::Unknown {
            nearest: nearest(name, &known),
            name: name.to_owned(),
            known,
            config: config.map(Path::to_owned),
        });
    };
    let Candidate { path, folder } = &file.candidate;
    let mut draft = Entry {
        name,
        members: server.entry,
        file: path,
        folder,
        places,
    }
    .draft()?;
    draft.warnings.extend(warnings);
    let others: Vec<String> = found
        .map(|(file, _)| file.candidate.path.display().to_string())
        .collect();
    if !others.is_empty() {
        draft.warnings.push(format!(
            "server `{}` is taken from {}, and is also named in {}",
            shown(name),
            path.display(),
            others.join(", ")
        ));
    }
    Ok(draft)
}

/// A config that was read.
struct Config {
    candidate: Candidate,
    config: Value,
}

/// Reads the configs there are; those that are broken become warnings, since nobody asked for them.
fn read_all(places: &Places) -> (Vec<Config>, Vec<String>) {
    let mut warnings = Vec::new();
    let mut files = Vec::new();
    for candidate in places.candidates() {
        if !candidate.path.is_file() {
            continue;
        }
        match config_file::read(&candidate.path) {
            Ok(config) => files.push(Config { candidate, config }),
            Err(OriginError::Unreadable { path, source }) => {
                warnings.push(format!(
                    "config {} cannot be read: {source}",
                    path.display()
                ));
            }
            Err(error) => warnings.push(error.to_string()),
        }
    }
    (files, warnings)
}

fn names(files: &[Config], places: &Places) -> Vec<(String, PathBuf)> {
    let folders = places.project_folders();
    let mut names: Vec<(String, PathBuf)> = Vec::new();
    for file in files {
        for server in servers(&file.config, &folders) {
            let named = (server.name.to_owned(), file.candidate.path.clone());
            if !names.contains(&named) {
                names.push(named);
            }
        }
    }
    names
}

/// The name that was perhaps meant.
fn nearest(name: &str, known: &[(String, PathBuf)]) -> Option<String> {
    const ALIKE: f64 = 0.8;
    let wanted = name.to_lowercase();
    known
        .iter()
        .map(|(name, _)| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name.clone())
}
