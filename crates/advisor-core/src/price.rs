//! What was a unit of the asset worth at an instant?
//!
//! Start at [`AssetPrices::at`]. The price series has one point per instant at which any wallet has a priced sample: the
//! median over those samples. It is never built as a whole: an evaluation asks for a handful of instants, and the samples
//! may be millions.

use quant::quantile;

use crate::position::WalletSeries;

/// A point of the price series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PricePoint {
    pub(crate) ts: i64,
    pub(crate) price_usd: f64,
}

/// The asset's price over time, seen through the wallets' samples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AssetPrices<'a> {
    wallets: &'a [WalletSeries],
}

impl<'a> AssetPrices<'a> {
    pub(crate) fn new(wallets: &'a [WalletSeries]) -> Self {
        Self { wallets }
    }

    /// The price at `t`: linear between points, the nearest point's outside; `None` without any point.
    pub(crate) fn at(&self, t: i64) -> Option<f64> {
        match (self.at_or_before(t), self.at_or_after(t)) {
            (Some(left), Some(right)) if left.ts < right.ts => {
                let share =
                    (i128::from(t) - i128::from(left.ts)) as f64 / (i128::from(right.ts) - i128::from(left.ts)) as f64;
                Some(left.price_usd + (right.price_usd - left.price_usd) * share)
            }
            (Some(point), _) | (None, Some(point)) => Some(point.price_usd),
            (None, None) => None,
        }
    }

    /// The newest point at or before `t`.
    pub(crate) fn at_or_before(&self, mut t: i64) -> Option<PricePoint> {
        loop {
            let newest = |wallet: &WalletSeries| {
                let after = wallet.ts().partition_point(|ts| *ts <= t);
                after.checked_sub(1).map(|i| wallet.ts()[i])
            };
            let ts = self.wallets.iter().filter_map(newest).max()?;
            if let Some(price_usd) = self.median_at(ts) {
                return Some(PricePoint { ts, price_usd });
            }
            t = ts.checked_sub(1)?;
        }
    }

    /// The oldest point at or after `t`.
    fn at_or_after(&self, mut t: i64) -> Option<PricePoint> {
        loop {
            let oldest = |wallet: &WalletSeries| wallet.ts().get(wallet.ts().partition_point(|ts| *ts < t)).copied();
            let ts = self.wallets.iter().filter_map(oldest).min()?;
            if let Some(price_usd) = self.median_at(ts) {
                return Some(PricePoint { ts, price_usd });
            }
            t = ts.checked_add(1)?;
        }
    }

    /// The points from `from` to `to`, both included, oldest first.
    pub(crate) fn points(&self, from: i64, to: i64) -> Vec<PricePoint> {
        let within = |wallet: &'a WalletSeries| {
            let start = wallet.ts().partition_point(|ts| *ts < from);
            let end = wallet.ts().partition_point(|ts| *ts <= to);
            &wallet.ts()[start..end]
        };
        let axes: Vec<&[i64]> = self.wallets.iter().map(within).collect();
        let mut cursors: Vec<usize> =
            self.wallets.iter().map(|wallet| wallet.ts().partition_point(|ts| *ts < from)).collect();
        let mut prices = Vec::with_capacity(self.wallets.len());
        let mut points = Vec::new();
        for ts in quant::series::union(&axes) {
            prices.clear();
            for (wallet, cursor) in self.wallets.iter().zip(&mut cursors) {
                if wallet.ts().get(*cursor) == Some(&ts) {
                    prices.extend(wallet.price_usd(*cursor));
                    *cursor += 1;
                }
            }
            points.extend(median(&mut prices).map(|price_usd| PricePoint { ts, price_usd }));
        }
        points
    }

    fn median_at(&self, ts: i64) -> Option<f64> {
        let at = |wallet: &WalletSeries| wallet.ts().binary_search(&ts).ok().and_then(|i| wallet.price_usd(i));
        median(&mut self.wallets.iter().filter_map(at).collect::<Vec<f64>>())
    }
}

/// Wallets priced by one oracle agree, so the usual median is any of them.
fn median(prices: &mut [f64]) -> Option<f64> {
    let (first, rest) = prices.split_first()?;
    if rest.iter().all(|price| price == first) { Some(*first) } else { quantile::median(prices) }
}
