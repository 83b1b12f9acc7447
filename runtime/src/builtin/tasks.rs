//! `self tasks`: going on with calls that became tasks and were not waited for.

use clap::{Arg, ArgMatches, Command};
use serde_json::{Value, json};

use crate::client::Client;
use crate::environment;
use crate::error::{Error, Exit};
use crate::output::pretty;
use crate::run::Run;
use crate::settings::{Format, Settings};
use crate::spec::Spec;
use crate::task::{Status, Task, is_unknown};

pub(super) fn command(spec: &Spec) -> Command {
    let one = |name: &'static str, about: &'static str| {
        Settings::options(Command::new(name))
            .about(about)
            .max_term_width(100)
    };
    let id = || {
        Arg::new("id")
            .value_name("ID")
            .required(true)
            .allow_hyphen_values(true)
            .help("The task's id")
    };
    Command::new("tasks")
        .bin_name(format!("{} self tasks", spec.name))
        .about("Go on with calls that became tasks")
        .long_about(
            "Go on with calls that became tasks: those begun with --mcp-detach, and those that were \
             waited for when Ctrl-C, a limit on time or a broken connection ended the wait. The \
             server goes on with such a task until it is done or cancelled.",
        )
        .max_term_width(100)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(
            one("list", "List the tasks that the server knows").long_about(
                "List the tasks that the server knows: all that it lists or, of one that has no list, \
                 those that were begun here",
            ),
        )
        .subcommand(one("get", "Show how a task is").arg(id()))
        .subcommand(
            one("wait", "Wait for a task and print its answer as the call would have").arg(id()),
        )
        .subcommand(one("cancel", "End a task").arg(id()))
}

pub(super) fn run(run: &Run, matches: &ArgMatches) -> Exit {
    let (name, matches) = matches.subcommand().unwrap_or(("", matches));
    let id = matches.try_get_one::<String>("id").ok().flatten();
    let id = id.map_or("", String::as_str);
    let method = match name {
        "list" => "tasks/list",
        "cancel" => "tasks/cancel",
        _ => "tasks/get",
    };
    let is_dry = run.settings.dry_run;
    let outcome = match name {
        "list" if is_dry => run.may_ask().and_then(|()| dry(run, method, id)),
        _ if is_dry => run.with_task(id, |_, _| dry(run, method, id)),
        "list" => run.may_ask().and_then(|()| list(run)),
        "wait" => run.wait(id),
        "cancel" => run.with_task(id, |_, _| {
            run.converse(
                async |client| client.cancel_task(id).await,
                |task| cancelled(run, &task),
            )
        }),
        _ => run.with_task(id, |_, _| {
            run.converse(
                async |client| asked_after(run, client, id).await,
                |task| show(run, &task),
            )
        }),
    };
    run.finish(None, outcome)
}

fn dry(run: &Run, method: &str, id: &str) -> Result<(), Error> {
    let server = environment::describe(run.spec, &run.settings.overrides)?;
    let params = match id {
        "" => json!({}),
        id => json!({"taskId": id}),
    };
    let request = json!({"method": method, "params": params, "server": server});
    run.printer.data(&pretty(&request))
}

/// A task as the server knows it; one that it does not know is forgotten here as well.
async fn asked_after(run: &Run, client: &mut Client, id: &str) -> Result<Task, Error> {
    let task = client.task(id).await;
    if task.as_ref().is_err_and(is_unknown) {
        run.ledger()?.remove(id);
    }
    task
}

fn list(run: &Run) -> Result<(), Error> {
    let ledger = run.ledger()?;
    run.converse(
        async |client| {
            let begun = ledger.tasks();
            if let Some(listed) = client.tasks().await? {
                for (id, _) in &begun {
                    if !listed.iter().any(|task| task.id() == id) {
                        ledger.remove(id);
                    }
                }
                return Ok(listed);
            }
            let mut tasks = Vec::new();
            for (id, _) in &begun {
                match asked_after(run, client, id).await {
                    Ok(task) => tasks.push(task),
                    Err(error) if is_unknown(&error) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(tasks)
        },
        |tasks| {
            let tools: Vec<_> = tasks.iter().map(|task| ledger.tool(task.id())).collect();
            let tasks = tasks.iter().zip(&tools);
            if run.printer.format() == Format::Text {
                let rows: Vec<_> = tasks.map(|(task, tool)| row(task, tool)).collect();
                return run.printer.data(&columns(&rows));
            }
            let tasks: Vec<Value> = tasks
                .map(|(task, tool)| {
                    let mut data = task.data();
                    if let Some(tool) = tool {
                        data["tool"] = tool.as_str().into();
                    }
                    data
                })
                .collect();
            run.printer.data(&pretty(&tasks.into()))
        },
    )
}

/// A task in a list: its id, status, tool and message.
fn row(task: &Task, tool: &Option<String>) -> [String; 4] {
    let text = |name: &str| task.text(name).unwrap_or_default();
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    [
        task.id().to_owned(),
        line(text("status")),
        tool.clone().unwrap_or_else(|| "-".to_owned()),
        line(text("statusMessage")),
    ]
}

fn columns(rows: &[[String; 4]]) -> String {
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    let lines = rows.iter().map(|[id, status, tool, message]| {
        let [first, second, third] = widths;
        let line = format!("{id:<first$}  {status:<second$}  {tool:<third$}  {message}");
        line.trim_end().to_owned() + "\n"
    });
    lines.collect()
}

fn show(run: &Run, task: &Task) -> Result<(), Error> {
    let text = match run.printer.format() {
        Format::Json => pretty(&task.data()),
        Format::Raw => pretty(&task.said()),
        Format::Text => {
            let tool = run.ledger()?.tool(task.id());
            let rows = [
                ("task", Some(task.id())),
                ("status", task.text("status")),
                ("message", task.text("statusMessage")),
                ("tool", tool.as_deref()),
                ("begun", task.text("createdAt")),
                ("updated", task.text("lastUpdatedAt")),
            ];
            let lines = rows
                .iter()
                .filter_map(|(name, value)| Some(format!("{name:<8} {}\n", (*value)?)));
            lines.collect()
        }
    };
    run.printer.data(&text)
}

/// What became of the wish to end a task. A server may go on with it for a while.
fn cancelled(run: &Run, task: &Task) -> Result<(), Error> {
    match task.status() {
        Status::Cancelled => run.ledger()?.remove(task.id()),
        _ => run.printer.note("the server was asked to end it"),
    }
    show(run, task)
}
