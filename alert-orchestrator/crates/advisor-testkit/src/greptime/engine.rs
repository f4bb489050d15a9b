//! Who runs the statements and keeps the rows?
//!
//! Start at [`Engine::run`]. Each database is an SQLite file in a directory that goes away with the engine, in WAL mode
//! and never synced: like the server, a reader that takes its time holds up neither writers nor other readers, which
//! SQLite's purely in-memory databases cannot offer. Every request borrows a connection to all databases.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use testkit::lock;

use super::catalog::{Catalog, Table, TableName, literal, quote};
use super::dialect::{self, Statement};
use super::encode::{Reply, ResultColumn};
use super::error::{SqlError, code};
use super::rewrite::{Projected, Rewriter, Rewritten};
use super::scratch::Scratch;
use super::types::DataType;

/// The database every server has.
pub(crate) const DEFAULT_DATABASE: &str = "public";

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// All databases of one stand-in.
pub(crate) struct Engine {
    scratch: Scratch,
    catalog: RwLock<Catalog>,
    idle: Mutex<Vec<Session>>,
    clock_skew_ms: AtomicI64,
}

/// A connection and the databases it has attached.
struct Session {
    connection: Connection,
    attached: Vec<String>,
}

/// A session that returns to the idle ones when dropped.
struct Lease<'a> {
    engine: &'a Engine,
    session: Option<Session>,
}

impl Deref for Lease<'_> {
    type Target = Connection;

    #[expect(clippy::expect_used, reason = "the session is only taken out by drop")]
    fn deref(&self) -> &Connection {
        &self.session.as_ref().expect("invariant: a lease holds its session until it is dropped").connection
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        lock(&self.engine.idle).extend(self.session.take());
    }
}

impl Engine {
    /// An engine with the one database `public`.
    pub(crate) fn new() -> std::io::Result<Self> {
        let mut catalog = Catalog::default();
        catalog.add_database(DEFAULT_DATABASE);
        Ok(Self {
            scratch: Scratch::new()?,
            catalog: RwLock::new(catalog),
            idle: Mutex::default(),
            clock_skew_ms: AtomicI64::new(0),
        })
    }

    pub(crate) fn set_clock_skew_ms(&self, skew_ms: i64) {
        self.clock_skew_ms.store(skew_ms, Ordering::Relaxed);
    }

    pub(crate) fn has_database(&self, name: &str) -> bool {
        self.catalog().has_database(name)
    }

    /// Runs the statements in order and writes one output for each.
    pub(crate) fn run(&self, statements: Vec<Statement>, database: &str, reply: &mut Reply) -> Result<(), SqlError> {
        let last = statements.len().saturating_sub(1);
        for (position, statement) in statements.into_iter().enumerate() {
            if position == last {
                reply.release();
            }
            self.statement(statement, database, reply)?;
        }
        Ok(())
    }

    /// Runs `sql` and returns how many rows its writes touched. What it reads is dropped.
    pub(crate) fn execute(&self, sql: &str) -> Result<usize, SqlError> {
        let mut touched = 0;
        for statement in dialect::parse(sql, DEFAULT_DATABASE)? {
            touched += self.write(statement, DEFAULT_DATABASE)?;
        }
        Ok(touched)
    }

    /// Inserts rows given as SQLite parameters, all of them or none; the first row that is an error is returned.
    pub(crate) fn insert<P: rusqlite::Params>(
        &self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = Result<P, SqlError>>,
    ) -> Result<usize, SqlError> {
        let name = dialect::parse_table(table, DEFAULT_DATABASE)?;
        let verb = if self.table(&name)?.append_mode { "INSERT" } else { "INSERT OR REPLACE" };
        let names = columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ");
        let placeholders = vec!["?"; columns.len()].join(", ");
        let sql = format!("{verb} INTO {} ({names}) VALUES ({placeholders})", name.quoted());

        let session = self.session()?;
        let failed = |error: rusqlite::Error| SqlError::from_sqlite(&error, &[]);
        let transaction = session.unchecked_transaction().map_err(failed)?;
        let mut prepared = transaction.prepare(&sql).map_err(failed)?;
        let mut inserted = 0;
        for row in rows {
            inserted += prepared.execute(row?).map_err(failed)?;
        }
        drop(prepared);
        transaction.commit().map_err(failed)?;
        Ok(inserted)
    }

    /// What is known about a table.
    pub(crate) fn table(&self, name: &TableName) -> Result<Table, SqlError> {
        self.catalog().table(name).cloned()
    }

