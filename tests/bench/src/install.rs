//! What is measured with: mcporter and the real servers, at pinned versions, in a folder of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::Error;

pub(crate) const MCPORTER: &str = "mcporter@0.12.3";
pub(crate) const EVERYTHING: &str = "@modelcontextprotocol/server-everything@2026.8.31";
pub(crate) const ALTR_MCP: &str = "altr-mcp==0.8.0";
/// mcporter 0.12 runs on Node 24 and compiles with bun.
const NODE: &[&str] = &["node@24.21.0", "bun@1.4.5"];

/// The folders of a run.
#[derive(Debug)]
pub(crate) struct Place {
    /// Where things are kept between runs: target/bench.
    pub(crate) kept: PathBuf,
    /// A fresh folder outside the clone, as a user's would be: removed at the end.
    pub(crate) fresh: PathBuf,
}

impl Place {
    pub(crate) fn open() -> Result<Self, Error> {
        let kept = root().join("target/bench");
        let fresh = std::env::temp_dir().join(format!("mcpress-bench-{}", std::process::id()));
        for folder in [&kept.join("home"), &fresh] {
            std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
        }
        Ok(Self { kept, fresh })
    }

    /// The home of everything that is run. Kept, since the generator keeps what it compiled there.
    pub(crate) fn home(&self) -> PathBuf {
        self.kept.join("home")
    }

    /// Where npm puts the programs of its packages.
    pub(crate) fn node_programs(&self) -> PathBuf {
        self.kept.join("node_modules/.bin")
    }

    /// Installs mcporter, its runtimes, and server-everything.
    pub(crate) fn install_node(&self) -> Result<(), Error> {
        let packages = [&[MCPORTER, EVERYTHING], NODE].concat();
        self.once("node.stamp", &packages.join(" "), || {
            // A version: mcporter tells the servers the one of the nearest package.
            let manifest = self.kept.join("package.json");
            std::fs::write(&manifest, r#"{"private": true, "version": "0.0.0"}"#)
                .map_err(Error::file(manifest))?;
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]);
            must(npm.arg(&self.kept).args(&packages))
        })
    }

    /// Installs altr-mcp.
    pub(crate) fn install_python(&self) -> Result<(), Error> {
        self.once("py.stamp", ALTR_MCP, || {
            let environment = self.kept.join("py");
            must(
                Command::new("python3")
                    .args(["-m", "venv", "--clear"])
                    .arg(&environment),
            )?;
            must(Command::new(environment.join("bin/pip")).args(["install", "--quiet", ALTR_MCP]))
        })
    }

    /// Compiles a program that does nothing, and gives its path.
    pub(crate) fn compile_empty(&self) -> Result<PathBuf, Error> {
        let (source, program) = (self.fresh.join("empty.rs"), self.fresh.join("empty"));
        std::fs::write(&source, "fn main() {}\n").map_err(Error::file(&source))?;
        must(
            Command::new("rustc")
                .arg("-O")
                .arg(&source)
                .arg("-o")
                .arg(&program),
        )?;
        Ok(program)
    }

    fn once(
        &self,
        stamp: &str,
        wanted: &str,
        install: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let stamp = self.kept.join(stamp);
        if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(());
        }
        eprintln!("installing {wanted}");
        install()?;
        std::fs::write(&stamp, wanted).map_err(Error::file(stamp))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.fresh);
    }
}

/// The clone this program was built in.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package)
}

/// Runs a program that must succeed; what it says goes to stderr, since stdout is the report's.
fn must(command: &mut Command) -> Result<(), Error> {
    let program = command.get_program().to_owned();
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::start(&program))?;
    if output.status.success() {
        return Ok(());
    }
    let what = format!(
        "{}: {}",
        output.status,
        String::from_utf8_lossy(&output.stdout).trim()
    );
    Err(Error::Program {
        program: program.to_string_lossy().into_owned(),
        what,
    })
}
