//! A fraction of whole numbers that is never rounded: two machine integers while they hold it, integers without limit
//! beyond.
//!
//! Start at [`Exact`]. Amounts, prices and rates nearly always fit 128 bits, where an operation is a few instructions
//! and no memory is asked for; the results are the same on either side of that bound.

use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Sub};

use dashu_base::Gcd as _;
use dashu_int::IBig;
use dashu_ratio::Relaxed;

/// A fraction of whole numbers, exact.
#[derive(Debug, Clone)]
pub struct Exact(Form);

#[derive(Debug, Clone)]
enum Form {
    /// A numerator and a positive denominator, which may have common factors.
    Small(i128, i128),
    /// What does not fit, also when it is reduced.
    Large(Relaxed),
}

use Form::{Large, Small};

/// Whole numbers up to this are `f64`s, and the quotient of two such is rounded once.
const WHOLE_F64: u128 = 1 << f64::MANTISSA_DIGITS;

impl Exact {
    /// `numerator` / `denominator`; the latter is positive.
    pub(super) const fn small(numerator: i128, denominator: i128) -> Self {
        Self(Small(numerator, denominator))
    }

    /// The largest whole number that is not above it.
    pub(super) fn floor(&self) -> IBig {
        match &self.0 {
            Small(numerator, denominator) => numerator.div_euclid(*denominator).into(),
            Large(value) => value.floor(),
        }
    }

    /// The smallest whole number that is not below it.
    pub(super) fn ceil(&self) -> IBig {
        match &self.0 {
            Small(numerator, denominator) => {
                let rest = numerator.rem_euclid(*denominator);
                IBig::from(numerator.div_euclid(*denominator)) + i8::from(rest > 0)
            }
            Large(value) => value.ceil(),
        }
    }

    /// The nearest `f64`.
    pub(super) fn to_f64(&self) -> f64 {
        match self.0 {
            Small(numerator, denominator)
                if numerator.unsigned_abs() <= WHOLE_F64 && denominator.unsigned_abs() <= WHOLE_F64 =>
            {
                numerator as f64 / denominator as f64
            }
            _ => self.large().to_f64().value(),
        }
    }

    fn large(&self) -> Relaxed {
        match &self.0 {
            Small(numerator, denominator) => {
                Relaxed::from_parts((*numerator).into(), denominator.unsigned_abs().into())
            }
            Large(value) => value.clone(),
        }
    }

    fn plus(&self, other: &Self) -> Self {
        self.combined(other, i128::checked_add).unwrap_or_else(|| (self.large() + other.large()).into())
    }

    fn minus(&self, other: &Self) -> Self {
        self.combined(other, i128::checked_sub).unwrap_or_else(|| (self.large() - other.large()).into())
    }

    /// The sum or difference, where 128 bits hold it.
    fn combined(&self, other: &Self, by: fn(i128, i128) -> Option<i128>) -> Option<Self> {
        let (Small(a, b), Small(c, d)) = (&self.0, &other.0) else { return None };
        if b == d {
            return Some(Self(Small(by(*a, *c)?, *b)));
        }
        Some(Self(Small(by(a.checked_mul(*d)?, c.checked_mul(*b)?)?, b.checked_mul(*d)?)))
    }

    fn times(&self, other: &Self) -> Self {
        let product = || {
            let (Small(a, b), Small(c, d)) = (&self.0, &other.0) else { return None };
            let whole = a.checked_mul(*c).zip(b.checked_mul(*d));
            let (numerator, denominator) = whole.or_else(|| {
                let ((a, d), (c, b)) = (reduced(*a, *d), reduced(*c, *b));
                a.checked_mul(c).zip(b.checked_mul(d))
            })?;
            Some(Self(Small(numerator, denominator)))
        };
        product().unwrap_or_else(|| (self.large() * other.large()).into())
    }

    fn over(&self, other: &Self) -> Self {
        match &other.0 {
            Small(numerator, denominator) if *numerator > 0 => self.times(&Self(Small(*denominator, *numerator))),
            _ => (self.large() / other.large()).into(),
        }
    }
}

/// Without their common factors.
fn reduced(numerator: i128, denominator: i128) -> (i128, i128) {
    if numerator == 0 {
        return (0, 1);
    }
    let factor = numerator.unsigned_abs().gcd(denominator.unsigned_abs());
    // A factor of a positive i128 is one.
    i128::try_from(factor).map_or((numerator, denominator), |factor| (numerator / factor, denominator / factor))
}

