//! What people do for a vault: they connect accounts and approve requests, here or elsewhere.

mod approvals;
mod aware;
mod connect;

use std::path::PathBuf;

use mcpress_fixtures::Alter;
use mcpress_tests::{Kind, Outcome, Running, Sandbox, fixture, press, pressed, wait_until};
use serde_json::{Value, json};

use crate::asking::Typist;

const SESSION: &str = "/sdk/oauth/connect/session";
const POLL: &str = "/sdk/oauth/connect/session/poll";

/// A vault and a program whose server takes its credentials from it.
struct Desk {
    alter: Alter,
    sandbox: Sandbox,
    program: PathBuf,
}

impl Desk {
    fn new(server: &str, config: &str) -> Self {
        let program = pressed(Kind::Bundled, server);
        let alter = Alter::start(&[]).unwrap();
        let sandbox = Sandbox::new();
        let folder = sandbox.file(&format!(".config/{server}"));
        std::fs::create_dir_all(&folder).unwrap();
        let config = config.replace("ORIGIN", alter.provider_url());
        std::fs::write(folder.join("config.toml"), config).unwrap();
        let sandbox = sandbox
            .env("ALTER_BASE_URL", alter.url())
            .env("ALTER_API_KEY", alter.key("app"))
            .env("ALICE", alter.user_token("alice"));
        Self {
            alter,
            sandbox,
            program,
        }
    }

    /// A server that is handed over a credential of this provider's.
    fn handed_over(provider: &str) -> Self {
        Self::new("everyday", &handed_over(provider))
    }

    /// A server whose requests the vault makes with a grant of this provider's.
    fn forwarded(provider: &str) -> Self {
        let slot = |name: &str, more: &str| {
            format!("[credentials.{name}]\nsource = \"alter\"\nprovider = \"{provider}\"\n{more}")
        };
        let route = slot(
            "ERRAND_API_URL",
            "mode = \"forward\"\norigin = \"ORIGIN\"\n",
        );
        let stand_ins = slot("ERRAND_KEY", "") + &slot("ERRAND_SECRET", "");
        Self::new("errand", &(route + &stand_ins))
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sandbox = self.sandbox.env(name, value);
        self
    }

    #[track_caller]
    fn run(&self, line: &[&str], code: i32) -> Outcome {
        self.sandbox.run(&self.program, line).exits(code)
    }

    /// The error of a run that ends so.
    #[track_caller]
    fn fail(&self, line: &[&str], code: i32) -> Value {
        self.run(&[line, &["-o", "json"]].concat(), code).error()
    }

    fn spawn(&self, line: &[&str]) -> Running {
        self.sandbox.spawn(&self.program, line)
    }

    /// Somebody in front of the program, whose browser goes where it is sent.
    fn sit(self, line: &[&str]) -> (Typist, Alter) {
        let env = [
            ("ALTER_BASE_URL", self.alter.url().to_owned()),
            ("ALTER_API_KEY", self.alter.key("app").to_owned()),
            ("BROWSER", fixture("browse")),
        ];
        let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
        let typist = Typist::at_desk(self.sandbox, &self.program, line, &env);
        (typist, self.alter)
    }

    fn control(&self, order: &str, body: Value) {
        self.alter.control(order, &body).unwrap();
    }

    fn count(&self, path: &str) -> usize {
        count(&self.alter, path)
    }

    fn wait_for(&self, path: &str, times: usize) {
        wait_until(path, || self.count(path) >= times);
    }
}

/// A slot that is filled from this provider.
fn handed_over(provider: &str) -> String {
    format!(
        "[credentials.API_TOKEN]\nsource = \"alter\"\nmode = \"env\"\nprovider = \"{provider}\"\n"
    )
}

/// Two slots that are, with two accounts.
fn twice_handed_over(provider: &str) -> String {
    let other = handed_over(provider).replace("API_TOKEN", "OTHER_TOKEN");
    format!(
        "{}{other}account = \"somebody@example.com\"\n",
        handed_over(provider)
    )
}

/// How often the vault was asked at exactly this path.
fn count(alter: &Alter, path: &str) -> usize {
    let exchanges = alter.exchanges(path).unwrap();
    let at = |exchange: &&Value| exchange["request"]["path"] == path;
    exchanges.iter().filter(at).count()
}

const GET: &[&str] = &["get-env", "--name", "API_TOKEN"];
