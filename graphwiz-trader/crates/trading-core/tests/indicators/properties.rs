//! Does a value depend on its bars alone: not on what was before a hole, nor on how long the indicator has run?

use proptest::collection::vec;
use proptest::prelude::*;
use trading_core::bars::{Bar, Record, Series};
use trading_core::indicators::{Count, Indicator as _, Input as _, Length, Real, Sma, Stdev, Zscore};
use trading_core::time::Timeframe;

use crate::columns::{Column, Over};
use crate::golden;

/// Each value is a function of a window.
const WINDOWS: &[&str] = &[
    "sma(1)",
    "sma(7)",
    "sum(7)",
    "stdev(1)",
    "stdev(7)",
    "zscore(7)",
    "highest(1)",
    "highest(7)",
    "lowest(7)",
    "roc(1)",
    "roc(7)",
    "bollinger(7 2).upper",
    "bollinger(7 2).position",
    "bollinger(7 2).width",
    "tr",
    "stochastic(5 3 2).k",
    "stochastic(1 1 1).d",
    "volume_ratio(7)",
];

/// Each value depends on the one before.
const RECURSIONS: &[&str] = &[
    "ema(1)",
    "ema(7)",
    "rsi(1)",
    "rsi(7)",
    "macd(3 6 4).line",
    "macd(3 6 4).hist",
    "macd(6 3 4).signal",
    "atr(1)",
    "atr(7)",
    "plus_di(1)",
    "plus_di(7)",
    "minus_di(7)",
    "adx(1)",
    "adx(5)",
];

fn bars_of(records: Vec<Record>) -> Vec<Bar> {
    let series = Series { timeframe: Timeframe::M1, price_digits: 2, volume_digits: 8, records };
    (0..series.records.len()).map(|index| series.bar(index)).collect()
}

/// Four prices in order and a volume, as a bar.
fn record(mut prices: [i64; 4], volume: i64) -> Record {
    let [open, close, ..] = prices;
    prices.sort_unstable();
    Record { open_time: 0, open, high: prices[3], low: prices[0], close, volume }
}

/// Bars with holes. Prices lie close together, stand still or jump; some are as large as there are.
fn bars_with_holes() -> impl Strategy<Value = Vec<Option<Bar>>> {
    let price = prop_oneof![
        8 => 6_283_000..6_283_004_i64,
        4 => Just(6_283_000_i64),
        2 => 1..20_000_000_i64,
        1 => 1..=i64::MAX,
    ];
    let volume = prop_oneof![3 => 0..5_i64, 1 => Just(0_i64), 1 => 0..=i64::MAX];
    let bar = (prop::array::uniform4(price), volume).prop_map(|(prices, volume)| record(prices, volume));
    vec(prop::option::weighted(0.97, bar), 1..120)
        .prop_map(|holes| holes.into_iter().map(|record| record.map(|record| bars_of(vec![record])[0])).collect())
}

fn all() -> impl Iterator<Item = &'static str> {
    WINDOWS.iter().chain(RECURSIONS).copied()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_value_is_that_of_a_fresh_start_after_the_last_hole(bars in bars_with_holes()) {
        for (name, over) in all().flat_map(|name| [(name, Over::Counts), (name, Over::Reals)]) {
            let mut column = Column::new(name, over);
            let values: Vec<Option<f64>> = bars.iter().map(|&bar| column.next(bar)).collect();
            let mut from = 0;
            for until in (1..=bars.len()).filter(|&until| until == bars.len() || bars[until].is_none()) {
                let mut fresh = Column::new(name, over);
                let again: Vec<Option<f64>> = bars[from..until].iter().map(|&bar| fresh.next(bar)).collect();
                prop_assert_eq!(&values[from..until], &again[..], "{} over {:?}", name, over);
                from = until;
            }
            prop_assert!(values.iter().flatten().all(|value| value.is_finite()), "{} over {:?}", name, over);
        }
    }

    #[test]
    fn a_window_forgets_what_was_before_it(bars in bars_with_holes()) {
        for (name, over) in WINDOWS.iter().flat_map(|&name| [(name, Over::Counts), (name, Over::Reals)]) {
            let mut column = Column::new(name, over);
            let reach = column.warm_up.defined;
            for until in 1..=bars.len() {
                let value = column.next(bars[until - 1]);
                let mut fresh = Column::new(name, over);
                let window = &bars[until.saturating_sub(reach)..until];
                let again = window.iter().map(|&bar| fresh.next(bar)).last().flatten();
                prop_assert_eq!(value, again, "{} over {:?} at bar {}", name, over, until);
            }
        }
    }
}

/// Prices that never stand still, so that nothing is undefined but what is not warm.
fn walk(bars: usize) -> Vec<Bar> {
    let mut state = 1_u64;
    let mut random = move |below: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 33).unwrap() % below
    };
    let mut before = 6_283_000;
    let records = (0..bars).map(|_| {
        let close = (before + random(2001) - 1000).max(100_000);
        let [up, down] = [random(300), random(300)];
        let (open, low, high) = (before, before.min(close) - down, before.max(close) + up);
        before = close;
        Record { open_time: 0, open, high, low, close, volume: 1 + random(1_000_000_000) }
    });
    bars_of(records.collect())
}

#[test]
fn the_first_value_is_at_the_bar_that_the_warm_up_says() {
    let bars = walk(200);
    for name in all() {
        let mut column = Column::new(name, Over::Counts);
        let defined = column.warm_up.defined;
        let first = bars.iter().position(|&bar| column.next(Some(bar)).is_some()).map(|index| index + 1);
        assert_eq!(first, Some(defined), "{name}");
        assert!(column.warm_up.settle >= defined, "{name}");
    }
}

