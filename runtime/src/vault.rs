//! Vaults: where live credentials come from, and what a run wants of one.
//!
//! ```text
//! config, slots ──▶ credentials ──▶ Want … ──▶ Broker ──▶ Supply ──▶ endpoint ──▶ the server
//!                                              (a vault's)  values, headers,
//!                                                           loopback addresses
//! ```
//!
//! A program names the vaults it uses, as it names its transports, and what it does not name is not
//! linked: hence the table of one function and the trait. The run never learns how a vault is spoken
//! to, and a broker never learns what a tool is but by name.

#![cfg_attr(
    not(feature = "http"),
    allow(dead_code, reason = "only a vault reads what a run wants of one")
)]

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::context::Context;
use crate::error::Error;
use crate::identity::Signatures;
use crate::output::printer::Printer;
use crate::secret::Secret;

/// A place that live credentials come from.
#[derive(Clone, Copy)]
pub struct Vault {
    pub(crate) open: fn(Opening) -> Result<Arc<dyn Broker>, Error>,
    /// Checks the signatures of callers' identities: what speaks TLS can do that as well.
    pub(crate) verify: Signatures,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

/// What a broker is told of the run that it is for.
pub(crate) struct Opening {
    /// The program: who calls, in the vault's own records.
    pub(crate) program: String,
    /// The key to the vault.
    pub(crate) key: Secret,
    /// Where the vault is, if not where it always is.
    pub(crate) base_url: Option<String>,
    /// What is called, in whose name, and why.
    pub(crate) context: Context,
    /// The agent that new grants are given to, by id or name.
    pub(crate) agent: Option<String>,
    pub(crate) patience: Patience,
    /// Where what a person should see is said.
    pub(crate) printer: Printer,
}

/// How long, and with what, a broker may wait for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Whether somebody is at the terminal, who can be sent to a page.
    pub(crate) person: bool,
    /// Whether a browser may be opened.
    pub(crate) browser: bool,
    /// Whether to wait for a person without a terminal too (`--wait`).
    pub(crate) wait: bool,
    /// How long to wait for a page to be finished with, or for an approval.
    pub(crate) limit: Duration,
}

pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What gets credentials out of a vault for one run.
pub(crate) trait Broker: Send + Sync {
    /// Gets all that is wanted, each grant once however many want something of it.
    fn supply(&self, wants: Vec<Want>) -> Boxed<'_, Result<Supply, Error>>;

    /// A server is begun with that is given what was supplied. What one before it could not get is no
    /// failure of this one's.
    fn begin(&self) {}

    /// Ends the run: waits until the vault has been told all that was done with its credentials.
    ///
    /// What stood in the way of the server's own requests, if anything did, is what the run failed
    /// of, whatever words the server has found for it.
    fn close(&self) -> Boxed<'_, Option<Error>>;

    /// Has a person give a grant for a provider: `{provider, status, grants}`.
    fn connect(&self, connection: Connection) -> Boxed<'_, Result<Value, Error>>;

    /// Looks at or waits for what a person has to approve.
    fn approvals(&self, action: Approval) -> Boxed<'_, Result<Value, Error>>;

    /// Tells how the key, the vault and these grants are, each in a line.
    fn examine(&self, grants: Vec<Grant>) -> Boxed<'_, Vec<Finding>>;
}

/// Something that a slot is to be filled with.
#[derive(Debug, Clone)]
pub(crate) struct Want {
    /// The slot.
    pub(crate) slot: String,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    /// The credential itself, or one field of it. `destination` is the URL that it is meant for.
    Value {
        grant: Grant,
        field: Option<String>,
        destination: Option<String>,
    },
    /// The headers that the credential is sent in, for requests to this URL.
    Headers { grant: Grant, url: String },
    /// The loopback address under which requests to an origin get the credential.
    Route {
        grant: Grant,
        /// Scheme, host, port and the path that every request begins with.
        origin: String,
        carrier: Carrier,
    },
    /// What stands for a credential where [`What::Route`] puts the real one in.
    Capability,
    /// A key to the vault of a few minutes, for a server that speaks to it itself.
    Derived,
}

impl What {
    /// The grant that it is of, if it is of one.
    pub(crate) fn grant(&self) -> Option<&Grant> {
        match self {
            Self::Value { grant, .. } | Self::Headers { grant, .. } | Self::Route { grant, .. } => {
                Some(grant)
            }
            Self::Capability | Self::Derived => None,
        }
    }
}

/// Who carries a request of the server's to its origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// This program, with the credential in its memory.
    Program,
    /// The vault: the credential never comes to this machine.
    Vault,
}

/// How a grant is addressed, in the vault's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) by: Address,
    /// Whose it is, as a token of the user's identity provider.
    pub(crate) user_token: Option<Secret>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Address {
    Id(String),
    Provider {
        provider: String,
        account: Option<String>,
        label: Option<String>,
    },
}

/// What the subject of a grant begins with.
const GRANT: &str = "grant ";

impl Grant {
    /// It as the subject of a [`Finding`].
    pub(crate) fn subject(&self) -> String {
        format!("{GRANT}{self}")
    }
}

impl std::fmt::Display for Grant {
    /// The provider and what tells it from others, or its id.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.by {
            Address::Id(id) => f.write_str(id),
            Address::Provider {
                provider,
                account,
                label,
            } => {
                f.write_str(provider)?;
                let more = [account, label].into_iter().flatten();
                more.into_iter().try_for_each(|part| write!(f, "/{part}"))
            }
        }
    }
}

/// What a broker got.
#[derive(Debug, Default)]
pub(crate) struct Supply {
    /// The values of slots.
    pub(crate) values: BTreeMap<String, Secret>,
    /// Headers for the requests to a remote server.
    pub(crate) headers: Vec<(String, Secret)>,
}

/// A grant that a person is to give.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) provider: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) user_token: Option<Secret>,
    /// The agent that it is given to, by id or name.
    pub(crate) agent: Option<String>,
}

/// What is to be done about approvals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Approval {
    /// Those that were asked for from here and are not settled.
    List,
    /// Waits for one, and gives what it came to.
    Wait(String),
}

/// One thing that was examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What was looked at: `key`, `backend`, `clock`, `grant altr-basic`.
    pub(crate) subject: String,
    pub(crate) verdict: Verdict,
    /// How it is, in a line.
    pub(crate) words: String,
    /// What mends it.
    pub(crate) hint: Option<String>,
    /// The same for programs; of a grant `status`, `scopes` and `expires`.
    pub(crate) details: Map<String, Value>,
}

impl Finding {
    pub(crate) fn new(
        subject: impl Into<String>,
        verdict: Verdict,
        words: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.into(),
            verdict,
            words: words.into(),
            hint: None,
            details: Map::new(),
        }
    }

    /// Whether it is a grant that was looked at.
    pub(crate) fn is_of_grant(&self) -> bool {
        self.subject.starts_with(GRANT)
    }

    /// The same with what mends it.
    pub(crate) fn hint(self, hint: impl Into<Option<String>>) -> Self {
        Self {
            hint: hint.into(),
            ..self
        }
    }
}

/// How something is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Fine,
    /// Not looked at, because something that it needs is not there.
    Skipped,
    /// Works, and should be looked at.
    Doubtful,
    /// Does not work; a run would end with this status.
    Bad(crate::error::Exit),
}

impl Verdict {
    pub(crate) fn is_bad(self) -> bool {
        matches!(self, Self::Bad(_))
    }
}
