//! Why is an asset held or in error, and what would change that? For each reason what an operator can do, or wait for.
//!
//! Start at [`of_hold`] and [`of_failure`]. Of an evaluation as of the past nothing is waited for: no sample comes any
//! more. The guide's troubleshooting has more on each.

use advisor_core::advice::{FlowFigures, RiseFigures, WalletFigures};
use advisor_core::decision::{
    Decision, Failure, FlowsIncomplete, HoldReason, NotPulled, Taken, UnexplainedGrowth, UnknownWallet,
};
use advisor_core::flow::Direction;
use advisor_core::gate::Scattered;
use advisor_core::outlook::Outlook;
use advisor_core::price_check::PriceSource;
use advisor_core::reference::RefMode;
use advisor_core::rules::{AmountUnit, Basis, Threshold};
use advisor_core::store::StoreError;

use super::explanation::Explanation;
use super::figures::{hundredths, number, percent, unit_of, units, usd, value_of};
use super::layout::{GLUE, Times, wallets};
use crate::decisions::abbreviate;

/// The rule that holds, with its figures, and the way out.
pub(super) fn of_hold(reason: &HoldReason, of: &Explanation<'_>, times: &Times) -> String {
    match reason {
        HoldReason::ClockDoubt { newest, now, .. } => format!(
            "The newest sample is of {}, and this machine's time is {}: one of the two clocks is wrong, or the \
             samples' times are of another time zone, and every figure is wrong with them. Correct what is wrong. Where \
             samples are stamped with the end of their hour or day, raise client.max_clock_skew_minutes.",
            times.at(*newest),
            times.at(*now)
        ),
        HoldReason::NoReference { .. } => no_reference(of),
        HoldReason::NoData { .. } => no_data(of, times),
        HoldReason::StaleData { age_hours } => stale_data(*age_hours, of),
        HoldReason::FlowsIncomplete(FlowsIncomplete::NotPulled(not_pulled)) => of_not_pulled(not_pulled, times),
        HoldReason::FlowsIncomplete(FlowsIncomplete::UnknownWallet(unknown)) => of_unknown_wallet(unknown, of, times),
        HoldReason::UnexplainedGrowth(growth) => of_growth(growth, of, times),
        HoldReason::OffPeg { price_usd, deviation_bps, target_usd, source } => {
            off_peg([*price_usd, *deviation_bps, *target_usd], *source, of)
        }
        HoldReason::InsufficientPoints { points, outlook, .. } => too_few(*points, *outlook, of),
        HoldReason::CannotJudge { scattered, .. } => of_scatter(*scattered, of, times),
        HoldReason::GateTriggered { residual, .. } => of_trigger(*residual, of, times),
        HoldReason::PriceMismatch { .. } => {
            let goes_on = goes_on(of, "they do");
            format!(
                "The gain is worth only what its price is, and the sources do not agree on it.{goes_on} Look which of \
                 them is wrong; how far they may be apart is orchestrator.price_compare.tolerance_epsilon."
            )
        }
        HoldReason::NoGain { taken: Some(taken) } => of_taken(*taken, of),
        HoldReason::NoGain { taken: None } => no_gain(of),
    }
}

/// What ends it without anybody's doing, where time goes on.
fn goes_on(of: &Explanation<'_>, once: &str) -> String {
    if of.is_past { String::new() } else { format!(" It goes on by itself once {once}.") }
}

/// Whether a file of which no line could be used may be what is missing.
fn names_file(of: &Explanation<'_>) -> bool {
    matches!(&of.advice.decision, Decision::Hold(hold) if !hold.refused.is_empty())
}

fn no_reference(Explanation { advice, rules, .. }: &Explanation<'_>) -> String {
    let start = if rules.range_start.is_some() { "client.date_range.start" } else { "the first sample" };
    format!(
        "Nothing says since when gains count. Tag a withdrawal (`alert-orchestrator tag --asset {} --latest` for the \
         newest), or set orchestrator.reference_keyword_fallback to data_range: then they count from {start}.",
        advice.asset
    )
}

