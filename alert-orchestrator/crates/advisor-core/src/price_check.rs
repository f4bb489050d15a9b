//! Do the lending market and the exchange agree on what the asset is worth?
//!
//! Start at `compare`. Pure: what the sources answered in, [`PriceFigures`] out, with every number the verdict rests on.
//! The positions' own price, which the gain was computed with, always takes part. Each logical source is represented by
//! the first of its ways that gave a price; the verdict is about these only, the other prices are shown. How often in a row
//! they disagreed comes in as an argument and goes out as a figure.
//! Elsewhere: the prices are fetched in `advisor-io`; whether any of them is off its peg is [`crate::peg`]'s to say.

#[cfg(test)]
mod tests;

use serde::Serialize;

/// Whose price it is, whichever way it is obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogicalSource {
    /// The table of positions: the price that the gain was computed with.
    Positions,
    /// The lending market.
    Liqwid,
    /// The exchange.
    Minswap,
}

impl LogicalSource {
    /// The name in messages and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Positions => "positions",
            Self::Liqwid => "liqwid",
            Self::Minswap => "minswap",
        }
    }
}

/// One way to obtain a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum PriceSource {
    /// Liqwid's API, now.
    #[serde(rename = "liqwid_graphql")]
    LiqwidGraphql,
    /// The newest price beside the positions.
    #[serde(rename = "greptime(liqwid)")]
    StoredLiqwid,
    /// Minswap's API, now.
    #[serde(rename = "minswap_aggregator")]
    MinswapAggregator,
    /// The newest price in the store's table of Minswap prices.
    #[serde(rename = "greptime(minswap)")]
    StoredMinswap,
}

impl PriceSource {
    /// The name in the configuration, in labels and in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LiqwidGraphql => "liqwid_graphql",
            Self::StoredLiqwid => "greptime(liqwid)",
            Self::MinswapAggregator => "minswap_aggregator",
            Self::StoredMinswap => "greptime(minswap)",
        }
    }

    /// Whether it is the store's: a price of some time ago instead of what somebody says now.
    #[must_use]
    pub fn is_stored(self) -> bool {
        matches!(self, Self::StoredLiqwid | Self::StoredMinswap)
    }

    /// The name in sentences, where the positions' own price is not only Liqwid's.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::StoredLiqwid => LogicalSource::Positions.name(),
            other => other.name(),
        }
    }
}

/// Which prices must agree, how closely, and what follows where they do not.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceRules {
    /// The logical sources that must agree with the positions and each other, each with the ways to its price, the preferred
    /// first. Ways that are not configured or cannot be asked are left out by the caller.
    pub sources: Vec<(LogicalSource, Vec<PriceSource>)>,
    /// The largest difference that is none.
    pub tolerance: Tolerance,
    /// How many comparisons in a row must disagree before anything follows; 0 means 1.
    pub persistence_threshold: u32,
    /// What follows.
    pub action: MismatchAction,
}

/// How far prices may be apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "mode", content = "epsilon", rename_all = "snake_case")]
pub enum Tolerance {
    /// A fraction of the highest price (0.01 is one percent of it).
    Relative(f64),
    /// USD per unit.
    Absolute(f64),
}

/// What follows where prices disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MismatchAction {
    /// The asset is held.
    Hold,
    /// It is only warned about.
    Alert,
}

/// Whether a number can be a price: finite and above 0.
pub(crate) fn is_price(price: f64) -> bool {
    price.is_finite() && price > 0.0
}

/// What a source answered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SourcePrice {
    /// Which source.
    pub source: PriceSource,
    /// USD per unit. What is not finite or not above 0 is no price.
    pub price_usd: f64,
    /// ADA per unit, where the source says so.
    pub price_ada: Option<f64>,
}

