//! Real requests to a real API, with credentials that the program got, and what is seen of those.

use std::path::PathBuf;

use mcpress_fixtures::Alter;
use mcpress_tests::{Kind, Outcome, Sandbox, fixture, mcpress, press};
use serde_json::{Value, json};

/// The password that the API wants.
const SECRET: &str = "fake-mapi-secret";

/// A server that asks an API, and a program for it that knows neither name nor password.
struct Errand {
    api: Alter,
    sandbox: Sandbox,
    program: PathBuf,
}

impl Errand {
    fn new() -> Self {
        Self::of_kind(Kind::Bundled)
    }

    fn of_kind(kind: Kind) -> Self {
        mcpress();
        let api = Alter::start(&[]).unwrap();
        let sandbox = Sandbox::new().env("ERRAND_API_URL", format!("{}/v1", api.provider_url()));
        let program = sandbox.file("errand");
        let options = [
            "--command",
            &fixture("errand"),
            "--env",
            "ERRAND_API_URL",
            "--env",
            "ERRAND_KEY=now",
            "--env",
            "ERRAND_SECRET=now",
        ];
        press(&sandbox, kind, "errand", &program, &options);
        Self {
            api,
            sandbox: sandbox.env("ERRAND_KEY", "fake-mapi-key"),
            program,
        }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sandbox = self.sandbox.env(name, value);
        self
    }

    /// The same with a configuration.
    fn configured(self, text: &str) -> Self {
        let folder = self.sandbox.file(".config/errand");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
        self
    }

    /// A file that its owner alone can read.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.sandbox.file(name);
        std::fs::write(&path, text).unwrap();
        mode(&path, 0o600);
        path.to_str().unwrap().to_owned()
    }

    #[track_caller]
    fn run(&self, line: &[&str], code: i32) -> Outcome {
        self.sandbox.run(&self.program, line).exits(code)
    }

    /// What the API says to the server: its status.
    #[track_caller]
    fn status(&self, more: &[&str]) -> u64 {
        let line = [&["get", "--path", "things", "-o", "json"], more].concat();
        let outcome = self.sandbox.run(&self.program, line);
        let said = match outcome.code {
            Some(0) => outcome.json(),
            _ => serde_json::from_str(outcome.error()["message"].as_str().unwrap()).unwrap(),
        };
        said["status"].as_u64().unwrap()
    }

    fn given(&self, more: &[&str]) -> Value {
        let line = [&["environment", "-o", "json"], more].concat();
        self.run(&line, 0).json()["variables"].clone()
    }
}

#[cfg(unix)]
fn mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn mode(_: &std::path::Path, _: u32) {}

#[test]
fn a_value_comes_from_wherever_it_is_said_to_be() {
    for kind in Kind::BOTH {
        let errand = Errand::of_kind(kind).env("ANOTHER_NAME", SECRET);
        errand.run(&["get", "--path", "things"], 3);
        assert_eq!(
            errand.status(&["--mcp-env", &format!("ERRAND_SECRET={SECRET}")]),
            200
        );
        let config = |text: &str| {
            let text = format!("[credentials.ERRAND_SECRET]\n{text}\n");
            errand.file("config.toml", &text)
        };
        let status = |text: &str| errand.status(&["--mcp-config", &config(text)]);
        assert_eq!(status("source = \"env\"\nvariable = \"ANOTHER_NAME\""), 200);
        let file = errand.file("secret", &format!("{SECRET}\n"));
        assert_eq!(
            status(&format!("source = \"file\"\npath = \"{file}\"")),
            200
        );
        let command = format!("source = \"command\"\ncommand = [\"cat\", \"{file}\"]");
        assert_eq!(status(&command), 200);
        let set = ["auth", "set", "ERRAND_SECRET", "--insecure-storage"];
        let outcome = errand
            .sandbox
            .run_with_input(&errand.program, set, &format!("{SECRET}\n"));
        outcome.exits(0);
        assert_eq!(errand.status(&[]), 200);
        errand.run(&["auth", "unset", "ERRAND_SECRET"], 0);
        errand.run(&["get", "--path", "things"], 3);
    }
}

