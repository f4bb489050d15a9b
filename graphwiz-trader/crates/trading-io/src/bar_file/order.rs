//! Lines in any order as bars, oldest first.
//!
//! Start at [`in_order`]. Of lines for one time the later counts; where they say the same they are one.

use trading_core::bars::Record;
use trading_core::scale::Scale;

use super::report::{Contradiction, Listed};

/// Bars, oldest first, no open time twice.
pub(crate) struct Ordered {
    pub(crate) records: Vec<Record>,
    pub(crate) scale: Scale,
    /// Lines that another says the same as.
    pub(crate) repeated: u64,
    pub(crate) contradicted: Listed<Contradiction>,
}

/// `lines`: the number of the line of each record.
pub(crate) fn in_order(mut records: Vec<Record>, mut lines: Vec<u64>, scale: Scale) -> Ordered {
    let is_rising = |records: &[Record]| records.windows(2).all(|pair| pair[0].open_time < pair[1].open_time);
    let (mut repeated, mut contradicted) = (0, Listed::default());
    if records.windows(2).all(|pair| pair[0].open_time > pair[1].open_time) {
        records.reverse(); // the newest first, as many exports are
        lines.reverse();
    }
    if !is_rising(&records) {
        let mut sorted: Vec<(Record, u64)> = records.into_iter().zip(lines).collect();
        sorted.sort_by_key(|(record, line)| (record.open_time, *line));
        sorted.dedup_by(|later, earlier| {
            if later.0.open_time != earlier.0.open_time {
                return false;
            }
            if later.0 == earlier.0 {
                repeated += 1;
            } else {
                let open_time = later.0.open_time;
                contradicted.note(|| Contradiction { open_time, earlier: earlier.1, later: later.1 });
            }
            *earlier = *later;
            true
        });
        records = sorted.into_iter().map(|(record, _)| record).collect();
    }
    Ordered { records, scale, repeated, contradicted }
}
