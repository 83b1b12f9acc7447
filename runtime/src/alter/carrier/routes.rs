//! The loopback of a run: the addresses and the capability that a server gets of it.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::Desk;
use crate::alter::client::Alter;
use crate::alter::mend::Mender;
use crate::error::Error;
use crate::loopback::{Loopback, Origin};
use crate::secret::Secret;
use crate::vault::{Carrier, Grant, Patience};

/// The routes of a run, which come to be when they are first wanted.
pub(in crate::alter) struct Routes {
    desk: Arc<Desk>,
    open: Mutex<Option<Open>>,
}

struct Open {
    loopback: Loopback,
    routes: Vec<Route>,
}

struct Route {
    grant: Grant,
    origin: Origin,
    carrier: Carrier,
    address: String,
}

impl Routes {
    pub(in crate::alter) fn new(
        client: Arc<Alter>,
        patience: Patience,
        mender: Arc<Mender>,
    ) -> Self {
        Self {
            desk: Desk::new(client, patience, mender),
            open: Mutex::new(None),
        }
    }

    /// The base URL for requests to an origin with a grant; the same for the same, however often it is
    /// asked for. It is served in the event loop of whoever asks first.
    ///
    /// # Errors
    ///
    /// When the origin is none that a credential goes to, or the system has no port.
    pub(in crate::alter) async fn address(
        &self,
        grant: &Grant,
        origin: &str,
        carrier: Carrier,
    ) -> Result<Secret, Error> {
        let origin = Origin::parse(origin)?;
        let mut open = self.open.lock().await;
        let open = self.opened(&mut open)?;
        let known = open.routes.iter().find(|route| {
            route.grant == *grant && route.origin == origin && route.carrier == carrier
        });
        if let Some(route) = known {
            return Ok(Secret::plain(route.address.as_str()));
        }
        let upstream = self.desk.carrier(carrier, grant.clone(), &origin)?;
        let address = open.loopback.open(origin.clone(), upstream).await?;
        open.routes.push(Route {
            grant: grant.clone(),
            origin,
            carrier,
            address: address.clone(),
        });
        Ok(Secret::plain(address))
    }

    /// What stands for a credential at each of the addresses.
    ///
    /// # Errors
    ///
    /// When the system has no randomness to give.
    pub(in crate::alter) async fn capability(&self) -> Result<Secret, Error> {
        let mut open = self.open.lock().await;
        let open = self.opened(&mut open)?;
        Ok(open.loopback.capability().secret().clone())
    }

    /// Begins the run again, with a server that has met none of the obstacles so far.
    pub(in crate::alter) fn begin(&self) {
        self.desk.obstacles.set_aside();
    }

    /// Closes the routes, waits until the vault has been told of all that went over them, and gives what
    /// stood in the way of the first request that did not get through.
    pub(in crate::alter) async fn close(&self) -> Option<Error> {
        let open = self.open.lock().await.take();
        if let Some(open) = open {
            open.loopback.close().await;
        }
        self.desk.close().await
    }

    fn opened<'a>(&self, open: &'a mut Option<Open>) -> Result<&'a mut Open, Error> {
        Ok(match open {
            Some(open) => open,
            None => {
                let printer = self.desk.client.printer().clone();
                open.insert(Open {
                    loopback: Loopback::new(Arc::new(move |line| printer.detail(line)))?,
                    routes: Vec::new(),
                })
            }
        })
    }
}
