//! Headings for a program of many tools, from the words that its commands share.
//!
//! A command says what is done and to what: `get-policies`, `policy-create`. The things are what a
//! reader looks for, so the tools of one thing stand together. The thing that most of the tools
//! share is taken first, then the next of those that are left; so neither the server's order nor a
//! new tool at its end turns the page around.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::Tool;

/// A list of so many needs no headings.
const FEW: usize = 25;
/// The least tools that a heading is worth.
const LEAST: usize = 3;

/// What is done, wherever it stands: no heading.
const VERBS: &str = "
    abort accept acknowledge add analyze append apply approve archive assign attach authorize
    build calculate call cancel change check clear click clone close commit compare complete compute
    configure confirm connect convert copy count create deactivate decline define delete deny deploy
    describe destroy detach detect diagnose diff disable disconnect discover dismiss download drop duplicate
    edit enable ensure evaluate execute exists explain explore expand export extract fetch filter find
    finish force fork forward generate get give import inspect insert install invite invoke join
    kill launch leave link list load lock lookup make manage mark merge modify move mute open parse
    patch pause ping poll post preview publish pull push put query read rebuild receive record refresh
    register reject release remove rename reopen replace reply rerun resend reset resize resolve restart restore
    resume retrieve retry revert revoke rotate run save scan schedule search select send set share show
    sign simulate star start stop submit subscribe suggest suspend switch sync take terminate test toggle
    track transfer transition translate trigger unarchive unassign undo uninstall unlink unlock unmute
    unpublish unsubscribe unstar update upgrade upload upsert validate verify view wait watch write
";

/// What joins words, or says nothing by itself.
const FILLERS: &str = "
    a active all an and any as at available batch bulk by current custom data detail external for from
    full id in info information into is item latest me multiple my name new next of old on or own
    per previous result search single status the this to type uid url using value via with without
";

/// What is also a thing: a verb only where a command begins with it.
const THINGS: &str = "
    build call comment commit count export filter fork import invite link list lock mark merge patch post
    preview pull query record release reply schedule share sign star switch test track transfer
    transition view watch
";

/// Words that are written in capitals.
const CAPITALS: &str = "
    ai api aws ci cli css db dns ec2 ecs eks gpu html http iam id ip json k8s llm ml mcp oauth oci pdf
    pr rds s3 sdk sms sql ssh sso ssl svg tls ui url vm vpc vpn xml
";

/// Gives headings to the tools of a program that has many, if none has one.
pub(super) fn group(tools: &mut [Tool]) {
    if tools.len() <= FEW || tools.iter().any(|tool| !tool.group.is_empty()) {
        return;
    }
    let names: Vec<&str> = tools.iter().map(|tool| &*tool.command).collect();
    let headings = headings(&names);
    for (tool, heading) in tools.iter_mut().zip(headings) {
        tool.group = heading;
    }
}

/// The heading of each command; empty for none.
fn headings(commands: &[&str]) -> Vec<String> {
    let vocabulary = Vocabulary::new();
    let split = |command: &&str| command.split('-').map(str::to_owned).collect();
    let words: Vec<Vec<String>> = commands.iter().map(split).collect();
    let mut things: Vec<Vec<String>> = words.iter().map(|words| vocabulary.things(words)).collect();
    // What most have tells nothing apart.
    let common = weights(&things, &vec![None; commands.len()]).into_iter();
    let common: BTreeSet<String> = common
        .filter(|(_, weight)| weight.tools * 2 > commands.len())
        .map(|(thing, _)| thing)
        .collect();
    for things in &mut things {
        things.retain(|thing| !common.contains(thing));
    }
    let mut keys: Vec<Option<String>> = vec![None; commands.len()];
    loop {
        let best = weights(&things, &keys)
            .into_iter()
            .filter(|(_, weight)| weight.tools >= LEAST)
            // Of those that are equal, the first in the alphabet.
            .rev()
            .max_by_key(|(_, weight)| weight.tools + weight.first);
        let Some((thing, _)) = best else { break };
        for (key, things) in keys.iter_mut().zip(&things) {
            if key.is_none() && things.contains(&thing) {
                *key = Some(thing.clone());
            }
        }
    }
    let found: BTreeSet<&String> = keys.iter().flatten().collect();
    if found.len() < 2 {
        return vec![String::new(); commands.len()];
    }
    let heading = |thing: &String| {
        let of_it = words.iter().zip(&keys);
        let members = of_it.filter(|(_, key)| key.as_ref() == Some(thing));
        let members: Vec<&Vec<String>> = members.map(|(words, _)| words).collect();
        (thing.clone(), vocabulary.heading(thing, &members, &common))
    };
    let headings: BTreeMap<String, String> = found.into_iter().map(heading).collect();
    keys.iter()
        .map(|key| {
            key.as_ref()
                .map_or_else(String::new, |key| headings[key].clone())
        })
        .collect()
}

