//! What is proposed, place by place.

use super::*;
use crate::settings::Settings;
use crate::spec::{Branch, Field, More, Parameter, Server, Shape, Transport};

const PLAIN: Parameter = Parameter::PLAIN;

static BOOK: Tool = Tool {
    wire: "bookTable",
    command: "book-table",
    about: "Book a table",
    group: "Tables",
    parameters: &[
        Parameter {
            pointer: "/mood",
            flag: "mood",
            shape: Shape::Choice(&["\"calm\"", "\"not \\u001b[2J seen\"", "\"a b\"", "3"]),
            required: true,
            help: "How it\tshould\u{1b}[31m be. More.",
            ..PLAIN
        },
        Parameter {
            pointer: "/days",
            flag: "day",
            aliases: &["days"],
            shape: Shape::List(&Shape::Choice(&["\"mon\"", "\"tue\"", "\"wed\""])),
            ..PLAIN
        },
        Parameter {
            pointer: "/inside",
            flag: "inside",
            shape: Shape::Boolean,
            more: Some(&More {
                negation: Some("no-inside"),
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
                        key: "role",
                        shape: Shape::Choice(&["\"host\"", "\"guest\""]),
                        required: true,
                    },
                    Field {
                        key: "tags",
                        shape: Shape::List(&Shape::Text),
                        required: false,
                    },
                    Field {
                        key: "kind",
                        shape: Shape::Constant("\"person\""),
                        required: true,
                    },
                ],
                rest: &Shape::Any,
            }),
            ..PLAIN
        },
        Parameter {
            pointer: "/until",
            flag: "until",
            shape: Shape::Union(&[Shape::Integer, Shape::Choice(&["\"dawn\""]), Shape::Boolean]),
            ..PLAIN
        },
        Parameter {
            pointer: "/place",
            flag: "place",
            shape: Shape::Tuple(&[Shape::Number, Shape::Choice(&["\"n\"", "\"s\""])]),
            ..PLAIN
        },
        Parameter {
            pointer: "/pay",
            flag: "pay",
            shape: Shape::Choice(&["\"cash\"", "\"card\""]),
            more: Some(&More {
                short: Some('p'),
                ..More::PLAIN
            }),
            ..PLAIN
        },
        Parameter {
            pointer: "/number",
            flag: "number",
            more: Some(&More {
                only: Some(Branch {
                    discriminator: "/pay",
                    values: &["\"card\""],
                }),
                secret: true,
                ..More::PLAIN
            }),
            ..PLAIN
        },
        Parameter {
            pointer: "/old",
            flag: "old",
            more: Some(&More {
                deprecated: true,
                ..More::PLAIN
            }),
            ..PLAIN
        },
    ],
    ..Tool::PLAIN
};

static TOOLS: &[Tool] = &[
    Tool {
        wire: "odd/tool $(x)",
        command: "odd-tool",
        ..Tool::PLAIN
    },
    BOOK,
    Tool {
        wire: "hidden",
        command: "hidden",
        hidden: true,
        ..Tool::PLAIN
    },
    Tool {
        wire: "move",
        command: "move",
        parameters: &[Parameter {
            pointer: "/to",
            flag: "to",
            shape: Shape::Choice(&["\"left\"", "\"right\""]),
            more: Some(&More {
                positional: true,
                ..More::PLAIN
            }),
            ..PLAIN
        }],
        ..Tool::PLAIN
    },
];

static SPEC: Spec = Spec {
    format: crate::spec::FORMAT,
    name: "zoo",
    about: "",
    server: Server {
        transport: Transport::Unknown,
        protocol: "",
        capabilities: "{}",
        capture: "{}",
    },
    slots: &[],
    prompts: &[],
    templates: &[],
    tools: TOOLS,
    omitted: crate::spec::Omitted::NOTHING,
};

/// A program that has been told nothing.
fn run(spec: &'static Spec) -> Run {
    Run::new(spec, &[], &[], Settings::default())
}

/// The answer at the end of a line, its last word being typed.
fn at(line: &str) -> Answer {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let typed = words.pop().unwrap();
    of_program(&run(&SPEC), &words, &typed)
}

/// What is proposed there.
fn proposed(line: &str) -> Vec<String> {
    let all = at(line).candidates.into_iter();
    all.map(|candidate| candidate.value).collect()
}

#[test]
fn commands_come_as_the_help_has_them_and_the_program_s_own_after_them() {
    let commands = proposed("");
    assert_eq!(commands[..3], ["book-table", "odd-tool", "move"]);
    assert!(commands.contains(&"call".to_owned()), "{commands:?}");
    assert!(commands.contains(&"self".to_owned()), "{commands:?}");
    assert!(!commands.contains(&"hidden".to_owned()), "{commands:?}");
    assert_eq!(proposed("--output json "), commands);
    assert_eq!(proposed("-o json --timeout 3s "), commands);
    assert_eq!(proposed("hidden --output "), ["text", "json", "raw"]);
    assert!(proposed("nothing-such ").is_empty());
}

