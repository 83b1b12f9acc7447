//! The text of a policy, and the rules that it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::selector::Selector;
use crate::audit;
use crate::config::{line_of, refused};
use crate::error::Error;
use crate::identity;

/// `policy.toml` as a whole, or `[policy]` of the configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Section {
    allow: Option<Spanned<Vec<Spanned<String>>>>,
    deny: Vec<Spanned<String>>,
    confirm: Vec<Spanned<String>>,
    read_only: Option<Spanned<bool>>,
    forbid_yes: Option<Spanned<bool>>,
    limits: Limits,
    roles: BTreeMap<String, Spanned<Section>>,
    identity: Option<Spanned<identity::Section>>,
    audit: Option<audit::Section>,
}

/// `[limits]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Limits {
    per_minute: Option<Spanned<u16>>,
    at_once: Option<Spanned<u16>>,
}

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
    /// The layer that a section of a file is.
    ///
    /// # Errors
    ///
    /// What is wrong in it, with the file, the line and the key.
    pub(crate) fn of(file: &Path, text: &str, section: Section) -> Result<Self, Error> {
        let source = Source { file, text };
        let mut layer = Self {
            file: file.to_owned(),
            rules: source.rules(&section)?,
            ..Self::default()
        };
        for (name, role) in section.roles {
            let at = role.span().start;
            let role = role.into_inner();
            if !role.roles.is_empty() || role.identity.is_some() || role.audit.is_some() {
                let words = format!("`roles.{name}`: a role has rules and limits alone");
                return Err(refused(file, text, at, &words));
            }
            layer.roles.insert(name, source.rules(&role)?);
        }
        if let Some(identity) = section.identity {
            let line = source.at(identity.span().start);
            let at = identity.span().start;
            let mut identity = identity.into_inner();
            identity
                .settle(file)
                .map_err(|words| refused(file, text, at, &format!("`identity`: {words}")))?;
            layer.wants_identity = identity
                .required
                .then(|| format!("{line}: identity.required = true"));
            layer.identity = Some(identity);
        }
        if let Some(mut audit) = section.audit {
            audit.settle(file);
            layer.audit = Some(audit);
        }
        Ok(layer)
    }
}

/// The text that rules are read from.
struct Source<'a> {
    file: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn rules(&self, section: &Section) -> Result<Rules, Error> {
        let list = |name: &'static str, rules: &[Spanned<String>]| -> Result<Vec<Rule>, Error> {
            let rule = |rule: &Spanned<String>| self.rule(name, rule);
            rules.iter().map(rule).collect()
        };
        let switch = |name: &str, switch: &Option<Spanned<bool>>, selector: Selector| {
            let switch = switch.as_ref().filter(|switch| *switch.get_ref())?;
            Some(Rule {
                shown: format!("{}: {name} = true", self.at(switch.span().start)),
                selector,
            })
        };
        let limit = |name: &str, limit: &Option<Spanned<u16>>| {
            let limit = limit.as_ref()?;
            let (most, at) = (*limit.get_ref(), self.at(limit.span().start));
            let rule = Rule {
                shown: format!("{at}: limits.{name} = {most}"),
                selector: Selector::Every,
            };
            Some((most, rule))
        };
        let mut rules = Rules {
            allow: match &section.allow {
                Some(allow) => Some(list("allow", allow.get_ref())?),
                None => None,
            },
            deny: list("deny", &section.deny)?,
            confirm: list("confirm", &section.confirm)?,
            forbid_yes: switch("forbid_yes", &section.forbid_yes, Selector::Every),
            per_minute: limit("per_minute", &section.limits.per_minute),
            at_once: limit("at_once", &section.limits.at_once),
        };
        let others = Selector::Effect(crate::spec::Effect::ReadOnly, false);
        rules
            .deny
            .extend(switch("read_only", &section.read_only, others));
        Ok(rules)
    }

    fn rule(&self, list: &str, rule: &Spanned<String>) -> Result<Rule, Error> {
        let (start, text) = (rule.span().start, rule.get_ref());
        let selector = Selector::read(text)
            .map_err(|words| refused(self.file, self.text, start, &format!("`{list}`: {words}")))?;
        Ok(Rule {
            shown: format!("{}: {list} \"{text}\"", self.at(start)),
            selector,
        })
    }

    /// A place of the file: `FILE:LINE`.
    fn at(&self, place: usize) -> String {
        format!("{}:{}", self.file.display(), line_of(self.text, place))
    }
}
