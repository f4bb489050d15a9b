//! The asset's corrected position over time: what its wallets would hold had nothing been moved since their baselines.
//!
//! Start at [`asset_series`]. Each wallet's corrected position is exact at its own samples; between them the corrected
//! position is interpolated, not the value, so that a flow is a step nowhere and smears nothing.

#[cfg(test)]
mod tests;

use quant::series;

use crate::gain::WalletGain;

/// The corrected position of the whole asset.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AssetSeries {
    /// The wallets' sample times, united, strictly increasing.
    pub(crate) ts: Vec<i64>,
    /// USD, one per time.
    pub(crate) usd: Vec<f64>,
}

/// The sum of the wallets' corrected positions at every sample time of any of them from `from` to `to`.
pub(crate) fn asset_series(wallets: &[WalletGain<'_>], from: i64, to: i64) -> AssetSeries {
    let ts = sample_times(wallets, from, to);
    let mut usd = vec![0.0; ts.len()];
    for wallet in wallets {
        let (times, corrected) = corrected(wallet, from);
        series::add_interpolated(times, &corrected, &ts, &mut usd);
    }
    AssetSeries { ts, usd }
}

/// The asset's position at each of the times, whatever was moved, USD.
pub(crate) fn positions_at(wallets: &[WalletGain<'_>], ts: &[i64]) -> Vec<f64> {
    let mut usd = vec![0.0; ts.len()];
    for wallet in wallets {
        series::add_interpolated(wallet.series.ts(), wallet.series.value_usd(), ts, &mut usd);
    }
    usd
}

/// The sample times of any of the wallets from `from` to `to`, strictly increasing.
pub(crate) fn sample_times(wallets: &[WalletGain<'_>], from: i64, to: i64) -> Vec<i64> {
    let within = |wallet: &WalletGain<'_>| {
        let times = wallet.series.ts();
        times.partition_point(|ts| *ts < from)..times.partition_point(|ts| *ts <= to)
    };
    let axes: Vec<&[i64]> = wallets.iter().map(|wallet| &wallet.series.ts()[within(wallet)]).collect();
    series::union(&axes)
}

/// The wallet's corrected position at its samples from the last one at or before `from` on.
pub(crate) fn corrected<'a>(wallet: &WalletGain<'a>, from: i64) -> (&'a [i64], Vec<f64>) {
    let times = wallet.series.ts();
    let start = times.partition_point(|ts| *ts <= from).saturating_sub(1);
    let mut usd = wallet.series.value_usd()[start..].to_vec();
    let times = &times[start..];
    let baseline = wallet.baseline_ts();
    let first_after = times.partition_point(|ts| *ts <= baseline);

    // Flows are summed outwards from the baseline, where the correction is exactly zero.
    let mut later = wallet.flows[wallet.counted.start..].iter().peekable();
    let mut moved = 0.0;
    for i in first_after..times.len() {
        while let Some(flow) = later.next_if(|flow| flow.effective_ts <= times[i]) {
            moved += flow.signed_usd();
        }
        usd[i] -= moved;
    }
    let mut earlier = wallet.flows[..wallet.counted.start].iter().rev().peekable();
    let mut moved = 0.0;
    for i in (0..first_after).rev() {
        while let Some(flow) = earlier.next_if(|flow| flow.effective_ts > times[i]) {
            moved += flow.signed_usd();
        }
        usd[i] += moved;
    }
    (times, usd)
}
