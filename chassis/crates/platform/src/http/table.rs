//! Which connections are there, and which of them gives way?
//!
//! A [`Slot`] is what the accept loop, a connection and its byte stream know of each other: a few atomics, so that a request
//! costs two stores and no lock. The [`Table`] holds the slots; when it is full, the one idle longest is told to leave.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::limits::Limits;

/// In place of "idle since": a request is in progress, or the connection was told to leave.
const BUSY: u64 = u64::MAX;
const LEFT: u64 = u64::MAX - 1;
/// In place of "since": it is not so.
const NEVER: u64 = 0;

/// The connections there are, at most [`Limits::connections`].
#[derive(Debug)]
pub(super) struct Table {
    clock: Clock,
    capacity: usize,
    slots: Mutex<Vec<Arc<Slot>>>,
    room: Arc<Room>,
}

/// Where the accept loop waits while every connection is busy.
#[derive(Debug, Default)]
struct Room {
    is_awaited: AtomicBool,
    made: Notify,
}

/// What is known of one connection; times are microseconds of the table's clock.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) peer: SocketAddr,
    clock: Clock,
    accepted_at: u64,
    /// Since when it has had nothing to do but wait for a request, [`BUSY`] or [`LEFT`].
    idle_since: AtomicU64,
    /// The answer to the last request has been made, and is being sent.
    is_answered: AtomicBool,
    /// When the first byte of a request came whose head is not complete, or [`NEVER`].
    head_since: AtomicU64,
    /// Since when the peer has not taken a byte of what is to be sent, or [`NEVER`].
    blocked_since: AtomicU64,
    told: Notify,
    room: Arc<Room>,
}

/// Why a connection has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    /// The head of a request was begun and not finished.
    Head,
    /// The peer does not take the answer.
    Answer,
    /// No further request came; nothing is wrong with that.
    Idle,
}

/// Microseconds since the table was made, plus one: 0 is [`NEVER`].
#[derive(Debug, Clone, Copy)]
struct Clock(Instant);

impl Clock {
    fn now(self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(LEFT - 1).saturating_add(1)
    }

    fn instant(self, micros: u64) -> Instant {
        self.0 + Duration::from_micros(micros - 1)
    }
}

