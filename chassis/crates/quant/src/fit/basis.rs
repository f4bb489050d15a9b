//! Which polynomials are orthogonal on these points, and how much of each is in the data?
//!
//! Start at [`project`]. With p₀ = 1 and p₋₁ = 0, Forsythe's recurrence is p_{k+1}(u) = (u − a_k)·p_k(u) −
//! b_k·p_{k−1}(u), where a_k = Σu·p_k² / Σp_k² and b_k = Σp_k² / Σp_{k−1}². Each pass takes one polynomial's share out
//! of the residuals (so the next share is measured on what is left, which is what keeps it accurate) and sums what the
//! next step needs.
//!
//! No polynomial is kept as a column: each pass runs through the recurrence again, a few points at a time, which at
//! these orders is cheaper than fetching columns from memory, let alone allocating them.
//!
//! The recurrence loses orthogonality where most points crowd into a small part of the range, as after a long outage.
//! That is measured in passing, and only then corrected, against all polynomials so far: p_{k+1} loses Σ c_{kj}·p_j.

use super::limits::{FitError, MAX_ORDER};
use crate::column;

/// Below this ratio of squared norms the next polynomial is what rounding left over of 0: the points do not determine
/// it.
const SMALLEST_NORM_RATIO: f64 = 1e-26;

/// Cosine between p_k and p₀ above which p_k is corrected. On evenly spread points it stays near 1e-15.
const LARGEST_COSINE: f64 = 1e-12;

/// Points taken at a time: enough for vector registers, few enough that all their polynomials stay in the first-level
/// cache.
const BLOCK: usize = 32;

/// One figure for each polynomial, the lowest order first.
pub(super) type PerOrder<T = f64> = [T; MAX_ORDER + 1];

/// The map from x to u in [−1, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scaling {
    pub(super) centre: f64,
    pub(super) scale: f64,
    inverse: f64,
}

impl Scaling {
    pub(super) fn of(x: &[f64]) -> Self {
        let (low, high) = column::range(x);
        let half = (high - low) / 2.0;
        // Where all positions are one, any scale will do: the fit can only be flat.
        let scale = if half.is_normal() { half } else { 1.0 };
        Self { centre: low + half, scale, inverse: 1.0 / scale }
    }

    pub(super) fn apply(&self, x: f64) -> f64 {
        (x - self.centre) * self.inverse
    }
}

/// The polynomials p₀ … p_order by their recurrence.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Basis {
    scaling: Scaling,
    order: usize,
    /// a_k.
    shifts: PerOrder,
    /// b_k.
    ratios: PerOrder,
    /// Σp_k² over the sample.
    norms: PerOrder,
    /// c_{kj}: none where the recurrence alone was good enough.
    corrections: PerOrder<Option<PerOrder>>,
}

impl Basis {
    fn new(scaling: Scaling, order: usize) -> Self {
        let none = PerOrder::default();
        Self { scaling, order, shifts: none, ratios: none, norms: none, corrections: PerOrder::default() }
    }

    pub(super) fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// Σp_k² over the sample, for p₀ … p_order.
    pub(super) fn norms(&self) -> &[f64] {
        &self.norms[..=self.order]
    }

    /// p₀ … p_order at `x`; zero above.
    pub(super) fn values(&self, x: f64) -> PerOrder {
        let mut values = [[0.0]; MAX_ORDER + 1];
        self.fill(&[self.scaling.apply(x)], self.order, &mut values);
        values.map(|[value]| value)
    }

    /// Fills in p₀ … p_highest at each `u`.
    fn fill<const N: usize>(&self, u: &[f64; N], highest: usize, values: &mut PerOrder<[f64; N]>) {
        values[0] = [1.0; N];
        for k in 0..highest {
            let (known, unknown) = values.split_at_mut(k + 1);
            let (next, current) = (&mut unknown[0], &known[k]);
            let previous = if k > 0 { &known[k - 1] } else { &[0.0; N] };
            for i in 0..N {
                next[i] = (u[i] - self.shifts[k]) * current[i] - self.ratios[k] * previous[i];
            }
            let Some(corrections) = &self.corrections[k] else { continue };
            for (correction, value) in corrections.iter().zip(known) {
                for i in 0..N {
                    next[i] -= correction * value[i];
                }
            }
        }
    }

    /// Σ weights_k·p_k as coefficients of 1, u, …, u^order.
    pub(super) fn to_powers(&self, weights: &PerOrder) -> Vec<f64> {
        let mut powers = PerOrder::<PerOrder>::default(); // row k: the coefficients of p_k
        powers[0][0] = 1.0;
        for k in 0..self.order {
            let corrections = self.corrections[k].unwrap_or_default();
            for power in 0..=k + 1 {
                let times_u = if power > 0 { powers[k][power - 1] } else { 0.0 };
                let before = if k > 0 { powers[k - 1][power] } else { 0.0 };
                let next = times_u - self.shifts[k] * powers[k][power] - self.ratios[k] * before;
                powers[k + 1][power] = next - weighted(&corrections, &powers, power);
            }
        }
        (0..=self.order).map(|power| weighted(weights, &powers, power)).collect()
    }
}

