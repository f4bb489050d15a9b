//! What the store remembers of the files it has read, and of those it could not.

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use advisor_core::store::TableKind;
use rusqlite::{Connection, OptionalExtension, Transaction};

/// Size and time of a file: while both stay, nobody has written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    size: i64,
    /// `None` where the time is so recent that a further write might leave it as it is.
    mtime_ns: Option<i64>,
}

impl Stat {
    /// File systems keep times as coarse as 2 s (FAT).
    const SETTLED_AFTER: Duration = Duration::from_secs(2);

    pub(super) fn of(metadata: &Metadata) -> Self {
        let settled = |time: &SystemTime| time.elapsed().is_ok_and(|age| age > Self::SETTLED_AFTER);
        let mtime = metadata.modified().ok().filter(settled).and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            size: i64::try_from(metadata.len()).unwrap_or(i64::MAX),
            mtime_ns: mtime.and_then(|time| i64::try_from(time.as_nanos()).ok()),
        }
    }

    /// The same of a file that is to be read again whatever its time.
    pub(super) fn unsettled(self) -> Self {
        Self { mtime_ns: None, ..self }
    }
}

/// A file that was imported before.
#[derive(Debug)]
pub(super) struct Known {
    stat: (Option<i64>, Option<i64>),
    sha256: Option<Vec<u8>>,
}

impl Known {
    pub(super) fn has_stat(&self, now: Stat) -> bool {
        now.mtime_ns.is_some() && self.stat == (Some(now.size), now.mtime_ns)
    }

    pub(super) fn has_content(&self, sha256: &[u8; 32]) -> bool {
        self.sha256.as_deref() == Some(sha256)
    }

    /// Whether another file has dropped rows that this one may have too, see [`read_again`].
    pub(super) fn may_lack_rows(&self) -> bool {
        self.stat.0.is_none()
    }
}

/// The file as it was when it was last read into `table`.
pub(super) fn known(connection: &Connection, table: &str, path: &str) -> rusqlite::Result<Option<Known>> {
    connection
        .query_row(
            "select f.size, f.mtime_ns, f.sha256 from files f join tables t on t.id = f.table_id
             where t.name = ?1 and f.path = ?2",
            (table, path),
            |row| Ok(Known { stat: (row.get(0)?, row.get(1)?), sha256: row.get(2)? }),
        )
        .optional()
}

/// Remembers the file as it is now; returns its number.
///
/// A file of the same content that was read into the same table before, and is no longer where it was, has been moved:
/// it keeps its number, and so its rows, that a later correction may remove.
pub(super) fn remember(
    tx: &Transaction<'_>,
    table: i64,
    path: &str,
    stat: Stat,
    sha256: &[u8; 32],
) -> rusqlite::Result<i64> {
    let is_known = tx.prepare("select 1 from files where table_id = ?1 and path = ?2")?.exists((table, path))?;
    if !is_known && let Some(moved) = moved(tx, table, sha256)? {
        tx.execute("update files set path = ?2 where id = ?1", (moved, path))?;
    }
    tx.query_row(
        "insert into files (table_id, path, size, mtime_ns, sha256) values (?1, ?2, ?3, ?4, ?5)
         on conflict do update set (size, mtime_ns, sha256) = (excluded.size, excluded.mtime_ns, excluded.sha256)
         returning id",
        (table, path, stat.size, stat.mtime_ns, sha256),
        |row| row.get(0),
    )
}

/// Has the other files of the table read again in the next automatic import.
pub(super) fn read_again(tx: &Transaction<'_>, table: i64, dropper: i64) -> rusqlite::Result<()> {
    tx.execute("update files set size = null, mtime_ns = null where table_id = ?1 and id <> ?2", (table, dropper))?;
    Ok(())
}

/// Whether other files were read into the table.
pub(super) fn has_others(tx: &Transaction<'_>, table: i64, file: i64) -> rusqlite::Result<bool> {
    tx.prepare("select 1 from files where table_id = ?1 and id <> ?2")?.exists((table, file))
}

fn moved(tx: &Transaction<'_>, table: i64, sha256: &[u8; 32]) -> rusqlite::Result<Option<i64>> {
    let mut statement = tx.prepare("select id, path from files where table_id = ?1 and sha256 = ?2")?;
    let mut rows = statement.query((table, sha256))?;
    while let Some(row) = rows.next()? {
        if is_gone(&row.get::<_, String>(1)?) {
            return row.get(0);
        }
    }
    Ok(None)
}

pub(super) fn is_gone(path: &str) -> bool {
    matches!(Path::new(path).try_exists(), Ok(false))
}

/// How the schema writes a kind.
pub(super) fn kind_name(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Positions => "positions",
        TableKind::Flows => "flows",
    }
}

/// The name of a table as stored: whatever its case, before another is made that differs by case alone. The name itself
/// where there is no such table.
pub(super) fn stored_name(connection: &Connection, name: &str) -> rusqlite::Result<String> {
    connection
        .prepare_cached("select name from tables where name = ?1 collate nocase order by name = ?1 desc, name limit 1")?
        .query_row([name], |row| row.get(0))
        .optional()
        .map(|stored| stored.unwrap_or_else(|| name.to_owned()))
}

/// The table's number; makes the table where there is none. `None` if it holds something else.
pub(super) fn table(tx: &Transaction<'_>, name: &str, kind: TableKind) -> rusqlite::Result<Option<i64>> {
    tx.execute("insert into tables (name, kind) values (?1, ?2) on conflict do nothing", (name, kind_name(kind)))?;
    tx.query_row("select id from tables where name = ?1 and kind = ?2", (name, kind_name(kind)), |row| row.get(0))
        .optional()
}

/// Blocks a table until the file at `path` can be read.
pub(super) fn refuse(tx: &Transaction<'_>, table: &str, path: &str, cause: &str) -> rusqlite::Result<()> {
    tx.execute(
        "insert into refusals (table_id, path, cause) select id, ?2, ?3 from tables where name = ?1
         on conflict do update set cause = excluded.cause",
        (table, path, cause),
    )?;
    Ok(())
}

/// Forgets that the file could not be read.
pub(super) fn accept(connection: &Connection, table: &str, path: &str) -> rusqlite::Result<()> {
    let id = "select id from tables where name = ?1";
    // Looking first keeps a start without changes from waiting for the write lock.
    if connection
        .prepare(&format!("select 1 from refusals where table_id = ({id}) and path = ?2"))?
        .exists((table, path))?
    {
        connection.execute(&format!("delete from refusals where table_id = ({id}) and path = ?2"), (table, path))?;
    }
    Ok(())
}

/// Forgets the refusals of files that are no longer there.
pub(super) fn accept_missing(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare("select t.name, r.path from refusals r join tables t on t.id = r.table_id")?;
    let refused = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let refused: Vec<(String, String)> = refused.collect::<Result<_, _>>()?;
    refused.iter().filter(|(_, path)| is_gone(path)).try_for_each(|(table, path)| accept(connection, table, path))
}

/// The first of the files that block the table, and why.
pub(super) fn refusal(connection: &Connection, table: i64) -> rusqlite::Result<Option<(String, String)>> {
    connection
        .prepare_cached("select path, cause from refusals where table_id = ?1 order by path limit 1")?
        .query_row([table], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}
