//! Does the feed still say anything new? A position earns interest, so it cannot be worth the same to the last digit
//! for days.
//!
//! Start at [`warning`]. Samples that are written anew with old figures are as old as stale ones, and no age tells
//! that.
//! Elsewhere: samples that stop coming are stale, which [`crate::advice`] tells by their age.

use jiff::tz::TimeZone;

use crate::gain::WalletGain;
use crate::time;
use crate::warning::Warning;

/// For so many hours value and price must have been the same.
const STILL_HOURS: f64 = 48.0;
/// A yield a year that hardly a market stays below for days.
const LEAST_YIELD: f64 = 0.01;
/// What tables may round values to, USD: interest below it need not show.
const CENT: f64 = 0.01;
const HOURS_PER_YEAR: f64 = 365.25 * 24.0;

/// About wallets whose samples go on without anything new in them, of those that are `fresh`: the others have a warning
/// of their own.
pub(crate) fn warning<'a>(fresh: impl Iterator<Item = &'a WalletGain<'a>>, zone: &TimeZone) -> Option<Warning> {
    let still: Vec<_> = fresh.filter_map(|wallet| Some((still_since(wallet)?, wallet))).collect();
    let (since, longest) = still.iter().min_by_key(|(since, _)| *since)?;
    let others = match still.len() - 1 {
        0 => String::new(),
        others => format!(", those of {others} more for {STILL_HOURS} h or longer"),
    };
    let standing = format!("value and price of wallet {} have stood still", longest.series.address());
    // What is loaded may begin later with every round.
    let rest = format_args!(
        " since {}{others}, though interest should accrue: does what writes the samples still get new figures?",
        time::shown_nanos(*since, zone)
    );
    Some(Warning::moving(&standing, rest))
}

/// The first of the samples that say the same as the newest, where they go so far back that interest should have shown.
/// Stops at the first that differs, so that a feed that works costs one comparison.
fn still_since(wallet: &WalletGain<'_>) -> Option<i64> {
    let (series, values) = (wallet.series, wallet.series.value_usd());
    let last = values.len() - 1;
    let is_same = |i: &usize| values[*i] == values[last] && series.price_usd(*i) == series.price_usd(last);
    let first = (0..last).rev().take_while(is_same).last()?;
    let since = series.ts()[first];
    let hours = time::hours_between(since, wallet.newest_ts());
    let interest = wallet.newest_usd() * LEAST_YIELD * hours / HOURS_PER_YEAR;
    (hours >= STILL_HOURS && interest >= CENT).then_some(since)
}