/// Σ weights_k · (coefficient of u^power in p_k).
fn weighted(weights: &PerOrder, powers: &PerOrder<PerOrder>, power: usize) -> f64 {
    weights.iter().zip(powers).map(|(weight, of_k)| weight * of_k[power]).sum()
}

/// Finds the basis on the points `x` and takes each polynomial's share out of `residuals`; returns basis and shares.
///
/// # Errors
/// [`FitError::TooFewPoints`] if a polynomial up to `order` vanishes on all points.
pub(super) fn project(
    x: &[f64],
    scaling: Scaling,
    residuals: &mut [f64],
    order: usize,
) -> Result<(Basis, PerOrder), FitError> {
    let mut basis = Basis::new(scaling, order);
    let mut weights = PerOrder::default();
    let mut sums = basis.pass(x, residuals, (0, 0.0), 0);
    for (k, weight) in weights.iter_mut().enumerate().take(order + 1) {
        *weight = sums.share / sums.norm;
        basis.norms[k] = sums.norm;
        basis.shifts[k] = sums.moment / sums.norm;
        basis.ratios[k] = if k > 0 { sums.norm / basis.norms[k - 1] } else { 0.0 };
        let next = (k + 1).min(order); // after the last only its share is still to be taken out
        sums = basis.pass(x, residuals, (k, *weight), next);
        if sums.sum.abs() > LARGEST_COSINE * (basis.norms[0] * sums.norm).sqrt() && next > k {
            basis.corrections[k] = Some(basis.lost_by(next, x));
            sums = basis.pass(x, residuals, (k, 0.0), next);
        }
        // Asked as "is it above", so that NaN fails too.
        let determined = sums.norm > SMALLEST_NORM_RATIO * basis.norms[k];
        if !determined {
            return Err(FitError::TooFewPoints { have: k + 1, need: order + 1 });
        }
    }
    Ok((basis, weights))
}

/// Sums over the points that determine the next step.
struct Sums {
    /// Σp.
    sum: f64,
    /// Σp².
    norm: f64,
    /// Σu·p².
    moment: f64,
    /// Σr·p.
    share: f64,
}

impl Basis {
    /// Takes weight·p_k, for `taken` = (k, weight), out of the residuals, then sums over p_next.
    fn pass(&self, x: &[f64], residuals: &mut [f64], taken: (usize, f64), next: usize) -> Sums {
        let (x, x_rest) = x.as_chunks::<BLOCK>();
        let (residuals, residuals_rest) = residuals.as_chunks_mut::<BLOCK>();
        let blocks = self.pass_blocks(x, residuals, taken, next);
        let rest = self.pass_blocks::<1>(x_rest.as_chunks().0, residuals_rest.as_chunks_mut().0, taken, next);
        Sums {
            sum: blocks.sum + rest.sum,
            norm: blocks.norm + rest.norm,
            moment: blocks.moment + rest.moment,
            share: blocks.share + rest.share,
        }
    }

    fn pass_blocks<const N: usize>(
        &self,
        x: &[[f64; N]],
        residuals: &mut [[f64; N]],
        (k, weight): (usize, f64),
        next: usize,
    ) -> Sums {
        let (mut sum, mut norm, mut moment, mut share) = ([0.0; N], [0.0; N], [0.0; N], [0.0; N]);
        let mut values = [[0.0; N]; MAX_ORDER + 1];
        for (x, residual) in x.iter().zip(residuals) {
            let u = x.map(|x| self.scaling.apply(x));
            self.fill(&u, next, &mut values);
            let (taken, p) = (&values[k], &values[next]);
            for i in 0..N {
                residual[i] -= weight * taken[i];
                let square = p[i] * p[i];
                sum[i] += p[i];
                norm[i] += square;
                moment[i] += u[i] * square;
                share[i] += residual[i] * p[i];
            }
        }
        let over = |lanes: [f64; N]| lanes.iter().sum();
        Sums { sum: over(sum), norm: over(norm), moment: over(moment), share: over(share) }
    }

    /// How much of each lower polynomial the recurrence left in p_k.
    fn lost_by(&self, k: usize, x: &[f64]) -> PerOrder {
        let mut lost = PerOrder::default();
        for &x in x {
            let values = self.values(x);
            for j in 0..k {
                lost[j] += values[k] * values[j] / self.norms[j];
            }
        }
        lost
    }
}