fn no_data(of: &Explanation<'_>, times: &Times) -> String {
    let advice = of.advice;
    let newer = advice.t0.zip(advice.t1).filter(|(t0, t1)| t1 < t0).map(|(t0, t1)| (times.at(t0), times.at(t1)));
    match (newer, advice.ref_mode, of.is_past) {
        (Some((t0, t1)), RefMode::DataRange, _) => format!(
            "client.date_range.start, {t0}, is later than the newest sample, {t1}, so that there is nothing to count. \
             Set it earlier.{}",
            goes_on(of, "samples reach it")
        ),
        (Some((t0, t1)), _, true) => format!(
            "The reference, {t0}, is newer than the newest sample, {t1}, so that nothing was gained since. Set \
             client.date_range.end to a time that has later samples."
        ),
        (Some((t0, t1)), _, false) => format!(
            "The reference, {t0}, is newer than the newest sample, {t1}, so that nothing was gained since: usual just \
             after tagging. Wait for the next sample."
        ),
        (None, _, _) if names_file(of) => {
            "There is no sample to compute a gain from. Mend the file that is named in the reason: it is read again."
                .to_owned()
        }
        (None, _, true) => format!(
            "There is no sample up to {} (client.date_range.end) to compute a gain from. Set a later time, or null.",
            times.at(advice.as_of)
        ),
        (None, _, false) => "There is no sample to compute a gain from. Look at what writes them, or import some into \
             the embedded store (`alert-orchestrator import`); `alert-orchestrator check` says what there is."
            .to_owned(),
    }
}

fn stale_data(age_hours: f64, of: &Explanation<'_>) -> String {
    let whose = match of.advice.wallets.len() {
        1 => "The newest sample".to_owned(),
        count => format!("The newest sample of its {}", wallets(count)),
    };
    let allowed = of
        .rules
        .max_sample_age_hours
        .map_or(String::new(), |hours| format!(", and client.max_sample_age_hours allows {}{GLUE}h", number(hours)));
    let way_out = if names_file(of) {
        "Mend the file that is named in the reason: it is read again."
    } else if of.is_past {
        "Set client.date_range.end to a time that samples reach."
    } else {
        "It goes on by itself with the next sample: look at what writes them."
    };
    format!("{whose} is {age_hours:.1}{GLUE}h old{allowed}. {way_out}")
}

fn of_not_pulled(NotPulled { wallet, known_to, others, .. }: &NotPulled, times: &Times) -> String {
    let whose = match others {
        0 => abbreviate(wallet),
        others => format!("{} and {} like it", abbreviate(wallet), wallets(*others)),
    };
    format!(
        "The transactions of {whose} are known up to {} only, and a deposit after that would look like a gain. Mend \
         the cause that is named in the reason: the next round pulls again, and with the embedded store \
         `alert-orchestrator sync` does so at once.",
        times.at(*known_to)
    )
}

fn of_unknown_wallet(unknown: &UnknownWallet, of: &Explanation<'_>, times: &Times) -> String {
    let UnknownWallet { wallet, at, amount, others } = unknown;
    let amount = match of.rules.amount_unit {
        AmountUnit::Underlying => format!("{}{GLUE}units", units(*amount)),
        AmountUnit::Usd => usd(*amount),
    };
    let more = match others {
        0 => String::new(),
        1 => " One more deposit is like it.".to_owned(),
        others => format!(" {others} more deposits are like it."),
    };
    let (at, wallet) = (times.at(*at), abbreviate(wallet));
    format!(
        "A deposit of {amount} at {at} names wallet {wallet}, which has no samples since the reference: it may be \
         another wallet's, and would look like a gain there. Correct its address, or collect the samples of that \
         wallet.{more}"
    )
}

