//! The pages of help, as they are read.

use clap::error::{ContextKind, ContextValue};

use super::overview::page;
use super::*;
use crate::spec::{Branch, Effect, Field, More, Server, Transport};

const PLAIN: Parameter = Parameter::PLAIN;

/// A tool that has everything.
static EVERYTHING: Tool = Tool {
    wire: "createEvent",
    command: "create-event",
    about: "Put an event into a calendar",
    group: "Events",
    effect: Effect::Destructive,
    parameters: &[
        Parameter {
            pointer: "/visibility",
            flag: "visibility",
            shape: Shape::Choice(&[
                "\"default\"",
                "\"public\"",
                "\"private\"",
                "\"confidential\"",
                "\"for the members of the organisation\"",
                "\"for those who are invited\"",
            ]),
            default: Some("\"default\""),
            ..PLAIN
        },
        Parameter {
            pointer: "/title",
            flag: "title",
            required: true,
            help: "What it is called. Be short, since phones show forty characters of it.",
            more: Some(&More {
                short: Some('s'),
                positional: true,
                example: Some("\"Visit the zoo\""),
                ..More::PLAIN
            }),
            ..PLAIN
        },
        Parameter {
            pointer: "/start",
            flag: "start",
            shape: Shape::Object {
                fields: &[],
                rest: &Shape::Any,
            },
            required: true,
            help: "When it begins.",
            ..PLAIN
        },
        Parameter {
            pointer: "/start/zone",
            flag: "start.zone",
            help: "The zone, by its name.",
            more: Some(&More {
                example: Some("\"Europe/Berlin\""),
                ..More::PLAIN
            }),
            ..PLAIN
        },
        Parameter {
            pointer: "/start/date_time",
            flag: "start.date-time",
            aliases: &["start.date_time"],
            required: true,
            more: Some(&More {
                value_name: "DATE-TIME",
                ..More::PLAIN
            }),
            ..PLAIN
        },
        Parameter {
            pointer: "/alarm",
            flag: "alarm",
            shape: Shape::Object {
                fields: &[],
                rest: &Shape::Any,
            },
            ..PLAIN
        },
        Parameter {
            pointer: "/alarm/method",
            flag: "alarm.method",
            shape: Shape::Choice(&["\"popup\"", "\"email\""]),
            required: true,
            ..PLAIN
        },
        Parameter {
            pointer: "/alarm/sound",
            flag: "alarm.sound",
            required: true,
            more: Some(&More {
                only: Some(Branch {
                    discriminator: "/alarm/method",
                    values: &["\"popup\""],
                }),
                ..More::PLAIN
            }),
            ..PLAIN
        },
        Parameter {
            pointer: "/guests",
            flag: "guest",
            shape: Shape::List(&Shape::Object {
                fields: &[
                    Field {
                        key: "optional",
                        shape: Shape::Boolean,
                        required: false,
                    },
                    Field {
                        key: "mail",
                        shape: Shape::Text,
                        required: true,
                    },
                ],
                rest: &Shape::Any,
            }),
            help: "Who is invited",
            more: Some(&More {
                group: "Who comes",
                ..More::PLAIN
            }),
            ..PLAIN
        },
        Parameter {
            pointer: "/notify",
            flag: "notify",
            shape: Shape::Boolean,
            more: Some(&More {
                negation: Some("no-notify"),
                sends: Some("true"),
                ..More::PLAIN
            }),
            ..PLAIN
        },
        Parameter {
            pointer: "/labels",
            flag: "label",
            shape: Shape::Object {
                fields: &[],
                rest: &Shape::Text,
            },
            ..PLAIN
        },
        Parameter {
            pointer: "/kind",
            flag: "kind",
            shape: Shape::Constant("\"event\""),
            ..PLAIN
        },
        Parameter {
            pointer: "/key",
            flag: "key",
            required: true,
            more: Some(&More {
                secret: true,
                ..More::PLAIN
            }),
            ..PLAIN
        },
        Parameter {
            pointer: "/old",
            flag: "old-name",
            more: Some(&More {
                deprecated: true,
                ..More::PLAIN
            }),
            ..PLAIN
        },
    ],
    definition: r#"{
        "name": "createEvent",
        "description": "Put an event into a calendar. Those who are invited get a mail.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "start": {
                    "type": "object",
                    "properties": {"date_time": {"type": "string", "format": "date-time"}, "zone": {"type": "string"}},
                    "required": ["date_time"]
                },
                "key": {"type": "string", "writeOnly": true}
            },
            "required": ["title", "start", "key"]
        }
    }"#,
    ..Tool::PLAIN
};

static TOOLS: [Tool; 5] = [
    Tool {
        command: "whoami",
        ..Tool::PLAIN
    },
    EVERYTHING,
    Tool {
        command: "list-calendars",
        group: "Calendars",
        about: "List the calendars that the user may see, with their colours, zones, and what he may do in each",
        ..Tool::PLAIN
    },
    Tool {
        command: "delete-event",
        group: "Events",
        about: "Delete an event",
        ..Tool::PLAIN
    },
    Tool {
        command: "purge",
        hidden: true,
        ..Tool::PLAIN
    },
];

