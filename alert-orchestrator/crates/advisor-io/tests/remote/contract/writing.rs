//! What every store promises of writing, shown of each: the same steps, the same state afterwards.
//!
//! [`both`] is the only place that knows the back ends: the embedded store in a file of its own, GreptimeDB as the stand-in
//! of `advisor-testkit`, with position tables of the same rows in both.

use advisor_core::coverage::{Coverage, Reached, Span, WalletCoverage};
use advisor_core::flow::FlowRow;
use advisor_core::journal::{self, Entry, Journal};
use advisor_core::ledger::{Ledger, NewFlow, PulledFlows, StoredFlows};
use advisor_core::store::{Store, StoreError};
use advisor_core::time::{nanos, timestamp};
use advisor_io::embedded::{Embedded, ImportOptions, TablePrefixes};
use advisor_io::greptime::Greptime;
use advisor_testkit::greptime::Greptime as Server;

use crate::greptime::{block_on, settings};

const IN: &str = "liqwid_deposits_djed";
const OUT: &str = "liqwid_withdrawals_djed";
const TEST_OUT: &str = "test_liqwid_withdrawals_djed";
const TEST_JOURNAL: &str = "test_wo_decisions";

/// A flow in a line: day of January 2026, wallet, amount, memo, transaction; `-` for what there is not.
type Line = &'static str;

/// A wallet whose flows are known from a day to another, or why not.
type Known = (&'static str, Result<(i64, i64), &'static str>);