    fn statement(&self, statement: Statement, database: &str, reply: &mut Reply) -> Result<(), SqlError> {
        match statement {
            Statement::ShowTables { database, like } => {
                if !self.has_database(&database) {
                    return Err(SqlError::database_not_found(&database));
                }
                let like = like.map(|pattern| format!(" AND name LIKE {}", literal(&pattern))).unwrap_or_default();
                let schema = quote(&database);
                let sql = format!(
                    "SELECT name AS \"Tables\" FROM {schema}.sqlite_schema WHERE type = 'table'{like} ORDER BY name"
                );
                self.read(&Rewritten::strings(sql, 1), reply)
            }
            Statement::Describe(name) => {
                let sql = self.table(&name)?.describe();
                self.read(&Rewritten::strings(sql, 6), reply)
            }
            Statement::ShowCreate(name) => {
                let sql = self.table(&name)?.show_create(&name);
                self.read(&Rewritten::strings(sql, 2), reply)
            }
            Statement::Query(query) => {
                let rewritten = self.rewriter(&self.catalog(), database).query(query)?;
                self.read(&rewritten, reply)
            }
            write => {
                reply.affected_rows(self.write(write, database)?);
                Ok(())
            }
        }
    }

    fn write(&self, statement: Statement, database: &str) -> Result<usize, SqlError> {
        let rewritten = match statement {
            Statement::Insert { table, insert } => self.rewriter(&self.catalog(), database).insert(&table, insert)?,
            Statement::Delete(delete) => self.rewriter(&self.catalog(), database).delete(delete)?,
            Statement::CreateDatabase { name, if_not_exists } => return self.create_database(&name, if_not_exists),
            Statement::CreateTable { name, if_not_exists, table } => {
                return self.create_table(&name, if_not_exists, table);
            }
            Statement::DropTable { name, if_exists } => return self.drop_table(&name, if_exists),
            Statement::ShowTables { .. } | Statement::ShowCreate(_) | Statement::Describe(_) | Statement::Query(_) => {
                return Err(SqlError::unsupported("a read where a write is expected"));
            }
        };
        let session = self.session()?;
        session.execute(&rewritten.sql, []).map_err(|error| SqlError::from_sqlite(&error, &rewritten.valid_fields))
    }

    fn create_database(&self, name: &str, if_not_exists: bool) -> Result<usize, SqlError> {
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        if catalog.has_database(name) {
            let exists = || SqlError::new(code::DATABASE_ALREADY_EXISTS, format!("Database already exists: {name}"));
            return if if_not_exists { Ok(1) } else { Err(exists()) };
        }
        catalog.add_database(name);
        Ok(1)
    }

    fn create_table(&self, name: &TableName, if_not_exists: bool, table: Table) -> Result<usize, SqlError> {
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        if !catalog.has_database(&name.database) {
            return Err(SqlError::database_not_found(&name.database));
        }
        if catalog.table(name).is_ok() {
            let full = format!("greptime.{}.{}", name.database, name.table);
            let exists = || SqlError::new(code::TABLE_ALREADY_EXISTS, format!("Table already exists: `{full}`"));
            return if if_not_exists { Ok(0) } else { Err(exists()) };
        }
        let session = self.session_with(&catalog)?;
        session.execute_batch(&table.ddl(name)).map_err(|error| SqlError::from_sqlite(&error, &[]))?;
        catalog.add_table(name, table);
        Ok(0)
    }

    fn drop_table(&self, name: &TableName, if_exists: bool) -> Result<usize, SqlError> {
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        if let Err(missing) = catalog.table(name) {
            return if if_exists { Ok(0) } else { Err(missing) };
        }
        let session = self.session_with(&catalog)?;
        let drop = format!("DROP TABLE {}", name.quoted());
        session.execute(&drop, []).map_err(|error| SqlError::from_sqlite(&error, &[]))?;
        catalog.remove_table(name);
        Ok(0)
    }

    /// Runs a read and writes its rows.
    fn read(&self, query: &Rewritten, reply: &mut Reply) -> Result<(), SqlError> {
        let failed = |error: &rusqlite::Error| SqlError::from_sqlite(error, &query.valid_fields);
        let session = self.session()?;
        let mut prepared = session.prepare(&query.sql).map_err(|error| failed(&error))?;
        let mut columns = result_columns(&prepared, &query.columns);
        if columns.iter().any(|column| column.data_type == DataType::Null) {
            // The schema comes before the rows, so a type that only the values tell needs a pass of its own.
            let mut rows = prepared.query([]).map_err(|error| failed(&error))?;
            infer_types(&mut columns, &mut rows).map_err(|error| failed(&error))?;
        }
        let mut rows = prepared.query([]).map_err(|error| failed(&error))?;
        reply.records(&columns, &mut rows, failed)
    }

