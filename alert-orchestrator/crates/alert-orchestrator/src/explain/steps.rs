//! The arithmetic of the asset: its reference and sums, peg, gate and prices.
//!
//! Start at [`reference`], which is before the wallets, and [`rest`], which is after them.

use advisor_core::advice::{Advice, Totals};
use advisor_core::gate::{FitFigures, GateFigures, Scattered, Verdict};
use advisor_core::peg::PegFigures;
use advisor_core::price_check::{LogicalPrice, PriceFigure, PriceFigures, Tolerance};
use advisor_core::rules::{Baseline, Basis};

use super::figures::{apart, cents, hundredths, number, percent, prices, unit_of, usd, value_of};
use super::layout::{GLUE, Sheet, Times};
use super::wallets::gain_sum;

/// When it was evaluated, and since when gains count.
pub(super) fn reference(sheet: &mut Sheet, times: &Times, advice: &Advice) {
    let rounded = "figures are rounded: a sum may differ in its last digit";
    sheet.step("as of", &format!("{}; {}; {rounded}", times.at(advice.as_of), times.zone(advice.as_of)));
    let why = advice.reference.as_ref().map(|why| format!("\n{why}")).unwrap_or_default();
    let text = match advice.t0 {
        Some(t0) => format!("t0 = {} ({}){why}", times.at(t0), advice.ref_mode),
        None => format!("none{why}"),
    };
    sheet.step("reference", &text);
    if let Some(t1) = advice.t1 {
        sheet.step("newest", &format!("t1 = {}", times.at(t1)));
    }
}

/// Everything else.
pub(super) fn rest(sheet: &mut Sheet, times: &Times, advice: &Advice) {
    if let Some(totals) = &advice.totals {
        totals_steps(sheet, totals, advice.growth_per_year);
    }
    if let Some(peg) = &advice.peg {
        peg_step(sheet, peg);
    }
    if let Some(gate) = &advice.gate {
        gate_steps(sheet, times, gate, advice.gate_applied);
    }
    if let Some(prices) = &advice.prices {
        price_steps(sheet, prices);
    }
    advice.warnings.iter().for_each(|warning| sheet.step("warning", warning));
}

fn totals_steps(sheet: &mut Sheet, totals: &Totals, growth_per_year: Option<f64>) {
    let Totals { baseline_usd, newest_usd, deposits_usd, withdrawals_usd, gain_usd, limit_usd, .. } = totals;
    sheet.step("asset", "sums over all wallets");
    let sum = gain_sum([*newest_usd, *baseline_usd, *deposits_usd, *withdrawals_usd, *gain_usd]);
    sheet.step("  gain", &format!("G = {sum}"));
    let limit = format!("{}, the sum of the wallets' limits, before anything holds", usd(*limit_usd));
    sheet.step("  limit", &limit);
    if let Some(yearly) = growth_per_year {
        sheet.step("  growth", &format!("{}{GLUE}% a year on the units held", hundredths(yearly * 100.0)));
    }
}

fn peg_step(sheet: &mut Sheet, peg: &PegFigures) {
    let text = format!(
        "price {}{GLUE}USD ({}), target {}{GLUE}USD: {}{GLUE}bps away, allowed {}: {}",
        number(peg.price_usd),
        peg.source.in_words(),
        number(peg.target_usd),
        hundredths(peg.deviation_bps),
        number(peg.max_deviation_bps),
        if peg.off_peg { "off peg" } else { "on peg" }
    );
    sheet.step("peg", &text);
}

fn price_steps(sheet: &mut Sheet, figures: &PriceFigures) {
    sheet.step("prices", "");
    let mut source = |name: &str, text: &str| {
        let column = format!("{name:18}").replace(' ', &GLUE.to_string());
        sheet.step("", &format!("{column} {text}"));
    };
    let first = figures.by_source.iter().position(|figure| figure.delta_abs.is_some());
    for (i, PriceFigure { price, delta_abs, delta_rel }) in figures.by_source.iter().enumerate() {
        let beside = match delta_abs.zip(*delta_rel) {
            Some(_) if first == Some(i) => String::new(),
            Some((abs, rel)) => {
                format!(", {}{GLUE}USD ({:+.4}{GLUE}%) beside the first", apart(abs), rel * 100.0)
            }
            None => ", not compared".to_owned(),
        };
        source(price.source.in_words(), &format!("{}{GLUE}USD{beside}", number(price.price_usd)));
    }
    figures.missing.iter().for_each(|missing| source(missing.in_words(), "no price"));
    let (Some(delta_abs), Some(delta_rel), Some(mismatch)) = (figures.delta_abs, figures.delta_rel, figures.mismatch)
    else {
        return sheet.step("  verdict", "fewer than two sources have a price: nothing to compare");
    };
    let compared: Vec<String> = figures.logical.iter().map(compared).collect();
    let tolerance = match figures.tolerance {
        Tolerance::Relative(tolerance) => format!("{}{GLUE}%", percent(tolerance)),
        Tolerance::Absolute(tolerance) => format!("{}{GLUE}USD", number(tolerance)),
    };
    sheet.step("  compared", &compared.join(", "));
    let (delta_abs, delta_rel) = (number(delta_abs), percent(delta_rel));
    sheet.step("  apart", &format!("{delta_abs}{GLUE}USD ({delta_rel}{GLUE}%), tolerance {tolerance}"));
    let verdict = if mismatch { "MISMATCH" } else { "agree" };
    let (times, needed) = (figures.mismatches_in_a_row, figures.persistence_threshold.max(1));
    sheet.step("  verdict", &format!("{verdict}, {times} in a row (it takes {needed})"));
}

