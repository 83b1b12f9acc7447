//! `auth login`, `auth logout`: signing in to a remote server, and out.
//!
//! What is done is the connector's: a program for a local server links nothing of it.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::{Value, json};

use crate::environment;
use crate::error::Error;
use crate::output::pretty;
use crate::run::Run;
use crate::text::plain;
use crate::transport::{Action, Endpoint, Remote};

/// The options of `auth login`.
pub(super) fn options(login: Command) -> Command {
    let option = |id: &'static str| Arg::new(id).long(id);
    login
        .long_about(
            "Sign in to the server with a browser. Where there is no terminal, the page to sign in at is \
             printed, and --callback finishes what was begun. Secrets are read from variables, never from \
             options: see the README.",
        )
        .arg(option("no-browser").action(ArgAction::SetTrue).help(
            "Open no browser: print the page, and read the address that the browser ends at",
        ))
        .arg(
            option("scope")
                .value_name("SCOPE")
                .action(ArgAction::Append)
                .help("Ask for these scopes instead of those that the server names"),
        )
        .arg(
            option("callback")
                .value_name("ADDRESS")
                .help("Finish a sign-in: the address that the browser ended at"),
        )
        .arg(
            option("callback-port")
                .value_name("PORT")
                .value_parser(value_parser!(u16).range(1..))
                .help("Have the browser sent to this port of this machine, not to a free one"),
        )
        .arg(
            option("insecure-storage")
                .action(ArgAction::SetTrue)
                .help("Keep the sign-in in a file that only you can read, not in the keychain"),
        )
        .arg(
            option("allow-private-addresses")
                .action(ArgAction::SetTrue)
                .help("Follow the server to private addresses of this network"),
        )
}

/// Signs in.
pub(super) fn login(run: &mut Run, matches: &ArgMatches) -> Result<(), Error> {
    let sign_in = &mut run.settings.overrides.sign_in;
    let scopes = matches.get_many::<String>("scope").into_iter().flatten();
    sign_in.is_wanted = true;
    sign_in.no_browser = matches.get_flag("no-browser");
    sign_in.scopes = scopes.cloned().collect();
    sign_in.port = matches.get_one("callback-port").copied();
    sign_in.insecure_storage = matches.get_flag("insecure-storage");
    sign_in.private_addresses = matches.get_flag("allow-private-addresses");
    let callback = matches.get_one("callback").cloned();
    act(run, Action::Login { callback })
}

/// Signs out.
pub(super) fn logout(run: &Run) -> Result<(), Error> {
    act(run, Action::Logout)
}

fn act(run: &Run, action: Action) -> Result<(), Error> {
    if run.settings.dry_run {
        let server = environment::describe(run.spec, &run.settings.overrides)?;
        let what = match action {
            Action::Login { .. } => "login",
            Action::Logout => "logout",
            Action::Status => "status",
        };
        return run
            .printer
            .data(&pretty(&json!({"auth": what, "server": server})));
    }
    super::converse(async || {
        let Some(done) = at_server(run, action).await? else {
            return Err(Error::usage_with_hint(
                format!(
                    "{} starts its server itself: there is nothing to sign in to",
                    run.spec.name
                ),
                format!(
                    "`{} auth status` shows what the server needs",
                    run.spec.name
                ),
            ));
        };
        run.printer.data(&match run.is_text() {
            true => words(&done),
            false => pretty(&done),
        })
    })
}

/// Does it at the remote server; nothing where there is none.
pub(super) async fn at_server(run: &Run, action: Action) -> Result<Option<Value>, Error> {
    let Some(remote) = remote(run).await? else {
        return Ok(None);
    };
    let endpoint = Endpoint::Http(remote);
    let mut connectors = run.connectors.iter();
    let connector = connectors.find(|connector| (connector.reaches)(&endpoint));
    let (Endpoint::Http(remote), Some(authorize)) = (
        endpoint,
        connector.and_then(|connector| connector.authorize),
    ) else {
        return Ok(None);
    };
    authorize(remote, action).await.map(Some)
}

async fn remote(run: &Run) -> Result<Option<Remote>, Error> {
    let overrides = &run.settings.overrides;
    if environment::url(run.spec, overrides).is_none() {
        return Ok(None);
    }
    // A header that is the caller's own goes before a sign-in; one of the vault's takes no asking for
    // that.
    let filled = run.own_credentials().await?;
    match environment::endpoint(run.spec, overrides, &filled, &run.context)? {
        Endpoint::Http(remote) => Ok(Some(remote)),
        Endpoint::Stdio(_) => Ok(None),
    }
}

/// How things are, for people.
pub(super) fn words(status: &Value) -> String {
    let text = |name: &str| plain(status[name].as_str().unwrap_or_default());
    let mut lines = match (&status["signed_in"], &status["revoked"]) {
        (Value::Bool(true), _) => format!("signed in to {}\n", text("url")),
        (_, Value::Bool(false)) => format!(
            "signed out of {}, whose tokens live on until they expire: it did not take them back\n",
            text("url")
        ),
        (_, Value::Bool(true)) => format!("signed out of {}\n", text("url")),
        _ => format!("not signed in to {}\n", text("url")),
    };
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push_str(&format!("{name:<8} {value}\n"));
        }
    };
    line("issuer", text("issuer"));
    line("client", text("client"));
    let scopes = status["scopes"].as_array().into_iter().flatten();
    let scopes: Vec<_> = scopes.filter_map(Value::as_str).map(plain).collect();
    line("scopes", scopes.join(" "));
    let renewed = match status["refreshed"] {
        Value::Bool(true) => ", refreshed by itself",
        _ => "",
    };
    if status["expires"].is_string() {
        line("expires", text("expires") + renewed);
    }
    line("stored", text("stored"));
    lines
}
