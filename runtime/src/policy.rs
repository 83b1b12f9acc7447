//! What may be called: the rules of the site and of the user, and who they are for.
//!
//! ```text
//! /etc/mcpress/PROGRAM/policy.toml ─┐ the site's: nothing in the caller's
//! /etc/mcpress/policy.toml ─────────┤ environment turns them off
//! CONFIG/PROGRAM/policy.toml ───────┼──▶ decide(tool, who calls) ──▶ refused, by which rule
//! CONFIG/PROGRAM/config.toml ───────┤                          └──▶ allowed, confirmed, within limits
//! RESTRICTED_TOOLS ─────────────────┘
//! ```
//!
//! A call must pass each of these by itself, so that none can allow what another forbids. Within one,
//! `deny` goes before `allow`; where it allows anything at all, what is not allowed is refused. The
//! rules of the roles that the caller has are added to those for everybody.
//!
//! It is decided by the tool's name and marks alone, before arguments are read, before a credential is
//! looked at, and before a server is started. The marks are the server's own words, unless the user
//! said otherwise when the program was made: a rule about them is only as good as they are.

mod limits;
mod section;
mod selector;
#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(crate) use limits::{Limits, REACHED};
pub(crate) use section::{Layer, Rule};
pub(crate) use selector::{Selector, Subject, matches_name};

use crate::audit;
use crate::config::Table;
use crate::environment;
use crate::error::Error;
use crate::identity::{self, Caller};
use crate::spec::{Effect, Tool};
use section::Rules;

/// The rules of the site are here, for one program and for all.
const SITE: &str = match cfg!(windows) {
    true => r"C:\ProgramData\mcpress",
    false => "/etc/mcpress",
};

/// The file with rules in any of the folders.
const FILE: &str = "policy.toml";

/// The word for a refusal in the JSON error line.
pub(crate) const DENIED: &str = "policy_denied";

/// All rules for a program.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    /// What goes before first.
    layers: Vec<Layer>,
    restricted: Vec<Rule>,
}

/// What is to be seen to before a call is made that may be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Admission {
    /// The rule that names the tool among those allowed, if one does.
    pub(crate) rule: Option<String>,
    /// Why somebody has to agree to it first.
    pub(crate) confirm: Option<String>,
    /// The rule by which only a person can.
    pub(crate) by_person: Option<String>,
    pub(crate) per_minute: Option<(u16, String)>,
    pub(crate) at_once: Option<(u16, String)>,
}

impl Policy {
    /// The rules for a program, those of its configuration among them.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or understood: a rule that is not understood is not skipped.
    pub(crate) fn of(program: &str, configured: Option<&Layer>) -> Result<Self, Error> {
        let site = Path::new(SITE);
        let site = [site.join(environment::file_name(program)), site.to_owned()];
        let user = environment::config_folder(program);
        let mut policy = Self::read(&site, user.as_deref(), configured)?;
        let restricted = environment::restricted_tools().unwrap_or_default();
        policy.restricted = restrictions(&restricted).collect();
        Ok(policy)
    }

    fn read(
        site: &[PathBuf],
        user: Option<&Path>,
        configured: Option<&Layer>,
    ) -> Result<Self, Error> {
        let mut layers = Vec::new();
        for folder in site {
            if let Some(mut layer) = read(&folder.join(FILE))? {
                layer.is_of_site = true;
                layers.push(layer);
            }
        }
        if let Some(user) = user {
            layers.extend(read(&user.join(FILE))?);
        }
        layers.extend(configured.cloned());
        Ok(Self {
            layers,
            restricted: Vec::new(),
        })
    }

    /// How it is known who calls, and whether that is the site's word. The site's goes first, and for
    /// everything.
    pub(crate) fn identity(&self) -> Option<(&identity::Section, bool)> {
        let mut layers = self.layers.iter();
        layers.find_map(|layer| Some((layer.identity.as_ref()?, layer.is_of_site)))
    }

    /// The error for whoever does not say who calls, if nobody may call without that.
    pub(crate) fn without_identity(&self) -> Option<Error> {
        self.layers.iter().find_map(Layer::without_identity)
    }

