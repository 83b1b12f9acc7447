//! Logs that were tampered with, cut short, and written by many.

use std::path::PathBuf;

use serde_json::json;

use super::*;
use crate::context::Context;
use crate::error::Error;
use crate::policy::Subject;
use crate::secret::Secret;
use crate::spec::Tool;

/// A log in a folder that is gone at the end.
struct Desk(PathBuf);

impl Desk {
    fn new(name: &str) -> Self {
        let folder = format!("mcpress-audit-{name}-{}", std::process::id());
        let desk = Self(std::env::temp_dir().join(folder));
        let _ = std::fs::remove_dir_all(&desk.0);
        desk
    }

    fn log(&self, size: u64, keep: usize) -> Log {
        Log {
            file: self.0.join("state/audit.jsonl"),
            size,
            keep,
        }
    }

    /// The log with so many calls in it.
    fn with(name: &str, calls: usize) -> (Self, Log) {
        let desk = Self::new(name);
        let log = desk.log(SIZE, 9);
        for call in 1..=calls {
            write(&log, &format!("tool{call}"));
        }
        (desk, log)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn audit(log: &Log) -> Audit {
    Audit {
        log: Some(log.clone()),
        is_required: false,
    }
}

/// A call that is made.
fn call(tool: &str, context: &Context) -> Record {
    let subject = Subject::tool(tool, None);
    let mut record = Record::new(&subject, Server::Usual("uvx server".to_owned()), context);
    record.decision = Decision::Allowed(None);
    record.is_made();
    record
}

fn write(log: &Log, tool: &str) {
    let record = call(tool, &Context::default());
    record.end(&audit(log), &Ok(())).unwrap();
}

/// What is wrong with a log, without its folder.
fn found(log: &Log) -> Vec<String> {
    let folder = format!("{}/", log.file.parent().unwrap().display());
    let findings = verify(log, None).unwrap().findings;
    let texts = findings.iter().map(ToString::to_string);
    texts.map(|text| text.replace(&folder, "")).collect()
}

fn lines(log: &Log) -> Vec<String> {
    let text = std::fs::read_to_string(&log.file).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn rewrite(log: &Log, lines: &[String]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&log.file, text).unwrap();
}

#[test]
fn a_line_has_what_was_called_and_no_argument() {
    let desk = Desk::new("line");
    let log = desk.log(SIZE, 9);
    let audit = audit(&log);
    let context = Context {
        run: "run-1".to_owned(),
        parent_tool: Some("parent".to_owned()),
        reason: Some("because\nit is\u{1b}[31m so".to_owned()),
        ..Context::default()
    };
    let mut record = call("drop_table", &context);
    record.has(&json!({"table": "people", "n": 1}), &audit);
    record.decision = Decision::Confirmed {
        by: "flag",
        rule: "marked destructive".to_owned(),
    };
    record
        .end(&audit, &Err(Error::Protocol("people".to_owned())))
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(&lines(&log)[0]).unwrap();
    let members: Vec<_> = line
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "seq",
            "time",
            "tool",
            "run",
            "parent",
            "reason",
            "user",
            "server",
            "arguments",
            "decision",
            "by",
            "rule",
            "exit",
            "error",
            "ms",
            "prev"
        ]
    );
    assert_eq!(line["reason"], "because it is so");
    assert_eq!(
        (&line["exit"], &line["error"]),
        (&json!(7), &json!("protocol"))
    );
    assert!(!lines(&log)[0].contains("people"));
    // The same arguments have the same digest here, and another elsewhere.
    let same = log.digest(&json!({"n": 1, "table": "people"})).unwrap();
    assert_eq!(line["arguments"], same);
    let other = Desk::new("line-elsewhere");
    let elsewhere = other
        .log(SIZE, 9)
        .digest(&json!({"n": 1, "table": "people"}));
    // The salt's folder is made with it.
    assert_ne!(elsewhere.unwrap(), same);
}

