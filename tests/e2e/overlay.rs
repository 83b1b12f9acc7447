//! What the user wants otherwise than the server says, in programs as they run.

use std::path::PathBuf;

use mcpress_tests::{Kind, Outcome, Sandbox, fixture, mcpress, press};
use serde_json::{Value, json};

const MARK: &str = "hunter2-7c1f9e";

const OVERLAY: &str = r#"
about = "A server of one's own"

[groups]
"Tries" = ["p*", "echo"]

[tools.print_arguments]
command = "try"
about = "Try everything"
examples = ["try one 2 --label blue"]

[tools.print_arguments.flags]
text = { positional = true }
integer = { positional = true, default = 11 }
strings = { positional = true }
choice = { name = "label", short = "t", value-name = "COLOUR" }
boolean = { short = "b" }
number = { hide = true }

[tools.delete_everything]
hide = true

[tools.get_env.flags.name]
secret = true

[tools.sleep.flags.ms]
secret = true

[tools.envelope]
failure = "flagged"

[tools.add]
failure = { pointer = "/sum", equals = 3 }

[tools.count.flags.n]
name = "up-to"
short = "n"
default = 1
"#;

struct Made {
    sandbox: Sandbox,
    program: PathBuf,
}

impl Made {
    fn of(kind: Kind) -> Self {
        let sandbox = Sandbox::new().env("MARK", MARK);
        std::fs::write(sandbox.file("mcpress.toml"), OVERLAY).unwrap();
        let program = sandbox.file("own");
        let options = [
            "--command",
            &fixture("everyday"),
            "--overlay",
            "mcpress.toml",
        ];
        press(&sandbox, kind, "own", &program, &options);
        Self { sandbox, program }
    }

    #[track_caller]
    fn run(&self, line: &[&str], code: i32) -> Outcome {
        self.sandbox.run(&self.program, line).exits(code)
    }

    /// The arguments that a line would send.
    #[track_caller]
    fn arguments(&self, line: &[&str]) -> Value {
        let line = [&line[..1], &["--dry-run"], &line[1..]].concat();
        self.run(&line, 0).json()["params"]["arguments"].clone()
    }
}

#[test]
fn a_program_is_called_as_the_overlay_says() {
    for kind in Kind::BOTH {
        let made = Made::of(kind);
        for (line, arguments) in [
            (&["try"][..], json!({"integer": 11})),
            (&["try", "one", "2"], json!({"text": "one", "integer": 2})),
            (
                &["try", "-t", "blue", "one", "-3", "a", "b"],
                json!({"text": "one", "integer": -3, "strings": ["a", "b"], "choice": "blue"}),
            ),
            (
                &["try", "--strings", "x", "one", "2", "--label=red", "-b"],
                json!({"text": "one", "integer": 2, "strings": ["x"], "choice": "red", "boolean": true}),
            ),
            (
                &[
                    "try", "--choice", "red", "-b=false", "--number", "1.5", "--", "--label",
                ],
                json!({"text": "--label", "integer": 11, "number": 1.5, "boolean": false, "choice": "red"}),
            ),
            (
                &["try", "--args", r#"{"integer": 5}"#],
                json!({"integer": 5}),
            ),
            (&["print_arguments", "--unset", "integer"], json!({})),
            (&["count"], json!({"n": 1})),
            (&["count", "-n3"], json!({"n": 3})),
        ] {
            assert_eq!(made.arguments(line), arguments, "{line:?}");
        }
        for (line, said) in [
            (&["try", "one", "two"][..], "--integer two: not an integer"),
            (&["try", "--lable", "red"], "'--label'"),
            (&["try", "-t", "--dry-run"], "-t has no value"),
            (&["print-arguments"], "print-arguments"),
        ] {
            let outcome = made.run(line, 2);
            assert!(outcome.stderr.contains(said), "{line:?}: {outcome:#?}");
        }
        assert_eq!(
            made.run(&["count", "--timeout", "20s"], 0).stdout,
            "counted to 1\n"
        );
    }
}

#[test]
fn what_is_hidden_works_and_is_not_shown() {
    for kind in Kind::BOTH {
        let made = Made::of(kind);
        let help = made.run(&["--help"], 0).stdout;
        assert!(help.contains("A server of one's own"), "{help}");
        assert!(help.contains("Try everything"), "{help}");
        assert!(!help.contains("delete-everything"), "{help}");
        made.run(&["delete-everything", "--yes"], 0);
        let help = made.run(&["try", "--help"], 0).stdout;
        assert!(!help.contains("--number"), "{help}");
        assert!(help.contains("--label <COLOUR>"), "{help}");
        assert!(help.contains("-t, --label"), "{help}");
    }
}

#[test]
fn a_secret_is_on_no_command_line_and_in_no_output() {
    for kind in Kind::BOTH {
        let made = Made::of(kind);
        let outcome = made.run(&["get-env", "--name", MARK], 2);
        assert!(!outcome.stderr.contains(MARK), "{outcome:#?}");
        assert!(outcome.stderr.contains("--name @FILE"), "{outcome:#?}");
        std::fs::write(made.sandbox.file("secret"), format!("{MARK}\n")).unwrap();
        for reference in ["@secret", "env:MARK"] {
            let line = ["get-env", "--name", reference, "--dry-run"];
            let outcome = made.run(&line, 0);
            assert!(!outcome.stdout.contains(MARK), "{outcome:#?}");
            assert_eq!(outcome.json()["params"]["arguments"]["name"], "[redacted]");
        }
        std::fs::write(made.sandbox.file("name"), "HOME").unwrap();
        let outcome = made.run(&["get-env", "--name", "@name"], 0);
        assert_eq!(outcome.stdout.trim(), made.sandbox.path().to_str().unwrap());
        // Of the schema's type, and checked, but never repeated.
        for (secret, code) in [("1", 0), ("-7654321", 2), (MARK, 2)] {
            std::fs::write(made.sandbox.file("ms"), secret).unwrap();
            let outcome = made.run(&["sleep", "--ms", "@ms"], code);
            assert!(!outcome.stderr.contains(secret), "{outcome:#?}");
            assert!(code == 0 || outcome.stderr.contains("--ms"), "{outcome:#?}");
        }
        let wrong = ["get-env", "--name", "@secret", "--set", "name=x", "--bogus"];
        assert!(!made.run(&wrong, 2).stderr.contains(MARK));
    }
}

#[test]
fn a_failure_is_what_the_overlay_calls_one() {
    for kind in Kind::BOTH {
        let made = Made::of(kind);
        made.run(&["envelope", "--success=false"], 0);
        made.run(&["add", "--a", "1", "--b", "1"], 0);
        made.run(&["add", "--a", "1", "--b", "2"], 1);
    }
}

#[test]
fn a_first_look_takes_the_overlay_too() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.file("mcpress.toml"), OVERLAY).unwrap();
    let server = fixture("everyday");
    let line = ["call", "--overlay", "mcpress.toml", "--command", &server];
    let outcome = sandbox
        .run(
            mcpress(),
            line.iter().chain(&["try", "-t", "red", "--dry-run"]),
        )
        .exits(0);
    assert_eq!(
        outcome.json()["params"]["arguments"],
        json!({"integer": 11, "choice": "red"})
    );
}

