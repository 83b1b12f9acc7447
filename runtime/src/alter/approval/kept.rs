//! The approvals that were asked for from here: `STATE/PROGRAM/approvals`, 0600, and no bodies.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::alter::client::Alter;
use crate::alter::clock;
use crate::alter::forward::Pending;
use crate::error::Error;
use crate::ledger::Ledger;

/// One that is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::alter) struct Entry {
    pub(super) id: String,
    /// The tool whose server made the request.
    pub(super) tool: Option<String>,
    /// When it was asked for, in seconds since 1970.
    pub(super) asked: u64,
    /// When nobody can approve it any more.
    pub(super) expires: Option<u64>,
    /// The pages to approve it at, one for each who has to.
    pub(super) urls: Vec<String>,
}

/// What a program remembers of one vault.
#[derive(Debug)]
pub(in crate::alter) struct Kept(Ledger);

impl Kept {
    pub(in crate::alter) fn of(client: &Alter) -> Self {
        Self(Ledger::of_approvals(client.state(), client.address()))
    }

    /// Remembers one that was asked for just now.
    pub(super) fn add(&self, tool: Option<&str>, pending: &Pending) -> Result<(), Error> {
        let gates = pending.gates.iter().map(|gate| gate.url.clone());
        let mut urls: Vec<String> = gates.collect();
        if urls.is_empty() {
            urls.push(pending.url.clone());
        }
        let now = clock::now();
        let entry = Entry {
            id: pending.id.clone(),
            tool: tool.map(str::to_owned),
            asked: now,
            expires: pending
                .expires_in
                .map(|seconds| now.saturating_add(seconds)),
            urls,
        };
        self.0.keep(&pending.id, &json!(entry))
    }

    pub(super) fn remove(&self, id: &str) {
        self.0.remove(id);
    }

    pub(super) fn get(&self, id: &str) -> Option<Entry> {
        serde_json::from_value(self.0.entry(id)?).ok()
    }

    /// All of them, the oldest first.
    pub(super) fn all(&self) -> Vec<Entry> {
        let entries = self.0.entries().into_iter();
        entries
            .filter_map(|entry| serde_json::from_value(entry).ok())
            .collect()
    }
}
