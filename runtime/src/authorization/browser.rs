//! The person's browser.

use std::process::{Command, Stdio};

/// Opens a URL in the browser that `BROWSER` names, or in the system's own. Returns whether one was
/// started; whether it shows anything cannot be known.
///
/// `BROWSER` is split as a shell splits words and run without one; `%s` stands for the URL, which else
/// comes last. Names alone may be several, with colons between them, to be tried in turn.
pub(super) fn open(chosen: Option<&str>, url: &str) -> bool {
    let lines = match chosen {
        Some(line) if cfg!(windows) || line.contains(char::is_whitespace) => vec![line],
        Some(lines) => lines.split(':').collect(),
        None => SYSTEM.to_vec(),
    };
    lines
        .into_iter()
        .filter_map(shlex::split)
        .any(|words| start(words, url))
}

/// Whether there is something to open a URL with.
pub(super) fn is_there(chosen: Option<&str>) -> bool {
    if chosen.is_some() || !cfg!(target_os = "linux") {
        return true;
    }
    // Without a display the system's opener finds a browser for the terminal, or hangs.
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(windows)]
const SYSTEM: &[&str] = &["rundll32 url.dll,FileProtocolHandler"];
#[cfg(target_os = "macos")]
const SYSTEM: &[&str] = &["open"];
#[cfg(not(any(windows, target_os = "macos")))]
const SYSTEM: &[&str] = &["xdg-open", "gio open", "wslview"];

fn start(mut words: Vec<String>, url: &str) -> bool {
    if words.is_empty() {
        return false;
    }
    if !words.iter().any(|word| word.contains("%s")) {
        words.push("%s".to_owned());
    }
    let words: Vec<String> = words.iter().map(|word| word.replace("%s", url)).collect();
    // What a browser says is none of this program's output.
    Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .is_ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_named_browser_is_run_without_a_shell_and_the_next_one_if_it_is_not_there() {
        let folder = std::env::temp_dir().join(format!("mcpress-browser-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let heard = folder.join("heard");
        let line = format!("sh -c 'echo \"$1\" > \"$2\"' - %s {}", heard.display());
        assert!(open(Some(&line), "http://a/?b=$(c)&d"));
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while std::fs::read_to_string(&heard)
            .unwrap_or_default()
            .is_empty()
        {
            assert!(std::time::Instant::now() < end, "nothing was opened");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(open(Some("/nowhere/browser:true"), "http://a/"));
        assert!(!open(Some("/nowhere/browser:/nowhere/else"), "http://a/"));
        assert!(!open(Some("'unclosed"), "http://a/"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
