//! `mcpress`: press an MCP server into a native command line.

use std::process::ExitCode;

use mcpress::introspect::{CONNECTORS, VAULTS};
use mcpress::{cli, commands};
use mcpress_runtime::text::plain;
use mcpress_runtime::{bundle, defect, main as run};

fn main() -> ExitCode {
    defect::watch();
    // A bundle is this very program with a spec behind it.
    match std::env::current_exe().map(|this| bundle::open(&this)) {
        Ok(Ok(Some(spec))) => return run(spec, CONNECTORS, VAULTS),
        Ok(Err(error)) => {
            eprintln!("error: {error}");
            return error.exit().into();
        }
        Ok(Ok(None)) | Err(_) => {}
    }
    let matches = cli::command().get_matches();
    commands::run(&matches).unwrap_or_else(|failure| {
        eprintln!("error: {}", plain(&failure.to_string()));
        for line in failure.stderr() {
            eprintln!("  server: {}", plain(line));
        }
        if let Some(hint) = failure.hint() {
            eprintln!("hint: {hint}");
        }
        failure.exit().into()
    })
}
