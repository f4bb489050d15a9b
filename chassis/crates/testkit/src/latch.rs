//! How is an answer held back until a test has seen what it wants to see meanwhile?
//!
//! Start at [`Latch::closed`]; a clone goes into the fault of a server, the other stays with the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use crate::wait_for;

/// Holds back every answer that comes by until it is opened, and lets all of them pass from then on.
#[derive(Clone, Debug)]
pub struct Latch {
    open: watch::Sender<bool>,
    held: Arc<AtomicUsize>,
}

impl Latch {
    /// One that lets nothing pass yet.
    pub fn closed() -> Self {
        Self { open: watch::Sender::new(false), held: Arc::default() }
    }

    /// Lets everything pass that is held back, and whatever comes later.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// How many answers are held back now; one whose client has gone away is none.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Acquire)
    }

    /// Waits until it holds something back.
    ///
    /// # Panics
    /// When nothing comes by within [`PATIENCE`](crate::PATIENCE).
    #[track_caller]
    pub fn wait_until_held(&self) {
        assert!(wait_for(|| (self.held() > 0).then_some(())).is_some(), "nothing came by to be held back");
    }

    /// Waits until it is open.
    pub async fn pass(&self) {
        let _held = Held::one(&self.held);
        // An error would mean that there is no latch any more, but this is one.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }
}

/// One answer that is held back, for as long as somebody waits for it.
struct Held<'a>(&'a AtomicUsize);

impl<'a> Held<'a> {
    fn one(held: &'a AtomicUsize) -> Self {
        held.fetch_add(1, Ordering::AcqRel);
        Self(held)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
