//! What is written, in SQL?
//!
//! Every statement here makes the same of a table when it is run twice: rows overwrite those with their key. As in
//! [`super::query`], nothing from outside becomes part of one but by [`super::literal`].

use std::fmt::Write as _;

use advisor_core::journal::Entry;
use advisor_core::ledger::NewFlow;

use super::columns::{ColumnType, FlowColumns, JOURNAL, JournalColumns, Selected};
use super::literal;
use super::query::{self, Table};

/// Most flows of one statement.
const FLOWS_MAX: usize = 500;

/// Length after which a statement gets no further flow: far below what the server takes (64 MiB).
const BYTES_MAX: usize = 1 << 20;

/// Columns of a table of flows that is written to.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlowTarget {
    pub(super) columns: FlowColumns,
    pub(super) created_at: Option<Selected>,
}

impl FlowTarget {
    /// Where a memo goes, and a second column that would be read with it, which is emptied.
    pub(super) fn memo(&self) -> (Option<Selected>, Option<Selected>) {
        match (self.columns.memo, self.columns.notes) {
            (Some(memo), other) => (Some(memo), other),
            (None, notes) => (notes, None),
        }
    }
}

/// A table of flows in which every flow has a row of its own. `time` is the type of the time index.
pub(super) fn create_flows(table: Table<'_>, time: ColumnType) -> String {
    let digits = match time.unit_nanos() {
        1 => 9,
        1_000 => 6,
        1_000_000 => 3,
        _ => 0,
    };
    format!(
        "CREATE TABLE IF NOT EXISTS \"{}\" (\"ts\" TIMESTAMP({digits}) TIME INDEX, \"created_at\" TIMESTAMP(3), \
         \"wallet_address\" STRING, \"market_id\" STRING, \"amount\" DOUBLE, \"memo\" STRING, \"tx_hash\" STRING, \
         PRIMARY KEY (\"wallet_address\", \"tx_hash\"))",
        table.0
    )
}

/// Statements that store the flows, as of `now` (nanoseconds since the epoch).
pub(super) fn flows(table: Table<'_>, to: &FlowTarget, flows: &[NewFlow], now: i64) -> Result<Vec<String>, String> {
    let (memo, emptied) = to.memo();
    let FlowColumns { ts, wallet, amount, tx_hash, .. } = to.columns;
    let columns: Vec<Selected> =
        [Some(ts), Some(wallet), Some(amount), to.created_at, tx_hash, memo, emptied].into_iter().flatten().collect();
    let head = insert_into(table, &columns);
    let mut statements: Vec<String> = Vec::new();
    for (i, flow) in flows.iter().enumerate() {
        let is_full = statements.last().is_none_or(|statement| statement.len() > BYTES_MAX);
        if is_full || i % FLOWS_MAX == 0 {
            statements.push(format!("{head} VALUES "));
        } else if let Some(statement) = statements.last_mut() {
            statement.push_str(", ");
        }
        let optional = |column: Option<Selected>, cell: Result<String, String>| column.map(|_| cell).transpose();
        let cells = [
            Some(instant(ts, flow.ts)),
            Some(literal::text(&flow.wallet)?),
            Some(literal::number(flow.amount)),
            to.created_at.map(|created_at| instant(created_at, now)),
            optional(tx_hash, literal::optional_text(flow.tx_hash.as_deref()))?,
            optional(memo, literal::optional_text(flow.memo.as_deref()))?,
            emptied.map(|_| "''".into()),
        ];
        if let Some(statement) = statements.last_mut() {
            let _ = write!(statement, "({})", cells.into_iter().flatten().collect::<Vec<_>>().join(", "));
        }
    }
    Ok(statements)
}

