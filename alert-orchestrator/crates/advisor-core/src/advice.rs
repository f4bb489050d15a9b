//! What may be withdrawn of an asset, and why? The whole rule, from a snapshot of the data to an advice.
//!
//! Start at [`advise`]. Pure: the same snapshot, rules and evaluation time give the same advice to the last bit. Every
//! figure that went into the decision is in [`Advice`]; whoever shows one reads it there and computes nothing.
//! Elsewhere: what goes in and what comes out, as types, is `figures`; the sentences for an operator are `warnings`.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::corrected::{asset_series, positions_at};
use crate::decision::{Decision, Failure, Hold, HoldReason, Taken, UnexplainedGrowth};
pub use crate::figures::{Advice, FlowFigures, GrowthFigures, RiseFigures, Snapshot, Totals, WalletFigures};
use crate::gain::{FlowTables, Gains, WalletGain, wallet_gains};
use crate::gate::{self, GateFigures, Verdict};
use crate::outlook::Outlook;
use crate::position::{Contradiction, Positions, WalletSeries};
use crate::price::AssetPrices;
use crate::price_check::{self, Known, PriceSource, SourcePrice};
use crate::reference::{RefMode, Reference};
use crate::rises::growth_of;
use crate::rules::{AmountUnit, Basis, Rules};
use crate::valued::ValuedFlow;
use crate::warning::Warning;
use crate::{keys, outlook, peg, standstill, time, unknown, warnings};

/// How many of a wallet's samples may contradict themselves, as a share.
const CONTRADICTORY_MAX: f64 = 0.01;

/// Decides how much of an asset may be withdrawn at the evaluation time `to` (nanoseconds since the epoch).
#[must_use]
pub fn advise(rules: &Rules, snapshot: &Snapshot, to: i64) -> Advice {
    let blank = Advice::failed(&snapshot.asset, time::timestamp(to), rules, Failure::InvalidData(String::new()));
    let mut advice = Advice {
        ref_mode: snapshot.reference.mode(),
        reference: describe_reference(rules, &snapshot.reference),
        gate_applied: rules.gate.holds
            && (rules.gate.apply_in_fallback || snapshot.reference.mode() != RefMode::DataRange),
        warnings: warnings::about_data(snapshot, &rules.zone),
        ..blank.clone()
    };
    let hold = |reasons| Decision::Hold(hold(rules, reasons, &snapshot.positions));
    let doubt = clock_doubt(rules, snapshot, to).map(|reason| hold(vec![reason]));
    match compute(rules, snapshot, to, &mut advice) {
        Ok(Outcome { holds, limit_usd }) => {
            if let Some(doubt) = doubt {
                // What else a wrong clock makes of the data is nothing to act on, nor to warn of.
                return Advice { decision: doubt, warnings: warnings::about_data(snapshot, &rules.zone), ..advice };
            }
            advice.decision = if holds.is_empty() { Decision::Withdraw { limit_usd } } else { hold(holds) };
            advice.warnings.extend(warnings::untagged_withdrawals(&advice.wallets));
            advice.warnings.extend(advice.prices.iter().flat_map(warnings::about_prices));
            advice
        }
        Err(failure) => {
            if doubt.is_some() {
                advice.warnings.push(Warning::new(format!("by this machine's clock also: {failure}")));
            }
            let decision = doubt.unwrap_or(Decision::Error(failure));
            Advice { decision, warnings: advice.warnings, ..blank }
        }
    }
}

/// The hold for samples that are newer than the evaluation time, which is the machine's where there are any: of an
/// evaluation as of the past nothing after it is read.
fn clock_doubt(rules: &Rules, snapshot: &Snapshot, to: i64) -> Option<HoldReason> {
    let (max_skew_minutes, newest) = rules.max_clock_skew_minutes.zip(snapshot.positions.newest_cut)?;
    let is_beyond = time::hours_between(to, newest) > max_skew_minutes / 60.0;
    let [newest, now] = [newest, to].map(time::timestamp);
    is_beyond.then_some(HoldReason::ClockDoubt { max_skew_minutes, newest, now })
}

