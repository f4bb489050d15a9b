//! Rows that a table has twice: which count, and what is said of them.

use crate::world::{A, DEPOSITS, TAGGED, WITHDRAWALS, World};

#[test]
fn of_equal_rows_without_hash_in_a_table_that_only_appends_withdrawals_count_once_and_deposits_all() {
    let world = World::greptime();
    let greptime = world.greptime.as_ref().unwrap();
    let columns = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, amount DOUBLE, memo STRING, tx_hash STRING, \
                   PRIMARY KEY (wallet_address, tx_hash)";
    for table in [DEPOSITS, WITHDRAWALS] {
        greptime.execute(&format!("DROP TABLE {table}")).unwrap();
        greptime.execute(&format!("CREATE TABLE {table} ({columns}) WITH (append_mode='true')")).unwrap();
    }
    let at = |hour| world.hour(hour).parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let columns = ["ts", "wallet_address", "amount", "memo", "tx_hash"];
    let tag = [(at(48), A, 3.0, "alert_driven_withdrawal", Some(TAGGED))];
    greptime.insert_rows(WITHDRAWALS, &columns, tag).unwrap();
    let twice = |hour, amount| [(at(hour), A, amount, "payroll", None::<&str>); 2];
    greptime.insert_rows(WITHDRAWALS, &columns, twice(72, 3.0)).unwrap();
    greptime.insert_rows(DEPOSITS, &columns, twice(60, 0.1)).unwrap();
    assert_eq!((world.flows(WITHDRAWALS).len(), world.flows(DEPOSITS).len()), (3, 2), "both are there");

    let run = world.run(&["--once"]);
    // a: (24 − 2 · 0.10) / 2, b: 24 / 2; with both withdrawals a would have gained 3 USD more.
    assert!(run.stdout.starts_with("djed: decision=1, wmax_usd=23.90 (2 wallets)"), "{}{}", run.stdout, run.stderr);
    let [out, paid_in] = [(72, "3"), (60, "0.1")].map(|(hour, amount)| {
        let row = format!("{amount} at {} of {A} without tx_hash", world.hour(hour));
        format!("{row} and {row}")
    });
    for warning in [
        format!(
            "withdrawals that may be one, the later does not count: {out}; if both are true, give both their tx_hash"
        ),
        format!(
            "deposits that may be one, both count, which only lowers the gain: {paid_in}; if they are one, remove one"
        ),
    ] {
        assert!(run.stderr.contains(&warning), "{warning}: {}", run.stderr);
    }
}
