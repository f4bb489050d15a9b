//! What a rule file costs beside the same strategy in Rust: at most three times its time a bar.
#![allow(clippy::expect_used, missing_docs, reason = "a bench that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use trading_core::bars::{Bar, Record, Series};
use trading_core::rule_file::{RuleFile, shipped};
use trading_core::strategies::SmaCross;
use trading_core::strategy::{Signal, Strategy};
use trading_core::time::Timeframe;

fn sales(strategy: &mut dyn Strategy, bars: &[Bar]) -> usize {
    bars.iter().filter(|bar| strategy.on_bar(bar, None) == Signal::Sell).count()
}

fn sma_cross(criterion: &mut Criterion) {
    let close = |i: i64| 6_000_000 + (i * 7919) % 1013 + 300 * (i / 60 % 20 - 10).abs();
    let record = |i| {
        let (open, close) = (close(i), close(i + 1));
        let (high, low) = (open.max(close), open.min(close));
        Record { open_time: i * Timeframe::M5.micros(), open, high, low, close, volume: 1 }
    };
    let records = (0..100_000).map(record).collect();
    let series = Series { timeframe: Timeframe::M5, price_digits: 2, volume_digits: 8, records };
    let bars: Vec<_> = (0..series.records.len()).map(|index| series.bar(index)).collect();
    let built_in = || SmaCross::new(20.0, 50.0).expect("values in range");
    let file = RuleFile::parse("sma_cross", shipped::ALL[0].1.as_bytes()).expect("no fault");
    let instance = file.instance(&BTreeMap::new(), Timeframe::M5).expect("defaults");
    assert_eq!(sales(&mut built_in(), &bars), sales(&mut instance.program(), &bars));

    let mut group = criterion.benchmark_group("sma_cross");
    group.throughput(Throughput::Elements(bars.len() as u64));
    group.bench_function("in Rust", |bencher| bencher.iter(|| sales(black_box(&mut built_in()), &bars)));
    group.bench_function("as a rule file", |bencher| bencher.iter(|| sales(black_box(&mut instance.program()), &bars)));
    group.finish();
}

criterion_group!(benches, sma_cross);
criterion_main!(benches);