/// The hold of one or more reasons.
fn hold(rules: &Rules, mut reasons: Vec<HoldReason>, positions: &Positions) -> Hold {
    let (reason, also) = (reasons.remove(0), reasons);
    let refused = if reason.wants_samples() { positions.refused.clone() } else { Vec::new() };
    Hold { reason, also, refused, zone: rules.zone.clone() }
}

/// What came out: every reason to hold, the one that stands for all first, and the limit without them.
struct Outcome {
    holds: Vec<HoldReason>,
    limit_usd: f64,
}

impl Outcome {
    fn no_data(detail: String) -> Self {
        Self { holds: vec![HoldReason::NoData { detail }], limit_usd: 0.0 }
    }
}

/// Computes every figure that can be, writes it into `advice`, and says what holds.
fn compute(rules: &Rules, snapshot: &Snapshot, to: i64, advice: &mut Advice) -> Result<Outcome, Failure> {
    require_consistent(&snapshot.positions, &rules.zone)?;
    let wallets = &snapshot.positions.wallets;
    let newest = wallets.iter().filter_map(|wallet| wallet.ts().last()).max().copied();
    advice.t1 = newest.map(time::timestamp);
    let newest_price = AssetPrices::new(wallets).at_or_before(to);
    advice.price_t1_usd = newest_price.map(|point| point.price_usd);
    let known = known_prices(snapshot, advice.price_t1_usd);
    let of_prices = Known { listed: &rules.price_sources, answers: &known, failed: &snapshot.failed_prices };
    advice.peg = rules.gate.peg.and_then(|peg| peg::check(known.iter().copied(), peg));
    advice.prices =
        rules.prices.as_ref().map(|compared| price_check::compare(compared, of_prices, snapshot.mismatches_before));

    let t0 = match &snapshot.reference {
        Reference::Missing => {
            let keyword = rules.keywords.reference.clone();
            return Ok(Outcome { holds: vec![HoldReason::NoReference { keyword }], limit_usd: 0.0 });
        }
        Reference::Tagged { t0, .. } => Some(*t0),
        Reference::DataRange { start } => {
            start.or_else(|| wallets.iter().filter_map(|w| w.ts().first()).min().copied())
        }
    };
    advice.t0 = t0.map(time::timestamp);
    if let (RefMode::DataRange, Some(t0)) = (advice.ref_mode, advice.t0) {
        advice.warnings.push(warnings::fallback(rules, t0));
    }
    let (Some(t0), Some(newest)) = (t0, newest) else {
        return Ok(Outcome::no_data(describe_nothing(rules, snapshot, advice)));
    };
    if newest < t0 {
        let [t0, newest] = [t0, newest].map(|ts| time::shown_nanos(ts, &rules.zone));
        let detail = format!("since the reference: reference {t0} is newer than the newest sample {newest}");
        return Ok(Outcome::no_data(detail));
    }
    require_price(rules, newest_price.is_some())?;

    let gains = wallet_gains(wallets, flow_tables(snapshot), t0, rules).map_err(Failure::InvalidData)?;
    advice.warnings.extend(warnings::about_gains(&gains, t0, &rules.zone));
    advice.warnings.extend(warnings::twins(snapshot, &gains, t0));
    advice.warnings.extend(warnings::alike(&gains, t0, &rules.zone));
    advice.warnings.extend(warnings::of_nothing(&gains, &rules.zone));
    let prices = AssetPrices::new(wallets);
    advice.wallets = gains.wallets.iter().map(|wallet| figures(wallet, &prices, rules, to)).collect();
    advice.growth_per_year = growth_per_year(&advice.wallets);
    advice.warnings.extend(warnings::about_growth(&advice.wallets, advice.growth_per_year));
    advice.warnings.extend(warnings::stale_wallets(&advice.wallets, advice.as_of));
    advice.warnings.extend(warnings::off_peg_before(&gains, rules.gate.peg, &rules.zone));
    let fresh = gains.wallets.iter().zip(&advice.wallets).filter(|(_, figures)| !figures.stale);
    advice.warnings.extend(standstill::warning(fresh.map(|(wallet, _)| wallet), &rules.zone));
    let totals = total(&advice.wallets)?;
    advice.totals = Some(totals);
    advice.gate = judge_window(rules, snapshot, &gains, totals, newest, to);
    let incomplete =
        unknown::incomplete(rules, snapshot, &gains, &advice.wallets, newest).map(HoldReason::FlowsIncomplete);
    Ok(Outcome { holds: holds(rules, advice, totals, incomplete), limit_usd: totals.limit_usd })
}

