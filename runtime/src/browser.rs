//! The user's browser.

use std::io::{Error, ErrorKind};
use std::process::{Command, Stdio};

/// Opens an address in the browser that `BROWSER` names, or in the system's, and does not wait for it.
///
/// `BROWSER` is a command line, split as a shell would and run without one; `%s` in it is the address,
/// which else is the last word. Names alone may be several, parted by colons, of which the first that
/// starts is taken: in a line with words a colon may be of a word. That the address is one to be
/// opened is for the caller to know.
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
    let named = named(&std::env::var("BROWSER").unwrap_or_default());
    if named.is_empty() { system() } else { named }
}

/// The command lines that `BROWSER` names.
fn named(browser: &str) -> Vec<Vec<String>> {
    let parted = if cfg!(windows) { ';' } else { ':' };
    let is_line = browser.contains(char::is_whitespace);
    browser
        .split(|c| c == parted && !is_line)
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_a_line_or_one_of_several_names() {
        assert_eq!(named("firefox:w3m"), [["firefox"], ["w3m"]]);
        let line = "curl -sL --proxy http://127.0.0.1:9";
        assert_eq!(
            named(line),
            [["curl", "-sL", "--proxy", "http://127.0.0.1:9"]]
        );
        assert!(named("'unclosed line").is_empty());
        assert!(named("").is_empty());
    }

    #[test]
    fn it_is_run_without_a_shell() {
        let folder = std::env::temp_dir().join(format!("mcpress-browser-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let heard = folder.join("heard");
        let script = format!("echo \"$1\" > {}", heard.display());
        let words = ["sh", "-c", &script, "-", "%s"].map(str::to_owned);
        start(&words, "http://a/?b=$(c)&d").unwrap();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        let read = || std::fs::read_to_string(&heard).unwrap_or_default();
        while read().is_empty() {
            assert!(std::time::Instant::now() < end, "nothing was opened");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(read(), "http://a/?b=$(c)&d\n");
        assert!(start(&["/nowhere/browser".to_owned()], "http://a/").is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
