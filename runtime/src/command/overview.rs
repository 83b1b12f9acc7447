//! The help of the program itself: its commands under their headings.
//!
//! It is written here and not by clap, which would want a command built for each tool: some servers
//! have a thousand. In short, a long list is names alone.

use serde_json::Value;

use super::{WIDTH, root};
use crate::environment;
use crate::policy::is_restricted;
use crate::spec::{Spec, Tool, Transport};
use crate::text::{clean, cut, fill, width};

/// The most tools of which the short help says what each does.
const MANY: usize = 60;
/// The widest column of names: a longer name pushes its own text aside.
const NAMES: usize = 36;

/// What every program has beside its tools.
pub(super) const OWN: [(&str, &str); 5] = [
    ("call", "Call any tool by the name the server knows it by"),
    ("prompt", "List and get the server's prompts"),
    ("resource", "List, read and watch the server's resources"),
    (
        "auth",
        "Keep credentials, sign in and out, see where each comes from",
    ),
    ("self", "Look at this program: its server, its tools"),
];

/// The help, in full or in short.
pub(crate) fn overview(spec: &Spec, full: bool) -> String {
    page(spec, full, environment::columns().min(WIDTH))
}

/// The same on a page of this width.
pub(super) fn page(spec: &Spec, full: bool, limit: usize) -> String {
    let shown: Vec<&Tool> = spec.tools.iter().filter(is_shown).collect();
    let names_alone = !full && shown.len() > MANY;
    let names = shown.iter().map(|tool| width(tool.command));
    let said: Value = serde_json::from_str(spec.server.capture).unwrap_or_default();
    let own: Vec<_> = OWN
        .iter()
        .filter(|(name, _)| is_offered(spec, &said, name))
        .collect();
    let widths = own.iter().map(|(name, _)| width(name));
    let column = names.chain(widths).max().unwrap_or(0).min(NAMES);
    let mut page = String::new();
    let about = clean(spec.about);
    if !about.is_empty() {
        page.push_str(&fill(about.split_whitespace(), " ", 0, limit));
        page.push_str("\n\n");
    }
    page.push_str(&format!("Usage: {} [OPTIONS] COMMAND\n", spec.name));
    for (heading, tools) in sections(spec) {
        page.push_str(&format!("\n{}:\n", clean(heading)));
        if names_alone {
            let names = tools.iter().map(|tool| tool.command);
            page.push_str(&fill(names, "  ", 2, limit));
            page.push('\n');
            continue;
        }
        for tool in tools {
            entry(&mut page, tool.command, tool.about, column, limit);
        }
    }
    page.push_str("\nBuilt in:\n");
    for (name, about) in own {
        entry(&mut page, name, about, column, limit);
    }
    page.push_str("\nOptions of every command:\n");
    page.push_str(options(spec, full, limit).trim_end());
    page.push('\n');
    page.push_str(&hints(spec, &said, names_alone, limit));
    page
}

/// Whether a command of every program's is one for this server, as it was when the program was made.
/// It works all the same.
fn is_offered(spec: &Spec, said: &Value, command: &str) -> bool {
    let capability = match command {
        "auth" => {
            let is_remote = !matches!(spec.server.transport, Transport::Stdio { .. });
            return is_remote || !spec.slots.is_empty();
        }
        "prompt" => "prompts",
        "resource" => "resources",
        _ => return true,
    };
    let declared = said.pointer("/initialize/capabilities");
    let declared = declared.and_then(|all| all.get(capability));
    let listed = said.get(capability).and_then(Value::as_array);
    declared.is_some_and(|it| !it.is_null()) || listed.is_some_and(|list| !list.is_empty())
}

/// Whether a tool is shown: neither its overlay nor the caller hides it.
pub(super) fn is_shown(tool: &&Tool) -> bool {
    !tool.hidden && !is_restricted(tool)
}

/// The tools that are shown, as the help has them.
pub(crate) fn in_order(spec: &Spec) -> Vec<&'static Tool> {
    let sections = sections(spec).into_iter();
    sections.flat_map(|(_, tools)| tools).collect()
}

/// The tools that are shown under their headings, in the order in which these come up; what has none
/// at the end.
pub(crate) fn sections(spec: &Spec) -> Vec<(&'static str, Vec<&'static Tool>)> {
    let mut sections: Vec<(&str, Vec<&Tool>)> = Vec::new();
    let mut others: Vec<&Tool> = Vec::new();
    let tools: &'static [Tool] = spec.tools;
    for tool in tools.iter().filter(is_shown) {
        let at = sections.iter_mut().find(|(group, _)| *group == tool.group);
        match at {
            _ if tool.group.is_empty() => others.push(tool),
            Some((_, tools)) => tools.push(tool),
            None => sections.push((tool.group, vec![tool])),
        }
    }
    if !others.is_empty() {
        let heading = if sections.is_empty() {
            "Commands"
        } else {
            "Other commands"
        };
        sections.push((heading, others));
    }
    sections
}

/// A command, and in the rest of the line what it does.
fn entry(page: &mut String, name: &str, about: &str, column: usize, limit: usize) {
    let gap = column.saturating_sub(width(name)) + 2;
    let taken = 2 + width(name) + gap;
    page.push_str("  ");
    page.push_str(name);
    // On a narrow terminal a name can be all there is place for.
    if !about.is_empty() && taken + 10 <= limit {
        page.push_str(&" ".repeat(gap));
        page.push_str(&cut(about, limit - taken));
    }
    page.push('\n');
}

/// The options, as clap lays them out.
fn options(spec: &Spec, full: bool, limit: usize) -> String {
    let mut command = root(spec).help_template("{options}").term_width(limit);
    let help = if full {
        command.render_long_help()
    } else {
        command.render_help()
    };
    help.to_string()
}

/// Where to read on.
fn hints(spec: &Spec, said: &Value, names_alone: bool, limit: usize) -> String {
    let name = spec.name;
    let mut hints = Vec::new();
    if names_alone {
        hints.push(format!(
            "`{name} --help` says what each does, `{name} COMMAND --help` how it is used."
        ));
    } else {
        hints.push(format!("`{name} COMMAND --help` says how one is used."));
    }
    let instructions = said.pointer("/initialize/instructions");
    if instructions
        .and_then(Value::as_str)
        .is_some_and(|text| !text.trim().is_empty())
    {
        hints.push(format!(
            "The server gives instructions: `{name} self info` shows them."
        ));
    }
    let hints = hints
        .iter()
        .map(|hint| fill(hint.split(' '), " ", 0, limit) + "\n");
    format!("\n{}", hints.collect::<String>())
}