#[test]
fn a_secret_is_masked_when_a_line_is_written_however_late_it_was_known() {
    let desk = Desk::new("secrets");
    let log = desk.log(SIZE, 9);
    let context = Context {
        run: "audit-sesame-1 and audit-sesame-2".to_owned(),
        reason: Some("audit-ses\u{200b}ame-1".to_owned()),
        ..Context::default()
    };
    let mut record = call("tool-audit-sesame-1", &context);
    let _first = Secret::new("audit-sesame-1");
    record.begin(&audit(&log)).unwrap();
    let _second = Secret::new("audit-sesame-2");
    record.end(&audit(&log), &Ok(())).unwrap();
    let lines = lines(&log);
    let read = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let lines: Vec<_> = lines.iter().map(read).collect();
    for line in &lines {
        assert_eq!(line["tool"], "tool-[redacted]");
        assert_eq!(line["reason"], "[redacted]");
    }
    assert_eq!(lines[0]["run"], "[redacted] and audit-sesame-2");
    assert_eq!(lines[1]["run"], "[redacted] and [redacted]");
}

#[cfg(unix)]
#[test]
fn nobody_else_reads_a_log() {
    use std::os::unix::fs::PermissionsExt;
    let (_desk, log) = Desk::with("modes", 1);
    log.digest(&json!({})).unwrap();
    let folder = log.file.parent().unwrap();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    for entry in std::fs::read_dir(folder).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn an_untouched_log_is_whole_and_none_is_no_fault() {
    let desk = Desk::new("none");
    let log = desk.log(SIZE, 9);
    assert_eq!(
        (found(&log), verify(&log, None).unwrap().lines),
        (vec![], 0)
    );
    assert!(!desk.0.exists(), "looking made it");
    let (_desk, log) = Desk::with("whole", 5);
    let verdict = verify(&log, None).unwrap();
    assert_eq!(
        (verdict.lines, verdict.last.clone().map(|last| last.0)),
        (5, Some(5))
    );
    assert_eq!(found(&log), Vec::<String>::new());
    // What was noted elsewhere is in it, or is not.
    let (_, hash) = verdict.last.unwrap();
    write(&log, "later");
    assert!(verify(&log, Some(&hash)).unwrap().findings.is_empty());
    assert_eq!(verify(&log, Some("beef")).unwrap().findings.len(), 1);
}

#[test]
fn whatever_is_done_to_a_line_is_found_where_it_was_done() {
    type Tamper = fn(&mut Vec<String>);
    let cases: [(&str, Tamper, &[&str]); 12] = [
        (
            "changed",
            |lines| lines[2] = lines[2].replace("tool3", "tool4"),
            &["audit.jsonl:3: call 3 was changed"],
        ),
        (
            "changed at the beginning",
            |lines| lines[0] = lines[0].replace("tool1", "tool4"),
            &["audit.jsonl:1: call 1 was changed"],
        ),
        (
            "changed at the end",
            |lines| lines[5] = lines[5].replace("tool6", "tool4"),
            &["audit.jsonl:6: call 6 was changed"],
        ),
        (
            "removed",
            |lines| drop(lines.remove(2)),
            &["audit.jsonl:3: call 3 is missing before"],
        ),
        (
            "removed, several",
            |lines| drop(lines.drain(1..4)),
            &["audit.jsonl:2: calls 2 to 4 are missing before"],
        ),
        (
            "removed at the beginning",
            |lines| drop(lines.remove(0)),
            &["audit.jsonl:1: call 1 is missing before"],
        ),
        (
            "truncated",
            |lines| lines.truncate(4),
            &["audit.jsonl: calls 5 to 6 are missing at the end"],
        ),
        (
            "emptied",
            |lines| lines.clear(),
            &["audit.jsonl: calls 1 to 6 are missing at the end"],
        ),
        (
            "swapped",
            |lines| lines.swap(2, 3),
            &["audit.jsonl:4: call 3 is not where it was"],
        ),
        (
            "moved to the end",
            |lines| {
                let line = lines.remove(1);
                lines.push(line);
            },
            &["audit.jsonl:6: call 2 is not where it was"],
        ),
        (
            "repeated",
            |lines| lines.insert(3, lines[2].clone()),
            &["audit.jsonl:4: call 3 is not where it was"],
        ),
        (
            "put in",
            |lines| lines.insert(3, "{\"tool\": \"none\"}".to_owned()),
            &["audit.jsonl:4: is no line of this log"],
        ),
    ];
    for (name, tamper, wanted) in cases {
        let (_desk, log) = Desk::with("tampered", 6);
        let mut lines = lines(&log);
        tamper(&mut lines);
        rewrite(&log, &lines);
        assert_eq!(found(&log), wanted, "{name}");
        // And it stays found, whatever is written afterwards.
        write(&log, "later");
        assert!(!found(&log).is_empty(), "{name}, later");
    }
}

#[test]
fn a_lost_head_is_told_of_for_good() {
    let (_desk, log) = Desk::with("head", 6);
    let head = log.beside("head");
    let mut kept = lines(&log);
    kept.truncate(4);
    rewrite(&log, &kept);
    std::fs::remove_file(&head).unwrap();
    assert!(found(&log)[0].ends_with("audit.jsonl.head is gone: lines may be missing here"));
    write(&log, "later");
    assert_eq!(
        found(&log),
        ["audit.jsonl:5: the head was gone when this was written: lines before it may be missing"]
    );
    assert_eq!(verify(&log, None).unwrap().last.unwrap().0, 5);
}

#[test]
fn a_process_that_was_killed_while_it_wrote_costs_nothing_but_its_line() {
    let (_desk, log) = Desk::with("killed", 3);
    // Killed between the line and the head …
    let head = std::fs::read(log.beside("head")).unwrap();
    write(&log, "tool4");
    std::fs::write(log.beside("head"), &head).unwrap();
    assert_eq!(found(&log), Vec::<String>::new());
    write(&log, "tool5");
    assert_eq!((found(&log), lines(&log).len()), (vec![], 5));
    // … and within the line.
    let mut text = std::fs::read_to_string(&log.file).unwrap();
    text.push_str("{\"seq\":6,\"tool\":\"to");
    std::fs::write(&log.file, text).unwrap();
    assert_eq!(found(&log), ["audit.jsonl:6: is torn: its end is missing"]);
    write(&log, "tool6");
    assert_eq!((found(&log), lines(&log).len()), (vec![], 6));
}

/// Takes so many bytes from the end of a log.
fn tear(log: &Log, bytes: u64) {
    let file = std::fs::File::options()
        .write(true)
        .open(&log.file)
        .unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length - bytes).unwrap();
}

