//! The server: that it starts or is reached, what it speaks, and whether its tools are what they were.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::report::{Report, failed};
use super::slots::Slots;
use super::within;
use crate::client::Client;
use crate::credentials::{Filled, From};
use crate::drift::report::{Counts, Mode};
use crate::drift::{again, compare};
use crate::environment;
use crate::error::{Error, Exit};
use crate::run::Run;
use crate::spec::Tool;
use crate::transport::{Action, Connector, Endpoint, Remote};
use crate::vault::{Broker, Finding, Verdict, Want};

/// The server that the program is for.
const SERVER: &str = "server";

/// How long it is waited for the vault to take note of what was done.
const PARTING: Duration = Duration::from_secs(10);

/// Looks at the server, if all is there that it is given.
pub(super) async fn look(
    run: &Run,
    slots: Slots,
    broker: Option<Arc<dyn Broker>>,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let fallback = fallback(run);
    if let Some(why) = in_the_way(run, &slots, broker.is_some(), report) {
        skip(&["server", "protocol", "drift"], &why, report)?;
        return match fallback {
            Some(_) => report.skip("fallback", &why),
            None => Ok(()),
        };
    }
    let filled = match filled(run, slots, broker.clone()).await {
        Ok(filled) => Some(filled),
        Err(error) => {
            report.fail(SERVER, &error)?;
            None
        }
    };
    let mut greeted = None;
    if let Some(filled) = &filled {
        let (client, finding) = greet(SERVER, run, filled).await;
        report.add(finding)?;
        greeted = client;
    }
    let is_there = greeted.is_some();
    match greeted {
        Some(mut client) => {
            protocol(run, client.revision(), report)?;
            drift(run, &mut client, report).await?;
            client.close().await;
        }
        None => skip(&["protocol", "drift"], "the server is not there", report)?,
    }
    match (&fallback, &filled) {
        (Some(other), Some(filled)) => stand_in(other, filled, is_there, report).await?,
        (Some(_), None) => report.skip("fallback", "it is not known what it is given")?,
        (None, _) => {}
    }
    let Some(broker) = broker else {
        return Ok(());
    };
    let closed = within("the vault's records", PARTING, async {
        Ok(broker.close().await)
    });
    match closed.await {
        Ok(None) => Ok(()),
        Ok(Some(error)) | Err(error) => report.fail("vault", &error),
    }
}

/// What has to be mended before the server can be looked at.
fn in_the_way(run: &Run, slots: &Slots, has_broker: bool, report: &Report<'_>) -> Option<String> {
    let Some(planned) = &slots.planned else {
        return Some("it is not known what the server is given".to_owned());
    };
    if run.settings.dry_run {
        return Some("--dry-run starts nothing".to_owned());
    }
    let of_vault =
        |subject: &str| matches!(subject, "key" | "backend") || subject.starts_with("grant ");
    let bad = report.first_bad(|subject| subject.starts_with("slot ") || of_vault(subject));
    if let Some(subject) = bad {
        return Some(format!("see {subject}"));
    }
    let wants_vault = planned.iter().any(super::vault::is_of_vault);
    (wants_vault && !has_broker).then(|| "there is no vault".to_owned())
}

fn skip(subjects: &[&str], why: &str, report: &mut Report<'_>) -> Result<(), Error> {
    subjects
        .iter()
        .try_for_each(|subject| report.skip(subject, why))
}

/// The run that asks the fallback, if there is one.
fn fallback(run: &Run) -> Option<Run> {
    let config = run.config().ok()?;
    run.fallback(&run.settings.resilience.over(config, &run.settings))
}

/// Looks at the server that is asked where the first is not there. As long as that is, calls are
/// answered without it.
async fn stand_in(
    other: &Run,
    filled: &Filled,
    is_first_there: bool,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let (client, mut finding) = greet("fallback", other, &filled.for_another()).await;
    if let Some(client) = client {
        client.close().await;
    }
    if finding.verdict.is_bad() && is_first_there {
        finding.verdict = Verdict::Doubtful;
    }
    report.add(finding)
}

/// Starts or reaches a server and greets it.
async fn greet(subject: &str, run: &Run, filled: &Filled) -> (Option<Client>, Finding) {
    let endpoint = match endpoint(run, filled) {
        Ok(endpoint) => endpoint,
        Err(error) => return (None, failed(subject, &error)),
    };
    let signed_in = signed_in(run, &endpoint).await;
    let start = Instant::now();
    let reached = reach(run, &endpoint).await;
    let time = start.elapsed();
    let (client, mut finding) = match reached {
        Ok(client) => {
            let words = match &endpoint {
                Endpoint::Stdio(launch) => {
                    format!("`{}` starts and greets in {time:.1?}", launch.command)
                }
                Endpoint::Http(remote) => {
                    format!("{} answers in {time:.1?}", remote.address())
                }
            };
            (Some(client), Finding::new(subject, Verdict::Fine, words))
        }
        Err(error) => {
            let mut finding = failed(subject, &error);
            let is_open = subject == SERVER && signed_in.is_some();
            if let (Error::Unauthorized { .. }, true) = (&error, is_open) {
                finding.hint = Some(format!("run `{} auth login`", run.spec.name));
            }
            (None, finding)
        }
    };
    if let Some((words, sign_in)) = signed_in {
        finding.words = format!("{}; {words}", finding.words);
        finding.details.extend(sign_in);
    }
    if client.is_some() {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        finding.details.insert("ms".to_owned(), time.into());
    }
    (client, finding)
}