/// That there are no samples, and what the gate takes. Where a file was refused, that is what is to be mended first.
fn describe_nothing(rules: &Rules, snapshot: &Snapshot, advice: &Advice) -> String {
    let says_more = advice.gate_applied && snapshot.positions.refused.is_empty();
    let outlook = if says_more { gate::outlook(&rules.gate, &[], time::nanos(advice.as_of)) } else { None };
    let outlook = outlook::in_addition(outlook, &rules.zone);
    format!("for {} up to {}{outlook}", snapshot.asset, time::shown(advice.as_of, &rules.zone))
}

/// Every price of the asset that is known: the positions' own first, then what the other sources answered.
fn known_prices(snapshot: &Snapshot, stored_usd: Option<f64>) -> Vec<SourcePrice> {
    let stored = |price_usd: f64| SourcePrice { source: PriceSource::StoredLiqwid, price_usd, price_ada: None };
    let others = snapshot.prices.iter().copied().filter(|answer| answer.source != PriceSource::StoredLiqwid);
    stored_usd.map(stored).into_iter().chain(others).collect()
}

pub(crate) fn flow_tables(snapshot: &Snapshot) -> FlowTables<'_> {
    FlowTables {
        deposits: (&snapshot.deposits_table, &snapshot.deposits),
        withdrawals: (snapshot.withdrawals_table.as_deref().unwrap_or_default(), &snapshot.withdrawals),
        since: snapshot.loaded_from,
        now: snapshot.now,
    }
}

fn describe_reference(rules: &Rules, reference: &Reference) -> Option<String> {
    let keyword = &rules.keywords.reference;
    match reference {
        Reference::Missing => None,
        Reference::Tagged { withdrawal, .. } => {
            let wallet = withdrawal.wallet.as_deref().map_or("an unknown wallet".to_owned(), keys::shown);
            let amount = withdrawal.amount.filter(|amount| amount.is_finite());
            let amount = amount.map(|amount| format!(" of {}", amount.abs())).unwrap_or_default();
            let hash =
                withdrawal.tx_hash.as_ref().map(|hash| format!(" (tx {})", keys::shown(hash))).unwrap_or_default();
            Some(format!("newest withdrawal whose memo contains {keyword:?}: withdrawal{amount} by {wallet}{hash}"))
        }
        Reference::DataRange { start } => {
            let start =
                if start.is_some() { "the start of the configured date range" } else { "the asset's first sample" };
            Some(format!("no withdrawal's memo contains {keyword:?}; gains count from {start}"))
        }
    }
}

/// A price that something rests on must exist; 1.0 is a guess.
fn require_price(rules: &Rules, known: bool) -> Result<(), Failure> {
    let needed = rules.amount_unit == AmountUnit::Underlying
        || rules.gate.basis == Basis::ChangeRateUsd
        || rules.gate.peg.is_some();
    if needed && !known {
        let detail = "no price: no position row has a price_usd above 0, nor units to derive one from its value";
        return Err(Failure::InvalidData(detail.to_owned()));
    }
    Ok(())
}

