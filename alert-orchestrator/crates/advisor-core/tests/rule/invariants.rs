//! What must hold for every history. A failing case is kept in `tests/proptest-regressions/` and runs first from then on.

use advisor_core::advice::{Advice, Snapshot, advise};
use advisor_core::flow::FlowRow;
use advisor_core::gate::{GateFigures, Outlier, Scattered, Verdict};
use advisor_core::rules::{Alignment, AmountUnit};
use advisor_core::test_support::{EPOCH, KEYWORD};
use advisor_core::time::NANOS_PER_HOUR;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::history::{History, message};
use crate::random::{ANY, Bounds, SLOT, Scenario, scenario};

fn config() -> ProptestConfig {
    ProptestConfig { cases: 10_000, ..ProptestConfig::default() }
}

fn ask(case: &Scenario) -> Advice {
    advise(&case.rules, &later(case.history.snapshot(&case.rules, case.to)), case.to)
}

/// As of a past instant: a flow after it is none that cannot be.
fn later(snapshot: Snapshot) -> Snapshot {
    let now = snapshot.now.saturating_add(1000 * 24 * NANOS_PER_HOUR);
    let is_known = |row: &FlowRow| row.ts.is_none_or(|ts| ts <= snapshot.now);
    let [deposits, withdrawals] = [&snapshot.deposits, &snapshot.withdrawals]
        .map(|rows| rows.iter().filter(|row| is_known(row)).cloned().collect());
    Snapshot { now, deposits, withdrawals, ..snapshot }
}

/// More than can have been there is an error of its own.
fn is_overdrawn(advice: &Advice) -> bool {
    message(advice).contains("can have been there")
}

/// Largest number that a figure of this advice was computed from, which is what its rounding is a share of.
fn size(advice: &Advice) -> f64 {
    let moved = |wallet: &advisor_core::advice::WalletFigures| {
        wallet.baseline_usd + wallet.newest_usd + wallet.deposits_usd + wallet.withdrawals_usd
    };
    1.0 + advice.wallets.iter().map(moved).sum::<f64>()
}

/// Rounding of sums of a few dozen numbers, as a share of the largest of them.
const ROUNDING: f64 = 1e-12;
/// The same after a fit.
const FIT_ROUNDING: f64 = 1e-9;

fn gains(advice: &Advice) -> Vec<f64> {
    advice.wallets.iter().map(|wallet| wallet.gain_usd).collect()
}

/// Fails unless both have the same wallets with the same gains, up to rounding.
fn same_gains(found: &Advice, expected: &Advice) -> Result<(), TestCaseError> {
    let limit = ROUNDING * size(found).max(size(expected));
    let (found, expected) = (gains(found), gains(expected));
    prop_assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        prop_assert!((found - expected).abs() <= limit, "gains {} instead of {}", found, expected);
    }
    Ok(())
}

/// All figures, without the instants they belong to, to the last bit.
fn figures(advice: &Advice) -> (Vec<Option<u64>>, String) {
    let mut numbers: Vec<Option<f64>> = vec![Some(advice.decision.limit_usd()), advice.price_t1_usd];
    for wallet in &advice.wallets {
        let sums = [wallet.baseline_usd, wallet.newest_usd, wallet.deposits_usd, wallet.withdrawals_usd];
        numbers.extend(sums.map(Some));
        numbers.extend([wallet.gain_usd, wallet.limit_usd].map(Some));
        numbers.extend(wallet.flows.iter().map(|flow| Some(flow.usd)));
    }
    if let Some(gate) = &advice.gate {
        numbers.extend([gate.residual, gate.sigma, gate.threshold, gate.newest_value]);
        numbers.extend(gate.fit.iter().flat_map(|fit| fit.coefficients.iter().copied().map(Some)));
        numbers.extend(gate.fit.iter().map(|fit| Some(fit.newest_leverage)));
        if let Some(Scattered { largest, furthest: Outlier { value, neighbours, .. }, .. }) = gate.scattered {
            numbers.extend([largest, value, neighbours].map(Some));
        }
    }
    let verdicts = format!(
        "{:?} {:?} {:?} {:?}",
        advice.decision.reason().map(|reason| reason.code),
        advice.gate.as_ref().map(judged),
        advice.peg,
        advice.wallets.iter().map(|wallet| (&wallet.address, wallet.stale)).collect::<Vec<_>>()
    );
    (numbers.into_iter().map(|number| number.map(f64::to_bits)).collect(), verdicts)
}

fn judged(gate: &GateFigures) -> (usize, Verdict, bool) {
    (gate.points, gate.verdict, gate.scattered.is_some())
}

