//! `auth connect`, `auth approvals`: what a person has to do for the vault.

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Value, json};

use crate::arguments::quoted;
use crate::credentials::reference;
use crate::error::Error;
use crate::output::pretty;
use crate::run::Run;
use crate::spec::Spec;
use crate::text::plain;
use crate::vault::{Approval, Connection};

pub(super) fn connect(command: Command) -> Command {
    command
        .long_about(
            "Have a person connect an account with a provider, ahead of the first call that needs it. The \
             page opens in a browser; without a terminal its address is printed, and --wait waits until \
             it is finished with.",
        )
        .arg(
            Arg::new("provider")
                .value_name("PROVIDER")
                .required(true)
                .help("The provider, as the vault calls it"),
        )
        .arg(
            Arg::new("scope")
                .long("scope")
                .value_name("SCOPE")
                .action(ArgAction::Append)
                .help("Ask for this scope"),
        )
        .arg(
            Arg::new("agent")
                .long("agent")
                .value_name("ID|NAME")
                .help("Give the grant to this agent"),
        )
        .arg(
            Arg::new("user-token")
                .long("user-token")
                .value_name("@FILE|env:NAME")
                .help("The token of the user whose grant it is"),
        )
}

pub(super) fn approvals(
    spec: &Spec,
    one: impl Fn(&'static str, &'static str) -> Command,
) -> Command {
    Command::new("approvals")
        .bin_name(format!("{} auth approvals", spec.name))
        .about("List the calls that wait for a person's approval, wait for one")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(one("list", "List those that were asked for from here"))
        .subcommand(
            one(
                "wait",
                "Wait until one is decided, and print what came of it",
            )
            .arg(
                Arg::new("id")
                    .value_name("ID")
                    .required(true)
                    .help("The approval"),
            ),
        )
}

pub(super) fn have_connected(run: &Run, matches: &ArgMatches) -> Result<(), Error> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let scopes = matches.get_many::<String>("scope").into_iter().flatten();
    let configured = run.config()?.sections.alter.agent.clone();
    let connection = Connection {
        provider: match text("provider") {
            Some(provider) if !provider.is_empty() => provider,
            _ => return Err(Error::usage("PROVIDER is empty")),
        },
        scopes: scopes.cloned().collect(),
        user_token: text("user-token")
            .map(|text| reference("--user-token", &text))
            .transpose()?,
        agent: text("agent").or(configured),
    };
    if run.settings.dry_run {
        let Connection {
            provider,
            scopes,
            agent,
            ..
        } = &connection;
        return run.printer.data(&pretty(&json!({
            "auth": "connect", "provider": provider, "scopes": scopes, "agent": agent,
        })));
    }
    super::converse(async || {
        let connected = run.broker().await?.connect(connection).await?;
        run.printer.data(&match run.is_text() {
            true => {
                let word = |name: &str| plain(connected[name].as_str().unwrap_or_default());
                format!("{}: {}\n", word("provider"), word("status"))
            }
            false => pretty(&connected),
        })
    })
}

pub(super) fn approve(run: &Run, matches: &ArgMatches) -> Result<(), Error> {
    let action = match matches.subcommand() {
        Some(("wait", matches)) => {
            let id = matches.get_one::<String>("id").cloned();
            Approval::Wait(id.unwrap_or_default())
        }
        _ => Approval::List,
    };
    let wanted = match &action {
        Approval::Wait(id) => Some(id.clone()),
        Approval::List | Approval::Forget(_) => None,
    };
    let outcome = super::converse(async || {
        let is_list = action == Approval::List;
        let broker = run.broker().await?;
        let found = broker.approvals(action).await?;
        run.printer.data(&match is_list && run.is_text() {
            true => words(&found),
            false => pretty(&found),
        })?;
        if is_list {
            // Whoever could not read it is told again.
            broker.approvals(Approval::Forget(over(&found))).await?;
        }
        Ok(())
    });
    if let (Err(Error::Signal(_)), Some(id)) = (&outcome, wanted) {
        let line = quoted(&["auth", "approvals", "wait", &id].map(str::to_owned));
        run.printer.note(&format!(
            "the approval is pending still: `{}{line}` waits for it again",
            run.spec.name
        ));
    }
    outcome
}

/// Those that nothing can come of.
fn over(found: &Value) -> Vec<String> {
    let list = found["approvals"].as_array().into_iter().flatten();
    let over = list.filter(|approval| approval["over"] == true);
    let ids = over.filter_map(|approval| approval["id"].as_str());
    ids.map(str::to_owned).collect()
}

/// The approvals, one in a line, for people.
fn words(found: &Value) -> String {
    let list = found["approvals"].as_array().into_iter().flatten();
    let lines = list.map(|approval| {
        let text = |name: &str| plain(approval[name].as_str().unwrap_or_default());
        let tool = Some(text("tool")).filter(|tool| !tool.is_empty());
        let mut line = format!(
            "{}  {}  {}  asked {}",
            text("id"),
            text("status"),
            tool.unwrap_or_else(|| "-".to_owned()),
            text("asked")
        );
        if approval["status"] == "pending" {
            let urls = approval["urls"].as_array().into_iter().flatten();
            for url in urls.filter_map(Value::as_str) {
                line.push_str(&format!("\n  {}", plain(url)));
            }
        }
        line + "\n"
    });
    lines.collect()
}
