//! Why is an asset held or in error, and what would change that? For each reason what an operator can do, or wait for.
//!
//! Start at [`of_hold`] and [`of_failure`]. The guide's troubleshooting has more on each.

use advisor_core::advice::RiseFigures;
use advisor_core::decision::{
    Decision, Failure, FlowsIncomplete, HoldReason, NotPulled, Taken, UnexplainedGrowth, UnknownWallet,
};
use advisor_core::gate::Scattered;
use advisor_core::store::StoreError;

use super::explanation::Explanation;
use super::layout::{GLUE, Times, number, of_basis, percent, units, usd, wallets};
use crate::decisions::abbreviate;

/// The rule that holds, with its figures, and the way out.
pub(super) fn of_hold(reason: &HoldReason, of: &Explanation<'_>, times: &Times) -> String {
    let Explanation { advice, rules, .. } = of;
    let asset = &advice.asset;
    match reason {
        HoldReason::ClockDoubt { newest, now, .. } => format!(
            "The newest sample is of {}, and this machine's time is {}: one of the two clocks is wrong, and every \
             figure with it. Set the clock that is wrong; where samples are stamped with the end of their hour or \
             day, raise client.max_clock_skew_minutes.",
            times.at(*newest),
            times.at(*now)
        ),
        HoldReason::NoReference { .. } => format!(
            "Nothing says since when gains count. Tag a withdrawal (`alert-orchestrator tag --asset {asset} \
             --latest`), or set orchestrator.reference_keyword_fallback to data_range: then they count from the first \
             sample."
        ),
        HoldReason::NoData { .. } => no_data(of, times),
        HoldReason::StaleData { age_hours } => format!(
            "The newest sample is {age_hours:.1}{GLUE}h old, and client.max_sample_age_hours allows {}. It is judged \
             again with the next sample: look at what writes the samples.",
            rules.max_sample_age_hours.map_or("any age".to_owned(), |hours| format!("{}{GLUE}h", number(hours)))
        ),
        HoldReason::FlowsIncomplete(FlowsIncomplete::NotPulled(not_pulled)) => of_not_pulled(not_pulled, times),
        HoldReason::FlowsIncomplete(FlowsIncomplete::UnknownWallet(unknown)) => of_unknown_wallet(unknown, times),
        HoldReason::UnexplainedGrowth(growth) => of_growth(growth, of, times),
        HoldReason::OffPeg { price_usd, deviation_bps, target_usd, source } => format!(
            "The price ({}) is {}{GLUE}USD, {deviation_bps:.0}{GLUE}bps from {}{}. It goes on by itself once every \
             known price is back within that. Where this one is wrong, correct or remove it; how far a price may be \
             away is decision_gate.peg.max_deviation_bps.",
            source.in_words(),
            number(*price_usd),
            usd(*target_usd),
            rules.gate.peg.map_or(String::new(), |peg| format!("; {} are allowed", number(peg.max_deviation_bps)))
        ),
        HoldReason::InsufficientPoints { points, needed, outlook } => format!(
            "The gate has {points} points in its window of {}{GLUE}h, too few to judge by: {}. Or let the window reach \
             back further (decision_gate.lookback_hours).",
            number(rules.gate.lookback_hours),
            outlook.map_or_else(
                || format!("wait for {} more", needed.saturating_sub(*points).max(1)),
                |outlook| outlook.in_words(&rules.zone)
            )
        ),
        HoldReason::CannotJudge { scattered, .. } => of_scatter(*scattered, of, times),
        HoldReason::GateTriggered { residual, .. } => of_trigger(*residual, of, times),
        HoldReason::PriceMismatch { .. } => "The gain is worth only what its price is, and the sources do not agree \
             on it (under prices, below). It goes on by itself once they do. Look which of them is wrong; how far \
             they may be apart is orchestrator.price_compare.tolerance_epsilon."
            .to_owned(),
        HoldReason::NoGain { taken } => no_gain(*taken, of),
    }
}

fn no_data(Explanation { advice, .. }: &Explanation<'_>, times: &Times) -> String {
    match (advice.t0, advice.t1) {
        (Some(t0), Some(t1)) if t1 < t0 => format!(
            "The reference, {}, is newer than the newest sample, {}, so that nothing was gained since: usual just \
             after tagging. Wait for the next sample.",
            times.at(t0),
            times.at(t1)
        ),
        _ => match &advice.decision {
            Decision::Hold(hold) if !hold.refused.is_empty() => {
                "There is no sample to compute a gain from. Mend the file that is named above: it is read again."
            }
            _ => {
                "There is no sample to compute a gain from. Import some, or look at what writes them \
                 (`alert-orchestrator check` says what there is)."
            }
        }
        .to_owned(),
    }
}

fn of_not_pulled(NotPulled { wallet, known_to, others, .. }: &NotPulled, times: &Times) -> String {
    let whose = match others {
        0 => abbreviate(wallet),
        others => format!("{} and {} like it", abbreviate(wallet), wallets(*others)),
    };
    format!(
        "The transactions of {whose} are known up to {} only, and a deposit after that would look like a gain. Mend \
         the cause that is named above: the next round pulls again, `alert-orchestrator sync` at once.",
        times.at(*known_to)
    )
}

