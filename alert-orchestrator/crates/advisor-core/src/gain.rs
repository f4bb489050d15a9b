//! What did each wallet gain since the reference, corrected for what was paid in and taken out?
//!
//! Start at [`wallet_gains`]: it checks the flows, values them at the asset's price at their own time, places them by
//! the configured alignment, and sums up each wallet. A flow that cannot be read would turn principal into gain, so one
//! inside a wallet's interval is an error; outside it is left out with a warning.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::alignment::possible_times;
use crate::flow::{Direction, EARLIEST, FlowRow};
use crate::overdrawn::overdrawn;
use crate::position::{WalletSeries, is_address};
use crate::price::AssetPrices;
use crate::rules::{Alignment, Rules};
use crate::usable::{Alike, Unusable, usable, without_doubles};
use crate::valued::{ValuedFlow, value};
use crate::{keys, time};

/// One wallet with a baseline, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct WalletGain<'a> {
    pub(crate) series: &'a WalletSeries,
    /// Index of the baseline sample.
    pub(crate) baseline: usize,
    /// All usable flows of the wallet, in order of the instants at which they count.
    pub(crate) flows: Vec<ValuedFlow>,
    /// Indices of the flows inside (baseline, newest].
    pub(crate) counted: std::ops::Range<usize>,
    pub(crate) deposits_usd: f64,
    pub(crate) withdrawals_usd: f64,
    /// U: of the withdrawals those without a mark, USD. They may have been gain.
    pub(crate) untagged_usd: f64,
    pub(crate) gain_usd: f64,
}

impl WalletGain<'_> {
    pub(crate) fn baseline_ts(&self) -> i64 {
        self.series.ts()[self.baseline]
    }

    pub(crate) fn newest_ts(&self) -> i64 {
        self.series.ts()[self.series.ts().len() - 1]
    }

    pub(crate) fn baseline_usd(&self) -> f64 {
        self.series.value_usd()[self.baseline]
    }

    pub(crate) fn newest_usd(&self) -> f64 {
        self.series.value_usd()[self.series.ts().len() - 1]
    }
}

/// The flow tables of an asset, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlowTables<'a> {
    pub(crate) deposits: (&'a str, &'a [FlowRow]),
    pub(crate) withdrawals: (&'a str, &'a [FlowRow]),
    /// Start of what was loaded. Withdrawals are read back to the oldest, to find the reference; one from before the
    /// samples has no step of its own among them, and looking for it could only find another flow's.
    pub(crate) since: Option<i64>,
    /// The machine's time, nanoseconds since the epoch.
    pub(crate) now: i64,
}

impl FlowTables<'_> {
    /// Whether a row is among what was loaded, or has a time that no flow has.
    fn is_loaded(&self, row: &FlowRow) -> bool {
        row.ts.zip(self.since).is_none_or(|(ts, since)| since <= ts || ts < EARLIEST)
    }
}

/// What [`wallet_gains`] found.
#[derive(Debug, Default)]
pub(crate) struct Gains<'a> {
    pub(crate) wallets: Vec<WalletGain<'a>>,
    /// Wallets without a sample at or after the reference.
    pub(crate) without_baseline: Vec<&'a Arc<str>>,
    /// Unusable flows outside every interval; they can only blur the gate's window.
    pub(crate) unusable_outside: usize,
    /// Flows since the reference whose wallet has no sample since then.
    pub(crate) without_samples: Vec<(Direction, &'a FlowRow)>,
    /// Rows that may be one flow: of withdrawals the second does not count.
    pub(crate) alike: Vec<(Direction, Alike<'a>)>,
}

/// Gains of every wallet since its first sample at or after `t0`.
///
/// # Errors
/// A sentence about the first flow whose time cannot be, or which, inside a wallet's interval, has no usable wallet or
/// amount or takes out more than was there, about a deposit of nothing or less there, or about a flow that no price can
/// value.
pub(crate) fn wallet_gains<'a>(
    wallets: &'a [WalletSeries],
    flows: FlowTables<'a>,
    t0: i64,
    rules: &Rules,
) -> Result<Gains<'a>, String> {
    let baseline = |wallet: &WalletSeries| wallet.ts().partition_point(|ts| *ts < t0);
    let (tracked, lost): (Vec<_>, Vec<_>) = wallets.iter().partition(|wallet| baseline(wallet) < wallet.ts().len());
    let prices = AssetPrices::new(wallets);
    let mut gains = Gains::default();
    let mut valued: BTreeMap<&str, Vec<ValuedFlow>> = BTreeMap::new();
    for (direction, (table, rows)) in [(Direction::Deposit, flows.deposits), (Direction::Withdrawal, flows.withdrawals)]
    {
        let mut found = Vec::new();
        for row in rows.iter().filter(|row| flows.is_loaded(row)) {
            match usable(row, direction, flows.now, rules) {
                Ok(flow) => found.push(flow),
                Err(why) => {
                    if tracked.iter().any(|wallet| may_count(row, why, wallet, baseline(wallet), direction, rules)) {
                        return Err(describe(row, direction, table, why.cause, &rules.zone));
                    }
                    gains.unusable_outside += 1;
                }
            }
        }
        let (once, alike) = without_doubles(found, direction);
        gains.alike.extend(alike.into_iter().map(|pair| (direction, pair)));
        for flow in once {
            match tracked.binary_search_by(|wallet| (**wallet.address()).cmp(&*flow.wallet)) {
                Ok(i) => {
                    let series = tracked[i];
                    let value = value(&flow, series, direction, &prices, rules);
                    let value = value.map_err(|cause| describe(flow.row, direction, table, cause, &rules.zone))?;
                    valued.entry(series.address()).or_default().push(value);
                }
                Err(_) if flow.ts >= t0 => gains.without_samples.push((direction, flow.row)),
                Err(_) => {}
            }
        }
    }
    for series in tracked {
        let flows_of = valued.remove(&**series.address()).unwrap_or_default();
        let wallet = wallet_gain(series, baseline(series), flows_of);
        if let Some(cause) = overdrawn(series, wallet.baseline, &wallet.flows, wallet.counted.clone(), &prices, rules) {
            return Err(format!("table {}: {cause}; correct or remove the row", flows.withdrawals.0));
        }
        gains.wallets.push(wallet);
    }
    gains.without_baseline = lost.into_iter().map(WalletSeries::address).collect();
    Ok(gains)
}

