//! What is asked, in SQL?
//!
//! A query is put together from four kinds of text only: our own, table names that [`Table::parse`] let through, integers,
//! and what [`super::literal`] has quoted. So no configured, stored or fetched string can change what it does.

use std::fmt::Write as _;

use advisor_core::flow::EARLIEST;
use jiff::Timestamp;

use super::columns::{FlowColumns, JournalColumns, MarketColumns, PositionColumns, Selected};

/// The names of all tables.
pub(super) const TABLES: &str = "SHOW TABLES";

/// The server's clock.
pub(super) const CLOCK: &str = "SELECT now()";

/// A table name that is safe inside double quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Table<'a>(pub(super) &'a str);

impl<'a> Table<'a> {
    /// `None` unless the name consists of ASCII letters, digits and underscores.
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        (!name.is_empty() && name.bytes().all(plain)).then_some(Self(name))
    }
}

/// Times with `from <= ts <= to`, in nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: Option<i64>,
    pub(super) to: i64,
}

pub(super) fn describe(table: Table<'_>) -> String {
    format!("DESCRIBE TABLE \"{}\"", table.0)
}

/// The definition of a table, which alone tells its options.
pub(super) fn show_create(table: Table<'_>) -> String {
    format!("SHOW CREATE TABLE \"{}\"", table.0)
}

pub(super) fn positions(table: Table<'_>, columns: &PositionColumns, range: Range) -> String {
    let (list, within) = (select(table, &columns.selected()), within(columns.ts, range));
    // Wallet after wallet: the columns grow one at a time and the addresses come in runs.
    format!("{list} WHERE {within} ORDER BY \"{}\", \"{}\"", columns.wallet.name, columns.ts.name)
}

/// Each wallet's newest sample up to `to`.
pub(super) fn newest(table: Table<'_>, columns: &PositionColumns, to: i64) -> String {
    let (wallet, ts) = (columns.wallet.name, columns.ts.name);
    let within = within(columns.ts, Range { from: None, to });
    format!("SELECT \"{wallet}\", max(\"{ts}\") AS \"{ts}\" FROM \"{}\" WHERE {within} GROUP BY \"{wallet}\"", table.0)
}

/// Rows whose time cannot be are asked for too: the rule has to know that a flow is unusable.
pub(super) fn flows(table: Table<'_>, columns: &FlowColumns, range: Range, latest: i64) -> String {
    let (list, within) = (select(table, &columns.selected()), within(columns.ts, range));
    let (ts, unit) = (columns.ts.name, columns.ts.column_type.unit_nanos());
    let [earliest, latest] = [EARLIEST, latest].map(|bound| bound.div_euclid(unit));
    format!(
        "{list} WHERE ({within}) OR \"{ts}\" IS NULL OR \"{ts}\" < {earliest} OR \"{ts}\" > {latest} ORDER BY \"{ts}\""
    )
}

/// The newest row names the market: older ones may be from before the table had such a column.
pub(super) fn market(table: Table<'_>, columns: &MarketColumns) -> String {
    format!("{} ORDER BY \"{}\" DESC LIMIT 1", select(table, &columns.selected()), columns.ts.name)
}

/// The addresses that a position table has rows of.
pub(super) fn wallets(table: Table<'_>, columns: &PositionColumns) -> String {
    format!("SELECT DISTINCT \"{}\" FROM \"{}\"", columns.wallet.name, table.0)
}

/// The flows of one wallet and instant; `wallet` is a literal.
pub(super) fn flows_at(table: Table<'_>, columns: &FlowColumns, wallet: &str, ts: i64) -> String {
    format!("{} WHERE {}", select(table, &columns.selected()), at(columns, wallet, ts))
}

/// The restriction to one wallet and instant.
pub(super) fn at(columns: &FlowColumns, wallet: &str, ts: i64) -> String {
    let ts = ts.div_euclid(columns.ts.column_type.unit_nanos());
    format!("\"{}\" = {wallet} AND \"{}\" = {ts}", columns.wallet.name, columns.ts.name)
}

/// The newest entries of a journal; `asset` is a literal.
pub(super) fn entries(table: Table<'_>, columns: &JournalColumns, asset: &str, range: Range, limit: usize) -> String {
    let (list, within) = (select(table, &columns.0), within(columns.ts(), range));
    format!("{list} WHERE \"asset\" = {asset} AND {within} ORDER BY \"ts\" DESC, \"replica\" LIMIT {limit}")
}

/// The instant of a journal's oldest entry.
pub(super) fn oldest_entry(table: Table<'_>) -> String {
    format!("SELECT \"ts\" FROM \"{}\" ORDER BY \"ts\" LIMIT 1", table.0)
}

/// The newest row of a price table, which belongs to another service and lives in a database of its own. Text stands for
/// an instant in any unit.
pub(super) fn minswap_price(table: Table<'_>, at: Timestamp) -> String {
    format!(
        "SELECT \"ts\", \"price_usd\", \"ada_usd\" FROM \"minswap\".\"{}\" WHERE \"ts\" <= '{at}' \
         ORDER BY \"ts\" DESC LIMIT 1",
        table.0
    )
}

fn select(table: Table<'_>, columns: &[Selected]) -> String {
    let mut sql = String::from("SELECT ");
    for (i, column) in columns.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        let _ = write!(sql, "{comma}\"{}\"", column.name);
    }
    let _ = write!(sql, " FROM \"{}\"", table.0);
    sql
}

/// The restriction in the column's own unit, which is how the server takes a bare integer.
fn within(ts: Selected, range: Range) -> String {
    let unit = ts.column_type.unit_nanos();
    let to = range.to.div_euclid(unit);
    match range.from {
        // The least integer has no literal: its digits without the sign are out of range. Nothing is older than it.
        Some(from) if from > i64::MIN => {
            let from = from.div_euclid(unit) + i64::from(from.rem_euclid(unit) != 0);
            format!("\"{name}\" >= {from} AND \"{name}\" <= {to}", name = ts.name)
        }
        _ => format!("\"{}\" <= {to}", ts.name),
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::ColumnType;
    use super::*;

    #[track_caller]
    fn restricted(unit_nanos: i64, from: Option<i64>, to: i64, expected: &str) {
        let ts = Selected { name: "ts", column_type: ColumnType::Time { unit_nanos } };
        assert_eq!(within(ts, Range { from, to }), expected);
    }

    #[test]
    fn bounds_are_rounded_inwards_to_the_unit_of_the_column() {
        restricted(1_000_000, Some(1_000_000), 2_999_999, r#""ts" >= 1 AND "ts" <= 2"#);
        restricted(1_000_000, Some(1_000_001), 3_000_000, r#""ts" >= 2 AND "ts" <= 3"#);
        restricted(1_000_000_000, Some(-1), -1, r#""ts" >= 0 AND "ts" <= -1"#);
        restricted(1, Some(i64::MIN + 1), i64::MAX, &format!(r#""ts" >= {} AND "ts" <= {}"#, i64::MIN + 1, i64::MAX));
        restricted(1, Some(i64::MIN), 5, r#""ts" <= 5"#);
        restricted(1_000, None, 5_000, r#""ts" <= 5"#);
    }

    #[test]
    fn names_that_could_end_the_quotes_are_no_tables() {
        for name in ["", "a\"b", "a b", "a;b", "a.b", "tàble", "a\0", "a-b", "a`b", "a'b"] {
            assert_eq!(Table::parse(name), None, "{name:?}");
        }
        assert_eq!(Table::parse("liqwid_deposits_USDC_2"), Some(Table("liqwid_deposits_USDC_2")));
    }
}
