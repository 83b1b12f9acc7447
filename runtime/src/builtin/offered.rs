//! What not every server offers: asked for only where it is, and listed alike.

use serde_json::{Value, json};

use crate::client::Client;
use crate::environment;
use crate::error::Error;
use crate::output::pretty;
use crate::policy::Subject;
use crate::protocol::server_info;
use crate::run::Run;
use crate::settings::Format;
use crate::text::width;

/// The widest that a column of a list is made for the sake of one line.
const COLUMN: usize = 60;

/// Makes sure that a server offers something, named as in its capabilities.
///
/// # Errors
///
/// [`Error::Usage`] where it does not.
pub(super) fn needs(client: &Client, program: &str, capability: &str) -> Result<(), Error> {
    // A server of the era without a handshake has said nothing yet, and is not asked only for this.
    let Some(greeting) = client.said() else {
        return Ok(());
    };
    let capabilities = greeting.get("capabilities").unwrap_or(&Value::Null);
    let mut at = capability.split('.');
    let has = at.try_fold(capabilities, |inside, key| inside.get(key));
    if has.is_some_and(|has| !has.is_null() && *has != false) {
        return Ok(());
    }
    let server = server_info(greeting)["name"].as_str();
    let what = match capability {
        "resources.subscribe" => "does not tell of changes to its resources",
        "resources" => "has no resources",
        _ => "has no prompts",
    };
    Err(Error::usage(format!(
        "the server {} {what}",
        server.unwrap_or(program)
    )))
}

/// Asks for something that a server may offer. One that refuses it before it has said what it offers
/// is asked for that.
async fn offered<T>(
    client: &mut Client,
    program: &str,
    capability: &str,
    ask: impl AsyncFnOnce(&mut Client) -> Result<T, Error>,
) -> Result<T, Error> {
    needs(client, program, capability)?;
    let outcome = ask(client).await;
    if let Err(Error::Refused { code: -32601, .. }) = &outcome
        && client.said().is_none()
    {
        client.greeting().await?;
        needs(client, program, capability)?;
    }
    outcome
}

/// Sends a request for something that is offered, if it may be had, and tells the answer; with
/// `--dry-run`, prints the request. Its parameters are put together once it is known that it may be.
pub(super) fn request(
    run: &Run,
    subject: &Subject<'_>,
    capability: &str,
    method: &str,
    assemble: impl FnOnce() -> Result<Value, Error>,
    tell: impl FnOnce(Value) -> Result<(), Error>,
) -> Result<(), Error> {
    if run.settings.dry_run {
        run.admission(subject)?;
        return print_request(run, method, &assemble()?);
    }
    let program = run.spec.name;
    run.govern(subject, assemble, |params| {
        run.converse(
            async |client| {
                offered(client, program, capability, async |client| {
                    client.request(method, params.clone()).await
                })
                .await
            },
            tell,
        )
    })
}

/// Prints a request that would be sent.
pub(super) fn print_request(run: &Run, method: &str, params: &Value) -> Result<(), Error> {
    let server = environment::describe(run.spec, &run.settings.overrides)?;
    let request = json!({"method": method, "params": params, "server": server});
    run.printer.data(&pretty(&request))
}

/// A list of a server's.
pub(super) struct Listing {
    pub(super) capability: &'static str,
    pub(super) method: &'static str,
    /// What the answers call the items.
    pub(super) key: &'static str,
    /// What they are called where there are none.
    pub(super) what: &'static str,
}

/// Lists all items: as JSON as they came, as text a line for each.
pub(super) fn list(
    run: &Run,
    listing: &Listing,
    line: impl Fn(&Value) -> Vec<String>,
) -> Result<(), Error> {
    run.may_ask()?;
    if run.settings.dry_run {
        return print_request(run, listing.method, &json!({}));
    }
    let program = run.spec.name;
    run.converse(
        async |client| {
            offered(client, program, listing.capability, async |client| {
                client.list(listing.method, listing.key).await
            })
            .await
        },
        |listed| {
            if let Some(note) = listed.note {
                run.printer.warn(&note);
            }
            if run.printer.format() != Format::Text {
                return run.printer.data(&pretty(&listed.items.into()));
            }
            if listed.items.is_empty() {
                run.printer
                    .note(&format!("the server lists no {}", listing.what));
            }
            run.printer
                .data(&aligned(listed.items.iter().map(line).collect()))
        },
    )
}

/// Lines of cells, in columns that are as wide as the widest of their cells.
fn aligned(lines: Vec<Vec<String>>) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |at: usize| {
        let cells = lines.iter().filter_map(|line| line.get(at));
        cells.map(|cell| width(cell)).max().unwrap_or(0).min(COLUMN)
    };
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let mut text = String::new();
    for line in &lines {
        let mut row = String::new();
        for (cell, wide) in line.iter().zip(&widths).filter(|(_, wide)| **wide > 0) {
            row.push_str(cell);
            row.push_str(&" ".repeat(wide.saturating_sub(width(cell)) + 2));
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_stands_in_columns_and_an_empty_column_is_none() {
        let line = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let lines = vec![line(["a://b", "", "First"]), line(["a", "", "Second"])];
        assert_eq!(aligned(lines), "a://b  First\na      Second\n");
        assert_eq!(aligned(Vec::new()), "");
        let long = "x".repeat(COLUMN + 9);
        let lines = vec![line([&long, "", "z"]), line(["a", "", "z"])];
        assert_eq!(
            aligned(lines),
            format!("{long}  z\na{}z\n", " ".repeat(COLUMN + 1))
        );
    }
}
