//! Which GreptimeDB type does a column have, and how does SQLite hold its values?
//!
//! Start at [`DataType`]. A column is declared to SQLite as `<storage class> <GreptimeDB type>`, for example
//! `INTEGER TimestampMillisecond`: the first word gives the right affinity, the rest comes back with every result
//! that reads the column. Instants written as text are turned into numbers by [`DataType::instant`].

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sqlparser::ast::{self, ExactNumberInfo};

/// The types the stand-in stores, under the names the server reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataType {
    Null,
    Boolean,
    /// Signed or unsigned, by width in bits. SQLite holds at most 63 bits of an unsigned one.
    Int(u8),
    UInt(u8),
    Float32,
    Float64,
    String,
    Binary,
    Date,
    /// By digits after the second: 0, 3, 6 or 9.
    Timestamp(u8),
    Decimal {
        precision: u8,
        scale: u8,
    },
}

impl DataType {
    /// The type a `CREATE TABLE` or `CAST` means; `None` where the stand-in has no such type.
    pub(crate) fn from_ast(declared: &ast::DataType) -> Option<Self> {
        use ast::DataType as Sql;
        Some(match declared {
            Sql::Boolean | Sql::Bool => Self::Boolean,
            Sql::TinyInt(_) => Self::Int(8),
            Sql::SmallInt(_) | Sql::Int16 => Self::Int(16),
            Sql::Int(_) | Sql::Integer(_) | Sql::Int32 => Self::Int(32),
            Sql::BigInt(_) | Sql::Int64 => Self::Int(64),
            Sql::TinyIntUnsigned(_) => Self::UInt(8),
            Sql::SmallIntUnsigned(_) | Sql::UInt16 => Self::UInt(16),
            Sql::IntUnsigned(_) | Sql::IntegerUnsigned(_) | Sql::UInt32 => Self::UInt(32),
            Sql::BigIntUnsigned(_) | Sql::UInt64 => Self::UInt(64),
            Sql::Float(_) | Sql::Real | Sql::Float32 => Self::Float32,
            Sql::Double(_) | Sql::DoublePrecision | Sql::Float64 => Self::Float64,
            Sql::String(_) | Sql::Text | Sql::Varchar(_) | Sql::Char(_) => Self::String,
            Sql::Varbinary(_) | Sql::Binary(_) | Sql::Bytea => Self::Binary,
            Sql::Date => Self::Date,
            // Without a precision the server means milliseconds.
            Sql::Timestamp(digits, _) => Self::timestamp(digits.unwrap_or(3))?,
            Sql::Decimal(info) | Sql::Numeric(info) => Self::decimal(info)?,
            Sql::Custom(name, _) => Self::from_name(&name.to_string())?,
            _ => return None,
        })
    }

    fn timestamp(digits: u64) -> Option<Self> {
        matches!(digits, 0 | 3 | 6 | 9).then_some(())?;
        u8::try_from(digits).ok().map(Self::Timestamp)
    }

    fn decimal(info: &ExactNumberInfo) -> Option<Self> {
        let (precision, scale) = match *info {
            ExactNumberInfo::None => (38, 10),
            ExactNumberInfo::Precision(precision) => (precision, 0),
            ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
        };
        Some(Self::Decimal { precision: u8::try_from(precision).ok()?, scale: u8::try_from(scale).ok()? })
    }