/// Whether an unusable row may belong into the wallet's interval, as far as what is left of it tells.
fn may_count(
    row: &FlowRow,
    why: Unusable,
    series: &WalletSeries,
    baseline: usize,
    direction: Direction,
    rules: &Rules,
) -> bool {
    let times = series.ts();
    let (from, to) = (times[baseline], times[times.len() - 1]);
    let names_another = |wallet: &str| is_address(wallet) && *keys::wallet(wallet) != **series.address();
    if row.wallet.as_deref().is_some_and(names_another) {
        return false;
    }
    // A flow whose time is wrong belongs who knows where, also before the first sample and after the last.
    let Some(ts) = row.ts.filter(|_| !why.is_time) else { return true };
    if from == to {
        return false;
    }
    let inside = |ts: i64| from < ts && ts <= to;
    match rules.alignment {
        Alignment::None => inside(ts),
        method => inside(ts) || possible_times(method, series, ts, direction).into_iter().any(inside),
    }
}

fn describe(row: &FlowRow, direction: Direction, table: &str, cause: &str, zone: &TimeZone) -> String {
    use std::fmt::Write as _;
    let mut text = format!("table {table}: {direction}");
    // Writing to a string cannot fail.
    let _ = row.ts.map(|ts| write!(text, " at {}", time::shown_nanos(ts, zone)));
    let _ = row.wallet.as_deref().map(|wallet| write!(text, " of wallet {}", keys::quoted(wallet)));
    let _ = row.amount.map(|amount| write!(text, " of amount {amount}"));
    let _ = row.tx_hash.as_deref().map(|hash| write!(text, " (tx {})", keys::quoted(hash)));
    text + " " + cause + "; correct or remove the row"
}

fn wallet_gain(series: &WalletSeries, baseline: usize, mut flows: Vec<ValuedFlow>) -> WalletGain<'_> {
    let begin = series.ts()[baseline];
    for flow in &mut flows {
        // What came after the baseline is not inside its value, wherever its step was found.
        if begin < flow.ts && flow.effective_ts <= begin {
            flow.effective_ts = series.ts().get(baseline + 1).copied().unwrap_or(flow.ts);
        }
    }
    // A total order, so that the order of rows in a store never changes a sum.
    flows.sort_by(|a, b| {
        let key = |flow: &ValuedFlow| (flow.effective_ts, flow.ts, flow.direction);
        key(a).cmp(&key(b)).then(a.usd.total_cmp(&b.usd)).then_with(|| a.tx_hash.cmp(&b.tx_hash))
    });
    let (values, times) = (series.value_usd(), series.ts());
    let newest = times.len() - 1;
    let after = |ts: i64| flows.partition_point(|flow| flow.effective_ts <= ts);
    let counted = after(times[baseline])..after(times[newest]);
    let total = |counts: &dyn Fn(&ValuedFlow) -> bool| {
        let counted = flows[counted.clone()].iter().filter(|flow| counts(flow));
        counted.fold(0.0, |sum, flow| sum + flow.usd) // `sum` of nothing would be -0.0
    };
    let is_out = |flow: &ValuedFlow| flow.direction == Direction::Withdrawal;
    let deposits_usd = total(&|flow| !is_out(flow));
    let withdrawals_usd = total(&is_out);
    let untagged_usd = total(&|flow| is_out(flow) && flow.mark.is_none());
    let gain_usd = values[newest] - values[baseline] - deposits_usd + withdrawals_usd;
    WalletGain { series, baseline, flows, counted, deposits_usd, withdrawals_usd, untagged_usd, gain_usd }
}
