//! A run: a program, what it was told, and the calls it makes.

mod task;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::asked::Respondent;
use crate::client::{self, Client, Introduction, Limits};
use crate::environment;
use crate::error::{Error, Exit};
use crate::host::Host;
use crate::output::printer::Printer;
use crate::output::{Answer, Files, pretty};
use crate::resilience::{self, Failure, Plan, Server};
use crate::settings::{Format, Settings, Verbosity};
use crate::signal::Signals;
use crate::spec::{Spec, Tool, Transport};
use crate::text::plain;
use crate::transport::{Connector, Endpoint};

/// A program whose command line has been read.
pub(crate) struct Run {
    pub(crate) spec: &'static Spec,
    pub(crate) connectors: &'static [Connector],
    pub(crate) settings: Settings,
    pub(crate) printer: Printer,
}

/// Who speaks with a server: the run that is meant for it, and who answers what it asks back.
struct Side<'a> {
    run: &'a Run,
    host: Arc<Respondent>,
}

impl Run {
    /// Says what went wrong, if anything did.
    pub(crate) fn finish(&self, tool: Option<&str>, outcome: Result<(), Error>) -> Exit {
        self.printer.end();
        let Err(error) = outcome else {
            return Exit::Success;
        };
        self.printer.error(&error, tool);
        error.exit()
    }

    /// Calls a tool and prints its answer; with `--dry-run`, prints the request. `known` is what the
    /// program knows of it, if anything.
    pub(crate) fn call(
        &self,
        tool: &str,
        known: Option<&Tool>,
        mut arguments: Value,
    ) -> Result<(), Error> {
        if self.settings.dry_run {
            mask(known, &mut arguments);
            let mut params = json!({"name": tool, "arguments": arguments});
            if self.is_task(tool, known)? {
                params["task"] = json!({});
            }
            let server = environment::describe(self.spec, &self.settings.overrides)?;
            let request = json!({"method": "tools/call", "params": params, "server": server});
            return self.printer.data(&pretty(&request));
        }
        self.call_tool(tool, known, json!({"name": tool, "arguments": arguments}))
    }

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
    fn converse_about<T>(
        &self,
        call: Option<bool>,
        ask: impl AsyncFn(&mut Client) -> Result<T, Error>,
        tell: impl FnOnce(T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let first = self.server()?;
        let other = self.fallback();
        client::converse(async {
            let mut signals = Signals::listen()?;
            let plan = Plan::new(&self.settings, call, &self.printer);
            let fallback = other.as_ref().map(|other| async || other.server());
            let once = async |server: &Server<Side<'_>>, limits, signals: &mut Signals| {
                let Side { run, host } = &server.who;
                run.once(&server.endpoint, host, limits, signals, &ask)
                    .await
            };
            let attempt = resilience::attempt(&plan, first, fallback, &mut signals, once);
            let (answer, client) = attempt.await?;
            let outcome = tell(answer);
            let _ = signals.or(client.close()).await;
            outcome
        })
    }

    /// The server, with all that it takes to reach it.
    fn server(&self) -> Result<Server<Side<'_>>, Error> {
        let endpoint = environment::endpoint(self.spec, &self.settings.overrides)?;
        let host = Respondent::new(
            self.spec.name,
            &self.settings,
            self.spec.server.capabilities,
            self.printer.clone(),
        )?;
        let who = Side {
            run: self,
            host: Arc::new(host),
        };
        Ok(Server { who, endpoint })
    }

    /// The run that asks the fallback instead, if there is one.
    fn fallback(&self) -> Option<Self> {
        let fallback = &self.settings.resilience.fallback;
        Some(Self {
            settings: Settings {
                overrides: fallback.overrides(&self.settings.overrides)?,
                ..self.settings.clone()
            },
            printer: self.printer.clone(),
            ..*self
        })
    }

    /// One attempt: a connection of its own, and what the server says to all that is asked.
    async fn once<T>(
        &self,
        endpoint: &Endpoint,
        host: &Arc<Respondent>,
        limits: Limits,
        signals: &mut Signals,
        ask: &impl AsyncFn(&mut Client) -> Result<T, Error>,
    ) -> Result<(T, Client), Failure> {
        let server = &self.spec.server;
        let introduction = Introduction {
            name: self.spec.name.to_owned(),
            revision: self.settings.revision(server.protocol),
            events: matches!(server.transport, Transport::Http { events: true, .. })
                && !self.settings.overrides.is_elsewhere(),
            log_level: (self.settings.verbosity == Verbosity::Verbose).then_some("debug"),
        };
        let connecting = Client::connect(
            endpoint.clone(),
            self.connectors,
            introduction,
            limits,
            Arc::clone(host) as Arc<dyn Host>,
        );
        let connected = signals.or(connecting).await.and_then(|connected| connected);
        let mut client = connected.map_err(Failure::unconnected)?;
        let answer = match signals.or(ask(&mut client)).await {
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
            Ok(answer) => Ok((answer, client)),
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

    /// The folder for the binaries of an answer, made before the server is asked for one.
    pub(crate) fn files(&self) -> Result<Files, Error> {
        Files::open(self.settings.save_dir.as_deref())
    }

    /// Prints an answer of any kind, its binaries put into files where that is wanted. `origin` names
    /// what was asked, for the files of those that have no name.
    pub(crate) fn tell(
        &self,
        mut answer: Answer,
        origin: &str,
        files: &Files,
    ) -> Result<(), Error> {
        let saved = self.save(&mut answer, origin, files);
        self.printer.answer(answer)?;
        saved
    }

    fn save(&self, answer: &mut Answer, origin: &str, files: &Files) -> Result<(), Error> {
        let saved = answer.save(files, origin, self.printer.format());
        for warning in &saved.warnings {
            self.printer.warn(warning);
        }
        for file in &saved.files {
            self.printer.note(file);
        }
        saved.failure.map_or(Ok(()), Err)
    }

    /// Prints an answer; one that says the tool failed is an error as well.
    fn answer(
        &self,
        tool: &str,
        known: Option<&Tool>,
        answer: Value,
        files: &Files,
    ) -> Result<(), Error> {
        let mut answer = Answer::new(answer);
        // Before its words are taken: they say where the files are.
        let saved = self.save(&mut answer, tool, files);
        let failed = answer.failure(known.map(|tool| tool.failure).unwrap_or_default());
        // As text, a tool's error is talk; the data formats keep it where data is looked for.
        let is_talk = self.printer.format() == Format::Text && answer.is_flagged();
        if failed.is_none() || !is_talk {
            self.printer.answer(answer)?;
        }
        match failed {
            None => saved,
            Some(words) => {
                if let Err(error) = saved {
                    self.printer.warn(&error.to_string());
                }
                Err(Error::Tool {
                    tool: tool.to_owned(),
                    words: plain(words.trim()),
                })
            }
        }
    }
}

/// Puts a mask where a secret is.
fn mask(known: Option<&Tool>, arguments: &mut Value) {
    let parameters = known.map_or(&[][..], |tool| tool.parameters);
    for secret in parameters
        .iter()
        .filter(|parameter| parameter.more().secret)
    {
        if let Some(value) = arguments.pointer_mut(secret.pointer) {
            *value = "[redacted]".into();
        }
    }
}
