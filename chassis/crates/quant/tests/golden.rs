//! Do the figures agree with numpy and scipy? `testdata/golden.py` asked them and says how to ask again.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests, which clippy does not see as tests")]

use quant::density::Kde;
use quant::fit::PolynomialFit;
use quant::quantile::{median, quantile};
use quant::scale::{mean, median_absolute_deviation, standard_deviation};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A row's name and its numbers.
type Row = (String, Vec<f64>);

fn rows(file: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(file);
    let text = fs::read_to_string(&path).unwrap();
    let row = |line: &str| {
        let (name, numbers) = line.split_once(',').unwrap();
        (name.to_owned(), numbers.split(',').map(|number| number.parse().unwrap()).collect())
    };
    text.lines().skip(1).map(row).collect()
}

/// Rows of one name together, as columns.
fn columns(file: &str) -> BTreeMap<String, Vec<Vec<f64>>> {
    let mut groups: BTreeMap<String, Vec<Vec<f64>>> = BTreeMap::new();
    for (name, numbers) in rows(file) {
        let columns = groups.entry(name).or_insert_with(|| vec![Vec::new(); numbers.len()]);
        for (column, number) in columns.iter_mut().zip(numbers) {
            column.push(number);
        }
    }
    groups
}

/// Remembers the largest relative error and where it was.
struct Worst {
    error: f64,
    place: String,
}

impl Worst {
    fn new() -> Self {
        Self { error: 0.0, place: "nowhere".to_owned() }
    }

    fn compare(&mut self, found: f64, expected: f64, place: impl Fn() -> String) {
        let error = if found == expected { 0.0 } else { (found - expected).abs() / expected.abs() };
        assert!(error.is_finite(), "{}: {found} where {expected} was expected", place());
        if error > self.error {
            *self = Self { error, place: place() };
        }
    }

    #[track_caller]
    fn must_be_within(&self, limit: f64) {
        println!("worst relative error {:.2e} at {}", self.error, self.place);
        assert!(self.error <= limit, "relative error {:e} at {}, expected at most {limit:e}", self.error, self.place);
    }
}

/// Worst error measured: 1.2e-12, which is numpy's own: against exact fractions it is 1.3e-12 off there, and this crate
/// 2e-16.
#[test]
fn fitted_values_agree_with_numpy_at_every_epoch_span_spacing_and_order() {
    let mut worst = Worst::new();
    let data = columns("fit.csv");
    assert_eq!(data.len(), 3 * 5 * 3, "epochs × spans × spacings");
    for (name, columns) in data {
        let [x, y, fitted @ ..] = columns.as_slice() else { panic!("{name} has no columns") };
        assert_eq!(fitted.len(), 9, "orders 0 to 8");
        for (order, fitted) in fitted.iter().enumerate() {
            let fit = PolynomialFit::new(x, y, order).unwrap();
            for (i, expected) in fitted.iter().enumerate() {
                worst.compare(fit.evaluate(x[i]), *expected, || format!("{name}, order {order}, x[{i}]"));
                worst.compare(y[i] - fit.residuals()[i], *expected, || format!("{name}, order {order}, residual {i}"));
            }
        }
    }
    worst.must_be_within(1e-9);
}

/// Worst error measured: 1.4e-14.
#[test]
fn fitted_values_of_a_month_agree_with_numpy() {
    // The formula of golden.py: whole numbers below 2^53 and one rounding per division, the same in both languages.
    let x: Vec<f64> = (0..17_281_u32).map(|i| 1.7e9 + 150.0 * f64::from(i)).collect();
    let y = (0..17_281_u64).map(|i| 10_000.0 + i as f64 / 1024.0 + (i * i * 7919 % 10_007) as f64 / 1000.0);
    let y: Vec<f64> = y.collect();
    let fits: Vec<PolynomialFit> = (0..=8).map(|order| PolynomialFit::new(&x, &y, order).unwrap()).collect();
    let mut worst = Worst::new();
    let data = rows("fit_long.csv");
    assert_eq!(data.len(), 9 * 9, "orders × places");
    for (order, numbers) in data {
        let fit = &fits[order.parse::<usize>().unwrap()];
        let index = x.iter().position(|x| *x == 1.7e9 + 150.0 * numbers[0]).unwrap();
        worst.compare(fit.evaluate(x[index]), numbers[1], || format!("order {order}, x[{index}]"));
        worst.compare(y[index] - fit.residuals()[index], numbers[1], || format!("order {order}, residual {index}"));
    }
    worst.must_be_within(1e-9);
}

/// The reference is exact here; the worst errors measured are 2e-14 (values) and 5e-11 (leverages). `Legendre.fit`:
/// 1e-4.
#[test]
fn fitted_values_of_crowded_points_agree_with_exact_arithmetic() {
    let (mut worst, mut worst_leverage) = (Worst::new(), Worst::new());
    let data = columns("fit_crowded.csv");
    assert_eq!(data.len(), 3);
    for (name, columns) in data {
        let [x, y, exact @ ..] = columns.as_slice() else { panic!("{name} has no columns") };
        for (order, exact) in [2, 5, 8].into_iter().zip(exact.as_chunks::<2>().0) {
            let fit = PolynomialFit::new(x, y, order).unwrap();
            for i in 0..x.len() {
                worst.compare(fit.evaluate(x[i]), exact[0][i], || format!("{name}, order {order}, x[{i}]"));
                worst
                    .compare(y[i] - fit.residuals()[i], exact[0][i], || format!("{name}, order {order}, residual {i}"));
                worst_leverage.compare(fit.leverage(x[i]), exact[1][i], || format!("{name}, order {order}, x[{i}]"));
            }
        }
    }
    worst.must_be_within(1e-12);
    worst_leverage.must_be_within(1e-9);
}

#[test]
fn quantiles_agree_with_numpy() {
    let (samples, mut worst) = (columns("samples.csv"), Worst::new());
    for (name, numbers) in rows("quantile.csv") {
        let mut sample = samples[&name][0].clone();
        let place = || format!("{name} at {}", numbers[0]);
        worst.compare(quantile(&mut sample, numbers[0]).unwrap(), numbers[1], place);
        if numbers[0] == 0.5 {
            worst.compare(median(&mut sample).unwrap(), numbers[1], place);
        }
    }
    worst.must_be_within(1e-12);
}

#[test]
fn means_and_deviations_agree_with_numpy() {
    let (samples, mut worst) = (columns("samples.csv"), Worst::new());
    for (name, numbers) in rows("scale.csv") {
        let sample = &samples[&name][0];
        worst.compare(mean(sample).unwrap(), numbers[0], || format!("mean of {name}"));
        worst.compare(standard_deviation(sample, 0).unwrap(), numbers[1], || format!("deviation of {name}, ddof 0"));
        worst.compare(standard_deviation(sample, 1).unwrap(), numbers[2], || format!("deviation of {name}, ddof 1"));
        worst.compare(median_absolute_deviation(sample).unwrap(), numbers[3], || format!("median deviation of {name}"));
    }
    worst.must_be_within(1e-12);
}

/// Worst error measured: 5e-14.
#[test]
fn densities_agree_with_scipy() {
    let (samples, mut worst) = (columns("samples.csv"), Worst::new());
    for (name, numbers) in rows("density.csv") {
        let kde = Kde::scott(&samples[&name][0]).unwrap();
        worst.compare(kde.bandwidth(), numbers[0], || format!("bandwidth of {name}"));
        worst.compare(kde.evaluate(numbers[1]), numbers[2], || format!("density of {name} at {}", numbers[1]));
    }
    worst.must_be_within(1e-12);
}
