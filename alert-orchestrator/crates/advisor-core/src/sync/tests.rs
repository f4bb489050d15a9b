//! Plans by hand, and what holds for any transactions and rows.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const KEYWORD: &str = "alert_driven_withdrawal";
const SECOND: i64 = 1_000_000_000;

/// A transaction's id that begins with `n`.
fn id(n: u8) -> String {
    format!("{n:02x}").repeat(32)
}

fn deposit(wallet: &str, n: u8, second: i64, amount: f64) -> Transaction {
    Transaction {
        wallet: wallet.into(),
        id: id(n),
        direction: Direction::Deposit,
        display_name: "DJED".to_owned(),
        ts: second * SECOND,
        amount,
    }
}

fn stored(wallet: &str, second: i64, amount: f64, memo: Option<&str>, tx_hash: Option<&str>) -> FlowRow {
    FlowRow {
        ts: Some(second * SECOND),
        wallet: Some(wallet.into()),
        amount: Some(amount),
        memo: memo.map(str::to_owned),
        tx_hash: tx_hash.map(str::to_owned),
    }
}

fn deposits(transactions: &[Transaction], stored: &[FlowRow], key: FlowKey) -> Plan {
    plan(transactions, Direction::Deposit, stored, key, &keywords(KEYWORD)).expect("deposits are no references")
}

