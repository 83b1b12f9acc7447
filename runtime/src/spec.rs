//! The table a generated program is.
//!
//! A generated crate holds one `static SPEC: Spec` and a `main` that hands it to [`crate::main`].
//! Every type here can be written as a constant, so that the table costs nothing at start-up; and
//! every type can be read from JSON, so that the same runtime can run a program that was never
//! compiled (a bundle, `mcpress call`). Read from JSON, a spec is leaked once: it lives as long as
//! the process, exactly as the compiled table does.
//!
//! Two names stand side by side everywhere: `wire` is what the server says, `command` and `flag`
//! are what the user types. Neither is ever derived from the other at run time.

use serde::Deserialize;

use crate::leak;

/// The version of the table's layout. A runtime refuses a table of another layout.
pub const FORMAT: u32 = 1;

/// A text that is in every program: how one is known before it is run.
///
/// It is the description of the command that is asked for then, so that it cannot be optimised away.
pub const MARK: &str = "Print all that the server said when this program was made, as JSON";

/// Everything a program knows about its server.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Spec {
    /// The layout this table was written in: [`FORMAT`] at the time.
    pub format: u32,
    /// The program's name, as in `altr-cli`.
    #[serde(deserialize_with = "leak::text")]
    pub name: &'static str,
    /// What the program does, in one line, for the top of `--help`.
    #[serde(deserialize_with = "leak::text")]
    pub about: &'static str,
    /// The server behind the program.
    pub server: Server,
    /// The named values the server needs and the program never holds.
    #[serde(deserialize_with = "leak::list")]
    pub slots: &'static [Slot],
    /// One entry a tool, in the server's order.
    #[serde(deserialize_with = "leak::list")]
    pub tools: &'static [Tool],
}

/// How the server is reached and what it said of itself.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Server {
    /// How the server is started or reached.
    pub transport: Transport,
    /// The protocol revision it was spoken to in, such as `2025-11-25`.
    #[serde(deserialize_with = "leak::text")]
    pub protocol: &'static str,
    /// The capture less its tools, as JSON text: the answer to `initialize`, prompts, resources.
    #[serde(deserialize_with = "leak::text")]
    pub capture: &'static str,
}

/// Where the server is.
///
/// Every string may hold `${NAME}` or `${NAME:-fallback}`, filled from the [slots](Slot) and the
/// caller's environment when the server is started.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// A child process spoken to over its standard streams (MCP 2025-11-25, Transports, stdio).
    Stdio {
        /// The program.
        #[serde(deserialize_with = "leak::text")]
        command: &'static str,
        /// Its arguments.
        #[serde(deserialize_with = "leak::texts")]
        args: &'static [&'static str],
        /// What its environment holds beside the allow-list.
        #[serde(deserialize_with = "leak::list")]
        env: &'static [Binding],
        /// Where it is started, if not where the caller stands.
        #[serde(deserialize_with = "leak::option")]
        directory: Option<&'static str>,
    },
    /// A remote server (MCP 2025-11-25, Transports, Streamable HTTP).
    Http {
        /// The endpoint.
        #[serde(deserialize_with = "leak::text")]
        url: &'static str,
        /// Headers sent with every request.
        #[serde(deserialize_with = "leak::list")]
        headers: &'static [Binding],
    },
    /// Not known: the program was made from a capture alone, and the user must name a server.
    Unknown,
}

/// A name and the template of its value: an environment variable, a header.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Binding {
    /// The variable's or header's name.
    #[serde(deserialize_with = "leak::text")]
    pub name: &'static str,
    /// Its value, with `${SLOT}` where a slot goes.
    #[serde(deserialize_with = "leak::text")]
    pub value: &'static str,
}

/// A named value the server needs, given by the caller at run time and stored nowhere.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Slot {
    /// The name, which is also the environment variable that fills it.
    #[serde(deserialize_with = "leak::text")]
    pub name: &'static str,
    /// Whether the server is not started without it.
    pub required: bool,
}

/// One tool: what the server said of it, and the command line it became.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Tool {
    /// The name the server knows it by.
    #[serde(deserialize_with = "leak::text")]
    pub wire: &'static str,
    /// The name the user types.
    #[serde(deserialize_with = "leak::text")]
    pub command: &'static str,
    /// The first sentence of its description.
    #[serde(deserialize_with = "leak::text")]
    pub about: &'static str,
    /// Its flags, in the schema's order. Empty for a tool that takes `--args` only.
    #[serde(deserialize_with = "leak::list")]
    pub parameters: &'static [Parameter],
    /// What the server said of it, word for word: a `Tool` object of the protocol as JSON text.
    #[serde(deserialize_with = "leak::text")]
    pub definition: &'static str,
}

/// One flag: the place in the arguments it fills, and how its text becomes JSON.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Parameter {
    /// The JSON Pointer (RFC 6901) of the place it fills, such as `/policy_id`.
    #[serde(deserialize_with = "leak::text")]
    pub pointer: &'static str,
    /// The flag, without its dashes.
    #[serde(deserialize_with = "leak::text")]
    pub flag: &'static str,
    /// Other spellings that work and are not shown, such as the server's own.
    #[serde(deserialize_with = "leak::texts")]
    pub aliases: &'static [&'static str],
    /// How its text becomes JSON.
    pub shape: Shape,
    /// Whether the schema asks for it.
    pub required: bool,
    /// Its description, stripped of control characters.
    #[serde(deserialize_with = "leak::text")]
    pub help: &'static str,
    /// The schema's `default` as JSON text: shown, never sent.
    #[serde(deserialize_with = "leak::option")]
    pub default: Option<&'static str>,
}

/// How the text of a flag becomes JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// A string, sent verbatim.
    Text,
    /// An integer of any size.
    Integer,
    /// A number in JSON's grammar, kept digit for digit.
    Number,
    /// A switch; `negation` is its twin for `false`, where that name was free.
    Boolean {
        /// The twin flag, without its dashes, such as `no-cache`.
        #[serde(deserialize_with = "leak::option")]
        negation: Option<&'static str>,
    },
    /// One of these JSON values, given by its text.
    Choice(#[serde(deserialize_with = "leak::texts")] &'static [&'static str]),
    /// A single possible JSON value. A required one is sent without a flag.
    Constant(#[serde(deserialize_with = "leak::text")] &'static str),
    /// A flag that repeats, each time one item.
    List(#[serde(deserialize_with = "leak::one")] &'static Shape),
    /// JSON where the text begins as an object, an array or a string of it does, else a string.
    Any,
    /// JSON text.
    Json,
}

impl Tool {
    /// What the server said of it.
    pub(crate) fn said(&self) -> serde_json::Value {
        serde_json::from_str(self.definition).unwrap_or_default()
    }

    /// Its description in full, harmless for a terminal.
    pub(crate) fn description(&self) -> String {
        let said = self.said();
        let description = said.get("description").and_then(serde_json::Value::as_str);
        crate::text::plain(description.unwrap_or_default())
            .trim()
            .to_owned()
    }
}

impl Spec {
    /// Reads a spec from JSON, for the rest of the process's life.
    ///
    /// # Errors
    ///
    /// When the text is no spec.
    pub fn read(json: Vec<u8>) -> Result<&'static Self, serde_json::Error> {
        serde_json::from_slice::<Self>(json.leak()).map(|spec| &*Box::leak(Box::new(spec)))
    }
}
