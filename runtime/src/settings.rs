//! What a run was told beside the tool's own arguments: output, limits, verbosity, another server.
//!
//! The same options are understood before and after a tool's name. They are read twice and folded
//! into one [`Settings`], the later ones over the earlier, with the program's variables beneath.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::client::Limits;
use crate::environment::{self, Overrides};
use crate::error::Error;
use crate::protocol::{REVISIONS, Revision};
use crate::resilience;
use crate::secret::Secret;
use crate::spec::Tool;

/// How an answer is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// The text of the answer, for people.
    #[default]
    Text,
    /// The data of the answer, in the fixed shape.
    Json,
    /// The whole answer as the server gave it.
    Raw,
}

/// How much is said on standard error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors.
    Quiet,
    /// Errors, progress on a terminal, the server's warnings.
    #[default]
    Normal,
    /// All the server says.
    Verbose,
}

/// What a run was told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) format: Format,
    pub(crate) verbosity: Verbosity,
    pub(crate) dry_run: bool,
    /// Whether the arguments are sent as they are, whatever the schema says.
    pub(crate) unchecked: bool,
    /// Whether a call is begun and not waited for.
    pub(crate) detach: bool,
    pub(crate) timeout: Option<Duration>,
    /// The one revision of the protocol that may be spoken, if the user wants one.
    pub(crate) protocol: Option<String>,
    /// Where the binaries of an answer go.
    pub(crate) save_dir: Option<PathBuf>,
    pub(crate) overrides: Overrides,
    /// Retries, and another server.
    pub(crate) resilience: resilience::Options,
    /// Answers to what the server asks: `accept-defaults`, `decline`, JSON, or a file with JSON.
    pub(crate) answers: Option<String>,
    /// The folders that the server may work in.
    pub(crate) roots: Vec<String>,
    /// The command line of a language model.
    pub(crate) sampling_command: Option<String>,
    /// The file of the program's configuration, if it is not the usual one.
    pub(crate) config: Option<PathBuf>,
    /// The id of the run that the call is part of.
    pub(crate) run_id: Option<String>,
    /// The conversation that it is part of.
    pub(crate) thread_id: Option<String>,
    /// Why it is made.
    pub(crate) reason: Option<String>,
    /// Whether to wait for a person who is not at this terminal.
    pub(crate) wait: bool,
    /// Whether the caller agrees to what has to be confirmed.
    pub(crate) yes: bool,
    /// Who calls: a token, or where it is.
    pub(crate) identity: Option<Secret>,
}

/// From the start of a server to the end of the handshake: `npx` and `uvx` may download it first.
const START: Duration = Duration::from_secs(60);
/// For a request, from the last progress on it.
const REQUEST: Duration = Duration::from_secs(300);

/// The heading of the options that every command has.
const HEADING: &str = crate::command::COMMON;

