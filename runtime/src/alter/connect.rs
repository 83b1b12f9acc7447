//! Sessions in which a person connects an account, for the vault to hold a grant to it.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::answer::{Fields, bad};
use super::client::{Alter, Call};
use super::credential::Asked;
use super::forward::page;
use super::grants::Listed;
use super::header::retry_after;
use super::refusal::{Kind, Refusal};
use crate::secret::Secret;

/// What a session is for.
#[derive(Debug, Default)]
pub(crate) struct Wish<'a> {
    pub(crate) provider: &'a str,
    /// Scopes that the grant must have.
    pub(crate) scopes: &'a [String],
    /// Whose account it is; without it the grant is the application's own.
    pub(crate) user_token: Option<&'a Secret>,
    /// The agent that the grant is delegated to, by id or name. It needs a user.
    pub(crate) agent: Option<&'a str>,
    /// What the grant is to be called, among several of one account.
    pub(crate) label: Option<&'a str>,
    /// The grant whose credential is to be made anew. It excludes an agent and a label.
    pub(crate) repair: Option<&'a str>,
}

/// What is asked for beside the provider.
#[derive(Serialize)]
struct Requested<'a> {
    label: &'a str,
}

impl<'a> Wish<'a> {
    fn requested(&self) -> Option<Requested<'a>> {
        let label = self.label.filter(|_| self.repair.is_none());
        label.map(|label| Requested { label })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    allowed_providers: [&'a str; 1],
    return_url: Value,
    allowed_origin: Value,
    metadata: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    required_scopes: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_grant: Option<Requested<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repair_grant_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_token: Option<&'a str>,
}

/// What a session is asked for in which a user enters a key of their own.
#[derive(Serialize)]
struct SecretBody<'a> {
    provider: &'a str,
    user_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_grant: Option<Requested<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repair_grant_id: Option<&'a str>,
}

/// A session that a person can go to.
#[derive(Debug)]
pub(crate) struct Session {
    provider: String,
    watch: Watch,
    /// The page to connect at.
    pub(crate) url: String,
    /// For how many seconds the page is there.
    pub(crate) expires_in: u64,
}

/// How it is learned what comes of a session.
#[derive(Debug)]
enum Watch {
    /// It is asked after by this. Whoever has it learns what comes of it: it is shown to nobody.
    Token(Secret),
    /// The vault does not tell, but the user's grants do, which were these before.
    Grants { user: Secret, before: Vec<Listed> },
}

/// How far a session is.
#[derive(Debug)]
pub(crate) enum Progress {
    Pending {
        /// Whether the person has said no; the page lets them think again.
        is_declined: bool,
    },
    Connected(Vec<Connected>),
    /// It came to nothing.
    Ended(Refusal),
    /// It is not there any more, or never was.
    Expired,
}

/// A grant that a person has given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connected {
    pub(crate) grant_id: String,
    pub(crate) provider: String,
    pub(crate) account: Option<String>,
    pub(crate) scopes: Vec<String>,
}

#[derive(Serialize)]
struct Poll<'a> {
    session_token: &'a str,
}

impl Alter {
    /// Makes a session for one provider.
    pub(crate) async fn connect(&self, wish: &Wish<'_>) -> Result<Session, Refusal> {
        let required = || {
            let scopes = Map::from_iter([(wish.provider.to_owned(), json!(wish.scopes))]);
            Value::Object(scopes)
        };
        let body = Body {
            allowed_providers: [wish.provider],
            return_url: Value::Null,
            allowed_origin: Value::Null,
            metadata: Value::Null,
            required_scopes: (!wish.scopes.is_empty()).then(required),
            requested_grant: wish.requested(),
            repair_grant_id: wish.repair,
            agent: wish.agent.filter(|_| wish.repair.is_none()),
            user_token: wish.user_token.map(Secret::expose),
        };
        let call = Call::post("/sdk/oauth/connect/session", &body)?;
        let answer = self.call(call).await;
        let (_, answer) =
            answer.map_err(|refusal| refusal.about(&Asked::of_provider(wish.provider)))?;
        let mut answer = Fields::of(answer)?;
        let token = answer.needed("session_token")?;
        let url = page(&mut answer, "connect_url")?;
        // Masked wherever it is printed, unless nobody could go to the page then.
        let token = match url.contains(&token) {
            true => Secret::plain(token),
            false => Secret::new(token),
        };
        Ok(Session {
            provider: wish.provider.to_owned(),
            watch: Watch::Token(token),
            url,
            expires_in: life(&mut answer)?,
        })
    }

