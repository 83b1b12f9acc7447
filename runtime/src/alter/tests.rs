//! The client against a server that says what it is told to say.

mod approvals;
mod broker;
mod connect;
mod endpoints;
pub(super) mod server;
mod transport;

use std::time::Duration;

use super::client::{Alter, Pace};
use crate::context::Context;
use crate::error::Error;
use crate::output::printer::Printer;
use crate::secret::Secret;
use crate::settings::{Format, Verbosity};
use crate::vault::{Address, Grant, Opening, Patience};

pub(super) const KEY: &str = "alter_rk_aaaaaaaaaaaaaaaaaaaaaa_l77ykl";
pub(super) const GRANT: &str = "2763f184-3ab2-5cca-9885-6e8c07bbc57a";

/// A run that calls a tool, with the vault at this address.
pub(super) fn opening(base_url: &str, key: &str) -> Opening {
    Opening {
        program: "altr-cli".to_owned(),
        key: Secret::new(key),
        base_url: Some(base_url.to_owned()),
        context: Context {
            run: "run-1".to_owned(),
            tool: Some("list_things".to_owned()),
            reason: Some("a look around".to_owned()),
            ..Context::default()
        },
        agent: None,
        patience: Patience {
            person: false,
            browser: false,
            wait: false,
            limit: Duration::from_secs(1),
        },
        printer: Printer::new(Format::Text, Verbosity::Quiet),
    }
}

/// A client in a hurry.
pub(super) fn client(base_url: &str) -> Result<Alter, Error> {
    let pace = Pace {
        limit: Duration::from_millis(500),
        pauses: [Duration::from_millis(1), Duration::from_millis(2)],
        looks: Duration::from_millis(50),
    };
    Ok(Alter::paced(&opening(base_url, KEY), pace)?.remembering(None))
}

pub(super) fn by_provider(provider: &str) -> Grant {
    Grant {
        by: Address::Provider {
            provider: provider.to_owned(),
            account: None,
            label: None,
        },
        user_token: None,
    }
}
