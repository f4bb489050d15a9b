//! What a series is kept by.

use std::fmt;

use trading_core::instrument::InstrumentId;
use trading_core::time::Timeframe;

/// Whose bars, and how long each is; written `bitstamp:BTC/USD 5m`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    /// Whose.
    pub instrument: InstrumentId,
    /// How long.
    pub timeframe: Timeframe,
}

impl fmt::Display for SeriesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.instrument, self.timeframe)
    }
}
