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

use serde::{Deserialize, Deserializer};

use crate::leak;

/// The version of the table's layout. A runtime refuses a table of another layout.
pub const FORMAT: u32 = 4;

/// A text that is in every program: how one is known before it is run.
///
/// It is the description of the command that is asked for then, so that it cannot be optimised away.
pub const MARK: &str = "Print all that the server said when this program was made, as JSON";

/// The commands every program has or will have. No tool is called by one of these names.
pub const RESERVED_COMMANDS: [&str; 8] = [
    "help", "call", "batch", "resource", "prompt", "auth", "session", "self",
];

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
    /// One entry a prompt, in the server's order.
    #[serde(default, deserialize_with = "leak::list")]
    pub prompts: &'static [Form],
    /// One entry a resource template, in the server's order.
    #[serde(default, deserialize_with = "leak::list")]
    pub templates: &'static [Form],
    /// What the server has and the program was made without.
    #[serde(default)]
    pub omitted: Omitted,
}

/// The tools that whoever made the program left out of it: it calls none of them, by any name.
///
/// A table names what differs from [`Omitted::NOTHING`].
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Omitted {
    /// Those that the server had, by the names that it knows them by.
    #[serde(default, deserialize_with = "leak::texts")]
    pub tools: &'static [&'static str],
    /// Whether those that it has got since are left out as well: nobody could say of them that they are
    /// what was wanted.
    #[serde(default)]
    pub later: bool,
    /// The options of mcpress that left them out, word by word.
    #[serde(default, deserialize_with = "leak::texts")]
    pub options: &'static [&'static str],
}

/// How the server is reached and what it said of itself.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Server {
    /// How the server is started or reached.
    pub transport: Transport,
    /// The protocol revision it was spoken to in, such as `2025-11-25`; empty where it is not known.
    #[serde(deserialize_with = "leak::text")]
    pub protocol: &'static str,
    /// What the client declared that it can be asked for, as JSON text: `ClientCapabilities`.
    #[serde(deserialize_with = "leak::text")]
    pub capabilities: &'static str,
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
        /// Whether it speaks HTTP with SSE, as in MCP 2024-11-05.
        #[serde(default)]
        events: bool,
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
///
/// A table names what differs from [`Slot::PLAIN`].
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Slot {
    /// The name, which is also the environment variable that fills it.
    #[serde(deserialize_with = "leak::text")]
    pub name: &'static str,
    /// What it is, in one line; empty where nobody said.
    #[serde(default, deserialize_with = "leak::text")]
    pub about: &'static str,
    /// Whether the server is not started without it.
    pub required: bool,
    /// Whether its value is masked in what is printed; where nobody said, its name and value tell.
    #[serde(default)]
    pub secret: Option<bool>,
}

/// One tool: what the server said of it, and the command line it became.
///
/// A table names what differs from [`Tool::PLAIN`].
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Tool {
    /// The name the server knows it by.
    #[serde(deserialize_with = "leak::text")]
    pub wire: &'static str,
    /// The name the user types.
    #[serde(deserialize_with = "leak::text")]
    pub command: &'static str,
    /// The first sentence of its description.
    #[serde(default, deserialize_with = "leak::text")]
    pub about: &'static str,
    /// The heading it stands under in the program's help; empty for none.
    #[serde(default, deserialize_with = "leak::text")]
    pub group: &'static str,
    /// Whether the program's help leaves it out. It works all the same.
    #[serde(default)]
    pub hidden: bool,
    /// What a call does to the world.
    #[serde(default)]
    pub effect: Effect,
    /// How an answer says that the tool failed.
    #[serde(default)]
    pub failure: Failure,
    /// Command lines for the help, without the program's name.
    #[serde(default, deserialize_with = "leak::texts")]
    pub examples: &'static [&'static str],
    /// Its flags, in the schema's order, each object before its fields. Empty for a tool that takes `--args` only.
    #[serde(default, deserialize_with = "leak::list")]
    pub parameters: &'static [Parameter],
    /// What the server said of it, word for word: a `Tool` object of the protocol as JSON text.
    #[serde(deserialize_with = "leak::text")]
    pub definition: &'static str,
}

/// A prompt or a resource template: something of the server's with places to be filled in with texts.
///
/// What the server said of it is in [`Server::capture`]. A table names what differs from
/// [`Form::PLAIN`].
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Form {
    /// What the server knows it by: the name of a prompt, the URI template (RFC 6570) of resources.
    #[serde(deserialize_with = "leak::text")]
    pub wire: &'static str,
    /// The name the user types after `prompt get` or `resource read`.
    #[serde(deserialize_with = "leak::text")]
    pub command: &'static str,
    /// The first sentence of its description.
    #[serde(default, deserialize_with = "leak::text")]
    pub about: &'static str,
    /// Its flags, in the server's order: one a place.
    #[serde(default, deserialize_with = "leak::list")]
    pub parameters: &'static [Parameter],
}

