//! The embedded store as a [`Store`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use advisor_core::coverage::Coverage;
use advisor_core::flow::{EARLIEST, FlowRow};
use advisor_core::position::{Conflicts, PositionRow, Positions, PositionsBuilder, SkippedRows};
use advisor_core::refused::{LeftOutFile, RefusedFile};
use advisor_core::store::{Market, Store, StoreError, TableKind};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use super::access::{Trouble, find};
use super::store::Embedded;
use super::{coverage, files};

/// The wallets of table `?1`: each found by one step into the clustered key, as `distinct` would read every row.
pub(super) const WALLETS: &str = "
    with recursive w (id) as (
        select min(wallet_id) from positions where table_id = ?1
        union all
        select (select min(wallet_id) from positions where table_id = ?1 and wallet_id > w.id) from w where w.id not null
    )";

const SKIPPED: &str = "
    select coalesce(sum(without_ts), 0), coalesce(sum(without_wallet), 0), coalesce(sum(without_value), 0),
        coalesce(sum(negative), 0)
    from files where table_id = ?1";

const REFUSED: &str = "
    select path, without_ts + without_wallet + without_value + negative, refused
    from files where table_id = ?1 and refused <> '' order by path";

/// Where another file has since given other figures, the contradiction no longer counts.
const CONFLICTS: &str = "
    select lower(address) as address, c.ts, c.times
    from contradictions c cross join positions p using (table_id, wallet_id, ts, file_id)
        cross join wallets on wallets.id = wallet_id
    where table_id = ?1 and ts between ?2 and ?3 order by address, ts";

/// More would drown the warning that names them.
const CONFLICTS_NAMED: usize = 3;

/// Run for one wallet after another, so that no row has to say whose it is.
const POSITIONS: &str = "
    select ts, usd_value, price_usd, underlying_units from positions
    where table_id = ?1 and wallet_id = ?2 and ts between ?3 and ?4 order by ts";

const MARKET: &str = "
    select m.market_id, m.market_name
    from w cross join positions p left join markets m on m.id = p.market_id
    where p.table_id = ?1 and p.wallet_id = w.id
        and p.ts = (select max(ts) from positions where table_id = ?1 and wallet_id = w.id)
    order by p.ts desc limit 1";

const NEWEST_BEFORE: &str = "
    select lower(address), (select max(ts) from positions where table_id = ?1 and wallet_id = w.id and ts < ?2) as newest
    from w join wallets on wallets.id = w.id where newest not null";

const FLOWS: &str = "
    select wallet_id, ts, amount, shown_memo, tx_hash from shown_flows
    where table_id = ?1 and (ts between ?2 and ?3 or ts < ?4 or ts > ?5) order by id";

