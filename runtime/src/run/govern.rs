//! What stands before and behind every call: whether it may be made, whether somebody agrees to it, how
//! many are made, and that it is written down, whatever it comes to.
//!
//! ```text
//! policy, identity ──▶ arguments ──▶ confirmation ──▶ limits ──▶ the call
//!        └───────────────────┴──────────────┴────────────┴───────────┴──▶ audit
//! ```

use serde_json::Value;

use super::Run;
use crate::audit::{Audit, Decision, Record, Server};
use crate::environment;
use crate::error::Error;
use crate::identity::{self, Caller};
use crate::policy::{Admission, Limits, Policy, Subject};

impl Run {
    /// Makes a call, or asks for something else, if that may be; and writes down what it comes to.
    pub(crate) fn govern(
        &self,
        subject: &Subject<'_>,
        assemble: impl FnOnce() -> Result<Value, Error>,
        call: impl FnOnce(Value) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (policy, unreadable) = self.rules();
        let audit = self.audit(&policy);
        let overrides = &self.settings.overrides;
        let server = environment::address(self.spec, overrides);
        let server = match overrides.is_elsewhere() {
            true => Server::Named(server),
            false => Server::Usual(server),
        };
        let mut record = Record::new(subject, server, &self.context);
        let outcome = match unreadable {
            Some(error) => Err(error),
            None => self.admit(&policy, &audit, subject, &mut record, assemble, call),
        };
        if !self.has_asked.get() {
            record.was_not_made();
        }
        if let Some(server) = self.stand_in.get() {
            record.is_answered_by(server);
        }
        match record.end(&audit, &outcome) {
            Ok(()) => outcome,
            Err(error) if audit.is_required => outcome.and(Err(unwritten(error))),
            Err(error) => {
                let words = format!("the call could not be written down: {error}");
                self.printer.warn(&words);
                outcome
            }
        }
    }

    /// What is to be seen to before a call, if it may be made.
    pub(crate) fn admission(&self, subject: &Subject<'_>) -> Result<Admission, Error> {
        let policy = self.policy()?;
        let caller = self.caller(&policy)?;
        policy.decide(subject, caller.as_ref())
    }

    /// Makes sure that a server may be asked for what no rule names, such as a list.
    pub(crate) fn may_ask(&self) -> Result<(), Error> {
        let policy = self.policy()?;
        match (self.caller(&policy)?, policy.without_identity()) {
            (None, Some(refusal)) => Err(refusal),
            _ => Ok(()),
        }
    }

    fn admit(
        &self,
        policy: &Policy,
        audit: &Audit,
        subject: &Subject<'_>,
        record: &mut Record,
        assemble: impl FnOnce() -> Result<Value, Error>,
        call: impl FnOnce(Value) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let caller = self.caller(policy)?;
        if let Some(caller) = &caller {
            record.is_of(caller);
        }
        let mut admission = policy.decide(subject, caller.as_ref())?;
        if subject.is_begun() {
            admission.confirm = None;
        }
        if !subject.is_counted() {
            (admission.per_minute, admission.at_once) = (None, None);
        }
        // Arguments that cannot be sent are no denial.
        record.decision = Decision::Allowed(admission.rule.clone());
        let arguments = assemble()?;
        record.has(&arguments, audit);
        record.decision = Decision::Denied;
        let by = self.confirm(subject, &arguments, &admission)?;
        let folder = match admission.is_counted_for_site {
            true => environment::site_state_folder(self.spec.name),
            false => environment::state_folder(self.spec.name),
        };
        let limits = Limits {
            folder: folder.map(|folder| folder.join("limits")),
        };
        let _slot = limits.enter(&admission)?;
        if audit.is_required {
            record.begin(audit).map_err(unwritten)?;
        }
        record.decision = match (by, admission.confirm) {
            (Some(by), Some(rule)) => Decision::Confirmed { by, rule },
            _ => Decision::Allowed(admission.rule),
        };
        record.is_made();
        call(arguments)
    }

    /// The rules for calls.
    pub(crate) fn policy(&self) -> Result<Policy, Error> {
        let (policy, unreadable) = self.rules();
        unreadable.map_or(Ok(policy), Err)
    }

    /// The rules that can be read and, where not all can, why.
    fn rules(&self) -> (Policy, Option<Error>) {
        match self.config() {
            Ok(config) => Policy::rest(self.spec.name, config.sections.policy.as_ref()),
            Err(error) => {
                let (policy, unreadable) = Policy::rest(self.spec.name, None);
                (policy, unreadable.or(Some(error)))
            }
        }
    }

    /// The log of calls, as the policy and the configuration have it; without the configuration where
    /// that cannot be read.
    pub(crate) fn audit(&self, policy: &Policy) -> Audit {
        let configured = self.config().ok();
        let configured = configured.and_then(|config| config.sections.audit.as_ref());
        let site: Vec<_> = policy.audit(true).collect();
        let user: Vec<_> = policy.audit(false).chain(configured).collect();
        Audit::of(self.spec.name, &site, &user)
    }

    /// The log of calls, for looking at it: also where nothing may be called because of a policy.
    pub(crate) fn log(&self) -> Audit {
        let (policy, unreadable) = self.rules();
        if let Some(error) = unreadable {
            let words = "so this is the log that the rest of the configuration names";
            self.printer.warn(&format!("{error}, {words}"));
        }
        self.audit(&policy)
    }

    /// Who calls, where a policy says how that is known.
    pub(crate) fn caller(&self, policy: &Policy) -> Result<Option<Caller>, Error> {
        let program = self.spec.name;
        let Some(token) = identity::given(program, self.settings.identity.as_ref())? else {
            return Ok(None);
        };
        let Some((section, is_of_site)) = policy.identity() else {
            return Err(Error::usage_with_hint(
                "an identity is given, and no policy says how it is checked",
                "give secret_file or jwks_file under [identity] of policy.toml",
            ));
        };
        let warn = |warning: &str| self.printer.warn(warning);
        let signatures = self.vaults.first().map(|vault| vault.verify);
        section
            .verify(&token, is_of_site, signatures, &warn)
            .map(Some)
    }
}

/// A call that is not made because nobody would know of it, or that nobody knows the end of.
fn unwritten(error: std::io::Error) -> Error {
    Error::Denied {
        code: "audit_required",
        message: format!("the call cannot be written down, and has to be: {error}"),
        hint: Some("see [audit] of the configuration and of policy.toml".to_owned()),
    }
}
