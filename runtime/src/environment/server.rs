//! Where the server is and what it gets: its command line or address, its environment, its headers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::SignIn;
use super::authorization::authorization;
use super::{VAULT_KEYS, read};
use crate::context::Context;
use crate::credentials::Filled;
use crate::error::{Error, Missing};
use crate::process::Launch;
use crate::secret::{Secret, is_plain};
use crate::spec::{Binding, Spec, Transport};
use crate::template;
use crate::transport::{Endpoint, Remote, bare};

/// The variables of the caller that every server gets: what a program needs to find its files and
/// the network, and nothing that could be a secret of another program's.
const PASSED_ON: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TZ",
    "LANG",
    "LANGUAGE",
    "TMPDIR",
    "TMP",
    "TEMP",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    // Windows programs do not start without these.
    "APPDATA",
    "COMSPEC",
    "HOMEDRIVE",
    "HOMEPATH",
    "LOCALAPPDATA",
    "PATHEXT",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "USERNAME",
    "USERPROFILE",
    "WINDIR",
];

/// Families of such variables, by their beginnings.
const PASSED_ON_FAMILIES: &[&str] = &["LC_", "XDG_"];

/// A server as the user asks for it on the command line or in a variable, instead of the one the
/// program was made for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    /// A command line.
    pub(crate) command: Option<String>,
    /// A URL.
    pub(crate) url: Option<String>,
    /// `NAME=VALUE` or `NAME`, for the server's environment.
    pub(crate) env: Vec<String>,
    /// `Name: value`, for the requests to a remote server.
    pub(crate) headers: Vec<String>,
    /// How to sign in.
    pub(crate) sign_in: SignIn,
}

impl Overrides {
    /// Whether another server is asked for.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.command.is_some() || self.url.is_some()
    }
}

/// The endpoint of a program's server, filled in from these values and, beneath them, the caller's
/// environment.
///
/// # Errors
///
/// [`Error::MissingSlots`] with all slots without a value, [`Error::Usage`] when no server is known.
pub fn endpoint_of(spec: &Spec, values: &BTreeMap<String, String>) -> Result<Endpoint, Error> {
    let env = values
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let overrides = Overrides {
        env,
        ..Overrides::default()
    };
    let mut given = given(&overrides.env)?;
    for slot in spec.slots {
        // Whoever makes a program for a server that speaks to the vault itself lends it the key.
        if let (true, Some(key)) = (VAULT_KEYS.contains(&slot.name), read(slot.name)) {
            let key = || Secret::new(key);
            given.entry(slot.name.to_owned()).or_insert_with(key);
        }
    }
    let missing: Vec<Missing> = spec
        .slots
        .iter()
        .filter(|slot| slot.required && !given.contains_key(slot.name))
        .filter(|slot| read(slot.name).is_none())
        .map(|slot| Missing::new(slot.name, slot.about))
        .collect();
    if !missing.is_empty() {
        return Err(Error::MissingSlots {
            program: spec.name.to_owned(),
            slots: missing,
        });
    }
    let filled = Filled {
        values: given,
        ..Filled::default()
    };
    endpoint(spec, &overrides, &filled, &Context::default())
}

/// The endpoint with every value filled in, beneath them the caller's environment.
///
/// # Errors
///
/// A place without a value, or an override that cannot be read.
pub(crate) fn endpoint(
    spec: &Spec,
    overrides: &Overrides,
    filled: &Filled,
    context: &Context,
) -> Result<Endpoint, Error> {
    let value = |name: &str| match filled.values.get(name) {
        Some(value) => Some(value.expose().to_owned()),
        // The key to the vault is passed on where that was decided, and by no template.
        None if VAULT_KEYS.contains(&name) => None,
        None => masked(name),
    };
    let fill = |template: &str| {
        template::fill(template, value).map_err(|name| Error::MissingSlots {
            program: spec.name.to_owned(),
            slots: vec![Missing::new(name, "")],
        })
    };
    match located(spec, overrides)? {
        Located::Command { command, args } => {
            let mut env: BTreeMap<String, Secret> = passed_on().collect();
            for (name, value) in context.variables() {
                env.insert(name.to_owned(), Secret::plain(value));
            }
            let mut directory = None;
            if let Transport::Stdio {
                env: bound,
                directory: wanted,
                ..
            } = spec.server.transport
            {
                env.extend(bindings(bound, &value));
                directory = wanted.map(fill).transpose()?.map(PathBuf::from);
            }
            let given = given(&overrides.env)?;
            let is_slot = |name: &str| spec.slots.iter().any(|slot| slot.name == name);
            for (name, value) in &filled.values {
                // A slot has its place; what an option or the configuration names beside that is a
                // variable of the server's.
                if given.contains_key(name) || !is_slot(name) {
                    env.insert(name.clone(), value.clone());
                }
            }
            if filled.broker.is_some() {
                keep_local(&mut env);
            }
            Ok(Endpoint::Stdio(Launch {
                command: fill(&command)?,
                args: args.iter().map(|arg| fill(arg)).collect::<Result<_, _>>()?,
                env,
                directory,
            }))
        }
        Located::Url(url) => {
            let headers = match spec.server.transport {
                // Headers are for the origin the program was made for, and go to no other.
                Transport::Http { headers, .. } if overrides.url.is_none() => headers,
                _ => &[],
            };
            let url = fill(&url)?;
            check_scheme(&url)?;
            let mut headers = bindings(headers, &value);
            for header in &overrides.headers {
                let Some((name, text)) = header.split_once(':') else {
                    return Err(Error::usage(format!(
                        "--mcp-header `{header}`: not of the form 'Name: value'"
                    )));
                };
                headers.push((name.trim().to_owned(), Secret::plain(fill(text.trim())?)));
            }
            // A credential of the vault's goes before what is configured by hand.
            let is_brokered = |name: &str| {
                let mut brokered = filled.headers.iter();
                brokered.any(|(other, _)| other.eq_ignore_ascii_case(name))
            };
            headers.retain(|(name, _)| !is_brokered(name));
            headers.extend(filled.headers.iter().cloned());
            Ok(Endpoint::Http(Remote::new(
                url,
                headers,
                authorization(spec.name, &overrides.sign_in)?,
            )))
        }
    }
}

