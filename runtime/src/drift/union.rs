//! Unions: which branch of one schema is which branch of the other.
//!
//! Branches have no names, so they are paired: first those that are the same, then those that say
//! they are (a reference, a constant, a title), then those of the same types. A pairing can be
//! unlucky and call a change breaking that is none, but never the other way round: branches are
//! compared like any two schemas, and what is left over came or went.

use super::schema::{At, Comparison, Side, Turn, listed};
use super::types::Types;
use super::view::{Document, View};
use super::words::are_words;
use super::{Change, Severity};

/// The most branches of a union that are told apart.
const BRANCHES: usize = 64;

/// The branches of one side; a schema that is no union is one.
struct Branches<'a> {
    views: Vec<View<'a>>,
    takes_null: bool,
}

impl<'a> Comparison<'a> {
    /// Compares two views of which one is a union at least.
    pub(super) fn unions(&mut self, before: &View<'a>, after: &View<'a>, name: &str) {
        if before.union.len().max(after.union.len()) > BRANCHES {
            self.unjudged(Some(&before.place), Some(&after.place), name);
            return;
        }
        if self.everything(before, after, name) {
            return;
        }
        let alone = before.union.is_empty() || after.union.is_empty();
        let old = self.branches(before, &self.before, alone);
        let new = self.branches(after, &self.after, alone);
        if alone {
            self.surface(before, after, name);
        } else {
            self.plain(before, after, name);
        }
        if old.takes_null != new.takes_null {
            let at = At {
                pointer: &after.place.pointer,
                before: Some(before.place.value),
                after: Some(after.place.value),
            };
            self.null(new.takes_null, &at, name);
        }
        self.pair(&old.views, &new.views, name);
    }

    /// One side takes everything: it is no branch of the other's. True when that is so.
    fn everything(&mut self, before: &View<'a>, after: &View<'a>, name: &str) -> bool {
        let (turn, what) = match (is_anything(before), is_anything(after)) {
            (true, _) => (Turn::Narrower, "no longer any"),
            (_, true) => (Turn::Wider, "any now"),
            _ => return false,
        };
        let at = At {
            pointer: &after.place.pointer,
            before: Some(before.place.value),
            after: Some(after.place.value),
        };
        let subject = self.subject(name);
        self.say(turn, &at, format!("the type of {subject} is {what}"));
        self.surface(before, after, name);
        true
    }

    /// Compares the words and the default beside a union with those of what is none.
    fn surface(&mut self, before: &View<'a>, after: &View<'a>, name: &str) {
        let [before, after] = [before, after].map(|view| {
            let mut surface = View::empty(&view.place);
            surface.keywords = view.keywords.clone();
            surface.keywords.retain(|key, _| is_surface(key));
            surface
        });
        self.plain(&before, &after, name);
    }

