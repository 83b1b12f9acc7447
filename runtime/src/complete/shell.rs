//! The shells: the script that each is given, and an answer as it takes one.
//!
//! ```text
//! PROGRAM self complete SHELL --word=WORD -- WORDS…
//!
//! bash         WORDS is the raw line up to the cursor, WORD the end of it that readline replaces;
//!              the first line of the answer is `open` where no blank is to follow
//! zsh          WORD and WORDS without their quotes; the first line is `open`, or `files N` where
//!              files go on after N characters; the others are VALUE:ABOUT
//! fish         WORD as it was typed, WORDS without their quotes; VALUE, a tab, ABOUT
//! powershell   the same; what is inserted, what is listed, what is said of it, tabs between them
//! ```
//!
//! Nothing that comes from a server is run or expanded: zsh and fish quote what they insert, and for
//! the others it is quoted here. No script evaluates anything.

use std::ffi::OsString;

use clap::builder::PossibleValue;
use clap::{Arg, ArgMatches, Command, value_parser};

use super::quote::{self, Line};
use super::{Answer, Candidate, path};
use crate::environment;
use crate::text::{cut, width};

/// A shell that words can be completed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// bash, 3.2 or later.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
    /// PowerShell, and its older sister of Windows.
    PowerShell,
}

impl Shell {
    const NAMES: [(&'static str, Self); 4] = [
        ("bash", Self::Bash),
        ("zsh", Self::Zsh),
        ("fish", Self::Fish),
        ("powershell", Self::PowerShell),
    ];

    /// The shell that the [argument](shell_argument) names.
    pub fn of(matches: &ArgMatches) -> Option<Self> {
        let name = matches.get_one::<String>("shell")?;
        let mut all = Self::NAMES.into_iter();
        all.find(|(known, _)| known == name || (name == "pwsh" && *known == "powershell"))
            .map(|(_, shell)| shell)
    }

    /// The script for a program that is asked by these words after its name. A name that is more than
    /// a word has none.
    pub fn script(self, program: &str, call: &str) -> Option<String> {
        let is_word = |c: char| c.is_alphanumeric() || "._-".contains(c);
        if program.is_empty() || !program.chars().all(is_word) {
            return None;
        }
        let template = match self {
            Self::Bash => include_str!("script.bash"),
            Self::Zsh => include_str!("script.zsh"),
            Self::Fish => include_str!("script.fish"),
            Self::PowerShell => include_str!("script.ps1"),
        };
        let function = program.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let script = template
            .replace("@FUNCTION@", &format!("_{function}"))
            .replace("@PROGRAM@", program)
            .replace("@CALL@", call);
        Some(script)
    }
}

/// The argument that names a shell.
pub fn shell_argument() -> Arg {
    let value = |(name, shell)| {
        let value = PossibleValue::new(name);
        match shell {
            Shell::PowerShell => value.alias("pwsh"),
            _ => value,
        }
    };
    Arg::new("shell")
        .value_name("SHELL")
        .required(true)
        .value_parser(Shell::NAMES.map(value))
        .help("The shell")
}

/// The command by which a script asks.
pub fn query() -> Command {
    let option = |id: &'static str| Arg::new(id).long(id).value_parser(value_parser!(OsString));
    Command::new("complete")
        .about("Say what can stand at the cursor of a line")
        .hide(true)
        .arg(shell_argument())
        .arg(option("word").help("The word at the cursor"))
        .arg(option("type").help("What bash says of the key that was pressed"))
        .arg(
            Arg::new("words")
                .value_name("WORDS")
                .num_args(0..)
                .last(true)
                .value_parser(value_parser!(OsString))
                .help("The words before it"),
        )
}

/// The line at whose end a script wants to go on.
struct Asked {
    shell: Shell,
    /// The finished words, the program's name left out.
    words: Vec<String>,
    /// The word at the cursor.
    typed: String,
    /// How much of it stays as it is.
    kept: usize,
    /// The quote that is open where it goes on.
    open: Option<char>,
    /// Whether it begins with a tilde that the shell will expand.
    is_at_home: bool,
    /// Whether the candidates are to be listed, and not inserted.
    lists: bool,
}

impl Asked {
    fn of(matches: &ArgMatches) -> Option<Self> {
        let text = |id: &str| {
            let given = matches.get_one::<OsString>(id);
            given.map(|text| text.to_string_lossy().into_owned())
        };
        let shell = Shell::of(matches)?;
        let word = text("word").unwrap_or_default();
        let words = matches.get_many::<OsString>("words").into_iter().flatten();
        let words: Vec<String> = words
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let asked = Self {
            shell,
            words,
            typed: word,
            kept: 0,
            open: None,
            is_at_home: false,
            lists: false,
        };
        Some(match shell {
            Shell::Bash => asked.of_bash(text("type").as_deref()),
            Shell::Zsh => asked,
            Shell::Fish => Self {
                is_at_home: asked.typed.starts_with("~/"),
                typed: Line::read(&asked.typed).last,
                ..asked
            },
            Shell::PowerShell => Self {
                is_at_home: asked.typed.starts_with("~/"),
                typed: asked.typed.trim_start_matches(['\'', '"']).to_owned(),
                ..asked
            },
        })
    }

