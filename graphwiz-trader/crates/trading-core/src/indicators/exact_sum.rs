//! How can a sum of `f64` lose nothing, when numbers come in and go out a million times?
//!
//! Every `f64` is a whole number times a power of two, and so is its square. [`ExactSum`] keeps their sum in a
//! fixed-point number that is long enough for all of them, and rounds when it is read. What went out leaves no trace.
//!
//! Method: the small superaccumulator of R. M. Neal, *Fast exact summation using small and large superaccumulators*
//! (2015), arXiv:1505.05571, with 32 bits a digit and carries left alone until the sum is read. Only the digits in use
//! are looked at.

#[cfg(test)]
mod tests;

/// Digits below the point: the square of the smallest `f64` is 2^−2148.
const BELOW: i32 = 68;
/// All digits: squares of the largest `f64`, 2^2048, times two lengths, and a carry.
const DIGITS: usize = 136;
const BITS: u32 = 32;
const LOW_BITS: i64 = 0xFFFF_FFFF;

/// Σ dᵢ·2^(32·(i − 68)), exact.
///
/// Between two readings at most 2^28 numbers may come in; a window has 5000.
#[derive(Debug)]
pub struct ExactSum {
    digits: Box<[i64; DIGITS]>,
    /// All digits but those from `low` to before `end` are 0.
    low: usize,
    end: usize,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self { digits: Box::new([0; DIGITS]), low: 0, end: 0 }
    }
}

impl Clone for ExactSum {
    fn clone(&self) -> Self {
        Self { digits: self.digits.clone(), low: self.low, end: self.end }
    }

    fn clone_from(&mut self, source: &Self) {
        self.set_zero();
        (self.low, self.end) = (source.low, source.end);
        self.digits[self.low..self.end].copy_from_slice(&source.digits[self.low..self.end]);
    }
}

impl ExactSum {
    pub(super) fn set_zero(&mut self) {
        self.digits[self.low..self.end].fill(0);
        (self.low, self.end) = (0, 0);
    }

    /// Adds `times` · `value`; `times` is at most a length, `value` is finite.
    #[inline]
    pub(super) fn add_times(&mut self, value: f64, times: i64) {
        let (mantissa, exponent) = parts(value);
        let is_negative = value.is_sign_negative() != times.is_negative();
        self.add(u128::from(mantissa) * u128::from(times.unsigned_abs()), exponent, is_negative);
    }

    /// Adds `value`²; `value` is finite.
    pub(super) fn add_square(&mut self, value: f64) {
        let (mantissa, exponent) = parts(value);
        self.add(u128::from(mantissa) * u128::from(mantissa), 2 * exponent, false);
    }

    /// Takes away `value`²; `value` is finite.
    pub(super) fn remove_square(&mut self, value: f64) {
        let (mantissa, exponent) = parts(value);
        self.add(u128::from(mantissa) * u128::from(mantissa), 2 * exponent, true);
    }

    /// Becomes `n`·`squares` − `sum`².
    pub(super) fn set_difference(&mut self, n: i64, squares: &mut Self, sum: &mut Self) {
        self.set_zero();
        squares.carry();
        sum.carry();
        self.use_digits(squares.low, squares.end);
        for index in squares.low..squares.end {
            self.digits[index] += n * squares.digits[index];
        }
        if sum.low == sum.end {
            return;
        }
        let place = |i: usize, j: usize| i + j - BELOW.unsigned_abs() as usize; // a sum has no digit under 2^−1088
        self.use_digits(place(sum.low, sum.low), place(sum.end, sum.end));
        for i in sum.low..sum.end {
            for j in sum.low..sum.end {
                let product = i128::from(sum.digits[i]) * i128::from(sum.digits[j]);
                let (low, high) = split(product);
                self.digits[place(i, j)] -= low;
                self.digits[place(i, j) + 1] -= high;
            }
        }
    }

    /// The `f64` that is nearest to the sum, a tie to the even one; infinite where that is too large.
    #[inline]
    pub(super) fn rounded(&mut self) -> f64 {
        let (mantissa, exponent) = self.leading();
        times_power_of_two(mantissa, exponent)
    }

    /// The square root of the sum, which is not negative.
    pub(super) fn root(&mut self) -> f64 {
        let (mantissa, exponent) = self.leading();
        times_power_of_two(mantissa.sqrt(), exponent / 2) // the exponent is a multiple of 32
    }