    /// The branches of one side; `alone` where the other side is no union.
    fn branches(&self, view: &View<'a>, document: &Document<'a>, alone: bool) -> Branches<'a> {
        if view.union.is_empty() {
            return Branches {
                takes_null: view.types.has(Types::NULL),
                views: split(view),
            };
        }
        // What surrounds the branches is a part of each.
        let mut around = view.clone();
        around.union.clear();
        around.types = around.types.without_null();
        around.keywords.retain(|key, _| !is_surface(key));
        let mut takes_null = view.union_takes_null;
        let mut views = Vec::new();
        for place in &view.union {
            let mut branch = View::of(document, place);
            if branch.types != Types::ANY && branch.types.has(Types::NULL) {
                takes_null = true;
                branch.types = branch.types.without_null();
            }
            if alone && !branch.merge(&around) {
                branch.parts.push(view.place.clone());
            }
            views.push(branch);
        }
        Branches {
            views,
            takes_null: takes_null && view.types.has(Types::NULL),
        }
    }

    /// Pairs the branches and compares the pairs.
    fn pair(&mut self, old: &[View<'a>], new: &[View<'a>], name: &str) {
        let mut old_left: Vec<&View<'a>> = old.iter().collect();
        let mut new_left: Vec<&View<'a>> = new.iter().collect();
        for alike in [Alike::Same, Alike::Named, Alike::Types, Alike::PartOf] {
            old_left.retain(|was| {
                let mut others = new_left.iter();
                let Some(at) = others.position(|is| self.are_alike(was, is, alike, name)) else {
                    return true;
                };
                let is = new_left.remove(at);
                self.views(was, is, name);
                false
            });
        }
        let (subject, takes) = (self.subject(name), self.side.verb());
        for was in old_left {
            // Another branch may take all that this one took.
            if self.side == Side::Input && new.iter().any(|is| self.is_harmless(was, is, name)) {
                continue;
            }
            let at = At {
                pointer: &was.place.pointer,
                before: Some(was.place.value),
                after: None,
            };
            let what = format!("{subject} no longer {takes} {}", described(was));
            self.say(Turn::Narrower, &at, what);
        }
        for is in new_left {
            if self.side == Side::Output && old.iter().any(|was| self.is_harmless(was, is, name)) {
                continue;
            }
            let at = At {
                pointer: &is.place.pointer,
                before: None,
                after: Some(is.place.value),
            };
            let what = format!("{subject} also {takes} {}", described(is));
            self.say(Turn::Wider, &at, what);
        }
    }

    fn are_alike(&mut self, was: &View<'a>, is: &View<'a>, alike: Alike, name: &str) -> bool {
        match alike {
            Alike::Same => {
                was.types == is.types
                    && self
                        .attempt(|comparison| comparison.views(was, is, name))
                        .is_empty()
            }
            Alike::Named => mark(was).is_some_and(|named| mark(is) == Some(named)),
            Alike::Types => was.types == is.types,
            Alike::PartOf => was.types.is_part_of(is.types) || is.types.is_part_of(was.types),
        }
    }

    /// Whether nothing breaks where one branch stands for another.
    fn is_harmless(&mut self, was: &View<'a>, is: &View<'a>, name: &str) -> bool {
        let changes = self.attempt(|comparison| comparison.views(was, is, name));
        let breaks = |change: &Change| change.severity == Severity::Breaking;
        !changes.iter().any(breaks)
    }
}

/// What two branches have in common.
#[derive(Debug, Clone, Copy)]
enum Alike {
    /// All but words.
    Same,
    /// What they call themselves.
    Named,
    /// Their types.
    Types,
    /// Some of their types.
    PartOf,
}

/// Whether a keyword says nothing about what is valid.
fn is_surface(keyword: &str) -> bool {
    keyword == "default" || are_words(keyword)
}

/// Whether a view takes everything.
fn is_anything(view: &View<'_>) -> bool {
    view.types == Types::ANY
        && view.union.is_empty()
        && view.odd.is_none()
        && view.values.is_none()
        && view.properties.is_empty()
        && view.required.is_empty()
        && view.parts.is_empty()
        && view.keywords.keys().all(|key| is_surface(key))
}

/// A view that is no union as branches of one type each.
fn split<'a>(view: &View<'a>) -> Vec<View<'a>> {
    let branch = |types: Types| {
        let mut branch = view.clone();
        branch.types = types;
        branch.keywords.retain(|key, _| !is_surface(key));
        if let Some((values, _)) = &mut branch.values {
            values.retain(|value| Types::of_value(value).is_part_of(types));
        }
        branch
    };
    if view.types == Types::ANY {
        return vec![branch(Types::ANY)];
    }
    view.types.each().map(branch).collect()
}

/// What a branch calls itself: the property that is constant in it, where a reference led, its title.
fn mark(view: &View<'_>) -> Option<String> {
    let constant = view.properties.iter().find_map(|(name, place)| {
        let value = place.value.get("const")?;
        Some(format!("{name}={value}"))
    });
    let title = || Some(view.keyword("title")?.value.to_string());
    constant.or_else(|| view.target.clone()).or_else(title)
}

/// A branch in words.
fn described(view: &View<'_>) -> String {
    let types = view.types.words();
    if let Some((values, _)) = &view.values {
        return listed(values);
    }
    let constant = view.properties.iter().find_map(|(name, place)| {
        let value = place.value.get("const")?;
        Some(format!("{types} with `{name}` {}", listed(&[value])))
    });
    let title = || {
        let title = view.keyword("title")?.value.as_str()?;
        Some(format!("{types} `{title}`"))
    };
    constant.or_else(title).unwrap_or(types)
}
