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
mod browser;
mod challenge;
mod command;
mod discovery;
mod http;
mod keychain;
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

use crate::error::{Error, Invitation};
use crate::output::printer::Printer;
use crate::secret::Secret;
use crate::settings::{Format, Verbosity};
use crate::transport::AuthorizationSettings;

use challenge::Challenge;
use discovery::{Found, discover};
use http::{Fault, Http};
use listener::Listener;
use pending::{Callback, Pending};
use record::{Age, Client, Kept, Record, now, union};
use store::Store;
use token::{Asking, Request, Tokens};

pub(crate) use command::act;

/// How often in a row a server may turn requests away before it is believed.
const ATTEMPTS: u8 = 3;

/// How long after the last one a refusal begins a new row.
const LULL: Duration = Duration::from_secs(60);

/// How long a sign-in that was begun without a person is offered again, in seconds.
const OFFERED: u64 = 600;

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

    /// Signs in: the client by itself, or a person, if one is there.
    async fn sign_in(
        &self,
        state: &mut State,
        found: Found,
        scopes: Vec<String>,
        header: &str,
    ) -> Result<(), Failure> {
        if self.settings.alone {
            return self.sign_in_alone(state, found, scopes).await;
        }
        if !self.settings.person {
            return Err(self.invite(found, scopes, header).await?.into());
        }
        let listener = self.listener(state).await?;
        let known = state.begun.as_ref();
        let pending = self
            .begin(found, listener.redirect(), scopes, known)
            .await?;
        state.begun = Some(pending.clone());
        let callback = sign_in::ask(&self.settings, &pending, &listener).await?;
        self.finish(state, &pending, callback).await
    }

    /// Listens where the user says; else where the run's last client is sent, so that it can be used
    /// again; else anywhere.
    async fn listener(&self, state: &State) -> Result<Listener, Fault> {
        let redirect = state
            .begun
            .as_ref()
            .and_then(|begun| begun.client.redirect.as_deref());
        let last = redirect.and_then(|redirect| Url::parse(redirect).ok()?.port());
        let listener = match (self.settings.port, last) {
            (None, Some(port)) => match Listener::open(Some(port)).await {
                Err(_) => Listener::open(None).await,
                listener => listener,
            },
            (port, _) => Listener::open(port).await,
        };
        listener.map_err(|error| Fault::Unusable(format!("cannot listen for the browser: {error}")))
    }

    /// Begins a sign-in as a client that is sent to `redirect`.
    async fn begin(
        &self,
        mut found: Found,
        redirect: &str,
        scopes: Vec<String>,
        known: Option<&Pending>,
    ) -> Result<Pending, Fault> {
        let known = known.filter(|known| known.client.redirect.as_deref() == Some(redirect));
        let (client, secret) = match known {
            Some(known) => {
                found.issuer = known.issuer.clone();
                (known.client.clone(), known.client_secret().cloned())
            }
            None => {
                let issuer = &mut found.issuer;
                registration::client(&self.http, &self.settings, issuer, redirect, &scopes).await?
            }
        };
        let (issuer, resource) = (found.issuer, found.resource);
        Pending::begin(&self.http, issuer, resource, client, secret, scopes)
    }

    /// Turns the answer to a sign-in into tokens, and keeps them.
    async fn finish(
        &self,
        state: &mut State,
        pending: &Pending,
        callback: Callback,
    ) -> Result<(), Failure> {
        let code = pending.code(callback)?;
        let secret = pending.client_secret().cloned();
        let mut record = self.record(state, pending.issuer.clone(), pending.resource.clone());
        record.secrets.client_secret = secret;
        let asking = self.asking(&pending.client, &record);
        let request = Request::Code {
            code: &code,
            verifier: &pending.verifier,
        };
        let tokens = asking.tokens(&request, &pending.scopes).await?;
        record.client = Some(pending.client.clone());
        record.take(tokens);
        self.keep(state, record).await;
        Ok(())
    }

    async fn sign_in_alone(
        &self,
        state: &mut State,
        found: Found,
        scopes: Vec<String>,
    ) -> Result<(), Failure> {
        let Some(id) = self.settings.client.clone() else {
            return Err(Fault::NoClient.into());
        };
        let client = Client {
            id,
            proof: registration::proof_of_given(&self.settings, &found.issuer),
            redirect: None,
        };
        let mut record = self.record(state, found.issuer, found.resource);
        let asking = self.asking(&client, &record);
        let tokens = asking.tokens(&Request::Client, &scopes).await?;
        record.client = Some(client);
        record.take(tokens);
        // Who needs no person can do it again: what the user has not given a file for ends with the run.
        if record.kept == Kept::Keychain {
            record.kept = Kept::Memory;
        }
        self.keep(state, record).await;
        Ok(())
    }

    fn record(&self, state: &State, issuer: record::Metadata, resource: String) -> Record {
        Record {
            url: self.server.to_string(),
            resource,
            issuer,
            client: None,
            grant: None,
            kept: match state.kept {
                Some(Kept::File) => Kept::File,
                _ => self.store.kept(),
            },
            secrets: record::Secrets::default(),
        }
    }

    /// Keeps a record, for this run at least.
    async fn keep(&self, state: &mut State, mut record: Record) {
        let kept = match record.kept {
            Kept::Memory => Ok(()),
            Kept::File | Kept::Keychain => match self.store.lock().await {
                Ok(_lock) => self.store.write(&record).await,
                Err(error) => Err(error),
            },
        };
        // What was signed in to is signed in to: the run goes on with it.
        if let Err(error) = kept {
            record.kept = Kept::Memory;
            state.unkept = Some(error);
        }
        state.record = Some(record);
        state.is_read = true;
    }

    /// What is told where nobody is there: the page to sign in at, and the commands that go on from it.
    async fn invite(
        &self,
        found: Found,
        scopes: Vec<String>,
        header: &str,
    ) -> Result<Error, Failure> {
        let _lock = self.store.lock().await?;
        let mut all = self.store.pending();
        all.retain(|pending| !pending.is_over());
        let is_same = |pending: &&Pending| {
            pending.issuer.issuer() == found.issuer.issuer()
                && pending.scopes == scopes
                && self
                    .settings
                    .client
                    .as_ref()
                    .is_none_or(|id| *id == pending.client.id)
                && now().saturating_sub(pending.begun) < OFFERED
        };
        let url = match all.iter().find(is_same) {
            Some(pending) => pending.url.clone(),
            None => {
                let listener = Listener::open(self.settings.port).await;
                let redirect = listener
                    .map(|listener| listener.redirect().to_owned())
                    .map_err(|error| {
                        Fault::Unusable(format!("cannot listen for the browser: {error}"))
                    })?;
                let pending = self.begin(found, &redirect, scopes, None).await?;
                let url = pending.url.clone();
                // The oldest go first, should somebody ask for ever.
                let surplus = (all.len() + 1).saturating_sub(16);
                all.drain(..surplus);
                all.push(pending);
                self.store.write_pending(&all)?;
                url
            }
        };
        Ok(Error::Unauthorized {
            url: address(self.server.as_str()),
            challenge: Some(header.to_owned()).filter(|header| !header.is_empty()),
            invitation: Some(Box::new(Invitation {
                login: self.login(),
                authorization_url: url,
            })),
        })
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
                return Error::Unreachable {
                    url,
                    status: None,
                    reason,
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
