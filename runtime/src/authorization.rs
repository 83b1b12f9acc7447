//! Authorization of a remote server: whose token goes with a request, and where it comes from.
//!
//! ```text
//! request ──▶ bearer ──▶ the token of the record, refreshed ahead of its end
//!                         (store, lock: one process redeems it, the others read what it got)
//! 401, 403 ──▶ turned_away ──▶ discovery ──▶ registration ──▶ sign_in ──▶ token ──▶ store
//!                               (who)         (as whom)        (a person)
//! ```
//!
//! rmcp has an OAuth client, and this is another: what rmcp keeps between runs has neither the
//! metadata nor the client's secret in it, two processes that refresh at once redeem two tokens, and
//! a server that is wrong about its own paths ends its search. See `discovery` for what is taken
//! leniently here, and from whom.
//!
//! A run with a live token asks nobody but the server.

mod address;
mod assertion;
pub(crate) mod challenge;
mod command;
mod discovery;
mod http;
mod listener;
mod lock;
mod pending;
mod pkce;
mod record;
mod registration;
mod sign_in;
mod store;
mod token;

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use url::Url;

use crate::error::Error;
use crate::output::printer::Printer;
use crate::secret::Secret;
use crate::settings::{Format, Verbosity};
use crate::transport::AuthorizationSettings;

use challenge::Challenge;
use discovery::{Found, discover};
use http::{Fault, Http};
use pending::Pending;
use record::{Age, Client, Kept, Record, now, union};
use store::Store;
use token::{Asking, Request, Tokens};

pub(crate) use command::act;

/// How often in a row a server may turn requests away before it is believed.
const ATTEMPTS: u8 = 3;

/// How long after the last one a refusal begins a new row.
const LULL: Duration = Duration::from_secs(60);

/// One remote server's authorization, for one run.
#[derive(Debug)]
pub(crate) struct Authorization {
    server: Url,
    settings: AuthorizationSettings,
    http: Http,
    store: Store,
    state: Mutex<State>,
}

/// What the run knows by now.
#[derive(Debug, Default)]
struct State {
    is_read: bool,
    record: Option<Record>,
    /// Where the last record that was found is kept: the next one goes there too.
    kept: Option<Kept>,
    /// The run's last sign-in, whose client is that of the next one too. A client of an earlier run may
    /// be forgotten, and the server says so on its page, where nobody but the person sees it.
    begun: Option<Pending>,
    refusals: u8,
    refused: Option<Instant>,
    /// Why the record could not be kept.
    unkept: Option<Error>,
}

impl State {
    /// The token, unless it is known to be dead: some servers take a dead one for an attack.
    fn token(&self) -> Option<&Secret> {
        let record = self.record.as_ref()?;
        let grant = record.grant.as_ref()?;
        let token = record.secrets.access_token.as_ref()?;
        (grant.age(now()) != Age::Expired).then_some(token)
    }

    /// Counts a refusal; false when there have been enough.
    fn go_on(&mut self) -> bool {
        if self.refused.is_none_or(|last| last.elapsed() > LULL) {
            self.refusals = 0;
        }
        self.refused = Some(Instant::now());
        self.refusals += 1;
        self.refusals <= ATTEMPTS
    }
}

impl Authorization {
    pub(crate) fn new(url: &str, settings: AuthorizationSettings) -> Result<Self, Error> {
        let mut server = Url::parse(url)
            .map_err(|error| Error::usage(format!("`{}`: {error}", address(url))))?;
        server.set_fragment(None);
        Ok(Self {
            http: Http::new(&server, settings.private_addresses),
            store: Store::new(&settings, server.as_str()),
            state: Mutex::default(),
            server,
            settings,
        })
    }

    /// The bearer for the next request: refreshed ahead of its expiry; none where nobody has signed in.
    pub(crate) async fn bearer(&self) -> Result<Option<Secret>, Error> {
        let mut state = self.state.lock().await;
        self.read(&mut state).await?;
        let grant = state
            .record
            .as_ref()
            .and_then(|record| record.grant.as_ref());
        match grant.map(|grant| grant.age(now())) {
            None => Ok(None),
            Some(Age::Fresh) => Ok(state.token().cloned()),
            Some(Age::Late | Age::Expired) => self.renew(&mut state, None).await,
        }
    }

