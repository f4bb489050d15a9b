//! What must a strategy have shown before it may trade with money? The conditions of the gate from paper to live.
//!
//! A backtest prints the same verdict over its own span. A figure that is not defined meets no condition. Conditions
//! can be made stricter, never looser.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::{Serialize, Serializer};

use crate::metrics::{Metrics, Span};

/// The figures that must be reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// At least so many days.
    pub min_days: Decimal,
    /// At least so many finished trips.
    pub min_trips: u32,
    /// The drawdown is at most this.
    pub max_drawdown: Decimal,
    /// The profit factor is at least this.
    pub min_profit_factor: Decimal,
    /// The chance that the edge is positive is at least this.
    pub min_psr: Decimal,
    /// The Sharpe ratio is at least this, where it is judged.
    pub min_sharpe: Option<Decimal>,
    /// The share of trips that gained is at least this, where it is judged.
    pub min_win: Option<Decimal>,
}

impl Gate {
    /// The gate from paper to live.
    #[must_use]
    pub fn live() -> Self {
        Self {
            min_days: Decimal::from(3),
            min_trips: 100,
            max_drawdown: Decimal::new(10, 2),
            min_profit_factor: Decimal::new(15, 1),
            min_psr: Decimal::new(95, 2),
            min_sharpe: None,
            min_win: None,
        }
    }

    /// What is not met, in the order of the conditions; none where the gate is.
    #[must_use]
    pub fn unmet(&self, metrics: &Metrics, span: Span) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        let mut add = |condition, value, limit, digits: [usize; 2]| {
            let [digits, limit_digits] = digits;
            unmet.push(Unmet { condition, value, digits, limit, limit_digits });
        };
        let days = number(self.min_days);
        if span.days() < days {
            add(Condition::Days, Some(span.days()), days, [1, scale(self.min_days)]);
        }
        if metrics.trades < self.min_trips as usize {
            add(Condition::Trips, Some(metrics.trades as f64), self.min_trips.into(), [0, 0]);
        }
        let deepest = number(self.max_drawdown);
        if metrics.max_drawdown > deepest {
            let digits = [telling(metrics.max_drawdown, deepest, 3), scale(self.max_drawdown).max(2)];
            add(Condition::MaxDrawdown, Some(metrics.max_drawdown), deepest, digits);
        }
        let least = [
            (Condition::ProfitFactor, metrics.profit_factor, Some(self.min_profit_factor)),
            (Condition::Psr, metrics.psr, Some(self.min_psr)),
            (Condition::Sharpe, metrics.sharpe, self.min_sharpe),
            (Condition::Win, metrics.win_rate, self.min_win),
        ];
        for (condition, value, limit) in least {
            let Some(limit) = limit else { continue };
            let (limit, written) = (number(limit), scale(limit).max(2));
            if value.is_none_or(|value| value < limit) {
                let digits = value.map_or(written, |value| telling(value, limit, written));
                add(condition, value, limit, [digits, digits]);
            }
        }
        let gain = metrics.total_return;
        if gain <= 0.0 {
            add(Condition::TotalReturn, Some(gain), 0.0, [if gain < 0.0 { telling(gain, 0.0, 4) } else { 0 }, 0]);
        }
        unmet
    }
}

/// What a gate looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the gate's figures")]
pub enum Condition {
    Days,
    Trips,
    MaxDrawdown,
    ProfitFactor,
    Psr,
    Sharpe,
    Win,
    TotalReturn,
}

