//! A command line, split as a shell would and run without one.

use std::path::Path;

use super::OriginError;
use super::draft::Draft;
use super::template::is_slot_name;

/// Makes a server of a command line. Leading `NAME=value` words go to its environment.
pub(super) fn draft(line: &str) -> Result<Draft, OriginError> {
    let line = join_lines(line);
    let words = shlex::split(&line).ok_or(OriginError::UnbalancedQuote)?;
    let sketch = Sketch::of(&line);
    // Both walk the line by the same rules; should they ever part, only the checks are lost.
    let assignments = sketch
        .words
        .iter()
        .take(words.len())
        .take_while(|word| is_assignment(word))
        .count();
    let (assigned, words) = words.split_at(assignments);
    let (command, args) = words.split_first().ok_or(OriginError::NoProgram)?;
    if command.is_empty() {
        return Err(OriginError::NoProgram);
    }
    let is_shell = is_shell(command);
    if let Some(operator) = sketch.operator(is_shell) {
        return Err(OriginError::ShellSyntax { operator });
    }

    let mut draft = Draft::stdio(command, args);
    for word in assigned {
        if let Some((name, value)) = word.split_once('=') {
            draft.bind_env(name, value)?;
        }
    }
    draft.warnings.extend(sketch.warnings(is_shell));
    Ok(draft)
}

/// Takes out the backslashes that end a line, as in a command copied from a README. The splitter
/// would make an empty word of one that stands alone.
fn join_lines(line: &str) -> String {
    let mut joined = String::with_capacity(line.len());
    let (mut in_single, mut in_double) = (false, false);
    let mut rest = line.chars();
    while let Some(char) = rest.next() {
        match char {
            '\\' if !in_single => {
                let after = rest.as_str();
                if let Some(next_line) = after
                    .strip_prefix('\n')
                    .or_else(|| after.strip_prefix("\r\n"))
                {
                    rest = next_line.chars();
                    continue;
                }
                joined.push(char);
                joined.extend(rest.next());
                continue;
            }
            '\'' if !in_double => in_single = !in_single,
            '"' if !in_single => in_double = !in_double,
            _ => {}
        }
        joined.push(char);
    }
    joined
}

/// What stands in the sketch for a quoted character.
const QUOTED: char = '\0';

/// The words of a line with every quoted character masked, so that what a shell would act on can
/// be told from what it would pass on.
#[derive(Default)]
struct Sketch {
    words: Vec<String>,
    /// Within double quotes a shell would have run a command.
    substitutes_in_quotes: bool,
    /// Within double quotes a shell would have put a variable.
    expands_in_quotes: bool,
    /// `C:\`, unquoted: the backslash is gone.
    drive_path: bool,
}

