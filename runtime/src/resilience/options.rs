//! What the user says of retries and of another server.

use std::ops::RangeInclusive;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::config::{Config, Table};
use crate::environment::{self, Overrides};
use crate::error::Error;
use crate::settings::Settings;

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
    /// Whether there is to be none, whatever is configured.
    is_alone: bool,
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

/// `[resilience]` of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Section {
    /// How often to try again.
    pub(crate) retries: Option<u32>,
}

/// `[fallback]` of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standby(Fallback);

impl Section {
    pub(crate) fn read(mut table: Table<'_>) -> Result<Self, Error> {
        let most = u64::try_from(*RANGE.end()).unwrap_or(0);
        let retries = table.number("retries", most)?;
        table.end()?;
        Ok(Self {
            retries: retries.and_then(|number| number.try_into().ok()),
        })
    }
}

impl Standby {
    pub(crate) fn read(mut table: Table<'_>) -> Result<Self, Error> {
        let mut fallback = Fallback {
            command: table.text("command")?,
            url: table.text("url")?,
            headers: Vec::new(),
        };
        if let Some(mut headers) = table.table("headers")? {
            for name in headers.keys() {
                let value = headers.text(&name)?.unwrap_or_default();
                fallback.headers.push(format!("{name}: {value}"));
            }
        }
        if fallback.command.is_some() == fallback.url.is_some() {
            return Err(table.refused("", "one of `command` and `url` is wanted"));
        }
        table.end()?;
        Ok(Self(fallback))
    }
}

impl Options {
    /// One attempt at one server.
    pub(crate) fn once() -> Self {
        Self {
            retries: Some(0),
            is_alone: true,
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
            ..Self::default()
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

    /// These over the configuration. The stand-in of the usual server is not that of another.
    pub(crate) fn over(&self, config: &Config, settings: &Settings) -> Self {
        let mut options = self.clone();
        options.retries = options.retries.or(config.sections.resilience.retries);
        let is_open = !options.is_alone && !settings.overrides.is_elsewhere();
        if let (None, None, true, Some(Standby(fallback))) = (
            &options.fallback.command,
            &options.fallback.url,
            is_open,
            &config.sections.fallback,
        ) {
            options.fallback = fallback.clone();
        }
        options
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

    fn configured(text: &str) -> Result<Config, String> {
        let config = Config::of(std::path::Path::new("config.toml"), text);
        config.map_err(|error| error.to_string())
    }

    #[test]
    fn the_configuration_is_beneath_all_that_is_said_otherwise() {
        let text = "[resilience]\nretries = 7\n[fallback]\nurl = 'https://kept'\nheaders = {X-Key = '${K}'}";
        let config = configured(text).unwrap();
        let usual = Settings::default();
        let options = Options::default().over(&config, &usual);
        assert_eq!(options.retries(), 7);
        assert_eq!(options.fallback.url.as_deref(), Some("https://kept"));
        assert_eq!(options.fallback.headers, ["X-Key: ${K}"]);
        let said = folded(&[&["--mcp-retries", "1"]]).over(&config, &usual);
        assert_eq!(said.retries(), 1);
        assert_eq!(said.fallback.url.as_deref(), Some("https://beneath"));
        assert_eq!(said.fallback.headers, [""; 0]);

        let elsewhere = Settings {
            overrides: Overrides {
                url: Some("https://other".to_owned()),
                ..Overrides::default()
            },
            ..Settings::default()
        };
        assert_eq!(
            Options::default().over(&config, &elsewhere).fallback.url,
            None
        );
        let alone = Options::once().over(&config, &usual);
        assert_eq!((alone.retries(), alone.fallback.url), (0, None));
    }

    #[test]
    fn what_is_wrong_in_the_configuration_is_said() {
        for (text, words) in [
            ("[resilience]\nretries = -1", "0 to 100"),
            ("[resilience]\nretries = 101", "0 to 100"),
            ("[resilience]\nretry = 1", "unknown key `resilience.retry`"),
            ("[fallback]", "one of `command` and `url`"),
            (
                "[fallback]\nurl = 'a'\ncommand = 'b'",
                "one of `command` and `url`",
            ),
            (
                "[fallback]\nurl = 'a'\nport = 1",
                "unknown key `fallback.port`",
            ),
        ] {
            let error = configured(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
