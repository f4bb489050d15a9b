//! What is the trend of a series, and how far does each sample lie from it?
//!
//! Start at [`PolynomialFit::new`]. Method: least squares over polynomials that are orthogonal on the sample's own
//! times, found by Forsythe's three-term recurrence (G. E. Forsythe, *Journal of the SIAM* 5 (1957), 74–88): no matrix,
//! order + 2 passes, and as accurate for epochs of 2e9 s as for small offsets, because time is first mapped onto
//! −1…1.
//!
//! [`PolynomialFit::leverage`] says how much of a point's own error the fit follows, [`endpoint_leverage`] the same for
//! the newest of evenly spaced samples without any data. Elsewhere: the spread of the residuals is [`crate::scale`].

mod basis;
mod limits;
#[cfg(test)]
mod tests;

use crate::column;
use basis::{Basis, PerOrder, Scaling};
pub use limits::{FitError, MAX_ORDER};

/// A least-squares polynomial through a sample, with the sample's residuals.
///
/// Internally the polynomial is a sum over the orthogonal basis; every figure comes from there. The power-basis
/// [`coefficients`](Self::coefficients) are for display.
#[derive(Debug, Clone, PartialEq)]
pub struct PolynomialFit {
    basis: Basis,
    /// Weight of each basis polynomial, in the unit of y; zero above the order.
    weights: PerOrder,
    residuals: Vec<f64>,
}

impl PolynomialFit {
    /// Fits `y ≈ c₀ + c₁·u + … + c_order·u^order` by least squares, where u = (x − centre) / scale lies in [−1, 1].
    ///
    /// `x`: any order, repeats allowed, any unit and epoch. `y`: as long as `x`. Order + 2 passes over both after the
    /// checks, and no memory besides the residuals. Values that are all equal give residuals of exactly 0. Adding a
    /// whole number to whole `x` changes no residual, nor does multiplying `x` by a power of two.
    ///
    /// # Errors
    /// [`FitError::OrderTooHigh`] beyond [`MAX_ORDER`]; [`FitError::LengthMismatch`]; [`FitError::NonFinite`]
    /// with the first bad index, of `x` before `y`; [`FitError::TooFewPoints`] if fewer than order + 1 values of `x`
    /// differ.
    ///
    /// Source: the module's. Checked against `numpy.polynomial.Legendre.fit` in `testdata/fit.csv`.
    /// ```
    /// let fit = quant::fit::PolynomialFit::new(&[0.0, 1.0, 2.0, 3.0], &[1.0, 3.0, 5.0, 8.0], 1)?;
    /// // slope Σ(x − 1.5)(y − 4.25) / Σ(x − 1.5)² = 11.5 / 5 = 2.3, so the line is 0.8 + 2.3·x
    /// assert!((fit.evaluate(4.0) - 10.0).abs() < 1e-12);
    /// assert!((fit.residuals()[0] - 0.2).abs() < 1e-12);
    /// # Ok::<(), quant::fit::FitError>(())
    /// ```
    pub fn new(x: &[f64], y: &[f64], order: usize) -> Result<Self, FitError> {
        check(x, y, order)?;
        let scaling = Scaling::of(x);
        let have = distinct_positions(x, &scaling, order + 1);
        if have <= order {
            return Err(FitError::TooFewPoints { have, need: order + 1 });
        }
        // Measured from the first value: equal values then have residuals of exactly 0, and a slow trend on top of a
        // large balance keeps the digits that the balance would take.
        let origin = y[0];
        let mut residuals: Vec<f64> = y.iter().map(|y| y - origin).collect();
        let (basis, mut weights) = basis::project(x, scaling, &mut residuals, order)?;
        weights[0] += origin;
        Ok(Self { basis, weights, residuals })
    }

    /// The middle of the sample's range of x: where u is 0.
    #[must_use]
    pub fn centre(&self) -> f64 {
        self.basis.scaling().centre
    }

