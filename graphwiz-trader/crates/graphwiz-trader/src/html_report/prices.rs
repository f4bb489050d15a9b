//! What is drawn of an instrument: the prices of a run's bars, read where they lie.

use std::ops::Range;

use trading_core::bars::{Bar, Record, Series};
use trading_core::market::Market;
use trading_core::metrics::Span;
use trading_core::time::millis;

/// An instrument's prices within a run, in its quote currency: of at least one bar.
#[derive(Debug, Clone)]
pub struct Prices<'a> {
    /// The instrument, as the report names it.
    pub instrument: String,
    series: &'a Series,
    /// The places of the run's bars in the series.
    within: Range<usize>,
}

impl<'a> Prices<'a> {
    /// Of the bars that open within `span`; `None` where there are none.
    #[must_use]
    pub fn of(market: &'a Market, span: Span) -> Option<Self> {
        let series = &market.series;
        let place = |at| series.records.partition_point(|record| record.open_time < at);
        let within = place(span.from)..place(span.to);
        (!within.is_empty()).then(|| Self { instrument: market.instrument.id.to_string(), series, within })
    }

    /// When the first bar opened, milliseconds of Unix time, and at which price.
    pub(super) fn opened(&self) -> (i64, f64) {
        let first = self.series.bar(self.within.start);
        (millis(first.open_time()), first.open())
    }

    /// When the last bar closed, milliseconds of Unix time.
    pub(super) fn closed(&self) -> i64 {
        millis(self.series.bar(self.within.end - 1).close_time())
    }

    /// When each bar closed, milliseconds of Unix time, and the bar; oldest first.
    pub(super) fn bars(&self) -> impl Iterator<Item = (i64, Bar)> + Clone + use<'a> {
        self.at(self.within.clone())
    }

    /// Those that closed from `from` to `to`, both included.
    pub(super) fn between(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, Bar)> + Clone + use<'a> {
        let Range { start, end } = self.within;
        let closed = |record: &Record| millis(record.open_time + self.series.timeframe.micros());
        let records = &self.series.records[start..end];
        let first = records.partition_point(|record| closed(record) < from);
        let past = records.partition_point(|record| closed(record) <= to);
        self.at(start + first..start + past)
    }

    fn at(&self, places: Range<usize>) -> impl Iterator<Item = (i64, Bar)> + Clone + use<'a> {
        let series = self.series;
        places.map(|place| series.bar(place)).map(|bar| (millis(bar.close_time()), bar))
    }
}
