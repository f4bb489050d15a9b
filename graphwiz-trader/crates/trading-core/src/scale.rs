//! In which steps are the counts of a series kept?
//!
//! A [`Scale`] is two powers of ten. Counts move to a finer one by [`refine`], and to the coarsest that holds them by
//! [`coarsen`]; both are exact.

use crate::bars::{NO_VOLUME, Record, Series};
use crate::counts::power;
use crate::time::{Micros, shown};

/// The steps of a series: 10^−`price_digits` and 10^−`volume_digits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scale {
    /// Digits after the point of its prices.
    pub price_digits: u32,
    /// Digits after the point of its volumes.
    pub volume_digits: u32,
}

impl Scale {
    /// The coarsest that holds what either holds.
    #[must_use]
    pub fn finer(self, other: Self) -> Self {
        Self {
            price_digits: self.price_digits.max(other.price_digits),
            volume_digits: self.volume_digits.max(other.volume_digits),
        }
    }
}

impl Series {
    /// Its steps.
    #[must_use]
    pub fn scale(&self) -> Scale {
        Scale { price_digits: self.price_digits, volume_digits: self.volume_digits }
    }
}

/// Counts that no longer fit in 64 bits on a finer scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "prices with {} and volumes with {} digits after the point do not fit in 64 bits beside the bar of {}",
    to.price_digits, to.volume_digits, shown(*bar)
)]
pub struct TooFine {
    /// When the bar opens whose price or volume would be too large.
    pub bar: Micros,
    /// The scale that is too fine for it.
    pub to: Scale,
}

/// Moves counts from a scale to a finer one, all of them or none.
///
/// # Errors
/// [`TooFine`] with the first bar that does not fit. Also where `to` is coarser than `from`.
pub fn refine(records: &mut [Record], from: Scale, to: Scale) -> Result<(), TooFine> {
    let Some(first) = records.first().filter(|_| from != to) else { return Ok(()) };
    let factor = |from: u32, to: u32| to.checked_sub(from).and_then(power);
    let factors = factor(from.price_digits, to.price_digits).zip(factor(from.volume_digits, to.volume_digits));
    let (price, volume) = factors.ok_or(TooFine { bar: first.open_time, to })?;
    let fits = |record: &Record| {
        let prices = [record.open, record.high, record.low, record.close];
        prices.iter().all(|count| count.checked_mul(price).is_some())
            && (record.volume == NO_VOLUME || record.volume.checked_mul(volume).is_some())
    };
    if let Some(too_large) = records.iter().find(|record| !fits(record)) {
        return Err(TooFine { bar: too_large.open_time, to });
    }
    for record in records {
        for count in [&mut record.open, &mut record.high, &mut record.low, &mut record.close] {
            *count *= price;
        }
        if record.volume != NO_VOLUME {
            record.volume *= volume;
        }
    }
    Ok(())
}

/// The coarsest scale that holds these counts, which are of `scale`.
fn coarsest(records: &[Record], scale: Scale) -> Scale {
    let mut found = Scale::default();
    for record in records {
        for count in [record.open, record.high, record.low, record.close] {
            found.price_digits = found.price_digits.max(digits_needed(count, scale.price_digits, found.price_digits));
        }
        if record.volume != NO_VOLUME {
            let needed = digits_needed(record.volume, scale.volume_digits, found.volume_digits);
            found.volume_digits = found.volume_digits.max(needed);
        }
    }
    found
}

/// The coarsest scale that holds the bars of a series, and what makes a bar of the series one of that scale.
pub fn coarser(series: &Series) -> (Scale, impl Fn(Record) -> Record + use<>) {
    let (kept, scale) = (series.scale(), coarsest(&series.records, series.scale()));
    let divisor = |kept: u32, needed: u32| power(kept - needed).unwrap_or(1);
    let price = divisor(kept.price_digits, scale.price_digits);
    let volume = divisor(kept.volume_digits, scale.volume_digits);
    let coarser = move |record: Record| Record {
        open: record.open / price,
        high: record.high / price,
        low: record.low / price,
        close: record.close / price,
        volume: if record.volume == NO_VOLUME { NO_VOLUME } else { record.volume / volume },
        ..record
    };
    (scale, coarser)
}

/// Brings bars to the coarsest scale that holds them, so that nothing is left of other bars they were kept with.
pub fn coarsen(series: &mut Series) {
    let (Scale { price_digits, volume_digits }, coarser) = coarser(series);
    series.records.iter_mut().for_each(|record| *record = coarser(*record));
    (series.price_digits, series.volume_digits) = (price_digits, volume_digits);
}

/// How many of its `digits` a count needs; at least those that are needed anyway.
fn digits_needed(mut count: i64, mut digits: u32, anyway: u32) -> u32 {
    while digits > anyway && count % 10 == 0 {
        (count, digits) = (count / 10, digits - 1);
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timeframe;

    fn bar(prices: [i64; 4], volume: i64) -> Record {
        let [open, high, low, close] = prices;
        Record { open_time: 0, open, high, low, close, volume }
    }

    #[test]
    fn a_finer_scale_multiplies_and_leaves_an_unknown_volume_unknown() {
        let mut records = [bar([10, 12, 9, 11], 5), bar([1, 1, 1, 1], NO_VOLUME)];
        let (from, to) = (Scale { price_digits: 1, volume_digits: 0 }, Scale { price_digits: 2, volume_digits: 3 });
        refine(&mut records, from, to).unwrap();
        assert_eq!(records, [bar([100, 120, 90, 110], 5000), bar([10, 10, 10, 10], NO_VOLUME)]);
    }

    #[test]
    fn what_would_not_fit_changes_nothing_and_names_the_bar() {
        let mut records = [bar([1; 4], 1), Record { open_time: 60_000_000, ..bar([1, i64::MAX / 9, 1, 1], 1) }];
        let before = records;
        let to = Scale { price_digits: 1, volume_digits: 0 };
        let error = refine(&mut records, Scale::default(), to).unwrap_err();
        assert_eq!(records, before);
        let expected = "prices with 1 and volumes with 0 digits after the point do not fit in 64 bits \
                        beside the bar of 1970-01-01T00:01Z";
        assert_eq!(error.to_string(), expected);
    }

    proptest! {
        #[test]
        fn the_coarsest_scale_does_not_depend_on_the_one_they_were_kept_in(
            prices in prop::array::uniform4(1..10_000_000_i64), volume in -1..10_000_000_i64, finer in 0..6_u32
        ) {
            let scale = Scale { price_digits: 3, volume_digits: 4 };
            let to = Scale { price_digits: 3 + finer, volume_digits: 4 + finer };
            let records = [bar(prices, volume)];
            let mut refined = records;
            refine(&mut refined, scale, to).unwrap();
            let coarse = coarsest(&records, scale);
            prop_assert_eq!(coarsest(&refined, to), coarse);
            prop_assert_eq!(coarse.finer(scale), scale);
            let series = |records: [Record; 1], scale: Scale| {
                let Scale { price_digits, volume_digits } = scale;
                let mut series = Series { timeframe: Timeframe::M1, price_digits, volume_digits, records: records.into() };
                coarsen(&mut series);
                series
            };
            let mut coarsened = series(refined, to);
            prop_assert_eq!(&coarsened, &series(records, scale));
            refine(&mut coarsened.records, coarse, to).unwrap();
            prop_assert_eq!(coarsened.records, refined);
        }
    }
}
