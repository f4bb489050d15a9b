//! A wallet's transactions: complete, or the reason why not.

use std::sync::Arc;

use advisor_core::flow::Direction;
use advisor_core::ledger::FlowKey;
use advisor_core::rules::Keywords;
use advisor_core::sync::{Transaction, plan};
use advisor_io::api::ApiError;
use advisor_testkit::liqwid::Liqwid as Server;
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::scripted::Fault;

use crate::apis::liqwid;

const WALLET: &str = "addr1qxy";
/// 2025-07-01T00:00:00Z.
const START: i64 = 1_751_328_000;

fn id(n: i64) -> String {
    format!("{n:064x}")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

/// A supply of `amount` DJED, `second` seconds after the start.
fn supply(n: i64, second: i64, amount: f64) -> Value {
    json!({"id": id(n), "type": "SUPPLY", "displayName": "DJED", "time": at(second).to_string(), "amount": amount})
}

async fn pull(server: &Server, from: i64, to: i64) -> (Vec<Transaction>, Result<(), ApiError>) {
    let pulled = liqwid(server).transactions(&WALLET.into(), at(from), at(to)).await;
    (pulled.transactions, pulled.outcome)
}

/// The amounts of a pull, an action that came twice once, and the cause of an error without the API's name.
async fn amounts(server: &Server, from: i64, to: i64) -> (Vec<f64>, Result<(), String>) {
    let (transactions, outcome) = pull(server, from, to).await;
    let mut found: Vec<(String, f64)> = transactions.into_iter().map(|found| (found.id, found.amount)).collect();
    found.sort_by(|a, b| a.partial_cmp(b).unwrap());
    found.dedup();
    let name = format!("Liqwid at {}: ", server.endpoint());
    let outcome = outcome.map_err(|error| error.to_string().replace(&name, ""));
    (found.into_iter().map(|(_, amount)| amount).collect(), outcome)
}

#[tokio::test]
async fn deposits_and_withdrawals_are_read_whole() {
    let server = Server::start();
    let withdrawal = json!({"id": id(2), "type": "WITHDRAW", "displayName": "wanUSDT", "time": "2025-07-01T00:01:00.5", "amount": "2.25"});
    server.add_transaction(WALLET, &withdrawal);
    server.add_transaction(WALLET, &supply(1, 30, 1.5));
    server.add_transaction("addr1other", &supply(3, 30, 9.0));
    for kind in ["BORROW", "REPAY", "LIQUIDATION", "supply", ""] {
        server.add_transaction(WALLET, &json!({"type": kind})); // whatever else they lack
    }
    let (mut found, outcome) = pull(&server, 0, 3600).await;
    found.sort_by_key(|transaction| transaction.ts);
    assert_eq!(outcome, Ok(()));
    let wallet: Arc<str> = WALLET.into();
    let expected = [
        Transaction {
            wallet: Arc::clone(&wallet),
            id: id(1),
            direction: Direction::Deposit,
            display_name: "DJED".to_owned(),
            ts: (START + 30) * 1_000_000_000,
            amount: 1.5,
        },
        Transaction {
            wallet,
            id: id(2),
            direction: Direction::Withdrawal,
            display_name: "wanUSDT".to_owned(),
            ts: (START + 60) * 1_000_000_000 + 500_000_000,
            amount: 2.25,
        },
    ];
    assert_eq!(found, expected);
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn both_ends_belong_to_the_range_and_nothing_else() {
    let server = Server::start();
    (0..10).for_each(|n| server.add_transaction(WALLET, &supply(n, n * 10, n as f64)));
    for includes_end in [true, false] {
        server.set_includes_end(includes_end);
        assert_eq!(amounts(&server, 20, 50).await, (vec![2.0, 3.0, 4.0, 5.0], Ok(())));
        assert_eq!(amounts(&server, 20, 20).await, (vec![2.0], Ok(())));
        assert_eq!(amounts(&server, 21, 29).await, (vec![], Ok(())));
    }
    let asked = server.request_count();
    assert_eq!(amounts(&server, 50, 20).await, (vec![], Ok(())));
    assert_eq!(server.request_count(), asked, "an empty range is not asked for");
}

#[tokio::test]
async fn a_range_with_too_many_is_split_until_each_part_is_complete() {
    for includes_end in [true, false] {
        for results in [1, 2, 3, 100] {
            let server = Server::start();
            server.set_results_max(results);
            server.set_includes_end(includes_end);
            // Crowded in places, a second apart, and nothing for a year.
            let seconds = (0..20).map(|n| n * 2).chain((0..20).map(|n| 31_536_000 + n * n * 7 + 3));
            seconds.enumerate().for_each(|(n, second)| {
                server.add_transaction(WALLET, &supply(n as i64, second, n as f64));
            });
            let (found, outcome) = amounts(&server, 0, 40_000_000).await;
            assert_eq!((found.len(), outcome), (40, Ok(())), "{results} results, {includes_end}");
            let requests = server.request_count();
            assert!(requests < 40 * 30, "{requests} requests for {results} results at once");
            assert!(results < 100 || requests == 1, "{requests}");
        }
    }
}

#[tokio::test]
async fn what_came_twice_counts_once_and_actions_of_a_transaction_stay_together() {
    let server = Server::start();
    server.set_results_max(4);
    (0..30).for_each(|n| {
        server.add_transaction(WALLET, &supply(n, n * 5, 1.0));
        server.add_transaction(WALLET, &supply(n, n * 5, 2.0));
    });
    let (found, outcome) = pull(&server, 0, 3600).await;
    assert_eq!(outcome, Ok(()));
    assert!(found.len() > 60, "parts share an instant, so some came twice");
    let plan = plan(
        &found,
        Direction::Deposit,
        &[],
        FlowKey::TxHash,
        &Keywords { reference: "reference".to_owned(), principal: "principal".to_owned() },
    )
    .unwrap();
    assert_eq!((plan.add.len(), plan.merged), (30, 30));
    assert!(plan.add.iter().all(|row| row.amount == 3.0), "{:?}", plan.add);
}

#[tokio::test]
async fn a_second_with_too_many_ends_the_pull_and_keeps_what_came_before() {
    let server = Server::start();
    server.set_results_max(3);
    (0..10).for_each(|n| server.add_transaction(WALLET, &supply(n, n * 100, 1.0)));
    (10..14).for_each(|n| server.add_transaction(WALLET, &supply(n, 950, 2.0)));
    let (found, outcome) = amounts(&server, 0, 3600).await;
    assert_eq!(found, [1.0; 10]);
    let cause = outcome.unwrap_err();
    let expected = ["3 of 4 transactions of addr1qxy from 2025-07-01T00:15:", "the range cannot be split any further"];
    assert!(expected.iter().all(|part| cause.contains(part)), "{cause}");
}

#[tokio::test]
async fn a_server_that_never_has_enough_is_given_up() {
    let server = Server::start();
    let endless = r#"{"data": {"historical": {"transactions": {"totalCount": 1000000, "results": []}}}}"#;
    server.inject(Fault::body(endless).always());
    let (found, outcome) = amounts(&server, 0, 100_000_000).await;
    assert!(
        found.is_empty()
            && outcome.unwrap_err().contains("0 of 1000000 transactions of addr1qxy from 2025-06-30T23:59:59Z")
    );
    assert!(server.request_count() < 40, "{}", server.request_count());
}

#[tokio::test]
async fn what_makes_a_flow_must_be_there() {
    let lacking = async |field: &str, value: Value, expected: &str| {
        let server = Server::start();
        let mut row = supply(1, 30, 1.5);
        row[field] = value;
        server.add_transaction(WALLET, &row);
        let (found, outcome) = amounts(&server, 0, 60).await;
        let place = "transaction 0 of addr1qxy from 2025-06-30T23:59:59Z to 2025-07-01T00:01:01Z";
        assert_eq!((found.len(), outcome), (0, Err(format!("{place}: {expected}"))));
    };
    lacking("type", Value::Null, "type is null").await;
    lacking("id", Value::Null, "id is null").await;
    lacking("displayName", Value::Null, "displayName is null").await;
    lacking("time", Value::Null, "time is null").await;
    lacking("time", json!("noon"), "time is \"noon\", expected an ISO 8601 instant").await;
    lacking("amount", Value::Null, "amount is null").await;
    lacking("amount", json!("-1"), "amount is -1, expected 0 or more").await;
    let expected = "id is \"alert_driven_withdrawal\", expected the hex digits of a transaction's hash";
    lacking("id", json!("alert_driven_withdrawal"), expected).await;
    lacking("id", json!("abcdef"), "id is \"abcdef\", expected the hex digits of a transaction's hash").await;
}

#[tokio::test]
async fn types_that_are_neither_of_supply_nor_of_loans_are_named() {
    let server = Server::start();
    for (n, kind) in
        ["SUPPLY", "WITHDRAW", "BORROW", "REPAY", "LIQUIDATION", "supply", "CLAIM", "CLAIM"].iter().enumerate()
    {
        let mut row = supply(n as i64, 30, 1.0);
        row["type"] = json!(kind);
        server.add_transaction(WALLET, &row);
    }
    let pulled = liqwid(&server).transactions(&WALLET.into(), at(0), at(3600)).await;
    assert_eq!((pulled.transactions.len(), pulled.outcome), (2, Ok(())));
    assert_eq!(pulled.unknown_types.into_iter().collect::<Vec<_>>(), ["CLAIM", "supply"]);
}

#[tokio::test]
async fn an_unknown_total_is_taken_for_complete_only_below_the_limit() {
    let server = Server::start();
    let page = |rows: usize| {
        let rows: Vec<Value> = (0..rows).map(|n| supply(n as i64, 1, 1.0)).collect();
        Fault::body(
            &json!({"data": {"historical": {"transactions": {"totalCount": null, "results": rows}}}}).to_string(),
        )
    };
    server.inject(page(99));
    assert_eq!(amounts(&server, 0, 3600).await, (vec![1.0; 99], Ok(())));
    server.inject(page(100).always());
    let cause = amounts(&server, 0, 3600).await.1.unwrap_err();
    assert!(cause.starts_with("100 of an unknown number transactions"), "{cause}");
}

#[tokio::test]
async fn parts_before_a_failure_are_kept_and_a_second_run_completes_them() {
    let server = Server::start();
    server.set_results_max(5);
    (0..20).for_each(|n| server.add_transaction(WALLET, &supply(n, n * 100, 1.0)));
    server.inject(Fault::status(500).always().when_request_contains("2025-07-01T00:30:01Z"));
    let (found, outcome) = amounts(&server, 0, 1800).await;
    assert_eq!((found.len(), outcome), (0, Err("answered 500 Internal Server Error after 3 attempts".to_owned())));
    server.heal();
    // The first half is split in two; the second half is what fails.
    server.inject(Fault::status(401).always().when_request_contains("\"startTime\":\"2025-07-01T00:15:"));
    let (found, outcome) = amounts(&server, 0, 1800).await;
    assert_eq!((found.len(), outcome), (10, Err("answered 401 Unauthorized".to_owned())));
    server.heal();
    assert_eq!(amounts(&server, 0, 1900).await, (vec![1.0; 20], Ok(())));
}

#[test]
fn a_server_can_be_started_outside_a_runtime_too() {
    let server = Server::start();
    server.add_transaction(WALLET, &supply(1, 30, 1.5));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(runtime.block_on(amounts(&server, 0, 60)), (vec![1.5], Ok(())));
}

#[test]
fn the_range_is_required_and_pages_are_not_known() {
    // What the stand-in is strict about, the client must not rely on by chance.
    let server = Server::start();
    let asked = |input: Value| {
        let query =
            "query ($input: HistoricalTransactionInput) { historical { transactions(input: $input) { totalCount } } }";
        json!({"query": query, "variables": {"input": input}}).to_string()
    };
    server.add_transaction(WALLET, &supply(1, 30, 1.5));
    let post = |body: String| {
        let answer = testkit::post(&server.endpoint(), "application/json", &body).unwrap();
        serde_json::from_str::<Value>(&answer).unwrap()
    };
    let undated = post(asked(json!({"addresses": [WALLET]})));
    assert_eq!(undated["data"]["historical"]["transactions"]["totalCount"], 0);
    let paged = post(asked(json!({"addresses": [WALLET], "page": 1})));
    assert!(paged["data"].is_null() && paged["errors"][0]["message"].as_str().unwrap().contains("\"page\""), "{paged}");
}