    /// Makes a session in which a user enters a key of their own for a secret. `before` are the grants
    /// that there are of it for that user.
    pub(crate) async fn connect_secret(
        &self,
        wish: &Wish<'_>,
        user: &Secret,
        before: Vec<Listed>,
    ) -> Result<Session, Refusal> {
        let body = SecretBody {
            provider: wish.provider,
            user_token: user.expose(),
            agent: wish.agent.filter(|_| wish.repair.is_none()),
            requested_grant: wish.requested(),
            repair_grant_id: wish.repair,
        };
        let call = Call::post("/sdk/managed-secrets/connect/session", &body)?;
        let (_, answer) = self.call(call).await?;
        let mut answer = Fields::of(answer)?;
        Ok(Session {
            provider: wish.provider.to_owned(),
            watch: Watch::Grants {
                user: user.clone(),
                before,
            },
            url: page(&mut answer, "connect_url")?,
            expires_in: life(&mut answer)?,
        })
    }

    /// How a session is.
    pub(crate) async fn connect_progress(&self, session: &Session) -> Result<Progress, Refusal> {
        let token = match &session.watch {
            Watch::Token(token) => token,
            Watch::Grants { user, before } => {
                let now = self.grants(Some(&session.provider), Some(user)).await?;
                return Ok(news(before, now));
            }
        };
        let body = Poll {
            session_token: token.expose(),
        };
        let call = Call::post("/sdk/oauth/connect/session/poll", &body)?;
        let (_, answer) = self.call(call).await?;
        let mut answer = Fields::of(answer)?;
        let asked = Asked::of_provider(&session.provider);
        let ended = |refusal: Refusal| Progress::Ended(refusal.of(&self.program).about(&asked));
        Ok(match answer.needed("status")?.as_str() {
            "pending" => Progress::Pending {
                is_declined: !answer.list("declined_providers")?.is_empty(),
            },
            "expired" => Progress::Expired,
            "error" => ended(error(answer.take("error"))?),
            "completed" => {
                let grants = answer.list("grants")?.into_iter().map(connected);
                let grants: Vec<Connected> = grants.collect::<Result<_, _>>()?;
                let failed = answer.list("failed_grants")?.into_iter().next();
                match (grants.is_empty(), failed) {
                    (false, _) => Progress::Connected(grants),
                    (true, Some(failed)) => ended(failure(failed)?),
                    (true, None) => ended(Refusal::told(Kind::ConnectFailed, None, None)),
                }
            }
            _ => return Err(bad("status", "not one that is known")),
        })
    }
}

/// What the grants of a user say that were others before.
fn news(before: &[Listed], now: Vec<Listed>) -> Progress {
    let new: Vec<Connected> = now
        .into_iter()
        .filter(|grant| grant.status == "active" && !grant.needs_reconnect)
        .filter(|grant| !before.contains(grant))
        .map(|grant| Connected {
            grant_id: grant.id,
            provider: grant.provider,
            account: grant.account,
            scopes: Vec::new(),
        })
        .collect();
    match new.is_empty() {
        true => Progress::Pending { is_declined: false },
        false => Progress::Connected(new),
    }
}

/// For how many seconds a session's page is there.
fn life(answer: &mut Fields) -> Result<u64, Refusal> {
    let life = answer.count("expires_in")?;
    life.ok_or_else(|| bad("expires_in", "missing"))
}

fn connected(grant: Value) -> Result<Connected, Refusal> {
    let mut grant = Fields::of(grant)?;
    Ok(Connected {
        grant_id: grant.uuid("grant_id")?,
        provider: grant.needed("provider_id")?,
        account: grant.text("account_identifier")?,
        scopes: grant.texts("scopes")?,
    })
}

/// Why a session ended.
fn error(error: Value) -> Result<Refusal, Refusal> {
    let mut error = Fields::of(error)?;
    let code = error.needed("error_code")?;
    let message = error.text("error_message")?;
    let kind = Kind::of_connect(&code);
    let mut refusal = Refusal::told(kind, Some(&code), message.as_deref());
    let wait = error.take("retry_after_seconds");
    refusal.retry_after = retry_after(None, Some(&wait), super::header::LONGEST_WAIT);
    Ok(refusal)
}

/// Why a person's consent made no grant.
fn failure(failed: Value) -> Result<Refusal, Refusal> {
    let mut failed = Fields::of(failed)?;
    let reason = failed.text("reason")?;
    let message = failed.text("message")?;
    let kind = Kind::ConnectFailed;
    Ok(Refusal::told(kind, reason.as_deref(), message.as_deref()))
}
