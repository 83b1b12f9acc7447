//! One server's entry in a client config.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::draft::Draft;
use super::{OriginError, Places, command_line, endpoint};

/// An entry and what must be known to read it.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) members: &'a Map<String, Value>,
    /// The file it is in.
    pub(super) file: &'a Path,
    /// The folder its relative paths start from.
    pub(super) folder: &'a Path,
    pub(super) places: &'a Places,
}

/// The two ways of reaching a server, as an entry's `type` has them.
#[derive(PartialEq)]
enum Kind {
    Stdio,
    Http,
}

impl Entry<'_> {
    /// Makes a server of the entry.
    pub(super) fn draft(&self) -> Result<Draft, OriginError> {
        let mut draft = match self.kind()? {
            Kind::Stdio => self.program()?,
            Kind::Http => self.endpoint()?,
        };
        for (name, text) in self.texts_by_name("env")? {
            draft
                .bind_env(&name, &text)
                .map_err(|error| self.in_entry(error))?;
        }
        draft.cwd = self
            .text("cwd")?
            .filter(|cwd| !cwd.is_empty())
            .map(|cwd| self.folder.join(cwd));
        for (member, advice) in [
            ("envFile", "is not read: declare what it holds with --env"),
            (
                "headersHelper",
                "is not run: give the headers with --header",
            ),
        ] {
            if self.members.contains_key(member) {
                draft.warnings.push(format!(
                    "`{member}` of server `{}` {advice}",
                    super::shown(self.name)
                ));
            }
        }
        draft.source = Some(self.file.to_owned());
        Ok(draft)
    }

    fn kind(&self) -> Result<Kind, OriginError> {
        let has = |members: &[&str]| {
            members.iter().any(|member| {
                self.members
                    .get(*member)
                    .is_some_and(|value| !value.is_null())
            })
        };
        let kind = match self.text("type")?.or(self.text("transport")?).as_deref() {
            Some("stdio") => Kind::Stdio,
            Some("http" | "sse" | "streamable-http" | "streamableHttp" | "streamable_http") => {
                Kind::Http
            }
            None | Some("") if has(&["command"]) => Kind::Stdio,
            None | Some("") if has(&URLS) => Kind::Http,
            None | Some("") => return Err(self.refuse("it has neither a `command` nor a `url`")),
            Some(other) => {
                return Err(self.refuse(&format!(
                    "it is of type `{}`, which is not spoken here",
                    super::shown(other)
                )));
            }
        };
        match kind {
            Kind::Stdio if !has(&["command"]) => Err(self.refuse("it has no `command`")),
            Kind::Http if !has(&URLS) => Err(self.refuse("it has no `url`")),
            kind => Ok(kind),
        }
    }

    fn program(&self) -> Result<Draft, OriginError> {
        let args = self.texts("args")?;
        if self.members.get("command").is_some_and(Value::is_array) {
            let mut words = self.texts("command")?;
            words.extend(args);
            let (command, args) = words
                .split_first()
                .ok_or_else(|| self.in_entry(OriginError::NoProgram))?;
            return Ok(Draft::stdio(command, args));
        }
        let command = self.text("command")?.unwrap_or_default();
        if command.trim().is_empty() {
            return Err(self.in_entry(OriginError::NoProgram));
        }
        if args.is_empty() && self.is_command_line(&command) {
            return command_line::draft(&command).map_err(|error| self.in_entry(error));
        }
        Ok(Draft::stdio(&command, &args))
    }

    fn endpoint(&self) -> Result<Draft, OriginError> {
        let mut url = String::new();
        for member in URLS {
            if let Some(text) = self.text(member)? {
                url = text;
                break;
            }
        }
        let mut draft = endpoint::draft(&url).map_err(|error| self.in_entry(error))?;
        for (name, text) in self.texts_by_name("headers")? {
            draft
                .bind_header(name.trim(), text.trim())
                .map_err(|error| self.in_entry(error))?;
        }
        Ok(draft)
    }

    /// Whether a `command` without `args` is a program and its arguments, rather than a program in a
    /// folder such as `Program Files`.
    fn is_command_line(&self, command: &str) -> bool {
        let is_windows_path =
            matches!(command.as_bytes(), [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic());
        command.trim().contains(char::is_whitespace)
            && !is_windows_path
            && !self.folder.join(command).is_file()
    }

    fn text(&self, member: &str) -> Result<Option<String>, OriginError> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let text = scalar(value)
                    .ok_or_else(|| self.refuse(&format!("`{member}` is not a text")))?;
                Ok(Some(self.fill(&text)))
            }
        }
    }

    fn texts(&self, member: &str) -> Result<Vec<String>, OriginError> {
        let texts = match self.members.get(member) {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| Some(self.fill(&scalar(item)?)))
                .collect(),
            Some(_) => None,
        };
        texts.ok_or_else(|| self.refuse(&format!("`{member}` is not a list of texts")))
    }

    /// A map of texts. A null stands for a name that is not set.
    fn texts_by_name(&self, member: &str) -> Result<Vec<(String, String)>, OriginError> {
        let texts = match self.members.get(member) {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::Object(map)) => map
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| Some((name.clone(), self.fill(&scalar(value)?))))
                .collect(),
            Some(_) => None,
        };
        texts.ok_or_else(|| self.refuse(&format!("`{member}` is not a map of texts")))
    }

    /// Fills what editors predefine, which is a place and no secret.
    fn fill(&self, text: &str) -> String {
        if !text.contains("${") {
            return text.to_owned();
        }
        let shown = |path: &Path| path.display().to_string();
        let base = self
            .folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut filled = text
            .replace("${workspaceFolderBasename}", &base)
            .replace("${workspaceFolder}", &shown(self.folder))
            .replace("${cwd}", &shown(&self.places.cwd))
            .replace("${pathSeparator}", std::path::MAIN_SEPARATOR_STR)
            .replace("${/}", std::path::MAIN_SEPARATOR_STR);
        if let Some(home) = &self.places.home {
            filled = filled.replace("${userHome}", &shown(home));
        }
        filled
    }

    fn refuse(&self, reason: &str) -> OriginError {
        OriginError::Entry {
            name: self.name.to_owned(),
            path: self.file.to_owned(),
            reason: reason.to_owned(),
        }
    }

    fn in_entry(&self, error: OriginError) -> OriginError {
        OriginError::InEntry {
            name: self.name.to_owned(),
            path: self.file.to_owned(),
            source: Box::new(error),
        }
    }
}

