//! What a call is part of: the run, the tool that led to it, the reason given for it.
//!
//! A server may itself run programs of this kind. Those inherit the run and learn which tool led to
//! them through the environment of the server.

use crate::environment;

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