impl Sketch {
    fn of(line: &str) -> Self {
        let mut sketch = Self::default();
        let mut word: Option<String> = None;
        let mut chars = line.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                ' ' | '\t' | '\n' => sketch.words.extend(word.take()),
                '#' if word.is_none() => {
                    chars.by_ref().find(|&char| char == '\n');
                }
                '\\' => {
                    let word = word.get_or_insert_default();
                    let mut letters = word.chars();
                    sketch.drive_path |= letters
                        .next()
                        .is_some_and(|letter| letter.is_ascii_alphabetic())
                        && letters.eq([':']);
                    if chars.next().is_some_and(|char| char != '\n') {
                        word.push(QUOTED);
                    }
                }
                '\'' => {
                    let quoted = chars
                        .by_ref()
                        .take_while(|&char| char != '\'')
                        .map(|_| QUOTED);
                    word.get_or_insert_default().extend(quoted);
                }
                '"' => {
                    let word = word.get_or_insert_default();
                    while let Some(char) = chars.next().filter(|&char| char != '"') {
                        match char {
                            '\\' => {
                                chars.next();
                            }
                            '`' => sketch.substitutes_in_quotes = true,
                            '$' if chars.peek() == Some(&'(') => {
                                sketch.substitutes_in_quotes = true
                            }
                            '$' if chars.peek().copied().is_some_and(starts_name) => {
                                sketch.expands_in_quotes = true
                            }
                            _ => {}
                        }
                        word.push(QUOTED);
                    }
                }
                char => word.get_or_insert_default().push(char),
            }
        }
        sketch.words.extend(word);
        sketch
    }

    /// The first operator that a shell would have acted on.
    fn operator(&self, is_shell: bool) -> Option<&'static str> {
        let in_quotes = (self.substitutes_in_quotes && !is_shell).then_some("$(");
        self.words
            .iter()
            .find_map(|word| operator_in(word))
            .or(in_quotes)
    }

    /// What a shell would have done and nobody does.
    fn warnings(&self, is_shell: bool) -> Vec<String> {
        let mut warnings = Vec::new();
        let expands = self.words.iter().any(|word| {
            word.match_indices('$')
                .any(|(at, _)| word[at + 1..].starts_with(starts_name))
        });
        if expands || self.expands_in_quotes && !is_shell {
            warnings.push("`$NAME` in the command is passed as it stands, since no shell runs: write `${NAME}` to have it filled".to_owned());
        }
        if self
            .words
            .iter()
            .any(|word| word == "~" || word.starts_with("~/"))
        {
            warnings.push("`~` in the command is passed as it stands, since no shell runs: write the whole path, or `${HOME}`".to_owned());
        }
        if self
            .words
            .iter()
            .any(|word| word.contains(['|', '&', ';', '<', '>']))
        {
            warnings.push("the command holds a character that is special to a shell: it is passed as it stands, since no shell runs".to_owned());
        }
        if self.drive_path {
            warnings.push("a backslash in the command quotes the character after it, as in a shell: put single quotes around a path with backslashes".to_owned());
        }
        warnings
    }
}

/// The operator that a masked word is or holds. A lone `&`, `;` or `|` inside a word is let through:
/// URLs have them, and people who know that no shell runs leave them unquoted.
fn operator_in(word: &str) -> Option<&'static str> {
    let redirection = word.trim_start_matches(|char: char| char.is_ascii_digit());
    for operator in [">>", "&>", ">", "<"] {
        if redirection.starts_with(operator) {
            return Some(operator);
        }
    }
    for operator in ["$(", "`", "&&", "||"] {
        if word.contains(operator) {
            return Some(operator);
        }
    }
    let separates = |operator: &&str| word.ends_with(*operator) || word.starts_with(*operator);
    ["|", ";", "&"].into_iter().find(separates)
}

/// Whether a masked word is `NAME=…`, its name unquoted.
fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| is_slot_name(name))
}

fn starts_name(char: char) -> bool {
    char.is_ascii_alphabetic() || char == '_'
}

