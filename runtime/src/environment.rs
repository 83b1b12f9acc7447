//! The environment: what this program reads of its own, and what its server gets.

pub(crate) mod account;
mod authorization;
mod server;

use std::path::PathBuf;

use crate::error::Error;

pub(crate) use authorization::{Reference, SignIn, client_secrets};
pub use server::endpoint_of;
pub(crate) use server::{Overrides, address, describe, endpoint, given, url, whereabouts};

/// Where the key to the vault of Alter is: that of an application, or that of an agent. No other
/// program that is started from here gets them.
pub(crate) const VAULT_KEYS: [&str; 2] = ["ALTER_API_KEY", "AGENT_API_KEY"];

/// Where the site's own files are, for one program and for all.
pub(crate) const SITE: &str = match cfg!(windows) {
    true => r"C:\ProgramData\mcpress",
    false => "/etc/mcpress",
};

/// The run that a nested run belongs to.
pub(crate) const RUN_ID: &str = "MCPRESS_RUN_ID";
/// The tool whose server runs a nested program.
pub(crate) const PARENT_TOOL: &str = "MCPRESS_PARENT_TOOL";
/// The conversation that a nested run belongs to.
pub(crate) const THREAD_ID: &str = "MCPRESS_THREAD_ID";

/// The variable of the caller's that sets an option of a program: `ALTR_CLI_MCP_URL` sets
/// `--mcp-url` of `altr-cli`.
pub(crate) fn option(program: &str, option: &str) -> Option<String> {
    read(&option_name(program, option))
}

/// The name of that variable.
pub(crate) fn option_name(program: &str, option: &str) -> String {
    let program = program.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("{program}_MCP_{option}").to_ascii_uppercase()
}

/// The trace that the caller is part of, in `TRACEPARENT` (OpenTelemetry, Environment Variables as
/// Context Propagation Carriers).
#[cfg(feature = "http")]
pub(crate) fn trace_parent() -> Option<String> {
    read("TRACEPARENT")
}

/// The browser that the caller names, in `BROWSER`.
pub(crate) fn browser() -> Option<String> {
    read("BROWSER")
}

/// How wide a page is: as the terminal, else as `COLUMNS` says, else 100. clap reckons the same.
pub(crate) fn columns() -> usize {
    terminal_size::terminal_size()
        .map(|(width, _)| usize::from(width.0))
        .or_else(|| read("COLUMNS")?.parse().ok())
        .filter(|columns| *columns > 0)
        .unwrap_or(100)
}

/// Where the vault of Alter is, if it is not where it always is.
pub(crate) fn vault_address() -> Option<String> {
    read("ALTER_BASE_URL")
}

/// Makes sure that what the caller's variables decide about a run is understood.
///
/// # Errors
///
/// A variable of this program's that holds no text: it is not as good as one that is not there.
pub(crate) fn check(program: &str) -> Result<(), Error> {
    let (options, identity) = (option_name(program, ""), identity_name(program));
    let decides =
        |name: &str| name.starts_with(&options) || name == identity || name.starts_with("MCPRESS_");
    for (name, value) in std::env::vars_os() {
        if let Some(name) = name.to_str().filter(|name| decides(name))
            && value.to_str().is_none()
        {
            return Err(Error::usage(format!(
                "the variable {name} holds no text: it is not UTF-8"
            )));
        }
    }
    Ok(())
}

/// The folder of a program's configuration (XDG Base Directory Specification); none where there is no
/// home.
pub(crate) fn config_folder(program: &str) -> Option<PathBuf> {
    let base = absolute("XDG_CONFIG_HOME").or_else(|| match cfg!(windows) {
        true => absolute("APPDATA"),
        false => Some(absolute("HOME")?.join(".config")),
    })?;
    Some(base.join(file_name(program)))
}

/// The folder for what a program remembers from one run to the next (XDG Base Directory
/// Specification); none where there is no home.
pub(crate) fn state_folder(program: &str) -> Option<PathBuf> {
    let base = absolute("XDG_STATE_HOME").or_else(|| match cfg!(windows) {
        true => absolute("LOCALAPPDATA"),
        false => Some(absolute("HOME")?.join(".local/state")),
    })?;
    Some(base.join(file_name(program)))
}

/// The same for what the site counts on: below the home that the system has for the user, wherever the
/// environment says that it is. Where the system has none in its list, it is the environment's.
pub(crate) fn site_state_folder(program: &str) -> Option<PathBuf> {
    if cfg!(windows) {
        return state_folder(program);
    }
    Some(site_home()?.join(".local/state").join(file_name(program)))
}

/// The home that the site means.
pub(crate) fn site_home() -> Option<PathBuf> {
    account::home().or_else(std::env::home_dir)
}

/// A variable that names a place. A relative one is to be ignored, says the XDG specification.
fn absolute(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(name)?);
    path.is_absolute().then_some(path)
}

/// A program as the name of a folder: `mcpress call` runs programs under names that are none.
pub(crate) fn file_name(program: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    program.replace(|c: char| !is_plain(c), "-")
}

/// The tools that the caller takes away, in `RESTRICTED_TOOLS`: names, with commas between them. One
/// that is no text names no tool, and keeps none of the others from being taken away.
pub(crate) fn restricted_tools() -> Option<String> {
    let names = std::env::var_os("RESTRICTED_TOOLS")?;
    Some(names.to_string_lossy().into_owned())
}

/// Who calls, as a token: `ALTR_CLI_IDENTITY` for `altr-cli`.
pub(crate) fn identity(program: &str) -> Option<String> {
    read(&identity_name(program))
}

/// The name of that variable.
pub(crate) fn identity_name(program: &str) -> String {
    option_name(program, "IDENTITY").replace("_MCP_IDENTITY", "_IDENTITY")
}

/// Whether colours are unwelcome: `NO_COLOR` is set to anything (no-color.org).
pub(crate) fn refuses_colour() -> bool {
    read("NO_COLOR").is_some()
}

/// Whether `TERM` names a terminal that can do no more than append text.
pub(crate) fn has_dumb_terminal() -> bool {
    read("TERM").is_some_and(|term| term == "dumb")
}

/// Whether the caller's locale has all of Unicode, as the first of the variables that say so (POSIX,
/// Environment Variables) says.
pub(crate) fn speaks_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(read);
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// A path as the user wrote it: one that begins with `~/` is in that home.
pub(crate) fn at_home(path: &str, home: Option<PathBuf>) -> PathBuf {
    let home = home.filter(|home| home.is_absolute());
    let in_home = path.strip_prefix("~/").zip(home);
    in_home.map_or_else(|| PathBuf::from(path), |(rest, home)| home.join(rest))
}

fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The value of a variable of the caller's.
pub(crate) fn value(name: &str) -> Option<String> {
    read(name)
}
