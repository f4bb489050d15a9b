//! How do sums and quotients of money stay exact until they are rounded?
//!
//! [`Exact`] is a fraction of whole numbers without limit. Decisions and fills, which are rare, are computed with it;
//! what happens at every bar is done in whole counts of a step instead. Rounding is named where it happens:
//! [`down_to`], [`up_to`], [`half_even`].

mod fraction;

use std::fmt;

use dashu_base::{DivRemEuclid as _, UnsignedAbs as _};
use dashu_int::IBig;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

pub use fraction::Exact;

/// 10 to the power of `digits`, which is at most 38.
#[must_use]
#[inline]
pub const fn pow10(digits: u32) -> i128 {
    10_i128.pow(digits)
}

/// A decimal as a fraction.
#[must_use]
pub fn of(decimal: Decimal) -> Exact {
    of_count(decimal.mantissa(), decimal.scale())
}

/// `count` steps of 10^−`digits`.
#[must_use]
pub fn of_count(count: i128, digits: u32) -> Exact {
    Exact::small(count, pow10(digits))
}

/// A whole number as a fraction.
#[must_use]
pub fn whole(number: i128) -> Exact {
    Exact::small(number, 1)
}

/// An `f64` as it enters money: rounded half-even to 12 significant digits, and then that decimal. `None` where it is
/// not finite.
///
/// ```
/// use trading_core::exact::{of_count, of_f64, whole};
/// assert_eq!(of_f64(0.1 + 0.2), Some(of_count(3, 1)));
/// assert_eq!(of_f64(123_456_789_012.5), Some(whole(123_456_789_012))); // a tie
/// assert_eq!(of_f64(-2.5e20), Some(whole(-250_000_000_000_000_000_000)));
/// assert_eq!(of_f64(f64::NAN), None);
/// ```
#[must_use]
pub fn of_f64(value: f64) -> Option<Exact> {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and has at most 12 digits")]
    if value.fract() == 0.0 && value.abs() < 1e12 {
        return Some(whole(value as i128)); // the sizes of most entries
    }
    let (digits, power) = significant(value)?;
    let scale = Exact::from(IBig::from(10).pow(power.unsigned_abs() as usize));
    Some(if power < 0 { whole(digits) / scale } else { whole(digits) * scale })
}

/// As [`of_f64`]; `None` also where a decimal of 28 digits cannot hold it.
///
/// ```
/// use trading_core::exact::decimal_of_f64;
/// assert_eq!(decimal_of_f64(0.1 + 0.2).unwrap().to_string(), "0.3");
/// assert_eq!(decimal_of_f64(1e300), None);
/// ```
#[must_use]
pub fn decimal_of_f64(value: f64) -> Option<Decimal> {
    let (mut digits, mut power) = significant(value)?;
    while digits != 0 && digits % 10 == 0 {
        digits /= 10;
        power += 1;
    }
    let factor = 10_i128.checked_pow(power.max(0).unsigned_abs())?;
    Decimal::try_from_i128_with_scale(digits.checked_mul(factor)?, power.min(0).unsigned_abs()).ok()
}

/// (d, p) so that d·10^p is `value` rounded half-even to 12 significant digits.
fn significant(value: f64) -> Option<(i128, i32)> {
    if !value.is_finite() {
        return None;
    }
    let text = format!("{value:.11e}"); // of the exact decimal expansion, a tie to the even digit
    let (digits, exponent) = text.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    Some((digits.replacen('.', "", 1).parse().ok()?, exponent - 11))
}

/// The largest count of `step` that is not above `value`; `step` is positive.
#[must_use]
pub fn down_to(value: &Exact, step: &Exact) -> i128 {
    count((value / step).floor())
}

/// The smallest count of `step` that is not below `value`; `step` is positive.
#[must_use]
pub fn up_to(value: &Exact, step: &Exact) -> i128 {
    count((value / step).ceil())
}

/// `numerator` / `denominator` to the nearest whole number, a tie to the even one; `denominator` is positive.
#[must_use]
pub fn half_even(numerator: IBig, denominator: IBig) -> i128 {
    let twice = denominator.clone().unsigned_abs();
    let (quotient, rest) = numerator.div_rem_euclid(denominator);
    let rest = rest * 2_u8;
    let is_odd = (&quotient % 2_i8) != 0;
    count(if rest > twice || (rest == twice && is_odd) { quotient + 1 } else { quotient })
}

/// The same of counts, without leaving them: faster, and nothing overflows.
#[inline]
pub(crate) fn half_even_count(numerator: i128, denominator: i128) -> i128 {
    let (quotient, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    // Twice the rest may be no count.
    let above = rest.cmp(&(denominator - rest));
    quotient + i128::from(above.is_gt() || (above.is_eq() && quotient % 2 != 0))
}

/// A whole number as a count; beyond any amount of money there is, the largest one.
fn count(number: IBig) -> i128 {
    let is_negative = number < IBig::ZERO;
    i128::try_from(number).unwrap_or(if is_negative { i128::MIN } else { i128::MAX })
}

/// A count as the nearest `f64`. Most counts have 64 bits, which are converted by one instruction.
#[must_use]
#[inline]
pub fn count_to_f64(count: i128) -> f64 {
    i64::try_from(count).map_or_else(|_| long_to_f64(count), |count| count as f64)
}

/// Apart, for the conversion is a function of many steps that the compiler would else call beforehand, for all counts.
#[cold]
#[inline(never)]
fn long_to_f64(count: i128) -> f64 {
    count as f64
}

/// A fraction as the nearest `f64`, for statistics and sentences.
#[must_use]
pub fn to_f64(value: &Exact) -> f64 {
    value.to_f64()
}

/// A count of steps of 10^−`digits`, at most 38, that is shown as decimals are written: without trailing zeros, and
/// without an exponent.
///
/// ```
/// use trading_core::exact::Amount;
/// let price = Amount { count: 1_002_342_135, digits: 5 };
/// assert_eq!((price.to_string().as_str(), price.to_f64()), ("10023.42135", 10_023.421_35));
/// assert_eq!(Amount { count: -50, digits: 3 }.to_string(), "-0.05");
/// assert_eq!(Amount { count: 1000, digits: 3 }.to_string(), "1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Amount {
    pub count: i128,
    pub digits: u32,
}

impl Amount {
    /// For statistics and drawings.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.count as f64 / pow10(self.digits) as f64
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = pow10(self.digits).unsigned_abs();
        let (whole, rest) = (self.count.unsigned_abs() / scale, self.count.unsigned_abs() % scale);
        let sign = if self.count < 0 { "-" } else { "" };
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let rest = format!("{rest:0width$}", width = self.digits as usize);
        write!(f, "{sign}{whole}.{}", rest.trim_end_matches('0'))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The text of an [`Amount`].
#[must_use]
pub fn written(count: i128, digits: u32) -> String {
    Amount { count, digits }.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Small ones tie often, large ones are near the ends of what there is.
    fn numbers() -> impl Strategy<Value = (i128, i128)> {
        prop_oneof![(-100..100_i128, 1..12_i128), (any::<i128>(), 1..=i128::MAX), (any::<i128>(), 1..1000_i128)]
    }

    proptest! {
        #[test]
        fn counts_are_rounded_as_numbers_without_limit((numerator, denominator) in numbers()) {
            let expected = half_even(numerator.into(), denominator.into());
            prop_assert_eq!(half_even_count(numerator, denominator), expected);
        }
    }
}
