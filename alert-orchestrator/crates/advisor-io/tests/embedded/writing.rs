//! Flows and memos that the service writes into the embedded store, beside what files bring.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use std::thread;

use advisor_core::coverage::{Coverage, Reached, Span};
use advisor_core::ledger::{Ledger, NewFlow, PulledFlows};
use advisor_core::store::{Store, TableKind};
use advisor_io::RequestCounts;
use advisor_io::embedded::Embedded;
use proptest::prelude::*;

use crate::support::{Bench, OUT, SECOND, flow_row, flows, new_flow, run};

impl Bench {
    /// Imports a file of withdrawals in a sub-folder; rows are `seconds,wallet,amount,memo,transaction`.
    /// Returns how many rows came, stayed as they were, and went.
    #[track_caller]
    fn import_withdrawals(&self, folder: &str, rows: &[&str]) -> (u64, u64, u64) {
        let report = self.import(&format!("{folder}/{OUT}.csv"), rows);
        (report.inserted, report.unchanged, report.removed)
    }

    fn add(&self, rows: &[&str]) {
        let flows: Vec<NewFlow> = rows.iter().map(|row| new_flow(row)).collect();
        assert_eq!(run(self.store.add_flows(OUT, &flows)), Ok(rows.len()));
    }

    /// Gives the flow that reads as `row` another memo.
    #[track_caller]
    fn set(&self, row: &str, memo: Option<&str>) {
        run(self.store.set_memo(OUT, OUT, &flow_row(row), memo)).unwrap();
    }

    #[track_caller]
    fn holds(&self, expected: &[&str]) {
        assert_eq!(flows(&self.store), expected);
    }
}

#[test]
fn what_the_service_wrote_stays_when_a_file_drops_it() {
    let bench = Bench::new();
    bench.add(&["1,a,5,Synced,t1", "2,a,6,Synced,t2"]);
    // The file has one of the very same rows, and one of its own.
    bench.import_withdrawals("in", &["1,a,5,Synced,t1", "3,a,7,,t3"]);
    bench.holds(&["1,a,5,Synced,t1", "2,a,6,Synced,t2", "3,a,7,,t3"]);
    assert_eq!(bench.import_withdrawals("in", &["4,a,8,,t4"]), (1, 0, 1));
    bench.holds(&["1,a,5,Synced,t1", "2,a,6,Synced,t2", "4,a,8,,t4"]);
}

#[test]
fn what_a_file_has_stays_its_own_until_the_service_writes_it_too() {
    let bench = Bench::new();
    bench.import_withdrawals("in", &["1,a,5,Synced,t1", "2,a,6,,t2"]);
    bench.add(&["1,a,5,Synced,t1"]);
    bench.holds(&["1,a,5,Synced,t1", "2,a,6,,t2"]);
    bench.import_withdrawals("in", &["3,a,7,,t3"]);
    bench.holds(&["1,a,5,Synced,t1", "3,a,7,,t3"]);
}

#[test]
fn another_wording_of_a_transaction_replaces_that_of_the_service_and_not_that_of_a_file() {
    let bench = Bench::new();
    bench.import_withdrawals("in", &["1,a,5,by hand,t1"]);
    bench.add(&["1,a,5,Synced,t1", "1,a,5,Synced,t2"]);
    bench.add(&["1,a,6,Again,t1", "1,a,6,Again,t2"]);
    bench.holds(&["1,a,5,by hand,t1", "1,a,6,Again,t1", "1,a,6,Again,t2"]);
}

#[test]
fn importing_again_neither_undoes_nor_doubles_a_memo() {
    let bench = Bench::new();
    let rows = ["1,a,5,rent,t1", "2,a,6,,t2", "3,a,7,wrong tag,"];
    bench.import_withdrawals("in", &rows);
    bench.set("1,a,5,rent,t1", Some("rent tag"));
    bench.set("2,a,6,,t2", Some("tag"));
    bench.set("3,a,7,wrong tag,", None);
    let expected = ["1,a,5,rent tag,t1", "2,a,6,tag,t2", "3,a,7,,"];
    bench.holds(&expected);
    assert_eq!(bench.import_withdrawals("in", &rows), (0, 3, 0));
    bench.holds(&expected);
    // A row that leaves one file before another brings it is the same flow.
    bench.import_withdrawals("in", &["3,a,7,wrong tag,"]);
    bench.holds(&["3,a,7,,"]);
    bench.import_withdrawals("moved", &["1,a,5,rent,t1", "2,a,6,,t2"]);
    bench.holds(&expected);
}

#[test]
fn a_memo_that_is_changed_in_its_file_afterwards_counts() {
    let bench = Bench::new();
    bench.import_withdrawals("in", &["1,a,5,rent,t1"]);
    bench.set("1,a,5,rent,t1", Some("rent tag"));
    bench.import_withdrawals("in", &["1,a,5,no rent,t1"]);
    bench.holds(&["1,a,5,no rent,t1"]);
}

