//! The text of a policy, and the rules that it is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::selector::Selector;
use crate::audit;
use crate::config::{Place, Table};
use crate::error::Error;
use crate::identity;
use crate::spec::Effect;

/// A rule, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// `FILE:LINE: deny "drop_*"`.
    pub(crate) shown: String,
    pub(crate) selector: Selector,
}

/// Rules that hold together: those for everybody, or those of a role.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    pub(super) allow: Option<Vec<Rule>>,
    pub(super) deny: Vec<Rule>,
    pub(super) confirm: Vec<Rule>,
    pub(super) forbid_yes: Option<Rule>,
    pub(super) per_minute: Option<(u16, Rule)>,
    pub(super) at_once: Option<(u16, Rule)>,
}

/// What one file or section says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layer {
    /// Where, for people.
    pub(super) file: PathBuf,
    /// Whether it is the site's, which the user cannot change.
    pub(super) is_of_site: bool,
    pub(super) rules: Rules,
    pub(super) roles: BTreeMap<String, Rules>,
    pub(super) identity: Option<identity::Section>,
    /// Whether nobody may call who is not known, and where that is said.
    pub(super) wants_identity: Option<String>,
    pub(super) audit: Option<audit::Section>,
}

impl Layer {
    /// Reads `policy.toml` as a whole, or `[policy]` of the configuration.
    ///
    /// # Errors
    ///
    /// What is wrong in it, with the file, the line and the key.
    pub(crate) fn read(mut table: Table<'_>) -> Result<Self, Error> {
        let mut layer = Self {
            file: table.file().to_owned(),
            rules: Rules::read(&mut table)?,
            ..Self::default()
        };
        if let Some(mut roles) = table.table("roles")? {
            for name in roles.keys() {
                if let Some(mut role) = roles.table(&name)? {
                    layer.roles.insert(name, Rules::read(&mut role)?);
                    role.end()?;
                }
            }
        }
        if let Some(identity) = table.table("identity")? {
            let place = identity.here().shown();
            let identity = identity::Section::read(identity)?;
            layer.wants_identity = identity
                .required
                .then(|| format!("{place}: identity.required = true"));
            layer.identity = Some(identity);
        }
        layer.audit = table
            .table("audit")?
            .map(audit::Section::read)
            .transpose()?;
        table.end()?;
        Ok(layer)
    }
}

impl Rules {
    /// The rules of its lists.
    pub(super) fn named(&self) -> impl Iterator<Item = &Rule> {
        let allow = self.allow.iter().flatten();
        allow.chain(&self.deny).chain(&self.confirm)
    }

    /// Reads the rules of a table, which may have more in it.
    fn read(table: &mut Table<'_>) -> Result<Self, Error> {
        let mut deny = list(table, "deny")?.unwrap_or_default();
        let others = Selector::Effect(Effect::ReadOnly, false);
        deny.extend(switch(table, "read_only", others)?);
        let mut rules = Self {
            allow: list(table, "allow")?,
            deny,
            confirm: list(table, "confirm")?.unwrap_or_default(),
            forbid_yes: switch(table, "forbid_yes", Selector::Every)?,
            per_minute: None,
            at_once: None,
        };
        if let Some(mut limits) = table.table("limits")? {
            rules.per_minute = limit(&mut limits, "per_minute")?;
            rules.at_once = limit(&mut limits, "at_once")?;
            limits.end()?;
        }
        Ok(rules)
    }
}

/// The rules of a list.
fn list(table: &mut Table<'_>, key: &str) -> Result<Option<Vec<Rule>>, Error> {
    let Some(texts) = table.texts(key)? else {
        return Ok(None);
    };
    let rules = texts.into_iter().map(|(text, place)| {
        let selector = Selector::read(&text)
            .map_err(|words| place.refused(&format!("`{}`: {words}", table.name(key))))?;
        Ok(rule(place, &format!("{key} \"{text}\""), selector))
    });
    rules.collect::<Result<_, _>>().map(Some)
}

/// The rule that a switch is, if it is on.
fn switch(table: &mut Table<'_>, key: &str, selector: Selector) -> Result<Option<Rule>, Error> {
    let is_on = table.switch(key)?.unwrap_or(false);
    let place = table.place(key);
    Ok(is_on.then(|| rule(place, &format!("{key} = true"), selector)))
}

fn limit(table: &mut Table<'_>, key: &str) -> Result<Option<(u16, Rule)>, Error> {
    let most = table.number(key, u16::MAX.into())?;
    let place = table.place(key);
    if most == Some(0) {
        return Err(table.refused(key, "0 allows no call at all, which is `deny = [\"*\"]`"));
    }
    let limit = most.and_then(|most| {
        let shown = format!("limits.{key} = {most}");
        Some((most.try_into().ok()?, rule(place, &shown, Selector::Every)))
    });
    Ok(limit)
}

fn rule(place: Place<'_>, words: &str, selector: Selector) -> Rule {
    Rule {
        shown: format!("{}: {words}", place.shown()),
        selector,
    }
}
