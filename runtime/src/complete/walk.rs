//! The way from the words before the cursor to what can stand at it, by what the parsers say of
//! themselves.
//!
//! It is no second parser: it refuses nothing, and only has to know which words are flags, which are
//! values, and which is a command.

use clap::builder::{PossibleValue, ValueHint};
use clap::{Arg, ArgAction, Command};

use super::{Answer, Candidate, about};
use crate::command::is_twin;

/// Where the words lead to.
pub(super) enum Way<'c> {
    /// A place on the line of a command that the parser knows.
    Here(Place<'c>),
    /// A command that it does not know: the word of this number, after those that lead there.
    Beyond(Place<'c>, usize),
}

/// The place on a line at which the cursor stands.
pub(crate) struct Place<'c> {
    /// The names of the commands that lead here, without the program's.
    pub(crate) path: Vec<&'c str>,
    command: &'c Command,
    /// The arguments that were given to the command before, and their values.
    given: Vec<(&'c Arg, &'c str)>,
    /// The flag that has no value yet.
    wants: Option<&'c Arg>,
    /// How many values without a flag there were.
    positional: usize,
    /// Whether a `--` went before.
    is_past_flags: bool,
}

/// A flag as it was typed.
struct Typed<'c> {
    arg: &'c Arg,
    /// Where its value begins in the word, if it is in there.
    value: Option<usize>,
}

/// Goes along the words, which do not have the command's own name among them.
pub(super) fn walk<'c>(command: &'c Command, words: &'c [String]) -> Way<'c> {
    let mut place = Place {
        path: vec![command.get_name()],
        command,
        given: Vec::new(),
        wants: None,
        positional: 0,
        is_past_flags: false,
    };
    for (at, word) in words.iter().enumerate() {
        let is_unknown = place.command.is_allow_external_subcommands_set()
            && place.command.find_subcommand(word).is_none();
        if is_unknown && place.takes_command(word) {
            return Way::Beyond(place, at);
        }
        place.pass(word);
    }
    Way::Here(place)
}

impl<'c> Place<'c> {
    /// Whether a word here would be a command.
    pub(super) fn takes_command(&self, word: &str) -> bool {
        let is_flag = word.starts_with('-') && !self.is_past_flags;
        self.wants.is_none() && self.positional == 0 && !is_flag
    }

    /// What was given as an argument, if it was.
    pub(crate) fn given(&self, id: &str) -> Option<&str> {
        let mut given = self.given.iter().rev();
        let found = given.find(|(arg, _)| arg.get_id() == id);
        found.map(|(_, value)| *value)
    }

    fn pass(&mut self, word: &'c str) {
        if let Some(arg) = self.wants.take()
            && !(may_stand_alone(arg) && word.starts_with('-'))
        {
            self.given.push((arg, word));
            return;
        }
        if !self.is_past_flags {
            if word == "--" {
                self.is_past_flags = true;
                return;
            }
            if let Some(Typed { arg, value }) = self.flag(word) {
                match value {
                    None if wants_value(arg) => self.wants = Some(arg),
                    value => self.given.push((arg, &word[value.unwrap_or(word.len())..])),
                }
                return;
            }
        }
        let inner = self.command.find_subcommand(word);
        match inner.filter(|_| self.takes_command(word)) {
            Some(inner) => {
                self.command = inner;
                self.path.push(inner.get_name());
                self.given.clear();
            }
            None => {
                self.given
                    .extend(self.next_positional().map(|arg| (arg, word)));
                self.positional += 1;
            }
        }
    }