#[test]
fn warm_ups_are_those_of_the_table() {
    let warm_up = |name: &str| {
        let column = Column::new(name, Over::Counts);
        (column.warm_up.defined, column.warm_up.settle)
    };
    assert_eq!(warm_up("sma(20)"), (20, 20));
    assert_eq!(warm_up("roc(20)"), (21, 21));
    assert_eq!(warm_up("tr"), (2, 2));
    assert_eq!(warm_up("stochastic(14 3 3).d"), (18, 18)); // 14 + 3 + 3 − 2
    assert_eq!(warm_up("ema(20)"), (20, 231)); // 11·21
    assert_eq!(warm_up("rsi(14)"), (15, 294)); // 21·14
    assert_eq!(warm_up("atr(14)"), (15, 294));
    assert_eq!(warm_up("plus_di(14)"), (15, 294));
    assert_eq!(warm_up("adx(14)"), (28, 588)); // 42·14
    assert_eq!(warm_up("macd(12 26 9).hist"), (34, 407)); // 26 + 9 − 1; 11·(26 + 9 + 2)
}

#[test]
fn after_a_million_bars_a_value_is_that_of_a_young_one() {
    let bars = walk(1_000_000);
    for (name, over) in all().flat_map(|name| [(name, Over::Counts), (name, Over::Reals)]) {
        let mut old = Column::new(name, over);
        let value = bars.iter().map(|&bar| old.next(Some(bar))).last().flatten().unwrap();
        let mut young = Column::new(name, over);
        let settled = &bars[bars.len() - old.warm_up.settle..];
        let again = settled.iter().map(|&bar| young.next(Some(bar))).last().flatten().unwrap();
        if WINDOWS.contains(&name) {
            assert_eq!(value, again, "{name} over {over:?}");
        } else {
            assert!((value - again).abs() <= 1e-6, "{name} over {over:?}: {value}, {again}");
        }
    }
}

#[test]
fn settled_recursions_no_longer_know_where_the_data_began() {
    let bars = walk(3000);
    for &name in RECURSIONS {
        let mut old = Column::new(name, Over::Counts);
        let values: Vec<_> = bars.iter().map(|&bar| old.next(Some(bar))).collect();
        for start in [1, 500, 1999] {
            let mut young = Column::new(name, Over::Counts);
            for (index, &bar) in bars.iter().enumerate().skip(start) {
                let again = young.next(Some(bar));
                if index < start + old.warm_up.settle {
                    continue;
                }
                let (value, again) = (values[index].unwrap(), again.unwrap());
                // A seed that is a few hundred off, at a weight of 1e-9.
                assert!((value - again).abs() <= 1e-6, "{name} from {start} at {index}: {value}, {again}");
            }
        }
    }
}

#[test]
fn a_tick_at_a_hundred_thousand_has_all_its_digits() {
    let n = Length::new(4).unwrap();
    let counts = [10_000_000, 10_000_000, 10_000_001, 10_000_000].map(|count| Count::new(count, 100.0));
    let mut stdev = Stdev::new(n);
    let mut score = Zscore::new(n);
    let values: Vec<_> = counts.iter().map(|&count| (stdev.next(count), score.next(count))).collect();
    let (deviation, score) = values[3];
    assert_eq!(deviation, Some(3_f64.sqrt() / 400.0)); // of 0, 0, 1, 0 ticks: √(1/4 − 1/16) = √3/4
    assert_eq!(score.map(|score| format!("{score:.14}")), Some("-0.57735026918963".to_owned())); // −1/4 over √3/4
}

#[test]
fn equal_reals_have_no_deviation_and_unequal_ones_have() {
    let n = Length::new(3).unwrap();
    let mut stdev = Stdev::new(n);
    let mut score = Zscore::new(n);
    let third = 1e5 / 3.0;
    let mut next = |value: f64| (stdev.follow(Real::new(value)), score.follow(Real::new(value)).is_some());
    next(0.1);
    next(third);
    next(third);
    assert_eq!(next(third), (Some(0.0), false));
    let (deviation, has_score) = next(third.next_up());
    assert!(deviation.unwrap() > 0.0 && has_score);
}

#[test]
fn infinity_is_undefined_and_so_is_what_overflows() {
    let mut sum = Sma::new(Length::new(2).unwrap());
    let mut next = |value: f64| sum.follow(Real::new(value));
    assert_eq!([1.0, 3.0, f64::INFINITY, 5.0, 7.0].map(&mut next), [None, Some(2.0), None, None, Some(6.0)]);
    assert_eq!([f64::MAX, f64::MAX, 1.0, 3.0].map(&mut next)[1..], [None, Some(f64::MAX / 2.0), Some(2.0)]);
}

#[test]
fn counts_whose_squares_are_too_large_are_undefined() {
    let mut stdev = Stdev::new(Length::new(2).unwrap());
    let limit = 1 << 62; // 2^63/2
    let counts = [0, limit, limit + 1, limit, 0].map(|count| stdev.next(Count::new(count, 1.0)));
    assert_eq!(counts, [None, Some(2_f64.powi(61)), None, None, Some(2_f64.powi(61))]);
}

#[test]
fn values_of_counts_are_those_of_their_bar() {
    for bar in golden::series().values().flat_map(golden::bars) {
        assert_eq!(Count::close(&bar).value(), bar.close());
        assert_eq!(Count::high(&bar).value(), bar.high());
        assert_eq!(Count::low(&bar).value(), bar.low());
        assert_eq!(Count::open(&bar).value(), bar.open());
        assert_eq!(Count::volume(&bar).map(Count::value), bar.volume());
    }
}