fn figures(wallet: &WalletGain<'_>, prices: &AssetPrices<'_>, rules: &Rules, to: i64) -> WalletFigures {
    let age_hours = time::hours_between(wallet.newest_ts(), to);
    let stale = rules.max_sample_age_hours.is_some_and(|max| age_hours > max);
    let gained = (rules.safety_factor * wallet.gain_usd.max(0.0)).min(wallet.newest_usd());
    let left = (wallet.gain_usd - wallet.untagged_usd).max(0.0);
    let [whole, limit] = [gained, gained.min(left)].map(|usd| if stale { 0.0 } else { floor_to_cent(usd) });
    WalletFigures {
        address: Arc::clone(wallet.series.address()),
        baseline_at: time::timestamp(wallet.baseline_ts()),
        baseline_usd: wallet.baseline_usd(),
        newest_at: time::timestamp(wallet.newest_ts()),
        newest_usd: wallet.newest_usd(),
        flows: wallet.flows[wallet.counted.clone()].iter().map(flow_figures).collect(),
        deposits_usd: wallet.deposits_usd,
        withdrawals_usd: wallet.withdrawals_usd,
        untagged_usd: wallet.untagged_usd,
        gain_usd: wallet.gain_usd,
        stale,
        growth: growth_of(wallet, prices, rules),
        limit_usd: limit,
        taken_usd: whole - limit,
    }
}

/// The yield a year of all wallets together, on what they held.
fn growth_per_year(wallets: &[WalletFigures]) -> Option<f64> {
    let growths = || wallets.iter().filter_map(|wallet| wallet.growth.as_ref());
    let held: f64 = growths().map(|growth| growth.unit_years).sum();
    let grown: f64 = growths().map(|growth| growth.grown_units).sum();
    (held > 0.0).then(|| grown / held)
}

/// The hold for growth that nothing explains, of the wallets that are not stale: those have no limit anyway.
fn unexplained_growth(rules: &Rules, advice: &Advice) -> Option<HoldReason> {
    rules.max_supply_apy?;
    let judged = || advice.wallets.iter().filter(|wallet| !wallet.stale);
    let in_fallback = advice.ref_mode == RefMode::DataRange;
    let hold = |wallet: &WalletFigures, rise, others| {
        let wallet = Arc::clone(&wallet.address);
        HoldReason::UnexplainedGrowth(UnexplainedGrowth { wallet, rise, others, in_fallback })
    };
    let rises = judged().flat_map(|wallet| {
        wallet.growth.iter().flat_map(move |growth| growth.unexplained.iter().map(move |rise| (wallet, rise)))
    });
    let count = rises.clone().count();
    let largest = rises.max_by(|(_, a), (_, b)| a.units.total_cmp(&b.units));
    match largest {
        Some((wallet, rise)) => Some(hold(wallet, Some(rise.clone()), count - 1)),
        None => judged().find(|wallet| wallet.growth.is_none()).map(|wallet| hold(wallet, None, 0)),
    }
}

fn flow_figures(flow: &ValuedFlow) -> FlowFigures {
    FlowFigures {
        at: time::timestamp(flow.ts),
        effective_at: time::timestamp(flow.effective_ts),
        direction: flow.direction,
        amount: flow.amount,
        price_usd: flow.price_usd,
        usd: flow.usd,
        tx_hash: flow.tx_hash.as_deref().map(legible::line),
        mark: flow.mark,
    }
}