/// The folder a config's relative paths start from: the one that `.vscode` and its like are in.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    let parent = file.parent().unwrap_or(Path::new(""));
    let is_clients = parent
        .file_name()
        .is_some_and(|name| name == ".vscode" || name == ".cursor");
    let folder = if is_clients {
        parent.parent().unwrap_or(parent)
    } else {
        parent
    };
    folder.to_owned()
}

/// The members that clients give a URL in.
const URLS: [&str; 3] = ["url", "serverUrl", "httpUrl"];

/// A text, or what people write where they mean one: `"PORT": 8080`.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ir::Transport;
    use crate::origin::Origin;
    use crate::origin::tests::outline;

    fn read(entry: &Value) -> Result<Origin, OriginError> {
        let places = Places {
            home: Some("/home/me".into()),
            cwd: "/home/me/w".into(),
            ..Places::default()
        };
        let folder = Path::new("/home/me/w/project");
        let members = entry.as_object().unwrap();
        Entry {
            name: "s",
            members,
            file: Path::new("/c.json"),
            folder,
            places: &places,
        }
        .draft()?
        .finish()
    }

    #[track_caller]
    fn origin(entry: Value) -> Origin {
        read(&entry).unwrap_or_else(|error| panic!("{error}: {entry}"))
    }

    #[test]
    fn literal_variables_are_slots_with_a_value_for_now() {
        let origin = origin(json!({
            "command": "uvx", "args": ["altr-mcp", 1, true],
            "env": {"ORG_ID": "abc", "KEY": "${ALTR_KEY}", "LEVEL": "${LEVEL:-info}", "PORT": 8080, "OFF": null, "MY-VAR": "x", "EMPTY": ""}
        }));
        insta::assert_snapshot!(outline(&origin), @r"
        uvx altr-mcp 1 true
        env ORG_ID=${ORG_ID}
        env KEY=${ALTR_KEY}
        env LEVEL=${LEVEL:-info}
        env PORT=${PORT}
        env MY-VAR=${MY_VAR}
        env EMPTY=${EMPTY}
        slots: ALTR_KEY EMPTY LEVEL? MY_VAR ORG_ID PORT
        values: EMPTY MY_VAR ORG_ID PORT
        ");
        assert_eq!(origin.values.expose("PORT"), Some("8080"));
        assert_eq!(origin.source.as_deref(), Some(Path::new("/c.json")));
    }

    #[test]
    fn the_type_or_the_members_say_how_a_server_is_reached() {
        for (entry, expected) in [
            (
                json!({"type": "stdio", "command": "a", "url": "https://x.example"}),
                "a",
            ),
            (
                json!({"type": "http", "url": "https://x.example"}),
                "https://x.example",
            ),
            (
                json!({"type": "sse", "command": "a", "url": "https://x.example"}),
                "https://x.example",
            ),
            (
                json!({"type": "streamable-http", "url": "https://x.example"}),
                "https://x.example",
            ),
            (
                json!({"serverUrl": "https://x.example"}),
                "https://x.example",
            ),
            (
                json!({"httpUrl": "https://x.example", "command": null}),
                "https://x.example",
            ),
            (json!({"command": "a", "disabled": true}), "a"),
            (json!({"command": ["a", "b"], "args": ["c"]}), "a b c"),
        ] {
            assert_eq!(outline(&origin(entry)), expected);
        }
    }

    #[test]
    fn an_entry_of_another_shape_is_an_error_that_names_it() {
        for (entry, reason) in [
            (json!({}), "it has neither a `command` nor a `url`"),
            (
                json!({"type": "stdio", "url": "https://x.example"}),
                "it has no `command`",
            ),
            (json!({"type": "http", "command": "a"}), "it has no `url`"),
            (
                json!({"type": "ws", "url": "wss://x.example"}),
                "it is of type `ws`, which is not spoken here",
            ),
            (json!({"command": {}}), "`command` is not a text"),
            (json!({"command": " "}), "the command names no program"),
            (json!({"command": []}), "the command names no program"),
            (
                json!({"command": "a", "args": "b"}),
                "`args` is not a list of texts",
            ),
            (
                json!({"command": "a", "args": [{}]}),
                "`args` is not a list of texts",
            ),
            (
                json!({"command": "a", "env": ["B=c"]}),
                "`env` is not a map of texts",
            ),
            (
                json!({"command": "a", "env": {"B": []}}),
                "`env` is not a map of texts",
            ),
            (
                json!({"command": "a", "env": {"": "b"}}),
                "`` cannot be the name of an environment variable",
            ),
            (
                json!({"url": "ws:///x"}),
                "a server is not reached by `ws:`, only by `http:`, `https:` and `unix:`",
            ),
            (
                json!({"url": "https://x.example", "headers": {"A": "b\nc"}}),
                "the value of header `A` holds a line break, a control character or one beyond ASCII",
            ),
        ] {
            assert_eq!(
                read(&entry).unwrap_err().to_string(),
                format!("server `s` in /c.json: {reason}")
            );
        }
    }

    #[test]
    fn a_command_with_blanks_and_no_arguments_is_a_command_line() {
        assert_eq!(
            outline(&origin(json!({"command": "uvx altr-mcp 'a b'"}))),
            "uvx altr-mcp [a b]"
        );
        assert_eq!(
            outline(&origin(json!({"command": "my program", "args": ["a"]}))),
            "[my program] a"
        );
        assert_eq!(
            outline(&origin(json!({"command": r"C:\Program Files\a.exe"}))),
            r"[C:\Program Files\a.exe]"
        );
        assert!(
            matches!(read(&json!({"command": "a | b"})), Err(OriginError::InEntry { source, .. }) if source.hint().is_some())
        );

        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("my program");
        std::fs::write(&program, "").unwrap();
        let command = program.to_str().unwrap();
        assert_eq!(
            outline(&origin(json!({"command": command}))),
            format!("[{command}]")
        );
    }

    #[test]
    fn a_remote_entry_has_headers_and_its_variables_fill_references() {
        let origin = origin(json!({
            "url": "https://x.example/mcp", "env": {"TOKEN": "hunter2", "UNUSED": "x"},
            "headers": {"Authorization": "Bearer ${TOKEN}", "X-Api-Key": "hunter3", "X-Mode": "fast"}
        }));
        insta::assert_snapshot!(outline(&origin), @r"
        https://x.example/mcp
        header Authorization: Bearer ${TOKEN}
        header X-Api-Key: ${X_API_KEY}
        header X-Mode: fast
        slots: TOKEN X_API_KEY
        values: TOKEN X_API_KEY
        ");
    }

    #[test]
    fn editors_variables_are_slots_or_places() {
        let origin = origin(json!({
            "command": "${workspaceFolder}/srv", "args": ["${userHome}${/}x", "${workspaceFolderBasename}", "${cwd}"],
            "cwd": "sub", "env": {"A": "${input:api-key}", "B": "${env:B_KEY}"}
        }));
        let slash = std::path::MAIN_SEPARATOR;
        assert_eq!(
            outline(&origin),
            format!(
                "/home/me/w/project/srv /home/me{slash}x project /home/me/w\nenv A=${{API_KEY}}\nenv B=${{B_KEY}}\nslots: API_KEY B_KEY"
            )
        );
        assert!(matches!(
            origin.transport,
            Transport::Stdio { directory: Some(folder), .. } if folder == "/home/me/w/project/sub"
        ));
    }

    #[test]
    fn what_is_left_out_is_said() {
        let warnings = origin(json!({"command": "a", "envFile": ".env"})).warnings;
        assert_eq!(
            warnings,
            ["`envFile` of server `s` is not read: declare what it holds with --env"]
        );
    }

    #[test]
    fn a_clients_folder_is_not_the_projects() {
        assert_eq!(folder_of(Path::new("/p/.vscode/mcp.json")), Path::new("/p"));
        assert_eq!(folder_of(Path::new("/p/.mcp.json")), Path::new("/p"));
        assert_eq!(folder_of(Path::new("mcp.json")), Path::new(""));
    }
}
