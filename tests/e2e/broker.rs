//! Credentials of a vault: what the server gets of them, what the vault is told, what a person has to do.

mod keys;
mod people;
mod routes;
mod trouble;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use mcpress_fixtures::{Alter, Journal};
use mcpress_tests::{Kind, Outcome, Running, Sandbox, fixture, mcpress, press, wait_until};
use serde_json::{Value, json};

/// The name and the password that the API wants, and the header that has both.
const SECRETS: [&str; 3] = [
    "fake-mapi-key",
    "fake-mapi-secret",
    "ZmFrZS1tYXBpLWtleTpmYWtlLW1hcGktc2VjcmV0",
];

/// The server gets a loopback address and stand-ins; `MODE` and `PROVIDER` are filled in.
const ROUTE: &str = r#"
[credentials.ERRAND_API_URL]
source = "alter"
mode = "MODE"
provider = "PROVIDER"
origin = "ORIGIN/v1"
[credentials.ERRAND_KEY]
source = "alter"
provider = "PROVIDER"
[credentials.ERRAND_SECRET]
source = "alter"
provider = "PROVIDER"
"#;

/// The server gets the values.
const HANDED_OVER: &str = r#"
[credentials.ERRAND_KEY]
source = "alter"
mode = "env"
provider = "altr-basic"
field = "username"
[credentials.ERRAND_SECRET]
source = "alter"
mode = "env"
provider = "altr-basic"
field = "password"
"#;

/// A server, a vault, and a program that knows where the vault is.
struct Vaulted {
    alter: Alter,
    sandbox: Sandbox,
    program: PathBuf,
}

impl Vaulted {
    fn new(config: &str) -> Self {
        Self::start(Kind::Bundled, "errand", &[], config)
    }

    /// With a route of that mode to the API, for that provider's grant.
    fn routed(mode: &str, provider: &str) -> Self {
        Self::new(&route(mode, provider))
    }

    fn start(kind: Kind, server: &str, options: &[&str], config: &str) -> Self {
        mcpress();
        let alter = Alter::start(options).unwrap();
        let sandbox = Sandbox::new()
            .env("ALTER_BASE_URL", alter.url())
            .env("ALTER_API_KEY", alter.key("app"))
            .env("ERRAND_API_URL", format!("{}/v1", alter.provider_url()));
        let program = sandbox.file("errand");
        let command = fixture(server);
        let mut line = vec!["--command", &command];
        if server == "errand" {
            // What the server wants is known from the line; what it gets is a matter of the run.
            let slots = ["ERRAND_API_URL", "ERRAND_KEY=now", "ERRAND_SECRET=now"];
            line.extend(slots.iter().flat_map(|slot| ["--env", slot]));
        }
        press(&sandbox, kind, "errand", &program, &line);
        let vaulted = Self {
            alter,
            sandbox,
            program,
        };
        vaulted.configure(config);
        vaulted
    }

    fn configure(&self, text: &str) {
        let folder = self.sandbox.file(".config/errand");
        std::fs::create_dir_all(&folder).unwrap();
        let text = text.replace("ORIGIN", self.alter.provider_url());
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sandbox = self.sandbox.env(name, value);
        self
    }

    fn key(self, name: &str) -> Self {
        let key = self.alter.key(name).to_owned();
        self.env("ALTER_API_KEY", &key)
    }

    #[track_caller]
    fn run(&self, line: &[&str], code: i32) -> Outcome {
        self.sandbox.run(&self.program, line).exits(code)
    }

    /// The structured result of a tool that succeeds.
    #[track_caller]
    fn call(&self, line: &[&str]) -> Value {
        self.run(&[line, &["-o", "json"]].concat(), 0).json()
    }

    /// The error of a run that ends so.
    #[track_caller]
    fn fail(&self, line: &[&str], code: i32) -> Value {
        self.run(&[line, &["-o", "json"]].concat(), code).error()
    }

    fn spawn(&self, line: &[&str]) -> Running {
        self.sandbox.spawn(&self.program, line)
    }

    fn control(&self, order: &str, body: Value) {
        self.alter.control(order, &body).unwrap();
    }

    /// What the vault was asked at that path, and that every signature held.
    #[track_caller]
    fn asked(&self, path: &str) -> Vec<Value> {
        let exchanges = self.alter.exchanges(path).unwrap();
        for exchange in &exchanges {
            assert_eq!(exchange["signature"]["problem"], Value::Null, "{exchange}");
        }
        exchanges
    }

    #[track_caller]
    fn wait_for(&self, path: &str) {
        wait_until(path, || !self.alter.exchanges(path).unwrap().is_empty());
    }
}

fn route(mode: &str, provider: &str) -> String {
    ROUTE.replace("MODE", mode).replace("PROVIDER", provider)
}

/// A header of an exchange, by its name in whatever case.
fn header<'a>(exchange: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = exchange["request"]["headers"].as_array().unwrap().iter();
    let found = headers.filter(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name));
    found.map(|pair| pair[1].as_str().unwrap()).collect()
}

#[track_caller]
fn assert_none_of_the_secrets(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}
