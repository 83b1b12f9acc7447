//! `self doctor`: whether all is there that a call needs, each thing in a line.
//!
//! ```text
//! here    config, policy, identity, audit     files of this machine
//! slots   slot NAME …                         where each value comes from, and that it is there
//! vault   key, backend, clock, grant NAME …   where a slot is filled from a vault
//! server  server, protocol, drift             started or reached, greeted, asked for its tools
//!         fallback                            where there is one: started or reached, greeted
//! ```
//!
//! One thing that is wrong keeps no other from being looked at, unless that needs it: it is then said
//! to be skipped, and why. Nobody is asked for anything, nobody is signed in, and no tool is called.
//! Everything that is waited for has a limit.

mod here;
mod report;
mod server;
mod slots;
mod vault;

use std::time::Duration;

use clap::Command;

use crate::error::Error;
use crate::run::Run;
use report::Report;

/// How long what is looked at may take, but for the start of a server, unless the user says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn options(command: Command) -> Command {
    command.long_about(
        "Look at everything that a call needs: the configuration, the policy, the log of calls, the \
         values that the server is given, the vault, the server and its tools. No tool is called. The \
         exit status is that of the worst that is found; warnings are none.",
    )
}

pub(super) fn run(run: &Run) -> Result<(), Error> {
    let mut report = Report::new(run);
    // Before signals are listened to, so that they end a file that does not come to its end.
    let config = here::config(run, &mut report)?;
    let policy = here::policy(run, config, &mut report)?;
    here::identity(run, config, policy.as_ref(), &mut report)?;
    super::auth::converse(async || {
        here::audit(run, config, policy.as_ref(), &mut report).await?;
        let slots = slots::look(run, config, &mut report).await?;
        let broker = vault::look(run, &slots, &mut report).await?;
        server::look(run, slots, broker, &mut report).await
    })?;
    report.end()
}

/// How long it is waited for something.
fn patience(run: &Run) -> Duration {
    run.settings.timeout.unwrap_or(PATIENCE)
}

/// What comes of something within its time.
async fn within<T>(
    what: &str,
    limit: Duration,
    future: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let outcome = tokio::time::timeout(limit, future).await;
    outcome.unwrap_or_else(|_| {
        Err(Error::Timeout {
            what: what.to_owned(),
            limit,
            stderr: Vec::new(),
        })
    })
}
