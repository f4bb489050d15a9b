//! Gains by hand: which flows count, what they are worth, and which rows make an error.

use advisor_core::flow::FlowRow;
use advisor_core::reference::Reference;
use advisor_core::rules::{AmountUnit, ReferenceFallback, Rules};
use advisor_core::test_support::{EPOCH, PRINCIPAL};
use advisor_core::time::NANOS_PER_HOUR;

use crate::history::{History, Sample, at, code, flow, message, ungated, wallet};

/// The gain of wallet "a" at hour 4 with the reference at hour 1. Its values at hours 0 to 4: 90, 100, 110, 120, 130, so that
/// V(e) − V(b) = 130 − 100.
#[track_caller]
fn gains(history: History, expected: f64) {
    let history = with_values(history);
    let advice = history.advise(&reference_at(1.0), 4.0);
    let found = wallet(&advice, "a");
    assert_eq!(found.gain_usd, expected, "{:?}", found.flows);
    assert_eq!((found.baseline_at, found.newest_at), (instant(1.0), instant(4.0)));
}

fn with_values(history: History) -> History {
    history.hourly("a", 0, &[90.0, 100.0, 110.0, 120.0, 130.0])
}

fn reference_at(hour: f64) -> Rules {
    Rules { range_start: Some(at(hour)), ..ungated() }
}

fn instant(hour: f64) -> jiff::Timestamp {
    advisor_core::time::timestamp(at(hour))
}

fn hashed(wallet: &str, hour: f64, amount: f64, tx_hash: &str) -> FlowRow {
    FlowRow { tx_hash: Some(tx_hash.to_owned()), ..flow(wallet, hour, amount) }
}

#[test]
fn flows_after_the_baseline_and_up_to_the_newest_sample_count() {
    let new = History::default;
    gains(new(), 30.0);
    gains(new().deposit("a", 2.5, 7.0), 23.0);
    gains(new().withdraw("a", 2.5, 7.0), 37.0);
    gains(new().deposit("a", 1.0, 7.0), 30.0); // at b: inside V(b)
    gains(new().deposit("a", 1.0 + 1e-9, 7.0), 23.0); // 3.6 µs later
    gains(new().deposit("a", 4.0, 7.0), 23.0); // at e: inside V(e)
    gains(new().deposit("a", 4.0 + 1e-9, 7.0), 30.0);
    gains(new().deposit("a", -3.0, 7.0).withdraw("a", 9.0, 7.0), 30.0); // before the first and after the last sample
    gains(new().deposit("b", 2.5, 7.0), 30.0); // another wallet's
}

#[test]
fn any_number_of_flows_may_share_an_instant() {
    let many = History::default().deposit("a", 2.0, 1.0).deposit("a", 2.0, 1.0).deposit("a", 2.0, 2.0);
    gains(many.clone(), 26.0); // 30 − 1 − 1 − 2
    gains(many.withdraw("a", 2.0, 1.0).withdraw("a", 2.0, 1.0), 28.0);
}

#[test]
fn a_row_that_names_the_transaction_of_another_counts_and_is_warned_of() {
    let hash = "0123456789abcdef".repeat(4);
    let warned = |memo: &str, of: &str, tx_hash: Option<&str>, hour: f64| {
        let (memo, tx_hash) = (Some(memo.to_owned()), tx_hash.map(str::to_owned));
        let named = FlowRow { memo, tx_hash, ..flow(of, hour, 7.0) };
        let mut history = with_values(History::default());
        history.withdrawals = vec![hashed("a", 2.5, 7.0, &hash.to_uppercase()), named];
        let advice = history.advise(&reference_at(1.0), 4.0);
        let warning = "1 withdrawal rows without tx_hash name the transaction of another row, and both count: \
                       remove one of each pair if they are the same";
        (wallet(&advice, "a").gain_usd, advice.warnings.iter().any(|found| found == warning))
    };
    let memo = "Synced from Liqwid (tx: 0123456789abcdef...)";
    assert_eq!(warned(memo, "a", None, 2.5), (37.0, false), "at the same time it is the same withdrawal");
    assert_eq!(warned(memo, "a", None, 2.9), (44.0, true)); // 30 + 7 + 7
    assert_eq!(warned(memo, "a", Some(""), 2.9), (44.0, true));
    assert_eq!(warned("Synced from Liqwid (tx: 0123456789abcdee...)", "a", None, 2.9), (44.0, false));
    assert_eq!(warned("tx: 0123456789abcde", "a", None, 2.9), (44.0, false)); // 15 digits
    assert_eq!(warned(memo, "b", None, 2.9), (37.0, false));
    assert_eq!(warned(memo, "a", Some("f00d"), 2.5), (44.0, false));
}

