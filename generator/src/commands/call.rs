//! `mcpress call`: the same runtime without generating, for a first look.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::ArgMatches;

use super::failure::Failure;
use super::overlay::UserOverlay;
use super::source::source_or;
use crate::generate::{Plan, generate};
use crate::introspect::{CONNECTORS, VAULTS};
use crate::lock::Lock;

pub(super) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let mut line = matches
        .get_many::<OsString>("line")
        .into_iter()
        .flatten()
        .cloned();
    let overlay = UserOverlay::of(matches)?;
    let named = ["command", "url", "from", "server"]
        .iter()
        .any(|id| matches.contains_id(id));
    let positional = if named { None } else { line.next() };
    let positional = positional.map(|word| word.to_string_lossy().into_owned());
    let source = source_or(matches, positional.as_deref(), None, &overlay.overlay)?;
    let plan = Plan {
        name: "mcpress call".to_owned(),
        overlay: overlay.overlay.clone(),
        ..Plan::default()
    };
    let generated = generate(&source.capture, &plan, &Lock::default());
    let program = generated.map_err(|error| overlay.failure(error))?.program;
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
        VAULTS,
        line,
    ))
}