fn spec(tools: &'static [Tool], capture: &'static str) -> Spec {
    Spec {
        format: crate::spec::FORMAT,
        name: "calendar",
        about: "Command line of the calendar MCP server",
        server: Server {
            transport: Transport::Unknown,
            protocol: "2025-11-25",
            capabilities: "{}",
            capture,
        },
        slots: &[],
        tools,
        prompts: &[],
        templates: &[],
        omitted: crate::spec::Omitted::NOTHING,
    }
}

/// A page without the options of every command, which are the same on each.
fn own(page: &str) -> String {
    let (before, options) = page.split_once(COMMON).unwrap();
    let after = options.split_once("\nExamples:").map(|(_, after)| after);
    match after {
        Some(after) => format!("{before}…\n\nExamples:{after}"),
        None => format!("{before}…"),
    }
}

#[test]
fn a_tool_that_has_everything_in_short() {
    let spec = spec(&TOOLS, "{}");
    let mut command = of_tool(&spec, &EVERYTHING).term_width(100);
    insta::assert_snapshot!(own(&command.render_help().to_string()));
}

#[test]
fn a_tool_that_has_everything_in_full() {
    let spec = spec(&TOOLS, "{}");
    let mut command = in_full(of_tool(&spec, &EVERYTHING), &EVERYTHING).term_width(100);
    let help = command.render_long_help().to_string() + &example::section(&spec, &EVERYTHING);
    insta::assert_snapshot!(own(&help));
}

#[test]
fn the_program_s_commands_stand_under_their_headings() {
    let capture = r#"{"initialize": {"instructions": "Be kind."}}"#;
    let page = page(&spec(&TOOLS, capture), true, 72);
    let (before, after) = page.split_once(COMMON).unwrap();
    let hints = after.rsplit("\n\n").next().unwrap();
    insta::assert_snapshot!(format!("{before}…\n\n{hints}"));
}

#[test]
fn a_long_list_is_in_short_the_names_alone() {
    let tool = |at: usize| Tool {
        command: format!("list-things-{at}").leak(),
        about: "List them",
        ..Tool::PLAIN
    };
    let tools: Vec<Tool> = (0..61).map(tool).collect();
    let spec = spec(tools.leak(), "{}");
    let short = page(&spec, false, 80);
    assert!(!short.contains("List them"), "{short}");
    assert!(short.lines().all(|line| line.len() <= 80), "{short}");
    assert!(short.contains("  list-things-0  list-things-1  list-things-2"));
    let full = page(&spec, true, 80);
    assert_eq!(full.matches("List them").count(), 61);
}

#[test]
fn the_tool_s_own_examples_go_before_made_up_ones() {
    let tool: &'static Tool = Box::leak(Box::new(Tool {
        examples: &["create-event Lunch", "create-event \u{1b}[31mDinner"],
        ..EVERYTHING
    }));
    let section = example::section(&spec(&TOOLS, "{}"), tool);
    assert_eq!(
        section,
        "\nExamples:\n  calendar create-event Lunch\n  calendar create-event Dinner\n"
    );
}

#[test]
fn a_flag_is_suggested_by_a_name_that_is_shown() {
    let spec = spec(&TOOLS, "{}");
    for (typed, suggested) in [
        ("--titel", Some("--title")),
        ("--start.datetime", Some("--start.date-time")),
        ("--start.date_tim", Some("--start.date-time")),
        ("--date-time", Some("--start.date-time")),
        ("--no-notfy", Some("--no-notify")),
        ("--old-nam", None),
        ("--dry-runn", Some("--dry-run")),
    ] {
        let mut command = of_tool(&spec, &EVERYTHING);
        let error = command
            .try_get_matches_from_mut(["create-event", typed, "x"])
            .unwrap_err();
        let error = suggest_shown_name(&command, error);
        let found = match error.get(ContextKind::SuggestedArg) {
            Some(ContextValue::String(flag)) => Some(flag.as_str()),
            _ => None,
        };
        assert_eq!(found, suggested, "{typed}");
    }
}

#[test]
fn a_command_is_suggested_by_a_name_that_is_shown() {
    let spec = spec(&TOOLS, "{}");
    for (typed, suggested) in [
        ("creat-event", &["create-event"][..]),
        ("createEvnt", &["create-event"]),
        ("event", &["create-event", "delete-event"]),
        ("calendars", &["list-calendars"]),
        ("purg", &[]),
        ("calll", &["call"]),
        ("zzz", &[]),
    ] {
        let error = unknown(&spec, typed);
        let found = match error.get(ContextKind::SuggestedSubcommand) {
            Some(ContextValue::Strings(names)) => &names[..],
            _ => &[],
        };
        assert_eq!(found, suggested, "{typed}");
    }
}

#[test]
fn a_thousand_tools_have_a_page_at_once() {
    let tool = |at: usize| Tool {
        command: format!("list-things-of-the-kind-{at}").leak(),
        about: "List the things of a kind with all that is known of each, in the order they were made",
        group: format!("Kind {}", at / 20).leak(),
        ..Tool::PLAIN
    };
    let tools: Vec<Tool> = (0..1000).map(tool).collect();
    let spec = spec(tools.leak(), "{}");
    let start = std::time::Instant::now();
    let page = page(&spec, true, 100);
    let taken = start.elapsed();
    assert!(page.lines().count() > 1000);
    // A bound that a loaded machine keeps unoptimised; a clap command a tool would not.
    assert!(taken.as_millis() < 250, "{taken:?}");
}