    /// Half the length of that range, so that u runs from −1 to 1; 1 where all x are equal.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.basis.scaling().scale
    }

    /// Coefficients of 1, u, u², … with u = (x − centre) / scale; order + 1 of them, in the unit of y.
    ///
    /// For display: at higher orders they are large and cancel. Figures come from [`evaluate`](Self::evaluate).
    #[must_use]
    pub fn coefficients(&self) -> Vec<f64> {
        self.basis.to_powers(&self.weights)
    }

    /// The fitted value at a finite `x`, in the unit of y; outside the sample it extrapolates.
    #[must_use]
    pub fn evaluate(&self, x: f64) -> f64 {
        let values = self.basis.values(x);
        // Smallest terms first.
        values.iter().zip(&self.weights).rev().map(|(value, weight)| value * weight).sum()
    }

    /// y minus fitted value at every point, in the order of the sample.
    #[must_use]
    pub fn residuals(&self) -> &[f64] {
        &self.residuals
    }

    /// Leverage h of a point of the sample at `x`: moving its y by 1 moves the fitted value there by h, 0 < h ≤ 1.
    ///
    /// Over the sample's points leverages add up to order + 1. Source: the diagonal of the hat matrix (Hoaglin and
    /// Welsch, *The American Statistician* 32 (1978), 17–22), which is Σ p_k(x)² / ‖p_k‖² in an orthogonal basis.
    #[must_use]
    pub fn leverage(&self, x: f64) -> f64 {
        let values = self.basis.values(x);
        let leverage: f64 = values.iter().zip(self.basis.norms()).map(|(value, norm)| value * value / norm).sum();
        leverage.min(1.0) // callers take √(1 − h): rounding must not make that undefined
    }
}

/// Leverage of the newest of `n` evenly spaced points in a fit of `order`; 1 where the points do not exceed the
/// coefficients.
///
/// h = Σ_{j=0..=order} (2j + 1) · Π_{i=1..=j} (n − i) / Π_{i=0..=j} (n + i). It is what [`PolynomialFit::leverage`]
/// gives at either end of an even grid, at no cost in n.
///
/// Source: the polynomials orthogonal on an even grid are the discrete Chebyshev (Gram) polynomials, the Hahn
/// polynomials Q_j(i; 0, 0, n − 1) of NIST DLMF §18.19. They are 1 at i = 0, so h = Σ 1/h_j over their squared norms
/// h_j = (n + j)! (n − 1 − j)! / ((2j + 1) ((n − 1)!)²) (there with α = β = 0, N = n − 1), and the other end is the
/// same by symmetry.
/// ```
/// // 1/10 + 3·9/(10·11) + 5·9·8/(10·11·12) = 0.1 + 27/110 + 360/1320
/// assert!((quant::fit::endpoint_leverage(10, 2) - 0.618_181_818_181_818_2).abs() < 1e-15);
/// ```
#[must_use]
pub fn endpoint_leverage(n: usize, order: usize) -> f64 {
    if n <= order.saturating_add(1) {
        return 1.0;
    }
    let n = n as f64;
    let mut product = 1.0 / n;
    let mut leverage = product;
    for j in 1..=order {
        let j = j as f64;
        product *= (n - j) / (n + j);
        leverage += (2.0 * j + 1.0) * product;
    }
    leverage
}

fn check(x: &[f64], y: &[f64], order: usize) -> Result<(), FitError> {
    if order > MAX_ORDER {
        return Err(FitError::OrderTooHigh { order });
    }
    if x.len() != y.len() {
        return Err(FitError::LengthMismatch { x: x.len(), y: y.len() });
    }
    for (column, values) in [("x", x), ("y", y)] {
        if let Some(index) = column::first_unusable(values) {
            return Err(FitError::NonFinite { column, index, value: values[index] });
        }
    }
    Ok(())
}

/// How many positions differ after scaling, counted up to `enough`; usually the first few points say it.
fn distinct_positions(x: &[f64], scaling: &Scaling, enough: usize) -> usize {
    let mut seen = Vec::with_capacity(enough);
    for &x in x {
        let u = scaling.apply(x);
        if !seen.contains(&u) {
            seen.push(u);
            if seen.len() == enough {
                break;
            }
        }
    }
    seen.len()
}
