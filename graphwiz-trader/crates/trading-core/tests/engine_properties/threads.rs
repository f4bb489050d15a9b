//! The same bytes, however many runs there are at once.

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use trading_core::gate::Gate;
use trading_core::metrics::{Metrics, Span};
use trading_core::report::{Heading, Report};
use trading_core::test_support::told_strategy;

use super::history::{Dust, Ending, FRAME, History, history};

const RUNS: usize = 48;

/// The report of a run as it is written, its fingerprint included.
fn told(history: &History) -> String {
    let ran = history.run();
    let span = Span { from: 0, to: ran.outcome.sampled_at.last().expect("samples") };
    let metrics = Metrics::of(&ran.outcome, &ran.markets, ran.money, FRAME, span, 0.02);
    let heading = Heading {
        name: "one of many",
        strategies: history.strategies.iter().map(|(rules, ..)| told_strategy(&rules.name, FRAME)).collect(),
        config_hash: [1; 32],
        data_hash: [2; 32],
        seed: 0,
        capital: ran.money.count(History::capital()).expect("a count"),
        timeframe: FRAME,
        gate_unmet: Gate::live().unmet(&metrics, span),
        warnings: Vec::new(),
    };
    let report = Report::new(heading, ran.outcome, &ran.markets, ran.money, metrics, span);
    serde_json::to_string(&report).expect("a report")
}

/// All reports, run by so many threads, in the order of the histories.
fn by(threads: usize, histories: &[History]) -> Vec<String> {
    let part = histories.len().div_ceil(threads);
    std::thread::scope(|scope| {
        let working: Vec<_> =
            histories.chunks(part).map(|part| scope.spawn(move || part.iter().map(told).collect::<Vec<_>>())).collect();
        working.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    })
}

#[test]
fn one_two_and_eight_threads_give_the_same_bytes() {
    let mut runner = TestRunner::deterministic();
    let mut one = || history(Dust::Some, Ending::Open).new_tree(&mut runner).expect("a history").current();
    let histories: Vec<History> = (0..RUNS).map(|_| one()).collect();
    let alone = by(1, &histories);
    let fills = alone.iter().filter(|told| told.contains("\"fee_in\"")).count();
    assert!(fills > RUNS / 2, "{fills} runs with fills");
    for threads in [2, 8] {
        assert_eq!(by(threads, &histories), alone, "{threads} threads");
    }
}