/// Copies the one row that `condition` describes, with another memo, and so all of its columns, of whatever type.
/// `memo` is a literal; `columns` are quoted names.
pub(super) fn with_memo(
    (from, to): (Table<'_>, Table<'_>),
    columns: &[String],
    target: &FlowTarget,
    memo: &str,
    condition: &str,
) -> String {
    let (written, emptied) = target.memo();
    let is = |column: Option<Selected>, name: &str| column.is_some_and(|column| format!("\"{}\"", column.name) == name);
    let selected = columns.iter().map(|name| match name.as_str() {
        // Two unnamed constants would be one and the same column to the server's planner.
        name if is(written, name) => format!("{memo} AS {name}"),
        name if is(emptied, name) => format!("'' AS {name}"),
        name => name.to_owned(),
    });
    let selected = selected.collect::<Vec<_>>().join(", ");
    let list = columns.join(", ");
    format!("INSERT INTO \"{}\" ({list}) SELECT {selected} FROM \"{}\" WHERE {condition}", to.0, from.0)
}

/// The restriction to the row of a flow.
pub(super) fn is_flow(columns: &FlowColumns, wallet: &str, ts: i64, tx_hash: Option<&str>) -> Result<String, String> {
    let at = query::at(columns, wallet, ts);
    Ok(match (columns.tx_hash, tx_hash) {
        (None, _) => at,
        (Some(column), Some(hash)) => format!("{at} AND \"{}\" = {}", column.name, literal::text(hash)?),
        (Some(Selected { name, .. }), None) => format!("{at} AND (\"{name}\" IS NULL OR \"{name}\" = '')"),
    })
}

/// A journal.
pub(super) fn create_journal(table: Table<'_>) -> String {
    let column = |(name, column_type): &(&str, ColumnType)| match (*name, column_type) {
        ("ts", _) => format!("\"{name}\" TIMESTAMP(3) TIME INDEX"),
        // Of samples and flows, which may be kept to the nanosecond.
        (_, ColumnType::Time { .. }) => format!("\"{name}\" TIMESTAMP(9)"),
        ("decision", _) => format!("\"{name}\" TINYINT"),
        (_, ColumnType::Number) => format!("\"{name}\" DOUBLE"),
        (_, ColumnType::Text) => format!("\"{name}\" STRING"),
    };
    let columns = JOURNAL.iter().map(column).collect::<Vec<_>>().join(", ");
    format!("CREATE TABLE IF NOT EXISTS \"{}\" ({columns}, PRIMARY KEY (\"asset\", \"replica\"))", table.0)
}

/// One statement for all entries, so that all or none are kept.
pub(super) fn entries(table: Table<'_>, columns: &JournalColumns, entries: &[Entry]) -> Result<String, String> {
    let [ts, .., t0, t1, _, _, _] = columns.0;
    let optional_instant = |column, at: Option<i64>| at.map_or_else(|| "NULL".into(), |at| instant(column, at));
    let mut sql = format!("{} VALUES ", insert_into(table, &columns.0));
    for (i, entry) in entries.iter().enumerate() {
        let cells = [
            instant(ts, entry.ts),
            literal::text(&entry.asset)?,
            literal::text(&entry.replica)?,
            entry.decision.to_string(),
            literal::optional_text(entry.code.as_deref())?,
            literal::optional_text(entry.reason.as_deref())?,
            literal::optional_number(entry.wmax_usd),
            literal::optional_number(entry.g_usd),
            literal::optional_number(entry.residual),
            literal::optional_number(entry.sigma),
            optional_instant(t0, entry.t0),
            optional_instant(t1, entry.t1),
            literal::number(entry.duration_seconds),
            literal::text(&entry.version)?,
            literal::text(&entry.config_hash)?,
        ];
        let comma = if i == 0 { "" } else { ", " };
        let _ = write!(sql, "{comma}({})", cells.join(", "));
    }
    Ok(sql)
}

/// Removes the entries of a journal that are older than `before`.
pub(super) fn forget(table: Table<'_>, columns: &JournalColumns, before: i64) -> String {
    let unit = columns.ts().column_type.unit_nanos();
    let before = before.div_euclid(unit) + i64::from(before.rem_euclid(unit) != 0);
    format!("DELETE FROM \"{}\" WHERE \"ts\" < {before}", table.0)
}

fn insert_into(table: Table<'_>, columns: &[Selected]) -> String {
    let names = columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ");
    format!("INSERT INTO \"{}\" ({names})", table.0)
}

/// An instant in the unit of its column, which is how the server takes a bare integer.
fn instant(column: Selected, nanos: i64) -> String {
    nanos.div_euclid(column.column_type.unit_nanos()).to_string()
}