fn of_growth(growth: &UnexplainedGrowth, Explanation { rules, .. }: &Explanation<'_>, times: &Times) -> String {
    let UnexplainedGrowth { wallet, rise, in_fallback, others } = growth;
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
    let deposit = match rules.amount_unit {
        AmountUnit::Underlying => format!("a deposit of {missing}{GLUE}units"),
        AmountUnit::Usd => format!("a deposit of {missing}{GLUE}units, written in USD,"),
    };
    let fallback = match (in_fallback, rules.range_start) {
        (false, _) => "",
        (true, None) => {
            " If it is from before you began to keep records, set client.date_range.start, or tag a withdrawal."
        }
        (true, Some(_)) => {
            " If it is from before you began to keep records, set client.date_range.start to a later time, or tag a \
             withdrawal."
        }
    };
    let more = match others {
        0 => String::new(),
        1 => " One more rise is unexplained.".to_owned(),
        others => format!(" {others} more rises are unexplained."),
    };
    format!(
        "Wallet {wallet} has {risen}{GLUE}units more at {at} than it had at {before_at}, where interest{apy} makes \
         {limit} at most, and no known deposit explains it. If it was paid in, add {deposit} between the two, or pull \
         it (`alert-orchestrator sync`). If the sample is wrong, correct or remove it. If it is interest, raise \
         client.transactions.max_supply_apy.{fallback}{more}"
    )
}

fn off_peg([price_usd, deviation_bps, target_usd]: [f64; 3], source: PriceSource, of: &Explanation<'_>) -> String {
    let allowed = of.rules.gate.peg.map_or(String::new(), |peg| {
        format!(", and decision_gate.peg.max_deviation_bps allows {}", number(peg.max_deviation_bps))
    });
    let wrong = match source {
        PriceSource::StoredLiqwid => "correct price_usd in the table of positions".to_owned(),
        PriceSource::StoredMinswap => "correct or remove it in the table of Minswap's prices".to_owned(),
        live @ (PriceSource::LiqwidGraphql | PriceSource::MinswapAggregator) => {
            format!("take orchestrator.apis.{} out until the source is mended", live.name())
        }
    };
    format!(
        "The price ({}) is {}{GLUE}USD, {}{GLUE}bps from {}{GLUE}USD{allowed}.{} Where this price is wrong, {wrong}.",
        source.in_words(),
        number(price_usd),
        hundredths(deviation_bps),
        number(target_usd),
        goes_on(of, "every known price is back within that")
    )
}

fn too_few(points: usize, outlook: Option<Outlook>, Explanation { advice, rules, .. }: &Explanation<'_>) -> String {
    let window = format!("{}{GLUE}h", number(rules.gate.lookback_hours));
    let Some(gate) = &advice.gate else {
        return format!(
            "The samples of the gate's window of {window} were not all read: the next evaluation reads them."
        );
    };
    let what = match rules.gate.basis {
        Basis::CorrectedPosition => "points",
        Basis::ChangeRateUsd => "prices",
    };
    let Some(outlook) = outlook else {
        let key = match rules.gate.threshold {
            Threshold::Stddev => "k_sigma",
            Threshold::Percentile { .. } => "central_confidence",
        };
        return format!("No number of {what} would do by this decision_gate.{key}: lower it.");
    };
    let has_earlier = advice.wallets.iter().any(|wallet| wallet.baseline_at < gate.window_start);
    let earlier = if has_earlier && !outlook.asks_for_a_longer_window() {
        " There are samples before the window, too: decision_gate.lookback_hours can be raised."
    } else {
        ""
    };
    let outlook = outlook.in_words(&rules.zone);
    format!("The gate has {points} {what} in its window of {window}, too few to judge by; {outlook}.{earlier}")
}

fn of_scatter(scattered: Scattered, of: &Explanation<'_>, times: &Times) -> String {
    let gate = &of.rules.gate;
    let Scattered { furthest, max_band_bps, .. } = scattered;
    let [value, neighbours] = [furthest.value, furthest.neighbours].map(|value| value_of(gate.basis, value));
    let whose = match (gate.basis, of.advice.wallets.len()) {
        (Basis::CorrectedPosition, 2..) => " of all wallets together",
        _ => "",
    };
    let (unit, at) = (unit_of(gate.basis), times.at(furthest.at));
    let (window, most) = (number(gate.lookback_hours), number(max_band_bps));
    let leaves = format!("the sample has left the window of {window}{GLUE}h");
    let goes_on = if of.is_past { String::new() } else { format!(" Otherwise it judges again once {leaves}.") };
    format!(
        "The points in the gate's window are scattered so widely that hardly any newest point would trip it. Look at \
         the sample of {at}: {value}{GLUE}{unit}{whose}, beside neighbours of {neighbours}. Correct or remove it if it \
         is wrong.{goes_on} How wide the band may be is decision_gate.max_band_bps, {most}."
    )
}

