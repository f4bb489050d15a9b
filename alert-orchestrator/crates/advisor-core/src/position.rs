//! Supply positions as columns: one [`WalletSeries`] per wallet, each strictly increasing in time.
//!
//! Start at [`PositionsBuilder`]: stores push raw rows in whatever order they have them, and the builder decides what
//! a usable row is, so that every store skips, collapses and warns alike. A kept sample costs 32 bytes.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::refused::RefusedFile;
use crate::{keys, time};

/// A row of a position table as a store delivers it, before anything is checked. Non-finite numbers count as missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PositionRow<'a> {
    /// Sample time in nanoseconds since the epoch.
    pub ts: Option<i64>,
    /// Wallet address.
    pub wallet: Option<&'a str>,
    /// Position in units of the asset.
    pub underlying_units: Option<f64>,
    /// Position in USD.
    pub usd_value: Option<f64>,
    /// USD per unit.
    pub price_usd: Option<f64>,
}

/// One wallet's samples. Times strictly increase; values are finite and not negative.
#[derive(Debug, Clone, PartialEq)]
pub struct WalletSeries {
    address: Arc<str>,
    ts: Vec<i64>,
    value_usd: Vec<f64>,
    /// 0 where the sample has no price: an `Option` would cost 8 bytes more a sample.
    price_usd: Vec<f64>,
    /// [`NO_UNITS`] where the sample has none, for the same reason.
    units: Vec<f64>,
}

/// Stands for a sample that tells neither units nor a price: units are never negative.
pub(crate) const NO_UNITS: f64 = -1.0;

/// What a sample says.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Figures {
    value_usd: f64,
    price_usd: f64,
    units: f64,
}

impl WalletSeries {
    fn new(address: Arc<str>) -> Self {
        Self { address, ts: Vec::new(), value_usd: Vec::new(), price_usd: Vec::new(), units: Vec::new() }
    }

    /// The wallet's address, in lower case.
    #[must_use]
    pub fn address(&self) -> &Arc<str> {
        &self.address
    }

    /// Sample times, nanoseconds since the epoch, strictly increasing; never empty.
    #[must_use]
    pub fn ts(&self) -> &[i64] {
        &self.ts
    }

    /// Position values, USD, one per sample.
    #[must_use]
    pub fn value_usd(&self) -> &[f64] {
        &self.value_usd
    }

    /// The asset's price at sample `i`, USD per unit; `None` where the row had none and none could be derived.
    #[must_use]
    pub fn price_usd(&self, i: usize) -> Option<f64> {
        let price = self.price_usd[i];
        (price > 0.0).then_some(price)
    }

    /// Units of the asset, one per sample, from the row itself or from its value and price; [`NO_UNITS`] where it had
    /// neither.
    pub(crate) fn units(&self) -> &[f64] {
        &self.units
    }

    fn figures(&self, i: usize) -> Figures {
        Figures { value_usd: self.value_usd[i], price_usd: self.price_usd[i], units: self.units[i] }
    }

    fn push(&mut self, ts: i64, figures: Figures) {
        self.ts.push(ts);
        self.value_usd.push(figures.value_usd);
        self.price_usd.push(figures.price_usd);
        self.units.push(figures.units);
    }

    fn set_last(&mut self, figures: Figures) {
        let last = self.ts.len() - 1;
        self.value_usd[last] = figures.value_usd;
        self.price_usd[last] = figures.price_usd;
        self.units[last] = figures.units;
    }

    fn truncate(&mut self, samples: usize) {
        self.ts.truncate(samples);
        self.value_usd.truncate(samples);
        self.price_usd.truncate(samples);
        self.units.truncate(samples);
    }

    fn shrink(&mut self) {
        self.ts.shrink_to_fit();
        self.value_usd.shrink_to_fit();
        self.price_usd.shrink_to_fit();
        self.units.shrink_to_fit();
    }
}

/// Whether a text can be a wallet's address: not empty, at most 256 bytes, and without characters that would garble the
/// terminal or page that shows it, or pass for another address: spaces at its ends or of other kinds than the usual
/// one.
pub(crate) fn is_address(text: &str) -> bool {
    (1..=256).contains(&text.len()) && text.trim().len() == text.len() && legible::is_line(text)
}

/// How many rows were left out, by cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SkippedRows {
    /// Rows without a sample time.
    pub without_ts: usize,
    /// Rows without a usable wallet address.
    pub without_wallet: usize,
    /// Rows whose value is missing or not finite, and cannot be derived from units and price.
    pub without_value: usize,
    /// Rows with a value below zero.
    pub negative: usize,
}