impl Settings {
    /// Adds the options to a command.
    pub(crate) fn options(command: Command) -> Command {
        let option = |id: &'static str| Arg::new(id).long(id).help_heading(HEADING);
        // A tool's own flag goes before a spelling that is not shown.
        let is_taken = command
            .get_arguments()
            .any(|arg| arg.get_short() == Some('t'));
        let tacit = (!is_taken).then_some('t');
        let yes = yes(&command);
        let waits = command
            .get_arguments()
            .any(|arg| arg.get_long() == Some("wait"));
        let waiting = match waits {
            true => option("mcp-wait"),
            false => option("mcp-wait").visible_alias("wait"),
        };
        let command = command
            .disable_help_flag(true)
            .arg(
                option("output")
                    .short('o')
                    .value_name("FORMAT")
                    .value_parser(["text", "json", "raw"])
                    .hide_possible_values(true)
                    .help("Print the answer as text, as JSON, or raw as the server gave it [default: text]"),
            )
            .arg(
                option("timeout")
                    .short_aliases(tacit)
                    .value_name("TIME")
                    .help("Wait this long for an answer: 30s, 2m, 1500ms; a bare number is milliseconds [default: 5m]"),
            )
            .arg(
                option("dry-run")
                    .action(ArgAction::SetTrue)
                    .help("Print the request that would be sent, and start nothing"),
            )
            .arg(
                option("quiet").short('q').action(ArgAction::SetTrue).help("Say nothing but errors"),
            )
            .arg(
                option("verbose")
                    .short('v')
                    .action(ArgAction::SetTrue)
                    .conflicts_with("quiet")
                    .help("Show all the server says on the side"),
            )
            .arg(yes)
            .arg(
                option("mcp-identity")
                    .value_name("@FILE|env:NAME")
                    .hide_short_help(true)
                    .help("Say who calls, with a JSON Web Token that the policy knows the signer of"),
            )
            .arg(
                option("mcp-save-dir")
                    .value_name("DIR")
                    .hide_short_help(true)
                    .help("Put images, sounds and other binaries of the answer into files there"),
            )
            .arg(
                option("mcp-no-validate")
                    .action(ArgAction::SetTrue)
                    .hide_short_help(true)
                    .help("Send the arguments as they are, not checked against the tool's schema"),
            )
            .arg(
                option("mcp-detach")
                    .action(ArgAction::SetTrue)
                    .hide(true)
                    .help("Begin a task, print its id and do not wait; `self tasks` goes on with it"),
            )
            .arg(
                option("mcp-command")
                    .value_name("COMMAND")
                    .conflicts_with("mcp-url")
                    .hide_short_help(true)
                    .help("Start this server instead, by its command line"),
            )
            .arg(
                option("mcp-url")
                    .value_name("URL")
                    .hide_short_help(true)
                    .help("Reach this server instead, over streamable HTTP"),
            )
            .arg(
                option("mcp-protocol")
                    .value_name("REVISION")
                    .value_parser(REVISIONS)
                    .hide_short_help(true)
                    .help("Speak this revision of the protocol and no other"),
            )
            .arg(
                option("mcp-env")
                    .value_name("NAME[=VALUE]")
                    .action(ArgAction::Append)
                    .hide_short_help(true)
                    .help("Set a variable for the server, or pass the caller's on"),
            )
            .arg(
                option("mcp-header")
                    .value_name("NAME: VALUE")
                    .action(ArgAction::Append)
                    .hide_short_help(true)
                    .help("Send a header to a remote server; ${VARIABLE} is filled in"),
            )
            .arg(
                option("mcp-answers")
                    .value_name("FILE|JSON")
                    .hide_short_help(true)
                    .help("Answer what the server asks: {\"field\": value}, accept-defaults, or decline"),
            )
            .arg(
                option("mcp-root")
                    .value_name("DIR")
                    .action(ArgAction::Append)
                    .hide_short_help(true)
                    .help("Tell the server of a folder that it may work in"),
            )
            .arg(
                option("mcp-sampling-command")
                    .value_name("COMMAND")
                    .hide_short_help(true)
                    .help("Answer the server's prompts to a language model by this command"),
            )
            .arg(
                option("mcp-store")
                    .value_name("FOLDER")
                    .hide_short_help(true)
                    .help("Keep sign-ins in files of this folder, which only you can read, and not in the keychain"),
            )
            .arg(
                option("mcp-config")
                    .value_name("FILE")
                    .hide_short_help(true)
                    .help("Read the configuration from this file"),
            )
            .arg(
                waiting
                    .action(ArgAction::SetTrue)
                    .hide_short_help(true)
                    .help("Wait for a person who has to connect or approve something, off a terminal too"),
            )
            .arg(
                option("mcp-reason")
                    .value_name("TEXT")
                    .hide_short_help(true)
                    .help("Say why, for the records of the vault and of this program"),
            )
            .arg(
                option("mcp-run-id")
                    .value_name("ID")
                    .hide_short_help(true)
                    .help("Name the run that this is part of, for the same records"),
            )
            .arg(
                option("mcp-thread-id")
                    .value_name("ID")
                    .hide(true)
                    .help("Name the conversation that this is part of"),
            );
        resilience::Options::add_to(command, HEADING).arg(
            option("help")
                .short('h')
                .action(ArgAction::Help)
                .value_parser(value_parser!(bool))
                .help("Print help: in short with -h, in full with --help"),
        )
    }

