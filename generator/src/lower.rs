//! From what a server said to the program it becomes.
//!
//! ```text
//! entry ──offers──▶ tool ──schema──▶ node (references and nullables undone) ──shape──▶ flag
//! ```
//!
//! Lowering is total: whatever JSON a server sends, there is a program. A schema that cannot be
//! typed becomes a flag that takes JSON, a tool without a usable schema becomes a command without
//! flags, to be given its arguments whole, and a diagnostic says so.

mod form;
mod group;
mod mirror;
mod object;
mod offer;
mod report;
mod schema;
mod shape;
pub(crate) mod text;
mod tool;

use mcpress_runtime::{server_info, spec};
use serde_json::Value;

use crate::{
    capture::Capture,
    diagnostics::Diagnostic,
    ir::{Omitted, Program, Server, Slot, Transport},
    lock::Lock,
    overlay::Fixed,
    select::Selection,
};

pub(crate) use offer::{commands, offers};

/// What the user decides and the server does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The program's name.
    pub name: String,
    /// What it does, in one line, if the user says it better than the server.
    pub about: Option<String>,
    /// How the server is started or reached.
    pub transport: Transport,
    /// The named values it needs.
    pub slots: Vec<Slot>,
    /// The tools to take.
    pub selection: Selection,
    /// The commands that the user gives. One that cannot be had is as good as not given.
    pub commands: Fixed,
}

impl Options {
    /// All tools, for a server that is not known.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            about: None,
            transport: Transport::Unknown,
            slots: Vec::new(),
            selection: Selection::default(),
            commands: Fixed::new(),
        }
    }
}

/// A program, and what the user should hear about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// The program.
    pub program: Program,
    /// The diagnostics, in the order of the tools, the prompts and the resource templates.
    pub diagnostics: Vec<Diagnostic>,
}

/// Makes the program of a server.
///
/// Commands are chosen for all of the server's tools and selected after that, so that the name of a
/// tool does not depend on which others are left out.
pub fn lower(capture: &Capture, options: &Options, lock: &Lock) -> Lowered {
    let (offers, mut diagnostics) = offers(capture);
    let commands = commands(&offers, &options.commands, lock);
    let mut tools: Vec<_> = offers
        .iter()
        .zip(commands.names)
        .filter(|(offer, _)| options.selection.contains(offer.wire))
        .map(|(offer, command)| tool::lower(offer, command, lock, &mut diagnostics))
        .collect();
    group::group(&mut tools);
    let left_out = |wire: &&str| !options.selection.contains(wire);
    let left_out = offers.iter().map(|offer| offer.wire).filter(left_out);
    let omitted = Omitted {
        tools: left_out.map(str::to_owned).collect(),
        later: options.selection.omits_later(),
        options: options.selection.options().to_vec(),
    };
    let prompts = form::prompts(capture, lock, &mut diagnostics);
    let templates = form::templates(capture, lock, &mut diagnostics);
    let about = options
        .about
        .as_deref()
        .map_or_else(|| about(capture), text::line);
    let program = Program {
        format: spec::FORMAT,
        name: options.name.clone(),
        about,
        server: server(capture, options.transport.clone()),
        slots: options.slots.clone(),
        tools,
        prompts,
        templates,
        omitted,
        vault: false,
    };
    Lowered {
        program,
        diagnostics,
    }
}

fn about(capture: &Capture) -> String {
    let info = |key| {
        let info = server_info(&capture.initialize).get(key);
        info.and_then(Value::as_str).map(text::line)
    };
    let named = |name: &String| !name.is_empty();
    let server = info("title")
        .filter(named)
        .or_else(|| info("name").filter(named));
    match server {
        Some(name) if name.to_lowercase().ends_with("mcp server") => {
            format!("Command line of the {name}")
        }
        Some(name) => format!("Command line of the {name} MCP server"),
        None => "Command line of an MCP server".to_owned(),
    }
}

/// The list of tools stays in the capture, empty: each tool has its own definition, and a capture
/// without the list could not be read back. Fields are copied one by one to leave the tools alone.
fn server(capture: &Capture, transport: Transport) -> Server {
    let rest = Capture {
        format: capture.format,
        protocol_version: capture.protocol_version.clone(),
        client_capabilities: capture.client_capabilities.clone(),
        initialize: capture.initialize.clone(),
        tools: Vec::new(),
        prompts: capture.prompts.clone(),
        resources: capture.resources.clone(),
        resource_templates: capture.resource_templates.clone(),
        origin: capture.origin.clone(),
        notes: capture.notes.clone(),
    };
    let protocol = capture.protocol_version.clone();
    let capabilities =
        serde_json::to_string(&capture.client_capabilities).expect("a capture is JSON already");
    let capture = serde_json::to_string(&rest).expect("a capture is JSON already");
    Server {
        transport,
        protocol,
        capabilities,
        capture,
    }
}

#[cfg(test)]
mod tests;