#[test]
fn withdrawals_mean_the_same_with_either_sign() {
    gains(History::default().withdraw("a", 2.0, -7.0), 37.0);
    gains(History::default().withdraw("a", 2.0, -7.0).withdraw("a", 2.0, 7.0), 44.0);
    let unnamed = vec![flow("a", 2.0, -7.0), flow("a", 2.0, 7.0)];
    gains(History { withdrawals: unnamed, ..History::default() }, 37.0); // without a hash they may be one
}

#[test]
fn rows_of_one_transaction_wallet_time_and_amount_are_one_flow() {
    let deposits = |rows: &[FlowRow]| History { deposits: rows.to_vec(), ..History::default() };
    let once = hashed("a", 2.0, 7.0, "x");
    gains(deposits(&[once.clone(), once.clone(), once.clone()]), 23.0);
    gains(deposits(&[once.clone(), hashed("a", 2.0, 8.0, "x")]), 15.0); // another amount
    gains(deposits(&[once.clone(), hashed("a", 2.5, 7.0, "x")]), 16.0); // another time
    gains(deposits(&[once.clone(), hashed("a", 2.0, 7.0, "y")]), 16.0); // another transaction
    gains(deposits(&[once.clone(), hashed("b", 2.0, 7.0, "x")]), 23.0); // another wallet
    gains(deposits(&[hashed("a", 2.0, 7.0, ""), hashed("a", 2.0, 7.0, "")]), 16.0); // an empty hash is none
    let both_ways = History { deposits: vec![once.clone()], withdrawals: vec![once.clone()], ..History::default() };
    gains(both_ways, 30.0); // in and out by one transaction
    let signs = vec![hashed("a", 2.0, -7.0, "x"), hashed("a", 2.0, 7.0, "x")];
    gains(History { withdrawals: signs, ..History::default() }, 37.0); // the sign says nothing
}

#[test]
fn flows_are_worth_the_price_at_their_own_time() {
    // 100 units at 1.00, 1.50 and 2.00 USD; 10 units come in at 0.5 h, at 1.25 USD: 220 − 100 − 12.5.
    let history = History::default()
        .sample("a", 0.0, 100.0, 1.0)
        .sample("a", 1.0, 165.0, 1.5)
        .sample("a", 2.0, 220.0, 2.0)
        .deposit("a", 0.5, 10.0);
    let advice = history.advise(&ungated(), 2.0);
    let found = wallet(&advice, "a");
    assert_eq!((found.gain_usd, found.flows[0].price_usd, found.flows[0].usd), (107.5, Some(1.25), 12.5));

    let in_usd = Rules { amount_unit: AmountUnit::Usd, ..ungated() };
    let advice = history.advise(&in_usd, 2.0);
    let found = wallet(&advice, "a");
    assert_eq!((found.gain_usd, found.flows[0].price_usd, found.flows[0].usd), (110.0, None, 10.0));
}

#[test]
fn without_any_price_units_cannot_be_valued() {
    let mut history = with_values(History::default());
    history.positions.iter_mut().for_each(|row| (row.units, row.price) = (None, None));
    let advice = history.advise(&ungated(), 4.0);
    assert_eq!(code(&advice), "invalid_data");
    assert!(message(&advice).starts_with("invalid data: no price"), "{}", message(&advice));
    let in_usd = Rules { amount_unit: AmountUnit::Usd, ..ungated() };
    assert_eq!(code(&history.advise(&in_usd, 4.0)), "withdraw");
}

#[test]
fn each_wallet_has_its_own_baseline() {
    let history =
        with_values(History::default()).hourly("b", 3, &[50.0, 55.0]).hourly("c", 0, &[70.0]).deposit("b", 2.0, 50.0);
    let advice = history.advise(&reference_at(1.0), 4.0);
    assert_eq!(wallet(&advice, "b").gain_usd, 5.0); // the deposit of 50 is inside V(b) = 50
    assert_eq!(advice.wallets.len(), 2, "c has no sample since the reference");
    assert_eq!(advice.totals.map(|totals| totals.gain_usd), Some(35.0));
    assert!(
        advice.warnings.iter().any(|warning| warning.starts_with("wallet c has no sample since")),
        "{:?}",
        advice.warnings
    );
}

