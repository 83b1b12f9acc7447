//! A form that the server wants filled in: by answers that were given ahead, or by a person.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::field::Field;
use super::terminal::Terminal;
use super::words::{label, quote};
use crate::schema::{Document, escape, unescape};
use crate::text::line;
use crate::validate::validate;

/// A form.
pub(super) struct Form<'a> {
    schema: &'a Value,
    message: &'a str,
    fields: Vec<Field<'a>>,
}

/// A form as far as it is filled in.
pub(super) struct Draft {
    /// What was given and the defaults of the rest, where the schema takes them.
    pub(super) content: Map<String, Value>,
    /// The fields that were given and taken.
    taken: HashSet<String>,
    /// The fields that are required and have no value.
    missing: bool,
    /// What was given and is refused, a line each.
    pub(super) wrong: Vec<String>,
}

impl Draft {
    /// Whether it can be sent.
    pub(super) fn is_whole(&self) -> bool {
        !self.missing && self.wrong.is_empty()
    }
}

impl<'a> Form<'a> {
    /// A form of the params of `elicitation/create`. What makes no sense in them is passed over.
    pub(super) fn of(params: &'a Value) -> Self {
        let schema = params.get("requestedSchema").unwrap_or(&Value::Null);
        let document = Document::new(schema);
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let is_required: HashSet<&str> = required.iter().copied().collect();
        let properties = schema.get("properties").and_then(Value::as_object);
        let described = properties.into_iter().flatten();
        let mut fields: Vec<Field<'_>> = described
            .map(|(name, schema)| {
                Field::new(&document, name, Some(schema), is_required.contains(&**name))
            })
            .collect();
        let mut named: HashSet<&str> = fields.iter().map(|field| field.name).collect();
        for name in required {
            if named.insert(name) {
                fields.push(Field::new(&document, name, None, true));
            }
        }
        Self {
            schema,
            message: params.get("message").and_then(Value::as_str).unwrap_or(""),
            fields,
        }
    }

