//! An indicator by its written name, as in `macd(12 26 9).hist`.

use trading_core::bars::Bar;
use trading_core::indicators::{
    Adx, Atr, Bands, Bollinger, Count, DirectionalIndex, Ema, Extreme, Indicator, Input, Length, Macd, Real, Roc, Rsi,
    Sma, Stdev, Stochastic, Sum, TrueRange, VolumeRatio, Zscore,
};
use trading_core::strategy::WarmUp;

/// What an indicator over one series is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// The whole counts of the closes.
    Counts,
    /// The closes as numbers.
    Reals,
}

/// One number of an indicator, bar after bar.
pub(crate) struct Column {
    pub(crate) warm_up: WarmUp,
    next: Box<dyn FnMut(Option<Bar>) -> Option<f64>>,
}

impl Column {
    /// The value after one more bar, or after a hole.
    pub(crate) fn next(&mut self, bar: Option<Bar>) -> Option<f64> {
        (self.next)(bar)
    }

    /// `name` with its arguments in parentheses and its field after a point.
    pub(crate) fn new(name: &str, over: Over) -> Self {
        let (name, rest) = name.split_once('(').unwrap_or((name, ")"));
        let (arguments, field) = rest.split_once(')').unwrap();
        let numbers: Vec<f64> = arguments.split_whitespace().map(|number| number.parse().unwrap()).collect();
        match over {
            Over::Counts => Self::over_series(name, &numbers, field, Count::close),
            Over::Reals => Self::over_series(name, &numbers, field, |bar| Real::new(bar.close()).unwrap()),
        }
        .unwrap_or_else(|| Self::over_bars(name, &numbers, field))
    }

    fn over_series<I: Input + 'static>(name: &str, numbers: &[f64], field: &str, close: fn(&Bar) -> I) -> Option<Self> {
        let n = length(numbers.first().copied().unwrap_or(1.0));
        Some(match name {
            "sma" => column(Sma::new(n), close, Some),
            "sum" => column(Sum::new(n), close, Some),
            "stdev" => column(Stdev::new(n), close, Some),
            "zscore" => column(Zscore::new(n), close, Some),
            "highest" => column(Extreme::highest(n), close, Some),
            "lowest" => column(Extreme::lowest(n), close, Some),
            "rsi" => column(Rsi::new(n), close, Some),
            "roc" => column(Roc::new(n), close, Some),
            "bollinger" => column(
                Bollinger::new(n, numbers[1]),
                close,
                match field {
                    ".upper" => |bands: Bands| Some(bands.upper),
                    ".middle" => |bands: Bands| Some(bands.middle),
                    ".lower" => |bands: Bands| Some(bands.lower),
                    ".position" => |bands: Bands| bands.position,
                    ".width" => |bands: Bands| bands.width,
                    _ => panic!("bollinger has no {field}"),
                },
            ),
            _ => return None,
        })
    }

    fn over_bars(name: &str, numbers: &[f64], field: &str) -> Self {
        let n: Vec<Length> = numbers.iter().copied().map(length).collect();
        let close = |bar: &Bar| Real::from(Count::close(bar));
        let whole = |bar: &Bar| *bar;
        match (name, field) {
            ("tr", "") => column(TrueRange::new(), whole, Some),
            ("atr", "") => column(Atr::new(n[0]), whole, Some),
            ("adx", "") => column(Adx::new(n[0]), whole, Some),
            ("plus_di", "") => column(DirectionalIndex::new(n[0]), whole, |di| Some(di.plus)),
            ("minus_di", "") => column(DirectionalIndex::new(n[0]), whole, |di| Some(di.minus)),
            ("stochastic", ".k") => column(Stochastic::new(n[0], n[1], n[2]), whole, |lines| Some(lines.k)),
            ("stochastic", ".d") => column(Stochastic::new(n[0], n[1], n[2]), whole, |lines| Some(lines.d)),
            ("volume_ratio", "") => column(VolumeRatio::new(n[0]), |bar| Count::volume(bar).unwrap(), Some),
            ("ema", "") => column(Ema::new(n[0]), close, Some),
            ("macd", ".line") => column(Macd::new(n[0], n[1], n[2]), close, |lines| Some(lines.line)),
            ("macd", ".signal") => column(Macd::new(n[0], n[1], n[2]), close, |lines| Some(lines.signal)),
            ("macd", ".hist") => column(Macd::new(n[0], n[1], n[2]), close, |lines| Some(lines.hist)),
            _ => panic!("no indicator {name} with {field}"),
        }
    }
}

fn length(number: f64) -> Length {
    Length::new(number.to_string().parse().unwrap_or(1)).unwrap()
}

fn column<T>(mut indicator: T, input: fn(&Bar) -> T::Input, field: fn(T::Output) -> Option<f64>) -> Column
where
    T: Indicator + 'static,
{
    let warm_up = indicator.warm_up();
    Column { warm_up, next: Box::new(move |bar| indicator.follow(bar.as_ref().map(input)).and_then(field)) }
}
