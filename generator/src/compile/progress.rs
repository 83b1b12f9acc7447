//! What is shown while cargo builds.
//!
//! On a terminal one line, rewritten; elsewhere one line at the start, since the first build on a
//! machine is minutes of silence otherwise, and one at the end.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

/// How wide the line may become: it must not wrap, or it could not be rewritten.
const WIDTH: usize = 78;

/// How far a build is.
#[derive(Debug)]
pub(super) struct Progress<W> {
    out: W,
    mode: Mode,
    name: String,
    begun: Instant,
    compiled: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Says nothing.
    Silent,
    /// Writes whole lines.
    Lines,
    /// Rewrites one.
    Rewritten,
}

impl Progress<io::Stderr> {
    /// The progress of the build of `name`, on stderr.
    pub(super) fn new(name: &str, quiet: bool) -> Self {
        let out = io::stderr();
        let mode = match (quiet, out.is_terminal()) {
            (true, _) => Mode::Silent,
            (false, true) => Mode::Rewritten,
            (false, false) => Mode::Lines,
        };
        Self::with(out, mode, name)
    }
}

impl<W: Write> Progress<W> {
    fn with(out: W, mode: Mode, name: &str) -> Self {
        Self {
            out,
            mode,
            name: name.to_owned(),
            begun: Instant::now(),
            compiled: 0,
        }
    }

    /// Whether a line is rewritten, for which cargo must say how far it is.
    pub(super) fn rewrites(&self) -> bool {
        self.mode == Mode::Rewritten
    }

    /// Says that the build begins.
    pub(super) fn start(&mut self) {
        let name = &self.name;
        let text = format!(
            "building {name}: the first build on a machine takes minutes, later ones a second"
        );
        match self.mode {
            Mode::Silent => {}
            Mode::Lines => self.print(&format!("{text}\n")),
            Mode::Rewritten => self.rewrite(&text),
        }
    }

    /// Takes a line of cargo's talk; says whether it was a status.
    pub(super) fn status(&mut self, line: &str) -> bool {
        if line.chars().take_while(|c| *c == ' ').count() == 0 {
            return false;
        }
        let Some((verb, rest)) = line.trim_start().split_once(' ') else {
            return false;
        };
        let text = match verb {
            // Building [====>     ] 12/164: rmcp, tokio
            "Building" => match rest.rsplit_once("] ") {
                Some((_, state)) => format!("building {}: {state}", self.name),
                None => return true,
            },
            "Blocking" => format!("building {}: waiting for another build", self.name),
            "Downloading" | "Downloaded" | "Updating" | "Locking" | "Fetch" => {
                format!("building {}: fetching crates", self.name)
            }
            "Compiling" | "Finished" | "Fresh" | "Dirty" | "Running" => return true,
            _ => return false,
        };
        if self.mode == Mode::Rewritten {
            self.rewrite(&text);
        }
        true
    }

    /// Takes note of how many crates were compiled.
    pub(super) fn compiled(&mut self, count: usize) {
        self.compiled = count;
    }

    /// Says how the build ended.
    pub(super) fn finish(&mut self, ok: bool) {
        if self.mode == Mode::Rewritten {
            self.print(CLEAR);
        }
        if self.mode != Mode::Silent && ok {
            let seconds = self.begun.elapsed().as_secs_f64();
            let crates = match self.compiled {
                0 => "nothing to compile".to_owned(),
                1 => "1 crate compiled".to_owned(),
                count => format!("{count} crates compiled"),
            };
            let text = format!("built {} in {seconds:.1} s ({crates})\n", self.name);
            self.print(&text);
        }
    }

    fn rewrite(&mut self, text: &str) {
        let text: String = text.chars().take(WIDTH).collect();
        self.print(&format!("{CLEAR}{text}"));
    }

    fn print(&mut self, text: &str) {
        // Nobody reads it: no reason to stop a build.
        let _ = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
    }
}

/// To the start of the line, and empty it.
const CLEAR: &str = "\r\x1b[K";

#[cfg(test)]
mod tests {
    use super::*;

    fn said(mode: Mode, build: impl FnOnce(&mut Progress<Vec<u8>>)) -> String {
        let mut progress = Progress::with(Vec::new(), mode, "x-cli");
        build(&mut progress);
        String::from_utf8(progress.out).unwrap()
    }

    fn whole(progress: &mut Progress<Vec<u8>>) {
        progress.start();
        assert!(progress.status("   Compiling rmcp v3.9.0"));
        assert!(progress.status("    Building [====>     ] 12/164: rmcp, tokio"));
        progress.compiled(2);
        progress.finish(true);
    }

    #[test]
    fn off_a_terminal_there_are_two_lines() {
        assert_eq!(
            said(Mode::Lines, whole),
            "building x-cli: the first build on a machine takes minutes, later ones a second\n\
             built x-cli in 0.0 s (2 crates compiled)\n"
        );
    }

    #[test]
    fn on_a_terminal_one_line_is_rewritten() {
        let said = said(Mode::Rewritten, whole);
        assert!(
            said.contains("\r\x1b[Kbuilding x-cli: 12/164: rmcp, tokio\r\x1b[Kbuilt x-cli"),
            "{said:?}"
        );
        assert_eq!(said.matches('\n').count(), 1);
        assert!(
            said.split("\r\x1b[K")
                .all(|line| line.chars().count() <= WIDTH)
        );
    }

    #[test]
    fn quiet_is_quiet() {
        assert_eq!(said(Mode::Silent, whole), "");
    }

    #[test]
    fn a_failed_build_leaves_the_line_to_the_error() {
        let said = said(Mode::Rewritten, |progress| {
            progress.start();
            progress.finish(false);
        });
        assert!(said.ends_with(CLEAR), "{said:?}");
    }

    #[test]
    fn what_a_compiler_says_is_no_status() {
        let mut progress = Progress::with(Vec::new(), Mode::Silent, "x");
        for line in [
            "error[E0425]: cannot find value",
            "  --> src/main.rs:1:1",
            "  |  Building [x] 1",
            "Building",
        ] {
            assert!(!progress.status(line), "{line}");
        }
    }
}
