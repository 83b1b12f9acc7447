//! A prompt or a resource template that the line names, and what it is filled in with.
//!
//! `prompt get NAME …` and `resource read NAME …` are read in two steps, as the whole line is: NAME is
//! a command with flags of its own. One that the program was made with has a flag for each place, and
//! is read, checked and explained as a tool is; any other takes `--arg NAME=VALUE`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value, json};

use crate::arguments::{self, patch_options};
use crate::command::{self, arguments_option};
use crate::error::Error;
use crate::schema::unescape;
use crate::settings::Settings;
use crate::spec::{Form, More, Parameter, Shape, Spec, Tool};
use crate::text::{cut, plain, width};

/// The widest column of names, and the widest line, of a list in a help.
const NAMES: usize = 36;
const LINE: usize = 80;

/// What can be filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Prompts, by `prompt get`.
    Prompt,
    /// Resource templates, by `resource read`.
    Template,
}

/// What is to be filled in, and the rest of the line.
pub(crate) struct Filling {
    kind: Kind,
    /// Its name as it was typed.
    name: String,
    /// What the program knows of it, as a tool.
    pub(crate) known: Option<&'static Tool>,
    /// The line from the name on, with the options that stand before it.
    pub(crate) words: Vec<OsString>,
}

impl Kind {
    /// The command that takes a name.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Prompt => "prompt get",
            Self::Template => "resource read",
        }
    }

    /// All that the program was made with.
    pub(crate) fn forms(self, spec: &Spec) -> &'static [Form] {
        match self {
            Self::Prompt => spec.prompts,
            Self::Template => spec.templates,
        }
    }

    /// The one that a name means: by the name shown, else by the server's own.
    fn find(self, spec: &Spec, name: &str) -> Option<&'static Form> {
        let mut forms = self.forms(spec).iter();
        let all = forms.clone();
        forms
            .find(|form| form.command == name)
            .or_else(|| all.into_iter().find(|form| form.wire == name))
    }

    /// The kind that these commands are about.
    pub(crate) fn of_path(path: &[&str]) -> Option<Self> {
        let path = path.join(" ");
        let mut kinds = [Self::Prompt, Self::Template].into_iter();
        kinds.find(|kind| kind.path() == path)
    }

    /// What a form is called when the server is asked about it (MCP 2025-11-25, Completion).
    pub(crate) fn reference(self, wire: &str) -> Value {
        match self {
            Self::Prompt => json!({"type": "ref/prompt", "name": wire}),
            Self::Template => json!({"type": "ref/resource", "uri": wire}),
        }
    }

    /// What the server said of a form.
    fn said(self, spec: &Spec, wire: &str) -> Value {
        let mut capture: Value = serde_json::from_str(spec.server.capture).unwrap_or_default();
        let (list, key) = match self {
            Self::Prompt => ("prompts", "name"),
            Self::Template => ("resourceTemplates", "uriTemplate"),
        };
        let list = capture.get_mut(list).and_then(Value::as_array_mut);
        let mut items = list.into_iter().flatten();
        let said = items.find(|item| item.get(key).is_some_and(|name| name == wire));
        said.map(Value::take).unwrap_or_default()
    }
}

impl Filling {
    /// What a line fills in, if it is one that names something; `matches` are those of the command
    /// that takes the name, the third word of the line.
    ///
    /// # Errors
    ///
    /// When the name is missing, or is most likely misspelled.
    pub(crate) fn find(
        spec: &Spec,
        kind: Kind,
        words: &[OsString],
        matches: &ArgMatches,
    ) -> Result<Self, Error> {
        let Some((name, rest)) = matches.subcommand() else {
            return Err(missing(spec, kind));
        };
        let rest: Vec<&OsString> = rest.get_many("").into_iter().flatten().collect();
        // The words of the command itself, what stands before the name, the name, what follows it.
        let before = words
            .get(2..words.len() - rest.len() - 1)
            .unwrap_or_default();
        let line = std::iter::once(OsString::from(name)).chain(before.iter().cloned());
        let named = Self::of(spec, kind, name);
        if kind == Kind::Template && named.known.is_none() {
            super::resource::refuse_name(spec, name)?;
        }
        Ok(Self {
            words: line.chain(rest.into_iter().cloned()).collect(),
            ..named
        })
    }

