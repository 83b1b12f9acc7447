//! The names in use in one place: a program's commands, or the flags of one of them.

use std::collections::HashMap;

use super::{NameClash, is_typable, kebab};

/// What may not be taken, and what is taken instead.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) reserves: fn(&str) -> bool,
    /// Moves a reserved name aside, to one that is not.
    pub(super) aside: fn(&str) -> String,
}

impl Rules {
    fn settle(self, name: String) -> String {
        if (self.reserves)(&name) {
            (self.aside)(&name)
        } else {
            name
        }
    }
}

/// One that asks for a name.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    /// What it is known by, in the lock too.
    pub(super) owner: &'a str,
    /// What the server calls it.
    pub(super) name: &'a str,
    /// The one it is a part of: an earlier one of the same list.
    pub(super) parent: Option<usize>,
    pub(super) fixed: Option<&'a str>,
    pub(super) locked: Option<&'a str>,
}

pub(super) struct Scope<'a> {
    rules: Rules,
    taken: HashMap<String, Holder<'a>>,
    /// The owner of each name in the lock: it is closed to all others.
    held: HashMap<&'a str, &'a str>,
    clashes: Vec<NameClash>,
}

/// Who has a name.
struct Holder<'a> {
    owner: &'a str,
    /// The user gave it just now. What the lock knows already is no news to anybody.
    news: bool,
}

/// One that has no name yet.
struct Open<'a> {
    at: usize,
    ask: Ask<'a>,
    wish: String,
    /// Whether the server spells it as it would be typed.
    spelled: bool,
}