    fn of_bash(self, key: Option<&str>) -> Self {
        let text = self.words.join(" ");
        let line = Line::read(&text);
        let raw = &text[line.start..];
        let kept = Line::read(raw.strip_suffix(self.typed.as_str()).unwrap_or_default());
        Self {
            words: line.words.into_iter().skip(1).collect(),
            kept: kept.last.len(),
            open: kept.open,
            is_at_home: raw.starts_with("~/"),
            typed: line.last,
            // As characters: `?` after a second tab, `!` and `@` where a first one lists as well.
            lists: matches!(key, Some("63" | "33" | "64")),
            ..self
        }
    }

    /// The candidates that the shell is to be given.
    fn chosen(&self, answer: Answer) -> Vec<Candidate> {
        let Some(at) = answer.path else {
            let mut candidates = answer.candidates;
            match self.shell {
                Shell::Bash => candidates.retain(|known| known.value.starts_with(&self.typed)),
                Shell::PowerShell => {
                    let typed = self.typed.to_lowercase();
                    candidates.retain(|known| known.value.to_lowercase().starts_with(&typed));
                }
                // These choose by their user's own rules.
                Shell::Zsh | Shell::Fish => {}
            }
            return candidates;
        };
        let (before, path) = self.typed.split_at_checked(at).unwrap_or_default();
        path::paths(path).after(before).candidates
    }

    /// A value as what is inserted.
    fn quoted(&self, value: &str) -> String {
        let (home, rest) = match value.strip_prefix("~/") {
            Some(rest) if self.is_at_home && self.kept == 0 => ("~/", rest),
            _ => ("", value.get(self.kept..).unwrap_or_default()),
        };
        let quoted = match self.shell {
            Shell::Bash => quote::bash(rest, self.open),
            Shell::PowerShell => quote::powershell(rest),
            Shell::Zsh | Shell::Fish => rest.to_owned(),
        };
        format!("{home}{quoted}")
    }
}

/// What a script is told.
pub fn reply(matches: &ArgMatches, answer: impl FnOnce(&[String], &str) -> Answer) -> String {
    let Some(asked) = Asked::of(matches) else {
        return String::new();
    };
    let answer = answer(&asked.words, &asked.typed);
    match (asked.shell, answer.path) {
        (Shell::Zsh, Some(at)) => {
            let before = asked.typed.get(..at).unwrap_or_default();
            format!("files {}\n", before.chars().count())
        }
        (Shell::Zsh, None) => zsh(&asked.chosen(answer)),
        (Shell::Bash, _) => bash(&asked, &asked.chosen(answer)),
        (Shell::Fish, _) => {
            let line = |known: &Candidate| format!("{}\t{}\n", known.value, known.about);
            asked.chosen(answer).iter().map(line).collect()
        }
        (Shell::PowerShell, _) => {
            let line = |known: &Candidate| {
                let about = if known.about.is_empty() {
                    &known.value
                } else {
                    &known.about
                };
                let inserted = asked.quoted(&known.value);
                format!("{inserted}\t{}\t{about}\n", known.value)
            };
            asked.chosen(answer).iter().map(line).collect()
        }
    }
}

fn zsh(candidates: &[Candidate]) -> String {
    let mut text = String::from(kind(candidates));
    for candidate in candidates {
        let escaped = candidate.value.replace('\\', "\\\\").replace(':', "\\:");
        text.push_str(&escaped);
        if !candidate.about.is_empty() {
            text.push(':');
            text.push_str(&candidate.about);
        }
        text.push('\n');
    }
    text
}

/// readline knows no descriptions; where it only lists, one can be part of the word. Quotes and blanks
/// in the word would get in the way.
fn bash(asked: &Asked, candidates: &[Candidate]) -> String {
    let mut text = String::from(match candidates {
        [only] => kind(std::slice::from_ref(only)),
        _ => kind(&[]),
    });
    let mut words: Vec<String> = candidates
        .iter()
        .map(|known| asked.quoted(&known.value))
        .collect();
    // readline closes the quote, unless the last character looks as if that were done.
    if let ([only], Some(open)) = (words.as_mut_slice(), asked.open)
        && only.ends_with(open)
    {
        only.push(open);
    }
    let describes = asked.lists && asked.open.is_none() && words.len() > 1;
    let column = words.iter().map(|word| width(word)).max().unwrap_or(0);
    // One column less: readline breaks a line that is full.
    let limit = environment::columns().saturating_sub(1);
    for (word, candidate) in words.iter().zip(candidates) {
        if describes && !candidate.about.is_empty() && column + 12 < limit {
            let gap = " ".repeat(column - width(word) + 2);
            let about = cut(&candidate.about, limit - column - 4);
            text.push_str(&format!("{word}{gap}({about})\n"));
        } else {
            text.push_str(word);
            text.push('\n');
        }
    }
    text
}

/// Whether the word goes on.
fn kind(candidates: &[Candidate]) -> &'static str {
    if candidates.iter().any(|known| known.open) {
        "open\n"
    } else {
        "done\n"
    }
}

