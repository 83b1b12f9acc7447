//! Who calls, for what, and within which run: the headers that the vault's own records have it from.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::header::is_trace_parent;
use super::sign::{ACTOR, CALLER, CALLER_TYPE, CONTEXT, Header};
use crate::context::Context;
use crate::environment;

const MOST_KEYS: usize = 20;
const LONGEST_KEY: usize = 64;
const LONGEST_VALUE: usize = 512;
const LONGEST_CONTEXT: usize = 4096;
const LONGEST_CALLER: usize = 255;

/// To how many characters values are cut where all of them together are too long: six of them, in the
/// longest spelling a character has, are not.
const SHORT_VALUE: usize = 50;

/// How much of it a call carries, which is as much as the vendor's own clients do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The caller by name alone: the calls of which the vault knows whom they are for.
    Name,
    Caller,
    /// The context too: the calls that use a credential.
    Whole,
}

/// What the headers say.
#[derive(Debug)]
pub(super) struct Attribution {
    caller: Option<String>,
    /// The caller as the vault has come to know it: the first it named.
    actor: OnceLock<String>,
    /// What is told of a call, short enough to be sent.
    context: Vec<(&'static str, String)>,
    trace_parent: Option<String>,
}

impl Attribution {
    pub(super) fn new(program: &str, context: &Context) -> Self {
        let printable = program.chars().filter(|c| matches!(c, ' '..='~'));
        let caller: String = printable.take(LONGEST_CALLER).collect();
        let trace_parent = environment::trace_parent();
        Self {
            caller: Some(caller.trim().to_owned()).filter(|caller| !caller.is_empty()),
            actor: OnceLock::new(),
            context: told(context),
            trace_parent: trace_parent.filter(|text| is_trace_parent(text)),
        }
    }

    /// The same for another key, for which the vault may take the caller for somebody else.
    pub(super) fn again(&self) -> Self {
        Self {
            caller: self.caller.clone(),
            actor: OnceLock::new(),
            context: self.context.clone(),
            trace_parent: self.trace_parent.clone(),
        }
    }

    /// The headers of a call, which are signed.
    pub(super) fn headers(&self, extent: Extent) -> Vec<Header> {
        let mut headers = Vec::new();
        if let Some(caller) = &self.caller {
            headers.push((CALLER, caller.clone()));
            headers.push((CALLER_TYPE, "service".to_owned()));
        }
        if extent != Extent::Name
            && let Some(actor) = self.actor.get()
        {
            headers.push((ACTOR, actor.clone()));
        }
        if extent == Extent::Whole
            && let Ok(Some(context)) = header(&borrowed(&self.context))
        {
            headers.push((CONTEXT, context));
        }
        headers
    }

    /// What is told of a call, for a body.
    pub(super) fn context(&self) -> Option<Map<String, Value>> {
        let pairs = self.context.iter();
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), value.as_str().into()));
        Some(pairs.collect()).filter(|pairs: &Map<String, Value>| !pairs.is_empty())
    }

    /// The trace that the caller is part of, which is not signed.
    pub(super) fn trace_parent(&self) -> Option<&str> {
        self.trace_parent.as_deref()
    }

    /// Hears whom the vault takes the caller for.
    pub(super) fn hear(&self, actor: &str) {
        if super::header::is_uuid(actor) {
            // The first word is kept.
            let _ = self.actor.set(actor.to_owned());
        }
    }
}

/// What is told of a context. A tool's name may be as long as its server likes, and is no reason to
/// fail: it is cut.
fn told(context: &Context) -> Vec<(&'static str, String)> {
    let pairs = [
        ("tool", context.tool.as_deref()),
        ("parent_tool", context.parent_tool.as_deref()),
        ("run_id", Some(context.run.as_str())),
        ("thread_id", context.thread.as_deref()),
        ("framework", Some("mcpress")),
    ];
    let cut = |most: usize| {
        let pairs = pairs.iter().filter_map(|(name, value)| {
            let value = value.filter(|value| !value.is_empty())?;
            Some((*name, crop(value, most).to_owned()))
        });
        pairs.collect::<Vec<_>>()
    };
    let whole = cut(LONGEST_VALUE);
    match header(&borrowed(&whole)) {
        Ok(_) => whole,
        Err(_) => cut(SHORT_VALUE),
    }
}

