//! A backtest of one strategy over a million bars: costs, stops and metrics included.
//!
//! `cargo bench -p trading-core --bench backtest`

#![allow(clippy::expect_used, reason = "a benchmark that cannot set itself up has failed")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use trading_core::engine::{Participant, Run, run};
use trading_core::market::count_all;
use trading_core::metrics::{Metrics, Span};
use trading_core::test_support::{alone, decimal, instrument, lenient_rules, sma_cross, stop_only, wandering};
use trading_core::time::Timeframe;

const BARS: i64 = 1_000_000;

fn backtest(criterion: &mut Criterion) {
    let listed = vec![(instrument("test:BTC/USD"), wandering(Timeframe::M1, BARS, 42))];
    let (money, markets) = count_all(listed, decimal("100000")).expect("small numbers");
    let rules = lenient_rules();
    let exits = alone("sma_cross", stop_only());
    let participants = [Participant { rules: exits, markets: vec![0], make: &|_| sma_cross(), atr: None }];
    let capital = money.count(decimal("100000")).expect("a count");
    let what = || Run {
        money,
        markets: &markets,
        timeframe: Timeframe::M1,
        from: 0,
        participants: &participants,
        rules: &rules,
        capital,
    };
    let trips = run(&what()).trips.len();
    assert!(trips > 5000, "{trips} trips");
    criterion.bench_function(&format!("sma_cross over 1 M bars, {trips} trips, with metrics"), |b| {
        let span = Span { from: 0, to: BARS * 60_000_000 };
        b.iter_batched(
            what,
            |what| {
                let outcome = run(&what);
                black_box(Metrics::of(&outcome, &markets, money, Timeframe::M1, span, 0.02))
            },
            BatchSize::LargeInput,
        );
    });
}

criterion_group!(benches, backtest);
criterion_main!(benches);
