//! The whole rule, from rows to advice, through the crate's public face.

mod decisions;
mod doubt;
mod gains;
mod golden;
mod history;
mod invariants;
mod random;
mod references;