impl Store for Embedded {
    async fn tables(&self) -> Result<Vec<String>, StoreError> {
        self.ask("", |connection, _| {
            let mut statement = connection.prepare_cached("select name from tables order by name")?;
            let names = statement.query_map((), |row| row.get(0))?;
            Ok(names.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn market(&self, table: &str) -> Result<Market, StoreError> {
        self.ask(table, |connection, name| Ok(market(connection, find(connection, name, TableKind::Positions)?)?)).await
    }

    async fn check_columns(&self, table: &str, kind: TableKind) -> Result<(), StoreError> {
        self.ask(table, move |connection, name| find_unblocked(connection, name, kind).map(drop)).await
    }

    async fn positions(&self, table: &str, from: Option<i64>, to: i64) -> Result<Positions, StoreError> {
        self.ask(table, move |connection, name| {
            let table = find_unblocked(connection, name, TableKind::Positions)?;
            Ok(positions(connection, table, from.unwrap_or(i64::MIN), to)?)
        })
        .await
    }

    async fn newest_before(&self, table: &str, before: i64) -> Result<Vec<(Arc<str>, i64)>, StoreError> {
        self.ask(table, move |connection, name| {
            let table = find_unblocked(connection, name, TableKind::Positions)?;
            let mut statement = connection.prepare_cached(&format!("{WALLETS} {NEWEST_BEFORE}"))?;
            let newest = statement.query_map((table, before), |row| {
                let address: String = row.get(0)?;
                Ok((address.into(), row.get(1)?))
            })?;
            Ok(newest.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn flows(&self, table: &str, from: Option<i64>, to: i64, latest: i64) -> Result<Vec<FlowRow>, StoreError> {
        self.ask(table, move |connection, name| {
            let table = find_unblocked(connection, name, TableKind::Flows)?;
            Ok(flows(connection, table, [from.unwrap_or(i64::MIN), to, EARLIEST, latest])?)
        })
        .await
    }

    async fn coverage(&self, deposits_table: &str) -> Result<Coverage, StoreError> {
        self.ask(deposits_table, |connection, name| Ok(coverage::read(connection, name)?)).await
    }

    fn left_out(&self) -> Vec<LeftOutFile> {
        self.shared.left_out.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// None: the store lives on the machine whose clock asks.
    async fn clock(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }
}

/// The market of a table of positions.
pub(super) fn market(connection: &Connection, table: i64) -> rusqlite::Result<Market> {
    let mut statement = connection.prepare_cached(&format!("{WALLETS} {MARKET}"))?;
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let market =
        statement.query_row([table], |row| Ok(Market { id: text(row.get(0)?), name: text(row.get(1)?) })).optional()?;
    Ok(market.unwrap_or_default())
}

/// Adds the lines of the table's files that were left out.
fn add_skipped(connection: &Connection, table: i64, skipped: &mut SkippedRows) -> rusqlite::Result<()> {
    connection.prepare_cached(SKIPPED)?.query_row([table], |row| {
        skipped.without_ts += count(row, 0)?;
        skipped.without_wallet += count(row, 1)?;
        skipped.without_value += count(row, 2)?;
        skipped.negative += count(row, 3)?;
        Ok(())
    })
}

/// The table's files without a usable line.
fn refused(connection: &Connection, table: i64) -> rusqlite::Result<Vec<RefusedFile>> {
    let mut statement = connection.prepare_cached(REFUSED)?;
    let refused = |row: &Row<'_>| {
        let path: String = row.get(0)?;
        let lines = u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default();
        Ok(RefusedFile::Unusable { file: legible::path(Path::new(&path)), lines, first: row.get(2)? })
    };
    statement.query_map([table], refused)?.collect()
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<usize> {
    Ok(usize::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
}

/// The samples that are from files which contradict themselves about them.
fn conflicts(connection: &Connection, table: i64, from: i64, to: i64) -> rusqlite::Result<Conflicts> {
    let mut statement = connection.prepare_cached(CONFLICTS)?;
    let mut rows = statement.query((table, from, to))?;
    let mut conflicts = Conflicts::default();
    while let Some(row) = rows.next()? {
        conflicts.count += count(row, 2)?;
        if conflicts.examples.len() < CONFLICTS_NAMED {
            conflicts.examples.push((row.get::<_, String>(0)?.into(), row.get(1)?));
        }
    }
    Ok(conflicts)
}

/// The table's number, unless a file of it waits to be put right.
fn find_unblocked(connection: &Connection, name: &str, kind: TableKind) -> Result<i64, Trouble> {
    let table = find(connection, name, kind)?;
    match files::refusal(connection, table)? {
        Some((path, cause)) => {
            let path = legible::path(Path::new(&path));
            Err(Trouble::Table(format!("{path} could not be imported: {cause}")))
        }
        None => Ok(table),
    }
}

fn positions(connection: &Connection, table: i64, from: i64, to: i64) -> rusqlite::Result<Positions> {
    let snapshot = connection.unchecked_transaction()?; // of all wallets
    let mut wallets = snapshot.prepare_cached(&format!("{WALLETS} select id from w where id not null"))?;
    let wallets = wallets.query_map([table], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    let mut statement = snapshot.prepare_cached(POSITIONS)?;
    let mut builder = PositionsBuilder::new();
    for wallet in wallets {
        let address = address(&snapshot, wallet)?;
        let mut rows = statement.query((table, wallet, from, to))?;
        while let Some(row) = rows.next()? {
            builder.push(&PositionRow {
                ts: Some(row.get(0)?),
                wallet: Some(&address),
                usd_value: row.get(1)?,
                price_usd: row.get(2)?,
                underlying_units: row.get(3)?,
            });
        }
    }
    let mut positions = builder.finish();
    // What an import has left out or collapsed no longer reaches the builder.
    add_skipped(&snapshot, table, &mut positions.skipped)?;
    positions.conflicts = conflicts(&snapshot, table, from, to)?;
    positions.refused = refused(&snapshot, table)?;
    Ok(positions)
}

/// `times`: the first and the last of the range, and the earliest and the latest that can be.
fn flows(connection: &Connection, table: i64, times: [i64; 4]) -> rusqlite::Result<Vec<FlowRow>> {
    let mut statement = connection.prepare_cached(FLOWS)?;
    let [from, to, earliest, latest] = times;
    let mut rows = statement.query((table, from, to, earliest, latest))?;
    let mut wallets: HashMap<i64, Arc<str>> = HashMap::new();
    let mut flows = Vec::new();
    while let Some(row) = rows.next()? {
        let wallet = match wallets.entry(row.get(0)?) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(new) => {
                let address = address(connection, *new.key())?;
                Arc::clone(new.insert(address.into()))
            }
        };
        let text = |text: String| Some(text).filter(|text| !text.is_empty());
        flows.push(FlowRow {
            ts: Some(row.get(1)?),
            wallet: Some(wallet),
            amount: Some(row.get(2)?),
            memo: text(row.get(3)?),
            tx_hash: text(row.get(4)?),
        });
    }
    Ok(flows)
}

fn address(connection: &Connection, wallet: i64) -> rusqlite::Result<String> {
    let sql = "select lower(address) from wallets where id = ?1";
    connection.prepare_cached(sql)?.query_row([wallet], |row| row.get(0))
}
