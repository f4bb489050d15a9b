//! Nothing of a time or later changes what was decided up to it, or filled before it.
//!
//! The whole engine is run again with another future, and all that it did up to then must be the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;
use trading_core::bars::{Record, Series};
use trading_core::engine::record::{Emergency, Fill, Order, OrderState, Refusal};
use trading_core::engine::{Outcome, Participant, Run, run};
use trading_core::market::count_all;
use trading_core::rule_file::{RuleFile, shipped};
use trading_core::rules::{EmergencyRules, Exits, Rules, Stop, StrategyRules};
use trading_core::strategies::{Dca, MeanReversion, Momentum, RsiCross, SmaCross};
use trading_core::strategy::Strategy;
use trading_core::test_support::{alone, bundled, decimal, default_exits, instrument, rules, stop_only, wandering};
use trading_core::time::{Micros, Timeframe};

use super::history::{Dust, Ending, gauge, history};

const FRAME: Timeframe = Timeframe::M5;
const BARS: usize = 400;
/// Times at which the future of each kind is replaced.
const TIMES: u64 = 1000;

/// What must not depend on what is of `until` or later.
#[derive(Debug, PartialEq)]
struct Past {
    orders: Vec<Order>,
    refusals: Vec<Refusal>,
    emergencies: Vec<Emergency>,
    samples: Vec<(Micros, f64)>,
    fills: Vec<Fill>,
}

fn past(outcome: &Outcome, until: Micros) -> Past {
    // What becomes of an order is of later.
    let as_sent = |order: &Order| Order { filled: 0, state: OrderState::Open, unfilled: None, ..order.clone() };
    let samples = outcome.sampled_at.iter().zip(outcome.unit_values.iter().copied());
    Past {
        orders: outcome.orders.iter().filter(|order| order.decided_at <= until).map(as_sent).collect(),
        refusals: outcome.refusals.iter().filter(|refusal| refusal.at <= until).cloned().collect(),
        emergencies: outcome.emergencies.iter().filter(|emergency| emergency.at <= until).copied().collect(),
        samples: samples.filter(|(at, _)| *at <= until).collect(),
        fills: outcome.fills.iter().filter(|fill| fill.at < until).cloned().collect(),
    }
}

/// Bars up to before `from`, and then so many others without gaps.
fn with_other_future(records: &[Record], from: Micros, step: Micros, seed: u64, bars: i64) -> Vec<Record> {
    let kept = records.iter().copied().take_while(|record| record.open_time < from);
    let other = wandering(FRAME, bars, seed).records;
    let moved = other.into_iter().zip(0_i64..).map(|(record, i)| Record { open_time: from + i * step, ..record });
    kept.chain(moved).collect()
}

/// Real bars with holes, without volume here and there.
fn real_bars() -> Series {
    let bars = bundled(FRAME);
    let kept = bars.records.iter().zip(0..BARS).filter(|(_, i)| i % 97 != 5 && !(150..157).contains(i));
    let thinned = kept.map(|(record, i)| Record { volume: if i % 41 == 7 { 0 } else { record.volume }, ..*record });
    Series { records: thinned.collect(), ..bars }
}

/// A kind of strategies.
struct Kind {
    name: String,
    make: Box<dyn Fn(usize) -> Box<dyn Strategy>>,
    /// The part of each buy, where they add up.
    accumulates: Option<Decimal>,
}

fn made<S: Strategy + Clone + 'static>(name: &str, strategy: S) -> Kind {
    Kind { name: name.to_owned(), make: Box::new(move |_| Box::new(strategy.clone())), accumulates: None }
}

fn of_file(name: &str, text: &str, given: &[(&str, &str)]) -> Kind {
    let given: BTreeMap<_, _> = given.iter().map(|(name, value)| ((*name).to_owned(), decimal(value))).collect();
    let file = RuleFile::parse(name, text.as_bytes()).unwrap_or_else(|faults| panic!("{faults}"));
    let instance = file.instance(&given, FRAME).unwrap_or_else(|errors| panic!("{errors:?}"));
    let make = Box::new(move |_| -> Box<dyn Strategy> { Box::new(instance.program()) });
    Kind { name: format!("{name} as a rule file"), make, accumulates: None }
}

