//! Peak memory of one process.
//!
//! The kernel tells a parent the peak of the largest of its children that has ended, so a parent with
//! a single child is told that child's. This program runs itself as such a parent: `memory PROGRAM…`.
//! Two things bound what the number means. It counts the largest process among the child and those
//! that the child itself waited for, so a call is measured with a server that is smaller than any
//! client. And it is never below this parent's own few megabytes, from which the child is started.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::Error;

/// Runs a program to its end and prints the most memory it held, in bytes.
pub(crate) fn watch(arguments: impl Iterator<Item = String>) -> Result<(), Error> {
    let mut arguments = arguments;
    let Some(program) = arguments.next() else {
        return Err(Error::Usage("memory needs a program".to_owned()));
    };
    let status = Command::new(&program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(Error::start(&program))?;
    println!("{} {}", status.code().unwrap_or(-1), largest_child()?);
    Ok(())
}

/// The most memory a program held, in bytes; it must exit 0.
pub(crate) fn peak<'a>(
    program: &Path,
    arguments: &[&str],
    environment: impl IntoIterator<Item = (&'a str, &'a OsStr)>,
) -> Result<f64, Error> {
    let this = std::env::current_exe().map_err(Error::start("this program"))?;
    let output = Command::new(&this)
        .arg("memory")
        .arg(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .output()
        .map_err(Error::start(&this))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match said.split_whitespace().collect::<Vec<_>>()[..] {
        ["0", bytes] => bytes
            .parse()
            .map_err(|_| Error::Usage(format!("not a number: {bytes}"))),
        _ => Err(Error::Program {
            program: format!("{} {}", program.display(), arguments.join(" ")),
            what: format!("failed under the memory watch: {}", said.trim()),
        }),
    }
}

#[cfg(unix)]
fn largest_child() -> Result<i64, Error> {
    use nix::sys::resource::{UsageWho, getrusage};

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)
        .map_err(|errno| Error::start("getrusage")(errno.into()))?;
    let kilo = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Ok(usage.max_rss() * kilo)
}

#[cfg(not(unix))]
fn largest_child() -> Result<i64, Error> {
    Err(Error::Usage(
        "peak memory is measured on Unix only".to_owned(),
    ))
}
