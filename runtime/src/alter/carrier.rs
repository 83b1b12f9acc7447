//! Who carries the requests of a server to their origin, with a credential of the vault's.
//!
//! ```text
//! loopback ──▶ Program ──▶ credential ──▶ inject ──▶ the origin ──▶ a row for the vault
//!         │                (one fetch for all)
//!         └──▶ Vault ────▶ call ──▶ the vault ──▶ the origin
//!                                      └──▶ a person who approves, however often it is repeated
//! ```
//!
//! What the vault refuses is told the server as an answer, in few words, and kept for the run to end
//! with: the server's own account of it would name neither the vault nor the way out.

mod call;
mod credential;
mod obstacles;
mod program;
mod repeat;
mod routes;
mod rows;
#[cfg(test)]
mod tests;
mod vault;

pub(super) use self::routes::Routes;

use std::sync::Arc;

use http::StatusCode;

use self::credential::Credentials;
use self::obstacles::Obstacles;
use self::program::Program;
use self::rows::Rows;
use self::vault::Vault;
use super::client::Alter;
use super::joint::Works;
use super::mend::Mender;
use super::refusal::Refusal;
use crate::error::{Error, Exit, Fault};
use crate::loopback::{Origin, Rejection, Upstream};
use crate::vault::{Carrier, Grant, Patience};

/// What the carriers of a run share.
struct Desk {
    client: Arc<Alter>,
    patience: Patience,
    credentials: Credentials,
    obstacles: Obstacles,
    rows: Rows,
    works: Arc<Works>,
    mender: Arc<Mender>,
}

impl Desk {
    fn new(client: Arc<Alter>, patience: Patience, mender: Arc<Mender>) -> Arc<Self> {
        Arc::new(Self {
            rows: Rows::new(Arc::clone(&client)),
            client,
            patience,
            credentials: Credentials::default(),
            obstacles: Obstacles::default(),
            works: Arc::default(),
            mender,
        })
    }

    /// Who carries requests to an origin with a grant's credential.
    ///
    /// # Errors
    ///
    /// When there is no way to the origin from this program.
    fn carrier(
        self: &Arc<Self>,
        carrier: Carrier,
        grant: Grant,
        origin: &Origin,
    ) -> Result<Arc<dyn Upstream>, Error> {
        let desk = Arc::clone(self);
        Ok(match carrier {
            Carrier::Program => Arc::new(Program::open(desk, grant, origin)?),
            Carrier::Vault => Arc::new(Vault::new(desk, grant)),
        })
    }

    /// Waits until the vault has been told of every request, and gives what stood in the way of the
    /// first that did not get through. The routes have to be closed before.
    async fn close(&self) -> Option<Error> {
        self.works.end();
        self.mender.end();
        self.rows.close().await;
        self.obstacles
            .first()
            .map(|fault| Error::Vault(Box::new(fault)))
    }

    /// Keeps why a request does not get through, and tells the server.
    fn turn_down(&self, request: &str, refusal: &Refusal) -> Rejection {
        let fault = refusal.fault();
        let rejection = rejection(&fault);
        self.obstacles.note(request, fault);
        rejection
    }
}

/// A fault as the server is told of it. One that will do another time is told as trouble on the way,
/// which clients repeat a request after; the others as a refusal, after which they do not.
fn rejection(fault: &Fault) -> Rejection {
    let status = match (fault.exit, fault.retryable) {
        (Exit::Timeout, _) => StatusCode::GATEWAY_TIMEOUT,
        (_, true) => StatusCode::BAD_GATEWAY,
        (Exit::Credential | Exit::Denied | Exit::Usage, false) => StatusCode::FORBIDDEN,
        (_, false) => StatusCode::BAD_GATEWAY,
    };
    Rejection::new(status, fault.code, fault.message.clone())
}
