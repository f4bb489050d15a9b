//! What must a strategy have shown before it may trade with money? The conditions of the gate from paper to live.
//!
//! A backtest prints the same verdict over its own span. A figure that is not defined meets no condition. Conditions can be made
//! stricter, never looser.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::metrics::{Metrics, Span};

/// The figures that must be reached.
#[derive(Debug, Clone, PartialEq)]
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
    pub fn unmet(&self, metrics: &Metrics, span: Span) -> Vec<String> {
        let mut unmet = Vec::new();
        if span.days() < number(self.min_days) {
            unmet.push(format!("{} of {} days", short(span.days(), 1), self.min_days.normalize()));
        }
        if metrics.trades < self.min_trips as usize {
            unmet.push(format!("{} of {} trips", metrics.trades, self.min_trips));
        }
        if metrics.max_drawdown > number(self.max_drawdown) {
            let limit = short(number(self.max_drawdown), self.max_drawdown.normalize().scale().max(2) as usize);
            let digits = telling(metrics.max_drawdown, number(self.max_drawdown), 3);
            unmet.push(format!("max_drawdown {} > {limit}", short(metrics.max_drawdown, digits)));
        }
        let least = [
            ("profit factor", metrics.profit_factor, Some(self.min_profit_factor)),
            ("PSR", metrics.psr, Some(self.min_psr)),
            ("Sharpe", metrics.sharpe, self.min_sharpe),
            ("win", metrics.win_rate, self.min_win),
        ];
        for (name, value, limit) in least {
            let Some(limit) = limit else { continue };
            match value {
                None => unmet.push(format!("{name} not defined")),
                Some(value) if value < number(limit) => {
                    let digits = telling(value, number(limit), limit.normalize().scale().max(2));
                    let [value, limit] = [value, number(limit)].map(|figure| short(figure, digits));
                    unmet.push(format!("{name} {value} < {limit}"));
                }
                Some(_) => {}
            }
        }
        if metrics.total_return <= 0.0 {
            let digits = if metrics.total_return < 0.0 { telling(metrics.total_return, 0.0, 4) } else { 0 };
            unmet.push(format!("total_return {} <= 0", short(metrics.total_return, digits)));
        }
        unmet
    }
}

fn number(decimal: Decimal) -> f64 {
    decimal.to_f64().unwrap_or(f64::INFINITY)
}

/// So many digits that two figures which differ are told apart, at least `least`.
fn telling(value: f64, limit: f64, least: u32) -> usize {
    let differs = |digits: &usize| format!("{value:.digits$}") != format!("{limit:.digits$}");
    let least = least as usize;
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
            turnover: 0.0,
            trades,
            benchmark: 0.0,
            psr,
        }
    }

    #[track_caller]
    fn unmet(metrics: &Metrics, days: i64, expected: &str) {
        let span = Span { from: 0, to: days * DAY };
        assert_eq!(Gate::live().unmet(metrics, span).join(", "), expected);
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