    /// The files that rules were found in, and whether they are the site's.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&Path, bool)> {
        let layers = self.layers.iter();
        layers.map(|layer| (layer.file.as_path(), layer.is_of_site))
    }

    /// How many tools `RESTRICTED_TOOLS` names.
    pub(crate) fn restricted(&self) -> usize {
        self.restricted.len()
    }

    /// What is said of the audit, what goes before first.
    pub(crate) fn audit(&self) -> impl Iterator<Item = &audit::Section> {
        self.layers.iter().filter_map(|layer| layer.audit.as_ref())
    }

    /// Whether a tool may be called, and what is to be seen to first.
    ///
    /// # Errors
    ///
    /// By which rule it may not.
    pub(crate) fn decide(
        &self,
        subject: &Subject<'_>,
        caller: Option<&Caller>,
    ) -> Result<Admission, Error> {
        let matching = |rules: &[Rule]| {
            let mut rules = rules.iter();
            rules.find(|rule| rule.selector.covers(subject)).cloned()
        };
        if let Some(rule) = matching(&self.restricted) {
            return Err(refused(subject, &rule.shown, None));
        }
        let mut admission = Admission::default();
        let marked = subject.known.is_some_and(is_destructive);
        admission.confirm = marked.then(|| "marked destructive".to_owned());
        for layer in &self.layers {
            if let (Some(refusal), None) = (layer.without_identity(), caller) {
                return Err(refusal);
            }
            let sets = layer.rules_for(caller);
            for rules in &sets {
                if let Some(rule) = matching(&rules.deny) {
                    return Err(refused(subject, &rule.shown, layer.way_out()));
                }
                let confirm = matching(&rules.confirm).map(|rule| rule.shown);
                admission.confirm = admission.confirm.or(confirm);
                let by_person = rules.forbid_yes.as_ref().map(|rule| rule.shown.clone());
                admission.by_person = admission.by_person.or(by_person);
                stricter(&mut admission.per_minute, &rules.per_minute);
                stricter(&mut admission.at_once, &rules.at_once);
            }
            if layer.is_closed() {
                let mut lists = sets.iter().filter_map(|rules| rules.allow.as_ref());
                let Some(rule) = lists.find_map(|allow| matching(allow)) else {
                    let rule = format!("{}: no allow names it", layer.file.display());
                    let way = match (layer.roles.is_empty(), caller) {
                        (false, None) => Some(layer.way_to_identify()),
                        _ => layer.way_out(),
                    };
                    return Err(refused(subject, &rule, way));
                };
                admission.rule = admission.rule.or(Some(rule.shown));
            }
        }
        Ok(admission)
    }
}

impl Layer {
    /// The rules for everybody, and those of the roles that the caller has. In the site's eyes nobody
    /// has a role by the word of the user's.
    fn rules_for(&self, caller: Option<&Caller>) -> Vec<&Rules> {
        let trusted = caller.filter(|caller| caller.is_known_to_site || !self.is_of_site);
        let roles = trusted.map_or(&[][..], |caller| &caller.roles);
        let of_roles = roles.iter().filter_map(|role| self.roles.get(role));
        std::iter::once(&self.rules).chain(of_roles).collect()
    }

    /// Whether it allows anything, and so refuses what it does not allow.
    fn is_closed(&self) -> bool {
        let mut all = std::iter::once(&self.rules).chain(self.roles.values());
        all.any(|rules| rules.allow.is_some())
    }

    /// The error for whoever does not say who calls, if it wants that.
    fn without_identity(&self) -> Option<Error> {
        let rule = self.wants_identity.as_ref()?;
        let words = "nobody may call this program without an identity";
        Some(denied(words, rule, Some(self.way_to_identify())))
    }

    /// What can be done about a refusal.
    fn way_out(&self) -> Option<String> {
        let whose = "the rule is the site's: ask those who keep this machine";
        self.is_of_site.then(|| whose.to_owned())
    }

    fn way_to_identify(&self) -> String {
        "say who calls with --mcp-identity @FILE".to_owned()
    }
}

/// Whether a tool is marked as one that may destroy something. The protocol takes that for granted of
/// any tool that is marked with nothing: whoever asked before each of those would soon not be read.
pub(crate) fn is_destructive(tool: &Tool) -> bool {
    tool.effect == Effect::Destructive
}

/// Whether `RESTRICTED_TOOLS` takes a tool away, so that it is not shown either.
pub(crate) fn is_restricted(tool: &Tool) -> bool {
    use std::sync::OnceLock;
    static RESTRICTED: OnceLock<Vec<Rule>> = OnceLock::new();
    let restricted = RESTRICTED.get_or_init(|| {
        let names = environment::restricted_tools().unwrap_or_default();
        restrictions(&names).collect()
    });
    let subject = Subject {
        wire: tool.wire,
        known: Some(tool),
    };
    restricted.iter().any(|rule| rule.selector.covers(&subject))
}

fn restrictions(names: &str) -> impl Iterator<Item = Rule> {
    let names = names.split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(|name| Rule {
        shown: format!("RESTRICTED_TOOLS has `{name}`"),
        selector: Selector::Glob(name.to_owned()),
    })
}

fn read(file: &Path) -> Result<Option<Layer>, Error> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(Error::Io {
                what: format!("cannot read {}", file.display()),
                source,
            });
        }
    };
    Layer::read(Table::read(file, &text)?).map(Some)
}

/// Keeps the lower of two limits.
fn stricter(limit: &mut Option<(u16, String)>, other: &Option<(u16, Rule)>) {
    if let Some((most, rule)) = other
        && limit.as_ref().is_none_or(|(before, _)| most < before)
    {
        *limit = Some((*most, rule.shown.clone()));
    }
}

fn refused(subject: &Subject<'_>, rule: &str, hint: Option<String>) -> Error {
    denied(&format!("{} may not be called", subject.name()), rule, hint)
}

/// A refusal, and the rule that it is by.
pub(crate) fn denied(what: &str, rule: &str, hint: Option<String>) -> Error {
    Error::Denied {
        code: DENIED,
        message: format!("{what} ({rule})"),
        hint,
    }
}
