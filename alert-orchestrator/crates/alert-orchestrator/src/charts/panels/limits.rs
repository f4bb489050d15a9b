//! What residuals are compared with: σ, k·σ and the trigger, drawn where they are near and named where they are not.
//!
//! Start at [`limits`].

use advisor_core::drawing::{Drawing, Residuals, Unit};

use super::super::canvas::{Ink, Stroke};
use super::super::numbers::figure;
use super::lines::{FARTHEST, ROUNDING, is_same, largest};

const SIGMA: Stroke = Stroke::dashed(Ink::Orange, 1.5);
const K_SIGMA: Stroke = Stroke::dashed(Ink::Red, 1.5);
const THRESHOLD: Stroke = Stroke::dotted(Ink::Red, 2.0);

/// Residuals up to this are rounding, USD or USD per unit as they are.
fn rounding(drawing: &Drawing, residuals: &Residuals) -> f64 {
    let panel = if residuals.unit == Unit::Usd { &drawing.position } else { &drawing.rate };
    ROUNDING * largest(&panel.course.value)
}

pub(super) fn is_flat(drawing: &Drawing, residuals: &Residuals) -> bool {
    largest(&residuals.value) <= rounding(drawing, residuals)
}

/// A pair of lines that residuals are compared with.
pub(super) struct Limit {
    /// Where they are drawn: not where they are too far away, or nothing.
    pub(super) at: Vec<f64>,
    pub(super) stroke: Stroke,
    /// With their figures, and an arrow to where they are not drawn.
    pub(super) name: String,
}

/// Where limits are drawn.
struct Reach {
    /// Limits up to this are nothing.
    rounding: f64,
    farthest: f64,
    /// What points to those below and above.
    arrows: [&'static str; 2],
}

impl Limit {
    fn new(name: &str, stroke: Stroke, [low, high]: [f64; 2], reach: &Reach) -> Self {
        if largest(&[low, high]) <= reach.rounding {
            return Self { at: Vec::new(), stroke, name: format!("{name} 0") };
        }
        let [down, up] = reach.arrows;
        let (below, above) = (-low > reach.farthest, high > reach.farthest);
        let most = if above { format!("{} {up}", figure(high)) } else { figure(high) };
        let name = if is_same(-low, high) {
            format!("{name} ±{most}")
        } else {
            let least = if below { format!("{down} {}", figure(low)) } else { figure(low) };
            format!("{name} {least} … {most}")
        };
        let at = [(below, low), (above, high)].into_iter().filter_map(|(far, at)| (!far).then_some(at)).collect();
        Self { at, stroke, name }
    }
}

/// σ, k·σ, and where the gate triggers, if that is elsewhere: by a floor, or by quantiles. `arrows` point to what lies
/// below and above.
pub(super) fn limits(drawing: &Drawing, residuals: &Residuals, arrows: [&'static str; 2]) -> Vec<Limit> {
    // Beside residuals that are only rounding, everything is drawn that is more.
    let farthest = if is_flat(drawing, residuals) {
        f64::INFINITY
    } else {
        FARTHEST * largest(&residuals.value) * (1.0 + ROUNDING)
    };
    let reach = Reach { rounding: rounding(drawing, residuals), farthest, arrows };
    let pair = |name: String, stroke, half: f64| (name, stroke, [-half, half]);
    let mut known: Vec<(String, Stroke, [f64; 2])> = Vec::new();
    known.extend(residuals.sigma.map(|sigma| pair("σ".to_owned(), SIGMA, sigma)));
    known.extend(residuals.k_times_sigma.map(|band| pair(format!("{}·σ", drawing.k_sigma), K_SIGMA, band)));
    if let Some([low, high]) = residuals.thresholds {
        match known.iter_mut().find(|(_, _, ends)| is_same(low, ends[0]) && is_same(high, ends[1])) {
            Some((name, ..)) => name.push_str(", trigger"),
            None => known.push(("trigger".to_owned(), THRESHOLD, [low, high])),
        }
    }
    known.into_iter().map(|(name, stroke, ends)| Limit::new(&name, stroke, ends, &reach)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn limit(ends: [f64; 2], name: &str, drawn: &[f64]) {
        let reach = Reach { rounding: 1e-6, farthest: 50.0, arrows: ["↓", "↑"] };
        let limit = Limit::new("trigger", THRESHOLD, ends, &reach);
        assert_eq!((&*limit.name, &*limit.at), (name, drawn));
    }

    #[test]
    fn a_limit_too_far_away_is_named_with_an_arrow_and_not_drawn() {
        limit([-12.3, 12.3], "trigger ±12.30", &[-12.3, 12.3]);
        limit([-123.0, 123.0], "trigger ±123.00 ↑", &[]);
        limit([-12.3, 20.0], "trigger −12.30 … 20.00", &[-12.3, 20.0]);
        limit([-12.3, 230.0], "trigger −12.30 … 230.00 ↑", &[-12.3]);
        limit([-230.0, 20.0], "trigger ↓ −230.00 … 20.00", &[20.0]);
    }

    #[test]
    fn a_limit_that_is_rounding_is_nothing() {
        limit([-1e-7, 1e-7], "trigger 0", &[]);
    }

    #[track_caller]
    fn names(change: impl FnOnce(&mut Residuals), expected: &[&str]) {
        let mut drawing = advisor_testkit::scenarios::daily(8).drawing();
        let residuals = drawing.position.residuals.as_mut().unwrap();
        residuals.value = vec![-10.0, 4.0, 10.0];
        (residuals.sigma, residuals.k_times_sigma, residuals.thresholds) = (Some(8.0), Some(16.0), Some([-16.0, 16.0]));
        change(residuals);
        let residuals = drawing.position.residuals.as_ref().unwrap();
        let names: Vec<String> = limits(&drawing, residuals, ["↓", "↑"]).into_iter().map(|limit| limit.name).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_trigger_at_k_sigma_is_one_line_with_it() {
        names(|_| (), &["σ ±8.000", "2·σ, trigger ±16.00"]);
        names(|residuals| residuals.thresholds = Some([-20.0, 20.0]), &["σ ±8.000", "2·σ ±16.00", "trigger ±20.00"]);
        // More than twice 10.
        names(|residuals| residuals.thresholds = Some([-20.1, 20.1]), &["σ ±8.000", "2·σ ±16.00", "trigger ±20.10 ↑"]);
    }

    #[test]
    fn beside_residuals_that_are_rounding_everything_else_is_drawn() {
        let flat = |residuals: &mut Residuals| {
            // A position of 1 000 USD.
            residuals.value = vec![1e-9, -1e-9];
            (residuals.sigma, residuals.k_times_sigma) = (Some(1e-9), Some(2e-9));
        };
        names(flat, &["σ 0", "2·σ 0", "trigger ±16.00"]);
    }
}
