//! Has a person connect: a session, its page, and the wait until it is finished with.
//!
//! ```text
//! wish ──▶ session ──▶ page ──▶ looks, one at once and then every 2 s ──▶ the grants
//!                       │
//!                       └─▶ nobody is there to go to it: the page is what is told
//! ```

use std::pin::pin;

use tokio::time::{Duration, Instant, sleep, sleep_until};

use super::client::Alter;
use super::connect::{Connected, Progress, Session, Wish};
use super::credential::Asked;
use super::refusal::{Kind, Refusal};
use crate::asked::Page;
use crate::person::Conversation;
use crate::text::plain;
use crate::vault::Patience;

/// Who wants an account to be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// The person, who runs `auth connect`: the page is opened at once.
    Command,
    /// A call, which goes on afterwards: the page is offered.
    Call,
}

/// What comes of it.
#[derive(Debug, Clone)]
pub(super) enum End {
    Connected(Vec<Connected>),
    /// Nobody has been to the page, which is there still.
    Waiting {
        url: String,
        expires_in: u64,
    },
    /// It came to nothing.
    Failed(Refusal),
    /// There is no page to go to.
    NoSession(Refusal),
}

/// Has a person connect what is wished for, if one can be asked.
pub(super) async fn connect(
    client: &Alter,
    wish: &Wish<'_>,
    patience: Patience,
    occasion: Occasion,
) -> End {
    let session = match session(client, wish).await {
        Ok(session) => session,
        Err(refusal) => return End::NoSession(refusal),
    };
    let waiting = || End::Waiting {
        url: session.url.clone(),
        expires_in: session.expires_in,
    };
    if !patience.person && !patience.wait {
        return waiting();
    }
    let page = match Page::read(&session.url) {
        Ok(page) => page,
        Err(why) => return End::NoSession(Refusal::malformed(format!("`connect_url`: {why}"))),
    };
    // The time is the person's, and no server's.
    let _talk = Conversation::begin();
    let mut looks = pin!(looks(client, &session, wish.provider, patience.limit));
    let printer = client.printer();
    let provider = wish.provider;
    match (patience.person, occasion) {
        (false, _) => printer.say(&plain(&format!(
            "waiting until somebody connects `{provider}`: {}",
            page.url()
        ))),
        (true, Occasion::Command) if patience.browser => page.open(printer),
        (true, _) => {
            let words = format!("Connect `{provider}`, for {} to go on.", client.program);
            let offer = page.offer(printer, "the vault", &words);
            // Whoever goes there by another way need not answer.
            let agreed = tokio::select! {
                biased;
                end = &mut looks => return end.unwrap_or_else(waiting),
                agreed = offer => agreed,
            };
            if !agreed {
                return waiting();
            }
        }
    }
    looks.await.unwrap_or_else(waiting)
}

/// Makes a session: one for an account with a provider or, where the user has or had a key of their own
/// for a secret of that name, one for such a key.
async fn session(client: &Alter, wish: &Wish<'_>) -> Result<Session, Refusal> {
    let Some(user) = wish.user_token else {
        return account(client, wish).await;
    };
    // Not every key may look. Then the vault will say what it has not.
    let grants = client.grants(Some(wish.provider), Some(user)).await;
    let before = grants.unwrap_or_default();
    if before.iter().any(|grant| grant.is_secret) {
        return client.connect_secret(wish, user, before).await;
    }
    let refusal = match account(client, wish).await {
        Err(refusal) if is_no_provider(refusal.kind) => refusal,
        session => return session,
    };
    let secret = client.connect_secret(wish, user, before).await;
    secret.map_err(|_| refusal)
}

/// A session for an account. A grant that cannot be repaired is made anew.
async fn account(client: &Alter, wish: &Wish<'_>) -> Result<Session, Refusal> {
    match client.connect(wish).await {
        Err(refusal) if wish.repair.is_some() && refusal.status == Some(404) => {
            let wish = Wish {
                repair: None,
                ..*wish
            };
            client.connect(&wish).await
        }
        session => session,
    }
}

/// Whether the vault has no provider of a name, which may be that of a secret then.
fn is_no_provider(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Refused
            | Kind::NotFound
            | Kind::GrantNotFound
            | Kind::SecretNotFound
            | Kind::SecretTemplateMismatch
    )
}

/// Looks how a session is, until it has come to something; nothing when the time is over.
async fn looks(client: &Alter, session: &Session, provider: &str, limit: Duration) -> Option<End> {
    let deadline = Instant::now() + limit;
    let mut was_declined = false;
    loop {
        let mut pause = client.between_looks();
        match client.connect_progress(session).await {
            Ok(Progress::Connected(grants)) => return Some(End::Connected(grants)),
            Ok(Progress::Ended(refusal)) => return Some(End::Failed(refusal)),
            Ok(Progress::Expired) => {
                let refusal = Refusal::told(Kind::ConnectExpired, None, None);
                let refusal = refusal.of(&client.program);
                return Some(End::Failed(refusal.about(&Asked::of_provider(provider))));
            }
            Ok(Progress::Pending { is_declined }) => {
                if is_declined && !was_declined {
                    let words = format!("`{provider}` was declined; the page is still there");
                    client.printer().note(&words);
                }
                was_declined = is_declined;
            }
            Err(refusal) if refusal.is_passing() => {
                let asked = Duration::from_secs(refusal.retry_after.unwrap_or_default());
                pause = pause.max(asked);
            }
            Err(refusal) => return Some(End::Failed(refusal)),
        }
        if Instant::now() + pause >= deadline {
            sleep_until(deadline).await;
            return None;
        }
        sleep(pause).await;
    }
}
