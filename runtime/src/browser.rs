//! The user's browser.

use std::io::{Error, ErrorKind};
use std::process::{Command, Stdio};

/// Opens an address in the browser that `BROWSER` names, or in the system's, and does not wait for it.
///
/// `BROWSER` is a command line, split as a shell would and run without one, or several of them parted
/// by colons, of which the first that starts is taken; `%s` in it is the address, which else is the
/// last word. That the address is one to be opened is for the caller to know.
///
/// # Errors
///
/// When there is no browser, or it does not start.
pub(crate) fn open(url: &str) -> std::io::Result<()> {
    let mut failure = Error::new(ErrorKind::NotFound, "no browser is known");
    for line in lines() {
        match start(&line, url) {
            Ok(()) => return Ok(()),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The command lines that may open an address, split into words.
fn lines() -> Vec<Vec<String>> {
    let named = std::env::var("BROWSER").unwrap_or_default();
    let parted = if cfg!(windows) { ';' } else { ':' };
    let named: Vec<Vec<String>> = named
        .split(parted)
        .filter_map(shlex::split)
        .filter(|words| !words.is_empty())
        .collect();
    if named.is_empty() { system() } else { named }
}

/// The system's own way.
fn system() -> Vec<Vec<String>> {
    let words: &[&str] = if cfg!(windows) {
        // `start` is a word of the shell's, which would read an address as a line of its own.
        &["rundll32", "url.dll,FileProtocolHandler"]
    } else if cfg!(target_os = "macos") {
        &["open"]
    } else if ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    {
        &["xdg-open"]
    } else {
        // Without a display it would start a browser of text in this terminal.
        return Vec::new();
    };
    vec![words.iter().map(|&word| word.to_owned()).collect()]
}

fn start(words: &[String], url: &str) -> std::io::Result<()> {
    let Some((program, words)) = words.split_first() else {
        return Err(ErrorKind::NotFound.into());
    };
    let placed = words.iter().any(|word| word.contains("%s"));
    let mut command = Command::new(program);
    command
        .args(words.iter().map(|word| word.replace("%s", url)))
        .args((!placed).then_some(url))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // Ctrl-C is for this program, not for the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map(drop)
}
