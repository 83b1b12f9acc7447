//! What may be called, who agrees to it, and what is written down of it.

mod confirmation;
mod log;
mod rules;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use mcpress_tests::{Kind, Outcome, Running, Sandbox, fixture, press, pressed, wait_until};
use serde_json::{Value, json};

use crate::asking::Typist;

/// The secret that the tokens are signed with.
const SECRET: &str = "a secret of the tests, of 32 bytes or more";
/// A token of Ada's, who is a keeper for all the time that these tests will be run in.
const KEEPER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJyb2xlcyI6WyJrZWVwZXIiXSwiZXhwIjo0MTAyNDQ0ODAwfQ.twxkIycIEwYbvToYjYhl0wgL08FOXvKt_0H0cSHtVQ8";
/// One that she had once.
const ENDED: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJyb2xlcyI6WyJrZWVwZXIiXSwiZXhwIjoxNzAwMDAwMDAwfQ.Tn7YPhPt_8DuLadL_Vp9uTlGAutwUu2pgfyuZq6TA90";

/// A program of the everyday server, which leaves a trace when it is started.
struct Desk {
    sandbox: Sandbox,
    program: PathBuf,
    trace: PathBuf,
}

impl Desk {
    fn new(kind: Kind) -> Self {
        Self::with(Sandbox::new(), kind)
    }

    fn with(sandbox: Sandbox, kind: Kind) -> Self {
        let trace = sandbox.file("trace");
        let command = format!("{} --journal {}", fixture("everyday"), trace.display());
        Self {
            sandbox: sandbox.env("EVERYDAY_MCP_COMMAND", command),
            program: pressed(kind, "everyday"),
            trace,
        }
    }

    /// The same with a file in the folder of the program's configuration.
    fn config(self, name: &str, text: &str) -> Self {
        let folder = self.sandbox.file(".config/everyday");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
        self
    }

    fn policy(self, text: &str) -> Self {
        self.config("policy.toml", text)
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sandbox = self.sandbox.env(name, value);
        self
    }

    #[track_caller]
    fn run<const N: usize>(&self, line: [&str; N]) -> Outcome {
        self.sandbox.run(&self.program, line)
    }

    #[track_caller]
    fn spawn<const N: usize>(&self, line: [&str; N]) -> Running {
        self.sandbox.spawn(&self.program, line)
    }

    /// The same, refused with this code; gives the message.
    #[track_caller]
    fn refused<const N: usize>(&self, line: [&str; N], code: &str) -> String {
        let line = line.iter().chain(&["-o", "json"]);
        let outcome = self.sandbox.run(&self.program, line).exits(4);
        assert_eq!(outcome.stdout, "");
        let error = outcome.error();
        assert_eq!((&error["code"], &error["exit"]), (&json!(code), &json!(4)));
        error["message"].as_str().unwrap().to_owned()
    }

    fn was_started(&self) -> bool {
        self.trace.exists()
    }

    fn log(&self) -> PathBuf {
        self.sandbox.file(".local/state/everyday/audit.jsonl")
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What is written down of the last call.
    #[track_caller]
    fn last(&self) -> Value {
        serde_json::from_str(self.lines().last().unwrap()).unwrap()
    }

    #[track_caller]
    fn verified(&self, code: i32) -> Value {
        let line = ["self", "audit", "verify", "-o", "json"];
        self.run(line).exits(code).json()
    }
}