    /// What a name alone stands for.
    pub(crate) fn of(spec: &Spec, kind: Kind, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            known: kind.find(spec, name).map(|form| as_tool(spec, kind, form)),
            words: Vec::new(),
        }
    }

    /// The name of the place that an argument of its command fills.
    pub(crate) fn place(&self, id: &str) -> Option<String> {
        let mut parameters = self.known?.parameters.iter();
        let parameter = parameters.find(|parameter| parameter.pointer == id)?;
        let key = parameter.pointer.strip_prefix('/')?;
        Some(unescape(key))
    }

    /// The name that the server knows it by, or the text that was typed.
    pub(crate) fn wire(&self) -> &str {
        self.known.map_or(&self.name, |tool| tool.wire)
    }

    /// Its command, with all its flags.
    pub(crate) fn command(&self, spec: &Spec) -> Command {
        let command = match self.known {
            Some(tool) => command::of_tool(spec, tool),
            None => untyped(spec, self.kind),
        };
        match self.kind {
            Kind::Prompt => command,
            Kind::Template => command.arg(out_option()),
        }
    }

    /// All that is said of it.
    pub(crate) fn long_help(&self, spec: &Spec) -> String {
        match self.known {
            Some(tool) => command::long_help_of(self.command(spec), spec, tool),
            None => self.command(spec).render_long_help().to_string(),
        }
    }

    /// What its places are filled in with, checked unless it is not to be; and what is to be said of
    /// it.
    ///
    /// # Errors
    ///
    /// All that cannot be read or is missing, in one message.
    pub(crate) fn values(
        &self,
        spec: &Spec,
        matches: &ArgMatches,
        checked: bool,
    ) -> Result<(Map<String, Value>, Vec<String>), Error> {
        let (values, warnings) = match self.known {
            Some(tool) => {
                let assembled = arguments::assemble(spec, tool, matches, checked)?;
                (assembled.arguments, assembled.warnings)
            }
            None => (arguments::assemble_untyped(matches)?, Vec::new()),
        };
        let Value::Object(mut values) = values else {
            return Ok((Map::new(), warnings));
        };
        if self.known.is_none() {
            for pair in matches.get_many::<String>("arg").into_iter().flatten() {
                let Some((name, value)) = pair.split_once('=') else {
                    return Err(Error::usage_with_hint(
                        format!("--arg {pair}: not of the form NAME=VALUE"),
                        "quote it for the shell: --arg 'name=the value'",
                    ));
                };
                values.insert(name.to_owned(), value.into());
            }
        }
        Ok((values, warnings))
    }
}

/// The command that takes a name, with the names there are at the end of its help.
pub(crate) fn naming(command: Command, spec: &Spec, kind: Kind, names: &'static str) -> Command {
    let path = kind.path();
    let list = kind.forms(spec);
    let widest = list.iter().map(|form| width(form.command)).max();
    let widest = widest.unwrap_or(0).min(NAMES);
    let lines = list.iter().map(|form| {
        let gap = " ".repeat(widest.saturating_sub(width(form.command)) + 2);
        let about = cut(form.about, LINE.saturating_sub(widest + 4));
        let line = format!("  {}{gap}{about}", form.command);
        format!("{}\n", line.trim_end())
    });
    let lines: String = lines.collect();
    let command = command
        .override_usage(format!("{} {path} [OPTIONS] {names} [FLAGS]", spec.name))
        .allow_external_subcommands(true)
        .external_subcommand_value_parser(clap::value_parser!(OsString))
        .disable_help_subcommand(true);
    if lines.is_empty() {
        return command;
    }
    let heading = match kind {
        Kind::Prompt => "Prompts",
        Kind::Template => "Resource templates",
    };
    command.after_help(format!(
        "{heading}:\n{lines}\n`{} {path} NAME --help` says how one is used.",
        spec.name
    ))
}