#[test]
fn a_torn_end_is_told_of_and_costs_the_next_call_nothing() {
    let calls = |log: &Log| {
        let calls = log.find(&Query::default(), None).unwrap();
        let tools = calls.iter().map(|call| call["tool"].to_string());
        tools.collect::<Vec<_>>().join(" ")
    };
    let (_desk, log) = Desk::with("torn", 5);
    tear(&log, 10);
    let torn = "audit.jsonl:5: is torn: its end is missing";
    let lost = "audit.jsonl: call 5 is missing at the end";
    assert_eq!(found(&log), [torn, lost]);
    write(&log, "tool6");
    assert_eq!(calls(&log), r#""tool1" "tool2" "tool3" "tool4" "tool6""#);
    assert_eq!(
        found(&log),
        [
            "audit.jsonl:5: is no line of this log",
            "audit.jsonl:6: call 5 is missing before"
        ]
    );
    // Where only the end of the line is missing, the next one brings it.
    let (_desk, log) = Desk::with("torn-by-one", 5);
    tear(&log, 1);
    assert_eq!(found(&log), [torn]);
    write(&log, "tool6");
    assert_eq!((found(&log), calls(&log).split(' ').count()), (vec![], 6));
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_is_written_together_with_the_head_or_not_at_all() {
    for calls in [0, 3] {
        let (_desk, log) = Desk::with("no-room", calls);
        log.digest(&json!({})).unwrap();
        let head = log.beside("head");
        let kept = std::fs::read(&head);
        let _ = std::fs::remove_file(&head);
        // On this there is room for no head.
        std::os::unix::fs::symlink("/dev/full", &head).unwrap();
        let record = call("tool", &Context::default());
        let error = record.end(&audit(&log), &Ok(())).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        assert_eq!(lines(&log).len(), calls);
        std::fs::remove_file(&head).unwrap();
        if let Ok(kept) = kept {
            std::fs::write(&head, kept).unwrap();
        }
        write(&log, "later");
        assert_eq!((found(&log), lines(&log).len()), (vec![], calls + 1));
    }
}

#[cfg(unix)]
#[test]
fn a_log_is_read_where_nothing_can_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let (desk, log) = Desk::with("read-only", 3);
    let mode = |mode| {
        let files = ["audit.jsonl", "audit.jsonl.head"].map(|name| desk.0.join("state").join(name));
        for file in files.iter().filter(|file| file.exists()) {
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    mode(0o400);
    assert_eq!(found(&log), Vec::<String>::new());
    assert_eq!(log.find(&Query::default(), None).unwrap().len(), 3);
    // A reader keeps no other reader out.
    let held = std::fs::File::open(log.beside("head")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockShared).unwrap();
    assert_eq!(found(&log), Vec::<String>::new());
    std::fs::remove_file(log.beside("head")).unwrap();
    assert_eq!(found(&log).len(), 1);
    assert!(!log.beside("head").exists(), "looking made it");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_no_log() {
    let desk = Desk::new("no-file");
    std::fs::create_dir_all(&desk.0).unwrap();
    let mut log = desk.log(SIZE, 9);
    log.file = desk.0.join("device");
    std::os::unix::fs::symlink("/dev/null", &log.file).unwrap();
    let words = |error: std::io::Error| assert_eq!(error.to_string(), "it is no regular file");
    words(log.append(serde_json::Map::new()).unwrap_err());
    words(log.digest(&json!({})).unwrap_err());
    words(log.is_writable().unwrap_err());
    words(verify(&log, None).unwrap_err());
    assert_eq!(std::fs::read_dir(&desk.0).unwrap().count(), 1);
}

#[test]
fn the_chain_goes_on_from_file_to_file_and_the_oldest_are_forgotten() {
    let desk = Desk::new("rotated");
    let log = desk.log(600, 3);
    for call in 1..=40 {
        write(&log, &format!("tool{call}"));
        assert_eq!(found(&log), Vec::<String>::new(), "{call}");
    }
    let older = || {
        let names = std::fs::read_dir(desk.0.join("state")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.contains("jsonl.0")).collect();
        names.sort();
        names
    };
    let files = older();
    assert_eq!(files.len(), 3, "{files:?}");
    let kept = verify(&log, None).unwrap().lines;
    assert!((6..16).contains(&kept), "{kept}");
    // A file that is taken away is found, in the middle and at the beginning.
    let file = |name: &str| desk.0.join("state").join(name);
    let middle = std::fs::read(file(&files[1])).unwrap();
    std::fs::remove_file(file(&files[1])).unwrap();
    assert!(
        found(&log)[0].contains("are missing before"),
        "{:?}",
        found(&log)
    );
    std::fs::write(file(&files[1]), middle).unwrap();
    assert_eq!(found(&log), Vec::<String>::new());
    std::fs::remove_file(file(&files[0])).unwrap();
    assert!(
        found(&log)[0].contains("are missing before"),
        "{:?}",
        found(&log)
    );
    // The newest is put aside, and the process killed before it told the head.
    let (_desk, log) = Desk::with("rotated-killed", 3);
    std::fs::rename(&log.file, log.beside("000000000001")).unwrap();
    assert_eq!(found(&log), Vec::<String>::new());
    write(&log, "tool4");
    assert_eq!((found(&log), lines(&log).len()), (vec![], 1));
}

#[test]
fn many_writers_at_once_lose_no_line() {
    let desk = Desk::new("writers");
    let log = desk.log(20_000, 99);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let log = log.clone();
            scope.spawn(move || {
                for call in 0..50 {
                    write(&log, &format!("tool-{writer}-{call}"));
                }
            });
        }
    });
    let verdict = verify(&log, None).unwrap();
    assert_eq!((verdict.lines, verdict.findings.len()), (400, 0));
    let calls = log.find(&Query::default(), None).unwrap();
    let tools: std::collections::BTreeSet<_> =
        calls.iter().map(|call| call["tool"].to_string()).collect();
    assert_eq!(tools.len(), 400);
}

#[test]
fn calls_are_found_by_tool_user_outcome_and_time() {
    let desk = Desk::new("query");
    let log = desk.log(SIZE, 9);
    for (second, tool, subject, exit) in [
        (1, "get_a", Some("ada"), Some(0)),
        (2, "get_b", None, Some(1)),
        (3, "drop_a", Some("eve"), Some(4)),
        (4, "get_a", Some("eve"), None),
    ] {
        let time = crate::clock::text(second * 1000);
        let line =
            json!({"time": time, "tool": tool, "user": "root", "subject": subject, "exit": exit});
        log.append(line.as_object().unwrap().clone()).unwrap();
    }
    let find = |query: Query, limit| {
        let found = log.find(&query, limit).unwrap();
        let numbers = found.iter().map(|line| line["seq"].as_u64().unwrap());
        numbers.collect::<Vec<_>>()
    };
    let by = |tool: Option<&str>, user: Option<&str>, outcome| Query {
        tool: tool.map(str::to_owned),
        user: user.map(str::to_owned),
        outcome,
        ..Query::default()
    };
    assert_eq!(find(Query::default(), None), [1, 2, 3, 4]);
    assert_eq!(find(Query::default(), Some(2)), [3, 4]);
    assert_eq!(find(by(Some("get_*"), None, None), None), [1, 2, 4]);
    // A tool is meant by its command as well, where it is known.
    const TOOLS: &[Tool] = &[Tool {
        wire: "drop_a",
        command: "remove",
        ..Tool::PLAIN
    }];
    let named = |name: &str| Query {
        tools: TOOLS,
        ..by(Some(name), None, None)
    };
    assert_eq!(find(named("rem*"), None), [3]);
    assert_eq!(find(named("drop_a"), None), [3]);
    assert_eq!(find(by(None, Some("e*"), None), None), [3, 4]);
    assert_eq!(find(by(None, Some("root"), Some(Outcome::Ok)), None), [1]);
    assert_eq!(find(by(None, None, Some(Outcome::Error)), None), [2]);
    assert_eq!(find(by(None, None, Some(Outcome::Denied)), None), [3]);
    assert_eq!(find(by(None, None, Some(Outcome::Unfinished)), None), [4]);
    let between = Query {
        since: Some(2000),
        until: Some(4000),
        ..Query::default()
    };
    assert_eq!(find(between, None), [2, 3]);
}

#[test]
fn a_call_that_was_written_down_when_it_began_is_one_call() {
    let desk = Desk::new("begun");
    let log = desk.log(SIZE, 9);
    let begin = |tool: &str| {
        let mut record = call(tool, &Context::default());
        record.begin(&audit(&log)).unwrap();
        record
    };
    let first = begin("first");
    let _killed = begin("killed");
    first.end(&audit(&log), &Ok(())).unwrap();
    assert_eq!(found(&log), Vec::<String>::new());
    let calls = log.find(&Query::default(), None).unwrap();
    let calls: Vec<_> = calls
        .iter()
        .map(|call| (call["tool"].as_str().unwrap(), outcome(call).name()))
        .collect();
    assert_eq!(calls, [("killed", "unfinished"), ("first", "ok")]);
}

#[test]
fn statistics_count_what_was_made_and_what_was_not() {
    let lines: Vec<_> = (1..=100)
        .map(|call| {
            let (exit, decision) = match call {
                1..=90 => (0, "allowed"),
                91..=95 => (1, "allowed"),
                _ => (4, "denied"),
            };
            json!({"tool": if call % 2 == 0 { "even" } else { "odd" }, "time": crate::clock::text(call),
                "exit": exit, "decision": decision, "ms": call})
        })
        .collect();
    let (tools, all) = statistics(&lines);
    assert_eq!(tools.keys().collect::<Vec<_>>(), ["even", "odd"]);
    assert_eq!((all.calls, all.ok, all.errors, all.denied), (100, 90, 5, 5));
    assert_eq!(all.success(), Some(94.7));
    assert_eq!(
        [50, 90, 99].map(|percent| all.percentile(percent)),
        [Some(48.0), Some(86.0), Some(95.0)]
    );
    assert_eq!(all.last, "1970-01-01T00:00:00.100Z");
    // A line that was wrong is no failure of the tool's, a person at a question takes no time of a call's,
    // and whoever leaves it has not let the call be made.
    let lines = [
        json!({"tool": "a", "exit": 0, "decision": "allowed", "ms": 10}),
        json!({"tool": "a", "exit": 2, "decision": "allowed", "error": "usage", "ms": 0.1}),
        json!({"tool": "a", "exit": 2, "decision": "allowed", "error": "refused", "ms": 20}),
        json!({"tool": "a", "exit": 3, "decision": "allowed", "error": "missing_credential"}),
        json!({"tool": "a", "exit": 130, "decision": "denied", "error": "interrupted", "ms": 3000}),
        json!({"tool": "a", "event": "begun"}),
    ];
    let outcomes = lines.each_ref().map(|line| outcome(line).name());
    assert_eq!(
        outcomes,
        ["ok", "usage", "error", "error", "denied", "unfinished"]
    );
    let (_, all) = statistics(&lines);
    assert_eq!(
        (all.calls, all.ok, all.errors, all.denied, all.usage),
        (6, 1, 3, 1, 1)
    );
    assert_eq!(
        (all.success(), all.percentile(99)),
        (Some(25.0), Some(20.0))
    );
    assert_eq!(all.percentile(50), Some(10.0));
    let (_, none) = statistics(&[]);
    assert_eq!((none.success(), none.percentile(50)), (None, None));
}

#[test]
fn a_log_is_turned_off_moved_and_wanted_by_what_goes_first() {
    let section = |text: &str| {
        let file = std::path::Path::new("/p/policy.toml");
        Section::read(Table::read(file, text).unwrap()).unwrap()
    };
    let of = |texts: &[&str]| {
        let sections: Vec<_> = texts.iter().map(|text| section(text)).collect();
        let audit = Audit::of("zoo", &[], &sections.iter().collect::<Vec<_>>());
        (audit.log.map(|log| (log.file, log.size)), audit.is_required)
    };
    assert_eq!(of(&["enabled = false"]), (None, false));
    let table = Table::read(std::path::Path::new("f"), "file = ''").unwrap();
    let error = Section::read(table).unwrap_err();
    assert_eq!(error.to_string(), "f:1: `file`: names no file");
    let (log, is_required) = of(&["file = 'log'\nsize = 5", "enabled = false\nfile = '/x'"]);
    assert_eq!((log, is_required), (None, false));
    let (log, is_required) = of(&["required = true", "enabled = false\nfile = '/x'"]);
    assert_eq!(log, Some((PathBuf::from("/x"), SIZE)));
    assert!(is_required);
    let (log, _) = of(&["file = 'log'\nsize = 5\nenabled = true", "enabled = false"]);
    assert_eq!(log, Some((PathBuf::from("/p/log"), 5)));
    // Where the site has a word in it, the user's is heard only where it is the stricter.
    let user = section("enabled = false\nfile = '/x'\nsize = 1\nkeep = 0\nrequired = true");
    for (text, file, size) in [
        ("", None, SIZE),
        ("required = false", None, SIZE),
        ("file = 'log'\nsize = 5", Some("/p/log"), 5),
    ] {
        let audit = Audit::of("zoo", &[&section(text)], &[&user]);
        let log = audit.log.unwrap();
        assert!(audit.is_required);
        assert_eq!((log.size, log.keep), (size, KEPT.into()), "{text}");
        match file {
            Some(file) => assert_eq!(log.file, PathBuf::from(file)),
            None => assert!(log.file.ends_with(".local/state/zoo/audit.jsonl")),
        }
    }
    let off = Audit::of("zoo", &[&section("enabled = false")], &[]);
    assert!(off.log.is_none());
}
