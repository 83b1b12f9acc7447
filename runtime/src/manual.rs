//! The manual: a page for the program and one for each tool that is shown, for `man`.
//!
//! The pages say what `--help` says, out of the same parsers. They hold no date, so that they change
//! when the program does.

mod roff;

use clap::{Arg, Command};

use crate::builtin;
use crate::command::{self, COMMON};
use crate::environment;
use crate::error::Exit;
use crate::spec::{Spec, Tool};
use crate::text::clean;
use roff::Page;

/// What an exit status means.
const EXITS: [Exit; 11] = [
    Exit::Success,
    Exit::Tool,
    Exit::Usage,
    Exit::Credential,
    Exit::Denied,
    Exit::Unreachable,
    Exit::Timeout,
    Exit::Protocol,
    Exit::HungUp,
    Exit::Interrupted,
    Exit::Terminated,
];

/// All pages: the name of the file, and its text.
pub(crate) fn pages(spec: &Spec) -> Vec<(String, String)> {
    let tools = command::in_order(spec).into_iter();
    let of_tools = tools.map(|tool| of_tool(spec, tool));
    std::iter::once(of_program(spec)).chain(of_tools).collect()
}

/// The name of a page: blanks and slashes are not for names of files.
fn name(words: &[&str]) -> String {
    words
        .join("-")
        .replace(|c: char| c == ' ' || std::path::is_separator(c), "-")
}

fn of_program(spec: &Spec) -> (String, String) {
    let title = name(&[spec.name]);
    let mut page = Page::new(&title, spec.name, spec.about);
    page.section("Synopsis");
    page.line(spec.name, "[OPTIONS] COMMAND");
    page.section("Description");
    page.text(&clean(spec.about));
    page.text(&format!(
        "Each tool of the server is a command, and has a page of its own: {}.",
        name(&[&title, "COMMAND"])
    ));
    page.section("Commands");
    for (heading, tools) in command::sections(spec) {
        page.subsection(heading);
        for tool in tools {
            page.tagged(tool.command, "", tool.about);
        }
    }
    page.section("Built in");
    for command in builtin::commands(spec) {
        built_in(&mut page, "", &command);
    }
    page.section("Options");
    // This one calls a tool and has no flags of a tool's.
    let call = builtin::command(spec, "call").unwrap_or_default();
    let common = |arg: &&Arg| arg.get_help_heading() == Some(COMMON);
    for arg in call.get_arguments().filter(common) {
        option(&mut page, arg);
    }
    page.section("Environment");
    for slot in spec.slots {
        let need = if slot.required {
            "Given to the server, which needs it."
        } else {
            "Given to the server, which can do without it."
        };
        page.tagged(slot.name, "", need);
    }
    for option in ["output", "timeout", "command", "url"] {
        let variable = environment::option_name(spec.name, option);
        let flag = match option {
            "output" | "timeout" => option.to_owned(),
            option => format!("mcp-{option}"),
        };
        page.tagged(&variable, "", &format!("As --{flag}, which wins over it."));
    }
    page.section("Exit status");
    for exit in EXITS {
        page.tagged(&(exit as u8).to_string(), "", meaning(exit));
    }
    (format!("{title}.1"), page.into_text())
}

/// A command that every program has, and those below it.
fn built_in(page: &mut Page, before: &str, command: &Command) {
    let words = format!("{before}{}", command.get_name());
    let inner: Vec<_> = command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set())
        .collect();
    for inner in &inner {
        built_in(page, &format!("{words} "), inner);
    }
    if !inner.is_empty() {
        return;
    }
    let positional = command.get_positionals().map(value).collect::<Vec<_>>();
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    page.tagged(&words, &positional.join(" "), &about);
    page.indent();
    let own = |arg: &&Arg| !is_common(arg) && !arg.is_hide_set();
    for arg in command.get_arguments().filter(own) {
        option(page, arg);
    }
    page.outdent();
}

fn of_tool(spec: &Spec, tool: &'static Tool) -> (String, String) {
    let program = name(&[spec.name]);
    let title = name(&[&program, tool.command]);
    let mut page = Page::new(&title, spec.name, tool.about);
    page.section("Synopsis");
    let usage = command::usage(spec, tool);
    let words = format!("{} {}", spec.name, tool.command);
    page.line(&words, usage.strip_prefix(&words).unwrap_or(&usage));
    page.section("Description");
    page.text(&command::long_about(tool));
    let parser = command::of_tool(spec, tool);
    let own = parser
        .get_arguments()
        .filter(|arg| !is_common(arg) && !arg.is_hide_set());
    let mut heading = None;
    for arg in own {
        if heading != arg.get_help_heading() {
            if heading.is_none() {
                page.section("Options");
            }
            heading = arg.get_help_heading();
            page.subsection(heading.unwrap_or_default());
        }
        option(&mut page, arg);
    }
    let examples = command::examples(spec, tool);
    if !examples.is_empty() {
        page.section("Examples");
        page.literal(&examples.join("\n"));
    }
    page.section("See also");
    page.text(&format!("{program}(1), for the options of every command"));
    (format!("{title}.1"), page.into_text())
}

