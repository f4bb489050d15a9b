//! What may be done, since when what was gained, why, and what would change that: in sentences.
//!
//! Start at [`paragraphs`]. What would change a hold or an error is `remedy`'s to say.

use advisor_core::advice::{Advice, Totals, WalletFigures};
use advisor_core::decision::{Decision, HoldReason};
use advisor_core::gate::Verdict;
use advisor_core::price_check::{MismatchAction, Tolerance};
use advisor_core::reference::RefMode;

use super::explanation::Explanation;
use super::figures::{hundredths, number, percent, unit_of, usd};
use super::layout::{GLUE, Times, wallets};
use super::remedy;

/// The sentences, in paragraphs.
pub(super) fn paragraphs(of: &Explanation<'_>, times: &Times) -> Vec<String> {
    let Explanation { advice, .. } = of;
    match &advice.decision {
        Decision::Withdraw { limit_usd } => {
            let offering = advice.wallets.iter().filter(|wallet| wallet.limit_usd > 0.0).count();
            let from = match (offering, advice.wallets.len()) {
                (offering, all) if offering == all => wallets(all),
                (offering, all) => format!("{offering} of {}", wallets(all)),
            };
            let may = may(of, times, "may", "be withdrawn");
            let answer = format!("Up to {} {may}, from {from}.", usd(*limit_usd));
            let mut paragraphs = vec![and(answer, gained(of, times)), limited(of)];
            // Of a time that is past nothing can come any more.
            paragraphs.extend((!of.is_past).then(|| would_hold(of, times)));
            paragraphs
        }
        Decision::Hold(hold) => {
            let answer = format!("Nothing {}.", may(of, times, "may", "be withdrawn"));
            // What a wrong clock makes of the gain is nothing to rely on.
            let is_doubtful = matches!(hold.reason, HoldReason::ClockDoubt { .. });
            let gained = if is_doubtful { String::new() } else { gained(of, times) };
            let also = hold
                .also
                .iter()
                .map(|reason| and("It holds for this, too:".to_owned(), remedy::of_hold(reason, of, times)));
            let first = remedy::of_hold(&hold.reason, of, times);
            [and(answer, gained), first].into_iter().chain(also).collect()
        }
        Decision::Error(failure) => {
            let said = format!("be said of {}", advice.asset);
            let answer = format!("Nothing {}, so nothing may be withdrawn.", may(of, times, "can", &said));
            vec![and(answer, remedy::of_failure(failure, of))]
        }
    }
}

fn and(first: String, then: String) -> String {
    if then.is_empty() { first } else { format!("{first} {then}") }
}

/// What one may or can do now, or could have done then.
fn may(of: &Explanation<'_>, times: &Times, verb: &str, what: &str) -> String {
    if of.is_past {
        format!("could {what} as of {} (client.date_range.end)", times.at(of.advice.as_of))
    } else {
        format!("{verb} {what} now")
    }
}

/// What was gained, and since when; nothing where that is not known.
fn gained(Explanation { advice, rules, .. }: &Explanation<'_>, times: &Times) -> String {
    let (Some(t0), Some(Totals { gain_usd, .. })) = (advice.t0, advice.totals) else { return String::new() };
    let since = match (advice.ref_mode, rules.range_start) {
        (RefMode::Keyword, _) => "the newest withdrawal that is tagged as the reference",
        (_, Some(_)) => "client.date_range.start, as no withdrawal is tagged as the reference",
        (_, None) => "the first sample, as no withdrawal is tagged as the reference",
    };
    let what = if gain_usd < 0.0 { "lost" } else { "gained" };
    let whose = match advice.wallets.len() {
        1 => "its wallet".to_owned(),
        count => format!("its {}", wallets(count)),
    };
    let much = if gain_usd.abs() < 0.005 { "less than a cent".to_owned() } else { usd(gain_usd.abs()) };
    format!("Since {}, {since}, {whose} {what} {much}, deposits and withdrawals left out.", times.at(t0))
}

