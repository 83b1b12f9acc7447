//! What a rule is about: tools by their names, or by what is said of them; resources and prompts.

use super::subject::{Subject, Word};
use crate::spec::Effect;
use crate::text::{is_whole_glob, matches_glob};

/// How a rule names what tools are marked with.
const ANNOTATION: &str = "annotation:";
/// How a rule names resources, by their URIs.
const RESOURCE: &str = "resource:";
/// How a rule names prompts.
const PROMPT: &str = "prompt:";

/// What a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    /// All there is.
    Every,
    /// What changes nothing as far as anybody says, or the reverse.
    Effect(Effect, bool),
    /// Tools that are marked with a hint of the protocol's.
    Hint(&'static str),
    /// Tools of such a name.
    Glob(String),
    /// Resources of such a URI.
    Resource(String),
    /// Prompts of such a name.
    Prompt(String),
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    ///
    /// What is wrong with it: a rule that could never hold is a rule that somebody counts on.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(mark) = text.strip_prefix(ANNOTATION) {
            return annotation(mark);
        }
        if let Some(uri) = text.strip_prefix(RESOURCE) {
            return glob(uri, "no resource").map(Self::Resource);
        }
        if let Some(name) = text.strip_prefix(PROMPT) {
            one(name)?;
            return glob(name, "no prompt").map(Self::Prompt);
        }
        if let Some((kind, _)) = text.split_once(':') {
            return Err(format!(
                "nothing is named by `{kind}:`: there are {ANNOTATION}, {RESOURCE} and {PROMPT}, and \
                 a colon in a tool's name is written as `?`"
            ));
        }
        one(text)?;
        Ok(match text {
            "*" => Self::Every,
            name => Self::Glob(glob(name, "no tool")?),
        })
    }

    /// Whether it means a subject, as far as that is marked by this word.
    pub(super) fn covers(&self, subject: &Subject<'_>, word: Word) -> bool {
        match self {
            Self::Every => true,
            Self::Effect(effect, is) => (subject.effect(word) == *effect) == *is,
            Self::Hint(hint) => subject.is_marked(hint),
            Self::Glob(pattern) => subject.is_tool() && subject.is_named(pattern),
            Self::Resource(pattern) => subject.is_resource() && matches_name(pattern, subject.wire),
            Self::Prompt(pattern) => subject.is_prompt() && subject.is_named(pattern),
        }
    }

    /// The one tool that it names, if it names one.
    pub(super) fn literal(&self) -> Option<&str> {
        match self {
            Self::Glob(name) if !name.contains(['*', '?', '[']) => Some(name),
            _ => None,
        }
    }
}

fn annotation(mark: &str) -> Result<Selector, String> {
    Ok(match mark {
        "read-only" => Selector::Effect(Effect::ReadOnly, true),
        "additive" => Selector::Effect(Effect::Additive, true),
        "destructive" => Selector::Effect(Effect::Destructive, true),
        "unknown" => Selector::Effect(Effect::Unknown, true),
        "idempotent" => Selector::Hint("idempotentHint"),
        "open-world" => Selector::Hint("openWorldHint"),
        _ => {
            return Err(format!(
                "no annotation `{mark}`: there are read-only, additive, destructive, unknown, \
                 idempotent, open-world"
            ));
        }
    })
}

/// Refuses what is meant as several names, or as all but one.
fn one(text: &str) -> Result<(), String> {
    if text.contains(',') {
        return Err(
            "a comma in a name: each is a text of its own, as in [\"a\", \"b\"]".to_owned(),
        );
    }
    match text.strip_prefix('!') {
        None => Ok(()),
        Some(_) => {
            Err("`!` takes nothing away: what is not meant goes into another list".to_owned())
        }
    }
}

fn glob(pattern: &str, nothing: &str) -> Result<String, String> {
    match pattern {
        "" => Err(format!("names {nothing}")),
        pattern if !is_whole_glob(pattern) => Err("a `[` without its `]`".to_owned()),
        pattern => Ok(pattern.to_owned()),
    }
}

/// Whether a name is meant by a pattern: as it stands, so that one with a bracket in it can be named.
pub(crate) fn matches_name(pattern: &str, name: &str) -> bool {
    pattern == name || matches_glob(pattern, name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Tool;

    static DROP: Tool = Tool {
        wire: "drop_table",
        command: "drop-table",
        effect: Effect::Destructive,
        definition: r#"{"annotations": {"idempotentHint": true, "openWorldHint": false}}"#,
        ..Tool::PLAIN
    };

    fn covers(text: &str, wire: &str, known: Option<&Tool>) -> bool {
        covers_subject(text, &Subject::tool(wire, known))
    }

    fn covers_subject(text: &str, subject: &Subject<'_>) -> bool {
        let selector = Selector::read(text).unwrap();
        selector.covers(subject, Word::Maker)
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
    fn resources_and_prompts_are_meant_by_their_own_names_and_are_only_read() {
        let file = Subject::resource("file:///etc/passwd", "file:///etc/passwd");
        let prompt = Subject::prompt("code_review", None);
        for text in ["*", "annotation:read-only", "resource:file:///etc/*"] {
            assert!(covers_subject(text, &file), "{text}");
        }
        for text in [
            "*",
            "annotation:read-only",
            "prompt:code-*",
            "prompt:code_review",
        ] {
            assert!(covers_subject(text, &prompt), "{text}");
        }
        for text in [
            "?*",
            "file*",
            "code*",
            "annotation:unknown",
            "annotation:open-world",
            "resource:file:///home/*",
            "prompt:review",
        ] {
            assert!(!covers_subject(text, &file), "{text}");
            assert!(!covers_subject(text, &prompt), "{text}");
        }
        assert!(!covers_subject("resource:*", &prompt));
        assert!(!covers_subject("prompt:*", &file));
        assert!(!covers("resource:*", "resource", None));
    }

    #[test]
    fn what_can_mean_nothing_is_refused() {
        for (text, words) in [
            (" ", "names no tool"),
            ("resource:", "names no resource"),
            ("prompt:", "names no prompt"),
            (
                "annotation:harmless",
                "no annotation `harmless`: there are read-only",
            ),
            (
                "annotations:destructive",
                "nothing is named by `annotations:`",
            ),
            ("tool:echo", "nothing is named by `tool:`"),
            ("echo,add", "a comma in a name"),
            ("prompt:a,b", "a comma in a name"),
            ("!echo", "`!` takes nothing away"),
            ("[a-", "a `[` without its `]`"),
            ("get_[", "a `[` without its `]`"),
            ("resource:x://[a", "a `[` without its `]`"),
        ] {
            let error = Selector::read(text).unwrap_err();
            assert!(error.starts_with(words), "{text}: {error}");
        }
        for text in ["a[0]", "[!a]*", "a]", "resource:a://b,c?d=[ef]"] {
            assert!(Selector::read(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_name_without_a_pattern_names_one_tool() {
        let literal = |text| Selector::read(text).unwrap().literal().map(str::to_owned);
        assert_eq!(literal("drop_it").as_deref(), Some("drop_it"));
        for text in [
            "drop*",
            "dro?",
            "[d]rop",
            "*",
            "annotation:unknown",
            "prompt:x",
        ] {
            assert_eq!(literal(text), None, "{text}");
        }
    }
}
