//! Rows of a file in temporary tables, before the store sees any of them.
//!
//! A connection's temporary tables live in a file of its own, so that staging takes no lock and little memory. What is
//! wrong with a file is known when all of it is staged; [`super::merge`] then compares as sets.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::io::Read;

use advisor_core::keys;
use advisor_core::position::SkippedRows;
use csv::ByteRecord;
use rusqlite::{Connection, Statement};

use super::csv_rows::{Columns, FlowLine, Lines, PositionLine};
use super::names::Content;
use super::report::{LineError, Refusal, RejectedLines};

/// `wallet` and `market` count the names in the order in which the file has them; `merge` turns them into the store's.
const TABLES: &str = "
    pragma temp.cache_size = -16384;
    create temp table staged_positions (
        wallet integer not null, ts integer not null, usd_value real, price_usd real, underlying_units real,
        market integer not null, primary key (wallet, ts)
    ) strict, without rowid;
    create temp table staged_contradictions (
        wallet integer not null, ts integer not null, times integer not null, primary key (wallet, ts)
    ) strict, without rowid;
    create temp table staged_flows (
        line integer primary key, wallet integer not null, ts integer not null, tx_hash text not null,
        amount real not null, memo text not null
    ) strict;
";

/// What is known of a file once it is staged.
#[derive(Debug, Default)]
pub(super) struct Staged {
    /// Addresses; `wallet` in the staged rows is the index.
    pub(super) wallets: Vec<String>,
    /// Ids and names; `market` in the staged rows is the index.
    pub(super) markets: Vec<(String, String)>,
    pub(super) rows: u64,
    pub(super) repeated: u64,
    pub(super) contradicted: u64,
    pub(super) rejected: RejectedLines,
    /// The rejected lines by cause.
    pub(super) skipped: SkippedRows,
    /// The number of the line behind the last line end, where a line was left out if one was.
    pub(super) next_line: u64,
}

impl Staged {
    /// The first line and what is wrong with it, where no line is usable.
    pub(super) fn refused(&self) -> String {
        self.rejected.first_of(self.rows).unwrap_or_default()
    }
}

/// Why a file could not be staged.
#[derive(Debug)]
pub(super) enum StageError {
    File(Refusal),
    Store(rusqlite::Error),
}

impl From<Refusal> for StageError {
    fn from(refusal: Refusal) -> Self {
        Self::File(refusal)
    }
}

impl From<rusqlite::Error> for StageError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

/// Makes the temporary tables on a fresh connection.
pub(super) fn create_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(TABLES)
}

/// Reads all lines into the temporary table for `content`, in place of what is there.
pub(super) fn stage(connection: &mut Connection, bytes: impl Read, content: Content) -> Result<Staged, StageError> {
    let transaction = connection.transaction()?; // of temporary tables only
    let staged = match content {
        Content::Positions => Positions::prepare(&transaction)?.read(bytes),
        Content::Deposits | Content::Withdrawals => Flows::prepare(&transaction)?.read(bytes, content),
    }?;
    transaction.commit()?;
    Ok(staged)
}

/// Position rows on their way into the temporary table.
struct Positions<'c> {
    insert: Statement<'c>,
    replace: Statement<'c>,
    contradict: Statement<'c>,
    wallets: Interner<String>,
    markets: Interner<(String, String)>,
    /// That of the line before.
    market: ((String, String), i64),
    repeated: u64,
    contradicted: u64,
}

