//! What is hashed of a run: orders, fills and N, as bytes.

use sha2::{Digest as _, Sha256};

use super::record::{Cause, Fill, Order};

/// Bytes that are collected before they are hashed: much more than one record, and a whole number of the hash's blocks.
const COLLECTED: usize = 4096;

/// Takes bytes, and is their SHA-256 in the end.
#[derive(Default)]
pub(super) struct HashSink {
    hash: Sha256,
    collected: Vec<u8>,
}

impl HashSink {
    #[inline]
    pub(super) fn put(&mut self, bytes: &[u8]) {
        if self.collected.len() + bytes.len() > COLLECTED {
            self.flush();
        }
        self.collected.extend_from_slice(bytes);
    }

    pub(super) fn finish(mut self) -> [u8; 32] {
        self.flush();
        self.hash.finalize().into()
    }

    #[cold]
    fn flush(&mut self) {
        self.hash.update(&self.collected);
        self.collected.clear();
    }

    /// A text is followed by a byte that is in none, so that two of them in a row are told apart.
    fn put_name(&mut self, name: &str) {
        self.put(name.as_bytes());
        self.put(&[0]);
    }
}

impl Order {
    /// What it is and what became of it; the reasons of that are no part of a result. A limit is above 0.
    pub(super) fn put(&self, hash: &mut HashSink) {
        let Self {
            decided_at,
            strategy,
            market,
            side,
            cause,
            limit,
            quantity,
            clipped_by: _,
            filled,
            state,
            unfilled: _,
        } = self;
        let target = if let Cause::Target(number) = cause { *number } else { 0 };
        hash.put_name("order");
        hash.put_name(cause.kind());
        hash.put(&target.to_le_bytes());
        hash.put(&[*side as u8, *state as u8]);
        hash.put(&decided_at.to_le_bytes());
        hash.put(&limit.unwrap_or(0).to_le_bytes());
        for place in [strategy, market] {
            hash.put(&(*place as u64).to_le_bytes());
        }
        for count in [quantity, filled] {
            hash.put(&count.to_le_bytes());
        }
    }
}

impl Fill {
    /// All of it.
    pub(super) fn put(&self, hash: &mut HashSink) {
        let Self { at, order, price, quantity, fee, base_fee } = self;
        hash.put_name("fill");
        hash.put(&at.to_le_bytes());
        hash.put(&(*order as u64).to_le_bytes());
        hash.put(&price.to_le_bytes());
        for count in [quantity, fee, base_fee] {
            hash.put(&count.to_le_bytes());
        }
    }
}
