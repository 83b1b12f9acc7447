//! What a rule is about: tools by their names, or by what is said of them.

use serde_json::Value;

use crate::spec::{Effect, Tool};
use crate::text::matches_glob;

/// How a rule names what tools are marked with.
const ANNOTATION: &str = "annotation:";

/// A tool as rules see it: one of the program's, or one that is called by a name it does not know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) wire: &'a str,
    pub(crate) known: Option<&'a Tool>,
}

impl Subject<'_> {
    /// The name for people.
    pub(crate) fn name(&self) -> &str {
        self.known.map_or(self.wire, |tool| tool.command)
    }

    fn effect(&self) -> Effect {
        self.known.map_or(Effect::Unknown, |tool| tool.effect)
    }

    /// Whether the server marks it so. What the protocol takes for granted is not marked.
    fn is_marked(&self, hint: &str) -> bool {
        let said = self.known.map(Tool::said).unwrap_or_default();
        let hint = said.get("annotations").and_then(|all| all.get(hint));
        hint.and_then(Value::as_bool) == Some(true)
    }
}

/// The tools that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    /// All.
    Every,
    /// Those that change nothing as far as anybody says, or the reverse.
    Effect(Effect, bool),
    /// Those that are marked with a hint of the protocol's.
    Hint(&'static str),
    /// Those of such a name.
    Glob(String),
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let Some(mark) = text.strip_prefix(ANNOTATION) else {
            return match text.trim() {
                "" => Err("names no tool".to_owned()),
                name => Ok(Self::Glob(name.to_owned())),
            };
        };
        Ok(match mark {
            "read-only" => Self::Effect(Effect::ReadOnly, true),
            "additive" => Self::Effect(Effect::Additive, true),
            "destructive" => Self::Effect(Effect::Destructive, true),
            "unknown" => Self::Effect(Effect::Unknown, true),
            "idempotent" => Self::Hint("idempotentHint"),
            "open-world" => Self::Hint("openWorldHint"),
            _ => {
                return Err(format!(
                    "no annotation `{mark}`: there are read-only, additive, destructive, unknown, \
                     idempotent, open-world"
                ));
            }
        })
    }

    /// Whether a tool is one of them.
    pub(crate) fn covers(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Every => true,
            Self::Effect(effect, is) => (subject.effect() == *effect) == *is,
            Self::Hint(hint) => subject.is_marked(hint),
            Self::Glob(pattern) => names(subject).any(|name| matches_name(pattern, &name)),
        }
    }
}

/// Whether a name is meant by a pattern: as it stands, so that one with a bracket in it can be named.
pub(crate) fn matches_name(pattern: &str, name: &str) -> bool {
    pattern == name || matches_glob(pattern, name)
}

/// The names that a tool goes by. One that the program does not know would be a command in this
/// spelling: it is not to slip through a rule for that.
fn names<'a>(subject: &Subject<'a>) -> impl Iterator<Item = String> + use<'a> {
    let command = match subject.known {
        Some(tool) => tool.command.to_owned(),
        None => crate::command::as_typed(subject.wire),
    };
    [subject.wire.to_owned(), command].into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    static DROP: Tool = Tool {
        wire: "drop_table",
        command: "drop-table",
        effect: Effect::Destructive,
        definition: r#"{"annotations": {"idempotentHint": true, "openWorldHint": false}}"#,
        ..Tool::PLAIN
    };

    fn covers(text: &str, wire: &str, known: Option<&Tool>) -> bool {
        let subject = Subject { wire, known };
        Selector::read(text).unwrap().covers(&subject)
    }

    #[test]
    fn a_tool_is_meant_by_either_name_and_by_what_it_is_marked_with() {
        for text in [
            "drop_table",
            "drop-table",
            "drop*",
            "*",
            "annotation:destructive",
            "annotation:idempotent",
        ] {
            assert!(covers(text, "drop_table", Some(&DROP)), "{text}");
        }
        for text in [
            "drop",
            "Drop_table",
            "annotation:read-only",
            "annotation:unknown",
            "annotation:open-world",
        ] {
            assert!(!covers(text, "drop_table", Some(&DROP)), "{text}");
        }
    }

    #[test]
    fn an_unknown_tool_is_meant_by_its_name_and_marked_with_nothing() {
        for text in ["drop_it", "drop-*", "annotation:unknown", "*"] {
            assert!(covers(text, "drop_it", None), "{text}");
        }
        assert!(covers("drop-it", "dropIt", None));
        for text in ["annotation:read-only", "annotation:destructive", "take*"] {
            assert!(!covers(text, "drop_it", None), "{text}");
        }
    }

    #[test]
    fn what_means_no_tool_is_refused() {
        assert_eq!(Selector::read(" ").unwrap_err(), "names no tool");
        let error = Selector::read("annotation:harmless").unwrap_err();
        assert!(error.contains("`harmless`: there are read-only"), "{error}");
    }
}
