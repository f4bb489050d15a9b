//! Do the tables add up, without the histories that they were derived from?
//!
//! Start at [`faults`]. The flows must be those of the plan. A wallet's units must start as planned and may then change
//! by recorded flows and by growth only: never less than nothing, at most [`LARGEST_YEARLY_YIELD`], and on one day the
//! same for every wallet of an asset, because all are paid the same rate. Which rate that was, only the histories know.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use jiff::civil::Date;
use serde::Deserialize;

use super::derive;
use super::folder::{Tables, first_difference};
use super::plan::{ASSETS, Asset, Position};

/// No Liqwid market paid more within the two years of the examples: the most was 0.986, for a day of USDC.
const LARGEST_YEARLY_YIELD: f64 = 1.0;
/// Units are shown with six decimals; two of them are compared here, so that two halves of the last digit may be
/// missing.
const ROUNDING_UNITS: f64 = 1.01e-6;

#[derive(Deserialize)]
struct Sample {
    ts: String,
    wallet_address: String,
    market_id: String,
    underlying_units: f64,
    usd_value: String,
    price_usd: String,
}

#[derive(Deserialize)]
struct Moved {
    ts: String,
    wallet_address: String,
    amount: f64,
}

/// What all wallets of an asset share.
struct Market {
    name: String,
    /// Units moved by wallet and day; a withdrawal is negative.
    flows: BTreeMap<(String, Date), f64>,
    /// The price of each day on which any wallet was sampled.
    prices: BTreeMap<Date, String>,
    /// The least and the most that one unit can have grown to on a day, so that every wallet seen so far is right.
    growth: BTreeMap<Date, (f64, f64)>,
}

/// One sentence for each wallet or table that is not explained: its first fault.
pub(super) fn faults(tables: &Tables) -> Vec<String> {
    let mut found = Vec::new();
    for asset in ASSETS {
        found.extend(planned(asset, tables).unwrap_or_else(|error| vec![format!("{error:#}")]));
        found.extend(explained(asset, tables).unwrap_or_else(|error| vec![format!("{error:#}")]));
    }
    found
}

/// Flow tables hold nothing of the histories, so they are known to the byte: every flow and every reference tag.
fn planned(asset: &Asset, tables: &Tables) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for (name, expected) in derive::flow_tables(asset)? {
        let fault = tables.get(&name).and_then(|table| first_difference(table, &expected));
        found.extend(fault.map(|line| format!("{name}: not the flows of the plan from line {line} on")));
    }
    Ok(found)
}

fn explained(asset: &Asset, tables: &Tables) -> anyhow::Result<Vec<String>> {
    let kinds = ["supply_positions", "deposits", "withdrawals"].map(|kind| derive::file_name(kind, asset));
    let missing: Vec<String> =
        kinds.iter().filter(|name| !tables.contains_key(*name)).map(|name| format!("{name}: missing")).collect();
    if !missing.is_empty() {
        return Ok(missing);
    }
    let [positions, deposits, withdrawals] = &kinds;
    let mut market = Market {
        name: derive::market_id(asset),
        flows: BTreeMap::new(),
        prices: BTreeMap::new(),
        growth: BTreeMap::new(),
    };
    for (name, sign) in [(deposits, 1.0), (withdrawals, -1.0)] {
        for row in rows::<Moved>(name, &tables[name])? {
            let day = day(&row.ts).with_context(|| name.clone())?;
            *market.flows.entry((row.wallet_address, day)).or_default() += sign * row.amount;
        }
    }
    let mut samples: BTreeMap<String, Vec<(Date, Sample)>> = BTreeMap::new();
    for row in rows::<Sample>(positions, &tables[positions])? {
        let day = day(&row.ts).with_context(|| positions.clone())?;
        market.prices.entry(day).or_insert_with(|| row.price_usd.clone());
        samples.entry(row.wallet_address.clone()).or_default().push((day, row));
    }
    let mut found = Vec::new();
    for position in asset.positions {
        let samples = samples.remove(position.wallet).unwrap_or_default();
        let fault = wallet(position, &samples, &mut market).err();
        found.extend(fault.map(|error| format!("{positions}: {}: {error:#}", position.wallet)));
    }
    found.extend(samples.keys().map(|stranger| format!("{positions}: {stranger}: not a wallet of the plan")));
    Ok(found)
}