/// What a call does to the world, as the server or the user says (MCP 2025-11-25, `ToolAnnotations`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
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

/// How an answer says that the tool failed. The protocol's own `isError` always does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// By the shape `{success, data, error}` as well, which many servers have.
    #[default]
    Shaped,
    /// By `isError` alone.
    Flagged,
    /// By a value at a place of the answer's data as well.
    Equals {
        /// The JSON Pointer of the place.
        #[serde(deserialize_with = "leak::text")]
        pointer: &'static str,
        /// The value, as JSON text.
        #[serde(deserialize_with = "leak::text")]
        value: &'static str,
    },
}

/// One flag: the place in the arguments it fills, and how its text becomes JSON.
///
/// A table names what differs from [`Parameter::PLAIN`]. In JSON the fields of [`More`] stand beside
/// these.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// The JSON Pointer (RFC 6901) of the place it fills, such as `/policy_id`.
    pub pointer: &'static str,
    /// The flag, without its dashes; `start.date-time` for a field of the object `start`.
    pub flag: &'static str,
    /// Other spellings that work and are not shown, such as the server's own.
    pub aliases: &'static [&'static str],
    /// How its text becomes JSON.
    pub shape: Shape,
    /// Whether the schema asks for it; for a field of an object, whenever the object is there.
    pub required: bool,
    /// Its description, stripped of control characters.
    pub help: &'static str,
    /// The schema's `default` as JSON text: shown, never sent.
    pub default: Option<&'static str>,
    /// What most parameters have not.
    pub more: Option<&'static More>,
}

/// What few parameters have, kept apart so that a table of many stays small.
///
/// A table names what differs from [`More::PLAIN`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct More {
    /// The twin of a switch that says `false`, such as `no-cache`, where that name was free.
    pub negation: Option<&'static str>,
    /// A flag of one letter, if the user gave it one.
    pub short: Option<char>,
    /// Whether it can be given without its flag, in the order of such parameters.
    pub positional: bool,
    /// The heading it stands under in the tool's help; empty for the tool's own.
    pub group: &'static str,
    /// What its value is called in the help, where the shape's own name says less.
    pub value_name: &'static str,
    /// A value the schema shows as an example, as JSON text.
    pub example: Option<&'static str>,
    /// What is sent where nothing is given, as JSON text, if the user wants that.
    pub sends: Option<&'static str>,
    /// The forms of a union that have this field; none for a field of all of them.
    pub only: Option<Branch>,
    /// Whether the help leaves it out.
    pub hidden: bool,
    /// Whether the server would rather not see it used: hidden, and warned about.
    pub deprecated: bool,
    /// Whether its value is a secret: never on the command line, masked wherever it is shown.
    pub secret: bool,
}

/// The forms of a discriminated union that a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Branch {
    /// The JSON Pointer of the field that tells the forms apart.
    #[serde(deserialize_with = "leak::text")]
    pub discriminator: &'static str,
    /// Its values in these forms, as JSON texts.
    #[serde(deserialize_with = "leak::texts")]
    pub values: &'static [&'static str],
}