    /// The server turned a request away with 401 or 403 and this `WWW-Authenticate`; true if the request
    /// may be sent again, because there is another token now.
    pub(crate) async fn turned_away(
        &self,
        status: u16,
        header: &str,
        sent: Option<&Secret>,
    ) -> Result<bool, Error> {
        let challenge = Challenge::parse(header);
        let mut state = self.state.lock().await;
        self.read(&mut state).await?;
        // Another task has been here since the request was sent.
        if state.token().is_some_and(|token| sent != Some(token)) {
            return Ok(true);
        }
        if status == 403 && !challenge.wants_more() {
            return Ok(false);
        }
        if !state.go_on() {
            return self.give_up(&challenge);
        }
        // So may another process have been.
        if state
            .record
            .as_ref()
            .is_none_or(|record| record.kept != Kept::Memory)
        {
            let stored = self.store.read().await?;
            state.record = stored.filter(|record| self.is_ours(record));
            if state.token().is_some_and(|token| sent != Some(token)) {
                return Ok(true);
            }
        }
        let found = self.discover(&challenge).await?;
        self.forget_another_issuer(&mut state, &found);
        let may_renew = !challenge.wants_more() && sent.is_some();
        if may_renew && self.renew(&mut state, sent).await?.is_some() {
            return Ok(true);
        }
        if self.settings.only_signed_in {
            return Ok(false);
        }
        let asked = self.asked(&state);
        let scopes = self.scopes(&asked, &challenge, &found);
        if challenge.wants_more()
            && scopes.iter().all(|scope| asked.contains(scope))
            && sent.is_some()
        {
            return self.give_up(&challenge);
        }
        let is_guess = found.is_guess;
        match self.sign_in(&mut state, found, scopes, header).await {
            // Where nothing says that anybody can sign in, the refusal is all there is to tell.
            Err(Failure::Fault(Fault::Refused { .. })) if is_guess => Ok(false),
            Err(failure) => Err(self.failure(failure)),
            Ok(()) => {
                if let Some(error) = state.unkept.take() {
                    Printer::new(Format::Text, Verbosity::Normal)
                        .warn(&format!("this sign-in ends with this run: {error}"));
                }
                Ok(true)
            }
        }
    }

    /// What is left to say when no sign-in helps.
    fn give_up(&self, challenge: &Challenge) -> Result<bool, Error> {
        if !challenge.wants_more() {
            return Ok(false);
        }
        let scopes = challenge.scopes().join(" ");
        Err(Error::SignIn {
            url: address(self.server.as_str()),
            reason: format!("it wants more than was granted: {scopes}"),
            hint: Some(format!(
                "ask for it with `{} --scope '{scopes}'`",
                self.login()
            )),
        })
    }

    /// The scopes that have been asked for.
    fn asked(&self, state: &State) -> Vec<String> {
        let grant = state
            .record
            .as_ref()
            .and_then(|record| record.grant.as_ref());
        grant.map_or_else(Vec::new, |grant| grant.asked.clone())
    }

    /// The scopes to ask for: what the user says, else what the server asks for, else what it has; and
    /// what was asked for before, so that one tool's scopes are not lost to another's.
    fn scopes(&self, asked: &[String], challenge: &Challenge, found: &Found) -> Vec<String> {
        let wanted = if challenge.wants_more() {
            union(&self.settings.scopes, &challenge.scopes())
        } else if !self.settings.scopes.is_empty() {
            self.settings.scopes.clone()
        } else if challenge.scope.is_some() {
            challenge.scopes()
        } else {
            found.scopes.clone()
        };
        let mut scopes = union(asked, &wanted);
        let offline = "offline_access".to_owned();
        let supported = found.issuer.list("scopes_supported").unwrap_or_default();
        if !scopes.is_empty() && !self.settings.alone && supported.contains(&offline.as_str()) {
            scopes = union(&scopes, &[offline]);
        }
        scopes
    }

    /// Reads the record when it is first needed. One of another client than the user names is not used.
    async fn read(&self, state: &mut State) -> Result<(), Error> {
        if !state.is_read {
            state.record = self
                .store
                .read()
                .await?
                .filter(|record| self.is_ours(record));
            state.kept = state.record.as_ref().map(|record| record.kept);
            state.is_read = true;
        }
        Ok(())
    }

    fn is_ours(&self, record: &Record) -> bool {
        let id = record.client.as_ref().map(|client| &client.id);
        self.settings.client.is_none() || self.settings.client.as_ref() == id
    }

