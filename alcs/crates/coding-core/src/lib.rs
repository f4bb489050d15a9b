//! What is a model's work worth, may it pass, and what comes next?
//!
//! Everything here is a pure function of its arguments: no clock, no files, no randomness. Start at [`evidence`] for
//! what is known of an iteration, at [`score`] and [`gate`] for what it is worth, and at [`decide`] for what follows.
//! No model's opinion passes work: it can only take points, and block.
#![deny(missing_docs)]

pub mod answer;
pub mod decide;
pub mod defect;
pub mod edit;
pub mod evidence;
pub mod fence;
pub mod gate;
pub mod score;
pub mod secrets;
pub mod state;
pub mod trend;
pub mod work;
