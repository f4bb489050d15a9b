//! Flows that cannot be: is each named, and does none of them put principal on offer?
//!
//! One wallet of 1000 units, 24 hourly samples, interest of 9 % a year. Right is a limit of 0.11: half of 0.236, rounded down.

use std::sync::Arc;

use advisor_core::advice::{Advice, advise};
use advisor_core::flow::FlowRow;
use advisor_core::rules::Rules;
use advisor_core::test_support::{EPOCH, KEYWORD, PRINCIPAL};
use advisor_core::time::NANOS_PER_HOUR;

use crate::history::{History, Sample, at, code, flow, message, sample};

const NEWEST: i32 = 23;
const RIGHT: f64 = 0.11;
const DAY: i64 = 24 * NANOS_PER_HOUR;

/// The documented defaults, and a gate that only shows.
fn rules() -> Rules {
    let mut rules = advisor_core::test_support::rules();
    rules.gate.holds = false;
    rules
}

/// The wallet, in which so much more is from hour 12 on.
fn wallet(moved: f64) -> History {
    let units = |hour: i32| {
        let interest = 1000.0 * 0.09 * f64::from(hour) / 8766.0;
        1000.0 + interest + if hour >= 12 { moved } else { 0.0 }
    };
    let values: Vec<f64> = (0..=NEWEST).map(units).collect();
    History::default().hourly("addr1", 0, &values)
}

fn ask(history: &History) -> Advice {
    history.advise(&rules(), f64::from(NEWEST) + 0.5)
}

#[track_caller]
fn limit(history: &History, usd: f64) -> Advice {
    let advice = ask(history);
    assert_eq!((code(&advice), advice.decision.limit_usd()), ("withdraw", usd), "{}", message(&advice));
    advice
}

#[track_caller]
fn says(history: &History, expected: &str, parts: &[&str]) {
    let advice = ask(history);
    assert_eq!(code(&advice), expected, "{}", message(&advice));
    for part in parts {
        assert!(message(&advice).contains(part), "{part:?} is missing in {}", message(&advice));
    }
}

fn deposits(moved: f64, rows: &[FlowRow]) -> History {
    History { deposits: rows.to_vec(), ..wallet(moved) }
}

fn withdrawals(moved: f64, rows: &[FlowRow]) -> History {
    History { withdrawals: rows.to_vec(), ..wallet(moved) }
}

/// A withdrawal of principal in hour 11.5, so that it lowers no limit.
fn out(amount: f64) -> FlowRow {
    FlowRow { memo: Some(PRINCIPAL.to_owned()), ..flow("addr1", 11.5, amount) }
}

fn hashed(row: FlowRow, hash: &str, seconds: i64) -> FlowRow {
    FlowRow { tx_hash: Some(hash.to_owned()), ts: row.ts.map(|ts| ts + seconds * 1_000_000_000), ..row }
}

#[test]
fn without_flows_and_with_right_ones_the_limit_is_right() {
    limit(&wallet(0.0), RIGHT);
    limit(&deposits(500.0, &[flow("addr1", 11.5, 500.0)]), RIGHT);
    limit(&withdrawals(-500.0, &[out(500.0)]), RIGHT);
}

#[test]
fn a_deposit_of_nothing_is_an_error_and_a_withdrawal_of_nothing_a_warning() {
    says(&deposits(0.0, &[flow("addr1", 11.5, 0.0)]), "invalid_data", &["deposit at", "\"addr1\"", "amount of 0"]);
    let advice = limit(&withdrawals(0.0, &[flow("addr1", 11.5, 0.0)]), RIGHT);
    assert!(advice.warnings.iter().any(|warning| warning.starts_with("withdrawal of 0 at")), "{:?}", advice.warnings);
    let marker = FlowRow { memo: Some(KEYWORD.to_owned()), ..flow("addr1", 2.5, 0.0) };
    let advice = limit(&withdrawals(0.0, &[marker]), 0.1); // from hour 3 on: 0.205
    assert!(!advice.warnings.iter().any(|warning| warning.starts_with("withdrawal of 0")), "{:?}", advice.warnings);
}

#[test]
fn a_time_that_cannot_be_is_an_error_wherever_it_lies() {
    let at_time = |ts: Option<i64>| deposits(500.0, &[FlowRow { ts, ..flow("addr1", 0.0, 500.0) }]);
    let now = at(f64::from(NEWEST) + 0.5);
    let named: &[&str] = &["table liqwid_deposits_usdx: deposit", "\"addr1\"", "correct or remove the row"];
    for impossible in [None, Some(EPOCH / 1000), Some(1000), Some(now + 365 * DAY), Some(i64::MAX)] {
        says(&at_time(impossible), "invalid_data", named);
        // Beside the right one as well, and where another wallet's interval is asked for.
        let mut both = at_time(impossible);
        both.deposits.push(flow("addr1", 11.5, 500.0));
        says(&both, "invalid_data", named);
    }
    // An hour after now it is not yet true, and the rise holds until it is.
    says(&at_time(Some(now + NANOS_PER_HOUR)), "unexplained_growth", &["addr1", "500.0"]);
}

