//! What the user types for what the server says.
//!
//! All renaming happens here. It is total (every name gets one), deterministic, independent of the
//! server's order, and injective: no two tools share a command, and within a tool no two of flags,
//! twins, aliases and the runtime's own flags are the same.
//!
//! What the user fixes comes first, then what an earlier run chose, which the [`Lock`] remembers.
//! Of the rest, whoever spells its name as it would be typed keeps it, and at last come the numbers.

mod clash;
mod scope;
mod words;

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup},
};

use crate::lock::{Lock, Names};
use scope::{Ask, Rules, Scope};

pub use clash::NameClash;
pub use mcpress_runtime::spec::RESERVED_COMMANDS;
pub use words::kebab;

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

/// The flags that `prompt get` and `resource read` have beside these, for a name that is not known.
pub const RESERVED_FORM_FLAGS: [&str; 2] = ["arg", "out"];

/// How every other flag of the runtime begins.
pub const RESERVED_PREFIX: &str = "mcp-";

/// What was chosen, and what the user asked for in vain.
///
/// The names are whole and distinct even where there are clashes: a name that cannot be had is as
/// good as not asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<T> {
    /// One for each that was wanted, in that order.
    pub names: Vec<T>,
    /// Why fixed names were not given.
    pub clashes: Vec<NameClash>,
}

/// A tool that needs a command.
#[derive(Debug, Clone, Copy)]
pub struct WantedCommand<'a> {
    /// Its name on the wire.
    pub wire: &'a str,
    /// The command the user gives it.
    pub fixed: Option<&'a str>,
}

impl<'a> WantedCommand<'a> {
    /// A tool that may be called by whatever suits it.
    pub fn new(wire: &'a str) -> Self {
        Self { wire, fixed: None }
    }
}

/// A parameter that needs a flag.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The JSON Pointer of the place it fills.
    pub pointer: &'a str,
    /// Its name on the wire, without those of the objects it is in.
    pub name: &'a str,
    /// The parameter it is a part of, as an index into the same list: an earlier one.
    pub parent: Option<usize>,
    /// The whole flag the user gives it, without dashes.
    pub fixed: Option<&'a str>,
    /// Whether it is a switch, which has a twin for `false`.
    pub boolean: bool,
}

/// The names of a parameter, without dashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// What is shown and typed: after that of its parent and a dot, if it has one.
    pub name: String,
    /// The twin of a switch, where its name was free.
    pub negation: Option<String>,
    /// The wire names on the way to it, with dots between, where that differs and may be typed too.
    pub aliases: Vec<String>,
}

/// Names every tool of a server, in the order given. The wire names must be distinct.
///
/// The wire name needs no alias: the runtime takes it where no tool has that command.
pub fn commands(wanted: &[WantedCommand<'_>], lock: &Lock) -> Named<String> {
    let rules = Rules {
        reserves: |name| RESERVED_COMMANDS.contains(&name),
        aside: |name| format!("{name}-tool"),
    };
    let asks: Vec<_> = wanted
        .iter()
        .map(|wanted| Ask {
            owner: wanted.wire,
            name: wanted.wire,
            parent: None,
            fixed: wanted.fixed,
            locked: lock.tools().command(wanted.wire),
        })
        .collect();
    let mut scope = Scope::new(rules, lock.tools().commands());
    let names = scope.assign(&asks);
    Named {
        names,
        clashes: scope.into_clashes(),
    }
}

/// A prompt or a resource template that needs a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WantedForm<'a> {
    /// What the server knows it by.
    pub(crate) wire: &'a str,
    /// What the server calls it.
    pub(crate) name: &'a str,
}

