//! Which databases, tables and columns exist, and what does each column mean?
//!
//! Start at [`Catalog`]. SQLite holds the rows; what GreptimeDB knows beyond SQL (time index, tags, types) is here,
//! together with the DDL that makes SQLite keep the same promises.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::error::SqlError;
use super::types::DataType;

/// A database and a table in it, unquoted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TableName {
    pub(crate) database: String,
    pub(crate) table: String,
}

impl TableName {
    /// `"database"."table"`, as SQLite takes it.
    pub(crate) fn quoted(&self) -> String {
        format!("{}.{}", quote(&self.database), quote(&self.table))
    }
}

/// An identifier in double quotes, its own doubled.
pub(crate) fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    pub(crate) nullable: bool,
    /// The constant of a `DEFAULT` clause, as SQL.
    pub(crate) default: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) time_index: String,
    pub(crate) primary_key: Vec<String>,
    /// Rows with the same key are kept side by side instead of overwriting one another.
    pub(crate) append_mode: bool,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The statements that create this table in SQLite.
    pub(crate) fn ddl(&self, name: &TableName) -> String {
        let mut sql = format!("CREATE TABLE {} (", name.quoted());
        for (position, column) in self.columns.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            let _infallible = write!(sql, "{separator}{}", column_ddl(column));
        }
        sql.push_str(");\n");
        if !self.append_mode {
            sql.push_str(&self.unique_indexes(name));
        }
        sql
    }

    /// The key under which a row overwrites an earlier one: the tags and the time index.
    ///
    /// SQLite takes two nulls for different keys, GreptimeDB for the same; the second index covers rows with a null tag.
    fn unique_indexes(&self, name: &TableName) -> String {
        let index = |suffix: &str| format!("{}.{}", quote(&name.database), quote(&format!("{}_{suffix}", name.table)));
        let (table, time) = (quote(&name.table), quote(&self.time_index));
        let tags: Vec<String> = self.primary_key.iter().map(|tag| quote(tag)).collect();
        let key = tags.iter().chain([&time]).cloned().collect::<Vec<_>>().join(", ");
        let mut sql = format!("CREATE UNIQUE INDEX {} ON {table} ({key});\n", index("key"));
        if !tags.is_empty() {
            let split = tags.iter().map(|tag| format!("{tag} IS NULL, ifnull({tag}, 0), ")).collect::<String>();
            let any_null = tags.iter().map(|tag| format!("{tag} IS NULL")).collect::<Vec<_>>().join(" OR ");
            let name = index("null_key");
            let _infallible = writeln!(sql, "CREATE UNIQUE INDEX {name} ON {table} ({split}{time}) WHERE {any_null};");
        }
        sql
    }

    /// `DESCRIBE TABLE` as a query without a table, one row per column in declared order.
    pub(crate) fn describe(&self) -> String {
        let row = |column: &Column| {
            let (key, semantic) = if column.name == self.time_index {
                ("PRI", "TIMESTAMP")
            } else if self.primary_key.contains(&column.name) {
                ("PRI", "TAG")
            } else {
                ("", "FIELD")
            };
            let null = if column.nullable { "YES" } else { "NO" };
            let default = column.default.as_deref().unwrap_or_default();
            let cells = [column.name.as_str(), &column.data_type.to_string(), key, null, default, semantic];
            format!("({})", cells.map(literal).join(", "))
        };
        let rows = self.columns.iter().map(row).collect::<Vec<_>>().join(", ");
        format!(
            "SELECT column1 AS \"Column\", column2 AS \"Type\", column3 AS \"Key\", column4 AS \"Null\", \
             column5 AS \"Default\", column6 AS \"Semantic Type\" FROM (VALUES {rows})"
        )
    }

    /// `SHOW CREATE TABLE` as a query without a table.
    pub(crate) fn show_create(&self, name: &TableName) -> String {
        let mut lines: Vec<String> = self.columns.iter().map(shown_column).collect();
        lines.push(format!("  TIME INDEX ({})", quote(&self.time_index)));
        if !self.primary_key.is_empty() {
            let tags = self.primary_key.iter().map(|tag| quote(tag)).collect::<Vec<_>>().join(", ");
            lines.push(format!("  PRIMARY KEY ({tags})"));
        }
        let options = if self.append_mode { "\nWITH(\n  append_mode = 'true'\n)" } else { "\n" };
        let columns = lines.join(",\n");
        let ddl = format!("CREATE TABLE IF NOT EXISTS {} (\n{columns}\n)\n\nENGINE=mito{options}", quote(&name.table));
        format!("SELECT {} AS \"Table\", {} AS \"Create Table\"", literal(&name.table), literal(&ddl))
    }
}

fn shown_column(column: &Column) -> String {
    let null = if column.nullable { "NULL" } else { "NOT NULL" };
    let default = column.default.as_ref().map(|value| format!(" DEFAULT {value}")).unwrap_or_default();
    format!("  {} {} {null}{default}", quote(&column.name), column.data_type.sql_name())
}

fn column_ddl(column: &Column) -> String {
    let (name, storage) = (quote(&column.name), column.data_type.storage());
    let null = if column.nullable { "" } else { " NOT NULL" };
    let default = column.default.as_ref().map(|value| format!(" DEFAULT {value}")).unwrap_or_default();
    // SQLite would take a text for a number; the server refuses it.
    let check = format!(" CONSTRAINT {name} CHECK (typeof({name}) IN ('{}', 'null'))", storage.to_lowercase());
    format!("{name} {storage} {}{null}{default}{check}", column.data_type)
}

/// A string literal in single quotes, its own doubled.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Every database by name, each with its tables by name.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    databases: BTreeMap<String, BTreeMap<String, Table>>,
}

impl Catalog {
    pub(crate) fn database_names(&self) -> impl Iterator<Item = &str> {
        self.databases.keys().map(String::as_str)
    }

    pub(crate) fn has_database(&self, name: &str) -> bool {
        self.databases.contains_key(name)
    }

    pub(crate) fn add_database(&mut self, name: &str) {
        self.databases.entry(name.to_owned()).or_default();
    }

    pub(crate) fn table(&self, name: &TableName) -> Result<&Table, SqlError> {
        self.databases
            .get(&name.database)
            .and_then(|tables| tables.get(&name.table))
            .ok_or_else(|| SqlError::table_not_found(&name.database, &name.table))
    }

    pub(crate) fn add_table(&mut self, name: &TableName, table: Table) {
        self.databases.entry(name.database.clone()).or_default().insert(name.table.clone(), table);
    }

    pub(crate) fn remove_table(&mut self, name: &TableName) {
        if let Some(tables) = self.databases.get_mut(&name.database) {
            tables.remove(&name.table);
        }
    }
}
