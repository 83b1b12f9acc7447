//! A person signs in: the browser goes out, and a code comes back.
//!
//! ```text
//! browser ──▶ authorization server ──▶ http://127.0.0.1:PORT/callback?code=… ──▶ listener
//!                                       └─ or pasted, where the browser is on another machine
//! ```

use std::io::{BufRead, IsTerminal};

use url::Url;

use super::discovery::Found;
use super::http::Fault;
use super::listener::Listener;
use super::pending::{Callback, Pending};
use super::record::{Client, Kept, Metadata, Record, Secrets, now};
use super::token::Request;
use super::{Authorization, Failure, State, address, registration};
use crate::browser;
use crate::error::{Error, Invitation};
use crate::output::printer::Printer;
use crate::person::Conversation;
use crate::settings::{Format, Verbosity};
use crate::text::plain;
use crate::transport::AuthorizationSettings;

/// How long a sign-in that was begun without a person is offered again, in seconds.
const OFFERED: u64 = 600;

/// The most sign-ins that wait for a person.
const WAITING: usize = 16;

impl Authorization {
    /// Signs in: the client by itself, or a person, if one is there.
    pub(super) async fn sign_in(
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
        let callback = ask(&self.settings, &pending, &listener).await?;
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
    pub(super) async fn finish(
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

    fn record(&self, state: &State, issuer: Metadata, resource: String) -> Record {
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
            secrets: Secrets::default(),
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
                let surplus = (all.len() + 1).saturating_sub(WAITING);
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
}

/// Shows the person where to sign in, and waits for the answer.
async fn ask(
    settings: &AuthorizationSettings,
    pending: &Pending,
    listener: &Listener,
) -> Result<Callback, Fault> {
    let _conversation = Conversation::begin();
    let say = |line: &str| Printer::new(Format::Text, Verbosity::Normal).say(&plain(line));
    let is_open = settings.browser && browser::open(&pending.url).is_ok();
    let can_paste = !is_open && std::io::stdin().is_terminal();
    if is_open {
        say("sign in in the browser that was opened; if none was, open this:");
    } else {
        say("open this in a browser and sign in:");
    }
    say(&format!("  {}", pending.url));
    if can_paste {
        say("if that browser is on another machine, it ends at a page that it cannot show:");
        say("paste that page's address here, and press Enter");
    }
    let accept = |address: &str| {
        let callback = Callback::parse(address)?;
        match callback.state == pending.state {
            true => Ok(callback),
            false => Err("This is the answer to another sign-in.".to_owned()),
        }
    };
    let visit = listener.visit(&settings.program, accept);
    tokio::pin!(visit);
    loop {
        let pasted = async {
            match can_paste {
                true => line().await,
                false => std::future::pending().await,
            }
        };
        tokio::select! {
            visited = &mut visit => {
                return visited.map_err(|error| Fault::Unusable(format!("cannot listen for the browser: {error}")));
            }
            pasted = pasted => {
                let Some(pasted) = pasted else {
                    return Err(Fault::Unusable("the input ended before the sign-in did".to_owned()));
                };
                match accept(&pasted) {
                    Ok(callback) => return Ok(callback),
                    Err(reason) => say(&format!("that is not it: {reason}")),
                }
            }
        }
    }
}

/// A line of the standard input; nothing at its end.
async fn line() -> Option<String> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        read.is_ok_and(|bytes| bytes > 0).then_some(line)
    });
    read.await.ok().flatten()
}
