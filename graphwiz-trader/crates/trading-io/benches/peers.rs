//! The trader's side of a comparison with other backtesters: how long does sma_cross take over the bars of a file?
//!
//! `graphwiz-trader/benches/peers/measure.py` starts it with a file of bars and the other programs beside it, and asks
//! each in turn: a line `built-in` or `rule-file` on standard input is one run, with costs, stops and metrics, over
//! bars that are loaded; the answer is a line of JSON. A path behind the word is where E at each bar's close goes, as
//! doubles. What a run is to do is said to the others by asked.py, beside measure.py: fees of .1 %, slippage of .05 %,
//! positions of 10 000.

#![expect(clippy::unwrap_used, reason = "a measurement that fails has nothing to report")]
#![expect(clippy::print_stdout, reason = "what was measured is printed")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs, io};

use trading_core::engine::{Outcome, Participant, Run, run};
use trading_core::instrument::Instrument;
use trading_core::market::{Market, Money, count_all};
use trading_core::metrics::{Metrics, Span};
use trading_core::rule_file::{Instance, RuleFile, shipped};
use trading_core::strategy::Strategy;
use trading_core::test_support::{alone, decimal, instrument, lenient_rules, sma_cross, stop_only};
use trading_core::time::{Micros, Timeframe};
use trading_io::bar_file::{ReadOptions, read_file};

/// So much that the default rules always buy for their 10 000.
const CAPITAL: &str = "10000000";
/// The steps of the market: peers trade whole units.
const LOT: &str = "1";
const TICK: &str = "0.000001";

struct Loaded {
    money: Money,
    markets: Vec<Market>,
    timeframe: Timeframe,
    span: Span,
    rule_file: Instance,
}

impl Loaded {
    fn read(path: &Path) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        let options = ReadOptions { now: Micros::try_from(now).unwrap(), ..ReadOptions::default() };
        let series = read_file(path, &options, &mut |_| {}).unwrap().series;
        let timeframe = series.timeframe;
        let (first, last) = (series.records.first().unwrap(), series.records.last().unwrap());
        let span = Span { from: first.open_time, to: last.open_time + timeframe.micros() };
        let listed = Instrument { tick: decimal(TICK), lot: decimal(LOT), ..instrument("generated:COIN/USD") };
        let (money, markets) = count_all(vec![(listed, series)], decimal(CAPITAL)).unwrap();
        let (name, text) = shipped::ALL.iter().find(|(name, _)| *name == "sma_cross").unwrap();
        let rule_file = RuleFile::parse(name, text.as_bytes()).unwrap();
        let rule_file = rule_file.instance(&BTreeMap::new(), timeframe).unwrap();
        Self { money, markets, timeframe, span, rule_file }
    }

    fn run(&self, make: &dyn Fn(usize) -> Box<dyn Strategy>) -> (Outcome, Metrics) {
        let rules = alone("sma_cross", stop_only());
        let outcome = run(&Run {
            money: self.money,
            markets: &self.markets,
            timeframe: self.timeframe,
            from: Micros::MIN,
            participants: &[Participant { rules, markets: vec![0], make, atr: None }],
            rules: &lenient_rules(),
            capital: self.money.count(decimal(CAPITAL)).unwrap(),
        });
        let metrics = Metrics::of(&outcome, &self.markets, self.money, self.timeframe, self.span, 0.0);
        (outcome, metrics)
    }
}

/// E at each bar's close: no money comes or goes, so that N is E as a share of what there was at the start.
fn equity(outcome: &Outcome) -> impl DoubleEndedIterator<Item = f64> {
    let capital: f64 = CAPITAL.parse().unwrap();
    outcome.unit_values.iter().map(move |value| value * capital)
}

fn main() {
    // `cargo bench` says `--bench` to all.
    let Some(path) = env::args().skip(1).find(|argument| !argument.starts_with("--")) else {
        println!("nothing to measure without a file of bars; graphwiz-trader/benches/peers/measure.py names one");
        return;
    };
    let loaded = Loaded::read(Path::new(&path));
    for line in io::stdin().lines() {
        let line = line.unwrap();
        let (form, path) = line.split_once(' ').unwrap_or((&line, ""));
        let make: &dyn Fn(usize) -> Box<dyn Strategy> = match form {
            "built-in" => &|_| sma_cross(),
            "rule-file" => &|_| Box::new(loaded.rule_file.program()),
            _ => panic!("asked for {form:?}, expected built-in or rule-file"),
        };
        let started = Instant::now();
        let (outcome, metrics) = loaded.run(make);
        let seconds = started.elapsed().as_secs_f64();
        println!(
            r#"{{"seconds": {seconds}, "trips": {}, "final": {}}}"#,
            metrics.trades,
            equity(&outcome).next_back().unwrap_or(f64::NAN)
        );
        if !path.is_empty() {
            fs::write(path, equity(&outcome).flat_map(f64::to_le_bytes).collect::<Vec<_>>()).unwrap();
        }
    }
}
