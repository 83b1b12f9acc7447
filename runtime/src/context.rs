//! What a call is part of: the run, the tool that led to it, the reason given for it.
//!
//! A server may itself run programs of this kind. Those inherit the run and learn which tool led to
//! them through the environment of the server.

use std::hash::{BuildHasher, RandomState};

use crate::environment;
use crate::settings::Settings;

/// What is written beside a call wherever it is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Context {
    /// The run, an id that its nested runs share: `--mcp-run-id`, the caller's, or made.
    pub(crate) run: String,
    /// The tool that is called, by its wire name; none while no tool is.
    pub(crate) tool: Option<String>,
    /// The tool whose server runs this program.
    pub(crate) parent_tool: Option<String>,
    /// A conversation that the run belongs to.
    pub(crate) thread: Option<String>,
    /// Why, in the caller's words.
    pub(crate) reason: Option<String>,
}

impl Context {
    /// The context of a run, which may be nested in another.
    pub(crate) fn of(settings: &Settings) -> Self {
        let run = settings
            .run_id
            .clone()
            .or_else(|| environment::value(environment::RUN_ID));
        let thread = settings.thread_id.clone();
        Self {
            run: run.unwrap_or_else(unique),
            tool: None,
            parent_tool: environment::value(environment::PARENT_TOOL),
            thread: thread.or_else(|| environment::value(environment::THREAD_ID)),
            reason: settings.reason.clone(),
        }
    }

    /// The variables that the server is started with, for runs nested in this one.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            (environment::RUN_ID, Some(self.run.as_str())),
            (environment::PARENT_TOOL, self.tool.as_deref()),
            (environment::THREAD_ID, self.thread.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
    }
}

/// An id that no other run has, as a UUID (RFC 9562, version 4). Whoever wants to guess it gains
/// nothing.
fn unique() -> String {
    let random = || RandomState::new().hash_one(std::process::id());
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48) & 0x3fff,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_told_apart_and_nested_runs_are_not() {
        let (one, other) = (unique(), unique());
        assert_ne!(one, other);
        assert_eq!(one.len(), 36, "{one}");
        assert_eq!(&one[14..15], "4", "{one}");
        assert!("89ab".contains(&one[19..20]), "{one}");
        let context = Context {
            run: one.clone(),
            tool: Some("feed".to_owned()),
            ..Context::default()
        };
        let variables: Vec<_> = context.variables().collect();
        assert_eq!(
            variables,
            [
                (environment::RUN_ID, one.as_str()),
                (environment::PARENT_TOOL, "feed")
            ]
        );
    }
}