impl From<IBig> for Exact {
    fn from(number: IBig) -> Self {
        Relaxed::from(number).into()
    }
}

impl From<Relaxed> for Exact {
    /// Reduced, for whatever comes next fits then, if it can.
    fn from(value: Relaxed) -> Self {
        let (numerator, denominator) = value.canonicalize().into_parts();
        match (i128::try_from(&numerator), i128::try_from(&denominator)) {
            (Ok(numerator), Ok(denominator)) => Self(Small(numerator, denominator)),
            _ => Self(Large(Relaxed::from_parts(numerator, denominator))),
        }
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Small(a, b), Small(c, d)) = (&self.0, &other.0) {
            if b == d {
                return a.cmp(c);
            }
            if let (Some(left), Some(right)) = (a.checked_mul(*d), c.checked_mul(*b)) {
                return left.cmp(&right);
            }
        }
        self.large().cmp(&other.large())
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Exact {}

macro_rules! operators {
    ($($trait:ident $method:ident $how:ident,)*) => { $(
        impl $trait<&Exact> for &Exact {
            type Output = Exact;
            #[inline]
            fn $method(self, other: &Exact) -> Exact {
                self.$how(other)
            }
        }
        impl $trait<Exact> for &Exact {
            type Output = Exact;
            #[inline]
            fn $method(self, other: Exact) -> Exact {
                self.$how(&other)
            }
        }
        impl $trait<&Exact> for Exact {
            type Output = Exact;
            #[inline]
            fn $method(self, other: &Exact) -> Exact {
                self.$how(other)
            }
        }
        impl $trait for Exact {
            type Output = Exact;
            #[inline]
            fn $method(self, other: Exact) -> Exact {
                self.$how(&other)
            }
        }
    )* };
}

operators! { Add add plus, Sub sub minus, Mul mul times, Div div over, }

impl AddAssign<&Exact> for Exact {
    fn add_assign(&mut self, other: &Exact) {
        *self = self.plus(other);
    }
}

impl AddAssign for Exact {
    fn add_assign(&mut self, other: Exact) {
        *self = self.plus(&other);
    }
}

impl MulAssign<&Exact> for Exact {
    fn mul_assign(&mut self, other: &Exact) {
        *self = self.times(other);
    }
}

impl MulAssign for Exact {
    fn mul_assign(&mut self, other: Exact) {
        *self = self.times(&other);
    }
}

#[cfg(test)]
mod tests {
    use dashu_ratio::RBig;
    use proptest::prelude::*;

    use super::*;

    /// A number around which machine integers end, or a small one.
    fn whole() -> impl Strategy<Value = i128> {
        let edge = prop_oneof![Just(i128::MAX), Just(i128::MIN + 1), Just(1_i128 << 64), Just(10_i128.pow(19))];
        prop_oneof![
            -1000..1000_i128,
            any::<i64>().prop_map(i128::from),
            (edge, -3..3_i128).prop_map(|(edge, near)| edge.saturating_add(near))
        ]
    }

    fn fraction() -> impl Strategy<Value = (Exact, RBig)> {
        (whole(), whole()).prop_map(|(numerator, denominator)| {
            let denominator = denominator.saturating_abs().max(1);
            let exact = RBig::from_parts(numerator.into(), denominator.unsigned_abs().into());
            (Exact::small(numerator, denominator), exact)
        })
    }

    proptest! {
        #[test]
        fn it_computes_as_fractions_without_limit(parts in prop::collection::vec((0..4, fraction()), 1..12)) {
            let (mut found, mut exact) = (Exact::small(1, 3), RBig::from_parts(1.into(), 3_u8.into()));
            for (operation, (other, other_exact)) in parts {
                (found, exact) = match operation {
                    0 => (found + &other, exact + &other_exact),
                    1 => (found - &other, exact - &other_exact),
                    2 => (found * &other, exact * &other_exact),
                    _ if other_exact.is_zero() => continue,
                    _ => (found / &other, exact / &other_exact),
                };
                prop_assert_eq!(found.cmp(&other), exact.cmp(&other_exact));
                prop_assert_eq!(found.large().canonicalize(), exact.clone());
                prop_assert_eq!((found.floor(), found.ceil()), (exact.floor(), exact.ceil()));
                prop_assert_eq!(found.to_f64(), exact.to_f64().value());
            }
        }
    }
}
