//! Servers looked up in a machine of the test's own.

use std::fs;

use super::*;
use crate::ir::Binding;

/// An origin as text: the words or the URL, the bindings, the slots (`?` for optional), and the names
/// of the values.
pub(super) fn outline(origin: &Origin) -> String {
    let bracketed = |word: &String| {
        if word.is_empty() || word.contains(' ') {
            format!("[{word}]")
        } else {
            word.clone()
        }
    };
    let bound = |kind: &str, separator: &str, bindings: &[Binding]| -> String {
        bindings
            .iter()
            .map(|binding| format!("\n{kind} {}{separator}{}", binding.name, binding.value))
            .collect()
    };
    let mut text = match &origin.transport {
        Transport::Stdio {
            command, args, env, ..
        } => {
            let words: Vec<String> = std::iter::once(command)
                .chain(args)
                .map(bracketed)
                .collect();
            words.join(" ") + &bound("env", "=", env)
        }
        Transport::Http { url, headers, .. } => url.clone() + &bound("header", ": ", headers),
        Transport::Unknown => "unknown".to_owned(),
    };
    let slots: Vec<String> = origin
        .slots
        .iter()
        .map(|slot| format!("{}{}", slot.name, if slot.required { "" } else { "?" }))
        .collect();
    assert!(
        origin.slots.is_sorted_by(|a, b| a.name < b.name),
        "slots are sorted, each once"
    );
    if !slots.is_empty() {
        text += &format!("\nslots: {}", slots.join(" "));
    }
    if !origin.values.is_empty() {
        text += &format!(
            "\nvalues: {}",
            origin.values.names().collect::<Vec<_>>().join(" ")
        );
    }
    text
}

/// A home with a project in it, where the command is given.
struct Machine {
    root: tempfile::TempDir,
    places: Places,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("home");
        let cwd = home.join("project");
        fs::create_dir_all(&cwd).unwrap();
        let places = Places {
            config_home: Some(home.join(".config")),
            app_data: Some(home.join("AppData")),
            home: Some(home),
            cwd,
        };
        Self { root, places }
    }

    /// Writes a file below the home.
    fn with(self, file: &str, text: &str) -> Self {
        let path = self.root.path().join("home").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn named(&self, name: &str) -> Result<Origin, OriginError> {
        locate(
            &Wanted::Named {
                name: name.to_owned(),
                config: None,
            },
            &Additions::default(),
            &self.places,
        )
    }

    fn named_in(&self, name: &str, config: &str) -> Result<Origin, OriginError> {
        locate(
            &Wanted::Named {
                name: name.to_owned(),
                config: Some(config.into()),
            },
            &Additions::default(),
            &self.places,
        )
    }

    /// A text without the machine's own path.
    fn plain(&self, text: impl std::fmt::Display) -> String {
        text.to_string()
            .replace(self.root.path().to_str().unwrap(), "")
    }
}

/// A server entry in the shape clients share, its values secret.
const ALTR: &str = r#"{
  "command": "uvx",
  "args": ["altr-mcp"],
  "env": {"ORG_ID": "hunter1", "MAPI_KEY": "hunter2", "MAPI_SECRET": "hunter3"}
}"#;

