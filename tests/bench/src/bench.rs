//! The order of a run: what is measured, and in which turn.

use std::path::{Path, PathBuf};

use crate::contender::{self, Contender};
use crate::error::Error;
use crate::install::{MCPORTER, Place};
use crate::memory;
use crate::options::Options;
use crate::report::{Part, Report, Row};
use crate::samples::Unit;
use crate::subject::{NAMES, Subject};

/// What one server's measurements share.
struct Bench<'a> {
    options: &'a Options,
    place: &'a Place,
    subject: &'a Subject,
    mcpress: Option<&'a Path>,
    empty: &'a Path,
    /// Whether to measure compiling with an empty cache: once a run, since all servers share one.
    cold: bool,
}

/// A generated command line.
type Artifact = (Contender, PathBuf);

/// One kind of measurement, made of every command line.
type Group = fn(&Bench<'_>, &[Artifact]) -> Result<Vec<Row>, Error>;

/// What generating came to.
#[derive(Default)]
struct Built {
    artifacts: Vec<Artifact>,
    failed: Vec<(Contender, String)>,
}

/// Measures everything that was asked for.
pub(crate) fn measure(options: &Options) -> Result<Report, Error> {
    if let Some(name) = options
        .servers
        .iter()
        .find(|name| !NAMES.contains(&name.as_str()))
    {
        return Err(Error::Usage(format!(
            "no server {name}; there are {}",
            NAMES.join(", ")
        )));
    }
    let place = Place::open()?;
    place.install_node()?;
    let empty = place.compile_empty()?;
    let mut report = Report {
        about: about(options),
        parts: Vec::new(),
    };
    let mcpress = match contender::adopt(options.mcpress.as_deref(), &place) {
        Ok(path) => Some(path),
        Err(error) => {
            eprintln!("mcpress is not measured: {error}");
            report
                .about
                .push(("mcpress".to_owned(), "not measured".to_owned()));
            None
        }
    };
    let all = NAMES.map(str::to_owned);
    let names = if options.servers.is_empty() {
        &all
    } else {
        &options.servers[..]
    };
    for name in names {
        eprintln!("measuring with {name}");
        let subject = Subject::open(name, &place)?;
        let bench = Bench {
            options,
            place: &place,
            subject: &subject,
            mcpress: mcpress.as_deref(),
            empty: &empty,
            cold: options.cold && report.parts.is_empty(),
        };
        report.parts.push(bench.measure());
    }
    Ok(report)
}

impl Bench<'_> {
    fn measure(&self) -> Part {
        let mut part = Part {
            title: self.subject.title.clone(),
            rows: Vec::new(),
            missing: Vec::new(),
        };
        let artifacts = self.builds(&mut part);
        self.sizes(&mut part, &artifacts);
        let groups: [Group; 4] = [
            |bench, made| bench.starts(made),
            |bench, made| bench.usage_errors(made),
            |bench, made| bench.calls(made),
            |bench, made| bench.peaks(made),
        ];
        for group in groups {
            match group(self, &artifacts) {
                Ok(rows) => part.rows.extend(rows),
                Err(error) => part.missing.push(error.to_string()),
            }
        }
        part
    }

    /// Generates with every contender in turn, as often as asked. One that fails is left out of the rest.
    fn builds(&self, part: &mut Part) -> Vec<Artifact> {
        let mut built = Built::default();
        let mut cold = Row::new("generate and compile, empty cache", Unit::Seconds);
        let mut warm = Row::new("generate and compile", Unit::Seconds);
        let mut offline = Row::new("generate from a capture", Unit::Seconds);
        if self.mcpress.is_some() {
            if self.cold {
                contender::forget(self.place);
                self.build(&mut built, &mut cold, Contender::Mcpress);
            } else {
                // Not measured: what may have to compile everything is not a warm run.
                let mut unmeasured = Row::new("", Unit::Seconds);
                self.build(&mut built, &mut unmeasured, Contender::Mcpress);
            }
        }
        for _ in 0..self.options.builds {
            match self.subject.bare_list() {
                Ok((seconds, _)) => warm.push("floor", seconds),
                Err(error) => part.missing.push(error.to_string()),
            }
            self.subject.settle();
            for contender in Contender::ALL {
                self.build(&mut built, &mut warm, contender);
            }
        }
        if let Err(error) = self.generate_offline(&mut offline) {
            part.missing.push(error.to_string());
        }
        let rows = [cold, warm, offline].into_iter();
        part.rows.extend(rows.filter(|row| !row.cells.is_empty()));
        let failed = built.failed.into_iter();
        part.missing
            .extend(failed.map(|(contender, why)| format!("{}: {why}", contender.column())));
        built.artifacts
    }

    /// Generates and compiles once, unless this contender failed before.
    fn build(&self, built: &mut Built, row: &mut Row, contender: Contender) {
        let generator = match contender {
            Contender::Mcporter => Some(Path::new("mcporter")),
            Contender::Mcpress | Contender::Bundle => self.mcpress,
        };
        let Some(generator) = generator else { return };
        if built.failed.iter().any(|(failed, _)| *failed == contender) {
            return;
        }
        match contender.generate(self.subject, self.place, generator) {
            Ok((path, seconds)) => {
                row.push(contender.column(), seconds);
                built.artifacts.retain(|(made, _)| *made != contender);
                built.artifacts.push((contender, path));
            }
            Err(error) => built.failed.push((contender, error.to_string())),
        }
        self.subject.settle();
    }

    fn generate_offline(&self, row: &mut Row) -> Result<(), Error> {
        let Some(mcpress) = self.mcpress else {
            return Ok(());
        };
        let (_, capture) = self.subject.bare_list()?;
        let path = self.place.fresh.join("capture.json");
        std::fs::write(&path, capture.to_string()).map_err(Error::file(&path))?;
        for _ in 0..self.options.calls {
            let seconds = contender::generate_from(&path, self.subject, self.place, mcpress)?;
            row.push("mcpress", seconds);
        }
        Ok(())
    }

    fn sizes(&self, part: &mut Part, artifacts: &[Artifact]) {
        let mut row = Row::new("binary", Unit::Bytes);
        let floor = ("floor", self.empty);
        let others = artifacts
            .iter()
            .map(|(contender, path)| (contender.column(), path.as_path()));
        for (column, path) in std::iter::once(floor).chain(others) {
            match path.metadata() {
                #[expect(clippy::cast_precision_loss, reason = "no program is that large")]
                Ok(found) => row.push(column, found.len() as f64),
                Err(error) => part.missing.push(format!("{column}: {error}")),
            }
        }
        part.rows.push(row);
    }

    /// `--help`, over the start of a program that does nothing.
    fn starts(&self, artifacts: &[Artifact]) -> Result<Vec<Row>, Error> {
        let mut whole = Row::new("--help", Unit::Seconds);
        let mut beyond = Row::new("--help beyond an empty program", Unit::Seconds);
        for _ in 0..self.options.starts {
            let (_, floor) = contender::run(self.empty, &[], self.subject)?;
            whole.push("floor", floor);
            for (contender, path) in artifacts {
                let (output, seconds) = contender::run(path, &["--help"], self.subject)?;
                expect(
                    output.status.success() && !output.stdout.is_empty(),
                    path,
                    "--help",
                    &output,
                )?;
                whole.push(contender.column(), seconds);
                beyond.push(contender.column(), seconds - floor);
            }
        }
        Ok(vec![whole, beyond])
    }

    /// A flag that does not exist, which no server need be asked about.
    fn usage_errors(&self, artifacts: &[Artifact]) -> Result<Vec<Row>, Error> {
        let mut row = Row::new("usage error", Unit::Seconds);
        for _ in 0..self.options.starts {
            row.push("floor", contender::run(self.empty, &[], self.subject)?.1);
            for (contender, path) in artifacts {
                let (output, seconds) = contender::run(path, &self.subject.usage, self.subject)?;
                expect(!output.status.success(), path, "a wrong flag", &output)?;
                row.push(contender.column(), seconds);
            }
        }
        Ok(vec![row])
    }

    /// A call that starts the server, over the bare exchange of the same round.
    fn calls(&self, artifacts: &[Artifact]) -> Result<Vec<Row>, Error> {
        let mut whole = Row::new("cold call", Unit::Seconds);
        let mut beyond = Row::new("cold call beyond the bare exchange", Unit::Seconds);
        for _ in 0..self.options.calls {
            let floor = self.subject.bare_call()?;
            whole.push("floor", floor);
            self.subject.settle();
            for (contender, path) in artifacts {
                let (output, seconds) =
                    contender::run(path, &self.subject.call.argv, self.subject)?;
                let shown =
                    String::from_utf8_lossy(&output.stdout).contains(self.subject.call.shows);
                expect(output.status.success() && shown, path, "a call", &output)?;
                whole.push(contender.column(), seconds);
                beyond.push(contender.column(), seconds - floor);
                self.subject.settle();
            }
        }
        Ok(vec![whole, beyond])
    }

    fn peaks(&self, artifacts: &[Artifact]) -> Result<Vec<Row>, Error> {
        let mut help = Row::new("peak memory of --help", Unit::Bytes);
        let mut call = Row::new("peak memory of a call", Unit::Bytes);
        for _ in 0..self.options.calls {
            help.push(
                "floor",
                memory::peak(self.empty, &[], self.subject.environment())?,
            );
            for (contender, path) in artifacts {
                let peak = memory::peak(path, &["--help"], self.subject.environment())?;
                help.push(contender.column(), peak);
                if self.subject.small {
                    let argv = &self.subject.call.argv;
                    call.push(
                        contender.column(),
                        memory::peak(path, argv, self.subject.environment())?,
                    );
                    self.subject.settle();
                }
            }
        }
        let measured = [help, call].into_iter().filter(|row| !row.cells.is_empty());
        Ok(measured.collect())
    }
}

fn expect(
    true_: bool,
    path: &Path,
    what: &str,
    output: &std::process::Output,
) -> Result<(), Error> {
    if true_ {
        return Ok(());
    }
    let said = [
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    ]
    .concat();
    let what = format!(
        "{what} went otherwise than it should, {}: {}",
        output.status,
        said.trim()
    );
    Err(Error::Program {
        program: path.display().to_string(),
        what,
    })
}

/// The machine and what was measured, for the head of the report.
fn about(options: &Options) -> Vec<(String, String)> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    vec![
        (
            "machine".to_owned(),
            format!("{cores} cores, {processor}, {}", std::env::consts::OS),
        ),
        (
            "versions".to_owned(),
            format!(
                "mcpress {}, {}",
                env!("CARGO_PKG_VERSION"),
                MCPORTER.replace('@', " ")
            ),
        ),
        (
            "runs".to_owned(),
            format!(
                "{} starts, {} calls, {} builds; median (min–max)",
                options.starts, options.calls, options.builds
            ),
        ),
    ]
}
