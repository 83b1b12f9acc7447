//! A server while it is put together.
//!
//! A draft holds templates and values; the slots are derived from the templates when it is
//! [finished](Draft::finish), so that no template is without its slot and no slot without its use,
//! whatever was replaced on the way.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::credential::{has_literal_password, is_credential_name, warn_of_arguments};
use super::endpoint::{check_header, is_secret_header};
use super::template::{
    self, Part, canonical, has_reference, is_slot_name, reference_to, screaming, slot_name,
};
use super::{Origin, OriginError, Values};
use crate::capture;
use crate::ir::{Binding, Slot, Transport};

/// What is known of a server so far. Every text of the transport is a template in canonical form.
pub(super) struct Draft {
    transport: Transport,
    values: Values,
    /// What the user declared of slots, which outweighs what the templates say.
    declared: BTreeMap<String, Slot>,
    pub(super) warnings: Vec<String>,
    pub(super) source: Option<PathBuf>,
    pub(super) cwd: Option<PathBuf>,
}

impl Draft {
    /// A server that nothing is known of.
    pub(super) fn unknown() -> Self {
        Self {
            transport: Transport::Unknown,
            values: Values::default(),
            declared: BTreeMap::new(),
            warnings: Vec::new(),
            source: None,
            cwd: None,
        }
    }

    /// A server as a capture has it: its templates are canonical, and its slots were declared.
    pub(super) fn captured(origin: &capture::Origin) -> Self {
        let cwd = match &origin.transport {
            Transport::Stdio { directory, .. } => directory.as_ref().map(PathBuf::from),
            _ => None,
        };
        Self {
            transport: origin.transport.clone(),
            declared: origin
                .slots
                .iter()
                .map(|slot| (slot.name.clone(), slot.clone()))
                .collect(),
            cwd,
            ..Self::unknown()
        }
    }

    /// A program with its arguments.
    pub(super) fn stdio(command: &str, args: &[String]) -> Self {
        let args = args.iter().map(|arg| canonical(arg)).collect();
        let transport = Transport::Stdio {
            command: canonical(command),
            args,
            env: Vec::new(),
            directory: None,
        };
        Self {
            transport,
            ..Self::unknown()
        }
    }

    /// A remote server, its URL still to be [set](Self::set_url).
    pub(super) fn http() -> Self {
        let transport = Transport::Http {
            url: String::new(),
            headers: Vec::new(),
            events: false,
        };
        Self {
            transport,
            ..Self::unknown()
        }
    }

    /// Says where a remote server is.
    pub(super) fn set_url(&mut self, text: &str) {
        if let Transport::Http { url, .. } = &mut self.transport {
            *url = canonical(text);
        }
    }

