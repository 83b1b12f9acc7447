//! Crates on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use crate::ir::{Omitted, Parameter, Server, Shape, Slot, Tool, Transport};
use crate::sources::sources;

pub(super) fn program() -> Program {
    let parameter = |flag: &str, shape, required| Parameter {
        pointer: format!("/{flag}"),
        flag: flag.into(),
        shape,
        required,
        ..Parameter::default()
    };
    let tool = |wire: &str, parameters| Tool {
        wire: wire.into(),
        command: wire.replace('_', "-"),
        about: "A tool".into(),
        parameters,
        definition: format!("{{\"name\":\"{wire}\"}}"),
        ..Tool::default()
    };
    Program {
        format: 1,
        name: "altr-cli".into(),
        about: "Policies from a terminal".into(),
        server: Server {
            transport: Transport::Stdio {
                command: "uvx".into(),
                args: vec!["altr-mcp".into(), "two words".into()],
                directory: None,
                env: Vec::new(),
            },
            protocol: "2025-11-25".into(),
            capabilities: "{}".into(),
            capture: "{}".into(),
        },
        slots: vec![
            Slot {
                about: "Of the console,\u{1b} under Keys".into(),
                ..Slot::new("ALTR_KEY", true)
            },
            Slot::new("ALTR_URL", false),
        ],
        tools: vec![
            tool("get_tags", Vec::new()),
            tool(
                "create_policy",
                vec![
                    parameter("tag", Shape::Text, true),
                    parameter("kind", Shape::Choice(vec!["\"a b\"".into()]), true),
                    parameter("note", Shape::Text, false),
                ],
            ),
        ],
        prompts: Vec::new(),
        templates: Vec::new(),
        omitted: Omitted {
            options: vec!["--exclude-tools".into(), "drop_*".into()],
            ..Omitted::default()
        },
        vault: false,
    }
}

fn crate_of(name: &str, program: &Program) -> Vec<File> {
    let sources = sources(program);
    let name = CrateName::new(name).expect("a name");
    files(&Package {
        name: &name,
        program,
        sources: &sources,
        capture: "{}\n",
        lock: "lock\n",
    })
}

/// Every file below a directory, with its time.
fn tree(directory: &Path) -> BTreeMap<String, (String, SystemTime)> {
    fn walk(root: &Path, directory: &Path, into: &mut BTreeMap<String, (String, SystemTime)>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, into);
            } else {
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                let modified = fs::metadata(&path).unwrap().modified().unwrap();
                into.insert(name, (fs::read_to_string(&path).unwrap(), modified));
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(directory, directory, &mut files);
    files
}

#[test]
fn two_generations_are_the_same_to_the_byte() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for directory in [&first, &second] {
        write(
            directory.path(),
            &crate_of("altr-cli", &program()),
            Ownership::Required,
        )
        .unwrap();
    }
    let texts = |directory: &Path| -> Vec<(String, String)> {
        tree(directory)
            .into_iter()
            .map(|(path, (text, _))| (path, text))
            .collect()
    };
    assert_eq!(texts(first.path()), texts(second.path()));
}

#[test]
fn what_did_not_change_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let files = crate_of("altr-cli", &program());
    let first = write(directory.path(), &files, Ownership::Required).unwrap();
    assert_eq!((first.written.len(), first.unchanged), (files.len(), 0));
    let past = SystemTime::now() - Duration::from_secs(1000);
    let main = directory.path().join("src/main.rs");
    fs::File::options()
        .write(true)
        .open(&main)
        .unwrap()
        .set_modified(past)
        .unwrap();

    let before = tree(directory.path());
    let second = write(directory.path(), &files, Ownership::Required).unwrap();
    assert_eq!(
        second,
        Written {
            unchanged: files.len(),
            ..Written::default()
        }
    );
    assert_eq!(tree(directory.path()), before);
}

