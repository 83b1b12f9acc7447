//! A conversation with the server: it is started or reached, asked, and seen off.
//!
//! ```text
//! credentials ──▶ server ──▶ once, and again where that is safe ──▶ tell ──▶ close ──▶ the vault is told
//!                            (resilience::attempt)
//! ```
//!
//! What is asked differs from command to command, and how it is asked does not. So the question is a
//! trait object here: all that stands in this file is in a program once, and not once a command.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;

use super::Run;
use crate::asked::Respondent;
use crate::client::{self, Client, Introduction, Limits};
use crate::credentials::Filled;
use crate::environment;
use crate::error::Error;
use crate::host::Host;
use crate::resilience::{self, Failure, Plan, Server};
use crate::settings::{Settings, Verbosity};
use crate::signal::Signals;
use crate::spec::Transport;
use crate::transport::{Connector, Endpoint};
use crate::vault::Broker;

/// What a server is asked, and what is done with its answer.
trait Question {
    fn ask<'a>(&'a self, client: &'a mut Client) -> Asking<'a>;
    fn tell(&self) -> Result<(), Error>;
}

type Asking<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// A question of one type of answer.
struct Typed<A, T, R> {
    ask: A,
    tell: Cell<Option<T>>,
    answer: Cell<Option<R>>,
}

impl<A, T, R> Question for Typed<A, T, R>
where
    A: AsyncFn(&mut Client) -> Result<R, Error>,
    T: FnOnce(R) -> Result<(), Error>,
{
    fn ask<'a>(&'a self, client: &'a mut Client) -> Asking<'a> {
        Box::pin(async move {
            self.answer.set(Some((self.ask)(client).await?));
            Ok(())
        })
    }

    fn tell(&self) -> Result<(), Error> {
        match self.tell.take().zip(self.answer.take()) {
            Some((tell, answer)) => tell(answer),
            None => Ok(()),
        }
    }
}

/// Who speaks with a server: the run that is meant for it, and who answers what it asks back.
struct Side<'a> {
    run: &'a Run,
    host: Arc<Respondent>,
}