/// Enters by a limit, and looks at its position.
const CAREFUL: &str = "name: careful\nenter: zscore(10) < -1 and not in_position\n\
                       exit: profit > 0.003 or held_bars >= 20\n\
                       size: 0.7\nlimit: close * 0.9995\nvalid_bars: 4\n";

/// All kinds, so quick that each trades often in 400 bars.
fn kinds() -> Vec<Kind> {
    let mut kinds = vec![
        made("sma_cross", SmaCross::new(5.0, 20.0).expect("in range")),
        made("rsi", RsiCross::new(5.0, 40.0, 60.0).expect("in range")),
        made("momentum", Momentum::new(5.0, 0.005).expect("in range")),
        made("mean_reversion", MeanReversion::new(10.0, 1.0).expect("in range")),
        Kind { accumulates: Some(decimal("0.05")), ..made("dca", Dca::new(0.05).expect("in range")) },
        of_file("careful", CAREFUL, &[]),
        of_file("template", &shipped::template("own"), &[]),
    ];
    for (name, text) in shipped::ALL {
        let quick: &[_] = match name {
            "sma_cross" => &[("fast", "5"), ("slow", "20")],
            "rsi" => &[("n", "5"), ("low", "40"), ("high", "60")],
            "momentum" => &[("n", "5"), ("t", "0.005")],
            _ => &[("n", "10"), ("z", "1")],
        };
        kinds.push(of_file(name, text, quick));
    }
    kinds
}

fn ran(kind: &Kind, series: Series, exits: &Exits) -> Outcome {
    let Kind { name, make, accumulates } = kind;
    let (money, markets) =
        count_all(vec![(instrument("test:BTC/USD"), series)], decimal("100000")).expect("small numbers");
    let of_strategy = StrategyRules { accumulates: *accumulates, ..alone(name, exits.clone()) };
    let emergency = EmergencyRules {
        max_daily_loss: Some(decimal("0.002")),
        max_drawdown: Some(decimal("0.02")),
        flatten: true,
        goes_on: true,
        ..EmergencyRules::default()
    };
    run(&Run {
        money,
        markets: &markets,
        timeframe: FRAME,
        from: 0,
        participants: &[Participant { rules: of_strategy, markets: vec![0], make, atr: Some(&gauge) }],
        rules: &Rules { emergency, ..rules() },
        capital: money.count(decimal("100000")).expect("a count"),
    })
}

#[test]
fn for_a_thousand_times_of_each_kind_the_future_changes_nothing_before_it() {
    let series = real_bars();
    let all_exits = [stop_only(), default_exits(), Exits { stop: Stop::Atr(decimal("2")), ..default_exits() }];
    let step = FRAME.micros();
    for kind in kinds() {
        let expected: Vec<Outcome> = all_exits.iter().map(|exits| ran(&kind, series.clone(), exits)).collect();
        let orders: usize = expected.iter().map(|outcome| outcome.orders.len()).sum();
        assert!(orders >= 3, "{}: {orders} orders", kind.name);
        for seed in 0..TIMES {
            // Every index is taken, in an order that mixes them with exits and futures: 7919 is a prime.
            let place = usize::try_from(seed * 7919).expect("small") % series.records.len();
            let which = usize::try_from(seed).expect("small") % all_exits.len();
            let until = series.records[place].open_time;
            let bars = i64::try_from(seed % 5).expect("small") * 15; // every fifth ends there
            let records = with_other_future(&series.records, until, step, seed, bars);
            let found = ran(&kind, Series { records, ..series.clone() }, &all_exits[which]);
            assert_eq!(past(&found, until), past(&expected[which], until), "{}, {until}, future {seed}", kind.name);
        }
    }
}

proptest! {
    #[test]
    fn whatever_several_strategies_do_in_several_markets_it_changes_nothing_either(
        history in history(Dust::Some, Ending::Open), part in 0.0..1.0_f64, seed in any::<u64>(), bars in 0..20_i64
    ) {
        let step = super::history::STEP;
        #[expect(clippy::cast_possible_truncation, reason = "a number of hours")]
        let until = (history.end() as f64 * part) as i64 / step * step;
        let mut other = history.clone();
        for (_, series) in &mut other.listed {
            series.records = with_other_future(&series.records, until, step, seed, bars);
        }
        prop_assume!(other.listed.iter().all(|(_, series)| !series.records.is_empty()));
        prop_assert_eq!(past(&other.run().outcome, until), past(&history.run().outcome, until));
    }
}