/// `--out`, on what reads a resource.
pub(crate) fn out_option() -> Arg {
    Arg::new("out")
        .long("out")
        .value_name("FILE")
        .help("Write the content to this file, or with - as it is to standard output")
}

fn untyped(spec: &Spec, kind: Kind) -> Command {
    let path = kind.path();
    let (name, about, arg) = match kind {
        Kind::Prompt => (
            "NAME",
            "Get a prompt by the name the server knows it by",
            "An argument of the prompt",
        ),
        Kind::Template => (
            "URI",
            "Read a resource by its URI, or by a URI template and its variables",
            "A variable of the URI template",
        ),
    };
    let command = Command::new(path)
        .bin_name(format!("{} {path}", spec.name))
        .override_usage(format!("{} {path} {name} [OPTIONS]", spec.name))
        .about(about)
        .max_term_width(100)
        .arg(
            Arg::new("arg")
                .long("arg")
                .value_name("NAME=VALUE")
                .action(ArgAction::Append)
                .allow_hyphen_values(true)
                .help(arg),
        )
        .arg(arguments_option(&[]));
    Settings::options(patch_options(command))
}

fn missing(spec: &Spec, kind: Kind) -> Error {
    let (what, list) = match kind {
        Kind::Prompt => ("no prompt is named", "prompt list"),
        Kind::Template => ("no resource is named", "resource list"),
    };
    Error::usage_with_hint(what, format!("`{} {list}` shows what there is", spec.name))
}

/// A form as a tool: a command with a schema that takes a text at each place. It lives as long as the
/// process, of which it is the only one.
fn as_tool(spec: &Spec, kind: Kind, form: &'static Form) -> &'static Tool {
    let group = match kind {
        Kind::Prompt => "Arguments of the prompt",
        Kind::Template => "Variables of the template",
    };
    let key = |parameter: &Parameter| unescape(parameter.pointer.trim_start_matches('/'));
    let mut properties = Map::new();
    let mut required = Vec::new();
    for parameter in form.parameters {
        // A variable of a URI template may be a list or an object as well (RFC 6570, section 2.3).
        let schema = match (kind, parameter.shape) {
            (Kind::Prompt, _) => json!({"type": "string"}),
            (Kind::Template, Shape::List(_)) => {
                json!({"type": ["array", "object", "string", "number"]})
            }
            (Kind::Template, _) => {
                json!({"type": ["string", "number", "boolean", "array", "object"]})
            }
        };
        properties.insert(key(parameter), schema);
        if parameter.required {
            required.push(Value::from(key(parameter)));
        }
    }
    let said = kind.said(spec, form.wire);
    let description = said.get("description").and_then(Value::as_str);
    let mut description = plain(description.unwrap_or_default()).trim().to_owned();
    if kind == Kind::Template {
        let gap = if description.is_empty() { "" } else { "\n\n" };
        description.push_str(&format!("{gap}URI template: {}", plain(form.wire)));
    }
    let definition = json!({
        "description": description,
        "inputSchema": {"type": "object", "properties": properties, "required": required},
    });
    let grouped = |parameter: &Parameter| {
        let more = More {
            group,
            ..*parameter.more()
        };
        Parameter {
            more: Some(Box::leak(Box::new(more))),
            ..*parameter
        }
    };
    let parameters: Vec<Parameter> = form.parameters.iter().map(grouped).collect();
    Box::leak(Box::new(Tool {
        wire: form.wire,
        command: format!("{} {}", kind.path(), form.command).leak(),
        about: form.about,
        parameters: parameters.leak(),
        definition: definition.to_string().leak(),
        ..Tool::PLAIN
    }))
}
