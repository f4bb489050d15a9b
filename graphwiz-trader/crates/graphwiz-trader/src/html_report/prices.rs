//! What is drawn of an instrument: the prices of a run's bars.

use trading_core::market::Market;
use trading_core::metrics::Span;

/// An instrument's prices within a run, oldest first, in its quote currency.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// The instrument, as the report names it.
    pub instrument: String,
    /// When its first bar opened, milliseconds of Unix time, and at which price.
    pub opened: (i64, f64),
    /// When each bar closed, milliseconds of Unix time.
    pub times: Vec<i64>,
    /// Last price of each.
    pub closes: Vec<f64>,
    /// Highest price of each.
    pub highs: Vec<f64>,
    /// Lowest price of each.
    pub lows: Vec<f64>,
}

impl Prices {
    /// Of the bars that open within `span`; `None` where there are none.
    #[must_use]
    pub fn of(market: &Market, span: Span) -> Option<Self> {
        let series = &market.series;
        let place = |at| series.records.partition_point(|record| record.open_time < at);
        let within = place(span.from)..place(span.to);
        let first = within.clone().next().map(|place| series.bar(place))?;
        let column =
            |of: fn(&trading_core::bars::Bar) -> f64| within.clone().map(|place| of(&series.bar(place))).collect();
        Some(Self {
            instrument: market.instrument.id.to_string(),
            opened: (first.open_time().div_euclid(1000), first.open()),
            times: within.clone().map(|place| series.bar(place).close_time().div_euclid(1000)).collect(),
            closes: column(trading_core::bars::Bar::close),
            highs: column(trading_core::bars::Bar::high),
            lows: column(trading_core::bars::Bar::low),
        })
    }
}
