//! The Alter vault: a client that signs, and the broker over it.
//!
//! ```text
//! Want … ──▶ broker ──▶ client ──▶ the vault          inject ──▶ a request to its origin
//!              │          (sign, attribution,            ▲
//!              │           refusal, answer)              │
//!              ├───────────────◀── credential ───────────┘
//!              └─▶ mend: a refusal that a person can mend ──▶ connecting
//! ```
//!
//! The key to the vault goes along in every request to it, so that whoever sees one owns the key:
//! no redirect is followed, nothing but TLS or this machine is spoken to, and no header is shown. What
//! the vault answers is checked to the last field before any of it is used.

mod address;
mod answer;
mod approval;
mod attribution;
mod audit;
mod aws;
mod broker;
mod carrier;
mod client;
mod clock;
mod connect;
mod connecting;
mod credential;
mod endpoints;
mod examine;
mod forward;
mod grants;
mod header;
mod inject;
mod joint;
mod key;
mod mend;
mod refusal;
mod sign;
mod sigv4;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use std::sync::Arc;

use crate::vault::Vault;

/// The Alter vault.
pub const ALTER: Vault = Vault {
    open: |opening| Ok(Arc::new(broker::AlterBroker::open(opening)?)),
    is_key: |text| key::kind(text).is_some(),
    verify: crate::identity::keys::verify,
};
