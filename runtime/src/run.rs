//! A run: a program, what it was told, and the calls it makes.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::client::{self, Client, Introduction};
use crate::environment;
use crate::error::{Error, Exit};
use crate::host::{Answering, Host, Refusal};
use crate::output::printer::Printer;
use crate::output::{failure, pretty, render};
use crate::settings::{Format, Settings, Verbosity};
use crate::signal::Signals;
use crate::spec::{Spec, Tool, Transport};
use crate::text::plain;
use crate::transport::Connector;
use crate::wire::Event;

/// A program whose command line has been read.
pub(crate) struct Run {
    pub(crate) spec: &'static Spec,
    pub(crate) connectors: &'static [Connector],
    pub(crate) settings: Settings,
    pub(crate) printer: Printer,
}

impl Run {
    /// Says what went wrong, if anything did.
    pub(crate) fn finish(&self, tool: Option<&str>, outcome: Result<(), Error>) -> Exit {
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
            let params = json!({"name": tool, "arguments": arguments});
            let server = environment::describe(self.spec, &self.settings.overrides)?;
            let request = json!({"method": "tools/call", "params": params, "server": server});
            return self.printer.data(&pretty(&request));
        }
        let params = json!({"name": tool, "arguments": arguments});
        self.converse(
            async |client| client.call(params, known.map(|tool| tool.definition)).await,
            |answer| self.answer(tool, known, &answer),
        )
    }

    /// Starts or reaches the server, asks it, tells the caller, and only then sees the server off.
    pub(crate) fn converse<T>(
        &self,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, Error>,
        tell: impl FnOnce(T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let endpoint = environment::endpoint(self.spec, &self.settings.overrides)?;
        client::converse(async {
            let server = &self.spec.server;
            let introduction = Introduction {
                name: self.spec.name.to_owned(),
                revision: self.settings.revision(server.protocol),
                events: matches!(server.transport, Transport::Http { events: true, .. })
                    && !self.settings.overrides.is_elsewhere(),
                log_level: (self.settings.verbosity == Verbosity::Verbose).then_some("debug"),
            };
            let connecting = Client::connect(
                endpoint,
                self.connectors,
                introduction,
                self.settings.limits(),
                Arc::new(Caller {
                    printer: self.printer.clone(),
                    capabilities: server.capabilities,
                }),
            );
            let mut signals = Signals::listen()?;
            let mut client = signals.or(connecting).await??;
            let answer = match signals.or(ask(&mut client)).await {
                Ok(answer) => answer,
                Err(signal) => {
                    // The server is told first; a second signal does not wait for that.
                    let told = client.cancel("the caller was interrupted");
                    let _ = signals.or(told).await;
                    return Err(signal);
                }
            };
            let outcome = answer.and_then(tell);
            let _ = signals.or(client.close()).await;
            outcome
        })
    }

    /// Prints an answer; one that says the tool failed is an error as well.
    fn answer(&self, tool: &str, known: Option<&Tool>, answer: &Value) -> Result<(), Error> {
        let format = self.printer.format();
        let test = known.map(|tool| tool.failure).unwrap_or_default();
        let Some(words) = failure(answer, test) else {
            return self.printer.data(&render(answer, format));
        };
        // As text, a tool's error is talk; the data formats keep it where data is looked for.
        let told = format == Format::Text && answer.get("isError").is_some_and(|flag| flag == true);
        if !told {
            self.printer.data(&render(answer, format))?;
        }
        Err(Error::Tool {
            tool: tool.to_owned(),
            words: plain(words.trim()),
        })
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

/// The caller, to the server.
struct Caller {
    printer: Printer,
    capabilities: &'static str,
}

impl Host for Caller {
    fn capabilities(&self) -> Value {
        serde_json::from_str(self.capabilities).unwrap_or_default()
    }

    fn hear(&self, event: Event) {
        self.printer.event(&event);
    }

    fn answer<'a>(&'a self, method: &'a str, _params: Value) -> Answering<'a> {
        Box::pin(async move { Err(Refusal::unknown(method)) })
    }
}
