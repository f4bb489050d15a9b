//! Which rows has the store from which file, and how does it get rid of a file's?
//!
//! Start at [`Embedded::holdings`]; [`Embedded::forget_file`] takes the rows of one file out. Elsewhere: [`super::merge`] has
//! the rules by which rows belong to files.

use std::path::PathBuf;

use advisor_core::store::StoreError;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior};

use super::files;
use super::merge::{self, Owner};
use super::store::Embedded;

/// The rows of a file in one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFile {
    id: i64,
    /// The file.
    pub path: PathBuf,
    /// The table.
    pub table: String,
    /// How many rows of the table the file has, those included that other files have, too.
    pub rows: u64,
    /// Whether the file is still where it was read.
    pub is_there: bool,
}

/// What the store holds, by where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdings {
    /// By table and path.
    pub files: Vec<HeldFile>,
    /// By table: flows that the service pulled, and no file has.
    pub pulled: Vec<(String, u64)>,
    /// By table: rows of which it is not known where they come from.
    pub unknown: Vec<(String, u64)>,
}

const FILES: &str = "
    with held (file_id, n) as (
        select file_id, count(*) from positions group by file_id
        union all select file_id, count(*) from other_positions group by file_id
        union all select file_id, count(*) from flow_files group by file_id
    )
    select f.id, f.path, t.name, (select coalesce(sum(n), 0) from held where file_id = f.id)
    from files f join tables t on t.id = f.table_id order by t.name, f.path";

const PULLED: &str = "
    select t.name, count(*) from flows f join tables t on t.id = f.table_id
    where f.synced and f.id not in (select flow_id from flow_files) group by t.name order by t.name";

const UNKNOWN: &str = "
    select t.name, count(*) from flows f join tables t on t.id = f.table_id
    where not f.synced and f.id not in (select flow_id from flow_files) group by t.name
    union all
    select t.name, count(*) from positions p join tables t on t.id = p.table_id
    where p.file_id not in (select id from files) group by t.name
    order by 1";

const HOLDS: &str = "
    select exists (select 1 from positions where table_id = ?1 and file_id = ?2)
        or exists (select 1 from other_positions where table_id = ?1 and file_id = ?2)
        or exists (select 1 from flow_files where file_id = ?2)";

impl Embedded {
    /// What the store holds, and from where. Reads every row.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn holdings(&self) -> Result<Holdings, StoreError> {
        let read = |connection: &Connection| -> rusqlite::Result<Holdings> {
            let mut files = connection.prepare(FILES)?;
            let files = files.query_map((), |row| {
                let path: String = row.get(1)?;
                let is_there = !files::is_gone(&path);
                let (id, table, rows) = (row.get(0)?, row.get(2)?, count(row, 3)?);
                Ok(HeldFile { id, path: path.into(), table, rows, is_there })
            })?;
            let files = files.collect::<Result<_, _>>()?;
            Ok(Holdings { files, pulled: counts(connection, PULLED)?, unknown: counts(connection, UNKNOWN)? })
        };
        self.shared.file.with_connection(read).map_err(|error| self.unavailable(&error))
    }

    /// Takes the file's rows out of its table, and forgets that it was read or refused; returns how many rows are gone.
    /// A row stays that another file has, or the service pulled.
    ///
    /// # Errors
    /// The store cannot be written; then nothing has changed.
    pub fn forget_file(&self, file: &HeldFile) -> Result<u64, StoreError> {
        let forget = |connection: &Connection| -> rusqlite::Result<u64> {
            let tx = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            let table = tx.query_row("select table_id from files where id = ?1", [file.id], |row| row.get(0));
            let table = match table {
                Err(rusqlite::Error::QueryReturnedNoRows) => return Ok(0), // somebody else was first
                table => table?,
            };
            let gone = forget(&tx, Owner { table, file: file.id })?;
            tx.commit()?;
            Ok(gone)
        };
        self.shared.file.with_connection(forget).map_err(|error| self.unavailable(&error))
    }
}

fn forget(tx: &Transaction<'_>, owner: Owner) -> rusqlite::Result<u64> {
    let table = "select count(*) from positions where table_id = ?1";
    let count = |tx: &Transaction<'_>| tx.query_row(table, [owner.table], |row| row.get::<_, i64>(0));
    let before = count(tx)?;
    merge::remove_positions(tx, owner, merge::ALL)?;
    let positions = before - count(tx)?;
    let flows = tx.execute(
        "delete from flows where synced = 0 and id in (select flow_id from flow_files where file_id = ?1)
             and not exists (select 1 from flow_files o where o.flow_id = flows.id and o.file_id <> ?1)",
        [owner.file],
    )?;
    tx.execute("delete from flow_files where file_id = ?1", [owner.file])?;
    tx.execute("delete from contradictions where table_id = ?1 and file_id = ?2", (owner.table, owner.file))?;
    tx.execute(
        "delete from refusals where (table_id, path) = (select table_id, path from files where id = ?1)",
        [owner.file],
    )?;
    tx.execute("delete from files where id = ?1", [owner.file])?;
    Ok(u64::try_from(positions).unwrap_or_default() + flows as u64)
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
}

fn counts(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<(String, u64)>> {
    let mut statement = connection.prepare(sql)?;
    statement.query_map((), |row| Ok((row.get(0)?, count(row, 1)?)))?.collect()
}

/// Files that are gone although the store has rows of them: path and table.
pub(super) fn gone(connection: &Connection) -> rusqlite::Result<Vec<(PathBuf, String)>> {
    let mut statement = connection
        .prepare("select f.path, t.name, t.id, f.id from files f join tables t on t.id = f.table_id order by 1")?;
    let known = statement.query_map((), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
    })?;
    let mut holds = connection.prepare(HOLDS)?;
    let mut gone = Vec::new();
    for file in known {
        let (path, name, table, id) = file?;
        if files::is_gone(&path) && holds.query_row((table, id), |row| row.get(0))? {
            gone.push((path.into(), name));
        }
    }
    Ok(gone)
}
