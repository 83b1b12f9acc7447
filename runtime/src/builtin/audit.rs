//! `self audit`: looking calls up, in numbers, and whether their log is what was written.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::{Map, Value, json};

use crate::audit::{self, Log, Outcome, Query, Statistics, outcome, statistics};
use crate::clock;
use crate::error::Error;
use crate::output::pretty;
use crate::run::Run;
use crate::settings::{Format, Settings};
use crate::spec::Spec;
use crate::text::{line, width};

/// The most calls that are listed unless told.
const FEW: &str = "50";

pub(super) fn command(spec: &Spec) -> Command {
    let one = |name: &'static str, about: &'static str| {
        Settings::options(Command::new(name))
            .about(about)
            .max_term_width(100)
    };
    let limit = Arg::new("limit")
        .long("limit")
        .value_name("N")
        .default_value(FEW)
        .value_parser(value_parser!(usize))
        .help("List so many of the newest");
    let expect = Arg::new("expect")
        .long("expect")
        .value_name("DIGEST")
        .help("Have a line with this digest, which was noted elsewhere");
    Command::new("audit")
        .bin_name(format!("{} self audit", spec.name))
        .about("Look at the calls that were made from here, and those that were refused")
        .max_term_width(100)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(filters(one("list", "List calls, the newest last")).arg(limit))
        .subcommand(filters(one("stats", "Show calls in numbers, tool by tool")))
        .subcommand(
            one("verify", "Check that no line was changed, taken out, or moved")
                .long_about(
                    "Check that no line was changed, taken out, or moved, and print the digest of the \
                     last. Whoever can write the log can write all of it anew: a digest that was noted \
                     elsewhere is beyond that, and --expect proves all that came before it.",
                )
                .arg(expect),
        )
}

/// The options that say which calls.
fn filters(command: Command) -> Command {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let time = "a time, a date, or how long ago: 2026-03-01T12:00:00Z, 2026-03-01, 30m, 12h, 7d";
    command
        .arg(option("tool", "GLOB", "Calls of tools by this name"))
        .arg(option(
            "user",
            "GLOB",
            "Calls by this user, or this subject of an identity",
        ))
        .arg(
            option("outcome", "OUTCOME", "Calls that came to this")
                .value_parser(PossibleValuesParser::new(Outcome::NAMES)),
        )
        .arg(
            option("since", "TIME", "Calls from then on")
                .long_help(format!("Calls from then on: {time}")),
        )
        .arg(option("until", "TIME", "Calls before then"))
}

pub(super) fn run(run: &Run, matches: &ArgMatches) -> Result<(), Error> {
    let log = run.log().log;
    let Some(log) = log else {
        return Err(Error::usage("calls are not written down here"));
    };
    match matches.subcommand() {
        Some(("list", matches)) => {
            let limit = matches.get_one::<usize>("limit").copied();
            list(run, &found(run, &log, matches, limit)?)
        }
        Some(("stats", matches)) => stats(run, &found(run, &log, matches, None)?),
        Some(("verify", matches)) => {
            let expect = matches.get_one::<String>("expect");
            verify(run, &log, expect.map(String::as_str))
        }
        _ => Err(Error::usage("no command")),
    }
}

fn found(
    run: &Run,
    log: &Log,
    matches: &ArgMatches,
    limit: Option<usize>,
) -> Result<Vec<Value>, Error> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let time = |name: &str| {
        let Some(text) = text(name) else {
            return Ok(None);
        };
        let time = clock::read(&text, clock::now());
        time.map(Some)
            .ok_or_else(|| Error::usage(format!("--{name} `{text}`: not a time")))
    };
    let query = Query {
        tool: text("tool"),
        tools: run.spec.tools,
        user: text("user"),
        outcome: text("outcome").and_then(|name| Outcome::of(&name)),
        since: time("since")?,
        until: time("until")?,
    };
    log.find(&query, limit)
        .map_err(|source| unread(log, source))
}

fn unread(log: &Log, source: std::io::Error) -> Error {
    Error::Io {
        what: format!("cannot read {}", log.file.display()),
        source,
    }
}

