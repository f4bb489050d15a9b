//! What are the bars of a longer timeframe?
//!
//! Start at [`resample`]: open of the first, close of the last, highest, lowest and sum of the bars there are. A bar
//! without any is missing, as are those between.

use crate::bars::{NO_VOLUME, Record, Series};
use crate::time::{Micros, Timeframe, shown};

/// Why longer bars cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResampleError {
    /// Shorter ones were asked for.
    #[error("bars of {to} cannot be made of bars of {from}; expected shorter ones")]
    Shorter {
        /// What there is.
        from: Timeframe,
        /// What was asked for.
        to: Timeframe,
    },
    /// The volumes of one of them do not fit together.
    #[error("the volumes of the bar of {} add up to more than 64 bits hold", shown(*.0))]
    Volume(Micros),
}

/// Makes bars of `to` of those of `fine`. One that closes after `now` is not there yet.
///
/// A volume is unknown where one of those that it would be made of is.
///
/// # Errors
/// See [`ResampleError`].
pub fn resample(fine: &Series, to: Timeframe, now: Micros) -> Result<Series, ResampleError> {
    if to < fine.timeframe {
        return Err(ResampleError::Shorter { from: fine.timeframe, to });
    }
    let mut records: Vec<Record> = Vec::new();
    for record in &fine.records {
        let open_time = to.start_of(record.open_time);
        if now.saturating_sub(to.micros()) < open_time {
            break;
        }
        match records.last_mut() {
            Some(coarse) if coarse.open_time == open_time => extend(coarse, record)?,
            _ => records.push(Record { open_time, ..*record }),
        }
    }
    Ok(Series { timeframe: to, records, ..*fine })
}

/// Takes the next bar into the longer one that it lies in.
pub(crate) fn extend(coarse: &mut Record, next: &Record) -> Result<(), ResampleError> {
    coarse.high = coarse.high.max(next.high);
    coarse.low = coarse.low.min(next.low);
    coarse.close = next.close;
    coarse.volume = match (coarse.volume, next.volume) {
        (NO_VOLUME, _) | (_, NO_VOLUME) => NO_VOLUME,
        (sum, volume) => sum.checked_add(volume).ok_or(ResampleError::Volume(coarse.open_time))?,
    };
    Ok(())
}

#[cfg(test)]
mod tests;