    /// Adds ±`mantissa` · 2^`exponent`.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "32 bits at a time are what is wanted")]
    fn add(&mut self, mantissa: u128, exponent: i32, is_negative: bool) {
        if mantissa == 0 {
            return;
        }
        let place = (exponent + BELOW * 32).unsigned_abs(); // not negative: the smallest exponent is −2148
        let (mut index, shift) = ((place / BITS) as usize, place % BITS);
        let digits = 1 + (128 - mantissa.leading_zeros() + shift) as usize / 32;
        self.use_digits(index, index + digits);
        let mut rest = mantissa;
        let mut carried = 0;
        for _ in 0..digits {
            let digit = i64::from(rest as u32) << shift; // at most 63 bits
            let whole = carried + (digit & LOW_BITS);
            self.digits[index] += if is_negative { -whole } else { whole };
            carried = digit >> BITS;
            rest >>= BITS;
            index += 1;
        }
    }

    /// Makes room for digits from `low` to before `end`.
    #[inline]
    fn use_digits(&mut self, low: usize, end: usize) {
        if self.low == self.end {
            (self.low, self.end) = (low, end);
        } else {
            (self.low, self.end) = (self.low.min(low), self.end.max(end));
        }
    }

    /// Brings all digits but the highest into 0 … 2^32 − 1. The highest has the sign, and is neither 0 nor −1 where
    /// another is below it.
    #[inline]
    fn carry(&mut self) {
        let mut carried = 0;
        let mut index = self.low;
        while index < self.end || !(carried == 0 || carried == -1) {
            let digit = self.digits[index] + carried;
            self.digits[index] = digit & LOW_BITS;
            carried = digit >> BITS;
            index += 1;
        }
        self.end = index;
        if self.low == self.end {
            return;
        }
        self.digits[self.end - 1] |= carried << BITS; // 0, or the sign
        while self.end - self.low > 1 && matches!(self.digits[self.end - 1], 0 | -1) {
            let sign = std::mem::take(&mut self.digits[self.end - 1]);
            self.end -= 1;
            self.digits[self.end - 1] |= sign << BITS;
        }
        while self.low < self.end && self.digits[self.low] == 0 {
            self.low += 1;
        }
    }

    /// The sum as m·2^e with m rounded to the nearest `f64`.
    #[inline]
    fn leading(&mut self) -> (f64, i32) {
        self.carry();
        if self.low == self.end {
            return (0.0, 0);
        }
        let digit = |below: usize| if self.end > self.low + below { self.digits[self.end - 1 - below] } else { 0 };
        // Three digits have at least 65 bits, 12 more than an f64. Of what is below them only counts whether there is
        // something.
        let mut mantissa = (i128::from(digit(0)) << 64) | (i128::from(digit(1)) << 32) | i128::from(digit(2));
        if self.end > self.low + 3 {
            mantissa |= 1; // the lowest digit in use is not 0
        }
        let highest = i32::try_from(self.end).unwrap_or(i32::MAX) - 1;
        (mantissa as f64, 32 * (highest - 2 - BELOW))
    }
}

/// Low 32 bits, and what is above them, with the sign.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a product of two digits has 66 bits")]
fn split(product: i128) -> (i64, i64) {
    (i64::from(product as u32), (product >> BITS) as i64)
}

/// Mantissa and exponent of a finite number's size, m·2^e.
#[inline]
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    match (bits >> 52) & 0x7FF {
        0 => (fraction, -1074),
        #[expect(clippy::cast_possible_truncation, reason = "it has 11 bits")]
        exponent => (fraction | (1 << 52), exponent as i32 - 1075),
    }
}

/// `mantissa` · 2^`exponent`. Rounded once more only where the result is smaller than 2^−1022.
#[inline]
fn times_power_of_two(mantissa: f64, exponent: i32) -> f64 {
    let exponent = exponent.clamp(-2044, 2046); // beyond, the result is 0 or infinite
    let half = exponent / 2;
    mantissa * power_of_two(half) * power_of_two(exponent - half)
}

/// 2^`exponent` for −1022 … 1023.
#[inline]
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(u64::from((exponent + 1023).unsigned_abs()) << 52)
}
