//! `mcpress generate-cli`: a server becomes a crate, a binary, a bundle.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::ArgMatches;
use mcpress_runtime::text::plain;
use mcpress_runtime::{Exit, server_info};
use serde_json::{Value, json};

use super::failure::Failure;
use super::overlay::{UserOverlay, write_init};
use super::source::{Source, source_or};
use super::{print, smoke};
use crate::bundle::bundle;
use crate::capture::Capture;
use crate::cli::texts;
use crate::compile::{self, compile};
use crate::diagnostics::{Diagnostic, Severity};
use crate::generate::{Generated, Plan, generate};
use crate::lock::Lock;
use crate::names::kebab;
use crate::package::{self, CrateName, Ownership, Package, Written};
use crate::select::Filter;
use crate::sources::sources;

pub(super) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let positional = matches
        .get_one::<String>("name-in-config")
        .map(String::as_str);
    let overlay = UserOverlay::of(matches)?;
    let source = source_or(matches, positional, None, &overlay.overlay)?;
    let started = Instant::now();
    let talk = Talk {
        quiet: matches.get_flag("quiet"),
    };
    for warning in &source.warnings {
        talk.note(warning);
    }
    let writes_overlay = matches.contains_id("init-overlay");
    let name = match name(matches, &source) {
        // An overlay has no name of the program in it.
        Err(_) if writes_overlay => CrateName::new("program")?,
        name => name?,
    };
    let wish = Wish::of(matches, name);
    let plan = Plan {
        name: wish.name.as_str().to_owned(),
        filter: Filter {
            include: texts(matches, "include-tools"),
            exclude: texts(matches, "exclude-tools"),
            read_only: matches.get_flag("read-only"),
        },
        overlay: overlay.overlay.clone(),
        broker: match (matches.get_flag("broker"), matches.get_flag("no-broker")) {
            (false, false) => None,
            (is_wanted, _) => Some(is_wanted),
        },
    };
    let lock = earlier_names(&wish.crate_folder)?;
    let generated = generate(&source.capture, &plan, &lock);
    let generated = generated.map_err(|error| overlay.failure(error))?;
    if writes_overlay {
        return write_init(matches, &generated.program, |line| talk.say(line));
    }
    report_diagnostics(&talk, &generated.diagnostics);
    if matches.get_flag("strict") && generated.diagnostics.iter().any(is_warning) {
        return Err(Failure::Other {
            message: "some tools are not typed in full, and --strict is given".to_owned(),
            hint: Some("leave them out with --exclude-tools, or leave --strict out".to_owned()),
            exit: Exit::Tool,
        });
    }
    let mut made = Made {
        generated_in: started.elapsed(),
        ..Made::default()
    };
    if wish.writes_crate {
        let written = write_crate(&generated, &source.capture, &wish)?;
        made.crate_in = started.elapsed() - made.generated_in;
        made.files = Some((written.written.len(), written.unchanged));
    }
    if let Some(path) = &wish.compile {
        let profile = matches.get_one::<String>("profile").cloned();
        let options = compile::Options {
            quiet: talk.quiet,
            profile: profile.unwrap_or_else(|| "release".to_owned()),
            ..compile::Options::default()
        };
        let built = compile(&wish.crate_folder, path, &options)?;
        smoke::test(&built.binary)?;
        made.binary = Some((built.binary, built.elapsed));
    }
    if let Some(path) = &wish.bundle {
        let began = Instant::now();
        let runner = matches.get_one::<PathBuf>("runner").map(PathBuf::as_path);
        let path = bundle(&generated.program, path, runner)?;
        made.bundle = Some((path.clone(), began.elapsed()));
        if runner.is_none() {
            smoke::test(&path)?;
        }
    }
    let json = matches
        .get_one::<String>("report")
        .is_some_and(|format| format == "json");
    if json {
        print(&format!("{:#}\n", made.to_json(&generated, &wish)))?;
    } else {
        made.say(&talk, &generated, &wish);
    }
    Ok(ExitCode::SUCCESS)
}

fn write_crate(generated: &Generated, capture: &Capture, wish: &Wish) -> Result<Written, Failure> {
    let sources = sources(&generated.program);
    let files = package::files(&Package {
        name: &wish.name,
        program: &generated.program,
        sources: &sources,
        capture: &capture.to_text(),
        lock: &generated.lock.to_text(),
    });
    Ok(package::write(&wish.crate_folder, &files, wish.ownership)?)
}

/// What is to be made, and where.
struct Wish {
    name: CrateName,
    crate_folder: PathBuf,
    ownership: Ownership,
    writes_crate: bool,
    compile: Option<PathBuf>,
    bundle: Option<PathBuf>,
}