    /// The names of its fields.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.fields.iter().map(|field| field.name)
    }

    /// The names of those that it cannot do without.
    pub(super) fn needed(&self) -> impl Iterator<Item = &'a str> {
        let needed = |field: &&Field<'a>| field.required && field.default().is_none();
        self.fields.iter().filter(needed).map(|field| field.name)
    }

    /// Fills it in from values that were given ahead.
    pub(super) fn fill(&self, given: &Map<String, Value>) -> Draft {
        let mut content = Map::new();
        let mut taken = HashSet::new();
        for field in &self.fields {
            if let Some(value) = given.get(field.name) {
                taken.insert(field.name.to_owned());
                content.insert(field.name.to_owned(), field.given(value));
            } else if let Some(default) = field.default() {
                content.insert(field.name.to_owned(), default.clone());
            }
        }
        let mut wrong = Vec::new();
        // A default that the schema refuses is none.
        let refused = self.refused(&content);
        for (name, reason) in &refused {
            if taken.remove(name) {
                wrong.push(format!("{}: {}", line(name), line(reason)));
            }
        }
        content.retain(|name, _| !refused.iter().any(|(refused, _)| refused == name));
        let missing = self
            .fields
            .iter()
            .any(|field| field.required && !content.contains_key(field.name));
        if !missing && wrong.is_empty() {
            wrong.extend(self.contradictions(&content));
        }
        Draft {
            content,
            taken,
            missing,
            wrong,
        }
    }

    /// The fields with a value that the schema refuses, and why.
    fn refused(&self, content: &Map<String, Value>) -> Vec<(String, String)> {
        let findings = validate(self.schema, &Value::Object(content.clone()));
        let findings = findings.violations.into_iter().chain(findings.warnings);
        findings
            .filter_map(|finding| {
                let name = unescape(finding.at.split('/').nth(1)?);
                content
                    .contains_key(&name)
                    .then_some((name, finding.message))
            })
            .collect()
    }

    /// What is wrong with the whole, where each field is right.
    fn contradictions(&self, content: &Map<String, Value>) -> Vec<String> {
        let findings = validate(self.schema, &Value::Object(content.clone()));
        let messages = findings.violations.into_iter();
        messages.map(|finding| line(&finding.message)).collect()
    }

    /// Has a person fill in what was not given, and look at the whole. None when they decline.
    pub(super) async fn ask(
        &self,
        terminal: &dyn Terminal,
        server: &str,
        draft: Draft,
    ) -> std::io::Result<Option<Map<String, Value>>> {
        terminal.forget();
        terminal.show(&format!(
            "{server} asks for input:\n{}",
            quote(self.message)
        ));
        for wrong in &draft.wrong {
            terminal.show(&format!("not taken: {wrong}\n"));
        }
        if self.fields.iter().any(|field| field.hidden) {
            terminal
                .show("a server should not ask for a secret this way; it will see what you type\n");
        }
        if !self.fields.is_empty() {
            terminal.show(
                "Enter takes what is in [brackets] or skips what is optional; Ctrl-D declines\n",
            );
        }
        let Draft {
            content: mut proposed,
            mut taken,
            ..
        } = draft;
        loop {
            let mut content = Map::new();
            for field in &self.fields {
                let proposal = proposed.get(field.name);
                let value = match proposal {
                    Some(given) if taken.contains(field.name) => Some(given.clone()),
                    proposal => match self.ask_for(field, proposal, terminal).await? {
                        Some(value) => value,
                        None => return Ok(None),
                    },
                };
                if let Some(value) = value {
                    content.insert(field.name.to_owned(), value);
                }
            }
            // Without a field there is nothing that could be typed otherwise.
            let contradictions = match self.fields[..] {
                [] => Vec::new(),
                _ => self.contradictions(&content),
            };
            for contradiction in &contradictions {
                terminal.show(&format!("{contradiction}; once more\n"));
            }
            if contradictions.is_empty() {
                match self.review(&content, terminal, server).await? {
                    Review::Send => return Ok(Some(content)),
                    Review::Decline => return Ok(None),
                    Review::Change => {}
                }
            }
            (proposed, taken) = (content, HashSet::new());
        }
    }

    /// Asks for one field until what is typed will do: a value, nothing, or (none) no answer at all.
    async fn ask_for(
        &self,
        field: &Field<'_>,
        proposal: Option<&Value>,
        terminal: &dyn Terminal,
    ) -> std::io::Result<Option<Option<Value>>> {
        let alone = self.alone(field);
        terminal.show(&field.heading());
        loop {
            let _echo = field.hidden.then(|| terminal.hide());
            terminal.show(&field.prompt(proposal));
            let Some(typed) = terminal.line(field.hidden).await? else {
                return Ok(None);
            };
            if typed.trim().is_empty() {
                match proposal.cloned().or_else(|| field.nothing()) {
                    None if field.required => {
                        terminal.show("  a value is needed\n");
                        continue;
                    }
                    value => return Ok(Some(value)),
                }
            }
            let read = field
                .read(&typed)
                .and_then(|value| check(&alone, field, value));
            match read {
                Ok(value) => return Ok(Some(Some(value))),
                Err(_) if field.hidden => terminal.show("  that is not what is wanted\n"),
                Err(reason) => terminal.show(&format!("  {}\n", line(&reason))),
            }
        }
    }

    /// The form's schema with this field alone, so that nothing is said of the others.
    fn alone(&self, field: &Field<'_>) -> Value {
        let mut schema = self.schema.clone();
        if let Value::Object(keywords) = &mut schema {
            keywords.retain(|keyword, _| keyword != "required");
            keywords.insert("properties".into(), json!({field.name: field.schema}));
        }
        schema
    }

    async fn review(
        &self,
        content: &Map<String, Value>,
        terminal: &dyn Terminal,
        server: &str,
    ) -> std::io::Result<Review> {
        if self.fields.is_empty() {
            terminal.show("accept? [y/N] ");
            let typed = terminal.line(false).await?;
            return Ok(match typed {
                Some(typed) if is_yes(&typed) => Review::Send,
                _ => Review::Decline,
            });
        }
        for field in &self.fields {
            if let Some(value) = content.get(field.name) {
                let (name, value) = (label(field.name), field.show(value));
                terminal.show(&format!("  {name} = {value}\n"));
            }
        }
        terminal.show(&format!("send this to {server}? [Y/n] "));
        Ok(match terminal.line(false).await? {
            Some(typed) if typed.trim().is_empty() || is_yes(&typed) => Review::Send,
            Some(_) => Review::Change,
            None => Review::Decline,
        })
    }
}

enum Review {
    Send,
    Change,
    Decline,
}

/// Whether a line says yes.
pub(super) fn is_yes(typed: &str) -> bool {
    matches!(typed.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// The value, if the schema of its field alone takes it. A form that is typed has what its `format`
/// names, though a schema's word on that is elsewhere no more than a warning.
fn check(alone: &Value, field: &Field<'_>, value: Value) -> Result<Value, String> {
    let findings = validate(alone, &json!({field.name: value}));
    let own = format!("/{}", escape(field.name));
    let below = format!("{own}/");
    let mut findings = findings.violations.into_iter().chain(findings.warnings);
    let wrong = findings.find(|finding| finding.at == own || finding.at.starts_with(&below));
    match wrong {
        Some(finding) => Err(finding.message),
        None => Ok(value),
    }
}