/// A write or a question; `expected` of [`both`] is what it answers, a line each.
enum Step {
    Add(&'static str, &'static [Line]),
    /// New deposits and withdrawals, and how far they are known then.
    Pull(&'static [Line], &'static [Line], &'static [Known]),
    Covered(&'static str),
    /// Read from, write to, the flow as it is stored, the memo it gets.
    Memo(&'static str, &'static str, Line, Option<&'static str>),
    Flows(&'static str),
    Key(&'static str),
    Wallets(&'static [&'static str]),
    Append(&'static str, Vec<Entry>),
    /// Journal, asset, first and last day, limit.
    Read(&'static str, &'static str, i64, i64, usize),
    /// Journal.
    Oldest(&'static str),
    /// Journal, nanoseconds since the epoch.
    Forget(&'static str, i64),
}
use Step::{Add, Append, Covered, Flows, Forget, Key, Memo, Oldest, Pull, Read, Wallets};

#[track_caller]
fn both(steps: &[(Step, &[&str])]) {
    let folder = tempfile::tempdir().unwrap();
    let embedded = Embedded::open(folder.path().join("store.db")).unwrap();
    let server = Server::start();
    for (asset, wallets) in [("djed", ["addr1b", "addr1a"]), ("iusd", ["addr1c", "addr1a"])] {
        let table = format!("liqwid_supply_positions_{asset}");
        let rows: String = wallets.map(|wallet| format!("2026-01-01T00:00:00Z,{wallet},1,1,1\n")).concat();
        let path = folder.path().join(format!("{table}.csv"));
        std::fs::write(&path, format!("ts,wallet_address,underlying_units,usd_value,price_usd\n{rows}")).unwrap();
        let columns = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, underlying_units DOUBLE, usd_value DOUBLE, \
                       price_usd DOUBLE, PRIMARY KEY (wallet_address)";
        server.execute(&format!("CREATE TABLE {table} ({columns})")).unwrap();
        server.load_csv(&table, &path).unwrap();
    }
    let options = ImportOptions { table_prefix: "", progress: &mut |_| {} };
    let _ = embedded.import(folder.path(), &TablePrefixes::default(), options).unwrap();
    let greptime = Greptime::new(settings(&server.url())).unwrap();
    for (i, (step, expected)) in steps.iter().enumerate() {
        assert_eq!(block_on(answer(&embedded, step)), *expected, "embedded, step {i}");
        assert_eq!(block_on(answer(&greptime.round(), step)), *expected, "GreptimeDB, step {i}");
    }
}

async fn answer(store: &(impl Store + Ledger + Journal), step: &Step) -> Vec<String> {
    let answer = match step {
        Add(table, lines) => {
            let flows: Vec<NewFlow> = lines.iter().map(|line| new_flow(line)).collect();
            store.add_flows(table, &flows).await.map(|rows| vec![rows.to_string()])
        }
        Pull(deposits, withdrawals, known) => {
            let flows = |lines: &[Line]| lines.iter().map(|line| new_flow(line)).collect();
            let pulled = PulledFlows {
                deposits_table: IN.to_owned(),
                deposits: flows(deposits),
                withdrawals_table: OUT.to_owned(),
                withdrawals: flows(withdrawals),
                reached: known.iter().map(reached).collect(),
            };
            let StoredFlows { deposits, withdrawals, error } = store.add_pulled(&[pulled]).await.remove(0);
            error.map_or(Ok(vec![format!("{deposits} in, {withdrawals} out")]), Err)
        }
        Covered(table) => store.coverage(table).await.map(covered),
        Memo(read, written, line, memo) => {
            store.set_memo(read, written, &flow_row(line), *memo).await.map(|()| Vec::new())
        }
        Flows(table) => {
            store.flows(table, None, i64::MAX, i64::MAX).await.map(|rows| sorted(rows.iter().map(flow_line)))
        }
        Key(table) => store.key(table).await.map(|key| vec![format!("{key:?}")]),
        Wallets(tables) => {
            let tables: Vec<String> = tables.iter().map(|table| (*table).to_owned()).collect();
            store.wallets(&tables).await.map(|wallets| wallets.iter().map(ToString::to_string).collect())
        }
        Append(table, entries) => store.append(table, entries).await.map(|()| Vec::new()),
        Read(table, asset, from, to, limit) => {
            let entries = store.read(table, asset, day(*from), day(*to), *limit).await;
            entries.map(|entries| entries.iter().map(|entry| format!("{entry:?}")).collect())
        }
        Oldest(table) => store.oldest(table).await.map(|oldest| oldest.iter().map(ToString::to_string).collect()),
        Forget(table, before) => store.forget(table, *before).await.map(|removed| vec![removed.to_string()]),
    };
    answer.unwrap_or_else(|error| match error {
        StoreError::InvalidData { table, .. } => vec![format!("invalid data in {table}")],
        StoreError::Changed { table, now, .. } => vec![format!("changed in {table}: {now:?}")],
        other => vec![other.to_string()],
    })
}

fn reached((wallet, known): &Known) -> Reached {
    let outcome = known.map(|(from, to)| Span { from: day(from), to: day(to) }).map_err(str::to_owned);
    Reached { wallet: (*wallet).into(), outcome }
}

/// What is known of each wallet: days, and what went wrong last.
fn covered(mut coverage: Coverage) -> Vec<String> {
    let wallets = ["addr1a", "addr1b"].map(|wallet| {
        let WalletCoverage { spans, fault } = coverage.wallet(wallet);
        let days = |ts: i64| (ts - day(1)) / 86_400_000_000_000 + 1;
        let spans: Vec<String> = spans.iter().map(|span| format!("{}-{}", days(span.from), days(span.to))).collect();
        format!("{wallet} {} {}", spans.join(" "), fault.as_deref().unwrap_or("-"))
    });
    wallets.into()
}

fn day(day: i64) -> i64 {
    nanos("2026-01-01T00:00:00Z".parse().unwrap()) + (day - 1) * 86_400_000_000_000
}

fn flow_row(line: &str) -> FlowRow {
    let NewFlow { ts, wallet, amount, memo, tx_hash } = new_flow(line);
    FlowRow { ts: Some(ts), wallet: Some(wallet), amount: Some(amount), memo, tx_hash }
}

fn new_flow(line: &str) -> NewFlow {
    let [at, wallet, amount, memo, tx_hash] = line.split(", ").collect::<Vec<_>>().try_into().unwrap();
    let text = |text: &str| Some(text.to_owned()).filter(|text| text != "-");
    NewFlow {
        ts: day(at.parse().unwrap()),
        wallet: wallet.into(),
        amount: amount.parse().unwrap(),
        memo: text(memo),
        tx_hash: text(tx_hash),
    }
}

fn flow_line(row: &FlowRow) -> String {
    let day = (row.ts.unwrap() - day(1)) / 86_400_000_000_000 + 1;
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let (wallet, amount) = (row.wallet.as_deref().unwrap(), row.amount.unwrap());
    format!("{day}, {wallet}, {amount}, {}, {}", text(&row.memo), text(&row.tx_hash))
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    lines
}

const NONE: &[&str] = &[];
const TWO: &[Line] = &["1, addr1a, 5, Synced, t1", "1, addr1a, 0.30000000000000004, Synced, t2"];

#[test]
fn flows_are_stored_once_however_often_they_are_written() {
    both(&[
        (Key(OUT), &["TxHash"]),
        (Add(OUT, &[]), &["0"]),
        (Add(OUT, TWO), &["2"]),
        (Add(OUT, TWO), &["2"]),
        (Key(OUT), &["TxHash"]),
        (Flows(OUT), &["1, addr1a, 0.30000000000000004, Synced, t2", "1, addr1a, 5, Synced, t1"]),
        // The same transaction in another wording replaces it.
        (Add(OUT, &["1, addr1a, 6, Corrected, t1", "2, addr1a, 6, -, t1", "2, addr1b, 0, it's, -"]), &["3"]),
        (
            Flows(OUT),
            &[
                "1, addr1a, 0.30000000000000004, Synced, t2",
                "1, addr1a, 6, Corrected, t1",
                "2, addr1a, 6, -, t1",
                "2, addr1b, 0, it's, -",
            ],
        ),
    ]);
}

#[test]
fn a_pull_is_stored_with_how_far_it_reached_and_pulls_add_up() {
    let (all, refused) = ("addr1a 1-9 -", "addr1b  refused");
    both(&[
        (Covered(IN), &["addr1a  -", "addr1b  -"]),
        (Pull(&["1, addr1a, 5, -, t1"], TWO, &[("addr1a", Ok((1, 4))), ("addr1b", Err("refused"))]), &["1 in, 2 out"]),
        (Flows(IN), &["1, addr1a, 5, -, t1"]),
        (Flows(OUT), &["1, addr1a, 0.30000000000000004, Synced, t2", "1, addr1a, 5, Synced, t1"]),
        (Covered(IN), &["addr1a 1-4 -", refused]),
        (Covered(OUT), &["addr1a  -", "addr1b  -"]),
        (Pull(&[], &[], &[("ADDR1A", Ok((6, 9)))]), &["0 in, 0 out"]),
        (Covered(IN), &["addr1a 1-4 6-9 -", refused]),
        (Pull(&[], &[], &[("addr1a", Ok((4, 6))), ("addr1b", Err("refused"))]), &["0 in, 0 out"]),
        (Covered(IN), &[all, refused]),
        (Pull(&[], &[], &[("addr1a", Err("slow")), ("addr1b", Ok((2, 3)))]), &["0 in, 0 out"]),
        (Covered(IN), &["addr1a 1-9 slow", "addr1b 2-3 -"]),
        // What cannot be stored is not known.
        (Pull(&["1, addr1b, -5, -, t1"], &[], &[("addr1b", Ok((3, 9)))]), &["invalid data in liqwid_deposits_djed"]),
        (Flows(IN), &["1, addr1a, 5, -, t1"]),
    ]);
}

#[test]
fn a_pull_that_has_nothing_to_store_makes_no_table() {
    both(&[
        (Pull(&[], &[], &[("addr1a", Ok((1, 4)))]), &["0 in, 0 out"]),
        (Flows(IN), &["invalid data in liqwid_deposits_djed"]),
        (Covered(IN), &["addr1a 1-4 -", "addr1b  -"]),
    ]);
}

#[test]
fn flows_that_no_evaluation_could_use_are_refused() {
    both(&[
        (Add(OUT, &["1, addr1a, 5, -, t1", "1, addr1a, NaN, -, t2"]), &["invalid data in liqwid_withdrawals_djed"]),
        (Add(OUT, &["1, addr1a, -5, -, t1"]), &["invalid data in liqwid_withdrawals_djed"]),
        (Add(OUT, &["1, , 5, -, t1"]), &["invalid data in liqwid_withdrawals_djed"]),
        (Flows(OUT), &["invalid data in liqwid_withdrawals_djed"]),
        (Add("liqwid_supply_positions_djed", TWO), &["invalid data in liqwid_supply_positions_djed"]),
    ]);
}

#[test]
fn a_memo_is_set_changed_and_removed_and_nothing_else_changes() {
    both(&[
        (Add(OUT, TWO), &["2"]),
        (Memo(OUT, OUT, TWO[0], Some("it's a \"tag\"\n\\'; -- 提取 🦀")), NONE),
        (
            Flows(OUT),
            &["1, addr1a, 0.30000000000000004, Synced, t2", "1, addr1a, 5, it's a \"tag\"\n\\'; -- 提取 🦀, t1"],
        ),
        (Memo(OUT, OUT, "1, addr1a, 5, it's a \"tag\"\n\\'; -- 提取 🦀, t1", Some("again")), NONE),
        (Memo(OUT, OUT, TWO[1], None), NONE),
        (Memo(OUT, OUT, "1, addr1a, 0.30000000000000004, -, t2", None), NONE),
        (Flows(OUT), &["1, addr1a, 0.30000000000000004, -, t2", "1, addr1a, 5, again, t1"]),
        (Memo(OUT, OUT, "1, addr1a, 5, again, t3", Some("x")), &["invalid data in liqwid_withdrawals_djed"]),
        (Memo(OUT, OUT, "2, addr1a, 5, again, t1", Some("x")), &["invalid data in liqwid_withdrawals_djed"]),
        (Memo(OUT, OUT, "1, addr1b, 5, again, t1", Some("x")), &["invalid data in liqwid_withdrawals_djed"]),
        (Memo("liqwid_withdrawals_gone", OUT, TWO[0], None), &["invalid data in liqwid_withdrawals_gone"]),
    ]);
}

#[test]
fn a_memo_that_reads_otherwise_than_when_it_was_read_stays_unless_it_is_already_the_wanted_one() {
    both(&[
        (Add(OUT, TWO), &["2"]),
        (Memo(OUT, OUT, TWO[0], Some("Synced principal")), NONE),
        (
            Memo(OUT, OUT, TWO[0], Some("Synced reference")),
            &["changed in liqwid_withdrawals_djed: Some(\"Synced principal\")"],
        ),
        (Memo(OUT, TEST_OUT, TWO[0], Some("x")), &["changed in liqwid_withdrawals_djed: Some(\"Synced principal\")"]),
        (Memo(OUT, OUT, TWO[0], None), &["changed in liqwid_withdrawals_djed: Some(\"Synced principal\")"]),
        (Memo(OUT, OUT, TWO[0], Some("Synced principal")), NONE),
        (Memo(OUT, OUT, TWO[1], None), NONE),
        (Memo(OUT, OUT, TWO[1], Some("x")), &["changed in liqwid_withdrawals_djed: None"]),
        (Flows(OUT), &["1, addr1a, 0.30000000000000004, -, t2", "1, addr1a, 5, Synced principal, t1"]),
    ]);
}

#[test]
fn a_flow_without_a_transaction_is_found_by_its_amount() {
    both(&[
        (Add(OUT, &["1, addr1a, 5.1, rent, -", "1, addr1a, 6, Synced, t1"]), &["2"]),
        (Memo(OUT, OUT, "1, addr1a, 6, rent, -", Some("x")), &["invalid data in liqwid_withdrawals_djed"]),
        (Memo(OUT, OUT, "1, addr1a, 5.1, rent, -", Some("tag")), NONE),
        (Flows(OUT), &["1, addr1a, 5.1, tag, -", "1, addr1a, 6, Synced, t1"]),
    ]);
}

#[test]
fn in_test_mode_the_changed_row_goes_to_another_table() {
    both(&[
        (Add(OUT, TWO), &["2"]),
        (Memo(OUT, TEST_OUT, TWO[0], Some("tag")), NONE),
        (Flows(OUT), &["1, addr1a, 0.30000000000000004, Synced, t2", "1, addr1a, 5, Synced, t1"]),
        (Flows(TEST_OUT), &["1, addr1a, 5, tag, t1"]),
        (Memo(OUT, TEST_OUT, TWO[0], Some("other")), NONE),
        (Memo(OUT, TEST_OUT, TWO[1], None), NONE),
        (Flows(TEST_OUT), &["1, addr1a, 0.30000000000000004, -, t2", "1, addr1a, 5, other, t1"]),
    ]);
}

#[test]
fn wallets_of_several_tables_come_once_each() {
    both(&[
        (Wallets(&[]), NONE),
        (Wallets(&["liqwid_supply_positions_djed"]), &["addr1a", "addr1b"]),
        (Wallets(&["liqwid_supply_positions_iusd", "liqwid_supply_positions_djed"]), &["addr1a", "addr1b", "addr1c"]),
        (Wallets(&["liqwid_supply_positions_gone"]), &["invalid data in liqwid_supply_positions_gone"]),
    ]);
}

fn entry(day_of: i64, asset: &str, replica: &str) -> Entry {
    Entry {
        ts: day(day_of),
        asset: asset.into(),
        decision: 1,
        code: None,
        reason: None,
        wmax_usd: Some(1234.56),
        g_usd: Some(0.1 + 0.2),
        residual: Some(-5e-324),
        sigma: Some(0.0),
        t0: Some(day(1) + 1),
        t1: Some(day(day_of) - 1),
        duration_seconds: 0.125,
        version: "0.1.0".into(),
        config_hash: "ab12".into(),
        replica: replica.into(),
    }
}

fn failed(day_of: i64, asset: &str) -> Entry {
    Entry {
        ts: day(day_of),
        asset: asset.into(),
        decision: -1,
        code: Some("asset_not_found".into()),
        reason: Some(format!("asset not found: {asset}; tables: it's, \"x\"")),
        ..Entry::default()
    }
}

#[test]
fn the_journal_gives_back_what_it_was_given_newest_first() {
    let lines = |entries: &[Entry]| entries.iter().map(|entry| format!("{entry:?}")).collect::<Vec<_>>();
    let djed = lines(&[entry(3, "djed", "a"), entry(3, "djed", "b"), entry(2, "djed", ""), entry(1, "djed", "")]);
    let djed: Vec<&str> = djed.iter().map(String::as_str).collect();
    let x = lines(&[failed(2, "x'; DROP TABLE wo_decisions; --")]);
    both(&[
        (Read(journal::TABLE, "djed", 1, 9, 10), NONE),
        (Oldest(journal::TABLE), NONE),
        (Forget(journal::TABLE, day(9)), &["0"]),
        (Append(journal::TABLE, vec![]), NONE),
        (Append(journal::TABLE, vec![entry(1, "djed", ""), failed(2, "x'; DROP TABLE wo_decisions; --")]), NONE),
        (Append(journal::TABLE, vec![entry(3, "djed", "b"), entry(3, "djed", "a"), entry(2, "djed", "")]), NONE),
        // A round that is written again, as after an answer that got lost.
        (Append(journal::TABLE, vec![entry(3, "djed", "b"), entry(3, "djed", "a")]), NONE),
        (Read(journal::TABLE, "djed", 1, 9, 10), &djed),
        (Read(journal::TABLE, "djed", 1, 9, 2), &djed[..2]),
        (Read(journal::TABLE, "djed", 1, 2, 10), &djed[2..]),
        (Read(journal::TABLE, "djed", 4, 9, 10), NONE),
        (Read(journal::TABLE, "iusd", 1, 9, 10), NONE),
        (Read(journal::TABLE, "x'; DROP TABLE wo_decisions; --", 1, 9, 10), &[&x[0]]),
        (Oldest(journal::TABLE), &[&day(1).to_string()]),
        (Forget(journal::TABLE, day(2)), &["1"]),
        (Read(journal::TABLE, "djed", 1, 9, 10), &djed[..3]),
        (Oldest(journal::TABLE), &[&day(2).to_string()]), // of another asset
        (Forget(journal::TABLE, day(9)), &["4"]),
        (Oldest(journal::TABLE), NONE),
        (Read(journal::TABLE, "djed", 1, 9, 10), NONE),
    ]);
}

#[test]
fn the_journal_of_test_mode_is_another() {
    let expected = format!("{:?}", entry(1, "djed", ""));
    both(&[
        (Append(TEST_JOURNAL, vec![entry(1, "djed", "")]), NONE),
        (Read(journal::TABLE, "djed", 1, 9, 10), NONE),
        (Read(TEST_JOURNAL, "djed", 1, 9, 10), &[&expected]),
    ]);
}

#[test]
fn entries_are_kept_to_the_millisecond() {
    let at = |nanos: i64| Entry { ts: day(1) + nanos, ..entry(1, "djed", "") };
    let expected = [format!("{:?}", at(1_000_000)), format!("{:?}", at(0))];
    assert_eq!(timestamp(day(1)).to_string(), "2026-01-01T00:00:00Z");
    both(&[
        (Append(journal::TABLE, vec![at(999_999), at(1_000_001)]), NONE),
        (Read(journal::TABLE, "djed", 1, 9, 10), &[&expected[0], &expected[1]]),
        (Forget(journal::TABLE, day(1)), &["0"]),
        (Read(journal::TABLE, "djed", 1, 9, 10), &[&expected[0], &expected[1]]),
        (Forget(journal::TABLE, day(1) + 1), &["1"]),
        (Read(journal::TABLE, "djed", 1, 9, 10), &[&expected[0]]),
    ]);
}