#[test]
fn only_what_an_earlier_generation_wrote_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = program();
    write(
        directory.path(),
        &crate_of("altr-cli", &program),
        Ownership::Required,
    )
    .unwrap();
    for (path, text) in [
        (
            "vendor/mcpress-runtime-00000000/src/lib.rs",
            "an earlier one",
        ),
        ("vendor/other/lib.rs", "the user's"),
        ("src/tools/mine.rs", "//! The user's"),
        ("notes.md", "the user's"),
    ] {
        let place = directory.path().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    program.tools.pop();
    let done = write(
        directory.path(),
        &crate_of("altr-cli", &program),
        Ownership::Required,
    )
    .unwrap();
    assert_eq!(
        done.removed,
        ["src/tools/t002.rs", "vendor/mcpress-runtime-00000000"]
    );
    assert_eq!(
        done.written,
        ["Cargo.toml", "Cargo.lock", "README.md", "src/tools.rs"]
    );
    for kept in [
        "vendor/other/lib.rs",
        "src/tools/mine.rs",
        "notes.md",
        "src/tools/t001.rs",
    ] {
        assert!(directory.path().join(kept).exists(), "{kept}");
    }
}

#[test]
fn a_directory_of_someone_else_is_refused_unless_forced() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("README.md"), "mine").unwrap();
    let files = crate_of("altr-cli", &program());
    let error = write(directory.path(), &files, Ownership::Required).unwrap_err();
    assert!(matches!(error, PackageError::Foreign(_)), "{error}");
    assert!(error.hint().unwrap().contains("--force"));
    assert_eq!(
        fs::read_to_string(directory.path().join("README.md")).unwrap(),
        "mine"
    );
    assert_eq!(tree(directory.path()).len(), 1);

    write(directory.path(), &files, Ownership::Forced).unwrap();
    assert!(directory.path().join("src/main.rs").exists());
}

#[test]
fn a_fresh_repository_is_as_good_as_empty() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join(".git")).unwrap();
    write(
        directory.path(),
        &crate_of("altr-cli", &program()),
        Ownership::Required,
    )
    .unwrap();
}

#[test]
fn a_file_where_the_directory_goes_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = write(file.path(), &crate_of("x", &program()), Ownership::Forced).unwrap_err();
    assert!(matches!(error, PackageError::NotADirectory(_)), "{error}");
}

#[test]
fn the_vendored_runtime_is_older_than_any_build() {
    let directory = tempfile::tempdir().unwrap();
    write(
        directory.path(),
        &crate_of("altr-cli", &program()),
        Ownership::Required,
    )
    .unwrap();
    let tree = tree(directory.path());
    let vendored: Vec<_> = tree
        .iter()
        .filter(|(path, _)| path.starts_with("vendor/"))
        .collect();
    assert!(vendored.len() > 2);
    for (path, (_, time)) in vendored {
        assert_eq!(
            time.duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_secs(),
            978_307_200,
            "{path}"
        );
    }
}

#[test]
fn another_table_is_another_version() {
    let version = |files: &[File]| {
        let manifest = files.iter().find(|file| file.path == "Cargo.toml").unwrap();
        manifest
            .text
            .lines()
            .find(|line| line.starts_with("version"))
            .unwrap()
            .to_owned()
    };
    let mut other = program();
    other.tools[0].about = "Another".into();
    assert_eq!(
        version(&crate_of("x", &program())),
        version(&crate_of("y", &program()))
    );
    assert_ne!(
        version(&crate_of("x", &program())),
        version(&crate_of("x", &other))
    );
}

#[test]
fn cargo_takes_the_lock_as_it_is() {
    for name in ["altr-cli", "http"] {
        let directory = tempfile::tempdir().unwrap();
        write(
            directory.path(),
            &crate_of(name, &program()),
            Ownership::Required,
        )
        .unwrap();
        let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
        let output = std::process::Command::new(cargo)
            .args(["update", "--workspace", "--locked", "--offline"])
            .current_dir(directory.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
