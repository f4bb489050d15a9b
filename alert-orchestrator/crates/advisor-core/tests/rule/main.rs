//! The whole rule, from rows to advice, through the crate's public face.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that cannot read its case must fail the test")]

mod band;
mod clock;
mod coverage;
mod decisions;
mod doubt;
mod drawing;
mod drawing_random;
mod gains;
mod golden;
mod growth;
mod history;
mod impossible;
mod invariants;
mod prices;
mod random;
mod references;
mod standstill;
mod warnings;
mod window;
mod zone;