fn total(wallets: &[WalletFigures]) -> Result<Totals, Failure> {
    let sum = |figure: fn(&WalletFigures) -> f64| wallets.iter().map(figure).sum::<f64>();
    let totals = Totals {
        baseline_usd: sum(|wallet| wallet.baseline_usd),
        newest_usd: sum(|wallet| wallet.newest_usd),
        deposits_usd: sum(|wallet| wallet.deposits_usd),
        withdrawals_usd: sum(|wallet| wallet.withdrawals_usd),
        untagged_usd: sum(|wallet| wallet.untagged_usd),
        gain_usd: sum(|wallet| wallet.gain_usd),
        limit_usd: floor_to_cent(sum(|wallet| wallet.limit_usd)),
    };
    let Totals { baseline_usd, newest_usd, deposits_usd, withdrawals_usd, untagged_usd, gain_usd, limit_usd } = totals;
    let figures = [baseline_usd, newest_usd, deposits_usd, withdrawals_usd, untagged_usd, gain_usd, limit_usd];
    if figures.iter().all(|figure| figure.is_finite()) {
        Ok(totals)
    } else {
        Err(Failure::InvalidData(format!(
            "figures too large to add up: value {newest_usd:e} USD, deposits {deposits_usd:e} USD, \
             withdrawals {withdrawals_usd:e} USD"
        )))
    }
}

/// Rounds down to the cent. Binary arithmetic turns 0.30 into 0.29999999999995; a millionth of a cent makes up for it.
fn floor_to_cent(usd: f64) -> f64 {
    (usd * 100.0 + 1e-6).floor() / 100.0
}

/// The gate's figures over its window, or `None` where the window reaches back before what was loaded.
fn judge_window(
    rules: &Rules,
    snapshot: &Snapshot,
    gains: &Gains<'_>,
    totals: Totals,
    newest: i64,
    to: i64,
) -> Option<GateFigures> {
    let start = newest.saturating_sub(time::hours(rules.gate.lookback_hours));
    if snapshot.loaded_from.is_some_and(|loaded| start < loaded) {
        return None;
    }
    let judge = |ts: &[i64], values: &[f64], newest: f64, measured: &dyn Fn() -> Vec<f64>| {
        gate::judge(&gate::Series { ts, values, window_start: start, newest, measured }, &rules.gate)
    };
    let figures = match rules.gate.basis {
        Basis::CorrectedPosition => {
            let series = asset_series(&gains.wallets, start, newest);
            let measured = || positions_at(&gains.wallets, &series.ts);
            judge(&series.ts, &series.usd, totals.newest_usd, &measured)
        }
        Basis::ChangeRateUsd => {
            let points = AssetPrices::new(&snapshot.positions.wallets).points(start, newest);
            let newest = points.last().map_or(0.0, |point| point.price_usd);
            let (ts, prices): (Vec<i64>, Vec<f64>) =
                points.into_iter().map(|point| (point.ts, point.price_usd)).unzip();
            judge(&ts, &prices, newest, &|| prices.clone())
        }
    };
    let is_short = matches!(figures.verdict, Verdict::Insufficient { .. });
    let outlook = if is_short { outlook_of(rules, snapshot, gains, to) } else { None };
    Some(GateFigures { outlook, ..figures })
}

/// When there are points enough, by those samples of each wallet that are points of the gate's series.
fn outlook_of(rules: &Rules, snapshot: &Snapshot, gains: &Gains<'_>, to: i64) -> Option<Outlook> {
    let priced = |wallet: &WalletSeries| {
        let times = wallet.ts().iter().enumerate();
        times.filter(|(i, _)| wallet.price_usd(*i).is_some()).map(|(_, ts)| *ts).collect()
    };
    let times: Vec<Cow<'_, [i64]>> = match rules.gate.basis {
        Basis::CorrectedPosition => gains.wallets.iter().map(|wallet| Cow::Borrowed(wallet.series.ts())).collect(),
        Basis::ChangeRateUsd => snapshot.positions.wallets.iter().map(|wallet| Cow::Owned(priced(wallet))).collect(),
    };
    let times: Vec<&[i64]> = times.iter().map(AsRef::as_ref).collect();
    gate::outlook(&rules.gate, &times, to)
}

