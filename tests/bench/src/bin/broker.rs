//! What the vault costs: a credential handed over, a request through the loopback.
//!
//! `cargo run --release -p mcpress-bench --bin broker` prints a table. The vault, the API and the server
//! are fixtures of this machine; each row is measured in turn with the one it is compared with, so that
//! a busy moment falls on both.

#![allow(clippy::expect_used, reason = "a measurement that cannot go on stops")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use mcpress_fixtures::Alter;
use mcpress_tests::{Kind, Sandbox, fixture, mcpress, press};
use serde_json::Value;

/// How many runs a row is of.
const RUNS: usize = 40;

/// How many requests a run makes where requests are what is measured.
const REQUESTS: usize = 200;

/// The server gets the values of a grant.
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

/// The server gets a loopback address and stand-ins.
const ROUTED: &str = r#"
[credentials.ERRAND_API_URL]
source = "alter"
mode = "proxy"
provider = "altr-basic"
origin = "ORIGIN/v1"
[credentials.ERRAND_KEY]
source = "alter"
provider = "altr-basic"
[credentials.ERRAND_SECRET]
source = "alter"
provider = "altr-basic"
"#;

struct Bench {
    alter: Alter,
    sandbox: Sandbox,
    program: PathBuf,
}

impl Bench {
    fn new() -> Self {
        mcpress();
        let alter = Alter::start(&[]).expect("the vault starts");
        let sandbox = Sandbox::new()
            .env("ALTER_BASE_URL", alter.url())
            .env("ALTER_API_KEY", alter.key("app"))
            .env("ERRAND_KEY", "fake-mapi-key")
            .env("ERRAND_SECRET", "fake-mapi-secret")
            .env("ERRAND_API_URL", format!("{}/v1", alter.provider_url()));
        let program = sandbox.file("errand");
        let command = fixture("errand");
        let mut line = vec!["--command", &command];
        for slot in ["ERRAND_API_URL=x", "ERRAND_KEY=x", "ERRAND_SECRET=x"] {
            line.extend(["--env", slot]);
        }
        press(&sandbox, Kind::Compiled, "errand", &program, &line);
        Self {
            alter,
            sandbox,
            program,
        }
    }

    /// A file with this configuration.
    fn config(&self, name: &str, text: &str) -> String {
        let file = self.sandbox.file(name);
        let text = text.replace("ORIGIN", self.alter.provider_url());
        std::fs::write(&file, text).expect("a file is written");
        file.display().to_string()
    }

    /// How long a whole run takes, and what the tool says.
    fn run(&self, config: &str, line: &[&str]) -> (Duration, Value) {
        let line = [line, &["--mcp-config", config, "-o", "json"]].concat();
        let begun = Instant::now();
        let outcome = self.sandbox.run(&self.program, &line).exits(0);
        (begun.elapsed(), outcome.json())
    }

    /// How often the vault was asked for that since the last time.
    fn asked(&self, path: &str, before: &mut usize) -> usize {
        let all = self.alter.exchanges(path).expect("the vault tells").len();
        all - std::mem::replace(before, all)
    }
}

fn main() {
    let bench = Bench::new();
    let nothing = bench.config("nothing.toml", "");
    let handed = bench.config("handed.toml", HANDED_OVER);
    let routed = bench.config("routed.toml", ROUTED);
    let mut tokens = 0;
    bench.asked("/sdk/token", &mut tokens);

    println!("{RUNS} runs a row, in turn; medians\n");
    println!("| what | without the vault | with it | more | the vault asked for a token, a run |");
    println!("|---|---|---|---|---|");
    for (what, config, line) in [
        (
            "a call, the credential handed over",
            &handed,
            ["wait", "--ms", "0"].as_slice(),
        ),
        (
            "a call, one request by the loopback",
            &routed,
            &["repeat", "--path", "things", "--n", "1"],
        ),
    ] {
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            without.push(bench.run(&nothing, line).0);
            with.push(bench.run(config, line).0);
        }
        let asked = bench.asked("/sdk/token", &mut tokens);
        row(what, &mut without, &mut with, asked, RUNS);
    }
    let line = ["repeat", "--path", "things", "--n", &REQUESTS.to_string()];
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let runs = RUNS / 4;
    for _ in 0..runs {
        for (config, times) in [(&nothing, &mut without), (&routed, &mut with)] {
            let said = bench.run(config, &line).1;
            assert_eq!(said["answered"], REQUESTS, "{said}");
            let microseconds = said["microseconds"].as_u64().unwrap_or_default();
            times.push(Duration::from_micros(microseconds / REQUESTS as u64));
        }
    }
    let asked = bench.asked("/sdk/token", &mut tokens);
    let what = format!("one of {REQUESTS} requests of a call");
    row(&what, &mut without, &mut with, asked, runs);
}

fn row(what: &str, without: &mut [Duration], with: &mut [Duration], asked: usize, runs: usize) {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (without, with) = (median(without), median(with));
    println!(
        "| {what} | {:.2} ms | {:.2} ms | {:.2} ms | {:.2} |",
        ms(without),
        ms(with),
        ms(with) - ms(without),
        asked as f64 / runs as f64,
    );
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
