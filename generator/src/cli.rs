//! The command line of `mcpress` itself.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use mcpress_runtime::complete::{install, query, shell_argument};
use mcpress_runtime::drift::report::Mode;

/// The whole command line.
pub fn command() -> Command {
    Command::new("mcpress")
        .about("Press an MCP server into a native command line")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .max_term_width(100)
        .subcommand(generate_cli())
        .subcommand(inspect())
        .subcommand(call())
        .subcommand(check())
        .subcommand(completions())
        .subcommand(query())
        .subcommand(
            Command::new("demo-server")
                .about("Serve a few demo tools over standard streams (MCP, stdio)"),
        )
}

fn generate_cli() -> Command {
    let command = Command::new("generate-cli")
        .visible_alias("generate")
        .about("Generate a command line for a server: a crate, a compiled binary, a bundle")
        .long_about(
            "Generate a command line for a server.\n\n\
             The server is asked once for its tools; what it says becomes a Rust crate (--out), a \
             compiled binary (--compile), or a bundle that needs no compiler (--bundle). The result \
             starts or reaches the server at each call. No value of --env or --header is stored in it.",
        )
        .arg(
            Arg::new("name").long("name").value_name("NAME").help_heading(OUTPUT)
                .help("The program's name [default: the server's]"),
        )
        .arg(
            path("out").alias("output").value_name("DIR").help_heading(OUTPUT)
                .help("Write the crate here [default: ./NAME, or a cache with --compile]"),
        )
        .arg(
            path("compile").value_name("PATH").num_args(0..=1).help_heading(OUTPUT)
                .help("Compile the crate, and put the binary here [default: ./NAME]"),
        )
        .arg(
            path("bundle").value_name("PATH").num_args(0..=1).help_heading(OUTPUT)
                .help("Bundle the program with a runner, without a compiler [default: ./NAME]"),
        )
        .arg(
            path("runner").value_name("FILE").requires("bundle").help_heading(OUTPUT).hide_short_help(true)
                .help("Bundle with this mcpress binary, such as one for another system [default: this one]"),
        )
        .arg(
            flag("force").help_heading(OUTPUT)
                .help("Write into a folder that mcpress did not make, or over an overlay that is there"),
        )
        .arg(
            Arg::new("profile")
                .long("profile")
                .value_name("PROFILE")
                .requires("compile")
                .help_heading(OUTPUT)
                .hide_short_help(true)
                .help("Compile with this cargo profile: release, or dev to build faster and run slower"),
        )
        .arg(
            list("include-tools").value_name("GLOB").help_heading(TOOLS)
                .help("Take these tools only; repeats, or parted by commas"),
        )
        .arg(
            list("exclude-tools").value_name("GLOB").help_heading(TOOLS)
                .help("Leave these tools out; repeats, or parted by commas"),
        )
        .arg(flag("read-only").help_heading(TOOLS).help("Take only the tools annotated as read-only"))
        .arg(overlay())
        .arg(
            path("init-overlay").value_name("FILE").num_args(0..=1).help_heading(TOOLS)
                .conflicts_with_all(["overlay", "out", "compile", "bundle"])
                .help("Write an overlay to begin with, and nothing else; - for standard output [default: mcpress.toml]"),
        )
        .arg(
            flag("broker").help_heading(OUTPUT).overrides_with("no-broker")
                .help("Let the program get credentials from Alter, though its server takes none that are known"),
        )
        .arg(
            flag("no-broker").help_heading(OUTPUT).overrides_with("broker")
                .help("Leave Alter out: a program for a local server is half the size without"),
        )
        .arg(flag("strict").help_heading(TOOLS).help("Fail when a schema is broken, or of a kind that is not known"))
        .arg(
            Arg::new("report").long("report").value_name("FORMAT").value_parser(["text", "json"])
                .default_value("text").help("Say what was made as text, or as JSON on standard output"),
        )
        .arg(flag("quiet").short('q').help("Say nothing but errors"));
    server(command)
}

fn inspect() -> Command {
    server(
        Command::new("inspect")
            .about("Show what a server offers")
            .arg(
                path("capture")
                    .value_name("FILE")
                    .help("Save what it says, to generate from later"),
            )
            .arg(
                Arg::new("output")
                    .long("output")
                    .short('o')
                    .value_name("FORMAT")
                    .value_parser(["text", "json"])
                    .default_value("text")
                    .help("Print a list as text, or the whole capture as JSON"),
            ),
    )
}

fn call() -> Command {
    server(
        Command::new("call")
            .about("Call a tool without generating anything")
            .override_usage("mcpress call [OPTIONS] [SERVER] TOOL [FLAGS OF THE TOOL]...")
            .arg(overlay())
            .arg(
                Arg::new("line")
                    .value_name("TOOL")
                    .num_args(0..)
                    .trailing_var_arg(true)
                    .allow_hyphen_values(true)
                    .value_parser(value_parser!(std::ffi::OsString))
                    .help("The tool, and its flags as the generated program has them"),
            ),
    )
}