/// Names every prompt of a server, or every resource template, in the order given. The wire names must
/// be distinct. They stand behind a command of their own, so that nothing is reserved.
pub(crate) fn forms(wanted: &[WantedForm<'_>], held: &Names) -> Vec<String> {
    let rules = Rules {
        reserves: |_| false,
        aside: str::to_owned,
    };
    let asks: Vec<_> = wanted
        .iter()
        .map(|wanted| Ask {
            owner: wanted.wire,
            name: wanted.name,
            parent: None,
            fixed: None,
            locked: held.command(wanted.wire),
        })
        .collect();
    Scope::new(rules, held.commands()).assign(&asks)
}

/// Names every parameter of a tool, in the order given. The pointers must be distinct.
pub fn flags(tool: &str, wanted: &[Wanted<'_>], lock: &Lock) -> Named<Flag> {
    assign_flags(tool, wanted, lock.tools(), |name| {
        RESERVED_FLAGS.contains(&name) || name.starts_with(RESERVED_PREFIX)
    })
}

/// Names every place of a prompt or a resource template, in the order given.
pub(crate) fn fields(form: &str, wanted: &[Wanted<'_>], held: &Names) -> Vec<Flag> {
    let named = assign_flags(form, wanted, held, |name| {
        let is_own = RESERVED_FORM_FLAGS.contains(&name);
        is_own || RESERVED_FLAGS.contains(&name) || name.starts_with(RESERVED_PREFIX)
    });
    named.names
}

fn assign_flags(
    tool: &str,
    wanted: &[Wanted<'_>],
    held: &Names,
    reserves: fn(&str) -> bool,
) -> Named<Flag> {
    let rules = Rules {
        reserves,
        aside: |name| format!("arg-{name}"),
    };
    let asks: Vec<_> = wanted
        .iter()
        .map(|wanted| Ask {
            owner: wanted.pointer,
            name: wanted.name,
            parent: wanted.parent,
            fixed: wanted.fixed,
            locked: held.flag(tool, wanted.pointer),
        })
        .collect();
    let mut scope = Scope::new(rules, held.flags(tool));
    let bare = |name| Flag {
        name,
        negation: None,
        aliases: Vec::new(),
    };
    let mut flags: Vec<Flag> = scope.assign(&asks).into_iter().map(bare).collect();
    // Twins after all flags and aliases after all twins: what is shown goes before what is not.
    let paths = paths(wanted);
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&at| (paths[at].len(), &paths[at], wanted[at].pointer));
    for &at in order.iter().filter(|&&at| wanted[at].boolean) {
        let flag = &mut flags[at];
        let locked = held.negation(tool, wanted[at].pointer);
        let wish = match locked.filter(|_| asks[at].locked == Some(&*flag.name)) {
            Some(locked) => Some(locked.to_owned()),
            None => negation(&flag.name),
        };
        flag.negation = wish.filter(|name| scope.take(name, wanted[at].pointer));
    }
    for at in order {
        let alias = paths[at].join(".");
        if scope.take(&alias, wanted[at].pointer) {
            flags[at].aliases.push(alias);
        }
    }
    Named {
        names: flags,
        clashes: scope.into_clashes(),
    }
}

/// The wire names on the way to each parameter, its own last.
fn paths<'a>(wanted: &[Wanted<'a>]) -> Vec<Vec<&'a str>> {
    let mut paths: Vec<Vec<&str>> = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        let parent = wanted.parent.and_then(|parent| paths.get(parent));
        let mut path = parent.cloned().unwrap_or_default();
        path.push(wanted.name);
        paths.push(path);
    }
    paths
}

/// Whether a name can be typed as a command or after two dashes, and is what it looks like.
pub(crate) fn is_typable(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('-') && !name.contains('=') && !name.contains(hides)
}

/// Whether a character is white space, steers a terminal, or cannot be seen.
fn hides(c: char) -> bool {
    let odd = GeneralCategoryGroup::Separator
        .union(GeneralCategoryGroup::Control)
        .union(GeneralCategoryGroup::Format);
    !c.is_ascii_graphic()
        && (odd.contains(CodePointMapData::<GeneralCategory>::new().get(c))
            || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c))
}

/// The twin a switch would like, unless its own name is negative already.
fn negation(flag: &str) -> Option<String> {
    let negative = ["no", "not", "without", "disable"];
    let first = flag.split('.').next_back()?.split('-').next()?;
    (!negative.contains(&first)).then(|| format!("no-{flag}"))
}

#[cfg(test)]
mod tests;
