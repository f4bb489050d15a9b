//! How do the rows of an answer become positions, flows and names?
//!
//! One [`Sink`] for each kind of query. A sink first checks that the answer has the columns the query named; what a
//! usable row is, is not decided here but by the advisor's own builders and rules.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use advisor_core::flow::FlowRow;
use advisor_core::journal::Entry;
use advisor_core::position::{PositionRow, PositionsBuilder};
use advisor_core::store::Market;

use super::columns::{ColumnType, FlowColumns, JournalColumns, MarketColumns, PositionColumns, Selected};
use super::scan::{Column, Fault, Row, Sink};

fn check(expected: &[Selected], found: &[Column]) -> Result<(), Fault> {
    if expected.len() != found.len() {
        return Err(Fault::Column(format!("{} columns in the answer, expected {}", found.len(), expected.len())));
    }
    expected.iter().zip(found).try_for_each(|(expected, found)| expected.check(found)).map_err(Fault::Column)
}

/// Reads instants of a time column, as nanoseconds since the epoch.
#[derive(Debug, Clone, Copy)]
struct Instants {
    unit_nanos: i64,
}

impl Instants {
    fn new(ts: Selected) -> Self {
        Self { unit_nanos: ts.column_type.unit_nanos() }
    }

    /// `None` for null and for instants that nanoseconds cannot express (before 1677 or after 2262).
    fn read(self, row: Row<'_>, i: usize) -> Result<Option<i64>, Fault> {
        Ok(row.integer(i)?.and_then(|ts| ts.checked_mul(self.unit_nanos)))
    }
}

/// Collects the rows of [`super::query::positions`].
pub(super) struct PositionRows {
    columns: PositionColumns,
    instants: Instants,
    pub(super) builder: PositionsBuilder,
}

impl PositionRows {
    pub(super) fn new(columns: PositionColumns) -> Self {
        Self { columns, instants: Instants::new(columns.ts), builder: PositionsBuilder::new() }
    }
}

impl Sink for PositionRows {
    fn schema(&mut self, found: &[Column]) -> Result<(), Fault> {
        check(&self.columns.selected(), found)
    }

    fn row(&mut self, row: Row<'_>) -> Result<(), Fault> {
        let wallet = row.text(0)?;
        self.builder.push(&PositionRow {
            ts: self.instants.read(row, 1)?,
            wallet: wallet.as_deref(),
            underlying_units: row.number(4)?,
            usd_value: row.number(2)?,
            price_usd: row.number(3)?,
        });
        Ok(())
    }
}

/// Collects the rows of [`super::query::newest`].
pub(super) struct NewestRows {
    columns: PositionColumns,
    instants: Instants,
    pub(super) rows: Vec<(Arc<str>, i64)>,
}

impl NewestRows {
    pub(super) fn new(columns: PositionColumns) -> Self {
        Self { columns, instants: Instants::new(columns.ts), rows: Vec::new() }
    }
}

impl Sink for NewestRows {
    fn schema(&mut self, found: &[Column]) -> Result<(), Fault> {
        check(&[self.columns.wallet, self.columns.ts], found)
    }

    fn row(&mut self, row: Row<'_>) -> Result<(), Fault> {
        let newest = self.instants.read(row, 1)?;
        self.rows.extend(filled(row, 0)?.map(|wallet| wallet.as_ref().into()).zip(newest));
        Ok(())
    }
}

/// Collects the rows of [`super::query::flows`].
pub(super) struct FlowRows {
    columns: FlowColumns,
    instants: Instants,
    wallets: HashSet<Arc<str>>,
    pub(super) rows: Vec<FlowRow>,
}

impl FlowRows {
    pub(super) fn new(columns: FlowColumns) -> Self {
        Self { columns, instants: Instants::new(columns.ts), wallets: HashSet::new(), rows: Vec::new() }
    }

    fn intern(&mut self, wallet: &str) -> Arc<str> {
        if let Some(known) = self.wallets.get(wallet) {
            return Arc::clone(known);
        }
        let new: Arc<str> = wallet.into();
        self.wallets.insert(Arc::clone(&new));
        new
    }
}

