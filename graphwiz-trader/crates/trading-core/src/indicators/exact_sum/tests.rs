use dashu_base::SquareRoot as _;
use dashu_int::IBig;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{ExactSum, parts};
use crate::exact::{Exact, to_f64};

/// `value` · 2^1074, a whole number.
fn whole(value: f64) -> IBig {
    let (mantissa, exponent) = parts(value);
    let size = IBig::from(mantissa) << (exponent + 1074).unsigned_abs() as usize;
    if value < 0.0 { -size } else { size }
}

fn nearest(whole: IBig) -> f64 {
    to_f64(&Exact::from(whole))
}

/// Numbers as they come and as they do not: any bits, close to each other, of a few digits.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |value| value.is_finite()),
        (-1000_i32..1000).prop_map(|hundredths| 62_830.0 + f64::from(hundredths) / 100.0),
        (-3_i32..3).prop_map(f64::from),
    ]
}

proptest! {
    #[test]
    fn numbers_come_and_go_without_a_trace(numbers in vec(number(), 1..40), staying in 0..20_usize) {
        let mut sum = ExactSum::default();
        let mut exact = IBig::ZERO;
        for (index, &number) in numbers.iter().enumerate() {
            sum.add_times(number, 3);
            exact += whole(number) * 3;
            if let Some(&gone) = index.checked_sub(staying).and_then(|index| numbers.get(index)) {
                sum.add_times(gone, -3);
                exact -= whole(gone) * 3;
            }
            // As far as the nearest f64 of the whole number exists and is not rounded a second time.
            let nearest = nearest(exact.clone()) * 2_f64.powi(-537) * 2_f64.powi(-537);
            if nearest.is_normal() || exact == IBig::ZERO {
                prop_assert_eq!(sum.rounded(), nearest);
            }
        }
    }

    #[test]
    fn n_times_squares_less_the_square_of_the_sum_is_exact(numbers in vec(number(), 1..12)) {
        let [mut sum, mut squares, mut difference] = [const { None }; 3].map(Option::unwrap_or_default);
        ExactSum::add_times(&mut sum, 1e300, 1);
        ExactSum::add_square(&mut squares, 1e-300);
        for &number in &numbers {
            sum.add_times(number, 1);
            squares.add_square(number);
        }
        sum.add_times(1e300, -1);
        squares.remove_square(1e-300);
        let n = i64::try_from(numbers.len()).unwrap();
        ExactSum::set_difference(&mut difference, n, &mut squares, &mut sum);
        let total: IBig = numbers.iter().map(|&number| whole(number)).sum();
        let exact = numbers.iter().map(|&number| whole(number).pow(2)).sum::<IBig>() * n - total.pow(2);
        // Its root with 128 bits more than that of a whole number.
        let root = nearest((&exact << 256).sqrt().into());
        let expected = root * 2_f64.powi(-601) * 2_f64.powi(-601);
        let found = difference.root();
        if root.is_finite() && expected.is_normal() {
            prop_assert!((found / expected - 1.0).abs() < 4e-16, "{} where {} was expected", found, expected);
        }
        prop_assert_eq!(found == 0.0, exact == IBig::ZERO);
    }
}

#[test]
fn the_largest_and_the_smallest_numbers_have_room() {
    let (mut sum, mut squares, mut difference) = (ExactSum::default(), ExactSum::default(), ExactSum::default());
    for _ in 0..5000 {
        sum.add_times(f64::MAX, 1);
        squares.add_square(f64::MAX);
    }
    sum.add_times(f64::from_bits(1), 1);
    squares.add_square(f64::from_bits(1));
    assert_eq!(sum.rounded(), f64::INFINITY);
    difference.set_difference(5000, &mut squares, &mut sum);
    assert!(difference.rounded() < 0.0); // 5000·tiny² − 2·5000·MAX·tiny − tiny²
    for _ in 0..5000 {
        sum.add_times(f64::MAX, -1);
        squares.remove_square(f64::MAX);
    }
    assert_eq!(sum.rounded(), f64::from_bits(1));
    assert_eq!(squares.root(), f64::from_bits(1));
}
