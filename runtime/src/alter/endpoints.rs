//! The vault's endpoints for a credential, for who the caller is, and for keys of a few minutes.

use serde::Serialize;

use super::answer::{Fields, bad};
use super::attribution::Extent;
use super::client::{Alter, Call};
use super::credential::{Asked, Credential, Purpose, TokenRequest};
use super::key;
use super::refusal::{Kind, Refusal};
use crate::secret::Secret;
use crate::vault::Grant;

/// Whose a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    Application,
    Agent {
        id: String,
        name: String,
        status: String,
    },
}

#[derive(Serialize)]
struct Derivation<'a> {
    scopes: &'a [&'a str],
    /// In seconds.
    expires_in: u64,
    name: &'a str,
}

impl Alter {
    /// Gets a credential. Each call asks the vault anew.
    pub(crate) async fn token(
        &self,
        grant: &Grant,
        purpose: Option<Purpose<'_>>,
        reason: Option<&str>,
    ) -> Result<Credential, Refusal> {
        let asked = Asked::of(grant);
        let body = TokenRequest {
            grant: asked.clone(),
            reason: self.reason.as_deref().or(reason),
            request: purpose,
        };
        let call = Call {
            extent: Extent::Whole,
            ..Call::post("/sdk/token", &body)?
        };
        let answer = self.call(call).await;
        let (_, answer) = answer.map_err(|refusal| refusal.about(&asked))?;
        Credential::read(answer)
    }

    /// Whose the key is. It tells that of a paused agent too.
    pub(crate) async fn holder(&self) -> Result<Holder, Refusal> {
        let answer = match self.call(Call::get("/sdk/agents/me")).await {
            Ok((_, answer)) => answer,
            Err(refusal) if refusal.kind == Kind::NeedsAgentKey => return Ok(Holder::Application),
            Err(refusal) => return Err(refusal),
        };
        let mut answer = Fields::of(answer)?;
        Ok(Holder::Agent {
            id: answer.uuid("id")?,
            name: answer.needed("name")?,
            status: answer.needed("status")?,
        })
    }

    /// Makes a key that can do no more than this, for so many seconds.
    pub(crate) async fn derive(&self, scopes: &[&str], seconds: u64) -> Result<Secret, Refusal> {
        let body = Derivation {
            scopes,
            expires_in: seconds,
            name: &self.program,
        };
        let (_, answer) = self.call(Call::post("/sdk/keys/derive", &body)?).await?;
        let mut answer = Fields::of(answer)?;
        let key = Secret::new(answer.needed("api_key")?);
        match key::kind(key.expose()) {
            Some(key::Kind::Derived) => Ok(key),
            _ => Err(bad("api_key", "not a derived key")),
        }
    }
}
