//! What was found, as it is told: a line each at once, or JSON in the end.

use serde_json::{Map, Value, json};

use crate::error::{Error, Exit};
use crate::output::pretty;
use crate::run::Run;
use crate::text::line;
use crate::vault::{Finding, Verdict};

/// How wide the column of subjects is.
const WIDTH: usize = 20;

/// What was found so far.
pub(super) struct Report<'a> {
    run: &'a Run,
    findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    pub(super) fn new(run: &'a Run) -> Self {
        Self {
            run,
            findings: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, finding: Finding) -> Result<(), Error> {
        if self.run.is_text() {
            self.run.printer.data(&text(&finding))?;
        }
        self.findings.push(finding);
        Ok(())
    }

    pub(super) fn fine(&mut self, subject: &str, words: impl Into<String>) -> Result<(), Error> {
        self.add(Finding::new(subject, Verdict::Fine, words))
    }

    pub(super) fn skip(&mut self, subject: &str, why: &str) -> Result<(), Error> {
        self.add(Finding::new(subject, Verdict::Skipped, why))
    }

    pub(super) fn fail(&mut self, subject: &str, error: &Error) -> Result<(), Error> {
        self.add(failed(subject, error))
    }

    /// The first thing that is wrong among those whose subject is of a kind.
    pub(super) fn first_bad(&self, is_of: impl Fn(&str) -> bool) -> Option<&str> {
        let mut findings = self.findings.iter();
        let bad = findings.find(|finding| finding.verdict.is_bad() && is_of(&finding.subject));
        bad.map(|finding| finding.subject.as_str())
    }

    /// Tells the end of it; something that does not work is an error.
    pub(super) fn end(self) -> Result<(), Error> {
        let worst = self.findings.iter().map(|finding| finding.verdict).max();
        let exit = match worst {
            Some(Verdict::Bad(exit)) => exit,
            _ => Exit::Success,
        };
        if !self.run.is_text() {
            let findings: Vec<Value> = self.findings.iter().map(to_json).collect();
            let report = json!({"findings": findings, "exit": exit as u8});
            self.run.printer.data(&pretty(&report))?;
        }
        let bad = |finding: &&Finding| finding.verdict.is_bad();
        match self.findings.iter().filter(bad).count() {
            0 => Ok(()),
            found => Err(Error::Findings { found, exit }),
        }
    }
}

/// What an error says of something.
pub(super) fn failed(subject: &str, error: &Error) -> Finding {
    let mut words = error.to_string();
    if let Some(last) = error.stderr().last() {
        words = format!("{words}, with the last words: {last}");
    }
    let mut details = Map::from_iter([("code".to_owned(), error.code().into())]);
    if !error.stderr().is_empty() {
        details.insert("stderr".to_owned(), error.stderr().to_vec().into());
    }
    Finding {
        details,
        ..Finding::new(subject, Verdict::Bad(error.exit()), words).hint(error.hint())
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fine => "ok",
        Verdict::Skipped => "skipped",
        Verdict::Doubtful => "warning",
        Verdict::Bad(_) => "bad",
    }
}

fn text(finding: &Finding) -> String {
    let Finding { subject, words, .. } = finding;
    let verdict = word(finding.verdict);
    let mut text = format!("{:<WIDTH$} {verdict}: {}\n", line(subject), line(words));
    if let Some(hint) = &finding.hint {
        text.push_str(&format!("{:<WIDTH$} hint: {}\n", "", line(hint)));
    }
    text
}

fn to_json(finding: &Finding) -> Value {
    let mut json = Map::from_iter([
        ("subject".to_owned(), finding.subject.as_str().into()),
        ("verdict".to_owned(), word(finding.verdict).into()),
        ("message".to_owned(), finding.words.as_str().into()),
    ]);
    if let Some(hint) = &finding.hint {
        json.insert("hint".to_owned(), hint.as_str().into());
    }
    if let Verdict::Bad(exit) = finding.verdict {
        json.insert("exit".to_owned(), (exit as u8).into());
    }
    json.extend(finding.details.clone());
    json.into()
}