/// Where the server is, for those who only have to tell it from others: places that the caller's
/// environment has no value for stay places.
pub(crate) fn whereabouts(spec: &Spec, overrides: &Overrides) -> Result<Endpoint, Error> {
    let given = given(&overrides.env)?;
    let fill = |template: &str| filled_in_part(template, &given);
    Ok(match located(spec, overrides)? {
        Located::Command { command, args } => Endpoint::Stdio(Launch {
            command: fill(&command),
            args: args.iter().map(|arg| fill(arg)).collect(),
            env: BTreeMap::new(),
            directory: None,
        }),
        Located::Url(url) => {
            let sign_in = authorization(spec.name, &overrides.sign_in)?;
            Endpoint::Http(Remote::new(fill(&url), Vec::new(), sign_in))
        }
    })
}

/// The address of a remote server; none where the server is started from here.
pub(crate) fn url(spec: &Spec, overrides: &Overrides) -> Option<String> {
    match whereabouts(spec, overrides) {
        Ok(Endpoint::Http(remote)) => Some(remote.url),
        _ => None,
    }
}

fn filled_in_part(template: &str, given: &BTreeMap<String, Secret>) -> String {
    let place = |name: &str| {
        let value = given.get(name).map(|value| value.expose().to_owned());
        Some(
            value
                .or_else(|| read(name))
                .unwrap_or_else(|| format!("${{{name}}}")),
        )
    };
    template::fill(template, place).unwrap_or_else(|_| template.to_owned())
}

/// Keeps the server's requests to this machine from going through a proxy.
///
/// Programs read the one or the other of two variables, and many the second only where there is no
/// first: both say the same.
fn keep_local(env: &mut BTreeMap<String, Secret>) {
    const HERE: &str = "127.0.0.1";
    let given = |name: &str| {
        env.get(name)
            .map(Secret::expose)
            .filter(|list| !list.is_empty())
    };
    let list = match given("no_proxy").or_else(|| given("NO_PROXY")) {
        None => HERE.to_owned(),
        Some(list)
            if list
                .split(',')
                .any(|host| matches!(host.trim(), HERE | "*")) =>
        {
            list.to_owned()
        }
        Some(list) => format!("{list},{HERE}"),
    };
    for name in ["NO_PROXY", "no_proxy"] {
        env.insert(name.to_owned(), Secret::plain(list.as_str()));
    }
}

/// The server in JSON for `--dry-run` and `self info`: names and templates, no values.
pub(crate) fn describe(spec: &Spec, overrides: &Overrides) -> Result<serde_json::Value, Error> {
    use serde_json::json;
    let names = |bindings: &[Binding]| -> serde_json::Map<String, serde_json::Value> {
        bindings
            .iter()
            .map(|binding| (binding.name.to_owned(), binding.value.into()))
            .collect()
    };
    if !overrides.is_elsewhere() && matches!(spec.server.transport, Transport::Unknown) {
        return Ok(serde_json::Value::Null);
    }
    Ok(match (located(spec, overrides)?, spec.server.transport) {
        (Located::Command { command, args }, Transport::Stdio { env, .. }) => {
            json!({"transport": "stdio", "command": command, "args": args, "env": names(env)})
        }
        (Located::Command { command, args }, _) => {
            json!({"transport": "stdio", "command": command, "args": args})
        }
        (Located::Url(url), Transport::Http { headers, .. }) if overrides.url.is_none() => {
            json!({"transport": "http", "url": url, "headers": names(headers)})
        }
        (Located::Url(url), _) => json!({"transport": "http", "url": bare(&url)}),
    })
}

