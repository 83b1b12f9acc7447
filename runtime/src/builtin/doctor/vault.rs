//! The vault, where a slot is filled from one: the key to it, itself, its clock, and the grants that the
//! configuration names.

use std::sync::Arc;

use super::report::Report;
use super::slots::Slots;
use super::within;
use crate::credentials::{self, From, Planned};
use crate::error::Error;
use crate::run::Run;
use crate::vault::{Broker, Finding, Grant};

/// Looks at the vault, and gives it for the server's sake if there is anything to be had of it.
pub(super) async fn look(
    run: &Run,
    slots: &Slots,
    report: &mut Report<'_>,
) -> Result<Option<Arc<dyn Broker>>, Error> {
    if run.vaults.is_empty() {
        return Ok(None);
    }
    let Some(planned) = &slots.planned else {
        report.skip("vault", "it is not known whether a slot is filled from it")?;
        return Ok(None);
    };
    if !planned.iter().any(is_of_vault) {
        return Ok(None);
    }
    let grants = credentials::grants(planned);
    if run.settings.dry_run {
        return skip(
            &["key", "backend", "clock"],
            &grants,
            "--dry-run asks nobody",
            report,
        );
    }
    let limit = super::patience(run);
    let broker = match within("the key to the vault", limit, run.silent_broker()).await {
        Ok(broker) => broker,
        // The key is looked at first.
        Err(error @ Error::Usage { .. }) => {
            report.fine("key", "its shape is right")?;
            report.fail("backend", &error)?;
            return skip(&["clock"], &grants, "the vault is not known", report);
        }
        Err(error) => {
            report.fail("key", &error)?;
            let why = "there is no key to ask the vault with";
            return skip(&["backend", "clock"], &grants, why, report);
        }
    };
    let examined = within("the vault", limit, async {
        Ok(broker.examine(grants.clone()).await)
    });
    let findings = match examined.await {
        Ok(findings) => findings,
        Err(error) => {
            report.fine("key", "its shape is right")?;
            report.fail("backend", &error)?;
            return skip(&["clock"], &grants, "the vault does not answer", report);
        }
    };
    tell(findings, &grants, report)?;
    Ok(Some(broker))
}

/// Whether a slot is filled from a vault.
pub(super) fn is_of_vault(planned: &Planned) -> bool {
    matches!(planned.from, From::Vault { .. })
}

/// Tells what was found, and what was not come to.
fn tell(findings: Vec<Finding>, grants: &[Grant], report: &mut Report<'_>) -> Result<(), Error> {
    let is_bad = |subject: &str| {
        let mut findings = findings.iter();
        findings.any(|finding| finding.subject == subject && finding.verdict.is_bad())
    };
    let why = match (is_bad("key"), is_bad("backend")) {
        (true, _) => "the key is not taken",
        (false, true) => "the vault does not answer",
        (false, false) => "the vault says nothing of it",
    };
    let has_clock = findings.iter().any(|finding| finding.subject == "clock");
    let (of_grants, own): (Vec<_>, Vec<_>) = findings.into_iter().partition(Finding::is_of_grant);
    let looked_at = of_grants.len().min(grants.len());
    for finding in own {
        report.add(finding)?;
    }
    if !has_clock {
        report.skip("clock", why)?;
    }
    for finding in of_grants {
        report.add(finding)?;
    }
    for grant in &grants[looked_at..] {
        report.skip(&grant.subject(), why)?;
    }
    Ok(())
}

fn skip(
    subjects: &[&str],
    grants: &[Grant],
    why: &str,
    report: &mut Report<'_>,
) -> Result<Option<Arc<dyn Broker>>, Error> {
    for subject in subjects {
        report.skip(subject, why)?;
    }
    for grant in grants {
        report.skip(&grant.subject(), why)?;
    }
    Ok(None)
}
