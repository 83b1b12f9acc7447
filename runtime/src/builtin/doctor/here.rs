//! What is on this machine: the configuration, the policy, who calls, the log of calls.

use std::cell::RefCell;

use super::report::{Report, failed};
use crate::audit;
use crate::environment;
use crate::error::{Error, Exit};
use crate::policy::Policy;
use crate::run::Run;
use crate::vault::{Finding, Verdict};

/// Why something is skipped that the configuration has a word in.
pub(super) const NO_CONFIG: &str = "the configuration cannot be read";

/// Whether the configuration can be used.
pub(super) fn config(run: &Run, report: &mut Report<'_>) -> Result<bool, Error> {
    let config = match run.config() {
        Ok(config) => config,
        Err(error) => {
            report.add(unreadable("config", &error))?;
            return Ok(false);
        }
    };
    let words = match &config.file {
        Some(file) => file.display().to_string(),
        None => match environment::config_folder(run.spec.name) {
            Some(folder) => format!("no {}", folder.join("config.toml").display()),
            None => "no home to have one in".to_owned(),
        },
    };
    report.fine("config", words)?;
    Ok(true)
}

/// The rules for calls. Without the configuration those of the other files are looked at alone.
pub(super) fn policy(
    run: &Run,
    config: bool,
    report: &mut Report<'_>,
) -> Result<Option<Policy>, Error> {
    let policy = match config {
        true => run.policy(),
        false => Policy::of(run.spec.name, None),
    };
    let policy = match policy {
        Ok(policy) => policy,
        Err(error) => {
            report.add(unreadable("policy", &error))?;
            return Ok(None);
        }
    };
    let mut words: Vec<String> = policy
        .files()
        .map(|(file, is_of_site)| match is_of_site {
            true => format!("{} (the site's)", file.display()),
            false => file.display().to_string(),
        })
        .collect();
    match policy.restricted() {
        0 => {}
        1 => words.push("1 tool by RESTRICTED_TOOLS".to_owned()),
        several => words.push(format!("{several} tools by RESTRICTED_TOOLS")),
    }
    if words.is_empty() {
        words.push("no rules".to_owned());
    }
    report.fine("policy", words.join(", "))?;
    for rule in policy.strangers(run.spec) {
        let words = format!("{}: this program has no such tool", rule.shown);
        report.add(Finding::new("policy", Verdict::Doubtful, words))?;
    }
    Ok(Some(policy))
}

/// Who calls, where anybody asks or says.
pub(super) fn identity(
    run: &Run,
    config: bool,
    policy: Option<&Policy>,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let is_given =
        run.settings.identity.is_some() || environment::identity(run.spec.name).is_some();
    let Some(policy) = policy.filter(|_| config) else {
        return match is_given {
            true => report.skip("identity", "it is not known how it is checked"),
            false => Ok(()),
        };
    };
    if !is_given && policy.identity().is_none() {
        return Ok(());
    }
    // What a token is checked with has to be there before somebody comes with one.
    let signatures = run.vaults.first().map(|vault| vault.verify);
    let warnings = RefCell::new(Vec::new());
    let warn = |words: &str| warnings.borrow_mut().push(words.to_owned());
    let section = policy.identity();
    let defects = section.map(|(section, _)| section.defects(signatures, &warn));
    let defects = defects.unwrap_or_default();
    if !defects.is_empty() {
        let hint = "nobody is known by any token: see [identity] of the policy";
        let bad = Verdict::Bad(Exit::Denied);
        let finding = Finding::new("identity", bad, defects.join("; "));
        return report.add(finding.hint(hint.to_owned()));
    }
    match (run.caller(policy), policy.without_identity()) {
        (Err(error), _) | (Ok(None), Some(error)) => report.fail("identity", &error),
        (Ok(None), None) if !warnings.borrow().is_empty() => {
            let words = warnings.borrow().join("; ");
            report.add(Finding::new("identity", Verdict::Doubtful, words))
        }
        (Ok(None), None) => report.fine("identity", "none is given, and none is needed"),
        (Ok(Some(caller)), _) => {
            let name = caller
                .subject
                .as_deref()
                .unwrap_or("somebody without a name");
            let words = match caller.roles.as_slice() {
                [] => format!("{name}, without roles"),
                roles => format!("{name}, with the roles {}", roles.join(", ")),
            };
            report.fine("identity", words)
        }
    }
}

/// Whether calls can be written down, and those that were are what was written.
pub(super) async fn audit(
    run: &Run,
    config: bool,
    policy: Option<&Policy>,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let Some(policy) = policy.filter(|_| config) else {
        let why = match config {
            true => "the policy cannot be read",
            false => NO_CONFIG,
        };
        return report.skip("audit", why);
    };
    let audit = run.audit(policy);
    let Some(log) = audit.log else {
        return report.fine("audit", "calls are not written down");
    };
    let file = log.file.display().to_string();
    let limit = super::patience(run);
    let look = tokio::task::spawn_blocking(move || {
        let written = log.is_writable();
        (written, audit::verify(&log, None))
    });
    let verify = || format!("run `{} self audit verify`", run.spec.name);
    let Ok(Ok((written, verified))) = tokio::time::timeout(limit, look).await else {
        let words = format!("{file}: it takes longer than {limit:?} to check");
        return report.add(Finding::new("audit", Verdict::Doubtful, words).hint(verify()));
    };
    let found = |verdict, words: String| Finding::new("audit", verdict, words);
    report.add(match (verified, written) {
        (Err(error), _) => found(
            Verdict::Bad(Exit::Tool),
            format!("cannot read {file}: {error}"),
        ),
        (Ok(verified), _) if !verified.findings.is_empty() => {
            let more = match verified.findings.len() {
                1 => String::new(),
                all => format!(", and {} more", all - 1),
            };
            found(
                Verdict::Bad(Exit::Tool),
                format!("{}{more}", verified.findings[0]),
            )
            .hint(verify())
        }
        (Ok(_), Err(error)) => {
            let words = format!("{file} cannot be written: {error}");
            match audit.is_required {
                true => found(Verdict::Bad(Exit::Denied), words)
                    .hint("calls have to be written down, so none is made".to_owned()),
                false => found(Verdict::Doubtful, words)
                    .hint("calls are made and not written down".to_owned()),
            }
        }
        (Ok(verified), Ok(())) => {
            let words = match verified.lines {
                0 => format!("{file}, no calls yet"),
                1 => format!("{file}, 1 call as it was written"),
                lines => format!("{file}, {lines} calls as they were written"),
            };
            found(Verdict::Fine, words)
        }
    })
}

/// A file of the user's that is not what it should be: the same as on the command line, unless nothing
/// is called for it.
fn unreadable(subject: &str, error: &Error) -> Finding {
    let exit = match error {
        Error::Denied { .. } => Exit::Denied,
        _ => Exit::Usage,
    };
    Finding {
        verdict: Verdict::Bad(exit),
        ..failed(subject, error)
    }
}
