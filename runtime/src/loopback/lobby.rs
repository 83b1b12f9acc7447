//! Who is let in: how many connections a route bears, and which of them go when there are more.
//!
//! ```text
//!            capability
//! stranger ─────────────▶ busy ◀───▶ idle
//! (few: the newest         │         (the longest idle goes,
//!  pushes out the oldest)  │          where there are too many)
//!                          └──▶ a seat for each request that is carried; the others wait
//! ```
//!
//! Whoever is on this machine can connect, and the server alone can show the capability. So who has not
//! shown it takes nothing that another needs: a place among few, for a moment if there are many that
//! want one. Who has shown it is never turned away, and waits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::AbortHandle;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use super::Limits;

/// How long a stranger is heard before another pushes it out.
const MOMENT: Duration = Duration::from_millis(50);

/// The connections of a route.
#[derive(Debug)]
pub(super) struct Lobby {
    limits: Limits,
    crowd: Mutex<Crowd>,
    /// Told when there may be room.
    changed: Notify,
    seats: Semaphore,
}

#[derive(Debug, Default)]
struct Crowd {
    /// What the next is called by; who has come first is called by less.
    next: u64,
    strangers: BTreeMap<u64, (Instant, AbortHandle)>,
    idle: BTreeMap<u64, AbortHandle>,
    /// Those that have shown the capability, idle ones too.
    known: usize,
}

/// Whether there is room for another.
enum Room {
    Free,
    /// Somebody was pushed out for it.
    Made,
    /// Not before then, or before somebody goes.
    From(Instant),
    /// Not before somebody goes.
    None,
}

