//! Staged rows into the store: what is new, what changed, what the file no longer has.
//!
//! Start at [`positions`] and [`flows`]; both run inside the one transaction of a file. Which rows a file is
//! responsible for:
//!
//! - A position belongs to the file that gave it its present figures. What other files say of it is kept beside it, and
//!   comes into its place when that file drops the row. Where nothing is, the row goes, and the other files of the table
//!   are read again in the next automatic import: an earlier version of the program kept nothing ([`Present::Kept`]).
//! - A flow belongs to every file that has it, and goes with the last of them, unless the service wrote it too.

use advisor_core::position::SkippedRows;
use rusqlite::Transaction;

use super::files;
use super::report::FileReport;
use super::stage::Staged;

/// The table and file that rows belong to, as the store numbers them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub(super) table: i64,
    pub(super) file: i64,
}

/// What becomes of the positions the store has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Present {
    /// The staged rows replace them.
    Replaced,
    /// They stay, as they may be from a file that counts more: only what another file has dropped is put back.
    Kept,
}

/// Merges the staged positions; fills in the counts of `report`.
pub(super) fn positions(
    tx: &Transaction<'_>,
    owner: Owner,
    staged: &Staged,
    present: Present,
    report: &mut FileReport,
) -> rusqlite::Result<()> {
    let replace = present == Present::Replaced;
    number_wallets(tx, staged)?;
    number_markets(tx, staged)?;
    report.removed = if replace { remove_positions(tx, owner, NOT_STAGED)? } else { 0 };
    report.inserted = insert_positions(tx, owner)?;
    let distinct = staged.rows - staged.rejected.count - staged.repeated;
    if report.inserted < distinct && files::has_others(tx, owner.table, owner.file)? {
        keep_beside(tx, owner, present)?;
    }
    // Comparing costs as much as inserting; a file of new rows need not.
    report.updated = if replace && report.inserted < distinct { update_positions(tx, owner)? } else { 0 };
    report.unchanged = distinct - report.inserted - report.updated;
    note_doubts(tx, owner, staged)
}

/// Remembers what evaluations are to warn of.
fn note_doubts(tx: &Transaction<'_>, owner: Owner, staged: &Staged) -> rusqlite::Result<()> {
    let SkippedRows { without_ts, without_wallet, without_value, negative } = staged.skipped;
    let [without_ts, without_wallet, without_value, negative] =
        [without_ts, without_wallet, without_value, negative].map(|lines| lines as i64);
    tx.execute(
        "update files set (without_ts, without_wallet, without_value, negative, refused) = (?2, ?3, ?4, ?5, ?6)
         where id = ?1",
        (owner.file, without_ts, without_wallet, without_value, negative, staged.refused()),
    )?;
    tx.execute("delete from contradictions where table_id = ?1 and file_id = ?2", (owner.table, owner.file))?;
    tx.execute(
        "insert into contradictions (table_id, file_id, wallet_id, ts, times)
         select ?1, ?2, w.id, s.ts, s.times
         from temp.staged_contradictions s join temp.wallet_ids w on w.number = s.wallet",
        (owner.table, owner.file),
    )?;
    Ok(())
}

/// Of the file's positions those that it no longer has.
const NOT_STAGED: &str = "not exists (
    select 1 from temp.wallet_ids w join temp.staged_positions s on s.wallet = w.number
    where w.id = positions.wallet_id and s.ts = positions.ts)";

/// All of the file's positions.
pub(super) const ALL: &str = "true";

