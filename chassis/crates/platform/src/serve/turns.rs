//! How many may do something at once, and how many wait for it?

use tokio::sync::{Semaphore, SemaphorePermit};

/// Turns at something that takes a while: so many have theirs at once, so many more wait, and the rest is refused.
#[derive(Debug)]
pub struct Turns {
    at_once: Semaphore,
    /// Those that have their turn, and those that wait.
    places: Semaphore,
}

/// The right to do it, which lasts until it is dropped.
#[derive(Debug)]
pub struct Turn<'t> {
    _place: SemaphorePermit<'t>,
    _turn: SemaphorePermit<'t>,
}

impl Turns {
    /// For `at_once`, while `waiting` wait.
    pub fn new(at_once: usize, waiting: usize) -> Self {
        Self { at_once: Semaphore::new(at_once), places: Semaphore::new(at_once + waiting) }
    }

    /// The next turn, in the order in which it was asked for; `None` where too many wait for theirs.
    pub async fn take(&self) -> Option<Turn<'_>> {
        let place = self.places.try_acquire().ok()?;
        Some(Turn { _place: place, _turn: self.at_once.acquire().await.ok()? })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn so_many_have_their_turn_so_many_wait_and_the_rest_is_refused() {
        let turns = Turns::new(2, 1);
        let first = turns.take().await.unwrap();
        let _second = turns.take().await.unwrap();
        let is_free = Cell::new(false);
        let third = async { (turns.take().await, is_free.get()) };
        let free = async {
            assert!(turns.take().await.is_none(), "one too many");
            is_free.set(true);
            drop(first);
        };
        let ((third, waited), ()) = tokio::join!(biased; third, free);
        assert!(waited, "two had their turn already");
        drop(third.unwrap());
        assert!(turns.take().await.is_some());
    }
}
