//! How the key, the vault and the grants of a configuration are.

use serde_json::{Map, Value};

use super::address::shown;
use super::client::Alter;
use super::clock;
use super::endpoints::Holder;
use super::grants::Listed;
use super::key;
use super::refusal::{Kind, Refusal, SKEW, command};
use crate::clock::seconds;
use crate::error::Exit;
use crate::secret::Secret;
use crate::vault::{Address, Finding, Grant, Verdict};

/// How many seconds before its end a grant is worth a word.
const SOON: i64 = 7 * 24 * 3600;

/// What a user, or the key itself, can use.
type List<'a> = (Option<&'a Secret>, Result<Vec<Listed>, Refusal>);

/// Looks at everything, and asks for no credential.
pub(super) async fn examine(alter: &Alter, wanted: &[Grant]) -> Vec<Finding> {
    let holder = alter.holder().await;
    let clock = alter.skew().map(self::clock);
    let is_of_use = !matches!(
        &holder,
        Err(refusal) if matches!(refusal.kind, Kind::NoConnection | Kind::TimedOut)
            || refusal.status == Some(401)
    );
    let grants = match is_of_use {
        true => grants(alter, wanted, &holder).await,
        false => Vec::new(),
    };
    // That a key was replaced is said with some answers and not with others: all are heard first.
    let mut findings = vec![key(alter, &holder), backend(alter, &holder)];
    findings.extend(clock);
    findings.extend(grants);
    findings
}

/// Looks at the grants, and lists them once a user.
async fn grants(alter: &Alter, wanted: &[Grant], holder: &Result<Holder, Refusal>) -> Vec<Finding> {
    let mut findings = Vec::with_capacity(wanted.len());
    let mut listed: Vec<List<'_>> = Vec::new();
    for grant in wanted {
        let user = grant.user_token.as_ref();
        if !listed.iter().any(|(of, _)| *of == user) {
            listed.push((user, alter.grants(None, user).await));
        }
        let Some((_, list)) = listed.iter().find(|(of, _)| *of == user) else {
            continue;
        };
        findings.push(match list {
            Ok(list) => self::grant(alter, grant, list, holder),
            Err(refusal) => unlisted(grant, refusal),
        });
    }
    findings
}

/// A refusal as it was found.
fn refused(subject: impl Into<String>, refusal: &Refusal) -> Finding {
    let fault = refusal.fault();
    Finding::new(subject, Verdict::Bad(fault.exit), fault.message).hint(fault.hint)
}

fn key(alter: &Alter, holder: &Result<Holder, Refusal>) -> Finding {
    let kind = key::kind(alter.key().expose()).map_or("no key", key::Kind::words);
    let fine = |words: String| match alter.is_deprecated() {
        false => Finding::new("key", Verdict::Fine, words),
        true => Finding::new(
            "key",
            Verdict::Doubtful,
            format!("{words}; it was replaced, and will soon work no longer"),
        )
        .hint("give the new key".to_owned()),
    };
    match holder {
        Ok(Holder::Application) if kind == key::Kind::Runtime.words() => fine(kind.to_owned()),
        Ok(Holder::Application) => fine(format!("{kind}, of an application")),
        Ok(Holder::Agent { name, status, .. }) if status == "active" => {
            fine(format!("{kind}, of the agent `{name}`"))
        }
        Ok(Holder::Agent { name, status, .. }) => Finding::new(
            "key",
            Verdict::Bad(Exit::Denied),
            format!("{kind}, of the agent `{name}`, which is {status}"),
        ),
        Err(refusal) if refusal.status == Some(401) => refused("key", refusal),
        Err(_) => Finding::new("key", Verdict::Fine, format!("{kind}, by its shape")),
    }
}

fn backend(alter: &Alter, holder: &Result<Holder, Refusal>) -> Finding {
    let address = shown(alter.address());
    match holder {
        Err(refusal) if refusal.status != Some(401) => refused("backend", refusal),
        _ => Finding::new("backend", Verdict::Fine, format!("{address} answers")),
    }
}

fn clock(skew: i64) -> Finding {
    let by = skew.unsigned_abs();
    let side = if skew > 0 { "ahead of" } else { "behind" };
    match by {
        0..=SKEW => Finding::new(
            "clock",
            Verdict::Fine,
            format!("within {SKEW} s of the vault's"),
        ),
        _ => Finding::new(
            "clock",
            Verdict::Doubtful,
            format!("{by} s {side} the vault's"),
        )
        .hint("set this machine's clock: requests are refused if it is too wrong".to_owned()),
    }
}