/// Everything the comparison found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PriceFigures {
    /// The price of every source that gave one, compared or not, in the order in which they are configured.
    pub by_source: Vec<PriceFigure>,
    /// The configured sources that gave none, in that order, too.
    pub missing: Vec<PriceSource>,
    /// All configured sources in their order.
    #[serde(skip)]
    listed: Vec<PriceSource>,
    /// The prices that were compared: the positions' own, and one for each logical source that has another.
    pub logical: Vec<LogicalPrice>,
    /// Highest less lowest of them, USD per unit; `None` where fewer than two could be compared.
    pub delta_abs: Option<f64>,
    /// The same as a fraction of the highest.
    pub delta_rel: Option<f64>,
    /// How far they may be apart.
    pub tolerance: Tolerance,
    /// Whether they are further apart than that; `None` where fewer than two could be compared.
    pub mismatch: Option<bool>,
    /// Whether fewer than two could be compared.
    pub unavailable: bool,
    /// How many comparisons in a row disagreed, this one included.
    pub mismatches_in_a_row: u32,
    /// How many it takes.
    pub persistence_threshold: u32,
    /// What follows then.
    pub action: MismatchAction,
    /// The logical sources that should have taken part, and failed.
    #[serde(skip)]
    pub(crate) silent: Vec<LogicalSource>,
}

/// A source's price, beside the first that was compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PriceFigure {
    /// What the source answered.
    #[serde(flatten)]
    pub price: SourcePrice,
    /// This price less the first one that was compared, USD per unit; `None` where this one was not.
    pub delta_abs: Option<f64>,
    /// The same as a fraction of the first one.
    pub delta_rel: Option<f64>,
}

/// The price that stands for a logical source.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LogicalPrice {
    /// For whom it stands.
    pub source: LogicalSource,
    /// The way it came.
    pub from: PriceSource,
    /// USD per unit.
    pub price_usd: f64,
}

impl PriceFigures {
    /// Every configured source in its order, with its price in USD per unit where it gave one.
    pub fn all(&self) -> impl Iterator<Item = (PriceSource, Option<f64>)> {
        let price = |source| self.by_source.iter().map(|figure| figure.price).find(|price| price.source == source);
        self.listed.iter().map(move |source| (*source, price(*source).map(|price| price.price_usd)))
    }

    /// Whether there is a mismatch that has lasted long enough and is to hold.
    pub(crate) fn holds(&self) -> bool {
        let lasting = self.mismatches_in_a_row >= self.persistence_threshold;
        self.mismatch == Some(true) && lasting && self.action == MismatchAction::Hold
    }

    /// The compared prices and their difference in one line, such as
    /// `positions 1.0000 USD, minswap 0.9672 USD: 3.280 % apart, tolerance 1 %`.
    pub(crate) fn describe(&self) -> String {
        let named = |price: &LogicalPrice| format!("{} {} USD", price.source.name(), digits(price.price_usd));
        let prices: Vec<String> = self.logical.iter().map(named).collect();
        let difference = match self.tolerance {
            Tolerance::Relative(tolerance) => {
                let percent = 100.0 * self.delta_rel.unwrap_or(0.0);
                // 100 · 0.007 is 0.7000000000000001.
                let tolerance = (tolerance * 1e8).round() / 1e6;
                format!("{percent:.3} % apart, tolerance {tolerance} %")
            }
            Tolerance::Absolute(tolerance) => {
                format!("{} USD apart, tolerance {tolerance} USD", digits(self.delta_abs.unwrap_or(0.0)))
            }
        };
        let times = match self.mismatches_in_a_row {
            0 | 1 => String::new(),
            times => format!(", {times} comparisons in a row"),
        };
        format!("{}: {difference}{times}", prices.join(", "))
    }
}

/// Four decimals for what is worth cents, digits that tell for what is not.
fn digits(price: f64) -> String {
    if price >= 0.01 || price == 0.0 { format!("{price:.4}") } else { format!("{price:.3e}") }
}

/// Binary arithmetic puts 1.00 and 0.99 a little further apart than one percent; this share of the highest price makes
/// up for it.
const ROUNDING: f64 = 1e-12;

/// What is known of an asset's prices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Every source that is configured, in the order in which they are listed.
    pub(crate) listed: &'a [PriceSource],
    /// What they answered. Of a source that is in here twice the first counts.
    pub(crate) answers: &'a [SourcePrice],
    /// Those that should have had a price and gave none.
    pub(crate) failed: &'a [PriceSource],
}

