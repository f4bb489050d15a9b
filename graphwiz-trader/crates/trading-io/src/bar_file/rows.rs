//! How do fields become records?
//!
//! Start at [`Rows::take`]. All counts are on one scale, the coarsest that holds every line that was taken; where a
//! line is finer, those before it are moved.

use jiff::tz::TimeZone;
use trading_core::bars::{NO_VOLUME, Record};
use trading_core::counts::{self, Count, MAX_DIGITS};
use trading_core::quality::{self, Fault};
use trading_core::scale::{Scale, refine};
use trading_core::time::{Micros, Timeframe};

use super::columns::Layout;
use super::fields::Line;
use super::instant::{self, BadInstant};
use super::line_fault::LineFault;
use super::options::{ReadOptions, Stamp};
use super::order::{Ordered, in_order};
use super::refusal::Refusal;
use super::report::excerpt;

const PRICES: [&str; 4] = ["open", "high", "low", "close"];

/// The bars of a file so far.
pub(crate) struct Rows {
    layout: Layout,
    timeframe: Timeframe,
    now: Micros,
    /// From the time in a line to when the bar opens.
    shift: Micros,
    zone: Option<TimeZone>,
    volume_digits: u32,
    scale: Scale,
    records: Vec<Record>,
    lines: Vec<u64>,
}

impl Rows {
    pub(crate) fn new(layout: &Layout, timeframe: Timeframe, options: &ReadOptions) -> Self {
        let shift = if options.stamp == Stamp::Close { timeframe.micros() } else { 0 };
        Self {
            layout: layout.clone(),
            timeframe,
            now: options.now,
            shift,
            zone: options.zone.clone(),
            volume_digits: options.volume_digits.unwrap_or(MAX_DIGITS),
            scale: Scale::default(),
            records: Vec::new(),
            lines: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(crate) fn in_order(self) -> Ordered {
        in_order(self.records, self.lines, self.scale)
    }

    /// Takes a line, or says what is wrong with it.
    pub(crate) fn take(&mut self, number: u64, line: &Line<'_>) -> Result<(), LineFault> {
        let expected = self.layout.count;
        if line.count() != expected
            && (line.count() < expected || (expected..line.count()).any(|at| !line.get(at).is_empty()))
        {
            return Err(LineFault::FieldCount { found: line.count(), expected });
        }
        let open_time = self.open_time(number, line)?;
        let mut prices = [Count { count: 0, digits: 0 }; 4];
        for (which, price) in prices.iter_mut().enumerate() {
            *price = self.number(line, self.layout.prices[which], PRICES[which])?;
        }
        let volume = self.volume(line)?;
        let finest = prices.iter().map(|price| price.digits).max().unwrap_or_default();
        let scale =
            self.scale.finer(Scale { price_digits: finest, volume_digits: volume.map_or(0, |count| count.digits) });
        let fits = |column, at, count: Count, digits| {
            count.at(digits).ok_or_else(|| too_fine(number, column, line.get(at), scale))
        };
        let mut counts = [0; 4];
        for (which, count) in counts.iter_mut().enumerate() {
            *count = fits(PRICES[which], self.layout.prices[which], prices[which], scale.price_digits)?;
        }
        let volume = match (volume, self.layout.volume) {
            (Some(volume), Some(at)) => fits("volume", at, volume, scale.volume_digits)?,
            _ => NO_VOLUME,
        };
        let [open, high, low, close] = counts;
        let record = Record { open_time, open, high, low, close, volume };
        if let Some(fault) = quality::fault(&record, self.timeframe, self.now) {
            return Err(LineFault::Bar(fault.sentence(&record, self.timeframe, scale)));
        }
        self.move_to(scale, number, line)?;
        self.records.push(record);
        self.lines.push(number);
        Ok(())
    }

    fn open_time(&self, number: u64, line: &Line<'_>) -> Result<Micros, LineFault> {
        let text = line.get(self.layout.ts);
        match instant::micros(text, self.zone.as_ref()) {
            Ok(at) => Ok(at - self.shift),
            Err(BadInstant::NoOffset) => Err(LineFault::File(Refusal::NoOffset { line: number, text: excerpt(text) })),
            Err(why) => Err(LineFault::Time { text: text.to_owned(), why }),
        }
    }

    fn number(&self, line: &Line<'_>, at: usize, column: &'static str) -> Result<Count, LineFault> {
        let text = line.get(at);
        counts::parse(text).map_err(|why| LineFault::Number { column, text: text.to_owned(), why })
    }

    fn volume(&self, line: &Line<'_>) -> Result<Option<Count>, LineFault> {
        let Some(at) = self.layout.volume else { return Ok(None) };
        let volume = self.number(line, at, "volume")?.rounded(self.volume_digits);
        // Here and not with the other faults: −1 is how a record says that its volume is not known.
        if volume.count < 0 {
            let record = Record { open_time: 0, open: 0, high: 0, low: 0, close: 0, volume: volume.count };
            let scale = Scale { price_digits: 0, volume_digits: volume.digits };
            return Err(LineFault::Bar(Fault::NegativeVolume.sentence(&record, self.timeframe, scale)));
        }
        Ok(Some(volume))
    }

    /// Moves what was taken so far to a scale that also holds the line.
    fn move_to(&mut self, scale: Scale, number: u64, line: &Line<'_>) -> Result<(), LineFault> {
        if scale == self.scale {
            return Ok(());
        }
        refine(&mut self.records, self.scale, scale).map_err(|cause| {
            let column = if scale.price_digits > self.scale.price_digits { "the price" } else { "volume" };
            let at = if column == "volume" { self.layout.volume.unwrap_or_default() } else { self.layout.prices[3] };
            let text = excerpt(line.get(at));
            LineFault::File(Refusal::TooFine { line: number, column, text, cause: cause.to_string() })
        })?;
        self.scale = scale;
        Ok(())
    }
}

/// That a number of a line does not fit beside what was taken before it.
fn too_fine(line: u64, column: &'static str, text: &[u8], scale: Scale) -> LineFault {
    let digits = if column == "volume" { scale.volume_digits } else { scale.price_digits };
    let cause = format!("with {digits} digits after the point, as the file has them, it does not fit in 64 bits");
    LineFault::File(Refusal::TooFine { line, column, text: excerpt(text), cause })
}
