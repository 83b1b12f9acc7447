//! Whether what was made starts at all, before the user finds out.

use std::path::Path;
use std::process::{Command, Stdio};

use mcpress_runtime::Exit;

use super::failure::Failure;

/// Runs the commands of a program that need no server.
///
/// # Errors
///
/// When one of them fails.
pub(super) fn test(program: &Path) -> Result<(), Failure> {
    let path = std::path::absolute(program).unwrap_or_else(|_| program.to_owned());
    for line in [["--help"].as_slice(), &["self", "info"]] {
        let run = Command::new(&path).args(line).stdin(Stdio::null()).output();
        let reason = match run {
            Ok(output) if output.status.success() => continue,
            Ok(output) => format!(
                "{} {}",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            ),
            Err(error) => error.to_string(),
        };
        return Err(Failure::Other {
            message: format!(
                "{} was made, but `{}` fails: {reason}",
                program.display(),
                line.join(" ")
            ),
            hint: None,
            exit: Exit::Tool,
        });
    }
    Ok(())
}