fn of_unknown_wallet(UnknownWallet { wallet, at, amount, .. }: &UnknownWallet, times: &Times) -> String {
    format!(
        "A deposit of {} at {} names wallet {}, which has no samples: it may be another wallet's, and would look like \
         a gain there. Correct its address, or collect the samples of that wallet.",
        units(*amount),
        times.at(*at),
        abbreviate(wallet)
    )
}

fn of_growth(growth: &UnexplainedGrowth, Explanation { rules, .. }: &Explanation<'_>, times: &Times) -> String {
    let UnexplainedGrowth { wallet, rise, in_fallback, .. } = growth;
    let wallet = abbreviate(wallet);
    let Some(RiseFigures { before_at, at, units: risen, limit_units, amount, .. }) = rise else {
        return format!(
            "Whether wallet {wallet} grew by interest or by a deposit cannot be told, as its samples have neither \
             units nor a price. Write underlying_units or price_usd into them."
        );
    };
    let apy = rules.max_supply_apy.map_or(String::new(), |apy| format!(" at {}{GLUE}% a year", percent(apy)));
    let [risen, limit, missing] = [*risen, *limit_units, *amount].map(units);
    let (before_at, at) = (times.at(*before_at), times.at(*at));
    let fallback = if *in_fallback {
        " If it is from before you began to keep records, set client.date_range.start, or tag a withdrawal."
    } else {
        ""
    };
    format!(
        "Wallet {wallet} has {risen} units more at {at} than it had at {before_at}, where interest{apy} makes {limit} \
         at most, and no known deposit explains it. If it was paid in, add a deposit of {missing} between the two, or \
         pull it (`alert-orchestrator sync`). If it is interest, raise client.transactions.max_supply_apy.{fallback}"
    )
}

fn of_scatter(scattered: Scattered, Explanation { rules, .. }: &Explanation<'_>, times: &Times) -> String {
    let (figure, unit) = of_basis(rules.gate.basis);
    let Scattered { furthest, max_band_bps, .. } = scattered;
    format!(
        "The points in the gate's window are scattered so widely that no newest point would trip it. Look at the \
         sample of {}, {}{GLUE}{unit} beside neighbours of {}: correct or remove it if it is wrong. Otherwise it \
         judges again once the sample has left the window of {}{GLUE}h; how wide the band may be is \
         decision_gate.max_band_bps, {}.",
        times.at(furthest.at),
        figure(furthest.value),
        figure(furthest.neighbours),
        number(rules.gate.lookback_hours),
        number(max_band_bps)
    )
}

fn of_trigger(residual: f64, Explanation { advice, rules, .. }: &Explanation<'_>, times: &Times) -> String {
    let (figure, unit) = of_basis(rules.gate.basis);
    let trips = advice.gate.as_ref().and_then(|gate| gate.trigger_distance());
    let trips = trips
        .map_or(String::new(), |distance| format!(", and more than {}{GLUE}{unit} trips the gate", figure(distance)));
    let at = advice.t1.map_or(String::new(), |t1| format!(" at {}", times.at(t1)));
    format!(
        "The newest point{at} is {}{GLUE}{unit} off its own trend{trips}. It goes on by itself once the newest point \
         is back, or the trend has followed it. See whether a deposit or withdrawal is missing, or the sample is \
         wrong.",
        figure(residual.abs())
    )
}

fn no_gain(taken: Option<Taken>, Explanation { advice, .. }: &Explanation<'_>) -> String {
    if let Some(Taken { gain_usd, untagged_usd }) = taken {
        return format!(
            "What was gained, {}, may be out already: {} were withdrawn without a tag. Mark what was principal \
             (`alert-orchestrator tag --asset {} --tx … --principal`), tag what was gain as the reference, or wait \
             for more.",
            usd(gain_usd),
            usd(untagged_usd),
            advice.asset
        );
    }
    let gains = advice.wallets.iter().filter(|wallet| !wallet.stale).map(|wallet| wallet.gain_usd);
    let missing = 0.01 / advice.safety_factor - gains.fold(f64::NEG_INFINITY, f64::max);
    let is_known = missing.is_finite() && missing > 0.0;
    let missing = if is_known { format!(": the best of them lacks {}", usd(missing)) } else { String::new() };
    format!(
        "No wallet gained enough for a cent. Wait for interest{missing}. A deposit that is in the tables twice, or a \
         withdrawal that is missing, lowers the gain: see whether the flows below are yours."
    )
}

/// Why nothing can be said, and the way out.
pub(super) fn of_failure(failure: &Failure, Explanation { advice, .. }: &Explanation<'_>) -> String {
    match failure {
        Failure::Store(StoreError::Connect { .. } | StoreError::Unavailable { .. }) => {
            "The store gave no answer, for the cause above. The next round asks again by itself; `alert-orchestrator \
             check` asks now."
                .to_owned()
        }
        Failure::AssetNotFound { .. } => format!(
            "No table of positions belongs to {}. Import its samples, or correct the name in client.assets.",
            advice.asset
        ),
        Failure::Store(StoreError::InvalidData { .. }) | Failure::InvalidData(_) => {
            "The data contradict themselves, or lack what a right answer needs: a guess could offer principal as \
             gain. Correct what is named above; the next round reads it again."
                .to_owned()
        }
    }
}