#[test]
fn all_that_is_wrong_with_an_overlay_is_said_with_its_file() {
    let sandbox = Sandbox::new();
    let server = fixture("everyday");
    let run = |overlay: &str| {
        std::fs::write(sandbox.file("o.toml"), overlay).unwrap();
        let line = [
            "generate-cli",
            "--command",
            &server,
            "--name",
            "x",
            "--bundle",
            "x",
            "--overlay",
            "o.toml",
        ];
        let outcome = sandbox.run(mcpress(), line).exits(2);
        assert!(!sandbox.file("x").exists());
        outcome.stderr
    };
    insta::assert_snapshot!(run("groups.A = ['ech']\ntools.ad.hide = true\ntools.count.flags.m.hide = true"), @r"
    error: o.toml: no tool `ad`
           group `A`: no tool matches `ech`
           tool `count`: no flag `m`
    hint: `ad`: did you mean `add`?
          `ech`: did you mean `echo`?
          the flags of `count` are `n`, `delay-ms`
    ");
    insta::assert_snapshot!(run("[tools.echo]\nhidden = true"), @r"
    error: o.toml: TOML parse error at line 2, column 1
      |
    2 | hidden = true
      | ^^^^^^
    unknown field `hidden`, expected one of `command`, `about`, `hide`, `group`, `effect`, `failure`, `examples`, `flags`
    ");
}

#[test]
fn an_overlay_to_begin_with_is_written_once() {
    let sandbox = Sandbox::new();
    let server = fixture("everyday");
    let run = |more: &[&str]| {
        let line = ["generate-cli", "--command", &server, "--init-overlay"];
        sandbox.run(mcpress(), line.iter().chain(more))
    };
    run(&[]).exits(0);
    let path = sandbox.file("mcpress.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.contains("\n# tools.echo.command = \"echo\"\n"),
        "{text}"
    );
    let files = std::fs::read_dir(sandbox.path()).unwrap().count();
    assert_eq!(files, 1, "nothing else is made");
    std::fs::write(&path, "mine").unwrap();
    let outcome = run(&[]).exits(2);
    assert!(outcome.stderr.contains("--force"), "{outcome:#?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    run(&["--force"]).exits(0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(run(&["-"]).exits(0).stdout, text);
    let open = |line: &str| line.strip_prefix("# ").unwrap_or(line).to_owned() + "\n";
    let open: String = text.lines().map(open).collect();
    std::fs::write(&path, open).unwrap();
    let program = sandbox.file("same");
    let options = ["--command", &server, "--overlay", "mcpress.toml"];
    press(&sandbox, Kind::Bundled, "same", &program, &options);
}
