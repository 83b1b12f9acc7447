//! An overlay to begin with: every tool and flag as it is, commented out.
//!
//! Each line stands alone, under no heading, so that taking the `#` away from any of them gives an
//! overlay; one that says nothing new.

use std::collections::BTreeMap;
use std::fmt::Write;

use mcpress_runtime::schema::unescape;

use crate::{
    ir::{Parameter, Program, Shape, Tool},
    lower::text,
    names::kebab,
};

const HEADER: &str = r##"## What to have otherwise than the server says. Give this file to mcpress with --overlay.
## Take the # away from a line to change what it says; what stays behind one stays as it is.
##
## A tool may have: command, about, hide = true, group, effect = "read-only" | "additive" | "destructive",
##   failure = "shaped" | "flagged" | { pointer = "/status", equals = "error" }, examples = ["…"]
## A flag may have: name, short = "x", positional = true, hide = true, help, group, value-name,
##   default (sent where nothing is given), secret = true
## A slot, a value that the server needs, may have: about, required = false, secret = false
"##;

/// The most characters of a comment behind a flag.
const COMMENT: usize = 80;

/// The text of an overlay that changes nothing of the program.
pub fn init(program: &Program) -> String {
    let mut text = HEADER.to_owned();
    let about = quoted(&program.about);
    text.push_str(&format!("\n# about = {about}\n# failure = \"shaped\"\n"));
    let groups = groups(&program.tools);
    if !groups.is_empty() {
        text.push_str(
            "\n## Headings of the help, in this order; tools by patterns such as \"get_*\".\n",
        );
    }
    for (heading, wires) in groups {
        let wires: Vec<String> = wires.into_iter().map(quoted).collect();
        let heading = key(&heading);
        text.push_str(&format!("# groups.{heading} = [{}]\n", wires.join(", ")));
    }
    if !program.slots.is_empty() {
        text.push_str("\n## The values that the server needs.\n");
    }
    for slot in &program.slots {
        let (name, about) = (key(&slot.name), quoted(&slot.about));
        text.push_str(&format!("# slots.{name}.about = {about}\n"));
    }
    for tool in &program.tools {
        entry(&mut text, tool);
    }
    text
}

fn entry(text: &mut String, tool: &Tool) {
    let name = format!("tools.{}", key(&tool.wire));
    let mut line = |line: String| {
        // A string takes whatever is written to it.
        let _ = writeln!(text, "{line}");
    };
    line(String::new());
    line(format!("# {name}.command = {}", quoted(&tool.command)));
    if !tool.about.is_empty() {
        line(format!("# {name}.about = {}", quoted(&tool.about)));
    }
    for parameter in &tool.parameters {
        let flag = quoted(&parameter.flag);
        let (place, comment) = (key(&place(parameter)), comment(parameter));
        line(format!(
            "# {name}.flags.{place} = {{ name = {flag} }}  # {comment}"
        ));
    }
}

/// What a flag is called in the file: by the server's name where it has one of its own, else by its
/// place.
fn place(parameter: &Parameter) -> String {
    match parameter.pointer.strip_prefix('/') {
        Some(name) if !name.contains('/') && !unescape(name).starts_with('/') => unescape(name),
        _ => parameter.pointer.clone(),
    }
}

/// The type, whether it is required, the first sentence.
fn comment(parameter: &Parameter) -> String {
    let mut comment = kind(&parameter.shape);
    if parameter.required {
        comment.push_str(", required");
    }
    let help = text::first_sentence(&parameter.help);
    if !help.is_empty() {
        comment = format!("{comment}: {help}");
    }
    match comment.char_indices().nth(COMMENT) {
        Some((end, _)) => format!("{}…", comment[..end].trim_end()),
        None => comment,
    }
}

fn kind(shape: &Shape) -> String {
    let choices = |values: &[String]| {
        let values: Vec<String> = values.iter().map(|value| shown(value)).collect();
        values.join("|")
    };
    match shape {
        Shape::Text => "text".to_owned(),
        Shape::Integer => "integer".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Boolean => "switch".to_owned(),
        Shape::Choice(values) => choices(values),
        Shape::Constant(only) => format!("always {}", shown(only)),
        Shape::List(item) => format!("list of {}", kind(item)),
        Shape::Tuple(_) => "tuple".to_owned(),
        Shape::Object { .. } => "object".to_owned(),
        Shape::Union(branches) => {
            let kinds: Vec<String> = branches.iter().map(kind).collect();
            kinds.join(" or ")
        }
        Shape::Any => "anything".to_owned(),
        Shape::Json => "JSON".to_owned(),
    }
}

/// A JSON value as one line of a comment.
fn shown(json: &str) -> String {
    match serde_json::from_str::<String>(json) {
        Ok(value) => text::line(&value),
        Err(_) => text::line(json),
    }
}

/// A key of TOML: bare where it may be.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A string of TOML in one line, with everything that cannot be seen escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || mcpress_runtime::text::is_invisible(c) => {
                quoted.push_str(&format!("\\U{:08X}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// What a tool does, at the front of its name.
const VERBS: [&str; 48] = [
    "activate",
    "add",
    "append",
    "apply",
    "approve",
    "assign",
    "batch",
    "call",
    "cancel",
    "check",
    "convert",
    "create",
    "deactivate",
    "delete",
    "disable",
    "disconnect",
    "download",
    "edit",
    "enable",
    "execute",
    "export",
    "fetch",
    "find",
    "generate",
    "get",
    "insert",
    "list",
    "move",
    "patch",
    "query",
    "read",
    "record",
    "remove",
    "rename",
    "replace",
    "revoke",
    "run",
    "search",
    "send",
    "set",
    "show",
    "start",
    "stop",
    "submit",
    "trigger",
    "update",
    "upload",
    "write",
];

/// Headings for the tools, each with the wire names under it: those they have, else some to try.
fn groups(tools: &[Tool]) -> Vec<(String, Vec<&str>)> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for tool in tools.iter().filter(|tool| !tool.group.is_empty()) {
        match groups.iter_mut().find(|(group, _)| *group == tool.group) {
            Some((_, wires)) => wires.push(&tool.wire),
            None => groups.push((tool.group.clone(), vec![&tool.wire])),
        }
    }
    if groups.is_empty() {
        proposed(tools)
    } else {
        groups
    }
}

/// What the tools are about: the first word of a name that is no verb, where several tools have it
/// and others have not.
fn proposed(tools: &[Tool]) -> Vec<(String, Vec<&str>)> {
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for tool in tools {
        let name = kebab(&tool.wire);
        let mut words = name.split('-').skip_while(|word| VERBS.contains(word));
        if let Some(word) = words.next() {
            groups.entry(singular(word)).or_default().push(&tool.wire);
        }
    }
    let few = |wires: &Vec<&str>| wires.len() > 1 && wires.len() < tools.len();
    let groups = groups.into_iter().filter(|(_, wires)| few(wires));
    groups
        .map(|(word, wires)| (capitalised(&word), wires))
        .collect()
}

/// The same word of one thing, near enough to put two names together.
fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let stem = word.strip_suffix('s');
    let stem = stem.filter(|stem| stem.len() > 2 && !stem.ends_with(['s', 'u', 'i']));
    stem.unwrap_or(word).to_owned()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}
