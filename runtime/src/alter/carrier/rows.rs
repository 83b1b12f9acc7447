//! The rows that the vault is owed: one for each request made with a credential of its.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};

use crate::alter::audit::Row;
use crate::alter::client::Alter;
use crate::loopback::Flow;

/// How many rows are told of at once.
const AT_ONCE: usize = 8;

/// How long the end of a run waits for the vault to hear of them.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells the vault of requests, while the run goes on.
pub(super) struct Rows {
    client: Arc<Alter>,
    open: Mutex<Option<Open>>,
}

struct Open {
    sender: UnboundedSender<Row>,
    telling: JoinHandle<()>,
}

impl Rows {
    pub(super) fn new(client: Arc<Alter>) -> Self {
        Self {
            client,
            open: Mutex::new(None),
        }
    }

    /// Begins a row. It is told of when the tally is dropped, whatever came of the request.
    pub(super) fn begin(&self, row: Row) -> Tally {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_with(|| {
            let (sender, receiver) = unbounded_channel();
            let telling = tell(Arc::clone(&self.client), receiver);
            Open {
                sender,
                telling: tokio::spawn(telling),
            }
        });
        Tally {
            row,
            begun: Instant::now(),
            sent: Arc::default(),
            sender: open.sender.clone(),
        }
    }

    /// Waits until the vault has heard of all.
    pub(super) async fn close(&self) {
        let open = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(Open { sender, telling }) = open else {
            return;
        };
        drop(sender);
        if tokio::time::timeout(PATIENCE, telling).await.is_err() {
            let words = format!("the vault was not told of every request within {PATIENCE:?}");
            self.client.printer().warn(&words);
        }
    }
}

/// A row that is being written.
pub(super) struct Tally {
    pub(super) row: Row,
    begun: Instant,
    sent: Arc<AtomicU64>,
    sender: UnboundedSender<Row>,
}

impl Tally {
    /// Counts a body on its way to the origin, which may go on when the answer comes.
    pub(super) fn sending(&self, flow: Flow) -> Flow {
        let sent = Arc::clone(&self.sent);
        Box::pin(flow.inspect_ok(move |piece| {
            sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }))
    }

    /// Counts a body on its way back, and ends with it.
    pub(super) fn receiving(mut self, flow: Flow) -> Flow {
        Box::pin(flow.inspect_ok(move |piece| self.received(piece.len())))
    }

    fn received(&mut self, count: usize) {
        self.row.response_size += count as u64;
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.row.latency = self.begun.elapsed();
        self.row.request_size = self.sent.load(Ordering::Relaxed);
        let _ = self.sender.send(self.row.clone());
    }
}

async fn tell(client: Arc<Alter>, mut rows: UnboundedReceiver<Row>) {
    let failed = Arc::new(AtomicBool::new(false));
    let mut telling = JoinSet::new();
    while let Some(row) = rows.recv().await {
        while telling.try_join_next().is_some() {}
        if telling.len() >= AT_ONCE {
            telling.join_next().await;
        }
        let (client, failed) = (Arc::clone(&client), Arc::clone(&failed));
        telling.spawn(async move {
            if let Err(refusal) = client.audit(&row).await
                && !failed.swap(true, Ordering::Relaxed)
            {
                let words = refusal.fault().message;
                client.printer().warn(&format!(
                    "requests were made that the vault has no record of: {words}"
                ));
            }
        });
    }
    while telling.join_next().await.is_some() {}
}