    fn rewriter<'a>(&self, catalog: &'a Catalog, database: &'a str) -> Rewriter<'a> {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let skew = i128::from(self.clock_skew_ms.load(Ordering::Relaxed)) * 1_000_000;
        Rewriter::new(catalog, database, i128::try_from(since_epoch).unwrap_or(i128::MAX) + skew)
    }

    fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn session(&self) -> Result<Lease<'_>, SqlError> {
        self.session_with(&self.catalog())
    }

    /// An idle connection or a new one, with every database of the catalog attached.
    fn session_with(&self, catalog: &Catalog) -> Result<Lease<'_>, SqlError> {
        let internal = |error: rusqlite::Error| SqlError::from_sqlite(&error, &[]);
        let idle = lock(&self.idle).pop();
        let mut session = match idle {
            Some(session) => session,
            None => Session { connection: open().map_err(internal)?, attached: Vec::new() },
        };
        for database in catalog.database_names() {
            if session.attached.iter().any(|attached| attached == database) {
                continue;
            }
            let schema = quote(database);
            let attach = format!("ATTACH DATABASE ?1 AS {schema}");
            let file = self.file(database).to_string_lossy().into_owned();
            session.connection.execute(&attach, [file]).map_err(internal)?;
            let unsynced = format!("PRAGMA {schema}.journal_mode = WAL; PRAGMA {schema}.synchronous = OFF;");
            session.connection.execute_batch(&unsynced).map_err(internal)?;
            session.attached.push(database.to_owned());
        }
        Ok(Lease { engine: self, session: Some(session) })
    }

    /// A database's file: its name in hex, since a name may hold any character.
    fn file(&self, database: &str) -> PathBuf {
        let name: String = database.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.scratch.path().join(name).with_extension("sqlite")
    }
}

fn open() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // SQLite would take an unknown column in double quotes for a string, where the server names the mistake.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.execute_batch("PRAGMA case_sensitive_like = ON")?;
    Ok(connection)
}

/// Names and types of a result: as declared, else as the expression says, else [`DataType::Null`] for "not known".
fn result_columns(prepared: &rusqlite::Statement<'_>, projected: &[Projected]) -> Vec<ResultColumn> {
    let columns = prepared.columns();
    let expected = expand(projected, columns.len());
    columns
        .zip(expected)
        .map(|(column, expected)| {
            let declared = column.decl_type().and_then(DataType::from_declaration);
            let data_type = declared.or(expected).unwrap_or(DataType::Null);
            ResultColumn { name: column.name().to_owned(), data_type }
        })
        .collect()
}

/// One entry per result column; columns of a `*` have none.
fn expand(projected: &[Projected], columns: usize) -> Vec<Option<DataType>> {
    let known = |item: &Projected| match item {
        Projected::One(data_type) => *data_type,
        Projected::Wildcard => None,
    };
    let first = projected.iter().position(|item| *item == Projected::Wildcard);
    let last = projected.iter().rposition(|item| *item == Projected::Wildcard);
    let (before, after) = match (first, last) {
        (Some(first), Some(last)) => (&projected[..first], &projected[last + 1..]),
        _ => (projected, &projected[projected.len()..]),
    };
    // Between two wildcards nothing says which column is whose.
    let between = columns.saturating_sub(before.len() + after.len());
    let unknown = std::iter::repeat_n(None, between);
    before.iter().map(known).chain(unknown).chain(after.iter().map(known)).collect()
}

/// Gives every column whose type is not known the type that holds all its values.
fn infer_types(columns: &mut [ResultColumn], rows: &mut rusqlite::Rows<'_>) -> rusqlite::Result<()> {
    let unknown: Vec<usize> = (0..columns.len()).filter(|index| columns[*index].data_type == DataType::Null).collect();
    while let Some(row) = rows.next()? {
        for &index in &unknown {
            let found = match row.get_ref(index)? {
                ValueRef::Null => continue,
                ValueRef::Integer(_) => DataType::Int(64),
                ValueRef::Real(_) => DataType::Float64,
                ValueRef::Text(_) => DataType::String,
                ValueRef::Blob(_) => DataType::Binary,
            };
            let column = &mut columns[index];
            column.data_type = match (column.data_type, found) {
                (DataType::Null, found) => found,
                (DataType::Int(_) | DataType::Float64, DataType::Float64) => DataType::Float64,
                (DataType::Float64, DataType::Int(_)) => DataType::Float64,
                (known, found) if known == found => known,
                _ => DataType::String,
            };
        }
    }
    Ok(())
}
