//! Where do the bars of a series come from, and what does the store remember of it?
//!
//! Start at [`remember`]. A file is known by its series and its path; one of the same content is the same file.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use trading_core::time::Micros;

use super::error::StoreFault;
use crate::bar_file::{BarFile, FileStat};

/// Where bars of a series came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// A file by its whole path, or what they were made of.
    pub name: String,
    /// When it last changed the series, or was first read as it is.
    pub taken_at: Micros,
    /// Lines of the file, or of those behind what they were made of, that were no bars.
    pub rejected: u64,
}

/// What bars that come in are from.
pub(super) struct Origin<'a> {
    name: String,
    rejected: u64,
    file: Option<(FileStat, &'a [u8; 32])>,
}

impl<'a> Origin<'a> {
    pub(super) fn file(file: &'a BarFile) -> Self {
        Self { name: name_of(&file.path), rejected: file.rejected.count, file: Some((file.stat, &file.sha256)) }
    }

    pub(super) fn made(name: String, rejected: u64) -> Self {
        Self { name, rejected, file: None }
    }
}

/// A file's whole path, which is the same from wherever it is named.
fn name_of(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}

/// Remembers where bars came from; `changed`: whether they changed the series.
pub(super) fn remember(
    transaction: &Transaction<'_>,
    series: i64,
    origin: &Origin<'_>,
    changed: bool,
    now: Micros,
) -> Result<(), StoreFault> {
    let Origin { name, rejected, file } = origin;
    let (stat, sha256) = file.unzip();
    let sql = "insert into sources (series, source, taken_at, rejected, size, modified_ns, changed_ns, sha256)
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               on conflict do update set
                   taken_at = iif(?9 or sha256 is not excluded.sha256, excluded.taken_at, taken_at),
                   (rejected, size, modified_ns, changed_ns, sha256) =
                   (excluded.rejected, excluded.size, excluded.modified_ns, excluded.changed_ns, excluded.sha256)";
    transaction.prepare_cached(sql)?.execute(params![
        series,
        name,
        now,
        i64::try_from(*rejected).unwrap_or(i64::MAX),
        stat.map(|stat| stat.size),
        stat.and_then(|stat| stat.modified_ns),
        stat.and_then(|stat| stat.changed_ns),
        sha256,
        changed
    ])?;
    Ok(())
}

/// Whether the file at `path` was imported into the series and nobody has written to it since.
pub(super) fn is_known(connection: &Connection, series: i64, path: &Path, now: FileStat) -> Result<bool, StoreFault> {
    let sql =
        "select size, modified_ns, changed_ns from sources where series = ?1 and source = ?2 and size is not null";
    let of_row = |row: &Row<'_>| Ok(FileStat { size: row.get(0)?, modified_ns: row.get(1)?, changed_ns: row.get(2)? });
    let stat = connection.prepare_cached(sql)?.query_row(params![series, name_of(path)], of_row).optional()?;
    Ok(stat.is_some_and(|stat| now.is_of_same(&stat)))
}

/// Lines that were no bars, of all files that the series came from; of copies of one file they count once.
pub(super) fn rejected(connection: &Connection, series: i64) -> Result<u64, StoreFault> {
    // Beside `max`, SQLite takes the other columns from the row that has it.
    let sql = "select coalesce(sum(rejected), 0) from (
                   select rejected, max(taken_at) from sources where series = ?1 group by coalesce(sha256, source)
               )";
    let count: i64 = connection.prepare_cached(sql)?.query_row([series], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Where the bars of a series came from, the newest first.
pub(super) fn of(connection: &Connection, series: i64) -> Result<Vec<Source>, StoreFault> {
    let sql = "select source, taken_at, rejected from sources where series = ?1 order by taken_at desc, source";
    let mut statement = connection.prepare_cached(sql)?;
    let of_row = |row: &Row<'_>| {
        let rejected: i64 = row.get(2)?;
        Ok(Source { name: row.get(0)?, taken_at: row.get(1)?, rejected: rejected.unsigned_abs() })
    };
    let rows = statement.query_map([series], of_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