#[test]
fn a_transaction_that_a_file_and_the_service_brought_has_one_memo() {
    let bench = Bench::new();
    bench.import_withdrawals("in", &["1,a,5,,t1"]);
    bench.add(&["1,a,5,Synced,t1"]);
    bench.set("1,a,5,Synced,t1", Some("tag"));
    bench.holds(&["1,a,5,tag,t1", "1,a,5,tag,t1"]);
    bench.set("1,a,5,tag,t1", Some("Synced"));
    bench.holds(&["1,a,5,Synced,t1", "1,a,5,Synced,t1"]);
}

#[test]
fn of_equal_flows_without_a_transaction_one_gets_the_memo() {
    let bench = Bench::new();
    bench.import_withdrawals("in", &["1,a,5,rent,", "1,a,5,rent,", "1,a,5,,"]);
    bench.set("1,a,5,rent,", Some("tag"));
    bench.holds(&["1,a,5,,", "1,a,5,rent,", "1,a,5,tag,"]);
    bench.set("1,a,5,tag,", Some("rent"));
    bench.holds(&["1,a,5,,", "1,a,5,rent,", "1,a,5,rent,"]);
    let error = run(bench.store.set_memo(OUT, OUT, &flow_row("1,a,5,tag,"), None)).unwrap_err().to_string();
    let flow = "flow of a at 2023-11-14T22:13:21Z over 5 without a transaction";
    let changed = "was changed meanwhile (now \"rent\"): look at it and ask again";
    assert_eq!(error, format!("table {OUT}: the {flow} {changed}"));
}

