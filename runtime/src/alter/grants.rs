//! The grants that a key can see.

use serde::Serialize;
use serde_json::Value;

use super::address::bare_origin;
use super::answer::{Fields, bad};
use super::client::{Alter, Call};
use super::refusal::Refusal;
use crate::secret::Secret;

/// How many grants are asked for at once.
const PAGE: usize = 100;

/// The most pages that are asked for.
const MOST_PAGES: usize = 50;

/// A grant as the vault lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    /// The provider, or the slug of a secret.
    pub(crate) provider: String,
    /// Whether it is of a secret, and not of an account with a provider.
    pub(crate) is_secret: bool,
    /// `active`, `revoked`, `expired`, …
    pub(crate) status: String,
    pub(crate) label: Option<String>,
    pub(crate) account: Option<String>,
    /// What it allows at the provider, where that has names.
    pub(crate) scopes: Vec<String>,
    /// Whose it is: `user`, `group`, `system` or `agent`.
    pub(crate) principal: String,
    /// When the permission ends, in seconds since 1970.
    pub(crate) ends: Option<i64>,
    /// Whether its user has to connect again.
    pub(crate) needs_reconnect: bool,
    /// Whether it allows less than what it is used for.
    pub(crate) scope_mismatch: bool,
    /// Whether it is handed on by somebody, so that it is used through the vault alone.
    pub(crate) is_delegated: bool,
    /// Where the provider's API is for this account, if that differs by account.
    pub(crate) api_base_url: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    limit: usize,
    offset: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_token: Option<&'a str>,
}

impl Alter {
    /// All grants, or all of one provider, that the key can see for a user or for itself.
    pub(crate) async fn grants(
        &self,
        provider: Option<&str>,
        user_token: Option<&Secret>,
    ) -> Result<Vec<Listed>, Refusal> {
        let mut grants = Vec::new();
        for _ in 0..MOST_PAGES {
            let body = Body {
                limit: PAGE,
                offset: grants.len(),
                provider_id: provider,
                user_token: user_token.map(Secret::expose),
            };
            let (_, answer) = self.call(Call::post("/sdk/grants/list", &body)?).await?;
            let mut answer = Fields::of(answer)?;
            let page = answer.list("grants")?;
            let is_last = page.is_empty() || !answer.flag("has_more")?;
            for grant in page {
                grants.push(listed(grant)?);
            }
            if is_last {
                return Ok(grants);
            }
        }
        Err(Refusal::malformed("its list of grants has no end"))
    }
}

fn listed(grant: Value) -> Result<Listed, Refusal> {
    let mut grant = Fields::of(grant)?;
    let (provider, is_secret) = match grant.needed("grant_kind")?.as_str() {
        "oauth" => (grant.needed("provider_id")?, false),
        "managed_secret" => (grant.needed("managed_secret_slug")?, true),
        _ => return Err(bad("grant_kind", "not one that is known")),
    };
    let url = grant.text("api_base_url")?;
    Ok(Listed {
        id: grant.uuid("grant_id")?,
        provider,
        is_secret,
        status: grant.needed("status")?,
        label: grant.text("label")?,
        account: grant.text("account_identifier")?,
        scopes: grant.texts("scopes")?,
        principal: grant.text("principal_type")?.unwrap_or_default(),
        ends: grant.moment("grant_expires_at")?,
        needs_reconnect: grant.flag("needs_reconnect")?,
        scope_mismatch: grant.flag("scope_mismatch")?,
        is_delegated: grant.text("parent_grant_id")?.is_some(),
        api_base_url: url.and_then(|url| bare_origin(&url).map(str::to_owned)),
    })
}
