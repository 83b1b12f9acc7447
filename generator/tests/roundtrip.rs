//! What a program sends can be written as a line of its, and that line is read as the very same.
#![expect(
    clippy::unwrap_used,
    reason = "a corpus that cannot be read fails the test"
)]

mod captures;
#[path = "roundtrip/instance.rs"]
mod instance;
#[path = "roundtrip/random.rs"]
mod random;
#[path = "roundtrip/schemas.rs"]
mod schemas;

use std::{
    ffi::OsString,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use instance::Instances;
use mcpress::{
    capture::Capture,
    lock::Lock,
    lower::{Options, lower},
};
use mcpress_runtime::{
    check_line, quoted, read_arguments,
    schema::Document,
    spec::{Spec, Tool},
    validate::validate,
    write_arguments,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What was tried, and what went wrong.
#[derive(Default)]
struct Tally {
    tools: usize,
    instances: usize,
    valid: usize,
    /// Valid ones that are written with `--args`.
    whole: Vec<String>,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.tools += other.tools;
        self.instances += other.instances;
        self.valid += other.valid;
        self.whole.extend(other.whole);
        self.wrong.extend(other.wrong);
    }

    /// Tries a tool with so many values.
    fn try_tool(&mut self, spec: &'static Spec, tool: &'static Tool, many: u64, salt: u64) {
        let definition: Value = serde_json::from_str(tool.definition).unwrap();
        let schema = definition.get("inputSchema").unwrap_or(&Value::Null);
        let document = Document::new(schema);
        self.tools += 1;
        for seed in 0..many {
            let arguments = Instances::new(&document, salt.wrapping_mul(many) + seed).object();
            let outcome = self.try_instance(spec, tool, schema, &arguments);
            if let Err(reason) = outcome {
                let arguments = Value::Object(arguments);
                self.wrong
                    .push(format!("{}: {reason}\n  {arguments}", tool.wire));
            }
        }
    }

    fn try_instance(
        &mut self,
        spec: &'static Spec,
        tool: &'static Tool,
        schema: &Value,
        arguments: &Map<String, Value>,
    ) -> Result<(), String> {
        let wanted = Value::Object(arguments.clone());
        let words = write_arguments(spec, tool, arguments);
        let is_valid = validate(schema, &wanted).violations.is_empty();
        let shown = || quoted(&words);
        self.instances += 1;
        self.valid += usize::from(is_valid);
        if is_valid && words.first().is_some_and(|word| word == "--args") && !arguments.is_empty() {
            self.whole.push(format!("{}: {wanted}", tool.wire));
        }
        // What is read checked is what is read unchecked, or nothing.
        let read = read_arguments(spec, tool, &words, is_valid)
            .map_err(|error| format!("{} is refused: {error}", shown()))?;
        if read != wanted {
            return Err(format!("{} is read as {read}", shown()));
        }
        if words.iter().any(|word| word.contains('\0')) {
            return Err("a word has a NUL".to_owned());
        }
        let parted = shlex::split(&shown()).unwrap_or_default();
        if parted != words {
            return Err(format!("{} is parted as {parted:?}", shown()));
        }
        let line = std::iter::once(tool.command).chain(words.iter().map(String::as_str));
        check_line(spec, line.map(OsString::from).collect())
            .map_err(|reason| format!("{} cannot be run: {reason}", shown()))
    }
}

fn spec_of(capture: &Capture) -> &'static Spec {
    let lowered = lower(capture, &Options::new("cli"), &Lock::default());
    lowered.program.to_spec().unwrap()
}

#[test]
fn arguments_of_every_tool_are_written_as_a_line_that_is_read_as_the_same() {
    /// Values for each tool.
    const EACH: u64 = 8;
    let corpus = captures::corpus();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut tally = Tally::default();
        while let Some((server, capture)) = corpus.get(next.fetch_add(1, Ordering::Relaxed)) {
            let spec = spec_of(capture);
            let mut own = Tally::default();
            for (at, tool) in spec.tools.iter().enumerate() {
                own.try_tool(spec, tool, EACH, u64::try_from(at).unwrap());
            }
            for line in own.wrong.iter_mut().chain(&mut own.whole) {
                *line = format!("{server} {line}");
            }
            tally.add(own);
        }
        tally
    };
    let mut tally = Tally::default();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for thread in running {
            tally.add(thread.join().unwrap());
        }
    });
    println!(
        "{} tools, {} values, {} of them valid, {} of these only by --args",
        tally.tools,
        tally.instances,
        tally.valid,
        tally.whole.len()
    );
    for line in tally.whole.iter().take(40) {
        println!("whole: {line}");
    }
    let some = tally.wrong.iter().take(40).cloned().collect::<Vec<_>>();
    assert!(
        some.is_empty(),
        "{} wrong:\n{}",
        tally.wrong.len(),
        some.join("\n")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arguments_of_any_schema_are_written_as_a_line_that_is_read_as_the_same(
        schema in schemas::whole(),
        salt in any::<u32>(),
    ) {
        let capture = Capture {
            tools: vec![json!({"name": "t", "inputSchema": schema})],
            ..Capture::default()
        };
        let spec = spec_of(&capture);
        let mut tally = Tally::default();
        tally.try_tool(spec, &spec.tools[0], 8, u64::from(salt));
        prop_assert_eq!(tally.wrong, Vec::<String>::new());
        prop_assert_eq!(tally.whole, Vec::<String>::new());
    }
}
