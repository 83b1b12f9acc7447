//! `resource list|templates|read|subscribe`: what the server has to be read (MCP 2025-11-25,
//! Resources).

mod content;
mod subscribe;

use clap::{ArgMatches, Command};
use serde_json::{Map, Value, json};

use super::form::{Filling, Kind, naming, out_option};
use super::offered::{self, Listing};
use crate::error::{Error, Exit};
use crate::policy::Subject;
use crate::run::Run;
use crate::settings::Settings;
use crate::spec::Spec;
use crate::text::{first_sentence, line};
use crate::uri_template::UriTemplate;

const RESOURCES: Listing = Listing {
    capability: "resources",
    method: "resources/list",
    key: "resources",
    what: "resources",
};
const TEMPLATES: Listing = Listing {
    capability: "resources",
    method: "resources/templates/list",
    key: "resourceTemplates",
    what: "resource templates",
};

pub(crate) fn command(spec: &Spec) -> Command {
    let one = |name: &'static str, about: &'static str| {
        Settings::options(Command::new(name))
            .about(about)
            .max_term_width(100)
    };
    let read = one(
        "read",
        "Read a resource by its URI, or by a template and its variables",
    );
    let read = read.arg(out_option());
    Command::new("resource")
        .bin_name(format!("{} resource", spec.name))
        .about("List, read and watch the server's resources")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(one("list", "List the resources the server has now"))
        .subcommand(one(
            "templates",
            "List the templates of resources the server has now",
        ))
        .subcommand(naming(read, spec, Kind::Template, "URI|TEMPLATE"))
        .subcommand(subscribe::options(one(
            "subscribe",
            "Say when resources change, until interrupted",
        )))
}

/// Runs what names no template.
pub(crate) fn run(run: &Run, matches: &ArgMatches) -> Exit {
    let outcome = match matches.subcommand() {
        Some(("list", _)) => offered::list(run, &RESOURCES, resource_row),
        Some(("templates", _)) => offered::list(run, &TEMPLATES, |it| template_row(run.spec, it)),
        Some(("subscribe", matches)) => subscribe::subscribe(run, matches),
        _ => Err(Error::usage("no command")),
    };
    run.finish(None, outcome)
}

/// Reads the resource that is named, or what a template becomes.
pub(crate) fn read(run: &Run, filling: &Filling, matches: &ArgMatches) -> Exit {
    let values = filling.values(run.spec, matches, !run.settings.unchecked);
    let outcome = values.and_then(|(values, warnings)| {
        for warning in &warnings {
            run.printer.warn(warning);
        }
        let uri = uri(filling.wire(), &values, !run.settings.unchecked)?;
        let out = matches.get_one::<String>("out").map(String::as_str);
        content::check(out)?;
        let files = run.files()?;
        offered::request(
            run,
            &Subject::resource(&uri, filling.wire()),
            "resources",
            "resources/read",
            || Ok(json!({"uri": &uri})),
            |answer| content::tell(run, answer, out, &uri, &files),
        )
    });
    run.finish(None, outcome)
}

/// Refuses a text that is most likely a misspelled name: whether it is a URI is for the server to say,
/// but one has a scheme (RFC 3986, section 3).
pub(super) fn refuse_name(spec: &Spec, text: &str) -> Result<(), Error> {
    if text.contains(':') {
        return Ok(());
    }
    let names: Vec<&str> = spec.templates.iter().map(|form| form.command).collect();
    let hint = match names.as_slice() {
        [] => format!("`{} resource list` shows the URIs", spec.name),
        names => format!("the resource templates are {}", names.join(", ")),
    };
    Err(Error::usage_with_hint(
        format!("`{}` is neither a URI nor a resource template", line(text)),
        hint,
    ))
}