impl<'a> Scope<'a> {
    /// A place in which these names of these owners are held.
    pub(super) fn new(rules: Rules, held: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            rules,
            taken: HashMap::new(),
            held: held.collect(),
            clashes: Vec::new(),
        }
    }

    pub(super) fn into_clashes(self) -> Vec<NameClash> {
        self.clashes
    }

    /// Takes a name that is free, or held for the one who asks.
    pub(super) fn take(&mut self, name: &str, owner: &'a str) -> bool {
        let held = self.held.get(name).is_some_and(|holder| *holder != owner);
        let free = !(self.rules.reserves)(name) && !held && is_typable(name);
        let free = free && !self.taken.contains_key(name);
        if free {
            let holder = Holder { owner, news: false };
            self.taken.insert(name.to_owned(), holder);
        }
        free
    }

    /// One name for each, in their order.
    ///
    /// The fixed names go first. Then one level after the other, since the names of parts begin with
    /// that of the whole: the locked names, and the rest by [`settle_open`](Self::settle_open).
    pub(super) fn assign(&mut self, asks: &[Ask<'a>]) -> Vec<String> {
        let mut names: Vec<Option<String>> = vec![None; asks.len()];
        self.fix(asks, &mut names);
        for level in levels(asks) {
            let mut open = Vec::new();
            for at in level {
                let ask = asks[at];
                if names[at].is_some() {
                    continue;
                }
                match ask.locked.filter(|locked| self.take(locked, ask.owner)) {
                    Some(locked) => names[at] = Some(locked.to_owned()),
                    None => open.push(self.open(at, ask, &names)),
                }
            }
            self.settle_open(open, &mut names);
        }
        let named = |name: Option<String>| name.expect("every level was named");
        names.into_iter().map(named).collect()
    }

    /// Gives the fixed names, in the order of their owners.
    ///
    /// One that the lock holds for another is taken from it only if that is gone, or fixed as well.
    fn fix(&mut self, asks: &[Ask<'a>], names: &mut [Option<String>]) {
        let here: HashMap<&str, bool> = asks
            .iter()
            .map(|ask| (ask.owner, ask.fixed.is_some()))
            .collect();
        let mut order: Vec<(&str, usize, &str)> = asks
            .iter()
            .enumerate()
            .filter_map(|(at, ask)| Some((ask.owner, at, ask.fixed?)))
            .collect();
        order.sort_unstable();
        for (owner, at, fixed) in order {
            let (name, owned) = (fixed.to_owned(), owner.to_owned());
            let holder = self.held.get(fixed).filter(|holder| **holder != owner);
            let living = holder.filter(|holder| here.get(*holder) == Some(&false));
            let other = self.taken.get(fixed).map(|holder| holder.owner);
            if !is_typable(fixed) {
                self.clashes
                    .push(NameClash::Untypable { name, owner: owned });
            } else if (self.rules.reserves)(fixed) {
                self.clashes
                    .push(NameClash::Reserved { name, owner: owned });
            } else if let Some(other) = other.or(living.copied()) {
                self.clash(fixed, owner, other);
            } else {
                match holder.copied() {
                    Some(gone) if !here.contains_key(gone) => {
                        self.held.retain(|_, holder| *holder != gone);
                    }
                    _ => drop(self.held.remove(fixed)),
                }
                let news = asks[at].locked != Some(fixed);
                self.taken.insert(name.clone(), Holder { owner, news });
                names[at] = Some(name);
            }
        }
    }

    fn clash(&mut self, name: &str, owner: &str, other: &str) {
        self.clashes.push(NameClash::Taken {
            name: name.to_owned(),
            owner: owner.to_owned(),
            other: other.to_owned(),
        });
    }

    /// What one would be called if it were alone.
    fn open(&self, at: usize, ask: Ask<'a>, names: &[Option<String>]) -> Open<'a> {
        let word = kebab(ask.name);
        let parent = parent(at, ask).and_then(|parent| names[parent].as_deref());
        let (spelled, wish) = match parent {
            Some(parent) => (word == ask.name, format!("{parent}.{word}")),
            None => {
                let wish = self.rules.settle(word);
                (wish == ask.name, wish)
            }
        };
        Open {
            at,
            ask,
            wish,
            spelled,
        }
    }

    /// Names the rest: whoever spells its name as it would be typed, then everybody else whose name
    /// is free, and at last the numbers. Each in byte order of the wire names, so that the server's
    /// order changes nothing.
    fn settle_open(&mut self, mut open: Vec<Open<'a>>, names: &mut [Option<String>]) {
        open.sort_by_key(|open| (!open.spelled, open.ask.name, open.ask.owner));
        open.retain(|Open { at, ask, wish, .. }| {
            let got = self.take(wish, ask.owner);
            if got {
                names[*at] = Some(wish.clone());
            } else if let Some(Holder { owner, news: true }) = self.taken.get(wish) {
                self.clash(wish, owner, ask.owner);
            }
            !got
        });
        let mut numbers: HashMap<String, usize> = HashMap::new();
        for Open { at, ask, wish, .. } in open {
            let last = numbers.entry(wish.clone()).or_insert(1);
            names[at] = (*last + 1..).find_map(|number| {
                *last = number;
                // A number can make a name reserved that was not: `mcp` is free, `mcp-2` is not.
                let name = self.rules.settle(format!("{wish}-{number}"));
                self.take(&name, ask.owner).then_some(name)
            });
        }
    }
}

/// The indices of those that are part of nothing, of their parts, of the parts of these.
fn levels(asks: &[Ask<'_>]) -> Vec<Vec<usize>> {
    let mut depths: Vec<usize> = Vec::with_capacity(asks.len());
    let mut levels: Vec<Vec<usize>> = Vec::new();
    for (at, ask) in asks.iter().enumerate() {
        let depth = parent(at, *ask).map_or(0, |parent| depths[parent] + 1);
        depths.push(depth);
        if depth == levels.len() {
            levels.push(Vec::new());
        }
        levels[depth].push(at);
    }
    levels
}

/// The parent of one, which must come before it to be one.
fn parent(at: usize, ask: Ask<'_>) -> Option<usize> {
    ask.parent.filter(|parent| *parent < at)
}
