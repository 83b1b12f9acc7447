//! The values that the server is given: where each is from, and that it is there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::here::NO_CONFIG;
use super::report::{Report, failed};
use super::within;
use crate::builtin::auth::status;
use crate::credentials::store::Store;
use crate::credentials::{self, From, Planned, plan};
use crate::error::{Error, Exit};
use crate::run::Run;
use crate::secret::Secret;
use crate::vault::{Finding, Verdict};

/// The slots of a run.
#[derive(Default)]
pub(super) struct Slots {
    /// All of them; none where it is not known which.
    pub(super) planned: Option<Vec<Planned>>,
    /// The values that are no vault's.
    pub(super) values: BTreeMap<String, Secret>,
}

/// Looks at each slot, and gets those values that no vault has.
pub(super) async fn look(run: &Run, config: bool, report: &mut Report<'_>) -> Result<Slots, Error> {
    let mut slots = Slots::default();
    if !config {
        report.skip("slots", NO_CONFIG)?;
        return Ok(slots);
    }
    let mut planned = match plan(run.spec, &run.settings.overrides, run.config()?) {
        Ok(planned) => planned,
        Err(error) => {
            report.fail("slots", &error)?;
            return Ok(slots);
        }
    };
    let store = Store::of(run.spec.name);
    let limit = super::patience(run);
    for planned in &mut planned {
        let name = planned.name.clone();
        let value = match run.settings.dry_run {
            true => None,
            false => {
                let value = async {
                    credentials::identify(planned, Some(limit)).await?;
                    credentials::value(&store, planned, Some(limit)).await
                };
                Some(within(&name, limit, value).await)
            }
        };
        report.add(finding(run, planned, value.as_ref()))?;
        if let Some(Ok(Some(value))) = value {
            slots.values.insert(planned.name.clone(), value);
        }
    }
    slots.planned = Some(planned);
    Ok(slots)
}

/// How a slot is, by what came of getting its value, if that was tried.
fn finding(run: &Run, planned: &Planned, value: Option<&Result<Option<Secret>, Error>>) -> Finding {
    let subject = format!("slot {}", planned.name);
    let slot = status::slot(planned);
    let mut words = status::words(&slot);
    let mut finding = match (value, &planned.from) {
        (Some(Err(error)), _) => {
            let exit = match error.exit() {
                Exit::Timeout => Exit::Timeout,
                _ => Exit::Credential,
            };
            Finding {
                verdict: Verdict::Bad(exit),
                ..failed(&subject, error)
            }
        }
        (_, From::Vault { .. }) if run.vaults.is_empty() => {
            let words = format!("{words}: this program was made without a vault");
            Finding::new(subject, Verdict::Bad(Exit::Usage), words)
                .hint("generate it again with --broker".to_owned())
        }
        (_, From::Nowhere) | (Some(Ok(None)), From::Keychain | From::Store(_)) => {
            let is_named = !matches!(planned.from, From::Nowhere);
            if is_named {
                words.push_str(", where it is not");
            }
            let verdict = match (planned.required, is_named) {
                (true, _) => Verdict::Bad(Exit::Credential),
                (false, true) => Verdict::Doubtful,
                (false, false) => Verdict::Fine,
            };
            let missing = Error::MissingSlots {
                program: run.spec.name.to_owned(),
                slots: vec![planned.missing()],
            };
            let hint = missing.hint().filter(|_| verdict != Verdict::Fine);
            Finding::new(subject, verdict, words).hint(hint)
        }
        _ => Finding::new(subject, Verdict::Fine, words),
    };
    if let Value::Object(details) = slot {
        let details = details.into_iter().filter(|(name, _)| name != "name");
        finding.details.extend(details);
    }
    if finding.verdict != Verdict::Fine {
        finding.details.insert("set".to_owned(), false.into());
    }
    finding
}
