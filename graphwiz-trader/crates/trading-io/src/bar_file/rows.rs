//! How do lines become records?
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
use super::fields::{Fields, Line};
use super::instant::{self, BadInstant};
use super::line_fault::LineFault;
use super::options::{ReadOptions, Stamp};
use super::order::{Ordered, in_order};
use super::plain::PlainLines;
use super::refusal::Refusal;
use super::report::excerpt;

const PRICES: [&str; 4] = ["open", "high", "low", "close"];

/// The bars of a file so far.
pub(crate) struct Rows {
    layout: Layout,
    plain: PlainLines,
    fields: Fields,
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

/// What a line says.
struct Said {
    open_time: Micros,
    /// Open, high, low, close.
    prices: [Count; 4],
    volume: Option<Count>,
}

impl Rows {
    pub(crate) fn new(layout: &Layout, timeframe: Timeframe, options: &ReadOptions) -> Self {
        let shift = if options.stamp == Stamp::Close { timeframe.micros() } else { 0 };
        Self {
            layout: layout.clone(),
            plain: PlainLines::new(layout),
            fields: Fields::default(),
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
    pub(crate) fn take(&mut self, number: u64, line: &[u8]) -> Result<(), LineFault> {
        let said = match self.plain(line) {
            Some(said) => said,
            None => self.said(number, line)?,
        };
        let finest = said.prices.iter().map(|price| price.digits).max().unwrap_or_default();
        let volume_digits = said.volume.map_or(0, |count| count.digits);
        let scale = self.scale.finer(Scale { price_digits: finest, volume_digits });
        let mut counts = [0; 4];
        for (which, count) in counts.iter_mut().enumerate() {
            let at = self.layout.prices[which];
            let found = said.prices[which].at(scale.price_digits);
            *count = found.ok_or_else(|| self.too_fine(number, PRICES[which], line, at, scale.price_digits))?;
        }
        let volume = match (said.volume, self.layout.volume) {
            (Some(volume), Some(at)) => {
                let found = volume.at(scale.volume_digits);
                found.ok_or_else(|| self.too_fine(number, "volume", line, at, scale.volume_digits))?
            }
            _ => NO_VOLUME,
        };
        let [open, high, low, close] = counts;
        let record = Record { open_time: said.open_time, open, high, low, close, volume };
        if let Some(fault) = quality::fault(&record, self.timeframe, self.now) {
            return Err(LineFault::Bar(fault.sentence(&record, self.timeframe, scale)));
        }
        self.move_to(scale, number, line)?;
        self.records.push(record);
        self.lines.push(number);
        Ok(())
    }

    /// What a line of plain numbers says; `None` where it is another, or something is wrong with it.
    fn plain(&mut self, line: &[u8]) -> Option<Said> {
        let numbers = self.plain.read(line)?;
        let prices = self.layout.prices.map(|at| numbers[at]);
        let volume = self.layout.volume.map(|at| numbers[at].rounded(self.volume_digits));
        let open_time = instant::epoch(numbers[self.layout.ts]).ok()? - self.shift;
        Some(Said { open_time, prices, volume })
    }

    /// What any line says.
    fn said(&mut self, number: u64, line: &[u8]) -> Result<Said, LineFault> {
        let mut fields = std::mem::take(&mut self.fields);
        fields.split(line, self.layout.separator);
        let said = self.said_by(number, &fields.of(line));
        self.fields = fields;
        said
    }

    fn said_by(&self, number: u64, line: &Line<'_>) -> Result<Said, LineFault> {
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
        Ok(Said { open_time, prices, volume: self.volume(line)? })
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
    fn move_to(&mut self, scale: Scale, number: u64, line: &[u8]) -> Result<(), LineFault> {
        if scale == self.scale {
            return Ok(());
        }
        refine(&mut self.records, self.scale, scale).map_err(|cause| {
            let column = if scale.price_digits > self.scale.price_digits { "the price" } else { "volume" };
            let at = if column == "volume" { self.layout.volume.unwrap_or_default() } else { self.layout.prices[3] };
            LineFault::File(Refusal::TooFine {
                line: number,
                column,
                text: self.excerpt(line, at),
                cause: cause.to_string(),
            })
        })?;
        self.scale = scale;
        Ok(())
    }

    /// That a number of a line does not fit beside what was taken before it.
    fn too_fine(&self, number: u64, column: &'static str, line: &[u8], at: usize, digits: u32) -> LineFault {
        let cause = format!("with {digits} digits after the point, as the file has them, it does not fit in 64 bits");
        LineFault::File(Refusal::TooFine { line: number, column, text: self.excerpt(line, at), cause })
    }

    /// A field of a line, for a message.
    fn excerpt(&self, line: &[u8], at: usize) -> String {
        let mut fields = Fields::default();
        fields.split(line, self.layout.separator);
        excerpt(fields.of(line).get(at))
    }
}
