//! The program: the typed command model between what a server said and the crate made of it.
//!
//! A [`Program`] is the owned twin of the runtime's [`Spec`], field for
//! field: serialised as JSON it *is* a spec, which is how `mcpress call` and a bundle run one that
//! was never compiled, and `emit` writes the same fields as a Rust table.

use mcpress_runtime::Error;
use mcpress_runtime::spec::{self, Spec};
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
    /// One entry a prompt, in the server's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<Form>,
    /// One entry a resource template, in the server's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<Form>,
    /// What the server has and the program was made without.
    #[serde(skip_serializing_if = "is_default")]
    pub omitted: Omitted,
    /// Whether it links a vault, which live credentials come from.
    #[serde(skip)]
    pub vault: bool,
}

impl Program {
    /// Whether its server takes credentials, as far as is known: it has slots, or is remote.
    pub fn takes_credentials(&self) -> bool {
        !self.slots.is_empty() || !matches!(self.server.transport, Transport::Stdio { .. })
    }

    /// Whether it speaks HTTP, to its server or to a vault.
    pub(crate) fn speaks_http(&self) -> bool {
        self.vault || !matches!(self.server.transport, Transport::Stdio { .. })
    }
}

/// The tools that the user left out of the program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Omitted {
    /// Those that the server had, by its names for them, in its order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// Whether those that it has got since are left out as well.
    #[serde(skip_serializing_if = "is_default")]
    pub later: bool,
    /// The options of mcpress that left them out, word by word.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// How the server is reached and what it said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Server {
    /// How the server is started or reached.
    pub transport: Transport,
    /// The protocol revision it was spoken to in; empty where it is not known.
    pub protocol: String,
    /// What the client declared that it can be asked for, as JSON text.
    pub capabilities: String,
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
        /// Whether it speaks HTTP with SSE, as in MCP 2024-11-05.
        #[serde(default, skip_serializing_if = "is_default")]
        events: bool,
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
    /// What it is, in one line; empty where nobody said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Whether the server is not started without it.
    pub required: bool,
    /// Whether its value is masked in what is printed; where nobody said, its name and value tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<bool>,
}

impl Slot {
    /// A slot that no more is known of.
    pub fn new(name: &str, required: bool) -> Self {
        Self {
            name: name.to_owned(),
            about: String::new(),
            required,
            secret: None,
        }
    }
}

/// One tool and the command line it became.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Tool {
    /// The name the server knows it by.
    pub wire: String,
    /// The name the user types.
    pub command: String,
    /// The first sentence of its description.
    pub about: String,
    /// The heading it stands under in the program's help; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Whether the program's help leaves it out.
    #[serde(skip_serializing_if = "is_default")]
    pub hidden: bool,
    /// What a call does to the world.
    #[serde(skip_serializing_if = "is_default")]
    pub effect: Effect,
    /// How an answer says that the tool failed.
    #[serde(skip_serializing_if = "is_default")]
    pub failure: Failure,
    /// Command lines for the help, without the program's name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// Its flags, in the schema's order, each object before its fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// What the server said of it, as JSON text.
    pub definition: String,
}

/// A prompt or a resource template, and the command line it became.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Form {
    /// What the server knows it by: the name of a prompt, the URI template of resources.
    pub wire: String,
    /// The name the user types after `prompt get` or `resource read`.
    pub command: String,
    /// The first sentence of its description.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Its flags, in the server's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
}

/// What a call does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nobody says.
    #[default]
    Unknown,
    /// It changes nothing.
    ReadOnly,
    /// It changes something, and destroys nothing.
    Additive,
    /// It may destroy something.
    Destructive,
}

impl Effect {
    /// What the annotations of a definition say.
    pub(crate) fn annotated(definition: &serde_json::Value) -> Self {
        match spec::Effect::annotated(definition) {
            spec::Effect::Unknown => Self::Unknown,
            spec::Effect::ReadOnly => Self::ReadOnly,
            spec::Effect::Additive => Self::Additive,
            spec::Effect::Destructive => Self::Destructive,
        }
    }
}

/// How an answer says that the tool failed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// By the shape `{success, data, error}` as well.
    #[default]
    Shaped,
    /// By `isError` alone.
    Flagged,
    /// By a value at a place of the answer's data as well.
    Equals {
        /// The JSON Pointer of the place.
        pointer: String,
        /// The value, as JSON text.
        value: String,
    },
}

/// One flag.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Parameter {
    /// The JSON Pointer of the place it fills.
    pub pointer: String,
    /// The flag, without its dashes.
    pub flag: String,
    /// Other spellings that work and are not shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The twin of a switch that says `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negation: Option<String>,
    /// A flag of one letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short: Option<char>,
    /// Whether it can be given without its flag.
    #[serde(skip_serializing_if = "is_default")]
    pub positional: bool,
    /// How its text becomes JSON.
    #[serde(skip_serializing_if = "is_default")]
    pub shape: Shape,
    /// Whether the schema asks for it.
    #[serde(skip_serializing_if = "is_default")]
    pub required: bool,
    /// Its description.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// The heading it stands under in the tool's help; empty for the tool's own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// What its value is called in the help, where the shape's own name says less.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value_name: String,
    /// The schema's `default` as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// A value the schema shows as an example, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// What is sent where nothing is given, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sends: Option<String>,
    /// The forms of a union that have this field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Branch>,
    /// Whether the help leaves it out.
    #[serde(skip_serializing_if = "is_default")]
    pub hidden: bool,
    /// Whether the server would rather not see it used.
    #[serde(skip_serializing_if = "is_default")]
    pub deprecated: bool,
    /// Whether its value is a secret.
    #[serde(skip_serializing_if = "is_default")]
    pub secret: bool,
}

/// The forms of a discriminated union that a field belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// The JSON Pointer of the field that tells the forms apart.
    pub discriminator: String,
    /// Its values in these forms, as JSON texts.
    pub values: Vec<String>,
}

/// How the text of a flag becomes JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// A string, sent verbatim.
    #[default]
    Text,
    /// An integer of any size.
    Integer,
    /// A number in JSON's grammar.
    Number,
    /// A switch.
    Boolean,
    /// One of these JSON values, given by its text.
    Choice(Vec<String>),
    /// A single possible JSON value.
    Constant(String),
    /// A flag that repeats.
    List(Box<Shape>),
    /// A list in which each place has a shape of its own.
    Tuple(Vec<Shape>),
    /// An object: JSON, or `KEY=VALUE` as often as there are keys.
    Object {
        /// The fields that are described.
        fields: Vec<Field>,
        /// The shape of the values of all other keys.
        rest: Box<Shape>,
    },
    /// The first of these, in the schema's order, that the text can be.
    Union(Vec<Shape>),
    /// JSON where the text begins as an object, an array or a string does, else a string.
    Any,
    /// JSON text.
    Json,
}

/// A field of an object that is given as `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// The key, as the server spells it.
    pub key: String,
    /// How its text becomes JSON.
    pub shape: Shape,
    /// Whether the object must have it.
    #[serde(skip_serializing_if = "is_default")]
    pub required: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
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