impl Run {
    /// Starts or reaches the server, asks it, tells the caller, and only then sees the server off.
    ///
    /// What is asked may be asked again, of a server started or reached anew; no request that may have
    /// done something is made twice for that.
    pub(crate) fn converse<T>(
        &self,
        ask: impl AsyncFn(&mut Client) -> Result<T, Error>,
        tell: impl FnOnce(T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.converse_about(None, ask, tell)
    }

    /// The same for a call that may be repeated, even if it was carried out, or not.
    pub(super) fn converse_about<T>(
        &self,
        call: Option<bool>,
        ask: impl AsyncFn(&mut Client) -> Result<T, Error>,
        tell: impl FnOnce(T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let question = Typed {
            ask,
            tell: Cell::new(Some(tell)),
            answer: Cell::new(None),
        };
        self.hold(call, &question)
    }

    fn hold(&self, call: Option<bool>, question: &dyn Question) -> Result<(), Error> {
        let host = self.host()?;
        let options = self
            .settings
            .resilience
            .over(self.config()?, &self.settings);
        let other = self.fallback(&options);
        client::converse(async {
            let mut signals = Signals::listen()?;
            let filled = signals.or(self.credentials()).await??;
            let outcome = async {
                let first = self.server(host, &filled)?;
                let fallback = other.as_ref().map(|other| {
                    // A mistake on the line is told before anything is started; what is only missing, where
                    // the fallback is needed.
                    let filled = filled.elsewhere();
                    let server = other.host().and_then(|host| other.server(host, &filled));
                    if let Err(error @ Error::Usage { .. }) = server {
                        return Err(error);
                    }
                    Ok(async move || {
                        let server = server?;
                        Connector::that_reaches(&server.endpoint, self.connectors)?;
                        let overrides = &other.settings.overrides;
                        let _ = self
                            .stand_in
                            .set(environment::address(self.spec, overrides));
                        Ok(server)
                    })
                });
                let fallback = fallback.transpose()?;
                let once = async |server: &Server<Side<'_>>, limits, signals: &mut Signals| {
                    let Side { run, host } = &server.who;
                    if let Some(broker) = &filled.broker {
                        broker.begin();
                    }
                    run.once(&server.endpoint, host, limits, signals, question)
                        .await
                };
                let plan = Plan::new(&options, self.settings.limits(), call, &self.printer);
                self.has_asked.set(true);
                let attempt = resilience::attempt(&plan, first, fallback, &mut signals, once);
                let client = attempt.await?;
                let outcome = question.tell();
                let _ = signals.or(client.close()).await;
                outcome
            }
            .await;
            let Some(broker) = &filled.broker else {
                return outcome;
            };
            let is_interrupted = matches!(outcome, Err(Error::Signal(_)));
            match self.close(&**broker, is_interrupted, &mut signals).await? {
                Some(fault) => self.concluded(outcome, fault, call),
                None => outcome,
            }
        })
    }

    /// Has the vault told of all that was done, and gives what stood in the server's way. Whoever
    /// interrupts that only now is told what it is, and interrupts it by a second signal.
    async fn close(
        &self,
        broker: &dyn Broker,
        is_interrupted: bool,
        signals: &mut Signals,
    ) -> Result<Option<Error>, Error> {
        let mut closing = broker.close();
        let mut closed = signals.or(&mut closing).await;
        if closed.is_err() && !is_interrupted {
            self.printer
                .note("the vault is being told what was done; interrupt again to leave at once");
            closed = signals.or(closing).await;
        }
        if closed.is_err() {
            self.printer
                .warn("the vault may not have been told of all that was done");
        }
        closed
    }

    /// What a run comes to in which the server could not get something by the broker.
    fn concluded(
        &self,
        outcome: Result<(), Error>,
        fault: Error,
        call: Option<bool>,
    ) -> Result<(), Error> {
        let is_pending = fault.code() == "approval_pending";
        let (attempts, sent) = match &outcome {
            Err(Error::Signal(_)) if is_pending => {
                self.printer.note(&fault.to_string());
                if let Some(hint) = fault.hint() {
                    self.printer.note(&hint);
                }
                return outcome;
            }
            Ok(()) | Err(Error::Tool { .. }) => (1, true),
            Err(error) if error.is_of_server() => {
                // It is what the server made of the refusal. One that waits for an approval answers no
                // sooner than somebody has decided.
                self.printer.note(&error.to_string());
                match error {
                    Error::Attempted { attempts, sent, .. } => (*attempts, *sent == Some(true)),
                    _ => (1, true),
                }
            }
            Err(_) => return outcome,
        };
        // The server had the call, and may have done a part of it before it was refused another.
        if sent && call == Some(false) && fault.retryable() && !is_pending {
            return Err(Error::Attempted {
                attempts,
                sent: Some(true),
                repeatable: false,
                first: None,
                cause: Box::new(fault),
            });
        }
        Err(fault)
    }

    /// Who answers what a server asks.
    pub(crate) fn host(&self) -> Result<Respondent, Error> {
        Respondent::new(
            self.spec.name,
            &self.settings,
            self.spec.server.capabilities,
            self.printer.clone(),
        )
    }

    /// How the server is come to.
    pub(crate) fn introduction(&self) -> Introduction {
        let server = &self.spec.server;
        Introduction {
            name: self.spec.name.to_owned(),
            revision: self.settings.revision(server.protocol),
            events: matches!(server.transport, Transport::Http { events: true, .. })
                && !self.settings.overrides.is_elsewhere(),
            log_level: (self.settings.verbosity == Verbosity::Verbose).then_some("debug"),
        }
    }

    /// The server, with all that it takes to reach it.
    fn server(&self, host: Respondent, filled: &Filled) -> Result<Server<Side<'_>>, Error> {
        let overrides = &self.settings.overrides;
        let endpoint = environment::endpoint(self.spec, overrides, filled, &self.context)?;
        let who = Side {
            run: self,
            host: Arc::new(host),
        };
        Ok(Server { who, endpoint })
    }

    /// The run that asks the fallback instead, if there is one.
    pub(crate) fn fallback(&self, options: &resilience::Options) -> Option<Self> {
        let settings = Settings {
            overrides: options.fallback.overrides(&self.settings.overrides)?,
            ..self.settings.clone()
        };
        let run = Self::new(self.spec, self.connectors, self.vaults, settings);
        Some(Self {
            config: self.config.clone(),
            context: self.context.clone(),
            ..run
        })
    }

    /// One attempt: a connection of its own, and what the server says to all that is asked.
    async fn once(
        &self,
        endpoint: &Endpoint,
        host: &Arc<Respondent>,
        limits: Limits,
        signals: &mut Signals,
        question: &dyn Question,
    ) -> Result<Client, Failure> {
        let connecting = Client::connect(
            endpoint.clone(),
            self.connectors,
            self.introduction(),
            limits,
            Arc::clone(host) as Arc<dyn Host>,
        );
        let connected = signals.or(connecting).await.and_then(|connected| connected);
        let mut client = connected.map_err(Failure::unconnected)?;
        let answer = match signals.or(question.ask(&mut client)).await {
            Ok(answer) => answer,
            Err(signal) => {
                // The server is told first; a second signal does not wait for that.
                let told = client.cancel("the caller was interrupted");
                let _ = signals.or(told).await;
                return Err(Failure {
                    error: signal,
                    sent: client.sent(),
                    is_connected: true,
                });
            }
        };
        match host.settle(answer) {
            Ok(()) => Ok(client),
            Err(error) => {
                let sent = client.sent();
                let closed = signals.or(client.close()).await;
                Err(Failure {
                    // Whoever interrupts that wants no other attempt.
                    error: closed.err().unwrap_or(error),
                    sent,
                    is_connected: true,
                })
            }
        }
    }
}
