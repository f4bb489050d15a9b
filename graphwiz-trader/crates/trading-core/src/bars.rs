//! What has the market done? Bars of one instrument and timeframe, as whole counts.
//!
//! A [`Record`] is what is stored: six whole numbers, 48 bytes. A [`Series`] is many of them with their steps. A
//! [`Bar`] is one of them as a strategy sees it. Prices are counts of 10^−`price_digits`, volumes of
//! 10^−`volume_digits`.

use crate::exact::pow10;
use crate::time::{Micros, Timeframe};

/// What [`Record::volume`] is where the volume is not known.
pub const NO_VOLUME: i64 = -1;

/// Powers of ten, by digits. To compute them anew was half of what a bar cost a strategy.
const SCALES: [f64; 39] = {
    let mut scales = [1.0; 39];
    let mut digits = 0;
    while digits < 39 {
        scales[digits as usize] = pow10(digits) as f64;
        digits += 1;
    }
    scales
};

/// One bar as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// When it opens.
    pub open_time: Micros,
    /// First price.
    pub open: i64,
    /// Highest price.
    pub high: i64,
    /// Lowest price.
    pub low: i64,
    /// Last price.
    pub close: i64,
    /// What was traded in it, in base, or [`NO_VOLUME`].
    pub volume: i64,
}

/// Bars of one instrument, oldest first, no open time twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// How long each bar is.
    pub timeframe: Timeframe,
    /// Digits after the point of its prices.
    pub price_digits: u32,
    /// Digits after the point of its volumes.
    pub volume_digits: u32,
    /// The bars there are; a missing one is missing.
    pub records: Vec<Record>,
}

impl Series {
    /// The bar at `index` as a strategy sees it.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn bar(&self, index: usize) -> Bar {
        Bar {
            record: self.records[index],
            close_time: self.records[index].open_time + self.timeframe.micros(),
            price_scale: SCALES[self.price_digits as usize],
            volume_scale: SCALES[self.volume_digits as usize],
        }
    }
}

/// A closed bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    record: Record,
    close_time: Micros,
    price_scale: f64,
    volume_scale: f64,
}

impl Bar {
    /// Another bar of the same series, or of a coarser one that is made of it.
    pub(crate) fn with(&self, record: Record, close_time: Micros) -> Self {
        Self { record, close_time, ..*self }
    }

    /// The whole counts it is made of: what is equal there is equal.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Steps of its prices in one unit of quote.
    #[must_use]
    pub fn price_scale(&self) -> f64 {
        self.price_scale
    }

    /// Steps of its volume in one unit of base.
    #[must_use]
    pub fn volume_scale(&self) -> f64 {
        self.volume_scale
    }

    /// When it opens.
    #[must_use]
    pub fn open_time(&self) -> Micros {
        self.record.open_time
    }

    /// When it closes: the time of a decision on it.
    #[must_use]
    pub fn close_time(&self) -> Micros {
        self.close_time
    }

    /// First price, in quote.
    #[must_use]
    pub fn open(&self) -> f64 {
        self.record.open as f64 / self.price_scale
    }

    /// Highest price, in quote.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.record.high as f64 / self.price_scale
    }

    /// Lowest price, in quote.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.record.low as f64 / self.price_scale
    }

    /// Last price, in quote.
    #[must_use]
    pub fn close(&self) -> f64 {
        self.record.close as f64 / self.price_scale
    }

    /// What was traded, in base; `None` where it is not known.
    #[must_use]
    pub fn volume(&self) -> Option<f64> {
        (self.record.volume != NO_VOLUME).then(|| self.record.volume as f64 / self.volume_scale)
    }
}