#[test]
fn a_time_is_judged_by_the_machines_clock_also_where_the_evaluation_is_as_of_another() {
    let history = deposits(
        500.0,
        &[flow("addr1", 11.5, 500.0), FlowRow { ts: Some(EPOCH + 365 * DAY), ..flow("addr1", 0.0, 1.0) }],
    );
    let to = at(f64::from(NEWEST));
    let mut snapshot = history.snapshot(&rules(), to);
    snapshot.deposits = history.deposits.clone(); // as stores answer: with what cannot be
    snapshot.now = to;
    assert_eq!(code(&advise(&rules(), &snapshot, to)), "invalid_data");
    snapshot.now = EPOCH + 366 * DAY;
    assert_eq!(code(&advise(&rules(), &snapshot, to)), "withdraw", "by now it may be");
}

#[test]
fn a_wallet_is_the_same_in_capitals_and_none_in_disguise() {
    limit(&deposits(500.0, &[flow("ADDR1", 11.5, 500.0)]), RIGHT);
    let mut mixed = deposits(500.0, &[flow("addr1", 11.5, 500.0)]);
    for (i, row) in mixed.positions.iter_mut().enumerate() {
        row.wallet = Some(if i % 2 == 0 { "Addr1" } else { "addr1" }.to_owned());
    }
    assert_eq!(limit(&mixed, RIGHT).wallets.len(), 1);
    for disguised in ["addr1\u{a0}", "addr1 ", ""] {
        says(&deposits(500.0, &[flow(disguised, 11.5, 500.0)]), "invalid_data", &["no usable wallet"]);
    }
    // Mistyped, or the stake address: the deposit is of no wallet there is.
    for other in ["addr2", "stake1addr"] {
        says(&deposits(500.0, &[flow(other, 11.5, 500.0)]), "flows_incomplete", &[other, "no samples", "500"]);
    }
}

#[test]
fn a_new_wallets_first_deposit_holds_once_the_assets_samples_go_on_without_it() {
    let new = |hour: f64| deposits(0.0, &[flow("addr2", hour, 500.0)]);
    says(&new(16.9), "flows_incomplete", &["addr2", "500"]);
    // The newest sample is of hour 23: no more than flow_lag_hours after it.
    let advice = limit(&new(17.0), RIGHT);
    assert!(advice.warnings.iter().any(|warning| warning.contains("addr2")), "{:?}", advice.warnings);
    let advice = limit(&withdrawals(0.0, &[flow("addr2", 3.0, 500.0)]), RIGHT);
    assert!(advice.warnings.iter().any(|warning| warning.contains("addr2")), "{:?}", advice.warnings);
}

#[test]
fn one_withdrawal_that_stands_twice_counts_once() {
    let row = || out(500.0);
    let pairs = [
        [hashed(row(), "ab", 0), hashed(row(), "AB", 0)],
        [hashed(row(), "ab", 0), hashed(row(), "0xab", 0)],
        [hashed(row(), "ab", 0), hashed(row(), "ab", 1)],
        [hashed(row(), "ab", 0), FlowRow { amount: Some(500.01), ..hashed(row(), "ab", 0) }],
        [row(), row()],
        [hashed(row(), "ab", 0), row()],
    ];
    for rows in pairs {
        limit(&withdrawals(-500.0, &rows), RIGHT);
    }
    let advice = limit(&withdrawals(-500.0, &[row(), row()]), RIGHT);
    let warning = "withdrawals that may be one, the later does not count: 500 at 2026-01-01T11:30:00Z of addr1 without tx_hash and \
                   500 at 2026-01-01T11:30:00Z of addr1 without tx_hash; if both are true, give both their tx_hash";
    assert!(advice.warnings.iter().any(|found| found == warning), "{:?}", advice.warnings);
    // Two that are two.
    let half = || out(250.0);
    limit(&withdrawals(-500.0, &[hashed(half(), "ab", 0), hashed(half(), "cd", 0)]), RIGHT);
}

#[test]
fn deposits_of_one_size_every_five_minutes_all_count() {
    let rows: Vec<FlowRow> = (0..6).map(|i| flow("addr1", 11.0 + f64::from(i) / 12.0, 50.0)).collect();
    let advice = limit(&deposits(300.0, &rows), RIGHT);
    assert!(advice.warnings.iter().any(|warning| warning.starts_with("deposits that may be one, both count")));
}

