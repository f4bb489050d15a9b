//! The language once more, straight from its definitions: each value from the whole history, nothing remembered.
//!
//! Terms are made by `random`, written as expressions, and evaluated here without the parser, the graph or the steps.

use std::cell::Cell;

use crate::bars::{NO_VOLUME, Series};
use crate::time::{Micros, Timeframe};

#[derive(Debug, Clone)]
pub(super) enum Num {
    Literal(u32),
    /// Of open, high, low, close, volume.
    Field(usize),
    Minute,
    Sum(Box<Num>, bool, Box<Num>),
    Scaled(Box<Num>, u32),
    Over(Box<Num>, Box<Num>),
    Extreme(bool, Box<Num>, Box<Num>),
    Abs(Box<Num>),
    If(Box<Cond>, Box<Num>, Box<Num>),
    Prev(Box<Num>, usize),
    BarsSince(Box<Cond>, usize),
    On(Timeframe, Box<Num>),
    /// By its name, of a series; with up to three lengths.
    OfSeries(&'static str, Box<Num>, [usize; 3]),
    OfBars(&'static str, [usize; 3]),
}

#[derive(Debug, Clone)]
pub(super) enum Cond {
    Literal(bool),
    Compare(&'static str, Num, Num),
    Same(bool, Box<Cond>, Box<Cond>),
    Not(Box<Cond>),
    Join(bool, Box<Cond>, Box<Cond>),
    If(Box<Cond>, Box<Cond>, Box<Cond>),
    Prev(Box<Cond>, usize),
    Crosses(bool, Num, Num),
}

const FIELDS: [&str; 5] = ["open", "high", "low", "close", "volume"];

impl Num {
    pub(super) fn written(&self) -> String {
        match self {
            Self::Literal(number) => number.to_string(),
            Self::Field(index) => FIELDS[*index].into(),
            Self::Minute => "minute".into(),
            Self::Sum(a, is_plus, b) => {
                format!("({} {} {})", a.written(), if *is_plus { "+" } else { "-" }, b.written())
            }
            Self::Scaled(a, factor) => format!("{} * {factor}", a.written()),
            Self::Over(a, b) => format!("({} / ({}))", a.written(), b.written()),
            Self::Extreme(is_max, a, b) => {
                format!("{}({}, {})", if *is_max { "max" } else { "min" }, a.written(), b.written())
            }
            Self::Abs(a) => format!("abs({})", a.written()),
            Self::If(c, a, b) => format!("if({}, {}, {})", c.written(), a.written(), b.written()),
            Self::Prev(a, n) => format!("prev({}, {n})", a.written()),
            Self::BarsSince(c, n) => format!("bars_since({}, {n})", c.written()),
            Self::On(frame, a) => format!("on(\"{frame}\", {})", a.written()),
            Self::OfSeries(name, x, n) => {
                let x = if matches!(**x, Self::Literal(_)) { format!("0 + {}", x.written()) } else { x.written() };
                call(name, &format!("{x}, "), n)
            }
            Self::OfBars(name, n) => call(name, "", n),
        }
    }

    /// Whether it is the same at every bar, whichever the frame.
    fn is_constant(&self) -> bool {
        match self {
            Self::Literal(_) => true,
            Self::Scaled(a, _) | Self::Abs(a) | Self::On(_, a) => a.is_constant(),
            Self::Sum(a, _, b) | Self::Over(a, b) | Self::Extreme(_, a, b) => a.is_constant() && b.is_constant(),
            Self::If(c, a, b) => c.is_constant() && a.is_constant() && b.is_constant(),
            _ => false,
        }
    }

    /// Whether two ways of computing it give the same bits.
    fn is_exact(&self) -> bool {
        match self {
            Self::Literal(_) | Self::Field(_) | Self::Minute | Self::BarsSince(..) => true,
            Self::Prev(a, _) | Self::Abs(a) | Self::On(_, a) => a.is_exact(),
            Self::Extreme(_, a, b) | Self::If(_, a, b) => a.is_exact() && b.is_exact(),
            Self::OfSeries(name, x, _) => matches!(*name, "highest" | "lowest") && x.is_exact(),
            _ => false,
        }
    }
}

/// `bollinger.upper` of `x, ` and lengths as an expression.
fn call(name: &str, series: &str, n: &[usize; 3]) -> String {
    let (name, field) = name.split_once('.').map_or((name, String::new()), |(name, field)| (name, format!(".{field}")));
    let count = match name {
        "tr" => return "tr".into(),
        "macd" | "stochastic" => 3,
        "bollinger" => 2,
        _ => 1,
    };
    let lengths: Vec<_> = n[..count].iter().map(ToString::to_string).collect();
    format!("{name}({series}{}){field}", lengths.join(", "))
}

impl Cond {
    fn is_constant(&self) -> bool {
        match self {
            Self::Literal(_) => true,
            Self::Compare(_, a, b) => a.is_constant() && b.is_constant(),
            Self::Not(a) => a.is_constant(),
            Self::Same(_, a, b) | Self::Join(_, a, b) => a.is_constant() && b.is_constant(),
            Self::If(c, a, b) => c.is_constant() && a.is_constant() && b.is_constant(),
            Self::Prev(..) | Self::Crosses(..) => false,
        }
    }

    pub(super) fn written(&self) -> String {
        match self {
            Self::Literal(value) => value.to_string(),
            Self::Compare(sign, a, b) => format!("({} {sign} {})", a.written(), b.written()),
            Self::Same(is_equal, a, b) => {
                format!("({} {} {})", a.written(), if *is_equal { "==" } else { "!=" }, b.written())
            }
            Self::Not(a) => format!("(not {})", a.written()),
            Self::Join(is_and, a, b) => {
                format!("({} {} {})", a.written(), if *is_and { "and" } else { "or" }, b.written())
            }
            Self::If(c, a, b) => format!("if({}, {}, {})", c.written(), a.written(), b.written()),
            Self::Prev(a, n) => format!("prev({}, {n})", a.written()),
            Self::Crosses(is_above, a, b) => {
                format!("crosses_{}({}, {})", if *is_above { "above" } else { "below" }, a.written(), b.written())
            }
        }
    }
}

/// A bar in plain numbers.
#[derive(Clone, Copy)]
struct Plain {
    open_time: Micros,
    close_time: Micros,
    /// As [`FIELDS`].
    fields: [Option<f64>; 5],
}

/// A history, and how far the numbers met in it can be trusted.
pub(super) struct Reference {
    bars: Vec<Plain>,
    /// The largest number met.
    pub(super) scale: Cell<f64>,
    /// Whether something hung on the last digits of numbers that were rounded.
    pub(super) is_unsure: Cell<bool>,
}

type Numbers = Vec<Option<f64>>;
type Bools = Vec<Option<bool>>;

impl Reference {
    pub(super) fn new(series: &Series) -> Self {
        let bar = |record: &crate::bars::Record| Plain {
            open_time: record.open_time,
            close_time: record.open_time + series.timeframe.micros(),
            fields: [record.open, record.high, record.low, record.close, record.volume]
                .map(|count| (count != NO_VOLUME).then_some(count as f64)),
        };
        Self::over(series.records.iter().map(bar).collect())
    }

    fn over(bars: Vec<Plain>) -> Self {
        Self { bars, scale: Cell::new(1.0), is_unsure: Cell::new(false) }
    }

    fn at_each<T>(&self, value: impl Fn(usize) -> Option<T>) -> Vec<Option<T>> {
        (0..self.bars.len()).map(value).collect()
    }

    /// Divides, unless the divisor may be 0 but for rounding.
    fn over_by(&self, a: f64, b: f64, is_exact: bool) -> Option<f64> {
        if !is_exact && b.abs() < 0.1 {
            self.is_unsure.set(true);
        }
        Some(a / b).filter(|value| value.is_finite())
    }

    pub(super) fn numbers(&self, term: &Num) -> Numbers {
        let values = self.numbers_of(term);
        values.iter().flatten().for_each(|value| self.scale.set(self.scale.get().max(value.abs())));
        values
    }

    fn numbers_of(&self, term: &Num) -> Numbers {
        match term {
            Num::Literal(number) => self.at_each(|_| Some(f64::from(*number))),
            Num::Field(index) => self.at_each(|t| self.bars[t].fields[*index]),
            Num::Minute => self.at_each(|t| Some((self.bars[t].close_time / 60_000_000 % 60) as f64)),
            Num::Sum(a, is_plus, b) => self.pairs(a, b, |a, b| Some(if *is_plus { a + b } else { a - b })),
            Num::Scaled(a, factor) => self.numbers(a).into_iter().map(|a| a.map(|a| a * f64::from(*factor))).collect(),
            Num::Over(a, b) => self.pairs(a, b, |x, y| self.over_by(x, y, b.is_exact())),
            Num::Extreme(is_max, a, b) => self.pairs(a, b, |a, b| Some(if (a > b) == *is_max { a } else { b })),
            Num::Abs(a) => self.numbers(a).into_iter().map(|a| a.map(f64::abs)).collect(),
            Num::If(c, a, b) => {
                let (c, a, b) = (self.bools(c), self.numbers(a), self.numbers(b));
                self.at_each(|t| if c[t]? { a[t] } else { b[t] })
            }
            Num::Prev(a, n) => {
                let a = self.numbers(a);
                self.at_each(|t| a[t.checked_sub(*n)?])
            }
            Num::BarsSince(c, n) => {
                let c = self.bools(c);
                self.at_each(|t| (0..=*n.min(&t)).find(|back| c[t - back] == Some(true)).map(|back| back as f64))
            }
            Num::On(_, a) if a.is_constant() => self.numbers(a),
            Num::On(frame, a) => self.on(*frame, a),
            Num::OfSeries(name, x, n) => {
                let values = self.numbers(x);
                self.at_each(|t| {
                    let from = values[..=t].iter().rposition(Option::is_none).map_or(0, |last| last + 1);
                    let known: Vec<f64> = values[from..=t].iter().flatten().copied().collect();
                    self.of_series(name, &known, n, x.is_exact())
                })
            }
            Num::OfBars(name, n) => self.of_bars(name, n),
        }
    }

    fn pairs(&self, a: &Num, b: &Num, value: impl Fn(f64, f64) -> Option<f64>) -> Numbers {
        let (a, b) = (self.numbers(a), self.numbers(b));
        self.at_each(|t| value(a[t]?, b[t]?))
    }

    fn on(&self, frame: Timeframe, term: &Num) -> Numbers {
        let first = self.bars.first().map_or(0, |bar| bar.open_time);
        let cut = (frame.start_of(first) != first).then(|| frame.start_of(first));
        let starts = self.bars.iter().map(|bar| frame.start_of(bar.open_time)).filter(|start| Some(*start) != cut);
        let mut starts: Vec<_> = starts.collect();
        starts.dedup();
        let coarse = starts.into_iter().map(|start| {
            let parts: Vec<_> = self.bars.iter().filter(|bar| frame.start_of(bar.open_time) == start).collect();
            let all = |index: usize| parts.iter().map(move |bar| bar.fields[index]);
            let fold = |index, better: fn(f64, f64) -> f64| all(index).flatten().reduce(better);
            let volume = all(4).try_fold(0.0, |sum, volume| volume.map(|volume| sum + volume));
            let fields =
                [all(0).next().flatten(), fold(1, f64::max), fold(2, f64::min), all(3).next_back().flatten(), volume];
            Plain { open_time: start, close_time: start + frame.micros(), fields }
        });
        let inner = Self::over(coarse.collect());
        let values = inner.numbers(term);
        self.scale.set(self.scale.get().max(inner.scale.get()));
        self.is_unsure.set(self.is_unsure.get() || inner.is_unsure.get());
        self.at_each(|t| {
            let newest = inner.bars.iter().rposition(|bar| bar.close_time <= self.bars[t].close_time)?;
            values[newest]
        })
    }

    pub(super) fn bools(&self, term: &Cond) -> Bools {
        match term {
            Cond::Literal(value) => self.at_each(|_| Some(*value)),
            Cond::Compare(sign, a, b) => self.compared(a, b, sign),
            Cond::Same(is_equal, a, b) => {
                let (a, b) = (self.bools(a), self.bools(b));
                self.at_each(|t| Some((a[t]? == b[t]?) == *is_equal))
            }
            Cond::Not(a) => self.bools(a).into_iter().map(|a| a.map(|a| !a)).collect(),
            Cond::Join(is_and, a, b) => {
                let (a, b) = (self.bools(a), self.bools(b));
                self.at_each(|t| join(*is_and, a[t], b[t]))
            }
            Cond::If(c, a, b) => {
                let (c, a, b) = (self.bools(c), self.bools(a), self.bools(b));
                self.at_each(|t| if c[t]? { a[t] } else { b[t] })
            }
            Cond::Prev(a, n) => {
                let a = self.bools(a);
                self.at_each(|t| a[t.checked_sub(*n)?])
            }
            Cond::Crosses(is_above, a, b) => {
                let (was, is) = if *is_above { ("<=", ">") } else { (">=", "<") };
                let (was, is) = (self.compared(a, b, was), self.compared(a, b, is));
                self.at_each(|t| join(true, t.checked_sub(1).and_then(|t| was[t]), is[t]))
            }
        }
    }

    fn compared(&self, a: &Num, b: &Num, sign: &str) -> Bools {
        let is_exact = a.is_exact() && b.is_exact();
        let (a, b) = (self.numbers(a), self.numbers(b));
        self.at_each(|t| {
            let (a, b) = (a[t]?, b[t]?);
            if !is_exact && (a - b).abs() <= 1e-9 * self.scale.get() {
                self.is_unsure.set(true);
            }
            Some(match sign {
                "<" => a < b,
                "<=" => a <= b,
                ">" => a > b,
                ">=" => a >= b,
                "==" => a == b,
                _ => a != b,
            })
        })
    }
}

fn join(is_and: bool, a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        _ if a == Some(!is_and) || b == Some(!is_and) => Some(!is_and),
        (Some(_), Some(_)) => Some(is_and),
        _ => None,
    }
}

/// The definitions of indicators.
impl Reference {
    fn of_series(&self, name: &str, x: &[f64], lengths: &[usize; 3], is_exact: bool) -> Option<f64> {
        let [n, second, third] = *lengths;
        let newest = *x.last()?;
        let last = |n: usize| x.len().checked_sub(n).map(|from| &x[from..]);
        let deviation = || {
            let window = last(n)?;
            let (mean, first) = (mean(window), window[0]);
            let is_flat = window.iter().all(|x| *x == first);
            let square = window.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n as f64;
            if !is_exact && square.sqrt() < 1e-3 * (1.0 + mean.abs()) {
                self.is_unsure.set(true);
            }
            Some((mean, if is_flat { 0.0 } else { square.sqrt() }))
        };
        match name {
            "sma" => last(n).map(mean),
            "sum" => last(n).map(|window| window.iter().sum()),
            "highest" => last(n).map(|window| window.iter().copied().fold(f64::MIN, f64::max)),
            "lowest" => last(n).map(|window| window.iter().copied().fold(f64::MAX, f64::min)),
            "ema" => ema(x, n),
            "roc" => {
                let before = last(n + 1)?[0];
                self.over_by(newest - before, before, is_exact)
            }
            "rsi" => {
                let changes: Vec<f64> = x.windows(2).map(|pair| pair[1] - pair[0]).collect();
                let gain = wilder(&changes.iter().map(|c| c.max(0.0)).collect::<Vec<_>>(), n)?;
                let loss = wilder(&changes.iter().map(|c| (-c).max(0.0)).collect::<Vec<_>>(), n)?;
                if gain == 0.0 && loss == 0.0 && is_exact {
                    Some(50.0)
                } else {
                    self.over_by(100.0 * gain, gain + loss, is_exact)
                }
            }
            "stdev" => deviation().map(|(_, deviation)| deviation),
            "zscore" => deviation().and_then(|(mean, d)| Some((newest - mean) / d).filter(|_| d != 0.0)),
            "bollinger.middle" => deviation().map(|(mean, _)| mean),
            "bollinger.upper" => deviation().map(|(mean, d)| mean + second as f64 * d),
            "bollinger.position" => {
                let (mean, d) = deviation()?;
                let reach = second as f64 * d;
                Some((newest - (mean - reach)) / (2.0 * reach)).filter(|_| d != 0.0)
            }
            "bollinger.width" => {
                let (mean, d) = deviation()?;
                if d == 0.0 { None } else { self.over_by(2.0 * second as f64 * d, mean, false) }
            }
            _ => macd(x, n, second, third).map(|[line, signal]| match name {
                "macd.line" => line,
                "macd.signal" => signal,
                _ => line - signal,
            }),
        }
    }

    fn of_bars(&self, name: &str, lengths: &[usize; 3]) -> Numbers {
        let [n, s, t] = *lengths;
        let field = |index: usize| move |at: usize| self.bars[at].fields[index].unwrap_or_default();
        let (high, low, close) = (field(1), field(2), field(3));
        let range =
            |at: usize| (high(at) - low(at)).max((high(at) - close(at - 1)).abs()).max((low(at) - close(at - 1)).abs());
        let moves = |at: usize| {
            let (up, down) = (high(at) - high(at - 1), low(at - 1) - low(at));
            [if up > down { up.max(0.0) } else { 0.0 }, if down > up { down.max(0.0) } else { 0.0 }]
        };
        let smoothed = |at: usize, of: &dyn Fn(usize) -> f64| {
            let first: f64 = (1..n).map(of).sum();
            (n..=at).fold(first, |sum, at| sum - sum / n as f64 + of(at))
        };
        let index = |at: usize| {
            let ranges = smoothed(at, &range);
            [0, 1].map(|which| if ranges == 0.0 { 0.0 } else { 100.0 * smoothed(at, &|at| moves(at)[which]) / ranges })
        };
        let raw = |at: usize| {
            let window = at + 1 - n..=at;
            let (top, bottom) =
                (window.clone().map(high).fold(f64::MIN, f64::max), window.map(low).fold(f64::MAX, f64::min));
            if top == bottom { 50.0 } else { 100.0 * (close(at) - bottom) / (top - bottom) }
        };
        let k = |at: usize| mean(&(at + 1 - s..=at).map(raw).collect::<Vec<_>>());
        self.at_each(|at| match name {
            "tr" => (at >= 1).then(|| range(at)),
            "atr" => wilder(&(1..=at).map(range).collect::<Vec<_>>(), n),
            "plus_di" => (at >= n).then(|| index(at)[0]),
            "minus_di" => (at >= n).then(|| index(at)[1]),
            "adx" => {
                let dx = |at: usize| {
                    let [plus, minus] = index(at);
                    if plus + minus == 0.0 { 0.0 } else { 100.0 * (plus - minus).abs() / (plus + minus) }
                };
                wilder(&(n..=at).map(dx).collect::<Vec<_>>(), n)
            }
            "volume_ratio" => {
                let volumes: Option<Vec<f64>> = (at + 1)
                    .checked_sub(n)
                    .and_then(|from| self.bars[from..=at].iter().map(|bar| bar.fields[4]).collect());
                let volumes = volumes?;
                Some(volumes.last()? / mean(&volumes)).filter(|value| value.is_finite())
            }
            "stochastic.k" => (at + 3 >= n + s + t).then(|| k(at)),
            _ => (at + 3 >= n + s + t).then(|| mean(&(at + 1 - t..=at).map(k).collect::<Vec<_>>())),
        })
    }
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn ema(x: &[f64], n: usize) -> Option<f64> {
    let seed = mean(x.get(..n)?);
    Some(x[n..].iter().fold(seed, |e, x| e + 2.0 / (n as f64 + 1.0) * (x - e)))
}

fn wilder(x: &[f64], n: usize) -> Option<f64> {
    let seed = mean(x.get(..n)?);
    Some(x[n..].iter().fold(seed, |a, x| ((n as f64 - 1.0) * a + x) / n as f64))
}

/// Line and signal.
fn macd(x: &[f64], fast: usize, slow: usize, signal: usize) -> Option<[f64; 2]> {
    let (fast, slow) = (fast.min(slow), fast.max(slow));
    let line = |count: usize| Some(ema(&x[slow - fast..count], fast)? - ema(&x[..count], slow)?);
    let lines: Vec<f64> = (slow..=x.len()).filter_map(line).collect();
    Some([*lines.last()?, ema(&lines, signal)?])
}