impl Table {
    pub(super) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self { clock: Clock(Instant::now()), capacity, slots: Mutex::default(), room: Arc::default() })
    }

    /// A place for a new connection, and who gave way for it; `None`: all are busy.
    pub(super) fn enter(&self, peer: SocketAddr) -> Option<(Arc<Slot>, Option<SocketAddr>)> {
        let mut slots = self.slots();
        let left = match slots.len() < self.capacity {
            true => None,
            false => Some(let_go_of_idlest(&mut slots)?),
        };
        let now = self.clock.now();
        let slot = Arc::new(Slot {
            peer,
            clock: self.clock,
            accepted_at: now,
            idle_since: AtomicU64::new(now),
            is_answered: AtomicBool::new(false),
            head_since: AtomicU64::new(NEVER),
            blocked_since: AtomicU64::new(NEVER),
            told: Notify::new(),
            room: Arc::clone(&self.room),
        });
        slots.push(Arc::clone(&slot));
        Some((slot, left))
    }

    /// Tells the connection idle longest to leave, whether or not there is room; `None`: all are busy.
    pub(super) fn make_room(&self) -> Option<SocketAddr> {
        let_go_of_idlest(&mut self.slots())
    }

    /// Takes a connection that ended out of the table.
    pub(super) fn leave(&self, slot: &Arc<Slot>) {
        let mut slots = self.slots();
        if let Some(index) = slots.iter().position(|other| Arc::ptr_eq(other, slot)) {
            slots.swap_remove(index);
        }
        drop(slots);
        self.room.made.notify_one();
    }

    /// Tells every connection to end: at once, or after the request it is busy with.
    pub(super) fn stop(&self) {
        for slot in self.slots().iter() {
            slot.let_go();
            slot.told.notify_one();
        }
    }

    /// Comes back when a connection may have ended, or become idle, that `enter` did not find.
    pub(super) async fn freed(&self) {
        self.room.is_awaited.store(true, SeqCst);
        // A connection that became idle before it could see that it is awaited tells nobody: look again soon.
        drop(tokio::time::timeout(Duration::from_millis(100), self.room.made.notified()).await);
        self.room.is_awaited.store(false, SeqCst);
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn let_go_of_idlest(slots: &mut Vec<Arc<Slot>>) -> Option<SocketAddr> {
    loop {
        let idle = slots.iter().enumerate().map(|(index, slot)| (slot.idle_since.load(SeqCst), index));
        let (_, index) = idle.filter(|(since, _)| *since < LEFT).min()?;
        // It may have got a request in this very moment; then it is another's turn.
        if slots[index].let_go() {
            let slot = slots.swap_remove(index);
            slot.told.notify_one();
            return Some(slot.peer);
        }
    }
}

impl Slot {
    /// Comes back when the connection was told to end; then [`Slot::has_left`] says whether at once.
    pub(super) fn told(&self) -> Notified<'_> {
        self.told.notified()
    }

    /// The address of the peer, as the log says it.
    pub(super) fn client(&self) -> IpAddr {
        self.peer.ip().to_canonical()
    }

    pub(super) fn has_left(&self) -> bool {
        self.idle_since.load(SeqCst) == LEFT
    }

    /// Makes an idle connection one that has left; `false` where it is not idle.
    fn let_go(&self) -> bool {
        self.idle_since.fetch_update(SeqCst, SeqCst, |since| (since < LEFT).then_some(LEFT)).is_ok()
    }

    /// A request's head is complete. Gives the instant its first byte came, or `None` where the connection has been told to leave.
    pub(super) fn begin(&self) -> Option<Instant> {
        self.idle_since.fetch_update(SeqCst, SeqCst, |since| (since != LEFT).then_some(BUSY)).ok()?;
        self.is_answered.store(false, SeqCst);
        match self.head_since.swap(NEVER, SeqCst) {
            // It came along with the request before.
            NEVER => Some(Instant::now()),
            since => Some(self.clock.instant(since)),
        }
    }

    /// The answer to the request has been made, or there will be none.
    pub(super) fn answered(&self) {
        self.is_answered.store(true, SeqCst);
    }

    /// Everything that was to be sent has been sent: with the answer, the request is done.
    pub(super) fn sent(&self) {
        if self.is_answered.swap(false, SeqCst) {
            self.idle_since.store(self.clock.now(), SeqCst);
            if self.room.is_awaited.load(SeqCst) {
                self.room.made.notify_one();
            }
        }
    }

    /// Bytes came from the peer.
    pub(super) fn received(&self) {
        if self.idle_since.load(SeqCst) < LEFT && self.head_since.load(SeqCst) == NEVER {
            self.head_since.store(self.clock.now(), SeqCst);
        }
    }

    /// The peer takes what is sent to it, or does not.
    pub(super) fn sending(&self, is_blocked: bool) {
        let was_blocked = self.blocked_since.load(SeqCst) != NEVER;
        if was_blocked != is_blocked {
            self.blocked_since.store(if is_blocked { self.clock.now() } else { NEVER }, SeqCst);
        }
    }

    /// Whether the connection has to end, or when to ask again.
    pub(super) fn check(&self, limits: &Limits) -> Result<Instant, Late> {
        let now = Instant::now();
        let in_time = |since: u64, limit: Duration, late: Late| {
            let deadline = self.clock.instant(since) + limit;
            if deadline <= now { Err(late) } else { Ok(deadline) }
        };
        let mut next = now + limits.request_time;
        let (head, blocked) = (self.head_since.load(SeqCst), self.blocked_since.load(SeqCst));
        if blocked != NEVER {
            next = next.min(in_time(blocked, limits.request_time, Late::Answer)?);
        }
        match self.idle_since.load(SeqCst) {
            BUSY | LEFT => {}
            _ if head != NEVER => next = next.min(in_time(head, limits.request_time, Late::Head)?),
            // A new connection has as long for its first request as that may take.
            since if since == self.accepted_at => next = next.min(in_time(since, limits.request_time, Late::Idle)?),
            since => next = next.min(in_time(since, limits.idle_time, Late::Idle)?),
        }
        Ok(next)
    }
}
