//! An advice step by step, for a person who wants to redo it by hand.
//!
//! Start at [`write_steps`]. Nothing is computed here: every figure is the one the decision was made with.

use std::io::{self, Write};

use advisor_core::advice::{Advice, FlowFigures, GrowthFigures, RiseFigures, Totals, WalletFigures};
use advisor_core::decision::Decision;
use advisor_core::flow::Direction;
use advisor_core::gate::{FitFigures, GateFigures, Outlier, Scattered, Verdict};
use advisor_core::peg::PegFigures;
use advisor_core::price_check::{LogicalPrice, PriceFigure, PriceFigures, Tolerance};
use advisor_core::rules::{Baseline, Basis, Mark};

/// Leaves out all wallets but one.
///
/// # Errors
/// A sentence that names the wallets there are.
pub(crate) fn keep_wallet(advice: &mut Advice, wallet: &str) -> Result<(), String> {
    let Some(i) = advice.wallets.iter().position(|figures| &*figures.address == wallet) else {
        let known: Vec<&str> = advice.wallets.iter().map(|figures| &*figures.address).collect();
        return Err(format!(
            "wallet {wallet:?} has no figures for {}; wallets that have: {}",
            advice.asset,
            known.join(", ")
        ));
    };
    advice.wallets = vec![advice.wallets.swap_remove(i)];
    Ok(())
}

/// Writes the steps of an advice.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_steps(out: &mut impl Write, advice: &Advice) -> io::Result<()> {
    decision(out, advice)?;
    reference(out, advice)?;
    for wallet in &advice.wallets {
        wallet_steps(out, wallet, advice.safety_factor)?;
    }
    if let Some(totals) = &advice.totals {
        totals_steps(out, totals, advice.growth_per_year)?;
    }
    if let Some(peg) = &advice.peg {
        peg_steps(out, peg)?;
    }
    if let Some(gate) = &advice.gate {
        gate_steps(out, gate, advice.gate_applied)?;
    }
    if let Some(prices) = &advice.prices {
        price_steps(out, prices)?;
    }
    for warning in &advice.warnings {
        writeln!(out, "warning    {warning}")?;
    }
    Ok(())
}

fn decision(out: &mut impl Write, advice: &Advice) -> io::Result<()> {
    let because = || advice.decision.reason().map(|reason| reason.message).unwrap_or_default();
    let answer = match &advice.decision {
        Decision::Withdraw { limit_usd } => format!("WITHDRAW_OK, up to {limit_usd:.2} USD"),
        Decision::Hold(_) => format!("HOLD: {}", because()),
        Decision::Error(_) => format!("ERROR: {}", because()),
    };
    writeln!(out, "{}: {answer}", advice.asset)?;
    writeln!(out, "as of      {}", advice.as_of)
}

fn reference(out: &mut impl Write, advice: &Advice) -> io::Result<()> {
    match advice.t0 {
        Some(t0) => writeln!(out, "reference  t0 = {t0} ({})", advice.ref_mode)?,
        None => writeln!(out, "reference  none")?,
    }
    if let Some(why) = &advice.reference {
        writeln!(out, "           {why}")?;
    }
    if let Some(t1) = advice.t1 {
        writeln!(out, "newest     t1 = {t1}")?;
    }
    Ok(())
}

fn wallet_steps(out: &mut impl Write, wallet: &WalletFigures, safety_factor: f64) -> io::Result<()> {
    let WalletFigures {
        baseline_usd,
        newest_usd,
        deposits_usd,
        withdrawals_usd,
        untagged_usd,
        gain_usd,
        limit_usd,
        ..
    } = wallet;
    writeln!(out, "wallet     {}", wallet.address)?;
    writeln!(out, "  baseline V(b) = {baseline_usd:.4} USD at {}", wallet.baseline_at)?;
    writeln!(out, "  newest   V(e) = {newest_usd:.4} USD at {}", wallet.newest_at)?;
    wallet.flows.iter().try_for_each(|flow| flow_step(out, flow))?;
    writeln!(
        out,
        "  gain     G = V(e) - V(b) - deposits + withdrawals = \
         {newest_usd:.4} - {baseline_usd:.4} - {deposits_usd:.4} + {withdrawals_usd:.4} = {gain_usd:.4} USD"
    )?;
    if *untagged_usd > 0.0 {
        writeln!(out, "  taken    U = withdrawals without a tag = {untagged_usd:.4} USD: they may have been gain")?;
    }
    if let Some(growth) = &wallet.growth {
        growth_steps(out, growth)?;
    }
    if wallet.stale {
        writeln!(out, "  limit    0.00 USD: the newest sample is too old")
    } else {
        writeln!(
            out,
            "  limit    min(c * max(0, G), max(0, G - U), V(e)) = min({safety_factor} * {:.4}, {:.4}, {newest_usd:.4}) = \
             {limit_usd:.2} USD",
            gain_usd.max(0.0),
            (gain_usd - untagged_usd).max(0.0)
        )
    }
}

