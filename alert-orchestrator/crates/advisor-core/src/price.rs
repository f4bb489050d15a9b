//! What was a unit of the asset worth at an instant?
//!
//! Start at [`AssetPrices::at`]. The price series has one point per instant at which any wallet has a priced sample: the
//! median over those samples. It is never built as a whole: an evaluation asks for a handful of instants, and the samples
//! may be millions.

#[cfg(test)]
mod tests;

use quant::quantile;

use crate::position::{NO_UNITS, WalletSeries};

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
        let left = self.at_or_before(t);
        if let Some(exact) = left.filter(|left| left.ts == t) {
            return Some(exact.price_usd);
        }
        match (left, self.after(t)) {
            (Some(left), Some(right)) => {
                let distance = |to: i64| to.abs_diff(left.ts) as f64;
                Some(left.price_usd + (right.price_usd - left.price_usd) * (distance(t) / distance(right.ts)))
            }
            (Some(point), None) | (None, Some(point)) => Some(point.price_usd),
            (None, None) => None,
        }
    }

    /// The newest point at or before `t`.
    pub(crate) fn at_or_before(&self, t: i64) -> Option<PricePoint> {
        let newest = self.wallets.iter().zip(self.ends(t)).filter_map(|(wallet, end)| priced(wallet, (0..end).rev()));
        point(newest, |ts, other| ts > other)
    }

    /// The oldest point after `t`.
    fn after(&self, t: i64) -> Option<PricePoint> {
        let oldest =
            self.wallets.iter().zip(self.ends(t)).filter_map(|(wallet, end)| priced(wallet, end..wallet.ts().len()));
        point(oldest, |ts, other| ts < other)
    }

    /// For each wallet, how many of its samples lie at or before `t`.
    ///
    /// Wallets are mostly sampled together, so that what held for one is tried on the next before it is searched.
    fn ends(&self, t: i64) -> impl Iterator<Item = usize> {
        let mut end = 0;
        self.wallets.iter().map(move |wallet| {
            let times = wallet.ts();
            let fits =
                end <= times.len() && (end == 0 || times[end - 1] <= t) && times.get(end).is_none_or(|ts| *ts > t);
            if !fits {
                end = times.partition_point(|ts| *ts <= t);
            }
            end
        })
    }

    /// A wallet's units at its sample `i`, as the row has them or by the asset's price then; `None` where that is not known.
    pub(crate) fn units(&self, wallet: &WalletSeries, i: usize) -> Option<f64> {
        let units = Some(wallet.units()[i]).filter(|units| *units != NO_UNITS);
        units.or_else(|| self.at(wallet.ts()[i]).map(|price| wallet.value_usd()[i] / price))
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
}

/// The first of the samples that has a price.
fn priced(wallet: &WalletSeries, mut samples: impl Iterator<Item = usize>) -> Option<PricePoint> {
    samples.find_map(|i| wallet.price_usd(i).map(|price_usd| PricePoint { ts: wallet.ts()[i], price_usd }))
}

/// The median of those samples than whose instant no other's is `nearer`.
fn point(samples: impl Iterator<Item = PricePoint>, nearer: impl Fn(i64, i64) -> bool) -> Option<PricePoint> {
    let (mut ts, mut prices) = (None, Vec::new());
    for sample in samples {
        if ts.is_none_or(|ts| nearer(sample.ts, ts)) {
            ts = Some(sample.ts);
            prices.clear();
        }
        if ts == Some(sample.ts) {
            prices.push(sample.price_usd);
        }
    }
    Some(PricePoint { ts: ts?, price_usd: median(&mut prices)? })
}

/// Wallets priced by one oracle agree, so the usual median is any of them.
fn median(prices: &mut [f64]) -> Option<f64> {
    let (first, rest) = prices.split_first()?;
    if rest.iter().all(|price| price == first) { Some(*first) } else { quantile::median(prices) }
}