#[test]
fn every_client_is_asked() {
    let map = format!(r#"{{"mcpServers": {{"altr": {ALTR}}}}}"#);
    let servers = format!("{{\n  // mine\n  \"servers\": {{\"altr\": {ALTR},}},\n}}");
    let settings = format!(
        r#"{{"editor.rulers": [80,], "mcp": {{"servers": {{"altr": {ALTR}}}}} /* end */}}"#
    );
    let by_project = r#"{"projects": {"CWD": {"mcpServers": {"altr": ALTR}}}}"#;
    for (file, text) in [
        ("project/.mcp.json", &map),
        ("project/.cursor/mcp.json", &map),
        ("project/.vscode/mcp.json", &servers),
        ("project/.vscode/settings.json", &settings),
        (".mcp.json", &map),
        (".claude.json", &map),
        (".claude.json", &by_project.to_owned()),
        (
            "Library/Application Support/Claude/claude_desktop_config.json",
            &map,
        ),
        (".config/Claude/claude_desktop_config.json", &map),
        ("AppData/Claude/claude_desktop_config.json", &map),
        (".cursor/mcp.json", &map),
        (
            "Library/Application Support/Code/User/settings.json",
            &settings,
        ),
        (".config/Code/User/settings.json", &settings),
        (".config/Code/User/mcp.json", &servers),
        ("AppData/Code/User/settings.json", &settings),
        (".codeium/windsurf/mcp_config.json", &map),
        ("project/mcp.json", &map),
    ] {
        let machine = Machine::new();
        let cwd = machine.places.cwd.to_str().unwrap().replace('\\', "/");
        let machine = machine.with(
            file,
            &text
                .replace("CWD", &cwd)
                .replace("ALTR}", &format!("{ALTR}}}")),
        );
        let origin = machine
            .named("altr")
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(
            outline(&origin),
            "uvx altr-mcp\nenv ORG_ID=${ORG_ID}\nenv MAPI_KEY=${MAPI_KEY}\nenv MAPI_SECRET=${MAPI_SECRET}\nslots: MAPI_KEY MAPI_SECRET ORG_ID\nvalues: MAPI_KEY MAPI_SECRET ORG_ID",
            "{file}"
        );
        assert!(origin.source.as_ref().unwrap().ends_with(file), "{file}");
        assert_eq!(origin.values.expose("MAPI_SECRET"), Some("hunter3"));
        assert!(!format!("{origin:?}").contains("hunter"), "{file}");
        assert_eq!(
            known_servers(&machine.places),
            [(
                "altr".to_owned(),
                machine.root.path().join("home").join(file)
            )]
        );
    }
}

#[test]
fn a_yaml_list_names_servers() {
    let yaml = r#"
mcpServers:
  - name: "basic-tools"
    command: "python"
    args: ["basic_server.py"]
    env:
      PYTHONPATH: "/app"
  - name: database-tools
    command: node
    args: [database-server.js, --port, 08080]
    env:
      DATABASE_URL: "${DATABASE_URL}"
claude:
  mcp:
    enabled: true
"#;
    for file in ["mcp.yaml", "mcp.yml", "mcp-config.yaml"] {
        let machine = Machine::new().with(&format!("project/{file}"), yaml);
        let named = |name| {
            if file == "mcp-config.yaml" {
                machine.named_in(name, file)
            } else {
                machine.named(name)
            }
        };
        assert_eq!(
            outline(&named("basic-tools").unwrap()),
            "python basic_server.py\nenv PYTHONPATH=${PYTHONPATH}\nslots: PYTHONPATH\nvalues: PYTHONPATH"
        );
        assert_eq!(
            outline(&named("database-tools").unwrap()),
            "node database-server.js --port 08080\nenv DATABASE_URL=${DATABASE_URL}\nslots: DATABASE_URL"
        );
    }
}

#[test]
fn the_nearest_config_wins_and_says_so() {
    let entry =
        |command: &str| format!(r#"{{"mcpServers": {{"altr": {{"command": "{command}"}}}}}}"#);
    let machine = Machine::new()
        .with("project/.mcp.json", &entry("near"))
        .with(".claude.json", &entry("far"))
        .with("project/mcp.json", &entry("last"));
    let origin = machine.named("altr").unwrap();
    assert_eq!(outline(&origin), "near");
    assert_eq!(
        machine.plain(&origin.warnings[0]),
        "server `altr` is taken from /home/project/.mcp.json, and is also named in /home/.claude.json, /home/project/mcp.json"
    );

    let origin = machine.named_in("altr", "../.claude.json").unwrap();
    assert_eq!(outline(&origin), "far");
    assert_eq!(origin.warnings, Vec::<String>::new());
}

#[test]
fn an_unknown_name_lists_what_there_is() {
    let machine = Machine::new()
        .with(
            "project/.mcp.json",
            r#"{"mcpServers": {"altr": {}, "git\u001b[31m": {}}}"#,
        )
        .with(
            ".cursor/mcp.json",
            r#"{"mcpServers": {"linear": {}, "altr": {}}}"#,
        );
    let error = machine.named("Alter").unwrap_err();
    insta::assert_snapshot!(
        machine.plain(&error),
        @r"no server named `Alter`; there is `altr`, `git\u{1b}[31m` in /home/project/.mcp.json; `linear`, `altr` in /home/.cursor/mcp.json"
    );
    assert_eq!(error.hint().unwrap(), "did you mean `altr`?");
    assert_eq!(machine.named("zzz").unwrap_err().hint(), None);
    assert_eq!(
        machine
            .named("https://x.example")
            .unwrap_err()
            .hint()
            .unwrap(),
        "a URL is given with --url"
    );
    assert_eq!(
        machine.named("uvx altr").unwrap_err().hint().unwrap(),
        "a command line is given with --command"
    );

    let error = Machine::new().named("altr").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no server named `altr`: no config names any"
    );
    assert!(error.hint().unwrap().contains("--config"));
}

#[test]
fn a_broken_config_is_an_error_only_where_it_was_asked_for() {
    let machine = Machine::new()
        .with(
            "project/.mcp.json",
            "{\n  \"mcpServers\": {\n    \"altr\" {}\n",
        )
        .with(
            "project/.cursor/mcp.json",
            "{\"mcpServers\": {\"altr\": {\"command\": \"a\"}}}",
        )
        .with(
            "project/broken.yaml",
            "mcpServers:\n  - name: a\n   command: b\n",
        );
    let origin = machine.named("altr").unwrap();
    assert_eq!(outline(&origin), "a");
    assert_eq!(
        machine.plain(&origin.warnings[0]),
        "config /home/project/.mcp.json, line 3, column 12: expected `:`"
    );

    let error = machine.named_in("altr", ".mcp.json").unwrap_err();
    assert_eq!(
        machine.plain(error),
        "config /home/project/.mcp.json, line 3, column 12: expected `:`"
    );
    let error = machine.named_in("a", "broken.yaml").unwrap_err();
    assert!(
        matches!(error, OriginError::Malformed { line: 3, .. }),
        "{error}"
    );
    let error = machine.named_in("altr", "missing.json").unwrap_err();
    assert_eq!(
        machine.plain(error),
        "config /home/project/missing.json cannot be read"
    );
}

#[test]
fn a_config_without_servers_is_told_what_to_hold() {
    let machine = Machine::new().with("project/none.json", r#"{"server": {}}"#);
    let error = machine.named_in("altr", "none.json").unwrap_err();
    assert_eq!(
        machine.plain(&error),
        "no server named `altr`: config none.json names none"
    );
    assert!(error.hint().unwrap().contains("`mcpServers`"));
}

#[test]
fn a_pointed_at_config_is_the_only_one() {
    let machine = Machine::new()
        .with(
            "project/.mcp.json",
            r#"{"mcpServers": {"altr": {"command": "a"}}}"#,
        )
        .with(
            "other/.vscode/mcp.json",
            r#"{"servers": {"b": {"command": "${workspaceFolder}/b", "cwd": "c"}}}"#,
        );
    let error = machine
        .named_in("altr", "../other/.vscode/mcp.json")
        .unwrap_err();
    assert!(
        matches!(&error, OriginError::Unknown { known, .. } if known.len() == 1),
        "{error}"
    );

    let path = machine.root.path().join("home/other/.vscode/mcp.json");
    let origin = machine.named_in("b", path.to_str().unwrap()).unwrap();
    assert_eq!(machine.plain(outline(&origin)), "/home/other/b");
    assert!(matches!(
        origin.transport,
        Transport::Stdio { directory: Some(folder), .. } if folder.ends_with("other/c")
    ));
}

#[test]
fn declarations_go_on_top_of_a_config() {
    let machine = Machine::new().with(
        "project/.mcp.json",
        &format!(r#"{{"mcpServers": {{"altr": {ALTR}}}}}"#),
    );
    let additions = Additions {
        env: ["ORG_ID?", "MAPI_KEY=mine", "LOG_LEVEL?=debug"]
            .map(str::to_owned)
            .to_vec(),
        ..Additions::default()
    };
    let wanted = Wanted::Named {
        name: "altr".to_owned(),
        config: None,
    };
    let origin = locate(&wanted, &additions, &machine.places).unwrap();
    insta::assert_snapshot!(outline(&origin), @r"
    uvx altr-mcp
    env ORG_ID=${ORG_ID}
    env MAPI_KEY=${MAPI_KEY}
    env MAPI_SECRET=${MAPI_SECRET}
    env LOG_LEVEL=${LOG_LEVEL}
    slots: LOG_LEVEL? MAPI_KEY MAPI_SECRET ORG_ID?
    values: LOG_LEVEL MAPI_KEY MAPI_SECRET ORG_ID
    ");
    assert_eq!(origin.values.expose("MAPI_KEY"), Some("mine"));
}

#[test]
fn a_given_header_replaces_the_configs() {
    let text = r#"{"mcpServers": {"x": {"url": "https://x.example", "headers": {"Authorization": "Bearer hunter2"}}}}"#;
    let machine = Machine::new().with("project/.mcp.json", text);
    let wanted = Wanted::Named {
        name: "x".to_owned(),
        config: None,
    };
    let additions = Additions {
        headers: vec!["authorization: Bearer ${TOKEN}".to_owned()],
        ..Additions::default()
    };
    let origin = locate(&wanted, &additions, &machine.places).unwrap();
    assert_eq!(
        outline(&origin),
        "https://x.example\nheader authorization: Bearer ${TOKEN}\nslots: TOKEN"
    );
}

#[test]
fn a_machine_without_home_or_folder_is_searched_without_panic() {
    assert!(matches!(
        locate(
            &Wanted::Named {
                name: "no-such-server".to_owned(),
                config: None
            },
            &Additions::default(),
            &Places::default()
        ),
        Err(OriginError::Unknown { .. })
    ));
    let _ = Places::of_this_machine();
}

#[test]
fn what_was_typed_is_not_printed() {
    for wanted in [
        Wanted::Command("KEY=hunter2 srv".to_owned()),
        Wanted::Url("https://x.example/?k=hunter2".to_owned()),
    ] {
        assert!(!format!("{wanted:?}").contains("hunter2"));
    }
}
