//! The arithmetic of each wallet, the ones that matter most first.
//!
//! Start at [`steps`]. Beyond ten wallets the rest are one line, with their sums.

use std::cmp::Ordering;

use advisor_core::advice::{FlowFigures, GrowthFigures, RiseFigures, WalletFigures};
use advisor_core::decision::{Decision, FlowsIncomplete, HoldReason};
use advisor_core::flow::Direction;
use advisor_core::rules::Mark;

use super::explanation::{Explanation, Wallets};
use super::figures::{cents, number, units, usd};
use super::layout::{GLUE, Sheet, Times, wallets};
use crate::decisions::abbreviate;

/// More than this are folded.
const SHOWN_MAX: usize = 10;

pub(super) fn steps(sheet: &mut Sheet, times: &Times, of: &Explanation<'_>) {
    let is_wanted = |wallet: &&WalletFigures| match of.wallets {
        Wallets::One(address) => &*wallet.address == address,
        Wallets::Most | Wallets::All => true,
    };
    let mut sorted: Vec<&WalletFigures> = of.advice.wallets.iter().filter(is_wanted).collect();
    // The sort is stable: wallets that matter alike stay in the order of their addresses.
    let weight = |wallet| weight(wallet, &of.advice.decision);
    sorted.sort_by(|a, b| weight(b).partial_cmp(&weight(a)).unwrap_or(Ordering::Equal));
    let shown = if of.wallets == Wallets::Most { SHOWN_MAX.min(sorted.len()) } else { sorted.len() };
    let (shown, folded) = sorted.split_at(shown);
    shown.iter().for_each(|wallet| wallet_steps(sheet, times, wallet, of.advice.safety_factor));
    if !folded.is_empty() {
        let sum = |figure: fn(&WalletFigures) -> f64| folded.iter().map(|wallet| figure(wallet)).sum::<f64>();
        let (gain, limit) = (sum(|wallet| wallet.gain_usd), sum(|wallet| wallet.limit_usd));
        let text = format!(
            "{} more, together worth {}, with a gain of {} and limits of {}; --all shows them",
            wallets(folded.len()),
            usd(sum(|wallet| wallet.newest_usd)),
            usd(gain),
            usd(limit)
        );
        sheet.step("wallets", &text);
    }
}

/// How much a wallet matters: those that hold the asset most, then by what may be withdrawn of them, then by what they
/// gained; a stale one least, as it gives and holds nothing.
fn weight(wallet: &WalletFigures, decision: &Decision) -> (bool, bool, f64, bool, f64) {
    let reasons = || match decision {
        Decision::Hold(hold) => Some(&hold.reason).into_iter().chain(&hold.also),
        Decision::Withdraw { .. } | Decision::Error(_) => None.into_iter().chain(&[]),
    };
    let is_named = reasons().any(|reason| match reason {
        HoldReason::UnexplainedGrowth(growth) => *growth.wallet == *wallet.address,
        HoldReason::FlowsIncomplete(FlowsIncomplete::NotPulled(not_pulled)) => *not_pulled.wallet == *wallet.address,
        _ => false,
    });
    let has_risen = wallet.growth.as_ref().is_some_and(|growth| !growth.unexplained.is_empty());
    let holds = !wallet.stale
        && reasons().any(|reason| match reason {
            HoldReason::UnexplainedGrowth(_) => has_risen,
            HoldReason::NoGain { taken: Some(_) } => wallet.taken_usd > 0.0,
            _ => false,
        });
    (is_named, holds, wallet.limit_usd, !wallet.stale, wallet.gain_usd.abs())
}