    /// Whether a tool has the flag that agrees to it for itself, so that only `--mcp-yes` does.
    pub(crate) fn is_yes_taken(tool: &Tool) -> bool {
        let mut parameters = tool.parameters.iter();
        parameters.any(|parameter| parameter.flag == "yes" || parameter.aliases.contains(&"yes"))
    }

    /// The settings of the program's variables.
    pub(crate) fn of_environment(program: &str) -> Result<Self, Error> {
        environment::check(program)?;
        let mut settings = Self::default();
        if let Some(format) = environment::option(program, "OUTPUT") {
            settings.format = format_of(&format).ok_or_else(|| {
                let name = environment::option_name(program, "OUTPUT");
                Error::usage(format!("{name}=`{format}`: not one of text, json, raw"))
            })?;
        }
        if let Some(time) = environment::option(program, "TIMEOUT") {
            settings.timeout = Some(duration(&time)?);
        }
        if let Some(revision) = environment::option(program, "PROTOCOL") {
            if !REVISIONS.contains(&revision.as_str()) {
                let name = environment::option_name(program, "PROTOCOL");
                return Err(Error::usage(format!(
                    "{name}=`{revision}`: not one of {}",
                    REVISIONS.join(", ")
                )));
            }
            settings.protocol = Some(revision);
        }
        settings.config = environment::option(program, "CONFIG").map(PathBuf::from);
        settings.reason = environment::option(program, "REASON");
        settings.wait = environment::option(program, "WAIT").is_some_and(|wait| wait != "0");
        settings.save_dir = environment::option(program, "SAVE_DIR").map(PathBuf::from);
        settings.overrides.command = environment::option(program, "COMMAND");
        settings.overrides.url = environment::option(program, "URL");
        settings.resilience = resilience::Options::of_environment(program)?;
        settings.answers = environment::option(program, "ANSWERS");
        settings.roots = environment::option(program, "ROOT")
            .iter()
            .flat_map(|folders| std::env::split_paths(folders).collect::<Vec<_>>())
            .map(|folder| folder.to_string_lossy().into_owned())
            .collect();
        settings.sampling_command = environment::option(program, "SAMPLING_COMMAND");
        settings.yes = environment::option(program, "YES").is_some_and(|yes| yes != "0");
        Ok(settings)
    }