#[test]
fn flows_of_wallets_without_samples_are_left_out_and_counted() {
    let history = with_values(History::default()).deposit("x", 2.0, 7.0).withdraw("y", 3.0, 7.0).deposit("z", 0.5, 1.0);
    let advice = history.advise(&reference_at(1.0), 4.0);
    assert_eq!(wallet(&advice, "a").gain_usd, 30.0);
    let expected = "deposit of 7 at 2026-01-01T02:00:00Z of x (tx d0) and 1 more left out: the wallet has no samples since the \
                    reference; is the address right?";
    assert!(advice.warnings.iter().any(|warning| warning == expected), "{:?}", advice.warnings);
}

/// A row that is no flow, as a deposit and as a withdrawal, and whether it is an error with the reference at hour 1.
#[track_caller]
fn bad(row: FlowRow, is_error: bool) {
    for deposits in [true, false] {
        let rows = vec![row.clone()];
        let history = if deposits {
            History { deposits: rows, ..History::default() }
        } else {
            History { withdrawals: rows, ..History::default() }
        };
        let history = with_values(history).hourly("b", 0, &[10.0, 10.0]).hourly("c", 0, &[10.0]);
        let advice = history.advise(&reference_at(1.0), 5.0);
        if is_error {
            assert_eq!(code(&advice), "invalid_data", "{row:?}");
            let table = if deposits { "liqwid_deposits_usdx: deposit" } else { "liqwid_withdrawals_usdx: withdrawal" };
            let begin = format!("invalid data: table {table}");
            assert!(message(&advice).starts_with(&begin), "{}", message(&advice));
        } else {
            assert_eq!(wallet(&advice, "a").gain_usd, 30.0, "{row:?}");
            let warned =
                advice.warnings.iter().any(|warning| warning.starts_with("1 unusable flows outside every wallet's"));
            assert!(warned, "{:?}", advice.warnings);
        }
    }
}

#[test]
fn an_unusable_flow_is_an_error_where_it_may_count() {
    for amount in [None, Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY)] {
        let row = |wallet: &str, hour: f64| FlowRow { amount, ..flow(wallet, hour, 0.0) };
        bad(row("a", 2.0), true);
        bad(row("a", 4.0), true);
        bad(row("a", 1.0), false); // at the baseline
        bad(row("a", 4.5), false); // after the newest sample
        bad(row("b", 2.0), false); // whose newest sample is its baseline
        bad(row("c", 2.0), false); // who has no baseline
        bad(row("x", 2.0), false); // who has no sample
    }
    for wallet in [None, Some("".into())] {
        let row = |hour: f64| FlowRow { wallet: wallet.clone(), ..flow("", hour, 7.0) };
        bad(row(2.0), true); // may be a's
        bad(row(0.5), false);
    }
    let timeless = |wallet: &str| FlowRow { ts: None, ..flow(wallet, 0.0, 7.0) };
    bad(timeless("a"), true);
    bad(timeless("b"), true); // wherever it lies
    bad(FlowRow { ts: Some(EPOCH / 1000), ..flow("a", 0.0, 7.0) }, true); // long before the baseline
    bad(FlowRow { ts: Some(at(5.0) + 25 * NANOS_PER_HOUR), ..flow("a", 0.0, 7.0) }, true); // a day after now
    bad(timeless("x"), false);
    bad(FlowRow::default(), true);
}

#[test]
fn a_negative_deposit_is_an_error_and_named() {
    let negative = |hour: f64| History { deposits: vec![flow("a", hour, -7.5)], ..History::default() };
    let history = |hour: f64| with_values(negative(hour));
    let advice = history(2.0).advise(&reference_at(1.0), 4.0);
    assert_eq!(
        message(&advice),
        "invalid data: table liqwid_deposits_usdx: deposit at 2026-01-01T02:00:00Z of wallet \"a\" of amount -7.5 has a \
         negative amount; correct or remove the row"
    );
    assert_eq!(code(&history(0.5).advise(&reference_at(1.0), 4.0)), "withdraw");
}

