//! The two series that charts show: what the wallets hold together, and what a unit was worth.

use quant::{series, smooth, thin};
use serde::Serialize;

use crate::advice::{Advice, Snapshot, Totals, flow_tables};
use crate::corrected::{corrected, sample_times};
use crate::flow::Direction;
use crate::gain::{FlowTables, Gains, WalletGain, wallet_gains};
use crate::position::WalletSeries;
use crate::price::AssetPrices;
use crate::rules::Rules;
use crate::time;
use crate::valued::ValuedFlow;

use super::axes::{self, MAX_POINTS, Window, millis};
use super::fitted::Fitted;
use super::options::Smoothing;

/// More marks than this cannot be told apart in a chart; beyond it those that are near each other are added up.
const MAX_MARKERS: i64 = 1_000;

/// A series and the lines that go with it, column by column; all as long as `ts`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Course {
    /// Sample times, milliseconds since the epoch, increasing.
    pub ts: Vec<i64>,
    /// The series: USD, or USD per unit.
    pub value: Vec<f64>,
    /// The smoothed series; `None` where none is wanted or drawn. A flow is a step in it, as in the series.
    pub smoothed: Option<Vec<f64>>,
    /// The gate's fit at the level of the series; `None` as a whole where this series is not fitted, or before its window.
    pub baseline: Option<Vec<Option<f64>>>,
}

/// Deposits or withdrawals of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Marker {
    /// The instant at which they count, milliseconds since the epoch.
    pub ts: i64,
    /// Their value together, USD; not negative.
    pub usd: f64,
    /// Their amount together, in units or USD as configured; not negative.
    pub amount: f64,
}

/// What was gained since the reference, as the decision has it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Gained {
    /// What the wallets held at the reference: the sum of their baselines, USD.
    pub from_usd: f64,
    /// The gain, USD.
    pub usd: f64,
}

impl Gained {
    pub(super) fn of(totals: Totals) -> Self {
        Self { from_usd: totals.baseline_usd, usd: totals.gain_usd }
    }
}

/// A series in full. Every number is finite.
#[derive(Debug)]
pub(super) struct Values {
    /// Nanoseconds since the epoch, strictly increasing.
    pub(super) ts: Vec<i64>,
    /// What is shown.
    pub(super) value: Vec<f64>,
    /// What is fitted and smoothed, where it is not what is shown.
    corrected: Option<Vec<f64>>,
}

impl Values {
    /// The asset's price.
    pub(super) fn of_prices(snapshot: &Snapshot, window: &Window) -> Self {
        let points = AssetPrices::new(&snapshot.positions.wallets).points(window.start(), window.end);
        let (ts, value) = points.into_iter().map(|point| (point.ts, point.price_usd)).unzip();
        Self { ts, value, corrected: None }
    }

    /// The sum of the wallets' values, and of their corrected positions.
    ///
    /// A wallet's value is its own at its samples. Between them its corrected position is interpolated and the flows since
    /// its baseline put back, so that a flow is a step where it counts and no ramp between the samples around it.
    pub(super) fn of_positions(gains: &Gains<'_>, window: &Window) -> Self {
        let from = window.start().min(window.corrected_chart());
        let ts = sample_times(&gains.wallets, from, window.end);
        let (mut value, mut total) = (vec![0.0; ts.len()], vec![0.0; ts.len()]);
        let mut line = vec![0.0; ts.len()];
        for wallet in &gains.wallets {
            line.fill(0.0);
            let (times, usd) = corrected(wallet, from);
            series::add_interpolated(times, &usd, &ts, &mut line);
            for (total, line) in total.iter_mut().zip(&line) {
                *total += line;
            }
            add_value(wallet, &line, &ts, &mut value);
        }
        // What no gain depends on, a flow before a baseline, may be too large for a number, and so may a sum that no fit rests
        // on. The other of the two then stands in: neither what was judged nor what is held may go missing from the chart.
        for (value, total) in value.iter_mut().zip(&mut total) {
            match (value.is_finite(), total.is_finite()) {
                (false, true) => *value = *total,
                (true, false) => *total = *value,
                _ => {}
            }
        }
        let kept: Vec<usize> = (0..ts.len()).filter(|i| value[*i].is_finite()).collect();
        if kept.len() == ts.len() {
            return Self { ts, value, corrected: Some(total) };
        }
        let pick = |column: &[f64]| kept.iter().map(|i| column[*i]).collect();
        Self { ts: kept.iter().map(|i| ts[*i]).collect(), value: pick(&value), corrected: Some(pick(&total)) }
    }