impl Sink for FlowRows {
    fn schema(&mut self, found: &[Column]) -> Result<(), Fault> {
        check(&self.columns.selected(), found)
    }

    fn row(&mut self, row: Row<'_>) -> Result<(), Fault> {
        let mut next = 3;
        let mut text = |column: Option<Selected>| {
            if column.is_none() {
                return Ok(None);
            }
            next += 1;
            filled(row, next - 1)
        };
        let tx_hash = text(self.columns.tx_hash)?;
        let memo = join(text(self.columns.notes)?, text(self.columns.memo)?);
        let flow = FlowRow {
            ts: self.instants.read(row, 1)?,
            wallet: filled(row, 0)?.map(|wallet| self.intern(&wallet)),
            amount: row.number(2)?,
            memo,
            tx_hash: tx_hash.map(Cow::into_owned),
        };
        self.rows.push(flow);
        Ok(())
    }
}

/// The text of cell `i`, where it says something.
fn filled<'a>(row: Row<'a>, i: usize) -> Result<Option<Cow<'a, str>>, Fault> {
    Ok(row.text(i)?.filter(|text| !text.is_empty()))
}

/// The text of both, on two lines unless they say the same.
fn join(notes: Option<Cow<'_, str>>, memo: Option<Cow<'_, str>>) -> Option<String> {
    match (notes, memo) {
        (Some(notes), Some(memo)) if notes != memo => Some(format!("{notes}\n{memo}")),
        (notes, memo) => notes.or(memo).map(Cow::into_owned),
    }
}

/// Reads the answer to [`super::query::market`].
pub(super) struct MarketRow {
    columns: MarketColumns,
    pub(super) market: Market,
}

impl MarketRow {
    pub(super) fn new(columns: MarketColumns) -> Self {
        Self { columns, market: Market::default() }
    }
}

impl Sink for MarketRow {
    fn schema(&mut self, found: &[Column]) -> Result<(), Fault> {
        check(&self.columns.selected(), found)
    }

    fn row(&mut self, row: Row<'_>) -> Result<(), Fault> {
        let MarketColumns { id, name, .. } = self.columns;
        let text = |i| filled(row, i).map(|text| text.map(Cow::into_owned));
        self.market = Market {
            id: if id.is_some() { text(0)? } else { None },
            name: if name.is_some() { text(usize::from(id.is_some()))? } else { None },
        };
        Ok(())
    }
}

/// Collects the rows of [`super::query::entries`].
pub(super) struct EntryRows {
    columns: JournalColumns,
    pub(super) rows: Vec<Entry>,
}

impl EntryRows {
    pub(super) fn new(columns: JournalColumns) -> Self {
        Self { columns, rows: Vec::new() }
    }
}

impl Sink for EntryRows {
    fn schema(&mut self, found: &[Column]) -> Result<(), Fault> {
        check(&self.columns.0, found)
    }

    fn row(&mut self, row: Row<'_>) -> Result<(), Fault> {
        let instant = |i: usize| Instants::new(self.columns.0[i]).read(row, i);
        let text = |i| filled(row, i).map(|text| text.map(Cow::into_owned));
        let decision = row.integer(3)?.and_then(|decision| i8::try_from(decision).ok());
        let (Some(ts), Some(decision), Some(duration_seconds)) = (instant(0)?, decision, row.number(12)?) else {
            return Err(Fault::Column("an entry has no ts, decision or duration_seconds".into()));
        };
        self.rows.push(Entry {
            ts,
            asset: text(1)?.unwrap_or_default(),
            replica: text(2)?.unwrap_or_default(),
            decision,
            code: text(4)?,
            reason: text(5)?,
            wmax_usd: row.number(6)?,
            g_usd: row.number(7)?,
            residual: row.number(8)?,
            sigma: row.number(9)?,
            t0: instant(10)?,
            t1: instant(11)?,
            duration_seconds,
            version: text(13)?.unwrap_or_default(),
            config_hash: text(14)?.unwrap_or_default(),
        });
        Ok(())
    }
}

