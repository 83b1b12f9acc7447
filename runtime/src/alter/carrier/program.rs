//! This program as the carrier: the credential is in its memory, and the vault is told afterwards.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LOCATION, HeaderMap, LINK, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use percent_encoding::utf8_percent_encode;
use url::Url;

use super::{Desk, call, obstacles};
use crate::alter::address::RESERVED;
use crate::alter::audit::{Row, Shortfall};
use crate::alter::credential::{Asked, Credential};
use crate::alter::refusal::{Kind, Refusal};
use crate::authorization::challenge::Challenge;
use crate::error::Error;
use crate::loopback::{Direct, Incoming, Origin, Outgoing, Rejection, Sent, Upstream};
use crate::secret::Secret;
use crate::vault::{Boxed, Grant};

/// The shortest text that is taken for a secret where it comes back, in bytes: a shorter one is part
/// of much that is none.
const SHORTEST: usize = 8;

/// Carries requests to one origin, with one grant's credential.
pub(super) struct Program {
    desk: Arc<Desk>,
    grant: Grant,
    direct: Direct,
}

impl Program {
    pub(super) fn open(desk: Arc<Desk>, grant: Grant, origin: &Origin) -> Result<Self, Error> {
        let direct = Direct::open(origin, desk.client.far())?;
        Ok(Self {
            desk,
            grant,
            direct,
        })
    }

    /// Carries a request and, where a person has allowed what the origin wants more, once again. One with
    /// a body cannot be: that is gone.
    async fn carry(&self, outgoing: Outgoing) -> Result<Incoming, Rejection> {
        let request = obstacles::request(&outgoing.method, &outgoing.url);
        self.desk.obstacles.recall(&request);
        let again = outgoing.body.is_none().then(|| Outgoing {
            method: outgoing.method.clone(),
            url: outgoing.url.clone(),
            headers: outgoing.headers.clone(),
            body: None,
        });
        let desk = &self.desk;
        let (incoming, lack) = self.attempt(&request, &self.grant, outgoing).await?;
        let Some(lack) = lack else {
            return Ok(incoming);
        };
        match (desk.mender.mend(&self.grant, lack.clone()).await, again) {
            (Ok(grant), Some(again)) => {
                let (incoming, _) = self.attempt(&request, &grant, again).await?;
                return Ok(incoming);
            }
            (Ok(_), None) => {
                let hint = "it has been connected again: run this once more".to_owned();
                desk.obstacles.note(&request, lack.with_hint(hint).fault());
            }
            (Err(refusal), _) => desk.obstacles.note(&request, refusal.fault()),
        }
        Ok(incoming)
    }

    /// Makes a request: the answer, and what the grant lacks, if that is what the origin says.
    async fn attempt(
        &self,
        request: &str,
        grant: &Grant,
        mut outgoing: Outgoing,
    ) -> Result<(Incoming, Option<Refusal>), Rejection> {
        let turned_down = |refusal: Refusal| self.desk.turn_down(request, &refusal);
        let method = outgoing.method.as_str();
        let credentials = &self.desk.credentials;
        let credential = credentials.get(&self.desk, grant, method, &outgoing.url);
        let credential = credential.await.map_err(turned_down)?;
        let body = match (credential.is_signing(), outgoing.body.take()) {
            (true, Some(sent)) => {
                let body = Bytes::from(call::whole(sent).await?);
                outgoing.body = Some(Sent {
                    length: Some(body.len() as u64),
                    flow: call::flow(body.clone()),
                });
                body
            }
            (_, sent) => {
                outgoing.body = sent;
                Bytes::new()
            }
        };
        let method = outgoing.method.as_str();
        let mut row = Row::of(&credential, method, outgoing.url.as_str());
        row.request_headers = lines(&outgoing.headers);
        let asked = outgoing.url.clone();
        credential
            .inject(method, &mut outgoing.url, &mut outgoing.headers, &body)
            .map_err(turned_down)?;
        let mut tally = self.desk.rows.begin(row);
        outgoing.body = outgoing.body.map(|sent| Sent {
            flow: tally.sending(sent.flow),
            ..sent
        });
        let answer = self.direct.send(outgoing).await;
        let mut incoming = answer?;
        self.desk.obstacles.clear(request);
        tally.row.status = Some(incoming.status.as_u16());
        tally.row.response_headers = lines(&incoming.headers);
        let lack = self.judge(&credential, &asked, &incoming);
        if let Some(lack) = &lack {
            self.desk.obstacles.note(request, lack.fault());
        }
        withhold(&credential, &mut incoming.headers);
        incoming.flow = tally.receiving(incoming.flow);
        Ok((incoming, lack))
    }

