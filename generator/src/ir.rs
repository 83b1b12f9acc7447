//! The program: the typed command model between what a server said and the crate made of it.
//!
//! A [`Program`] is the owned twin of the runtime's [`Spec`], field for
//! field: serialised as JSON it *is* a spec, which is how `mcpress call` and a bundle run one that
//! was never compiled, and `emit` writes the same fields as a Rust table.

use mcpress_runtime::Error;
use mcpress_runtime::spec::Spec;
use serde::{Deserialize, Serialize};

/// A whole command line, ready to be emitted or run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Program {
    /// The runtime's [`FORMAT`](mcpress_runtime::spec::FORMAT).
    pub format: u32,
    /// The program's name.
    pub name: String,
    /// What it does, in one line.
    pub about: String,
    /// The server behind it.
    pub server: Server,
    /// The named values the server needs.
    pub slots: Vec<Slot>,
    /// One entry a tool, in the server's order.
    pub tools: Vec<Tool>,
}

/// How the server is reached and what it said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Server {
    /// How the server is started or reached.
    pub transport: Transport,
    /// The protocol revision it was spoken to in.
    pub protocol: String,
    /// The capture less its tools, as JSON text.
    pub capture: String,
}

/// Where the server is; strings may hold `${NAME}` templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// A child process.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// What its environment holds beside the allow-list.
        env: Vec<Binding>,
        /// Where it is started, if not where the caller stands.
        directory: Option<String>,
    },
    /// A remote server.
    Http {
        /// The endpoint.
        url: String,
        /// Headers sent with every request.
        headers: Vec<Binding>,
    },
    /// Not known.
    Unknown,
}

/// A name and the template of its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The variable's or header's name.
    pub name: String,
    /// Its value, with `${SLOT}` where a slot goes.
    pub value: String,
}

/// A named value the server needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The name, which is also the environment variable that fills it.
    pub name: String,
    /// Whether the server is not started without it.
    pub required: bool,
}

/// One tool and the command line it became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// The name the server knows it by.
    pub wire: String,
    /// The name the user types.
    pub command: String,
    /// The first sentence of its description.
    pub about: String,
    /// Its flags, in the schema's order.
    pub parameters: Vec<Parameter>,
    /// What the server said of it, as JSON text.
    pub definition: String,
}

/// One flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// The JSON Pointer of the place it fills.
    pub pointer: String,
    /// The flag, without its dashes.
    pub flag: String,
    /// Other spellings that work and are not shown.
    pub aliases: Vec<String>,
    /// How its text becomes JSON.
    pub shape: Shape,
    /// Whether the schema asks for it.
    pub required: bool,
    /// Its description.
    pub help: String,
    /// The schema's `default` as JSON text.
    pub default: Option<String>,
}

/// How the text of a flag becomes JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// A string, sent verbatim.
    Text,
    /// An integer of any size.
    Integer,
    /// A number in JSON's grammar.
    Number,
    /// A switch, with its twin for `false`.
    Boolean {
        /// The twin flag, without its dashes.
        negation: Option<String>,
    },
    /// One of these JSON values, given by its text.
    Choice(Vec<String>),
    /// A single possible JSON value.
    Constant(String),
    /// A flag that repeats.
    List(Box<Shape>),
    /// JSON where the text begins as an object, an array or a string does, else a string.
    Any,
    /// JSON text.
    Json,
}

impl Program {
    /// The program as the runtime reads it, as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a program is text, lists and structures")
    }

    /// The program as a spec that can be run in this process.
    ///
    /// # Errors
    ///
    /// When the runtime does not take it, which is a mistake of this crate's.
    pub fn to_spec(&self) -> Result<&'static Spec, Error> {
        Spec::read(self.to_json()).map_err(|error| Error::Damaged(error.to_string()))
    }
}