/// The URI of a text that is one, or of a template filled in with these values.
fn uri(text: &str, values: &Map<String, Value>, checked: bool) -> Result<String, Error> {
    let template = UriTemplate::parse(text).ok();
    let Some(template) = template.filter(|it| !it.variables().is_empty()) else {
        return match values.keys().next() {
            None => Ok(text.to_owned()),
            Some(name) => Err(Error::usage(format!("`{text}` has no variable `{name}`"))),
        };
    };
    let variables = template.variables();
    let is_missing = |name: &&str| !values.contains_key(*name);
    let needed = variables.iter().filter(|it| it.required).map(|it| it.name);
    let missing: Vec<&str> = needed.filter(is_missing).collect();
    let unknown = values
        .keys()
        .find(|name| variables.iter().all(|it| it.name != **name));
    match unknown {
        Some(name) => Err(Error::usage(format!("`{text}` has no variable `{name}`"))),
        None if checked && !missing.is_empty() => Err(Error::usage_with_hint(
            format!("missing: {}", missing.join(", ")),
            format!("give it with --arg {}=VALUE", missing[0]),
        )),
        None => Ok(template.expand(values)),
    }
}

/// A resource as a line: URI, name, type, size, what it is.
fn resource_row(resource: &Value) -> Vec<String> {
    let field = |name: &str| {
        resource
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let size = resource.get("size").filter(|size| size.is_number());
    vec![
        line(field("uri")),
        line(field("name")),
        line(field("mimeType")),
        size.map(|size| format!("{size} bytes")).unwrap_or_default(),
        about(resource),
    ]
}

/// A resource template as a line: what it is called here, the template, type, what it is.
fn template_row(spec: &Spec, template: &Value) -> Vec<String> {
    let field = |name: &str| {
        template
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let wire = field("uriTemplate");
    let known = spec.templates.iter().find(|form| form.wire == wire);
    vec![
        known.map_or_else(|| line(field("name")), |form| form.command.to_owned()),
        line(wire),
        line(field("mimeType")),
        about(template),
    ]
}

fn about(item: &Value) -> String {
    let text = |name| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let about = [text("description"), text("title")];
    let about = about.into_iter().find(|text| !text.is_empty());
    first_sentence(about.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{FORMAT, Form, Server, Transport};

    const SPEC: Spec = Spec {
        format: FORMAT,
        name: "p",
        about: "",
        server: Server {
            transport: Transport::Unknown,
            protocol: "",
            capabilities: "{}",
            capture: "{}",
        },
        slots: &[],
        tools: &[],
        prompts: &[],
        templates: &[Form {
            command: "file",
            ..Form::PLAIN
        }],
        omitted: crate::spec::Omitted::NOTHING,
    };

    fn made(text: &str, values: Value) -> Result<String, String> {
        let values = values.as_object().cloned().unwrap();
        uri(text, &values, true).map_err(|error| error.to_string())
    }

    #[test]
    fn a_uri_is_sent_as_it_is_typed() {
        for text in ["file:///a b", "x:y", "x://{", "x://a%20b?c"] {
            assert_eq!(made(text, json!({})), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_template_is_filled_in_and_nothing_is_left_over() {
        let template = "x://{a}{?b}";
        assert_eq!(
            made(template, json!({"a": "1 2"})),
            Ok("x://1%202".to_owned())
        );
        assert_eq!(made(template, json!({})), Err("missing: a".to_owned()));
        assert_eq!(
            made(template, json!({"a": "1", "c": "2"})),
            Err("`x://{a}{?b}` has no variable `c`".to_owned())
        );
        assert_eq!(
            made("x://y", json!({"c": "2"})),
            Err("`x://y` has no variable `c`".to_owned())
        );
    }

    #[test]
    fn a_name_without_a_scheme_is_no_uri() {
        assert_eq!(
            refuse_name(&SPEC, "fiel").map_err(|error| error.to_string()),
            Err("`fiel` is neither a URI nor a resource template".to_owned())
        );
        assert!(refuse_name(&SPEC, "x:fiel").is_ok());
    }
}
