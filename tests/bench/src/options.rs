//! What the user asked for.

use std::path::PathBuf;

use crate::error::Error;

pub(crate) const HELP: &str = "\
Measure a generated command line beside mcporter's

Usage: cargo run --release -p mcpress-bench -- [OPTIONS]

Options:
  --mcpress PATH   The generator to measure (default: target/release/mcpress)
  --server NAME    A server to measure with: altr, everything, replay, thousand; repeat for several
                   (default: all)
  --starts N       Runs of what starts no server (default: 100)
  --calls N        Runs of a call (default: 10)
  --builds N       Runs of generating and compiling (default: 3)
  --no-cold        Leave out compiling with an empty cache, which takes minutes
  --json           Print JSON instead of a table
  --record         Also write the table into the README beside this program
  --help           Print this
";

/// What the user asked for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) mcpress: Option<PathBuf>,
    pub(crate) servers: Vec<String>,
    pub(crate) starts: usize,
    pub(crate) calls: usize,
    pub(crate) builds: usize,
    pub(crate) cold: bool,
    pub(crate) json: bool,
    pub(crate) record: bool,
}

impl Options {
    /// Reads the command line; nothing where help was asked for.
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Option<Self>, Error> {
        let mut options = Self {
            mcpress: None,
            servers: Vec::new(),
            starts: 100,
            calls: 10,
            builds: 3,
            cold: true,
            json: false,
            record: false,
        };
        let mut arguments = arguments;
        while let Some(flag) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| Error::Usage(format!("{flag} needs a value")))
            };
            match flag.as_str() {
                "--mcpress" => options.mcpress = Some(value()?.into()),
                "--server" => options.servers.push(value()?),
                "--starts" => options.starts = count(&flag, &value()?)?,
                "--calls" => options.calls = count(&flag, &value()?)?,
                "--builds" => options.builds = count(&flag, &value()?)?,
                "--no-cold" => options.cold = false,
                "--json" => options.json = true,
                "--record" => options.record = true,
                "--help" | "-h" => return Ok(None),
                _ => return Err(Error::Usage(format!("unknown argument {flag}"))),
            }
        }
        Ok(Some(options))
    }
}

fn count(flag: &str, text: &str) -> Result<usize, Error> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(Error::Usage(format!(
            "{flag} needs a positive number, not {text}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Options>, Error> {
        Options::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn counts_and_servers_are_read() {
        let options = read("--server altr --server replay --starts 7 --no-cold");
        let options = options
            .expect("all of it is known")
            .expect("help was not asked for");
        assert_eq!(options.servers, ["altr", "replay"]);
        assert_eq!(
            (options.starts, options.calls, options.cold),
            (7, 10, false)
        );
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        for line in ["--starts 0", "--calls x", "--builds", "--bogus"] {
            assert!(matches!(read(line), Err(Error::Usage(_))), "{line}");
        }
    }
}
