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
//! looked at, and before a server is started. The marks are the server's own words, unless whoever made
//! the program said otherwise: that counts for the user's rules, and in the site's eyes only where it
//! is the stricter. A rule about marks is only as good as they are.
//!
//! Resources and prompts come by the same door, as what changes nothing. A tool that the program was
//! made without is refused whatever the rules say.

mod limits;
mod section;
mod selector;
mod subject;
#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(crate) use limits::{Limits, REACHED};
pub(crate) use section::{Layer, Rule};
pub(crate) use selector::{Selector, matches_name};
pub(crate) use subject::Subject;

use crate::audit;
use crate::command::as_typed;
use crate::config::{Table, file};
use crate::environment::{self, SITE};
use crate::error::Error;
use crate::identity::{self, Caller};
use crate::spec::{Effect, Spec, Tool};
use section::Rules;
use subject::{Omission, Word};

/// The file with rules in any of the folders.
const FILE: &str = "policy.toml";

/// What can be done about a rule that is not the user's.
const OF_SITE: &str = "the rule is the site's: ask those who keep this machine";

/// The word for a refusal in the JSON error line.
pub(crate) const DENIED: &str = "policy_denied";
/// The same for a tool that the program was made without.
const OMITTED: &str = "left_out";
/// The same for rules that cannot be read.
const UNREADABLE: &str = "policy_unreadable";

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
    /// Whether one of these limits is the site's.
    pub(crate) is_counted_for_site: bool,
}

impl Policy {
    /// The rules for a program, those of its configuration among them.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or understood: a rule that is not understood is not skipped.
    pub(crate) fn of(program: &str, configured: Option<&Layer>) -> Result<Self, Error> {
        let (policy, failure) = Self::rest(program, configured);
        failure.map_or(Ok(policy), Err)
    }

    /// The rules that can be read and, where not all can, why: nothing is called then, and that it is
    /// not can still be written down where the rest says.
    pub(crate) fn rest(program: &str, configured: Option<&Layer>) -> (Self, Option<Error>) {
        let site = Path::new(SITE);
        let site = [site.join(environment::file_name(program)), site.to_owned()];
        let user = environment::config_folder(program);
        let (mut policy, failure) = Self::read(&site, user.as_deref(), configured);
        let restricted = environment::restricted_tools().unwrap_or_default();
        policy.restricted = restrictions(&restricted).collect();
        (policy, failure)
    }

