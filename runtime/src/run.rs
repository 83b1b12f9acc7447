//! A run: a program, what it was told, and the calls it makes.

mod confirm;
mod conversation;
mod govern;
mod marked;
mod task;

use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::config::{Alter, Config};
use crate::context::Context;
use crate::credentials::{self, Filled};
use crate::environment;
use crate::error::{Error, Exit};
use crate::output::printer::Printer;
use crate::output::{Answer, Files, pretty};
use crate::person;
use crate::policy::Subject;
use crate::settings::{Format, Settings, Verbosity};
use crate::spec::{Spec, Tool};
use crate::text::plain;
use crate::transport::Connector;
use crate::vault::{Broker, Opening, Patience, Vault};

/// How long a person may take to connect or approve something.
const PATIENCE: Duration = Duration::from_secs(300);

/// A program whose command line has been read.
pub(crate) struct Run {
    pub(crate) spec: &'static Spec,
    pub(crate) connectors: &'static [Connector],
    pub(crate) vaults: &'static [Vault],
    pub(crate) settings: Settings,
    pub(crate) printer: Printer,
    pub(crate) context: Context,
    config: OnceCell<Arc<Config>>,
    /// Whether a server was asked, or about to be.
    has_asked: Cell<bool>,
    /// The other server that was asked, if it was.
    stand_in: OnceCell<String>,
}

impl Run {
    pub(crate) fn new(
        spec: &'static Spec,
        connectors: &'static [Connector],
        vaults: &'static [Vault],
        settings: Settings,
    ) -> Self {
        Self {
            spec,
            connectors,
            vaults,
            printer: Printer::new(settings.format, settings.verbosity),
            context: Context::of(&settings),
            settings,
            config: OnceCell::new(),
            has_asked: Cell::new(false),
            stand_in: OnceCell::new(),
        }
    }

    /// The same, for calling a tool.
    pub(crate) fn of_tool(mut self, wire: &str) -> Self {
        self.context.tool = Some(wire.to_owned());
        self
    }

    /// The program's configuration, read when it is first needed.
    pub(crate) fn config(&self) -> Result<&Config, Error> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let config = Config::read(self.spec.name, self.settings.config.as_deref());
        // Before anything is said or written down that may have a secret in it.
        credentials::heed(self.spec, &self.settings, config.as_ref().ok());
        let config = Arc::new(config?);
        Ok(self.config.get_or_init(|| config))
    }

    /// The value of every slot.
    pub(crate) async fn credentials(&self) -> Result<Filled, Error> {
        let planned = credentials::plan(self.spec, &self.settings.overrides, self.config()?)?;
        credentials::fill(&self.errand(), planned, async || self.broker().await).await
    }

    /// The same without those that a vault has, for what needs no credentials but may use them.
    pub(crate) async fn own_credentials(&self) -> Result<Filled, Error> {
        let mut planned = credentials::plan(self.spec, &self.settings.overrides, self.config()?)?;
        planned.retain(|planned| !matches!(planned.from, credentials::From::Vault { .. }));
        let none = async || Err(Error::usage("no vault is asked"));
        credentials::fill(&self.errand(), planned, none).await
    }

    /// For whom credentials are got, and how long that may take.
    pub(crate) fn errand(&self) -> credentials::Errand<'_> {
        credentials::Errand {
            program: self.spec.name,
            printer: &self.printer,
            limit: self.settings.timeout,
        }
    }

    /// Whether answers are for people.
    pub(crate) fn is_text(&self) -> bool {
        self.printer.format() == Format::Text
    }

    /// The vault, opened for this run.
    pub(crate) async fn broker(&self) -> Result<Arc<dyn Broker>, Error> {
        let person = person::is_there();
        let patience = Patience {
            person,
            browser: person,
            wait: self.settings.wait,
            limit: self.settings.timeout.unwrap_or(PATIENCE),
        };
        self.broker_with(patience, self.printer.clone()).await
    }

    /// The vault, opened for looking at it: nobody is asked for anything, and nothing is said on the side.
    pub(crate) async fn silent_broker(&self) -> Result<Arc<dyn Broker>, Error> {
        let patience = Patience {
            person: false,
            browser: false,
            wait: false,
            limit: PATIENCE,
        };
        let silent = Printer::new(self.printer.format(), Verbosity::Quiet);
        self.broker_with(patience, silent).await
    }

    async fn broker_with(
        &self,
        patience: Patience,
        printer: Printer,
    ) -> Result<Arc<dyn Broker>, Error> {
        let config = self.config()?;
        let Alter { base_url, agent } = config.sections.alter.clone();
        credentials::open(&self.errand(), config, self.vaults, |key| Opening {
            program: self.spec.name.to_owned(),
            key,
            base_url: base_url.or_else(environment::vault_address),
            agent,
            context: self.context.clone(),
            patience,
            printer,
        })
        .await
    }

    /// Says what went wrong, if anything did.
    pub(crate) fn finish(&self, tool: Option<&str>, outcome: Result<(), Error>) -> Exit {
        self.printer.end();
        let Err(error) = outcome else {
            return Exit::Success;
        };
        self.printer.error(&error, tool);
        error.exit()
    }

    /// Calls a tool, if it may be called, and prints its answer; with `--dry-run`, prints the request.
    /// `known` is what the program knows of it, if anything. The arguments are put together once it is
    /// known that it may be.
    pub(crate) fn call(
        &self,
        tool: &str,
        known: Option<&Tool>,
        assemble: impl FnOnce() -> Result<Value, Error>,
    ) -> Result<(), Error> {
        if self.settings.dry_run {
            let admission = self.admission(&Subject::of(self.spec, tool, known))?;
            let mut arguments = assemble()?;
            // What would be wrong with the credentials is wrong.
            credentials::plan(self.spec, &self.settings.overrides, self.config()?)?;
            mask(known, &mut arguments);
            let mut params = json!({"name": tool, "arguments": arguments});
            if self.is_task(tool, known)? {
                params["task"] = json!({});
            }
            let server = environment::describe(self.spec, &self.settings.overrides)?;
            let mut request = json!({"method": "tools/call", "params": params, "server": server});
            if let Some(confirm) = admission.confirm {
                request["confirm"] = confirm.into();
            }
            return self.printer.data(&pretty(&request));
        }
        self.govern(
            &Subject::of(self.spec, tool, known),
            assemble,
            |arguments| self.call_tool(tool, known, json!({"name": tool, "arguments": arguments})),
        )
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
        let missing = answer.marker().map(|marker| marker.error(tool));
        let failed = match missing {
            Some(_) => Some(String::new()),
            None => answer.failure(known.map(|tool| tool.failure).unwrap_or_default()),
        };
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
                Err(missing.unwrap_or_else(|| Error::Tool {
                    tool: tool.to_owned(),
                    words: plain(words.trim()),
                }))
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