    /// The flag that a word is, unknown ones left aside.
    fn flag(&self, word: &str) -> Option<Typed<'c>> {
        if let Some(long) = word.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or(long);
            let value = (name.len() < long.len()).then_some("--=".len() + name.len());
            let named = |arg: &&Arg| {
                let aliases = arg.get_all_aliases().unwrap_or_default();
                arg.get_long() == Some(name) || aliases.contains(&name)
            };
            let arg = self.command.get_arguments().find(named)?;
            return Some(Typed { arg, value });
        }
        let letters = word.strip_prefix('-')?;
        for (at, letter) in letters.char_indices() {
            let named = |arg: &&Arg| {
                let aliases = arg.get_all_short_aliases().unwrap_or_default();
                arg.get_short() == Some(letter) || aliases.contains(&letter)
            };
            let arg = self.command.get_arguments().find(named)?;
            let after = at + letter.len_utf8();
            let rest = &letters[after..];
            if rest.is_empty() {
                return Some(Typed { arg, value: None });
            }
            if arg.get_action().takes_values() {
                let equals = usize::from(rest.starts_with('='));
                let value = Some(1 + after + equals);
                return Some(Typed { arg, value });
            }
        }
        None
    }

    /// The argument that a word without a flag is.
    fn next_positional(&self) -> Option<&'c Arg> {
        let all: Vec<&Arg> = self.command.get_positionals().collect();
        let last = all.last().filter(|last| is_many(last));
        all.get(self.positional).or(last).copied()
    }

    /// What can stand here, the typed word being the beginning of it. What clap does not know of the
    /// values, the caller may.
    pub(super) fn answer(
        &self,
        typed: &str,
        known: &dyn Fn(&Arg, &str) -> Option<Answer>,
    ) -> Answer {
        let values = |arg: &Arg, typed: &str| known(arg, typed).unwrap_or_else(|| values(arg));
        if let Some(arg) = self.wants {
            let answer = values(arg, typed);
            if !may_stand_alone(arg) || !(answer.is_empty() || typed.starts_with('-')) {
                return answer;
            }
        }
        if typed.starts_with('-') && !self.is_past_flags {
            return match self.flag(typed) {
                Some(Typed {
                    arg,
                    value: Some(at),
                }) => values(arg, &typed[at..]).after(&typed[..at]),
                _ => self.flags(typed),
            };
        }
        let mut answer = Answer::default();
        if self.takes_command(typed) {
            let inner = self.command.get_subcommands();
            let shown = inner.filter(|inner| !inner.is_hide_set());
            let candidate =
                |inner: &Command| Candidate::new(inner.get_name(), &about(inner.get_about()));
            answer = Answer::of(&mut shown.map(candidate));
        }
        if let Some(arg) = self.next_positional() {
            answer = answer.and(values(arg, typed));
        }
        // Where nothing else can stand, the next word is a flag.
        if answer.is_empty() && typed.is_empty() && !self.is_past_flags {
            return self.flags(typed);
        }
        answer
    }

    /// The flags, less those that were given and can be given once.
    fn flags(&self, typed: &str) -> Answer {
        let is_given = |arg: &Arg| {
            let repeats = matches!(arg.get_action(), ArgAction::Append | ArgAction::Count);
            !repeats && self.given(arg.get_id().as_str()).is_some()
        };
        // A flag that says `false` is a line more for each switch, so it is for who asks.
        let is_shown = |arg: &Arg| {
            !arg.is_hide_set() || (typed.starts_with("--no") && is_twin(self.command, arg))
        };
        let all = self.command.get_arguments();
        let shown = all.filter(|arg| !arg.is_positional() && is_shown(arg) && !is_given(arg));
        let candidate = |arg: &Arg| {
            let word = match (arg.get_long(), arg.get_short()) {
                (Some(long), _) => format!("--{long}"),
                (None, Some(short)) => format!("-{short}"),
                (None, None) => return None,
            };
            Candidate::new(word, &about(arg.get_help()))
        };
        Answer::of(&mut shown.map(candidate))
    }
}

/// Whether the word after a flag may be its value.
fn wants_value(arg: &Arg) -> bool {
    arg.get_action().takes_values() && !arg.is_require_equals_set()
}

/// Whether a flag needs no value.
fn may_stand_alone(arg: &Arg) -> bool {
    arg.get_num_args()
        .is_some_and(|range| range.min_values() == 0)
}

fn is_many(arg: &Arg) -> bool {
    let many = arg
        .get_num_args()
        .is_some_and(|range| range.max_values() > 1);
    many || matches!(arg.get_action(), ArgAction::Append)
}

/// The values that clap itself knows of.
fn values(arg: &Arg) -> Answer {
    match arg.get_value_hint() {
        ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath => return Answer::path(),
        _ => {}
    }
    let possible = arg.get_possible_values();
    let shown = possible.iter().filter(|value| !value.is_hide_set());
    let candidate =
        |value: &PossibleValue| Candidate::new(value.get_name(), &about(value.get_help()));
    Answer::of(&mut shown.map(candidate))
}