/// The history with every instant and the evaluation `by` nanoseconds later.
fn shifted(case: &Scenario, by: i64) -> Scenario {
    let mut case = case.clone();
    let History { positions, deposits, withdrawals } = &mut case.history;
    positions.iter_mut().for_each(|row| row.ts = row.ts.map(|ts| ts + by));
    deposits.iter_mut().chain(withdrawals).for_each(|row| row.ts = row.ts.map(|ts| ts + by));
    case.rules.range_start = case.rules.range_start.map(|start| start + by);
    case.to += by;
    case
}

/// The history in a currency of which `factor` make a USD.
fn scaled(case: &Scenario, factor: f64) -> Scenario {
    let mut case = case.clone();
    for row in &mut case.history.positions {
        row.usd = row.usd.map(|usd| usd * factor);
        row.price = row.price.map(|price| price * factor);
    }
    if case.rules.amount_unit == AmountUnit::Usd {
        for row in case.history.deposits.iter_mut().chain(&mut case.history.withdrawals) {
            row.amount = row.amount.map(|amount| amount * factor);
        }
    }
    case
}

/// The rows in an order that `keys` decides.
fn reordered<T: Clone>(rows: &[T], keys: &[u32]) -> Vec<T> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|i| keys[i % keys.len()].rotate_left(u32::try_from(i / keys.len()).unwrap_or(0)));
    order.into_iter().map(|i| rows[i].clone()).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_assets_gain_is_the_sum_of_its_wallets(case in scenario(ANY)) {
        let advice = ask(&case);
        let Some(totals) = advice.totals else { return Ok(()) };
        prop_assert_eq!(totals.gain_usd, gains(&advice).iter().sum::<f64>());
        // And the series that the gate sees ends where the wallets do: ΣV(b) + G.
        let end = advice.gate.as_ref().and_then(|gate| gate.newest_value);
        if let (Some(end), advisor_core::rules::Basis::CorrectedPosition) = (end, case.rules.gate.basis) {
            let expected = totals.baseline_usd + totals.gain_usd;
            prop_assert!((end - expected).abs() <= ROUNDING * size(&advice), "{} instead of {}", end, expected);
        }
    }

    #[test]
    fn moving_money_at_fair_value_changes_no_gain(
        case in scenario(Bounds { prices_move: false, unpriced: false, ..ANY }), slot in -10..120_i64, usd in 1..4000_i32, which: Index, out: bool,
    ) {
        let mut case = case;
        case.rules.alignment = Alignment::None;
        let before = ask(&case);
        let wallet = which.get(&case.history.positions).wallet.clone();
        let ts = EPOCH + slot * SLOT;
        // All prices are 2 USD. Every sample from the flow on holds so much more, or less.
        let usd = f64::from(usd) / 8.0;
        let change = if out { -usd } else { usd };
        for row in case.history.positions.iter_mut().filter(|row| row.wallet == wallet && row.ts >= Some(ts)) {
            row.units = row.units.map(|units| units + change / 2.0);
            row.usd = row.usd.map(|usd| usd + change);
            let value = row.usd.or(row.units);
            prop_assume!(value.is_some_and(|value| value >= 0.0));
        }
        let amount = if case.rules.amount_unit == AmountUnit::Usd { usd } else { usd / 2.0 };
        let row = FlowRow { ts: Some(ts), wallet: wallet.map(Into::into), amount: Some(amount), memo: None, tx_hash: Some("moved".to_owned()) };
        if out { case.history.withdrawals.push(row) } else { case.history.deposits.push(row) }
        let after = ask(&case);
        prop_assume!(![&before, &after].into_iter().any(is_overdrawn));
        same_gains(&after, &before)?;
        if let (Some(after_gate), Some(before_gate)) = (&after.gate, &before.gate) {
            let limit = FIT_ROUNDING * size(&after).max(size(&before));
            for (found, expected) in [(after_gate.residual, before_gate.residual), (after_gate.sigma, before_gate.sigma)] {
                prop_assert_eq!(found.is_some(), expected.is_some());
                let difference = found.unwrap_or(0.0) - expected.unwrap_or(0.0);
                prop_assert!(difference.abs() <= limit, "{:?} instead of {:?}", found, expected);
            }
        }
    }

    #[test]
    fn splitting_a_flow_changes_no_gain(case in scenario(ANY), which: Index, share in 0.0..1.0_f64, out: bool) {
        let mut case = case;
        if case.rules.alignment == Alignment::DetectSpike {
            case.rules.alignment = Alignment::None; // which tells flows by their size
        }
        let before = ask(&case);
        let History { deposits, withdrawals, .. } = &mut case.history;
        let rows = if deposits.is_empty() || (out && !withdrawals.is_empty()) { withdrawals } else { deposits };
        if rows.is_empty() {
            return Ok(());
        }
        let chosen = which.index(rows.len());
        let row = &mut rows[chosen];
        let whole = row.amount.unwrap_or(0.0);
        row.amount = Some(whole * share);
        row.tx_hash = Some("a part".to_owned());
        let tx_hash = Some("the rest".to_owned());
        let rest = FlowRow { amount: Some(whole - whole * share), memo: None, tx_hash, ..row.clone() };
        rows.push(rest);
        // Without its hash the flow no longer hides a repetition of itself; there is none in these histories.
        let after = ask(&case);
        prop_assume!(![&before, &after].into_iter().any(is_overdrawn));
        same_gains(&after, &before)?;
    }

    #[test]
    fn the_order_of_rows_changes_nothing(case in scenario(ANY), keys in any::<[u32; 13]>()) {
        let mut other = case.clone();
        other.history.positions = reordered(&case.history.positions, &keys);
        other.history.deposits = reordered(&case.history.deposits, &keys);
        other.history.withdrawals = reordered(&case.history.withdrawals, &keys);
        prop_assert_eq!(ask(&other), ask(&case));
    }

    #[test]
    fn repeating_a_position_or_a_flow_with_its_hash_changes_nothing(case in scenario(ANY), which: [Index; 3], to: [Index; 3]) {
        let mut other = case.clone();
        let rows = &mut other.history.positions;
        rows.insert(to[0].index(rows.len()), which[0].get(rows).clone());
        for (i, rows) in [(1, &mut other.history.deposits), (2, &mut other.history.withdrawals)] {
            if let Some(row) = rows.get(which[i].index(rows.len().max(1))).filter(|row| row.tx_hash.is_some()).cloned() {
                rows.insert(to[i].index(rows.len()), row);
            }
        }
        prop_assert_eq!(ask(&other), ask(&case));
    }

    #[test]
    fn shifting_all_times_changes_no_bit_of_a_figure(case in scenario(ANY), by in -150_000_000_000_000_000..1_700_000_000_000_000_000_i64) {
        prop_assert_eq!(figures(&ask(&shifted(&case, by))), figures(&ask(&case)));
    }

    #[test]
    fn scaling_usd_scales_gains_exactly_and_keeps_the_verdict(case in scenario(ANY), exponent in -20..20_i32) {
        let mut case = case;
        case.rules.gate.sigma_epsilon = 0.0;
        case.rules.gate.peg = None;
        let factor = 2.0_f64.powi(exponent);
        let (before, after) = (ask(&case), ask(&scaled(&case, factor)));
        let expected: Vec<f64> = gains(&before).iter().map(|gain| gain * factor).collect();
        prop_assert_eq!(gains(&after), expected);
        let verdict = |advice: &Advice| advice.gate.as_ref().map(judged);
        prop_assert_eq!(verdict(&after), verdict(&before));
        let residual = |advice: &Advice| advice.gate.as_ref().and_then(|gate| gate.residual);
        prop_assert_eq!(residual(&after), residual(&before).map(|residual| residual * factor));
    }

    #[test]
    fn asking_twice_gives_the_same_bytes(case in scenario(Bounds { unusable: true, ..ANY })) {
        let bytes = || serde_json::to_string(&ask(&case)).unwrap();
        prop_assert_eq!(bytes(), bytes());
    }

    #[test]
    fn limits_stay_within_gain_and_value_whatever_the_rows(case in scenario(Bounds { unusable: true, ..ANY })) {
        let advice = ask(&case);
        let c = case.rules.safety_factor;
        for wallet in &advice.wallets {
            // A millionth of a cent up: 59.45 is no cent less for being 59.449999999999996.
            let most = (c * wallet.gain_usd).min(wallet.gain_usd - wallet.untagged_usd).max(0.0).min(wallet.newest_usd);
            let slack = 1e-8 + 4.0 * f64::EPSILON * most;
            prop_assert!(0.0 <= wallet.limit_usd && wallet.limit_usd <= most + slack, "{:?}", wallet);
        }
        let sum: f64 = advice.wallets.iter().map(|wallet| wallet.limit_usd).sum();
        if let Some(totals) = advice.totals {
            // A millionth of a cent up and a cent down; above 1e6 USD the last bit of a double is coarser.
            let slack = 1e-8 + 4.0 * f64::EPSILON * sum;
            prop_assert!(totals.limit_usd <= sum + slack && sum < totals.limit_usd + 0.01 + slack, "{} of {}", totals.limit_usd, sum);
            let cents = totals.limit_usd * 100.0;
            prop_assert!((cents - cents.round()).abs() <= 1e-6 + 4.0 * f64::EPSILON * cents, "{} cents", cents);
        }
        let expected = if advice.decision.code() == 1 { advice.totals.map(|totals| totals.limit_usd) } else { Some(0.0) };
        prop_assert_eq!(Some(advice.decision.limit_usd()), expected);
        prop_assert_eq!(advice.decision.reason().is_none(), advice.decision.code() == 1);
        prop_assert!(figures(&advice).0.into_iter().flatten().all(|bits| f64::from_bits(bits).is_finite()), "{:?}", advice);
    }

    #[test]
    fn a_losing_wallet_never_reduces_anothers_limit(case in scenario(Bounds { prices_move: false, unpriced: false, ..ANY }), start in select(vec![0, 40])) {
        let mut case = case;
        case.rules.range_start = Some(EPOCH + start * SLOT);
        let before = ask(&case);
        let losing: Vec<_> = before.wallets.iter().filter(|wallet| wallet.gain_usd < 0.0).map(|wallet| wallet.address.clone()).collect();
        case.history.positions.retain(|row| !losing.iter().any(|loser| row.wallet.as_deref() == Some(&**loser)));
        let after = ask(&case);
        let limits = |advice: &Advice| -> Vec<_> {
            let others = advice.wallets.iter().filter(|wallet| !losing.contains(&wallet.address));
            others.map(|wallet| (wallet.address.clone(), wallet.limit_usd)).collect()
        };
        prop_assert!(limits(&before).iter().all(|(_, limit)| *limit >= 0.0));
        prop_assert_eq!(limits(&after), limits(&before));
        if let (Some(after), Some(before)) = (after.totals, before.totals) {
            prop_assert_eq!(after.limit_usd, before.limit_usd);
        }
    }

    #[test]
    fn what_an_evaluation_reads_is_enough(
        case in scenario(Bounds { gap: 4, gaps: false, unpriced: false, unusable: false, prices_move: true }), tag in 0..60_i64,
    ) {
        let mut case = case;
        case.rules.max_sample_age_hours = Some(1.0);
        case.rules.gate.lookback_hours = case.rules.gate.lookback_hours.min(12.0);
        // All wallets go on to the newest sample's instant, as they do in a store that is written to.
        continue_samples(&mut case);
        if case.rules.alignment == Alignment::DetectSpike {
            // A flow from before a wallet's first sample may find its step there, however long ago it was.
            let first = first_samples(&case.history);
            let known = |row: &FlowRow| first.iter().any(|(wallet, ts)| row.wallet.as_deref() == Some(wallet) && row.ts >= Some(*ts));
            case.history.deposits.retain(known);
            case.history.withdrawals.retain(known);
        }
        let ts = Some(case.to - tag * SLOT);
        let memo = Some(KEYWORD.to_owned());
        case.history.withdrawals.push(FlowRow { ts, wallet: Some("a".into()), amount: Some(1.0), memo, tx_hash: None });
        let restricted = case.history.restricted_snapshot(&case.rules, case.to);
        prop_assert_eq!(advise(&case.rules, &later(restricted), case.to), ask(&case));
    }
}