/// Compares what the sources answered.
///
/// `mismatches_before`: how many comparisons before this one disagreed in a row. Where a source failed the count does not end:
/// nothing is known that would end the disagreement, so that a source that fails now and then cannot keep it from being acted
/// upon.
pub(crate) fn compare(rules: &PriceRules, known: Known<'_>, mismatches_before: u32) -> PriceFigures {
    let Known { listed, answers, failed } = known;
    let answer = |source: PriceSource| {
        let answer = answers.iter().find(|answer| answer.source == source && is_price(answer.price_usd))?;
        Some(SourcePrice { price_ada: answer.price_ada.filter(|price| is_price(*price)), ..*answer })
    };
    let stands_for = |source: LogicalSource, ways: &[PriceSource]| {
        let price = ways.iter().find_map(|way| answer(*way))?;
        Some(LogicalPrice { source, from: price.source, price_usd: price.price_usd })
    };
    // Where the positions' own price stands for Liqwid, too, it is not a second one.
    let own = |source: LogicalSource, ways: &[PriceSource]| {
        stands_for(source, ways).filter(|price| price.from != PriceSource::StoredLiqwid)
    };
    let others = rules.sources.iter().filter_map(|(source, ways)| own(*source, ways));
    let has_failed = |way: &PriceSource| {
        let is_unusable = || answers.iter().any(|answer| answer.source == *way) && answer(*way).is_none();
        *way != PriceSource::StoredLiqwid && (failed.contains(way) || is_unusable())
    };
    // Of a source whose first way is the positions' own price no other is asked for.
    let is_silent =
        |ways: &[PriceSource]| ways.first() != Some(&PriceSource::StoredLiqwid) && ways.iter().any(has_failed);
    let silent = rules.sources.iter().filter(|(source, ways)| own(*source, ways).is_none() && is_silent(ways));
    let silent: Vec<LogicalSource> = silent.map(|(source, _)| *source).collect();
    let positions = stands_for(LogicalSource::Positions, &[PriceSource::StoredLiqwid]);
    let logical: Vec<LogicalPrice> = positions.into_iter().chain(others).collect();
    let deltas = deltas(&logical);
    let mismatch = deltas.map(|(abs, rel, highest)| match rules.tolerance {
        Tolerance::Relative(tolerance) => rel > tolerance + ROUNDING,
        Tolerance::Absolute(tolerance) => abs > tolerance + ROUNDING * highest,
    });
    PriceFigures {
        by_source: beside_first(listed.iter().filter_map(|source| answer(*source)), &logical),
        missing: listed.iter().copied().filter(|source| answer(*source).is_none()).collect(),
        listed: listed.to_vec(),
        logical,
        delta_abs: deltas.map(|(abs, ..)| abs),
        delta_rel: deltas.map(|(_, rel, _)| rel),
        tolerance: rules.tolerance,
        mismatch,
        unavailable: mismatch.is_none(),
        mismatches_in_a_row: match mismatch {
            Some(true) => mismatches_before.saturating_add(1),
            Some(false) if silent.is_empty() => 0,
            Some(false) | None => mismatches_before,
        },
        persistence_threshold: rules.persistence_threshold,
        action: rules.action,
        silent,
    }
}

/// Highest less lowest price, absolute and as a fraction of the highest, and the highest; `None` for fewer than two.
fn deltas(logical: &[LogicalPrice]) -> Option<(f64, f64, f64)> {
    if logical.len() < 2 {
        return None;
    }
    let prices = || logical.iter().map(|logical| logical.price_usd);
    let (lowest, highest) = (prices().fold(f64::INFINITY, f64::min), prices().fold(0.0, f64::max));
    let apart = highest - lowest;
    Some((apart, apart / highest, highest))
}

fn beside_first(prices: impl Iterator<Item = SourcePrice>, logical: &[LogicalPrice]) -> Vec<PriceFigure> {
    let mut first = None;
    prices
        .map(|price| {
            let is_compared = logical.iter().any(|logical| logical.from == price.source);
            let delta_abs = is_compared.then(|| price.price_usd - *first.get_or_insert(price.price_usd));
            PriceFigure { price, delta_abs, delta_rel: delta_abs.zip(first).map(|(delta, first)| delta / first) }
        })
        .collect()
}
