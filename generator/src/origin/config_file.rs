//! Client configs: one file, and the servers it names.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{OriginError, jsonc, yaml};

/// How much of a file is read. `~/.claude.json` has a history in it and is long; nothing is this long.
const MAX_LENGTH: u64 = 64 << 20;

/// Why a text is neither JSON nor YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) reason: String,
}

/// A server as a config names it: the entry is not looked at before the server is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) entry: &'a Map<String, Value>,
}

/// Reads a config. A file without content names nothing.
pub(super) fn read(path: &Path) -> Result<Value, OriginError> {
    let text = text_of(path).map_err(|source| OriginError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &text).map_err(
        |SyntaxError {
             line,
             column,
             reason,
         }| OriginError::Malformed {
            path: path.to_owned(),
            line,
            column,
            reason,
        },
    )
}

/// The servers a config names, in its order.
///
/// `folders` are the folders the command was given in, nearest first: Claude Code keeps servers by
/// project, and those go before the ones it keeps for the user.
pub(super) fn servers<'a>(config: &'a Value, folders: &[PathBuf]) -> Vec<Named<'a>> {
    let projects = config.get("projects");
    let of_projects = folders.iter().filter_map(|folder| {
        let folder = folder.to_str()?;
        let project = projects?
            .get(folder)
            .or_else(|| projects?.get(folder.replace('\\', "/")))?;
        project.get("mcpServers")
    });
    let of_file = [
        config.get("mcpServers"),
        config.get("servers"),
        // VS Code's settings, whose keys may be written with dots.
        config.get("mcp").and_then(|mcp| mcp.get("servers")),
        config.get("mcp.servers"),
        config.get("mcp").and_then(|mcp| mcp.get("mcpServers")),
    ];
    of_projects
        .chain(of_file.into_iter().flatten())
        .flat_map(named)
        .collect()
}

/// The entries of a map by name, or of a list of `{name, …}`.
fn named(servers: &Value) -> Vec<Named<'_>> {
    match servers {
        Value::Object(map) => map
            .iter()
            .filter_map(|(name, entry)| {
                Some(Named {
                    name,
                    entry: entry.as_object()?,
                })
            })
            .collect(),
        Value::Array(list) => list
            .iter()
            .filter_map(|entry| {
                Some(Named {
                    name: entry.get("name")?.as_str()?,
                    entry: entry.as_object()?,
                })
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?
        .take(MAX_LENGTH)
        .read_to_string(&mut text)?;
    if read as u64 == MAX_LENGTH {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "too long for a config",
        ));
    }
    Ok(text)
}

/// YAML by its name or, where the name says nothing, by its first character.
fn parse(path: &Path, text: &str) -> Result<Value, SyntaxError> {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    let is_yaml = match extension {
        "yaml" | "yml" => true,
        "json" | "jsonc" => false,
        _ => !text
            .trim_start_matches('\u{feff}')
            .trim_start()
            .starts_with(['{', '[', '/']),
    };
    if is_yaml {
        return yaml::read(text);
    }
    let plain = jsonc::plain(text);
    if plain.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&plain).map_err(|error| {
        let text = error.to_string();
        let reason = text
            .rfind(" at line ")
            .map_or(text.as_str(), |end| &text[..end]);
        SyntaxError {
            line: error.line(),
            column: error.column(),
            reason: reason.to_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(config: &Value, folders: &[&str]) -> Vec<String> {
        let folders: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
        servers(config, &folders)
            .iter()
            .map(|server| server.name.to_owned())
            .collect()
    }

    #[track_caller]
    fn parsed(file: &str, text: &str) -> Value {
        parse(Path::new(file), text).unwrap_or_else(|error| panic!("{error:?}"))
    }

    #[test]
    fn servers_are_found_under_every_clients_key() {
        for text in [
            r#"{"mcpServers": {"a": {}, "b": {}}}"#,
            r#"{"servers": {"a": {}, "b": {}}}"#,
            r#"{"mcp": {"servers": {"a": {}, "b": {}}}}"#,
            r#"{"mcp.servers": {"a": {}, "b": {}}}"#,
            r#"{"mcpServers": [{"name": "a"}, {"name": "b"}]}"#,
        ] {
            assert_eq!(names(&parsed("x.json", text), &[]), ["a", "b"], "{text}");
        }
    }

    #[test]
    fn a_projects_servers_go_before_the_users() {
        let text = r#"{"mcpServers": {"user": {}}, "projects": {"/p": {"mcpServers": {"p": {}}}, "/p/q": {"mcpServers": {"q": {}}}, "C:/r": {"mcpServers": {"r": {}}}}}"#;
        let config = parsed(".claude.json", text);
        assert_eq!(names(&config, &["/p/q", "/p"]), ["q", "p", "user"]);
        assert_eq!(names(&config, &["C:\\r"]), ["r", "user"]);
        assert_eq!(names(&config, &[]), ["user"]);
    }

    #[test]
    fn files_of_another_shape_name_nothing() {
        for text in [
            "[]",
            "1",
            "{\"mcpServers\": 1}",
            "{\"mcpServers\": [1, {\"name\": 2}, {}]}",
            "{\"mcpServers\": {\"a\": 1}}",
            "",
            "// nothing",
            "{\"projects\": []}",
        ] {
            assert_eq!(
                names(&parsed("x.json", text), &["/p"]),
                Vec::<String>::new(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_file_without_a_telling_name_is_read_by_its_content() {
        for text in [
            "// hi\n{\"servers\": {\"a\": {},}}",
            "\u{feff} {\"servers\": {\"a\": {}}}",
            "servers:\n  a: {command: b}\n",
            "# hi\nservers: [{name: a}]",
        ] {
            assert_eq!(names(&parsed("config", text), &[]), ["a"], "{text}");
        }
    }

    #[test]
    fn an_error_has_the_line_of_the_file() {
        let error = parse(Path::new("x.json"), "{\n // two\n \"a\": /* é */ x,\n}").unwrap_err();
        assert_eq!((error.line, error.reason.as_str()), (3, "expected value"));
        assert_eq!(
            parse(Path::new("x.yaml"), "a: b\nc: [\n").unwrap_err().line,
            3
        );
    }
}