/// Where the scripts go that a line prints, for the help of a program.
pub fn install(line: &str, name: &str) -> String {
    format!(
        "Put it where the shell finds it, and start a new shell:\n  \
         bash        echo 'eval \"$({line} bash)\"' >> ~/.bashrc\n  \
         zsh         echo 'eval \"$({line} zsh)\"' >> ~/.zshrc, after compinit\n  \
         fish        {line} fish > ~/.config/fish/completions/{name}.fish\n  \
         PowerShell  Add-Content $PROFILE '{line} powershell | Out-String | iex'\n\n\
         In a package, for all users:\n  \
         bash        {line} bash > /usr/share/bash-completion/completions/{name}\n  \
         zsh         {line} zsh > /usr/share/zsh/site-functions/_{name}\n  \
         fish        {line} fish > /usr/share/fish/vendor_completions.d/{name}.fish"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a script is told, where these values can stand.
    fn told(values: &[&str], line: &[&str]) -> String {
        let line = std::iter::once(&"complete").chain(line);
        let matches = query().try_get_matches_from(line).unwrap();
        reply(&matches, |_, _| {
            let about = "what: it is";
            Answer::of(&mut values.iter().map(|&value| Candidate::new(value, about)))
        })
    }

    #[test]
    fn bash_is_given_what_replaces_the_end_of_the_word() {
        let hostile = "a:$(x) 'y'";
        for (word, line, reply) in [
            ("", "prog --x ", r"a:\$\(x\)\ \'y\'"),
            ("", "prog --x a:", r"\$\(x\)\ \'y\'"),
            ("", "prog --x=", r"a:\$\(x\)\ \'y\'"),
            ("a:", "prog --x='a:", r"a:$(x) '\''y'\'''"),
            ("a:", "prog --x=\"a:", r"a:\$(x) 'y'"),
            (r"a\:\$", r"prog --x a\:\$", r"a:\$\(x\)\ \'y\'"),
            ("b", "prog --x b", ""),
        ] {
            let value = match line.contains("--x=") {
                true => format!("--x={hostile}"),
                false => hostile.to_owned(),
            };
            let word = format!("--word={word}");
            let told = told(&[&value], &["bash", &word, "--", line]);
            let (kind, told) = told.split_once('\n').unwrap();
            assert_eq!(
                (kind, told.trim_end_matches('\n')),
                ("done", reply),
                "{line}"
            );
        }
    }

    #[test]
    fn bash_is_given_descriptions_where_it_lists_several() {
        let listing = ["bash", "--word=", "--type=63", "--", "prog "];
        assert_eq!(
            told(&["one", "other"], &listing),
            "done\none    (what: it is)\nother  (what: it is)\n"
        );
        assert_eq!(told(&["one"], &listing), "done\none\n");
        let inserting = ["bash", "--word=", "--type=9", "--", "prog "];
        assert_eq!(told(&["one", "other"], &inserting), "done\none\nother\n");
    }

    #[test]
    fn each_other_shell_is_given_its_own_form() {
        let values = ["a:b\\c", "it's"];
        for (shell, reply) in [
            ("zsh", "done\na\\:b\\\\c:what: it is\nit's:what: it is\n"),
            ("fish", "a:b\\c\twhat: it is\nit's\twhat: it is\n"),
            (
                "pwsh",
                "'a:b\\c'\ta:b\\c\twhat: it is\n'it''s'\tit's\twhat: it is\n",
            ),
        ] {
            assert_eq!(told(&values, &[shell, "--word=", "--"]), reply, "{shell}");
        }
        // zsh and fish choose themselves.
        assert_eq!(
            told(&values, &["powershell", "--word='IT", "--"])
                .lines()
                .count(),
            1
        );
        assert_eq!(
            told(&values, &["fish", "--word=IT", "--"]).lines().count(),
            2
        );
    }

    #[test]
    fn a_script_knows_the_program_and_nothing_else() {
        for (name, shell) in Shell::NAMES {
            let script = shell.script("altr-cli", "self complete").unwrap();
            assert!(
                script.contains(&format!("self complete {name}")),
                "{script}"
            );
            for placeholder in ["@PROGRAM@", "@FUNCTION@", "@CALL@"] {
                assert!(!script.contains(placeholder), "{script}");
            }
            assert_eq!(shell.script("mcpress call", "self complete"), None);
            assert_eq!(shell.script("x;touch y", "self complete"), None);
        }
    }
}
