//! The withdrawal advisor's rule: positions, flows and prices in, advice with every intermediate figure out.
//!
//! Start at [`advice::advise`]. Pure: no clock, no runtime, no client; stores are reached through the port in [`store`].
//! The steps of one evaluation, in order: [`resolve`] a name to tables, find the [`mod@reference`], load positions and flows, then
//! gains per wallet, the asset's corrected series, the [`gate`] over it, the comparison of prices ([`price_check`]), and the
//! [`decision`]. What charts show of it is a [`drawing`]. Beside the evaluation, [`sync`] tells which transactions of the
//! lending market are to be stored, [`coverage`] how far they are known, and [`marks`] whether an answer still goes by the marks that
//! are set.
#![deny(missing_docs)]

pub mod advice;
mod alignment;
mod corrected;
pub mod coverage;
pub mod decision;
pub mod drawing;
mod figures;
pub mod flow;
mod gain;
pub mod gate;
mod growth;
pub mod journal;
pub mod keys;
pub mod ledger;
pub mod marks;
pub mod outlook;
mod overdrawn;
pub mod peg;
pub mod position;
mod price;
pub mod price_check;
pub mod reference;
pub mod refused;
pub mod resolve;
mod rises;
pub mod rules;
mod standstill;
pub mod store;
pub mod sync;
#[cfg(feature = "test-support")]
pub mod test_support;
pub mod time;
mod unknown;
pub mod usable;
mod valued;
pub mod warning;
mod warnings;
pub mod window;