    /// The type the server reports under `name`, such as `TimestampMillisecond` or `Decimal(10, 2)`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        const SIMPLE: [DataType; 19] = [
            DataType::Null,
            DataType::Boolean,
            DataType::Int(8),
            DataType::Int(16),
            DataType::Int(32),
            DataType::Int(64),
            DataType::UInt(8),
            DataType::UInt(16),
            DataType::UInt(32),
            DataType::UInt(64),
            DataType::Float32,
            DataType::Float64,
            DataType::String,
            DataType::Binary,
            DataType::Date,
            DataType::Timestamp(0),
            DataType::Timestamp(3),
            DataType::Timestamp(6),
            DataType::Timestamp(9),
        ];
        let simple = SIMPLE.into_iter().find(|data_type| data_type.to_string() == name);
        simple.or_else(|| {
            let (precision, scale) = name.strip_prefix("Decimal(")?.strip_suffix(')')?.split_once(", ")?;
            Some(Self::Decimal { precision: precision.parse().ok()?, scale: scale.parse().ok()? })
        })
    }

    /// The type of a result column from the declaration SQLite kept for it.
    pub(crate) fn from_declaration(declared: &str) -> Option<Self> {
        declared.split_once(' ').and_then(|(_, name)| Self::from_name(name))
    }

    /// The type as `SHOW CREATE TABLE` writes it.
    pub(crate) fn sql_name(self) -> String {
        let integer = |bits| match bits {
            8 => "TINYINT",
            16 => "SMALLINT",
            32 => "INT",
            _ => "BIGINT",
        };
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Boolean => "BOOLEAN".to_owned(),
            Self::Int(bits) => integer(bits).to_owned(),
            Self::UInt(bits) => format!("{} UNSIGNED", integer(bits)),
            Self::Float32 => "FLOAT".to_owned(),
            Self::Float64 => "DOUBLE".to_owned(),
            Self::String => "STRING".to_owned(),
            Self::Binary => "VARBINARY".to_owned(),
            Self::Date => "DATE".to_owned(),
            Self::Timestamp(digits) => format!("TIMESTAMP({digits})"),
            Self::Decimal { precision, scale } => format!("DECIMAL({precision}, {scale})"),
        }
    }

    /// SQLite's storage class: the first word of the declaration, and what a cast to this type becomes.
    pub(crate) fn storage(self) -> &'static str {
        match self {
            Self::Float32 | Self::Float64 => "REAL",
            // Decimals are kept as text: exact to read back, but SQLite neither orders nor sums them as numbers.
            Self::String | Self::Decimal { .. } => "TEXT",
            Self::Binary => "BLOB",
            Self::Null => "NULL",
            Self::Boolean | Self::Int(_) | Self::UInt(_) | Self::Date | Self::Timestamp(_) => "INTEGER",
        }
    }

    pub(crate) fn is_instant(self) -> bool {
        matches!(self, Self::Timestamp(_) | Self::Date)
    }

    /// A date or RFC 3339-like instant in this column's own unit, UTC where it names no zone.
    pub(crate) fn instant(self, text: &str) -> Option<i64> {
        let text = text.trim();
        let at = text
            .parse::<Timestamp>()
            .or_else(|_| {
                text.parse::<DateTime>().and_then(|civil| civil.to_zoned(TimeZone::UTC)).map(|zoned| zoned.timestamp())
            })
            .ok()?;
        match self {
            Self::Timestamp(_) => self.units_of(at.as_nanosecond()),
            Self::Date => i64::try_from(at.as_nanosecond().div_euclid(86_400_000_000_000)).ok(),
            _ => None,
        }
    }

    /// An instant in nanoseconds since the epoch, rounded down to this column's unit.
    pub(crate) fn units_of(self, nanoseconds: i128) -> Option<i64> {
        let per_unit = match self {
            Self::Timestamp(digits) => 10_i128.pow(9_u32.saturating_sub(u32::from(digits))),
            Self::Date => 86_400_000_000_000,
            _ => return None,
        };
        i64::try_from(nanoseconds.div_euclid(per_unit)).ok()
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Boolean => f.write_str("Boolean"),
            Self::Int(bits) => write!(f, "Int{bits}"),
            Self::UInt(bits) => write!(f, "UInt{bits}"),
            Self::Float32 => f.write_str("Float32"),
            Self::Float64 => f.write_str("Float64"),
            Self::String => f.write_str("String"),
            Self::Binary => f.write_str("Binary"),
            Self::Date => f.write_str("Date"),
            Self::Timestamp(0) => f.write_str("TimestampSecond"),
            Self::Timestamp(3) => f.write_str("TimestampMillisecond"),
            Self::Timestamp(6) => f.write_str("TimestampMicrosecond"),
            Self::Timestamp(_) => f.write_str("TimestampNanosecond"),
            Self::Decimal { precision, scale } => write!(f, "Decimal({precision}, {scale})"),
        }
    }
}
