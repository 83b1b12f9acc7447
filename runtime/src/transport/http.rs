//! Remote servers, in every manner that they speak HTTP.
//!
//! ```text
//! gate       the one place that sends: TLS, proxies, redirects, who the caller is
//! body       what comes back, bounded in length
//! stateless  each request alone (MCP 2026-07-28)
//! session    requests within a session (MCP 2025-03-26 to 2025-11-25), which rmcp keeps
//! events     a stream beside the requests (MCP 2024-11-05)
//! ```

mod body;
mod events;
mod gate;
mod mirror;
mod session;
mod stateless;

use super::{Connecting, Connector, Endpoint, Link, Manner};
use crate::client::Party;
use crate::error::Error;
use gate::Gate;

pub(crate) use gate::causes;

/// Reaches servers over HTTP and over unix sockets.
pub const HTTP: Connector = Connector {
    reaches: |endpoint| matches!(endpoint, Endpoint::Http(_)),
    open,
    authorize: Some(crate::authorization::act),
};

fn open(endpoint: Endpoint, manner: Manner, party: Party) -> Connecting {
    Box::pin(async move {
        let Endpoint::Http(remote) = endpoint else {
            return Err(Error::Damaged(
                "a remote server is wanted of a child process".to_owned(),
            ));
        };
        let gate = Gate::open(&remote)?;
        Ok(match manner {
            Manner::Stateless => Link::over(stateless::transport(gate, &party), party, None),
            Manner::Session => Link::over(session::transport(gate, &party), party, None),
            Manner::Events => {
                let transport = events::transport(gate, &party).await?;
                Link::over(transport, party, None)
            }
        })
    })
}

/// A message did not get through, and the wire knows why.
#[derive(Debug, thiserror::Error)]
#[error("the message did not get through")]
struct NotSent;