/// In how many tools a thing is, and in how many it is named first: as what the others are parts of.
#[derive(Default)]
struct Weight {
    tools: usize,
    first: usize,
}

/// The weights of the things of all tools that have no key yet.
fn weights(things: &[Vec<String>], keys: &[Option<String>]) -> BTreeMap<String, Weight> {
    let mut weights: BTreeMap<String, Weight> = BTreeMap::new();
    let left = things.iter().zip(keys).filter(|(_, key)| key.is_none());
    for (things, _) in left {
        for (place, thing) in things.iter().enumerate() {
            let weight = weights.entry(thing.clone()).or_default();
            weight.tools += 1;
            weight.first += usize::from(place == 0);
        }
    }
    weights
}

/// The words that are known.
struct Vocabulary {
    verbs: BTreeSet<String>,
    fillers: BTreeSet<String>,
    things: BTreeSet<String>,
}

impl Vocabulary {
    fn new() -> Self {
        let set = |words: &str| words.split_whitespace().map(stem).collect();
        Self {
            verbs: set(VERBS),
            fillers: set(FILLERS),
            things: set(THINGS),
        }
    }

    /// The things that a command is about, by their stems, in the order of the words.
    fn things(&self, words: &[String]) -> Vec<String> {
        let words = words.iter().enumerate();
        let things = words.filter(|(place, word)| self.is_thing(*place, word));
        let mut stems: Vec<String> = Vec::new();
        for (_, word) in things {
            let stem = stem(word);
            if !stems.contains(&stem) {
                stems.push(stem);
            }
        }
        stems
    }

    fn is_thing(&self, place: usize, word: &str) -> bool {
        let is_word = word.chars().count() > 1 && word.chars().any(char::is_alphabetic);
        let stem = stem(word);
        let is_verb = self.verbs.contains(&stem) && (place == 0 || !self.things.contains(&stem));
        is_word && !is_verb && !self.fillers.contains(&stem)
    }

    /// The heading for a thing: in the plural if one of its commands has it so, with the word beside
    /// it that all of them have.
    fn heading(&self, thing: &str, members: &[&Vec<String>], common: &BTreeSet<String>) -> String {
        let beside = |step: isize| {
            let mut shared: Option<String> = None;
            for words in members {
                let place = words.iter().position(|word| stem(word) == thing)?;
                let place = place.checked_add_signed(step)?;
                let word = words.get(place)?;
                if !self.is_thing(place, word) {
                    return None;
                }
                if shared.get_or_insert_with(|| stem(word)) != &stem(word) {
                    return None;
                }
            }
            shared.filter(|shared| !common.contains(shared))
        };
        // The longest spelling is the plural, if there are both.
        let spelled = |thing: &str| {
            let all = members.iter().flat_map(|words| words.iter());
            all.filter(|word| stem(word) == thing)
                .max_by_key(|word| (word.len(), *word))
                .cloned()
                .unwrap_or_default()
        };
        let words = match (beside(-1), beside(1)) {
            (Some(before), _) => vec![before, spelled(thing)],
            (None, Some(after)) => vec![thing.to_owned(), spelled(&after)],
            (None, None) => vec![spelled(thing)],
        };
        titled(&words)
    }
}

