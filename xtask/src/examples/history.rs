//! What did the market pay and cost on each day?

use std::path::Path;

use anyhow::{Context, ensure};
use jiff::civil::Date;
use serde::Deserialize;

/// One day of a market's history; the columns that are not needed here are left out.
#[derive(Deserialize)]
pub(super) struct Day {
    pub(super) date: Date,
    /// USD per underlying unit.
    pub(super) price_usd: f64,
    /// Yearly yield paid to suppliers at that day's rate, as a fraction (0.05 = 5 %).
    pub(super) supply_apy: f64,
}

/// Reads one market's history; fails on the first row that cannot be used or is not newer than the one before.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Day>> {
    let mut reader = csv::Reader::from_path(path).with_context(|| format!("opening {}", path.display()))?;
    let days: Vec<Day> =
        reader.deserialize().collect::<Result<_, _>>().with_context(|| format!("reading {}", path.display()))?;
    for pair in days.windows(2) {
        let (before, after) = (pair[0].date, pair[1].date);
        ensure!(before < after, "{}: {after} follows {before}, expected a later day", path.display());
    }
    Ok(days)
}