    /// Gives the server a variable. A literal is kept for introspection, and a slot is stored.
    ///
    /// A remote server has no environment: the value then fills references of that name.
    pub(super) fn bind_env(&mut self, name: &str, text: &str) -> Result<(), OriginError> {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(OriginError::EnvName {
                name: name.to_owned(),
            });
        }
        let value = if has_reference(text) {
            canonical(text)
        } else if is_slot_name(name) {
            self.values.insert(name, text);
            reference_to(name)
        } else {
            reference_to(&self.keep_as(slot_name(name), text))
        };
        if let Transport::Stdio { env, .. } = &mut self.transport {
            bind(env, name, value, |a, b| a == b);
        }
        Ok(())
    }

    /// Adds a header, in place of an earlier one of that name.
    pub(super) fn bind_header(&mut self, name: &str, text: &str) -> Result<(), OriginError> {
        check_header(name, text)?;
        if !matches!(self.transport, Transport::Http { .. }) {
            return Err(OriginError::HeaderWithoutUrl {
                name: name.to_owned(),
            });
        }
        let value = if has_reference(text) || !is_secret_header(name, text) {
            canonical(text)
        } else {
            reference_to(&self.keep(name, text))
        };
        if let Transport::Http { headers, .. } = &mut self.transport {
            bind(headers, name, value, str::eq_ignore_ascii_case);
        }
        Ok(())
    }

    /// Keeps a literal for introspection, and returns the slot made for it.
    pub(super) fn keep(&mut self, name: &str, value: &str) -> String {
        self.keep_as(screaming(name), value)
    }

    /// Takes one `--env`: `NAME`, `NAME=VALUE`, `NAME?` or `NAME?=VALUE`.
    pub(super) fn declare(&mut self, text: &str) -> Result<(), OriginError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let (name, required) = match name.strip_suffix('?') {
            Some(name) => (name, false),
            None => (name, true),
        };
        self.pass_on(name)?;
        self.require(name, required);
        if let Some(value) = value {
            self.values.insert(name, value);
        }
        Ok(())
    }

    /// Says of a slot whether the server is started without it.
    pub(super) fn require(&mut self, name: &str, required: bool) {
        let slot = self.declared.entry(name.to_owned());
        slot.or_insert_with(|| Slot::new(name, required)).required = required;
    }

    /// Gives a server that is started from here a slot as a variable of that name.
    pub(super) fn pass_on(&mut self, name: &str) -> Result<(), OriginError> {
        if !is_slot_name(name) {
            return Err(OriginError::EnvName {
                name: name.to_owned(),
            });
        }
        if let Transport::Stdio { env, .. } = &mut self.transport {
            // A config's `${NAME:-fallback}` already passes the slot on, and knows more.
            let passes_on =
                |binding: &Binding| binding.name == name && refers_to(&binding.value, name);
            if !env.iter().any(passes_on) {
                bind(env, name, reference_to(name), |a, b| a == b);
            }
        }
        Ok(())
    }

    /// Derives the slots, and warns of what will be stored and perhaps should not be.
    pub(super) fn finish(mut self) -> Result<Origin, OriginError> {
        let mut slots: BTreeMap<String, Slot> = BTreeMap::new();
        let mut warnings = Vec::new();
        for (what, text) in self.texts() {
            if text.contains('\0') {
                return Err(OriginError::Nul { what });
            }
            if has_reference(text) && has_literal_password(text) {
                warnings.push(format!(
                    "{what} holds a URL with a password, which is stored as it stands"
                ));
            }
            for part in template::parts(text) {
                let warning = match part {
                    Part::Text(text) if text.contains("${") => Some(format!(
                        "{what} holds a `${{` that is not `${{NAME}}`: it is passed as it stands"
                    )),
                    Part::Text(_) => None,
                    Part::Reference { name, fallback } => {
                        let slot = slots.entry(name.to_string());
                        let slot = slot.or_insert_with(|| Slot::new(&name, false));
                        slot.required |= fallback.is_none();
                        warn_of_fallback(&what, &name, fallback)
                    }
                };
                warnings.extend(warning);
            }
        }
        self.warnings.append(&mut warnings);
        slots.extend(self.declared);
        if let Some((slot, _)) = self
            .values
            .expose_all()
            .find(|(_, value)| value.contains('\0'))
        {
            return Err(OriginError::Nul {
                what: format!("the value of `{slot}`"),
            });
        }
        if let Transport::Stdio {
            args, directory, ..
        } = &mut self.transport
        {
            self.warnings.extend(warn_of_arguments(args));
            *directory = self.cwd.map(|cwd| cwd.to_string_lossy().into_owned());
        }
        self.values.retain(|slot| slots.contains_key(slot));
        Ok(Origin {
            transport: self.transport,
            slots: slots.into_values().collect(),
            values: self.values,
            source: self.source,
            warnings: self.warnings,
        })
    }

    /// Keeps a value under the first free name of `NAME`, `NAME_2`, ….
    fn keep_as(&mut self, name: String, value: &str) -> String {
        let is_free = |name: &String| {
            self.values.expose(name).is_none()
                && !self.texts().iter().any(|(_, text)| refers_to(text, name))
        };
        let slot = std::iter::once(name.clone())
            .chain((2..).map(|number: usize| format!("{name}_{number}")))
            .find(is_free)
            .expect("numbers do not run out");
        self.values.insert(&slot, value);
        slot
    }

    /// Every text of the transport, and what to call it.
    fn texts(&self) -> Vec<(String, &str)> {
        fn bindings<'a>(
            kind: &str,
            bindings: &'a [Binding],
        ) -> impl Iterator<Item = (String, &'a str)> {
            bindings.iter().map(move |binding| {
                (
                    format!("{kind} `{}`", super::shown(&binding.name)),
                    binding.value.as_str(),
                )
            })
        }
        match &self.transport {
            Transport::Stdio {
                command, args, env, ..
            } => {
                let args = args
                    .iter()
                    .enumerate()
                    .map(|(index, arg)| (format!("argument {}", index + 1), arg.as_str()));
                let command = ("the command".to_owned(), command.as_str());
                std::iter::once(command)
                    .chain(args)
                    .chain(bindings("variable", env))
                    .collect()
            }
            Transport::Http { url, headers, .. } => {
                std::iter::once(("the URL".to_owned(), url.as_str()))
                    .chain(bindings("header", headers))
                    .collect()
            }
            Transport::Unknown => Vec::new(),
        }
    }
}

/// Binds a name, in place of an earlier binding of it.
fn bind(
    bindings: &mut Vec<Binding>,
    name: &str,
    value: String,
    is_same: impl Fn(&str, &str) -> bool,
) {
    let binding = Binding {
        name: name.to_owned(),
        value,
    };
    match bindings.iter_mut().find(|other| is_same(&other.name, name)) {
        Some(other) => *other = binding,
        None => bindings.push(binding),
    }
}

fn refers_to(text: &str, slot: &str) -> bool {
    template::parts(text)
        .iter()
        .any(|part| matches!(part, Part::Reference { name, .. } if name == slot))
}