/// All that a server is given.
async fn filled(run: &Run, slots: Slots, broker: Option<Arc<dyn Broker>>) -> Result<Filled, Error> {
    let wants = slots.planned.into_iter().flatten();
    let wants: Vec<Want> = wants
        .filter_map(|planned| match planned.from {
            From::Vault(what) => Some(Want {
                slot: planned.name,
                what,
            }),
            _ => None,
        })
        .collect();
    let mut filled = Filled {
        values: slots.values,
        headers: Vec::new(),
        broker,
    };
    if let Some(broker) = &filled.broker {
        let supplied = within("the vault", super::patience(run), broker.supply(wants)).await?;
        filled.values.extend(supplied.values);
        filled.headers = supplied.headers;
    }
    Ok(filled)
}

/// Where a server is, with all that it is given.
fn endpoint(run: &Run, filled: &Filled) -> Result<Endpoint, Error> {
    let overrides = &run.settings.overrides;
    let mut endpoint = environment::endpoint(run.spec, overrides, filled, &run.context)?;
    if let Endpoint::Http(remote) = &mut endpoint {
        remote.authorization.person = false;
        remote.authorization.only_signed_in = true;
    }
    Ok(endpoint)
}

/// Whether somebody is signed in to a remote server, in words and for programs; none where a header of
/// the caller's does it.
async fn signed_in(run: &Run, endpoint: &Endpoint) -> Option<(String, Map<String, Value>)> {
    let Endpoint::Http(remote) = endpoint else {
        return None;
    };
    let connector = Connector::that_reaches(endpoint, run.connectors).ok()?;
    let is_given = |(name, _): &(String, _)| name.eq_ignore_ascii_case("authorization");
    if remote.headers.iter().any(is_given) || remote.url.starts_with("unix:") {
        return None;
    }
    let status = (connector.authorize?)(Remote::clone(remote), Action::Status);
    let status = match within("the sign-in", super::patience(run), status).await {
        Ok(status) => status,
        Err(error) => return Some((error.to_string(), Map::new())),
    };
    let is_signed_in = status["signed_in"] == true;
    let mut words = match is_signed_in {
        true => "signed in".to_owned(),
        false => "not signed in".to_owned(),
    };
    let mut details = Map::from_iter([("signed_in".to_owned(), is_signed_in.into())]);
    if let Some(expires) = status["expires"].as_str() {
        let renewed = match status["refreshed"] {
            Value::Bool(true) => ", refreshed by itself",
            _ => "",
        };
        words = format!("{words} until {expires}{renewed}");
        details.insert("expires".to_owned(), expires.into());
    }
    Some((words, details))
}

/// A connection that the server has shown to be there.
async fn reach(run: &Run, endpoint: &Endpoint) -> Result<Client, Error> {
    let limits = run.settings.limits();
    let mut client = Client::connect(
        endpoint.clone(),
        run.connectors,
        run.introduction(),
        limits,
        Arc::new(run.host()?),
    )
    .await?;
    // One that was met before has been asked nothing yet.
    let greeted = within("the greeting", limits.start, async {
        client.greeting().await.map(drop)
    });
    greeted.await?;
    Ok(client)
}

/// Compares the revision that is spoken with the one that was, when the program was made.
fn protocol(run: &Run, spoken: &str, report: &mut Report<'_>) -> Result<(), Error> {
    let then = run.spec.server.protocol;
    let is_other = spoken != then && !then.is_empty();
    if !is_other {
        return report.fine("protocol", spoken);
    }
    if run.settings.protocol.is_some() {
        return report.fine("protocol", format!("{spoken}, as it is asked for"));
    }
    let words = format!("{spoken}, and it was {then} when the program was made");
    report.add(
        Finding::new("protocol", Verdict::Doubtful, words)
            .hint(format!("generate it again: {}", again(run.spec))),
    )
}

/// Compares the tools with those that the program was made from.
async fn drift(run: &Run, client: &mut Client, report: &mut Report<'_>) -> Result<(), Error> {
    let listing = within(
        "tools/list",
        super::patience(run),
        client.list("tools/list", "tools"),
    );
    let now = match listing.await {
        Ok(now) => now,
        Err(error) => return report.fail("drift", &error),
    };
    let known: Vec<Value> = run.spec.tools.iter().map(Tool::said).collect();
    let counts = Counts::of(&compare(&known, &now.items));
    let mut words = counts.to_string();
    if let Some(note) = now.note {
        words = format!("{words}; the server's {note}");
    }
    let (verdict, hint) = match (
        counts.are_drift(Mode::Compatible),
        counts.are_drift(Mode::Strict),
    ) {
        (true, _) => (
            Verdict::Bad(Exit::Protocol),
            Some(format!("generate it again: {}", again(run.spec))),
        ),
        (false, true) => (
            Verdict::Doubtful,
            Some(format!("`{} self check` shows them", run.spec.name)),
        ),
        (false, false) => (Verdict::Fine, None),
    };
    let details = [
        ("breaking", counts.breaking),
        ("compatible", counts.compatible),
        ("descriptions", counts.descriptions),
    ];
    let details = details.map(|(name, count)| (name.to_owned(), Value::from(count)));
    report.add(Finding {
        details: details.into_iter().collect(),
        ..Finding::new("drift", verdict, words).hint(hint)
    })
}