/// A condition that is not met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unmet {
    /// Which.
    pub condition: Condition,
    /// What was shown; `None` where it is not defined.
    pub value: Option<f64>,
    /// Digits after its point with which it is told from the limit.
    pub digits: usize,
    /// What is asked for, or allowed.
    pub limit: f64,
    /// Digits after the point of that.
    pub limit_digits: usize,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { condition, value, digits, limit, limit_digits } = *self;
        let name = match condition {
            Condition::Days => "days",
            Condition::Trips => "trips",
            Condition::MaxDrawdown => "max_drawdown",
            Condition::ProfitFactor => "profit factor",
            Condition::Psr => "PSR",
            Condition::Sharpe => "Sharpe",
            Condition::Win => "win",
            Condition::TotalReturn => "total_return",
        };
        let Some(value) = value else { return write!(f, "{name} not defined") };
        let (value, limit) = (short(value, digits), short(limit, limit_digits));
        match condition {
            Condition::Days | Condition::Trips => write!(f, "{value} of {limit} {name}"),
            Condition::MaxDrawdown => write!(f, "{name} {value} > {limit}"),
            Condition::TotalReturn => write!(f, "{name} {value} <= {limit}"),
            Condition::ProfitFactor | Condition::Psr | Condition::Sharpe | Condition::Win => {
                write!(f, "{name} {value} < {limit}")
            }
        }
    }
}

impl Serialize for Unmet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Digits after the point.
fn scale(decimal: Decimal) -> usize {
    decimal.normalize().scale() as usize
}

fn number(decimal: Decimal) -> f64 {
    decimal.to_f64().unwrap_or(f64::INFINITY)
}

/// So many digits that two figures which differ are told apart, at least `least`.
fn telling(value: f64, limit: f64, least: usize) -> usize {
    let differs = |digits: &usize| format!("{value:.digits$}") != format!("{limit:.digits$}");
    (least..17).find(differs).unwrap_or(least)
}

/// A figure with so many digits after the point, without a leading zero, as the gates' sentences have them.
fn short(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix("0.") {
        Some(rest) => format!(".{rest}"),
        None => text.strip_prefix("-0.").map_or_else(|| text.clone(), |rest| format!("-.{rest}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::Amount;
    use crate::time::DAY;

    fn metrics(trades: usize, profit_factor: Option<f64>, psr: Option<f64>, total_return: f64) -> Metrics {
        Metrics {
            total_return,
            cagr: None,
            volatility: None,
            sharpe: None,
            sortino: None,
            max_drawdown: 0.02,
            drawdown_bars: 0,
            calmar: None,
            win_rate: None,
            expectancy: None,
            hold_hours: None,
            profit_factor,
            var_95: None,
            es_95: None,
            exposure_time: 0.0,
            mean_exposure: 0.0,
            turnover: 0.0,
            trades,
            fees: Amount { count: 0, digits: 2 },
            benchmark: 0.0,
            psr,
        }
    }

    #[track_caller]
    fn unmet(metrics: &Metrics, days: i64, expected: &str) {
        let span = Span { from: 0, to: days * DAY };
        let unmet: Vec<_> = Gate::live().unmet(metrics, span).iter().map(Unmet::to_string).collect();
        assert_eq!(unmet.join(", "), expected);
    }

    #[test]
    fn what_is_not_met_stands_in_the_order_of_the_conditions() {
        let found = metrics(45, Some(0.84), Some(0.31), -0.0027);
        unmet(&found, 14, "45 of 100 trips, profit factor .84 < 1.50, PSR .31 < .95, total_return -.0027 <= 0");
        unmet(
            &metrics(45, Some(1.1), Some(0.52), 0.0018),
            2,
            "2.0 of 3 days, 45 of 100 trips, profit factor 1.10 < 1.50, PSR .52 < .95",
        );
        unmet(&metrics(100, Some(1.5), Some(0.95), 0.01), 3, "");
    }

    #[test]
    fn a_figure_that_is_not_defined_meets_nothing() {
        unmet(&metrics(100, None, None, 0.1), 3, "profit factor not defined, PSR not defined");
    }

    #[test]
    fn a_deep_drawdown_is_named() {
        let found = Metrics { max_drawdown: 0.1512, ..metrics(100, Some(2.0), Some(0.99), 0.1) };
        unmet(&found, 3, "max_drawdown .151 > .10");
    }
}