#[test]
fn flags_of_the_one_tool_are_proposed_once_with_what_they_are() {
    let answer = at("book-table ");
    let mood = &answer.candidates[0];
    assert_eq!(
        (&*mood.value, &*mood.about),
        ("--mood", "How it should be [required]")
    );
    let flags = proposed("book-table --mood calm --days mon --inside -");
    for (flag, is_proposed) in [
        ("--mood", false),
        ("--inside", false),
        ("--day", true),
        ("--guest", true),
        ("--old", false),
        ("--no-inside", false),
        ("--set", true),
        ("--output", true),
    ] {
        assert_eq!(
            flags.contains(&flag.to_owned()),
            is_proposed,
            "{flag}: {flags:?}"
        );
    }
    assert!(proposed("book-table --no-").contains(&"--no-inside".to_owned()));
    assert!(proposed("book-table -- --").is_empty());
}

#[test]
fn values_are_those_that_the_shape_admits() {
    for (line, values) in [
        // What cannot be typed is left out.
        ("book-table --mood ", &["calm", "a b", "3"][..]),
        (
            "book-table --mood=",
            &["--mood=calm", "--mood=a b", "--mood=3"],
        ),
        ("book-table -pc", &["-pcash", "-pcard"]),
        ("book-table -p=", &["-p=cash", "-p=card"]),
        ("book-table -p ", &["cash", "card"]),
        ("book-table --inside=", &["--inside=true", "--inside=false"]),
        ("book-table --days mon,", &["mon,tue", "mon,wed"]),
        ("book-table --day [", &[]),
        ("book-table --guest ", &["role=", "tags:="]),
        ("book-table --guest role=", &["role=host", "role=guest"]),
        ("book-table --guest role=host,", &["role=host,tags:="]),
        ("book-table --until ", &["dawn", "true", "false"]),
        ("book-table --place 1.5,", &["1.5,n", "1.5,s"]),
        (
            "book-table --set ",
            &[
                "mood=", "day:=", "inside=", "guest:=", "until=", "place:=", "pay=", "number=",
            ],
        ),
        ("book-table --set pay=", &["pay=cash", "pay=card"]),
        (
            "book-table --null p",
            &[
                "mood", "day", "inside", "guest", "until", "place", "pay", "number",
            ],
        ),
        ("book-table --args ", &["@", "-"]),
        ("book-table --pay card --number ", &["@", "-", "env:"]),
        ("book-table --output ", &["text", "json", "raw"]),
        ("move ", &["left", "right"]),
        (
            "self explain book-table --skeleton=",
            &["--skeleton=required", "--skeleton=all"],
        ),
        ("self completions ", &["bash", "zsh", "fish", "powershell"]),
    ] {
        assert_eq!(proposed(line), values, "{line}");
    }
}

#[test]
fn a_flag_of_a_form_that_was_not_chosen_is_left_out() {
    let number = "--number".to_owned();
    assert!(proposed("book-table --n").contains(&number));
    assert!(proposed("book-table --pay card --n").contains(&number));
    assert!(!proposed("book-table --pay cash --n").contains(&number));
    assert!(!proposed("book-table -pcash --n").contains(&number));
}

#[test]
fn the_program_s_own_commands_are_walked_by_their_parsers() {
    let own = proposed("self ");
    assert!(own.contains(&"explain".to_owned()), "{own:?}");
    assert!(!own.contains(&"capture".to_owned()), "{own:?}");
    assert!(!own.contains(&"complete".to_owned()), "{own:?}");
    assert_eq!(
        proposed("self explain "),
        ["odd-tool", "book-table", "hidden", "move"]
    );
    assert_eq!(
        proposed("call "),
        ["odd/tool $(x)", "bookTable", "hidden", "move"]
    );
    assert!(proposed("call move --a").contains(&"--args".to_owned()));
    assert!(proposed("self explain move --s").contains(&"--schema".to_owned()));
}

#[test]
fn files_stand_where_the_program_reads_them() {
    for (line, path) in [
        ("book-table --args @", Some(1)),
        ("book-table --args=@fi", Some(8)),
        ("book-table --number @", Some(1)),
        ("book-table --from-file mood=base64:", Some(12)),
        ("self check --from ", Some(0)),
        ("self man ", Some(0)),
        ("book-table --mood @", None),
    ] {
        assert_eq!(at(line).path, path, "{line}");
    }
}

#[test]
fn any_parser_can_be_asked() {
    let command = Command::new("press")
        .subcommand(Command::new("make").arg(Arg::new("out").long("out").value_name("DIR")))
        .subcommand(Command::new("secret").hide(true));
    let at = |words: &[&str], typed: &str| -> Vec<String> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let answer = of_command(command.clone(), &words, typed);
        answer
            .candidates
            .into_iter()
            .map(|known| known.value)
            .collect()
    };
    assert_eq!(at(&[], ""), ["make", "help"]);
    assert_eq!(at(&["make"], "-"), ["--out", "--help"]);
    assert!(at(&["make", "--out"], "").is_empty());
}