#[test]
fn a_withdrawal_of_more_than_was_there_is_an_error_unless_a_deposit_made_it_possible() {
    let named: &[&str] = &["withdrawal at 2026-01-01T11:30:00Z", "\"addr1\"", "takes out", "1000."];
    says(&withdrawals(-500.0, &[out(3e9)]), "invalid_data", named);
    says(&withdrawals(-500.0, &[out(1006.0)]), "invalid_data", named);
    // 2000 in and 2500 out between two samples, in either order of their times.
    for hour in [11.2, 11.8, 5.6, 17.4] {
        let history = withdrawals(-500.0, &[out(2500.0)]);
        let history = History { deposits: vec![flow("addr1", hour, 2000.0)], ..history };
        assert_ne!(code(&ask(&history)), "invalid_data", "hour {hour}: {}", message(&ask(&history)));
    }
    for hour in [4.9, 17.6] {
        let history = withdrawals(-500.0, &[out(2500.0)]);
        says(&History { deposits: vec![flow("addr1", hour, 2000.0)], ..history }, "invalid_data", &[]);
    }
    // A week between the samples.
    let weekly = History::default().sample("addr1", 0.0, 1000.0, 1.0).sample("addr1", 168.0, 500.0, 1.0);
    let weekly = History { withdrawals: vec![FlowRow { ts: Some(at(100.0)), ..out(2500.0) }], ..weekly };
    assert_eq!(code(&weekly.advise(&rules(), 168.5)), "invalid_data");
    let possible = History { deposits: vec![flow("addr1", 3.0, 2000.0)], ..weekly };
    assert_ne!(code(&possible.advise(&rules(), 168.5)), "invalid_data");
}

#[test]
fn the_whole_balance_may_be_recorded_as_withdrawn_after_it_has_gone() {
    // Empty from hour 12 on; the withdrawal is recorded up to six hours later, also where a sample is missing.
    for hour in [12.0, 12.5, 17.0, 17.9] {
        let mut history = wallet(0.0);
        history.positions.iter_mut().skip(12).for_each(|row| (row.units, row.usd) = (Some(0.0), Some(0.0)));
        history.withdrawals = vec![FlowRow { ts: Some(at(hour)), ..out(1000.0) }];
        assert_ne!(code(&ask(&history)), "invalid_data", "hour {hour}: {}", message(&ask(&history)));
        history.withdrawals[0].amount = Some(3e9);
        assert_eq!(code(&ask(&history)), "invalid_data", "hour {hour}");
    }
}

/// The wallet with a change of its samples.
fn changed(change: impl Fn(usize, &mut Sample)) -> History {
    let mut history = wallet(0.0);
    history.positions.iter_mut().enumerate().for_each(|(i, row)| change(i, row));
    history
}

#[test]
fn a_sample_that_contradicts_itself_is_left_out_and_many_are_an_error() {
    let named: &[&str] = &["addr1", "usd_value", "underlying_units", "price_usd"];
    let usd = |factor: f64| move |_: usize, row: &mut Sample| row.usd = row.usd.map(|usd| usd * factor);
    for factor in [100.0, 1.02, 0.98] {
        says(&changed(usd(factor)), "invalid_data", named);
    }
    says(&changed(|_, row| row.units = row.units.map(|units| units * 2.0)), "invalid_data", named);
    limit(&changed(usd(1.005)), RIGHT);
    // The newest alone is one of 24, and what would be withdrawn from.
    says(
        &changed(|i, row| {
            if i == 23 {
                row.usd = Some(99_999.0)
            }
        }),
        "invalid_data",
        named,
    );
    // One of many.
    let many = (0..200).fold(History::default(), |history, i| {
        history.sample("addr1", f64::from(i) / 10.0, 1000.0 + 0.001 * f64::from(i), 1.0)
    });
    let mut one_wrong = many;
    one_wrong.positions[100].usd = Some(100_000.0);
    let advice = one_wrong.advise(&rules(), 20.5);
    assert_eq!((code(&advice), advice.decision.limit_usd()), ("withdraw", 0.09), "{}", message(&advice));
    let warned = advice.warnings.iter().find(|warning| warning.contains("contradict themselves"));
    let warned = warned.unwrap_or_else(|| panic!("{:?}", advice.warnings));
    assert!(warned.contains("addr1 at 2026-01-01T10:00:00Z") && warned.contains("100000"), "{warned}");
}

#[test]
fn cents_are_no_contradiction() {
    let mut history = wallet(0.0);
    history.positions.push(Sample { usd: Some(0.01), units: Some(0.012), ..sample("addr2", 23.0, 0.01, 1.0) });
    history.positions.push(Sample { usd: Some(0.0), units: Some(0.004), ..sample("addr3", 23.0, 0.01, 1.0) });
    limit(&history, RIGHT);
}

#[test]
fn what_is_read_with_the_rest_is_judged_with_it() {
    // A deposit dated 1970 of a wallet that has no samples is nobody's.
    let of_another = FlowRow { ts: Some(1), wallet: Some(Arc::from("addr9")), ..flow("addr9", 0.0, 5.0) };
    limit(&deposits(0.0, &[of_another]), RIGHT);
}