/// Fails with the first sample that is not explained.
fn wallet(position: &Position, samples: &[(Date, Sample)], market: &mut Market) -> anyhow::Result<()> {
    let days: BTreeSet<Date> = market.prices.keys().filter(|day| **day >= position.first_day).copied().collect();
    let sampled: BTreeSet<Date> = samples.iter().map(|(day, _)| *day).collect();
    if let Some(day) = days.difference(&sampled).next() {
        bail!("no sample on {day}, a day on which other wallets have one");
    }
    if let Some(day) = sampled.difference(&days).next() {
        bail!("a sample on {day}, expected none before {}, the first day of the plan", position.first_day);
    }
    for (_, day) in market.flows.keys().filter(|(wallet, _)| wallet == position.wallet) {
        if !sampled.contains(day) {
            bail!("no sample on {day}, the day of a flow");
        }
    }
    let mut before: Option<(Date, f64)> = None;
    for (day, sample) in samples {
        let moved = market.flows.get(&(sample.wallet_address.clone(), *day)).copied().unwrap_or(0.0);
        let kept = sample.underlying_units - moved;
        match before {
            None if (kept - position.first_units).abs() > ROUNDING_UNITS => {
                bail!("starts on {day} with {kept} units, expected {} by the plan", position.first_units);
            }
            None => {}
            Some(before) => grown(before, *day, kept, market)?,
        }
        priced(*day, sample, market)?;
        before = Some((*day, sample.underlying_units));
    }
    Ok(())
}

/// Are `kept`, the units of a day without that day's flow, what the units of the sample before have grown to?
fn grown((earlier, units): (Date, f64), day: Date, kept: f64, market: &mut Market) -> anyhow::Result<()> {
    let days = (day - earlier).get_days();
    if days < 1 {
        bail!("the sample of {day} follows that of {earlier}, expected a later day");
    }
    let most = (1.0 + LARGEST_YEARLY_YIELD).powf(f64::from(days) / 365.25);
    if kept < units - ROUNDING_UNITS || kept > units * most + ROUNDING_UNITS {
        bail!("{units} units became {kept} on {day}, flows of that day aside; expected {units} to {:.6}", units * most);
    }
    let (low, high) = ((kept - ROUNDING_UNITS) / units, (kept + ROUNDING_UNITS) / units);
    let (others_low, others_high) = market.growth.entry(day).or_insert((low, high));
    if low > *others_high || high < *others_low {
        let factor = kept / units;
        bail!("grew by {factor:.9} on {day}, another wallet by {others_low:.9} to {others_high:.9}");
    }
    (*others_low, *others_high) = (others_low.max(low), others_high.min(high));
    Ok(())
}

/// Is the value units times the price, and the price the one of all wallets?
fn priced(day: Date, sample: &Sample, market: &Market) -> anyhow::Result<()> {
    let Sample { market_id, underlying_units, usd_value, price_usd, .. } = sample;
    if *market_id != market.name {
        bail!("market {market_id} on {day}, expected {}", market.name);
    }
    if market.prices[&day] != *price_usd {
        bail!("price {price_usd} on {day}, another wallet has {}", market.prices[&day]);
    }
    let price: f64 = price_usd.parse().with_context(|| format!("price {price_usd} on {day}"))?;
    let expected = format!("{:.8}", underlying_units * price);
    if *usd_value != expected {
        bail!("value {usd_value} on {day}, expected {expected}: {underlying_units} units at {price_usd}");
    }
    Ok(())
}

fn rows<R: serde::de::DeserializeOwned>(name: &str, table: &str) -> anyhow::Result<Vec<R>> {
    let rows: Result<_, _> = csv::Reader::from_reader(table.as_bytes()).deserialize().collect();
    rows.with_context(|| format!("{name}: not readable"))
}

/// The day of a sample or flow; all of them are of midnight.
fn day(ts: &str) -> anyhow::Result<Date> {
    let day = ts.strip_suffix("T00:00:00Z").with_context(|| format!("time {ts}, expected midnight UTC"))?;
    day.parse().with_context(|| format!("time {ts}"))
}
