//! What people have to approve: waited for by the run that asked, or by another one later.
//!
//! ```text
//! pending ──▶ kept ──▶ settled ──▶ the origin's answer
//!             (on disk)   │ └────▶ denied, expired, failed: forgotten
//!                         └──────▶ nothing yet: `auth approvals wait ID`
//! ```
//!
//! The vault keeps the request and makes it once it is approved, whether or not anybody waits: to ask
//! again would ask the people again. So an approval is remembered from when it is known until what it
//! came to has been told.

mod kept;
mod told;

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::client::Alter;
use super::forward::{LONGEST_WAIT, Pending, Reply, Stage};
use super::refusal::{Kind, Refusal};
use crate::person::Conversation;
use crate::text::plain;

pub(super) use kept::Kept;
pub(super) use told::{forget, listed, waited};

/// Says where a request is approved, and remembers it.
pub(super) fn begin(client: &Alter, pending: &Pending) {
    let Pending { id, url, gates, .. } = pending;
    let printer = client.printer();
    // Said however little else is: nobody else could say it.
    let say = |line: &str| printer.say(&plain(line));
    match gates.len() {
        0 | 1 => say(&format!("waiting for approval {id}: {url}")),
        many => {
            say(&format!("waiting for approval {id}, by {many} people:"));
            for gate in gates {
                say(&format!("  {}", gate.url));
            }
        }
    }
    if let Err(error) = Kept::of(client).add(client.tool().as_deref(), pending) {
        printer.warn(&error.to_string());
    }
}

/// Waits until a request was approved and made, and gives its answer; none when the time is over, and
/// the approval pending still. The time is the people's, and no server's.
///
/// # Errors
///
/// When it is not approved, fails, or the vault cannot be asked for long.
pub(super) async fn settled(
    client: &Alter,
    id: &str,
    limit: Duration,
) -> Result<Option<Reply>, Refusal> {
    let _talk = Conversation::begin();
    let outcome = outcome(client, id, limit).await;
    let outcome = outcome.map_err(|mut refusal| {
        refusal.details.insert("approval_id".into(), id.into());
        refusal
    });
    let is_over = match &outcome {
        Ok(reply) => reply.is_some(),
        Err(refusal) => is_over(refusal),
    };
    if is_over {
        Kept::of(client).remove(id);
    }
    outcome
}

async fn outcome(client: &Alter, id: &str, limit: Duration) -> Result<Option<Reply>, Refusal> {
    let deadline = Instant::now() + limit;
    let pause = client.between_looks();
    let mut open = None;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // The vault is asked for whole seconds.
        let wait = left.min(LONGEST_WAIT);
        let looked = timeout_at(deadline + pause, look(client, id, wait, &mut open)).await;
        match looked {
            Ok(Ok(Some(reply))) => return Ok(Some(reply)),
            Ok(Ok(None)) => {}
            Ok(Err(refusal)) if !refusal.is_passing() => return Err(refusal),
            Ok(Err(refusal)) => {
                let asked = Duration::from_secs(refusal.retry_after.unwrap_or_default());
                let pause = pause.max(asked);
                if Instant::now() + pause >= deadline {
                    return Err(refusal);
                }
                sleep(pause).await;
            }
            Err(_) => return Ok(None),
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
    }
}

/// Looks once, and as long as that: the answer, if there is one. `open` is how many people have not
/// decided, as was said last.
async fn look(
    client: &Alter,
    id: &str,
    wait: Duration,
    open: &mut Option<usize>,
) -> Result<Option<Reply>, Refusal> {
    let begun = Instant::now();
    let approval = client.approval(id, wait).await?;
    if let Some(refusal) = approval.refusal() {
        return Err(refusal.of(&client.program));
    }
    if approval.stage == Stage::Executed && approval.has_result {
        match client.approval_result(id).await {
            Err(refusal) if refusal.kind == Kind::ApprovalPending => {}
            result => return result.map(Some),
        }
    }
    if approval.gates > 1 && open.replace(approval.open) != Some(approval.open) {
        let (gates, open) = (approval.gates, approval.open);
        let words = format!("{open} of {gates} approvals are open");
        client.printer().note(&words);
    }
    // What is answered at once is asked for again in a moment.
    let pause = match approval.stage {
        Stage::Pending => client.between_looks(),
        _ => client.between_looks() / 4,
    };
    sleep(pause.min(wait).saturating_sub(begun.elapsed())).await;
    Ok(None)
}

/// Whether nothing can come of an approval any more.
fn is_over(refusal: &Refusal) -> bool {
    matches!(
        refusal.kind,
        Kind::ApprovalDenied
            | Kind::ApprovalExpired
            | Kind::ApprovalFailed
            | Kind::ApprovalNotFound
    )
}

/// The refusal that an approval is which is not given yet.
pub(super) fn unfinished(client: &Alter, id: &str, url: Option<&str>) -> Refusal {
    let words = "somebody has to approve the request";
    let mut refusal = Refusal::new(Kind::ApprovalPending, words).of(&client.program);
    refusal.details.insert("approval_id".into(), id.into());
    if let Some(url) = url {
        refusal.details.insert("approval_url".into(), url.into());
    }
    refusal
}