/// How the text of a flag becomes JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// A string, sent verbatim.
    #[default]
    Text,
    /// An integer of any size.
    Integer,
    /// A number in JSON's grammar, kept digit for digit.
    Number,
    /// A switch.
    Boolean,
    /// One of these JSON values, given by its text.
    Choice(#[serde(deserialize_with = "leak::texts")] &'static [&'static str]),
    /// A single possible JSON value. A required one is sent without a flag.
    Constant(#[serde(deserialize_with = "leak::text")] &'static str),
    /// A flag that repeats, each time one item or several.
    List(#[serde(deserialize_with = "leak::one")] &'static Shape),
    /// A list in which each place has a shape of its own: `52.5,13.4`.
    Tuple(#[serde(deserialize_with = "leak::list")] &'static [Shape]),
    /// An object: JSON, or `KEY=VALUE` as often as there are keys.
    Object {
        /// The fields that are described.
        #[serde(deserialize_with = "leak::list")]
        fields: &'static [Field],
        /// The shape of the values of all other keys.
        #[serde(deserialize_with = "leak::one")]
        rest: &'static Shape,
    },
    /// The first of these, in the schema's order, that the text can be.
    Union(#[serde(deserialize_with = "leak::list")] &'static [Shape]),
    /// JSON where the text begins as an object, an array or a string of it does, else a string.
    Any,
    /// JSON text.
    Json,
}

/// A field of an object that is given as `KEY=VALUE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Field {
    /// The key, as the server spells it.
    #[serde(deserialize_with = "leak::text")]
    pub key: &'static str,
    /// How its text becomes JSON.
    pub shape: Shape,
    /// Whether the object must have it. A required constant need not be typed.
    #[serde(default)]
    pub required: bool,
}

/// A parameter as JSON, with all of its fields beside one another.
#[derive(Deserialize)]
struct Flat {
    #[serde(deserialize_with = "leak::text")]
    pointer: &'static str,
    #[serde(deserialize_with = "leak::text")]
    flag: &'static str,
    #[serde(default, deserialize_with = "leak::texts")]
    aliases: &'static [&'static str],
    #[serde(default)]
    shape: Shape,
    #[serde(default)]
    required: bool,
    #[serde(default, deserialize_with = "leak::text")]
    help: &'static str,
    #[serde(default, deserialize_with = "leak::option")]
    default: Option<&'static str>,
    #[serde(default, deserialize_with = "leak::option")]
    negation: Option<&'static str>,
    #[serde(default)]
    short: Option<char>,
    #[serde(default)]
    positional: bool,
    #[serde(default, deserialize_with = "leak::text")]
    group: &'static str,
    #[serde(default, deserialize_with = "leak::text")]
    value_name: &'static str,
    #[serde(default, deserialize_with = "leak::option")]
    example: Option<&'static str>,
    #[serde(default, deserialize_with = "leak::option")]
    sends: Option<&'static str>,
    #[serde(default)]
    only: Option<Branch>,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    deprecated: bool,
    #[serde(default)]
    secret: bool,
}

// What is read lives as long as the process, as all of a spec does.
impl<'de: 'static> Deserialize<'de> for Parameter {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Flat {
            pointer,
            flag,
            aliases,
            shape,
            required,
            help,
            default,
            negation,
            short,
            positional,
            group,
            value_name,
            example,
            sends,
            only,
            hidden,
            deprecated,
            secret,
        } = Flat::deserialize(from)?;
        let more = More {
            negation,
            short,
            positional,
            group,
            value_name,
            example,
            sends,
            only,
            hidden,
            deprecated,
            secret,
        };
        Ok(Self {
            pointer,
            flag,
            aliases,
            shape,
            required,
            help,
            default,
            more: (more != More::PLAIN).then(|| -> &'static More { Box::leak(Box::new(more)) }),
        })
    }
}

impl Parameter {
    /// An optional text without a name.
    pub const PLAIN: Self = Self {
        pointer: "",
        flag: "",
        aliases: &[],
        shape: Shape::Text,
        required: false,
        help: "",
        default: None,
        more: None,
    };

    /// What most parameters have not.
    pub fn more(&self) -> &'static More {
        self.more.unwrap_or(&More::PLAIN)
    }
}

impl More {
    /// Nothing.
    pub const PLAIN: Self = Self {
        negation: None,
        short: None,
        positional: false,
        group: "",
        value_name: "",
        example: None,
        sends: None,
        only: None,
        hidden: false,
        deprecated: false,
        secret: false,
    };
}

impl Slot {
    /// One that the server is started without, of which no more is known.
    pub const PLAIN: Self = Self {
        name: "",
        about: "",
        required: false,
        secret: None,
    };
}

impl Omitted {
    /// The program has all of its server's tools.
    pub const NOTHING: Self = Self {
        tools: &[],
        later: false,
        options: &[],
    };
}

impl Tool {
    /// A tool without a name, of which nothing is known.
    pub const PLAIN: Self = Self {
        wire: "",
        command: "",
        about: "",
        group: "",
        hidden: false,
        effect: Effect::Unknown,
        failure: Failure::Shaped,
        examples: &[],
        parameters: &[],
        definition: "{}",
    };
}

impl Form {
    /// A form without a name and without places.
    pub const PLAIN: Self = Self {
        wire: "",
        command: "",
        about: "",
        parameters: &[],
    };
}

impl Effect {
    /// What the annotations of a tool's definition say of its calls.
    ///
    /// A tool that says nothing may destroy, by the letter of the protocol; but then nearly every tool
    /// would be said to.
    pub fn annotated(definition: &serde_json::Value) -> Self {
        let annotations = definition.get("annotations");
        let hint = |name: &str| annotations?.get(name)?.as_bool();
        match (hint("readOnlyHint"), hint("destructiveHint")) {
            (Some(true), _) => Self::ReadOnly,
            (_, Some(true)) => Self::Destructive,
            (_, Some(false)) => Self::Additive,
            (_, None) => Self::Unknown,
        }
    }
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