/// The plan in one line: rows to add as `wallet@second:amount`, then the counts that are not 0.
#[track_caller]
fn plans(transactions: &[Transaction], rows: &[FlowRow], key: FlowKey, expected: &str) {
    let plan = deposits(transactions, rows, key);
    let mut parts: Vec<String> =
        plan.add.iter().map(|row| format!("{}@{}:{}", row.wallet, row.ts / SECOND, row.amount)).collect();
    let counts = [
        ("stored", plan.stored),
        ("differing", plan.differing.len()),
        ("merged", plan.merged),
        ("colliding", plan.colliding.len()),
        ("doubtful", plan.doubtful.len()),
    ];
    parts.extend(counts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {count}")));
    assert_eq!(parts.join(", "), expected);
}

#[test]
fn what_is_not_stored_is_added_with_its_whole_id() {
    let plan = deposits(&[deposit("a", 1, 7, 2.5)], &[], FlowKey::TxHash);
    let memo = "Synced from Liqwid (tx: 0101010101010101010101010101010101010101010101010101010101010101)";
    let expected =
        NewFlow { ts: 7 * SECOND, wallet: "a".into(), amount: 2.5, memo: Some(memo.to_owned()), tx_hash: Some(id(1)) };
    assert_eq!(plan, Plan { add: vec![expected], ..Plan::default() });
    plans(&[], &[stored("a", 1, 1.0, None, None)], FlowKey::TxHash, "");
}

#[test]
fn the_actions_of_a_transaction_are_one_row_for_each_wallet() {
    let actions = [
        deposit("a", 1, 7, 1.0),
        deposit("a", 1, 7, 2.0),
        deposit("a", 1, 7, 2.0), // came twice
        deposit("b", 1, 7, 4.0),
        Transaction { direction: Direction::Withdrawal, ..deposit("a", 1, 7, 8.0) },
        Transaction { id: id(1).to_uppercase(), ..deposit("a", 1, 7, 16.0) },
    ];
    plans(&actions, &[], FlowKey::TxHash, "a@7:19, b@7:4, merged 2");
    plans(&actions[..2], &[stored("a", 7, 3.0, None, Some(&id(1)))], FlowKey::TxHash, "stored 1, merged 1");
}

#[test]
fn a_stored_row_is_known_by_its_hash_or_by_its_memo() {
    let one = [deposit("a", 0xab, 7, 1.0)];
    let known = |memo: Option<&str>, hash: Option<&str>| [stored("a", 9, -1.0, memo, hash)];
    let full = id(0xab);
    plans(&one, &known(None, Some(&full)), FlowKey::TxHash, "stored 1");
    plans(&one, &known(None, Some(&full.to_uppercase())), FlowKey::TxHash, "stored 1");
    let memo = |digits: &str| format!("Synced from Liqwid (tx: {digits}...)");
    plans(&one, &known(Some(&memo("abababababababab")), None), FlowKey::TxHash, "stored 1");
    plans(&one, &known(Some("see tx:ABABABABABABABABAB and more"), Some("")), FlowKey::TxHash, "stored 1");
    plans(&one, &known(Some(&memo(&full)), Some(&full)), FlowKey::TxHash, "stored 1");
    plans(&one, &known(Some("tx: none, tx: abababababababab"), None), FlowKey::TxHash, "stored 1");

    plans(&one, &known(Some(&memo("ababababababababac")), None), FlowKey::TxHash, "a@7:1");
    plans(&one, &known(Some(&memo("ababababababab")), None), FlowKey::TxHash, "a@7:1"); // 14 digits could be any
    plans(&one, &known(Some(&memo(&format!("{full}00"))), None), FlowKey::TxHash, "a@7:1");
    plans(&one, &known(Some("abababababababab"), Some(&id(1))), FlowKey::TxHash, "a@7:1");
    plans(&one, &[stored("b", 7, 1.0, None, Some(&full))], FlowKey::TxHash, "a@7:1"); // another wallet's
    plans(&one, &[FlowRow { tx_hash: Some(full), ..FlowRow::default() }], FlowKey::TxHash, "a@7:1");
}

#[test]
fn a_transaction_that_is_stored_with_another_amount_is_named() {
    let two = [deposit("a", 1, 7, 1.0), deposit("a", 1, 7, 2.0)];
    let hash = id(1);
    let row = |amount: f64| stored("a", 7, amount, None, Some(&hash));
    plans(&two, &[row(1.0)], FlowKey::TxHash, "stored 1, differing 1, merged 1");
    plans(&two, &[row(1.0), row(-2.0)], FlowKey::TxHash, "stored 1, merged 1"); // one row for each action
    plans(&two, &[FlowRow { amount: None, ..row(0.0) }], FlowKey::TxHash, "stored 1, differing 1, merged 1");
    assert_eq!(deposits(&two, &[row(1.0)], FlowKey::TxHash).differing[0].tx_hash, Some(id(1)));
}

#[test]
fn rows_that_a_table_would_take_for_one_are_not_added() {
    let three = [deposit("a", 1, 7, 1.0), deposit("a", 2, 7, 2.0), deposit("b", 3, 7, 4.0)];
    plans(&three, &[], FlowKey::TxHash, "a@7:1, a@7:2, b@7:4");
    plans(&three, &[], FlowKey::WalletAndTime, "a@7:1, b@7:4, colliding 1");
    plans(&three, &[], FlowKey::Time, "a@7:1, colliding 2");
    let other = [stored("a", 7, 9.0, Some("by hand"), None)];
    plans(&three, &other, FlowKey::TxHash, "a@7:1, a@7:2, b@7:4");
    plans(&three, &other, FlowKey::WalletAndTime, "b@7:4, colliding 2");
    plans(&three, &other, FlowKey::Time, "colliding 3");
    // The table may keep whole seconds only.
    let later = Transaction { ts: 7 * SECOND + 999_999_999, ..deposit("a", 1, 7, 1.0) };
    plans(&[later], &other, FlowKey::WalletAndTime, "colliding 1");
}

#[test]
fn a_stored_row_is_known_in_capitals_and_with_0x() {
    let one = [deposit("a", 0xab, 7, 2.0)];
    let in_capitals = format!("0x{}", id(0xab).to_uppercase());
    plans(&one, &[stored("A", 9, 2.0, None, Some(&in_capitals))], FlowKey::TxHash, "stored 1");
    plans(&one, &[stored("A", 9, 2.0, Some(&format!("tx: {}", id(0xab))), None)], FlowKey::TxHash, "stored 1");
    plans(&one, &[stored("A", 7, 2.0, None, None)], FlowKey::TxHash, "doubtful 1");
}

#[test]
fn a_row_that_may_be_the_same_flow_leaves_it_to_a_person() {
    let one = [deposit("a", 1, 7, 2.0)];
    plans(&one, &[stored("a", 7, -2.0, Some("by hand"), None)], FlowKey::TxHash, "doubtful 1");
    plans(&one, &[stored("a", 7, 2.0, None, Some(""))], FlowKey::WalletAndTime, "doubtful 1");
    plans(&one, &[stored("a", 7, 2.0, None, Some(&id(9)))], FlowKey::TxHash, "a@7:2"); // another transaction
    plans(&one, &[stored("a", 8, 2.0, None, None)], FlowKey::TxHash, "a@7:2");
    plans(&one, &[stored("a", 7, 2.1, None, None)], FlowKey::TxHash, "a@7:2");
    plans(&one, &[stored("b", 7, 2.0, None, None)], FlowKey::TxHash, "a@7:2");
    // A file may have a row for each action of the transaction, or only some of them.
    let of_an_action = |amount: f64| stored("a", 7, -amount, None, None);
    let actions = [deposit("a", 1, 7, 0.5), deposit("a", 1, 7, 1.5)];
    plans(&actions, &[of_an_action(0.5), of_an_action(1.5)], FlowKey::TxHash, "merged 1, doubtful 1");
    plans(&actions, &[of_an_action(1.5)], FlowKey::TxHash, "merged 1, doubtful 1");
    plans(&actions, &[of_an_action(1.25)], FlowKey::TxHash, "a@7:2, merged 1");
}

fn keywords(reference: &str) -> Keywords {
    Keywords { reference: reference.to_owned(), principal: "principal_withdrawal".to_owned() }
}

#[test]
fn a_memo_never_marks_a_withdrawal() {
    let withdrawal = [Transaction { direction: Direction::Withdrawal, ..deposit("a", 0xab, 7, 1.0) }];
    let ask = |keyword: &str| plan(&withdrawal, Direction::Withdrawal, &[], FlowKey::TxHash, &keywords(keyword));
    assert_eq!(ask(KEYWORD).map(|plan| plan.add.len()), Ok(1));
    for keyword in ["Liqwid", "abab", "tx: "] {
        let error = ask(keyword).expect_err("the memo contains it").to_string();
        assert!(error.starts_with(&format!("the keyword {keyword:?} is part of the memo")), "{error}");
        let principal = Keywords { reference: KEYWORD.to_owned(), principal: keyword.to_owned() };
        plan(&withdrawal, Direction::Withdrawal, &[], FlowKey::TxHash, &principal).expect_err("whichever it is");
    }
    let harmless = plan(&[deposit("a", 1, 7, 1.0)], Direction::Deposit, &[], FlowKey::TxHash, &keywords("Liqwid"));
    assert_eq!(harmless.map(|plan| plan.add.len()), Ok(1), "deposits are no references");
}

#[test]
fn display_names_mean_assets_and_their_bridged_forms() {
    let names = |configured: &str, suffix: &str| AssetNames { configured: configured.into(), suffix: suffix.into() };
    let assets = [names("DJED", "djed"), names("usdc", "wanusdc"), names("usdt", "usdt"), names("wanusdt", "wanusdt")];
    let means = |display_name: &str| asset_of(display_name, &assets).map(|asset| asset.configured.as_str());
    assert_eq!(
        ["Djed", "wanUSDC", "USDC", "WANUSDT", "USDT"].map(means),
        [
            Some("DJED"),
            Some("usdc"),
            Some("usdc"),
            Some("wanusdt"), // its own table, not that of the plain coin
            Some("usdt"),
        ]
    );
    assert_eq!(["ADA", "", "usd"].map(means), [None; 3]);
    let market = [names("Iris USD", "iusd")];
    assert_eq!(asset_of("IUSD", &market), Some(&market[0]));
    assert_eq!(asset_of("wanUSDT", &assets[..3]), Some(&assets[2]));
}

fn any_transaction() -> impl Strategy<Value = Transaction> {
    let wallet = select(vec!["a", "b"]);
    let name = select(vec!["DJED", "djed"]);
    (wallet, 0..6_u8, 1..64_i32, name, any::<bool>()).prop_map(|(wallet, n, amount, name, out)| {
        // A transaction has one time; two of them share a second, a millisecond apart.
        let ts = i64::from(n / 2) * SECOND + i64::from(n % 2) * 1_000_000;
        let direction = if out { Direction::Withdrawal } else { Direction::Deposit };
        let amount = f64::from(amount) / 8.0;
        Transaction { direction, display_name: name.to_owned(), ts, amount, ..deposit(wallet, n, 0, 0.0) }
    })
}

fn any_key() -> impl Strategy<Value = FlowKey> {
    select(vec![FlowKey::TxHash, FlowKey::WalletAndTime, FlowKey::Time])
}

/// Rows as a store has them that keeps milliseconds, and the hash where its table has a column for it.
fn as_rows(flows: &[NewFlow], keeps_hash: bool) -> Vec<FlowRow> {
    let row = |flow: &NewFlow| FlowRow {
        ts: Some(flow.ts.div_euclid(1_000_000) * 1_000_000),
        wallet: Some(Arc::clone(&flow.wallet)),
        amount: Some(flow.amount),
        memo: flow.memo.clone(),
        tx_hash: flow.tx_hash.clone().filter(|_| keeps_hash),
    };
    flows.iter().map(row).collect()
}

proptest! {
    #[test]
    fn a_second_run_adds_nothing(transactions in vec(any_transaction(), 0..24), key in any_key(), keeps_hash: bool, done in 0..24_usize) {
        let first = deposits(&transactions, &[], key);
        // The first run may have broken off after some rows.
        let kept = as_rows(&first.add[..done.min(first.add.len())], keeps_hash);
        let second = deposits(&transactions, &kept, key);
        prop_assert_eq!(second.stored, kept.len());
        prop_assert!(second.differing.is_empty());
        let all = [kept, as_rows(&second.add, keeps_hash)].concat();
        prop_assert_eq!(all.len() + second.colliding.len(), first.add.len() + first.colliding.len());
        let third = deposits(&transactions, &all, key);
        prop_assert!(third.add.is_empty() && third.doubtful.is_empty(), "{:?}", third);
        prop_assert_eq!(third.colliding, second.colliding);
    }

    #[test]
    fn the_order_of_transactions_and_rows_changes_nothing(transactions in vec(any_transaction(), 0..24), key in any_key(), by in 0..24_usize) {
        let (earlier, _) = transactions.split_at(transactions.len() / 3);
        let rows = as_rows(&deposits(earlier, &[], key).add, true);
        let turn = |n: usize| by % n.max(1);
        let (mut turned, mut turned_rows) = (transactions.clone(), rows.clone());
        turned.rotate_left(turn(transactions.len()));
        turned_rows.rotate_left(turn(rows.len()));
        turned_rows.reverse();
        prop_assert_eq!(deposits(&turned, &turned_rows, key), deposits(&transactions, &rows, key));
    }

    #[test]
    fn no_amount_is_lost_and_none_counts_twice(transactions in vec(any_transaction(), 0..24), key in any_key(), direction in select(vec![Direction::Deposit, Direction::Withdrawal])) {
        let plan = plan(&transactions, direction, &[], key, &keywords(KEYWORD)).unwrap();
        let mut actions: Vec<(String, &str, &str, u64)> = transactions.iter().filter(|action| action.direction == direction)
            .map(|action| (action.wallet.to_string(), action.id.as_str(), action.display_name.as_str(), action.amount.to_bits())).collect();
        actions.sort();
        actions.dedup();
        let rows: Vec<&NewFlow> = plan.add.iter().chain(&plan.colliding).collect();
        prop_assert_eq!(rows.len() + plan.merged, actions.len());
        // Eighths add up exactly.
        prop_assert_eq!(rows.iter().map(|row| row.amount).sum::<f64>(), actions.iter().map(|action| f64::from_bits(action.3)).sum::<f64>());
        let places: HashSet<_> = plan.add.iter().filter_map(|row| place(Some(&row.wallet), row.ts, key)).collect();
        prop_assert!(key == FlowKey::TxHash || places.len() == plan.add.len());
        prop_assert!(key != FlowKey::TxHash || plan.colliding.is_empty());
    }

    #[test]
    fn any_memo_and_hash_can_be_stored(memo in ".*", hash in "\\PC*", digits in "[0-9a-fA-F]{0,70}") {
        let rows = [stored("a", 7, 1.0, Some(&memo), Some(&hash)), stored("a", 7, 1.0, Some(&format!("tx: {digits}é")), None)];
        let plan = deposits(&[deposit("a", 1, 7, 1.0)], &rows, FlowKey::TxHash);
        prop_assert_eq!(plan.add.len() + plan.stored + plan.doubtful.len(), 1);
    }
}
