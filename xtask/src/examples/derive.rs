//! What did a position look like on each day?
//!
//! Units grow from one row of the history to the next by `(1 + supply_apy)^(Δdays / 365.25)`, with the yield of the
//! earlier row; the day's flow is added after growth; the value is units × the day's price.

use anyhow::{Context, ensure};
use jiff::civil::Date;

use super::history::Day;
use super::plan::{Asset, Flow, Position};
use crate::sha256::sha256;

const POSITION_COLUMNS: [&str; 6] = ["ts", "wallet_address", "market_id", "underlying_units", "usd_value", "price_usd"];
const FLOW_COLUMNS: [&str; 6] = ["ts", "wallet_address", "market_id", "amount", "memo", "tx_hash"];

/// The asset's position, deposit and withdrawal tables as (file name, contents).
pub(super) fn tables(asset: &Asset, days: &[Day]) -> anyhow::Result<[(String, String); 3]> {
    let mut positions = Vec::new();
    for position in asset.positions {
        positions.extend(position_rows(asset, position, days)?);
    }
    // By time, then in the order of the plan, as a service that samples all wallets at once would append them.
    positions.sort_by(|a, b| a[0].cmp(&b[0]));
    let [deposits, withdrawals] = flow_tables(asset)?;
    Ok([(file_name("supply_positions", asset), text(POSITION_COLUMNS, positions)?), deposits, withdrawals])
}

/// The asset's deposit and withdrawal tables, which take the plan alone.
pub(super) fn flow_tables(asset: &Asset) -> anyhow::Result<[(String, String); 2]> {
    Ok([
        (file_name("deposits", asset), text(FLOW_COLUMNS, flow_rows(asset, "deposit"))?),
        (file_name("withdrawals", asset), text(FLOW_COLUMNS, flow_rows(asset, "withdrawal"))?),
    ])
}

pub(super) fn file_name(kind: &str, asset: &Asset) -> String {
    format!("liqwid_{kind}_{}.csv", asset.name)
}

fn position_rows(asset: &Asset, position: &Position, days: &[Day]) -> anyhow::Result<Vec<[String; 6]>> {
    let start = days
        .iter()
        .position(|day| day.date == position.first_day)
        .with_context(|| format!("no history on {}, the first day of {}", position.first_day, position.wallet))?;
    let days = &days[start..];
    for Flow { day, .. } in position.flows {
        ensure!(days.iter().any(|known| known.date == *day), "no history on {day}, the day of a flow");
    }
    let mut units = position.first_units;
    let mut previous: Option<&Day> = None;
    let mut rows = Vec::with_capacity(days.len());
    for day in days {
        if let Some(previous) = previous {
            units *= growth(previous, day.date);
        }
        units += position.flows.iter().filter(|flow| flow.day == day.date).map(|flow| flow.units).sum::<f64>();
        ensure!(units >= 0.0, "{} would hold {units} units on {}", position.wallet, day.date);
        // The value follows from the digits that stand in the table, so that a reader can multiply them again.
        let shown_units = (units * 1e6).round() / 1e6;
        rows.push([
            midnight(day.date),
            position.wallet.to_owned(),
            market_id(asset),
            format!("{shown_units:.6}"),
            format!("{:.8}", shown_units * day.price_usd),
            format!("{:.8}", day.price_usd),
        ]);
        previous = Some(day);
    }
    Ok(rows)
}

/// The factor by which units grow from `previous` to `date`.
fn growth(previous: &Day, date: Date) -> f64 {
    let days = (date - previous.date).get_days();
    (1.0 + previous.supply_apy).powf(f64::from(days) / 365.25)
}

/// The asset's flows of one direction, oldest first; amounts are positive in both tables.
fn flow_rows(asset: &Asset, direction: &str) -> Vec<[String; 6]> {
    let mut rows = Vec::new();
    for position in asset.positions {
        for flow in position.flows.iter().filter(|flow| (flow.units > 0.0) == (direction == "deposit")) {
            let transaction = format!("{}|{direction}|{}|{}", asset.name, position.wallet, flow.day);
            rows.push([
                midnight(flow.day),
                position.wallet.to_owned(),
                market_id(asset),
                format!("{:.6}", flow.units.abs()),
                flow.memo.to_owned(),
                sha256(transaction.as_bytes()),
            ]);
        }
    }
    rows.sort();
    rows
}

fn midnight(day: Date) -> String {
    format!("{day}T00:00:00Z")
}

pub(super) fn market_id(asset: &Asset) -> String {
    asset.name.to_uppercase()
}

fn text(columns: [&str; 6], rows: Vec<[String; 6]>) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