#[test]
fn of_two_that_read_the_same_memo_and_write_at_once_one_is_refused() {
    let bench = Bench::new();
    bench.import_withdrawals("in", &["1,a,5,rent,t1"]);
    let stores = [(); 2].map(|()| Embedded::open(bench.store.path()).unwrap());
    let both_have_read = &Barrier::new(2);
    let outcomes = thread::scope(|scope| {
        let writers: Vec<_> = stores
            .iter()
            .zip(["rent reference", "rent principal"])
            .map(|(store, memo)| {
                scope.spawn(move || {
                    let flow = flow_row(&flows(store)[0]);
                    both_have_read.wait();
                    run(store.set_memo(OUT, OUT, &flow, Some(memo))).map_err(|error| (memo, error.to_string()))
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
    });
    let refused: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    let [(refused, error)] = &refused[..] else { panic!("{refused:?}") };
    let written = if *refused == "rent reference" { "rent principal" } else { "rent reference" };
    bench.holds(&[&format!("1,a,5,{written},t1")]);
    assert!(error.contains(&format!("was changed meanwhile (now \"{written}\"): look at it and ask again")), "{error}");
}

/// Rows of which the histories below are made: three wordings of one transaction, and some that are told apart by less.
const ROWS: [&str; 7] =
    ["1,a,5,,t1", "1,a,5,Synced,t1", "1,a,6,Synced,t1", "1,b,5,Synced,t1", "1,a,5,Synced,t2", "1,a,7,rent,", "2,a,8,,"];

#[derive(Debug, Clone)]
enum Step {
    /// A version of the first or second file, as indices into [`ROWS`]; equal ones are as many flows.
    Import(bool, Vec<usize>),
    Add(usize),
    /// The flow at this place of all there are gets this memo.
    Set(prop::sample::Index, &'static str),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let row = 0..ROWS.len();
    prop::collection::vec(
        prop_oneof![
            (any::<bool>(), prop::collection::vec(row.clone(), 0..6)).prop_map(|(file, rows)| Step::Import(file, rows)),
            row.prop_map(Step::Add),
            (any::<prop::sample::Index>(), prop::sample::select(vec!["", "tag", "rent"]))
                .prop_map(|(flow, memo)| Step::Set(flow, memo)),
        ],
        1..12,
    )
}

/// What the store must hold after a history: a row as often as the file that has it most often, those the service wrote
/// at least once, each with the memo that was last set for that row.
#[derive(Default)]
struct Model {
    files: [Vec<usize>; 2],
    synced: BTreeSet<usize>,
    memos: BTreeMap<(usize, usize), &'static str>,
}

impl Model {
    /// `(row, nth)` of all flows, and how each reads.
    fn flows(&self) -> Vec<((usize, usize), String)> {
        let times = |row: usize| {
            let in_file = |file: &Vec<usize>| file.iter().filter(|other| **other == row).count();
            self.files.iter().map(in_file).max().unwrap_or(0).max(usize::from(self.synced.contains(&row)))
        };
        let all = (0..ROWS.len()).flat_map(|row| (1..=times(row)).map(move |nth| (row, nth)));
        all.map(|flow| {
            let [ts, wallet, amount, memo, hash] = ROWS[flow.0].split(',').collect::<Vec<_>>().try_into().unwrap();
            (flow, format!("{ts},{wallet},{amount},{},{hash}", self.memos.get(&flow).unwrap_or(&memo)))
        })
        .collect()
    }

    fn add(&mut self, row: usize) {
        // The first three are one transaction.
        self.synced.retain(|other| row > 2 || *other > 2);
        self.synced.insert(row);
    }

    /// Sets the memo of the flow that reads as `text`.
    fn set(&mut self, text: &str, memo: &'static str) {
        let parts = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let wanted = parts(text);
        let is_same = |found: &str| {
            let found = parts(found);
            found[..3] == wanted[..3] && found[4] == wanted[4] && (!wanted[4].is_empty() || found[3] == wanted[3])
        };
        let rows = self.flows().into_iter().filter(|(_, found)| is_same(found)).map(|(flow, _)| flow);
        let rows: Vec<_> = if wanted[4].is_empty() { rows.take(1).collect() } else { rows.collect() };
        self.memos.extend(rows.into_iter().map(|flow| (flow, memo)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_of_imports_and_writes_loses_or_doubles_anything(steps in steps()) {
        let (bench, mut model) = (Bench::new(), Model::default());
        bench.import_withdrawals("one", &[]);
        for step in &steps {
            match step {
                Step::Import(second, rows) => {
                    let lines: Vec<&str> = rows.iter().map(|row| ROWS[*row]).collect();
                    bench.import_withdrawals(if *second { "two" } else { "one" }, &lines);
                    model.files[usize::from(*second)] = rows.clone();
                }
                Step::Add(row) => {
                    bench.add(&[ROWS[*row]]);
                    model.add(*row);
                }
                Step::Set(at, memo) => {
                    let present = flows(&bench.store);
                    if !present.is_empty() {
                        let flow = at.get(&present);
                        bench.set(flow, Some(memo));
                        model.set(flow, memo);
                    }
                }
            }
            let mut expected: Vec<String> = model.flows().into_iter().map(|(_, text)| text).collect();
            expected.sort_unstable();
            prop_assert_eq!(flows(&bench.store), expected);
        }
    }
}

#[test]
fn a_table_of_positions_takes_no_flows() {
    let bench = Bench::new();
    let positions = "liqwid_supply_positions_djed";
    bench.import(&format!("{positions}.csv"), &["0,a,1,1,1"]);
    bench.add(&["1,a,5,,t1"]);
    let refused = format!("invalid data: table {positions}: {positions} holds positions; expected flows");
    assert_eq!(run(bench.store.add_flows(positions, &[new_flow("1,a,5,,t1")])).unwrap_err().to_string(), refused);
    let error = run(bench.store.set_memo(OUT, positions, &flow_row("1,a,5,,t1"), None)).unwrap_err().to_string();
    assert_eq!(error, format!("invalid data: table {OUT}: {positions} holds positions; expected flows"));
    assert_eq!(
        run(bench.store.key(positions)).unwrap_err().to_string(),
        format!("invalid data: table {positions}: holds positions; expected flows")
    );
    bench.holds(&["1,a,5,,t1"]);
}

#[test]
fn a_pull_is_stored_whole_or_not_at_all() {
    let bench = Bench::new();
    let positions = "liqwid_supply_positions_djed";
    bench.import(&format!("{positions}.csv"), &["0,a,1,1,1"]);
    let pulled = |asset: &str, withdrawals_table: &str| PulledFlows {
        deposits_table: format!("liqwid_deposits_{asset}"),
        deposits: vec![new_flow("1,a,5,,t1")],
        withdrawals_table: withdrawals_table.to_owned(),
        withdrawals: vec![new_flow("2,a,5,,t2")],
        reached: vec![Reached { wallet: "a".into(), outcome: Ok(Span { from: 0, to: SECOND }) }],
    };
    let stored = run(bench.store.add_pulled(&[pulled("djed", OUT), pulled("iusd", positions)]));
    assert!(stored.iter().all(|stored| stored.deposits + stored.withdrawals == 0), "{stored:?}");
    let error = stored[0].error.as_ref().unwrap().to_string();
    assert!(error.contains(&format!("{positions} holds positions; expected flows")), "{error}");
    assert_eq!(run(bench.store.tables()).unwrap(), [positions]);
    assert_eq!(run(bench.store.coverage("liqwid_deposits_djed")).unwrap(), Coverage::default());

    let stored = run(bench.store.add_pulled(&[pulled("djed", OUT), pulled("iusd", "liqwid_withdrawals_iusd")]));
    assert_eq!(stored.iter().map(|stored| (stored.deposits, stored.withdrawals)).collect::<Vec<_>>(), [(1, 1); 2]);
    bench.holds(&["2,a,5,,t2"]);
    assert_eq!(run(bench.store.add_pulled(&[])), []);
}

#[test]
fn reads_and_writes_are_counted() {
    let bench = Bench::new();
    assert_eq!(bench.store.requests(), RequestCounts::default());
    bench.add(&["1,a,5,,t1"]);
    bench.holds(&["1,a,5,,t1"]);
    run(bench.store.check_columns("liqwid_deposits_gone", TableKind::Flows)).unwrap_err();
    assert_eq!(bench.store.clone().requests(), RequestCounts { ok: 2, failed: 1 });
}
