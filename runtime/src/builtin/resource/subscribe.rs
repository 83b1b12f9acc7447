//! `resource subscribe URI…`: a line whenever one of the resources changes.

use std::num::NonZeroU64;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::{Value, json};

use super::content;
use crate::builtin::offered::{needs, print_request};
use crate::client::Client;
use crate::error::Error;
use crate::output::Files;
use crate::policy::Subject;
use crate::run::Run;
use crate::settings::Format;
use crate::text::line;

pub(super) fn options(command: Command) -> Command {
    command
        .long_about(
            "Say when resources change, a line for each time: the URI or, as JSON, what the server \
             said. It ends when it is interrupted, after --count changes, or after --timeout.",
        )
        .arg(
            Arg::new("uri")
                .value_name("URI")
                .required(true)
                .action(ArgAction::Append)
                .num_args(1..)
                .help("The resources"),
        )
        .arg(
            Arg::new("count")
                .long("count")
                .value_name("N")
                .value_parser(value_parser!(NonZeroU64))
                .help("End after so many changes"),
        )
        .arg(
            Arg::new("read")
                .long("read")
                .action(ArgAction::SetTrue)
                .help("Print the new content each time"),
        )
}

pub(super) fn subscribe(run: &Run, matches: &ArgMatches) -> Result<(), Error> {
    let uris: Vec<String> = matches
        .get_many("uri")
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    if run.settings.dry_run {
        for uri in &uris {
            run.admission(&Subject::resource(uri, uri))?;
            print_request(run, "resources/subscribe", &json!({"uri": uri}))?;
        }
        return Ok(());
    }
    let count = matches
        .get_one::<NonZeroU64>("count")
        .map(|count| count.get());
    let read = matches.get_flag("read");
    let files = run.files()?;
    each(run, &uris, &|| {
        run.converse(
            async |client| {
                client.greeting().await?;
                needs(client, run.spec.name, "resources.subscribe")?;
                client.subscribe(&uris).await?;
                let resources = if uris.len() == 1 {
                    "resource"
                } else {
                    "resources"
                };
                run.printer
                    .note(&format!("watching {} {resources}", uris.len()));
                let watching = watch(run, client, count, read, &files);
                let outcome = match run.settings.timeout {
                    None => watching.await,
                    Some(limit) => match tokio::time::timeout(limit, watching).await {
                        Ok(outcome) => outcome,
                        // All that was asked for was to watch for so long.
                        Err(_) if count.is_none() => Ok(()),
                        Err(_) => Err(Error::Timeout {
                            what: "resources/subscribe".to_owned(),
                            limit,
                            stderr: Vec::new(),
                        }),
                    },
                };
                client.unsubscribe().await;
                outcome
            },
            Ok,
        )
    })
}

/// Goes through the door once for each resource, and then on. They are counted as one.
fn each(run: &Run, uris: &[String], watch: &dyn Fn() -> Result<(), Error>) -> Result<(), Error> {
    fn one(
        run: &Run,
        subject: &Subject<'_>,
        rest: &[String],
        watch: &dyn Fn() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let params = || Ok(json!({"uri": subject.wire}));
        run.govern(subject, params, |_| match rest.split_first() {
            None => watch(),
            Some((uri, rest)) => one(run, &Subject::resource(uri, uri).beside(), rest, watch),
        })
    }
    match uris.split_first() {
        None => watch(),
        Some((uri, rest)) => one(run, &Subject::resource(uri, uri), rest, watch),
    }
}

/// Tells of changes as they come, until there were so many.
async fn watch(
    run: &Run,
    client: &mut Client,
    count: Option<u64>,
    read: bool,
    files: &Files,
) -> Result<(), Error> {
    let mut told = 0;
    while count.is_none_or(|count| told < count) {
        let Some(mut update) = client.update().await? else {
            run.printer.note("the server has ended the subscription");
            return Ok(());
        };
        let uri = update
            .get("uri")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let uri = uri.to_owned();
        let mut content = None;
        if read {
            // It need not be one of those that are watched, but one below it.
            run.admission(&Subject::resource(&uri, &uri))?;
            let params = json!({"uri": uri});
            content = Some(client.request("resources/read", params).await?);
        }
        match (run.printer.format(), content) {
            (Format::Text, None) => run.printer.data(&format!("{}\n", line(&uri)))?,
            (Format::Text, Some(answer)) => content::tell(run, answer, None, &uri, files)?,
            (Format::Json | Format::Raw, content) => {
                let contents = content.and_then(|mut it| it.get_mut("contents").map(Value::take));
                if let (Some(update), Some(contents)) = (update.as_object_mut(), contents) {
                    update.insert("contents".to_owned(), contents);
                }
                run.printer.data(&format!("{update}\n"))?;
            }
        }
        told += 1;
    }
    Ok(())
}