    /// What is fitted and smoothed, with its times.
    pub(super) fn judged(&self) -> (&[i64], &[f64]) {
        (&self.ts, self.corrected.as_deref().unwrap_or(&self.value))
    }

    /// Index of the first sample at or after `from`.
    pub(super) fn since(&self, from: i64) -> usize {
        axes::since(&self.ts, from)
    }

    /// What is fitted, since the reference or the start of the charts, thinned.
    pub(super) fn corrected_course(&self, fitted: Option<&Fitted<'_>>, window: &Window) -> Course {
        let (ts, judged) = self.judged();
        let [from, chart] = [window.corrected_chart(), window.chart].map(|at| self.since(at));
        let thinned = |from: usize, to: usize, points| {
            let kept = thin::keep_extremes(&ts[from..to], &judged[from..to], points);
            kept.into_iter().map(move |i| from + i)
        };
        // A year before the charts' window takes half of the points at most: what the gate looks at keeps its detail.
        let mut kept: Vec<usize> = thinned(from, chart, MAX_POINTS / 2).collect();
        kept.extend(thinned(chart, ts.len(), MAX_POINTS - kept.len()));
        Course {
            ts: kept.iter().map(|i| millis(ts[*i])).collect(),
            value: kept.iter().map(|i| judged[*i]).collect(),
            smoothed: None,
            baseline: fitted.map(|fitted| kept.iter().map(|i| Some(judged[*i] - fitted.residual(*i)?)).collect()),
        }
    }

    /// The chart's part of the series, thinned.
    pub(super) fn course(&self, smoothing: Smoothing, fitted: Option<&Fitted<'_>>, window: &Window) -> Course {
        let start = self.since(window.chart);
        let kept: Vec<usize> = thin::keep_extremes(&self.ts[start..], &self.value[start..], MAX_POINTS)
            .into_iter()
            .map(|i| start + i)
            .collect();
        // The difference of what is shown and what is smoothed: all flows up to there.
        let (_, judged) = self.judged();
        let level = |i: usize| self.value[i] - judged[i];
        let smoothed = self.smooth(smoothing, &kept, self.since(window.start())).map(|line| {
            let shown = kept.iter().zip(line).map(|(i, smoothed)| smoothed + level(*i));
            shown.collect()
        });
        let baseline = fitted.map(|fitted| kept.iter().map(|i| Some(self.value[*i] - fitted.residual(*i)?)).collect());
        Course {
            ts: kept.iter().map(|i| millis(self.ts[*i])).collect(),
            value: kept.iter().map(|i| self.value[*i]).collect(),
            smoothed: smoothed.filter(|line: &Vec<f64>| line.iter().all(|value| value.is_finite())),
            baseline,
        }
    }

    /// The smoothed line of the samples from `since` on, at those of them that are in `at`; `None` where none is wanted
    /// or the numbers are too large for one.
    fn smooth(&self, smoothing: Smoothing, at: &[usize], since: usize) -> Option<Vec<f64>> {
        let (ts, values) = self.judged();
        let (ts, values) = (&ts[since..], &values[since..]);
        let first = *ts.first()?;
        let hours = || -> Vec<f64> { ts.iter().map(|ts| time::hours_between(first, *ts)).collect() };
        let at: Vec<usize> = at.iter().map(|i| i - since).collect();
        match smoothing {
            Smoothing::None => None,
            Smoothing::Boxcar { window_hours } => {
                let line = smooth::boxcar(&hours(), values, window_hours).ok()?;
                Some(at.iter().map(|i| line[*i]).collect())
            }
            Smoothing::Gaussian { window_hours } => smooth::gaussian(&hours(), values, window_hours, &at).ok(),
            Smoothing::Polynomial { window_hours, order } => {
                smooth::polynomial(&hours(), values, window_hours, order, &at).ok()
            }
        }
    }
}

