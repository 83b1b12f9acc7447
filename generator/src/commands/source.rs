//! The options that say where a server is, as its capture.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use clap::ArgMatches;
use mcpress_runtime::spec::{FORMAT, MARK, Spec};
use mcpress_runtime::{Error, Limits, Manner, Revision, duration, endpoint_of};

use super::failure::Failure;
use crate::capture::{self, Capture};
use crate::cli::texts;
use crate::introspect::{Approach, Introspected, asked_for, capabilities, introspect};
use crate::ir::{Binding, Omitted, Program, Server, Slot, Transport};
use crate::origin::{Additions, Origin, Places, Wanted, locate};
use crate::overlay::Overlay;

/// From the start of a server to its last answer, unless `--timeout` says otherwise: `npx` and
/// `uvx` may have to download it first.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that was asked, or a capture of one.
pub(super) struct Source {
    /// What it said, and where it is.
    pub(super) capture: Capture,
    /// The name that the user has for it, if any.
    pub(super) name: Option<String>,
    /// Values that were given for now, by slot.
    pub(super) values: BTreeMap<String, String>,
    /// What the user should know, a sentence each.
    pub(super) warnings: Vec<String>,
}

/// Finds the server and asks it, or reads the capture.
///
/// # Errors
///
/// When no server is named, it cannot be found, or it does not answer.
pub(super) fn source(matches: &ArgMatches, positional: Option<&str>) -> Result<Source, Failure> {
    source_or(matches, positional, None, &Overlay::default())
}

/// The same, with the slots of an overlay; where no server is named, it is the one that is known.
///
/// # Errors
///
/// As above.
pub(super) fn source_or(
    matches: &ArgMatches,
    positional: Option<&str>,
    known: Option<capture::Origin>,
    overlay: &Overlay,
) -> Result<Source, Failure> {
    let mut wanted = Request::of(matches, positional, known)?;
    let read = wanted.file.as_deref().map(read).transpose()?;
    if let (
        Wanted::Nothing,
        Some(Capture {
            origin: Some(of), ..
        }),
    ) = (&wanted.server, &read)
    {
        wanted.server = Wanted::Captured(of.clone());
    }
    let additions = Additions {
        env: texts(matches, "env"),
        headers: texts(matches, "header"),
        slots: overlay
            .slots()
            .map(|(name, required)| (name.to_owned(), required))
            .collect(),
    };
    let origin = locate(&wanted.server, &additions, &Places::of_this_machine())?;
    let values = origin
        .values
        .expose_all()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut source = Source {
        capture: Capture::default(),
        name: wanted.name,
        values: values.collect(),
        warnings: origin.warnings.clone(),
    };
    match read {
        Some(capture) => {
            source.capture = capture;
            place(&mut source.capture, origin);
        }
        None => source.ask(origin, &approach(matches)?)?,
    }
    source.warnings.extend(
        source
            .capture
            .notes
            .iter()
            .map(|note| format!("the server {note}")),
    );
    Ok(source)
}

/// What the options ask for, before anything is looked up.
struct Request {
    server: Wanted,
    file: Option<std::path::PathBuf>,
    name: Option<String>,
}

impl Request {
    fn of(
        matches: &ArgMatches,
        positional: Option<&str>,
        known: Option<capture::Origin>,
    ) -> Result<Self, Failure> {
        let text = |id: &str| matches.get_one::<String>(id).cloned();
        let config = matches.get_one::<std::path::PathBuf>("config").cloned();
        let mut file = matches.get_one::<std::path::PathBuf>("from").cloned();
        let mut name = None;
        let is_url = |text: &str| {
            ["http://", "https://", "unix:"]
                .iter()
                .any(|scheme| text.starts_with(scheme))
        };
        let server = if let Some(line) = text("command") {
            if is_url(&line) {
                Wanted::Url(line)
            } else {
                Wanted::Command(line)
            }
        } else if let Some(url) = text("url") {
            Wanted::Url(url)
        } else {
            match text("server").or_else(|| positional.map(str::to_owned)) {
                Some(url) if is_url(&url) => Wanted::Url(url),
                Some(path) if path.contains(['/', '\\', '.']) && Path::new(&path).is_file() => {
                    file = Some(path.into());
                    Wanted::Nothing
                }
                Some(entry) => {
                    name = Some(entry.clone());
                    Wanted::Named {
                        name: entry,
                        config,
                    }
                }
                None if file.is_some() => Wanted::Nothing,
                None => match known {
                    Some(known) => Wanted::Captured(known),
                    None => return Err(Failure::no_server(&Places::of_this_machine())),
                },
            }
        };
        Ok(Self { server, file, name })
    }
}