fn list(run: &Run, calls: &[Value]) -> Result<(), Error> {
    if run.printer.format() != Format::Text {
        return run.printer.data(&pretty(&calls.into()));
    }
    let rows = calls.iter().map(|call| {
        let text = |name: &str| call.get(name).and_then(Value::as_str).unwrap_or_default();
        let user = match (text("subject"), text("user")) {
            ("", user) => user.to_owned(),
            (subject, user) => format!("{subject} ({user})"),
        };
        let why = match (text("decision"), text("rule"), text("by")) {
            ("confirmed", rule, by) => format!("confirmed by {by}: {rule}"),
            (_, "", _) => text("error").to_owned(),
            (_, rule, _) => rule.to_owned(),
        };
        let time = call
            .get("ms")
            .map_or(String::new(), |ms| format!("{ms} ms"));
        vec![
            text("time").to_owned(),
            outcome(call).name().to_owned(),
            time,
            text("tool").to_owned(),
            user,
            why,
        ]
    });
    run.printer.data(&table(rows.collect(), &[2]))
}

fn stats(run: &Run, calls: &[Value]) -> Result<(), Error> {
    let (tools, all) = statistics(calls);
    if run.printer.format() != Format::Text {
        let tools: Map<String, Value> = tools
            .iter()
            .map(|(name, tool)| (name.clone(), tool.to_json()))
            .collect();
        let report = json!({"tools": tools, "all": all.to_json()});
        return run.printer.data(&pretty(&report));
    }
    if all.calls == 0 {
        return run.printer.data("no calls\n");
    }
    let head = [
        "tool", "calls", "ok", "errors", "denied", "usage", "success", "p50", "p90", "p99", "last",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(tools.iter().map(|(name, tool)| row(name, tool)));
    rows.push(row("all", &all));
    run.printer.data(&table(rows, &[1, 2, 3, 4, 5, 6, 7, 8, 9]))
}

fn row(name: &str, tool: &Statistics) -> Vec<String> {
    let time = |percent| {
        let time = tool.percentile(percent);
        time.map_or("-".to_owned(), |time| format!("{time} ms"))
    };
    let success = tool
        .success()
        .map_or("-".to_owned(), |success| format!("{success} %"));
    vec![
        name.to_owned(),
        tool.calls.to_string(),
        tool.ok.to_string(),
        tool.errors.to_string(),
        tool.denied.to_string(),
        tool.usage.to_string(),
        success,
        time(50),
        time(90),
        time(99),
        tool.last.clone(),
    ]
}

fn verify(run: &Run, log: &Log, expect: Option<&str>) -> Result<(), Error> {
    let verdict = audit::verify(log, expect).map_err(|source| unread(log, source))?;
    let (seq, hash) = verdict.last.clone().unzip();
    let findings = &verdict.findings;
    run.printer.data(&match run.printer.format() {
        Format::Text => {
            let mut text: String = findings
                .iter()
                .map(|finding| format!("{finding}\n"))
                .collect();
            if let (Some(seq), Some(hash)) = (seq, &hash) {
                let lines = verdict.lines;
                text.push_str(&format!("{lines} lines, the last is call {seq}, {hash}\n"));
            } else {
                text.push_str("no calls\n");
            }
            text
        }
        _ => pretty(&json!({
            "file": log.file,
            "whole": findings.is_empty(),
            "lines": verdict.lines,
            "last": seq,
            "digest": hash,
            "findings": findings.iter().map(|finding| finding.to_json()).collect::<Vec<_>>(),
        })),
    })?;
    match findings.len() {
        0 => Ok(()),
        1 => Err(Error::Audit(
            "the log of calls is not what was written".to_owned(),
        )),
        many => Err(Error::Audit(format!(
            "the log of calls is not what was written, in {many} places"
        ))),
    }
}

/// Rows in columns, these of which are set to the right. Whoever wrote into the log does not write on
/// the terminal.
fn table(mut rows: Vec<Vec<String>>, right: &[usize]) -> String {
    for cell in rows.iter_mut().flatten() {
        *cell = line(cell);
    }
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let widths = rows.iter().map(|row| width(&row[column]));
            widths.max().unwrap_or(0)
        })
        .collect();
    let joined = |row: &Vec<String>| {
        let mut text = String::new();
        for (at, (cell, wide)) in row.iter().zip(&widths).enumerate() {
            let blanks = " ".repeat(wide - width(cell));
            match right.contains(&at) {
                true => text.push_str(&format!("{blanks}{cell}  ")),
                false => text.push_str(&format!("{cell}{blanks}  ")),
            }
        }
        text.trim_end().to_owned() + "\n"
    };
    rows.iter().map(joined).collect()
}
