//! Values that the server needs and nobody gave, and how each can be given.

/// A value that the server needs and nobody gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The slot's name.
    pub name: String,
    /// What it is; empty where nobody said.
    pub about: String,
    /// Where it was looked for, if the configuration says so.
    pub(crate) sought: Option<Sought>,
}

/// A place that the configuration names for a value, which is then looked for nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sought {
    /// `FILE:LINE` of the configuration.
    pub(crate) by: String,
    pub(crate) place: Place,
}

/// Such a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A variable of the caller's.
    Variable(String),
    Keychain,
    /// The file of `auth set --insecure-storage`.
    File,
}

impl Missing {
    pub(crate) fn new(name: &str, about: &str) -> Self {
        Self {
            name: name.to_owned(),
            about: about.to_owned(),
            sought: None,
        }
    }

    /// The variable that is read for it, if one is.
    fn variable(&self) -> Option<&str> {
        match self.sought.as_ref().map(|sought| &sought.place) {
            None => Some(&self.name),
            Some(Place::Variable(name)) => Some(name),
            Some(Place::Keychain | Place::File) => None,
        }
    }
}

/// These slots, each with what it is.
pub(super) fn listed(slots: &[Missing]) -> String {
    let words = slots.iter().map(|slot| match slot.about.as_str() {
        "" => slot.name.clone(),
        about => format!("{} ({about})", slot.name),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// How they can be given. `program` is the one whose `auth set` keeps them; empty for variables, which
/// nobody keeps.
pub(super) fn remedy(program: &str, slots: &[Missing]) -> String {
    let exports = slots.iter().filter_map(Missing::variable);
    let exports: Vec<String> = exports.map(|name| format!("{name}=…")).collect();
    let Some(first) = slots.first() else {
        return String::new();
    };
    let name = &first.name;
    let export = match exports.as_slice() {
        [] => None,
        exports => Some(format!("run `export {}`", exports.join(" "))),
    };
    if program.is_empty() {
        return export.unwrap_or_default();
    }
    let way = match &first.sought {
        None => format!("keep it with `{program} auth set {name}`"),
        Some(Sought { by, place }) => match place {
            Place::Variable(variable) => format!("{by} reads {variable} for it"),
            Place::Keychain => format!("keep it with `{program} auth set {name}`, as {by} says"),
            Place::File => {
                format!("keep it with `{program} auth set {name} --insecure-storage`, as {by} says")
            }
        },
    };
    let give = format!("or give --mcp-env {name}=…");
    let ways = [export, Some(way), Some(give)].into_iter().flatten();
    ways.collect::<Vec<_>>().join(", ")
}