impl SkippedRows {
    /// All rows left out.
    #[must_use]
    pub fn total(&self) -> usize {
        self.without_ts + self.without_wallet + self.without_value + self.negative
    }
}

/// What an evaluation needs of one position table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Positions {
    /// The wallets in order of their addresses, each with at least one sample.
    pub wallets: Vec<WalletSeries>,
    /// Rows that were unusable.
    pub skipped: SkippedRows,
    /// Rows equal in time and wallet that disagreed in value or price; the last of each in store order was kept.
    pub conflicts: Conflicts,
    /// Rows whose value is not their units times their price, by wallet; they were left out.
    pub contradictions: Vec<Contradiction>,
    /// Files that were to fill the table, and of which nothing could be used; a store that knows no files has none.
    pub refused: Vec<RefusedFile>,
    /// The newest of the samples that [`Positions::cut_after`] took away.
    pub newest_cut: Option<i64>,
}

impl Positions {
    /// Takes away the samples after `to`, and remembers the time of the newest of them.
    #[must_use]
    pub fn cut_after(mut self, to: i64) -> Self {
        let newest = self.wallets.iter().filter_map(|wallet| wallet.ts().last().copied()).max();
        self.newest_cut = newest.filter(|newest| *newest > to);
        if self.newest_cut.is_some() {
            self.wallets.iter_mut().for_each(|wallet| wallet.truncate(wallet.ts.partition_point(|ts| *ts <= to)));
            self.wallets.retain(|wallet| !wallet.ts.is_empty());
        }
        self
    }
}

/// Rows that contradict one another: how many, and where the first few are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// How often a later row replaced an earlier one with other figures.
    pub count: usize,
    /// Wallet and time of the first few.
    pub examples: Vec<(Arc<str>, i64)>,
}

impl Conflicts {
    /// More would drown the warning that names them.
    const EXAMPLES: usize = 3;

    fn note(&mut self, wallet: &Arc<str>, ts: i64) {
        self.count += 1;
        if self.examples.len() < Self::EXAMPLES {
            self.examples.push((Arc::clone(wallet), ts));
        }
    }
}

/// The rows of a wallet that contradict themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct Contradiction {
    /// The wallet.
    pub wallet: Arc<str>,
    /// How many there are.
    pub count: usize,
    /// The newest of them, nanoseconds since the epoch.
    pub ts: i64,
    /// What it has as its value, USD.
    pub usd_value: f64,
    /// As units of the asset.
    pub underlying_units: f64,
    /// And as USD per unit.
    pub price_usd: f64,
}

impl Contradiction {
    /// The newest of them, for a sentence.
    pub(crate) fn shown(&self, zone: &TimeZone) -> String {
        let Self { wallet, ts, usd_value, underlying_units, price_usd, .. } = self;
        let at = time::shown_nanos(*ts, zone);
        format!(
            "{wallet} at {at}, usd_value {usd_value} beside \
             underlying_units {underlying_units} \u{d7} price_usd {price_usd} = {}",
            underlying_units * price_usd
        )
    }
}

/// How far a value may be from units times price, as a share of it.
const CONTRADICTS: f64 = 0.01;
/// And beyond that, USD: values are often rounded to the cent.
const CENT: f64 = 0.01;

/// Collects position rows into columns.
///
/// Rows may come in any order; wallet after wallet with rising times is the fast one. Addresses are interned: a row
/// costs an allocation only when its wallet is new.
#[derive(Debug, Default)]
pub struct PositionsBuilder {
    series: Vec<WalletSeries>,
    index: HashMap<Arc<str>, usize>,
    current: usize,
    unsorted: bool,
    skipped: SkippedRows,
    conflicts: Conflicts,
    contradictions: HashMap<Arc<str>, Contradiction>,
}

