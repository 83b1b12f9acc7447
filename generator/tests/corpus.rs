//! What real servers say, lowered.
//!
//! The captures are found by `MCPRESS_CORPUS`, or in `../shared/corpus` beside the workspace. Where
//! there are none, there is nothing to check.
#![expect(
    clippy::unwrap_used,
    reason = "a corpus that cannot be read fails the test"
)]

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

use mcpress::{
    capture::Capture,
    generate::{Plan, generate},
    ir::{Parameter, Program},
    lock::Lock,
    lower::{Lowered, Options, lower},
    names::{RESERVED_COMMANDS, RESERVED_FLAGS, RESERVED_PREFIX},
    overlay::{Overlay, init},
};
use serde_json::Value;

fn corpus() -> Vec<(String, Capture)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let folder = env::var_os("MCPRESS_CORPUS").map_or_else(beside, PathBuf::from);
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("no corpus at {}: nothing to check", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let capture = Capture::read(&fs::read_to_string(&path).unwrap());
        (
            name.clone(),
            capture.unwrap_or_else(|error| panic!("{name}: {error}")),
        )
    };
    paths.into_iter().map(read).collect()
}

fn lowered(capture: &Capture) -> Lowered {
    lower(capture, &Options::new("cli"), &Lock::default())
}

fn spellings(parameter: &Parameter) -> impl Iterator<Item = &str> {
    std::iter::once(&*parameter.flag)
        .chain(parameter.negation.as_deref())
        .chain(parameter.aliases.iter().map(String::as_str))
}

#[test]
fn no_two_names_are_the_same() {
    for (server, capture) in corpus() {
        let Program { tools, .. } = lowered(&capture).program;
        let mut commands: BTreeSet<&str> = RESERVED_COMMANDS.into();
        for tool in &tools {
            assert!(commands.insert(&tool.command), "{server}: {}", tool.command);
            let mut flags: BTreeSet<&str> = RESERVED_FLAGS.into();
            for flag in tool.parameters.iter().flat_map(spellings) {
                assert!(flags.insert(flag), "{server} {}: --{flag}", tool.command);
                assert!(
                    !flag.starts_with(RESERVED_PREFIX),
                    "{server} {}: --{flag}",
                    tool.command
                );
            }
        }
    }
}

#[test]
fn no_tool_with_a_good_schema_takes_json_alone() {
    for (server, capture) in corpus() {
        let Program { tools, .. } = lowered(&capture).program;
        assert_eq!(tools.len(), capture.tools.len(), "{server}");
        for (tool, said) in tools.iter().zip(&capture.tools) {
            let properties = said
                .pointer("/inputSchema/properties")
                .and_then(Value::as_object);
            let described = properties.map_or(0, serde_json::Map::len);
            assert_eq!(tool.parameters.len(), described, "{server} {}", tool.wire);
        }
    }
}

#[test]
fn lowering_twice_gives_the_same_and_a_lock_changes_nothing() {
    for (server, capture) in corpus() {
        let once = lowered(&capture);
        assert_eq!(once, lowered(&capture), "{server}");
        let lock = Lock::of(&once.program, &Lock::default(), &capture);
        let lock = Lock::read(&lock.to_text()).unwrap();
        assert_eq!(
            once,
            lower(&capture, &Options::new("cli"), &lock),
            "{server}"
        );
        assert_eq!(lock, Lock::of(&once.program, &lock, &capture), "{server}");
    }
}

#[test]
fn an_overlay_to_begin_with_says_nothing_new_of_any_server() {
    for (server, capture) in corpus() {
        let plan = |overlay: &str| Plan {
            name: "cli".to_owned(),
            overlay: Overlay::read(overlay).unwrap_or_else(|error| panic!("{server}: {error}")),
            ..Plan::default()
        };
        let mut made = generate(&capture, &plan(""), &Lock::default()).unwrap();
        let text = init(&made.program);
        assert_eq!(
            Overlay::read(&text).unwrap(),
            Overlay::default(),
            "{server}"
        );
        let open = |line: &str| line.strip_prefix("# ").unwrap_or(line).to_owned() + "\n";
        let open: String = text.lines().map(open).collect();
        let same = generate(&capture, &plan(&open), &Lock::default());
        let mut same = same.unwrap_or_else(|error| panic!("{server}: {error}"));
        assert_eq!(same.lock, made.lock, "{server}");
        // Only the headings are proposed, and with them another order.
        for program in [&mut same.program, &mut made.program] {
            program.tools.iter_mut().for_each(|tool| tool.group.clear());
            program.tools.sort_by(|a, b| a.wire.cmp(&b.wire));
        }
        assert_eq!(same.program, made.program, "{server}");
    }
}
