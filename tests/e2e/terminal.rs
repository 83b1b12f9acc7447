//! What a person sees: the same programs with a terminal on their other side.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use mcpress_tests::{Kind, pressed};
use nix::pty::{Winsize, openpty};

/// All that a program writes to a terminal of 60 columns.
#[track_caller]
fn shown(server: &str, line: &[&str], env: &[(&str, &str)]) -> String {
    let size = Winsize {
        ws_row: 24,
        ws_col: 60,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let terminal = openpty(Some(&size), None).unwrap();
    let program = pressed(Kind::Bundled, server);
    let mut child = Command::new(program)
        .args(line)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TERM", "xterm")
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(terminal.slave.try_clone().unwrap())
        .stderr(terminal.slave)
        .spawn()
        .unwrap();
    let mut shown = Vec::new();
    // Linux tells of the end of a terminal by an error.
    let _ = File::from(terminal.master).read_to_end(&mut shown);
    assert!(child.wait().unwrap().success());
    String::from_utf8(shown).unwrap().replace("\r\n", "\n")
}

#[test]
fn progress_is_a_bar_that_is_gone_before_the_answer() {
    let line = ["steps", "--pause-ms", "200"];
    let drawn = shown("rich", &line, &[("LANG", "C.UTF-8")]);
    for part in [
        "\r██░░░░░░░░░  25% 1/4 step 1 of 4 0:00\u{1b}[K",
        "100% 9/4 beyond",
        "75% 3/4 in words",
    ] {
        assert!(drawn.contains(part), "{part}: {drawn:?}");
    }
    assert!(drawn.ends_with("\r\u{1b}[Kdone\n"), "{drawn:?}");
    let ascii = shown("rich", &line, &[("LANG", "C")]);
    assert!(
        ascii.contains("\r[##---------]  25% 1/4 step 1 of 4 0:00"),
        "{ascii:?}"
    );
}

#[test]
fn a_terminal_that_cannot_draw_and_a_caller_who_wants_quiet_see_no_bar() {
    let line = ["steps", "--pause-ms", "50"];
    assert_eq!(shown("rich", &line, &[("TERM", "dumb")]), "done\n");
    assert_eq!(
        shown("rich", &["-q", "steps", "--pause-ms", "50"], &[]),
        "done\n"
    );
}

#[test]
fn nothing_that_a_server_says_takes_over_a_terminal() {
    for format in ["text", "json", "raw"] {
        let shown = shown(
            "rich",
            &["hostile", "-v", "-o", format],
            &[("NO_COLOR", "1")],
        );
        let bad = |c: char| (c.is_control() && !"\n\r\u{1b}".contains(c)) || c == '\u{202e}';
        assert!(!shown.contains(bad), "{format}: {shown:?}");
        // What is left of escapes is what clears the line of progress.
        assert_eq!(
            shown.replace("\u{1b}[K", "").matches('\u{1b}').count(),
            0,
            "{format}: {shown:?}"
        );
    }
}

#[test]
fn a_level_has_a_colour_unless_colours_are_unwelcome() {
    let coloured = shown("rich", &["log"], &[]);
    assert!(
        coloured.contains("server \u{1b}[31merror\u{1b}[0m: rich: this is error\n"),
        "{coloured:?}"
    );
    let plain = shown("rich", &["log"], &[("NO_COLOR", "1")]);
    assert!(
        plain.contains("server error: rich: this is error\n"),
        "{plain:?}"
    );
}
