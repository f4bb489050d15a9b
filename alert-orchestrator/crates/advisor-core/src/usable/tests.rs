use std::sync::Arc;

use super::*;
use crate::test_support::{EPOCH, rules};

const MINUTE: i64 = 60 * SECOND;

fn row(seconds: i64, amount: f64, tx_hash: &str) -> FlowRow {
    let (ts, wallet) = (Some(EPOCH + seconds * SECOND), Some(Arc::from("addr1")));
    FlowRow { ts, wallet, amount: Some(amount), memo: None, tx_hash: Some(tx_hash.to_owned()) }
}

fn usable_of(row: &FlowRow, direction: Direction) -> Result<UsableFlow<'_>, Unusable> {
    usable(row, direction, EPOCH, &rules())
}

/// How many of the rows count, and how many pairs are alike.
fn counts(direction: Direction, rows: &[FlowRow]) -> (usize, usize) {
    let flows = rows.iter().map(|row| usable_of(row, direction).unwrap()).collect();
    let (once, alike) = without_doubles(flows, direction);
    (once.len(), alike.len())
}

#[track_caller]
fn refused(row: &FlowRow, direction: Direction, cause: &str) {
    let why = usable_of(row, direction).unwrap_err();
    assert!(why.cause.contains(cause), "{row:?}: {}", why.cause);
}

#[test]
fn a_time_that_cannot_be_is_told_from_one_that_can() {
    let at = |ts| FlowRow { ts, ..row(0, 1.0, "") };
    let day = 24 * 60 * MINUTE;
    for direction in [Direction::Deposit, Direction::Withdrawal] {
        for possible in [EARLIEST, EPOCH, EPOCH + day] {
            assert_eq!(usable_of(&at(Some(possible)), direction).map(|flow| flow.ts), Ok(possible));
        }
        refused(&at(None), direction, "no usable time");
        refused(&at(Some(EPOCH / 1000)), direction, "before 2021");
        refused(&at(Some(EARLIEST - 1)), direction, "before 2021");
        refused(&at(Some(EPOCH + day + 1)), direction, "more than a day after now");
        refused(&at(Some(i64::MAX)), direction, "more than a day after now");
    }
}

#[test]
fn a_deposit_is_of_something_and_a_withdrawal_has_any_sign() {
    let of = |amount| row(0, amount, "");
    refused(&of(0.0), Direction::Deposit, "amount of 0");
    refused(&of(-0.0), Direction::Deposit, "amount of 0");
    refused(&of(-1.0), Direction::Deposit, "negative");
    refused(&of(f64::NAN), Direction::Deposit, "no usable amount");
    for amount in [0.0, -5.0, 5.0] {
        assert_eq!(usable_of(&of(amount), Direction::Withdrawal).map(|flow| flow.amount), Ok(amount.abs()));
    }
}

#[test]
fn addresses_and_hashes_are_compared_in_lower_case_and_a_wallet_in_disguise_is_none() {
    let written = FlowRow { wallet: Some("ADDR1qX".into()), ..row(0, 1.0, " 0XAbC ") };
    let flow = usable_of(&written, Direction::Deposit).unwrap();
    assert_eq!((&*flow.wallet, flow.tx_hash.as_deref()), ("addr1qx", Some("abc")));
    assert_eq!(usable_of(&row(0, 1.0, "0x"), Direction::Deposit).unwrap().tx_hash, None);
    for wallet in ["", "addr1\u{a0}", "addr\u{a0}1", " addr1", "addr1\t", "addr1\u{feff}", "addr1\u{200b}"] {
        refused(&FlowRow { wallet: Some(wallet.into()), ..row(0, 1.0, "") }, Direction::Deposit, "wallet");
    }
}

#[test]
fn rows_of_one_transaction_second_and_amount_are_one_flow() {
    let rows = [row(0, 5.0, "ab"), row(0, 5.0, "0xAB"), FlowRow { ts: Some(EPOCH + 9), ..row(0, 5.0, "AB") }];
    for direction in [Direction::Deposit, Direction::Withdrawal] {
        assert_eq!(counts(direction, &rows), (1, 0));
        assert_eq!(counts(direction, &[row(0, 5.0, "ab"), row(0, 5.0, "cd")]), (2, 0), "other hashes are other flows");
    }
}

#[test]
fn of_withdrawals_that_may_be_one_the_later_does_not_count_and_deposits_all_do() {
    for (a, b) in [
        (row(0, 50.0, "ab"), row(1, 50.0, "ab")),
        (row(0, 50.0, "ab"), row(0, 50.01, "AB")),
        (row(0, 50.0, "ab"), row(60, 50.25, "0xab")),
        (row(0, 50.0, ""), row(0, 50.0, "")),
        (row(0, 50.0, "ab"), row(600, 50.0, "")),
        (row(0, 50.0, ""), row(600, 49.76, "ab")),
    ] {
        for rows in [[a.clone(), b.clone()], [b, a]] {
            assert_eq!(counts(Direction::Withdrawal, &rows), (1, 1), "{rows:?}");
            assert_eq!(counts(Direction::Deposit, &rows), (2, 1), "{rows:?}");
        }
    }
    for (a, b) in [
        (row(0, 50.0, "ab"), row(61, 50.0, "ab")),
        (row(0, 50.0, "ab"), row(0, 50.3, "ab")),
        (row(0, 50.0, "ab"), row(1, 50.0, "cd")),
        (row(0, 50.0, ""), row(601, 50.0, "")),
        (row(0, 0.0, ""), row(1, 0.0, "")),
        (row(0, 50.0, ""), FlowRow { wallet: Some("addr2".into()), ..row(1, 50.0, "") }),
    ] {
        assert_eq!(counts(Direction::Withdrawal, &[a, b]), (2, 0));
    }
}

#[test]
fn each_row_is_in_at_most_one_pair_in_order_of_time() {
    let every_five_minutes: Vec<FlowRow> = (0..7).map(|i| row(i * 300, 10.0, "")).collect();
    assert_eq!(counts(Direction::Withdrawal, &every_five_minutes), (4, 3));
    assert_eq!(counts(Direction::Deposit, &every_five_minutes), (7, 3));
}

#[test]
fn a_mark_on_either_row_marks_the_flow() {
    let rules = rules();
    let marked = FlowRow { memo: Some(rules.keywords.reference.clone()), ..row(1, 50.0, "") };
    for rows in [[row(0, 50.0, "ab"), marked.clone()], [marked.clone(), row(2, 50.0, "ab")]] {
        let flows = rows.iter().map(|row| usable_of(row, Direction::Withdrawal).unwrap()).collect();
        let (once, _) = without_doubles(flows, Direction::Withdrawal);
        assert_eq!(once.iter().map(|flow| flow.mark).collect::<Vec<_>>(), [Some(Mark::Reference)]);
    }
}