fn warn_of_fallback(what: &str, name: &str, fallback: Option<&str>) -> Option<String> {
    let fallback = fallback?;
    if fallback.contains("${") {
        return Some(format!(
            "{what}: the fallback of `{name}` cannot hold another reference, and ends at the first `}}`"
        ));
    }
    (is_credential_name(name) && !fallback.is_empty()).then(|| {
        format!(
            "{what}: the fallback of `{name}` looks like a credential and is stored as it stands"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::tests::outline;
    use crate::origin::{Additions, Places, Wanted, locate};

    fn with_env(wanted: &Wanted, env: &[&str]) -> Result<Origin, OriginError> {
        let additions = Additions {
            env: env.iter().map(ToString::to_string).collect(),
            ..Additions::default()
        };
        locate(wanted, &additions, &Places::default())
    }

    fn command(line: &str) -> Wanted {
        Wanted::Command(line.to_owned())
    }

    #[test]
    fn declared_slots_are_bound_in_a_programs_environment() {
        let origin = with_env(
            &command("uvx altr-mcp"),
            &["ORG_ID", "KEY=hunter2=", "LEVEL?", "HOST?=acme", "EMPTY="],
        )
        .unwrap();
        insta::assert_snapshot!(outline(&origin), @r"
        uvx altr-mcp
        env ORG_ID=${ORG_ID}
        env KEY=${KEY}
        env LEVEL=${LEVEL}
        env HOST=${HOST}
        env EMPTY=${EMPTY}
        slots: EMPTY HOST? KEY LEVEL? ORG_ID
        values: EMPTY HOST KEY
        ");
        assert_eq!(origin.values.expose("KEY"), Some("hunter2="));
        assert_eq!(origin.values.expose("EMPTY"), Some(""));
    }

    #[test]
    fn a_declaration_outweighs_the_template() {
        let line = "A=1 B=${B:-b} C=${OTHER} srv ${D}";
        let origin = with_env(&command(line), &["A?", "B", "C", "D?", "A?=2"]).unwrap();
        insta::assert_snapshot!(outline(&origin), @r"
        srv ${D}
        env A=${A}
        env B=${B:-b}
        env C=${C}
        env D=${D}
        slots: A? B C D?
        values: A
        ");
        assert_eq!(origin.values.expose("A"), Some("2"));
    }

    #[test]
    fn a_slot_needed_anywhere_is_required() {
        let origin = with_env(&command("srv ${A:-x} ${A} ${B:-y} ${B:-z}"), &[]).unwrap();
        assert_eq!(
            outline(&origin),
            "srv ${A:-x} ${A} ${B:-y} ${B:-z}\nslots: A B?"
        );
    }

    #[test]
    fn a_remote_server_has_slots_and_no_environment() {
        let origin = with_env(
            &Wanted::Url("https://x.example/mcp".to_owned()),
            &["KEY=hunter2", "B?"],
        )
        .unwrap();
        assert_eq!(
            outline(&origin),
            "https://x.example/mcp\nslots: B? KEY\nvalues: KEY"
        );
    }

    #[test]
    fn no_server_still_has_its_declared_slots() {
        let origin = with_env(&Wanted::Nothing, &["KEY", "B?"]).unwrap();
        assert_eq!(outline(&origin), "unknown\nslots: B? KEY");
    }

    #[test]
    fn bad_names_are_refused_and_values_are_not_shown() {
        for text in [
            "",
            "1A=hunter2",
            "A B=hunter2",
            "A-B=hunter2",
            "?=hunter2",
            "A??",
            "=hunter2",
            "Ä=hunter2",
        ] {
            let error = with_env(&command("srv"), &[text]).unwrap_err();
            assert!(
                matches!(error, OriginError::EnvName { .. }),
                "{text}: {error}"
            );
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn headers_need_a_url() {
        for wanted in [command("srv"), Wanted::Nothing] {
            let additions = Additions {
                headers: vec!["X-A: b".to_owned()],
                ..Additions::default()
            };
            let error = locate(&wanted, &additions, &Places::default()).unwrap_err();
            assert!(
                matches!(error, OriginError::HeaderWithoutUrl { .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn nul_characters_are_refused() {
        assert!(matches!(
            with_env(&command("srv a\0b"), &[]),
            Err(OriginError::Nul { .. })
        ));
        assert!(matches!(
            with_env(&command("srv"), &["A=a\0b"]),
            Err(OriginError::Nul { .. })
        ));
    }

    #[test]
    fn doubtful_templates_earn_a_warning() {
        for (line, expected) in [
            ("srv ${1x}", "argument 1 holds a `${`"),
            (
                "A=${API_KEY:-hunter2} srv",
                "variable `A`: the fallback of `API_KEY` looks like a credential",
            ),
            (
                "srv ${A:-${B}}",
                "argument 1: the fallback of `A` cannot hold another reference",
            ),
            (
                "srv --token hunter2",
                "argument 2 (`--token`) looks like a credential",
            ),
        ] {
            let warnings = with_env(&command(line), &[]).unwrap().warnings;
            assert!(
                warnings.len() == 1 && warnings[0].starts_with(expected),
                "{line}: {warnings:?}"
            );
            assert!(!warnings[0].contains("hunter2"));
        }
    }
}