    /// Gets another token without a person; none where that cannot be. The one that was refused, if any
    /// was, is not given again.
    async fn renew(
        &self,
        state: &mut State,
        refused: Option<&Secret>,
    ) -> Result<Option<Secret>, Error> {
        let is_shared = state
            .record
            .as_ref()
            .is_some_and(|record| record.kept != Kept::Memory);
        let _lock = match is_shared {
            true => {
                let lock = self.store.lock().await?;
                // Whoever held the lock may have done it.
                state.record = self
                    .store
                    .read()
                    .await?
                    .filter(|record| self.is_ours(record));
                Some(lock)
            }
            false => None,
        };
        let held = state
            .token()
            .filter(|token| Some(*token) != refused)
            .cloned();
        let Some(record) = &mut state.record else {
            return Ok(None);
        };
        let Some(grant) = &record.grant else {
            return Ok(None);
        };
        if held.is_some() && grant.age(now()) == Age::Fresh {
            return Ok(held);
        }
        let request = match &record.secrets.refresh_token {
            _ if self.settings.alone => Request::Client,
            Some(token) => Request::Refresh(token),
            None => return Ok(held),
        };
        let Some(client) = &record.client else {
            return Ok(held);
        };
        let asking = self.asking(client, record);
        match asking.tokens(&request, &grant.asked).await {
            Ok(tokens) => {
                record.take(tokens);
                self.store.write(record).await?;
                Ok(record.secrets.access_token.clone())
            }
            Err(Fault::Refused { code, .. }) => {
                let is_gone = code == "invalid_client" || code == "unauthorized_client";
                if is_gone || code == "invalid_grant" {
                    record.secrets.refresh_token = None;
                    if held.is_none() {
                        record.secrets.access_token = None;
                    }
                    if is_gone {
                        record.client = None;
                    }
                    self.store.write(record).await?;
                }
                Ok(held)
            }
            Err(fault) => match held {
                Some(held) => Ok(Some(held)),
                None => Err(self.failure(fault.into())),
            },
        }
    }

    fn asking<'a>(&'a self, client: &'a Client, record: &'a Record) -> Asking<'a> {
        Asking {
            http: &self.http,
            issuer: &record.issuer,
            client,
            client_secret: self
                .settings
                .client_secret
                .as_ref()
                .or(record.secrets.client_secret.as_ref()),
            client_key: self.settings.client_key.as_ref(),
            resource: &record.resource,
        }
    }

    async fn discover(&self, challenge: &Challenge) -> Result<Found, Error> {
        let found = discover(&self.http, &self.server, challenge).await;
        found.map_err(|fault| self.failure(fault.into()))
    }

    /// Drops what another issuer gave: its tokens are for nobody else, and its clients are unknown
    /// elsewhere.
    fn forget_another_issuer(&self, state: &mut State, found: &Found) {
        let known = state.record.as_ref().map(|record| record.issuer.issuer());
        if known.is_some_and(|known| known != found.issuer.issuer()) {
            state.record = None;
            state.begun = None;
        }
    }

    /// The command that signs in.
    fn login(&self) -> String {
        let storage = match self.store.is_usable() {
            true => "",
            false => " --insecure-storage",
        };
        format!("{} auth login{storage}", self.settings.program)
    }

    fn failure(&self, failure: Failure) -> Error {
        let url = address(self.server.as_str());
        let fault = match failure {
            Failure::Error(error) => return error,
            Failure::Fault(fault) => fault,
        };
        let (reason, hint) = match fault {
            Fault::Unreachable(reason) => {
                let reason = format!("its authorization server is not reached: {reason}");
                // The server behind it has been sent nothing that it did not turn away.
                return Error::Unreachable {
                    url,
                    status: None,
                    reason,
                    sent: false,
                    retry_after: None,
                };
            }
            Fault::NoClient => {
                let name = crate::environment::option_name(&self.settings.program, "CLIENT_ID");
                (
                    "the authorization server registers no clients by itself".to_owned(),
                    Some(format!(
                        "register this program there, and set {name} to the id it is given"
                    )),
                )
            }
            Fault::Refused { words, .. } => {
                (words, Some(format!("try again with `{}`", self.login())))
            }
            Fault::NoKeychain => (
                "there is no keychain to keep a sign-in in".to_owned(),
                Some(format!(
                    "`{}` keeps it in a file that only you can read",
                    self.login()
                )),
            ),
            Fault::Unusable(reason) => (reason, None),
        };
        Error::SignIn { url, reason, hint }
    }
}

/// Why there is no token.
enum Failure {
    Fault(Fault),
    Error(Error),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Record {
    /// Takes new tokens in.
    fn take(&mut self, tokens: Tokens) {
        let (secrets, grant) = tokens.into_secrets(std::mem::take(&mut self.secrets));
        self.secrets = secrets;
        self.grant = Some(grant);
    }
}

/// A URL in the form to be shown.
fn address(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}
