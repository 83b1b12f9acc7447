//! What retries are worth: calls over a line on which every third goes wrong, with retries and without.
//!
//! `cargo run -p mcpress-bench --bin faults` prints a table. The server is the fixture `faulty` over
//! HTTP, with the same plan of faults for each row; its journal says how often a tool was really
//! carried out.

#![allow(clippy::expect_used, reason = "a measurement that cannot go on stops")]

use std::path::Path;
use std::time::{Duration, Instant};

use mcpress_fixtures::Journal;
use mcpress_tests::{Kind, Sandbox, mcpress, pressed};

/// How many calls a row is of.
const CALLS: usize = 30;

/// How many entries a plan has: retries take some as well.
const ENTRIES: usize = 3 * CALLS;

/// What goes wrong, by its name in the fixture's plan.
const FAULTS: [&str; 8] = [
    "refused:150",
    "reset",
    "reset:after",
    "half-close",
    "503",
    "429:1",
    "slow:300",
    "stall:after",
];

/// What calls came to.
struct Row {
    answered: usize,
    /// How often the tool was carried out beyond once for each call.
    beyond: usize,
    times: Vec<Duration>,
}

fn main() {
    mcpress();
    let program = pressed(Kind::Bundled, "faulty");
    println!(
        "{CALLS} calls a row, every third entry of the plan is the fault, --timeout 2s; median and longest\n"
    );
    println!("| fault | tool | without retries | with retries | carried out once too often |");
    println!("|---|---|---|---|---|");
    for fault in FAULTS {
        for (tool, kind) in [("look", "read-only"), ("add", "plain")] {
            let [without, with] = ["0", "2"].map(|retries| row(&program, fault, tool, retries));
            println!(
                "| `{fault}` | {kind} | {} | {} | {} and {} |",
                without.words(),
                with.words(),
                without.beyond,
                with.beyond
            );
        }
    }
}

fn row(program: &Path, fault: &str, tool: &str, retries: &str) -> Row {
    let sandbox = Sandbox::new();
    let journal = sandbox.file("journal");
    let journal_name = journal.display().to_string();
    let plan = plan(fault);
    let options = ["--journal", &journal_name, "--faults", &plan];
    let server = mcpress_fixtures::listen("faulty", &options).expect("the fixture listens");
    let mut row = Row {
        answered: 0,
        beyond: 0,
        times: Vec::new(),
    };
    let mut line = vec![tool, "--mcp-url", server.url(), "--mcp-retries", retries];
    line.extend(["--mcp-protocol", "2025-11-25", "--timeout", "2s"]);
    for _ in 0..CALLS {
        let before = Journal::read(&journal).count("executed");
        let started = Instant::now();
        let outcome = sandbox.run(program, &line);
        row.times.push(started.elapsed());
        row.answered += usize::from(outcome.code == Some(0));
        let executed = Journal::read(&journal).count("executed") - before;
        row.beyond += executed.saturating_sub(1);
    }
    row
}

/// A plan in which one entry in three is the fault, by a fixed chance.
fn plan(fault: &str) -> String {
    let mut state = 1_u32;
    let entries = (0..ENTRIES).map(|_| {
        // Numerical Recipes, section 7.1.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match (state >> 16) % 3 {
            0 => fault,
            _ => "ok",
        }
    });
    entries.collect::<Vec<_>>().join(",")
}

impl Row {
    fn words(&self) -> String {
        let mut times = self.times.clone();
        times.sort();
        let milliseconds = |time: Option<&Duration>| time.map_or(0, Duration::as_millis);
        let median = milliseconds(times.get(times.len() / 2));
        let longest = milliseconds(times.last());
        format!("{} of {CALLS}, {median} ms, {longest} ms", self.answered)
    }
}
