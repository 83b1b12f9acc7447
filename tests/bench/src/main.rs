//! Measures a generated command line beside the one mcporter compiles for the same server.
//!
//! Both are built, started and called in one run, turn by turn, so that a busy moment of the machine
//! falls on both. What a call costs is told apart from what the server costs by a bare exchange of
//! the same messages, spoken by this program itself in the same round.
//!
//! The program is also two things it needs: `serve ANSWERS`, a server that answers from a file and
//! so takes next to no time and memory of its own, and `memory PROGRAM…`, a parent with one child.

mod bench;
mod contender;
mod error;
mod exchange;
mod install;
mod memory;
mod options;
mod record;
mod replay;
mod report;
mod samples;
mod subject;

use std::process::ExitCode;

use error::Error;
use options::Options;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let done = match arguments.peek().map(String::as_str) {
        Some("serve") => replay::serve(arguments.nth(1)),
        Some("memory") => memory::watch(arguments.skip(1)),
        _ => Options::read(arguments).and_then(|options| match options {
            Some(options) => run(&options),
            None => {
                print!("{}", options::HELP);
                Ok(())
            }
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Error> {
    let report = bench::measure(options)?;
    if options.json {
        println!("{:#}", report.to_json());
    } else {
        print!("{}", report.to_text());
    }
    if options.record {
        record::write(&report)?;
    }
    Ok(())
}