fn wallet_steps(sheet: &mut Sheet, times: &Times, wallet: &WalletFigures, safety_factor: f64) {
    let WalletFigures { baseline_usd, newest_usd, deposits_usd, withdrawals_usd, gain_usd, .. } = wallet;
    sheet.step("wallet", &abbreviate(&wallet.address));
    sheet.step("  baseline", &format!("V(b) = {} at {}", usd(*baseline_usd), times.at(wallet.baseline_at)));
    sheet.step("  newest", &format!("V(e) = {} at {}", usd(*newest_usd), times.at(wallet.newest_at)));
    wallet.flows.iter().for_each(|flow| flow_step(sheet, times, flow));
    let sum = gain_sum([*newest_usd, *baseline_usd, *deposits_usd, *withdrawals_usd, *gain_usd]);
    let gain = format!("G = V(e) - V(b) - deposits + withdrawals\n= {sum}");
    sheet.step("  gain", &gain);
    if wallet.untagged_usd > 0.0 {
        let text = format!("U = {} withdrawn without a tag: it may have been gain", usd(wallet.untagged_usd));
        sheet.step("  taken", &text);
    }
    if let Some(growth) = &wallet.growth {
        growth_steps(sheet, times, growth);
    }
    limit_step(sheet, wallet, safety_factor);
}

/// Newest less baseline less deposits plus withdrawals, and what comes out.
pub(super) fn gain_sum(terms: [f64; 5]) -> String {
    let [newest, baseline, deposits, withdrawals, gain] = terms.map(cents);
    format!("{newest} - {baseline} - {deposits} + {withdrawals} = {gain}{GLUE}USD")
}

fn limit_step(sheet: &mut Sheet, wallet: &WalletFigures, safety_factor: f64) {
    let WalletFigures { newest_usd, gain_usd, untagged_usd, limit_usd, .. } = wallet;
    if wallet.stale {
        sheet.step("  limit", "0.00 USD: the newest sample is too old");
        return;
    }
    let [gain, left, newest] = [gain_usd.max(0.0), (gain_usd - untagged_usd).max(0.0), *newest_usd].map(cents);
    let text = format!(
        "min(c * max(0, G), max(0, G - U), V(e))\n= min({} * {gain}, {left}, {newest}) = {}",
        number(safety_factor),
        usd(*limit_usd)
    );
    sheet.step("  limit", &text);
}

/// Every rise that nothing explains, else the largest one and what explains it.
fn growth_steps(sheet: &mut Sheet, times: &Times, growth: &GrowthFigures) {
    growth.unexplained.iter().for_each(|rise| rise_step(sheet, times, rise, true));
    match &growth.largest {
        Some(largest) if growth.unexplained.is_empty() => {
            rise_step(sheet, times, largest, false);
        }
        Some(_) => {}
        None if growth.unexplained.is_empty() => sheet.step("  rise", "none beside the flows"),
        None => {}
    }
    for at in &growth.taken_back {
        sheet.step("  rise", &format!("at {}: taken back later, so it counts for nothing", times.at(*at)));
    }
    let grown = growth.grown_units;
    let sign = if grown < 0.0 { "" } else { "+" };
    sheet.step("  growth", &format!("{sign}{}{GLUE}units since the baseline, flows left out", units(grown)));
}

fn rise_step(sheet: &mut Sheet, times: &Times, rise: &RiseFigures, is_unexplained: bool) {
    let (before_at, at) = (times.at(rise.before_at), times.at(rise.at));
    let (risen, limit) = (units(rise.units), units(rise.limit_units));
    let verdict = if is_unexplained {
        format!("UNEXPLAINED: interest explains {limit} at most")
    } else {
        format!("the largest, and interest explains up to {limit}")
    };
    sheet.step("  rise", &format!("{risen}{GLUE}units between {before_at} and {at}: {verdict}"));
}

fn flow_step(sheet: &mut Sheet, times: &Times, flow: &FlowFigures) {
    let name = match flow.direction {
        Direction::Deposit => "  deposit",
        Direction::Withdrawal => "  withdraw",
    };
    let mut text = match flow.price_usd {
        Some(price) => format!("{}{GLUE}units * {}{GLUE}USD = {}", units(flow.amount), number(price), usd(flow.usd)),
        None => usd(flow.usd),
    };
    text += &format!(" at {}", times.at(flow.at));
    if flow.effective_at != flow.at {
        text += &format!(", counted at {}", times.at(flow.effective_at));
    }
    text += match flow.mark {
        Some(Mark::Reference) => ", tagged as the reference",
        Some(Mark::Principal) => ", marked as principal",
        None => "",
    };
    if let Some(hash) = &flow.tx_hash {
        text += &format!(", tx{GLUE}{hash}");
    }
    sheet.step(name, &text);
}