impl Lobby {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            crowd: Mutex::default(),
            changed: Notify::new(),
            seats: Semaphore::new(limits.seats),
        })
    }

    /// Waits until there is room for another connection, and tells whether one was pushed out for it.
    pub(super) async fn room(&self) -> bool {
        loop {
            let room = self.crowd().room(&self.limits);
            match room {
                Room::Free => return false,
                Room::Made => return true,
                Room::From(time) => tokio::select! {
                    () = sleep_until(time) => {}
                    () = self.changed.notified() => {}
                },
                Room::None => self.changed.notified().await,
            }
        }
    }

    /// Lets a connection in, which ends when it is aborted.
    pub(super) fn enter(self: &Arc<Self>, handle: AbortHandle) -> Guest {
        let mut crowd = self.crowd();
        let name = crowd.name();
        let entry = (Instant::now(), handle.clone());
        crowd.strangers.insert(name, entry);
        Guest {
            lobby: Arc::clone(self),
            handle,
            place: Place::Stranger(name),
        }
    }

    /// A seat for a request; none if all are taken.
    pub(super) fn free_seat(&self) -> Option<SemaphorePermit<'_>> {
        self.seats.try_acquire().ok()
    }

    /// A seat for a request, whenever it is its turn.
    pub(super) async fn seat(&self) -> Option<SemaphorePermit<'_>> {
        self.seats.acquire().await.ok()
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Crowd {
    fn name(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn room(&mut self, limits: &Limits) -> Room {
        if self.strangers.len() >= limits.strangers
            && let Some(oldest) = self.strangers.first_entry()
        {
            let from = oldest.get().0 + MOMENT;
            if Instant::now() < from {
                return Room::From(from);
            }
            oldest.remove().1.abort();
            return Room::Made;
        }
        if self.known < limits.connections {
            return Room::Free;
        }
        let Some((_, handle)) = self.idle.pop_first() else {
            return Room::None;
        };
        handle.abort();
        self.known -= 1;
        Room::Free
    }
}

/// A connection that was let in. Its place is another's when this is dropped.
#[derive(Debug)]
pub(super) struct Guest {
    lobby: Arc<Lobby>,
    handle: AbortHandle,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Stranger(u64),
    Busy,
    Idle(u64),
    /// It was pushed out.
    Nowhere,
}

impl Guest {
    /// Whether it is not known yet to be the server's.
    pub(super) fn is_stranger(&self) -> bool {
        matches!(self.place, Place::Stranger(_))
    }

    /// Takes it for the server's, with a request under way. False if it was pushed out meanwhile.
    pub(super) fn shows(&mut self) -> bool {
        let mut crowd = self.lobby.crowd();
        let is_in = match self.place {
            Place::Stranger(name) => {
                let is_in = crowd.strangers.remove(&name).is_some();
                crowd.known += usize::from(is_in);
                is_in
            }
            Place::Idle(name) => crowd.idle.remove(&name).is_some(),
            Place::Busy => true,
            Place::Nowhere => false,
        };
        drop(crowd);
        if self.is_stranger() {
            self.lobby.changed.notify_one();
        }
        self.place = match is_in {
            true => Place::Busy,
            false => Place::Nowhere,
        };
        is_in
    }

    /// Has nothing to do until there is another request.
    pub(super) fn rests(&mut self) {
        if self.place != Place::Busy {
            return;
        }
        let mut crowd = self.lobby.crowd();
        let name = crowd.name();
        crowd.idle.insert(name, self.handle.clone());
        let is_full = crowd.known >= self.lobby.limits.connections;
        drop(crowd);
        self.place = Place::Idle(name);
        if is_full {
            self.lobby.changed.notify_one();
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut crowd = self.lobby.crowd();
        let was_known = match self.place {
            Place::Stranger(name) => {
                crowd.strangers.remove(&name);
                false
            }
            Place::Busy => true,
            Place::Idle(name) => crowd.idle.remove(&name).is_some(),
            Place::Nowhere => false,
        };
        crowd.known -= usize::from(was_known);
        drop(crowd);
        self.lobby.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;
    use crate::loopback::LIMITS;

    const SHORT: Duration = Duration::from_millis(10);

    fn lobby(strangers: usize, connections: usize) -> Arc<Lobby> {
        Lobby::new(Limits {
            strangers,
            connections,
            ..LIMITS
        })
    }

    async fn enter(lobby: &Arc<Lobby>) -> (Guest, AbortHandle) {
        lobby.room().await;
        let (handle, _) = AbortHandle::new_pair();
        (lobby.enter(handle.clone()), handle)
    }

    #[tokio::test]
    async fn the_newest_stranger_pushes_out_the_oldest_once_that_had_its_moment() {
        let lobby = lobby(2, 9);
        let (mut first, first_handle) = enter(&lobby).await;
        let (mut second, second_handle) = enter(&lobby).await;
        let begun = Instant::now();
        assert!(timeout(MOMENT / 2, lobby.room()).await.is_err());
        assert!(lobby.room().await);
        assert!(begun.elapsed() >= MOMENT);
        assert!(first_handle.is_aborted() && !second_handle.is_aborted());
        // Too late.
        assert!(!first.shows());
        assert!(second.shows());
        drop((first, second));
        assert_eq!(lobby.crowd().known, 0);
    }

    #[tokio::test]
    async fn who_has_shown_the_capability_is_pushed_out_only_while_idle() {
        let lobby = lobby(2, 2);
        let (mut first, first_handle) = enter(&lobby).await;
        let (mut second, second_handle) = enter(&lobby).await;
        assert!(first.shows() && second.shows());
        // Neither for strangers nor for others of its kind.
        assert!(timeout(SHORT, lobby.room()).await.is_err());
        second.rests();
        first.rests();
        let (third, _) = enter(&lobby).await;
        assert!(second_handle.is_aborted() && !first_handle.is_aborted());
        assert!(first.shows() && !second.shows());
        drop((first, second, third));
        let crowd = lobby.crowd();
        assert_eq!(
            (crowd.known, crowd.strangers.len(), crowd.idle.len()),
            (0, 0, 0)
        );
    }

    #[tokio::test]
    async fn there_is_room_when_somebody_goes() {
        let lobby = lobby(9, 1);
        let (mut first, _) = enter(&lobby).await;
        assert!(first.shows());
        let (waiting, ()) = tokio::join!(enter(&lobby), async {
            tokio::time::sleep(SHORT).await;
            drop(first);
        });
        assert!(waiting.0.is_stranger());
    }
}
