//! How does a CSV file become rows of a table?

use std::path::Path;

use anyhow::Context as _;
use csv::StringRecord;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::dialect;
use super::engine::{DEFAULT_DATABASE, Engine};
use super::error::{SqlError, code};
use super::types::DataType;

/// Loads `file` into `table`, all rows or none.
pub(crate) fn load(engine: &Engine, table: &str, file: &Path) -> anyhow::Result<usize> {
    let definition = engine.table(&dialect::parse_table(table, DEFAULT_DATABASE)?)?;
    let mut reader = csv::Reader::from_path(file).with_context(|| format!("opening {}", file.display()))?;
    let header = reader.headers().with_context(|| format!("reading the header of {}", file.display()))?.clone();
    let columns: Vec<&str> = header.iter().collect();
    let types: Vec<DataType> = columns
        .iter()
        .map(|name| definition.column(name).map(|column| column.data_type))
        .collect::<Option<_>>()
        .with_context(|| format!("{}: header {columns:?} names columns that {table} lacks", file.display()))?;

    let rows = reader.records().map(|record| {
        let record = record.map_err(|error| SqlError::new(code::INVALID_ARGUMENTS, error.to_string()))?;
        values(&record, &types).map(params_from_iter)
    });
    engine.insert(table, &columns, rows).with_context(|| format!("loading {}", file.display()))
}

fn values(record: &StringRecord, types: &[DataType]) -> Result<Vec<Value>, SqlError> {
    let value = |(field, data_type): (&str, &DataType)| {
        value(field, *data_type).ok_or_else(|| {
            let line = record.position().map_or(0, csv::Position::line);
            SqlError::new(code::INVALID_ARGUMENTS, format!("line {line}: {field:?} is not a {data_type}"))
        })
    };
    record.iter().zip(types).map(value).collect()
}

fn value(field: &str, data_type: DataType) -> Option<Value> {
    if field.is_empty() {
        return Some(Value::Null);
    }
    match data_type.storage() {
        "INTEGER" => field.parse().ok().or_else(|| data_type.instant(field)).map(Value::Integer),
        "REAL" => field.parse().ok().map(Value::Real),
        _ => Some(Value::Text(field.to_owned())),
    }
}
