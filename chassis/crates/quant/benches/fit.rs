//! How long do a month's fit and a sum of 20 series take, next to one pass that only adds the same values up?
//!
//! `cargo bench -p quant`. Each group holds the work and, as `plain sum`, the pass it is to be compared with.

use criterion::{Criterion, criterion_group, criterion_main};
use quant::fit::PolynomialFit;
use quant::series::{add_interpolated, union};
use std::hint::black_box;

/// One sample every 150 s for 30 days.
const SAMPLES: usize = 17_281;
const SERIES: i64 = 20;

/// A value that grows by 0.01 a sample, with saw-tooth noise of 10.
fn value(index: usize) -> f64 {
    10_000.0 + index as f64 * 0.01 + (index * 7919 % 1009) as f64 / 100.0
}

/// Sample times in milliseconds, `shift_ms` after a common start.
fn times(shift_ms: i64) -> Vec<i64> {
    (0..SAMPLES as i64).map(|i| 1_700_000_000_000 + 150_000 * i + shift_ms).collect()
}

fn fit(c: &mut Criterion) {
    let x: Vec<f64> = (0..SAMPLES).map(|i| 1.7e9 + 150.0 * i as f64).collect();
    let y: Vec<f64> = (0..SAMPLES).map(value).collect();
    let mut group = c.benchmark_group("fit of 17281 points");
    group.bench_function("plain sum", |b| b.iter(|| black_box(&y).iter().sum::<f64>()));
    for order in [0, 2, 8] {
        group.bench_function(format!("order {order}"), |b| {
            b.iter(|| PolynomialFit::new(black_box(&x), black_box(&y), order));
        });
    }
    group.finish();
}

fn sum_of_series(c: &mut Criterion) {
    let y: Vec<f64> = (0..SAMPLES).map(value).collect();
    let mut group = c.benchmark_group("sum of 20 series of 17281 samples");
    group.bench_function("plain sum", |b| {
        b.iter(|| (0..SERIES).map(|_| black_box(&y).iter().sum::<f64>()).sum::<f64>());
    });
    for (name, different) in [("one axis", 1), ("four axes", 4), ("twenty axes", 20)] {
        let axes: Vec<Vec<i64>> = (0..SERIES).map(|series| times(series % different * 1000)).collect();
        let axes: Vec<&[i64]> = axes.iter().map(Vec::as_slice).collect();
        group.bench_function(format!("{name}, union"), |b| b.iter(|| union(black_box(&axes))));
        group.bench_function(format!("{name}, union and interpolation"), |b| {
            b.iter(|| {
                let axis = union(black_box(&axes));
                let mut total = vec![0.0; axis.len()];
                for ts in &axes {
                    add_interpolated(ts, black_box(&y), &axis, &mut total);
                }
                total
            });
        });
    }
    group.finish();
}

criterion_group!(benches, fit, sum_of_series);
criterion_main!(benches);
