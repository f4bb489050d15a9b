//! How does a service do its work over and over: at once, then on schedule, until it is told to stop?
//!
//! Start at [`Work`]. Rounds have a thread and a runtime of their own, so that no [`Work`], however long, keeps a
//! request waiting. A round that takes longer than the interval makes those be left out that fell due meanwhile, and
//! the schedule does not drift: instants are counted from the first round. [`Rounds`] is what others see and ask of it:
//! when the next one is due, one before its time, and whether rounds are still being made.
//!
//! Inside: `runner` is the loop, `timetable` says when the next round is due, `liveness` whether one hangs.

mod liveness;
mod runner;
mod shared;
#[cfg(test)]
mod tests;
mod timetable;
mod work;

pub use runner::SpawnError;
pub(crate) use runner::{Handle, spawn};
pub use shared::Rounds;
pub use work::Work;
