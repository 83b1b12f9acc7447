//! What real servers say, lowered.
#![expect(
    clippy::unwrap_used,
    reason = "a corpus that cannot be read fails the test"
)]

mod captures;

use std::collections::BTreeSet;

use captures::corpus;

use mcpress::{
    capture::Capture,
    generate::{Plan, generate},
    ir::{Parameter, Program, Shape},
    lock::Lock,
    lower::{Lowered, Options, lower},
    names::{RESERVED_COMMANDS, RESERVED_FLAGS, RESERVED_FORM_FLAGS, RESERVED_PREFIX},
    overlay::{Overlay, init},
};
use mcpress_runtime::schema::escape;
use serde_json::Value;

fn lowered(capture: &Capture) -> Lowered {
    lower(capture, &Options::new("cli"), &Lock::default())
}

fn spellings(parameter: &Parameter) -> impl Iterator<Item = &str> {
    std::iter::once(&*parameter.flag)
        .chain(parameter.negation.as_deref())
        .chain(parameter.aliases.iter().map(String::as_str))
}

#[test]
fn no_two_names_are_the_same() {
    for (server, capture) in corpus() {
        let Program {
            tools,
            prompts,
            templates,
            ..
        } = lowered(&capture).program;
        assert_eq!(prompts.len(), capture.prompts.len(), "{server}");
        assert_eq!(
            templates.len(),
            capture.resource_templates.len(),
            "{server}"
        );
        for forms in [prompts, templates] {
            let mut commands = BTreeSet::new();
            for form in &forms {
                assert!(commands.insert(&form.command), "{server}: {}", form.command);
                let mut flags: BTreeSet<&str> = RESERVED_FLAGS
                    .into_iter()
                    .chain(RESERVED_FORM_FLAGS)
                    .collect();
                for flag in form.parameters.iter().flat_map(spellings) {
                    assert!(flags.insert(flag), "{server} {}: --{flag}", form.command);
                }
            }
        }
        let mut commands: BTreeSet<&str> = RESERVED_COMMANDS.into();
        for tool in &tools {
            assert!(commands.insert(&tool.command), "{server}: {}", tool.command);
            let mut flags: BTreeSet<&str> = RESERVED_FLAGS.into();
            for flag in tool.parameters.iter().flat_map(spellings) {
                assert!(flags.insert(flag), "{server} {}: --{flag}", tool.command);
                assert!(
                    !flag.starts_with(RESERVED_PREFIX),
                    "{server} {}: --{flag}",
                    tool.command
                );
            }
        }
    }
}

/// Whether a property is left out on purpose: it is forbidden, or the server alone says it.
fn has_no_flag(schema: &Value) -> bool {
    *schema == Value::Bool(false) || schema["readOnly"] == Value::Bool(true)
}

#[test]
fn every_property_has_a_flag_and_few_of_these_take_json() {
    /// The most of the flags that may take JSON alone, in thousandths.
    const MOST: usize = 15;
    let (mut all, mut json) = (0, 0);
    for (server, capture) in corpus() {
        let Program { tools, .. } = lowered(&capture).program;
        assert_eq!(tools.len(), capture.tools.len(), "{server}");
        for (tool, said) in tools.iter().zip(&capture.tools) {
            let place = format!("{server} {}", tool.wire);
            let properties = said
                .pointer("/inputSchema/properties")
                .and_then(Value::as_object);
            let described = properties.into_iter().flatten();
            let described: BTreeSet<String> = described
                .filter(|(_, schema)| !has_no_flag(schema))
                .map(|(name, _)| format!("/{}", escape(name)))
                .collect();
            let top = tool.parameters.iter();
            let top = top.filter(|parameter| parameter.pointer.matches('/').count() == 1);
            let pointers: BTreeSet<&str> = top.clone().map(|it| &*it.pointer).collect();
            for pointer in &described {
                assert!(pointers.contains(&**pointer), "{place}: {pointer}");
            }
            all += pointers.len();
            json += top.filter(|it| it.shape == Shape::Json).count();
        }
    }
    let share = json * 10_000 / all.max(1);
    println!(
        "{json} of {all} parameters take JSON alone: {}.{:02} %",
        share / 100,
        share % 100
    );
    assert!(json * 1000 <= all * MOST, "{json} of {all} take JSON alone");
}

#[test]
fn lowering_twice_gives_the_same_and_a_lock_changes_nothing() {
    for (server, capture) in corpus() {
        let once = lowered(&capture);
        assert_eq!(once, lowered(&capture), "{server}");
        let lock = Lock::of(&once.program, &Lock::default(), &capture);
        let lock = Lock::read(&lock.to_text()).unwrap();
        assert_eq!(
            once,
            lower(&capture, &Options::new("cli"), &lock),
            "{server}"
        );
        assert_eq!(lock, Lock::of(&once.program, &lock, &capture), "{server}");
    }
}

#[test]
fn an_overlay_to_begin_with_says_nothing_new_of_any_server() {
    for (server, capture) in corpus() {
        let plan = |overlay: &str| Plan {
            name: "cli".to_owned(),
            overlay: Overlay::read(overlay).unwrap_or_else(|error| panic!("{server}: {error}")),
            ..Plan::default()
        };
        let mut made = generate(&capture, &plan(""), &Lock::default()).unwrap();
        let text = init(&made.program);
        assert_eq!(
            Overlay::read(&text).unwrap(),
            Overlay::default(),
            "{server}"
        );
        let open = |line: &str| line.strip_prefix("# ").unwrap_or(line).to_owned() + "\n";
        let open: String = text.lines().map(open).collect();
        let same = generate(&capture, &plan(&open), &Lock::default());
        let mut same = same.unwrap_or_else(|error| panic!("{server}: {error}"));
        assert_eq!(same.lock, made.lock, "{server}");
        // Only the headings are proposed, and with them another order.
        for program in [&mut same.program, &mut made.program] {
            program.tools.iter_mut().for_each(|tool| tool.group.clear());
            program.tools.sort_by(|a, b| a.wire.cmp(&b.wire));
        }
        assert_eq!(same.program, made.program, "{server}");
    }
}