/// A shell that the user starts on purpose may be given anything.
fn is_shell(program: &str) -> bool {
    let name = Path::new(program)
        .file_stem()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    matches!(
        name,
        "sh" | "bash" | "zsh" | "dash" | "ksh" | "fish" | "busybox" | "pwsh" | "powershell" | "cmd"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::origin::Origin;
    use crate::origin::tests::outline;

    #[track_caller]
    fn origin(line: &str) -> Origin {
        draft(line)
            .and_then(Draft::finish)
            .unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    #[test]
    fn words_are_a_shells_words() {
        assert_eq!(outline(&origin("uvx altr-mcp")), "uvx altr-mcp");
        assert_eq!(
            outline(&origin(r#"uv run --directory 'my dir' "a b" c\ d ''"#)),
            "uv run --directory [my dir] [a b] [c d] []"
        );
        assert_eq!(
            outline(&origin("uvx \\\n  altr\\\r\n-mcp # the server")),
            "uvx altr-mcp"
        );
    }

    #[test]
    fn references_are_slots() {
        let origin = origin("${RUNNER:-uvx} altr-mcp --org=${ORG_ID} '${MAPI_KEY}'");
        assert_eq!(
            outline(&origin),
            "${RUNNER:-uvx} altr-mcp --org=${ORG_ID} ${MAPI_KEY}\nslots: MAPI_KEY ORG_ID RUNNER?"
        );
        assert!(origin.values.is_empty());
    }

    #[test]
    fn leading_assignments_go_to_the_environment_and_are_not_stored() {
        let origin = origin("ORG_ID=acme KEY='hunter 2' URL=https://${HOST} uvx altr-mcp A=b");
        insta::assert_snapshot!(outline(&origin), @r"
        uvx altr-mcp A=b
        env ORG_ID=${ORG_ID}
        env KEY=${KEY}
        env URL=https://${HOST}
        slots: HOST KEY ORG_ID
        values: KEY ORG_ID
        ");
        assert_eq!(origin.values.expose("KEY"), Some("hunter 2"));
        assert!(!format!("{origin:?}").contains("hunter"));
    }

    #[test]
    fn a_quoted_assignment_is_a_program() {
        assert_eq!(outline(&origin("'A=b' c")), "A=b c");
        assert_eq!(outline(&origin("1A=b c")), "1A=b c");
    }

    #[test]
    fn a_line_without_a_program_is_an_error() {
        for line in ["", "  \n", "# uvx", "A=b", "''"] {
            assert!(matches!(draft(line), Err(OriginError::NoProgram)), "{line}");
        }
        for line in ["uvx 'altr", "uvx \"altr", "uvx altr\\"] {
            assert!(
                matches!(draft(line), Err(OriginError::UnbalancedQuote)),
                "{line}"
            );
        }
    }

    #[test]
    fn shell_syntax_is_refused_and_the_hint_says_that_no_shell_runs() {
        for (line, expected) in [
            ("a | b", "|"),
            ("a |b", "|"),
            ("a && b", "&&"),
            ("a&&b", "&&"),
            ("a || b", "||"),
            ("a; b", ";"),
            ("a &", "&"),
            ("a > b", ">"),
            ("a >>b", ">>"),
            ("a 2>/dev/null", ">"),
            ("a 2>&1", ">"),
            ("a &>b", "&>"),
            ("a < b", "<"),
            ("a $(b)", "$("),
            ("a --k=$(b)", "$("),
            ("a `b`", "`"),
            ("a \"$(b)\"", "$("),
        ] {
            let error = draft(line)
                .err()
                .unwrap_or_else(|| panic!("{line} must be refused"));
            assert!(
                matches!(error, OriginError::ShellSyntax { operator } if operator == expected),
                "{line}: {error}"
            );
            assert!(error.hint().unwrap().contains("no shell runs"));
        }
    }

    #[test]
    fn quoted_shell_syntax_is_the_servers() {
        for line in [
            "a '|' \">\" \\; '$(b)' '`'",
            "sh -c 'a | b > c; echo $(d)'",
            "sh -c \"echo $(a) $B\"",
            "a \"\\$(b)\"",
        ] {
            assert_eq!(origin(line).warnings, Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn what_a_shell_would_have_replaced_earns_a_warning() {
        for (line, word) in [
            ("a $HOME", "`$NAME`"),
            ("a \"x $HOME\"", "`$NAME`"),
            ("~/bin/a", "`~`"),
            ("a https://x.example/?b=1&c=2", "special to a shell"),
            (r"C:\bin\a.exe", "backslash"),
        ] {
            let warnings = origin(line).warnings;
            assert!(
                warnings.len() == 1 && warnings[0].contains(word),
                "{line}: {warnings:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_sketch_has_the_words_of_the_line(line in r#"[ab \t\n'"\\#$=(é]{0,16}"#) {
            if let Some(words) = shlex::split(&line) {
                prop_assert_eq!(Sketch::of(&line).words.len(), words.len());
            }
        }

        #[test]
        fn any_line_is_taken(line in any::<String>()) {
            let _ = draft(&line).and_then(Draft::finish);
        }
    }
}