fn borrowed<'a>(pairs: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
    pairs.collect()
}

fn crop(text: &str, most: usize) -> &str {
    match text.char_indices().nth(most) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// A context as a header: an object of texts in ASCII, or nothing if there are none.
///
/// # Errors
///
/// When there are too many, or one of them or all together are too long.
pub(super) fn header(pairs: &[(&str, &str)]) -> Result<Option<String>, String> {
    if pairs.is_empty() {
        return Ok(None);
    }
    if pairs.len() > MOST_KEYS {
        return Err(format!("{} keys, and {MOST_KEYS} at most", pairs.len()));
    }
    let mut text = String::from("{");
    for (index, (name, value)) in pairs.iter().enumerate() {
        if name.chars().count() > LONGEST_KEY || value.chars().count() > LONGEST_VALUE {
            return Err(format!("`{}` is too long", crop(name, LONGEST_KEY)));
        }
        if index > 0 {
            text.push(',');
        }
        quote(&mut text, name);
        text.push(':');
        quote(&mut text, value);
    }
    text.push('}');
    if text.len() > LONGEST_CONTEXT {
        return Err(format!(
            "{} bytes, and {LONGEST_CONTEXT} at most",
            text.len()
        ));
    }
    Ok(Some(text))
}

/// Appends a text as JSON that a header can hold: all but printable ASCII is escaped.
fn quote(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(character),
            _ => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(tool: &str) -> Context {
        Context {
            run: "run-1".to_owned(),
            tool: Some(tool.to_owned()),
            thread: Some("thread-1".to_owned()),
            ..Context::default()
        }
    }

    #[test]
    fn a_call_is_the_programs_own_and_of_a_run() {
        let attribution = Attribution::new("altr-cli", &context("list_things"));
        let told = r#"{"tool":"list_things","run_id":"run-1","thread_id":"thread-1","framework":"mcpress"}"#;
        let caller = [
            (CALLER, "altr-cli".to_owned()),
            (CALLER_TYPE, "service".to_owned()),
        ];
        assert_eq!(attribution.headers(Extent::Name), caller);
        assert_eq!(attribution.headers(Extent::Caller), caller);
        assert_eq!(
            attribution.headers(Extent::Whole).last(),
            Some(&(CONTEXT, told.to_owned()))
        );
    }

    #[test]
    fn the_first_name_the_vault_has_for_the_caller_is_kept() {
        let attribution = Attribution::new("altr-cli", &Context::default());
        attribution.hear("not a uuid");
        attribution.hear("3F2D8B96-442D-5802-AC10-F11F02434957");
        assert_eq!(attribution.headers(Extent::Caller).len(), 2);
        assert_eq!(attribution.headers(Extent::Name).len(), 2);
        attribution.hear("3f2d8b96-442d-5802-ac10-f11f02434957");
        attribution.hear("00000000-0000-0000-0000-000000000000");
        assert_eq!(attribution.headers(Extent::Name).len(), 2);
        assert_eq!(
            attribution.headers(Extent::Caller)[2],
            (ACTOR, "3f2d8b96-442d-5802-ac10-f11f02434957".to_owned())
        );
    }

    #[test]
    fn a_tool_with_an_endless_name_is_told_of_in_part() {
        for tool in ["x".repeat(9000), "😀".repeat(9000)] {
            let attribution = Attribution::new("\u{e9}\n", &context(&tool));
            let headers = attribution.headers(Extent::Whole);
            let [(CONTEXT, told)] = &headers[..] else {
                panic!("{headers:?}")
            };
            assert!(told.len() <= LONGEST_CONTEXT, "{}", told.len());
            assert!(told.contains("run-1"));
        }
        // Three texts of 512 characters of 12 bytes each do not fit.
        let mut context = context(&"😀".repeat(512));
        context.parent_tool = context.tool.clone();
        context.thread = context.tool.clone();
        let told = header(&borrowed(&told(&context))).unwrap().unwrap();
        assert!(told.len() <= LONGEST_CONTEXT && told.contains("thread_id"));
        assert!(told.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
}