    /// Looks whether the origin does not take the credential, or wants more than the grant allows: then
    /// that is the refusal.
    fn judge(
        &self,
        credential: &Arc<Credential>,
        asked: &Url,
        answer: &Incoming,
    ) -> Option<Refusal> {
        match answer.status {
            StatusCode::UNAUTHORIZED => self.desk.credentials.forget(credential),
            StatusCode::FORBIDDEN => {}
            _ => return None,
        }
        let challenge = lines(&answer.headers)
            .into_iter()
            .filter(|(name, _)| *name == WWW_AUTHENTICATE.as_str())
            .map(|(_, value)| value)
            .collect::<Vec<_>>()
            .join(", ");
        let parsed = Challenge::parse(&challenge);
        let wants_more = parsed.error.as_deref() == Some("insufficient_scope");
        let is_forbidden = answer.status == StatusCode::FORBIDDEN;
        if !is_forbidden || !(wants_more || credential.scope_mismatch) {
            return None;
        }
        self.desk.credentials.forget(credential);
        let words = "the origin wants more than the grant allows";
        let mut refusal = Refusal::new(Kind::ScopeReauthRequired, words)
            .of(&self.desk.client.program)
            .about(&Asked::of(&self.grant));
        if !credential.provider_id.is_empty() {
            let provider = credential.provider_id.as_str();
            refusal
                .details
                .insert("provider_id".into(), provider.into());
        }
        if wants_more {
            refusal
                .details
                .insert("missing".into(), parsed.scopes().into());
        }
        if wants_more {
            let client = Arc::clone(&self.desk.client);
            let grant_id = credential.grant_id.clone();
            let url = asked.to_string();
            drop(self.desk.works.begin(async move {
                let shortfall = Shortfall {
                    grant_id: &grant_id,
                    status: StatusCode::FORBIDDEN.as_u16(),
                    missing_scopes: parsed.scopes(),
                    challenge: &challenge,
                    url: &url,
                };
                // It is told so that the vault can ask for more; whether it hears changes nothing here.
                let _ = client.report_scope_mismatch(&shortfall).await;
            }));
        }
        Some(refusal)
    }
}

impl Upstream for Program {
    fn send(&self, request: Outgoing) -> Boxed<'_, Result<Incoming, Rejection>> {
        Box::pin(self.carry(request))
    }
}

/// The headers whose values are text.
fn lines(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), text(value)?)))
        .collect()
}

/// Headers that lead on.
const ADDRESSES: [HeaderName; 3] = [LOCATION, CONTENT_LOCATION, LINK];

/// Keeps a credential from the server that comes back in a header: an address that leads on is left
/// without it, and other headers are left out.
fn withhold(credential: &Credential, headers: &mut HeaderMap) {
    let secrets: Vec<Secret> = secrets(credential)
        .filter(|secret| secret.expose().len() >= SHORTEST)
        .flat_map(|secret| {
            let encoded = utf8_percent_encode(secret.expose(), RESERVED).to_string();
            [secret.clone(), Secret::plain(encoded)]
        })
        .collect();
    let shows = |text: &str| secrets.iter().any(|secret| text.contains(secret.expose()));
    let mut showing = Vec::new();
    for (name, value) in headers.iter_mut() {
        let text = String::from_utf8_lossy(value.as_bytes());
        if !shows(&text) {
            continue;
        }
        let without = secrets.iter().fold(text.into_owned(), |text, secret| {
            text.replace(secret.expose(), "")
        });
        match HeaderValue::try_from(without) {
            Ok(without) if ADDRESSES.contains(name) => *value = without,
            _ => showing.push(name.clone()),
        }
    }
    for name in showing {
        headers.remove(name);
    }
}

/// What of a credential goes into a request as it is.
fn secrets(credential: &Credential) -> impl Iterator<Item = &Secret> {
    let fields = credential.fields.as_ref();
    let injected = credential.injections.iter();
    let injected = injected.filter_map(move |rule| fields?.get(rule.field.as_ref()?));
    std::iter::once(&credential.token).chain(injected)
}