fn unlisted(grant: &Grant, refusal: &Refusal) -> Finding {
    match refusal.kind {
        Kind::InsufficientScope => Finding::new(
            grant.subject(),
            Verdict::Doubtful,
            "the key cannot list grants",
        )
        .hint("a key with the scope grants:read can tell".to_owned()),
        _ => refused(grant.subject(), refusal),
    }
}

/// How one grant is, of those that there are.
fn grant(
    alter: &Alter,
    grant: &Grant,
    list: &[Listed],
    holder: &Result<Holder, Refusal>,
) -> Finding {
    // Without a user an application's key is good for its own grants alone.
    let is_own = |listed: &Listed| {
        let is_application = matches!(holder, Ok(Holder::Application));
        !is_application || grant.user_token.is_some() || listed.principal == "system"
    };
    let found: Vec<&Listed> = list
        .iter()
        .filter(|listed| match &grant.by {
            Address::Id(id) => listed.id == *id,
            Address::Provider {
                provider,
                account,
                label,
            } => {
                let is_asked =
                    |asked: &Option<String>, is: &Option<String>| asked.is_none() || asked == is;
                is_own(listed)
                    && listed.provider == *provider
                    && is_asked(account, &listed.account)
                    && is_asked(label, &listed.label)
            }
        })
        .collect();
    let connect = |provider: &str| {
        Some(format!(
            "run `{}`",
            command(&alter.program, &["auth", "connect", provider])
        ))
    };
    let bad = |exit, words: String, hint: Option<String>| {
        Finding::new(grant.subject(), Verdict::Bad(exit), words).hint(hint)
    };
    let [found] = found[..] else {
        let (status, finding) = match (&grant.by, found.len()) {
            (Address::Provider { provider, .. }, 0) => {
                let words = "the vault has none that this key can use".to_owned();
                ("missing", bad(Exit::Credential, words, connect(provider)))
            }
            (Address::Id(_), 0) => {
                let words = "the vault has no such grant for this key".to_owned();
                ("missing", bad(Exit::Credential, words, None))
            }
            (_, several) => {
                let words = format!("there are {several} of it");
                let hint = "name one by `account`, `label` or `grant_id`".to_owned();
                ("ambiguous", bad(Exit::Usage, words, Some(hint)))
            }
        };
        return Finding {
            details: Map::from_iter([("status".to_owned(), status.into())]),
            ..finding
        };
    };
    let now = i64::try_from(clock::now()).unwrap_or(i64::MAX);
    let left = found.ends.map(|end| end.saturating_sub(now));
    let hint = connect(&found.provider);
    let found_to_be = |finding: Finding| Finding {
        details: details(found),
        ..finding
    };
    let again = |words: String| found_to_be(bad(Exit::Credential, words, hint.clone()));
    if found.status != "active" {
        return again(format!("it is {}", found.status));
    }
    if left.is_some_and(|left| left <= 0) {
        return again("it has expired".to_owned());
    }
    if found.needs_reconnect || found.scope_mismatch {
        return again("it has to be connected again".to_owned());
    }
    if let Some(left) = left.filter(|left| *left < SOON) {
        let words = format!("it ends in {} h", left / 3600);
        return found_to_be(Finding::new(grant.subject(), Verdict::Doubtful, words).hint(hint));
    }
    let mut words = vec!["active".to_owned()];
    words.extend(found.account.clone());
    words.extend(found.label.as_ref().map(|label| format!("label `{label}`")));
    words.extend(
        found
            .api_base_url
            .as_ref()
            .map(|url| format!("its API at {url}")),
    );
    if found.is_delegated {
        words.push("delegated, so used through the vault alone (mode = \"forward\")".to_owned());
    }
    found_to_be(Finding::new(
        grant.subject(),
        Verdict::Fine,
        words.join(", "),
    ))
}

/// What is known of a grant that there is, for programs.
fn details(found: &Listed) -> Map<String, Value> {
    let mut details = Map::from_iter([("status".to_owned(), found.status.clone().into())]);
    if !found.scopes.is_empty() {
        details.insert("scopes".to_owned(), found.scopes.clone().into());
    }
    if let Some(ends) = found.ends {
        details.insert("expires".to_owned(), seconds(ends).into());
    }
    details
}