fn is_common(arg: &Arg) -> bool {
    arg.get_help_heading() == Some(COMMON)
}

/// An argument: how it is typed, and what it is.
fn option(page: &mut Page, arg: &Arg) {
    let short = arg.get_short().map(|letter| format!("-{letter}"));
    let long = arg.get_long().map(|name| format!("--{name}"));
    let flags: Vec<String> = short.into_iter().chain(long).collect();
    let optional = arg
        .get_num_args()
        .is_some_and(|range| range.min_values() == 0);
    let value = match value(arg) {
        value if value.is_empty() || !optional => value,
        value if arg.is_require_equals_set() => format!("[={value}]"),
        value => format!("[{value}]"),
    };
    let help = arg.get_long_help().or(arg.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    page.tagged(&flags.join(", "), &value, &help);
}

/// What the value of an argument is called, if it has one.
fn value(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    if !arg.get_action().takes_values() {
        return String::new();
    }
    names
        .iter()
        .map(|name| name.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

fn meaning(exit: Exit) -> &'static str {
    match exit {
        Exit::Success => "The tool answered.",
        Exit::Tool => "The tool failed.",
        Exit::Usage => "The line is wrong, or the schema refuses the arguments; nothing was sent.",
        Exit::Credential => "A credential or an answer is missing, and a person must give it.",
        Exit::Denied => "A policy or a person said no; nothing was called.",
        Exit::Unreachable => "The server could not be started or reached.",
        Exit::Timeout => "A limit on time ran out.",
        Exit::Protocol => "The server broke the protocol, or is not what it was.",
        Exit::HungUp => "The terminal is gone.",
        Exit::Interrupted => "Interrupted.",
        Exit::Terminated => "Terminated.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{FORMAT, Parameter, Server, Transport};

    static SPEC: Spec = Spec {
        format: FORMAT,
        name: "zoo",
        about: "Feed the animals",
        server: Server {
            transport: Transport::Unknown,
            protocol: "",
            capabilities: "{}",
            capture: "{}",
        },
        slots: &[],
        prompts: &[],
        templates: &[],
        tools: &[
            Tool {
                wire: "feed",
                command: "feed",
                about: "Feed one",
                parameters: &[Parameter {
                    pointer: "/animal",
                    flag: "animal",
                    required: true,
                    help: ".so /etc/passwd",
                    ..Parameter::PLAIN
                }],
                definition: r#"{"description": "Feed one.\n\n- it's \\fBbold\\fR", "inputSchema": {"type": "object"}}"#,
                ..Tool::PLAIN
            },
            Tool {
                command: "hidden",
                hidden: true,
                ..Tool::PLAIN
            },
            Tool {
                command: "../up",
                ..Tool::PLAIN
            },
        ],
        omitted: crate::spec::Omitted::NOTHING,
    };

    #[test]
    fn each_tool_that_is_shown_has_a_page() {
        let names: Vec<String> = pages(&SPEC).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["zoo.1", "zoo-feed.1", "zoo-..-up.1"]);
        assert_eq!(pages(&SPEC), pages(&SPEC));
    }

    #[test]
    fn the_page_of_a_tool_says_what_its_help_says() {
        let (_, page) = &pages(&SPEC)[1];
        insta::assert_snapshot!(page, @r#"
.TH "ZOO\-FEED" "1" "" "zoo" ""
.ad l
.nh
.SH "NAME"
zoo\-feed \- Feed one
.SH "SYNOPSIS"
\fBzoo feed\fR \-\-animal <TEXT> [OPTIONS]
.SH "DESCRIPTION"
Feed one.
.PP
\- it\(aqs \(rsfBbold\(rsfR
.SH "OPTIONS"
.SS "Arguments of the tool"
.TP
\fB\-\-animal\fR \fITEXT\fR
\&.so /etc/passwd
[required]
.SH "EXAMPLES"
.nf
zoo feed
.fi
.SH "SEE ALSO"
zoo(1), for the options of every command
"#);
    }

    #[test]
    fn the_page_of_the_program_names_all_there_is() {
        let (_, page) = &pages(&SPEC)[0];
        for text in [
            "\\fBfeed\\fR\nFeed one",
            "\\fBself explain\\fR \\fITOOL\\fR",
            "\\-\\-output",
            "ZOO_MCP_URL",
            ".SH \"EXIT STATUS\"",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("self complete\\fR"), "{page}");
    }
}
