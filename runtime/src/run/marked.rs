//! Waiting for what a server says is missing: it is asked again until that is there.
//!
//! Only the server knows whether somebody has connected, and it tells by answering: as long as it says
//! that something is missing, nothing was done, and the call may be made again.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{PATIENCE, Run};
use crate::output::Marker;
use crate::person;

/// Between two calls.
const PAUSE: Duration = Duration::from_secs(3);

/// The wait of one call.
pub(super) struct Absence<'a> {
    run: &'a Run,
    /// Until when it is waited, once it is.
    deadline: Option<Instant>,
}

impl<'a> Absence<'a> {
    /// A wait, if there is somebody to wait for.
    pub(super) fn of(run: &'a Run) -> Option<Self> {
        (run.settings.wait || person::is_there()).then_some(Self {
            run,
            deadline: None,
        })
    }

    /// Waits a moment for somebody to connect: whether to call again.
    pub(super) async fn over(&mut self, marker: &Marker) -> bool {
        let deadline = match self.deadline {
            Some(deadline) => deadline,
            None if !self.invite(marker).await => return false,
            None => {
                let limit = self.run.settings.timeout.unwrap_or(PATIENCE);
                *self.deadline.insert(Instant::now() + limit)
            }
        };
        let next = Instant::now() + PAUSE;
        if next > deadline {
            return false;
        }
        sleep(PAUSE).await;
        true
    }

    /// Says what is missing and where to give it: whether to wait for that.
    async fn invite(&self, marker: &Marker) -> bool {
        let Run {
            spec,
            settings,
            printer,
            ..
        } = self.run;
        let who = format!("the server of {}", spec.name);
        match &marker.page {
            Some(page) if person::is_there() => page.offer(printer, &who, &marker.words()).await,
            page => {
                let place = page.as_ref().map(|page| format!(": {}", page.url()));
                let words = marker.words();
                printer.note(&format!("{who}: {words}{}", place.unwrap_or_default()));
                settings.wait
            }
        }
    }
}