    /// Folds options that were given later over these.
    pub(crate) fn fold(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        let text = |id: &str| matches.get_one::<String>(id).cloned();
        let texts = |id: &str| {
            matches
                .get_many::<String>(id)
                .into_iter()
                .flatten()
                .cloned()
        };
        if let Some(format) = text("output").as_deref().and_then(format_of) {
            self.format = format;
        }
        if let Some(time) = text("timeout") {
            self.timeout = Some(duration(&time)?);
        }
        if let Some(folder) = text("mcp-save-dir") {
            self.save_dir = Some(PathBuf::from(folder));
        }
        if matches.get_flag("quiet") {
            self.verbosity = Verbosity::Quiet;
        } else if matches.get_flag("verbose") {
            self.verbosity = Verbosity::Verbose;
        }
        self.dry_run |= matches.get_flag("dry-run");
        self.unchecked |= matches.get_flag("mcp-no-validate");
        self.detach |= matches.get_flag("mcp-detach");
        self.protocol = text("mcp-protocol").or(self.protocol.take());
        if let Some(command) = text("mcp-command") {
            (self.overrides.command, self.overrides.url) = (Some(command), None);
        }
        if let Some(url) = text("mcp-url") {
            (self.overrides.command, self.overrides.url) = (None, Some(url));
        }
        self.resilience.fold(matches);
        if let Some(answers) = text("mcp-answers") {
            self.answers = Some(answers);
        }
        let roots: Vec<String> = texts("mcp-root").collect();
        if !roots.is_empty() {
            self.roots = roots;
        }
        if let Some(command) = text("mcp-sampling-command") {
            self.sampling_command = Some(command);
        }
        self.config = text("mcp-config").map(PathBuf::from).or(self.config.take());
        self.reason = text("mcp-reason").or(self.reason.take());
        self.run_id = text("mcp-run-id").or(self.run_id.take());
        self.thread_id = text("mcp-thread-id").or(self.thread_id.take());
        self.wait |= matches.get_flag("mcp-wait");
        if let Some(folder) = text("mcp-store") {
            self.overrides.sign_in.store = Some(folder);
        }
        self.yes |= matches.get_flag("mcp-yes");
        self.identity = text("mcp-identity")
            .map(Secret::plain)
            .or(self.identity.take());
        self.overrides.env.extend(texts("mcp-env"));
        self.overrides.headers.extend(texts("mcp-header"));
        Ok(())
    }

    /// What is known of the server's revision, which was this one when the program was made.
    pub(crate) fn revision(&self, met: &str) -> Revision {
        match &self.protocol {
            Some(revision) => Revision::Pinned(revision.clone()),
            // Another server may speak another one.
            None if met.is_empty() || self.overrides.is_elsewhere() => Revision::Unknown,
            None => Revision::Met(met.to_owned()),
        }
    }

    /// How long the server may take.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            start: self.timeout.unwrap_or(START),
            request: self.timeout.unwrap_or(REQUEST),
        }
    }
}

/// The flag that agrees to what has to be confirmed. A tool's own flags of these names go before it.
fn yes(command: &Command) -> Arg {
    let is_long = |arg: &&Arg| {
        arg.get_long() == Some("yes") || arg.get_all_aliases().unwrap_or_default().contains(&"yes")
    };
    let has_long = command.get_arguments().find(is_long).is_some();
    let has_short = command
        .get_arguments()
        .any(|arg| arg.get_short() == Some('y'));
    let yes = match has_long {
        true => Arg::new("mcp-yes").long("mcp-yes"),
        false => Arg::new("mcp-yes").long("yes").alias("mcp-yes"),
    };
    let yes = if has_short { yes } else { yes.short('y') };
    // Most tools have nothing to agree to.
    yes.help_heading(HEADING)
        .action(ArgAction::SetTrue)
        .hide(true)
        .help("Agree to what would be asked on a terminal first")
}

fn format_of(text: &str) -> Option<Format> {
    match text {
        "text" => Some(Format::Text),
        "json" => Some(Format::Json),
        "raw" => Some(Format::Raw),
        _ => None,
    }
}

/// A length of time: `500ms`, `30s`, `2m`, `1h`, or a bare number of milliseconds.
///
/// # Errors
///
/// When the text is none of these, or zero.
pub fn duration(text: &str) -> Result<Duration, Error> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => f64::NAN,
    };
    let seconds = digits
        .parse::<f64>()
        .map_or(f64::NAN, |number| number * unit);
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero())
        .ok_or_else(|| {
            Error::usage_with_hint(
                format!("`{text}` is not a length of time"),
                "write it as 500ms, 30s, 2m or 1h; a bare number is milliseconds",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_a_unit_or_is_milliseconds() {
        for (text, milliseconds) in [
            ("30000", 30_000),
            ("1.5s", 1500),
            ("2m", 120_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(duration(text).unwrap().as_millis(), milliseconds, "{text}");
        }
        for text in ["", "0", "-1s", "ten", "1d", "nan", "inf", "1e400s", "s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
