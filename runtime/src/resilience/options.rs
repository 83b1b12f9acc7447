//! What the user says of retries and of another server.

use std::ops::RangeInclusive;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::environment::{self, Overrides};
use crate::error::Error;

/// How often a call is tried again where nobody says. Three attempts are what clients of package
/// registries make; a call that may have been carried out is not among what is tried again.
const USUAL: u32 = 2;

/// How often it may be tried again at most.
const RANGE: RangeInclusive<i64> = 0..=100;

/// What the user says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// How often to try again, if it is said.
    pub(crate) retries: Option<u32>,
    pub(crate) fallback: Fallback,
    /// Whether the line names the fallback, and not a variable.
    is_of_line: bool,
}

/// The server that is asked where the first one is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fallback {
    /// Its command line.
    pub(crate) command: Option<String>,
    /// Its URL.
    pub(crate) url: Option<String>,
    /// `Name: value`, for the requests to it. It gets no other header.
    pub(crate) headers: Vec<String>,
}

impl Options {
    /// One attempt at one server.
    pub(crate) fn once() -> Self {
        Self {
            retries: Some(0),
            ..Self::default()
        }
    }

    /// Adds the options to a command.
    pub(crate) fn add_to(command: Command, heading: &'static str) -> Command {
        let option = |id: &'static str| Arg::new(id).long(id).help_heading(heading);
        command
            .arg(
                option("mcp-retries")
                    .value_name("N")
                    .value_parser(clap::value_parser!(u32).range(RANGE))
                    .hide_short_help(true)
                    .help("Try again so often what is safe to try again [default: 2]"),
            )
            .arg(
                option("mcp-fallback-command")
                    .value_name("COMMAND")
                    .conflicts_with("mcp-fallback-url")
                    .hide_short_help(true)
                    .help("Start this server where the first one is not there"),
            )
            .arg(
                option("mcp-fallback-url")
                    .value_name("URL")
                    .hide_short_help(true)
                    .help("Reach this server where the first one is not there"),
            )
            .arg(
                option("mcp-fallback-header")
                    .value_name("NAME: VALUE")
                    .action(ArgAction::Append)
                    .hide_short_help(true)
                    .help("Send a header to the server of --mcp-fallback-url, which gets no other"),
            )
    }

    /// What the program's variables say.
    pub(crate) fn of_environment(program: &str) -> Result<Self, Error> {
        let retries = environment::option(program, "RETRIES").map(|text| {
            let number = text.parse().ok();
            let number = number.filter(|number| RANGE.contains(&i64::from(*number)));
            number.ok_or_else(|| {
                let name = environment::option_name(program, "RETRIES");
                let (least, most) = (RANGE.start(), RANGE.end());
                Error::usage(format!(
                    "{name}=`{text}`: not a number from {least} to {most}"
                ))
            })
        });
        let url = environment::option(program, "FALLBACK_URL");
        Ok(Self {
            retries: retries.transpose()?,
            fallback: Fallback {
                // As with --mcp-command and --mcp-url, the URL is the one that counts.
                command: environment::option(program, "FALLBACK_COMMAND").filter(|_| url.is_none()),
                url,
                headers: Vec::new(),
            },
            is_of_line: false,
        })
    }

    /// Folds options that were given later over these.
    pub(crate) fn fold(&mut self, matches: &ArgMatches) {
        let text = |id: &str| matches.get_one::<String>(id).cloned();
        if let Some(retries) = matches.get_one("mcp-retries") {
            self.retries = Some(*retries);
        }
        let (command, url) = (text("mcp-fallback-command"), text("mcp-fallback-url"));
        if command.is_some() || url.is_some() {
            (self.fallback.command, self.fallback.url) = (command, url);
            self.is_of_line = true;
        }
        let headers = matches.get_many::<String>("mcp-fallback-header");
        self.fallback
            .headers
            .extend(headers.into_iter().flatten().cloned());
        // Who names another server on the line does not mean to end up at the stand-in of the usual one.
        let is_elsewhere = text("mcp-command").is_some() || text("mcp-url").is_some();
        if is_elsewhere && !self.is_of_line {
            (self.fallback.command, self.fallback.url) = (None, None);
        }
    }

    /// How often to try again.
    pub(crate) fn retries(&self) -> u32 {
        self.retries.unwrap_or(USUAL)
    }
}

impl Fallback {
    /// What is to be asked for to get this server, by somebody who asked for another one; none where
    /// there is no fallback. Neither that one's headers go there, nor the client that it knows.
    pub(crate) fn overrides(&self, first: &Overrides) -> Option<Overrides> {
        if self.command.is_none() && self.url.is_none() {
            return None;
        }
        let mut overrides = first.clone();
        overrides.command = self.command.clone();
        overrides.url = self.url.clone();
        overrides.headers = self.headers.clone();
        overrides.sign_in.is_anonymous = true;
        Some(overrides)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(lines: &[&[&str]]) -> Options {
        let mut options = Options {
            fallback: Fallback {
                url: Some("https://beneath".to_owned()),
                ..Fallback::default()
            },
            ..Options::default()
        };
        for line in lines {
            let command = Command::new("x")
                .no_binary_name(true)
                .arg(Arg::new("mcp-url").long("mcp-url"))
                .arg(Arg::new("mcp-command").long("mcp-command"));
            let command = Options::add_to(command, "Options");
            options.fold(&command.try_get_matches_from(*line).unwrap());
        }
        options
    }

    #[test]
    fn a_server_named_on_the_line_has_no_fallback_but_one_of_the_line() {
        let url = |lines: &[&[&str]]| folded(lines).fallback.url;
        assert_eq!(url(&[&[]]).unwrap(), "https://beneath");
        assert_eq!(url(&[&["--mcp-url", "https://other"]]), None);
        let (server, stand_in) = (
            ["--mcp-url", "https://other"],
            ["--mcp-fallback-url", "https://b"],
        );
        assert_eq!(url(&[&server, &stand_in]).unwrap(), "https://b");
        assert_eq!(url(&[&stand_in, &server]).unwrap(), "https://b");
    }

    #[test]
    fn the_fallback_gets_no_header_of_the_first_server() {
        let first = Overrides {
            url: Some("https://first".to_owned()),
            headers: vec!["Authorization: Bearer x".to_owned()],
            env: vec!["A=1".to_owned()],
            ..Overrides::default()
        };
        let line = [
            "--mcp-fallback-url",
            "https://b",
            "--mcp-fallback-header",
            "X-Key: k",
        ];
        let other = folded(&[&line]).fallback.overrides(&first).unwrap();
        assert_eq!(other.url.as_deref(), Some("https://b"));
        assert_eq!(other.headers, ["X-Key: k"]);
        assert!(other.sign_in.is_anonymous);
        assert_eq!(Fallback::default().overrides(&first).map(|it| it.url), None);
    }

    #[test]
    fn the_number_of_retries_is_the_one_given_last() {
        assert_eq!(folded(&[]).retries(), 2);
        assert_eq!(
            folded(&[&["--mcp-retries", "5"], &["--mcp-retries=0"]]).retries(),
            0
        );
    }
}
