//! The user's browser.

use std::io::{Error, ErrorKind};
use std::process::{Command, Stdio};

use crate::environment;

/// Opens an address in the browser that `BROWSER` names, or in the system's, and does not wait for it.
///
/// `BROWSER` is a command line, split as a shell would and run without one, or several names parted by
/// colons, of which the first that starts is taken; `%s` in it is the address, which else is the last
/// word. That the address is one to be opened is for the caller to know.
///
/// # Errors
///
/// When there is no browser, or it does not start.
pub(crate) fn open(url: &str) -> std::io::Result<()> {
    let lines = environment::browser().map_or_else(system, |named| lines(&named));
    start_one(&lines, url)
}

/// Starts the first that can be started.
fn start_one(lines: &[Vec<String>], url: &str) -> std::io::Result<()> {
    let mut failure = Error::new(ErrorKind::NotFound, "no browser is known");
    for line in lines {
        match start(line, url) {
            Ok(()) => return Ok(()),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The command lines of `BROWSER`, split into words.
fn lines(named: &str) -> Vec<Vec<String>> {
    let is_line = named.contains(char::is_whitespace);
    let parted = if cfg!(windows) { ';' } else { ':' };
    let lines = named.split(move |c| c == parted && !is_line);
    lines
        .filter_map(shlex::split)
        .filter(|words| !words.is_empty())
        .collect()
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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_named_browser_is_run_without_a_shell_and_the_next_one_if_it_is_not_there() {
        let folder = std::env::temp_dir().join(format!("mcpress-browser-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let heard = folder.join("heard");
        let line = format!("sh -c 'echo \"$1\" > \"$2\"' - %s {}", heard.display());
        let open = |named: &str| start_one(&lines(named), "http://a/?b=$(c)&d");
        open(&line).unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        let read = || std::fs::read_to_string(&heard).unwrap_or_default();
        while read().is_empty() {
            assert!(Instant::now() < end, "nothing was opened");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(read(), "http://a/?b=$(c)&d\n");
        open("/nowhere/browser:true").unwrap();
        assert!(open("/nowhere/browser:/nowhere/else").is_err());
        assert!(open("'unclosed").is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