/// A wallet of whose samples too many contradict themselves, or the newest does.
fn require_consistent(positions: &Positions, zone: &TimeZone) -> Result<(), Failure> {
    let is_too_many = |found: &&Contradiction| {
        let samples = positions.wallets.iter().find(|wallet| *wallet.address() == found.wallet).map(WalletSeries::ts);
        let (count, newest) = samples.map_or((0, None), |ts| (ts.len(), ts.last()));
        newest.is_none_or(|newest| *newest <= found.ts)
            || found.count as f64 > CONTRADICTORY_MAX * (count + found.count) as f64
    };
    match positions.contradictions.iter().find(is_too_many) {
        None => Ok(()),
        Some(found) => Err(Failure::InvalidData(format!(
            "{} position rows of a wallet contradict themselves: {}; correct usd_value, underlying_units or price_usd",
            found.count,
            found.shown(zone)
        ))),
    }
}

/// Every reason to hold, in the order in which one stands for all.
fn holds(rules: &Rules, advice: &Advice, totals: Totals, incomplete: Option<HoldReason>) -> Vec<HoldReason> {
    let mut holds = Vec::new();
    let stale = advice.wallets.iter().all(|wallet| wallet.stale);
    if stale {
        let newest = advice.wallets.iter().map(|wallet| wallet.newest_at).max().unwrap_or(advice.as_of);
        let age_hours = time::hours_between(time::nanos(newest), time::nanos(advice.as_of));
        holds.push(HoldReason::StaleData { age_hours });
    }
    holds.extend(incomplete);
    holds.extend(unexplained_growth(rules, advice));
    if advice.gate_applied {
        holds.extend(advice.peg.filter(|peg| peg.off_peg).map(|peg| HoldReason::OffPeg {
            price_usd: peg.price_usd,
            deviation_bps: peg.deviation_bps,
            target_usd: peg.target_usd,
            source: peg.source,
        }));
        match &advice.gate {
            Some(gate) => holds.extend(gate_holds(gate)),
            // Where the window was not loaded, nothing judged it: that must not pass for a quiet one.
            None if !stale => {
                let needed = rules.gate.min_points;
                holds.push(HoldReason::InsufficientPoints { points: 0, needed, outlook: None });
            }
            None => {}
        }
    }
    let mismatch = advice.prices.as_ref().filter(|prices| prices.holds());
    holds.extend(mismatch.map(|prices| HoldReason::PriceMismatch { detail: prices.describe() }));
    // Stale wallets have no limit, whatever they gained.
    if totals.limit_usd < 0.01 && !stale {
        holds.push(HoldReason::NoGain { taken: taken(&advice.wallets) });
    }
    holds
}

/// What the wallets whose limits were lowered by withdrawals without a mark had gained, and what was withdrawn.
fn taken(wallets: &[WalletFigures]) -> Option<Taken> {
    let lowered = || wallets.iter().filter(|wallet| wallet.taken_usd > 0.0);
    lowered().next()?;
    Some(Taken {
        gain_usd: lowered().map(|wallet| wallet.gain_usd).sum(),
        untagged_usd: lowered().map(|wallet| wallet.untagged_usd).sum(),
    })
}

fn gate_holds(gate: &GateFigures) -> impl Iterator<Item = HoldReason> {
    let cannot_judge = gate.scattered.zip(gate.sigma).map(|(scattered, sigma)| HoldReason::CannotJudge {
        basis: gate.basis,
        sigma,
        k_sigma: gate.k_sigma,
        scattered,
    });
    let verdict = match (gate.verdict, gate.residual) {
        (Verdict::Insufficient { needed }, _) => {
            Some(HoldReason::InsufficientPoints { points: gate.points, needed, outlook: gate.outlook })
        }
        (Verdict::Triggered, Some(residual)) => {
            let unit = match gate.basis {
                Basis::CorrectedPosition => "USD",
                Basis::ChangeRateUsd => "USD per unit",
            };
            let sigmas = gate.sigma.filter(|sigma| *sigma > 0.0).map(|sigma| residual.abs() / sigma);
            Some(HoldReason::GateTriggered { residual, unit, sigmas })
        }
        (Verdict::Triggered | Verdict::Quiet, _) => None,
    };
    cannot_judge.into_iter().chain(verdict)
}
