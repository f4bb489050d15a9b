//! Does a withdrawal take out more than can have been there? Then its amount is wrong: in base units, or of another
//! wallet.

use std::ops::Range;

use jiff::tz::TimeZone;

use crate::flow::Direction;
use crate::growth::YEAR;
use crate::position::WalletSeries;
use crate::price::AssetPrices;
use crate::rules::Rules;
use crate::valued::ValuedFlow;
use crate::{keys, time};

/// How much more may be rounding, or a price.
const TOLERANCE: f64 = 5e-3;
/// The rate that is taken where none is configured, as a fraction a year.
const ANY_APY: f64 = 1.0;

/// A sentence about the first of the `counted` withdrawals of a wallet that is larger than can be; `None`: there is
/// none.
///
/// There can have been the most units of the newest sample at or before it and of those within the lag before, with
/// interest, and the deposits that may not yet be in that sample, or be recorded later than they were made.
pub(crate) fn overdrawn(
    wallet: &WalletSeries,
    baseline: usize,
    flows: &[ValuedFlow],
    counted: Range<usize>,
    prices: &AssetPrices<'_>,
    rules: &Rules,
) -> Option<String> {
    let mut withdrawals = flows[counted.clone()].iter().filter(|flow| flow.direction == Direction::Withdrawal);
    withdrawals.find_map(|flow| {
        let units = flow.units?;
        let most = most_at(wallet, baseline, &flows[counted.start..], flow.ts, prices, rules)?;
        (units > most.units).then(|| describe(wallet, flow, units, &most, &rules.zone))
    })
}

/// The most that can have been in a wallet.
struct Most {
    units: f64,
    /// Units of the sample it was taken from, and when that was.
    sample: (f64, i64),
}

fn most_at(
    wallet: &WalletSeries,
    baseline: usize,
    flows: &[ValuedFlow],
    t: i64,
    prices: &AssetPrices<'_>,
    rules: &Rules,
) -> Option<Most> {
    let times = wallet.ts();
    let lag = time::hours(rules.flow_lag_hours);
    let end = times.partition_point(|ts| *ts <= t);
    // One that is recorded late is no longer in the newest sample.
    let start = times[..end].partition_point(|ts| *ts <= t.saturating_sub(lag)).saturating_sub(1);
    // What was before the baseline may not have been read.
    let recent = start.max(baseline)..end;
    let samples = recent.filter_map(|i| Some((prices.units(wallet, i)?, times[i])));
    let (units, at) = samples.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let window = at.saturating_sub(lag)..=t.saturating_add(lag);
    let deposits = flows.iter().filter(|flow| flow.direction == Direction::Deposit);
    let paid_in: f64 = deposits.filter(|flow| window.contains(&flow.effective_ts)).filter_map(|flow| flow.units).sum();
    let interest = 1.0 + rules.max_supply_apy.unwrap_or(ANY_APY) * (t.saturating_sub(at) as f64 / YEAR);
    Some(Most { units: (units + paid_in) * interest * (1.0 + TOLERANCE), sample: (units, at) })
}

fn describe(wallet: &WalletSeries, flow: &ValuedFlow, units: f64, most: &Most, zone: &TimeZone) -> String {
    let tx = flow.tx_hash.as_ref().map(|hash| format!(" (tx {})", keys::quoted(hash))).unwrap_or_default();
    let (had, at) = most.sample;
    let [withdrawn_at, at] = [flow.ts, at].map(|ts| time::shown_nanos(ts, zone));
    format!(
        "withdrawal at {withdrawn_at} of wallet {:?} of amount {}{tx} takes out {units:.2} units, and \
         {:.2} at most can have been there ({had:.2} at {at}): is it in base units, or another wallet's?",
        wallet.address(),
        flow.amount,
        most.units
    )
}
