//! `mcpress call`: the same runtime without generating, for a first look.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::ArgMatches;

use super::failure::Failure;
use super::source::source;
use crate::introspect::CONNECTORS;
use crate::lock::Lock;
use crate::lower::{Options, lower};

pub(super) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let mut line = matches
        .get_many::<OsString>("line")
        .into_iter()
        .flatten()
        .cloned();
    let named = ["command", "url", "from", "server"]
        .iter()
        .any(|id| matches.contains_id(id));
    let positional = if named { None } else { line.next() };
    let positional = positional.map(|word| word.to_string_lossy().into_owned());
    let source = source(matches, positional.as_deref())?;
    let origin = source.capture.origin.clone();
    let (transport, slots) = origin
        .map(|origin| (origin.transport, origin.slots))
        .unzip();
    let options = Options {
        transport: transport.unwrap_or(crate::ir::Transport::Unknown),
        slots: slots.unwrap_or_default(),
        ..Options::new("mcpress call")
    };
    let program = lower(&source.capture, &options, &Lock::default()).program;
    let values = source
        .values
        .iter()
        .map(|(name, value)| format!("--mcp-env={name}={value}").into());
    let line = std::iter::once("mcpress call".into())
        .chain(values)
        .chain(line)
        .collect();
    Ok(mcpress_runtime::main_with(
        program.to_spec()?,
        CONNECTORS,
        line,
    ))
}
