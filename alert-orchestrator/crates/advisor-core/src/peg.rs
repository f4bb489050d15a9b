//! Is any known price of the asset too far from its peg?
//!
//! Start at `check`. Pure: prices in, [`PegFigures`] of the one that is furthest away out. Every price counts, compared with
//! others or not: one source that has seen the coin slide is enough to wait.
//! Elsewhere: whether prices agree with each other is [`crate::price_check`]; what follows is [`crate::advice`].

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::price_check::{PriceSource, SourcePrice, is_price};
use crate::rules::Peg;

/// The price that is furthest from the peg.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PegFigures {
    /// USD per unit.
    pub price_usd: f64,
    /// Whose price it is.
    pub source: PriceSource,
    /// The price it should have.
    pub target_usd: f64,
    /// Distance between them, basis points of the target.
    pub deviation_bps: f64,
    /// The largest distance that does not hold.
    pub max_deviation_bps: f64,
    /// Whether it is further away.
    pub off_peg: bool,
}

/// What binary fractions add to a distance: 0.99 is 100.00000000000009 bps from 1.
const ROUNDING_BPS: f64 = 1e-9;

/// How far a price is from its peg, basis points of the target.
pub(crate) fn deviation_bps(price_usd: f64, peg: Peg) -> f64 {
    (price_usd / peg.target_usd - 1.0).abs() * 1e4
}

/// Whether that is too far.
pub(crate) fn is_off(price_usd: f64, peg: Peg) -> bool {
    deviation_bps(price_usd, peg) > peg.max_deviation_bps + ROUNDING_BPS
}

/// The price that is furthest from the peg, of several as far the first; `None` without any.
pub(crate) fn check(prices: impl IntoIterator<Item = SourcePrice>, peg: Peg) -> Option<PegFigures> {
    let usable = prices.into_iter().filter(|price| is_price(price.price_usd));
    let measured = usable.map(|SourcePrice { source, price_usd, .. }| PegFigures {
        price_usd,
        source,
        target_usd: peg.target_usd,
        deviation_bps: deviation_bps(price_usd, peg),
        max_deviation_bps: peg.max_deviation_bps,
        off_peg: is_off(price_usd, peg),
    });
    measured.reduce(|furthest, other| if other.deviation_bps > furthest.deviation_bps { other } else { furthest })
}
