use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn fit(x: &[f64], y: &[f64], order: usize) -> PolynomialFit {
    PolynomialFit::new(x, y, order).unwrap()
}

#[track_caller]
fn assert_close(found: f64, expected: f64, limit: f64) {
    assert!((found - expected).abs() <= limit, "found {found}, expected {expected} within {limit:e}");
}

#[test]
fn a_parabola_is_found_again_with_its_coefficients() {
    // 3 − 2·u + 5·u² with u = (x − 20) / 10
    let x = [10.0, 12.0, 15.0, 21.0, 26.0, 30.0];
    let y = x.map(|x| {
        let u = (x - 20.0) / 10.0;
        3.0 - 2.0 * u + 5.0 * u * u
    });
    let fit = fit(&x, &y, 2);
    assert_eq!((fit.centre(), fit.scale()), (20.0, 10.0));
    for (found, expected) in fit.coefficients().into_iter().zip([3.0, -2.0, 5.0]) {
        assert_close(found, expected, 1e-14);
    }
    assert_close(fit.evaluate(50.0), 3.0 - 6.0 + 45.0, 1e-12); // extrapolated: u = 3
    assert!(fit.residuals().iter().all(|r| r.abs() < 1e-14), "{:?}", fit.residuals());
}

#[test]
fn a_flat_fit_is_the_mean() {
    let fit = fit(&[5.0, 5.0, 5.0], &[1.0, 2.0, 6.0], 0);
    assert_eq!(fit.residuals(), [-2.0, -1.0, 3.0]);
    assert_eq!((fit.coefficients(), fit.evaluate(-7.0), fit.scale()), (vec![3.0], 3.0, 1.0));
    assert_close(fit.leverage(5.0), 1.0 / 3.0, 1e-15);
}

#[test]
fn equal_values_leave_no_residual_at_any_order() {
    let x: Vec<f64> = (0..10_000).map(|i| 1.7e9 + 150.0 * f64::from(i)).collect();
    let y = vec![10_000.1; x.len()];
    for order in 0..=MAX_ORDER {
        let fit = fit(&x, &y, order);
        assert!(fit.residuals().iter().all(|r| *r == 0.0), "order {order}");
        assert_eq!(fit.evaluate(x[77]), 10_000.1);
    }
}

#[test]
fn as_many_points_as_coefficients_are_met_exactly() {
    let (x, y) = ([0.0, 1.0, 2.0, 4.0, 5.0, 7.0, 8.0, 9.0, 11.0], [3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0, -6.0, 5.0]);
    for need in 1..=9 {
        let fit = fit(&x[..need], &y[..need], need - 1);
        for i in 0..need {
            assert_close(fit.residuals()[i], 0.0, 1e-11);
            assert_close(fit.evaluate(x[i]), y[i], 1e-11);
            assert_close(fit.leverage(x[i]), 1.0, 1e-11);
        }
    }
}

#[test]
fn what_cannot_be_fitted_is_named() {
    let refused = |x: &[f64], y: &[f64], order: usize, message: &str| {
        assert_eq!(PolynomialFit::new(x, y, order).unwrap_err().to_string(), message);
    };
    refused(&[], &[], 0, "0 points at different positions, expected at least 1");
    refused(&[1.0, 2.0], &[1.0, 2.0], 2, "2 points at different positions, expected at least 3");
    refused(&[1.0, 2.0, 1.0, 2.0], &[1.0; 4], 2, "2 points at different positions, expected at least 3");
    refused(&[3.0; 50], &[1.0; 50], 1, "1 points at different positions, expected at least 2");
    // Apart, but not by enough for the second difference to be more than rounding.
    refused(
        &[-1.0, -1.0 + 2.0 * f64::EPSILON, 1.0],
        &[1.0; 3],
        2,
        "2 points at different positions, expected at least 3",
    );
    refused(&[1.0, 2.0], &[1.0], 0, "2 positions but 1 values, expected as many of each");
    refused(&[1.0, 2.0], &[1.0, f64::NAN], 0, "y[1] is NaN, expected a finite number within ±1e150");
    refused(&[f64::INFINITY, 2.0], &[f64::NAN, 1.0], 0, "x[0] is inf, expected a finite number within ±1e150");
    refused(&[1.0, 2.0], &[1.0, -1e200], 0, &format!("y[1] is {}, expected a finite number within ±1e150", -1e200));
    refused(&[1.0; 20], &[1.0; 20], 9, "polynomial order is 9, expected at most 8");
}

#[test]
fn the_largest_values_that_are_accepted_give_finite_figures() {
    let (x, y) = ([-1e150, -5e149, 0.0, 1e149, 1e150], [1e150, -1e150, 1e150, -1e150, 1e150]);
    let fit = fit(&x, &y, 3);
    assert!(fit.residuals().iter().chain(&fit.coefficients()).all(|v| v.is_finite()));
}

