//! How long does a test wait for what must come?
//!
//! Start at [`wait_for`]: it looks again and again, so that a test is as fast as what it waits for.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that a test waits for. Only a failing test waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `found` finds something; nothing, where it does not within [`PATIENCE`].
pub fn wait_for<T>(mut found: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(found) = found() {
            return Some(found);
        }
        thread::yield_now();
        thread::park_timeout(Duration::from_millis(5));
    }
    None
}