/// Takes away the file's positions that are `dropped`, and everything it says of those that belong to others. What others
/// say of them comes into their place. Returns how many rows the file has lost.
pub(super) fn remove_positions(tx: &Transaction<'_>, owner: Owner, dropped: &str) -> rusqlite::Result<u64> {
    let values = (owner.table, owner.file);
    tx.execute("delete from other_positions where table_id = ?1 and file_id = ?2", values)?;
    let others = "from other_positions o where (o.table_id, o.wallet_id, o.ts)
                  = (positions.table_id, positions.wallet_id, positions.ts)";
    let replaced = tx.execute(
        &format!(
            "update positions set (usd_value, price_usd, underlying_units, market_id, file_id) =
                 (select usd_value, price_usd, underlying_units, market_id, file_id {others}
                  order by o.file_id desc limit 1)
             where table_id = ?1 and file_id = ?2 and {dropped} and exists (select 1 {others})"
        ),
        values,
    )?;
    if replaced > 0 {
        tx.execute(
            "delete from other_positions where table_id = ?1 and exists (
                 select 1 from positions p where (p.table_id, p.wallet_id, p.ts, p.file_id)
                 = (other_positions.table_id, other_positions.wallet_id, other_positions.ts, other_positions.file_id))",
            [owner.table],
        )?;
    }
    let sql = format!("delete from positions where table_id = ?1 and file_id = ?2 and {dropped}");
    let removed = tx.execute(&sql, values)?;
    if removed > 0 {
        files::read_again(tx, owner.table, owner.file)?;
    }
    Ok((replaced + removed) as u64)
}

/// Where another file has a position, too: keeps what the one says that has not the last word.
fn keep_beside(tx: &Transaction<'_>, owner: Owner, present: Present) -> rusqlite::Result<()> {
    // Where both say the same the row stays the other's, and either is right.
    let (of, columns) = match present {
        Present::Replaced => (
            "iif((p.usd_value, p.price_usd, p.underlying_units, p.market_id)
                 is (s.usd_value, s.price_usd, s.underlying_units, m.id), ?2, p.file_id)",
            "p.usd_value, p.price_usd, p.underlying_units, p.market_id",
        ),
        Present::Kept => ("?2", "s.usd_value, s.price_usd, s.underlying_units, m.id"),
    };
    tx.execute(
        &format!(
            "insert or replace into other_positions
                 (table_id, wallet_id, ts, file_id, usd_value, price_usd, underlying_units, market_id)
             select ?1, w.id, s.ts, {of}, {columns}
             from temp.wallet_ids w cross join temp.staged_positions s on s.wallet = w.number
                 cross join temp.market_ids m on m.number = s.market
                 cross join positions p on (p.table_id, p.wallet_id, p.ts) = (?1, w.id, s.ts)
             where p.file_id <> ?2"
        ),
        (owner.table, owner.file),
    )?;
    Ok(())
}

fn insert_positions(tx: &Transaction<'_>, owner: Owner) -> rusqlite::Result<u64> {
    let inserted = tx.execute(
        "insert into positions
             (table_id, wallet_id, ts, usd_value, price_usd, underlying_units, market_id, file_id)
         select ?1, w.id, s.ts, s.usd_value, s.price_usd, s.underlying_units, m.id, ?2
         from temp.wallet_ids w cross join temp.staged_positions s on s.wallet = w.number
             cross join temp.market_ids m on m.number = s.market
         where true on conflict do nothing",
        (owner.table, owner.file),
    )?;
    Ok(inserted as u64)
}

fn update_positions(tx: &Transaction<'_>, owner: Owner) -> rusqlite::Result<u64> {
    let updated = tx.execute(
        "update positions as p set
             (usd_value, price_usd, underlying_units, market_id, file_id) =
             (s.usd_value, s.price_usd, s.underlying_units, m.id, ?2)
         from temp.wallet_ids w cross join temp.staged_positions s on s.wallet = w.number
             cross join temp.market_ids m on m.number = s.market
         where p.table_id = ?1 and p.wallet_id = w.id and p.ts = s.ts
             and (p.usd_value, p.price_usd, p.underlying_units, p.market_id)
                 is not (s.usd_value, s.price_usd, s.underlying_units, m.id)",
        (owner.table, owner.file),
    )?;
    Ok(updated as u64)
}