/// A row of a price table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoredPrice {
    /// When the price was, in nanoseconds since the epoch.
    pub ts: i64,
    /// USD per unit of the asset, positive.
    pub price_usd: f64,
    /// USD per ADA at that time, positive.
    pub ada_usd: Option<f64>,
}

/// Reads the answer to [`super::query::minswap_price`].
#[derive(Default)]
pub(super) struct PriceRow {
    instants: Option<Instants>,
    pub(super) price: Option<StoredPrice>,
}

impl Sink for PriceRow {
    fn schema(&mut self, found: &[Column]) -> Result<(), Fault> {
        let [ts, ..] = found else { return Err(Fault::Column("no column in the answer".into())) };
        let Some(ColumnType::Time { unit_nanos }) = ColumnType::parse(&ts.data_type) else {
            return Err(Fault::Column(format!("column ts is {}, expected a timestamp", ts.data_type)));
        };
        self.instants = Some(Instants { unit_nanos });
        Ok(())
    }

    fn row(&mut self, row: Row<'_>) -> Result<(), Fault> {
        let positive = |i| row.number(i).map(|price| price.filter(|price| *price > 0.0));
        let ts = self.instants.map_or(Ok(None), |instants| instants.read(row, 0))?;
        let (price_usd, ada_usd) = (positive(1)?, positive(2)?);
        self.price = ts.zip(price_usd).map(|(ts, price_usd)| StoredPrice { ts, price_usd, ada_usd });
        Ok(())
    }
}

/// Collects answers that consist of text: names of tables and columns.
pub(super) struct TextRows {
    /// Which columns to read, by name; none: the first.
    names: Vec<&'static str>,
    indices: Vec<usize>,
    pub(super) rows: Vec<Vec<Option<String>>>,
}

impl TextRows {
    pub(super) fn named(names: &[&'static str]) -> Self {
        Self { names: names.to_vec(), indices: Vec::new(), rows: Vec::new() }
    }

    /// For `SHOW TABLES`, whose only column is called differently by different versions.
    pub(super) fn first_column() -> Self {
        Self::named(&[])
    }
}

impl Sink for TextRows {
    fn schema(&mut self, found: &[Column]) -> Result<(), Fault> {
        let index = |name: &&str| {
            let index = found.iter().position(|column| column.name == **name);
            index.ok_or_else(|| Fault::Column(format!("no column {name} in the answer")))
        };
        self.indices = self.names.iter().map(index).collect::<Result<_, _>>()?;
        if self.names.is_empty() {
            if found.is_empty() {
                return Err(Fault::Column("no column in the answer".into()));
            }
            self.indices.push(0);
        }
        Ok(())
    }

    fn row(&mut self, row: Row<'_>) -> Result<(), Fault> {
        let text = |i: &usize| row.text(*i).map(|text| text.map(Cow::into_owned));
        self.rows.push(self.indices.iter().map(text).collect::<Result<_, _>>()?);
        Ok(())
    }
}

/// Reads an answer of a single instant, as that to [`super::query::CLOCK`].
#[derive(Default)]
pub(super) struct InstantRow {
    instants: Option<Instants>,
    /// Nanoseconds since the epoch.
    pub(super) at: Option<i64>,
}

impl Sink for InstantRow {
    fn schema(&mut self, found: &[Column]) -> Result<(), Fault> {
        let [column] = found else {
            return Err(Fault::Column(format!("{} columns in the answer, expected 1", found.len())));
        };
        let Some(ColumnType::Time { unit_nanos }) = ColumnType::parse(&column.data_type) else {
            return Err(Fault::Column(format!("{} is {}, expected a timestamp", column.name, column.data_type)));
        };
        self.instants = Some(Instants { unit_nanos });
        Ok(())
    }

    fn row(&mut self, row: Row<'_>) -> Result<(), Fault> {
        if let Some(instants) = self.instants {
            self.at = instants.read(row, 0)?;
        }
        Ok(())
    }
}
