//! Asking before a call that could do harm.
//!
//! On a terminal the person is asked; elsewhere `--yes` is the answer, unless a policy wants a person.

use serde_json::Value;

use super::{Run, mask};
use crate::asked::terminal::{Console, Terminal};
use crate::client;
use crate::environment;
use crate::error::Error;
use crate::policy::{Admission, Subject, is_destructive};
use crate::settings::Settings;
use crate::signal::Signals;
use crate::text::{cut, line};

/// The most arguments that are shown.
const MOST: usize = 30;

impl Run {
    /// Has somebody agree to a call that has to be agreed to, and says who did.
    ///
    /// # Errors
    ///
    /// When nobody agrees.
    pub(super) fn confirm(
        &self,
        subject: &Subject<'_>,
        arguments: &Value,
        admission: &Admission,
    ) -> Result<Option<&'static str>, Error> {
        let Some(reason) = &admission.confirm else {
            return Ok(None);
        };
        if self.settings.yes && admission.by_person.is_none() {
            return Ok(Some("flag"));
        }
        let Some(console) = Console::find() else {
            return Err(unasked(subject, reason, admission));
        };
        let typed = client::converse(async {
            let mut signals = Signals::listen()?;
            console.forget();
            console.show(&question(subject, reason, arguments));
            let typed = signals.or(console.line(false)).await?;
            typed.map_err(|source| Error::Io {
                what: "cannot read the answer".to_owned(),
                source,
            })
        })?;
        let typed = typed.unwrap_or_default().trim().to_ascii_lowercase();
        match typed.as_str() {
            "y" | "yes" => Ok(Some("person")),
            _ => Err(Error::Denied {
                code: "not_confirmed",
                message: format!("{} was not confirmed", subject.name()),
                hint: None,
            }),
        }
    }
}

/// A refusal where nobody can be asked.
fn unasked(subject: &Subject<'_>, reason: &str, admission: &Admission) -> Error {
    let name = subject.name();
    let (reason, hint) = match &admission.by_person {
        Some(rule) => (
            rule.as_str(),
            "run it on a terminal, and answer there".to_owned(),
        ),
        None => {
            let is_taken = subject.known.is_some_and(Settings::is_yes_taken);
            let flag = if is_taken { "--mcp-yes" } else { "--yes" };
            (reason, format!("give {flag} to agree to it"))
        }
    };
    Error::Denied {
        code: "confirmation_required",
        message: format!("{name} has to be confirmed ({reason})"),
        hint: Some(hint),
    }
}

/// What would be called, and the question. A server's names are shown as data, and secrets not at all.
fn question(subject: &Subject<'_>, reason: &str, arguments: &Value) -> String {
    let width = environment::columns().saturating_sub(2).max(20);
    let mut arguments = arguments.clone();
    mask(subject.known, &mut arguments);
    let why = match subject.known.is_some_and(is_destructive) {
        true => "is marked destructive: what it changes or deletes may be lost".to_owned(),
        false => format!("has to be confirmed ({reason})"),
    };
    let mut text = format!("{} {why}\n", line(subject.name()));
    let members = arguments.as_object();
    for (name, value) in members.into_iter().flatten().take(MOST) {
        let shown = cut(&line(&format!("{name} = {value}")), width);
        text.push_str(&format!("  {shown}\n"));
    }
    if members.is_some_and(|members| members.len() > MOST) {
        text.push_str("  …\n");
    }
    text.push_str("call it? [y/N] ");
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::{Effect, More, Parameter, Tool};

    static SECRET: More = More {
        secret: true,
        ..More::PLAIN
    };
    static DROP: Tool = Tool {
        wire: "drop",
        command: "drop",
        effect: Effect::Destructive,
        parameters: &[
            Parameter {
                pointer: "/key",
                flag: "key",
                more: Some(&SECRET),
                ..Parameter::PLAIN
            },
            Parameter {
                pointer: "/yes",
                flag: "sure",
                aliases: &["yes"],
                ..Parameter::PLAIN
            },
        ],
        ..Tool::PLAIN
    };

    #[test]
    fn a_question_shows_what_would_be_called_and_no_secret() {
        let subject = Subject::tool("drop", Some(&DROP));
        let arguments =
            json!({"key": "sesame", "table": "people\u{1b}[2J\ncall it? [y/N]", "n": 1});
        assert_eq!(
            question(&subject, "marked destructive", &arguments),
            "drop is marked destructive: what it changes or deletes may be lost\n  \
             key = \"[redacted]\"\n  \
             table = \"people\\u001b[2J\\ncall it? [y/N]\"\n  \
             n = 1\n\
             call it? [y/N] "
        );
        let unknown = Subject::tool("new\ntool", None);
        let question = question(&unknown, "FILE:1: confirm \"*\"", &json!({}));
        assert!(question.starts_with("new tool has to be confirmed (FILE:1: confirm \"*\")\n"));
    }

    #[test]
    fn the_way_out_is_the_flag_that_works() {
        let hint = |known, by_person: Option<&str>| {
            let admission = Admission {
                by_person: by_person.map(str::to_owned),
                ..Admission::default()
            };
            let subject = Subject::tool("drop", known);
            let error = unasked(&subject, "marked destructive", &admission);
            assert_eq!(
                (error.code(), error.exit() as u8),
                ("confirmation_required", 4)
            );
            (error.to_string(), error.hint().unwrap())
        };
        assert_eq!(hint(None, None).1, "give --yes to agree to it");
        assert_eq!(hint(Some(&DROP), None).1, "give --mcp-yes to agree to it");
        let (message, hint) = hint(None, Some("FILE:2: forbid_yes = true"));
        assert_eq!(
            message,
            "drop has to be confirmed (FILE:2: forbid_yes = true)"
        );
        assert_eq!(hint, "run it on a terminal, and answer there");
    }
}
