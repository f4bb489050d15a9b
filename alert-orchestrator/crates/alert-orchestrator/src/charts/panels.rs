//! The panels: what the wallets hold, the same corrected for flows, the residuals, and their density.
//!
//! A file each. `lines` has what they draw in one way, `limits` what residuals are compared with.

mod corrected;
mod density;
mod limits;
mod lines;
mod position;
mod residuals;

pub(super) use self::corrected::corrected;
pub(super) use self::density::density;
pub(super) use self::position::position;
pub(super) use self::residuals::residuals;