fn compared(price: &LogicalPrice) -> String {
    let (source, from) = (price.source.name(), price.from.in_words());
    if source == from { source.to_owned() } else { format!("{source} from {from}") }
}

fn gate_steps(sheet: &mut Sheet, times: &Times, gate: &GateFigures, applied: bool) {
    let unit = unit_of(gate.basis);
    let series = match gate.basis {
        Basis::CorrectedPosition => "corrected position",
        Basis::ChangeRateUsd => "price",
    };
    let points = format!("{} points of the {series} since {}", gate.points, times.at(gate.window_start));
    sheet.step("gate", &points);
    if let Some(fit) = &gate.fit {
        fit_step(sheet, times, fit, gate.baseline);
    }
    if let (Some(residual), Some(newest)) = (gate.residual, gate.newest_value) {
        let terms = [newest, newest - residual, residual];
        let [newest, fitted, residual] = match gate.basis {
            Basis::CorrectedPosition => terms.map(cents),
            Basis::ChangeRateUsd => prices(terms),
        };
        sheet.step("  residual", &format!("r(t1) = {newest} - {fitted} = {residual}{GLUE}{unit}"));
    }
    if let (Some(sigma), Some(band)) = (gate.sigma, gate.k_times_sigma) {
        let [k, sigma, band] = [gate.k_sigma, sigma, band].map(number);
        sheet.step("  sigma", &format!("{sigma}{GLUE}{unit}; k * sigma = {k} * {sigma} = {band}{GLUE}{unit}"));
    }
    let interval = gate.interval.map(|interval| interval.map(number));
    if let Some([low, high]) = &interval {
        sheet.step("  interval", &format!("{low} to {high}{GLUE}{unit}"));
    }
    if let (Some(threshold), Some(floor)) = (gate.threshold, gate.bps_floor) {
        let [threshold, floor, epsilon] = [threshold, floor, gate.epsilon_floor].map(number);
        let outside = if interval.is_some() { "outside the interval, and " } else { "" };
        let floors = format!("(floors: {epsilon} by sigma_epsilon, {floor} by min_residual_bps)");
        sheet.step("  trips", &format!("{outside}above {threshold}{GLUE}{unit} {floors}"));
    }
    if let Some(scattered) = gate.scattered {
        scatter_step(sheet, times, scattered, gate);
    }
    let verdict = match gate.verdict {
        Verdict::Quiet if gate.scattered.is_some() => "cannot judge".to_owned(),
        Verdict::Quiet => "quiet".to_owned(),
        Verdict::Triggered => "TRIGGERED".to_owned(),
        Verdict::Insufficient { needed } => format!("too few points to judge ({} < {needed})", gate.points),
    };
    let applied = if applied { "" } else { ", shown only: the gate is not applied to this asset" };
    sheet.step("  verdict", &format!("{verdict}{applied}"));
}

fn scatter_step(sheet: &mut Sheet, times: &Times, scattered: Scattered, gate: &GateFigures) {
    let (unit, band) = (unit_of(gate.basis), gate.k_times_sigma.unwrap_or_default());
    let value = |value| value_of(gate.basis, value);
    let Scattered { largest, max_band_bps, furthest } = scattered;
    let text = format!(
        "k * sigma / largest = {} / {} = {}{GLUE}bps, max_band_bps {}: too much to judge by\n\
         the furthest sample is {}{GLUE}{unit} at {}, beside {}",
        number(band),
        value(largest),
        hundredths(band / largest * 1e4),
        number(max_band_bps),
        value(furthest.value),
        times.at(furthest.at),
        value(furthest.neighbours)
    );
    sheet.step("  scatter", &text);
}

fn fit_step(sheet: &mut Sheet, times: &Times, fit: &FitFigures, baseline: Baseline) {
    let name = match baseline {
        Baseline::Polynomial(order) => format!("polynomial of order {order}"),
        Baseline::Median => "median".to_owned(),
    };
    let terms = fit.coefficients.iter().enumerate().map(|(power, coefficient)| {
        let sign = if coefficient.is_sign_negative() { "-" } else { "+" };
        match power {
            0 => number(*coefficient),
            1 => format!("{sign}{GLUE}{}*u", number(coefficient.abs())),
            _ => format!("{sign}{GLUE}{}*u^{power}", number(coefficient.abs())),
        }
    });
    let mut text = format!("{name} = {}", terms.collect::<Vec<_>>().join(" "));
    if let Baseline::Polynomial(_) = baseline {
        text += &format!("\nu = (t - {}) / {}{GLUE}s", times.at(fit.centre), number(fit.scale_seconds));
    }
    sheet.step("  fit", &text);
}
