//! Which columns does a table have, and which of them does the advisor read?
//!
//! Start at [`TableColumns`], which `DESCRIBE TABLE` answers; [`PositionColumns`] and [`FlowColumns`] are what queries
//! and row readers need of it. The names in them are ours: nothing the store says becomes part of a query.

use advisor_core::ledger::FlowKey;

use super::scan::Column;

/// What can be read from a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnType {
    /// Instants as whole numbers of this many nanoseconds.
    Time {
        unit_nanos: i64,
    },
    Text,
    Number,
}

impl ColumnType {
    /// The type that GreptimeDB's name stands for; `None` for those the advisor has no use for.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let time = |unit_nanos| Some(Self::Time { unit_nanos });
        match name {
            "TimestampSecond" => time(1_000_000_000),
            "TimestampMillisecond" => time(1_000_000),
            "TimestampMicrosecond" => time(1_000),
            "TimestampNanosecond" => time(1),
            "String" => Some(Self::Text),
            "Float32" | "Float64" | "Int8" | "Int16" | "Int32" | "Int64" | "UInt8" | "UInt16" | "UInt32" | "UInt64" => {
                Some(Self::Number)
            }
            decimal if decimal.starts_with("Decimal(") => Some(Self::Number),
            _ => None,
        }
    }

    /// The unit of an instant; 1 for what is none.
    pub(super) fn unit_nanos(self) -> i64 {
        if let Self::Time { unit_nanos } = self { unit_nanos } else { 1 }
    }

    fn is_like(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Time { .. } => "a timestamp",
            Self::Text => "String",
            Self::Number => "a number",
        }
    }
}

/// Any time unit, for the search of a time column.
const TIME: ColumnType = ColumnType::Time { unit_nanos: 1 };

/// A column that queries name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selected {
    pub(super) name: &'static str,
    pub(super) column_type: ColumnType,
}

impl Selected {
    /// Whether `found`, a column of an answer, is what the description of the table promised.
    pub(super) fn check(self, found: &Column) -> Result<(), String> {
        if found.name != self.name {
            return Err(format!("column {} in the answer, expected {}", found.name, self.name));
        }
        if ColumnType::parse(&found.data_type) != Some(self.column_type) {
            return Err(format!("column {} is {} in the answer, unlike in the table", self.name, found.data_type));
        }
        Ok(())
    }
}

/// The columns of a table with the types that `DESCRIBE TABLE` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableColumns {
    pub(super) columns: Vec<Column>,
    /// Names of those that, with the time index, tell rows apart.
    pub(super) tags: Vec<String>,
}

/// What a query of positions selects.
#[derive(Debug, Clone, Copy)]
pub(super) struct PositionColumns {
    pub(super) ts: Selected,
    pub(super) wallet: Selected,
    pub(super) value_usd: Selected,
    pub(super) price_usd: Selected,
    pub(super) units: Selected,
}

/// What a query of deposits or withdrawals selects.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlowColumns {
    pub(super) ts: Selected,
    pub(super) wallet: Selected,
    pub(super) amount: Selected,
    pub(super) tx_hash: Option<Selected>,
    /// Two columns where the table has both: a tag in either must be seen, or a withdrawn gain is taken for a present one.
    pub(super) notes: Option<Selected>,
    pub(super) memo: Option<Selected>,
}

/// What a query of a market selects.
#[derive(Debug, Clone, Copy)]
pub(super) struct MarketColumns {
    pub(super) ts: Selected,
    pub(super) id: Option<Selected>,
    pub(super) name: Option<Selected>,
}

/// What is written to and read from a journal: the columns of [`JOURNAL`] in that order.
#[derive(Debug, Clone, Copy)]
pub(super) struct JournalColumns(pub(super) [Selected; 15]);

/// Names and kinds of a journal's columns.
pub(super) const JOURNAL: [(&str, ColumnType); 15] = [
    ("ts", TIME),
    ("asset", ColumnType::Text),
    ("replica", ColumnType::Text),
    ("decision", ColumnType::Number),
    ("code", ColumnType::Text),
    ("reason", ColumnType::Text),
    ("wmax_usd", ColumnType::Number),
    ("g_usd", ColumnType::Number),
    ("residual", ColumnType::Number),
    ("sigma", ColumnType::Number),
    ("t0", TIME),
    ("t1", TIME),
    ("duration_seconds", ColumnType::Number),
    ("version", ColumnType::Text),
    ("config_hash", ColumnType::Text),
];

impl JournalColumns {
    pub(super) fn ts(&self) -> Selected {
        self.0[0]
    }
}

impl PositionColumns {
    /// The columns in the order in which they are selected and read.
    pub(super) fn selected(&self) -> [Selected; 5] {
        [self.wallet, self.ts, self.value_usd, self.price_usd, self.units]
    }
}

impl FlowColumns {
    /// The columns in the order in which they are selected and read.
    pub(super) fn selected(&self) -> Vec<Selected> {
        let optional = [self.tx_hash, self.notes, self.memo].into_iter().flatten();
        [self.wallet, self.ts, self.amount].into_iter().chain(optional).collect()
    }
}

