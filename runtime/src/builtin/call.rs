//! `call NAME --args JSON`: any tool by the name the server knows it by.

use clap::{Arg, ArgMatches, Command};

use crate::arguments::{self, patch_options};
use crate::command::{self, arguments_option};
use crate::error::Exit;
use crate::run::Run;
use crate::settings::Settings;
use crate::spec::Spec;

pub(crate) fn command(spec: &Spec) -> Command {
    let command = Command::new("call")
        .bin_name(format!("{} call", spec.name))
        .about("Call any tool by the name the server knows it by")
        .long_about(
            "Call any tool by the name the server knows it by, with arguments that are sent as they \
             are. It need not be a tool that the program was made with: servers gain tools. One that was left \
             out when it was made is not called.",
        )
        .max_term_width(100)
        .arg(Arg::new("name").value_name("NAME").required(true).help("The tool's name"))
        .arg(arguments_option(&[]));
    Settings::options(patch_options(command))
        .mut_arg("mcp-detach", |arg| arg.hide(false))
        .mut_arg("mcp-yes", |arg| arg.hide(false))
}

pub(crate) fn run(run: Run, matches: &ArgMatches) -> Exit {
    let given = matches.get_one::<String>("name").map_or("", String::as_str);
    // The server's own name goes first, so that every tool of its can be reached.
    let known = run.spec.tools.iter().any(|tool| tool.wire == given);
    let known = if known {
        run.spec.tools.iter().find(|tool| tool.wire == given)
    } else {
        command::tool(run.spec, given)
    };
    let name = known.map_or(given, |tool| tool.wire);
    let run = run.of_tool(name);
    let outcome = run.call(name, known, || arguments::assemble_untyped(matches));
    run.finish(Some(name), outcome)
}