#[test]
fn no_server_and_no_helper_gets_the_key_to_the_vault() {
    let key = "alter_rk_aaaaaaaaaaaaaaaaaaaaaa_l77ykl";
    let errand = Errand::new()
        .env("ALTER_API_KEY", key)
        .env("AGENT_API_KEY", key)
        .env("ERRAND_SECRET", SECRET);
    let given = errand.given(&[]);
    assert_eq!(
        (given.get("ALTER_API_KEY"), given.get("AGENT_API_KEY")),
        (None, None),
        "{given}"
    );
    let seen = errand.sandbox.file("seen");
    let script = format!("env > {}; printf x", seen.display());
    let errand = errand.configured(&format!(
        "[credentials.ERRAND_SECRET]\nsource = \"command\"\ncommand = [\"sh\", \"-c\", \"{script}\"]\n"
    ));
    errand.run(&["environment"], 0);
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(seen.contains("PATH=") && !seen.contains(key), "{seen}");
}

#[test]
fn what_a_server_says_aloud_is_masked() {
    for kind in Kind::BOTH {
        let errand = Errand::of_kind(kind).env("ERRAND_SECRET", SECRET);
        let basic = "ZmFrZS1tYXBpLWtleTpmYWtlLW1hcGktc2VjcmV0";
        for place in ["result", "failure", "error", "stderr", "log", "progress"] {
            for output in ["text", "json", "raw"] {
                let line = ["blurt", "--place", place, "-o", output, "-v"];
                let outcome = errand.sandbox.run(&errand.program, line);
                let said = format!("{}{}", outcome.stdout, outcome.stderr);
                assert!(said.contains("[redacted]"), "{place} {output}: {said}");
                for secret in [SECRET, basic] {
                    assert!(!said.contains(secret), "{place} {output}: {said}");
                }
            }
        }
        let status = errand.run(&["auth", "status"], 0);
        assert!(!status.stdout.contains(SECRET), "{status:?}");
        let dry = errand.run(&["get", "--path", SECRET, "--dry-run"], 0);
        assert!(!dry.stdout.contains("Basic"), "{dry:?}");
        assert_eq!(errand.status(&[]), 200);
    }
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_for_its_owner_alone_and_an_open_file_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let errand = Errand::new();
    let set = ["auth", "set", "ERRAND_SECRET", "--insecure-storage"];
    errand
        .sandbox
        .run_with_input(&errand.program, set, SECRET)
        .exits(0);
    let file = errand.sandbox.file(".local/state/errand/credentials.json");
    let mode_of = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode_of(&file) & 0o777, 0o600);
    assert_eq!(mode_of(file.parent().unwrap()) & 0o777, 0o700);
    let open = errand.sandbox.file("open");
    std::fs::write(&open, SECRET).unwrap();
    mode(&open, 0o644);
    let text = format!(
        "[credentials.ERRAND_SECRET]\nsource = \"file\"\npath = \"{}\"\n",
        open.display()
    );
    let errand = errand.configured(&text);
    let refused = errand
        .run(&["get", "--path", "things", "-o", "json"], 2)
        .error();
    assert!(
        refused["hint"].as_str().unwrap().contains("chmod 600"),
        "{refused}"
    );
    assert_eq!(errand.api.provided("/v1").unwrap(), [] as [Value; 0]);
}

#[test]
fn a_helper_that_fails_ends_the_run_before_anything_is_started() {
    let errand = Errand::new();
    for (command, words) in [
        (json!(["no-such-helper-anywhere"]), "No such file"),
        (json!(["false"]), "exit status: 1"),
        (json!(["true"]), "it prints nothing"),
        (json!(["head", "-c", "70000", "/dev/zero"]), "64 KiB"),
    ] {
        let text =
            format!("[credentials.ERRAND_SECRET]\nsource = \"command\"\ncommand = {command}\n");
        let config = errand.file("config.toml", &text);
        let line = [
            "get",
            "--path",
            "things",
            "-o",
            "json",
            "--mcp-config",
            &config,
        ];
        let outcome = errand.sandbox.run(&errand.program, line);
        let message = outcome.error()["message"].as_str().unwrap().to_owned();
        assert!(
            message.contains("config.toml:3: `credentials.ERRAND_SECRET.command`")
                && message.contains(words),
            "{message}"
        );
        assert_eq!(outcome.stdout, "");
    }
    assert_eq!(errand.api.provided("/v1").unwrap(), [] as [Value; 0]);
}