/// Adds what `wallet` holds at the times of `axis`, given its corrected position there.
fn add_value(wallet: &WalletGain<'_>, corrected: &[f64], axis: &[i64], value: &mut [f64]) {
    let moved = moved_since_baseline(wallet);
    let (times, values) = (wallet.series.ts(), wallet.series.value_usd());
    let (mut sample, mut flow) = (0, 0);
    for ((t, corrected), value) in axis.iter().zip(corrected).zip(value) {
        sample += times[sample..].iter().take_while(|ts| *ts < t).count();
        flow += wallet.flows[flow..].iter().take_while(|flow| flow.effective_ts <= *t).count();
        *value += match times.get(sample) {
            Some(ts) if ts == t => values[sample],
            Some(_) => (corrected + moved[flow]).max(0.0),
            None => wallet.newest_usd(), // later flows are in no sample yet
        };
    }
}

/// What flows added since the baseline once the first `i` flows have counted, USD; negative where they count before it.
fn moved_since_baseline(wallet: &WalletGain<'_>) -> Vec<f64> {
    let start = wallet.counted.start;
    let mut moved = vec![0.0; wallet.counted.end + 1];
    for i in start..wallet.counted.end {
        moved[i + 1] = moved[i] + wallet.flows[i].signed_usd();
    }
    for i in (0..start).rev() {
        moved[i] = moved[i + 1] - wallet.flows[i].signed_usd();
    }
    moved
}

/// The wallets and flows that the advice rests on; where it got no further than to miss a reference, all wallets.
pub(super) fn gains<'a>(rules: &Rules, snapshot: &'a Snapshot, advice: &Advice) -> Gains<'a> {
    let wallets = &snapshot.positions.wallets;
    let t0 = match (advice.totals, advice.t0) {
        (Some(_), Some(t0)) => time::nanos(t0),
        _ => i64::MIN,
    };
    wallet_gains(wallets, flow_tables(snapshot), t0, rules).unwrap_or_else(|_| without_flows(wallets, t0, rules))
}

/// Without a reference, a flow may be unusable that no gain depends on. The wallets' samples are right without any.
#[expect(clippy::expect_used, reason = "only flows can be unusable, and there are none")]
fn without_flows<'a>(wallets: &'a [WalletSeries], t0: i64, rules: &Rules) -> Gains<'a> {
    let none = FlowTables { deposits: ("", &[]), withdrawals: ("", &[]), since: None, now: i64::MAX };
    wallet_gains(wallets, none, t0, rules).expect("invariant: wallets without flows have gains")
}

/// Deposits and withdrawals from `from` to `to`.
pub(super) fn markers(gains: &Gains<'_>, from: i64, to: i64) -> (Vec<Marker>, Vec<Marker>) {
    let inside = |flow: &&ValuedFlow| (from..=to).contains(&flow.effective_ts);
    let flows: Vec<&ValuedFlow> = gains.wallets.iter().flat_map(|wallet| &wallet.flows).filter(inside).collect();
    (merge(&flows, Direction::Deposit, from, to), merge(&flows, Direction::Withdrawal, from, to))
}

/// One marker an instant, or a part of the time from `from` to `to` where there are too many instants.
fn merge(flows: &[&ValuedFlow], direction: Direction, from: i64, to: i64) -> Vec<Marker> {
    let mut flows: Vec<&ValuedFlow> = flows.iter().copied().filter(|flow| flow.direction == direction).collect();
    flows.sort_by(|a, b| a.effective_ts.cmp(&b.effective_ts).then(a.usd.total_cmp(&b.usd)));
    let instants = flows.chunk_by(|a, b| a.effective_ts == b.effective_ts).count();
    let part = match i64::try_from(instants) {
        Ok(..=MAX_MARKERS) => 1,
        _ => to.saturating_sub(from) / MAX_MARKERS + 1,
    };
    let same = |a: &&ValuedFlow, b: &&ValuedFlow| {
        let part_of = |flow: &ValuedFlow| flow.effective_ts.saturating_sub(from) / part;
        part_of(a) == part_of(b)
    };
    let marker = |flows: &[&ValuedFlow]| Marker {
        ts: millis(flows[0].effective_ts),
        usd: flows.iter().map(|flow| flow.usd).sum(),
        amount: flows.iter().map(|flow| flow.amount).sum(),
    };
    let markers = flows.chunk_by(same).map(marker);
    markers.filter(|marker| marker.usd.is_finite() && marker.amount.is_finite()).collect()
}
