//! Do the built-in strategies say what an independent computation says, bar by bar, on two weeks of real prices?
//!
//! The figures come from TA-Lib (sma, rsi) and from fractions (rate of change, z-score) over the same bars.

use trading_core::bars::{Bar, Record, Series};
use trading_core::strategies::{BadParameter, MeanReversion, Momentum, RsiCross, SmaCross};
use trading_core::strategy::{Signal, Strategy, WarmUp};
use trading_core::test_support::bundled;
use trading_core::time::Timeframe;

/// The bundled minutes as bars of five.
fn bars() -> Vec<Bar> {
    let series = bundled(Timeframe::M5);
    (0..series.records.len()).map(|index| series.bar(index)).collect()
}

/// Counts of bars with a signal, the last of them, and their sum; bars count from 1.
#[derive(Debug, PartialEq)]
struct Said {
    count: usize,
    last: usize,
    sum: usize,
}

#[track_caller]
fn says(mut strategy: impl Strategy, buys: Said, sells: Said) {
    let signals: Vec<Signal> = bars().iter().map(|bar| strategy.on_bar(bar, None)).collect();
    let said = |wanted: Signal| {
        let at: Vec<usize> = (1..=signals.len()).filter(|bar| signals[bar - 1] == wanted).collect();
        Said { count: at.len(), last: at.last().copied().unwrap_or(0), sum: at.iter().sum() }
    };
    assert_eq!((said(Signal::Buy { size: 1.0 }), said(Signal::Sell)), (buys, sells));
}

#[test]
fn averages_cross_45_times_up_and_46_times_down() {
    let buys = Said { count: 45, last: 3884, sum: 94_116 };
    let sells = Said { count: 46, last: 3978, sum: 96_374 };
    says(SmaCross::new(20.0, 50.0).unwrap(), buys, sells);
}

#[test]
fn relative_strength_comes_back_from_its_bounds() {
    let buys = Said { count: 33, last: 4032, sum: 65_430 };
    let sells = Said { count: 64, last: 3911, sum: 105_353 };
    says(RsiCross::new(14.0, 30.0, 70.0).unwrap(), buys, sells);
}

#[test]
fn prices_move_by_two_percent() {
    let buys = Said { count: 66, last: 2994, sum: 70_332 };
    let sells = Said { count: 10, last: 3373, sum: 29_739 };
    says(Momentum::new(20.0, 0.02).unwrap(), buys, sells);
}

#[test]
fn closes_fall_two_deviations_below_their_mean() {
    let buys = Said { count: 203, last: 4030, sum: 453_941 };
    let sells = Said { count: 2195, last: 4010, sum: 4_305_881 };
    says(MeanReversion::new(20.0, 2.0).unwrap(), buys, sells);
}

#[test]
fn a_change_of_just_the_threshold_is_not_more_than_it() {
    let mut strategy = Momentum::new(5.0, 0.02).unwrap();
    let closes = [100, 100, 100, 100, 100, 102, 98, 102, 103];
    let record = |close| Record { open_time: 0, open: close, high: close, low: close, close, volume: 0 };
    let records = closes.map(record).to_vec();
    let series = Series { timeframe: Timeframe::M5, price_digits: 0, volume_digits: 8, records };
    let signals: Vec<Signal> = (0..closes.len()).map(|index| strategy.on_bar(&series.bar(index), None)).collect();
    assert_eq!(signals[..8], [Signal::None; 8]); // ±2 % exactly, though 102/100 − 1 is more than .02 in f64
    assert_eq!(signals[8], Signal::Buy { size: 1.0 });
}

#[test]
fn flat_prices_are_no_signal() {
    let record = Record { open_time: 0, open: 100, high: 100, low: 100, close: 100, volume: 0 };
    let series = Series { timeframe: Timeframe::M5, price_digits: 2, volume_digits: 8, records: vec![record; 100] };
    let strategies: [Box<dyn Strategy>; 4] = [
        Box::new(SmaCross::new(20.0, 50.0).unwrap()),
        Box::new(RsiCross::new(14.0, 30.0, 70.0).unwrap()),
        Box::new(Momentum::new(20.0, 0.02).unwrap()),
        Box::new(MeanReversion::new(20.0, 2.0).unwrap()),
    ];
    for mut strategy in strategies {
        assert!((0..100).all(|index| strategy.on_bar(&series.bar(index), None) == Signal::None));
    }
}

#[test]
fn warm_ups_follow_from_the_parameters() {
    let same = |bars| WarmUp { defined: bars, settle: bars };
    assert_eq!(SmaCross::new(20.0, 50.0).unwrap().warm_up(), same(51)); // 50, and the bar before for a cross
    assert_eq!(RsiCross::new(14.0, 30.0, 70.0).unwrap().warm_up(), WarmUp { defined: 16, settle: 295 }); // 21·14 + 1
    assert_eq!(Momentum::new(20.0, 0.02).unwrap().warm_up(), same(21));
    assert_eq!(MeanReversion::new(20.0, 2.0).unwrap().warm_up(), same(20));
}

#[test]
fn defaults_lie_in_their_ranges() {
    let defaults = |parameters: &[trading_core::strategies::Parameter]| -> Vec<f64> {
        parameters.iter().map(|parameter| parameter.default).collect()
    };
    let [fast, slow] = SmaCross::PARAMETERS.map(|parameter| parameter.default);
    assert!(SmaCross::new(fast, slow).is_ok());
    let [n, low, high] = RsiCross::PARAMETERS.map(|parameter| parameter.default);
    assert!(RsiCross::new(n, low, high).is_ok());
    assert_eq!(defaults(&Momentum::PARAMETERS), [20.0, 0.02]);
    assert_eq!(defaults(&MeanReversion::PARAMETERS), [20.0, 2.0]);
}

#[test]
fn a_bad_parameter_is_named_with_what_it_may_be() {
    let text = |error: BadParameter| error.to_string();
    assert_eq!(SmaCross::new(4.0, 50.0).map_err(text).unwrap_err(), "parameter fast is 4, expected 5 to 50");
    assert_eq!(SmaCross::new(20.0, 201.0).map_err(text).unwrap_err(), "parameter slow is 201, expected 20 to 200");
    assert_eq!(
        SmaCross::new(20.5, 50.0).map_err(text).unwrap_err(),
        "parameter fast is 20.5, expected a whole number of bars"
    );
    assert_eq!(
        SmaCross::new(50.0, 50.0).map_err(text).unwrap_err(),
        "parameter fast is 50, expected less than slow, which is 50"
    );
    assert_eq!(RsiCross::new(14.0, 41.0, 70.0).map_err(text).unwrap_err(), "parameter low is 41, expected 15 to 40");
    assert_eq!(Momentum::new(20.0, f64::NAN).map_err(text).unwrap_err(), "parameter t is NaN, expected 0.005 to 0.05");
    assert_eq!(MeanReversion::new(9.0, 2.0).map_err(text).unwrap_err(), "parameter n is 9, expected 10 to 60");
}
