//! How do coarser bars come from the strategy's own?

use crate::bars::{Bar, NO_VOLUME, Record};
use crate::resample::extend;
use crate::time::{Micros, Timeframe};

/// Gathers bars into those of a coarser frame, and gives each as soon as it is closed.
#[derive(Debug)]
pub(super) struct Gathering {
    frame: Timeframe,
    /// A frame that began before the first bar: it would depend on where the data began, and is left out.
    cut: Option<Micros>,
    is_first: bool,
    current: Option<Bar>,
}

impl Gathering {
    pub(super) fn new(frame: Timeframe) -> Self {
        Self { frame, cut: None, is_first: true, current: None }
    }

    /// The coarser bars that are closed by the close of `bar`, the earlier first: one that was kept open since the end
    /// of its frame is missing, and the one that `bar` ends.
    pub(super) fn add(&mut self, bar: &Bar) -> [Option<Bar>; 2] {
        let start = self.frame.start_of(bar.open_time());
        if std::mem::take(&mut self.is_first) && bar.open_time() != start {
            self.cut = Some(start);
        }
        let kept_open = self.current.take_if(|current| current.open_time() != start);
        if self.cut == Some(start) {
            return [kept_open, None];
        }
        let end = start + self.frame.micros();
        let record = match &self.current {
            None => Record { open_time: start, ..*bar.record() },
            Some(current) => {
                let mut record = *current.record();
                if extend(&mut record, bar.record()).is_err() {
                    record.volume = NO_VOLUME; // more than can be counted
                }
                record
            }
        };
        self.current = Some(bar.with(record, end));
        [kept_open, self.current.take_if(|_| bar.close_time() == end)]
    }
}
