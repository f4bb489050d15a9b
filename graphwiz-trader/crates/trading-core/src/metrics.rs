//! What did a run earn, and at what risk? Statistics over its samples of N and its trips.
//!
//! All are in N, so that grants and returns are neither profit nor loss. What is not defined is `None`. The formulas of
//! ratios are `quant::returns`'.

use std::iter::once;
use std::mem;

use quant::returns::{self, Ratios};
use serde::Serialize;

use crate::engine::Outcome;
use crate::exact::Amount;
use crate::market::{Market, Money};
use crate::time::{DAY, Micros, SECOND, Timeframe};

/// Seconds in a year of 365.25 days.
const YEAR: f64 = 365.25 * 86_400.0;

/// The figures of a run. Shares are fractions of 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// N_T / N₀ − 1.
    pub total_return: f64,
    /// The same a year, compounded, over the time from the first bar's open to the last bar's close.
    pub cagr: Option<f64>,
    /// Sample deviation of returns, a year.
    pub volatility: Option<f64>,
    /// Sharpe ratio, a year.
    pub sharpe: Option<f64>,
    /// Sortino ratio, a year.
    pub sortino: Option<f64>,
    /// The deepest fall from the highest N so far.
    pub max_drawdown: f64,
    /// The longest stretch of bars under an earlier high.
    pub drawdown_bars: usize,
    /// cagr / max_drawdown.
    pub calmar: Option<f64>,
    /// The share of trips that gained.
    pub win_rate: Option<f64>,
    /// The mean of gain over cost.
    pub expectancy: Option<f64>,
    /// The mean length of a trip, hours.
    pub hold_hours: Option<f64>,
    /// Σ gains / Σ losses of trips.
    pub profit_factor: Option<f64>,
    /// The 5 % quantile of returns.
    pub var_95: Option<f64>,
    /// The mean of returns at or under it.
    pub es_95: Option<f64>,
    /// The share of bars at whose close something was held.
    pub exposure_time: f64,
    /// The part of E that was held at closes, dust included, in the mean of all bars.
    pub mean_exposure: f64,
    /// Σ traded notional / mean E.
    pub turnover: f64,
    /// Finished trips.
    pub trades: usize,
    /// Σ fees, those in base at the prices of their fills.
    pub fees: Amount,
    /// Holding every market in equal parts: the mean of last close / first open − 1.
    pub benchmark: f64,
    /// How likely it is that the true mean of gain over cost is positive.
    pub psr: Option<f64>,
}

impl Metrics {
    /// Of a run from the open of its first bar on; `risk_free` is a yearly rate.
    #[must_use]
    pub fn of(
        outcome: &Outcome,
        markets: &[Market],
        money: Money,
        frame: Timeframe,
        span: Span,
        risk_free: f64,
    ) -> Self {
        let periods = YEAR / (frame.micros() / SECOND) as f64;
        let values = outcome.unit_values.iter().copied();
        let mut before = 1.0;
        let returns = values.clone().map(move |value| value / mem::replace(&mut before, value) - 1.0);
        let last = *outcome.unit_values.last().unwrap_or(&1.0);
        let years = (span.to - span.from) as f64 / SECOND as f64 / YEAR;
        let cagr = (years > 0.0).then(|| last.powf(1.0 / years) - 1.0).filter(|cagr| cagr.is_finite());
        let (max_drawdown, drawdown_bars) = returns::drawdown(once(1.0).chain(values));
        let trips = TripFigures::of(outcome, money);
        let Ratios { volatility, sharpe, sortino } = Ratios::of(returns.clone(), risk_free / periods, periods);
        let tail = returns::tail(returns);
        Self {
            total_return: last - 1.0,
            cagr,
            volatility,
            sharpe,
            sortino,
            max_drawdown,
            drawdown_bars,
            calmar: cagr.filter(|_| max_drawdown > 0.0).map(|cagr| cagr / max_drawdown),
            win_rate: trips.win_rate,
            expectancy: quant::scale::mean(&trips.returns),
            hold_hours: trips.hold_hours,
            profit_factor: trips.profit_factor,
            var_95: tail.map(|(var, _)| var),
            es_95: tail.map(|(_, shortfall)| shortfall),
            exposure_time: outcome.exposed as f64 / outcome.unit_values.len().max(1) as f64,
            mean_exposure: outcome.mean_exposure,
            turnover: money.to_f64(outcome.ledger.traded()) / outcome.mean_equity.max(f64::MIN_POSITIVE),
            trades: outcome.trips.len(),
            fees: money.amount(outcome.fees),
            benchmark: benchmark(markets, span),
            psr: returns::probabilistic_sharpe(&trips.returns),
        }
    }
}

/// From the open of a run's first bar to the close of its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When the first bar opened.
    pub from: Micros,
    /// When the last one closed.
    pub to: Micros,
}

impl Span {
    /// Its length in days.
    #[must_use]
    pub fn days(self) -> f64 {
        (self.to - self.from) as f64 / DAY as f64
    }
}

struct TripFigures {
    /// Gain over cost of each.
    returns: Vec<f64>,
    win_rate: Option<f64>,
    hold_hours: Option<f64>,
    profit_factor: Option<f64>,
}

impl TripFigures {
    fn of(outcome: &Outcome, money: Money) -> Self {
        let trips = &outcome.trips;
        let share = |part: f64| (!trips.is_empty()).then(|| part / trips.len() as f64);
        let gains: i128 = trips.iter().map(|trip| trip.pnl.max(0)).sum();
        let losses: i128 = trips.iter().map(|trip| trip.pnl.min(0)).sum();
        let hours = trips.iter().map(|trip| (trip.left_at - trip.entered_at) as f64 / (3600 * SECOND) as f64);
        Self {
            returns: trips.iter().map(|trip| trip.pnl as f64 / trip.cost as f64).collect(),
            win_rate: share(trips.iter().filter(|trip| trip.pnl > 0).count() as f64),
            hold_hours: share(hours.sum()),
            profit_factor: (losses < 0).then(|| money.to_f64(gains) / -money.to_f64(losses)),
        }
    }
}

fn benchmark(markets: &[Market], span: Span) -> f64 {
    let held: Vec<f64> = markets
        .iter()
        .filter_map(|market| {
            let records = &market.series.records;
            let within = records.iter().filter(|record| span.from <= record.open_time && record.open_time < span.to);
            let (first, last) = (within.clone().next()?, within.clone().next_back()?);
            Some(last.close as f64 / first.open as f64 - 1.0)
        })
        .collect();
    quant::scale::mean(&held).unwrap_or(0.0)
}
