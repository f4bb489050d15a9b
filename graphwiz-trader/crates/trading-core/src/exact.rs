//! How do sums and quotients of money stay exact until they are rounded?
//!
//! [`Exact`] is a fraction of whole numbers without limit. Decisions, which are rare, are computed with it; what happens at
//! every bar is done in whole counts of a step instead. Rounding is named where it happens: [`down_to`], [`up_to`],
//! [`half_even`].

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_rational::BigRational;
use num_traits::{Signed as _, ToPrimitive as _, Zero as _};
use rust_decimal::Decimal;

/// A fraction of whole numbers, exact.
pub type Exact = BigRational;

/// 10 to the power of `digits`, which is at most 38.
#[must_use]
pub fn pow10(digits: u32) -> i128 {
    10_i128.pow(digits)
}

/// A decimal as a fraction.
#[must_use]
pub fn of(decimal: Decimal) -> Exact {
    Exact::new(decimal.mantissa().into(), pow10(decimal.scale()).into())
}

/// `count` steps of 10^−`digits`.
#[must_use]
pub fn of_count(count: i128, digits: u32) -> Exact {
    Exact::new(count.into(), pow10(digits).into())
}

/// An `f64` as it enters money: rounded half-even to 12 significant digits, and then that decimal. `None` where it is not finite.
///
/// ```
/// use trading_core::exact::{of_f64, Exact};
/// assert_eq!(of_f64(0.1 + 0.2), Some(Exact::new(3.into(), 10.into())));
/// assert_eq!(of_f64(123_456_789_012.5), Some(Exact::from_integer(123_456_789_012_i64.into()))); // a tie
/// assert_eq!(of_f64(f64::NAN), None);
/// ```
#[must_use]
pub fn of_f64(value: f64) -> Option<Exact> {
    if !value.is_finite() {
        return None;
    }
    let text = format!("{value:.11e}"); // exact decimal expansion, rounded half-even
    let (digits, exponent) = text.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let whole: BigInt = digits.replacen('.', "", 1).parse().ok()?;
    let power = exponent - 11;
    let scale = BigInt::from(10).pow(power.unsigned_abs());
    Some(if power < 0 { Exact::new(whole, scale) } else { Exact::from_integer(whole * scale) })
}

/// The largest count of `step` that is not above `value`; `step` is positive.
#[must_use]
pub fn down_to(value: &Exact, step: &Exact) -> BigInt {
    (value / step).floor().to_integer()
}

/// The smallest count of `step` that is not below `value`; `step` is positive.
#[must_use]
pub fn up_to(value: &Exact, step: &Exact) -> BigInt {
    (value / step).ceil().to_integer()
}

/// `numerator` / `denominator` to the nearest whole number, a tie to the even one; `denominator` is positive.
#[must_use]
pub fn half_even(numerator: &BigInt, denominator: &BigInt) -> BigInt {
    let (quotient, rest) = numerator.div_mod_floor(denominator);
    let twice: BigInt = rest * 2;
    let is_up = twice > *denominator || (twice == *denominator && quotient.is_odd());
    if is_up { quotient + 1 } else { quotient }
}

/// A fraction as the nearest `f64`, for statistics and pictures.
#[must_use]
pub fn to_f64(value: &Exact) -> f64 {
    value.to_f64().unwrap_or(if value.is_negative() { f64::MIN } else { f64::MAX })
}

/// A count of steps of 10^−`digits` as decimals are written: without trailing zeros, and without an exponent.
///
/// ```
/// assert_eq!(trading_core::exact::written(1_002_342_135, 5), "10023.42135");
/// assert_eq!(trading_core::exact::written(-50, 3), "-0.05");
/// assert_eq!(trading_core::exact::written(1000, 3), "1");
/// ```
#[must_use]
pub fn written(count: i128, digits: u32) -> String {
    let scale = pow10(digits).unsigned_abs();
    let (whole, rest) = (count.unsigned_abs() / scale, count.unsigned_abs() % scale);
    let sign = if count < 0 { "-" } else { "" };
    if rest.is_zero() {
        return format!("{sign}{whole}");
    }
    let rest = format!("{rest:0width$}", width = digits as usize);
    format!("{sign}{whole}.{}", rest.trim_end_matches('0'))
}
