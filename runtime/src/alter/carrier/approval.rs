//! Waiting for what a person has to approve.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::alter::client::Alter;
use crate::alter::forward::{LONGEST_WAIT, Reply, Stage};
use crate::alter::refusal::{Kind, Refusal};

/// Between two looks, when the vault could not be asked or has the answer in a moment.
const PAUSE: Duration = Duration::from_secs(2);

/// Waits until a request was approved and made, and gives its answer; none when the time is over, and
/// the approval pending still.
///
/// # Errors
///
/// When it is not approved, fails, or the vault cannot be asked for long.
pub(in crate::alter) async fn settled(
    client: &Alter,
    id: &str,
    limit: Duration,
) -> Result<Option<Reply>, Refusal> {
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // The vault is asked for whole seconds.
        let wait = left.min(LONGEST_WAIT);
        let looked = timeout_at(deadline + PAUSE, look(client, id, wait)).await;
        match looked {
            Ok(Ok(Some(reply))) => return Ok(Some(reply)),
            Ok(Ok(None)) => {}
            Ok(Err(refusal)) if !is_trouble(&refusal) => return Err(refusal),
            Ok(Err(refusal)) if Instant::now() + PAUSE >= deadline => return Err(refusal),
            Ok(Err(_)) => sleep(PAUSE).await,
            Err(_) => return Ok(None),
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
    }
}

/// Looks once, and as long as that: the answer, if there is one.
async fn look(client: &Alter, id: &str, wait: Duration) -> Result<Option<Reply>, Refusal> {
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
    // What is answered at once is asked for again in a moment.
    let pause = match approval.stage {
        Stage::Pending => PAUSE,
        _ => PAUSE / 4,
    };
    sleep(pause.min(wait).saturating_sub(begun.elapsed())).await;
    Ok(None)
}

/// Whether the vault may be asked again.
fn is_trouble(refusal: &Refusal) -> bool {
    match refusal.kind {
        Kind::NoConnection | Kind::TimedOut | Kind::VaultTimeout => true,
        Kind::Trouble | Kind::CallerAgentResolution => {
            matches!(refusal.status, Some(502..=504))
        }
        _ => false,
    }
}