/// The server in a line that has no secret in it, for the log of calls: no values, and of what the
/// caller named instead nothing that could be one.
pub(crate) fn address(spec: &Spec, overrides: &Overrides) -> String {
    match located(spec, overrides) {
        Ok(Located::Command { command, args }) if overrides.command.is_some() => {
            let more = if args.is_empty() { "" } else { " …" };
            format!("{command}{more}")
        }
        Ok(Located::Command { command, args }) => {
            let words: Vec<String> = std::iter::once(command).chain(args).collect();
            words.join(" ")
        }
        Ok(Located::Url(url)) => bare(&url),
        Err(_) => String::new(),
    }
}

/// Refuses a URL that does not begin as the address of a server does.
fn check_scheme(url: &str) -> Result<(), Error> {
    const SCHEMES: [&str; 3] = ["http://", "https://", "unix:"];
    if SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(());
    }
    Err(Error::usage_with_hint(
        format!("`{}`: not the address of a server", bare(url)),
        "https://HOST/PATH, http://HOST/PATH or unix:PATH",
    ))
}

enum Located {
    Command { command: String, args: Vec<String> },
    Url(String),
}

fn located(spec: &Spec, overrides: &Overrides) -> Result<Located, Error> {
    if let Some(url) = &overrides.url {
        return Ok(Located::Url(url.clone()));
    }
    if let Some(line) = &overrides.command {
        let mut words = shlex::split(line).unwrap_or_default().into_iter();
        let Some(command) = words.next() else {
            return Err(Error::usage(format!("`{line}`: not a command line")));
        };
        return Ok(Located::Command {
            command,
            args: words.collect(),
        });
    }
    match spec.server.transport {
        Transport::Stdio { command, args, .. } => Ok(Located::Command {
            command: command.to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
        }),
        Transport::Http { url, .. } => Ok(Located::Url(url.to_owned())),
        Transport::Unknown => Err(Error::usage_with_hint(
            format!("{} was made from a capture and knows no server", spec.name),
            "name one with --mcp-command 'COMMAND …' or --mcp-url URL",
        )),
    }
}

fn bindings(
    bindings: &[Binding],
    value: &impl Fn(&str) -> Option<String>,
) -> Vec<(String, Secret)> {
    let mut filled = Vec::new();
    for binding in bindings {
        // Only an optional slot can be without a value here: the binding is left out with it.
        if let Ok(text) = template::fill(binding.value, value) {
            // The secrets within it are known one by one.
            filled.push((binding.name.to_owned(), Secret::plain(text)));
        }
    }
    filled
}

/// `NAME=VALUE` sets, `NAME` passes the caller's value on.
pub(crate) fn given(env: &[String]) -> Result<BTreeMap<String, Secret>, Error> {
    let mut given = BTreeMap::new();
    for entry in env {
        let (name, value) = match entry.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (entry.as_str(), std::env::var(entry).ok()),
        };
        if !template::is_name(name) {
            return Err(Error::usage(format!(
                "--mcp-env `{name}`: not a name of a variable"
            )));
        }
        if let Some(value) = value {
            given.insert(name.to_owned(), Secret::plain(value));
        }
    }
    Ok(given)
}

/// The same, masked from here on in what is printed.
fn masked(name: &str) -> Option<String> {
    let value = read(name)?;
    if !is_plain(name, &value) {
        Secret::new(value.as_str());
    }
    Some(value)
}

/// The caller's variables that every server gets.
fn passed_on() -> impl Iterator<Item = (String, Secret)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        let listed = if cfg!(windows) {
            PASSED_ON
                .iter()
                .any(|listed| listed.eq_ignore_ascii_case(&name))
        } else {
            PASSED_ON.contains(&name.as_str())
        };
        let passed = listed
            || PASSED_ON_FAMILIES
                .iter()
                .any(|family| name.starts_with(family));
        passed.then_some((name, Secret::plain(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_goes_to_this_machine_without_a_proxy() {
        let kept_local = |given: &[(&str, &str)]| {
            let given = given.iter();
            let mut env: BTreeMap<String, Secret> = given
                .map(|(name, list)| ((*name).to_owned(), Secret::plain(*list)))
                .collect();
            keep_local(&mut env);
            assert!(env["NO_PROXY"] == env["no_proxy"]);
            env["no_proxy"].expose().to_owned()
        };
        assert_eq!(kept_local(&[]), "127.0.0.1");
        assert_eq!(kept_local(&[("NO_PROXY", "")]), "127.0.0.1");
        assert_eq!(
            kept_local(&[("NO_PROXY", "a.example")]),
            "a.example,127.0.0.1"
        );
        assert_eq!(
            kept_local(&[("NO_PROXY", "a"), ("no_proxy", "b, 127.0.0.1")]),
            "b, 127.0.0.1"
        );
        assert_eq!(kept_local(&[("no_proxy", "*")]), "*");
    }
}