fn of_trigger(residual: f64, of: &Explanation<'_>, times: &Times) -> String {
    let (advice, basis) = (of.advice, of.rules.gate.basis);
    let unit = unit_of(basis);
    let trips = advice.gate.as_ref().and_then(|gate| gate.trigger_distance());
    let trips = trips
        .map_or(String::new(), |distance| format!(", and more than {}{GLUE}{unit} trips the gate", number(distance)));
    let at = advice.t1.map_or(String::new(), |t1| format!(" at {}", times.at(t1)));
    let look = match basis {
        Basis::CorrectedPosition => "See whether a deposit or withdrawal is missing, or the sample is wrong.",
        Basis::ChangeRateUsd => "See whether its price_usd is wrong.",
    };
    let goes_on = goes_on(of, "the newest point is back, or the trend has followed it");
    let residual = number(residual.abs());
    format!("The newest point{at} is {residual}{GLUE}{unit} off its own trend{trips}.{goes_on} {look}")
}

fn of_taken(Taken { gain_usd, untagged_usd }: Taken, of: &Explanation<'_>) -> String {
    let wait = if of.is_past { "" } else { ", or wait until more was gained than that" };
    format!(
        "What was gained, {}, may be out already: {} were withdrawn without a tag. Mark what was principal \
         (`alert-orchestrator tag --asset {} --tx … --principal`), or tag what was gain as the reference{wait}.",
        usd(gain_usd),
        usd(untagged_usd),
        of.advice.asset
    )
}

/// Where no wallet has a limit of a cent, and no withdrawal without a tag is the cause.
fn no_gain(of: &Explanation<'_>) -> String {
    let advice = of.advice;
    let needed = 0.01 / advice.safety_factor;
    let fresh = || advice.wallets.iter().filter(|wallet| !wallet.stale);
    let is_empty = |wallet: &WalletFigures| wallet.gain_usd >= needed && wallet.newest_usd < 0.01;
    if fresh().any(is_empty) {
        return "What was gained is no longer there: the wallets that gained are empty. There is nothing to withdraw \
                until something is paid in."
            .to_owned();
    }
    let most = fresh().map(|wallet| wallet.gain_usd).fold(f64::NEG_INFINITY, f64::max);
    let missing = needed - most;
    let lacks = if missing < 0.01 { "less than a cent".to_owned() } else { usd(missing) };
    let lacks = match fresh().nth(1) {
        Some(_) => format!("No wallet has gained enough for a cent: the best of them lacks {lacks}."),
        None => format!("The wallet has not gained enough for a cent: it lacks {lacks}."),
    };
    let is_deposit = |flow: &FlowFigures| flow.direction == Direction::Deposit;
    let has_deposits = advice.wallets.iter().any(|wallet| wallet.flows.iter().any(is_deposit));
    let doubled = if has_deposits { ", and so does a deposit that is there twice" } else { "" };
    let wait = if of.is_past { "" } else { " Wait for interest, or for a better price." };
    format!("{lacks}{wait} A withdrawal that is missing in the tables lowers the gain{doubled}.")
}

/// Why nothing can be said, and the way out.
pub(super) fn of_failure(failure: &Failure, Explanation { advice, .. }: &Explanation<'_>) -> String {
    match failure {
        Failure::Store(StoreError::Connect { .. } | StoreError::Unavailable { .. }) => {
            "The store gave no answer; the reason names the cause. The next round asks again by itself, \
             `alert-orchestrator check` asks now."
                .to_owned()
        }
        Failure::AssetNotFound { .. } => format!(
            "No table of positions belongs to {}. Correct the name in client.assets, or bring its samples into the \
             store.",
            advice.asset
        ),
        Failure::Store(StoreError::InvalidData { .. } | StoreError::Changed { .. }) | Failure::InvalidData(_) => {
            "The data contradict themselves, or lack what a right answer needs: a guess could offer principal as \
             gain. Correct what the reason names; the next round reads it again."
                .to_owned()
        }
    }
}