/// What keeps the amount from being larger.
fn limited(Explanation { advice, .. }: &Explanation<'_>) -> String {
    let c = advice.safety_factor;
    let mut limits = vec![if c < 1.0 {
        format!(
            "What limits the amount: {} of the gain of each wallet (orchestrator.safety_factor.c), rounded down to \
             the cent",
            number(c)
        )
    } else {
        "What limits the amount: the gain of each wallet, rounded down to the cent".to_owned()
    }];
    let count = |is: fn(&&WalletFigures) -> bool| advice.wallets.iter().filter(is).count();
    let taken: Vec<&WalletFigures> = advice.wallets.iter().filter(|wallet| wallet.taken_usd > 0.0).collect();
    if !taken.is_empty() {
        let [untagged, lowered] = [
            taken.iter().map(|wallet| wallet.untagged_usd).sum::<f64>(),
            taken.iter().map(|wallet| wallet.taken_usd).sum::<f64>(),
        ];
        limits.push(format!(
            "{} withdrawn without a tag from {}, which may have been gain, lower it by {}: tag what was gain as the \
             reference, and mark what was not as principal (`alert-orchestrator tag`)",
            usd(untagged),
            wallets(taken.len()),
            usd(lowered)
        ));
    }
    let emptied =
        count(|wallet| !wallet.stale && wallet.limit_usd > 0.0 && (wallet.newest_usd - wallet.limit_usd) < 0.01);
    if emptied > 0 {
        limits.push(format!("{} can give no more than it holds", wallets(emptied)));
    }
    let without = count(|wallet| !wallet.stale && wallet.gain_usd <= 0.0);
    if without > 0 {
        limits.push(format!("{} gained nothing", wallets(without)));
    }
    let stale = count(|wallet| wallet.stale);
    if stale > 0 {
        limits.push(format!("{} with a newest sample that is too old give nothing", wallets(stale)));
    }
    limits.join("; ") + "."
}

/// What would make it hold: each rule that could, with how far it is from that.
fn would_hold(Explanation { advice, rules, .. }: &Explanation<'_>, times: &Times) -> String {
    let mut rest = gate_would(advice);
    if let Some(peg) = advice.peg.filter(|_| advice.gate_applied) {
        rest.push(format!(
            "a price is more than {}{GLUE}bps from {} (the furthest is {}{GLUE}bps away)",
            number(peg.max_deviation_bps),
            usd(peg.target_usd),
            hundredths(peg.deviation_bps)
        ));
    }
    if let Some(prices) = advice.prices.as_ref().filter(|prices| prices.action == MismatchAction::Hold) {
        let apart = match prices.tolerance {
            Tolerance::Relative(share) => format!("{}{GLUE}%", percent(share)),
            Tolerance::Absolute(usd_apart) => format!("{}{GLUE}USD", number(usd_apart)),
        };
        let are =
            prices.delta_rel.map_or(String::new(), |share| format!(" (they are {}{GLUE}% apart)", percent(share)));
        rest.push(format!("the sources of prices differ by more than {apart}{are}"));
    }
    if let (Some(hours), Some(t1)) = (rules.max_sample_age_hours, advice.t1) {
        let hours = number(hours);
        rest.push(format!("no sample comes for {hours}{GLUE}h (client.max_sample_age_hours) after {}", times.at(t1)));
    }
    if let Some(apy) = rules.max_supply_apy {
        let apy = percent(apy);
        rest.push(format!(
            "a wallet grows by more than its known deposits and interest of {apy}{GLUE}% a year \
             (client.transactions.max_supply_apy)"
        ));
    }
    if rules.coverage.is_some() {
        rest.push("a wallet's transactions cannot be pulled".to_owned());
    }
    rest.push("nothing is left of the gain".to_owned());
    format!("It will hold as soon as {}.", either(&rest))
}

/// How far the newest point is from tripping the gate.
fn gate_would(advice: &Advice) -> Vec<String> {
    let gate = advice.gate.as_ref().filter(|gate| advice.gate_applied && gate.verdict == Verdict::Quiet);
    let figures = gate.and_then(|gate| gate.trigger_distance().zip(gate.residual));
    gate.zip(figures).map_or_else(Vec::new, |(gate, (distance, residual))| {
        let ([distance, residual], unit) = ([distance, residual.abs()].map(number), unit_of(gate.basis));
        vec![format!("the newest point is more than {distance}{GLUE}{unit} off its trend (it is {residual})")]
    })
}

/// One of several, in words.
fn either(cases: &[String]) -> String {
    match cases {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{}, or {last}", first.join(", ")),
    }
}
