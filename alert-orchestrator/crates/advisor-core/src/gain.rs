//! What did each wallet gain since the reference, corrected for what was paid in and taken out?
//!
//! Start at [`wallet_gains`]: it checks the flows, values them at the asset's price at their own time, places them by the
//! configured alignment, and sums up each wallet. A flow that cannot be read would turn principal into gain, so one
//! inside a wallet's interval is an error; outside it is left out with a warning.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::alignment::{effective_time, possible_times};
use crate::flow::{Direction, FlowRow};
use crate::position::{WalletSeries, is_address};
use crate::price::AssetPrices;
use crate::rules::{Alignment, AmountUnit, Mark, Rules};
use crate::time;

/// A flow of one wallet, checked and valued.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ValuedFlow {
    /// Its own time.
    pub(crate) ts: i64,
    /// The instant at which it counts.
    pub(crate) effective_ts: i64,
    /// In or out.
    pub(crate) direction: Direction,
    /// Amount as configured, in units or USD; not negative.
    pub(crate) amount: f64,
    /// USD per unit at its own time; `None` where amounts are USD.
    pub(crate) price_usd: Option<f64>,
    /// Value, USD; not negative.
    pub(crate) usd: f64,
    /// Units of the asset, not negative; `None` where amounts are USD and no sample of the asset has a price.
    pub(crate) units: Option<f64>,
    /// Transaction hash.
    pub(crate) tx_hash: Option<String>,
    /// What a withdrawal was marked as.
    pub(crate) mark: Option<Mark>,
}

impl ValuedFlow {
    /// What it added to the position, USD.
    pub(crate) fn signed_usd(&self) -> f64 {
        match self.direction {
            Direction::Deposit => self.usd,
            Direction::Withdrawal => -self.usd,
        }
    }
}

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
}

/// What [`wallet_gains`] found.
#[derive(Debug)]
pub(crate) struct Gains<'a> {
    pub(crate) wallets: Vec<WalletGain<'a>>,
    /// Wallets without a sample at or after the reference.
    pub(crate) without_baseline: Vec<&'a Arc<str>>,
    /// Unusable flows outside every interval; they can only blur the gate's window.
    pub(crate) unusable_outside: usize,
    /// Flows since the reference whose wallet has no sample at all.
    pub(crate) without_samples: usize,
}

/// Gains of every wallet since its first sample at or after `t0`.
///
/// # Errors
/// A sentence about the first flow inside a wallet's interval that has no usable time, wallet or amount, about a
/// negative deposit there, or about a flow that no price can value.
pub(crate) fn wallet_gains<'a>(
    wallets: &'a [WalletSeries],
    flows: FlowTables<'_>,
    t0: i64,
    rules: &Rules,
) -> Result<Gains<'a>, String> {
    let baseline = |wallet: &WalletSeries| wallet.ts().partition_point(|ts| *ts < t0);
    let (tracked, lost): (Vec<_>, Vec<_>) = wallets.iter().partition(|wallet| baseline(wallet) < wallet.ts().len());
    let prices = AssetPrices::new(wallets);
    let mut valued: BTreeMap<&str, Vec<ValuedFlow>> = BTreeMap::new();
    let (mut unusable_outside, mut without_samples) = (0, 0);
    let known = |name: &str| wallets.binary_search_by(|wallet| (**wallet.address()).cmp(name)).is_ok();
    let loaded = |row: &&FlowRow| row.ts.zip(flows.since).is_none_or(|(ts, since)| since <= ts);
    for (direction, (table, rows)) in [(Direction::Deposit, flows.deposits), (Direction::Withdrawal, flows.withdrawals)]
    {
        let mut seen = HashSet::new();
        for row in rows.iter().filter(loaded) {
            match usable(row, direction) {
                Ok(flow) => {
                    let Ok(i) = tracked.binary_search_by(|wallet| (**wallet.address()).cmp(flow.wallet)) else {
                        without_samples += usize::from(flow.ts >= t0 && !known(flow.wallet));
                        continue;
                    };
                    let series = tracked[i];
                    if seen.insert(flow.key()) || flow.tx_hash.is_none() {
                        let value = flow.value(series, direction, &prices, rules);
                        valued
                            .entry(flow.wallet)
                            .or_default()
                            .push(value.map_err(|cause| describe(row, direction, table, cause))?);
                    }
                }
                Err(cause) => {
                    if tracked.iter().any(|wallet| may_count(row, wallet, baseline(wallet), direction, rules)) {
                        return Err(describe(row, direction, table, cause));
                    }
                    unusable_outside += 1;
                }
            }
        }
    }
    let wallets = tracked
        .into_iter()
        .map(|series| {
            let flows = valued.remove(&**series.address()).unwrap_or_default();
            wallet_gain(series, baseline(series), flows)
        })
        .collect();
    let without_baseline = lost.into_iter().map(WalletSeries::address).collect();
    Ok(Gains { wallets, without_baseline, unusable_outside, without_samples })
}

