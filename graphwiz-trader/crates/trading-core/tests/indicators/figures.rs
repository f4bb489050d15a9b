//! The figures that the definitions are published with, to their digits.

use trading_core::bars::{Bar, Record, Series};
use trading_core::indicators::{Ema, Indicator as _, Length, Real};
use trading_core::time::Timeframe;

use crate::columns::{Column, Over};

/// Bars whose prices are `closes`, ten digits after the point; highs and lows as far away as `reach` says.
fn bars(closes: &[f64], reach: fn(usize) -> (f64, f64)) -> Vec<Bar> {
    let count = |price: f64| (price * 1e10).round().to_string().parse::<i64>().unwrap();
    let record = |(index, &close): (usize, &f64)| {
        let (up, down) = reach(index);
        let open_time = Timeframe::M1.micros() * i64::try_from(index).unwrap();
        let close_count = count(close);
        Record {
            open_time,
            open: close_count,
            high: count(close + up),
            low: count(close - down),
            close: close_count,
            volume: 0,
        }
    };
    let records: Vec<Record> = closes.iter().enumerate().map(record).collect();
    let series = Series { timeframe: Timeframe::M1, price_digits: 10, volume_digits: 8, records };
    (0..closes.len()).map(|index| series.bar(index)).collect()
}

fn at_close(_: usize) -> (f64, f64) {
    (0.0, 0.0)
}

fn wave(bars: usize) -> Vec<f64> {
    let close = |i: usize| 100.0 + 10.0 * (i as f64 / 5.0).sin() + 0.5 * i as f64;
    (0..bars).map(close).collect()
}

/// What `name` says at `bar`, as it is printed.
#[track_caller]
fn at(name: &str, bars: &[Bar], bar: usize, expected: &str) {
    for over in [Over::Counts, Over::Reals] {
        let mut column = Column::new(name, over);
        let found = bars[..bar].iter().map(|&bar| column.next(Some(bar))).last().flatten();
        let found = found.map_or_else(|| "undefined".to_owned(), |value| format!("{value:.6}"));
        assert_eq!(found, expected, "{name} at bar {bar} over {over:?}");
    }
}

#[test]
fn an_exponential_average_begins_with_a_mean() {
    let prices = [10.0, 12.0, 15.0, 14.0, 16.0, 18.0, 20.0, 22.0, 25.0, 23.0];
    let mut ema = Ema::new(Length::new(3).unwrap());
    let found: Vec<String> =
        prices.iter().filter_map(|&x| ema.follow(Real::new(x))).map(|e| format!("{e:.6}")).collect();
    let expected = "12.333333 13.166667 14.583333 16.291667 18.145833 20.072917 22.536458 22.768229"
        .split(' ')
        .collect::<Vec<_>>();
    assert_eq!(found, expected);
}

#[test]
fn relative_strength_of_sixteen_closes() {
    let closes =
        [44.0, 44.34, 44.09, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08, 45.89, 46.03, 45.61, 46.28, 46.28, 46.00];
    let bars = bars(&closes, at_close);
    at("rsi(14)", &bars, 14, "undefined");
    at("rsi(14)", &bars, 15, "72.983871");
    at("rsi(14)", &bars, 16, "68.801170");
}

#[test]
fn bands_of_twenty_closes() {
    let closes = [100, 102, 105, 108, 107, 110, 112, 115, 118, 110, 105, 103, 100, 98, 95, 97, 100, 102, 105, 108];
    let bars = bars(&closes.map(f64::from), at_close);
    at("bollinger(20 2).upper", &bars, 20, "116.832160");
    at("bollinger(20 2).middle", &bars, 20, "105.000000");
    at("bollinger(20 2).lower", &bars, 20, "93.167840");
    at("bollinger(20 2).position", &bars, 20, "0.626773");
    at("zscore(20)", &bars, 20, "0.507093");
}

#[test]
fn convergence_and_rate_of_change_of_a_wave() {
    let bars = bars(&wave(60), at_close);
    at("macd(12 26 9).hist", &bars, 33, "undefined");
    at("macd(12 26 9).hist", &bars, 34, "2.560222");
    at("macd(12 26 9).hist", &bars, 60, "-0.520201");
    at("roc(10)", &bars, 60, "0.014313");
}

#[test]
fn ranges_and_directions_of_a_wave() {
    let bars = bars(&wave(40), |i| (1.0 + 0.1 * (i % 3) as f64, 1.0 + 0.1 * (i % 4) as f64));
    at("atr(14)", &bars, 15, "2.651823");
    at("plus_di(14)", &bars, 15, "38.154216");
    at("minus_di(14)", &bars, 15, "10.977697");
    at("adx(14)", &bars, 28, "15.889192");
    at("adx(14)", &bars, 40, "44.604023");
    at("stochastic(14 3 3).k", &bars, 18, "24.162981");
    at("stochastic(14 3 3).d", &bars, 18, "42.992664");
}
