//! Schemas and the command lines written against them, case by case.
//!
//! A case is an `inputSchema`, the words after the command, and either the arguments that they make or
//! what the error must name. They stand in `flags/*.json`; more are read from the file that
//! `MCPRESS_FLAGS_CASES` names, or from `../shared/flags-cases.json` beside the workspace.
#![expect(
    clippy::unwrap_used,
    reason = "a case that cannot be read fails the test"
)]

use std::path::{Path, PathBuf};
use std::{env, fs};

use mcpress::capture::Capture;
use mcpress::lock::Lock;
use mcpress::lower::{Options, lower};
use serde_json::{Value, json};

fn files() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = fs::read_dir(here.join("tests/flags")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let beside = here.join("../../shared/flags-cases.json");
    let more = env::var_os("MCPRESS_FLAGS_CASES").map_or(beside, PathBuf::from);
    if more.is_file() {
        files.push(more);
    } else {
        eprintln!("no cases at {}: only our own are tried", more.display());
    }
    files
}

/// What a line makes of a tool with this schema, or what is said instead.
fn made(schema: &Value, words: &[String]) -> Result<Value, String> {
    let capture = Capture {
        tools: vec![json!({"name": "t", "inputSchema": schema})],
        ..Capture::default()
    };
    let program = lower(&capture, &Options::new("cli"), &Lock::default()).program;
    let spec = program.to_spec().unwrap();
    let tools: &'static [_] = spec.tools;
    mcpress_runtime::read_arguments(spec, &tools[0], words, true).map_err(|error| error.to_string())
}

/// Why a case does not hold.
fn failure(case: &Value) -> Option<String> {
    let words = case["argv"].as_array().unwrap().iter();
    let words: Vec<String> = words
        .map(|word| word.as_str().unwrap().to_owned())
        .collect();
    let made = made(&case["inputSchema"], &words);
    let named = |said: &str| {
        let names = case["error"].as_array().unwrap();
        names
            .iter()
            .all(|name| said.contains(name.as_str().unwrap()))
    };
    let holds = match &made {
        Ok(arguments) => case.get("arguments") == Some(arguments),
        Err(said) => case.get("error").is_some() && named(said),
    };
    (!holds).then(|| format!("{}: {words:?} gives {made:?}", case["name"]))
}

#[test]
fn every_case_holds() {
    let mut tried = 0;
    let mut failures = Vec::new();
    for file in files() {
        let cases: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let cases = cases.as_array().unwrap();
        tried += cases.len();
        failures.extend(cases.iter().filter_map(failure));
    }
    assert!(
        failures.is_empty(),
        "{} of {tried}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