/// Words as a heading: the first with a capital.
fn titled(words: &[String]) -> String {
    let loud = |word: &String| {
        let known = |word: &str| CAPITALS.split_whitespace().any(|known| known == word);
        let is_sound = |c: char| "aeiouy".contains(c) || !c.is_ascii_lowercase();
        match word.strip_suffix('s') {
            Some(one) if known(one) => format!("{}s", one.to_uppercase()),
            // What cannot be said is spelled.
            _ if known(word) || !word.contains(is_sound) => word.to_uppercase(),
            _ => word.clone(),
        }
    };
    let text = words.iter().map(loud).collect::<Vec<_>>().join(" ");
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => text,
    }
}

/// What both numbers of an English word have in common, near enough.
fn stem(word: &str) -> String {
    let cut = |ending: &str| word.strip_suffix(ending).filter(|stem| stem.len() > 1);
    let hisses = |stem: &&str| {
        let ends = ["s", "x", "z", "ch", "sh"];
        ends.iter().any(|end| stem.ends_with(end))
    };
    if word.ends_with("ss") || word.ends_with("us") {
        return word.to_owned();
    }
    if let Some(stem) = cut("ies").filter(|stem| stem.len() > 2) {
        return format!("{stem}y");
    }
    let stem = cut("es").or_else(|| cut("e")).filter(hisses);
    stem.or_else(|| cut("s")).unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouped(commands: &[&str]) -> Vec<(String, String)> {
        let heading = headings(commands);
        let all = commands.iter().map(|command| (*command).to_owned());
        all.zip(heading).collect()
    }

    fn tools(commands: &[&str]) -> Vec<Tool> {
        let tool = |command: &&str| Tool {
            command: (*command).to_owned(),
            ..Tool::default()
        };
        commands.iter().map(tool).collect()
    }

    const SMALL: [&str; 9] = [
        "get-policies",
        "create-policy",
        "policy-delete",
        "list-jobs",
        "get-job",
        "run-job",
        "get-access-request",
        "create-access-request",
        "list-access-requests",
    ];

    #[test]
    fn tools_of_one_thing_stand_together_in_the_order_of_none() {
        let mut given = grouped(&SMALL);
        let headings: Vec<&str> = given.iter().map(|(_, heading)| &**heading).collect();
        assert_eq!(
            headings,
            [["Policies"; 3], ["Jobs"; 3], ["Access requests"; 3]].concat()
        );
        let mut turned = SMALL;
        turned.reverse();
        let mut other = grouped(&turned);
        given.sort();
        other.sort();
        assert_eq!(given, other);
    }

    #[test]
    fn what_nearly_all_share_is_no_heading() {
        let commands: Vec<String> = SMALL.iter().map(|name| format!("zoo-{name}")).collect();
        let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
        let headings: BTreeSet<String> = headings(&commands).into_iter().collect();
        assert_eq!(
            headings.into_iter().collect::<Vec<_>>(),
            ["Access requests", "Jobs", "Policies"]
        );
    }

    #[test]
    fn few_tools_and_tools_that_have_headings_are_left_alone() {
        let mut few = tools(&SMALL);
        group(&mut few);
        assert!(few.iter().all(|tool| tool.group.is_empty()));
        let many: Vec<&str> = SMALL.into_iter().cycle().take(27).collect();
        let mut many = tools(&many);
        many[0].group = "Mine".to_owned();
        group(&mut many);
        assert_eq!(many.iter().filter(|tool| !tool.group.is_empty()).count(), 1);
        many[0].group.clear();
        group(&mut many);
        assert!(many.iter().all(|tool| !tool.group.is_empty()));
    }

    #[test]
    fn both_numbers_of_a_word_are_one() {
        for (many, one) in [
            ("policies", "policy"),
            ("jobs", "job"),
            ("boxes", "box"),
            ("branches", "branch"),
            ("databases", "database"),
            ("statuses", "status"),
            ("status", "status"),
            ("analysis", "analysis"),
            ("access", "access"),
            ("addresses", "address"),
            ("cases", "case"),
            ("queries", "query"),
            ("releases", "release"),
            ("caches", "cache"),
            ("movies", "movies"),
        ] {
            assert_eq!(stem(many), stem(one), "{many}");
        }
    }
}