impl<'c> Positions<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        connection.execute_batch("delete from temp.staged_positions; delete from temp.staged_contradictions")?;
        let insert = connection
            .prepare("insert into temp.staged_positions values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do nothing")?;
        let replace = connection.prepare(
            "update temp.staged_positions set (usd_value, price_usd, underlying_units, market) = (?3, ?4, ?5, ?6)
             where wallet = ?1 and ts = ?2
             and (usd_value, price_usd, underlying_units, market) is not (?3, ?4, ?5, ?6)",
        )?;
        let contradict = connection.prepare(
            "insert into temp.staged_contradictions values (?1, ?2, 1) on conflict do update set times = times + 1",
        )?;
        let mut markets = Interner::new();
        let none = <(String, String)>::default();
        let market = (none.clone(), markets.number(&none));
        let wallets = Interner::new();
        Ok(Self { insert, replace, contradict, wallets, markets, market, repeated: 0, contradicted: 0 })
    }

    /// Takes the usable lines; of lines with one wallet and time the last stays.
    fn read(mut self, bytes: impl Read) -> Result<Staged, StageError> {
        let lines = each_line(bytes, Content::Positions, |columns, record| match columns.position(record) {
            Ok(position) => self.push(&position).map(Ok),
            Err(error) => Ok(Err(error)),
        })?;
        Ok(Staged {
            wallets: self.wallets.names(),
            markets: self.markets.names(),
            repeated: self.repeated,
            contradicted: self.contradicted,
            ..lines
        })
    }

    fn push(&mut self, line: &PositionLine<'_>) -> rusqlite::Result<()> {
        // A file is nearly always about one market.
        if line.market != (&self.market.0.0, &self.market.0.1) {
            let market = (line.market.0.to_owned(), line.market.1.to_owned());
            self.market = (market.clone(), self.markets.number(&market));
        }
        let wallet = self.wallets.number(keys::wallet(line.wallet).as_ref());
        let row = (wallet, line.ts, line.usd_value, line.price_usd, line.underlying_units, self.market.1);
        if self.insert.execute(row)? == 0 {
            self.repeated += 1;
            if self.replace.execute(row)? > 0 {
                self.contradicted += 1;
                self.contradict.execute((wallet, line.ts))?;
            }
        }
        Ok(())
    }
}

/// Deposits or withdrawals on their way into the temporary table.
struct Flows<'c> {
    insert: Statement<'c>,
    wallets: Interner<String>,
}

impl<'c> Flows<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        connection.execute("delete from temp.staged_flows", ())?;
        let insert = connection.prepare("insert into temp.staged_flows values (null, ?1, ?2, ?3, ?4, ?5)")?;
        Ok(Self { insert, wallets: Interner::new() })
    }

    /// Takes all lines, or none if one of them is unusable.
    fn read(mut self, bytes: impl Read, content: Content) -> Result<Staged, StageError> {
        let lines = each_line(bytes, content, |columns, record| match columns.flow(record) {
            Ok(flow) => self.push(&flow).map(Ok),
            Err(error) => Ok(Err(error)),
        })?;
        if let Some(first) = lines.rejected.first_of(lines.rows) {
            return Err(Refusal::Unusable { lines: lines.rows, first }.into());
        }
        if lines.rejected.count > 0 {
            return Err(Refusal::Rejected(lines.rejected).into());
        }
        Ok(Staged { wallets: self.wallets.names(), ..lines })
    }

    fn push(&mut self, line: &FlowLine<'_>) -> rusqlite::Result<()> {
        let wallet = self.wallets.number(keys::wallet(line.wallet).as_ref());
        self.insert.execute((wallet, line.ts, keys::tx_hash(line.tx_hash), line.amount, line.memo))?;
        Ok(())
    }
}

/// Gives every line to `take`; returns how many there were, and those it did not want.
fn each_line(
    bytes: impl Read,
    content: Content,
    mut take: impl FnMut(&Columns, &ByteRecord) -> rusqlite::Result<Result<(), LineError>>,
) -> Result<Staged, StageError> {
    let mut lines = Lines::new(bytes);
    let columns = Columns::find(lines.header()?, content)?;
    let mut staged = Staged::default();
    while let Some((line, record)) = lines.next()? {
        staged.rows += 1;
        if let Err(error) = take(&columns, record)? {
            staged.rejected.note(line, &error);
            error.count(&mut staged.skipped);
        }
    }
    staged.next_line = lines.behind_last_end();
    Ok(staged)
}

/// Numbers names from 0 in the order in which they first come.
struct Interner<K> {
    numbers: HashMap<K, i64>,
}

impl<K: Hash + Eq> Interner<K> {
    fn new() -> Self {
        Self { numbers: HashMap::new() }
    }

    fn number<Q: Hash + Eq + ToOwned<Owned = K> + ?Sized>(&mut self, name: &Q) -> i64
    where
        K: Borrow<Q>,
    {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.numbers.len() as i64;
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// The names in the order of their numbers.
    fn names(self) -> Vec<K> {
        let mut names: Vec<(K, i64)> = self.numbers.into_iter().collect();
        names.sort_unstable_by_key(|(_, number)| *number);
        names.into_iter().map(|(name, _)| name).collect()
    }
}