/// Merges the staged flows; fills in the counts of `report`.
pub(super) fn flows(
    tx: &Transaction<'_>,
    owner: Owner,
    staged: &Staged,
    report: &mut FileReport,
) -> rusqlite::Result<()> {
    number_wallets(tx, staged)?;
    tx.execute_batch(
        "drop view if exists temp.keyed_flows;
         create temp view keyed_flows as
         select s.line, w.id as wallet_id, s.ts, s.tx_hash, s.amount, s.memo,
             row_number() over (partition by w.id, s.ts, s.tx_hash, s.amount, s.memo order by s.line) as nth
         from temp.staged_flows s join temp.wallet_ids w on w.number = s.wallet;",
    )?;
    report.inserted = tx.execute(
        "insert into flows (table_id, wallet_id, ts, tx_hash, amount, memo, nth)
         select ?1, wallet_id, ts, tx_hash, amount, memo, nth from temp.keyed_flows where true order by line
         on conflict do nothing",
        [owner.table],
    )? as u64;
    report.unchanged = staged.rows - report.inserted;
    report.removed = exchange_memberships(tx, owner)?;
    Ok(())
}

/// Makes the file a holder of exactly the staged flows; returns how many flows no file holds any more.
fn exchange_memberships(tx: &Transaction<'_>, owner: Owner) -> rusqlite::Result<u64> {
    tx.execute_batch("create temp table if not exists held (flow_id integer primary key); delete from temp.held")?;
    tx.execute(
        "insert into temp.held select f.id from temp.keyed_flows k join flows f
             on (f.table_id, f.wallet_id, f.ts, f.tx_hash, f.amount, f.memo, f.nth)
                 = (?1, k.wallet_id, k.ts, k.tx_hash, k.amount, k.memo, k.nth)",
        [owner.table],
    )?;
    let removed = tx.execute(
        "delete from flows where synced = 0 and id in (
             select flow_id from flow_files where file_id = ?1 and flow_id not in (select flow_id from temp.held))
             and not exists (select 1 from flow_files o where o.flow_id = flows.id and o.file_id <> ?1)",
        [owner.file],
    )?;
    tx.execute(
        "delete from flow_files where file_id = ?1 and flow_id not in (select flow_id from temp.held)",
        [owner.file],
    )?;
    tx.execute(
        "insert into flow_files (file_id, flow_id) select ?1, flow_id from temp.held where true on conflict do nothing",
        [owner.file],
    )?;
    Ok(removed as u64)
}

fn number_wallets(tx: &Transaction<'_>, staged: &Staged) -> rusqlite::Result<()> {
    tx.execute_batch(
        "drop table if exists temp.wallet_ids;
         create temp table wallet_ids (number integer primary key, id integer not null unique);",
    )?;
    let mut add = tx.prepare("insert into wallets (address) values (?1) on conflict do nothing")?;
    let mut number = tx.prepare("insert into temp.wallet_ids select ?1, id from wallets where address = ?2")?;
    for (i, address) in (0_i64..).zip(&staged.wallets) {
        add.execute([address])?;
        number.execute((i, address))?;
    }
    Ok(())
}

/// As for wallets; a row without a market has `NULL`.
fn number_markets(tx: &Transaction<'_>, staged: &Staged) -> rusqlite::Result<()> {
    tx.execute_batch(
        "drop table if exists temp.market_ids;
         create temp table market_ids (number integer primary key, id integer);",
    )?;
    let mut add = tx.prepare("insert into markets (market_id, market_name) values (?1, ?2) on conflict do nothing")?;
    let mut number = tx.prepare(
        "insert into temp.market_ids
         values (?1, (select id from markets where (market_id, market_name) = (?2, ?3)))",
    )?;
    for (i, (id, name)) in (0_i64..).zip(&staged.markets) {
        if !(id.is_empty() && name.is_empty()) {
            add.execute((id, name))?;
        }
        number.execute((i, id, name))?;
    }
    Ok(())
}