fn check() -> Command {
    server(
        Command::new("check")
            .about("Compare what a server says now with what a program was made from")
            .long_about(
                "Compare what a server says now with what a program was made from, and exit with 7 \
                 if a line that worked may fail.\n\n\
                 The server is the one that BASELINE knows, unless another is named.",
            )
            .override_usage("mcpress check [OPTIONS] BASELINE [SERVER]")
            .arg(
                Arg::new("baseline")
                    .value_name("BASELINE")
                    .required(true)
                    .value_parser(value_parser!(PathBuf))
                    .help(
                        "A generated program, its crate's folder, its mcpress.lock, or a capture",
                    ),
            )
            .arg(
                Arg::new("mode")
                    .long("mode")
                    .value_name("MODE")
                    .value_parser(Mode::NAMES)
                    .default_value(Mode::NAMES[0])
                    .help("Exit with 7 on what breaks, or on any change, words too"),
            )
            .arg(
                Arg::new("output")
                    .long("output")
                    .short('o')
                    .value_name("FORMAT")
                    .value_parser(["text", "json"])
                    .default_value("text")
                    .help("Print the changes as lines, or as JSON"),
            ),
    )
}

fn completions() -> Command {
    Command::new("completions")
        .about("Print the script that completes lines in a shell")
        .long_about(
            "Print a script that completes the commands and options of mcpress in a shell. A generated \
             program has one of its own: `PROGRAM self completions`.",
        )
        .after_long_help(install("mcpress completions", "mcpress"))
        .arg(shell_argument())
}

fn overlay() -> Arg {
    path("overlay")
        .value_name("FILE")
        .help_heading(TOOLS)
        .help("Rename, hide, group, describe and mark tools and flags as this file says")
}

const SERVER: &str = "Server";
const OUTPUT: &str = "What is made";
const TOOLS: &str = "Tools";

/// The options that say where the server is.
fn server(command: Command) -> Command {
    let sources = ["command", "url", "from", "server"];
    let source = |id: &'static str| {
        let others: Vec<_> = sources
            .iter()
            .copied()
            .filter(|other| *other != id)
            .collect();
        let conflicts: Vec<_> = match id {
            // Beside a capture they say what the program starts.
            "from" => vec!["server"],
            "command" | "url" => others
                .into_iter()
                .filter(|other| *other != "from")
                .collect(),
            _ => others,
        };
        Arg::new(id)
            .long(id)
            .help_heading(SERVER)
            .conflicts_with_all(conflicts)
    };
    let command = if command.get_name() == "call" {
        // `call` reads SERVER from its own line: with a source given, the first word is the tool.
        command
    } else {
        command.arg(
            Arg::new("name-in-config")
                .value_name("SERVER")
                .help_heading(SERVER)
                .conflicts_with_all(["command", "server"])
                .help("A server of a client config, a URL, or a capture's path"),
        )
    };
    command
        .arg(source("command").value_name("COMMAND").help("Start this server: a command line, run without a shell"))
        .arg(source("url").value_name("URL").help("Reach this server, over streamable HTTP"))
        .arg(
            source("from").value_name("FILE").value_parser(value_parser!(PathBuf))
                .help("Read a capture, an answer to tools/list, or a generated program instead of asking"),
        )
        .arg(source("server").value_name("NAME").help("A server of a client config"))
        .arg(
            path("config").value_name("FILE").help_heading(SERVER)
                .help("The client config to look in [default: those of Claude, Cursor, VS Code, Windsurf]"),
        )
        .arg(
            Arg::new("env").long("env").short('e').value_name("NAME[?][=VALUE]").help_heading(SERVER)
                .action(ArgAction::Append)
                .help("Declare a variable the server needs (NAME? if it can do without); a value is used \
                       now and stored nowhere; repeats"),
        )
        .arg(
            Arg::new("header").long("header").value_name("NAME: ${VARIABLE}").help_heading(SERVER)
                .action(ArgAction::Append)
                .help("Send a header to a remote server; repeats"),
        )
        .arg(
            Arg::new("timeout").long("timeout").value_name("TIME").help_heading(SERVER)
                .help("Wait this long for the server: 30s, 2m; a bare number is milliseconds [default: 60s]"),
        )
        .arg(
            Arg::new("protocol").long("protocol").value_name("REVISION").help_heading(SERVER)
                .value_parser(mcpress_runtime::REVISIONS)
                .hide_possible_values(true)
                .help("Speak this revision of the protocol, such as 2025-11-25 [default: the newest the server knows]"),
        )
        .arg(
            list("declare").value_name("CAPABILITY").help_heading(SERVER)
                .value_parser(["roots", "sampling"])
                .help("Say that the program can be asked for these: some servers offer more tools then"),
        )
}

fn path(id: &'static str) -> Arg {
    Arg::new(id).long(id).value_parser(value_parser!(PathBuf))
}

fn flag(id: &'static str) -> Arg {
    Arg::new(id).long(id).action(ArgAction::SetTrue)
}

fn list(id: &'static str) -> Arg {
    Arg::new(id)
        .long(id)
        .action(ArgAction::Append)
        .value_delimiter(',')
}

/// The texts that an option was given.
pub(crate) fn texts(matches: &ArgMatches, id: &str) -> Vec<String> {
    matches
        .get_many::<String>(id)
        .into_iter()
        .flatten()
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