impl MarketColumns {
    /// The columns in the order in which they are selected and read; empty where the table names no market.
    pub(super) fn selected(&self) -> Vec<Selected> {
        [self.id, self.name].into_iter().flatten().collect()
    }
}

impl TableColumns {
    /// The columns of a position table, or which of them is missing or of a wrong type.
    pub(super) fn positions(&self) -> Result<PositionColumns, String> {
        Ok(PositionColumns {
            ts: self.required(&["ts"], TIME)?,
            wallet: self.required(&["wallet_address"], ColumnType::Text)?,
            value_usd: self.required(&["usd_value", "value_usd"], ColumnType::Number)?,
            price_usd: self.required(&["price_usd"], ColumnType::Number)?,
            units: self.required(&["underlying_units"], ColumnType::Number)?,
        })
    }

    /// The columns of a deposit or withdrawal table, or which of them is missing or of a wrong type.
    pub(super) fn flows(&self) -> Result<FlowColumns, String> {
        Ok(FlowColumns {
            ts: self.required(&["ts"], TIME)?,
            wallet: self.required(&["wallet_address"], ColumnType::Text)?,
            amount: self.required(&["amount"], ColumnType::Number)?,
            tx_hash: self.optional("tx_hash", ColumnType::Text)?,
            notes: self.optional("notes", ColumnType::Text)?,
            memo: self.optional("memo", ColumnType::Text)?,
        })
    }

    /// The columns of a position table that name its market.
    pub(super) fn market(&self) -> Result<MarketColumns, String> {
        Ok(MarketColumns {
            ts: self.required(&["ts"], TIME)?,
            id: self.optional("market_id", ColumnType::Text)?,
            name: self.optional("market_name", ColumnType::Text)?,
        })
    }

    /// The columns of a journal.
    pub(super) fn journal(&self) -> Result<JournalColumns, String> {
        let mut selected = [Selected { name: "ts", column_type: TIME }; 15];
        for (selected, (name, expected)) in selected.iter_mut().zip(JOURNAL) {
            *selected = self.required(&[name], expected)?;
        }
        Ok(JournalColumns(selected))
    }

    /// What tells rows of flows apart.
    pub(super) fn flow_key(&self) -> FlowKey {
        let is_tag = |name: &str| self.tags.iter().any(|tag| tag == name);
        match (is_tag("wallet_address"), is_tag("tx_hash")) {
            (true, true) => FlowKey::TxHash,
            (true, false) => FlowKey::WalletAndTime,
            (false, _) => FlowKey::Time,
        }
    }

    /// When a row was written, where the table has a column for it.
    pub(super) fn created_at(&self) -> Option<Selected> {
        self.optional("created_at", TIME).ok().flatten()
    }

    fn required(&self, names: &[&'static str], expected: ColumnType) -> Result<Selected, String> {
        for name in names {
            if let Some(selected) = self.optional(name, expected)? {
                return Ok(selected);
            }
        }
        let present: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        Err(format!("column {} is missing; the table has {}", names.join(" or "), present.join(", ")))
    }

    fn optional(&self, name: &'static str, expected: ColumnType) -> Result<Option<Selected>, String> {
        let Some(found) = self.columns.iter().find(|column| column.name == name) else { return Ok(None) };
        match ColumnType::parse(&found.data_type) {
            Some(column_type) if column_type.is_like(expected) => Ok(Some(Selected { name, column_type })),
            _ => Err(format!("column {name} is {}, expected {}", found.data_type, expected.expected())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[(&str, &str)]) -> TableColumns {
        let column = |(name, data_type): &(&str, &str)| Column { name: (*name).into(), data_type: (*data_type).into() };
        TableColumns { columns: columns.iter().map(column).collect(), tags: Vec::new() }
    }

    #[test]
    fn both_names_of_the_value_column_are_known_and_the_first_wins() {
        let rest = [("ts", "TimestampSecond"), ("wallet_address", "String"), ("price_usd", "Float32")];
        let value = |names: &[&str]| {
            let mut columns = rest.to_vec();
            columns.push(("underlying_units", "Decimal(38, 6)"));
            columns.extend(names.iter().map(|name| (*name, "UInt64")));
            table(&columns).positions().map(|columns| columns.value_usd.name)
        };
        assert_eq!(value(&["value_usd"]), Ok("value_usd"));
        assert_eq!(value(&["value_usd", "usd_value"]), Ok("usd_value"));
        let missing = "column usd_value or value_usd is missing; the table has \
                       ts, wallet_address, price_usd, underlying_units";
        assert_eq!(value(&[]), Err(missing.into()));
    }

    #[test]
    fn a_column_of_another_type_is_named_with_both_types() {
        let columns = [("ts", "Int64"), ("wallet_address", "String"), ("amount", "Float64")];
        assert_eq!(table(&columns).flows().unwrap_err(), "column ts is Int64, expected a timestamp");
        let columns = [("ts", "TimestampSecond"), ("wallet_address", "String"), ("amount", "String")];
        assert_eq!(table(&columns).flows().unwrap_err(), "column amount is String, expected a number");
        let columns = [("ts", "TimestampSecond"), ("wallet_address", "String"), ("amount", "Int8"), ("memo", "Binary")];
        assert_eq!(table(&columns).flows().unwrap_err(), "column memo is Binary, expected String");
    }
}