/// Every rise that nothing explains, else the largest one and what explains it.
fn growth_steps(out: &mut impl Write, growth: &GrowthFigures) -> io::Result<()> {
    growth.unexplained.iter().try_for_each(|rise| rise_step(out, rise, "UNEXPLAINED"))?;
    match &growth.largest {
        Some(largest) if growth.unexplained.is_empty() => {
            rise_step(out, largest, "explained, and the largest there is")?;
        }
        Some(_) => {}
        None => writeln!(out, "  rise     none beside the flows")?,
    }
    growth
        .taken_back
        .iter()
        .try_for_each(|at| writeln!(out, "  rise     at {at}: taken back later, so it counts for nothing"))?;
    writeln!(out, "  growth   {:+.6} units since the baseline, flows left out", growth.grown_units)
}

fn rise_step(out: &mut impl Write, rise: &RiseFigures, verdict: &str) -> io::Result<()> {
    let RiseFigures { before_at, at, units, limit_units, .. } = rise;
    writeln!(
        out,
        "  rise     {units:.6} units between {before_at} and {at}, interest up to {limit_units:.6}: {verdict}"
    )
}

fn flow_step(out: &mut impl Write, flow: &FlowFigures) -> io::Result<()> {
    let name = match flow.direction {
        Direction::Deposit => "deposit ",
        Direction::Withdrawal => "withdraw",
    };
    match flow.price_usd {
        Some(price) => {
            write!(out, "  {name} {} units * {price:.6} USD = {:.4} USD at {}", flow.amount, flow.usd, flow.at)?
        }
        None => write!(out, "  {name} {:.4} USD at {}", flow.usd, flow.at)?,
    }
    if flow.effective_at != flow.at {
        write!(out, ", counted at {}", flow.effective_at)?;
    }
    flow.tx_hash.as_ref().map_or(Ok(()), |hash| write!(out, ", tx {hash}"))?;
    flow.mark.map_or(Ok(()), |mark| write!(out, ", {}", marked(mark)))?;
    writeln!(out)
}

fn marked(mark: Mark) -> &'static str {
    match mark {
        Mark::Reference => "tagged as the reference",
        Mark::Principal => "marked as principal",
    }
}

fn totals_steps(out: &mut impl Write, totals: &Totals, growth_per_year: Option<f64>) -> io::Result<()> {
    let Totals { baseline_usd, newest_usd, deposits_usd, withdrawals_usd, gain_usd, limit_usd, .. } = totals;
    writeln!(out, "asset      sums over all wallets")?;
    writeln!(
        out,
        "  gain     G = {newest_usd:.4} - {baseline_usd:.4} - {deposits_usd:.4} + {withdrawals_usd:.4} = {gain_usd:.4} USD"
    )?;
    writeln!(out, "  limit    {limit_usd:.2} USD, the sum of the wallets' limits, before anything holds")?;
    match growth_per_year {
        Some(yearly) => writeln!(out, "  growth   {:.2} % a year on the units held", yearly * 100.0),
        None => Ok(()),
    }
}

fn peg_steps(out: &mut impl Write, peg: &PegFigures) -> io::Result<()> {
    let verdict = if peg.off_peg { "off peg" } else { "on peg" };
    writeln!(
        out,
        "peg        price {:.6} USD ({}), target {:?} USD: {:.1} bps away, allowed {}: {verdict}",
        peg.price_usd,
        peg.source.in_words(),
        peg.target_usd,
        peg.deviation_bps,
        peg.max_deviation_bps
    )
}

fn price_steps(out: &mut impl Write, prices: &PriceFigures) -> io::Result<()> {
    writeln!(out, "prices")?;
    for PriceFigure { price, delta_abs, delta_rel } in &prices.by_source {
        write!(out, "  {:18} {:.6} USD", price.source.in_words(), price.price_usd)?;
        match delta_abs.zip(*delta_rel) {
            Some((abs, rel)) => writeln!(out, ", {abs:+.6} USD ({:+.4} %) beside the first", rel * 100.0)?,
            None => writeln!(out, ", not compared")?,
        }
    }
    prices.missing.iter().try_for_each(|source| writeln!(out, "  {:18} no price", source.in_words()))?;
    let (Some(delta_abs), Some(delta_rel), Some(mismatch)) = (prices.delta_abs, prices.delta_rel, prices.mismatch)
    else {
        return writeln!(out, "  verdict  fewer than two sources have a price: nothing to compare");
    };
    let compared: Vec<String> = prices.logical.iter().map(compared).collect();
    let tolerance = match prices.tolerance {
        // 100 · 0.007 is 0.7000000000000001.
        Tolerance::Relative(tolerance) => format!("{} %", (tolerance * 1e8).round() / 1e6),
        Tolerance::Absolute(tolerance) => format!("{tolerance} USD"),
    };
    writeln!(out, "  compared {}", compared.join(", "))?;
    writeln!(out, "  apart    {delta_abs:.6} USD ({:.4} %), tolerance {tolerance}", delta_rel * 100.0)?;
    let verdict = if mismatch { "MISMATCH" } else { "agree" };
    let (times, needed) = (prices.mismatches_in_a_row, prices.persistence_threshold.max(1));
    writeln!(out, "  verdict  {verdict}, {times} in a row (it takes {needed})")
}