#[test]
fn the_newest_of_even_points_has_the_leverage_of_the_formula() {
    for (n, order) in [(1, 0), (2, 0), (2, 1), (3, 2), (9, 8), (10, 2), (11, 3), (48, 8), (720, 2), (17_281, 8)] {
        let x: Vec<f64> = (0..n).map(|i| 1.7e9 + 150.0 * i as f64).collect();
        let fit = fit(&x, &vec![1.0; n], order);
        assert_close(fit.leverage(x[n - 1]), endpoint_leverage(n, order), 1e-13);
        assert_close(fit.leverage(x[0]), endpoint_leverage(n, order), 1e-13);
    }
}

#[test]
fn ten_points_of_order_two_cannot_reach_two_sigma() {
    // √(n·(1 − h)) = √(10 · (1 − 0.618…)) = √3.818… = 1.954
    let largest = (10.0 * (1.0 - endpoint_leverage(10, 2))).sqrt();
    assert_close(largest, 1.954, 5e-4);
    assert_eq!([endpoint_leverage(0, 0), endpoint_leverage(3, 2), endpoint_leverage(2, 8)], [1.0; 3]);
}

/// Whole x with repeats and gaps, y in USD, and an order that the points determine.
fn sample() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, usize)> {
    let points = vec((0..2000_i32, -1e4..1e4_f64), 1..80);
    (points, 0..=MAX_ORDER).prop_filter_map("too few different x", |(points, order)| {
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().map(|(x, y)| (f64::from(x), y)).unzip();
        PolynomialFit::new(&x, &y, order).is_ok().then_some((x, y, order))
    })
}

proptest! {
    #[test]
    fn residuals_are_orthogonal_to_every_power((x, y, order) in sample()) {
        let fit = fit(&x, &y, order);
        for power in 0..=i32::try_from(order).unwrap() {
            let terms = x.iter().zip(fit.residuals()).map(|(x, r)| r * ((x - fit.centre()) / fit.scale()).powi(power));
            prop_assert!(terms.sum::<f64>().abs() < 1e-7, "power {}", power);
        }
    }

    #[test]
    fn every_figure_tells_the_same_polynomial((x, y, order) in sample()) {
        let fit = fit(&x, &y, order);
        for ((x, y), residual) in x.iter().zip(&y).zip(fit.residuals()) {
            let fitted = fit.evaluate(*x);
            prop_assert!((y - residual - fitted).abs() < 1e-7, "residual {} at {}", residual, x);
            let u = (x - fit.centre()) / fit.scale();
            let powers = fit.coefficients().iter().rev().fold(0.0, |sum, c| sum * u + c);
            let size: f64 = fit.coefficients().iter().map(|c| c.abs()).sum();
            prop_assert!((powers - fitted).abs() <= 1e-11 * (size + 1e4), "powers give {}, not {}", powers, fitted);
        }
    }

    #[test]
    fn leverages_lie_within_0_and_1_and_add_up_to_the_coefficients((x, y, order) in sample()) {
        let fit = fit(&x, &y, order);
        let leverages: Vec<f64> = x.iter().map(|x| fit.leverage(*x)).collect();
        prop_assert!(leverages.iter().all(|h| 0.0 < *h && *h <= 1.0));
        let sum: f64 = leverages.iter().sum();
        prop_assert!((sum - (order as f64 + 1.0)).abs() < 1e-7, "{}", sum);
    }

    #[test]
    fn moving_time_or_rescaling_changes_no_residual(
            (x, y, order) in sample(),
            epoch in 0..2_000_000_000_i32,
            exp in -20..20_i32,
        ) {
        let factor = 2.0_f64.powi(exp);
        let residuals_of = |x: &[f64], y: &[f64]| fit(x, y, order).residuals().to_vec();
        let residuals = residuals_of(&x, &y);
        let moved: Vec<f64> = x.iter().map(|x| x + f64::from(epoch)).collect();
        let slower: Vec<f64> = x.iter().map(|x| x * factor).collect();
        let richer: Vec<f64> = y.iter().map(|y| y * factor).collect();
        prop_assert_eq!(residuals_of(&moved, &y), &*residuals);
        prop_assert_eq!(residuals_of(&slower, &y), &*residuals);
        let scaled: Vec<f64> = residuals.iter().map(|r| r * factor).collect();
        prop_assert_eq!(residuals_of(&x, &richer), scaled);
    }

    #[test]
    fn a_point_that_moves_by_one_takes_the_fit_along_by_its_leverage(
            (x, y, order) in sample(),
            pick in any::<prop::sample::Index>(),
        ) {
        let i = pick.index(x.len());
        let before = fit(&x, &y, order);
        let mut y = y;
        y[i] += 1.0;
        let moved_by = fit(&x, &y, order).evaluate(x[i]) - before.evaluate(x[i]);
        prop_assert!((moved_by - before.leverage(x[i])).abs() < 1e-7, "{}", moved_by);
    }
}