impl Wish {
    fn of(matches: &ArgMatches, name: CrateName) -> Self {
        let here = Path::new(".").join(name.as_str());
        let path = |id: &str| {
            matches.contains_id(id).then(|| {
                matches
                    .get_one::<PathBuf>(id)
                    .cloned()
                    .unwrap_or_else(|| here.clone())
            })
        };
        let (compile, bundle) = (path("compile"), path("bundle"));
        let out = matches.get_one::<PathBuf>("out").cloned();
        // A crate that nobody asked for is still made for the compiler, and kept where the next
        // generation of the same name finds it.
        let writes_crate = out.is_some() || compile.is_some() || bundle.is_none();
        let crate_folder = out.unwrap_or_else(|| match compile {
            Some(_) => compile::crate_folder(name.as_str()),
            None => here,
        });
        let ownership = if matches.get_flag("force") {
            Ownership::Forced
        } else {
            Ownership::Required
        };
        Self {
            name,
            crate_folder,
            ownership,
            writes_crate,
            compile,
            bundle,
        }
    }
}

/// The program's name: the user's, else the one of the client config, else the server's.
fn name(matches: &ArgMatches, source: &Source) -> Result<CrateName, Failure> {
    let said = server_info(&source.capture.initialize)["name"].as_str();
    let given = matches.get_one::<String>("name").cloned();
    let name = given.or_else(|| source.name.as_deref().or(said).map(kebab));
    let name = name.ok_or_else(|| {
        Failure::usage_with_hint("the program has no name", "give it one with --name NAME")
    })?;
    Ok(CrateName::new(&name)?)
}

/// The names that an earlier generation gave.
fn earlier_names(crate_folder: &Path) -> Result<Lock, Failure> {
    let path = crate_folder.join("mcpress.lock");
    match std::fs::read_to_string(&path) {
        Ok(text) => Lock::read(&text).map_err(|source| Failure::Lock { path, source }),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Lock::default())
        }
        Err(error) => Err(Failure::io(
            format!("cannot read {}", path.display()),
            error,
        )),
    }
}

fn is_warning(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Warning
}

fn report_diagnostics(talk: &Talk, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics
        .iter()
        .filter(|diagnostic| is_warning(diagnostic))
    {
        talk.note(&diagnostic.to_string());
        if let Some(hint) = &diagnostic.hint {
            talk.say(&format!("      {}", plain(hint)));
        }
    }
    let notes = diagnostics.len() - diagnostics.iter().filter(|it| is_warning(it)).count();
    if notes > 0 {
        let places = if notes == 1 { "place" } else { "places" };
        talk.note(&format!(
            "{notes} more {places} where a flag says less than the schema: --report json lists them"
        ));
    }
}

/// What is said on standard error on the way.
struct Talk {
    quiet: bool,
}

impl Talk {
    fn say(&self, line: &str) {
        if !self.quiet {
            eprintln!("{line}");
        }
    }

    fn note(&self, text: &str) {
        self.say(&format!("note: {}", plain(text)));
    }
}

/// What was made, and how long each step took.
#[derive(Default)]
struct Made {
    generated_in: Duration,
    crate_in: Duration,
    files: Option<(usize, usize)>,
    binary: Option<(PathBuf, Duration)>,
    bundle: Option<(PathBuf, Duration)>,
}

impl Made {
    fn say(&self, talk: &Talk, generated: &Generated, wish: &Wish) {
        let program = &generated.program;
        let generation = self.generated_in + self.crate_in;
        talk.say(&format!(
            "{}: {} tools, generated in {}",
            program.name,
            program.tools.len(),
            time(generation)
        ));
        if let Some((written, unchanged)) = self.files {
            let folder = wish.crate_folder.display();
            talk.say(&format!(
                "  crate   {folder} ({written} files written, {unchanged} unchanged)"
            ));
        }
        for (kind, made) in [("binary", &self.binary), ("bundle", &self.bundle)] {
            if let Some((path, took)) = made {
                talk.say(&format!(
                    "  {kind}  {} ({}, in {})",
                    path.display(),
                    size(path),
                    time(*took)
                ));
            }
        }
    }

    fn to_json(&self, generated: &Generated, wish: &Wish) -> Value {
        let product = |made: &Option<(PathBuf, Duration)>| {
            made.as_ref().map(|(path, took)| {
                json!({
                    "path": path,
                    "bytes": std::fs::metadata(path).map(|file| file.len()).ok(),
                    "ms": milliseconds(*took),
                })
            })
        };
        json!({
            "name": generated.program.name,
            "tools": generated.program.tools.len(),
            "prompts": generated.program.prompts.len(),
            "resource_templates": generated.program.templates.len(),
            "generate_ms": milliseconds(self.generated_in),
            "crate": self.files.map(|(written, unchanged)| json!({
                "path": wish.crate_folder,
                "written": written,
                "unchanged": unchanged,
                "ms": milliseconds(self.crate_in),
            })),
            "binary": product(&self.binary),
            "bundle": product(&self.bundle),
            "diagnostics": generated.diagnostics,
        })
    }
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

fn time(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

fn size(path: &Path) -> String {
    match std::fs::metadata(path) {
        #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
        Ok(file) => format!("{:.1} MB", file.len() as f64 / 1e6),
        Err(_) => "size unknown".to_owned(),
    }
}