/// A flow row with everything it needs.
struct UsableFlow<'a> {
    ts: i64,
    wallet: &'a str,
    amount: f64,
    tx_hash: Option<&'a str>,
    memo: Option<&'a str>,
}

impl<'a> UsableFlow<'a> {
    /// Rows of one direction with equal keys are one flow.
    fn key(&self) -> (Option<&'a str>, &'a str, i64, u64) {
        (self.tx_hash, self.wallet, self.ts, self.amount.to_bits())
    }

    fn value(
        &self,
        series: &WalletSeries,
        direction: Direction,
        prices: &AssetPrices<'_>,
        rules: &Rules,
    ) -> Result<ValuedFlow, &'static str> {
        let price = prices.at(self.ts);
        let (price_usd, usd, units) = match rules.amount_unit {
            AmountUnit::Usd => (None, self.amount, price.map(|price| self.amount / price)),
            AmountUnit::Underlying => {
                let price = price.ok_or("cannot be valued: no sample of the asset has a price")?;
                (Some(price), self.amount * price, Some(self.amount))
            }
        };
        Ok(ValuedFlow {
            ts: self.ts,
            effective_ts: effective_time(rules.alignment, series, self.ts, direction, usd),
            direction,
            amount: self.amount,
            price_usd,
            usd,
            units,
            tx_hash: self.tx_hash.map(str::to_owned),
            mark: rules.mark(self.memo).filter(|_| direction == Direction::Withdrawal),
        })
    }
}

fn usable(row: &FlowRow, direction: Direction) -> Result<UsableFlow<'_>, &'static str> {
    let ts = row.ts.ok_or("has no usable time")?;
    let wallet = row.wallet.as_deref().filter(|wallet| is_address(wallet)).ok_or("has no usable wallet")?;
    let amount = row.amount.filter(|amount| amount.is_finite()).ok_or("has no usable amount")?;
    if direction == Direction::Deposit && amount < 0.0 {
        return Err("has a negative amount");
    }
    let tx_hash = row.tx_hash.as_deref().filter(|hash| !hash.is_empty());
    Ok(UsableFlow { ts, wallet, amount: amount.abs(), tx_hash, memo: row.memo.as_deref() })
}

/// Whether an unusable row may belong into the wallet's interval, as far as what is left of it tells.
fn may_count(row: &FlowRow, series: &WalletSeries, baseline: usize, direction: Direction, rules: &Rules) -> bool {
    let times = series.ts();
    let (from, to) = (times[baseline], times[times.len() - 1]);
    let other_wallet = row.wallet.as_deref().is_some_and(|wallet| is_address(wallet) && wallet != &**series.address());
    if other_wallet || from == to {
        return false;
    }
    let Some(ts) = row.ts else { return true };
    let inside = |ts: i64| from < ts && ts <= to;
    match rules.alignment {
        Alignment::None => inside(ts),
        method => inside(ts) || possible_times(method, series, ts, direction).into_iter().any(inside),
    }
}

fn describe(row: &FlowRow, direction: Direction, table: &str, cause: &str) -> String {
    use std::fmt::Write as _;
    let mut text = format!("table {table}: {direction}");
    // Writing to a string cannot fail.
    let _ = row.ts.map(|ts| write!(text, " at {}", time::timestamp(ts)));
    let _ = row.wallet.as_deref().map(|wallet| write!(text, " of wallet {wallet:?}"));
    let _ = row.amount.map(|amount| write!(text, " of amount {amount}"));
    let _ = row.tx_hash.as_deref().map(|hash| write!(text, " (tx {hash:?})"));
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