#[test]
fn withdrawals_from_before_what_was_loaded_find_no_step_there() {
    // A year ago 40 USD were taken out. Samples go back to hour 0; one of them, after the reference, falls by 5. To look for
    // a step of that withdrawal among them would count it as taken out since: a gain of 35 USD.
    let mut rules = Rules { alignment: advisor_core::rules::Alignment::DetectSpike, ..ungated() };
    rules.reference_fallback = ReferenceFallback::DataRange;
    rules.range_start = Some(at(30.0));
    rules.max_sample_age_hours = Some(1.0);
    rules.gate.lookback_hours = 1.0;
    let mut values = vec![100.0; 32];
    values.push(95.0);
    values.push(95.0);
    let history = History::default().hourly("a", 20, &values[20..]).withdraw("a", -8760.0, 40.0);
    let snapshot = history.restricted_snapshot(&rules, at(33.0));
    assert_eq!(snapshot.loaded_from, Some(at(-2.0)), "30 h less 32 samples");
    let advice = advisor_core::advice::advise(&rules, &snapshot, at(33.0));
    assert_eq!(advice.wallets[0].gain_usd, -5.0);
}

#[test]
fn a_wallet_that_was_mostly_emptied_gives_no_more_than_it_holds() {
    // 1000 became 30 while 2000 of principal were taken out and 900 put in: G = 30 − 1000 − 900 + 2000 = 130, c·G = 65, V(e) = 30.
    let mut history = History::default().hourly("a", 0, &[1000.0, 30.0]).withdraw("a", 0.5, 2000.0);
    history = history.deposit("a", 0.2, 1000.0).withdraw("a", 0.7, 100.0);
    history.withdrawals[1].memo = Some(PRINCIPAL.to_owned());
    history.withdrawals[0].memo = Some(PRINCIPAL.to_owned());
    let advice = history.advise(&ungated(), 1.0);
    assert_eq!((advice.wallets[0].gain_usd, advice.wallets[0].limit_usd), (130.0, 30.0));
    assert_eq!(advice.decision.limit_usd(), 30.0);
}

#[test]
fn figures_beyond_a_double_are_invalid_data() {
    let huge = History::default().hourly("a", 0, &[1.0, 1e308]).hourly("b", 0, &[1.0, 1e308]);
    let advice = huge.advise(&ungated(), 1.0);
    assert_eq!(code(&advice), "invalid_data", "ΣV overflows");
    assert!(message(&advice).starts_with("invalid data: figures too large to add up"), "{}", message(&advice));
    let cents = History::default().hourly("a", 0, &[1.0, 1.7e308]);
    assert_eq!(code(&cents.advise(&ungated(), 1.0)), "invalid_data", "as cents the limit overflows");
    let flows = History::default().hourly("a", 0, &[1.0, 1.0]).hourly("b", 0, &[1.0, 1.0]);
    let flows =
        ["a", "b"].iter().fold(flows, |history, name| history.deposit(name, 0.5, 1e308).withdraw(name, 0.5, 1e308));
    assert_eq!(code(&flows.advise(&ungated(), 1.0)), "invalid_data", "ΣD overflows although every gain is 0");
}

#[test]
fn rows_that_were_left_out_or_contradict_are_warned_about() {
    let mut history = with_values(History::default());
    history.positions.push(Sample { usd: Some(131.0), ..history.positions[4].clone() });
    history.positions.push(Sample { wallet: None, ..history.positions[4].clone() });
    let advice = history.advise(&reference_at(1.0), 4.0);
    assert_eq!(wallet(&advice, "a").gain_usd, 31.0);
    assert_eq!(
        advice.warnings[..2].iter().map(|warning| &**warning).collect::<Vec<_>>(),
        [
            "1 unusable position rows left out (0 without time, 1 without wallet, 0 without a finite value, 0 negative)",
            "1 position rows repeat a wallet and time with other figures, the last of each counts: a at 2026-01-01T04:00:00Z"
        ]
    );
    let reference = Reference::DataRange { start: Some(at(1.0)) };
    let snapshot =
        advisor_core::advice::Snapshot { withdrawals_table: None, reference, ..history.snapshot(&ungated(), at(4.0)) };
    let advice = advisor_core::advice::advise(&ungated(), &snapshot, at(4.0));
    assert!(
        advice.warnings.iter().any(|warning| warning.starts_with("no table of withdrawals")),
        "{:?}",
        advice.warnings
    );
}
