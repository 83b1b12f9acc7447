//! Which tools an overlay speaks of, and the commands it fixes.

use std::collections::BTreeMap;

use super::{
    Fixed, Overlay,
    error::{Problem, suggestion},
    file::ToolEntry,
};
use crate::{
    capture::Capture,
    lock::Lock,
    lower::{commands, offers},
    select::matches_tool,
};

/// An overlay, with the tools it speaks of found.
#[derive(Debug)]
pub struct Bound<'o> {
    pub(super) overlay: &'o Overlay,
    /// The entries, by wire name.
    pub(super) tools: BTreeMap<String, &'o ToolEntry>,
    /// The headings that patterns put tools under, by wire name.
    pub(super) groups: BTreeMap<String, &'o str>,
    pub(super) problems: Vec<Problem>,
    fixed: Fixed,
}

/// A tool by all that it may be called in an overlay.
struct Named<'a> {
    wire: &'a str,
    /// Its command if there were neither an overlay nor an earlier run; then without an overlay.
    commands: [String; 2],
}

impl<'o> Bound<'o> {
    pub(super) fn new(overlay: &'o Overlay, capture: &Capture, lock: &Lock) -> Self {
        let mut bound = Self {
            overlay,
            tools: BTreeMap::new(),
            groups: BTreeMap::new(),
            problems: Vec::new(),
            fixed: Fixed::new(),
        };
        if overlay.tools.0.is_empty() && overlay.groups.0.is_empty() {
            return bound;
        }
        let (offers, _) = offers(capture);
        let free = commands(&offers, &Fixed::new(), &Lock::default()).names;
        let locked = commands(&offers, &Fixed::new(), lock).names;
        let named: Vec<Named<'_>> = offers
            .iter()
            .zip(free.into_iter().zip(locked))
            .map(|(offer, (free, locked))| Named {
                wire: offer.wire,
                commands: [free, locked],
            })
            .collect();
        bound.find_tools(&named);
        let chosen = commands(&offers, &bound.fixed, lock);
        let clashes = chosen.clashes.iter();
        bound
            .problems
            .extend(clashes.map(|clash| Problem::clash(None, clash)));
        bound.find_groups(&named, &chosen.names);
        bound
    }

    /// The commands that the overlay fixes.
    pub fn commands(&self) -> &Fixed {
        &self.fixed
    }

    fn find_tools(&mut self, named: &[Named<'_>]) {
        let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, entry) in &self.overlay.tools.0 {
            let wire = match find(key, named) {
                Ok(wire) => wire,
                Err(problem) => {
                    self.problems.push(problem);
                    continue;
                }
            };
            if let Some(other) = keys.insert(wire, key) {
                let message = format!("`{other}` and `{key}` are the same tool");
                let hint = "put what is below both under one of them".to_owned();
                self.problems.push(Problem::new(message, Some(hint)));
                continue;
            }
            if let Some(command) = &entry.command {
                self.fixed.insert(wire.to_owned(), command.clone());
            }
            self.tools.insert(wire.to_owned(), entry);
        }
    }

    /// A tool stands under the first heading that has a pattern for it.
    fn find_groups(&mut self, named: &[Named<'_>], chosen: &[String]) {
        for (heading, patterns) in &self.overlay.groups.0 {
            for pattern in patterns {
                let mut found = false;
                for (tool, command) in named.iter().zip(chosen) {
                    let commands = tool.commands.iter().chain([command]);
                    let mut pairs = commands.map(|command| (tool.wire, &**command));
                    if pairs.any(|pair| matches_tool(pattern, pair)) {
                        found = true;
                        self.groups.entry(tool.wire.to_owned()).or_insert(heading);
                    }
                }
                if !found {
                    let message = format!("group `{heading}`: no tool matches `{pattern}`");
                    let hint = suggestion(pattern, "tools", &wires(named));
                    self.problems.push(Problem::new(message, hint));
                }
            }
        }
    }
}

/// The wire name of the tool that a key names: by that name, else by a command.
fn find<'a>(key: &str, named: &[Named<'a>]) -> Result<&'a str, Problem> {
    if let Some(tool) = named.iter().find(|tool| tool.wire == key) {
        return Ok(tool.wire);
    }
    let is_called = |tool: &&Named<'_>| tool.commands.iter().any(|command| command == key);
    let found: Vec<&str> = named
        .iter()
        .filter(is_called)
        .map(|tool| tool.wire)
        .collect();
    match found[..] {
        [wire] => Ok(wire),
        [] => Err(Problem::new(
            format!("no tool `{key}`"),
            suggestion(key, "tools", &wires(named)),
        )),
        [one, other, ..] => Err(Problem::new(
            format!(
                "`{key}` may be `{one}` or `{other}`: an earlier run named one after the other"
            ),
            Some("name the tool as the server does".to_owned()),
        )),
    }
}

fn wires<'a>(named: &[Named<'a>]) -> Vec<&'a str> {
    named.iter().map(|tool| tool.wire).collect()
}