    fn read(
        site: &[PathBuf],
        user: Option<&Path>,
        configured: Option<&Layer>,
    ) -> (Self, Option<Error>) {
        let site = site.iter().map(|folder| (folder.as_path(), true));
        let folders = site.chain(user.map(|folder| (folder, false)));
        let (mut layers, mut failure) = (Vec::new(), None);
        for (folder, is_of_site) in folders {
            match read(&folder.join(FILE)) {
                Ok(layer) => layers.extend(layer.map(|layer| Layer {
                    is_of_site,
                    ..layer
                })),
                Err(error) => failure = failure.or(Some(unreadable(&error, is_of_site))),
            }
        }
        layers.extend(configured.cloned());
        let policy = Self {
            layers,
            restricted: Vec::new(),
        };
        (policy, failure)
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

    /// What is said of the audit by the site, or else by the user, what goes before first.
    pub(crate) fn audit(&self, of_site: bool) -> impl Iterator<Item = &audit::Section> {
        let layers = self.layers.iter();
        let layers = layers.filter(move |layer| layer.is_of_site == of_site);
        layers.filter_map(|layer| layer.audit.as_ref())
    }

    /// The rules that name a tool which the program neither has nor was made without: most likely a
    /// slip of the pen. What the site says for all programs is about others as well.
    pub(crate) fn strangers(&self, spec: &Spec) -> impl Iterator<Item = &Rule> {
        let everywhere = Path::new(SITE).join(FILE);
        let layers = self.layers.iter();
        let layers = layers.filter(move |layer| layer.file != everywhere);
        let rules = layers.flat_map(Layer::all).flat_map(Rules::named);
        rules.filter(|rule| {
            let mut tools = spec.tools.iter();
            let mut omitted = spec.omitted.tools.iter();
            rule.selector.literal().is_some_and(|name| {
                let is_it = |tool: &Tool| tool.wire == name || tool.command == name;
                let is_left_out = |wire: &&str| *wire == name || as_typed(wire) == name;
                !tools.any(is_it) && !omitted.any(is_left_out)
            })
        })
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
        if let Some(omission) = subject.omission() {
            return Err(omitted(subject, omission));
        }
        let mut restricted = self.restricted.iter();
        if let Some(rule) = restricted.find(|rule| rule.selector.covers(subject, Word::Maker)) {
            return Err(refused(subject, &rule.shown, None));
        }
        let mut admission = Admission::default();
        let marked = || "marked destructive".to_owned();
        admission.confirm = (subject.effect(Word::Maker) == Effect::Destructive).then(marked);
        for layer in &self.layers {
            // What stands against a call does by either word, what stands for it by both.
            let words = layer.words();
            let against = |selector: &Selector| {
                let mut words = words.iter();
                words.any(|word| selector.covers(subject, *word))
            };
            let against_it = |rules: &[Rule]| {
                let mut rules = rules.iter();
                rules.find(|rule| against(&rule.selector)).cloned()
            };
            let for_it = |rules: &[Rule]| {
                let covers = |rule: &&Rule| {
                    let mut words = words.iter();
                    words.all(|word| rule.selector.covers(subject, *word))
                };
                rules.iter().find(covers).cloned()
            };
            if let (Some(refusal), None) = (layer.without_identity(), caller) {
                return Err(refusal);
            }
            let sets = layer.rules_for(caller);
            for rules in &sets {
                if let Some(rule) = against_it(&rules.deny) {
                    return Err(refused(subject, &rule.shown, layer.way_out()));
                }
                let confirm = against_it(&rules.confirm).map(|rule| rule.shown);
                admission.confirm = admission.confirm.or(confirm);
                if let Some(rule) = &rules.forbid_yes {
                    admission.by_person = admission.by_person.or(Some(rule.shown.clone()));
                    let is_marked = against(&Selector::Effect(Effect::Destructive, true));
                    admission.confirm = admission.confirm.or(is_marked.then(marked));
                }
                stricter(&mut admission.per_minute, &rules.per_minute);
                stricter(&mut admission.at_once, &rules.at_once);
                let has_limit = rules.per_minute.is_some() || rules.at_once.is_some();
                admission.is_counted_for_site |= layer.is_of_site && has_limit;
            }
            if layer.is_closed() {
                let mut lists = sets.iter().filter_map(|rules| rules.allow.as_ref());
                let Some(rule) = lists.find_map(|allow| for_it(allow)) else {
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
    /// All its rules, whoever they are for.
    fn all(&self) -> impl Iterator<Item = &Rules> {
        std::iter::once(&self.rules).chain(self.roles.values())
    }

    /// Whose word it takes for what a tool does.
    fn words(&self) -> &'static [Word] {
        match self.is_of_site {
            true => &[Word::Maker, Word::Server],
            false => &[Word::Maker],
        }
    }

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
        self.all().any(|rules| rules.allow.is_some())
    }

    /// The error for whoever does not say who calls, if it wants that.
    fn without_identity(&self) -> Option<Error> {
        let rule = self.wants_identity.as_ref()?;
        let words = "nobody may call this program without an identity";
        Some(denied(words, rule, Some(self.way_to_identify())))
    }

    /// What can be done about a refusal.
    fn way_out(&self) -> Option<String> {
        self.is_of_site.then(|| OF_SITE.to_owned())
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
    let subject = Subject::tool(tool.wire, Some(tool));
    let mut restricted = restricted.iter();
    restricted.any(|rule| rule.selector.covers(&subject, Word::Maker))
}

fn restrictions(names: &str) -> impl Iterator<Item = Rule> {
    let names = names.split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(|name| Rule {
        shown: format!("RESTRICTED_TOOLS has `{name}`"),
        selector: Selector::Glob(name.to_owned()),
    })
}

fn read(path: &Path) -> Result<Option<Layer>, Error> {
    let text = match file::text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(Error::Io {
                what: format!("cannot read {}", path.display()),
                source,
            });
        }
    };
    Layer::read(Table::read(path, &text)?).map(Some)
}

/// The error for rules that cannot be read or understood, by which nothing is called.
pub(crate) fn unreadable(error: &Error, is_of_site: bool) -> Error {
    let until = "nothing is called before it is mended";
    Error::Denied {
        code: UNREADABLE,
        message: error.to_string(),
        hint: Some(match is_of_site {
            true => format!("{until}; {OF_SITE}"),
            false => until.to_owned(),
        }),
    }
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
    denied(&subject.refusal(), rule, hint)
}

/// The refusal of what the program was made without.
fn omitted(subject: &Subject<'_>, omission: Omission) -> Error {
    let name = subject.name();
    let (message, again) = match omission {
        Omission::LeftOut => (
            format!("`{name}` was left out when this program was made"),
            "generate it again with the tool",
        ),
        Omission::Later => (
            format!("`{name}` is none of the read-only tools that this program was made with"),
            "if the server has it since, generate the program again",
        ),
    };
    Error::Denied {
        code: OMITTED,
        message,
        hint: Some(format!("{again}, or call it with `mcpress call`")),
    }
}

/// A refusal, and the rule that it is by.
pub(crate) fn denied(what: &str, rule: &str, hint: Option<String>) -> Error {
    Error::Denied {
        code: DENIED,
        message: format!("{what} ({rule})"),
        hint,
    }
}