impl Source {
    /// Asks the server. One that ends at once and names variables which the caller has set is asked
    /// again with those: that is how a command line written for a client that passes its whole
    /// environment on finds out which part of it matters.
    fn ask(&mut self, mut origin: Origin, approach: &Approach) -> Result<(), Failure> {
        let mut said = self.introspect(&origin, approach);
        if let Err(Error::Gone { stderr, .. }) = &said {
            let asked = asked_for(stderr, |name| std::env::var_os(name).is_some());
            let learned: Vec<_> = asked
                .into_iter()
                .filter(|name| declare(&mut origin, name))
                .collect();
            if !learned.is_empty() {
                self.warnings.push(format!(
                    "the server asked for {}, set in your environment: declared as with --env {}",
                    learned.join(", "),
                    learned.join(" --env ")
                ));
                said = self.introspect(&origin, approach);
            }
        }
        let said = said?;
        self.capture = said.capture;
        if let Transport::Http { events, .. } = &mut origin.transport {
            *events = said.manner == Manner::Events;
        }
        place(&mut self.capture, origin);
        Ok(())
    }

    fn introspect(&self, origin: &Origin, approach: &Approach) -> Result<Introspected, Error> {
        let endpoint = endpoint_of(unnamed(origin)?, &self.values)?;
        introspect(endpoint, approach)
    }
}

/// A program without tools, which knows how to reach the server as the generated one will.
fn unnamed(origin: &Origin) -> Result<&'static Spec, Error> {
    bare("mcpress", &origin.transport, &origin.slots)
}

/// A program without tools.
pub(super) fn bare(
    name: &str,
    transport: &Transport,
    slots: &[Slot],
) -> Result<&'static Spec, Error> {
    let program = Program {
        format: FORMAT,
        name: name.to_owned(),
        about: String::new(),
        server: Server {
            transport: transport.clone(),
            protocol: String::new(),
            capabilities: "{}".to_owned(),
            capture: String::new(),
        },
        slots: slots.to_vec(),
        tools: Vec::new(),
        prompts: Vec::new(),
        templates: Vec::new(),
        omitted: Omitted::default(),
        vault: false,
    };
    program.to_spec()
}

/// Declares a variable that a local server asked for. False when it was declared before.
fn declare(origin: &mut Origin, name: &str) -> bool {
    let Transport::Stdio { env, .. } = &mut origin.transport else {
        return false;
    };
    if env.iter().any(|binding| binding.name == name) {
        return false;
    }
    env.push(Binding {
        name: name.to_owned(),
        value: format!("${{{name}}}"),
    });
    origin.slots.push(Slot::new(name, true));
    origin.slots.sort_by(|a, b| a.name.cmp(&b.name));
    true
}

/// Notes in a capture where its server is.
fn place(capture: &mut Capture, origin: Origin) {
    capture.origin = Some(capture::Origin {
        transport: origin.transport,
        slots: origin.slots,
    });
}

fn approach(matches: &ArgMatches) -> Result<Approach, Error> {
    let limit = match matches.get_one::<String>("timeout") {
        Some(text) => duration(text)?,
        None => PATIENCE,
    };
    let revision = matches.get_one::<String>("protocol");
    let declared = matches.get_many::<String>("declare").into_iter().flatten();
    Ok(Approach {
        limits: Limits {
            start: limit,
            request: limit,
        },
        revision: revision.map_or(Revision::Unknown, |text| Revision::Pinned(text.clone())),
        capabilities: capabilities(declared.map(String::as_str)),
    })
}

/// Reads a capture, or what a generated program was made from.
///
/// # Errors
///
/// When the file cannot be read or is neither.
pub(super) fn read(file: &Path) -> Result<Capture, Failure> {
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::io(format!("cannot read {}", file.display()), error))?;
    let start = bytes
        .iter()
        .find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
    if matches!(start, Some(b'{' | b'[')) {
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}');
        return Capture::read(text).map_err(|error| Failure::capture(file, error));
    }
    // Nothing is run that does not carry the mark: a script named by mistake would do its work.
    if !bytes
        .windows(MARK.len())
        .any(|window| window == MARK.as_bytes())
    {
        return Err(Failure::not_a_source(file));
    }
    // A generated program tells by itself; a relative path is given its folder, so that it is not
    // looked for in PATH.
    let program = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let said = Command::new(program)
        .args(["self", "capture"])
        .env_clear()
        .output();
    match said {
        Ok(said) if said.status.success() => Capture::read(&String::from_utf8_lossy(&said.stdout))
            .map_err(|error| Failure::capture(file, error)),
        _ => Err(Failure::not_a_source(file)),
    }
}
