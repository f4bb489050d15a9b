//! Which inputs were the last n?

use super::indicator::Length;

/// The last n inputs.
#[derive(Debug, Clone)]
pub(crate) struct Window<I> {
    length: usize,
    /// At most `length`; once there are as many, the oldest stands at `oldest` and is the next to go.
    slots: Vec<I>,
    oldest: usize,
}

impl<I: Copy> Window<I> {
    pub(crate) fn new(length: Length) -> Self {
        Self { length: length.bars(), slots: Vec::with_capacity(length.bars()), oldest: 0 }
    }

    /// Takes the newest; returns the one that it pushes out.
    #[inline]
    pub(crate) fn push(&mut self, newest: I) -> Option<I> {
        if self.slots.len() < self.length {
            self.slots.push(newest);
            return None;
        }
        let out = std::mem::replace(&mut self.slots[self.oldest], newest);
        self.oldest += 1;
        if self.oldest == self.length {
            self.oldest = 0;
        }
        Some(out)
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.slots.len() == self.length
    }

    pub(crate) fn length(&self) -> usize {
        self.length
    }

    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.oldest = 0;
    }
}