fn first_samples(history: &History) -> Vec<(String, i64)> {
    let mut first = std::collections::BTreeMap::new();
    for row in &history.positions {
        if let (Some(wallet), Some(ts)) = (&row.wallet, row.ts) {
            first.entry(wallet.clone()).and_modify(|known: &mut i64| *known = ts.min(*known)).or_insert(ts);
        }
    }
    first.into_iter().collect()
}

/// Repeats every wallet's last sample once an hour, with its value growing a little, for a day beyond the newest of all.
fn continue_samples(case: &mut Scenario) {
    let rows = &mut case.history.positions;
    let newest = rows.iter().filter_map(|row| row.ts).max().unwrap_or(0);
    let end = newest + 96 * SLOT;
    let mut last = std::collections::BTreeMap::new();
    for row in rows.iter() {
        last.insert(row.wallet.clone(), row.clone());
    }
    for mut row in last.into_values() {
        while let Some(ts) = row.ts.map(|ts| ts + 4 * SLOT).filter(|ts| *ts <= end) {
            row.ts = Some(ts);
            row.usd = row.usd.map(|usd| usd + 0.25);
            row.units = row.usd.zip(row.price).map(|(usd, price)| usd / price).or(row.units);
            rows.push(row.clone());
        }
    }
    case.to = end;
}