fn compared(price: &LogicalPrice) -> String {
    let (source, from) = (price.source.name(), price.from.in_words());
    if source == from { source.to_owned() } else { format!("{source} from {from}") }
}

fn gate_steps(out: &mut impl Write, gate: &GateFigures, applied: bool) -> io::Result<()> {
    let (series, unit) = match gate.basis {
        Basis::CorrectedPosition => ("corrected position", "USD"),
        Basis::ChangeRateUsd => ("price", "USD per unit"),
    };
    writeln!(out, "gate       {} points of the {series} since {}", gate.points, gate.window_start)?;
    if let Some(fit) = &gate.fit {
        fit_steps(out, fit, gate.baseline)?;
    }
    if let (Some(residual), Some(newest)) = (gate.residual, gate.newest_value) {
        writeln!(out, "  residual r(t1) = {newest:.6} - {:.6} = {residual:.6} {unit}", newest - residual)?;
    }
    if let (Some(sigma), Some(band)) = (gate.sigma, gate.k_times_sigma) {
        writeln!(out, "  sigma    {sigma:.6} {unit}; k * sigma = {} * {sigma:.6} = {band:.6} {unit}", gate.k_sigma)?;
    }
    if let Some([low, high]) = gate.interval {
        writeln!(out, "  interval {low:.6} to {high:.6} {unit}")?;
    }
    if let (Some(threshold), Some(floor)) = (gate.threshold, gate.bps_floor) {
        writeln!(
            out,
            "  trips    above {threshold:.6} {unit} (floors: sigma_epsilon {:e}, min_residual_bps {floor:.6})",
            gate.epsilon_floor
        )?;
    }
    let verdict = match gate.verdict {
        Verdict::Quiet if gate.scattered.is_some() => "cannot judge".to_owned(),
        Verdict::Quiet => "quiet".to_owned(),
        Verdict::Triggered => "TRIGGERED".to_owned(),
        Verdict::Insufficient { needed } => format!("too few points to judge ({} < {needed})", gate.points),
    };
    if let Some(scattered) = gate.scattered {
        scatter_steps(out, scattered, gate.k_times_sigma.unwrap_or_default(), unit)?;
    }
    let applied = if applied { "" } else { ", shown only: the gate is not applied to this asset" };
    writeln!(out, "  verdict  {verdict}{applied}")
}

fn scatter_steps(out: &mut impl Write, scattered: Scattered, band: f64, unit: &str) -> io::Result<()> {
    let Scattered { largest, max_band_bps, furthest: Outlier { at, value, neighbours } } = scattered;
    writeln!(
        out,
        "  scatter  k * sigma / largest = {band:.6} / {largest:.6} = {:.1} bps, max_band_bps {max_band_bps}: too much to judge by",
        band / largest * 1e4
    )?;
    writeln!(out, "           the furthest sample is {value:.6} {unit} at {at}, beside {neighbours:.6}")
}

fn fit_steps(out: &mut impl Write, fit: &FitFigures, baseline: Baseline) -> io::Result<()> {
    let name = match baseline {
        Baseline::Polynomial(order) => format!("polynomial of order {order}"),
        Baseline::Median => "median".to_owned(),
    };
    write!(out, "  fit      {name} =")?;
    for (power, coefficient) in fit.coefficients.iter().enumerate() {
        let sign = if coefficient.is_sign_negative() { "-" } else { "+" };
        match power {
            0 => write!(out, " {coefficient}")?,
            1 => write!(out, " {sign} {}*u", coefficient.abs())?,
            _ => write!(out, " {sign} {}*u^{power}", coefficient.abs())?,
        }
    }
    writeln!(out)?;
    match baseline {
        Baseline::Polynomial(_) => writeln!(out, "           u = (t - {}) / {} s", fit.centre, fit.scale_seconds),
        Baseline::Median => Ok(()),
    }
}