impl PositionsBuilder {
    /// A builder without rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one row, or counts why it is of no use.
    pub fn push(&mut self, row: &PositionRow<'_>) {
        let Some(ts) = row.ts else { return self.skipped.without_ts += 1 };
        let Some(wallet) = row.wallet.filter(|wallet| self.is_current(wallet) || is_address(wallet)) else {
            return self.skipped.without_wallet += 1;
        };
        let finite = |number: Option<f64>| number.filter(|number| number.is_finite());
        // A price of 0 is a missing one: taken at its word, it would make the position worthless and its recovery a
        // gain.
        let (units, price) = (finite(row.underlying_units), finite(row.price_usd).filter(|price| *price > 0.0));
        let derived = || units.zip(price).map(|(units, price)| units * price);
        let Some(value) = finite(finite(row.usd_value).or_else(derived)) else {
            return self.skipped.without_value += 1;
        };
        if value < 0.0 {
            return self.skipped.negative += 1;
        }
        if let (Some(usd_value), Some(units), Some(price)) = (finite(row.usd_value), units, price)
            && (usd_value - units * price).abs() > CONTRADICTS * (units * price).abs() + CENT
        {
            return self.contradict(wallet, ts, usd_value, units, price);
        }
        let implied = || units.filter(|units| *units > 0.0).map(|units| value / units);
        let bought = || price.map(|price| value / price);
        let figures = Figures {
            value_usd: value,
            price_usd: finite(price.or_else(implied)).unwrap_or(0.0),
            units: units.filter(|units| *units >= 0.0).or_else(bought).unwrap_or(NO_UNITS),
        };
        self.append(wallet, ts, figures);
    }

    fn contradict(&mut self, wallet: &str, ts: i64, usd_value: f64, underlying_units: f64, price_usd: f64) {
        let wallet: Arc<str> = keys::wallet(wallet).as_ref().into();
        let count = self.contradictions.get(&wallet).map_or(0, |known| known.count) + 1;
        let found = Contradiction { wallet: Arc::clone(&wallet), count, ts, usd_value, underlying_units, price_usd };
        let known = self.contradictions.entry(wallet).or_insert_with(|| found.clone());
        known.count = count;
        if ts > known.ts {
            *known = found;
        }
    }

    fn append(&mut self, wallet: &str, ts: i64, figures: Figures) {
        self.enter(wallet);
        let series = &mut self.series[self.current];
        match series.ts.last() {
            Some(last) if *last == ts => {
                if series.figures(series.ts.len() - 1) != figures {
                    self.conflicts.note(&series.address, ts);
                }
                series.set_last(figures);
            }
            Some(last) if *last > ts => {
                self.unsorted = true;
                series.push(ts, figures);
            }
            _ => series.push(ts, figures),
        }
    }

    fn is_current(&self, wallet: &str) -> bool {
        self.series.get(self.current).is_some_and(|series| &*series.address == wallet)
    }

    /// Makes `wallet` the current one.
    fn enter(&mut self, wallet: &str) {
        if self.is_current(wallet) {
            return;
        }
        let wallet = &*keys::wallet(wallet);
        if self.is_current(wallet) {
            return;
        }
        self.current = if let Some(known) = self.index.get(wallet) {
            *known
        } else {
            // Where wallets come one after the other, the one left is complete. Rows that return to a known wallet
            // come interleaved, and columns shrunk at every turn would be copied at every turn.
            if let Some(left) = self.series.get_mut(self.current) {
                left.shrink();
            }
            let address: Arc<str> = wallet.into();
            self.index.insert(Arc::clone(&address), self.series.len());
            self.series.push(WalletSeries::new(address));
            self.series.len() - 1
        };
    }

    /// The columns, sorted and without repetitions.
    #[must_use]
    pub fn finish(self) -> Positions {
        let Self { mut series, unsorted, skipped, mut conflicts, contradictions, .. } = self;
        let mut contradictions: Vec<Contradiction> = contradictions.into_values().collect();
        contradictions.sort_unstable_by(|a, b| a.wallet.cmp(&b.wallet));
        series.sort_unstable_by(|a, b| a.address.cmp(&b.address));
        for wallet in &mut series {
            if unsorted {
                sort_and_collapse(wallet, &mut conflicts);
            }
            wallet.shrink();
        }
        Positions { wallets: series, skipped, conflicts, contradictions, refused: Vec::new(), newest_cut: None }
    }
}

/// Orders a series by time; of samples at one instant the last pushed stays.
fn sort_and_collapse(series: &mut WalletSeries, conflicts: &mut Conflicts) {
    let mut order: Vec<usize> = (0..series.ts.len()).collect();
    order.sort_by_key(|i| series.ts[*i]); // stable: store order within an instant
    let mut sorted = WalletSeries::new(Arc::clone(&series.address));
    for i in order {
        let (ts, figures) = (series.ts[i], series.figures(i));
        if sorted.ts.last() == Some(&ts) {
            if sorted.figures(sorted.ts.len() - 1) != figures {
                conflicts.note(&series.address, ts);
            }
            sorted.set_last(figures);
        } else {
            sorted.push(ts, figures);
        }
    }
    *series = sorted;
}
