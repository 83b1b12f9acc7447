//! What the user types for what the server says.
//!
//! All renaming happens here. It is total (every name gets one), deterministic, and injective: no
//! two tools share a command, and within a tool no two of flags, twins, aliases and the runtime's
//! own flags are the same. What an earlier run chose, the [`Lock`] remembers and comes first.

mod words;

use std::collections::{HashMap, HashSet};

use mcpress_runtime::text::is_invisible;

use crate::lock::Lock;

pub use words::kebab;

/// The commands every program has; a tool of that name becomes `<name>-tool`.
pub const RESERVED_COMMANDS: [&str; 8] = [
    "help", "call", "batch", "resource", "prompt", "auth", "session", "self",
];

/// The flags every command has; a parameter of that name becomes `--arg-<name>`.
pub const RESERVED_FLAGS: [&str; 13] = [
    "help",
    "output",
    "args",
    "set",
    "unset",
    "null",
    "from-file",
    "jq",
    "timeout",
    "dry-run",
    "yes",
    "quiet",
    "verbose",
];

/// How every other flag of the runtime begins.
pub const RESERVED_PREFIX: &str = "mcp-";

/// The names of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What is shown and typed.
    pub name: String,
    /// The wire name, where it differs and may be typed too.
    pub alias: Option<String>,
}

/// A parameter that needs a flag.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The JSON Pointer of the place it fills.
    pub pointer: &'a str,
    /// Its name on the wire.
    pub name: &'a str,
    /// Whether it is a switch, which has a twin for `false`.
    pub boolean: bool,
}

/// The names of a parameter, without dashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// What is shown and typed.
    pub name: String,
    /// The twin of a switch, where its name was free.
    pub negation: Option<String>,
    /// The wire name, where it differs and may be typed too.
    pub aliases: Vec<String>,
}

/// Names every tool of a server, in the order given. The wire names must be distinct.
pub fn commands(wires: &[&str], lock: &Lock) -> Vec<Command> {
    let rules = Rules {
        reserves: |name| RESERVED_COMMANDS.contains(&name),
        aside: |name| format!("{name}-tool"),
    };
    let mut scope = Scope::new(rules, lock.commands());
    let keys: Vec<_> = wires
        .iter()
        .map(|wire| (lock.command(wire), *wire))
        .collect();
    let names = scope.assign(&keys);
    let finish = |(name, wire): (String, &&str)| {
        let alias = scope.take_alias(wire);
        Command { name, alias }
    };
    names.into_iter().zip(wires).map(finish).collect()
}

/// Names every parameter of a tool, in the order given. The pointers must be distinct.
pub fn flags(tool: &str, wanted: &[Wanted<'_>], lock: &Lock) -> Vec<Flag> {
    let rules = Rules {
        reserves: |name| RESERVED_FLAGS.contains(&name) || name.starts_with(RESERVED_PREFIX),
        aside: |name| format!("arg-{name}"),
    };
    let mut scope = Scope::new(rules, lock.flags(tool));
    let keys: Vec<_> = wanted
        .iter()
        .map(|wanted| (lock.flag(tool, wanted.pointer), wanted.name))
        .collect();
    let names = scope.assign(&keys);
    // Twins after all flags and aliases after all twins: what is shown goes before what is not.
    let bare = |name| Flag {
        name,
        negation: None,
        aliases: Vec::new(),
    };
    let mut flags: Vec<Flag> = names.into_iter().map(bare).collect();
    for (flag, wanted) in flags
        .iter_mut()
        .zip(wanted)
        .filter(|(_, wanted)| wanted.boolean)
    {
        flag.negation = match lock.negation(tool, wanted.pointer) {
            Some(locked) => scope.claim(locked).then(|| locked.to_owned()),
            None => negation(&flag.name).filter(|name| scope.take(name)),
        };
    }
    for (flag, wanted) in flags.iter_mut().zip(wanted) {
        flag.aliases.extend(scope.take_alias(wanted.name));
    }
    flags
}

/// Whether a name can be typed as a command or after two dashes.
pub(crate) fn is_typable(name: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || is_invisible(c) || c == '=';
    !name.is_empty() && !name.starts_with('-') && !name.contains(odd)
}

/// The twin a switch would like, unless its own name is negative already.
fn negation(flag: &str) -> Option<String> {
    let negative = ["no", "not", "without", "disable"];
    let first = flag.split('-').next()?;
    (!negative.contains(&first)).then(|| format!("no-{flag}"))
}

/// What may not be taken, and what is taken instead.
#[derive(Clone, Copy)]
struct Rules {
    reserves: fn(&str) -> bool,
    /// Moves a reserved name aside, to one that is not.
    aside: fn(&str) -> String,
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

/// The names in use in one place: a program's commands, or the flags of one of them.
struct Scope<'a> {
    rules: Rules,
    taken: HashSet<String>,
    /// What the lock holds and nobody has claimed: closed to all but its owner.
    held: HashSet<&'a str>,
}

impl<'a> Scope<'a> {
    fn new(rules: Rules, locked: impl Iterator<Item = &'a str>) -> Self {
        Self {
            rules,
            taken: HashSet::new(),
            held: locked.collect(),
        }
    }

    /// Takes a name that the lock gives to the one who asks.
    fn claim(&mut self, name: &str) -> bool {
        self.held.remove(name) && self.take(name)
    }

    /// Takes a name that is free.
    fn take(&mut self, name: &str) -> bool {
        let free = !(self.rules.reserves)(name) && !self.held.contains(name) && is_typable(name);
        free && self.taken.insert(name.to_owned())
    }

    fn take_alias(&mut self, name: &str) -> Option<String> {
        self.take(name).then(|| name.to_owned())
    }

    /// One name for each pair of what the lock has and the name on the wire, in their order.
    ///
    /// Whoever is in the lock keeps what it has. Then comes whoever spells its name as it would be
    /// typed, then everybody else whose name is free, and at last the numbers: each in byte order
    /// of the wire names, so that the server's order changes nothing.
    fn assign(&mut self, keys: &[(Option<&str>, &str)]) -> Vec<String> {
        let mut names: Vec<Option<String>> = keys
            .iter()
            .map(|(locked, _)| {
                locked
                    .filter(|locked| self.claim(locked))
                    .map(str::to_owned)
            })
            .collect();
        let mut open: Vec<(usize, &str, String)> = (0..keys.len())
            .filter(|&at| names[at].is_none())
            .map(|at| (at, keys[at].1, self.rules.settle(kebab(keys[at].1))))
            .collect();
        open.sort_by(|a, b| (a.1 != a.2, a.1).cmp(&(b.1 != b.2, b.1)));
        open.retain(|(at, _, wish)| {
            let got = self.take(wish);
            if got {
                names[*at] = Some(wish.clone());
            }
            !got
        });
        let mut numbers: HashMap<String, usize> = HashMap::new();
        for (at, _, wish) in open {
            let last = numbers.entry(wish.clone()).or_insert(1);
            names[at] = (*last + 1..).find_map(|number| {
                *last = number;
                // A number can make a name reserved that was not: `mcp` is free, `mcp-2` is not.
                let name = self.rules.settle(format!("{wish}-{number}"));
                self.take(&name).then_some(name)
            });
        }
        let named = |name: Option<String>| name.expect("numbers do not run out");
        names.into_iter().map(named).collect()
    }
}

#[cfg(test)]
mod tests;
